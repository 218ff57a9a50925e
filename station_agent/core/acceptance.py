"""What is believed of what arrives: epoch, version, window, nonce. Signatures were checked before.

Every function returns the reason of refusal, in the words of the wire, or None.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from station_agent.core.records import Memory, OrderRank, SeenOrder
from station_protocol.codec import Signed
from station_protocol.messages import DrillDeed, Order, StationLimits, StationPlan, TestToneDeed
from station_protocol.signing import Claims
from station_protocol.vocabulary import DeedKind

STALE = "stale"
EXPIRED = "expired"
NOT_YET_VALID = "not_yet_valid"
UNSUPPORTED = "unsupported"
MALFORMED = "malformed"

TOLERANCE = timedelta(seconds=5)
"""Two trusted clocks may differ by two seconds each way, and what is sent takes a moment."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Instants beyond these are no dates of ours; arithmetic with them could leave the calendar."""

MOST_ORDERS = 256
MOST_ENDED = 256
MOST_CANCELLED = 256


def window_problem(claims: Claims, at: datetime | None) -> str | None:
    """Whether the signed window leaves `at` out; nothing is said about an unknown time."""
    if at is None:
        return None
    if at > claims.not_after:
        return EXPIRED
    return NOT_YET_VALID if at + TOLERANCE < claims.not_before else None


def state_problem(
    claims: Claims, *, known_epoch: int, held: tuple[int, int] | None, at: datetime | None
) -> str | None:
    """Why this plan or these limits are not taken. `held` is (epoch, version) of what is held."""
    if claims.kind is not DeedKind.ACTUAL:
        return UNSUPPORTED
    if claims.epoch < known_epoch or (held is not None and (claims.epoch, claims.version) < held):
        return STALE
    return window_problem(claims, at)


def plan_problem(plan: StationPlan) -> str | None:
    """Why nobody could keep this plan, whoever signed it."""
    dated = all(EARLIEST <= slot.starts_at <= LATEST for slot in plan.slots)
    distinct = len({slot.slot_id for slot in plan.slots}) == len(plan.slots)
    return None if dated and distinct else MALFORMED


def order_problem(
    claims: Claims,
    order: Order,
    *,
    known_epoch: int,
    at: datetime | None,
    latest_at: datetime | None = None,
) -> str | None:
    """Why this order is not obeyed. An exercise is a drill or the test tone, and only that: by the
    kind of its deed as well as by the key that signed it, a drill cannot become an emergency.

    Where the time is unknown, it is at least `latest_at`: the latest trusted time ever seen,
    and what has passed since while the station ran.
    """
    is_exercise = claims.kind is not DeedKind.ACTUAL
    if is_exercise != isinstance(order.deed, DrillDeed) and not isinstance(
        order.deed, TestToneDeed
    ):
        return UNSUPPORTED
    if claims.epoch < known_epoch:
        return STALE
    if at is None and latest_at is not None and claims.not_after < latest_at:
        return EXPIRED
    return window_problem(claims, at)


def ack_problem(
    claims: Claims, *, known_epoch: int, within: tuple[datetime, datetime] | None
) -> str | None:
    """Why this acknowledgement is not taken in; `within` are the bounds of the true time.

    An exercise has no evidence to confirm and no time to give.
    """
    if claims.kind is not DeedKind.ACTUAL:
        return UNSUPPORTED
    if claims.epoch < known_epoch:
        return STALE
    if within is None:
        return None
    earliest_at, latest_at = within
    if earliest_at > claims.not_after:
        return EXPIRED
    return NOT_YET_VALID if latest_at + TOLERANCE < claims.not_before else None


def answer_given(memory: Memory, claims: Claims, order: Order) -> SeenOrder | None:
    """The answer this order, or any under its nonce, was given before."""
    for seen in memory.orders:
        if seen.order_id == order.order_id or seen.nonce == claims.nonce:
            return seen
    return None


def rank_of(claims: Claims, order: Order) -> OrderRank:
    """How new it is."""
    return OrderRank(epoch=claims.epoch, version=claims.version, issued_at=order.issued_at)


def is_forgotten(memory: Memory, rank: OrderRank) -> bool:
    """Whether an order this station does not remember may be one that it has forgotten.

    What was forgotten stands at or below the mark in the centre's numbering as well as by its hour
    of issue, and a recording has both as they were. A new order stands above in one of them also
    where a centre lost some numbers with its database, or had a clock that was ahead for a while.
    """
    floor = memory.forgotten
    if floor.issued_at is None or rank.issued_at is None:
        return False
    is_below = (rank.epoch, rank.version) <= (floor.epoch, floor.version)
    return is_below and rank.issued_at <= floor.issued_at


