"""Two districts side by side, each with one of everything an address or a form can name.

Whatever people typed in a district carries its mark, and a word to search by that is not the mark:
a page of the other district that holds the mark has leaked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from functools import cached_property
from pathlib import Path

from sqlalchemy import select

from audio_library.store import FolderStore
from controller.domain.accounts import Actor, Role
from controller.domain.emergencies import Part, phrase
from controller.domain.programmes import ItemKind
from controller.services.board import Board
from controller.services.bulletins import Draft
from controller.services.contacts import Contact
from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.equipment import ItemWish as ThingWish
from controller.services.filing import Filing
from controller.services.holidays import DayWish
from controller.services.photos import SUFFIX
from controller.services.place_rules import PlaceRules
from controller.services.programmes import ItemWish, ProgrammeWish
from controller.services.schedule_templates import Pattern
from controller.services.station_page import StationPages
from controller.services.stations import Stations
from controller.services.tokens import TokenWish
from controller.storage.models import (
    AccountRow,
    ApiTokenRow,
    BrokerDenialRow,
    BulletinRow,
    BulletinVersionRow,
    EquipmentItemRow,
    JournalEntryRow,
    MaintenanceWindowRow,
    NoticeItemRow,
    NoticeReaderRow,
    NoticeRow,
    PoleCodeRow,
    SlotResultRow,
    SlotRow,
    SpeakerClusterRow,
    StationPlanRow,
    StationStateRow,
)
from tests.support.bulletins import Studio
from tests.support.schedule_desk import a_wish
from tests.support.warnings import Watch, watch, wish
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    NOW,
    OTHER_COMMUNE,
    OTHER_DISTRICT,
    PASSWORD,
    Browser,
    Centre,
)
from tests.unit.controller.services.test_cap_reading import alert

SOUGHT = "Kelumbi"
"""A word of every title, in both districts alike."""

STAFF = (Role.OPERATOR, Role.APPROVER, Role.AUDITOR, Role.ADMIN)
PAST_SLOT = {DISTRICT: "p" * 26, OTHER_DISTRICT: "q" * 26}


@dataclass
class District:
    """One district: who works there, and what it has, by the names addresses call it."""

    place_id: str
    commune_id: str
    mark: str
    people: dict[Role, Actor] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """Argument of a route -> id; `emergencies.emergency_id` where blueprints share a name."""

    @property
    def operator(self) -> Actor:
        return self.people[Role.OPERATOR]

    def words(self, what: str) -> str:
        """A text of this district."""
        return f"{self.mark} {SOUGHT} {what}"

    def id_of(self, endpoint: str, argument: str) -> str:
        """The id for an argument of a route. KeyError for one nobody has said yet."""
        blueprint = endpoint.partition(".")[0]
        return self.ids.get(f"{blueprint}.{argument}") or self.ids[argument]


@dataclass
class Patient(Browser):
    """A browser that asks for its form token once: it is good for the whole session."""

    @cached_property
    def token(self) -> str:
        return super().csrf()

    def csrf(self) -> str:
        return self.token


@dataclass
class Neighbours:
    """The centre, and the two districts."""

    watch: Watch
    studio: Studio
    stations: Stations
    here: District
    there: District
    _browsers: dict[tuple[str, Role], Browser] = field(default_factory=dict)

    @property
    def centre(self) -> Centre:
        return self.watch.centre

    def browser(self, district: District, role: Role) -> Browser:
        """Somebody of that district signed in, the same each time."""
        place_id = district.commune_id if role is Role.COMMUNE_OFFICER else district.place_id
        if (place_id, role) not in self._browsers:
            self._browsers[place_id, role] = Patient(self.centre.client(role, place_id).http)
        return self._browsers[place_id, role]


class NoMachines:
    """Stands in for the maker of configurations: nothing of a station is asked of it here."""

    def obstacle(self, _station_id: str) -> str:
        """No configuration can be made."""
        return "the broker's port is not chosen yet"


@contextmanager
def neighbours(folder: Path) -> Iterator[Neighbours]:
    """Both districts furnished, closed at the end."""
    with watch(folder) as on_watch:
        centre = on_watch.centre
        studio = Studio(centre, folder)
        stations = Stations(centre.database, centre.clock, centre.places, centre.wake)
        centre.add(
            board=Board(centre.database, centre.clock, centre.places),
            station_pages=StationPages(centre.database, centre.clock, centre.places),
            stations=stations,
            place_rules=PlaceRules(
                centre.database, centre.clock, centre.places, on_watch.desk.hours, centre.wake
            ),
            enrolment=NoMachines(),
        )
        here = District(OTHER_DISTRICT, OTHER_COMMUNE, "Torabaja")
        there = District(DISTRICT, COMMUNE, "Zuchara")
        made = Neighbours(on_watch, studio, stations, here, there)
        for district in (here, there):
            _employ(made, district)
            _furnish(made, district)
        yield made


def _employ(made: Neighbours, district: District) -> None:
    for role in (*STAFF, Role.COMMUNE_OFFICER):
        place_id = district.commune_id if role is Role.COMMUNE_OFFICER else district.place_id
        actor = made.centre.actor(role, place_id)
        named = replace(actor, full_name=f"{district.mark} {role.value}")
        with made.centre.database.write() as session:
            session.get_one(AccountRow, actor.account_id).full_name = named.full_name
        district.people[role] = named
    operator = district.operator
    signed_in = made.centre.accounts.sign_in(
        operator.username, PASSWORD, address="127.0.0.1", user_agent=district.mark
    )
    (session,) = made.centre.accounts.sessions_of(operator, signed_in.token)
    district.ids |= {"account_id": operator.account_id, "session_id": session.session_id}
    _give_token(made, district)


def _give_token(made: Neighbours, district: District) -> None:
    """A program of the operator's."""
    last_day = NOW.date() + timedelta(days=30)
    made.centre.services.tokens.make(
        district.operator, TokenWish(district.words("máy"), ("stations:read",), last_day), PASSWORD
    )
    with made.centre.database.read() as session:
        query = select(ApiTokenRow.api_token_id).where(
            ApiTokenRow.account_id == district.operator.account_id
        )
        token_id = session.scalars(query).one()
    district.ids |= {"tokens.token_id": token_id, "users.token_id": token_id}


