"""What really happened in a world, written down by the world and never by the program under test.

The checkers read nothing else. Instants are milliseconds of true time unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from controller.domain.reconcile import Change, Result
from station_agent.core.records import Memory
from station_protocol.codec import Signed
from station_protocol.messages import (
    EmergencyDeed,
    JournalEntry,
    Order,
    PlannedSlot,
    StationLimits,
    StationPlan,
)


@dataclass(slots=True)
class Heard:
    """One play as the loudspeaker gave it out, with what the card held at its first frame."""

    station_id: str
    run: str
    play_id: str
    slot_id: str | None
    """None: the test tone."""
    pieces: tuple[str, ...]
    started_ms: int
    started_wall: datetime
    clock_error_ms: int
    slot: PlannedSlot | None = None
    """The slot as the plan in force had it, or as an order asked for it; None: no such slot."""
    order: Signed[Order] | None = None
    """The emergency or drill that it is an airing of."""
    plan: Signed[StationPlan] | None = None
    limits: StationLimits | None = None
    rules_since_ms: int = 0
    """When plan or limits on the card changed last."""
    is_intent_durable: bool = True
    """When it was let go."""
    at_least: datetime | None = None
    """The earliest it could be for a station that nobody told the time; None: it has one."""
    ended_ms: int | None = None
    is_stuck: bool = False
    """The player never told that it ended: what counts is what was told last."""
    is_unmarked: bool = False
    """The card refused a mark meanwhile: if power goes, what counts is what it took last."""
    is_unwritten: bool = False
    """The card refused every write from before its first frame until the run was over."""

    @property
    def sequence(self) -> int:
        """The centre's own count, by which emergencies of equal authority are ordered."""
        deed = self.order.message.deed if self.order else None
        return deed.sequence if isinstance(deed, EmergencyDeed) else 0

    @property
    def until_ms(self) -> int:
        """When it fell silent; a world ends after its last play."""
        return self.started_ms if self.ended_ms is None else self.ended_ms

    @property
    def sounded_ms(self) -> int:
        """How long it sounded."""
        return self.until_ms - self.started_ms


@dataclass(frozen=True, slots=True)
class Queued:
    """A play that was let go while another sounded that was not to end soon."""

    station_id: str
    at_ms: int
    play_id: str
    behind: str
    wait_ms: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A station knows: this slot (None: whatever sounds) must fall silent, or never begin."""

    station_id: str
    slot_id: str | None
    known_ms: int
    for_ever: bool
    how: str
    order_id: str | None = None
    """An emergency that is over, rather than a slot."""


@dataclass(frozen=True, slots=True)
class Obeyed:
    """A station said yes to an order."""

    station_id: str
    at_ms: int
    order_id: str
    not_after: datetime
    is_remembered: bool
    """Whether the card knew of it when the answer left."""
    at_least: datetime | None = None
    """All that a station can know of the time which nobody has told it since power came: what its
    card said then, and what has passed since. None: it was told."""


@dataclass(frozen=True, slots=True)
class Floors:
    """What a card holds after a write that must never hold less later."""

    station_id: str
    at_ms: int
    memory: Memory
    plan: tuple[int, int]
    """Epoch and version of the plan file; (0, 0): none."""
    latest_at: datetime | None
    marked_at: datetime | None = None
    """The station's time when it wrote this mark, if it trusted its clock; None: no mark."""


@dataclass(frozen=True, slots=True)
class Due:
    """A station looked at four seconds after a slot's instant. `obstacle` None: it could sound."""

    station_id: str
    at_ms: int
    slot: PlannedSlot
    obstacle: str | None
    sounding: Heard | None
    sequence: int = 0
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """After so long of good network `found` had to have reached `wanted`."""

    name: str
    station_id: str
    since_ms: int
    at_ms: int
    wanted: tuple[int, ...]
    found: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """How the centre showed a station at an instant, and when it had last heard of it."""

    station_id: str
    at_ms: int
    state: str
    last_word_ms: int | None
    is_down_for_ms: int
    is_well_for_ms: int


@dataclass(frozen=True, slots=True)
class Span:
    """From power and start of the agent to its end."""

    station_id: str
    run: str
    from_ms: int
    until_ms: int
    clock_error_ms: int


@dataclass(slots=True)
class Ledger:
    """Everything the checkers look at."""

    seed: int
    ended_ms: int = 0
    beat_ms: int = 0
    uncounted_ms: int = 30_000
    """What may have sounded at a power cut that nobody noted."""
    heard: list[Heard] = field(default_factory=list)
    queued: list[Queued] = field(default_factory=list)
    taken_back: list[TakenBack] = field(default_factory=list)
    obeyed: list[Obeyed] = field(default_factory=list)
    floors: list[Floors] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    alive: list[Span] = field(default_factory=list)
    stepped: dict[str, None] = field(default_factory=dict)
    """Stations whose clock somebody set: their own log is dated by a wrong clock."""
    signed: dict[tuple[str, int, int], Signed[StationPlan]] = field(default_factory=dict)
    """Every plan the centre ever signed, by station, epoch and version."""
    orders: dict[str, tuple[Signed[Order], tuple[str, ...]]] = field(default_factory=dict)
    """Every order ever signed, and the stations it was for."""
    tones: dict[str, int] = field(default_factory=dict)
    """Test tones ordered, by station."""
    journals: dict[str, list[JournalEntry]] = field(default_factory=dict)
    planned: dict[str, dict[str, PlannedSlot]] = field(default_factory=dict)
    """By station: each slot the plan on its card named at the slot's instant."""
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    changes: list[tuple[str, str, Change]] = field(default_factory=list)
    trace: list[tuple[int, str, str]] = field(default_factory=list)
    """When, where, what: kept only when a failed seed is run again."""
    fingerprint: int = 0
    """Changes with any event of the world."""
