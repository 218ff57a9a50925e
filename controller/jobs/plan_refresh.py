"""Keep every station's signed plan true to schedules and hours."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.plans import Plans

NAME = "plan_refresh"
EVERY_S = 60.0


def plan_refresh(plans: Plans, wake: Callable[[str], None]) -> Callable[[], None]:
    """The job: sign what changed, and send it."""

    def work() -> None:
        if plans.refresh():
            wake("outbox")
        wake("pieces")

    return work
