"""A loop that stands still ends the process; a process that slept does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from station_agent.health.watchdog import Watchdog


@dataclass
class World:
    now: float = 100.0
    aborted: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watchdog = Watchdog(
            10.0, monotonic=lambda: self.now, abort=lambda: self.aborted.append(self.now)
        )

    def passes(self, seconds: float, *, ticking: bool) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 2.5
            if ticking:
                self.watchdog.tick()
            self.watchdog.check()


def test_a_turning_loop_is_left_alone() -> None:
    world = World()
    world.passes(100, ticking=True)
    assert world.aborted == []


def test_a_loop_that_stands_still_for_ten_seconds_ends_the_process() -> None:
    world = World()
    world.passes(20, ticking=False)
    assert world.aborted
    assert world.aborted[0] == 112.5


def test_another_loop_that_hangs_in_one_round_ends_the_process_too() -> None:
    world = World()
    busy_since: list[float | None] = [None]
    world.watchdog.watch("player", lambda: busy_since[0])
    world.passes(100, ticking=True)
    busy_since[0] = world.now
    world.passes(10, ticking=True)
    assert world.aborted == []
    world.passes(2.5, ticking=True)
    assert world.aborted == [world.now]


def test_a_machine_that_slept_is_not_a_hung_loop() -> None:
    world = World()
    world.passes(10, ticking=True)
    world.now += 3_600
    world.watchdog.check()
    world.passes(8, ticking=True)
    assert world.aborted == []
