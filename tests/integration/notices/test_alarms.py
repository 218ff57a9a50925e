"""Alarms: told once and paired, taken on by name, told above, and quiet where nobody is to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Actor, Role
from controller.domain.alarms import Patience
from controller.domain.notices import NoticeKind, Way
from controller.services import absences
from controller.services.absences import AbsenceKind
from controller.services.alarms import AlarmFilter
from controller.services.notice_watch import NoticeWatch
from controller.services.notices import NoticeView
from controller.services.pruning import Pruning
from controller.storage.models import (
    BrokerDenialRow,
    EmergencyOrderRow,
    EmergencyRow,
    JournalEntryRow,
    NoticeDeliveryRow,
    OrderReplyRow,
    SignedOrderRow,
    StationStateRow,
)
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_DISTRICT,
    PROVINCE,
    Centre,
    words,
)

STATION = "bac-ai-phuoc-binh"
GRACE = timedelta(minutes=10)
LATER = timedelta(minutes=10, seconds=1)


class Guard:
    """A centre under watch, with somebody at each level who reads letters."""

    def __init__(self, folder: Path) -> None:
        self.house = Centre(folder)
        self.signs: dict[str, dict[str, str]] = {}
        self.watch = self.start()
        self.people = {
            place: self.house.actor(role, place)
            for role, place in (
                (Role.ADMIN, PROVINCE),
                (Role.OPERATOR, DISTRICT),
                (Role.COMMUNE_OFFICER, COMMUNE),
            )
        }
        self.watch.look()
        self.house.clock.move(minutes=10)

    def start(self) -> NoticeWatch:
        """A process that begins to look."""
        return NoticeWatch(
            self.house.database,
            self.house.clock,
            self.house.places,
            self.house.wake,
            ways=frozenset({Way.EMAIL, Way.WEBHOOK}),
            station_down_after=GRACE,
            patience=Patience(),
            centre=lambda: self.signs,
        )

    def reads_letters(self, place_id: str, *kinds: NoticeKind) -> Actor:
        actor = self.people[place_id]
        ways = {kind: {Way.PAGE, Way.EMAIL} for kind in kinds}
        self.house.services.notice_choices.save(actor, f"{place_id}@example.vn", ways)
        return actor

    def set(self, place_id: str, *, minutes: float = 12, **state: object) -> None:
        """What stations of a place last said."""
        values = {"shown_state": "unknown", **state}
        with self.house.database.write() as session:
            for station in self.house.places.tree().stations_in([place_id]):
                row = session.get(StationStateRow, station.station_id)
                if row is None:
                    row = StationStateRow(station_id=station.station_id)
                    session.add(row)
                row.shown_since_at = self.house.clock() - timedelta(minutes=minutes)
                for name, value in values.items():
                    setattr(row, name, value)

    def alarms(self, place_id: str, **asked: NoticeKind) -> tuple[NoticeView, ...]:
        actor = self.people[place_id]
        return self.house.services.alarms.page(actor, AlarmFilter(**asked)).alarms

    def sent(self, what: str) -> list[str]:
        """To whom such letters go."""
        with self.house.database.read() as session:
            return [
                row.account_id
                for row in session.scalars(
                    select(NoticeDeliveryRow)
                    .where(NoticeDeliveryRow.what == what, NoticeDeliveryRow.way == "email")
                    .order_by(NoticeDeliveryRow.delivery_id)
                )
            ]

    def deliver(self) -> list[str]:
        """Send all that is due; the events of it."""
        events = []
        while parcel := self.house.services.deliveries.claim(Way.EMAIL):
            events.append(parcel.event.value)
            self.house.services.deliveries.sent(parcel)
        return events


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    made = Guard(tmp_path)
    yield made
    made.house.close()


def test_half_a_province_at_once_is_one_line_that_points_at_the_centre(guard: Guard) -> None:
    guard.set(PROVINCE)
    guard.watch.look()
    own = [one for one in guard.alarms(PROVINCE) if one.group_id == PROVINCE]
    assert [len(one.items) for one in own] == [65]
    page = words(guard.house.client(Role.ADMIN, PROVINCE).get("/thong-bao"))
    assert "65 trạm mất kết nối từ 17:04 25/11/2026, có thể do trung tâm" in page
    assert page.count("có thể do") == 1, "not once more for each district"
    district = words(guard.house.client(Role.OPERATOR, DISTRICT).get("/thong-bao"))
    assert (
        "Huyện Bác Ái: 9 trạm mất kết nối từ 17:04 25/11/2026, có thể do đường truyền" in district
    )
    guard.set(OTHER_DISTRICT, shown_state="ready")
    assert guard.watch.look() == 0, "what was told as one stays one"
    assert [one.closed_at for one in guard.alarms(PROVINCE) if one.group_id == PROVINCE] == [None]


def test_the_end_is_told_once_to_who_was_told_the_beginning(guard: Guard) -> None:
    guard.reads_letters(DISTRICT, NoticeKind.STATION_DOWN)
    guard.set(DISTRICT)
    guard.watch.look()
    guard.house.clock.move(minutes=2)
    assert guard.deliver() == ["opened"]
    guard.house.clock.move(minutes=24)
    guard.set(DISTRICT, shown_state="ready")
    guard.watch.look()
    assert guard.deliver() == ["over"]
    guard.watch.look()
    assert guard.deliver() == []
    page = words(guard.house.client(Role.OPERATOR, DISTRICT).get("/canh-bao"))
    assert "Đã nối lại hết lúc 17:42 25/11/2026, sau 38 phút." in page


def test_a_silence_is_one_whatever_is_declared_or_started_anew_meanwhile(guard: Guard) -> None:
    guard.reads_letters(DISTRICT, NoticeKind.STATION_DOWN)
    guard.set(DISTRICT)
    guard.watch.look()
    guard.house.clock.move(minutes=2)
    guard.deliver()
    guard.set(DISTRICT, shown_state="maint", minutes=0)
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    assert alarm.closed_at is None, "who declares work at a dead station has not mended it"
    guard.watch = guard.start()
    guard.watch.look()
    guard.house.clock.move(minutes=11)
    guard.set(DISTRICT, minutes=11)
    assert guard.watch.look() == 0
    assert [one.notice_id for one in guard.alarms(DISTRICT)] == [alarm.notice_id]
    assert guard.deliver() == []


def test_what_is_tried_out_or_worked_at_is_quiet(guard: Guard) -> None:
    with guard.house.database.write() as session:
        for station in guard.house.places.tree().stations_in([DISTRICT]):
            absences.begin(
                session, station.station_id, AbsenceKind.TRIAL,
                at=guard.house.clock(), why="thử", who="Mai",
            )  # fmt: skip
    guard.set(DISTRICT)
    guard.set(OTHER_DISTRICT, shown_state="maint")
    guard.watch.look()
    assert guard.alarms(PROVINCE) == ()


def test_a_station_put_out_of_service_closes_its_alarm_without_a_word_of_recovery(
    guard: Guard,
) -> None:
    guard.reads_letters(COMMUNE, NoticeKind.STATION_DOWN)
    guard.set(COMMUNE)
    guard.watch.look()
    guard.house.clock.move(minutes=2)
    assert guard.deliver() == ["opened"]
    with guard.house.database.write() as session:
        now = guard.house.clock()
        absences.begin(session, STATION, AbsenceKind.RETIRED, at=now, why="cũ", who="Mai")
    guard.watch.look()
    (alarm,) = guard.alarms(COMMUNE)
    assert alarm.closed_at is not None
    assert guard.deliver() == []


def test_what_ended_stays_for_a_month_however_long_ago_it_began(guard: Guard) -> None:
    guard.set(COMMUNE)
    guard.watch.look()
    pruning = Pruning(guard.house.database, guard.house.clock)
    guard.house.clock.move(days=100)
    guard.set(COMMUNE, shown_state="ready")
    guard.watch.look()
    guard.house.clock.move(days=29)
    pruning.prune()
    assert [one.closed_at is None for one in guard.alarms(COMMUNE)] == [False]
    guard.house.clock.move(days=2)
    assert guard.alarms(COMMUNE) == ()


def test_one_press_takes_an_alarm_on_for_all_to_see_and_nobody_is_told_above(
    guard: Guard,
) -> None:
    guard.reads_letters(PROVINCE)
    guard.set(COMMUNE)
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    browser = guard.house.client(Role.OPERATOR, DISTRICT)
    assert "Tôi xử lý" in words(browser.get("/canh-bao"))
    guard.house.clock.move(minutes=5)
    pressed = browser.post(f"/canh-bao/{alarm.notice_id}/nhan")
    assert (pressed.status_code, pressed.location) == (303, "/canh-bao")
    for role, place in ((Role.ADMIN, PROVINCE), (Role.COMMUNE_OFFICER, COMMUNE)):
        page = words(guard.house.client(role, place).get("/canh-bao"))
        assert "Katơr Thị Mai xử lý, nhận lúc 17:21 25/11/2026 (sau 5 phút)" in page
        assert "Tôi xử lý" not in page
    second = guard.house.services.alarms.take(guard.people[PROVINCE], alarm.notice_id)
    assert second.acknowledged_at == guard.alarms(DISTRICT)[0].acknowledged_at
    guard.house.clock.move(minutes=60)
    guard.watch.look()
    assert guard.sent("escalated") == []


def test_what_nobody_takes_on_is_told_once_to_everybody_of_the_place_above(guard: Guard) -> None:
    province = guard.reads_letters(PROVINCE)
    guard.set(COMMUNE)
    guard.watch.look()
    guard.house.clock.move(minutes=29)
    guard.watch.look()
    assert guard.sent("escalated") == []
    guard.house.clock.move(minutes=1)
    guard.watch.look()
    guard.watch.look()
    guard.start().look()
    assert guard.sent("escalated") == [province.account_id], "whatever they had chosen"
    assert guard.deliver().count("escalated") == 1
    page = words(guard.house.client(Role.ADMIN, PROVINCE).get("/canh-bao"))
    assert "đã báo cấp trên lúc 17:46 25/11/2026" in page


def test_who_takes_on_what_they_saw_is_told_of_what_comes_after(guard: Guard) -> None:
    guard.set(COMMUNE)
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    guard.house.services.alarms.take(guard.people[DISTRICT], alarm.notice_id)
    guard.set(DISTRICT)
    guard.watch.look()
    assert [one.acknowledged_at is None for one in guard.alarms(DISTRICT)].count(True) == 1


def test_only_who_looks_after_the_place_takes_an_alarm_on(guard: Guard) -> None:
    guard.set(COMMUNE)
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    path = f"/canh-bao/{alarm.notice_id}/nhan"
    assert guard.house.client(Role.OPERATOR, OTHER_DISTRICT).post(path).status_code == 404
    assert guard.house.client(Role.AUDITOR, DISTRICT).post(path).status_code == 403
    assert guard.alarms(DISTRICT)[0].acknowledged_at is None


def test_a_station_that_does_not_answer_an_emergency_is_told_after_half_a_minute(
    guard: Guard,
) -> None:
    now = guard.house.clock()
    author = guard.people[DISTRICT]
    with guard.house.database.write() as session:
        session.add(
            EmergencyRow(
                emergency_id="e", kind="live", hazard="flood", title="Lũ về", source="Đài KTTV",
                place_id=DISTRICT, target_ids=[DISTRICT], stations=9, lasts_s=600,
                until_at=now + timedelta(minutes=10), state="sent", sent_at=now,
                composed_by=author.account_id, composed_by_name=author.full_name, composed_at=now,
            )
        )  # fmt: skip
        session.add(
            SignedOrderRow(
                order_id="o", sequence=1, audience=DISTRICT, is_group=True, deed={},
                issued_at=now, not_after_at=now + timedelta(minutes=10), envelope=b"",
            )
        )  # fmt: skip
        session.flush()
        session.add(
            EmergencyOrderRow(
                order_id="o", emergency_id="e", part="warning", place_id=DISTRICT, sent_at=now
            )
        )
        for station in guard.house.places.tree().stations_in([DISTRICT]):
            if station.station_id != STATION:
                session.add(
                    OrderReplyRow(
                        order_id="o", station_id=station.station_id, accepted=True, at=now
                    )
                )
    guard.house.clock.move(seconds=29)
    assert guard.watch.look() == 0
    guard.house.clock.move(seconds=1)
    guard.watch.look()
    page = words(guard.house.client(Role.OPERATOR, DISTRICT).get("/canh-bao"))
    assert "Xã Phước Bình chưa nhận tin khẩn cấp “Lũ về”" in page
    assert "khẩn" in page
    with guard.house.database.write() as session:
        session.add(OrderReplyRow(order_id="o", station_id=STATION, accepted=True, at=now))
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    assert alarm.closed_at == guard.house.clock()


def test_a_station_that_took_a_warning_and_not_its_correction_is_told(guard: Guard) -> None:
    now = guard.house.clock()
    author = guard.people[DISTRICT]
    with guard.house.database.write() as session:
        session.add(
            EmergencyRow(
                emergency_id="e", kind="live", hazard="flood", title="Lũ về", source="Đài KTTV",
                place_id=DISTRICT, target_ids=[DISTRICT], stations=9, lasts_s=600, ended_at=now,
                until_at=now + timedelta(minutes=10), state="sent", sent_at=now,
                composed_by=author.account_id, composed_by_name=author.full_name, composed_at=now,
            )
        )  # fmt: skip
        for number, part in enumerate(("warning", "correction")):
            session.add(
                SignedOrderRow(
                    order_id=part, sequence=number, audience=DISTRICT, is_group=True, deed={},
                    issued_at=now, not_after_at=now + timedelta(minutes=10), envelope=b"",
                )
            )  # fmt: skip
            session.flush()
            session.add(
                EmergencyOrderRow(
                    order_id=part, emergency_id="e", part=part, place_id=DISTRICT, sent_at=now
                )
            )
        session.add(OrderReplyRow(order_id="warning", station_id=STATION, accepted=True, at=now))
    guard.house.clock.move(seconds=29)
    assert guard.watch.look() == 0
    guard.house.clock.move(seconds=1)
    guard.watch.look()
    page = words(guard.house.client(Role.OPERATOR, DISTRICT).get("/canh-bao"))
    assert "Xã Phước Bình chưa nhận tin đính chính của “Lũ về”" in page
    assert "Loa ở đó có thể còn phát tin trước" in page
    with guard.house.database.write() as session:
        session.add(OrderReplyRow(order_id="correction", station_id=STATION, accepted=True, at=now))
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    assert alarm.closed_at == guard.house.clock()


def test_forged_messages_are_told_once_a_day_for_each_station_and_sort(guard: Guard) -> None:
    now = guard.house.clock()
    with guard.house.database.write() as session:
        for number, why in enumerate(("signature_bad", "signature_bad", "oversized")):
            session.add(
                JournalEntryRow(
                    station_id=STATION, journal_id="j", entry_no=number, at=now, clock="network",
                    kind="refusal", evidence={"what": "order", "why": why}, received_at=now,
                )
            )  # fmt: skip
        session.add(
            BrokerDenialRow(
                station_id=STATION, username=STATION, action="publish", topic="x", at=now
            )
        )
    guard.watch.look()
    (alarm,) = guard.alarms(DISTRICT)
    assert [item.facts["why"] for item in alarm.items] == ["publish", "signature_bad"]
    page = words(guard.house.client(Role.OPERATOR, DISTRICT).get("/canh-bao?loai=forged"))
    assert "Xã Phước Bình: có lệnh hoặc tin giả mạo, đã từ chối" in page


def test_a_fault_that_lasts_is_told_and_one_that_mends_itself_is_not(guard: Guard) -> None:
    guard.set(COMMUNE, shown_state="ready", clock_level="none", disk_free_bytes=499_000_000)
    guard.watch.look()
    guard.house.clock.move(minutes=9)
    guard.watch.look()
    assert guard.alarms(COMMUNE) == ()
    guard.set(COMMUNE, shown_state="ready", clock_level="network")
    guard.watch.look()
    guard.house.clock.move(minutes=1)
    guard.watch.look()
    page = words(guard.house.client(Role.COMMUNE_OFFICER, COMMUNE).get("/canh-bao"))
    assert "Xã Phước Bình: thẻ nhớ sắp đầy" in page
    restarted = guard.start()
    assert restarted.look() == 0
    assert len(guard.alarms(COMMUNE)) == 1
    guard.set(COMMUNE, shown_state="ready", disk_free_bytes=9_000_000_000)
    restarted.look()
    assert guard.alarms(COMMUNE)[0].closed_at is not None


def test_a_journal_that_does_not_come_over_is_told(guard: Guard) -> None:
    told_at = guard.house.clock() - timedelta(minutes=31)
    stuck = {"journal_head": 9, "journal_stored_up_to": 3, "journal_told_at": told_at}
    guard.set(COMMUNE, shown_state="ready", **stuck)
    guard.watch.look()
    guard.house.clock.at += LATER
    guard.watch.look()
    (alarm,) = guard.alarms(COMMUNE)
    assert [item.facts["what"] for item in alarm.items] == ["journal"]


def test_what_is_wrong_with_the_centre_is_told_to_who_looks_after_the_province(
    guard: Guard,
) -> None:
    made_at = (guard.house.clock() - timedelta(hours=27)).isoformat()
    guard.signs["backup"] = {"made_at": made_at}
    guard.house.clock.move(minutes=1)
    guard.watch.look()
    page = words(guard.house.client(Role.ADMIN, PROVINCE).get("/canh-bao"))
    assert "Trung tâm: bản sao lưu mới nhất đã cũ, làm lúc 14:16 24/11/2026" in page
    assert guard.alarms(DISTRICT) == ()
    guard.signs.clear()
    guard.house.clock.move(minutes=1)
    guard.watch.look()
    assert guard.alarms(PROVINCE)[0].closed_at == guard.house.clock()


def test_the_page_is_filtered_by_place_kind_and_standing(guard: Guard) -> None:
    guard.set(DISTRICT)
    guard.set(OTHER_DISTRICT)
    guard.watch.look()
    admin = guard.house.client(Role.ADMIN, PROVINCE)
    assert "Huyện Bác Ái: 9 trạm" in words(admin.get("/canh-bao"))
    for narrowed in ("dia-ban=" + OTHER_DISTRICT, "loai=forged", "tinh-trang=over"):
        assert "Huyện Bác Ái: 9 trạm" not in words(admin.get(f"/canh-bao?{narrowed}"))
    assert "Huyện Bác Ái: 9 trạm" in words(admin.get(f"/canh-bao?dia-ban={COMMUNE}&loai=x"))
    assert admin.get("/canh-bao?dia-ban=khong-co").status_code == 404
