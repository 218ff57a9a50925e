"""Add each day's figures when it is over, count anew what changed, close months that are due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from controller.domain.periods import Basis, Length, Period, before, period_of
from controller.domain.schedule import local_date
from controller.services.centre_runs import CentreRuns
from controller.services.day_figures import DayBook
from controller.services.figures import Figures

NAME = "figures"
EVERY_S = 60.0

LOOKED_BACK = 3
"""Months that are closed late when the centre was not running on the day."""


def figures(
    runs: CentreRuns, days: DayBook, figures: Figures, now: Callable[[], datetime]
) -> Callable[[], None]:
    """The job."""

    def run() -> None:
        runs.alive()
        days.keep_up()
        figures.close_months(closing(now()))

    return run


def closing(now: datetime) -> list[Period]:
    """The months right before this one, of both kinds, oldest first."""
    found: list[Period] = []
    for basis in Basis:
        month = period_of(basis, Length.MONTH, local_date(now))
        for _number in range(LOOKED_BACK):
            month = before(month)
            found.append(month)
    return sorted(found, key=lambda one: one.last_on)
