"""Who looks on: stations at their due instants, and whether what was promised came in time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from station_protocol.codec import Signed
from station_protocol.messages import EmergencyDeed, Order, PlannedSlot
from tests.simulation.ledger import Due, Heard, Promise, Shown
from tests.simulation.station import SimStation, as_slot
from tests.simulation.timeline import BEGINS_MS, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.simulation.world import World

DUE_AFTER_MS = 4 * SECOND
SETTLED_MS = 20 * SECOND
"""Nothing that could keep a slot from sounding happened for so long."""
BOOTED_MS = 90 * SECOND
TRUSTED_ERROR_MS = 900

EVIDENCE_MS = 15 * MINUTE
PLAN_MS = 2 * MINUTE
OUTBOX_MS = HOUR
FRESH_MS = 90 * SECOND


class Watch:
    """Takes samples for the ledger; changes nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since_ms = dict.fromkeys(world.stations, BEGINS_MS)
        """Since when nothing about a station's way to the centre has changed."""
        self._turn = dict.fromkeys(world.stations, 0)
        self._down_since_ms = dict.fromkeys(world.stations, BEGINS_MS)
        self.is_stormy = False
        """Whether messages may still arrive long after they were sent."""

    def begin(self) -> None:
        """Look at how the stations are shown, now and then."""
        self._world.at(self._world.rhythm.look_ms, self._look)

    # --- due slots --------------------------------------------------------------------------------

    def look_at_due(self, slot: PlannedSlot) -> None:
        """Four seconds after a slot's instant: does it sound where it can?"""
        for station in self._world.stations.values():
            held = station.held_slot(slot.slot_id)
            if held is not None and held.starts_at == slot.starts_at:
                self._note_due(station, held)

    def _note_due(self, station: SimStation, slot: PlannedSlot) -> None:
        ledger = self._world.ledger
        name, now_ms = station.station_id, self._world.now_ms()
        ledger.planned.setdefault(name, {})[slot.slot_id] = slot
        obstacle = self._obstacle(station, slot)
        ledger.due.append(Due(name, now_ms, slot, obstacle, self._sounding(name)))

    def look_at_emergency(self, station_id: str, signed: Signed[Order]) -> None:
        """Four seconds after a station took an order: it sounds, trusted clock and card or not."""
        world, deed = self._world, signed.message.deed
        station = world.stations[station_id]
        slot = as_slot(signed, "a" * 26, signed.message.issued_at)
        if slot is None or not isinstance(deed, EmergencyDeed):
            return
        obstacle = self._machine_trouble(station)
        if deed.until_at < world.centre.now + timedelta(seconds=10):
            obstacle = "over"
        sounding, order_id = self._sounding(station_id), signed.message.order_id
        now_ms = world.now_ms()
        world.ledger.due.append(
            Due(station_id, now_ms, slot, obstacle, sounding, deed.sequence, order_id)
        )

    def _sounding(self, station_id: str) -> Heard | None:
        for heard in reversed(self._world.ledger.heard[-200:]):
            if heard.station_id == station_id and heard.ended_ms is None:
                return heard
        return None

    def _has_just_ended(self, station_id: str) -> bool:
        """Whether something sounded here until a moment ago: the next is being prepared."""
        since_ms = self._world.now_ms() - SECOND
        return any(
            heard.station_id == station_id and (heard.ended_ms or 0) > since_ms
            for heard in self._world.ledger.heard[-50:]
        )

    def _obstacle(self, station: SimStation, slot: PlannedSlot) -> str | None:
        """Whether anything in this world could keep the slot from sounding at its instant."""
        trouble = self._machine_trouble(station)
        if trouble is not None:
            return trouble
        if self._has_just_ended(station.station_id):
            return "the air was taken"
        if station.disk.problem is not None or not station.is_saved:
            return "card"
        if any(item.sha256 not in station.disk.files for item in slot.items):
            return "no sound"
        if any(item.sha256 in station.disk.damaged for item in slot.items):
            return "bad sound"
        return self._rule_against(station, slot)

    def _machine_trouble(self, station: SimStation) -> str | None:
        now_ms = self._world.now_ms()
        if not station.is_running or now_ms - station.booted_ms < BOOTED_MS:
            return "not running"
        if now_ms - station.trouble_ms < SETTLED_MS or not station.has_device:
            return "something happened"
        return "player hangs" if station.player.is_silently_stuck else None

    def _rule_against(self, station: SimStation, slot: PlannedSlot) -> str | None:
        wall = station.knows_time()
        error_ms = station.clock.error_ms(self._world.now_ms())
        is_new = self._world.now_ms() - station.clock_trusted_ms < SETTLED_MS
        if wall is None or is_new or abs(error_ms) > TRUSTED_ERROR_MS:
            return "clock"
        record = station.disk.slots.get(slot.slot_id)
        if record is not None and record.state == "ended":
            return "over"
        if slot.cancelled or slot.slot_id in station.disk.memory.cancelled:
            return "cancelled"
        plan = station.disk.held_plan()
        if plan is None or plan.claims.not_after < wall + timedelta(minutes=1):
            return "plan expires"
        return None

    # --- promises ---------------------------------------------------------------------------------

    def changed(self, station_id: str) -> None:
        """Something about a station's way to the centre changed: promises count from now."""
        self._since_ms[station_id] = self._world.now_ms()
        self._turn[station_id] += 1
        turn = self._turn[station_id]
        self._world.at(1, lambda: self._promise(station_id, turn))

    def changed_plan(self, station_id: str) -> None:
        """A new plan was signed: it is promised within its time, if the way stays good."""
        if station_id in self._turn:
            turn = self._turn[station_id]
            self._world.at(PLAN_MS, lambda: self._plan_has_come(station_id, turn, None))

    def _is_good(self, station_id: str, turn: int) -> bool:
        station = self._world.stations[station_id]
        return (
            self._turn[station_id] == turn
            and station.is_running
            and station.disk.problem is None
            and self._world.network.is_well(station_id)
            and self._world.network.is_broker_up
            and self._world.centre.is_up
        )

    def _promise(self, station_id: str, turn: int) -> None:
        if not self._is_good(station_id, turn):
            return
        world, station = self._world, self._world.stations[station_id]
        head, wanted = station.disk.head(), world.centre.newest_plan(station_id)
        world.at(PLAN_MS, lambda: self._plan_has_come(station_id, turn, wanted))
        world.at(EVIDENCE_MS, lambda: self._evidence_has_come(station_id, turn, head))
        world.at(OUTBOX_MS, lambda: self._outbox_is_young(station_id, turn, head))

    def _plan_has_come(self, station_id: str, turn: int, wanted: tuple[int, int] | None) -> None:
        now_ms = self._world.now_ms()
        if not self._is_good(station_id, turn) or now_ms - self._since_ms[station_id] < PLAN_MS:
            return
        if self._world.network.is_plan_under_way(station_id):
            return  # published in bad weather, and still on its way when that was over
        if wanted is None:
            wanted = self._world.centre.newest_plan(station_id)
            if self._world.ledger.signed[station_id, *wanted].message.made_at > (
                self._world.centre.now - timedelta(milliseconds=PLAN_MS)
            ):
                return
        newest = self._world.ledger.signed[station_id, *wanted]
        if newest.claims.not_after < self._world.centre.now:
            return  # nobody takes a plan that has expired at the centre
        found = self._world.stations[station_id].held_version()
        self._keep("L2", station_id, PLAN_MS, wanted, found)

    def _evidence_has_come(self, station_id: str, turn: int, head: int) -> None:
        if self._is_good(station_id, turn):
            journal_id = self._world.stations[station_id].disk.journal_id
            whole = self._world.centre.whole_up_to(station_id, journal_id)
            self._keep("L1", station_id, EVIDENCE_MS, (head,), (whole,))

    def _outbox_is_young(self, station_id: str, turn: int, head: int) -> None:
        if self._is_good(station_id, turn):
            stored = self._world.stations[station_id].stored_up_to
            self._keep("L3", station_id, OUTBOX_MS, (head,), (stored,))

    def _keep(
        self,
        name: str,
        station_id: str,
        waited_ms: int,
        wanted: tuple[int, ...],
        found: tuple[int, ...],
    ) -> None:
        now_ms = self._world.now_ms()
        promise = Promise(name, station_id, now_ms - waited_ms, now_ms, wanted, found)
        self._world.ledger.promises.append(promise)

    # --- how stations are shown -------------------------------------------------------------------

    def went(self, station_id: str, *, is_running: bool) -> None:
        """An agent began or ended; once the time allowed has passed the board must show it."""
        now_ms = self._world.now_ms()
        if not is_running:
            self._down_since_ms[station_id] = now_ms
            self._world.at(FRESH_MS + SECOND, self._look_once)

    def _look(self) -> None:
        self._look_once()
        self._world.at(self._world.rhythm.look_ms, self._look)

    def _look_once(self) -> None:
        world = self._world
        if not world.centre.is_up:
            return
        now_ms = world.now_ms()
        for name, station in world.stations.items():
            state, word_ms = world.centre.shown(name)
            down_for_ms = (
                0 if station.is_running or self.is_stormy else now_ms - self._down_since_ms[name]
            )
            is_well = self._is_good(name, self._turn[name])
            well_for_ms = now_ms - self._since_ms[name] if is_well else 0
            shown = Shown(name, now_ms, state, word_ms, down_for_ms, well_for_ms)
            world.ledger.shown.append(shown)
