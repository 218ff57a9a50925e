"""One station: the real core in the real shell loop, on a machine that can die anywhere."""

from __future__ import annotations

import queue
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.agent import Agent
from station_agent.core.config import AgentConfig
from station_agent.core.moment import Moment
from station_agent.core.order_slot import OrderSlot
from station_agent.core.records import Intent
from station_agent.link.forwarder import next_batch
from station_agent.wiring.shell import Shell
from station_protocol.codec import Signed
from station_protocol.messages import (
    CancelDeed,
    DrillDeed,
    EmergencyDeed,
    HoursSpan,
    Order,
    PlannedSlot,
    Reply,
    StationLimits,
    StationPlan,
    StopDeed,
    UpMessage,
)
from station_protocol.vocabulary import Authority, Priority
from tests.simulation.clocks import StationClock
from tests.simulation.disk import Disk, Document, PowerCutError
from tests.simulation.ledger import Floors, Heard, Obeyed, Queued, Span, TakenBack
from tests.simulation.network import Parcel
from tests.simulation.scenario import Nature, Rhythm
from tests.simulation.sound import SimPlayer
from tests.simulation.timeline import MINUTE, SECOND, START

CHECK_MS = 30
KEEP_MS = 30
INTENT_WAIT_MS = 200
PROBE_MS = 8
PLENTY_BYTES = 8_000_000_000
NO_TIME = 10**15


class Ground(Protocol):
    """The world a station stands in."""

    rhythm: Rhythm
    calm_ms: int

    def now_ms(self) -> int:
        """The true time."""

    def at(self, ms: int, deed: Callable[[], None]) -> None:
        """Have something happen `ms` from now."""

    def happened(self, station_id: str, event: ev.Event) -> None:
        """Note an event for trace and fingerprint."""

    def up(self, station_id: str, message: UpMessage) -> None:
        """Publish as this station."""

    def runs(self, station_id: str, *, is_running: bool) -> None:
        """The agent began or ended."""

    def can_fetch(self, station_id: str) -> bool:
        """Whether sound can come now."""

    def heard(self, heard: Heard) -> None:
        """Write down what sounds."""

    def queued(self, queued: Queued) -> None:
        """Write down what waits behind another play."""

    def taken_back(self, taken: TakenBack) -> None:
        """Write down that the station knows it must be silent."""

    def obeyed(self, obeyed: Obeyed) -> None:
        """Write down that an order was obeyed."""

    def order_signed(self, order_id: str) -> Signed[Order] | None:
        """An order as the centre gave it."""

    def emergency_taken(self, station_id: str, order: Signed[Order]) -> None:
        """A station said yes to an emergency: it is looked at soon."""

    def floors(self, floors: Floors) -> None:
        """Write down what must never go down."""

    def lived(self, span: Span) -> None:
        """Write down a run that ended."""


def _limits(station_id: str) -> StationLimits:
    return StationLimits(
        station_id=station_id,
        hours=(HoursSpan(opens_min=300, closes_min=1260),),
        max_length_ms=45 * MINUTE,
        volume_ceiling_percent=80,
    )


def _named(plan: Signed[StationPlan] | None, slot_id: str) -> PlannedSlot | None:
    slots = plan.message.slots if plan else ()
    return next((slot for slot in slots if slot.slot_id == slot_id), None)


def as_slot(signed: Signed[Order], slot_id: str, at: datetime) -> PlannedSlot | None:
    """An airing of an order, with the standing its signed words give it."""
    deed = signed.message.deed
    if not isinstance(deed, EmergencyDeed | DrillDeed):
        return None
    is_emergency = isinstance(deed, EmergencyDeed)
    return PlannedSlot(
        slot_id=slot_id,
        revision=1,
        starts_at=at,
        duration_ms=0,
        lateness_s=86_400,
        priority=Priority.EMERGENCY if is_emergency else Priority.ORDINARY,
        authority=deed.authority if is_emergency else Authority.COMMUNE,
        title=deed.title,
        items=(),
    )


