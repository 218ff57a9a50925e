"""Open a repair for each station that has long been out; close it when it is ready again."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.outage_tickets import OutageTickets

NAME = "outage_tickets"
EVERY_S = 60.0


def outage_tickets(tickets: OutageTickets) -> Callable[[], None]:
    """The job."""

    def run() -> None:
        tickets.look()

    return run
