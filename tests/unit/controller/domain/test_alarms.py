"""Which alarms wait for whom, and which stations fell silent for one reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controller.domain.alarms import (
    PAIRED,
    SEVERITY,
    Patience,
    Severity,
    began_together,
    silent_everywhere,
)
from controller.domain.notices import ALARMS, NoticeKind

AT = datetime(2026, 11, 25, 7, tzinfo=UTC)


def minutes(*numbers: float) -> list[datetime]:
    return [AT + timedelta(minutes=one) for one in numbers]


def test_every_alarm_has_a_severity_and_only_alarms_are_paired() -> None:
    assert SEVERITY.keys() == ALARMS
    assert PAIRED < ALARMS


def test_three_within_five_minutes_have_one_cause_and_two_may_be_chance() -> None:
    assert began_together(minutes(0, 2, 5))
    assert not began_together(minutes(0, 2, 5.1))
    assert not began_together(minutes(0, 0))


def test_the_centre_is_suspected_when_half_of_several_districts_go_at_once() -> None:
    began = dict(zip("abcd", minutes(0, 1, 2, 60), strict=True))
    two = {"a": "x", "b": "y", "c": "x", "d": "y"}
    assert silent_everywhere(began, two, 6) == {"a", "b", "c"}
    assert silent_everywhere(began, two, 7) == frozenset(), "less than half"
    assert silent_everywhere(began, dict.fromkeys("abcd", "x"), 6) == frozenset(), "one district"
    assert silent_everywhere({}, {}, 0) == frozenset()


def test_zero_minutes_of_patience_are_endless() -> None:
    due = Patience(note=timedelta()).due(AT)
    assert NoticeKind.CENTRE not in due
    assert due[NoticeKind.STATION_DOWN] == AT - timedelta(minutes=30)
    assert Patience().of(Severity.URGENT) == timedelta(minutes=3)
