"""Each checker objects to a ledger in which its promise is broken, and to no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.reconcile import Result, Source
from station_agent.core.records import Memory, SeenOrder
from station_protocol import messages as wire
from station_protocol.codec import Signed
from station_protocol.vocabulary import ClockLevel, Outcome, Priority, Purpose, Reason
from tests.simulation.checkers import CHECKERS, violations
from tests.simulation.ledger import (
    Due,
    Floors,
    Heard,
    Ledger,
    Obeyed,
    Promise,
    Queued,
    Shown,
    Span,
    TakenBack,
)
from tests.simulation.timeline import DAY, HOUR, MINUTE, SECOND, instant
from tests.support import wire as build

NAME = "station-1"
DUE_MS = 6 * HOUR
LENGTH_MS = 30 * SECOND


def _slot(letter: str = "a", at_ms: int = DUE_MS, **changes: Any) -> wire.PlannedSlot:
    return build.slot(slot_id=letter * 26, starts_at=instant(at_ms), **changes)


def _plan(*slots: wire.PlannedSlot, **claims: Any) -> Signed[wire.StationPlan]:
    values = {"audience": NAME, "epoch": 1, "version": 1, "not_before": instant(-DAY)}
    values |= {"not_after": instant(14 * DAY)}
    made = build.claims(Purpose.PLAN, **(values | claims))
    return Signed(made, build.plan(*slots, station_id=NAME))


def _play(planned: wire.PlannedSlot, at_ms: int = DUE_MS, **changes: Any) -> Heard:
    values: dict[str, Any] = {
        "station_id": NAME,
        "run": "boot-1",
        "play_id": f"{planned.slot_id}-1",
        "slot_id": planned.slot_id,
        "pieces": tuple(item.sha256 for item in planned.items),
        "started_ms": at_ms,
        "started_wall": instant(at_ms),
        "clock_error_ms": 0,
        "slot": planned,
        "limits": build.limits(exceptions=()),
        "ended_ms": at_ms + LENGTH_MS,
    }
    return Heard(**(values | changes))


def _ran(slot: wire.PlannedSlot, no: int = 1, **changes: Any) -> wire.JournalEntry:
    values = {"slot_id": slot.slot_id, "planned_at": slot.starts_at, "started_at": slot.starts_at}
    return build.entry(build.as_run(**(values | changes)), no=no)


def _result(slot: wire.PlannedSlot, **changes: Any) -> Result:
    values: dict[str, Any] = {
        "title": "",
        "planned_at": slot.starts_at,
        "planned_ms": LENGTH_MS,
        "outcome": "aired",
        "source": Source.JOURNAL,
    }
    return Result(**(values | changes))


def _good() -> Ledger:
    """One slot, aired as planned and told."""
    slot = _slot()
    plan = _plan(slot)
    return Ledger(
        seed=0,
        ended_ms=2 * DAY,
        beat_ms=30 * SECOND,
        heard=[_play(slot, plan=plan)],
        signed={(NAME, 1, 1): plan},
        journals={NAME: [_ran(slot)]},
        planned={NAME: {slot.slot_id: slot}},
        results={(NAME, slot.slot_id): _result(slot)},
        due=[Due(NAME, DUE_MS + 4_000, slot, None, None)],
        alive=[Span(NAME, "boot-1", 0, 2 * DAY, 0)],
    )


def test_nothing_is_wrong_with_a_good_world() -> None:
    assert violations(_good()) == []


Spoil = Callable[[Ledger], object]
SLOT, HIGHER = _slot(), _slot("b", priority=Priority.EMERGENCY)


def _flip(health: str, at_ms: int, no: int) -> wire.JournalEntry:
    flip = wire.FlipEntry.model_validate({"health": health})
    return wire.JournalEntry(
        entry_no=no, at=instant(at_ms), clock=ClockLevel.CONTROLLER, evidence=flip
    )


def _lower_sounds(ledger: Ledger) -> None:
    ledger.due.append(Due(NAME, DUE_MS + 4_000, HIGHER, None, ledger.heard[0]))


def _cut_by_its_equal(ledger: Ledger) -> None:
    ledger.heard[0].ended_ms = DUE_MS + 10 * SECOND
    ledger.heard.append(_play(_slot("b"), DUE_MS + 10 * SECOND, plan=ledger.heard[0].plan))


def _seen(not_after_ms: int) -> SeenOrder:
    return SeenOrder(
        order_id="order-1", nonce="0" * 32, not_after=instant(not_after_ms), accepted=True
    )


def _floors(first: Memory, then: Memory) -> Spoil:
    return lambda ledger: ledger.floors.extend(
        Floors(NAME, at_ms, memory, (memory.plan_epoch, memory.plan_version), instant(HOUR))
        for at_ms, memory in ((HOUR, first), (HOUR + 1, then))
    )


def _marked_without_time(ledger: Ledger) -> None:
    ledger.floors.append(Floors(NAME, HOUR, Memory(), (0, 0), None, instant(HOUR)))


def _obey(*, is_remembered: bool, not_after_ms: int) -> Spoil:
    obeyed = Obeyed(NAME, DAY, "order-1", instant(not_after_ms), is_remembered)
    return lambda ledger: ledger.obeyed.append(obeyed)


def _again(ledger: Ledger) -> None:
    ledger.heard.append(_play(SLOT, DUE_MS + MINUTE, plan=ledger.heard[0].plan))


def _change(**changes: Any) -> Spoil:
    def spoil(ledger: Ledger) -> None:
        for name, value in changes.items():
            setattr(ledger.heard[0], name, value)

    return spoil


def _retold(**changes: Any) -> Spoil:
    return lambda ledger: ledger.journals.update({NAME: [_ran(SLOT, **changes)]})


def _decided(**changes: Any) -> Spoil:
    key = (NAME, SLOT.slot_id)
    return lambda ledger: ledger.results.update({key: _result(SLOT, **changes)})


def _two_late(ledger: Ledger) -> None:
    plan = ledger.heard[0].plan
    for letter, at_ms in (("b", DUE_MS + 2 * MINUTE), ("c", DUE_MS + 3 * MINUTE - 10 * SECOND)):
        late = _slot(letter, at_ms - MINUTE)
        ledger.heard.append(_play(late, at_ms, plan=plan))
        ledger.journals[NAME].append(
            _ran(late, 2, outcome=Outcome.LATE, reason=Reason.LATE_RECOVERY)
        )


def _open_for_ever(ledger: Ledger) -> None:
    ledger.journals[NAME] += [_flip("ready", HOUR, 2), _flip("starting", 5 * HOUR, 3)]


def _up_without_power(ledger: Ledger) -> None:
    ledger.alive[0] = Span(NAME, "boot-1", 0, 2 * HOUR, 0)
    ledger.journals[NAME] += [_flip("ready", HOUR, 2), _flip("off", 5 * HOUR, 3)]


BROKEN: tuple[tuple[str, str, Spoil], ...] = (
    ("S1", "two outcomes", lambda one: one.journals[NAME].append(_ran(SLOT, 2))),
    ("S1", "without a reason", _retold(outcome=Outcome.CUT_SHORT, played_ms=30_000)),
    ("S1", "at the centre", _decided(outcome="missed", reason="power_off")),
    ("S2", "no plan", _change(slot=None)),
    ("S2", "other sound", _change(pieces=("00" * 32,))),
    ("S3", "second time", _again),
    ("S3", "before its intent", _change(is_intent_durable=False)),
    ("S3", "test tones", lambda one: one.heard.append(_play(SLOT, HOUR, slot_id=None, slot=None))),
    (
        "S4",
        "although cancelled",
        lambda one: one.taken_back.append(TakenBack(NAME, SLOT.slot_id, HOUR, True, "order")),
    ),
    (
        "S4",
        "ms after the stop",
        lambda one: one.taken_back.append(TakenBack(NAME, None, DUE_MS + 5_000, False, "stop")),
    ),
    ("S5", "something lower", _lower_sounds),
    ("S5", "something lower", lambda one: _emergency(DUE_MS - MINUTE - 1)(one)),
    ("S5", "something lower", lambda one: _emergency(DUE_MS + 10 * SECOND, 60)(one)),
    ("S5", "it may not", _cut_by_its_equal),
    ("S6", "before its instant", _change(started_wall=instant(DUE_MS - 2_000))),
    ("S6", "after its window", _change(started_wall=instant(DUE_MS + 10 * MINUTE))),
    ("S6", "expired", _change(plan=_plan(SLOT, not_after=instant(HOUR)))),
    ("S6", "clock", _change(clock_error_ms=HOUR)),
    ("S6", "obeyed after", _obey(is_remembered=True, not_after_ms=HOUR)),
    ("S6", "before it is remembered", _obey(is_remembered=False, not_after_ms=2 * DAY)),
    ("S7", "is for", _change(plan=_plan(SLOT, audience="station-2"))),
    ("S8", "together", lambda one: one.heard.append(_play(_slot("b"), DUE_MS + 5_000))),
    ("S8", "behind another", _two_late),
    ("S8", "let go", lambda one: one.queued.append(Queued(NAME, HOUR, "b-1", "a-1", 20_000))),
    ("S9", "the plan", _floors(Memory(plan_version=2), Memory(plan_version=1))),
    ("S9", "the epoch", _floors(Memory(epoch=2), Memory(epoch=1))),
    ("S9", "in force", _floors(Memory(orders=(_seen(DAY),)), Memory())),
    ("S9", "the latest time is kept", _marked_without_time),
    ("S11", "never closed", _open_for_ever),
    ("S11", "counts as up", _up_without_power),
    (
        "S11",
        "without a word",
        lambda one: one.shown.append(Shown(NAME, HOUR, "ready", HOUR - 3 * MINUTE, 0, 0)),
    ),
    ("L1", "lines", lambda one: one.promises.append(Promise("L1", NAME, 0, HOUR, (9,), (8,)))),
    ("L1", "no outcome there", lambda one: one.journals.update({NAME: []})),
    ("L1", "no outcome at the centre", lambda one: one.results.clear()),
    ("L2", "plan", lambda one: one.promises.append(Promise("L2", NAME, 0, HOUR, (1, 3), (1, 2)))),
    ("L3", "lines", lambda one: one.promises.append(Promise("L3", NAME, 0, HOUR, (9,), (8,)))),
    (
        "L4",
        "shown as ready",
        lambda one: one.shown.append(Shown(NAME, HOUR, "ready", HOUR, 2 * MINUTE, 0)),
    ),
    (
        "L4",
        "shown as ready",
        lambda one: one.shown.append(Shown(NAME, HOUR, "ready", HOUR - 90_001, 90_001, 0)),
    ),
    (
        "L4",
        "well and connected",
        lambda one: one.shown.append(Shown(NAME, HOUR, "unknown", HOUR, 0, 5 * MINUTE)),
    ),
    ("L5", "undecided", _decided(outcome="unknown", source=Source.PLAN)),
    ("L5", "changed nothing", _decided(outcome="missed", source=Source.TIMEOUT)),
    ("X1", "outside the hours", _change(limits=build.limits(hours=(), exceptions=()))),
    ("X1", "longer", _change(limits=build.limits(max_length_ms=1_000, exceptions=()))),
    ("X2", "heard for", _retold(outcome=Outcome.MISSED, reason=Reason.POWER_OFF)),
    ("X2", "only", _change(ended_ms=DUE_MS + 9_000)),
    ("X2", "does not know", lambda one: one.journals.update({NAME: []})),
    ("X3", "silent", lambda one: one.due.append(Due(NAME, DAY, _slot("b", DAY), None, None))),
)


def _emergency(at_ms: int, repeat_s: int | None = None) -> Spoil:
    """A minute before the slot an emergency sounded; `at_ms` is when it was answered again."""
    deed = wire.EmergencyDeed(
        title="Lũ",
        authority=HIGHER.authority,
        sequence=1,
        attention_ms=10_000,
        until_at=instant(DAY),
        repeat_every_s=repeat_s,
    )
    order = Signed(build.claims(Purpose.ORDER, not_after=instant(DAY)), build.order(deed))
    name, began_ms = order.message.order_id, DUE_MS - MINUTE

    def happen(ledger: Ledger) -> None:
        ledger.orders[name] = (order, (NAME,))
        airing = _play(HIGHER, began_ms, order=order, pieces=("tone",), ended_ms=began_ms + 10_000)
        ledger.heard.insert(0, airing)
        ended = _ran(HIGHER, 2, started_at=instant(began_ms), played_ms=10_000, planned_ms=10_000)
        ledger.journals[NAME].append(ended)
        due = Due(NAME, at_ms + 4_000, HIGHER, None, ledger.heard[1], 1, name)
        ledger.due.append(due)

    return happen


@pytest.mark.parametrize("repeat_s", [None, 90])
def test_an_emergency_that_comes_twice_has_not_to_sound_twice(repeat_s: int | None) -> None:
    ledger = _good()
    _emergency(DUE_MS + 10 * SECOND, repeat_s)(ledger)
    assert violations(ledger) == []


def test_what_a_card_never_took_may_be_forgotten_with_its_run() -> None:
    ledger = _good()
    ledger.heard.append(_play(_slot("b"), HOUR, plan=ledger.heard[0].plan, order=None))
    ledger.heard[1].is_unwritten = True
    assert [one for one in violations(ledger) if one.name == "X2"] == []


def test_an_order_may_be_old_to_all_but_a_station_that_slept_without_a_clock() -> None:
    ledger = _good()
    at_least = instant(HOUR - MINUTE)
    ledger.obeyed.append(Obeyed(NAME, DAY, "order-1", instant(HOUR), True, at_least))
    assert violations(ledger) == []


@pytest.mark.parametrize(("name", "words", "spoil"), BROKEN, ids=[f"{n} {w}" for n, w, _ in BROKEN])
def test_a_broken_promise_is_named(name: str, words: str, spoil: Spoil) -> None:
    ledger = _good()
    spoil(ledger)
    found = [one for one in violations(ledger) if one.name == name]
    assert any(words in one.words for one in found), violations(ledger)


def test_every_checker_but_the_one_without_a_world_was_made_to_object() -> None:
    assert {name for name, _, _ in BROKEN} == CHECKERS.keys() - {"S10"}


def test_a_clock_that_may_drift_for_two_weeks_is_not_called_wild() -> None:
    ledger = _good()
    ledger.heard[0].clock_error_ms = int(timedelta(days=14) / timedelta(milliseconds=1) * 50e-6)
    assert violations(ledger) == []
