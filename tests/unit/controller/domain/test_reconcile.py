"""One outcome for each slot at each station, whatever comes when and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.reconcile import (
    Change,
    ChangeKind,
    Holding,
    Report,
    Result,
    Source,
    on_holding,
    on_report,
    on_start,
    on_time,
)
from station_protocol.vocabulary import Outcome, Reason

DUE = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
UNKNOWN_AFTER = timedelta(seconds=120)
COMING = Result("Phòng cháy rừng", DUE, 30_000)
AIRED = Report("journal-a", 5, "aired", None, "Phòng cháy rừng", DUE, 30_000, DUE, 0.04, 30_000)
MISSED = replace(
    AIRED, outcome="missed", reason="player_failed", started_at=None, start_error_ms=None,
    played_ms=0,
)  # fmt: skip
HOLDING = Holding(
    ever_held=False,
    alive_after=DUE + timedelta(hours=1),
    has_sound=True,
    lateness=timedelta(seconds=300),
)


def test_the_first_word_of_the_log_is_the_outcome() -> None:
    result, change = on_report(COMING, AIRED, DUE + timedelta(minutes=1))
    assert (result.outcome, result.reason, result.source) == ("aired", None, Source.JOURNAL)
    assert (result.started_at, result.start_error_ms, result.played_ms) == (DUE, 0.04, 30_000)
    assert (result.entry_no, result.decided_at) == (5, DUE + timedelta(minutes=1))
    assert (result.planned_at, result.planned_ms) == (DUE, 30_000)
    assert change is None


def test_evidence_of_a_slot_nobody_waited_for_counts_too() -> None:
    result, change = on_report(None, MISSED, DUE)
    assert (result.outcome, result.reason, result.title) == (
        "missed", "player_failed", "Phòng cháy rừng",
    )  # fmt: skip
    assert change is None


def test_a_later_contradiction_is_kept_as_a_dispute_and_changes_nothing() -> None:
    known, _ = on_report(COMING, AIRED, DUE)
    result, change = on_report(known, replace(MISSED, entry_no=9), DUE + timedelta(days=1))
    assert result == known
    assert change == Change(ChangeKind.DISPUTE, "aired", None, "missed", "player_failed", 9)


def test_the_same_line_again_changes_nothing() -> None:
    known, _ = on_report(COMING, AIRED, DUE)
    assert on_report(known, AIRED, DUE + timedelta(days=1)) == (known, None)


def test_the_same_verdict_from_a_later_line_is_no_dispute() -> None:
    known, _ = on_report(COMING, AIRED, DUE)
    assert on_report(known, replace(AIRED, entry_no=6), DUE) == (known, None)


def test_a_line_the_station_wrote_earlier_decides_even_when_it_arrives_later() -> None:
    known, _ = on_report(COMING, replace(MISSED, entry_no=9), DUE)
    result, change = on_report(known, AIRED, DUE + timedelta(hours=1))
    assert (result.outcome, result.entry_no, result.decided_at) == ("aired", 5, DUE)
    assert change == Change(ChangeKind.CORRECTION, "missed", "player_failed", "aired", None, 5)


def test_lines_of_a_new_journal_are_no_earlier_than_those_of_the_old() -> None:
    known, _ = on_report(COMING, AIRED, DUE)
    result, change = on_report(known, replace(MISSED, journal_id="journal-b", entry_no=1), DUE)
    assert result == known
    assert change is not None
    assert change.kind is ChangeKind.DISPUTE


def test_a_station_that_was_not_there_when_it_was_due_disputes_nothing() -> None:
    known, _ = on_report(COMING, AIRED, DUE)
    echo = replace(MISSED, journal_id="journal-b", entry_no=1, reason="window_passed")
    assert on_report(known, echo, DUE) == (known, None)


@pytest.mark.parametrize(
    ("days", "kind", "outcome"), [(35, "correction", "aired"), (36, "dispute", "missed")]
)
def test_a_late_log_corrects_a_lapse_for_35_days(days: int, kind: str, outcome: str) -> None:
    lapsed = on_time(COMING, DUE + timedelta(hours=24), UNKNOWN_AFTER)
    result, change = on_report(lapsed, AIRED, DUE + timedelta(days=days))
    assert result.outcome == outcome
    assert change is not None
    assert change.kind == kind
    assert (change.from_outcome, change.from_reason) == ("missed", "unknown_timeout")
    assert (change.to_outcome, change.to_reason) == ("aired", None)
    assert result.decided_at == lapsed.decided_at


def test_a_first_frame_makes_it_sound_and_takes_no_outcome_back() -> None:
    sounding = on_start(COMING, DUE, 0.1)
    assert (sounding.outcome, sounding.started_at, sounding.start_error_ms) == (
        "sounding",
        DUE,
        0.1,
    )
    known, _ = on_report(COMING, AIRED, DUE)
    assert on_start(known, DUE, 0.1) == known


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (timedelta(seconds=119), "coming"),
        (timedelta(seconds=120), "unknown"),
        (timedelta(hours=23, minutes=59, seconds=59), "unknown"),
        (timedelta(hours=24), "missed"),
    ],
)
def test_silence_is_unknown_after_two_minutes_and_a_miss_after_a_day(
    after: timedelta, outcome: str
) -> None:
    result = on_time(COMING, DUE + after, UNKNOWN_AFTER)
    assert result.outcome == outcome
    if outcome == "missed":
        assert result.reason == "unknown_timeout"
        assert result.source is Source.TIMEOUT
        assert result.decided_at == DUE + timedelta(hours=24)


def test_a_sounding_slot_is_unknown_only_after_it_should_have_ended() -> None:
    sounding = on_start(COMING, DUE + timedelta(seconds=10), None)
    assert on_time(sounding, DUE + timedelta(seconds=159), UNKNOWN_AFTER) == sounding
    silent = on_time(sounding, DUE + timedelta(seconds=160), UNKNOWN_AFTER)
    assert silent.outcome == "unknown"
    assert on_time(silent, DUE + timedelta(seconds=161), UNKNOWN_AFTER) == silent


def test_a_cancelled_slot_nobody_reported_lapses_as_cancelled() -> None:
    result = on_time(COMING, DUE + timedelta(hours=24), UNKNOWN_AFTER, is_cancelled=True)
    assert (result.outcome, result.reason) == ("cancelled", "unknown_timeout")


def test_time_decides_nothing_twice() -> None:
    known, _ = on_report(COMING, AIRED, DUE)
    assert on_time(known, DUE + timedelta(days=3), UNKNOWN_AFTER) == known


def test_a_slot_in_no_plan_a_living_station_held_was_missed_for_that_reason() -> None:
    now = DUE + timedelta(hours=1)
    result = on_holding(COMING, HOLDING, now)
    assert (result.outcome, result.reason) == ("missed", "plan_not_held")
    assert (result.source, result.decided_at) == (Source.CENTRE, now)


@pytest.mark.parametrize(
    "holding",
    [
        replace(HOLDING, ever_held=True),
        replace(HOLDING, alive_after=None),
        replace(HOLDING, alive_after=DUE + timedelta(seconds=360)),
    ],
)
def test_without_proof_that_it_could_not_sound_it_stays_open(holding: Holding) -> None:
    assert on_holding(COMING, holding, DUE + timedelta(hours=1)) == COMING


def test_a_word_after_the_window_and_a_minute_is_proof_enough() -> None:
    alive = replace(HOLDING, alive_after=DUE + timedelta(seconds=361))
    assert on_holding(COMING, alive, DUE + timedelta(hours=1)).reason == "plan_not_held"


def test_a_slot_with_nothing_approved_is_missed_at_once_unless_it_was_ever_held() -> None:
    silent = replace(HOLDING, has_sound=False, alive_after=None)
    missed = on_holding(COMING, silent, DUE)
    assert (missed.reason, missed.decided_at) == ("not_approved", DUE)
    assert on_holding(COMING, replace(silent, ever_held=True), DUE) == COMING


def test_what_was_heard_to_start_was_held() -> None:
    sounding = on_start(COMING, DUE, None)
    assert on_holding(sounding, HOLDING, DUE + timedelta(hours=1)) == sounding


def test_a_log_that_contradicts_what_plans_prove_is_a_dispute() -> None:
    decided = on_holding(COMING, HOLDING, DUE + timedelta(hours=1))
    result, change = on_report(decided, AIRED, DUE + timedelta(hours=2))
    assert result == decided
    assert change is not None
    assert change.kind is ChangeKind.DISPUTE


# --- properties -----------------------------------------------------------------------------------

_OUTCOMES = st.sampled_from(
    [(Outcome.AIRED.value, None)]
    + [
        (outcome.value, reason.value)
        for outcome in (Outcome.MISSED, Outcome.CUT_SHORT, Outcome.LATE, Outcome.CANCELLED)
        for reason in (Reason.PLAYER_FAILED, Reason.POWER_OFF, Reason.WINDOW_PASSED)
    ]
)


@st.composite
def _lines(draw: st.DrawFn) -> list[Report]:
    """Lines of one journal about one slot, numbers all different."""
    numbers = draw(st.lists(st.integers(1, 50), min_size=1, max_size=4, unique=True))
    lines = []
    for number in numbers:
        outcome, reason = draw(_OUTCOMES)
        lines.append(replace(AIRED, entry_no=number, outcome=outcome, reason=reason))
    return lines


def _after(reports: list[Report]) -> Result:
    result = COMING
    for report in reports:
        result, _ = on_report(result, report, DUE)
    return result


@given(_lines())
def test_the_order_of_arrival_does_not_matter(lines: list[Report]) -> None:
    first = min(lines, key=lambda line: line.entry_no)
    for order in permutations(lines):
        result = _after(list(order))
        assert (result.outcome, result.reason, result.entry_no) == (
            first.outcome, first.reason, first.entry_no,
        )  # fmt: skip


@given(_lines(), st.data())
def test_sending_again_does_not_matter(lines: list[Report], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(lines), max_size=6))
    once = _after(lines)
    assert _after([*lines, *again]) == once


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), _lines().map(lambda lines: lines[0])),
        st.tuples(st.just("start"), st.none()),
        st.tuples(st.just("time"), st.none()),
        st.tuples(st.just("holding"), st.booleans()),
    ),
    max_size=8,
)


@given(_STEPS, st.integers(0, 40 * 24))
def test_an_outcome_once_given_is_only_ever_replaced_with_a_trace(
    steps: list[tuple[str, object]], hours: int
) -> None:
    now, result = DUE + timedelta(hours=hours), COMING
    for kind, value in steps:
        before, change = result, None
        if kind == "report":
            assert isinstance(value, Report)
            result, change = on_report(result, value, now)
        elif kind == "start":
            result = on_start(result, DUE, None)
        elif kind == "time":
            result = on_time(result, now, UNKNOWN_AFTER)
        else:
            result = on_holding(result, replace(HOLDING, ever_held=bool(value)), now)
        if before.is_decided:
            assert result.is_decided
            moved = (before.outcome, before.reason) != (result.outcome, result.reason)
            assert moved == (change is not None and change.kind is ChangeKind.CORRECTION)
        if result.is_decided:
            assert result.decided_at is not None
            assert result.reason is not None or result.outcome == "aired"


@given(_STEPS)
def test_after_a_day_every_slot_has_an_outcome(steps: list[tuple[str, object]]) -> None:
    result = COMING
    for kind, value in steps:
        if kind == "report":
            assert isinstance(value, Report)
            result, _ = on_report(result, value, DUE)
        elif kind == "start":
            result = on_start(result, DUE, None)
    assert on_time(result, DUE + timedelta(hours=24), UNKNOWN_AFTER).is_decided
