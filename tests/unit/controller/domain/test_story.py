"""A story is told in the order in which things came about, and silence is named for what it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.story import (
    CentreCode,
    CentreFact,
    Silence,
    in_order,
    lost_spans,
    silence_of,
)
from station_protocol.messages import TraceFact
from station_protocol.vocabulary import FactCode

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def told(minutes: float, *, is_sure: bool = True) -> TraceFact:
    return TraceFact(code=FactCode.PREPARED, at=at(minutes), is_sure=is_sure)


def known(minutes: float) -> CentreFact:
    return CentreFact(CentreCode.MOVED, at(minutes))


@pytest.mark.parametrize(
    ("outcome", "source", "silence"),
    [
        ("coming", "plan", Silence.COMING),
        ("sounding", "plan", Silence.UNDER_WAY),
        ("unknown", "plan", Silence.NO_WORD),
        ("missed", "timeout", Silence.TIMEOUT),
        ("missed", "centre", Silence.CENTRE),
        ("aired", "journal", Silence.NO_TRACE),
    ],
)
def test_each_silence_has_its_own_name(outcome: str, source: str, silence: Silence) -> None:
    assert silence_of(outcome, source, is_told=False) is silence
    assert silence_of(outcome, source, is_told=True) is None


def test_facts_of_the_centre_stand_before_what_came_after_them() -> None:
    first, second = told(0), told(10)
    assert in_order((first, second), [known(20), known(5), known(-5)]) == (
        known(-5), first, known(5), second, known(20),
    )  # fmt: skip


def test_a_time_nobody_trusted_orders_nothing() -> None:
    facts = (told(0), told(-99_999, is_sure=False), told(10))
    assert in_order(facts, [known(5)]) == (*facts[:2], known(5), facts[2])
    wild = (told(99_999, is_sure=False), told(10))
    assert in_order(wild, [known(5)]) == (wild[0], known(5), wild[1])


def test_a_station_keeps_its_own_order_whatever_its_clock_said() -> None:
    facts = (told(10), told(3), told(7))
    assert in_order(facts, []) == facts


def test_a_link_is_lost_from_its_first_bad_state_until_the_next_good_one() -> None:
    flips = [(at(-60), "ready"), (at(-20), "unknown"), (at(-10), "down"), (at(5), "on_air")]
    assert lost_spans(flips, at(0), at(10)) == ((at(-20), at(5)),)


def test_only_what_reaches_into_the_time_asked_for_counts() -> None:
    flips = [(at(-30), "unknown"), (at(-20), "ready"), (at(20), "down")]
    assert lost_spans(flips, at(-10), at(10)) == ()
    assert lost_spans(flips, at(-10), at(30)) == ((at(20), None),)
