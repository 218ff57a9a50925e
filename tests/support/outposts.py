"""Many shipped agents around one small centre, each free to die in its own way."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from station_agent.store.journal import Journal
from station_protocol import messages as wire
from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import Program, SmallCentre

DEADLY = Path(__file__).parent / "deadly"


def deadly_at(points: Iterable[str], folder: Path) -> dict[str, str]:
    """The environment of a program that dies at these points while their files lie in `folder`."""
    return {
        "VANG_TEST_POINTS": ",".join(points),
        "VANG_TEST_POINTS_FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join([str(DEADLY), os.environ.get("PYTHONPATH", "")]),
    }


@dataclass
class Outposts:
    """The stations, their processes, and how often each was killed."""

    centre: SmallCentre
    folder: Path
    programs: dict[str, Program] = field(default_factory=dict)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=dict)

    def start(self, station: str, *points: str, **config: Any) -> Program:
        """Start an agent that may be made to die at these points (tests/support/deadly)."""
        place = self.folder / station
        path = self.centre.configure(place, station, **config)
        self.environments[station] = deadly_at(points, place)
        program = Program(("run", "--config", str(path)), place / "agent.log")
        self.programs[station] = program.start(**self.environments[station])
        return program

    def arm(self, station: str, point: str) -> None:
        """From now on this point is deadly there, once."""
        (self.folder / station / point).touch()

    def restart_the_dead(self) -> None:
        """What systemd would do."""
        for station, program in self.programs.items():
            code = program.process.poll() if program.process else None
            if code is not None:
                assert code == -9, f"{station} ended by itself: {program.log.read_text()[-2000:]}"
                self.killed[station] = self.killed.get(station, 0) + 1
                program.start(**self.environments[station])

    def wait(self, say: str, look: Callable[[], object], seconds: float = 60.0) -> None:
        """Until it is so; the dead are started again meanwhile."""
        deadline = time.monotonic() + seconds
        while not look():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {say}"
            self.restart_the_dead()
            time.sleep(0.05)

    def greeted(self) -> bool:
        """Whether each has said hello."""
        spoke = {hello.station_id for hello in list(self.centre.all(wire.Hello))}
        return spoke >= self.programs.keys()

    def settled(self) -> bool:
        """Whether each believes its clock; what it writes from then on has to do with slots."""
        beats = [self.shown(station) for station in self.programs]
        return all(beat is not None and beat.clock.level == "controller" for beat in beats)

    def hold(self, slot: wire.PlannedSlot) -> bool:
        """Whether each holds the sound of this slot."""
        sha256 = slot.items[0].sha256
        return all(
            any(
                line.held and line.sha256 == sha256
                for line in self.centre.evidence(one, wire.HoldingEntry)
            )
            for one in self.programs
        )

    def shown(self, station: str) -> wire.Heartbeat | None:
        """Its newest sign of life."""
        beats = self.centre.all(wire.Heartbeat, station)
        return beats[-1] if beats else None

    def airings(self, station: str, slot: wire.PlannedSlot) -> int:
        """How often the first frame of this slot left the sound card there."""
        log = self.programs[station].log.read_text(encoding="utf-8", errors="replace")
        return log.count(f"first frame play={slot.slot_id}")

    def close(self) -> None:
        """TERM to all; each must end in order."""
        codes = {station: program.stop() for station, program in self.programs.items()}
        assert set(codes.values()) <= {0}, codes

    def lost_lines(self, station: str) -> set[int]:
        """Numbers the station wrote and the centre never got, or the other way round."""
        journal = Journal(self.folder / station / "data" / "journal.db")
        try:
            written = {line.entry_no for line in journal.read(0, 100_000)}
        finally:
            journal.close()
        return written ^ self.centre.entries.get(station, {}).keys()


@contextlib.contextmanager
def outposts(folder: Path, stations: Iterable[str]) -> Iterator[Outposts]:
    """A broker that knows these stations, a small centre, and no agent yet."""
    broker = Nats(
        folder / "broker", tuple(broker_user(one, "ninh-thuan") for one in stations), None
    )
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            made = Outposts(centre, folder)
            try:
                yield made
            finally:
                for program in made.programs.values():
                    program.kill()
    finally:
        broker.stop()
