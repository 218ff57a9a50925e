"""A failing world made small: faults and deeds left out as long as it still fails the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.checkers import Violation, violations
from tests.simulation.scenario import Deed, Fault, Scenario
from tests.simulation.timeline import MINUTE, spelled
from tests.simulation.world import run

MOST_RUNS = 120
LINES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found and what is wrong with it."""

    scenario: Scenario
    violation: Violation
    runs: int


def first_of(scenario: Scenario, name: str) -> Violation | None:
    """The first violation of this name, if there is one."""
    return next((one for one in violations(run(scenario)) if one.name == name), None)


def shrunk(scenario: Scenario, name: str, most_runs: int = MOST_RUNS) -> Shrunk:
    """Halves first, then single ones, while the named checker still objects."""
    small = _Shrinking(scenario, name, most_runs)
    for kind in ("faults", "deeds"):
        small.thin(kind)
    found = first_of(small.scenario, name)
    assert found is not None, "the scenario did not fail"
    return Shrunk(small.scenario, found, small.runs)


class _Shrinking:
    def __init__(self, scenario: Scenario, name: str, most_runs: int) -> None:
        self.scenario = scenario
        self.runs = 0
        self._name = name
        self._most_runs = most_runs

    def thin(self, kind: str) -> None:
        size = max(1, len(getattr(self.scenario, kind)) // 2)
        while size:
            start = 0
            while start < len(getattr(self.scenario, kind)) and self.runs < self._most_runs:
                if not self._try_without(kind, start, size):
                    start += size
            size //= 2

    def _try_without(self, kind: str, start: int, size: int) -> bool:
        left_out = frozenset(range(start, start + size))
        none: frozenset[int] = frozenset()
        faults, deeds = (left_out, none) if kind == "faults" else (none, left_out)
        candidate = self.scenario.without(faults=faults, deeds=deeds)
        self.runs += 1
        if first_of(candidate, self._name) is None:
            return False
        self.scenario = candidate
        return True


def told(small: Shrunk, say: Callable[[str], None]) -> None:
    """The shrunk world in words: what was left of it, and the last events before it failed."""
    scenario, found = small.scenario, small.violation
    say(f"shrunk in {small.runs} runs: {found}")
    steps: list[Fault | Deed] = sorted(
        (*scenario.faults, *scenario.deeds), key=lambda one: one.at_ms
    )
    for step in steps:
        say(f"  {spelled(step.at_ms)} {step}")
    ledger = run(scenario, keeps_trace=True)
    lines = [
        f"  {spelled(at_ms)} {where} {what}"
        for at_ms, where, what in ledger.trace
        if at_ms <= found.at_ms + MINUTE
        and (where == found.station_id or not where.startswith("station"))
    ]
    for line in lines[-LINES_SHOWN:]:
        say(line)
