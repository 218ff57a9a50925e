"""`python -m tests.simulation`: many seeds on every core, or one of them closely looked at."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation import campaign, mutants, soak
from tests.simulation.campaign import Size
from tests.simulation.checkers import violations
from tests.simulation.scenario import SWARM_BEAT_S, drawn
from tests.simulation.shrink import shrunk, told
from tests.simulation.world import run


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's own output


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--stations", type=int, default=5)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--beat", type=int, default=SWARM_BEAT_S, help="seconds between heartbeats")
    parser.add_argument(
        "--mutant", choices=sorted(mutants.MUTANTS), help="break the core like this"
    )
    parser.add_argument("--jobs", type=int, default=0, help="processes; 0: one for each core")
    parser.add_argument("--soak", action="store_true", help="SEEDS worlds, mutants, two weeks")
    parser.add_argument("--trace", action="store_true", help="shrink the first failure, show it")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """0 when every seed kept every promise."""
    asked = _arguments(words)
    if asked.soak:
        return 0 if soak.soak(asked.seeds, _say) else 1
    size = Size(asked.stations, asked.days, asked.beat)
    seeds = range(asked.first, asked.first + asked.seeds)
    began = time.monotonic()
    failed = 0
    for verdict in campaign.verdicts(seeds, size, mutant=asked.mutant, jobs=asked.jobs):
        if verdict.violations:
            failed += 1
            _say(f"seed {verdict.seed}: {len(verdict.violations)} violations")
            for one in verdict.violations[:3]:
                _say(f"  {one}")
            _say(f"  again: {campaign.rerun(verdict.seed, size, asked.mutant)}")
            if asked.trace:
                _look(verdict.seed, size, asked.mutant, verdict.violations[0].name)
            if asked.trace or asked.mutant:
                break
    spent = time.monotonic() - began
    _say(f"{len(seeds)} seeds, {failed} failed, {spent:.0f} s, {len(seeds) / spent:.2f} seeds/s")
    return 1 if failed else 0


def _look(seed: int, size: Size, mutant: str | None, name: str) -> None:
    scenario = drawn(seed, stations=size.stations, days=size.days, beat_s=size.beat_s)
    with mutants.applied(mutant):
        told(shrunk(scenario, name), _say)
        left = [one for one in violations(run(scenario)) if one.name != name]
    for one in left[:5]:
        _say(f"also: {one}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
