"""How times to sound are spread over the stations: how many sounded within each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper ends of the steps, seconds: fine where stations should be, coarse where they should not."""


@dataclass(frozen=True, slots=True)
class Step:
    """Stations that sounded later than one end and not later than the other."""

    from_s: float
    to_s: float | None
    """None: later than every step."""
    stations: int


def spread(times_s: Sequence[float]) -> tuple[Step, ...]:
    """The steps up to the slowest, empty ones between them too; none when nothing sounded.

    A time below zero is one of a clock that runs behind: it counts as at once.
    """
    if not times_s:
        return ()
    ends: tuple[float | None, ...] = (*STEPS_S, None)
    steps = [
        Step(
            low,
            high,
            sum(low < max(one, 1e-9) and (high is None or one <= high) for one in times_s),
        )
        for low, high in zip((0.0, *STEPS_S), ends, strict=True)
    ]
    last = max(number for number, step in enumerate(steps) if step.stations)
    return tuple(steps[: last + 1])
