"""Two recurring rules are known to meet before they do, however far ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.domain import conflicts
from controller.domain import schedule as rules
from controller.domain.conflicts import Clash, Contender, Verdict
from controller.domain.schedule import Recurrence, Schedule, Slot
from station_protocol.vocabulary import Authority, Priority
from tests.support.rules import a_schedule, instants, schedules

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
BAC_AI = frozenset({"bac-ai-phuoc-binh", "bac-ai-phuoc-dai"})
FAR = datetime(2027, 6, 1, tzinfo=UTC)


def meet(ours: Schedule, *others: Schedule, after: datetime = NOW) -> list[Clash]:
    return conflicts.clashes(
        Contender(ours, BAC_AI), [Contender(other, BAC_AI) for other in others], after
    )


def overlapping_pairs(
    ours: Schedule, theirs: Schedule, after: datetime
) -> list[tuple[date, date, datetime, datetime]]:
    """Every pair of dated slots that would sound together, found one by one."""
    pairs = []
    for mine in rules.expand(ours, after - timedelta(days=2), FAR):
        for other in rules.expand(theirs, after - timedelta(days=9), FAR):
            begins = max(mine.starts_at, other.starts_at)
            ends = min(mine.ends_at, other.ends_at)
            if begins < ends and mine.starts_at > after and ours.duration_ms * theirs.duration_ms:
                pairs.append((mine.airs_on, other.airs_on, begins, ends))
    return sorted(pairs, key=lambda pair: pair[2])


@st.composite
def close_pairs(draw: st.DrawFn) -> tuple[Schedule, Schedule]:
    """Two rules with an end whose wall times lie near each other, also around midnight."""
    base = draw(st.sampled_from([0, 330, 1_439]))
    pair = []
    for _ in range(2):
        rule = draw(schedules(with_made_at=False, longest_ms=100 * 60_000))
        assume(rule.ends_on is not None)
        minute = (base + draw(st.integers(-90, 90))) % 1_440
        values = {name: getattr(rule, name) for name in Schedule.__slots__}
        pair.append(Schedule(**(values | {"airs_at": time(minute // 60, minute % 60)})))
    return pair[0], pair[1]


@given(close_pairs(), instants())
def test_every_overlap_of_two_rules_is_found_and_nothing_else(
    pair: tuple[Schedule, Schedule], after: datetime
) -> None:
    ours, theirs = pair
    expected = overlapping_pairs(ours, theirs, after)
    found = meet(ours, theirs, after=after)
    assert bool(found) == bool(expected)
    for clash in found:
        assert clash.count == len(expected)
        listed = [(o.ours_on, o.theirs_on, o.from_at, o.until_at) for o in clash.overlaps]
        assert listed == expected[: conflicts.LISTED]


@given(close_pairs())
def test_a_clash_is_seen_from_both_sides(pair: tuple[Schedule, Schedule]) -> None:
    long_ago = datetime(2026, 10, 1, tzinfo=UTC)
    mine, theirs = meet(*pair, after=long_ago), meet(*reversed(pair), after=long_ago)
    assert [(c.count, [(o.from_at, o.until_at) for o in c.overlaps]) for c in mine] == [
        (c.count, [(o.from_at, o.until_at) for o in c.overlaps]) for c in theirs
    ]
    turned = {
        Verdict.REFUSED: Verdict.REFUSED,
        Verdict.WINS: Verdict.LOSES,
        Verdict.LOSES: Verdict.WINS,
        Verdict.BOTH: Verdict.BOTH,
    }
    assert [c.verdict for c in mine] == [turned[c.verdict] for c in theirs]


@given(st.data())
def test_a_clash_is_reported_exactly_for_the_stations_both_rules_ask_for(
    data: st.DataObject,
) -> None:
    stations = st.frozensets(st.sampled_from(["p", "q", "r", "s"]))
    ours, theirs = data.draw(stations), data.draw(stations)
    found = conflicts.clashes(
        Contender(a_schedule("a"), ours), [Contender(a_schedule("b"), theirs)], NOW
    )
    assert [clash.station_ids for clash in found] == ([ours & theirs] if ours & theirs else [])


def test_a_clash_months_ahead_is_found() -> None:
    weekly = a_schedule("ours", starts_on=date(2026, 11, 23))
    far = a_schedule(
        "theirs",
        recurrence=Recurrence.ONCE,
        starts_on=date(2027, 8, 5),
        ends_on=date(2027, 8, 5),
        airs_at=time(5, 39),
    )
    (clash,) = meet(weekly, far)
    assert clash.count == 1
    assert clash.overlaps[0].from_at == datetime(2027, 8, 4, 22, 39, tzinfo=UTC)
    assert clash.overlaps[0].until_at == datetime(2027, 8, 4, 22, 40, tzinfo=UTC)


def test_two_rules_without_end_meet_for_ever_and_the_first_times_are_listed() -> None:
    (clash,) = meet(a_schedule("ours", weekdays=0b11), a_schedule("theirs", weekdays=0b110))
    assert clash.count is None
    assert [overlap.ours_on for overlap in clash.overlaps] == [
        date(2026, 11, 24) + timedelta(weeks=n) for n in range(conflicts.LISTED)
    ]


def test_a_clash_across_midnight_between_sunday_and_monday_is_found() -> None:
    sunday = a_schedule("ours", airs_at=time(23, 55), weekdays=0b1000000)
    monday = a_schedule("theirs", airs_at=time(0, 4), weekdays=0b0000001)
    (clash,) = meet(sunday, monday)
    assert (clash.overlaps[0].ours_on, clash.overlaps[0].theirs_on) == (
        date(2026, 11, 29),
        date(2026, 11, 30),
    )


def test_slots_that_touch_do_not_clash() -> None:
    assert meet(a_schedule("ours"), a_schedule("theirs", airs_at=time(5, 40))) == []
    assert meet(a_schedule("ours"), a_schedule("theirs", airs_at=time(5, 20))) == []
    assert meet(a_schedule("ours"), a_schedule("theirs", airs_at=time(5, 39))) != []


def test_two_rules_meet_only_until_the_first_of_them_ends() -> None:
    short = a_schedule("short", ends_on=date(2026, 11, 26))
    long = a_schedule("long", ends_on=date(2026, 12, 31))
    for pair in ((short, long), (long, short)):
        (clash,) = meet(*pair)
        assert clash.count == 3


def test_a_slot_that_starts_this_very_instant_is_not_judged_any_more() -> None:
    today = a_schedule("ours", airs_at=time(8), ends_on=date(2026, 11, 23))
    other = a_schedule("theirs", airs_at=time(8))
    assert meet(today, other, after=NOW) == []
    assert meet(today, other, after=NOW - timedelta(seconds=1)) != []


def test_seconds_of_wall_times_count() -> None:
    ours = a_schedule("ours", airs_at=time(5, 30, 20))
    assert meet(ours, a_schedule("theirs", airs_at=time(5, 40, 20))) == []
    assert meet(ours, a_schedule("theirs", airs_at=time(5, 40, 19))) != []
    (clash,) = meet(ours, a_schedule("theirs", airs_at=time(5, 40, 19)))
    assert clash.overlaps[0].until_at - clash.overlaps[0].from_at == timedelta(seconds=1)


def test_a_rule_of_no_length_clashes_with_nothing() -> None:
    assert meet(a_schedule("ours", duration_ms=0), a_schedule("theirs", airs_at=time(5, 25))) == []
    assert meet(a_schedule("ours"), a_schedule("theirs", duration_ms=0, airs_at=time(5, 35))) == []


def test_a_day_left_out_by_either_rule_is_no_clash() -> None:
    day = date(2026, 11, 27)
    once = {"recurrence": Recurrence.ONCE, "starts_on": day, "ends_on": day}
    assert meet(a_schedule("ours", **once), a_schedule("theirs", excluded=frozenset({day}))) == []
    assert meet(a_schedule("ours", excluded=frozenset({day})), a_schedule("theirs", **once)) == []


def test_what_the_other_rule_aired_before_it_was_made_is_no_clash() -> None:
    day = {"starts_on": date(2026, 11, 23), "ends_on": date(2026, 11, 23)}
    early = datetime(2026, 11, 22, tzinfo=UTC)
    made = datetime(2026, 11, 22, 22, 30, 1, tzinfo=UTC)
    assert meet(a_schedule("o", **day), a_schedule("t", **day, made_at=made), after=early) == []
    assert meet(a_schedule("o", **day), a_schedule("t", **day, made_at=early), after=early) != []


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (
            (Priority.ORDINARY, Authority.DISTRICT),
            (Priority.ORDINARY, Authority.DISTRICT),
            "refused",
        ),
        ((Priority.PRIORITY, Authority.COMMUNE), (Priority.ORDINARY, Authority.PROVINCE), "wins"),
        ((Priority.ORDINARY, Authority.PROVINCE), (Priority.PRIORITY, Authority.COMMUNE), "loses"),
        ((Priority.PRIORITY, Authority.PROVINCE), (Priority.PRIORITY, Authority.DISTRICT), "both"),
        ((Priority.ORDINARY, Authority.COMMUNE), (Priority.ORDINARY, Authority.DISTRICT), "loses"),
    ],
)
def test_class_then_authority_decides_who_has_the_air(
    ours: tuple[Priority, Authority], theirs: tuple[Priority, Authority], expected: str
) -> None:
    (clash,) = meet(
        a_schedule("ours", priority=ours[0], authority=ours[1]),
        a_schedule("theirs", priority=theirs[0], authority=theirs[1]),
    )
    assert clash.verdict == expected


def test_refusals_are_named_before_losses_and_losses_before_gains() -> None:
    ours = a_schedule("ours", authority=Authority.DISTRICT)
    found = meet(
        ours,
        a_schedule("weaker", authority=Authority.COMMUNE),
        a_schedule("stronger", authority=Authority.PROVINCE),
        a_schedule("later-peer", starts_on=date(2026, 12, 1)),
        a_schedule("peer"),
    )
    assert [clash.other.schedule_id for clash in found] == [
        "peer",
        "later-peer",
        "stronger",
        "weaker",
    ]


@given(st.lists(schedules(with_made_at=False), min_size=2, max_size=6), instants())
def test_the_order_of_claims_is_total_and_follows_class_authority_start_id(
    several: list[Schedule], at: datetime
) -> None:
    slots = [Slot(f"s{n}", at.date(), time(5), at + timedelta(minutes=n // 2), 1) for n in range(9)]
    claims = [
        conflicts.claim(rule, slot.starts_at, slot.slot_id)
        for rule, slot in zip(several, slots, strict=False)
    ]
    assert len(set(claims)) == len(claims)
    strongest = min(claims)
    assert strongest[0] == min(claim[0] for claim in claims)


def test_an_earlier_start_and_then_the_smaller_id_break_a_tie() -> None:
    rule = a_schedule()
    later = NOW + timedelta(seconds=1)
    assert conflicts.claim(rule, NOW, "b") < conflicts.claim(rule, later, "a")
    assert conflicts.claim(rule, NOW, "a") < conflicts.claim(rule, NOW, "b")
    province = a_schedule(authority=Authority.PROVINCE)
    priority = a_schedule(priority=Priority.PRIORITY)
    assert conflicts.claim(province, later, "b") < conflicts.claim(rule, NOW, "a")
    assert conflicts.claim(priority, later, "b") < conflicts.claim(province, NOW, "a")