class _Parts:
    """What the shell drives, in place of station_agent.wiring.parts.Parts."""

    def __init__(self, station: SimStation) -> None:
        self._station = station

    def persist(self, effect: do.Persist) -> ev.PersistFailed | None:
        """Onto the card; may die in between."""
        station = self._station
        station.may_die()
        failed = station.disk.persist(effect)
        station.is_refused = failed is not None
        if failed is None:
            station.wrote(effect)
        return failed

    def carry_out(  # noqa: C901 - one flat case for each kind of effect
        self, effect: do.Effect
    ) -> None:
        """Anything else; may die before it."""
        station = self._station
        station.may_die()
        match effect:
            case do.Prepare():
                station.player.prepare(effect)
            case do.Start(play_id=play_id, replaces=replaces):
                station.player.start(play_id, replaces=replaces)
            case do.Stop(play_id=play_id, fade_ms=fade_ms):
                station.player.stop(play_id, fade_ms)
            case do.Send(message=message):
                station.says(message)
            case do.WriteMark(mark=mark):
                if not station.disk.write_mark(mark):
                    station.player.mark_refused()
                station.noted_floors(marked_at=station.knows_time())
            case do.WriteIntent(intent=intent):
                station.write_intent(intent)
            case do.KeepSound(sha256=sha256, data=data):
                station.later(KEEP_MS, lambda: station.keep(sha256, len(data)))
            case do.ForwardJournal():
                station.forward(effect)
            case do.ConfirmJournal(up_to=up_to):
                station.disk.confirm(up_to)
            case do.Fetch(sha256=sha256, size_bytes=size_bytes):
                station.fetch(sha256, size_bytes)
            case do.CancelFetch():
                station.fetching = ""
            case do.CheckAsset(sha256=sha256):
                station.later(CHECK_MS, lambda: station.check(sha256))
            case do.Probe():
                station.probe()
            case _:
                """Volume, amplifier, cache: nothing of this world depends on them."""


