"""What must not pass the type checker: a drill sent as a warning, a warning sent as a drill.

`make check` reads this file strictly. Each marked line is wrong on purpose; where one no longer is,
its mark is unused, and that fails the check.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.emergency_reader import Tools
from controller.services.orders import Exercises, Orders
from station_protocol.messages import DrillDeed, EmergencyDeed, StopDeed

SPAN = timedelta(minutes=5)


def a_drill_is_no_live_order(live: Orders, session: Session, drill: DrillDeed) -> None:
    """The desk of what is real takes none."""
    live.issue(session, None, "bac-ai", drill, valid_for=SPAN, is_group=True)  # type: ignore[arg-type]


def nothing_live_is_a_drill(
    drills: Exercises, session: Session, warning: EmergencyDeed, stop: StopDeed
) -> None:
    """The desk of drills takes nothing else."""
    drills.issue(session, None, "bac-ai", warning, valid_for=SPAN, is_group=True)  # type: ignore[arg-type]
    drills.issue(session, None, "bac-ai", stop, valid_for=SPAN, is_group=True)  # type: ignore[arg-type]


def no_desk_stands_over_the_orders_of_the_other(
    tools: Tools, live: Orders, drills: Exercises
) -> None:
    """Nor can one be handed in for the other, or what stops be signed as an exercise."""
    EmergencyDesk(tools, drills)  # type: ignore[arg-type]
    DrillDesk(tools, live)  # type: ignore[arg-type]
    other: Orders = drills  # type: ignore[assignment]
    another: Exercises = live  # type: ignore[assignment]
    del other, another


def a_drill_has_none_of_the_powers_of_a_warning(drill: DrillDeed) -> tuple[object, ...]:
    """No authority, no rank among warnings, no repetition, nothing it could replace."""
    return (
        drill.authority,  # type: ignore[attr-defined]
        drill.sequence,  # type: ignore[attr-defined]
        drill.repeat_every_s,  # type: ignore[attr-defined]
        drill.replaces,  # type: ignore[attr-defined]
    )
