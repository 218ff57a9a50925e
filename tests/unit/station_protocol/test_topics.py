"""Topics name exactly one station or place and one kind."""

from __future__ import annotations

import pytest

from station_protocol import topics
from station_protocol.errors import UnknownTopicError
from station_protocol.topics import Down, Up

STATION = "bac-ai-phuoc-binh"


@pytest.mark.parametrize("kind", list(Up))
def test_an_up_topic_is_read_back(kind: Up) -> None:
    assert topics.parse_up(topics.up(STATION, kind)) == (STATION, kind)


@pytest.mark.parametrize("kind", list(Down))
def test_a_down_topic_is_read_back(kind: Down) -> None:
    assert topics.parse_down(topics.down(STATION, kind)) == (STATION, kind)


def test_an_order_to_a_place_is_read_back() -> None:
    assert topics.parse_down(topics.group_order("bac-ai")) == ("bac-ai", Down.ORDER)


@pytest.mark.parametrize(
    "topic",
    ["", "vang/1/u/x", "vang/2/u/x/beat", "vang/1/u/X/beat", "vang/1/u/x/plan", "vang/1/u/x/beat/y",
     "vang/1/u//beat", "vang/1/u/x/beat\n", "vang/1/u/" + "x" * 41 + "/beat"],
)  # fmt: skip
def test_a_foreign_topic_is_refused_upwards(topic: str) -> None:
    with pytest.raises(UnknownTopicError):
        topics.parse_up(topic)


@pytest.mark.parametrize("topic", ["", "vang/1/d/x/beat", "vang/1/g/x/plan", "vang/1/d/+/plan"])
def test_a_foreign_topic_is_refused_downwards(topic: str) -> None:
    with pytest.raises(UnknownTopicError):
        topics.parse_down(topic)


@pytest.mark.parametrize("identifier", ["", "#", "a/b", "+", "Phước", "a b", "x" * 41])
def test_no_topic_is_built_from_something_that_is_not_an_id(identifier: str) -> None:
    with pytest.raises(UnknownTopicError):
        topics.down(identifier, Down.PLAN)


def test_a_station_listens_to_its_own_and_to_its_places_only() -> None:
    assert topics.station_filters(STATION, ("bac-ai", "ninh-thuan")) == (
        f"vang/1/d/{STATION}/#",
        "vang/1/g/bac-ai/order",
        "vang/1/g/ninh-thuan/order",
    )
