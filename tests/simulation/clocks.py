"""A station's two clocks: one anybody can set, one nobody can; both run on the same crystal."""

from __future__ import annotations

from datetime import timedelta

from station_agent.core.moment import Moment
from tests.simulation.timeline import BEGINS_MS, HOUR, START

AFTER_POWER_MS = 20_000
"""What the clock that nobody can set shows when the agent starts after power came back."""


class StationClock:
    """Wall and monotonic clock of a Pi, `ppm` too fast; `offset_ms` is how wrong the wall is."""

    def __init__(self, *, ppm: float, offset_ms: int, has_battery: bool) -> None:
        self._rate = 1 + ppm / 1e6
        self._has_battery = has_battery
        self.since_ms = BEGINS_MS
        """When it was last set or started."""
        self._wall_ms = BEGINS_MS + offset_ms
        self._mono_ms = 1_000_000
        self._read_at_ms = -1
        self._reading = Moment(START, 0)
        self.is_synchronised = False
        """What the kernel says: kept by the network."""

    def _passed(self, at_ms: int) -> int:
        return round((at_ms - self.since_ms) * self._rate)

    def wall_ms(self, at_ms: int) -> int:
        """What the wall clock shows, in milliseconds since the beginning."""
        return self._wall_ms + self._passed(at_ms)

    def mono_ms(self, at_ms: int) -> int:
        """What the other clock shows."""
        return self._mono_ms + self._passed(at_ms)

    def now(self, at_ms: int) -> Moment:
        """One reading of both; it is asked for again and again at one instant."""
        if at_ms != self._read_at_ms:
            passed = self._passed(at_ms)
            wall = START + timedelta(milliseconds=self._wall_ms + passed)
            self._reading = Moment(wall, self._mono_ms + passed)
            self._read_at_ms = at_ms
        return self._reading

    def error_ms(self, at_ms: int) -> int:
        """How far the wall clock is ahead of the true time."""
        return self.wall_ms(at_ms) - at_ms

    def true_ms(self, own_ms: float) -> int:
        """How long a wait of its own milliseconds truly takes, never too short."""
        return max(0, -int(-own_ms / self._rate // 1))

    def _rebase(self, at_ms: int) -> None:
        """Count from here; whoever does this sets a clock next: the last reading is void."""
        self._read_at_ms = -1
        passed = self._passed(at_ms)
        self._wall_ms += passed
        self._mono_ms += passed
        self.since_ms = at_ms

    def step(self, at_ms: int, by_ms: int) -> None:
        """Somebody set the wall clock; the kernel no longer vouches for it."""
        self._rebase(at_ms)
        self._wall_ms += by_ms
        self.is_synchronised = False

    def synchronise(self, at_ms: int, error_ms: int) -> None:
        """The network set it right, but for a small error."""
        self._rebase(at_ms)
        self._wall_ms = at_ms + error_ms
        self.is_synchronised = True

    def power_on(self, cut_ms: int, at_ms: int) -> None:
        """Power is back. Without a battery the wall goes on from the last full hour it showed."""
        wall_ms = self.wall_ms(at_ms if self._has_battery else cut_ms)
        if not self._has_battery:
            wall_ms -= wall_ms % HOUR
        self._read_at_ms = -1
        self.since_ms, self._wall_ms, self._mono_ms = at_ms, wall_ms, AFTER_POWER_MS
        self.is_synchronised = False
