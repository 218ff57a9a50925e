"""Emergencies and drills: sounded at once, again every so often, until they are over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from station_agent.core import acceptance
from station_agent.core.config import Restored
from station_agent.core.effects import KeepSound
from station_agent.core.order_slot import DRILL_SIGNAL_MS, order_slot
from station_agent.core.outcomes import Verdict
from station_agent.core.playout import Playout
from station_agent.core.records import ActiveOrder, Intent, Memory, OrderRank, SeenOrder, SlotRecord
from station_agent.core.station import Station
from station_agent.core.trace import names
from station_agent.core.turn import Turn
from station_protocol import codec
from station_protocol.airings import airing_id
from station_protocol.codec import Signed
from station_protocol.errors import MalformedMessageError
from station_protocol.messages import DrillDeed, EmergencyDeed, Order, OrderSound
from station_protocol.vocabulary import Authority, FactCode, Outcome, Reason

MOST_ACTIVE = 16
_INTERRUPTED = (Reason.AGENT_DOWN, Reason.POWER_OFF)


@dataclass(slots=True)
class Emergencies:
    """The orders that may still sound, and when each is due again by the clock nobody can set."""

    station: Station
    playout: Playout
    due_mono_ms: dict[str, int] = field(default_factory=dict)
    ends_mono_ms: dict[str, int] = field(default_factory=dict)
    replaces: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # --- orders -----------------------------------------------------------------------------------

    def ordered(self, turn: Turn, signed: Signed[Order], deed: EmergencyDeed) -> str | None:
        """Take an emergency in; it is due at once. The reason if it is not obeyed."""
        order = active_order(signed, deed)
        at = self.station.clock.estimate(turn.now)
        if order.order_id in self.station.memory.ended_orders:
            return acceptance.STALE
        if at is not None and at > order.until_at:
            return acceptance.EXPIRED
        if not self._take_words(turn, deed.sound):
            return acceptance.MALFORMED
        self.replaces[order.order_id] = deed.replaces
        if deed.replaces:
            rank = acceptance.rank_of(signed.claims, signed.message)
            for other in deed.replaces:
                self._forget(other, rank)
        self._add(turn, order)
        return None

    def drilled(self, turn: Turn, signed: Signed[Order], deed: DrillDeed) -> str | None:
        """Sound a drill once, when nothing else wants the air."""
        order = active_drill(signed, deed)
        at = self.station.trusted_time(turn.now)
        problem = self.playout.refuses_extra(at, order.attention_ms + order.duration_ms)
        if problem is not None or at is None:
            return problem
        if not self._take_words(turn, deed.sound):
            return acceptance.MALFORMED
        self.station.urgent.append(order_slot(order, 1, at))
        return None

    def _take_words(self, turn: Turn, sound: OrderSound | None) -> bool:
        """Keep the bytes that came with the order; False if they are not what it says."""
        if sound is None:
            return True
        try:
            data = codec.words_of(sound)
        except MalformedMessageError:
            return False
        if data is not None:
            self.station.words[sound.sha256] = data
            turn.ask(KeepSound(sound.sha256, data))
        return True

    def _add(self, turn: Turn, order: ActiveOrder) -> None:
        at = self.station.clock.estimate(turn.now) or order.issued_at
        left_ms = (order.until_at - at) / timedelta(milliseconds=1)
        self.ends_mono_ms[order.order_id] = turn.now.mono_ms + round(max(0.0, left_ms))
        self.due_mono_ms[order.order_id] = turn.now.mono_ms
        active = (*self.station.memory.emergencies, order)
        for forgotten in active[:-MOST_ACTIVE]:
            self._let_go(forgotten.order_id)
        self._remember(turn, active[-MOST_ACTIVE:])

    def _remember(self, turn: Turn, orders: tuple[ActiveOrder, ...]) -> None:
        update = {"emergencies": orders}
        self.station.memory = turn.memory = self.station.memory.model_copy(update=update)

    def end(self, turn: Turn, order_id: str, why: Reason, by: OrderRank | None = None) -> None:
        """Silence an order for good, also one that comes only later.

        `by`: how new the order is that says so; None: somebody here does.
        """
        for slot in [one for one in self.station.urgent if one.order_id == order_id]:
            self.station.end(turn, slot, Verdict(Outcome.CANCELLED, why))
        self.playout.stop_order(turn, order_id, why)
        self._forget(order_id, by)
        turn.memory = self.station.memory

    def _forget(self, order_id: str, by: OrderRank | None) -> None:
        memory = self.station.memory
        left = tuple(one for one in memory.emergencies if one.order_id != order_id)
        memory = memory.model_copy(update={"emergencies": left})
        self.station.memory = acceptance.with_ended(memory, order_id, by)
        self._let_go(order_id)

    def _let_go(self, order_id: str) -> None:
        """Nothing more is due of it."""
        self.due_mono_ms.pop(order_id, None)
        self.ends_mono_ms.pop(order_id, None)
        self.replaces.pop(order_id, None)

    def stopped(self, turn: Turn, order_ids: set[str]) -> None:
        """What an operator stopped does not sound again."""
        for order_id in order_ids:
            self.end(turn, order_id, Reason.STOPPED_BY_OPERATOR)

    # --- what time does ---------------------------------------------------------------------------

    def advance(self, turn: Turn) -> None:
        """Make due what is due; let go of what is over."""
        at = self.station.clock.estimate(turn.now)
        self._take_up(turn, at)
        for order in self.station.memory.emergencies:
            due = self.due_mono_ms.get(order.order_id)
            if self._is_over(turn, order, at):
                self._drop(turn, order)
            elif due is not None and turn.now.mono_ms >= due:
                self._begin(turn, order, at)
        self._close_replaced(turn)

    def _is_over(self, turn: Turn, order: ActiveOrder, at: datetime | None) -> bool:
        ends = self.ends_mono_ms.get(order.order_id)
        if ends is None:
            return False  # of an earlier run, and nobody knows yet what time it is
        if turn.now.mono_ms > ends or (at is not None and at > order.until_at):
            return True
        is_spent = order.begun > 0 and order.repeat_every_s is None
        return is_spent and order.order_id not in self.due_mono_ms and not self._is_busy(order)

    def _drop(self, turn: Turn, order: ActiveOrder) -> None:
        others = self.station.memory.emergencies
        self._remember(turn, tuple(one for one in others if one.order_id != order.order_id))
        self._let_go(order.order_id)

    def _is_busy(self, order: ActiveOrder) -> bool:
        """Whether an airing of it waits or sounds."""
        waits = any(slot.order_id == order.order_id for slot in self.station.urgent)
        return waits or self.playout.plays_order(order.order_id)

    def _begin(self, turn: Turn, order: ActiveOrder, at: datetime | None) -> None:
        """The next airing; not while the last one still waits or sounds."""
        if order.repeat_every_s is None:
            del self.due_mono_ms[order.order_id]
        else:
            self.due_mono_ms[order.order_id] = turn.now.mono_ms + order.repeat_every_s * 1000
        if self._is_busy(order):
            return
        number = order.begun + 1
        begun = order.model_copy(update={"begun": number})
        others = self.station.memory.emergencies
        self._remember(
            turn, tuple(begun if one.order_id == order.order_id else one for one in others)
        )
        replaced = self.replaces.get(order.order_id, ())
        self.station.urgent.append(order_slot(begun, number, at or turn.now.wall, replaced))

    def _close_replaced(self, turn: Turn) -> None:
        """What still waits although a correction has taken its place never sounds."""
        if not self.station.urgent:
            return
        replaced = {name for slot in self.station.urgent for name in slot.replaces}
        for slot in [one for one in self.station.urgent if one.order_id in replaced]:
            by = next(one for one in self.station.urgent if slot.order_id in one.replaces)
            standing = self.station.standing(turn.now)
            self.station.trace.tell(standing, slot.slot_id, FactCode.AIR_TAKEN, names(by))
            self.station.end(turn, slot, Verdict(Outcome.SUPERSEDED, Reason.WINDOW_PASSED))

    # --- after a restart --------------------------------------------------------------------------

    def _take_up(self, turn: Turn, at: datetime | None) -> None:
        """Go on with what was in force before the restart, once the time is known.

        Without the time nothing is taken up: nobody could say that it is not over.
        """
        if at is None:
            return
        for order in self.station.memory.emergencies:
            if order.order_id in self.ends_mono_ms:
                continue
            left_ms = max(0.0, (order.until_at - at) / timedelta(milliseconds=1))
            self.ends_mono_ms[order.order_id] = turn.now.mono_ms + round(left_ms)
            wait_ms = self._wait_ms(order, at)
            if wait_ms is not None:
                self.due_mono_ms[order.order_id] = turn.now.mono_ms + wait_ms

    def _wait_ms(self, order: ActiveOrder, at: datetime) -> int | None:
        """How long until it is due; None: it has sounded and does not again."""
        last = self.station.ledger.get(airing_id(order.order_id, order.begun))
        if last is None or (last.outcome is Outcome.CUT_SHORT and last.reason in _INTERRUPTED):
            return 0
        if order.repeat_every_s is None:
            return None
        due_at = last.planned_at + timedelta(seconds=order.repeat_every_s)
        return max(0, round((due_at - at) / timedelta(milliseconds=1)))

    def mono_deadlines(self) -> list[int]:
        """When an order is due again or over."""
        return [*self.due_mono_ms.values(), *[ends + 1 for ends in self.ends_mono_ms.values()]]


def active_order(signed: Signed[Order], deed: EmergencyDeed) -> ActiveOrder:
    """What has to be known of an emergency until it is over."""
    sound = deed.sound
    return ActiveOrder(
        order_id=signed.message.order_id,
        title=deed.title,
        authority=deed.authority,
        sequence=deed.sequence,
        attention_ms=deed.attention_ms,
        sha256=sound.sha256 if sound else None,
        size_bytes=sound.size_bytes if sound else 0,
        duration_ms=sound.duration_ms if sound else 0,
        repeat_every_s=deed.repeat_every_s,
        issued_at=signed.message.issued_at,
        until_at=min(deed.until_at, signed.claims.not_after),
    )


def active_drill(signed: Signed[Order], deed: DrillDeed) -> ActiveOrder:
    """A drill sounds once, with a signal of its own, and yields to everything."""
    sound = deed.sound
    return ActiveOrder(
        order_id=signed.message.order_id,
        title=deed.title,
        authority=Authority.COMMUNE,
        sequence=0,
        attention_ms=DRILL_SIGNAL_MS,
        sha256=sound.sha256 if sound else None,
        size_bytes=sound.size_bytes if sound else 0,
        duration_ms=sound.duration_ms if sound else 0,
        issued_at=signed.message.issued_at,
        until_at=signed.claims.not_after,
        exercise=True,
    )


def with_intents(restored: Restored) -> Restored:
    """What was restored, completed by emergencies that were begun but not yet in the journal.

    Of those that had expired by the latest time ever seen the journal may have forgotten the end.
    """
    latest_at = restored.mark.latest_at if restored.mark else None
    memory, slots = restored.memory, {record.slot_id: record for record in restored.slots}
    for intent in restored.intents:
        if latest_at is not None and intent.not_after < latest_at:
            continue
        memory = _with_intent(memory, intent)
        slots.setdefault(intent.slot_id, _started(intent))
    return replace(restored, memory=memory, slots=tuple(slots.values()))


def _with_intent(memory: Memory, intent: Intent) -> Memory:
    is_known = any(seen.nonce == intent.nonce for seen in memory.orders)
    if not is_known and not acceptance.is_forgotten(memory, intent.rank):
        seen = SeenOrder(
            order_id=intent.order.order_id,
            nonce=intent.nonce,
            not_after=intent.not_after,
            accepted=True,
            rank=intent.rank,
        )
        memory = acceptance.with_order(memory, seen, None)
        known = {one.order_id for one in memory.emergencies} | set(memory.ended_orders)
        if intent.order.order_id not in known and not intent.order.exercise:
            memory = memory.model_copy(
                update={"emergencies": (*memory.emergencies, intent.order)[-MOST_ACTIVE:]}
            )
    return memory.model_copy(
        update={"emergencies": tuple(_begun(one, intent.order) for one in memory.emergencies)}
    )


def _begun(order: ActiveOrder, intended: ActiveOrder) -> ActiveOrder:
    """The order with every airing counted of which there is an intent: none has two outcomes."""
    if order.order_id != intended.order_id or order.begun >= intended.begun:
        return order
    return order.model_copy(update={"begun": intended.begun})


def _started(intent: Intent) -> SlotRecord:
    order = intent.order
    return SlotRecord(
        slot_id=intent.slot_id,
        state="started",
        revision=1,
        planned_at=intent.planned_at,
        planned_ms=order.attention_ms + order.duration_ms,
        title=order.title,
        plan_epoch=0,
        plan_version=0,
        order_id=order.order_id,
        exercise=order.exercise,
        noted_at=intent.planned_at,
    )
