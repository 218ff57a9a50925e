"""Look again and again for what people have to be told."""

from __future__ import annotations

from collections.abc import Callable

from controller.services.notice_watch import NoticeWatch

NAME = "notices"
EVERY_S = 15.0


def notices(watch: NoticeWatch) -> Callable[[], int]:
    """The job: four times a minute."""
    return watch.look
