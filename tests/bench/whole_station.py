"""A whole agent in this process, over a virtual card: what arrives is handed in as bytes."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from station_agent.core.events import Event, PlayerEnded, PlayerStarted
from station_agent.health.probes import KernelSays
from station_agent.link.handlers import Inbox
from station_agent.player.virtual_card import VirtualCard
from station_agent.settings import AgentSettings, load
from station_agent.wiring import build as wiring
from station_agent.wiring.build import Running, key_ring
from station_protocol import codec, topics
from station_protocol import messages as wire
from station_protocol.airings import airing_id
from station_protocol.signing import Claims, Signer
from station_protocol.topics import Down
from station_protocol.vocabulary import Authority, DeedKind, Purpose

STATION = "bac-ai-phuoc-binh"
PATIENCE_S = 20.0


@dataclass
class WholeStation:
    """A running station, the centre's key, and what its player says."""

    running: Running
    signer: Signer
    card: VirtualCard
    inbox: Inbox
    settings: AgentSettings
    heard: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)
    orders: int = 0

    def sealed(self, deed: wire.Deed) -> bytes:
        """An order as it arrives."""
        self.orders += 1
        now = datetime.now(UTC)
        order = wire.Order(
            order_id=f"order-{self.orders}", issued_at=now, issued_by="bench", deed=deed
        )
        claims = Claims(
            key_id=self.signer.key_id,
            purpose=Purpose.ORDER,
            audience=STATION,
            epoch=1,
            version=self.orders,
            not_before=now - timedelta(minutes=1),
            not_after=now + timedelta(minutes=10),
            nonce=f"{self.orders:032x}",
        )
        return codec.seal(order, claims, self.signer)

    def emergency_ms(self, signal_ms: int = 200) -> float:
        """From an order's bytes to the first frame of the attention signal, by the card's count."""
        deed = wire.EmergencyDeed(
            title="Xả lũ",
            authority=Authority.PROVINCE,
            sequence=self.orders + 1,
            attention_ms=signal_ms,
            until_at=datetime.now(UTC) + timedelta(minutes=5),
        )
        raw = self.sealed(deed)
        arrived_at = datetime.now(UTC)
        self.inbox.receive(topics.down(STATION, Down.ORDER), raw)
        started = self._next(PlayerStarted)
        assert isinstance(started, PlayerStarted)
        return (started.started_at - arrived_at) / timedelta(milliseconds=1)

    def silence(self) -> None:
        """Wait until the last order has sounded."""
        self._next(PlayerEnded)

    def _next(self, kind: type[PlayerStarted] | type[PlayerEnded]) -> Event:
        """The player's word of this kind about the last order."""
        airing = airing_id(f"order-{self.orders}", 1)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            event = self.heard.get(timeout=max(0.01, deadline - time.monotonic()))
            if isinstance(event, kind) and event.play_id.startswith(airing):
                return event


@contextmanager
def whole_station(
    folder: Path, *, sound_url: str = "http://127.0.0.1:9/", knows_time: bool = True
) -> Iterator[WholeStation]:
    """Start one over an empty folder; no broker answers it."""
    signer, exercise = Signer.generate(), Signer.generate(DeedKind.EXERCISE)
    config = folder / "station.toml"
    config.write_text(
        f"""
[station]
id = "{STATION}"
[broker]
port = 9
password = "none"
[sound]
url = "{sound_url}"
token = "secret"
[keys]
actual_public = "{signer.public_hex()}"
exercise_public = "{exercise.public_hex()}"
[player]
sink = "null"
"""
    )
    settings = load(config, {})
    card = VirtualCard(seed=5)
    kernel = KernelSays(synchronised=knows_time, error_ms=1.0 if knows_time else None)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(wiring, "open_sink", return_value=card))
        stack.enter_context(mock.patch.object(wiring, "kernel_clock", return_value=kernel))
        made: queue.SimpleQueue[WholeStation] = queue.SimpleQueue()

        def live() -> None:
            running = wiring.build(settings)  # its journal belongs to this thread
            made.put(_watched(running, signer, card, settings))
            running.run()

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        station = made.get(timeout=PATIENCE_S)
        try:
            yield station
        finally:
            station.running.shell.stop()
            thread.join(PATIENCE_S)


def _watched(
    running: Running, signer: Signer, card: VirtualCard, settings: AgentSettings
) -> WholeStation:
    emit = running.shell._events.put
    inbox = Inbox(STATION, (), key_ring(settings), emit, lambda _chunk: None)
    station = WholeStation(running, signer, card, inbox, settings)
    carry_on = running.shell.handle

    def handle(event: Event) -> None:
        if isinstance(event, PlayerStarted | PlayerEnded):
            station.heard.put(event)
        carry_on(event)

    running.shell.handle = handle  # type: ignore[method-assign]
    return station


@contextmanager
def in_scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
