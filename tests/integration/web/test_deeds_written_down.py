"""Whatever a route changes stands in the audit trail: each unsafe route is used until it changes
something, and the same transaction must have left a row that says what was done."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, update

from controller.domain.accounts import Role
from controller.domain.emergencies import phrase
from controller.services.station_desk import phrase as retiring
from controller.services.tokens import TokenWish
from controller.storage.models import (
    ApiTokenRow,
    AuditRow,
    BulletinRow,
    SpeakerClusterRow,
    StationAbsenceRow,
)
from tests.integration.web.test_neighbours import (
    FULL,
    NAMING,
    PLACEHOLDER,
    SAFE,
    Route,
    filled,
    last_row,
    of_people,
    send,
)
from tests.support.neighbours import Neighbours, neighbours
from tests.support.warnings import wish
from tests.support.web import NOW, PASSWORD, PROVINCE, Browser
from tests.unit.controller.services.test_cap_reading import alert

Form = dict[str, str | list[str]]
Sending = tuple[Browser, str, Form]

ROLES = (Role.OPERATOR, Role.APPROVER, Role.ADMIN, Role.COMMUNE_OFFICER)
NEWEST_VERSION = 12
WRITES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
UNTOLD = {"audit", "audit_seal", "session", "meta", "notice_reader"}
"""The trail itself, who is signed in, counters, what somebody has read."""

WITHOUT_A_CHANGE = {
    "auth.choose_language": "the own screens",
    "auth.choose_theme": "a cookie",
    "auth.end_other_sessions": "only who is signed in; its row: test_sign_in.py",
    "auth.end_session": "as above",
    "auth.enter": "as above",
    "auth.sign_out": "as above",
    "bulletins.begin_upload": "a file in the spool; the bulletin it becomes is written down",
    "bulletins.continue_upload": "as above",
    "moves.preview": "only looks",
    "notices.read_all": "what somebody has read",
    "programmes.sketch": "only looks",
    "readings.preview": "only looks",
    "schedule_templates.use": "fills in a form",
    "schedules.preview": "only looks",
    "notices.test": "needs a way to send: tests/integration/notices/test_sending_away.py",
    "audit.export": "only its own row",
    "bulletins.submit": "needs finished sound: tests/integration/bulletins/test_bulletins.py",
    "bulletins.receive": "as above",
    "bulletins.cut": "as above: test_cuts.py",
    "bulletins.use_whole": "as above: test_cuts.py",
    "copies.undo": "takes back what was copied: tests/integration/schedules/test_copying.py",
    "station_care.config": "needs a broker: tests/integration/stations",
    "emergencies.review": "needs one sent alone: tests/integration/emergencies/test_sending.py",
    "drills.review": "as above",
    "priority_orders.order": "needs two that meet: tests/integration/link/test_priority_orders.py",
    "priority_orders.write_down": "as above",
    "schedules.air_again": "needs one told to stations: tests/integration/schedules/test_expiry.py",
}
"""Routes that change no row here, and why."""

LATER = (
    "return_", "decline", "remove", "cancel_slot", "withdraw", "call_off", "stop", "end", "reset",
    "cancel_rest", "revoke", "retire", "restore", "commission", "change_password", "users.change",
    "users.reset", "users.disable", "users.enable",
)  # fmt: skip
"""What takes away what others need goes last."""


def _rank(route: Route) -> int:
    first = -1 if route.endpoint in _SPECIAL else 0
    later = [at for at, word in enumerate(LATER, 1) if word in route.endpoint]
    return max(later, default=first)


def _filled(both: Neighbours, path: str) -> str:
    return PLACEHOLDER.sub(lambda found: both.there.ids[found[1]], path)


def _own(both: Neighbours, role: Role, path: str, **form: str | list[str]) -> Sending:
    return both.browser(both.there, role), _filled(both, path), dict(form)


def _submitted(both: Neighbours, name: str) -> None:
    with both.centre.database.write() as session:
        session.execute(
            update(BulletinRow)
            .where(BulletinRow.bulletin_id == both.there.ids[name])
            .values(state="submitted", submitted_at=NOW)
        )


def _confirm(both: Neighbours, blueprint: str, path: str) -> Sending:
    desk = both.watch.live if blueprint == "emergencies" else both.watch.drills
    found = both.there.ids[f"{blueprint}.waiting"]
    both.watch.speak()
    words = phrase(desk.kind, desk.get(both.there.operator, found).stations)
    return _own(both, Role.APPROVER, f"{path}/{{{blueprint}.waiting}}/phat", typed=words)


def _drop(both: Neighbours, blueprint: str, path: str) -> Sending:
    desk = both.watch.live if blueprint == "emergencies" else both.watch.drills
    found = desk.propose(both.there.operator, wish())
    return _own(both, Role.OPERATOR, f"{path}/{found}/huy")


def _retired(both: Neighbours) -> Sending:
    card = both.centre.services.station_list.card(both.there.operator, both.there.ids["station_id"])
    form = {"retire_why": "sập nhà", "typed": retiring(card.station.name)}
    return _own(both, Role.ADMIN, "/dai/{station_id}/ngung", **form)


def _horns(both: Neighbours, number: int, deed: str, **form: str) -> Sending:
    """Horns of their own to take down, or to put back where they were taken down."""
    with both.centre.database.write() as session:
        session.add(
            SpeakerClusterRow(
                station_id=both.there.ids["station_id"],
                number=number,
                retired_at=NOW if deed == "dung-lai" else None,
            )
        )
    return _own(both, Role.ADMIN, f"/dai/{{station_id}}/cum-loa/{number}/{deed}", **form)


def _on_trial(both: Neighbours) -> Sending:
    with both.centre.database.write() as session:
        session.add(
            StationAbsenceRow(
                station_id=both.there.ids["station_id"], kind="trial",
                from_at=NOW - timedelta(days=1), why="", begun_by="x",
            )
        )  # fmt: skip
    return _own(both, Role.ADMIN, "/dai/{station_id}/dua-vao-dung")


def _at_province(both: Neighbours, path: str, **form: str | list[str]) -> Sending:
    return both.centre.client(Role.OPERATOR, PROVINCE), path, dict(form)


def _brought(both: Neighbours, path: str, status: str) -> Sending:
    file = (io.BytesIO(alert(status=status).replace("Bão".encode(), b"Lut")), "a.xml")
    browser, path, _form = _own(both, Role.OPERATOR, path)
    return browser, path, {"cap": file}  # type: ignore[dict-item]


def _decided(both: Neighbours, path: str, name: str) -> Sending:
    _submitted(both, name)
    return _own(both, Role.APPROVER, path.replace("{one}", f"{{{name}}}"), heard="1", reason="ngắn")


def _another_token(both: Neighbours) -> Sending:
    wish = TokenWish("máy khác", ("stations:read",), NOW.date() + timedelta(days=30))
    both.centre.services.tokens.make(both.there.operator, wish, PASSWORD)
    account = ApiTokenRow.account_id == both.there.operator.account_id
    with both.centre.database.read() as session:
        query = select(ApiTokenRow.api_token_id).where(account, ApiTokenRow.name == wish.name)
        token_id = session.scalars(query).one()
    return _own(both, Role.ADMIN, f"/nguoi-dung/{{account_id}}/ma/{token_id}/thu-hoi")


_SPECIAL = {
    "approvals.approve": lambda b: _decided(b, "/cho-duyet/{one}/duyet", "bulletin_id"),
    "bulletins.approve": lambda b: _decided(b, "/ban-tin/{one}/duyet", "bulletin_id"),
    "approvals.return_": lambda b: _decided(b, "/cho-duyet/{one}/tra-lai", "draft_id"),
    "bulletins.return_": lambda b: _decided(b, "/ban-tin/{one}/tra-lai", "draft_id"),
    "bulletins.withdraw_comment": lambda b: _own(
        b, Role.OPERATOR, "/ban-tin/{draft_id}/y-kien/{comment_id}/rut"
    ),
    "bulletins.share": lambda b: _own(b, Role.OPERATOR, "/ban-tin/{bulletin_id}/dung-chung"),
    "offers.decline": lambda b: _own(
        b, Role.COMMUNE_OFFICER, "/lich/buoi/{slot_id}/khong-nhan", reason="hỏng loa"
    ),
    "users.revoke_token": _another_token,
    "bulletins.edit": lambda b: _own(
        b, Role.OPERATOR, "/ban-tin/{draft_id}/sua", title="Tin", text="", place_id=b.there.place_id
    ),
    "bulletins.file": lambda b: _own(b, Role.OPERATOR, "/ban-tin/{draft_id}/nhan", tags="an toàn"),
    "bulletins.unshare": lambda b: _own(b, Role.OPERATOR, "/ban-tin/{bulletin_id}/thoi-dung-chung"),
    "bulletins.withdraw": lambda b: _own(b, Role.OPERATOR, "/ban-tin/{bulletin_id}/rut"),
    "tokens.revoke": lambda b: _own(b, Role.OPERATOR, "/tai-khoan/ma/{tokens.token_id}/thu-hoi"),
    "commune.report": lambda b: _own(
        b, Role.COMMUNE_OFFICER, "/xa/{station_id}/bao-hong", text="loa im", cluster="91"
    ),
    "copies.copy": lambda b: _own(
        b, Role.OPERATOR, "/lich/chep", ngay="26/11/2026", bao="ngay", sang="28/11/2026",
        noi=b.there.place_id, buoi=b.there.ids["copied"],
    ),
    "emergencies.confirm": lambda b: _confirm(b, "emergencies", "/khan-cap"),
    "drills.confirm": lambda b: _confirm(b, "drills", "/dien-tap"),
    "emergencies.withdraw": lambda b: _drop(b, "emergencies", "/khan-cap"),
    "drills.withdraw": lambda b: _drop(b, "drills", "/dien-tap"),
    "emergencies.receive": lambda b: _brought(b, "/khan-cap/tin-nhan", "Actual"),
    "drills.receive": lambda b: _brought(b, "/dien-tap/tin-nhan", "Exercise"),
    "drills.call_off": lambda b: _own(
        b, Role.OPERATOR, "/dien-tap/{drills.emergency_id}/bao-yen", part="all_clear"
    ),
    "readings.change": lambda b: _at_province(
        b, "/ban-tin/cach-doc", term="ĐTX", reading="đài truyền thanh xã"
    ),
    "place_rules.save": lambda b: _own(
        b, Role.ADMIN, "/lich/khung-gio/{place_id}", opens_0="05:00", closes_0="20:00",
        row_version="0",
    ),
    "station_desk.change": lambda b: _own(
        b, Role.ADMIN, "/dai/{station_id}/sua", name="Đài Phước Bình", longest_min="30",
        volume="90", identifier_code="",
    ),
    "speaker_clusters.change": lambda b: _own(
        b, Role.ADMIN, "/dai/{station_id}/cum-loa/{number}/sua", name="Chợ"
    ),
    "speaker_clusters.close": lambda b: _horns(b, 190, "ngung", why="cột gãy"),
    "speaker_clusters.reopen": lambda b: _horns(b, 191, "dung-lai"),
    "equipment.create": lambda b: _own(
        b, Role.OPERATOR, "/dai/{station_id}/thiet-bi/moi", kind="horn", model="TOA"
    ),
    "equipment.change": lambda b: _own(
        b, Role.OPERATOR, "/dai/{station_id}/thiet-bi/{equipment_item_id}", model="TOA 30 W"
    ),
    "equipment.retire": lambda b: _own(
        b, Role.OPERATOR, "/dai/{station_id}/thiet-bi/{equipment_item_id}/thoi", retired_why="cháy"
    ),
    "repairs.assign": lambda b: _own(
        b, Role.OPERATOR, "/sua-chua/{fault_report_id}/giao", assigned_to="Thợ Năm"
    ),
    "repairs.mend": lambda b: _own(
        b, Role.OPERATOR, "/sua-chua/{fault_report_id}/xong", repair_note="thay cầu chì"
    ),
    "station_desk.contacts": lambda b: _own(
        b, Role.OPERATOR, "/dai/{station_id}/lien-he", who_0="Mai", role_0="", number_0="0912345678"
    ),
    "station_desk.retire": _retired,
    "station_desk.commission": _on_trial,
    "stations.languages": lambda b: _own(
        b, Role.ADMIN, "/tram/{station_id}/thu-tieng", thu_tieng_1="rog", thu_tieng_2="vi"
    ),
    "tokens.create": lambda b: _own(
        b, Role.OPERATOR, "/tai-khoan/ma/moi", name="máy", scope="stations:read",
        expires_on="01/12/2026", password=PASSWORD,
    ),
    "auth.change_password": lambda b: _own(
        b, Role.APPROVER, "/mat-khau", current=PASSWORD, wanted="một câu dài dễ nhớ",
        again="một câu dài dễ nhớ",
    ),
    "readings.reset": lambda b: _at_province(b, "/ban-tin/cach-doc/ve-mac-dinh", term="ĐTX"),
    "schedules.save": lambda b: _own(
        b, Role.OPERATOR, "/lich/moi", bulletin_id=b.there.ids["bulletin_id"], recurrence="once",
        airs_at="11:10", weekday=[], starts_on="26/11/2026", ends_on="26/11/2026", excluded="",
        priority="ordinary", target=b.there.place_id, holidays="ignore",
    ),
}  # fmt: skip


def _sendings(both: Neighbours, route: Route) -> Iterator[Sending]:
    """Ways to use a route, the likeliest first."""
    if route.endpoint in _SPECIAL:
        browser, path, form = _SPECIAL[route.endpoint](both)
        for version in range(NEWEST_VERSION):
            yield browser, path, {"row_version": str(version), **form}
        return
    path = route.path(both.centre.app, both.there)
    for role in ROLES:
        needed = route.policy.permission
        if needed is not None and not both.there.people[role].may(needed):
            continue
        browser = both.browser(both.there, role)
        for naming in NAMING.get(route.endpoint, ()):
            at = naming.at.format_map(both.there.ids) if naming.at else path
            yield browser, at, filled({**naming.form, **naming.names}, both.there, both.there)
        for version in range(1, 3):
            yield (
                browser,
                path,
                {**FULL, "place_id": both.there.place_id, "row_version": str(version)},
            )


def _deeds(both: Neighbours, after: int) -> list[str]:
    query = select(AuditRow.action).where(AuditRow.audit_id > after)
    with both.centre.database.read() as session:
        return list(session.scalars(query))


@contextmanager
def _written(both: Neighbours) -> Iterator[set[str]]:
    """The tables in which rows are being written, but for the trail and who is signed in."""
    found: set[str] = set()

    def note(_connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
        words = WRITES.match(statement)
        if words and cursor.rowcount != 0 and words[1] not in UNTOLD:
            found.add(words[1])

    engine = both.centre.database.engine
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "after_cursor_execute", note)


def _used(both: Neighbours, route: Route) -> tuple[set[str], list[str]]:
    """What a route changed when it first changed anything, and the deeds written down then."""
    with _written(both) as changed:
        for browser, path, form in _sendings(both, route):
            changed.clear()
            known = last_row(both)
            answer = send(browser, route.method, path, form)
            if answer.status_code in {200, 303} and changed:
                deeds = _deeds(both, known)
                return changed, [one for one in deeds if not one.startswith("refused.")]
    return set(), []


def test_what_a_route_changes_is_written_down(tmp_path: Path) -> None:
    silent, unused = {}, set()
    with neighbours(tmp_path) as both:
        routes = [one for one in of_people(both.centre.app) if one.method not in SAFE]
        for route in sorted(routes, key=_rank):
            if route.endpoint in WITHOUT_A_CHANGE:
                continue
            changed, deeds = _used(both, route)
            if not changed:
                unused.add(route.endpoint)
            elif not deeds:
                silent[route.endpoint] = sorted(changed)
    assert silent == {}, "these change rows and leave nothing in the audit trail"
    assert unused == set(), "say in _SPECIAL how they are used, or in WITHOUT_A_CHANGE why not"
