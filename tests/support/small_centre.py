"""A centre as small as it can be: signs plans, answers hello, stores evidence, hands out sound.

It talks to shipped agents over a real broker. What it heard is kept in lists for the tests.
"""

from __future__ import annotations

import base64
import hashlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from station_protocol import codec, topics
from station_protocol import messages as wire
from station_protocol.signing import Claims, Signer
from station_protocol.topics import DOWN_DELIVERY, Down, Up
from station_protocol.transfer import chunk_count, chunk_header
from station_protocol.vocabulary import DeedKind, Purpose
from tests.support import wire as build
from tests.support.brokers import Broker, secret_of
from tests.support.brokers import connect as join
from tests.support.sound_server import SoundServer

T = TypeVar("T")
EPOCH = 1_700_000_000_000
CONTROLLER = "controller"
ROOT = Path(__file__).parents[2]


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


PATIENCE_S = 60.0
"""A machine that runs every test at once may be slow; only a failure takes so long."""


def wait_for(look: Callable[[], T | bool | None], seconds: float = PATIENCE_S) -> T:
    """The first true answer; fails with the test if none comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found  # type: ignore[return-value]
        time.sleep(0.02)
    raise AssertionError("waited in vain")


@dataclass
class SmallCentre:
    """One broker, one sound door, one key."""

    broker: Broker
    sounds: dict[str, bytes] = field(default_factory=dict)
    signer: Signer = field(default_factory=Signer.generate)
    exercise: Signer = field(default_factory=lambda: Signer.generate(DeedKind.EXERCISE))
    heard: list[wire.UpMessage] = field(default_factory=list)
    entries: dict[str, dict[int, wire.JournalEntry]] = field(default_factory=dict)
    valid_orders: list[bytes] = field(default_factory=list)
    is_silent: bool = False
    flips_a_byte: bool = False
    wants: int = 0

    def __enter__(self) -> SmallCentre:
        self.door = SoundServer(self.sounds)
        self.door.__enter__()
        self.reconnect()
        return self

    def reconnect(self) -> None:
        """Connect to the broker (again, after it was killed)."""
        self._stopping = threading.Event()
        self.peer = join(self.broker.port, CONTROLLER, self.broker.controller_password)
        self.peer.subscribe(topics.ALL_UP)
        self._thread = threading.Thread(target=self._run, args=(self.peer,), daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Be gone from the broker."""
        self._stopping.set()
        self._thread.join()
        self.peer.close()

    def __exit__(self, *_: object) -> None:
        self.leave()
        self.door.__exit__(None, None, None)

    # --- up ---------------------------------------------------------------------------------------

    def _run(self, peer: Any) -> None:
        while not self._stopping.is_set():
            try:
                topic, payload, _ = peer.messages.get(timeout=0.05)
            except queue.Empty:
                continue
            station, kind = topics.parse_up(topic)
            message = codec.decode_up(kind, payload, station_id=station)
            self.heard.append(message)
            if not self.is_silent:
                self._answer(station, kind, message)

    def _answer(self, station: str, kind: Up, message: wire.UpMessage) -> None:
        match message:
            case wire.Hello():
                self._ack(station, "hello", message.sent_mono_ms, message.journal_id)
            case wire.Heartbeat(wants_time=True):
                self._ack(station, "beat", message.sent_mono_ms, self._journal_of(station))
            case wire.JournalBatch():
                kept = self.entries.setdefault(station, {})
                kept |= {entry.entry_no: entry for entry in message.entries}
                self._ack(station, "journal", message.sent_mono_ms, message.journal_id)
            case wire.Want():
                self.wants += 1
                self._chunks(station, message)
            case _:
                return

    def _journal_of(self, station: str) -> str:
        hellos = [m for m in self.heard if isinstance(m, wire.Hello) and m.station_id == station]
        return hellos[-1].journal_id if hellos else "unknown"

    def _ack(self, station: str, answers: Any, echo: int, journal_id: str) -> None:
        kept = self.entries.get(station, {})
        up_to = 0
        while up_to + 1 in kept:
            up_to += 1
        ack = wire.Ack(
            station_id=station,
            journal_id=journal_id,
            stored_up_to=up_to,
            controller_at=now(),
            echo_mono_ms=echo,
            answers=answers,
            orders=tuple(base64.b64encode(raw).decode() for raw in self.valid_orders),
        )
        self.publish(
            station, Down.ACK, codec.seal(ack, self.claims(Purpose.ACK, station), self.signer)
        )

    def _chunks(self, station: str, want: wire.Want) -> None:
        data = self.sounds[want.sha256]
        last = min(want.from_index + want.count, chunk_count(len(data)))
        for index in range(want.from_index, last):
            header = chunk_header(want.sha256, index, len(data))
            piece = data[index * codec.CHUNK_BYTES : (index + 1) * codec.CHUNK_BYTES]
            claims = self.claims(Purpose.CHUNK, station)
            self.publish(station, Down.CHUNK, codec.seal_chunk(header, piece, claims, self.signer))

    # --- down -------------------------------------------------------------------------------------

    def claims(self, purpose: Purpose, audience: str, **changes: Any) -> Claims:
        """Claims of this centre, valid for two weeks."""
        values: dict[str, Any] = {
            "key_id": self.signer.key_id,
            "purpose": purpose,
            "audience": audience,
            "epoch": EPOCH,
            "version": 1,
            "not_before": now() - timedelta(minutes=1),
            "not_after": now() + timedelta(days=14),
            "nonce": os.urandom(16).hex(),
        }
        return Claims(**(values | changes))

    def publish(self, station: str, kind: Down, raw: bytes) -> None:
        """Send sealed bytes as this kind of message."""
        delivery = DOWN_DELIVERY[kind]
        topic = topics.down(station, kind)
        self.peer.client.publish(topic, raw, qos=delivery.qos, retain=delivery.retain)

    def plan(
        self, station: str, *slots: wire.PlannedSlot, version: int = 1, **claims: Any
    ) -> bytes:
        """Publish a plan of these slots; the sealed bytes."""
        plan = wire.StationPlan(
            station_id=station, made_at=now(), covers_until=now() + timedelta(days=14), slots=slots
        )
        made = self.claims(Purpose.PLAN, station, version=version, **claims)
        raw = codec.seal(plan, made, self.signer)
        self.publish(station, Down.PLAN, raw)
        return raw

    def limits(self, station: str, version: int = 1, **fields: Any) -> None:
        """Publish limits; round the clock unless told."""
        hours = (wire.HoursSpan(opens_min=0, closes_min=1440),)
        values = {"station_id": station, "hours": hours, "max_length_ms": 3_600_000}
        claims = self.claims(Purpose.LIMITS, station, version=version)
        raw = codec.seal(wire.StationLimits(**(values | fields)), claims, self.signer)
        self.publish(station, Down.LIMITS, raw)

    def order(self, station: str, deed: wire.Deed, **claims: Any) -> str:
        """Publish an order; its id. A drill is signed by the other key."""
        order_id = os.urandom(8).hex()
        order = build.order(deed, order_id=order_id, issued_at=now())
        signer = self.exercise if isinstance(deed, wire.DrillDeed) else self.signer
        own = {"key_id": signer.key_id, "kind": signer.kind}
        made = self.claims(Purpose.ORDER, station, **(own | claims))
        self.publish(station, Down.ORDER, codec.seal(order, made, signer))
        return order_id

    def add_sound(self, data: bytes) -> str:
        """Offer this sound; its name."""
        name = hashlib.sha256(data).hexdigest()
        self.sounds[name] = data
        return name

    # --- what was heard ---------------------------------------------------------------------------

    def all(self, kind: type[T], station: str | None = None) -> list[T]:
        """Every message of this kind, of one station or all."""
        return [
            message
            for message in list(self.heard)
            if isinstance(message, kind) and station in (None, getattr(message, "station_id", None))
        ]

    def evidence(self, station: str, kind: type[T]) -> list[T]:
        """Every stored line of this kind, in order."""
        kept = dict(self.entries.get(station, {}))
        lines = [kept[number].evidence for number in sorted(kept)]
        return [line for line in lines if isinstance(line, kind)]

    def outcome(self, station: str, slot_id: str) -> wire.AsRunEntry | None:
        """What became of a slot; fails if it has two outcomes."""
        lines = [e for e in self.evidence(station, wire.AsRunEntry) if e.slot_id == slot_id]
        assert len(lines) <= 1, "two outcomes for one slot"
        return lines[0] if lines else None

    # --- stations ---------------------------------------------------------------------------------

    def configure(self, folder: Path, station: str, port: int | None = None, **extra: Any) -> Path:
        """Write a station.toml; `extra` overrides single keys, `section_key=value`."""
        values: dict[str, dict[str, Any]] = {
            "station": {"id": station, "places": ["ninh-thuan"]},
            "broker": {
                "port": port or self.broker.port,
                "user": station,
                "password": secret_of(station),
            },
            "sound": {"over": "http", "url": self.door.url, "token": self.door.token},
            "keys": {
                "actual_public": self.signer.public_hex(),
                "exercise_public": self.exercise.public_hex(),
            },
            "limits": {"hours": ["00:00-24:00"]},
            "player": {"sink": "null"},
        }
        for name, value in extra.items():
            section, key = name.split("_", 1)
            values.setdefault(section, {})[key] = value
        lines = []
        for section, keys in values.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "station.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


@dataclass
class Program:
    """`vang-agent ...` as a process; its words go to a file."""

    arguments: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> Program:
        """Start it (again)."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "station_agent", *self.arguments],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env=os.environ | environment,
            )
        return self

    def __enter__(self) -> Program:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """TERM; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def slot_id(text: str) -> str:
    """A slot id made of a word."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:26]


def slot_of(
    centre: SmallCentre, name: str, sound: bytes, starts_at: datetime, seconds: int, **changes: Any
) -> wire.PlannedSlot:
    """A slot of one sound that this centre offers."""
    sha256 = centre.add_sound(sound)
    item = build.item(sha256=sha256, size_bytes=len(sound), duration_ms=seconds * 1000)
    values: dict[str, Any] = {
        "slot_id": slot_id(name),
        "starts_at": starts_at,
        "duration_ms": seconds * 1000,
        "items": (item,),
    }
    return build.slot(**(values | changes))