def _furnish(made: Neighbours, district: District) -> None:
    (station,) = made.centre.places.tree().stations_in([district.commune_id])
    district.ids |= {"station_id": station.station_id, "part": Part.WARNING.value}
    district.ids["place_id"] = district.place_id
    _write_bulletins(made, district)
    _schedule(made, district)
    _plan_ahead(made, district)
    _report(made, district)
    _keep_station(made, district)
    _equip(made, district)
    _tell(made, district)
    for desk in (made.watch.live, made.watch.drills):
        _warn(made, desk, district)


def _write_bulletins(made: Neighbours, district: District) -> None:
    services, operator = made.centre.services, district.operator
    words = Draft(district.words("nháp"), "notice", district.words("lời"), district.place_id)
    draft = services.bulletins.create(operator, words, filing=Filing(f"{district.mark} nhãn"))
    bulletin_id = made.watch.desk.bulletin(district.words("tin"), place_id=district.place_id)
    returned = services.bulletins.create(operator, replace(words, title=district.words("trả")))
    sound = made.centre.folder / "sound.opus"
    sound.write_bytes(district.mark.encode())
    sha256 = hashlib.sha256(district.mark.encode()).hexdigest()
    made.studio.store.put(sound)
    with made.centre.database.write() as session:
        row = session.get_one(BulletinRow, bulletin_id)
        row.author_id = operator.account_id
        (version,) = session.query(BulletinVersionRow).filter_by(bulletin_id=bulletin_id)
        version.sha256, version.original_name = sha256, f"{district.mark}.mp3"
        version.approved_by_name = district.people[Role.APPROVER].full_name
        back = session.get_one(BulletinRow, returned)
        back.state, back.return_reason = "returned", district.words("lý do")
        district.ids["version_id"] = version.bulletin_version_id
    token = services.bulletins.parts.begin(operator)
    comment_id = services.comments.say(operator, draft, district.words("ý kiến"))
    district.ids |= {
        "bulletin_id": bulletin_id,
        "draft_id": draft,
        "sha256": sha256,
        "token": token,
        "comment_id": comment_id,
    }


def _schedule(made: Neighbours, district: District) -> None:
    services, operator = made.centre.services, district.operator
    bulletin_id = district.ids["bulletin_id"]
    item = ItemWish(ItemKind.BULLETIN, bulletin_id)
    programme = ProgrammeWish(district.words("chương trình"), (item,))
    programme_id = services.programmes.create(operator, programme)
    targets = (district.place_id,)
    saved = services.schedules.save(operator, a_wish(bulletin_id, target_ids=targets))
    first, second, *_rest = made.watch.desk.slots(saved.schedule_id)
    services.schedules.cancel_slot(operator, second.slot_id, district.words("hủy"))
    span = (NOW - timedelta(minutes=1), NOW + timedelta(hours=1))
    opened = services.hours.add_exception(
        operator, district.place_id, *span, district.words("mở giờ")
    )
    district.ids |= {
        "programme_id": programme_id,
        "schedule_id": saved.schedule_id,
        "slot_id": first.slot_id,
        "copied": f"{saved.schedule_id}|{first.airs_on}|{first.starts_at.isoformat()}",
        "hours_exception_id": str(opened),
    }
    _air(made, district)


