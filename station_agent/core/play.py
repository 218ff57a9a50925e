"""One attempt to sound something, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from station_agent.core.order_slot import OrderSlot
from station_agent.core.outcomes import Sounded
from station_agent.core.records import SlotRecord
from station_agent.core.resumption import Parked
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import Reason


class Phase(StrEnum):
    """How far a play has come. From COMMITTED on its slot is started for ever."""

    PREPARING = "preparing"
    READY = "ready"
    COMMITTED = "committed"
    SOUNDING = "sounding"


@dataclass(slots=True)
class Play:
    """One attempt to sound a slot, or the test tone (`slot` None)."""

    play_id: str
    slot: PlannedSlot | None
    length_ms: int
    limit_mono_ms: int
    phase: Phase = Phase.PREPARING
    record: SlotRecord | None = None
    cut_by: Reason | None = None
    late_by: Reason | None = None
    goes_on: Parked | None = None
    """What it takes up again, if it is the rest of an interrupted slot."""
    lacks: Reason | None = None
    """Why less can sound than was planned: the words of an order are not here."""
    is_stopping: bool = False
    sounded: Sounded = field(default_factory=Sounded)
    sounding_mono_ms: int = 0

    @property
    def before(self) -> Sounded:
        """What had sounded of it before this play."""
        return self.goes_on.sounded if self.goes_on else Sounded()

    @property
    def order_id(self) -> str | None:
        """The order it is an airing of, if a plan did not ask for it."""
        return self.slot.order_id if isinstance(self.slot, OrderSlot) else None

    @property
    def has_air(self) -> bool:
        """Whether it sounds or is about to, and nothing has ended it yet."""
        return self.phase in (Phase.COMMITTED, Phase.SOUNDING) and self.cut_by is None

    @property
    def is_uncommitted(self) -> bool:
        """Whether it can still be given up without an outcome."""
        return self.phase in (Phase.PREPARING, Phase.READY)
