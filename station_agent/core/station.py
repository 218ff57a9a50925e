"""What a station knows at this moment: the one state that all rules of the core look at."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from station_agent.core.clock_trust import ClockTrust
from station_agent.core.config import AgentConfig
from station_agent.core.moment import Moment
from station_agent.core.order_slot import OrderSlot
from station_agent.core.outcomes import Sounded, Verdict, as_run, planned_ms
from station_agent.core.records import ActiveOrder, Memory, ScrubMark, SlotRecord
from station_agent.core.trace import Standing, Trace
from station_agent.core.turn import Turn
from station_protocol.codec import Signed
from station_protocol.messages import PlannedSlot, StationLimits, StationPlan

LEDGER_KEPT_FOR = timedelta(days=40)
"""Longer than a plan reaches back and than an unknown outcome can still be corrected (35 days)."""

ALERTS_NEEDED_AT = datetime(9999, 1, 1, tzinfo=UTC)
"""Nobody knows when a prepared alert will be needed: it is fetched after what is planned."""


def closes_at(slot: PlannedSlot) -> datetime:
    """The last instant at which this slot may still begin."""
    return slot.starts_at + timedelta(seconds=slot.lateness_s)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sound that will be needed; `needed_at` None: at once."""

    sha256: str
    size_bytes: int
    needed_at: datetime | None = None


