"""One station core in a world of our own: clocks that can be set, a player, a store, a centre.

Everything here answers as the real parts promise to; only time is ours. What the store has written
survives `reboot`, nothing else does.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.agent import Agent
from station_agent.core.config import AgentConfig, Restored
from station_agent.core.moment import Moment
from station_agent.core.records import Intent, Mark, Memory, SlotRecord
from station_protocol import messages as wire
from station_protocol.codec import Signed
from station_protocol.vocabulary import Outcome, Priority, Purpose, Reason
from tests.support import wire as build

EPOCH = 1_700_000_000_000
_SLOT_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def slot_id(number: int) -> str:
    """A slot id that can be told apart by its end."""
    tail = ""
    for _ in range(4):
        number, digit = divmod(number, 32)
        tail = _SLOT_LETTERS[digit] + tail
    return "a" * 22 + tail


def sha(number: int) -> str:
    """The name of a sound."""
    return f"{number:064x}"


def slot(
    number: int, starts_at: datetime, *, seconds: int = 30, **changes: Any
) -> wire.PlannedSlot:
    """Slot `number` of one item, ordinary, of the district."""
    item = build.item(sha256=sha(number), duration_ms=seconds * 1000)
    values: dict[str, Any] = {
        "slot_id": slot_id(number),
        "starts_at": starts_at,
        "duration_ms": seconds * 1000,
        "items": (item,),
    }
    return build.slot(**(values | changes))


def signed_plan(*slots: wire.PlannedSlot, version: int = 1, **claims: Any) -> ev.PlanReceived:
    """A plan as the link hands it over, valid for two weeks."""
    values = {
        "version": version,
        "epoch": EPOCH,
        "not_before": build.NOW - timedelta(days=1),
        "not_after": build.NOW + timedelta(days=14),
    }
    plan = wire.StationPlan(
        station_id=build.STATION,
        made_at=build.NOW,
        covers_until=build.NOW + timedelta(days=14),
        slots=slots,
    )
    made = build.claims(Purpose.PLAN, **(values | claims))
    raw = f"plan {made.epoch} {made.version}".encode()
    return ev.PlanReceived(Signed(made, plan), raw)


def signed_limits(
    version: int = 1, *, claims: dict[str, Any] | None = None, **fields: Any
) -> ev.LimitsReceived:
    """Limits as the link hands them over: 05:00-21:00 without exceptions, unless told."""
    values = {
        "version": version,
        "epoch": EPOCH,
        "not_before": build.NOW - timedelta(days=1),
        "not_after": build.NOW + timedelta(days=365),
    }
    message = build.limits(**({"exceptions": (), "volume_ceiling_percent": 100} | fields))
    made = build.claims(Purpose.LIMITS, **(values | (claims or {})))
    return ev.LimitsReceived(Signed(made, message), f"limits {version}".encode())


_nonces = itertools.count(1)


def signed_order(deed: wire.Deed, order_id: str | None = None, **claims: Any) -> ev.OrderReceived:
    """An order as the link hands it over, valid for an hour either side of NOW."""
    number = next(_nonces)
    order = build.order(deed, order_id=order_id or f"order-{number}")
    values = {"epoch": EPOCH, "version": number, "nonce": f"{number:032x}"}
    return ev.OrderReceived(Signed(build.claims(Purpose.ORDER, **(values | claims)), order))


@dataclass
class Heard:
    """One play as the loudspeaker gave it out."""

    play_id: str
    started_at: datetime
    mono_ms: int
    let_go_at: datetime
    played_ms: int = 0

    @property
    def slot_id(self) -> str:
        """The slot it was a play of."""
        return self.play_id.rsplit("-", 1)[0]


@dataclass
class Store:
    """What survives a power cut."""

    entries: list[wire.JournalEntry] = field(default_factory=list)
    slots: dict[str, SlotRecord] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    documents: dict[bytes, Any] = field(default_factory=dict)
    plan: bytes | None = None
    limits: bytes | None = None
    mark: Mark | None = None
    stored_up_to: int = 0
    intents: list[Intent] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    fails_with: ev.StorageProblem | None = None
    takes_no_plan: bool = False


@dataclass
class _Cue:
    """What the fake player was asked to prepare."""

    play_id: str
    length_ms: int
    due_at: datetime | None
    generation: int
    started: Heard | None = None
    let_go_at: datetime | None = None


class Rig:
    """The station and its world. Time only passes in `run`."""

    def __init__(self, **options: Any) -> None:
        self.true = build.NOW
        self.clock_error = timedelta(0)
        self.mono_ms = 1_000_000
        self.store = Store()
        self.centre_is_up = True
        self.link_is_up = False
        self.centre_has: dict[str, int] = {}
        self.centre_limits_version = 0
        self.answers_after_ms = 40
        self.prepare_ms = 200
        self.is_deaf_player = False
        self.fails_prepare: Reason | None = None
        self.damaged: set[str] = set()
        self.auto_fetch = True
        self.fetch_ms = 300
        self.machine_boot_id = "machine-1"
        self.options = options
        self.sent: list[wire.UpMessage] = []
        self.asked: list[do.Effect] = []
        self.heard: list[Heard] = []
        self.amplifier: list[tuple[datetime, bool]] = []
        self._cues: dict[str, _Cue] = {}
        self._queue: list[tuple[int, int, int, Callable[[], ev.Event | None]]] = []
        self._order = itertools.count()
        self._run = 0
        self.agent: Agent | None = None

    # --- time -------------------------------------------------------------------------------------

    @property
    def now(self) -> Moment:
        """What the station's own clocks show."""
        return Moment(self.true + self.clock_error, self.mono_ms)

    def _pass(self, ms: int) -> None:
        self.true += timedelta(milliseconds=ms)
        self.mono_ms += ms

    def run(self, seconds: float) -> None:
        """Let this much true time pass."""
        self.run_until(self.true + timedelta(seconds=seconds))

    def run_until(self, until: datetime) -> None:
        """Let time pass up to a true instant, doing all that falls due."""
        while True:
            left_ms = round((until - self.true) / timedelta(milliseconds=1))
            wait_ms = self._next_wait_ms()
            if wait_ms > left_ms:
                self._pass(max(0, left_ms))
                return
            self._pass(wait_ms)
            self._step()

    def _next_wait_ms(self) -> int:
        waits = [5_000]
        if self._queue:
            waits.append(max(0, self._queue[0][0] - self.mono_ms))
        if self.agent is not None:
            wait_s = self.agent.next_deadline().wait_s(self.now)
            if wait_s is not None:
                waits.append(max(1, -int(-wait_s * 1000 // 1)))
        return min(waits)

    def _step(self) -> None:
        if self._queue and self._queue[0][0] <= self.mono_ms:
            _, _, run, make = heapq.heappop(self._queue)
            event = make() if run == self._run else None
            if event is not None:
                self.tell(event)
        elif self.agent is not None:
            self.tell(ev.Woke())

    def later(self, ms: int, make: Callable[[], ev.Event | None]) -> None:
        """Have something happen in this run of the agent, `ms` from now."""
        item = (self.mono_ms + ms, next(self._order), self._run, make)
        heapq.heappush(self._queue, item)

    # --- power ------------------------------------------------------------------------------------

    def boot(self) -> Rig:
        """Start the agent on what the store has."""
        self._run += 1
        self._cues.clear()
        config = AgentConfig(
            station_id=build.STATION,
            boot_id=f"boot-{self._run}",
            journal_id="journal-1",
            limits=build.limits(exceptions=(), volume_ceiling_percent=100),
            machine_boot_id=self.machine_boot_id,
            **self.options,
        )
        store = self.store
        restored = Restored(
            plan=store.documents.get(store.plan or b""),
            limits=store.documents.get(store.limits or b""),
            memory=store.memory,
            slots=tuple(store.slots.values()),
            journal_head=store.entries[-1].entry_no if store.entries else 0,
            journal_stored_up_to=store.stored_up_to,
            held=dict(store.files),
            mark=store.mark,
            intents=tuple(store.intents),
        )
        self.agent = Agent(config, restored, self.now)
        self.tell(ev.Booted())
        if self.link_is_up:
            self.tell(ev.LinkUp())
        return self

    def connect(self) -> Rig:
        """The link comes up."""
        self.link_is_up = True
        if self.agent is not None:
            self.tell(ev.LinkUp())
            self.run(0.2)
        return self

    def disconnect(self) -> None:
        """The link goes down."""
        self.link_is_up = False
        self.tell(ev.LinkDown("cut"))

    def crash(self) -> None:
        """kill -9, or the power is gone: only the store is left."""
        self._silence()
        self._run += 1
        self.agent = None

    def reboot(self, after_s: float = 5, *, power_cut: bool = False) -> None:
        """Crash, stay away, come back."""
        self.crash()
        self._pass(round(after_s * 1000))
        if power_cut:
            self.machine_boot_id = f"machine-{self._run}"
        self.boot()

    def stop(self) -> None:
        """TERM."""
        self.tell(ev.Stopping())
        self.crash()

    # --- events and effects -----------------------------------------------------------------------

    def tell(self, event: ev.Event) -> tuple[do.Effect, ...]:
        """Hand the core one event and carry out what it asks for."""
        assert self.agent is not None
        if isinstance(event, ev.PlanReceived | ev.LimitsReceived):
            self.store.documents[event.raw] = event.signed
        effects = self.agent.handle(event, self.now)
        failed: ev.PersistFailed | None = None
        for effect in effects:
            if failed and isinstance(effect, do.Start | do.Send):
                continue
            self.asked.append(effect)
            failed = self._carry_out(effect) or failed
        if failed:
            self.tell(failed)
        return effects

    def _carry_out(  # noqa: C901 - one flat case for each kind of effect
        self, effect: do.Effect
    ) -> ev.PersistFailed | None:
        match effect:
            case do.Persist():
                return self._persist(effect)
            case do.WriteMark(mark=mark):
                self.store.mark = mark
            case do.WriteIntent(intent=intent):
                self._write_intent(intent)
            case do.KeepSound(sha256=name, data=data):
                size = len(data)
                self.later(30, lambda: self._fetched(name, size, over_link=False))
            case do.Send(message=message):
                self._sent(message)
            case do.ForwardJournal():
                self._forward(effect)
            case do.ConfirmJournal(up_to=up_to):
                self.store.stored_up_to = up_to
            case do.Fetch(sha256=name, size_bytes=size):
                if self.auto_fetch:
                    self.later(self.fetch_ms, lambda: self._fetched(name, size))
            case do.CheckAsset(sha256=name):
                self.later(20, lambda: self._checked(name))
            case do.Amplifier(on=on):
                self.amplifier.append((self.true, on))
            case do.Prepare() | do.Start() | do.Stop():
                self._play(effect)
        return None

    def _persist(self, persist: do.Persist) -> ev.PersistFailed | None:
        store = self.store
        if store.fails_with is not None:
            return ev.PersistFailed(persist, store.fails_with)
        if store.takes_no_plan and persist.plan is not None:
            return ev.PersistFailed(persist, ev.StorageProblem.DISK_FULL)
        for entry in persist.entries:
            assert not store.entries or entry.entry_no == store.entries[-1].entry_no + 1
            store.entries.append(entry)
        store.slots |= {record.slot_id: record for record in persist.slots}
        store.memory = persist.memory or store.memory
        store.plan = persist.plan or store.plan
        store.limits = persist.limits or store.limits
        return None

    # --- the centre -------------------------------------------------------------------------------

    def _sent(self, message: wire.UpMessage) -> None:
        if not self.link_is_up:
            return
        self.sent.append(message)
        if not self.centre_is_up:
            return
        if isinstance(message, wire.Hello):
            self.later(self.answers_after_ms, lambda: self.ack("hello", message.sent_mono_ms))
        elif isinstance(message, wire.Heartbeat) and message.wants_time:
            self.later(self.answers_after_ms, lambda: self.ack("beat", message.sent_mono_ms))

    def ack(self, answers: Any, echo: int | None, **changes: Any) -> ev.AckReceived | None:
        """The centre's answer, unless the link is gone meanwhile."""
        if not self.link_is_up:
            return None
        values = {
            "answers": answers,
            "echo_mono_ms": echo,
            "controller_at": self.true - timedelta(milliseconds=self.answers_after_ms // 2),
            "stored_up_to": self.store.stored_up_to,
            "journal_id": "journal-1",
            "limits_version": self.centre_limits_version,
            "orders": (),
            "spread_ms": 0,
        }
        claims = build.claims(
            Purpose.ACK,
            epoch=changes.pop("epoch", EPOCH),
            not_before=self.true - timedelta(hours=1),
            not_after=self.true + timedelta(hours=1),
        )
        return ev.AckReceived(Signed(claims, build.ack(**(values | changes))))

    def _forward(self, effect: do.ForwardJournal) -> None:
        last = self.store.entries[-1].entry_no
        up_to = min(last, effect.after_no + 100)
        if self.link_is_up and self.centre_is_up:
            sent = effect.sent_mono_ms
            make = lambda: self.ack("journal", sent, stored_up_to=up_to)  # noqa: E731
            self.later(self.answers_after_ms, make)

    def _write_intent(self, intent: Intent) -> None:
        if self.store.fails_with is None:
            self.store.intents.append(intent)
        else:
            self.later(200, lambda: ev.IntentNotDurable(intent.slot_id, "card"))

    def _fetched(self, name: str, size: int, *, over_link: bool = True) -> ev.Event | None:
        if over_link and not self.link_is_up:
            return ev.FetchFailed(name, ev.FetchProblem.NETWORK)
        self.store.files[name] = size
        self.damaged.discard(name)
        return ev.AssetHeld(name, size)

    def _checked(self, name: str) -> ev.AssetChecked:
        if name in self.store.files and name not in self.damaged:
            return ev.AssetChecked(name)
        self.store.files.pop(name, None)
        return ev.AssetChecked(name, "file_corrupt")

    # --- the player -------------------------------------------------------------------------------

    def _play(self, effect: do.Prepare | do.Start | do.Stop) -> None:
        match effect:
            case do.Prepare(play_id=play_id, pieces=pieces, due_at=due_at):
                length_ms = sum(piece.duration_ms for piece in pieces)
                self._cues[play_id] = _Cue(play_id, length_ms, due_at, next(self._order))
                if not self.is_deaf_player:
                    self.later(self.prepare_ms, lambda: self._prepared(play_id))
            case do.Start(play_id=play_id, replaces=replaces):
                if not self.is_deaf_player:
                    self._let_go(self._cues[play_id], replaces=replaces)
            case do.Stop(play_id=play_id):
                if play_id in self._cues and not self.is_deaf_player:
                    self.later(0, lambda: self._end(play_id, ev.EndCause.STOPPED))

    def _prepared(self, play_id: str) -> ev.Event | None:
        if play_id not in self._cues:
            return None
        if self.fails_prepare is not None:
            del self._cues[play_id]
            return ev.PlayerEnded(play_id, 0, ev.EndCause.FAILED, self.fails_prepare)
        return ev.PlayerReady(play_id)

    def _let_go(self, cue: _Cue, *, replaces: bool) -> None:
        now = self.now
        wait_ms = 0
        if cue.due_at is not None:
            wait_ms = max(0, round((cue.due_at - now.wall) / timedelta(milliseconds=1)))
        for other in self._sounding():
            if replaces:
                self.later(wait_ms, lambda name=other.play_id: self._end(name, ev.EndCause.STOPPED))
            else:
                left = other.length_ms - (self.mono_ms - other.started.mono_ms)  # type: ignore[union-attr]
                wait_ms = max(wait_ms, left)
        cue.let_go_at = now.wall
        self.later(wait_ms, lambda: self._first_frame(cue.play_id))

    def _sounding(self) -> Iterator[_Cue]:
        return (cue for cue in list(self._cues.values()) if cue.started is not None)

    def _first_frame(self, play_id: str) -> ev.Event | None:
        cue = self._cues.get(play_id)
        if cue is None:
            return None
        if self.fails_prepare is not None:
            del self._cues[play_id]
            return ev.PlayerEnded(play_id, 0, ev.EndCause.FAILED, self.fails_prepare)
        assert not list(self._sounding()), "two things sound at once"
        assert cue.let_go_at is not None, "it sounds although it was not let go"
        started = cue.started = Heard(play_id, self.now.wall, self.mono_ms, cue.let_go_at)
        self.heard.append(started)
        error = None if cue.due_at is None else (started.started_at - cue.due_at).total_seconds()
        self.later(cue.length_ms, lambda: self._end(play_id, ev.EndCause.PLAYED))
        self.later(1000, lambda: self._progress(play_id))
        return ev.PlayerStarted(play_id, started.started_at, error and error * 1000)

    def _progress(self, play_id: str) -> ev.Event | None:
        cue = self._cues.get(play_id)
        if cue is None or cue.started is None:
            return None
        self.later(1000, lambda: self._progress(play_id))
        return ev.PlayerProgress(play_id, self.mono_ms - cue.started.mono_ms)

    def _end(self, play_id: str, cause: ev.EndCause) -> ev.Event | None:
        cue = self._cues.pop(play_id, None)
        if cue is None:
            return None
        played_ms = 0
        if cue.started is not None:
            played_ms = cue.started.played_ms = self.mono_ms - cue.started.mono_ms
        return ev.PlayerEnded(play_id, played_ms, cause)

    def _silence(self) -> None:
        for cue in self._sounding():
            assert cue.started is not None
            cue.started.played_ms = self.mono_ms - cue.started.mono_ms
        self._cues.clear()

    # --- what the tests look at -------------------------------------------------------------------

    def evidence(self, kind: type[Any]) -> list[Any]:
        """Every journal line of one kind."""
        lines = [entry.evidence for entry in self.store.entries]
        return [line for line in lines if isinstance(line, kind)]

    def outcomes(self) -> dict[str, tuple[Outcome, Reason | None]]:
        """What became of each slot; fails if one has two outcomes."""
        found: dict[str, tuple[Outcome, Reason | None]] = {}
        for line in self.evidence(wire.AsRunEntry):
            assert line.slot_id not in found, "two outcomes for one slot"
            found[line.slot_id] = (line.outcome, line.reason)
        return found

    def outcome(self, number: int) -> tuple[Outcome, Reason | None] | None:
        """What became of slot `number`."""
        return self.outcomes().get(slot_id(number))

    def heard_slots(self) -> list[str]:
        """The slots that sounded, in order."""
        return [play.slot_id for play in self.heard if not play.play_id.startswith("tone")]

    def last_beat(self) -> wire.Heartbeat:
        """The newest heartbeat that left the station."""
        return [message for message in self.sent if isinstance(message, wire.Heartbeat)][-1]

    def replies(self) -> list[wire.Reply]:
        """Every answer to an order."""
        return [message for message in self.sent if isinstance(message, wire.Reply)]


def online(*slots: wire.PlannedSlot, **options: Any) -> Rig:
    """A station that is up, connected, trusted, and holds a plan of these slots with its sound."""
    rig = Rig(**options).boot().connect()
    rig.tell(signed_plan(*slots))
    rig.run(3)
    return rig


def in_minutes(minutes: float) -> datetime:
    """An instant so many minutes after NOW (05:30 at the station)."""
    return build.NOW + timedelta(minutes=minutes)


URGENT = {"priority": Priority.PRIORITY}
