"""A province at 17:01:10 on Wednesday 25 November 2026, and how it came there.

Everything is done through the services of the centre, by the people of the cast, while a clock that
stands is moved from one hour to the next; so each picture is the same each time. There are three
chapters: nothing has been done yet, an ordinary afternoon, an emergency and a drill.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from controller import wiring
from controller.domain.accounts import Actor
from controller.domain.emergencies import Part, phrase
from controller.domain.programmes import ItemKind
from controller.domain.schedule import STATION_ZONE, Recurrence
from controller.jobs.ingest import IngestWorkers
from controller.jobs.pieces import PieceWorker
from controller.services.accounts import NewAccount
from controller.services.bulletins import Draft
from controller.services.calendar import Occurrence
from controller.services.contacts import Contact
from controller.services.day_figures import FIGURED_UNTIL
from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.emergency_wish import EmergencyWish
from controller.services.equipment import ItemWish as ThingWish
from controller.services.filing import Filing
from controller.services.holidays import DayWish
from controller.services.ingest_desk import IngestDesk
from controller.services.listening_checks import Heard
from controller.services.notice_watch import NoticeWatch
from controller.services.outage_tickets import OutageTickets
from controller.services.piece_desk import PieceDesk
from controller.services.programmes import ItemWish, ProgrammeWish
from controller.services.repairs import MendWish
from controller.services.schedule_findings import Wish
from controller.services.schedule_templates import Pattern
from controller.services.spool import Upload
from controller.services.tokens import TokenWish
from controller.settings import BrokerSettings, Settings, WebSettings
from controller.storage.models import MetaRow, SlotRow
from station_protocol.vocabulary import Priority, Reason
from tools.gallery.cast import (
    CAST,
    CHIEF,
    COMMUNE,
    DISTRICT,
    EVERYBODY,
    NEIGHBOUR,
    OTHER_CHIEF,
    OTHER_DESK,
    PASSWORD,
    PROVINCE,
    Person,
)
from tools.gallery.fleet import Machines
from tools.gallery.past import keep_year
from tools.gallery.tones import say, silence, spoken

FIRST_MORNING = datetime(2026, 11, 23, 7, 30, tzinfo=STATION_ZONE)
DAY = timedelta(days=1)
YEAR_BEFORE = FIRST_MORNING.date() - 365 * DAY
NOW = datetime(2026, 11, 25, 17, 1, 10, tzinfo=STATION_ZONE)
FIVE = NOW.replace(minute=0, second=0)
"""Times that people type are round."""
ALARM = NOW + timedelta(minutes=14)
"""The water is let out: a quarter of an hour after five."""
OFF, LOST, SILENT = "bac-ai-phuoc-thanh", "bac-ai-phuoc-trung", "ninh-son-ma-noi"
WORN, SKEWED, KEPT = "ninh-hai-vinh-hai", "thuan-nam-phuoc-ha", "ninh-phuoc-an-hai"
ADDRESS, BROKER_PORT = "https://vang.ninhthuan.example", 8883
NEVER = frozenset({"thuan-nam-nhi-ha", "phan-rang-thap-cham-my-dong"})
LACKING = "bac-ai-phuoc-chinh"
GONE = frozenset({OFF, LOST, SILENT})
WEEKDAYS, EVERY_DAY, MONDAY_AND_THURSDAY = 0b0011111, 0b1111111, 0b0001001

WATER = (
    "Kính mời bà con chú ý nghe. Mực nước hồ Sông Cái xuống thấp. Bà con dùng nước tiết kiệm, tưới "
    "vào sáng sớm hoặc chiều tối, không tưới lúc 11 giờ đến 15 giờ. Cần biết thêm, gọi UBND xã."
)
WORDS = {
    Part.WARNING: "Thông báo khẩn. Hồ Sông Cái sẽ xả lũ lúc 18 giờ ngày 25/11, lưu lượng 800 mét "
    "khối một giây. Bà con ở gần sông, suối hãy lên chỗ cao trước 17 giờ 45. Cần giúp, gọi 112.",
    Part.CORRECTION: "Thông báo khẩn vừa phát là nhầm. Bà con yên tâm, không có xả lũ.",
    Part.ALL_CLEAR: "Hồ Sông Cái đã ngừng xả lũ. Bà con có thể về nhà.",
}
NEXT_ALARM, NEXT_DRILL = "Xả lũ hồ Sông Cái, đợt hai", "Diễn tập sơ tán ven Sông Than"
"""What waits for its second person while the other one is on air."""
DRILL_WORDS = {
    Part.WARNING: "Xã Quảng Sơn diễn tập đưa dân ở ven suối lên trường học, từ 17 giờ 15.",
    Part.ALL_CLEAR: "Buổi diễn tập xả lũ đã xong. Cảm ơn bà con.",
}
CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>KTTV-2026-118</identifier>
<sender>dubao@kttv.example.vn</sender><sent>2026-11-25T16:40:00+07:00</sent>
<status>{status}</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>vi-VN</language><category>Met</category><event>Mưa lớn</event>
<urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty>
<expires>2026-11-26T06:00:00+07:00</expires><headline>Mưa rất to ở miền núi Ninh Thuận</headline>
<description>Từ đêm 25 đến sáng 26/11 có mưa rất to, 80 đến 150 mm.</description>
<instruction>Bà con không qua ngầm tràn.</instruction>
<area><areaDesc>huyện Bác Ái</areaDesc></area></info></alert>"""


