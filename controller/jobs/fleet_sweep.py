"""Notice that a station has fallen silent, or that a sound has ended without a word."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.as_run import AsRun

NAME = "fleet_sweep"
EVERY_S = 2.0


def fleet_sweep(as_run: AsRun) -> Callable[[], None]:
    """The job: let states lapse whose deadline has passed."""
    return as_run.sweep
