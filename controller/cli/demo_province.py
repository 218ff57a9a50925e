"""What people do in the demo: an operator writes and schedules, an approver approves.

Everything goes through the services under the accounts of the demo, as from the screens.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller import wiring
from controller.cli.demo_sound import melody_wav
from controller.domain.accounts import Actor, Role
from controller.domain.bulletins import BulletinState, VersionState
from controller.domain.policy import is_open
from controller.domain.schedule import Recurrence
from controller.errors import ControllerError, InvalidInputError, SlotConflictError
from controller.jobs.ingest import IngestWorkers
from controller.services.accounts import NewAccount
from controller.services.bulletins import Draft
from controller.services.ingest_desk import IngestDesk
from controller.services.schedule_findings import Wish
from controller.services.spool import Upload

logger = logging.getLogger(__name__)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PROVINCE = "ninh-thuan"
TITLE = "Bản tin chạy thử"
TEXT = (
    "Đây là bản tin chạy thử của Vang: một giai điệu chuông ngắn, phát cùng lúc ở mọi đài truyền "
    "thanh trong tỉnh. Không phải thông báo thật."
)
FIRST_LEAD = timedelta(seconds=80)
"""Least time from preparing to the first slot: processes start, plans and sound reach stations."""
EXCEPTION = timedelta(hours=2)
WORKDAYS = 0b0011111
DAILY_AT = time(17, 0)


@dataclass(frozen=True, slots=True)
class Person:
    """A demo account."""

    username: str
    full_name: str
    role: Role
    place_id: str


PEOPLE = (
    Person("quantri", "Quản trị viên (chạy thử)", Role.ADMIN, PROVINCE),
    Person("bientap", "Biên tập viên tỉnh (chạy thử)", Role.OPERATOR, PROVINCE),
    Person("duyet", "Người duyệt tỉnh (chạy thử)", Role.APPROVER, PROVINCE),
    Person("bacai", "Biên tập viên Bác Ái (chạy thử)", Role.OPERATOR, "bac-ai"),
    Person("duyet.bacai", "Người duyệt Bác Ái (chạy thử)", Role.APPROVER, "bac-ai"),
    Person(
        "phuocbinh", "Cán bộ xã Phước Bình (chạy thử)", Role.COMMUNE_OFFICER, "bac-ai-phuoc-binh"
    ),
    Person("kiemtra", "Kiểm tra viên (chạy thử)", Role.AUDITOR, PROVINCE),
)

OVER_MQTT = (
    "bac-ai-phuoc-hoa",
    "ninh-son-ma-noi",
    "thuan-bac-phuoc-khang",
    "thuan-nam-phuoc-ha",
)
"""Far stations that, in the demo, can reach only the broker's port."""


