"""Many seeds, on every core at once; what each of them broke."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tests.simulation import mutants
from tests.simulation.checkers import Violation, violations
from tests.simulation.scenario import SWARM_BEAT_S, drawn
from tests.simulation.world import run


@dataclass(frozen=True, slots=True)
class Size:
    """How large each world is."""

    stations: int = 5
    days: int = 3
    beat_s: int = SWARM_BEAT_S


@dataclass(frozen=True, slots=True)
class Verdict:
    """One seed, judged."""

    seed: int
    fingerprint: int
    heard: int
    violations: tuple[Violation, ...]


def judged(seed: int, size: Size) -> Verdict:
    """Run one seed and look at everything it left behind."""
    scenario = drawn(seed, stations=size.stations, days=size.days, beat_s=size.beat_s)
    ledger = run(scenario)
    found = tuple(violations(ledger))
    return Verdict(seed, ledger.fingerprint, len(ledger.heard), found)


def _judged(seed: int, size: Size, mutant: str | None) -> Verdict:
    gc.freeze()  # what was there before is looked at no more
    gc.disable()  # a world lives for a second; it is taken down as a whole
    try:
        with mutants.applied(mutant):
            return judged(seed, size)
    finally:
        gc.enable()
        gc.collect()


def _untraced() -> None:
    """Coverage is measured by the unit tests; here it would double the time."""
    sys.settrace(None)


def verdicts(
    seeds: Iterable[int], size: Size, *, mutant: str | None = None, jobs: int = 0
) -> Iterator[Verdict]:
    """Each seed's verdict, in order."""
    work = partial(_judged, size=size, mutant=mutant)
    workers = jobs or os.cpu_count() or 1
    if workers == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("fork").Pool(workers, _untraced) as pool:
        yield from pool.imap(work, seeds, chunksize=1 if mutant else 4)


def falls_at(mutant: str, seeds: range, size: Size) -> Verdict | None:
    """The first seed in which anything is wrong with a mutant."""
    found = verdicts(seeds, size, mutant=mutant)
    return next((verdict for verdict in found if verdict.violations), None)


def rerun(seed: int, size: Size, mutant: str | None = None) -> str:
    """The one line that runs a seed again, shrunk and told."""
    words = [
        "python -m tests.simulation --seeds 1",
        f"--from {seed} --stations {size.stations} --days {size.days} --beat {size.beat_s}",
    ]
    if mutant:
        words.append(f"--mutant {mutant}")
    return " ".join([*words, "--trace"])
