"""What a station must still know after a power cut. Frozen models: they are written down."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from station_protocol.messages import Instant, TraceFact
from station_protocol.vocabulary import Authority, Outcome, Reason


class Record(BaseModel):
    """A durable record: JSON on disk, unknown fields of a newer agent ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SlotRecord(Record):
    """How far one slot has come here. Once `started`, never started again; `ended` is for ever."""

    slot_id: str
    state: Literal["started", "ended"]
    revision: int
    planned_at: Instant
    planned_ms: int
    title: str
    plan_epoch: int
    plan_version: int
    outcome: Outcome | None = None
    reason: Reason | None = None
    sounded_at: Instant | None = None
    """When its first frame sounded; None: never, or not yet."""
    start_error_ms: float | None = None
    played_ms: int = 0
    """What had sounded when it was last interrupted, should it be one that goes on."""
    order_id: str | None = None
    """The order it is an airing of, if no plan named it."""
    exercise: bool = False
    facts: tuple[TraceFact, ...] = ()
    """While it is started: what can be said of it, should the power go now."""
    noted_at: Instant
    """When this was written, by a clock that may be wrong: nothing is decided by it."""


class OrderRank(Record):
    """How new an order is, by what was signed with it: the centre numbers all its orders in turn.

    `issued_at` None: nothing is known of it (written by an agent that did not keep it).
    """

    epoch: int = 0
    version: int = 0
    issued_at: Instant | None = None


class SeenOrder(Record):
    """An order that was answered, and how: the same order has no second effect."""

    order_id: str
    nonce: str
    not_after: Instant
    accepted: bool
    why: str | None = None
    rank: OrderRank = OrderRank()


class ActiveOrder(Record):
    """An emergency that is not over: everything needed to sound it again after a power cut."""

    order_id: str
    title: str
    authority: Authority
    sequence: int
    attention_ms: int
    sha256: str | None = None
    """The words; None: the attention signal alone."""
    size_bytes: int = 0
    duration_ms: int = 0
    repeat_every_s: int | None = None
    issued_at: Instant
    until_at: Instant
    begun: int = 0
    """How many times it was due so far."""
    exercise: bool = False


class Intent(Record):
    """That an emergency is being sounded, written down in its own file before anything else."""

    slot_id: str
    nonce: str
    not_after: Instant
    planned_at: Instant
    order: ActiveOrder
    rank: OrderRank = OrderRank()


class Memory(Record):
    """Floors and small facts; replaced as a whole, never going down."""

    epoch: int = 0
    """The highest epoch of anything believed so far."""
    plan_epoch: int = 0
    plan_version: int = 0
    limits_epoch: int = 0
    limits_version: int = 0
    orders: tuple[SeenOrder, ...] = ()
    forgotten: OrderRank = OrderRank()
    """No order that was forgotten is newer: an unknown one that is not newer either is refused."""
    cancelled: tuple[str, ...] = ()
    """Slots cancelled by order that no held plan has named yet, newest last."""
    volume_percent: int | None = None
    fetched_on: date | None = None
    fetched_bytes: int = 0
    """How much sound was fetched on that local date."""
    emergencies: tuple[ActiveOrder, ...] = ()
    """Orders that may still sound, in the order in which they came."""
    ended_orders: tuple[str, ...] = ()
    """Emergencies that were replaced or stopped, maybe before they came; newest last."""
    ended_by: dict[str, OrderRank] = {}
    """How new the orders were that ended these; nothing of those a person here ended."""


class ScrubMark(Record):
    """How far the weekly look at every held sound has come."""

    began_at: Instant
    up_to: str = ""
    """The last sound looked at; they are taken in the order of their names."""


class Mark(Record):
    """The last sign of this station's own life; overwrites the one before (one 4 kB page)."""

    at: Instant
    latest_at: Instant | None = None
    """The latest trusted time ever seen, and what ran on since without one; never goes down."""
    vouched_at: Instant | None = None
    """When the clock was last vouched for, by the centre or by network time."""
    error_ms: float | None = None
    """How wrong the clock was at most at `at`; None: nobody knew."""
    machine_boot_id: str = ""
    slot_id: str | None = None
    played_ms: int = 0
    scrub: ScrubMark | None = None
    stopped: bool = False
    """Whether the agent ended in order, having journalled that it is off."""
