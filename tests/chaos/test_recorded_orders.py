"""Orders recorded off the broker and played back to real agents: nothing sounds, nothing is done.

They are recorded by somebody who has a station's own password, and sent again byte for byte, in
another order, by somebody who may publish: at once, after the agents were restarted, after they
were killed, and by a clock that was set back. All of them are still valid, and there are more than
a station remembers. Dallas, 7 April 2017.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from station_agent.core.records import Memory
from station_protocol import messages as wire
from station_protocol import topics
from station_protocol.topics import Down
from station_protocol.vocabulary import Authority
from tests.support.brokers import Peer, connect, secret_of
from tests.support.fake_time import FakeClock, library
from tests.support.outposts import Outposts, outposts
from tests.support.small_centre import now, wait_for

pytestmark = pytest.mark.real

FEW, MANY = ("ghi-mot",), ("ghi-mot", "ghi-hai", "ghi-ba")
VALID = timedelta(hours=24)
MOST_LINES = 8
"""Evidence of one round of playing back at one station: a line a minute for each reason."""


@dataclass(frozen=True)
class Deeds:
    """What a station has done so far: what has sounded, how often it greeted, how loud it is."""

    first_frames: int
    starts: int
    hellos: int
    volume_percent: int | None


@dataclass
class Theft:
    """The stations, what was recorded on its way to each, and a hand that may publish."""

    posts: Outposts
    recorded: dict[str, list[bytes]]
    clocks: dict[str, FakeClock]
    taps: dict[str, Peer] = field(default_factory=dict)
    sent: int = 0

    @property
    def stations(self) -> tuple[str, ...]:
        return tuple(self.recorded)

    def order(self, station: str, deed: wire.Deed) -> str:
        self.sent += 1
        valid = {"version": self.sent, "not_after": now() + VALID}
        return self.posts.centre.order(station, deed, **valid)

    def answered(self, station: str, order_id: str) -> list[wire.Reply]:
        replies = self.posts.centre.all(wire.Reply, station)
        return [one for one in replies if one.order_id == order_id]

    def last_word(self) -> None:
        """A new order to each is obeyed, so everything before it was looked at."""
        nothing = wire.CancelDeed(slot_id="z" * 26)
        asked = {one: self.order(one, nothing) for one in self.stations}
        for station, order_id in asked.items():
            assert wait_for(lambda s=station, o=order_id: self.answered(s, o))[0].accepted

    def record(self, number: int) -> None:
        """So many different orders, each obeyed and answered, and kept by the thief."""
        for station in self.stations:
            tap = connect(self.posts.centre.broker.port, station, secret_of(station))
            tap.subscribe(topics.down(station, Down.ORDER))
            self.taps[station] = tap
        asked: Counter[str] = Counter()
        for turn in range(number):
            station = self.stations[turn % len(self.stations)]
            deed = _deed(turn // len(self.stations))
            begun = self.first_frames(station)
            self.order(station, deed)
            asked[station] += 1
            if isinstance(deed, wire.EmergencyDeed):
                wait_for(lambda s=station, n=begun: self.first_frames(s) > n)
                time.sleep(0.3)  # it sounds to its end
            if turn % 50 == 49:  # nobody is sent more than it can keep
                self.last_word()
                asked.update(self.stations)
        for station, tap in self.taps.items():
            wanted = asked[station]
            while len(self.recorded[station]) < wanted:
                topic, payload, _ = tap.next()
                assert topic == topics.down(station, Down.ORDER)
                self.recorded[station].append(payload)
            tap.close()
        self.fall_silent()

    def fall_silent(self) -> None:
        """Wait until everything was looked at, and what was let go by it has sounded."""
        self.last_word()
        wait_for(lambda: not any(map(self.is_busy, self.stations)))
        time.sleep(1.2)  # longer than a tone of which no heartbeat has told yet

    def is_busy(self, station: str) -> bool:
        shown = self.posts.shown(station)
        return shown is None or shown.on_air is not None

    def first_frames(self, station: str) -> int:
        log = self.posts.programs[station].log.read_text(encoding="utf-8", errors="replace")
        return log.count("first frame play=")

    def deeds(self, station: str) -> Deeds:
        return Deeds(
            self.first_frames(station),
            len(self.posts.centre.evidence(station, wire.StartEntry)),
            len(self.posts.centre.all(wire.Hello, station)),
            self.memory(station).volume_percent,
        )

    def memory(self, station: str) -> Memory:
        """What it has on its card."""
        file = self.posts.folder / station / "data" / "journal.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as journal:
            (body,) = journal.execute("SELECT value FROM meta WHERE key = 'memory'").fetchone()
        return Memory.model_validate_json(body)

    def lines(self, station: str) -> int:
        return len(self.posts.centre.evidence(station, wire.RefusalEntry))

    def play_back(self, seed: int) -> None:
        """All of it in another order; nobody does anything but answer, and few lines tell it."""
        before = {one: (self.deeds(one), self.lines(one)) for one in self.stations}
        order = [(one, raw) for one in self.stations for raw in self.recorded[one]]
        random.Random(seed).shuffle(order)  # noqa: S311 - any order will do
        for station, raw in order:
            self.posts.centre.publish(station, Down.ORDER, raw)
        self.fall_silent()
        for station, (deeds, lines) in before.items():
            assert self.deeds(station) == deeds, station
            assert self.lines(station) - lines <= MOST_LINES, station

    def again(self, station: str, **environment: str) -> None:
        """Start it anew, and wait until it has greeted."""
        hellos = len(self.posts.centre.all(wire.Hello, station))
        self.posts.programs[station].start(**environment)
        wait_for(lambda: len(self.posts.centre.all(wire.Hello, station)) > hellos)


def _deed(number: int) -> wire.Deed:
    match number % 12:
        case 0:
            return wire.EmergencyDeed(
                title="Xả lũ",
                authority=Authority.PROVINCE,
                sequence=number + 1,
                attention_ms=300,
                until_at=now() + VALID,
            )
        case 3:
            return wire.DrillDeed(title="Diễn tập")
        case 5:
            return wire.StopDeed()
        case 7:
            return wire.RefreshDeed()
        case 9:
            return wire.TestToneDeed(seconds=1)
        case _:
            return wire.VolumeDeed(percent=1 + number % 70)


@contextmanager
def theft(folder: Path, stations: tuple[str, ...]) -> Iterator[Theft]:
    with outposts(folder, stations) as posts:
        clocks = {}
        for station in stations:
            (folder / station).mkdir(parents=True)
            clocks[station] = FakeClock(folder / station)
            posts.start(station)
        posts.wait("all know the time", lambda: posts.greeted() and posts.settled())
        yield Theft(posts, {station: [] for station in stations}, clocks)
        posts.close()


def test_orders_recorded_and_played_back_do_nothing_also_after_a_kill(tmp_path: Path) -> None:
    with theft(tmp_path, FEW) as made:
        (station,) = FEW
        made.record(60)
        assert made.deeds(station).first_frames >= 5  # the first time they did sound
        made.play_back(1)
        made.posts.programs[station].kill()
        made.again(station)
        made.play_back(2)
        refused = {
            (one.what, one.why) for one in made.posts.centre.evidence(station, wire.RefusalEntry)
        }
        assert ("order", "replayed") in refused


@pytest.mark.soak
@pytest.mark.skipif(library() is None, reason="libfaketime is missing: make test installs it")
def test_a_thousand_recorded_orders_do_nothing_at_agents_restarted_killed_or_set_back(
    tmp_path: Path,
) -> None:
    with theft(tmp_path, MANY) as made:
        made.record(1_000)
        assert sum(map(len, made.recorded.values())) >= 1_000
        assert min(map(len, made.recorded.values())) > 300  # more than they remember
        made.play_back(1)
        for station in MANY:
            assert made.posts.programs[station].stop() == 0
            made.again(station)
        made.play_back(2)  # at once: some may not know the time yet
        for station in MANY:
            made.posts.programs[station].kill()
            made.again(station)
        made.play_back(3)
        for station, days in zip(MANY, (-1, -2, -400), strict=True):
            made.posts.programs[station].kill()
            made.clocks[station].be_off(timedelta(days=days))
            made.again(station, **made.clocks[station].environment)
        made.play_back(4)
        for station in MANY:
            made.clocks[station].be_off(timedelta(0))
        wait_for(made.posts.settled)
        made.play_back(5)