def _air(made: Neighbours, district: District) -> None:
    """A slot that is over and was not heard, and the plan that named its sound."""
    ids, at = district.ids, NOW - timedelta(hours=5)
    slot_id, title = PAST_SLOT[district.place_id], district.words("buổi trưa")
    with made.centre.database.write() as session:
        session.add(
            SlotRow(
                slot_id=slot_id, schedule_id=ids["schedule_id"], airs_on=at.date(), starts_at=at,
                duration_ms=300_000, title=title, priority="ordinary", authority="district",
                lateness_s=300, items=[{"sha256": ids["sha256"], "size_bytes": 9}],
            )
        )  # fmt: skip
        session.flush()
        session.add(
            SlotResultRow(
                station_id=ids["station_id"], slot_id=slot_id, outcome="missed", title=title,
                reason="power_off", planned_at=at, planned_ms=300_000, played_ms=0,
            )
        )  # fmt: skip
        session.add(
            StationPlanRow(
                station_id=ids["station_id"], epoch=1, version=1, content_hash="", made_at=at,
                covers_until_at=NOW, not_after_at=NOW, required_assets=[ids["sha256"]],
                slots={}, envelope=b"",
            )
        )  # fmt: skip


def _plan_ahead(made: Neighbours, district: District) -> None:
    """A pattern of its schedules, and a day it keeps besides the public holidays."""
    services, operator = made.centre.services, district.operator
    pattern = Pattern(district.words("mẫu"), time(5, 30), 0b0010101, (district.place_id,))
    day = (NOW + timedelta(days=30)).date()
    wish = DayWish(district.place_id, district.words("lễ"), day, day)
    district.ids |= {
        "schedule_template_id": services.schedule_templates.keep(operator, pattern),
        "calendar_day_id": services.holidays.add(operator, wish),
    }


def _report(made: Neighbours, district: District) -> None:
    """A station of which people and machine have told something."""
    officer, station_id = district.people[Role.COMMUNE_OFFICER], district.ids["station_id"]
    fault_id = made.centre.services.faults.report(officer, station_id, None, district.words("im"))
    district.ids["fault_report_id"] = fault_id
    with made.centre.database.write() as session:
        session.add(SpeakerClusterRow(station_id=station_id, number=91, name=district.mark))
        session.merge(
            StationStateRow(
                station_id=station_id, shown_state="degraded", shown_since_at=NOW,
                agent_version=district.mark, last_heartbeat_at=NOW, denied_publishes=1,
                plan_version_held=1, plan_version_sent=1,
            )
        )  # fmt: skip
        session.add(
            BrokerDenialRow(
                station_id=station_id, username=station_id, action="publish",
                topic=f"vang/{district.mark}", at=NOW,
            )
        )  # fmt: skip
        session.add(
            JournalEntryRow(
                station_id=station_id, journal_id="j", entry_no=1, at=NOW, clock="controller",
                kind="refusal", received_at=NOW, evidence={
                    "kind": "refusal", "what": "plan", "why": "stale", "detail": district.mark,
                },
            )
        )  # fmt: skip


def _keep_station(made: Neighbours, district: District) -> None:
    """What its owner entered about a station: whom to phone, maintenance, a call declined."""
    services, station_id = made.centre.services, district.ids["station_id"]
    contacts = [Contact(district.mark, "trưởng đài", "0912 345 678")]
    version = services.station_list.card(district.operator, station_id).row_version
    services.contacts.save(
        district.operator, station_id, contacts, district.words("chỗ đặt máy"), version
    )
    begins = NOW + timedelta(hours=20)
    services.maintenance.declare(
        district.operator,
        station_id,
        begins,
        begins + timedelta(hours=1),
        district.words("bảo trì"),
    )
    with made.centre.database.read() as session:
        query = select(MaintenanceWindowRow.maintenance_window_id).where(
            MaintenanceWindowRow.station_id == station_id
        )
        district.ids["maintenance_window_id"] = str(session.scalars(query).one())
    officer = district.people[Role.COMMUNE_OFFICER]
    services.offers.decline(
        officer, district.ids["slot_id"], district.words("không nhận"), all_to_come=False
    )


