"""The loop around the core: order kept, nothing promised that is not durable."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.agent import Agent
from station_agent.core.moment import Deadline, Moment
from station_agent.core.records import ActiveOrder, Intent
from station_agent.errors import StorageFullError, StorageReadOnlyError
from station_agent.player import port
from station_agent.wiring.parts import Parts
from station_agent.wiring.player_words import cue_of, event_of
from station_agent.wiring.shell import FIRST_MOMENT_S, Errand, Item, Shell
from station_agent.wiring.worker import Worker
from station_protocol import messages as wire
from station_protocol.vocabulary import Authority, Reason

NOW = Moment(datetime(2026, 11, 26, tzinfo=UTC), 1)
REPLY = do.Send(
    wire.Reply(station_id="x", order_id="o", accepted=True, said_at=NOW.wall),
)

INTENT = Intent(
    slot_id="a" * 26,
    nonce="0" * 32,
    not_after=NOW.wall,
    planned_at=NOW.wall,
    order=ActiveOrder(
        order_id="flood",
        title="Lũ",
        authority=Authority.DISTRICT,
        sequence=1,
        attention_ms=6000,
        issued_at=NOW.wall,
        until_at=NOW.wall,
    ),
)


@dataclass
class Script:
    """A core that says what the test wrote down for each event."""

    answers: dict[type[Any], tuple[do.Effect, ...]]
    urgent: tuple[do.Effect, ...] = ()
    heard: list[ev.Event] = field(default_factory=list)
    thought: Callable[[], None] = lambda: None
    """Called when everything that is not urgent is worked out."""

    def first(self, event: ev.Event, now: Moment) -> tuple[do.Effect, ...]:
        self.heard.append(event)
        return self.urgent

    def rest(self) -> tuple[do.Effect, ...]:
        self.thought()
        return self.answers.get(type(self.heard[-1]), ())

    def next_deadline(self) -> Deadline:
        return Deadline(mono_ms=0)


@dataclass
class Deeds:
    """Parts that only remember."""

    fails: Callable[[do.Persist], ev.PersistFailed | None] = lambda _: None
    done: list[Any] = field(default_factory=list)

    def persist(self, effect: do.Persist) -> ev.PersistFailed | None:
        self.done.append(effect)
        return self.fails(effect)

    def carry_out(self, effect: do.Effect) -> None:
        self.done.append(effect)

    def start(self) -> None:
        self.done.append("start")

    def close(self) -> None:
        self.done.append("close")


def shell(script: Script, deeds: Deeds) -> tuple[Shell, queue.SimpleQueue[Item]]:
    events: queue.SimpleQueue[Item] = queue.SimpleQueue()
    made = Shell(cast(Agent, script), cast(Parts, deeds), events, now=lambda: NOW)
    return made, events


def test_effects_are_carried_out_in_the_order_the_core_gives() -> None:
    effects = (do.Stop("a"), do.Persist(limits=b"x"), do.Start("b"), do.SetVolume(5))
    deeds = Deeds()
    shell(Script({ev.Woke: effects}), deeds)[0].handle(ev.Woke())
    assert deeds.done == list(effects)


def test_what_depends_on_a_failed_write_is_not_done_and_the_core_hears_of_it() -> None:
    persist = do.Persist(limits=b"x")
    silence = do.Amplifier(on=False)
    script = Script({ev.Woke: (persist, do.Start("b"), REPLY, silence)})
    deeds = Deeds(fails=lambda one: ev.PersistFailed(one, ev.StorageProblem.DISK_FULL))
    shell(script, deeds)[0].handle(ev.Woke())
    assert deeds.done == [persist, silence]
    assert script.heard[1] == ev.PersistFailed(persist, ev.StorageProblem.DISK_FULL)


URGENT = (do.WriteIntent(INTENT), do.Start("alert"))
BEHIND = (do.Persist(limits=b"x"), REPLY)


def test_journal_and_answer_of_an_emergency_wait_while_its_signal_begins() -> None:
    script, deeds = Script({ev.Woke: BEHIND}, URGENT), Deeds()
    made, events = shell(script, deeds)
    ready = ev.PlayerReady("alert")
    events.put(ready)
    done_meanwhile: list[Any] = []
    script.thought = lambda: deeds.done.append("thought")
    look = threading.Timer(FIRST_MOMENT_S / 2, lambda: done_meanwhile.extend(deeds.done))
    look.start()
    made.handle(ev.Woke())
    look.join()
    assert done_meanwhile == list(URGENT)
    assert deeds.done == [*URGENT, "thought", *BEHIND]
    assert script.heard == [ev.Woke()]
    assert made._next() == ready


def test_whatever_comes_from_outside_ends_that_wait_and_is_handled_behind_it() -> None:
    script, deeds = Script({ev.Woke: BEHIND}, URGENT), Deeds()
    made, events = shell(script, deeds)
    for event in (ev.PlayerReady("alert"), ev.StopPressed(), ev.LinkDown()):
        events.put(event)
    made.handle(ev.Woke())
    assert events.get_nowait() == ev.LinkDown()  # it did not wait for this one too
    assert deeds.done == [*URGENT, *BEHIND]
    assert [made._next(), made._next()] == [ev.PlayerReady("alert"), ev.StopPressed()]


def test_the_confirmation_of_an_order_waits_with_the_rest_and_ends_no_wait() -> None:
    script, deeds = Script({ev.Woke: BEHIND}, URGENT), Deeds()
    made, events = shell(script, deeds)
    events.put(Errand(lambda: deeds.done.append("confirmed")))
    done_meanwhile: list[Any] = []
    look = threading.Timer(FIRST_MOMENT_S / 2, lambda: done_meanwhile.extend(deeds.done))
    look.start()
    made.handle(ev.Woke())
    look.join()
    assert done_meanwhile == list(URGENT)
    made.stop()
    made.run(ev.LinkDown())
    assert deeds.done.index("confirmed") > deeds.done.index(REPLY)


def test_an_ordinary_start_waits_for_nothing_behind_its_intent() -> None:
    script, deeds = Script({ev.Woke: (do.Persist(limits=b"x"), do.Start("news"))}), Deeds()
    made, events = shell(script, deeds)
    events.put(ev.LinkDown())
    made.handle(ev.Woke())
    assert events.get_nowait() == ev.LinkDown()


def test_the_loop_ends_with_stopping_and_closes_every_part() -> None:
    script, deeds = Script({}), Deeds()
    made, events = shell(script, deeds)
    events.put(ev.LinkUp())
    made.stop()
    made.run(ev.Booted())
    assert script.heard == [ev.Booted(), ev.LinkUp(), ev.Stopping()]
    assert deeds.done == ["start", "close"]


def test_a_deadline_wakes_the_core() -> None:
    script, deeds = Script({}), Deeds()
    made, _ = shell(script, deeds)
    assert made._next() == ev.Woke()


@dataclass
class BadJournal:
    error: Exception

    def persist(self, *_: object) -> None:
        raise self.error

    def confirm(self, up_to: int, at: datetime | None) -> None:
        raise self.error


class FullDisk:
    """A journal that finds room when enough was given up, and what there is to give up."""

    def __init__(self, sounds: int, *, has_ballast: bool) -> None:
        self.sounds = sounds
        self.has_ballast = has_ballast
        self.given_up: list[str] = []
        self.needed = 1

    def persist(self, *_: object) -> None:
        if len(self.given_up) < self.needed:
            raise StorageFullError("full")

    def drop_one(self) -> bool:
        if self.sounds > self.given_up.count("sound"):
            self.given_up.append("sound")
            return True
        return False

    def release(self) -> bool:
        if self.has_ballast and "ballast" not in self.given_up:
            self.given_up.append("ballast")
            return True
        return False


def bare_parts(journal: object, room: FullDisk | None = None, **changes: Any) -> Parts:
    nothing = cast(Any, None)
    return Parts(
        station_id="x",
        folder=Path(),
        journal=cast(Any, journal),
        ballast=cast(Any, room or FullDisk(0, has_ballast=False)),
        plan_file=nothing,
        limits_file=nothing,
        mark_file=nothing,
        cache=cast(Any, room or FullDisk(0, has_ballast=False)),
        player=nothing,
        amplifier=nothing,
        link=nothing,
        downloader=nothing,
        worker=nothing,
        intents=changes.get("intents", nothing),
        urgent_worker=changes.get("urgent_worker", nothing),
        emit=changes.get("emit", nothing),
        button=nothing,
        channel=nothing,
    )


def test_the_two_ways_a_disk_fails_are_told_apart() -> None:
    persist = do.Persist(slots=(cast(Any, "slot"),))
    full = bare_parts(BadJournal(StorageFullError("full"))).persist(persist)
    locked = bare_parts(BadJournal(StorageReadOnlyError("ro"))).persist(persist)
    assert full == ev.PersistFailed(persist, ev.StorageProblem.DISK_FULL)
    assert locked == ev.PersistFailed(persist, ev.StorageProblem.READONLY)


def test_on_a_full_disk_played_sound_goes_first_and_the_ballast_last() -> None:
    persist = do.Persist(slots=(cast(Any, "slot"),))
    disk = FullDisk(sounds=2, has_ballast=True)
    assert bare_parts(disk, disk).persist(persist) is None
    assert disk.given_up == ["sound"]
    disk.needed = 3
    assert bare_parts(disk, disk).persist(persist) is None
    assert disk.given_up == ["sound", "sound", "ballast"]
    disk.needed = 4
    assert bare_parts(disk, disk).persist(persist) is not None


def test_a_confirmation_that_cannot_be_written_ends_nothing() -> None:
    bare_parts(BadJournal(StorageFullError("full"))).carry_out(do.ConfirmJournal(5))


@dataclass
class Card:
    """A card that takes its time, or has none to give."""

    free: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    written: list[Intent] = field(default_factory=list)

    def write(self, intent: Intent) -> None:
        assert self.free.wait(10)
        if self.error is not None:
            raise self.error
        self.written.append(intent)


@pytest.fixture
def urgent_worker() -> Iterator[Worker]:
    worker = Worker("intents")
    worker.start()
    yield worker
    worker.close()


def test_an_emergency_goes_on_when_its_intent_is_on_the_card(urgent_worker: Worker) -> None:
    card, heard = Card(), list[ev.Event]()
    card.free.set()
    parts = bare_parts(None, intents=card, urgent_worker=urgent_worker, emit=heard.append)
    parts.carry_out(do.WriteIntent(INTENT))
    assert (card.written, heard) == ([INTENT], [])


def test_an_emergency_does_not_wait_long_for_a_slow_card(urgent_worker: Worker) -> None:
    card, heard = Card(), list[ev.Event]()
    parts = bare_parts(None, intents=card, urgent_worker=urgent_worker, emit=heard.append)
    parts.carry_out(do.WriteIntent(INTENT))
    assert heard == [ev.IntentNotDurable(INTENT.slot_id, "the card took too long")]
    card.free.set()


def test_an_emergency_goes_on_although_the_card_is_full(urgent_worker: Worker) -> None:
    card, heard = Card(error=StorageFullError("full")), list[ev.Event]()
    card.free.set()
    parts = bare_parts(None, intents=card, urgent_worker=urgent_worker, emit=heard.append)
    parts.carry_out(do.WriteIntent(INTENT))
    assert [type(event) for event in heard] == [ev.IntentNotDurable]


def test_the_player_and_the_core_understand_each_other() -> None:
    at = NOW.wall
    assert event_of(port.Prepared("a")) == ev.PlayerReady("a")
    assert event_of(port.FirstFrame("a", at, 0.25)) == ev.PlayerStarted("a", at, 0.25)
    assert event_of(port.Progress("a", 1500)) == ev.PlayerProgress("a", 1500)
    assert event_of(port.DeviceLost("gone")) == ev.DeviceLost("gone")
    assert event_of(port.DeviceBack()) == ev.DeviceBack()
    assert event_of(port.Underrun("a")) == ev.SoundGap("a")
    ended = port.Ended("a", port.EndCause.FAILED, 10, Reason.FILE_CORRUPT, "why")
    assert event_of(ended) == ev.PlayerEnded(
        "a", 10, ev.EndCause.FAILED, Reason.FILE_CORRUPT, "why"
    )
    assert {cause.value for cause in port.EndCause} == {cause.value for cause in ev.EndCause}


def test_a_prepared_play_names_files_by_their_place_and_their_hash() -> None:
    prepare = do.Prepare("a", (do.SoundFile("ff", 10), do.Tone(3)), NOW.wall)
    cue = cue_of(prepare, lambda sha256: Path("sound") / sha256)
    assert cue == port.Cue("a", (port.CheckedFile(Path("sound/ff"), "ff"), port.Tone(3)), NOW.wall)


def test_each_kind_of_sound_has_its_word_and_urgency_is_passed_on() -> None:
    pieces = (do.Attention(800), do.InlineSound("flood", 5, b"opus"))
    cue = cue_of(do.Prepare("a", pieces, None, urgent=True), lambda _: Path())
    sounds = (port.Attention(800), port.InlineSound("flood", b"opus"))
    assert cue == port.Cue("a", sounds, None, is_urgent=True)


@dataclass
class Keeper:
    """A cache that knows its places and a player that remembers what it is to keep."""

    kept: tuple[port.CheckedFile, ...] = ()

    def path(self, sha256: str) -> Path:
        return Path("sound") / sha256

    def keep_resident(self, sounds: tuple[port.CheckedFile, ...]) -> None:
        self.kept = sounds


def test_what_is_to_be_resident_is_named_to_the_player_by_its_place() -> None:
    keeper = Keeper()
    parts = replace(bare_parts(None), cache=cast(Any, keeper), player=cast(Any, keeper))
    parts.carry_out(do.KeepResident(("ff", "ee")))
    assert keeper.kept == (
        port.CheckedFile(Path("sound/ff"), "ff"),
        port.CheckedFile(Path("sound/ee"), "ee"),
    )


@dataclass
class Stage:
    """A player that remembers what it was asked for."""

    asked: list[Any] = field(default_factory=list)

    def path(self, sha256: str) -> Path:
        return Path("sound") / sha256

    def prepare(self, cue: port.Cue) -> None:
        self.asked.append(("prepare", cue.play_id))

    def start(self, play_id: str, *, replaces: bool) -> None:
        self.asked.append(("start", play_id, replaces))

    def sound(self, cue: port.Cue, *, replaces: bool) -> None:
        self.asked.append(("sound", cue.play_id, replaces))


def test_an_emergency_is_one_wish_to_the_player_and_a_slot_of_the_plan_two() -> None:
    stage = Stage()
    parts = replace(bare_parts(None), cache=cast(Any, stage), player=cast(Any, stage))
    for effect in (
        do.Prepare("news", (do.Tone(3),), NOW.wall),
        do.Prepare("flood", (do.Attention(800),), None, urgent=True),
        do.Start("flood", replaces=True),
        do.Start("news"),
    ):
        parts.carry_out(effect)
    assert stage.asked == [("prepare", "news"), ("sound", "flood", True), ("start", "news", False)]
