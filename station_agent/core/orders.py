"""Orders: obeyed once, answered each time, refused when old, foreign or impossible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from station_agent.core import acceptance
from station_agent.core.desk import Desk
from station_agent.core.downloads import Downloads
from station_agent.core.effects import Send
from station_agent.core.emergencies import Emergencies
from station_agent.core.events import OrderReceived
from station_agent.core.playout import Playout
from station_agent.core.records import OrderRank, SeenOrder
from station_agent.core.refusals import Refusals
from station_agent.core.reporter import Reporter
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.codec import Signed
from station_protocol.messages import (
    CancelDeed,
    DrillDeed,
    EmergencyDeed,
    Order,
    RefreshDeed,
    Reply,
    StopDeed,
    TestToneDeed,
    VolumeDeed,
)
from station_protocol.vocabulary import Reason

REPLAYED = "replayed"
"""Answered before, and here again by itself: sent twice, or recorded and played back."""


@dataclass(slots=True)
class Orders:
    """Where orders are taken in."""

    station: Station
    playout: Playout
    downloads: Downloads
    desk: Desk
    emergencies: Emergencies
    reporter: Reporter
    refusals: Refusals
    _untidy: tuple[datetime | None, ...] = ()
    """For which time the memory is still to be tidied; empty: it is."""

    def received(self, turn: Turn, event: OrderReceived) -> None:
        """Obey, remember before acting, answer. An order seen before has no second effect."""
        claims, order, memory = event.signed.claims, event.signed.message, self.station.memory
        clock = self.station.clock
        at, latest_at = clock.estimate(turn.now), clock.latest_at
        why = acceptance.order_problem(
            claims, order, known_epoch=memory.epoch, at=at, latest_at=latest_at
        )
        if why is None:
            seen = acceptance.answer_given(memory, claims, order)
            if seen is not None:
                if not event.with_answer:
                    self.refusals.note_down(turn, "order", REPLAYED, order.order_id)
                self._reply(turn, order.order_id, seen.why)
                return
            rank = acceptance.rank_of(claims, order)
            if acceptance.is_forgotten(memory, rank):
                why = acceptance.STALE
            else:
                why = self._obey(turn, event.signed)
                self._remember(turn, event, why, rank)
                self._untidy = (latest_at if at is None else at,)
        if why is not None:
            self.refusals.note(turn, "order", why, order.order_id)
        self._reply(turn, order.order_id, why)

    def _remember(self, turn: Turn, event: OrderReceived, why: str | None, rank: OrderRank) -> None:
        claims, order = event.signed.claims, event.signed.message
        seen = SeenOrder(
            order_id=order.order_id,
            nonce=claims.nonce,
            not_after=claims.not_after,
            accepted=why is None,
            why=why,
            rank=rank,
        )
        self.station.memory = turn.memory = acceptance.with_seen(
            self.station.memory, seen, claims.epoch
        )

    def tidy(self, turn: Turn) -> None:
        """Forget what can be forgotten beside an order that was taken in: that can follow it."""
        for at in self._untidy:
            self.station.memory = turn.memory = acceptance.tidied(self.station.memory, at)
        self._untidy = ()

    def _reply(self, turn: Turn, order_id: str, why: str | None) -> None:
        reply = Reply(
            station_id=self.station.config.station_id,
            order_id=order_id,
            accepted=why is None,
            why=why,
            said_at=turn.now.wall,
        )
        turn.ask(Send(reply))

    def _obey(self, turn: Turn, signed: Signed[Order]) -> str | None:
        """Do it; or the reason why not."""
        match signed.message.deed:
            case EmergencyDeed() as deed:
                return self.emergencies.ordered(turn, signed, deed)
            case DrillDeed() as deed:
                return self.emergencies.drilled(turn, signed, deed)
            case StopDeed() as deed:
                self._stop(turn, signed, deed)
            case CancelDeed(slot_id=slot_id):
                self._cancel(turn, slot_id)
            case VolumeDeed(percent=percent):
                update = {"volume_percent": percent}
                self.station.memory = self.station.memory.model_copy(update=update)
            case RefreshDeed():
                self._refresh(turn)
            case TestToneDeed(seconds=seconds):
                return self._test_tone(turn, seconds)
        return None

    def _stop(self, turn: Turn, signed: Signed[Order], deed: StopDeed) -> None:
        if deed.order_id is not None:
            rank = acceptance.rank_of(signed.claims, signed.message)
            self.emergencies.end(turn, deed.order_id, Reason.STOPPED_BY_OPERATOR, rank)
            return
        stopped = self.playout.orders_of(deed.slot_id)
        self.playout.stop(turn, deed.slot_id, Reason.STOPPED_BY_OPERATOR)
        self.emergencies.stopped(turn, stopped)

    def _cancel(self, turn: Turn, slot_id: str) -> None:
        if slot_id in self.station.ledger:
            self.playout.stop(turn, slot_id, Reason.STOPPED_BY_OPERATOR)
            return
        self.station.memory = acceptance.with_cancelled(self.station.memory, slot_id)
        self.desk.end_cancelled(turn)

    def _refresh(self, turn: Turn) -> None:
        self.downloads.link_returned()
        self.downloads.check_all(turn)
        if self.station.is_connected:
            self.reporter.say_hello(turn)

    def _test_tone(self, turn: Turn, seconds: int) -> str | None:
        at = self.station.trusted_time(turn.now)
        problem = self.playout.refuses_extra(at, seconds * 1000)
        if problem is None:
            self.playout.sound_tone(turn, seconds)
        return problem
