"""Both clocks read as one, on a machine that is busy with something else."""

from __future__ import annotations

from station_agent.wiring.clock import moment
from tests.support.cards import FakeClocks

_S = 1_000_000_000


class BusyMachine(FakeClocks):
    """The process is put aside for 60 ms behind one of its readings of the clocks."""

    def __init__(self, stalled: int) -> None:
        super().__init__()
        self._until = stalled

    def _count(self) -> None:
        if self._until == 0:
            self.move(0.06)
        self._until -= 1

    def monotonic_ns(self) -> int:
        found = super().monotonic_ns()
        self._count()
        return found

    def wall_ns(self) -> int:
        found = super().wall_ns()
        self._count()
        return found


def test_a_process_put_aside_while_it_reads_the_clocks_sees_no_step() -> None:
    true_ns = FakeClocks().wall - FakeClocks().mono
    for stalled in range(12):
        seen = moment(BusyMachine(stalled))
        wall_ns = round(seen.wall.timestamp() * _S)
        off_ms = abs(wall_ns - seen.mono_ms * 1_000_000 - true_ns) / 1e6
        assert off_ms < 1.1, f"stalled behind reading {stalled}"
