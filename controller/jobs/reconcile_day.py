"""Give each due slot its result, and decide what nobody will report any more."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.as_run import AsRun

NAME = "reconcile"
EVERY_S = 10.0


def reconcile_day(as_run: AsRun) -> Callable[[], None]:
    """The job: open results of due slots, let unknown ones lapse."""
    return as_run.reconcile
