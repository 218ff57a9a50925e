"""A station that speaks the wire and nothing else: it answers only what a test lets it."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.services.stations import StationConfig
from station_protocol import codec, topics
from station_protocol.codec import Chunk, Signed
from station_protocol.messages import UpMessage
from station_protocol.signing import KeyRing
from station_protocol.topics import Down, Up
from tests.support import wire
from tests.support.brokers import WAIT_S, Peer, connect

KINDS: dict[type[Any], Up] = {
    wire.wire.Hello: Up.HELLO,
    wire.wire.Heartbeat: Up.BEAT,
    wire.wire.JournalBatch: Up.JOURNAL,
    wire.wire.Reply: Up.REPLY,
    wire.wire.Want: Up.WANT,
    wire.wire.LinkState: Up.LINK,
}


@dataclass
class StandIn:
    """A connected station. What it receives is verified as an agent would verify it."""

    config: StationConfig
    keys: KeyRing
    port: int
    ca: Path | None = None

    def __post_init__(self) -> None:
        self.peer = self._connect()

    @property
    def station_id(self) -> str:
        return self.config.station_id

    def _connect(self) -> Peer:
        peer = connect(
            self.port,
            self.config.broker_user,
            self.config.broker_password,
            client_id=self.config.broker_user,
            ca=self.ca,
        )
        assert peer.connected.is_set()
        granted = peer.subscribe(*topics.station_filters(self.station_id, self.config.place_ids))
        assert all(granted), granted
        return peer

    def reconnect(self, port: int) -> None:
        """Connect to a broker that was started again."""
        self.peer.close()
        self.port = port
        self.peer = self._connect()

    def say(self, message: UpMessage) -> None:
        """Publish one message; QoS 1 ones are acknowledged by the broker when this returns."""
        kind = KINDS[type(message)]
        self.shout(topics.up(self.station_id, kind), codec.encode_up(message))

    def shout(self, topic: str, payload: bytes) -> None:
        """Publish any bytes."""
        self.peer.publish(topic, payload)

    def next(self, kind: Down, *, within_s: float = WAIT_S) -> Any:
        """The next message of this kind; those of other kinds are passed over."""
        deadline = time.monotonic() + within_s
        while True:
            topic, raw, _ = self.peer.messages.get(timeout=max(0.01, deadline - time.monotonic()))
            if topics.parse_down(topic)[1] is kind and raw:
                return self.opened(kind, raw)

    def next_kinds(self, count: int) -> list[Down]:
        """The kinds of the next messages in their order."""
        return [topics.parse_down(self.peer.next()[0])[1] for _ in range(count)]

    def opened(self, kind: Down, raw: bytes) -> Signed[Any] | Chunk:
        """The message as an agent accepts it; ProtocolError if it would not."""
        match kind:
            case Down.PLAN:
                return codec.open_plan(raw, self.keys, self.station_id)
            case Down.LIMITS:
                return codec.open_limits(raw, self.keys, self.station_id)
            case Down.ACK:
                return codec.open_ack(raw, self.keys, self.station_id)
            case Down.CHUNK:
                return codec.open_chunk(raw, self.keys, self.station_id)
            case Down.ORDER:
                audiences = frozenset({self.station_id, *self.config.place_ids})
                return codec.open_order(raw, self.keys, audiences)

    def hears_nothing(self, for_s: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            self.peer.messages.get(timeout=for_s)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        self.peer.close()
