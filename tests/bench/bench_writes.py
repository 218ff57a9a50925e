"""What a station writes to its card in a day of normal service.

The shipped agent keeps its store on a file system of its own (ext4 behind a loop device; without
root only the first row is made). Counted are the pages it dirtied there, as the kernel charges
them to the process (/proc/<pid>/io), and what reached the block device, where ext4's own journal
adds about three blocks to each write. Both are taken while nothing is due, while a plan comes, and
during airings of two lengths, and added up for a day of 12 slots, 90 minutes on air and 4 plans.
Sound files are not counted: each is written once. The peer is a row for every heartbeat of 10 s,
in SQLite as it comes.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from station_protocol import messages as wire
from tests.bench.rows import Row, Verdict
from tests.support import sound
from tests.support.brokers import Nats, broker_user
from tests.support.own_disk import Disk, may_mount, own_disk
from tests.support.small_centre import Program, SmallCentre, now, slot_of, wait_for

STATION = "bac-ai-phuoc-binh"
GOAL_MB = 5.0
SLOTS_A_DAY, ON_AIR_S_A_DAY, DAY_S = 12, 90 * 60, 86_400
PLANS_A_DAY = 4
IDLE_S = 300
"""The agent marks its life every five minutes: one mark, wherever this begins."""
MARK_EVERY_S, ON_AIR_MARK_EVERY_S = 300, 15
SHORT_S, LONG_S = 20, 80
PEER_ROWS, PEER_EVERY_S = 60, 10
DEVICE_GOAL = 0.1
MB = 1_000_000
MEMORY = Path("/dev/shm")  # noqa: S108 - what is not the card must not be counted with it


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes by the two ways of counting; `device` is 0 where it cannot be seen."""

    pages: float
    device: float

    def __sub__(self, other: Written) -> Written:
        return Written(self.pages - other.pages, self.device - other.device)

    def __add__(self, other: Written) -> Written:
        return Written(self.pages + other.pages, self.device + other.device)

    def times(self, factor: float) -> Written:
        """So often; never less than nothing."""
        return Written(max(0.0, self.pages) * factor, max(0.0, self.device) * factor)


@dataclass(frozen=True, slots=True)
class Card:
    """Where the store lies, and the disk it is, if it is one of our own."""

    folder: Path
    disk: Disk | None

    def written(self, pid: int) -> Written:
        """By this process, and to this disk, so far."""
        device = self.disk.written_bytes() if self.disk else 0
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
        pages = next(line for line in lines if line.startswith("write_bytes"))
        return Written(int(pages.split()[1]), device)


@contextmanager
def _card(place: Path) -> Iterator[Card]:
    if may_mount():
        with own_disk(place / "card", 256) as disk:
            yield Card(disk.folder, disk)
    else:
        with tempfile.TemporaryDirectory() as name:
            yield Card(Path(name), None)


@dataclass(slots=True)
class Service:
    """A station in service, and what it wrote while something went on."""

    centre: SmallCentre
    agent: Program
    card: Card
    voice: bytes
    soon: dict[int, wire.PlannedSlot] = field(default_factory=dict)

    def during(self, pause: Callable[[], object]) -> Written:
        """Bytes written meanwhile."""
        before = self.card.written(self.agent.pid)
        pause()
        return self.card.written(self.agent.pid) - before

    def plan(self, version: int, first_in: timedelta) -> None:
        """Two weeks of slots; the first two are of two lengths."""
        at = now().replace(microsecond=0) + first_in
        self.soon = {
            SHORT_S: self._slot("short", at, SHORT_S),
            LONG_S: self._slot("long", at + timedelta(seconds=50), LONG_S),
        }
        later = [
            self._slot(f"s{n}", at + timedelta(hours=2 * n + 2), LONG_S)
            for n in range(14 * SLOTS_A_DAY)
        ]
        self.centre.plan(STATION, *self.soon.values(), *later, version=version)
        time.sleep(10)

    def _slot(self, name: str, at: datetime, seconds: int) -> wire.PlannedSlot:
        return slot_of(self.centre, f"{name} {at}", self.voice, at, seconds)

    def air(self, seconds: int) -> None:
        """Until that slot is over and its evidence is stored and ticked off."""
        slot = self.soon[seconds]
        wait_for(lambda: self.centre.outcome(STATION, slot.slot_id), 120 + seconds)
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
                wait_for(lambda: centre.all(wire.Hello))
                yield Service(centre, agent, card, voice.read_bytes())
    finally:
        broker.stop()


def _naive_row(card: Card) -> Written:
    """A row and a commit for each heartbeat, SQLite's own defaults."""
    db = sqlite3.connect(card.folder / "naive.db")
    db.execute("CREATE TABLE beat (at REAL, body TEXT)")
    db.commit()
    before = card.written(os.getpid())
    for number in range(PEER_ROWS):
        db.execute("INSERT INTO beat VALUES (?, ?)", (float(number), "x" * 130))
        db.commit()
    db.close()
    return (card.written(os.getpid()) - before).times(1 / PEER_ROWS)


def measure(quick: bool) -> list[Row]:
    """Megabytes a day; `quick` reckons the hours at rest from a mark on air."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as name, _card(Path(name)) as card:
        peer = _naive_row(card).times(DAY_S / PEER_EVERY_S)
        with _service(Path(name), card) as service:
            service.plan(1, first_in=timedelta(hours=1))
            time.sleep(10)
            idle = Written(0.0, 0.0)
            if not quick:
                idle = service.during(lambda: time.sleep(IDLE_S)).times(1 / IDLE_S)
            plan = service.during(lambda: service.plan(2, first_in=timedelta(seconds=30)))
            short = service.during(lambda: service.air(SHORT_S))
            long = service.during(lambda: service.air(LONG_S))
        a_second = (long - short).times(1 / (LONG_S - SHORT_S))
        if quick:
            idle = a_second.times(ON_AIR_MARK_EVERY_S / MARK_EVERY_S)
        an_airing = short - a_second.times(SHORT_S)
        ours = (
            idle.times(DAY_S)
            + plan.times(PLANS_A_DAY)
            + an_airing.times(SLOTS_A_DAY)
            + a_second.times(ON_AIR_S_A_DAY)
        )
        return [*_rows(ours, peer, has_device=card.disk is not None)]


def _rows(ours: Written, peer: Written, *, has_device: bool) -> Iterator[Row]:
    yield _row(
        "written a day by the agent, MB",
        (ours.pages, peer.pages),
        f"<= {GOAL_MB:g} MB",
        is_met=ours.pages <= GOAL_MB * MB,
    )
    if has_device:
        yield _row(
            "written a day at the block device, MB",
            (ours.device, peer.device),
            f"<= {DEVICE_GOAL:g}",
            is_met=ours.device <= DEVICE_GOAL * peer.device,
        )


def _row(name: str, bytes_a_day: tuple[float, float], goal: str, *, is_met: bool) -> Row:
    ours, peer = bytes_a_day
    return Row(
        name=name,
        ours=ours / MB,
        peer=peer / MB,
        ratio=ours / peer,
        goal=goal,
        verdict=Verdict.OK if is_met else Verdict.SHORT,
        load=os.getloadavg()[0],
    )