class Province:
    """The demo's people at work."""

    def __init__(self, controller: wiring.Controller, now: Callable[[], datetime]) -> None:
        self._controller = controller
        self._services = controller.services
        self._now = now

    def admit(self, passwords: Mapping[str, str], handed_out: Collection[str]) -> dict[str, str]:
        """Make the accounts that are missing; the passwords in force afterwards.

        An account whose password nobody was ever told gets a new one.
        """
        accounts = self._services.accounts
        in_force = dict(passwords)
        for one in PEOPLE:
            account = accounts.by_name(one.username)
            if account is None:
                password = passwords[one.username]
                new = NewAccount(one.username, one.full_name, one.role, one.place_id, password)
                accounts.create(None, new)
            elif one.username not in handed_out:
                handout = accounts.reset_from_console(account.account_id)
                in_force[one.username] = handout.password
        return in_force

    def furnish(self) -> None:
        """Clusters and phone numbers marked as invented; some stations behind the broker only."""
        with self._controller.database.write() as session:
            self._services.places.invent_for_demo(session)
        self._services.places.reload()
        stations = self._services.places.tree().stations
        for station_id in OVER_MQTT:
            if stations[station_id].sound_over != "mqtt":
                self._services.stations.set_sound_over(station_id, "mqtt")

    def bulletin(self) -> str:
        """The approved bulletin of the demo, made at the first start."""
        operator, approver = self._actor("bientap"), self._actor("duyet")
        bulletins = self._services.bulletins
        for known in bulletins.within(operator, states=[BulletinState.APPROVED]):
            if known.title == TITLE:
                return known.bulletin_id
        upload = Upload("ban-tin-chay-thu.wav", io.BytesIO(melody_wav()))
        draft = Draft(TITLE, "notice", TEXT, PROVINCE)
        bulletin_id = bulletins.create(operator, draft, upload=upload)
        self._make_sound()
        view = bulletins.get(operator, bulletin_id)
        (version,) = view.current
        if version.state is not VersionState.READY:
            raise ControllerError(f"the demo's sound could not be made: {version.refusal_code}")
        bulletins.submit(operator, bulletin_id, row_version=view.row_version)
        view = bulletins.get(approver, bulletin_id)
        bulletins.approve(approver, bulletin_id, row_version=view.row_version)
        return bulletin_id

    def _make_sound(self) -> None:
        """What the worker's ingest threads do, here and now."""
        settings = self._controller.settings
        desk = IngestDesk(
            self._controller.database,
            self._now,
            self._services.sounds,
            wiring.originals(settings),
            settings.folder / "spool",
            settings.sound,
            lambda _job: None,
        )
        workers = IngestWorkers(desk)
        while workers.work_once("demo"):
            logger.info("a sound of the demo was made")

    def schedule(self, bulletin_id: str, station_ids: tuple[str, ...]) -> datetime:
        """Schedule it once for these stations, on the next minute that leaves time; the instant."""
        operator = self._actor("bientap")
        targets = self._targets(station_ids)
        first_at = next_minute(self._now() + FIRST_LEAD)
        self._open_hours(operator, first_at)
        for minutes in range(10):
            airs_at = (first_at + timedelta(minutes=minutes)).astimezone(ZONE)
            try:
                self._services.schedules.save(
                    operator, self._wish(bulletin_id, Recurrence.ONCE, airs_at, targets)
                )
            except SlotConflictError:
                continue
            return airs_at
        raise ControllerError("no free minute for the demo's bulletin")

    def schedule_workdays(self, bulletin_id: str, station_ids: tuple[str, ...]) -> None:
        """A series, so that the week shows one."""
        day = self._now().astimezone(ZONE).date() + timedelta(days=1)
        airs_at = datetime.combine(day, DAILY_AT, ZONE)
        wish = self._wish(bulletin_id, Recurrence.WEEKLY, airs_at, self._targets(station_ids))
        self._services.schedules.save(self._actor("bientap"), wish)

    def _wish(
        self, bulletin_id: str, recurrence: Recurrence, airs_at: datetime, targets: tuple[str, ...]
    ) -> Wish:
        return Wish(
            bulletin_id=bulletin_id,
            recurrence=recurrence,
            airs_at=airs_at.time(),
            starts_on=airs_at.date(),
            ends_on=None,
            weekdays=WORKDAYS if recurrence is Recurrence.WEEKLY else 0,
            target_ids=targets,
        )

    def _targets(self, station_ids: tuple[str, ...]) -> tuple[str, ...]:
        """The province when all its stations run, else the communes of those that do."""
        tree = self._services.places.tree()
        if set(station_ids) == set(tree.stations):
            return (PROVINCE,)
        return tuple(tree.stations[station_id].place_id for station_id in station_ids)

    def _open_hours(self, operator: Actor, first_at: datetime) -> None:
        """Outside the broadcast hours: one dated exception, shown on the board like any other."""
        now = self._now()
        allowed = self._services.hours.of_place(PROVINCE)
        if is_open(first_at, 10 * 60_000, allowed):
            return
        self._services.hours.add_exception(
            operator, PROVINCE, now, now + EXCEPTION, "Chạy thử ngoài khung giờ"
        )

    def _actor(self, username: str) -> Actor:
        account = self._services.accounts.by_name(username)
        if account is None:
            raise InvalidInputError(f"the demo's account {username!r} is gone", field="username")
        return Actor(
            account.account_id,
            account.username,
            account.full_name,
            account.role,
            account.place_id,
            "127.0.0.1",
        )


def next_minute(at: datetime) -> datetime:
    """The first whole minute not before `at`."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)
