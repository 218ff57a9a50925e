"""A process that tells and sends as the centre does, once; run to be killed in the middle of it.

python -m tests.support.teller DATABASE_URL NOW MAIL_PORT CALLED_URL
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.notices import Way
from controller.jobs.deliveries import DeliveryWorker
from controller.services.deliveries import Deliveries, Parcel
from controller.services.mail import Letter, Mail
from controller.services.notice_watch import NoticeWatch
from controller.services.places import Places
from controller.services.webhook import Call, Webhook
from controller.settings import MailSettings, WebhookSettings
from controller.storage.database import Database

GRACE = timedelta(minutes=10)
HELD = timedelta(minutes=2, seconds=30)


@dataclass
class Teller:
    """One life of the process. The clock stands at `at` but where it is moved."""

    database: Database
    at: datetime
    mail_port: int
    called_url: str

    def __post_init__(self) -> None:
        places = Places(self.database)
        ways = frozenset({Way.EMAIL, Way.WEBHOOK})
        self.watch = NoticeWatch(
            self.database, self.now, places, lambda _part: None,
            ways=ways, station_down_after=GRACE,
        )  # fmt: skip
        mail = Mail(
            MailSettings(
                host="127.0.0.1", port=self.mail_port, security="none",
                sender="vang@example.vn", timeout_s=20,
            ),
            self.now,
        )  # fmt: skip
        webhook = Webhook(WebhookSettings(url=self.called_url, secret="k", timeout_s=20), self.now)  # noqa: S106
        send: dict[Way, Callable[[Parcel], None]] = {
            Way.EMAIL: lambda one: mail.send(_letter(one)),
            Way.WEBHOOK: lambda one: webhook.send(Call(one.delivery_id, {"id": one.delivery_id})),
        }
        desk = Deliveries(self.database, self.now, places)
        self.workers = [DeliveryWorker(desk, way, send[way]) for way in sorted(ways)]

    def now(self) -> datetime:
        return self.at

    def live(self) -> None:
        """Listen as long as a start has to, tell what is to be told and send all that is due."""
        told_at = self.at
        self.at = told_at - GRACE
        self.watch.look()
        self.at = told_at
        self.watch.look()
        self.at = told_at + HELD
        for worker in self.workers:
            while worker.work_once("now"):
                pass


def _letter(parcel: Parcel) -> Letter:
    return Letter(parcel.delivery_id, parcel.to[0].email or "", parcel.event.value, "")


if __name__ == "__main__":
    url, at, port, called = sys.argv[1:]
    Teller(Database(url), datetime.fromisoformat(at), int(port), called).live()
