"""A whole province in one heap of events: nothing waits, nothing is measured by a real clock."""

from __future__ import annotations

import heapq
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from station_agent.core import events as ev
from station_protocol.codec import Signed
from station_protocol.messages import Order, PlannedSlot, StationLimits, StationPlan, UpMessage
from tests.simulation.book import Book
from tests.simulation.centre import Centre
from tests.simulation.disk import Document
from tests.simulation.ledger import Floors, Heard, Ledger, Obeyed, Queued, Span, TakenBack
from tests.simulation.misfortune import Misfortune
from tests.simulation.network import Network, Parcel
from tests.simulation.operators import Operators, first_light
from tests.simulation.scenario import Scenario
from tests.simulation.station import SimStation
from tests.simulation.timeline import BEGINS_MS, HOUR, MINUTE, ms_of
from tests.simulation.watch import DUE_AFTER_MS, Watch

RECONCILE_MS = 10 * MINUTE
REFRESH_MS = 3 * HOUR
BACKUP_MS = 3 * HOUR


@dataclass
class World:
    """One scenario, running. `keeps_trace`: for a seed that failed."""

    scenario: Scenario
    keeps_trace: bool = False
    ledger: Ledger = field(init=False)
    documents: dict[bytes, Document] = field(default_factory=dict)
    taped: list[tuple[str, Parcel]] = field(default_factory=list)
    """What anybody listening at the broker could send again later."""
    _heap: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    _now_ms: int = BEGINS_MS

    def __post_init__(self) -> None:
        scenario = self.scenario
        rhythm = self.rhythm = scenario.rhythm
        self.ledger = Ledger(
            scenario.seed, beat_ms=rhythm.beat_ms, uncounted_ms=rhythm.uncounted_ms
        )
        self.calm_ms = scenario.calm_ms
        names = tuple(nature.station_id for nature in scenario.stations)
        self.network = Network(self, names, scenario.seed)
        self.stations = {
            nature.station_id: SimStation(nature, scenario.seed, self.documents, self)
            for nature in scenario.stations
        }
        self.centre = Centre(self, names, scenario.plan_days, scenario.plan_valid_ms, Book(epoch=0))
        self.operators = Operators(self.centre, scenario.seed, self._ordered_tone, self.at)
        self.watch = Watch(self)
        self.misfortune = Misfortune(self, random.Random(f"misfortune {scenario.seed}"))
        self._taken: set[tuple[str, str]] = set()
        self._taper = random.Random(f"tape {scenario.seed}")

    # --- time -------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """The true time."""
        return self._now_ms

    def at(self, ms: int, deed: Callable[[], None]) -> None:
        """Have something happen `ms` from now."""
        self._count += 1
        heapq.heappush(self._heap, (self._now_ms + ms, self._count, deed))

    def run(self) -> Ledger:
        """From the first morning to the end; what the ledger holds then is all there is."""
        first_light(self.centre)
        for number, station in enumerate(self.stations.values()):
            self.at(number * 700, station.boot)
            self.at(self.calm_ms - BEGINS_MS, station.spare)
        for deed in self.scenario.deeds:
            self.at(deed.at_ms - BEGINS_MS, lambda deed=deed: self.operators.do(deed))
        for fault in self.scenario.faults:
            self.at(fault.at_ms - BEGINS_MS, lambda fault=fault: self.misfortune.strike(fault))
        self._repeat(RECONCILE_MS, self._reconcile)
        self._repeat(REFRESH_MS, self._refresh)
        self._repeat(HOUR, self.misfortune.network_time)
        if any(fault.kind == "backup_restored" for fault in self.scenario.faults):
            self._repeat(BACKUP_MS, self._back_up)
        self.watch.begin()
        self._pass_until(self.scenario.ends_ms)
        return self._close()

    def _repeat(self, every_ms: int, deed: Callable[[], None]) -> None:
        def again() -> None:
            deed()
            self.at(every_ms, again)

        self.at(every_ms, again)

    def _pass_until(self, end_ms: int) -> None:
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= end_ms:
            self._now_ms, _, deed = pop(heap)
            deed()
        self._now_ms = end_ms

    def _close(self) -> Ledger:
        ledger = self.ledger
        for name, station in self.stations.items():
            station.close()
            ledger.journals[name] = station.disk.entries
        ledger.ended_ms = self._now_ms
        ledger.results = self.centre.book.results
        ledger.changes = list(self.centre.book.changes)
        self._print(f"{ledger.results} {[play.until_ms for play in ledger.heard]}")
        return ledger

    def _reconcile(self) -> None:
        if self.centre.is_up:
            self.centre.reconcile()

    def _refresh(self) -> None:
        if self.centre.is_up:
            self.centre.refresh()

    def _back_up(self) -> None:
        if self.centre.is_up:
            self.centre.back_up()

    # --- what stations and centre do --------------------------------------------------------------

    def up(self, station_id: str, message: UpMessage) -> None:
        """A station publishes."""
        self.network.up(station_id, message)

    def send(self, station_id: str, parcel: Parcel, *, retain: bool = False) -> None:
        """The centre publishes."""
        if self._taper.random() < (0.02 if parcel.kind == "ack" else 0.5):
            self.taped.append((station_id, parcel))
        self.network.down(station_id, parcel, retain=retain)

    def to_centre(self, station_id: str, message: UpMessage) -> None:
        """A message arrives at the centre, or at nobody."""
        if self.centre.is_up:
            self.centre.take_in(station_id, message)

    def to_station(self, station_id: str, parcel: Parcel) -> None:
        """A message arrives at a station."""
        self.stations[station_id].receive(parcel)

    def linked(self, station_id: str, *, is_up: bool) -> None:
        """A connection came or went."""
        self.watch.changed(station_id)
        self.stations[station_id].tell(ev.LinkUp() if is_up else ev.LinkDown("cut"))

    def runs(self, station_id: str, *, is_running: bool) -> None:
        """An agent began or ended."""
        self.watch.changed(station_id)
        self.watch.went(station_id, is_running=is_running)
        self.network.station_runs(station_id, is_running=is_running)

    def broker_was_restarted(self) -> None:
        """The centre gives the broker again what it should keep."""
        if self.centre.is_up:
            self.centre.publish_retained()

    def can_fetch(self, station_id: str) -> bool:
        """Whether sound can come: it does not need the broker."""
        return self.network.lines[station_id].is_good and self.centre.is_up

    # --- what is written down ---------------------------------------------------------------------

    def happened(self, station_id: str, event: ev.Event) -> None:
        """An event reaches a core."""
        self._print(f"{self._now_ms} {station_id} {type(event).__name__}")
        if self.keeps_trace and not isinstance(event, ev.Woke | ev.ProbesRead):
            self.ledger.trace.append((self._now_ms, station_id, _spelled(event)))

    def note(self, where: str, what: str) -> None:
        """A line for the trace."""
        if self.keeps_trace:
            self.ledger.trace.append((self._now_ms, where, what))

    def _print(self, text: str) -> None:
        self.ledger.fingerprint = zlib.crc32(text.encode(), self.ledger.fingerprint)

    def heard(self, heard: Heard) -> None:
        """A first frame."""
        self.ledger.heard.append(heard)
        self.note(heard.station_id, f"SOUNDS {heard.play_id}")

    def queued(self, queued: Queued) -> None:
        """A play waits behind another."""
        self.ledger.queued.append(queued)

    def taken_back(self, taken: TakenBack) -> None:
        """A station knows that it must be silent; the first time counts."""
        key = (taken.station_id, taken.slot_id or taken.order_id or "")
        if not taken.for_ever or key not in self._taken:
            self.ledger.taken_back.append(taken)
        if taken.for_ever:
            self._taken.add(key)

    def obeyed(self, obeyed: Obeyed) -> None:
        """A station said yes."""
        self.ledger.obeyed.append(obeyed)

    def floors(self, floors: Floors) -> None:
        """What a card holds that must never be less."""
        self.ledger.floors.append(floors)

    def lived(self, span: Span) -> None:
        """A run that ended."""
        self.ledger.alive.append(span)

    def signed_plan(self, signed: Signed[StationPlan], raw: bytes) -> None:
        """A plan that exists from now on."""
        claims = signed.claims
        self.documents[raw] = signed
        self.ledger.signed[claims.audience, claims.epoch, claims.version] = signed
        self.note("centre", f"signed plan {raw!r}")
        self.watch.changed_plan(claims.audience)

    def signed_order(self, signed: Signed[Order], station_ids: tuple[str, ...]) -> None:
        """An order that exists from now on."""
        self.ledger.orders[signed.message.order_id] = (signed, station_ids)
        self.note("centre", f"ordered {signed.message.deed!r} {station_ids}"[:300])

    def order_signed(self, order_id: str) -> Signed[Order] | None:
        """An order as the centre gave it."""
        found = self.ledger.orders.get(order_id)
        return found[0] if found else None

    def emergency_taken(self, station_id: str, order: Signed[Order]) -> None:
        """A station said yes to an emergency."""
        self.at(DUE_AFTER_MS, lambda: self.watch.look_at_emergency(station_id, order))

    def signed_limits(self, signed: Signed[StationLimits], raw: bytes) -> None:
        """Limits that exist from now on."""
        self.documents[raw] = signed

    def planned(self, slot: PlannedSlot) -> None:
        """A slot is due at an instant: every station is looked at then."""
        wait_ms = ms_of(slot.starts_at) - self._now_ms + DUE_AFTER_MS
        if wait_ms >= 0 and ms_of(slot.starts_at) < self.scenario.ends_ms:
            self.at(wait_ms, lambda: self.watch.look_at_due(slot))

    def _ordered_tone(self, station_id: str) -> None:
        self.ledger.tones[station_id] = self.ledger.tones.get(station_id, 0) + 1


def _spelled(event: ev.Event) -> str:
    """An event on one line."""
    if isinstance(event, ev.PlanReceived | ev.LimitsReceived):
        return f"{type(event).__name__} {event.raw.decode()}"
    if isinstance(event, ev.AckReceived):
        ack = event.signed.message
        return f"AckReceived to {ack.answers}, stored up to {ack.stored_up_to}"
    if isinstance(event, ev.OrderReceived):
        return f"OrderReceived {event.signed.message.deed!r}"
    return repr(event)[:200]


def run(scenario: Scenario, *, keeps_trace: bool = False) -> Ledger:
    """The ledger of a world from beginning to end."""
    return World(scenario, keeps_trace=keeps_trace).run()
