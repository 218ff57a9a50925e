"""A province after some months of work: a long library, something in every list, trouble too."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from controller import wiring
from controller.cli.demo_province import PROVINCE
from controller.domain.accounts import Actor
from controller.domain.emergencies import phrase
from controller.domain.programmes import ItemKind
from controller.services.bulletins import Draft
from controller.services.contacts import Contact
from controller.services.filing import Filing
from controller.services.holidays import DayWish
from controller.services.programmes import ItemWish, ProgrammeWish
from controller.services.schedule_templates import Pattern
from controller.services.tokens import TokenWish
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    ScheduleRow,
    SlotResultRow,
    SlotRow,
    StationStateRow,
)
from tests.support.person import PASSWORD
from tests.support.warnings import wish
from tests.unit.controller.services.test_cap_reading import alert

LIBRARY = 150
"""Approved bulletins: what a province writes in about three months."""
LONG = "Thông báo lịch tiêm phòng, tạm ngừng cấp nước và thu gom rác"
DISTRICT, COMMUNE = "bac-ai", "bac-ai-phuoc-binh"
PAST_SLOT = "p" * 26
OUTCOMES = (
    ("aired", None),
    ("late", None),
    ("cut_short", "preempted"),
    ("missed", "power_off"),
    ("superseded", None),
    ("unknown", "unknown_timeout"),
)
STATES = ("ready", "on_air", "degraded", "unknown", "down", "maint")


class BusyProvince:
    """Fills the demo's province through its services, and by rows where only time would."""

    def __init__(self, controller: wiring.Controller, bulletin_id: str) -> None:
        self._controller = controller
        self._services = controller.services
        self._bulletin_id = bulletin_id

    def fill(self) -> None:
        """Everything a page can show."""
        self._fill_library()
        self._write_bulletins()
        self._plan_ahead()
        self._look_back()
        self._keep_station()
        self._warn()

    def _fill_library(self) -> None:
        """Copies of the approved bulletin under other names."""
        with self._controller.database.write() as session:
            query = select(BulletinVersionRow).where(
                BulletinVersionRow.bulletin_id == self._bulletin_id
            )
            bulletin = _values(session.get_one(BulletinRow, self._bulletin_id))
            version = _values(session.scalars(query).one())
            for number in range(LIBRARY):
                own = {"bulletin_id": str(uuid4())}
                title = {"title": f"{LONG}, kỳ {number}"}
                session.add(BulletinRow(**(bulletin | own | title)))
                session.flush()
                its = {"bulletin_version_id": str(uuid4())}
                session.add(BulletinVersionRow(**(version | own | its)))

    def _write_bulletins(self) -> None:
        """One that waits for approval, one sent back, a draft; what people said about it."""
        operator, approver = self.actor("bacai"), self.actor("duyet.bacai")
        bulletins = self._services.bulletins
        for sent_back in (False, True):
            made = self.submit(f"{LONG}, chờ nghe")
            if sent_back:
                version = bulletins.get(approver, made).row_version
                bulletins.return_(approver, made, "Đọc lại đoạn hai.", row_version=version)
            remark = self._services.comments.say(approver, made, "Nhạc hiệu hơi to.")
            self._services.comments.say(operator, made, "Sẽ hạ.", remark)

    def submit(self, title: str) -> str:
        """A bulletin of the district, with sound, that waits for the approver; its id."""
        operator, bulletins = self.actor("bacai"), self._services.bulletins
        draft = Draft(title, "notice", LONG, DISTRICT)
        made = bulletins.create(operator, draft, filing=Filing("nước, rác"))
        self._give_sound(made)
        version = bulletins.get(operator, made).row_version
        bulletins.submit(operator, made, row_version=version)
        return made

    def stations_in(self, place_id: str) -> list[str]:
        """The stations of a place."""
        found = self._services.places.tree().stations_in([place_id])
        return [station.station_id for station in found]

    def put_on_air(self, station_id: str) -> None:
        """The slot of an hour ago still sounds there."""
        now = wiring.utc_now().replace(second=0, microsecond=0)
        with self._controller.database.write() as session:
            session.merge(_state_row(station_id, "on_air", now))

    def _give_sound(self, bulletin_id: str) -> None:
        with self._controller.database.write() as session:
            query = select(BulletinVersionRow).where(
                BulletinVersionRow.bulletin_id == self._bulletin_id
            )
            version = _values(session.scalars(query).one())
            version |= {"approved_by": None, "approved_by_name": None, "approved_at": None}
            own = {"bulletin_id": bulletin_id, "bulletin_version_id": str(uuid4())}
            session.add(BulletinVersionRow(**(version | own)))

    def _plan_ahead(self) -> None:
        """A programme and a template, a pattern of schedules, a local holiday, a token."""
        operator, today = self.actor("bientap"), wiring.utc_now().date()
        item = ItemWish(ItemKind.BULLETIN, self._bulletin_id)
        items = (ItemWish(ItemKind.IDENT), *(item for _ in range(8)), ItemWish(ItemKind.CLOSING))
        for is_template in (False, True):
            self._services.programmes.create(
                operator, ProgrammeWish(f"{LONG} trong tuần", items, is_template=is_template)
            )
        pattern = Pattern("Sáng thứ Hai", time(5, 30), 0b1, (PROVINCE,))
        self._services.schedule_templates.keep(operator, pattern)
        day = today + timedelta(days=30)
        self._services.holidays.add(operator, DayWish(PROVINCE, "Lễ hội Katê", day, day))
        token = TokenWish("Màn hình phòng trực", ("stations:read",), day)
        for who in ("bientap", "quantri"):
            self._services.tokens.make(self.actor(who), token, PASSWORD)

    def _look_back(self) -> None:
        """A slot of an hour ago that ended otherwise at each station, and states of every kind."""
        now = wiring.utc_now().replace(second=0, microsecond=0)
        at, slot_id = now - timedelta(hours=1), PAST_SLOT
        stations = list(self._services.places.tree().stations)
        with self._controller.database.write() as session:
            schedule_id = session.scalars(select(ScheduleRow.schedule_id)).first()
            session.add(
                SlotRow(
                    slot_id=slot_id, schedule_id=schedule_id, airs_on=at.date(), starts_at=at,
                    duration_ms=300_000, title=LONG, priority="ordinary", authority="province",
                    lateness_s=300, items=[],
                )
            )  # fmt: skip
            for number, station_id in enumerate(stations):
                outcome, reason = OUTCOMES[number % len(OUTCOMES)]
                session.add(
                    SlotResultRow(
                        station_id=station_id, slot_id=slot_id, outcome=outcome, reason=reason,
                        title=LONG, planned_at=at, planned_ms=300_000, started_at=at,
                        start_error_ms=40.0, played_ms=280_000,
                    )
                )  # fmt: skip
                session.merge(_state_row(station_id, STATES[number % len(STATES)], now))

    def _keep_station(self) -> None:
        """Of one commune: whom to phone, broken horns, a mended pair, maintenance, a no."""
        officer, operator = self.actor("phuocbinh"), self.actor("bacai")
        (station,) = self._services.places.tree().stations_in([COMMUNE])
        version = self._services.station_list.card(operator, station.station_id).row_version
        contacts = [Contact("Chamaléa Thị Sen", "trưởng đài", "0912 345 678")]
        self._services.contacts.save(operator, station.station_id, contacts, "Nhà 2", version)
        self._services.faults.report(officer, station.station_id, None, "Loa ở chợ không kêu.")
        begins = wiring.utc_now() + timedelta(days=3)
        self._services.maintenance.declare(
            operator, station.station_id, begins, begins + timedelta(hours=1), "Thay ắc quy"
        )
        with self._controller.database.read() as session:
            query = select(SlotRow.slot_id).where(SlotRow.starts_at > wiring.utc_now())
            coming = session.scalars(query.order_by(SlotRow.starts_at.desc())).first()
        assert coming is not None
        self._services.offers.decline(officer, coming, "Trùng giờ họp", all_to_come=False)

    def _warn(self) -> None:
        """Of an emergency and of a drill: from outside, waiting to be confirmed, sent."""
        composer, second = self.actor("bacai"), self.actor("duyet.bacai")
        for desk, status in (
            (self._services.emergencies, "Actual"),
            (self._services.drills, "Exercise"),
        ):
            self._services.cap.receive(composer, alert(status=status))
            self._services.cap.receive(self.actor("bientap"), alert(status=status))
            desk.propose(composer, wish(voice="espeak:vi"))
            sent = desk.propose(composer, wish(voice="espeak:vi", repeat_every_min=15))
            stations = desk.get(composer, sent).stations
            desk.confirm(second, sent, phrase(desk.kind, stations), signal_only=True)

    def actor(self, username: str) -> Actor:
        """Somebody of the demo's people."""
        account = self._services.accounts.by_name(username)
        assert account is not None
        return Actor(
            account.account_id, username, account.full_name, account.role, account.place_id, ""
        )


def _values(row: BulletinRow | BulletinVersionRow) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _state_row(station_id: str, state: str, now: datetime) -> StationStateRow:
    """A station that has been so for three quarters of an hour."""
    since = now - timedelta(minutes=45)
    is_silent = state in {"unknown", "down"}
    return StationStateRow(
        station_id=station_id, shown_state=state, shown_since_at=since, agent_version="1.0",
        last_heartbeat_at=since if is_silent else now, link_online=not is_silent,
        health="degraded" if state == "degraded" else "ready",
        health_reasons=["amplifier_missing"] if state == "degraded" else [],
        on_air_slot_id=PAST_SLOT if state == "on_air" else None,
        maint_from_at=since if state == "maint" else None,
        maint_until_at=now + timedelta(hours=1) if state == "maint" else None,
        plan_version_held=1, plan_version_sent=2, required_assets=3, held_assets=2,
    )  # fmt: skip
