"""One callable for each kind of message from stations. A bad message is counted and dropped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TypeVar

from controller.metrics.internals import Internals
from controller.services.as_run import Answer, AsRun
from controller.services.orders import Orders
from controller.services.sealing import Seal
from controller.services.station_states import Beat
from station_protocol import codec, topics
from station_protocol.errors import ProtocolError
from station_protocol.messages import (
    Heartbeat,
    Hello,
    JournalBatch,
    LinkState,
    Reply,
    UpMessage,
    Want,
)
from station_protocol.signing import Signer
from station_protocol.topics import DOWN_DELIVERY, Delivery, Down, Up

logger = logging.getLogger(__name__)


class Dropped(StrEnum):
    """Why a well-formed message was not taken in; counted beside the reasons of the protocol."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNKNOWN_STATION = "unknown_station"
    UNKNOWN_ORDER = "unknown_order"


Publish = Callable[[str, bytes, Delivery], bool]
T = TypeVar("T", bound=UpMessage)


@dataclass(frozen=True, slots=True)
class Inbound:
    """Bytes from a station; the sender is the topic, which the broker guards."""

    station_id: str
    kind: Up
    payload: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """How the handlers answer: publishing, asking for pieces of sound, poking jobs."""

    publish: Publish
    push: Callable[[Want], None]
    wake: Callable[[str], None]


class Handlers:
    """Decodes batches of messages, lets services act, answers what has become durable."""

    def __init__(
        self,
        as_run: AsRun,
        orders: Orders,
        signer: Signer,
        way: Way,
        internals: Internals,
        now: Callable[[], datetime],
    ) -> None:
        self._as_run = as_run
        self._orders = orders
        self._signer = signer
        self._way = way
        self._internals = internals
        self._now = now
        self._beats: list[Beat] = []

    def handle(self, messages: Sequence[Inbound]) -> None:
        """Handle what came, kind by kind; never raises: this is a border."""
        decoded = [message for raw in messages if (message := self._decoded(raw)) is not None]
        for want in _only(decoded, Want):
            self._guarded("want", partial(self._way.push, want))
        for hello in _only(decoded, Hello):
            self._guarded("hello", partial(self._hello, hello))
        for reply in _only(decoded, Reply):
            self._guarded("reply", partial(self._reply, reply))
        self._journals(_only(decoded, JournalBatch))
        for beat in _only(decoded, Heartbeat):
            self._guarded("beat", partial(self._beat, beat))
        links = _only(decoded, LinkState)
        if links:
            self._guarded("link", partial(self._as_run.link_states, links))

    def store_beats(self) -> None:
        """Store the heartbeats that came since the last call, in one transaction."""
        beats, self._beats = self._beats, []
        if beats:
            self._guarded("beat", partial(self._store_beats, beats))

    # --- decoding ---------------------------------------------------------------------------------

    def _decoded(self, raw: Inbound) -> UpMessage | None:
        try:
            return codec.decode_up(raw.kind, raw.payload, station_id=raw.station_id)
        except ProtocolError as error:
            self._refused(error.reason, raw.station_id, raw.kind, str(error))
            return None

    def _refused(self, reason: str, station_id: str, kind: str, detail: str = "") -> None:
        self._internals.count_refused(reason)
        logger.warning(
            "message refused station=%s kind=%s reason=%s: %.200s", station_id, kind, reason, detail
        )

    def _guarded(self, what: str, deed: Callable[[], object]) -> bool:
        try:
            deed()
        except Exception:
            logger.exception("message not handled kind=%s", what)
            self._internals.count_border_error("mqtt")
            return False
        return True

    # --- each kind --------------------------------------------------------------------------------

    def _hello(self, hello: Hello) -> None:
        answer = self._as_run.hello(hello)
        if answer is None:
            self._refused(Dropped.UNKNOWN_STATION, hello.station_id, Up.HELLO)
            return
        logger.info(
            "hello station=%s boot=%s plan=%s journal=%s/%s",
            hello.station_id,
            hello.boot_id,
            hello.plan_version,
            hello.journal_stored_up_to,
            hello.journal_head,
        )
        if answer.epoch_was_raised:
            self._way.wake("plan_refresh")
        # The time first: an older plan is closed by a trusted clock before a newer one replaces it.
        self._answer(answer)
        for order in answer.orders:
            self._send(hello.station_id, Down.ORDER, order)
        self._send(hello.station_id, Down.LIMITS, answer.limits)
        self._send(hello.station_id, Down.PLAN, answer.plan)

    def _beat(self, beat: Heartbeat) -> None:
        self._beats.append(Beat(beat, self._now()))
        if beat.wants_time:
            answer = self._as_run.time_for(beat)
            if answer is not None:
                self._answer(answer)

    def _store_beats(self, beats: Sequence[Beat]) -> None:
        if self._as_run.beats(beats):
            self._way.wake("plan_refresh")

    def _journals(self, batches: Sequence[JournalBatch]) -> None:
        """Store all in one transaction; should one of them spoil it, each in its own."""
        if not batches or self._guarded("journal", partial(self._store, batches)):
            return
        if len(batches) > 1:
            for batch in batches:
                self._guarded("journal", partial(self._store, [batch]))

    def _store(self, batches: Sequence[JournalBatch]) -> None:
        answers = self._as_run.store_journals(batches)
        known = {answer.ack.station_id for answer in answers}
        for batch in batches:
            if batch.station_id not in known:
                self._refused(Dropped.UNKNOWN_STATION, batch.station_id, Up.JOURNAL)
        for answer in answers:
            self._answer(answer)
            if answer.skipped_lines:
                self._orders.ask_for_hello(answer.ack.station_id)

    def _reply(self, reply: Reply) -> None:
        if not self._as_run.reply(reply):
            self._refused(Dropped.UNKNOWN_ORDER, reply.station_id, Up.REPLY, reply.order_id)

    # --- answering --------------------------------------------------------------------------------

    def _answer(self, answer: Answer) -> None:
        sealed = Seal(self._signer, answer.epoch).ack(answer.ack)
        self._send(answer.ack.station_id, Down.ACK, sealed)

    def _send(self, station_id: str, kind: Down, payload: bytes) -> None:
        """Publish once. If it is lost with the connection the station asks again."""
        if payload:
            self._way.publish(topics.down(station_id, kind), payload, DOWN_DELIVERY[kind])


def _only(messages: Sequence[UpMessage], kind: type[T]) -> list[T]:
    return [message for message in messages if isinstance(message, kind)]
