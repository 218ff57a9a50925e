"""What arrives, opened and checked: topic and bytes -> events. Nothing is obeyed here."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable
from dataclasses import dataclass

from station_agent.core.events import (
    AckReceived,
    Event,
    LimitsReceived,
    MessageRefused,
    OrderReceived,
    PlanReceived,
    What,
)
from station_protocol import codec, topics
from station_protocol.codec import Chunk, Signed
from station_protocol.errors import ProtocolError
from station_protocol.messages import Ack
from station_protocol.signing import KeyRing
from station_protocol.topics import Down

logger = logging.getLogger(__name__)

_WHAT: dict[Down, What] = {
    Down.PLAN: "plan",
    Down.LIMITS: "limits",
    Down.ORDER: "order",
    Down.ACK: "ack",
    Down.CHUNK: "chunk",
}


@dataclass(frozen=True, slots=True)
class Inbox:
    """Opens every message sent to this station; called in the MQTT thread."""

    station_id: str
    place_ids: tuple[str, ...]
    keys: KeyRing
    emit: Callable[[Event], None]
    on_chunk: Callable[[Chunk], None]

    def receive(self, topic: str, payload: bytes) -> None:
        """Emit what the message means, or that it was refused and why."""
        try:
            audience, kind = topics.parse_down(topic)
        except ProtocolError as error:
            self._refuse("order", error)
            return
        try:
            self._open(audience, kind, payload)
        except ProtocolError as error:
            self._refuse(_WHAT[kind], error)

    def _open(self, audience: str, kind: Down, payload: bytes) -> None:
        match kind:
            case Down.PLAN:
                plan = codec.open_plan(payload, self.keys, self.station_id)
                self.emit(PlanReceived(plan, payload))
            case Down.LIMITS:
                limits = codec.open_limits(payload, self.keys, self.station_id)
                self.emit(LimitsReceived(limits, payload))
            case Down.ORDER:
                order = codec.open_order(payload, self.keys, frozenset({audience}))
                self.emit(OrderReceived(order))
            case Down.ACK:
                self._open_ack(codec.open_ack(payload, self.keys, self.station_id))
            case Down.CHUNK:
                self.on_chunk(codec.open_chunk(payload, self.keys, self.station_id))

    def _open_ack(self, ack: Signed[Ack]) -> None:
        """The ack, then every order it brings along, each verified like one received."""
        self.emit(AckReceived(ack))
        audiences = frozenset({self.station_id, *self.place_ids})
        for sealed in ack.message.orders:
            try:
                raw = base64.b64decode(sealed, validate=True)
                order = codec.open_order(raw, self.keys, audiences)
                self.emit(OrderReceived(order, with_answer=True))
            except binascii.Error as error:
                self.emit(MessageRefused("order", "malformed", f"in an ack: {error}"))
            except ProtocolError as error:
                self._refuse("order", error)

    def _refuse(self, what: What, error: ProtocolError) -> None:
        logger.warning("message refused what=%s reason=%s: %s", what, error.reason, error)
        self.emit(MessageRefused(what, error.reason, str(error)[:200]))
