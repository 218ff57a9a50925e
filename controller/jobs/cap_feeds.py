"""Ask the feeds of alerts for what is new."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.cap_inbox import CapInbox

NAME = "cap_feeds"


def cap_feeds(service: CapInbox) -> Callable[[], int]:
    """The job; how often is a setting."""
    return service.collect
