"""When what sounds gives a higher slot the air, if its policy is to finish its item first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from station_agent.core.agenda import COMMIT, LEAD
from station_agent.core.order_slot import is_emergency
from station_agent.core.play import Phase, Play
from station_agent.core.resumption import item_end_ms
from station_agent.core.station import closes_at
from station_agent.core.turn import Turn
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import EndPolicy

LEAD_MS = LEAD // timedelta(milliseconds=1)
COMMIT_MS = COMMIT // timedelta(milliseconds=1)


@dataclass(slots=True)
class Handover:
    """Remembers which item is to be finished, so that it is not the next one when that begins."""

    yields_mono_ms: dict[tuple[str, str], int] = field(default_factory=dict)
    """When a play (first key) gives the air to a slot (second)."""

    def yields_at(
        self, turn: Turn, plays: Iterable[Play], slot: PlannedSlot, at: datetime
    ) -> datetime | None:
        """When what sounds gives `slot` the air, if its policy is to finish its item first.

        An emergency waits for nothing, and nobody longer than it may itself be late.
        """
        for play in plays:
            if play.slot is None or play.phase is not Phase.SOUNDING or is_emergency(slot):
                continue
            if play.slot.end_policy is EndPolicy.FINISH_ITEM and play.slot != slot:
                ends = self._item_ends(turn, play, play.slot, slot, at)
                ends_at = at + timedelta(milliseconds=ends - turn.now.mono_ms)
                return ends_at if ends_at <= closes_at(slot) else None
        return None

    def _item_ends(
        self, turn: Turn, play: Play, on_air: PlannedSlot, slot: PlannedSlot, at: datetime
    ) -> int:
        """By the clock nobody sets: when the item ends that sounds as `slot` wants the air."""
        known = self.yields_mono_ms.get((play.play_id, slot.slot_id))
        if known is not None:
            return known
        ahead_ms = max(0.0, (slot.starts_at - at) / timedelta(milliseconds=1))
        elapsed_ms = turn.now.mono_ms - play.sounding_mono_ms + ahead_ms
        end_ms = item_end_ms(on_air, elapsed_ms)
        ends = play.sounding_mono_ms + (play.length_ms if end_ms is None else end_ms)
        self.yields_mono_ms[(play.play_id, slot.slot_id)] = ends
        return ends

    def forget(self, slot_id: str, play_ids: Iterable[str]) -> None:
        """Let go of what is over."""
        alive = set(play_ids)
        self.yields_mono_ms = {
            (play_id, waiting): ends
            for (play_id, waiting), ends in self.yields_mono_ms.items()
            if play_id in alive and waiting != slot_id
        }

    def mono_deadlines(self) -> Iterator[int]:
        """When whoever takes over has to be prepared and let go."""
        for ends in self.yields_mono_ms.values():
            yield from (ends - LEAD_MS, ends - COMMIT_MS, ends)
