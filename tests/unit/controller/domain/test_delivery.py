"""What of the plan sounded: minutes and starts are counted from the same evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.delivery import Airing, delivered
from station_protocol.vocabulary import Outcome

AT = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
FIFTEEN_MINUTES_MS = 900_000


def _airing(outcome: str, played_ms: int, late_s: float = 0.2) -> Airing:
    return Airing(
        slot_id="evening",
        planned_at=AT,
        planned_ms=FIFTEEN_MINUTES_MS,
        outcome=outcome,
        started_at=AT + timedelta(seconds=late_s),
        played_ms=played_ms,
    )


@pytest.mark.parametrize("outcome", ["unknown", Outcome.MISSED.value])
def test_a_start_whose_end_nobody_has_told_is_neither_played_nor_on_time(outcome: str) -> None:
    sums = delivered([_airing(outcome, 0)])

    assert (sums.due, sums.played_ms, sums.punctual) == (1, 0, 0)


def test_once_the_station_tells_how_long_it_sounded_its_start_was_on_time() -> None:
    sums = delivered([_airing(Outcome.CUT_SHORT.value, 60_000)])

    assert (sums.played_ms, sums.plays, sums.punctual) == (60_000, 1, 1)


def test_a_start_eight_seconds_late_sounded_but_not_on_time() -> None:
    sums = delivered([_airing(Outcome.LATE.value, FIFTEEN_MINUTES_MS, late_s=8)])

    assert (sums.plays, sums.punctual) == (1, 0)
