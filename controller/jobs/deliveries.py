"""The workers that send notices away: one thread for each way, so that a dead one holds up none."""

from __future__ import annotations

import logging
from collections.abc import Callable

from controller.domain.notices import Way
from controller.jobs.worker import Workers
from controller.services.deliveries import Deliveries, Parcel
from controller.services.sending import NeverError, NotNowError

logger = logging.getLogger(__name__)

Send = Callable[[Parcel], None]
"""Sends one thing; NotNowError, NeverError."""


class DeliveryWorker:
    """A thread that sends what is due one way."""

    def __init__(
        self,
        desk: Deliveries,
        way: Way,
        send: Send,
        *,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_failure` counts what went wrong of ours."""
        self._desk = desk
        self._way = way
        self._send = send
        self._on_failure = on_failure
        self._workers = Workers(f"deliver-{way.value}", 1, self.work_once)

    def start(self) -> None:
        """Begin to look for what is due; what an earlier run left is taken up."""
        self._workers.start()

    def poke(self) -> None:
        """Something may be due."""
        self._workers.poke()

    def stop(self) -> None:
        """Stop after the try under way."""
        self._workers.stop()

    def work_once(self, _worker: str) -> bool:
        """Send one thing if one is due; False when nothing was. Never raises: a border."""
        try:
            parcel = self._desk.claim(self._way)
            if parcel is None:
                return False
            self._deliver(parcel)
        except Exception:
            logger.exception("delivery failed way=%s", self._way)
            self._on_failure()
            return False
        return True

    def _deliver(self, parcel: Parcel) -> None:
        try:
            self._send(parcel)
        except NeverError as error:
            self._desk.given_up(parcel, str(error))
        except NotNowError as error:
            self._desk.try_later(parcel, str(error))
        else:
            self._desk.sent(parcel)