def with_order(memory: Memory, seen: SeenOrder, at: datetime | None) -> Memory:
    """The memory that also knows this order, and forgets what it can (see `tidied`)."""
    return tidied(with_seen(memory, seen, memory.epoch), at)


def with_seen(memory: Memory, seen: SeenOrder, epoch: int) -> Memory:
    """The memory that also knows this order, and an epoch that is at least this."""
    update = {"orders": (*memory.orders, seen), "epoch": max(memory.epoch, epoch)}
    return memory.model_copy(update=update)


def tidied(memory: Memory, at: datetime | None) -> Memory:
    """The memory without what it can forget; `at` is the time, or the latest known to have been.

    What has expired for a day is forgotten, and the oldest where there are too many. How new they
    were is not: so none of them is ever taken for a new one, whatever the clock says.
    """
    known = kept = memory.orders
    if at is not None:
        kept = tuple(old for old in kept if old.not_after > at - timedelta(days=1))
    kept = tuple(sorted(kept, key=_newness))[-MOST_ORDERS:]
    left = {old.nonce for old in kept}
    memory = memory.model_copy(update={"orders": kept})
    for old in known:
        if old.nonce not in left:
            memory = with_forgotten(memory, old.rank)
    return memory


def _newness(seen: SeenOrder) -> tuple[bool, int, int]:
    """By the centre's numbering; of what has none it is not known that it could go."""
    rank = seen.rank
    return rank.issued_at is None, rank.epoch, rank.version


def with_forgotten(memory: Memory, rank: OrderRank) -> Memory:
    """The memory that will take no unknown order for new that is not newer than this."""
    if rank.issued_at is None:
        return memory
    floor = memory.forgotten
    epoch, version = max((floor.epoch, floor.version), (rank.epoch, rank.version))
    issued_at = max(floor.issued_at or rank.issued_at, rank.issued_at)
    raised = OrderRank(epoch=epoch, version=version, issued_at=issued_at)
    return memory.model_copy(update={"forgotten": raised})


def with_ended(memory: Memory, order_id: str, by: OrderRank | None) -> Memory:
    """The memory that an emergency is over, also one that has not come: `by` is what ended it.

    Of too many the oldest are forgotten. They were issued before what ended them: so not even one
    that comes only now is taken for new.
    """
    ended = (*(one for one in memory.ended_orders if one != order_id), order_id)
    gone, kept = ended[:-MOST_ENDED], ended[-MOST_ENDED:]
    ranks = memory.ended_by if by is None else {**memory.ended_by, order_id: by}
    for one in gone:
        memory = with_forgotten(memory, ranks.get(one, OrderRank()))
    left = {one: rank for one, rank in ranks.items() if one in kept}
    return memory.model_copy(update={"ended_orders": kept, "ended_by": left})


def with_epoch(memory: Memory, epoch: int) -> Memory:
    """The memory whose known epoch is at least this."""
    return memory.model_copy(update={"epoch": max(memory.epoch, epoch)})


def with_plan(memory: Memory, claims: Claims) -> Memory:
    """The memory that will not take a plan older than this one again."""
    update = {"plan_epoch": claims.epoch, "plan_version": claims.version}
    return with_epoch(memory.model_copy(update=update), claims.epoch)


def with_limits(memory: Memory, claims: Claims) -> Memory:
    """The memory that will not take limits older than these again."""
    update = {"limits_epoch": claims.epoch, "limits_version": claims.version}
    return with_epoch(memory.model_copy(update=update), claims.epoch)


def with_floors_of(memory: Memory, other: Memory) -> Memory:
    """The memory with the plan and limits that `other` knows as the newest."""
    floors = ("plan_epoch", "plan_version", "limits_epoch", "limits_version")
    return memory.model_copy(update={name: getattr(other, name) for name in floors})


def not_below(
    memory: Memory, plan: Signed[StationPlan] | None, limits: Signed[StationLimits] | None
) -> Memory:
    """The memory whose floors are at least what is held: a plan is written just before its floor,
    and power may go in between.
    """
    if plan is not None:
        memory = with_plan(memory, plan.claims)
    return with_limits(memory, limits.claims) if limits is not None else memory


def with_cancelled(memory: Memory, slot_id: str) -> Memory:
    """The memory that will never start this slot, although no plan has named it yet."""
    others = tuple(known for known in memory.cancelled if known != slot_id)
    return memory.model_copy(update={"cancelled": (*others, slot_id)[-MOST_CANCELLED:]})
