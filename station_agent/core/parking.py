"""Interrupted slots that may go on: kept aside, taken up again, or let go in their window."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from station_agent.core.outcomes import Sounded, Verdict
from station_agent.core.records import SlotRecord
from station_agent.core.resumption import Parked, may_go_on, park
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import Outcome, Reason


@dataclass(slots=True)
class Parking:
    """What was interrupted and has no outcome yet, by slot id."""

    station: Station
    parked: dict[str, Parked] = field(default_factory=dict)
    last_alive_at: datetime | None = None
    """When the last run of this station wrote its last mark."""

    def __contains__(self, slot_id: object) -> bool:
        return slot_id in self.parked

    def get(self, slot_id: str) -> Parked | None:
        """What is left of this slot, if it was interrupted."""
        return self.parked.get(slot_id)

    def rests(self) -> Iterator[PlannedSlot]:
        """What is left of each, as a slot."""
        yield from [parked.rest for parked in self.parked.values()]

    def put(self, turn: Turn, record: SlotRecord | None, sounded: Sounded) -> bool:
        """Put a pre-empted slot aside, if its policy says so; it has its lateness window anew."""
        at = self.station.clock.estimate(turn.now)
        slot = self.station.planned(record.slot_id) if record else None
        if at is None or slot is None or record is None or not may_go_on(slot, sounded):
            return False
        until = at + timedelta(seconds=slot.lateness_s)
        parked = park(slot, record, sounded, Reason.PREEMPTED, until)
        self.parked[slot.slot_id] = parked
        self.station.keep(turn, parked.record)
        return True

    def restore(self, record: SlotRecord, sounded: Sounded, why: Reason) -> bool:
        """Put aside what a restart interrupted, if its policy says so."""
        slot = self.station.planned(record.slot_id)
        if slot is None or not may_go_on(slot, sounded):
            return False
        self.parked[record.slot_id] = park(slot, record, sounded, why, None)
        return True

    def let_go(self, turn: Turn, slot_id: str, why: Reason) -> None:
        """It does not go on: it was cut short."""
        parked = self.parked.pop(slot_id)
        verdict = Verdict(Outcome.CUT_SHORT, why)
        self.station.close(turn, parked.record, verdict, parked.sounded)

    def let_go_all_but(self, turn: Turn, wanted: Container[str], why: Reason) -> None:
        """Let go of what no plan wants any more."""
        for slot_id in [one for one in self.parked if one not in wanted]:
            self.let_go(turn, slot_id, why)

    def ended(self, slot_id: str) -> None:
        """It was taken up again and has its outcome."""
        self.parked.pop(slot_id, None)

    def close_windows(self, turn: Turn, at: datetime, taken_up: Container[str]) -> None:
        """Let go of what was not taken up in time; not by a clock that is not believed."""
        if not self.station.clock.is_trusted:
            return
        for slot_id, parked in list(self.parked.items()):
            if parked.until is None:
                alive_at = at if self.last_alive_at is None else min(at, self.last_alive_at)
                parked.until = alive_at + timedelta(seconds=parked.rest.lateness_s)
            if at > parked.until and slot_id not in taken_up:
                self.let_go(turn, slot_id, parked.why)