class SimStation:
    """Machine, card, clock, player and, while it runs, the agent."""

    def __init__(
        self, nature: Nature, seed: int, documents: dict[bytes, Document], ground: Ground
    ) -> None:
        self.station_id = nature.station_id
        self.nature = nature
        self.ground = ground
        self.dice = random.Random(f"{seed} station {nature.station_id}")
        self.clock = StationClock(
            ppm=nature.ppm, offset_ms=nature.offset_ms, has_battery=nature.has_battery
        )
        self.disk = Disk(
            random.Random(f"{seed} disk {nature.station_id}"),
            documents,
            self.may_die,
            f"journal-{nature.station_id}",
        )
        self.agent: Agent | None = None
        self.has_device = True
        self.fetching = ""
        self.clock_trusted_ms = 0
        """When it last began or ceased to believe its clock."""
        self._trusts_clock = False
        self.trouble_ms = 0
        """When something last happened that may keep a slot from sounding."""
        self.rules_since_ms = 0
        self.booted_ms = 0
        self._marked_at: datetime | None = None
        self._stops: set[str] = set()
        self.is_refused = False
        """Whether the card refused the last write."""
        self._unwritten: list[Heard] = []
        self.down_since_ms = 0
        self._orders: dict[str, Signed[Order]] = {}
        self._run = 0
        self._machine = 1
        self._wake_ms = self._bell_ms = NO_TIME
        self._dies_in: int | None = None
        self._dies_at_start = self._dies_at_order = False
        self._pressed_in_ms: int | None = None
        self._how: tuple[int, bool] = (0, False)
        self._probed: tuple[int, int, ev.StorageProblem | None] | None = None

    # --- life -------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the agent runs."""
        return self.agent is not None

    @property
    def stored_up_to(self) -> int:
        """Up to which line the agent knows its evidence stored; a card may not have taken it."""
        return self.disk.stored_up_to if self.agent is None else self.agent.reporter.stored_up_to

    @property
    def run_id(self) -> str:
        """The boot id."""
        return f"boot-{self._run}"

    def boot(self) -> None:
        """Start the agent on what the card has."""
        self._run += 1
        self._dies_in = None
        self._dies_at_start = self._dies_at_order = False
        self._orders.clear()
        self.fetching = ""
        rhythm = self.ground.rhythm
        config = AgentConfig(
            station_id=self.station_id,
            boot_id=self.run_id,
            journal_id=self.disk.journal_id,
            limits=_limits(self.station_id),
            machine_boot_id=f"machine-{self._machine}",
            beat_ms=rhythm.beat_ms,
            mark_ms=rhythm.mark_ms,
            progress_mark_ms=rhythm.progress_mark_ms,
            retry_ms=rhythm.retry_ms,
        )
        self.player = SimPlayer(self, rhythm.progress_ms, has_device=self.has_device)
        restored = self.disk.restored()
        self._marked_at = restored.mark.latest_at if restored.mark else None
        self.agent = Agent(config, restored, self.now())
        self.shell = Shell(
            self.agent,
            _Parts(self),  # type: ignore[arg-type]
            queue.SimpleQueue(),
            now=self.now,
            first_moment_s=0,
        )
        self.booted_ms = self.trouble_ms = self.true_now()
        self._wake_ms = self._bell_ms = NO_TIME
        self.tell(ev.Booted(kernel_synchronised=self.clock.is_synchronised))
        if self.agent is not None:
            self.ground.runs(self.station_id, is_running=True)

    def may_die(self) -> None:
        """Power can go before any effect and before any sync."""
        if self._dies_in is None:
            return
        self._dies_in -= 1
        if self._dies_in <= 0:
            self._dies_in = None
            raise PowerCutError

    def doom(self, when: str, *, off_ms: int, power: bool, in_effects: int = 0) -> None:
        """Die: now, among coming effects, or around the next start of a play or order."""
        if self.agent is None:
            return
        self._how = (off_ms, power)
        if when == "at start":
            self._dies_at_start = True
        elif when == "at order":
            self._dies_at_order = True
        elif when == "among effects":
            self._dies_in = in_effects
        else:
            self._die()

    def spare(self) -> None:
        """The last hours of a world are calm: nothing that was to strike still strikes."""
        self._dies_in = None
        self._dies_at_start = self._dies_at_order = False

    def _die(self) -> None:
        off_ms, power = self._how
        off_ms = min(off_ms, max(5 * SECOND, self.ground.calm_ms - self.true_now()))
        self.player.fall_silent()
        self.disk.lose_power()
        self._ended()
        cut_ms = self.true_now()
        self.ground.at(off_ms, lambda: self._return(cut_ms, power=power))

    def _ended(self) -> None:
        now_ms = self.true_now()
        error_ms = self.clock.error_ms(now_ms)
        run = Span(self.station_id, self.run_id, self.booted_ms, now_ms, error_ms)
        self.ground.lived(run)
        for heard in self._unwritten:
            heard.is_unwritten = True
        self._unwritten.clear()
        self.is_refused = False
        self.agent = None
        self._run += 1
        self.down_since_ms = now_ms
        self.ground.runs(self.station_id, is_running=False)

    def _return(self, cut_ms: int, *, power: bool) -> None:
        if self.agent is not None:
            return
        if power:
            self._machine += 1
            self.clock.power_on(cut_ms, self.true_now())
        self.boot()

    def end_in_order(self, off_ms: int) -> None:
        """TERM, and back later."""
        if self.agent is None:
            return
        self._how = (off_ms, False)
        self.tell(ev.Stopping())
        if self.agent is not None:
            self._die()

    def close(self) -> None:
        """The world ends."""
        if self.agent is not None:
            now_ms = self.true_now()
            error_ms = self.clock.error_ms(now_ms)
            self.ground.lived(Span(self.station_id, self.run_id, self.booted_ms, now_ms, error_ms))

    # --- events -----------------------------------------------------------------------------------

    def true_now(self) -> int:
        """The true time."""
        return self.ground.now_ms()

    def own_wall_ms(self) -> int:
        """What the wall clock shows."""
        return self.clock.wall_ms(self.true_now())

    def now(self) -> Moment:
        """Both clocks."""
        return self.clock.now(self.ground.now_ms())

    def tell(self, event: ev.Event) -> None:
        """Give the core one event, carry out what follows, plan the next wake."""
        if self.agent is None:
            return
        self.ground.happened(self.station_id, event)
        try:
            self.shell.handle(event)
        except PowerCutError:
            self._die()
            return
        if self.agent.station.clock.is_trusted is not self._trusts_clock:
            self._trusts_clock = not self._trusts_clock
            self.clock_trusted_ms = self.true_now()
        self.plan_wake()

    def plan_wake(self) -> None:
        """Work out anew, by the clock as it is now, when to wake the core."""
        if self.agent is None:
            return
        now_ms = self.ground.now_ms()
        wait_s = self.agent.next_deadline().wait_s(self.clock.now(now_ms))
        if wait_s is None:
            return
        self._wake_ms = now_ms + max(1, self.clock.true_ms(wait_s * 1000))
        if self._wake_ms < self._bell_ms:
            self._set_bell(now_ms)

    def _set_bell(self, now_ms: int) -> None:
        """One bell rings at a time; when it was meant for something that is later now, it waits."""
        bell_ms = self._bell_ms = self._wake_ms
        run = self._run
        self.ground.at(bell_ms - now_ms, lambda: self._ring(run, bell_ms))

    def _ring(self, run: int, bell_ms: int) -> None:
        if run != self._run or bell_ms != self._bell_ms:
            return
        self._bell_ms = NO_TIME
        if self._wake_ms > bell_ms:
            self._set_bell(bell_ms)
        else:
            self.tell(ev.Woke())

    def later(self, ms: int, make: Callable[[], ev.Event | None]) -> None:
        """Have something happen in this run, `ms` from now."""
        run = self._run

        def deed() -> None:
            if run != self._run:
                return
            event = make()
            if event is not None:
                self.tell(event)

        self.ground.at(ms, deed)

    def receive(self, parcel: Parcel) -> None:
        """A message, opened and found genuine."""
        match parcel.kind:
            case "plan":
                self.tell(ev.PlanReceived(parcel.signed, parcel.raw))
            case "limits":
                self.tell(ev.LimitsReceived(parcel.signed, parcel.raw))
            case "order":
                order_id = parcel.signed.message.order_id
                self._orders[order_id] = parcel.signed
                if any(seen.order_id == order_id for seen in self.disk.memory.orders):
                    self._stops.add(order_id)  # it was obeyed before power went, and not answered
                if self._dies_at_order:
                    self._dies_at_order = False
                    self._dies_in = self.dice.randint(1, 4)
                self.tell(ev.OrderReceived(parcel.signed))
            case "ack":
                self.tell(ev.AckReceived(parcel.signed))

    # --- what the shell asks for ------------------------------------------------------------------

    def says(self, message: UpMessage) -> None:
        """Send; an accepted order to be silent is a promise."""
        if isinstance(message, Reply) and message.accepted:
            self._obeys(self._orders[message.order_id])
        self.ground.up(self.station_id, message)

    def _obeys(self, order: Signed[Order]) -> None:
        message, deed = order.message, order.message.deed
        known = message.order_id in {
            *(seen.order_id for seen in self.disk.memory.orders),
            *(intent.order.order_id for intent in self.disk.intents),
        }
        until_at = order.claims.not_after
        now_ms, least = self.true_now(), self._time_at_least()
        obeyed = Obeyed(self.station_id, now_ms, message.order_id, until_at, known, least)
        self.ground.obeyed(obeyed)
        if isinstance(deed, CancelDeed):
            self._take_back(deed.slot_id, for_ever=True, how="order")
        elif isinstance(deed, StopDeed) and deed.order_id is not None:
            self._end_order(deed.order_id, "stop")
        elif isinstance(deed, StopDeed):
            if message.order_id not in self._stops:  # again: answered, no second effect
                self._take_back(deed.slot_id, for_ever=False, how="stop")
            self._stops.add(message.order_id)
        elif isinstance(deed, EmergencyDeed):
            for other in deed.replaces:
                self._end_order(other, "correction")
            self.ground.emergency_taken(self.station_id, order)

    def _time_at_least(self) -> datetime | None:
        """What a station can know of the time that was not told it since it began."""
        if self.agent is None or self.agent.station.clock.estimate(self.now()) is not None:
            return None
        passed = timedelta(milliseconds=self.true_now() - self.booted_ms)
        return (self._marked_at or START) + passed

    def _end_order(self, order_id: str, how: str) -> None:
        taken = TakenBack(self.station_id, None, self.true_now(), True, how, order_id)
        self.ground.taken_back(taken)

    def _take_back(self, slot_id: str | None, *, for_ever: bool, how: str) -> None:
        self.trouble_ms = self.true_now()
        taken = TakenBack(self.station_id, slot_id, self.true_now(), for_ever, how)
        self.ground.taken_back(taken)

    def wrote(self, effect: do.Persist) -> None:
        """A write is durable: a plan on the card is a promise too."""
        self._unwritten.clear()
        if effect.plan is not None or effect.limits is not None:
            self.trouble_ms = self.rules_since_ms = self.true_now()
        if effect.plan is not None:
            plan = self.disk.held_plan()
            for slot in plan.message.slots if plan else ():
                if slot.cancelled:
                    self._take_back(slot.slot_id, for_ever=True, how="plan")
        if effect.memory is not None:
            self.noted_floors()
        if self._dies_at_start and any(record.state == "started" for record in effect.slots):
            self._dies_at_start = False
            self._dies_in = self.dice.randint(1, 4)

    def noted_floors(self, marked_at: datetime | None = None) -> None:
        """What the card holds now must never be less."""
        mark, now_ms = self.disk.mark(), self.true_now()
        if self.disk.problem is not None:
            marked_at = None
        latest_at = mark.latest_at if mark else None
        memory, plan = self.disk.memory, self.held_version()
        self.ground.floors(Floors(self.station_id, now_ms, memory, plan, latest_at, marked_at))

    def held_version(self) -> tuple[int, int]:
        """Epoch and version of the plan on the card."""
        plan = self.disk.held_plan()
        return (plan.claims.epoch, plan.claims.version) if plan else (0, 0)

    def forward(self, effect: do.ForwardJournal) -> None:
        """The oldest lines the centre has not confirmed."""
        batch = next_batch(
            self._as_journal(),
            after_no=effect.after_no,
            station_id=self.station_id,
            boot_id=effect.boot_id,
            sent_mono_ms=effect.sent_mono_ms,
        )
        if batch is not None:
            self.ground.up(self.station_id, batch)

    def _as_journal(self) -> _JournalOf:
        return _JournalOf(self.disk)

    def fetch(self, sha256: str, size_bytes: int) -> None:
        """Get a sound; how it ends is seen when it should be here."""
        self.fetching = sha256
        self.later(self.nature.fetch_ms, lambda: self._fetched(sha256, size_bytes))

    def _fetched(self, sha256: str, size_bytes: int) -> ev.Event | None:
        if self.fetching != sha256:
            return None
        self.fetching = ""
        if not self.ground.can_fetch(self.station_id):
            return ev.FetchFailed(sha256, ev.FetchProblem.NETWORK)
        if self.disk.problem is not None:
            return ev.FetchFailed(sha256, ev.FetchProblem.DISK_FULL)
        self.trouble_ms = self.true_now()
        self.disk.keep_file(sha256, size_bytes)
        return ev.AssetHeld(sha256, size_bytes)

    def write_intent(self, intent: Intent) -> None:
        """An emergency waits 200 ms for the card and then sounds all the same."""
        if not self.disk.write_intent(intent):
            lost = ev.IntentNotDurable(intent.slot_id, "card")
            self.later(INTENT_WAIT_MS, lambda: lost)

    def keep(self, sha256: str, size_bytes: int) -> ev.Event | None:
        """Words that came with an order."""
        if self.disk.problem is not None:
            return None
        self.disk.keep_file(sha256, size_bytes)
        return ev.AssetHeld(sha256, size_bytes)

    def check(self, sha256: str) -> ev.AssetChecked:
        """Hash a file again."""
        if sha256 in self.disk.damaged:
            self.disk.set_aside(sha256)
            return ev.AssetChecked(sha256, "file_corrupt")
        return ev.AssetChecked(sha256, None if sha256 in self.disk.files else "file_missing")

    def probe(self) -> None:
        """Say what the machine says of itself, where it is new in this run.

        A clock that network time keeps says so again each hour. The same word twice a minute would
        be two fifths of what a world of real beats costs, and changes nothing.
        """
        as_before = (self._run, self.clock.since_ms, self.disk.problem)
        if as_before != self._probed:
            self._probed = as_before
            self.later(PROBE_MS, self.probes)

    def probes(self) -> ev.ProbesRead:
        """What the machine says of itself."""
        full = self.disk.problem is ev.StorageProblem.DISK_FULL
        return ev.ProbesRead(
            disk_free_bytes=1_000_000 if full else PLENTY_BYTES,
            kernel_synchronised=self.clock.is_synchronised,
        )

    # --- what the player tells the ledger ---------------------------------------------------------

    def is_intent_durable(self, play_id: str) -> bool:
        """Whether the card says that this play was to start."""
        name = play_id.rsplit("-", 1)[0]
        record = self.disk.slots.get(name)
        if name == "tone" or any(intent.slot_id == name for intent in self.disk.intents):
            return True
        is_order = isinstance(self._slot_of(play_id), OrderSlot)
        if is_order and self.disk.problem is not None:
            return True  # an emergency that a broken card cannot note sounds all the same
        return record is not None and record.state == "started"

    def _slot_of(self, play_id: str) -> PlannedSlot | None:
        """What the core says it plays: looked up for its order only, which is then checked."""
        play = self.agent.playout.plays.get(play_id) if self.agent else None
        return play.slot if play else None

    def _order_of(self, play_id: str) -> Signed[Order] | None:
        slot = self._slot_of(play_id)
        if not isinstance(slot, OrderSlot):
            return None
        return self.ground.order_signed(slot.order_id)

    def first_frame(self, play_id: str, pieces: tuple[str, ...], *, intent: bool) -> Heard:
        """A play sounds: kept with all that the card says about it."""
        name = play_id.rsplit("-", 1)[0]
        slot_id = None if name == "tone" else name
        assert self.agent is not None
        plan, limits = self.agent.station.plan, self.disk.held_limits()
        now_ms = self.true_now()
        heard = Heard(
            station_id=self.station_id,
            run=self.run_id,
            play_id=play_id,
            slot_id=slot_id,
            pieces=pieces,
            started_ms=now_ms,
            started_wall=self.now().wall,
            clock_error_ms=self.clock.error_ms(now_ms),
            slot=_named(plan, name) or self._slot_ordered(play_id),
            order=self._order_of(play_id),
            plan=plan,
            limits=limits.message if limits else _limits(self.station_id),
            rules_since_ms=self.rules_since_ms,
            is_intent_durable=intent,
            at_least=self._time_at_least(),
        )
        self.ground.heard(heard)
        if self._pressed_in_ms is not None:
            self.later(self._pressed_in_ms, self._press_stop)
            self._pressed_in_ms = None
        if self.is_refused:
            self._unwritten.append(heard)
        return heard

    def press_at_next_sound(self, after_ms: int) -> None:
        """Have the stop button pressed so long after the next first frame."""
        self._pressed_in_ms = after_ms

    def _press_stop(self) -> ev.StopPressed:
        self._take_back(None, for_ever=False, how="stop button")
        return ev.StopPressed()

    def queued(self, queued: Queued) -> None:
        """A play has to wait for another."""
        self.ground.queued(queued)

    def _slot_ordered(self, play_id: str) -> PlannedSlot | None:
        slot, signed = self._slot_of(play_id), self._order_of(play_id)
        if slot is None or signed is None:
            return None
        return as_slot(signed, slot.slot_id, self.now().wall)

    def has_trouble(self) -> None:
        """Something is wrong just now: what does not sound soon may have a reason."""
        self.trouble_ms = self.true_now()

    def held_slot(self, slot_id: str) -> PlannedSlot | None:
        """A slot as the plan on the card has it."""
        return _named(self.disk.held_plan(), slot_id)

    @property
    def is_saved(self) -> bool:
        """Whether the card has everything the agent knows, its plan among that."""
        return self.agent is None or self.agent.durability.unsaved is None

    def knows_time(self) -> datetime | None:
        """The station's own time, if it believes it."""
        if self.agent is None or not self.agent.station.clock.is_trusted:
            return None
        return self.now().wall


class _JournalOf:
    """The card's journal as the forwarder reads it."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.read = disk.read

    def journal_id(self) -> str:
        """The id of the file."""
        return self._disk.journal_id
