"""Every second of a station is in exactly one state, and a silence never counts as ready."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.availability import (
    History,
    OwnFlip,
    ShownFlip,
    Stretch,
    Tally,
    UptimeState,
    day_span,
    day_uptime,
    joined,
    live,
    outages,
    own,
    settled,
    tally,
)
from controller.domain.station_state import ShownState

DAY = date(2026, 10, 15)
BEGIN, END = day_span(DAY)
HOURS = ((300, 1260),)


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def lines(*said: tuple[float, str], journal: str = "j1", sure: bool = True) -> list[OwnFlip]:
    return [
        OwnFlip(journal, number, minute(at), health, is_sure=sure)
        for number, (at, health) in enumerate(said, start=1)
    ]


def states(stretches: list[Stretch]) -> list[tuple[float, float, str]]:
    return [
        (
            (one.from_at - BEGIN) / timedelta(minutes=1),
            (one.until_at - BEGIN) / timedelta(minutes=1),
            one.state.value,
        )
        for one in stretches
    ]


def test_a_station_that_never_spoke_is_down_all_day() -> None:
    day = day_uptime(History(), DAY, HOURS, END)
    assert day.live_service == Tally(down_s=960 * 60)
    assert day.settled_service == day.live_service
    assert day.causes == {"down:never": 57_600}
    assert not day.may_settle


def test_a_silence_the_journal_explains_as_ready_counts_only_in_the_settled_figure() -> None:
    seen = [
        ShownFlip(minute(-100), ShownState.READY),
        ShownFlip(minute(600), ShownState.UNKNOWN),
        ShownFlip(minute(700), ShownState.READY),
    ]
    told = own(lines((-100, "ready")), {"j1": minute(900)})
    day = day_uptime(History(seen, told), DAY, HOURS, END)
    assert day.live_service == Tally(ready_s=860 * 60, unknown_s=100 * 60)
    assert day.settled_service == Tally(ready_s=960 * 60)
    assert not day.outages


def test_a_silence_nobody_has_explained_yet_may_still_settle() -> None:
    seen = [
        ShownFlip(minute(-100), ShownState.READY),
        ShownFlip(minute(600), ShownState.UNKNOWN),
        ShownFlip(minute(700), ShownState.READY),
    ]
    day = day_uptime(
        History(seen, own(lines((-100, "ready")), {"j1": minute(599)})), DAY, HOURS, END
    )
    assert day.settled_service.unknown_s == 100 * 60
    assert day.may_settle


def test_a_power_cut_is_down_until_the_station_starts_again() -> None:
    told = own(
        lines((-50, "ready"), (595, "off"), (698, "starting"), (700, "ready")), {"j1": minute(900)}
    )
    assert states(told) == [
        (-50, 595, "ready"),
        (595, 698, "down"),
        (698, 700, "degraded"),
        (700, 900, "ready"),
    ]


def test_a_farewell_dated_back_before_the_last_change_begins_behind_it() -> None:
    """The card is marked each five minutes: a change written after the last mark is later."""
    told = own(
        lines((0, "ready"), (598, "degraded"), (595, "off"), (700, "starting")), {"j1": minute(701)}
    )
    assert states(told)[1:3] == [(598, 700, "down"), (700, 701, "degraded")]


def test_a_line_by_an_untrusted_clock_bounds_nothing() -> None:
    """A clock without a battery: the start is at no known time, so what came before is not told."""
    told = own(
        [
            *lines((0, "ready")),
            OwnFlip("j1", 2, minute(-500_000), "degraded", is_sure=False),
            OwnFlip("j1", 3, minute(700), "ready"),
        ],
        {"j1": minute(900)},
    )
    assert states(told) == [(700, 900, "ready")]


def test_off_lasts_through_lines_by_an_untrusted_clock() -> None:
    """After a power cut a Pi starts without the time: until it knows it, it was not ready."""
    told = own(
        [
            *lines((0, "ready"), (595, "off")),
            OwnFlip("j1", 3, minute(596), "starting", is_sure=False),
            OwnFlip("j1", 4, minute(597), "degraded", is_sure=False),
            OwnFlip("j1", 5, minute(700), "ready"),
        ],
        {"j1": minute(900)},
    )
    assert states(told) == [(0, 595, "ready"), (595, 700, "down"), (700, 900, "ready")]


def test_a_new_card_leaves_what_the_old_one_did_not_tell_unknown() -> None:
    told = own(
        [*lines((0, "ready")), *lines((700, "starting"), (701, "ready"), journal="j2")],
        {"j1": minute(400), "j2": minute(900)},
    )
    seen = live(
        [
            ShownFlip(minute(0), ShownState.READY),
            ShownFlip(minute(420), ShownState.UNKNOWN),
            ShownFlip(minute(700), ShownState.DEGRADED),
        ],
        BEGIN,
        END,
    )
    assert states(settled(seen, told))[1] == (420, 700, "unknown")


def test_maintenance_and_time_out_of_service_leave_the_denominator() -> None:
    seen = [ShownFlip(minute(-1), ShownState.READY), ShownFlip(minute(480), ShownState.MAINT)]
    history = History(
        seen,
        maintenance=[(minute(480), minute(600))],
        away=[(minute(600), END)],
    )
    day = day_uptime(history, DAY, HOURS, END)
    assert day.settled_service == Tally(ready_s=180 * 60, maint_s=120 * 60)
    assert day.settled_service.counted_s == 180 * 60


def test_an_outage_that_midnight_cuts_is_one_again() -> None:
    history = History([ShownFlip(minute(-5000), ShownState.DOWN)])
    days = [
        day_uptime(history, DAY + timedelta(days=n), HOURS, END + timedelta(days=9))
        for n in range(4)
    ]
    whole = joined(one for day in days for one in day.outages)
    assert [one.length for one in whole] == [timedelta(days=4)]


def test_a_day_in_progress_is_counted_until_now() -> None:
    seen = [ShownFlip(minute(-1), ShownState.READY)]
    day = day_uptime(History(seen), DAY, HOURS, minute(400))
    assert day.live_service == Tally(ready_s=100 * 60)
    assert day.live_all == Tally(ready_s=400 * 60)


# --- any history ----------------------------------------------------------------------------------

instants = st.floats(-3000, 3000, allow_nan=False).map(minute)
flips = st.lists(st.tuples(instants, st.sampled_from(list(ShownState))), max_size=12).map(
    lambda found: [ShownFlip(at, state) for at, state in sorted(found, key=lambda one: one[0])]
)
own_lines = st.lists(
    st.tuples(
        st.sampled_from(["j1", "j2"]),
        instants,
        st.sampled_from(["ready", "degraded", "starting", "off"]),
        st.booleans(),
    ),
    max_size=12,
).map(
    lambda found: [
        OwnFlip(journal, number, at, health, is_sure=sure)
        for number, (journal, at, health, sure) in enumerate(found)
    ]
)
spans = st.lists(st.tuples(instants, instants).map(sorted), max_size=3).map(
    lambda found: [
        (first, last)
        for number, (first, last) in enumerate(sorted(found))
        if not any(first < earlier[1] for earlier in sorted(found)[:number])
    ]
)


@given(flips, own_lines, instants, spans, spans, instants)
def test_the_parts_are_always_the_whole(
    shown: list[ShownFlip],
    journal: list[OwnFlip],
    told_until: datetime,
    maintenance: list[tuple[datetime, datetime]],
    away: list[tuple[datetime, datetime]],
    until: datetime,
) -> None:
    told = own(journal, {"j1": told_until, "j2": told_until})
    with_them = History(shown, told, maintenance, away)
    day = day_uptime(with_them, DAY, HOURS, until)
    bare = day_uptime(History(shown, told), DAY, HOURS, until)
    for one in (day, bare):
        assert one.live_all.total_s == one.settled_all.total_s
        assert one.live_service.total_s == one.settled_service.total_s
        assert one.settled_service.ready_s >= one.live_service.ready_s, "a silence is never ready"
        assert one.settled_service.unknown_s <= one.live_service.unknown_s
        lost = one.settled_service
        assert sum(one.causes.values()) == lost.degraded_s + lost.down_s + lost.unknown_s
    ends = max(min(END, until), BEGIN)
    whole_s = int(ends.timestamp()) - int(BEGIN.timestamp())
    assert bare.live_all.total_s == whole_s
    assert day.live_all.total_s <= whole_s
    if not away:
        assert day.live_all.total_s == whole_s


@given(flips, own_lines, instants)
def test_settling_only_ever_explains_silences(
    shown: list[ShownFlip], journal: list[OwnFlip], told_until: datetime
) -> None:
    seen = live(shown, BEGIN, END)
    known = settled(seen, own(journal, {"j1": told_until}))
    assert known[0].from_at == BEGIN
    assert known[-1].until_at == END
    assert all(first.until_at == second.from_at for first, second in pairwise(known))
    kept = [one for one in seen if one.state is not UptimeState.UNKNOWN]
    assert all(one in known for one in kept)
    assert tally(seen).total_s == tally(known).total_s
    assert all(one.state is not UptimeState.READY for one in seen if one.cause)
    assert all(one.length > timedelta() for one in outages(known))
