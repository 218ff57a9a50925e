"""What a station writes to its card in a day of normal service, at the block device.

The shipped agent keeps its store on a file system of its own (ext4 behind a loop device, so that
the file system's own journal counts too; without root /proc/<pid>/io, which leaves that out). Its
writes are counted while nothing is due and during airings of two lengths, then added up for a day
of 12 slots and 90 minutes on air. Sound files themselves are not counted: each is written once.
The peer is a row for every heartbeat of 10 s, in SQLite as it comes.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from station_protocol import messages as wire
from tests.bench.rows import Row, Verdict
from tests.support import sound
from tests.support.brokers import Nats, broker_user
from tests.support.own_disk import may_mount, own_disk
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for

STATION = "bac-ai-phuoc-binh"
GOAL_MB = 5.0
SLOTS_A_DAY, ON_AIR_S_A_DAY, DAY_S = 12, 90 * 60, 86_400
IDLE_S = 300
"""The agent marks its life every five minutes: one mark, wherever this begins."""
SHORT_S, LONG_S = 20, 80
PEER_ROWS, PEER_EVERY_S = 60, 10
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Card:
    """Where the store lies and how its writes are counted."""

    folder: Path
    how: str
    written_bytes: Callable[[int], int]


@contextmanager
def _card(place: Path) -> Iterator[Card]:
    if may_mount():
        with own_disk(place / "card", 256) as disk:
            yield Card(disk.folder, "block device", lambda _pid: disk.written_bytes())
    else:
        (place / "card").mkdir()
        yield Card(place / "card", "/proc/pid/io", _of_process)


def _of_process(pid: int) -> int:
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


@dataclass(slots=True)
class Service:
    """A station in service, and what it wrote while something went on."""

    centre: SmallCentre
    agent: Program
    card: Card
    voice: bytes
    slots: tuple[wire.PlannedSlot, ...] = ()

    def during(self, pause: Callable[[], object]) -> float:
        """Bytes written meanwhile."""
        before = self.card.written_bytes(self.agent.pid)
        pause()
        return float(self.card.written_bytes(self.agent.pid) - before)

    def hold_plan(self) -> None:
        """Two weeks of slots, and all their sound."""
        noon = now().replace(microsecond=0) + timedelta(hours=12)
        self.slots = tuple(
            slot_of(self.centre, f"s{n}", self.voice, noon + timedelta(hours=2 * n), LONG_S)
            for n in range(14 * SLOTS_A_DAY)
        )
        self.centre.plan(STATION, *self.slots)
        wait_for(lambda: self.centre.evidence(STATION, wire.HoldingEntry), 60)

    def air(self, version: int, seconds: int) -> None:
        """One more slot, soon; until it is over and its evidence is stored."""
        name = f"soon-{version}"
        soon = slot_of(self.centre, name, self.voice, now() + timedelta(seconds=12), seconds)
        self.centre.plan(STATION, soon, *self.slots, version=version)
        wait_for(lambda: self.centre.outcome(STATION, slot_id(name)), 60 + seconds)
        time.sleep(8)


@contextmanager
def _service(place: Path, card: Card) -> Iterator[Service]:
    voice = place / "voice.opus"
    sound.write_sound(voice, sound.speech_like(LONG_S, seed=7))
    broker = Nats(place / "broker", (broker_user(STATION, "ninh-thuan"),), None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            config = centre.configure(place / "s", STATION, store_folder=str(card.folder / "data"))
            with Program(("run", "--config", str(config)), place / "agent.log") as agent:
                wait_for(lambda: centre.all(wire.Hello), 60)
                yield Service(centre, agent, card, voice.read_bytes())
    finally:
        broker.stop()


def _naive_bytes_a_row(card: Card) -> float:
    """A row and a commit for each heartbeat, SQLite's own defaults."""
    db = sqlite3.connect(card.folder / "naive.db")
    db.execute("CREATE TABLE beat (at REAL, body TEXT)")
    db.commit()
    before = card.written_bytes(os.getpid())
    for number in range(PEER_ROWS):
        db.execute("INSERT INTO beat VALUES (?, ?)", (float(number), "x" * 130))
        db.commit()
    db.close()
    return (card.written_bytes(os.getpid()) - before) / PEER_ROWS


def measure(quick: bool) -> list[Row]:
    """Megabytes a day beside the peer's; `quick` takes the idle figure from two minutes."""
    with tempfile.TemporaryDirectory() as name, _card(Path(name)) as card:
        peer = _naive_bytes_a_row(card) * DAY_S / PEER_EVERY_S
        with _service(Path(name), card) as service:
            service.hold_plan()
            time.sleep(15)
            idle_s = 120 if quick else IDLE_S
            idle = service.during(lambda: time.sleep(idle_s)) / idle_s
            short = service.during(lambda: service.air(2, SHORT_S))
            long = service.during(lambda: service.air(3, LONG_S))
        ours = _a_day(idle, short, long)
    return [_row(f"written a day in service, {card.how}, MB", ours, peer)]


def _a_day(idle: float, short: float, long: float) -> float:
    """Bytes of 24 hours at rest, of so many airings, and of each further second on air."""
    a_second = max(0.0, (long - short) / (LONG_S - SHORT_S))
    an_airing = max(0.0, short - SHORT_S * a_second)
    return idle * DAY_S + an_airing * SLOTS_A_DAY + a_second * ON_AIR_S_A_DAY


def _row(name: str, ours: float, peer: float) -> Row:
    return Row(
        name=name,
        ours=ours / MB,
        peer=peer / MB,
        ratio=ours / peer,
        goal=f"<= {GOAL_MB:g} MB",
        verdict=Verdict.OK if ours <= GOAL_MB * MB else Verdict.SHORT,
        load=os.getloadavg()[0],
    )
