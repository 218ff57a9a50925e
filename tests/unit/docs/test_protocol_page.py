"""docs/protocol.md says what station_protocol does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from station_protocol import codec, errors, messages, topics, transfer
from station_protocol.signing import Claims
from station_protocol.topics import Down, Up
from station_protocol.vocabulary import FactCode

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
MODELS = [
    model
    for model in vars(messages).values()
    if inspect.isclass(model)
    and issubclass(model, (messages.Message, messages.Part))
    and model not in (messages.Message, messages.Part)
]


def _row(topic: str) -> list[str]:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{topic}`"))
    return [cell.strip() for cell in line.split("|")[2:-2]]


@pytest.mark.parametrize("kind", [*Down, *Up])
def test_each_topic_stands_with_its_delivery_and_its_cap(kind: Down | Up) -> None:
    if isinstance(kind, Down):
        topic, direction = topics.down("station", kind), "down"
        delivery = topics.DOWN_DELIVERY[kind]
    else:
        topic, direction = topics.up("station", kind), "up"
        delivery = topics.UP_DELIVERY[kind]
    assert _row(topic.replace("station", "<station>")) == [
        direction,
        str(delivery.qos),
        "yes" if delivery.retain else "no",
        str(codec.CAPS_BYTES[kind]),
    ]


def test_the_group_topic_stands_there() -> None:
    assert f"| `{topics.group_order('place').replace('place', '<place>')}` |" in PAGE


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_each_message_stands_with_all_its_fields(model: type[messages.Message]) -> None:
    section = re.search(rf"^### {model.__name__}\n(.*?)(?=^### |\Z)", PAGE, re.M | re.S)
    assert section is not None
    fields = re.search(r"^Fields: (.*)\.$", section[1], re.M)
    assert fields is not None
    assert re.findall(r"`(\w+)`", fields[1]) == list(model.model_fields)


def test_each_claim_stands_there() -> None:
    line = re.search(r"^Claims: (.*)\.$", PAGE, re.M)
    assert line is not None
    assert re.findall(r"`(\w+)`", line[1]) == list(Claims.model_fields)


def test_each_refusal_stands_there() -> None:
    words = {kind.reason for kind in errors.ProtocolError.__subclasses__()}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M)) == words


def test_each_code_of_a_trace_stands_there() -> None:
    assert re.findall(r"^\| \*(\w+)\* \|", PAGE, re.M) == list(FactCode)
    assert f"At most {messages.MOST_FACTS};" in PAGE


def test_the_numbers_of_a_transfer_stand_there() -> None:
    assert f"pieces of {codec.CHUNK_BYTES:,} bytes" in PAGE
    assert f"at most {transfer.WINDOW} pieces" in PAGE
    assert f"Protocol version: {messages.VERSION}." in PAGE
