"""One figure beside its peer: how rows are measured, judged and printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

NOISY_SPREAD = 2.0
MOST_RUNS = 3


class Verdict(StrEnum):
    OK = "ok"
    SHORT = "short"
    NOISY = "noisy"


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of ours and of the peer in one unit, their ratio, and whether the goal is met."""

    name: str
    ours: float
    peer: float
    ratio: float
    goal: str
    verdict: Verdict
    spread: float = 1.0
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class Samples:
    """Alternated measurements of the same work by ours and by the peer."""

    ours: Sequence[float]
    peer: Sequence[float]


def alternate(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> Samples:
    """Measure peer, ours, peer, ours ...: whatever disturbs the machine disturbs both."""
    pairs = [(peer(), ours()) for _ in range(rounds)]
    return Samples(ours=[pair[1] for pair in pairs], peer=[pair[0] for pair in pairs])


def at_most(name: str, goal: float, measure: Callable[[], Samples]) -> Row:
    """Ours costs at most `goal` times the peer."""
    return _judged(name, goal, measure, is_ours_the_cost=True)


def at_least(name: str, goal: float, measure: Callable[[], Samples]) -> Row:
    """The peer costs at least `goal` times ours."""
    return _judged(name, goal, measure, is_ours_the_cost=False)


def _judged(
    name: str, goal: float, measure: Callable[[], Samples], *, is_ours_the_cost: bool
) -> Row:
    """Measure until the peer is steady, three times at most."""
    row = _row(name, goal, measure(), is_ours_the_cost=is_ours_the_cost)
    for _ in range(MOST_RUNS - 1):
        if row.verdict is not Verdict.NOISY:
            break
        row = _row(name, goal, measure(), is_ours_the_cost=is_ours_the_cost)
    return row


def _row(name: str, goal: float, samples: Samples, *, is_ours_the_cost: bool) -> Row:
    ours, peer = median(samples.ours), median(samples.peer)
    spread = max(samples.peer) / max(min(samples.peer), 1e-12)
    ratio = ours / peer if is_ours_the_cost else peer / ours
    is_met = ratio <= goal if is_ours_the_cost else ratio >= goal
    verdict = Verdict.NOISY if spread > NOISY_SPREAD else Verdict.OK if is_met else Verdict.SHORT
    return Row(
        name=name,
        ours=ours,
        peer=peer,
        ratio=ratio,
        goal=f"{'<=' if is_ours_the_cost else '>='} {goal:g}",
        verdict=verdict,
        spread=spread,
        load=os.getloadavg()[0],
    )


def table(rows: Iterable[Row]) -> str:
    """Return the rows as aligned text, one figure a line."""
    words = f"{'ours':>10} {'peer':>10} {'ratio':>8} {'goal':>8} {'spread':>7} {'load':>5}  verdict"
    head = f"{'figure':<52} {words}"
    return "\n".join([head, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    figures = f"{row.ours:>10.4g} {row.peer:>10.4g} {row.ratio:>8.2f} {row.goal:>8}"
    return f"{row.name:<52} {figures} {row.spread:>7.2f} {row.load:>5.1f}  {row.verdict}"


def write_json(rows: Iterable[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"rows": [asdict(row) for row in rows]}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