@dataclass(slots=True)
class Station:
    """State, and the few changes to it that must never be made in two ways."""

    config: AgentConfig
    clock: ClockTrust
    memory: Memory
    plan: Signed[StationPlan] | None
    limits: Signed[StationLimits] | None
    ledger: dict[str, SlotRecord]
    held: dict[str, int]
    pending: list[PlannedSlot] = field(default_factory=list)
    """Slots of the plan neither started nor ended here, by start; a new list at each change."""
    urgent: list[OrderSlot] = field(default_factory=list)
    """Airings of orders that are due and neither started nor ended; any plan's slots wait."""
    words: dict[str, bytes] = field(default_factory=dict)
    """Sounds that came inside an order of this run, by SHA-256."""
    _required: tuple[list[PlannedSlot], tuple[ActiveOrder, ...], dict[str, Wanted]] | None = None
    damaged: set[str] = field(default_factory=set)
    """Sounds whose file was bad and has not come again."""
    refused: Counter[str] = field(default_factory=Counter)
    is_connected: bool = False
    is_device_lost: bool = False
    is_volume_wrong: bool = False
    """Whether the mixer was last read to be at another volume than it was set to."""
    is_too_hot: bool = False
    """Nothing that can wait is fetched then."""
    storage_fault: str | None = None
    scrub: ScrubMark | None = None
    trace: Trace = field(default_factory=Trace)

    @property
    def rules(self) -> StationLimits:
        """The limits in force."""
        return self.limits.message if self.limits else self.config.limits

    @property
    def plan_held(self) -> tuple[int, int] | None:
        """Epoch and version of the plan, or None."""
        return (self.plan.claims.epoch, self.plan.claims.version) if self.plan else None

    @property
    def limits_version(self) -> int:
        """The version of the limits in force; 0 for those of the configuration."""
        return self.limits.claims.version if self.limits else 0

    def standing(self, now: Moment) -> Standing:
        """What holds for every slot at this moment."""
        return Standing(
            now,
            self.clock,
            self.plan_held,
            self.limits_version,
            self.is_device_lost,
            self.storage_fault,
        )

    def trusted_time(self, now: Moment) -> datetime | None:
        """The time, if the clock is believed."""
        return now.wall if self.clock.is_trusted else None

    def find_pending(self) -> None:
        """Work out anew which slots are still to come."""
        slots = self.plan.message.slots if self.plan else ()
        pending = (slot for slot in slots if slot.slot_id not in self.ledger)
        self.pending = sorted(pending, key=lambda slot: (slot.starts_at, slot.slot_id))

    def planned(self, slot_id: str) -> PlannedSlot | None:
        """The slot as the plan has it, unless it was cancelled."""
        slots = self.plan.message.slots if self.plan else ()
        found = next((slot for slot in slots if slot.slot_id == slot_id), None)
        return None if found is None or found.cancelled else found

    def due_until(self, at: datetime) -> Sequence[PlannedSlot]:
        """Pending slots that start at or before `at`, as the list is now; mostly none."""
        pending = self.pending
        if not pending or pending[0].starts_at > at:
            return ()
        return pending[: bisect_right(pending, at, key=lambda slot: slot.starts_at)]

    def required(self) -> Mapping[str, Wanted]:
        """Every sound needed: for emergencies, for slots (soonest first), for prepared alerts."""
        orders = self.memory.emergencies
        known = self._required
        if known is None or known[0] is not self.pending or known[1] is not orders:
            found = {
                order.sha256: Wanted(order.sha256, order.size_bytes)
                for order in orders
                if order.sha256 is not None
            }
            for slot in self.pending:
                for item in slot.items:
                    if item.sha256 not in found:
                        wanted = Wanted(item.sha256, item.size_bytes, slot.starts_at)
                        found[item.sha256] = wanted
            for alert in self.plan.message.alerts if self.plan else ():
                wanted = Wanted(alert.sha256, alert.size_bytes, ALERTS_NEEDED_AT)
                found.setdefault(alert.sha256, wanted)
            self._required = known = (self.pending, orders, found)
        return known[2]

    @property
    def resident(self) -> tuple[str, ...]:
        """Sounds that must not wait for a disk: words of emergencies in force, prepared alerts."""
        orders, alerts = self.memory.emergencies, self.plan.message.alerts if self.plan else ()
        words = [order.sha256 for order in orders if order.sha256 is not None]
        return tuple(dict.fromkeys([*words, *[alert.sha256 for alert in alerts]]))

    def reopen(self, slot: OrderSlot) -> None:
        """Nothing of this airing sounded: it may be tried again."""
        self.ledger.pop(slot.slot_id, None)
        self.urgent.append(slot)

    def is_held(self, slot: PlannedSlot) -> bool:
        """Whether every sound of the slot is here; an order sounds also without its words."""
        if isinstance(slot, OrderSlot):
            return True
        return bool(slot.items) and all(item.sha256 in self.held for item in slot.items)

    def started(self, turn: Turn, slot: PlannedSlot) -> SlotRecord:
        """Note durably that this slot is being started; from here on it never starts again."""
        facts = self.trace.so_far(self.standing(turn.now), slot.slot_id)
        record = self._record(turn, slot, "started").model_copy(update={"facts": facts})
        self.keep(turn, record)
        return record

    def keep(self, turn: Turn, record: SlotRecord) -> None:
        """Note a slot's state."""
        turn.keep(record)
        self.ledger[record.slot_id] = record
        self.pending = [slot for slot in self.pending if slot.slot_id != record.slot_id]
        self.urgent = [slot for slot in self.urgent if slot.slot_id != record.slot_id]

    def end(self, turn: Turn, slot: PlannedSlot, verdict: Verdict) -> None:
        """Give a slot that never started its one outcome."""
        if slot.slot_id not in self.ledger:
            self.trace.ending(self.standing(turn.now), slot, verdict, closes_at(slot))
            self.close(turn, self._record(turn, slot, "ended"), verdict, Sounded())

    def close(self, turn: Turn, record: SlotRecord, verdict: Verdict, sounded: Sounded) -> None:
        """Give a slot its one outcome; the first is final."""
        known = self.ledger.get(record.slot_id)
        if known is not None and known.state == "ended":
            return
        update = {
            "state": "ended",
            "outcome": verdict.outcome,
            "reason": verdict.reason,
            "facts": (),
            "noted_at": turn.now.wall,
        }
        self.keep(turn, record.model_copy(update=update))
        turn.note(as_run(record, verdict, sounded))
        turn.note(self.trace.entry(self.standing(turn.now), record, verdict, sounded))

    def forget_old(self) -> None:
        """Let go of ledger lines no plan can name; by the centre's dates, not our clock."""
        if self.plan is None:
            return
        oldest = self.plan.message.made_at - LEDGER_KEPT_FOR
        named = {slot.slot_id for slot in self.plan.message.slots}
        self.ledger = {
            slot_id: record
            for slot_id, record in self.ledger.items()
            if slot_id in named or record.state == "started" or record.planned_at > oldest
        }

    def _record(self, turn: Turn, slot: PlannedSlot, state: str) -> SlotRecord:
        epoch, version = self.plan_held or (0, 0)
        return SlotRecord.model_validate(
            {
                "slot_id": slot.slot_id,
                "state": state,
                "revision": slot.revision,
                "planned_at": slot.starts_at,
                "planned_ms": planned_ms(slot),
                "title": slot.title,
                "plan_epoch": epoch,
                "plan_version": version,
                "noted_at": turn.now.wall,
                "order_id": slot.order_id if isinstance(slot, OrderSlot) else None,
                "exercise": isinstance(slot, OrderSlot) and not slot.is_emergency,
            }
        )