def _equip(made: Neighbours, district: District) -> None:
    """A thing of the station with its picture, and the code on a pole."""
    services, station_id = made.centre.services, district.ids["station_id"]
    item_id = services.equipment.add(
        district.operator,
        station_id,
        ThingWish("amplifier", district.words("tăng âm"), district.mark, 91, note=district.mark),
    )
    picture = made.centre.folder / "picture.jpg"
    picture.write_bytes(b"\xff\xd8\xff" + district.mark.encode())
    photo = FolderStore(made.centre.folder / "photos", SUFFIX).put(picture)
    code = f"zz{district.mark.lower():z<10}"
    with made.centre.database.write() as session:
        session.get_one(EquipmentItemRow, item_id).photo_sha256 = photo
        session.add(
            PoleCodeRow(
                code=code, station_id=station_id, cluster_number=91, made_at=NOW,
                made_by=district.operator.full_name,
            )
        )  # fmt: skip
    district.ids |= {"equipment_item_id": item_id, "code": code, "number": "91"}


def _tell(made: Neighbours, district: District) -> None:
    """A notice to the operator, and an alert that came from outside."""
    operator, notice_id = district.operator, f"notice-{district.place_id}"
    with made.centre.database.write() as session:
        session.add(
            NoticeRow(
                notice_id=notice_id, kind="returned", group_key=operator.account_id,
                place_id=district.place_id, opened_at=NOW, changed_at=NOW, closed_at=None,
            )
        )  # fmt: skip
        session.flush()
        facts = {"bulletin_id": district.ids["draft_id"], "title": district.words("trả")}
        session.add(
            NoticeItemRow(
                kind="returned", group_key=operator.account_id, item_key=district.mark,
                notice_id=notice_id, facts=facts, began_at=NOW, ended_at=None,
            )
        )  # fmt: skip
        session.add(
            NoticeReaderRow(
                notice_id=notice_id, account_id=operator.account_id, told_at=NOW, read_at=None
            )
        )
    district.ids["notice_id"] = notice_id
    _alarm(made, district)
    cap = made.centre.services.cap
    for blueprint, status in (("emergencies", "Actual"), ("drills", "Exercise")):
        came = cap.receive(
            operator, alert(status=status).replace("Bão".encode(), district.words("bão").encode())
        )
        district.ids[f"{blueprint}.cap_alert_id"] = came


def _alarm(made: Neighbours, district: District) -> None:
    """Slots that failed, told to everybody of the district."""
    alarm_id = f"alarm-{district.place_id}"
    facts = {
        "slot_id": PAST_SLOT[district.place_id], "title": district.words("lỡ"),
        "at": NOW.isoformat(), "outcome": "missed", "reason": "",
        "station_id": district.ids["station_id"], "place_id": district.commune_id,
    }  # fmt: skip
    with made.centre.database.write() as session:
        session.add(
            NoticeRow(
                notice_id=alarm_id, kind="slot_failed", group_key=district.place_id,
                place_id=district.place_id, opened_at=NOW, changed_at=NOW, closed_at=None,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            NoticeItemRow(
                kind="slot_failed", group_key=district.place_id, item_key=district.mark,
                notice_id=alarm_id, facts=facts, began_at=NOW, ended_at=None,
            )
        )  # fmt: skip
    district.ids["alarms.notice_id"] = alarm_id


def _warn(made: Neighbours, desk: EmergencyDesk | DrillDesk, district: District) -> None:
    """One that waits to be confirmed, and one that was sent."""
    texts = {part: district.words(part.value) for part in Part}
    meant = wish(
        title=district.words("xả lũ"),
        source=district.words("công điện"),
        texts=texts,
        target_ids=(district.place_id,),
        repeat_every_min=15,
    )
    waiting = desk.propose(district.operator, meant)
    sent = desk.propose(district.operator, meant)
    made.watch.speak()
    stations = desk.get(district.operator, sent).stations
    desk.confirm(district.people[Role.APPROVER], sent, phrase(desk.kind, stations))
    blueprint = "drills" if isinstance(desk, DrillDesk) else "emergencies"
    district.ids |= {f"{blueprint}.emergency_id": sent, f"{blueprint}.waiting": waiting}


Contents = Mapping[str, frozenset[str]]


def contents(centre: Centre) -> Contents:
    """Every row of every table, but for the trail and who is signed in."""
    from controller.storage.models import Base

    untold = {"audit", "audit_seal", "session"}
    with centre.database.read() as session:
        return {
            name: frozenset(repr(tuple(row)) for row in session.execute(table.select()))
            for name, table in Base.metadata.tables.items()
            if name not in untold
        }