@dataclass
class Clock:
    """Stands until it is moved."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def go_to(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)


@dataclass
class Story:
    """The centre, its people and its stations. `ids` names what pages of one thing show."""

    controller: wiring.Controller
    clock: Clock
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.services = self.controller.services
        self.machines = Machines(self.controller, self.clock)
        settings, database = self.controller.settings, self.controller.database
        spool = settings.folder / "spool"
        self._sounds = IngestWorkers(
            IngestDesk(
                database,
                self.clock,
                self.services.sounds,
                wiring.originals(settings),
                spool,
                settings.sound,
                lambda _job: None,
            )
        )
        pieces = PieceDesk(database, self.clock, self.services.sounds, spool, lambda _job: None)
        self._pieces = PieceWorker(pieces, say)
        self._watch = NoticeWatch(
            database,
            self.clock,
            self.services.places,
            lambda _job: None,
            ways=frozenset(),
            station_down_after=timedelta(minutes=settings.notices.station_down_after_min),
        )
        self._tickets = OutageTickets(
            database,
            self.clock,
            self.services.places,
            after=timedelta(hours=settings.figures.repair_after_h),
        )

    # --- chapters ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """The centre was set up: people, places, no deeds yet."""
        for person in EVERYBODY:
            new = NewAccount(
                person.username, person.full_name, person.role, person.place_id, PASSWORD
            )
            self.services.accounts.create(None, new)
        with self.controller.database.write() as session:
            self.services.places.invent_for_demo(session)
        self.services.places.reload()
        self.controller.services.audit_chain.seal()
        tree = self.services.places.tree()
        self.everyone = tuple(tree.stations)
        self.alive = tuple(one for one in self.everyone if one not in NEVER)
        self.ids |= {"station_id": COMMUNE, "place_id": DISTRICT}
        self.ids["account_id"] = self.actor(NEIGHBOUR).account_id

    def go_on(self) -> None:
        """A day and a half later: an ordinary afternoon."""
        for station_id in self.alive:
            self.services.stations.issue_config(station_id)
        self.machines.hello(self.alive)
        self.machines.beat(self.alive)
        with self.controller.database.write() as session:
            until = FIRST_MORNING.date() - DAY
            keep_year(session, self.alive, YEAR_BEFORE, until)
            session.merge(MetaRow(key=FIGURED_UNTIL, value=until.isoformat()))
        self._write()
        self._schedule()
        self._plan()
        self._pass_the_days()
        self._leave_things_open()
        self._now_looks_like_this()

    def raise_the_alarm(self) -> None:
        """Minutes later: water is let out above Bác Ái, and Ninh Sơn drills."""
        self._end_the_news()
        self.clock.go_to(ALARM)
        self._beats()
        self._warn(self.services.emergencies, CAST["operator"], CAST["approver"], DISTRICT)
        self._warn(self.services.drills, OTHER_DESK, OTHER_CHIEF, "ninh-son")
        self.clock.at += timedelta(seconds=8)
        for place_id, is_drill in ((DISTRICT, False), ("ninh-son", True)):
            there = sorted(self._stations(place_id) - GONE)[:-1]
            self.machines.sound_order(there, timedelta(seconds=30), exercise=is_drill)
        self._tick()

    # --- what people write ------------------------------------------------------------------------

    def actor(self, person: Person) -> Actor:
        """The person as the services know them."""
        account = self.services.accounts.by_name(person.username)
        assert account is not None, person.username  # noqa: S101 - made in `begin`
        place = person.place_id
        return Actor(
            account.account_id, person.username, person.full_name, person.role, place, "127.0.0.1"
        )

    def _write(self) -> None:
        news = self._bulletin(
            CAST["office"], "Thời sự Ninh Thuận", "news", spoken(100), tags="thời sự"
        )
        self._approve(news, CAST["office"], CHIEF)
        bulletins = self.services.bulletins
        seen = bulletins.get(self.actor(CHIEF), news).row_version
        self.services.sharing.share(self.actor(CHIEF), news, row_version=seen)
        water = self._bulletin(
            CAST["operator"], "Tiết kiệm nước mùa khô", "notice", spoken(30), WATER, tags="nước"
        )
        self._approve(water, CAST["operator"], CAST["approver"])
        fire = self._bulletin(
            CAST["operator"], "Phòng cháy rừng mùa khô", "disaster", spoken(24), tags="cháy rừng"
        )
        self._approve(fire, CAST["operator"], CAST["approver"])
        own = self._bulletin(CAST["commune"], "Họp thôn Bạc Rây 2", "notice", spoken(10))
        self._approve(own, CAST["commune"], CAST["approver"])
        self.ids |= {"news": news, "water": water, "fire": fire, "own": own}
        self.ids["bulletin_id"] = water

    def _bulletin(
        self,
        author: Person,
        title: str,
        category: str,
        sound: bytes | None = None,
        text: str = "",
        tags: str = "",
        until: date | None = None,
    ) -> str:
        upload = Upload("ban-ghi.wav", io.BytesIO(sound)) if sound else None
        made = self.services.bulletins.create(
            self.actor(author),
            Draft(title, category, text, author.place_id),
            filing=Filing(tags, None, until),
            upload=upload,
        )
        self._make_sound()
        return made

    def _make_sound(self) -> None:
        while self._sounds.work_once("gallery"):
            pass

    def _make_pieces(self) -> None:
        while self._pieces.work_once("gallery"):
            pass

    def _submit(self, bulletin_id: str, author: Person) -> None:
        bulletins, actor = self.services.bulletins, self.actor(author)
        seen = bulletins.get(actor, bulletin_id).row_version
        bulletins.submit(actor, bulletin_id, row_version=seen)

    def _approve(self, bulletin_id: str, author: Person, approver: Person) -> None:
        self._submit(bulletin_id, author)
        self.clock.at += timedelta(minutes=6)
        bulletins, actor = self.services.bulletins, self.actor(approver)
        seen = bulletins.get(actor, bulletin_id).row_version
        bulletins.approve(actor, bulletin_id, row_version=seen)

    # --- what they schedule -----------------------------------------------------------------------

    def _schedule(self) -> None:
        office, operator = CAST["office"], CAST["operator"]
        self._save("news", office, "17:00", 24, EVERY_DAY, PROVINCE, priority=Priority.PRIORITY)
        self._save("water", operator, "05:30", 24, WEEKDAYS, DISTRICT)
        self._save("fire", operator, "06:15", 24, EVERY_DAY, DISTRICT)
        self._save("own", CAST["commune"], "11:05", 25, MONDAY_AND_THURSDAY, COMMUNE)
        fire = self.ids["fire"]
        self._save("evening", operator, "18:30", 25, 0, DISTRICT, bulletin_id=fire)
        programme = ProgrammeWish(
            "Chương trình sáng Bác Ái",
            (
                ItemWish(ItemKind.IDENT),
                ItemWish(ItemKind.BULLETIN, self.ids["water"]),
                ItemWish(ItemKind.FEATURE, self.ids["fire"]),
                ItemWish(ItemKind.CLOSING),
            ),
        )
        made = self.services.programmes.create(self.actor(operator), programme)
        self.ids["programme_id"] = made
        template = ProgrammeWish(
            "Khung chương trình cuối tuần",
            (ItemWish(ItemKind.IDENT), ItemWish(ItemKind.BULLETIN), ItemWish(ItemKind.CLOSING)),
            is_template=True,
        )
        self.services.programmes.create(self.actor(operator), template)
        self._save("show", operator, "19:15", 28, 0b1100000, DISTRICT, programme_id=made)
        self.ids["schedule_id"] = self.ids["s:water"]

    def _save(
        self,
        key: str,
        who: Person,
        airs_at: str,
        day: int,
        weekdays: int,
        place_id: str,
        **more: Any,
    ) -> None:
        """Schedule the bulletin of that name, from that day of November on; `weekdays` 0: once."""
        values: dict[str, Any] = {
            "bulletin_id": self.ids.get(key, ""),
            "recurrence": Recurrence.WEEKLY if weekdays else Recurrence.ONCE,
            "airs_at": time.fromisoformat(airs_at),
            "starts_on": date(2026, 11, day),
            "ends_on": None,
            "weekdays": weekdays,
            "target_ids": (place_id,),
        }
        saved = self.services.schedules.save(self.actor(who), Wish(**(values | more)))
        self.ids[f"s:{key}"] = saved.schedule_id

    def _plan(self) -> None:
        """Plans are signed, sounds made, and stations fetch what they need."""
        self._make_pieces()
        self.services.plans.refresh()
        self.machines.fetch(self.alive)
        self.machines.beat(self.alive)

    def _sound_of(self, key: str) -> str:
        view = self.services.bulletins.get(self.actor(CAST["operator"]), self.ids[key])
        return str(view.current[0].sha256)

    def slots(self, key: str) -> list[SlotRow]:
        """The slots of a schedule of this story, in order."""
        query = select(SlotRow).where(SlotRow.schedule_id == self.ids[f"s:{key}"])
        with self.controller.database.read() as session:
            rows = list(session.scalars(query.order_by(SlotRow.starts_at)))
            session.expunge_all()
        return rows

    # --- what happens -----------------------------------------------------------------------------

    def _pass_the_days(self) -> None:
        """Tuesday, and the morning of Wednesday."""
        news, water, fire = (self.slots(key) for key in ("news", "water", "fire"))
        district = self._stations(DISTRICT)
        self._air(water[0], district - {LOST, OFF})
        self.machines.missed(LOST, water[0], Reason.OFFLINE_NO_FILE)
        self.machines.cut(OFF, water[0], 21_000, Reason.POWER_OFF)
        self._air(fire[0], district - {LOST, OFF, "bac-ai-phuoc-tien"}, but={OFF})
        self.machines.cut("bac-ai-phuoc-tien", fire[0], 17_000, Reason.STOPPED_AT_STATION)
        self.machines.missed(LOST, fire[0], Reason.OFFLINE_NO_FILE)
        self._air(news[0], set(self.alive) - {SILENT})
        self.machines.missed(OFF, fire[0], Reason.POWER_OFF)
        self.machines.late(SILENT, news[0], 190)
        self._listen()
        self.ids["broken"] = self.services.faults.report(
            self.actor(CAST["commune"]), COMMUNE, 1, "Loa im, máy không lên đèn"
        )
        self._air(water[1], district - {LOST, OFF}, but={OFF})
        self.machines.missed(LOST, water[1], Reason.OFFLINE_NO_FILE)
        self._air(fire[1], district - {LOST})
        self.machines.missed(OFF, water[1], Reason.POWER_OFF)
        self.machines.missed(LOST, fire[1], Reason.CLOCK_UNTRUSTED)
        self.ids |= {"slot_id": water[1].slot_id, "why": water[0].slot_id}
        self._break_down()
        self.services.day_book.keep_up()

    def _listen(self) -> None:
        """The office phones: at eight of nine stations somebody heard the news of that day."""
        heard = [one for number, one in enumerate(sorted(self.alive)) if number % 9]
        for station_id in heard:
            self.services.listening_checks.write(
                self.actor(CAST["office"]), station_id, Heard.HEARD
            )

    def _break_down(self) -> None:
        """Two stations fail behind the morning's airings, for the rest of the day."""
        self.clock.at += timedelta(minutes=12)
        self.machines.fault(WORN, "amplifier_missing", "gpio 17")
        self._give_signs()
        self._tick()

    def _stations(self, place_id: str) -> set[str]:
        found = self.services.places.tree().stations_in([place_id])
        return {one.station_id for one in found}

    def _air(self, slot: SlotRow, station_ids: Collection[str], but: Collection[str] = ()) -> None:
        """Let it be over, and let these stations say that it sounded.

        The others are there, too, `but` those whose power is off.
        """
        here = [one for one in self.alive if one not in but]
        self.clock.go_to(slot.starts_at + timedelta(seconds=5))
        self.machines.beat([one for one in here if one not in station_ids])
        self.machines.beat(sorted(station_ids), on_air=(slot, 5_000))
        self._tick()
        self.clock.go_to(slot.starts_at + timedelta(milliseconds=slot.duration_ms, seconds=20))
        for station_id in sorted(station_ids):
            self.machines.aired(station_id, slot)
        self.machines.beat(here)
        self._tick()

    def _tick(self) -> None:
        """What the planner does every few seconds."""
        self.services.as_run.sweep()
        self.services.as_run.reconcile()
        self._watch.look()
        self._tickets.look()
        self.services.audit_chain.seal()

    def _leave_things_open(self) -> None:
        """Wednesday afternoon, before five: what waits, what is wrong, what was said."""
        self.clock.go_to(NOW - timedelta(hours=1, minutes=40))
        self._give_signs()
        self._leave_bulletins_open()
        self._change_the_calendar()
        self._tell_of_stations()
        self._set_up_desks()
        self.services.plans.refresh()

    def _leave_bulletins_open(self) -> None:
        operator, approver = self.actor(CAST["operator"]), self.actor(CAST["approver"])
        bulletins, comments = self.services.bulletins, self.services.comments
        shots = self._bulletin(
            CAST["operator"], "Lịch tiêm chủng tháng 12", "notice", spoken(12),
            "Trạm y tế các xã tiêm chủng ngày 05/12, từ 7 giờ đến 11 giờ. Bà con mang theo sổ.",
            tags="y tế", until=date(2026, 12, 5),
        )  # fmt: skip
        self._submit(shots, CAST["operator"])
        asked = comments.say(approver, shots, "Trạm Phước Trung tiêm ngày 06, có sửa không?")
        comments.say(operator, shots, "Đã hỏi trạm y tế: ngày 05 cho cả chín xã.", asked)
        school = self._bulletin(CAST["commune"], "Đóng đường đi trường mẫu giáo", "notice",
                                spoken(15))  # fmt: skip
        self._submit(school, CAST["commune"])
        returned = self._bulletin(CAST["operator"], "Phun thuốc diệt muỗi", "notice", spoken(15))
        self._submit(returned, CAST["operator"])
        seen = bulletins.get(approver, returned).row_version
        bulletins.return_(approver, returned, "Thiếu ngày phun ở Phước Đại.", row_version=seen)
        draft = self._bulletin(
            CAST["operator"], "Thu gom vỏ thuốc trừ sâu", "notice", spoken(9, silence_s=4.0),
            "Bà con gom vỏ bao thuốc trừ sâu về bể ở đầu thôn.",
        )  # fmt: skip
        self._bulletin(CAST["operator"], "Băng ghi từ máy cũ", "notice", silence(8))
        self._bulletin(
            CAST["operator"], "Hội chợ tháng 11", "culture", spoken(12), until=date(2026, 11, 24)
        )
        self.ids |= {"waiting": shots, "draft": draft, "returned": returned}

    def _change_the_calendar(self) -> None:
        operator = self.actor(CAST["operator"])
        calendar, schedules = self.services.calendar, self.services.schedules
        for slot in self.slots("water"):
            if slot.airs_on == date(2026, 11, 27):
                seen = Occurrence(slot.schedule_id, slot.airs_on, slot.starts_at)
                calendar.move(operator, seen, slot.starts_at + timedelta(minutes=20))
        for slot in self.slots("fire"):
            if slot.airs_on == date(2026, 11, 28):
                schedules.cancel_slot(operator, slot.slot_id, "Trùng lễ hội ở trung tâm huyện")
            if slot.airs_on == date(2026, 11, 26):
                self.services.offers.decline(
                    self.actor(CAST["commune"]), slot.slot_id,
                    "Xã có tang, thôn Gia É xin yên lặng buổi sáng", all_to_come=False,
                )  # fmt: skip
                self.ids["offer"] = slot.slot_id
            if slot.airs_on == date(2026, 11, 27):
                self.ids["open_offer"] = slot.slot_id
        day = DayWish(DISTRICT, "Hội mừng lúa mới Raglai", date(2026, 12, 19), date(2026, 12, 20))
        self.services.holidays.add(operator, day)
        for name, at, days in (
            ("Sáng các ngày làm việc", time(5, 30), WEEKDAYS),
            ("Chiều thứ Hai, thứ Năm", time(17, 30), MONDAY_AND_THURSDAY),
        ):
            pattern = Pattern(name, at, days, (DISTRICT,))
            self.ids["schedule_template_id"] = self.services.schedule_templates.keep(
                operator, pattern
            )

    def _tell_of_stations(self) -> None:
        operator, officer = self.actor(CAST["operator"]), self.actor(CAST["commune"])
        version = self.services.station_list.card(operator, COMMUNE).row_version
        people = [
            Contact("Chamaléa Thuận", "cán bộ văn hóa", "0900 000 101"),
            Contact("Pi Năng Thị Hồng", "trực đài", "0900 000 102"),
        ]
        note = "Máy đặt ở phòng văn hóa, tầng 1. Chìa khóa: bảo vệ UBND."
        self.services.contacts.save(operator, COMMUNE, people, note, version)
        fault = self.services.faults.report(officer, COMMUNE, 2, "Cụm 2 rè, nghe không rõ lời")
        self.services.faults.promise(operator, fault, date(2026, 11, 27))
        self.ids["fault_report_id"] = fault
        self._equip(fault)
        self.services.faults.report(
            self.actor(NEIGHBOUR), NEIGHBOUR.place_id, None, "Loa im mà đèn máy vẫn sáng"
        )
        self.services.maintenance.declare(
            self.actor(CAST["admin"]), KEPT, FIVE - timedelta(minutes=30),
            FIVE + timedelta(hours=2), "Thay tăng âm",
        )  # fmt: skip
        self.services.maintenance.declare(
            operator, COMMUNE, FIVE + timedelta(days=1, hours=15),
            FIVE + timedelta(days=1, hours=17),
            "Căng lại dây loa cụm 2",
        )  # fmt: skip

    def _equip(self, fault: str) -> None:
        """What stands at the commune's station, one repair that is over, and the codes of poles."""
        operator, officer = self.actor(CAST["operator"]), self.actor(CAST["commune"])
        equipment, repairs = self.services.equipment, self.services.repairs
        old = equipment.add(officer, COMMUNE, ThingWish(
            "power_supply", "Mean Well LRS-150-12", "PS-0117", None, date(2023, 3, 1),
            date(2025, 3, 1), 450_000,
        ))  # fmt: skip
        for wish in (
            ThingWish("amplifier", "TOA A-2240H", "A2240-77123", None, date(2024, 12, 20),
                      date(2026, 12, 20), 12_500_000, "Tủ ở phòng văn hóa, tầng 1"),
            ThingWish("pi", "Raspberry Pi 4, 2 GB", "10000000abcd", None, date(2025, 6, 2),
                      date(2027, 6, 2), 1_650_000),
            ThingWish("horn", "TOA TC-631M, 30 W", "", 2, date(2021, 5, 10), None, 900_000),
        ):  # fmt: skip
            self.ids["equipment_item_id"] = equipment.add(officer, COMMUNE, wish)
        new = equipment.add(officer, COMMUNE, ThingWish(
            "power_supply", "Mean Well LRS-200-12", "PS-0560", None, NOW.date(), date(2028, 11, 25),
            620_000,
        ))  # fmt: skip
        over = self.ids.pop("broken")
        repairs.assign(operator, over, "Thợ Hai, cửa hàng Điện tử Tân Sơn", None)
        repairs.mend(officer, over, MendWish(
            "Cháy nguồn sau sét, thay nguồn mới", 850_000, (old,), (new,)
        ))  # fmt: skip
        repairs.assign(operator, fault, "Katơr Minh, kỹ thuật huyện", date(2026, 11, 27))
        self.services.pole_codes.make_missing(officer, COMMUNE)
        sheet = self.services.pole_codes.sheet(officer, COMMUNE)
        self.ids["code"] = sheet.codes[0].code or ""

    def _set_up_desks(self) -> None:
        wish = TokenWish("Bảng điện tử huyện", ("stations:read", "schedules:read"),
                         date(2027, 11, 25))  # fmt: skip
        self.services.tokens.make(self.actor(CAST["operator"]), wish, PASSWORD)
        self.services.hours.add_exception(
            self.actor(CAST["office"]), "ninh-hai", FIVE + timedelta(hours=3),
            FIVE + timedelta(hours=5), "Tường thuật lễ hội Cầu ngư",
        )  # fmt: skip
        cap = self.services.cap
        self.ids["cap"] = cap.receive(
            self.actor(CAST["office"]), CAP.format(status="Actual").encode()
        )

    def _now_looks_like_this(self) -> None:
        """Forty minutes ago one station fell silent; now the news is on air."""
        self.clock.go_to(NOW - timedelta(minutes=46))
        self._beats(without=())
        self.machines.switch_off(OFF)
        self.machines.lose(LACKING, self._sound_of("fire"))
        self.machines.lose_link([LOST, SILENT])
        self._tick()
        self.clock.go_to(NOW - timedelta(minutes=5))
        self._beats(without=GONE)
        self._tick()
        (slot,) = [one for one in self.slots("news") if one.airs_on == NOW.date()]
        self.ids["on_air"] = slot.slot_id
        self.clock.go_to(slot.starts_at + timedelta(seconds=2))
        self.machines.begin(self._on_air(), slot)
        self._tick()
        self.clock.go_to(NOW)
        self._beats(without=GONE)
        self._tick()

    def _on_air(self) -> list[str]:
        """The stations at which the news sounds."""
        return [one for one in self.alive if one not in GONE | {WORN, SKEWED, KEPT}]

    def _end_the_news(self) -> None:
        """It was heard to its end, and where it was not, the station says why."""
        (slot,) = [one for one in self.slots("news") if one.airs_on == NOW.date()]
        self.clock.go_to(slot.starts_at + timedelta(milliseconds=slot.duration_ms, seconds=20))
        for station_id in self._on_air():
            self.machines.aired(station_id, slot)
        self._beats()
        self._tick()
        self.clock.go_to(slot.starts_at + timedelta(seconds=slot.lateness_s + 20))
        for station_id, reason in (
            (WORN, Reason.AUDIO_DEVICE_MISSING),
            (SKEWED, Reason.CLOCK_UNTRUSTED),
            (KEPT, Reason.AUDIO_DEVICE_MISSING),
        ):
            self.machines.missed(station_id, slot, reason)
        self._beats()
        self._tick()

    def _beats(self, *, without: Collection[str] = GONE) -> None:
        """Everybody who is there gives a sign of life."""
        news = [one for one in self.slots("news") if one.airs_on == NOW.date()]
        is_due = news[0].starts_at <= self.clock() < news[0].starts_at + timedelta(minutes=2)
        on_air = (news[0], 65_000) if is_due else None
        self._give_signs(without={*without, LACKING, KEPT}, on_air=on_air)
        self.machines.beat([LACKING], lacking=1, behind=1, on_air=on_air)
        self.machines.beat([KEPT], reasons=("amplifier_missing",))

    def _give_signs(
        self, *, without: Collection[str] = (), on_air: tuple[SlotRow, int] | None = None
    ) -> None:
        """A sign of life of all but these, with what is wrong there."""
        trouble = {WORN: ("amplifier_missing",), SKEWED: ("clock_wrong",)}
        well = [one for one in self.alive if one not in trouble and one not in without]
        self.machines.beat(well, on_air=on_air)
        for station_id, reasons in trouble.items():
            self.machines.beat([station_id], reasons=reasons)

    # --- emergencies ------------------------------------------------------------------------------

    def _warn(
        self, desk: EmergencyDesk | DrillDesk, author: Person, second: Person, place_id: str
    ) -> None:
        is_drill = isinstance(desk, DrillDesk)
        wish = EmergencyWish(
            hazard="flood_release",
            level=3,
            title="Diễn tập xả lũ hồ Sông Than" if is_drill else "Xả lũ hồ Sông Cái",
            source="kế hoạch diễn tập số 12" if is_drill else "công điện 16:40 ngày 25/11/2026",
            texts=DRILL_WORDS if is_drill else WORDS,
            voice=self.services.speech.voices("vi")[0].name,
            target_ids=(place_id,),
            repeat_every_min=15,
            lasts_min=60,
        )
        name = "drill" if is_drill else "emergency"
        second_wish = replace(wish, title=NEXT_DRILL if is_drill else NEXT_ALARM)
        self.ids[f"{name}_waiting"] = desk.propose(self.actor(author), second_wish)
        sent = desk.propose(self.actor(author), wish)
        self._make_pieces()
        self.clock.at += timedelta(seconds=20)
        stations = desk.get(self.actor(author), sent).stations
        desk.confirm(self.actor(second), sent, phrase(desk.kind, stations))
        self.ids[f"{name}_id"] = sent
        there = sorted(self._stations(place_id) - GONE)
        self.machines.obey(
            there,
            after_s=lambda station_id: 0.3 + sum(map(ord, station_id)) % 17 / 10,
            refusing=there[-1:],
            exercise=is_drill,
        )
        if not is_drill:
            self.machines.beat(there[-1:], reasons=("audio_device_missing",))


@contextmanager
def told(folder: Path) -> Iterator[Story]:
    """A story that has not begun, over a centre in this folder; closed at the end."""
    clock = Clock(FIRST_MORNING.astimezone(UTC))
    controller = wiring.build(
        Settings(
            data_folder=str(folder),
            web=WebSettings(external_url=ADDRESS),
            broker=BrokerSettings(port=BROKER_PORT),
        ),
        now=clock,
    )
    controller.app.config["SESSION_COOKIE_SECURE"] = False  # the browser is on this machine
    _say_that_the_broker_answers(controller)
    try:
        yield Story(controller, clock)
    finally:
        controller.close()


def _say_that_the_broker_answers(controller: wiring.Controller) -> None:
    """There is none here, and pages about a broker that is away are not what is shown."""
    known = controller.app.extensions["vang.probes"]
    controller.app.extensions["vang.probes"] = replace(
        known, checks={**known.checks, "link": lambda: True}
    )
