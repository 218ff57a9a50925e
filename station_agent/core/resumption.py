"""What becomes of a slot whose end policy lets it go on after it was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from station_agent.core.effects import SoundFile
from station_agent.core.outcomes import Sounded, planned_ms
from station_agent.core.records import SlotRecord
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import CUT_TOLERANCE_MS, EndPolicy, Reason


@dataclass(slots=True)
class Parked:
    """An interrupted slot that may go on where it was: what is left of it, and until when.

    `until` None: it was interrupted by a restart, and the time is not known yet.
    """

    rest: PlannedSlot
    from_ms: int
    record: SlotRecord
    sounded: Sounded
    why: Reason
    until: datetime | None

    @property
    def pieces(self) -> tuple[SoundFile, ...]:
        """What is left to sound; only the first begins in its middle."""
        first, *others = self.rest.items
        begun = SoundFile(first.sha256, first.duration_ms, self.from_ms)
        return (begun, *(SoundFile(item.sha256, item.duration_ms) for item in others))


def may_go_on(slot: PlannedSlot, sounded: Sounded) -> bool:
    """Whether enough of this slot is left, and its policy lets it be taken up again."""
    is_begun = sounded.started_at is not None
    is_short = sounded.played_ms < planned_ms(slot) - CUT_TOLERANCE_MS
    return slot.end_policy is EndPolicy.RESUME and is_begun and is_short


def park(
    slot: PlannedSlot, record: SlotRecord, sounded: Sounded, why: Reason, until: datetime | None
) -> Parked:
    """The interrupted slot with the items that have sounded left out."""
    rest, from_ms = _rest_of(slot, sounded.played_ms)
    kept = record.model_copy(update={"played_ms": sounded.played_ms})
    return Parked(rest, from_ms, kept, sounded, why, until)


def _rest_of(slot: PlannedSlot, played_ms: int) -> tuple[PlannedSlot, int]:
    """The slot from `played_ms` on, and where in its first item that is."""
    items = list(slot.items)
    while len(items) > 1 and played_ms >= items[0].duration_ms:
        played_ms -= items.pop(0).duration_ms
    left = items[0].duration_ms - played_ms
    items[0] = items[0].model_copy(update={"duration_ms": left})
    length_ms = sum(item.duration_ms for item in items)
    update = {"items": tuple(items), "duration_ms": min(slot.duration_ms, length_ms)}
    return slot.model_copy(update=update), played_ms


def item_end_ms(slot: PlannedSlot, elapsed_ms: float) -> int | None:
    """When, counted from its start, the item ends that sounds `elapsed_ms` in; None: the last."""
    end_ms = 0
    for item in slot.items[:-1]:
        end_ms += item.duration_ms
        if elapsed_ms < end_ms:
            return end_ms
    return None
