"""Two districts, and every route there is: nobody reaches, names or sees what is the other's.

The cases are generated from the table of routes. A route that is added later and not described here
fails `test_every_route_is_described` with what to add.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, url_for
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from controller.domain.accounts import Actor, Permission, Role
from controller.storage.models import AuditRow
from controller.web import blueprints
from controller.web.policy import Audience, Policy, policy_of
from tests.support.neighbours import SOUGHT, District, Neighbours, contents, neighbours
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, Browser

SAFE = {"GET", "HEAD", "OPTIONS"}
LOOKERS = (Role.OPERATOR, Role.APPROVER, Role.ADMIN)
"""Who looks at the own things: the first who may."""
LISTED = (Role.OPERATOR, Role.AUDITOR)
"""Whose lists and searches are asked in each run; those of the others in the long campaigns."""
ROLES = (Role.OPERATOR, Role.APPROVER, Role.COMMUNE_OFFICER, Role.AUDITOR, Role.ADMIN)
SEARCHERS = [
    *LISTED,
    *(pytest.param(role, marks=pytest.mark.soak) for role in ROLES if role not in LISTED),
]
REFUSED_PLACE = "Nơi đã chọn nằm ngoài địa bàn của bạn."

FULL = {
    "airs_at": "06:00", "comment": "x", "cut_end": "1", "cut_start": "0", "day": "27/11/2026",
    "from_at": "06:00", "from_on": "27/11/2026", "full_name": "x", "giu": "1", "heard": "1",
    "language": "vi", "lenh": "refresh", "longest_min": "30", "name": "x", "nghe": "heard",
    "number_0": "0912345678", "place_note": "x",
    "part": "correction", "password": "x", "promised_on": "27/11/2026", "reason": "x",
    "retire_why": "x", "role": "auditor", "row_version": "1", "sure": "1", "text": "x",
    "thu_tieng_1": "vi", "title": "x", "typed": "x", "until_at": "07:00",
    "until_on": "27/11/2026", "voice": "robot:vi", "volume": "50", "why": "x",
}  # fmt: skip
"""Every field of the forms at an address with an id, filled so that only the id can be wrong."""

SCHEDULE = {
    "recurrence": "weekly", "airs_at": "07:30", "weekday": ["0", "2"], "starts_on": "26/11/2026",
    "ends_on": "09/12/2026", "excluded": "", "priority": "ordinary",
}  # fmt: skip
PROGRAMME = {
    "title": "Sáng", "kind": "bulletin", "voice": "", "chimes": "first", "pause_s": "1",
    "end_policy": "cut",
}  # fmt: skip
WARNING = {
    "hazard": "flood_release", "level": "3", "title": "Xả lũ", "source": "", "warning": "Xả lũ.",
    "correction": "Nhầm.", "all_clear": "Đã yên.", "voice": "robot:vi", "repeat": "0",
    "lasts": "60", "bulletin_id": "",
}  # fmt: skip
HOURS = {
    "from_on": "26/11/2026", "from_at": "02:00", "until_on": "26/11/2026", "until_at": "04:00",
    "why": "Bão",
}  # fmt: skip
ACCOUNT = {"username": "nguoi.moi", "full_name": "Người Mới", "role": "operator"}
CHANGED = {"full_name": "Người Cũ", "role": "operator", "row_version": "1"}
STATION = {"name": "Đài thôn Tà Lú", "thu_tieng_1": "vi"}
HOLIDAY = {"name": "Lễ hội", "first_on": "27/12/2026", "last_on": "", "kind": "le"}
PATTERN = {**SCHEDULE, "template_name": "Sáng", "holidays": "ignore"}
MOVE = {
    "airs_on": "2026-11-30", "seen_at": "2026-11-30T05:30:00+07:00", "scope": "one",
    "airs_at": "06:00", "day": "30/11/2026", "row_version": "1",
}  # fmt: skip
COPY = {"ngay": "26/11/2026", "bao": "ngay", "sang": "28/11/2026"}


@dataclass(frozen=True)
class Naming:
    """A form with fields that name things: field -> whose id it takes (`{}` stands for it)."""

    form: dict[str, str | list[str]]
    names: dict[str, str]
    refused: int = 422
    by: Role = Role.OPERATOR
    kept: bool = True
    """Whether sending it rightly leaves the page, as a deed does."""
    at: str = ""
    """Its address, where the usual thing of a district will not do."""


NAMING: dict[str, tuple[Naming, ...]] = {
    "bulletins.create": (
        Naming({"title": "Tin"}, {"place_id": "{place}"}),
        Naming({"title": "Tin", "place_id": "{own}"}, {"uploaded": "{token}"}, 404, kept=False),
    ),
    "bulletins.edit": (
        Naming(
            {"title": "Tin", "row_version": "1"},
            {"place_id": "{place}"},
            at="/ban-tin/{draft_id}/sua",
        ),
    ),
    "bulletins.receive": (Naming({}, {"uploaded": "{token}"}, 404, kept=False),),
    "bulletins.comment": (
        Naming(
            {"comment": "Nghe rõ."},
            {"thread_id": "{comment_id}"},
            404,
            at="/ban-tin/{draft_id}/y-kien",
        ),
    ),
    "users.create": (Naming(ACCOUNT, {"place_id": "{place}"}, by=Role.ADMIN, kept=False),),
    "users.change": (Naming(CHANGED, {"place_id": "{place}"}, by=Role.ADMIN),),
    "station_desk.create": (Naming(STATION, {"place_id": "{commune}"}, by=Role.ADMIN),),
    "hours.add": (Naming(HOURS, {"place_id": "{place}"}),),
    "holidays.add": (Naming(HOLIDAY, {"place_id": "{place}"}),),
    "schedule_templates.keep": (Naming(PATTERN, {"target": "{place}"}, kept=False),),
    "schedule_templates.use": (
        Naming(
            {**SCHEDULE, "target": "{own}"},
            {"template": "{schedule_template_id}"},
            404,
            kept=False,
        ),
        Naming(
            {**SCHEDULE, "template": ""},
            {"bulletin_id": "{bulletin_id}", "target": "{place}"},
            200,
            kept=False,
        ),
    ),
    "moves.save": (Naming(MOVE, {"schedule_id": "{schedule_id}"}, 404),),
    "moves.preview": (Naming(MOVE, {"schedule_id": "{schedule_id}"}, 404, kept=False),),
    "copies.copy": (
        Naming({**COPY, "buoi": "{copied}"}, {"noi": "{place}"}, 404),
        Naming({**COPY, "noi": "{own}"}, {"buoi": "{copied}"}, 404),
    ),
    "schedules.save": (
        Naming(SCHEDULE, {"bulletin_id": "{bulletin_id}", "target": "{place}"}),
        Naming(SCHEDULE, {"bulletin_id": "programme:{programme_id}", "target": "{place}"}),
    ),
    "schedules.preview": (
        Naming(SCHEDULE, {"bulletin_id": "{bulletin_id}", "target": "{place}"}, kept=False),
        Naming(
            SCHEDULE, {"bulletin_id": "programme:{programme_id}", "target": "{place}"}, kept=False
        ),
    ),
    "programmes.save": (Naming(PROGRAMME, {"bulletin": "{bulletin_id}"}),),
    "priority_orders.order": (
        Naming({"pair": "{slot_id}"}, {"first": "{slot_id}"}, 404, by=Role.COMMUNE_OFFICER),
        Naming({"first": "{slot_id}"}, {"pair": "{slot_id}"}, 404, by=Role.COMMUNE_OFFICER),
    ),
    "priority_orders.write_down": (
        Naming({"pair": "{slot_id}", "said_by": "Ông Thuận"}, {"first": "{slot_id}"}, 404),
        Naming({"first": "{slot_id}", "said_by": "Ông Thuận"}, {"pair": "{slot_id}"}, 404),
    ),
    "emergencies.propose": (
        Naming(WARNING, {"target": "{place}"}),
        Naming({**WARNING, "target": "{own}"}, {"bulletin_id": "{bulletin_id}"}),
        Naming({**WARNING, "target": "{own}"}, {"cap": "{emergencies.cap_alert_id}"}, 404),
    ),
    "drills.propose": (
        Naming(WARNING, {"target": "{place}"}),
        Naming({**WARNING, "target": "{own}"}, {"cap": "{drills.cap_alert_id}"}, 404),
    ),
    "emergencies.stop": (
        Naming({}, {"audience": "{place}"}),
        Naming({}, {"audience": "{station_id}"}),
    ),
    "drills.stop": (Naming({}, {"audience": "{place}"}), Naming({}, {"audience": "{station_id}"})),
}
"""Forms that name a place or a thing, by route."""

EDITING = (
    ("schedules.save", {**SCHEDULE, "bulletin_id": "{bulletin_id}", "target": "{own}"}),
    ("schedules.preview", {**SCHEDULE, "bulletin_id": "{bulletin_id}", "target": "{own}"}),
    ("programmes.save", {**PROGRAMME, "bulletin": "{bulletin_id}"}),
    ("programmes.sketch", {**PROGRAMME, "bulletin": "{bulletin_id}"}),
)
"""Forms that name in a hidden field what they change: schedule or programme."""

NAMES_NOTHING = {
    "alarms.take",
    "approvals.approve", "approvals.return_", "audit.export", "auth.change_password",
    "auth.choose_language", "auth.choose_theme", "auth.end_other_sessions", "auth.end_session",
    "auth.enter", "auth.sign_out", "bulletins.approve", "bulletins.begin_upload",
    "bulletins.continue_upload", "bulletins.cut", "bulletins.file", "bulletins.hold",
    "bulletins.return_", "bulletins.share", "bulletins.speak", "bulletins.submit",
    "bulletins.unshare", "bulletins.use_whole", "bulletins.withdraw", "bulletins.withdraw_comment",
    "commune.mended", "commune.promise", "commune.report", "copies.undo", "drills.call_off",
    "drills.confirm", "drills.receive", "drills.review", "drills.set_aside", "drills.withdraw",
    "emergencies.call_off", "emergencies.confirm", "emergencies.receive", "emergencies.review",
    "emergencies.set_aside", "emergencies.withdraw", "holidays.remove", "hours.end",
    "equipment.change", "equipment.create", "equipment.retire",
    "listening.write",
    "notices.read_all", "notices.save", "notices.test", "offers.accept", "offers.decline",
    "place_rules.save", "pole.report", "pole_codes.make", "pole_codes.renew",
    "pole_codes.switch_off", "speaker_clusters.add", "speaker_clusters.change",
    "speaker_clusters.close", "speaker_clusters.reopen",
    "programmes.retire", "programmes.sketch", "readings.change",
    "readings.preview", "readings.reset", "repairs.assign", "repairs.mend",
    "schedule_templates.remove", "schedules.air_again",
    "schedules.cancel_rest",
    "schedules.cancel_slot", "schedules.exclude", "schedules.take_back", "station_care.config",
    "station_care.end_maintenance", "station_care.maintain", "station_care.revoke",
    "station_desk.change", "station_desk.commission", "station_desk.contacts",
    "station_desk.restore", "station_desk.retire", "stations.languages", "stations.order",
    "stations.stop", "tokens.create", "tokens.revoke", "users.disable", "users.enable",
    "users.reset", "users.revoke_token",
}  # fmt: skip
"""Unsafe routes whose forms name no place and no thing, or none but in their address."""

ASKED = {
    "ban": "a language of the bulletin in the address, or what an open board was told last",
    "ban-tin": "/lich/moi?ban-tin={bulletin_id}",
    "bao": "a day or a week",
    "buoi": "opens what the page shows anyway",
    "chu": "a word",
    "da-bao": "yes or no",
    "co": "a number of bytes",
    "co-so": "one of two words",
    "dau": "what an open map has seen of the slots to come",
    "den": "a path of this site",
    "do-dai": "one of a few words",
    "dia-ban": "/canh-bao?dia-ban={place}",
    "het": "yes or no",
    "gio": "a time of day",
    "huyen": "a district of those the own list has, see SEARCHES",
    "lich": "/lich/doi?lich={schedule_id}&ngay=2026-11-30",
    "loai": "one of a few words",
    "loc": "one of a few words",
    "luc": "one of a few words, or a time of day",
    "mau": "/chuong-trinh/moi?mau={programme_id}",
    "nam": "a year",
    "ngay": "a day",
    "nhu": "/lich/moi?nhu={schedule_id}",
    "noi": "/lich?noi={place} /lich/ngay?noi={place} /lich/chep?noi={place}"
    " /lich/khung-gio/noi?noi={place}"
    " /sua-chua?noi={place} /thiet-bi.csv?noi={place}"
    " /bao-cao/pdf?noi={place}&co-so=calendar&do-dai=month&nam=2026&so=11"
    " /bao-cao?noi={place} /bao-cao/nhat-ky?noi={place}",
    "pham-vi": "one day or the series",
    "sang": "a day",
    "so": "which period of its year",
    "tieng": "a language of the emergency in the address",
    "tim": "words, see SEARCHES",
    "tinh-trang": "one of a few words",
    "tin": "/khan-cap/soan?tin={emergencies.cap_alert_id} /dien-tap/soan?tin={drills.cap_alert_id}",
    "tram": "/bao-cao/nhat-ky/pdf?tram={station_id}&nam=2026&thang=11",
    "trang": "a page number",
    "tru": "hides one of the bar's own lines",
    "truoc": "a page number",
    "tu": "a number, or what the bell says",
    "v": "the mark of a file",
    "xa": "a commune to be chosen in a form, which is refused when it is sent",
}
"""What addresses ask after `?`, beside the filters of the library: a question, or why none."""

AUDITED = {"listening.write"}
"""What an auditor may add: the own word of what was heard below the horns."""

CHANGES_NOTHING_OF_OTHERS = {
    "audit.export", "listening.write",
    "auth.change_password", "auth.choose_language", "auth.choose_theme",
    "auth.end_other_sessions", "auth.end_session", "auth.enter", "auth.sign_out",
    "notices.read_all", "notices.save", "notices.test", "readings.preview", "tokens.create",
    "tokens.revoke",
}  # fmt: skip
"""Unsafe routes an auditor reaches: the own account, what is told to it, and what is only shown."""


PLACEHOLDER = re.compile(r"\{([\w.]+)\}")
"""`{bulletin_id}`: what a district has, by the names in District.ids."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """Nothing here is ever changed: every test that asks is refused."""
    with neighbours(tmp_path_factory.mktemp("neighbours")) as made:
        yield made


@dataclass(frozen=True)
class Route:
    """One method of one rule."""

    rule: Rule
    method: str
    policy: Policy

    @property
    def endpoint(self) -> str:
        return str(self.rule.endpoint)

    def path(self, app: Flask, district: District) -> str:
        """Its address for what that district has."""
        values = {name: district.id_of(self.endpoint, name) for name in self.rule.arguments}
        with app.test_request_context():
            return url_for(self.endpoint, **values)


def routes(app: Flask) -> list[Route]:
    """Every method of every route but for files."""
    found = []
    for rule in app.url_map.iter_rules():
        policy = policy_of(app.view_functions[rule.endpoint])
        assert policy is not None
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found += [Route(rule, one, policy) for one in methods if rule.endpoint != "static"]
    return found


def of_people(app: Flask) -> list[Route]:
    """What a browser asks; what programs ask is in tests/integration/api/test_api_access.py.

    What the code on a pole opens is for whoever holds it: tests/integration/repairs/test_poles.py.
    """
    machines = {Audience.STATIONS, Audience.PROGRAMS}
    return [
        one
        for one in routes(app)
        if one.policy.audience not in machines and not one.endpoint.startswith("pole.")
    ]


SCRIPT = {"Accept": "application/json"}
"""Refused without a page around it: for what is refused before a view is reached."""


def send(
    browser: Browser,
    method: str,
    path: str,
    form: dict[str, str | list[str]] | None = None,
    **headers: str,
) -> TestResponse:
    """Ask as a page would, with a token; the answer is read whole."""
    if method in SAFE:
        return browser.get(path, headers=headers)
    headers["X-CSRFToken"] = browser.csrf()
    return browser.http.open(path, method=method, data=form, headers=headers, buffered=True)


def _may(both: Neighbours, role: Role, route: Route) -> bool:
    needed = route.policy.permission
    return needed is None or both.here.people[role].may(needed)


def last_row(both: Neighbours) -> int:
    """The newest row of the trail."""
    with both.centre.database.read() as session:
        return session.scalar(select(func.max(AuditRow.audit_id))) or 0


def denials(both: Neighbours, actor: Actor, after: int) -> list[tuple[str, str]]:
    """(action, address) of what was refused to somebody since that row, oldest first."""
    query = (
        select(AuditRow.action, AuditRow.object_id)
        .where(
            AuditRow.audit_id > after,
            AuditRow.account_id == actor.account_id,
            AuditRow.action.like("refused.%"),
        )
        .order_by(AuditRow.audit_id)
    )
    with both.centre.database.read() as session:
        return [(action, address) for action, address in session.execute(query)]


def filled(
    form: dict[str, str | list[str]], own: District, whose: District
) -> dict[str, str | list[str]]:
    """A form with its placeholders replaced by what `whose` has."""
    values = {
        **whose.ids,
        "place": whose.place_id,
        "own": own.place_id,
        "commune": whose.commune_id,
    }
    return {
        name: PLACEHOLDER.sub(lambda found: values[found[1]], value)
        if isinstance(value, str)
        else value
        for name, value in form.items()
    }


# --- what has to be said of a route ---------------------------------------------------------------


def test_every_route_is_described(both: Neighbours) -> None:
    for route in routes(both.centre.app):
        if route.policy.audience is Audience.PROGRAMS:
            continue
        for argument in route.rule.arguments:
            try:
                both.there.id_of(route.endpoint, argument)
            except KeyError:
                pytest.fail(
                    f"{route.rule} names {argument!r}: give both districts one of it and put its id"
                    " into District.ids in tests/support/neighbours.py"
                )
        if route.method not in SAFE and route.endpoint not in {*NAMING, *NAMES_NOTHING}:
            pytest.fail(
                f"{route.method} {route.rule} is new: describe in NAMING each field of its form"
                f" that names a place or a thing, or put {route.endpoint!r} into NAMES_NOTHING"
            )
    endpoints = {route.endpoint for route in routes(both.centre.app)}
    gone = {*NAMING, *NAMES_NOTHING, *CHANGES_NOTHING_OF_OTHERS} - endpoints
    assert not gone, f"these routes are no more, take them out: {sorted(gone)}"


def test_everything_asked_after_the_question_mark_is_described() -> None:
    folder = Path(blueprints.__file__).parent
    source = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py")))
    asked = set(re.findall(r'(?:request\.args|request\.values)\.get\(\s*"([^"]+)"', source))
    new = asked - set(ASKED)
    assert not new, f"say in ASKED what {sorted(new)} ask for, and how a neighbour would ask"


# --- ids in addresses -----------------------------------------------------------------------------


def _told(both: Neighbours, answer: TestResponse, path: str) -> bool:
    """Whether a page holds something of the other district, but for what was asked for."""
    return both.there.mark in answer.text.replace(path, "")


def test_the_own_things_are_where_the_neighbours_would_be_looked_for(both: Neighbours) -> None:
    missing = []
    for route in of_people(both.centre.app):
        if route.method != "GET" or not route.rule.arguments:
            continue
        path = route.path(both.centre.app, both.here)
        role = next(role for role in LOOKERS if _may(both, role, route))
        answer = both.browser(both.here, role).get(path)
        if answer.status_code not in {200, 303}:
            missing.append((path, answer.status_code))
    assert missing == []


@pytest.mark.parametrize("role", ROLES)
def test_an_id_of_another_district_is_not_there_and_the_attempt_is_written_down(
    both: Neighbours, role: Role
) -> None:
    browser, actor = both.browser(both.here, role), both.here.people[role]
    before, wrong = contents(both.centre), []
    for route in of_people(both.centre.app):
        if not route.rule.arguments or not _may(both, role, route):
            continue
        path = route.path(both.centre.app, both.there)
        known = last_row(both)
        form = {**FULL, "place_id": both.here.place_id}
        if route.endpoint == "bulletins.receive":
            form["sound"] = (io.BytesIO(b"RIFF"), "a.wav")  # type: ignore[assignment]
        answer = send(browser, route.method, path, form)
        if (
            answer.status_code != 404
            or "not_found" not in answer.text
            or denials(both, actor, known) != [("refused.not_found", path)]
            or _told(both, answer, path)
        ):
            wrong.append((route.method, path, answer.status_code, denials(both, actor, known)))
    assert wrong == []
    assert contents(both.centre) == before


def test_an_id_of_another_district_behind_an_own_one_is_not_there_either(both: Neighbours) -> None:
    before, wrong, tried = contents(both.centre), [], 0
    for route in of_people(both.centre.app):
        names = route.rule.arguments
        own = {name: both.here.id_of(route.endpoint, name) for name in names}
        for name in names if len(names) > 1 else ():
            foreign = both.there.id_of(route.endpoint, name)
            if foreign == own[name]:
                continue
            with both.centre.app.test_request_context():
                path = url_for(route.endpoint, **{**own, name: foreign})
            role = next(role for role in LOOKERS if _may(both, role, route))
            actor = both.here.people[role]
            known, tried = last_row(both), tried + 1
            answer = send(both.browser(both.here, role), route.method, path, FULL)
            told = denials(both, actor, known)
            if answer.status_code != 404 or told != [("refused.not_found", path)]:
                wrong.append((route.method, path, answer.status_code, told))
    assert wrong == []
    assert tried >= 10
    assert contents(both.centre) == before


@pytest.mark.parametrize("role", ROLES)
def test_an_empty_form_at_a_foreign_id_tells_and_changes_nothing(
    both: Neighbours, role: Role
) -> None:
    browser, before, wrong = both.browser(both.here, role), contents(both.centre), []
    for route in of_people(both.centre.app):
        if not route.rule.arguments or route.method in SAFE or not _may(both, role, route):
            continue
        path = route.path(both.centre.app, both.there)
        answer = send(browser, route.method, path)
        if answer.status_code not in {303, 404, 422} or _told(both, answer, path):
            wrong.append((route.method, path, answer.status_code))
    assert wrong == []
    assert contents(both.centre) == before


def test_a_station_fetches_no_sound_of_another_district(tmp_path: Path) -> None:
    with neighbours(tmp_path) as both:
        token = both.stations.issue_config(both.here.ids["station_id"]).sound_token
        headers = {"Authorization": f"Bearer {token}"}
        client = both.centre.app.test_client()
        answers = {}
        for route in routes(both.centre.app):
            if route.policy.audience is Audience.STATIONS:
                for district in (both.here, both.there):
                    path = route.path(both.centre.app, district)
                    answer = client.open(path, method=route.method, headers=headers, buffered=True)
                    answers[route.endpoint, district.mark] = answer.status_code
        assert answers == {
            ("sound.fetch", both.here.mark): 200,
            ("sound.fetch", both.there.mark): 404,
        }


# --- ids and places in forms ----------------------------------------------------------------------


def _cases() -> Iterator[tuple[str, Naming, str]]:
    for endpoint, all_of_it in NAMING.items():
        for naming in all_of_it:
            for name in naming.names:
                yield endpoint, naming, name


def _route(both: Neighbours, endpoint: str) -> Route:
    return next(
        one
        for one in routes(both.centre.app)
        if one.endpoint == endpoint and one.method not in SAFE
    )


def _address(both: Neighbours, endpoint: str, naming: Naming) -> str:
    if naming.at:
        return naming.at.format_map(both.here.ids)
    return _route(both, endpoint).path(both.centre.app, both.here)


@pytest.mark.parametrize(
    ("endpoint", "naming", "name"),
    list(_cases()),
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_form_that_names_what_is_the_neighbours_is_refused_and_written_down(
    both: Neighbours, endpoint: str, naming: Naming, name: str
) -> None:
    route, actor = _route(both, endpoint), both.here.people[naming.by]
    own = filled({**naming.form, **naming.names}, both.here, both.here)
    foreign = filled({name: naming.names[name]}, both.here, both.there)
    path, known = _address(both, endpoint, naming), last_row(both)
    before = contents(both.centre)
    browser = both.browser(both.here, naming.by)
    answer = send(browser, route.method, path, {**own, **foreign})
    assert answer.status_code == naming.refused
    code = "not_found" if naming.refused == 404 else "out_of_scope"
    assert set(denials(both, actor, known)) == {(f"refused.{code}", path)}
    if code == "out_of_scope":
        assert REFUSED_PLACE in answer.text
    assert both.there.mark not in answer.text
    assert contents(both.centre) == before


@pytest.mark.parametrize(("endpoint", "form"), EDITING)
def test_a_form_that_would_change_what_is_the_neighbours_finds_nothing(
    both: Neighbours, endpoint: str, form: dict[str, str | list[str]]
) -> None:
    kind = "schedule_id" if endpoint.startswith("schedules") else "programme_id"
    sent = {**filled(form, both.here, both.here), kind: both.there.ids[kind], "row_version": "1"}
    route, before = _route(both, endpoint), contents(both.centre)
    known = last_row(both)
    answer = send(both.browser(both.here, Role.OPERATOR), "POST", str(route.rule), sent)
    assert answer.status_code == 404
    assert ("refused.not_found", str(route.rule)) in denials(both, both.here.operator, known)
    assert both.there.mark not in answer.text
    assert contents(both.centre) == before


def test_the_same_forms_are_taken_with_what_is_the_own(tmp_path: Path) -> None:
    with neighbours(tmp_path) as both:
        wrong = []
        for endpoint, namings in NAMING.items():
            for number, naming in enumerate(namings):
                if naming.refused == 404:
                    continue
                form = filled({**naming.form, **naming.names}, both.here, both.here)
                if "airs_at" in form:
                    form["airs_at"] = f"{10 + 2 * number}:00"
                route = _route(both, endpoint)
                path = _address(both, endpoint, naming)
                answer = send(both.browser(both.here, naming.by), route.method, path, form)
                if answer.status_code != (303 if naming.kept else 200):
                    wrong.append((endpoint, number, answer.status_code))
        assert wrong == []


# --- what nobody asked for by an id ---------------------------------------------------------------


SEARCHES = (
    f"/ban-tin?tim={SOUGHT}", "/ban-tin?trang-thai=draft", "/ban-tin?trang-thai=approved",
    "/ban-tin?trang-thai=returned", "/ban-tin?het-han=co", "/ban-tin?dung-chung=co",
    "/ban-tin?chuyen-muc=notice", "/ban-tin?tieng=vi", "/lich?ngay=25/11/2026",
    "/lich?ngay=03/12/2026", "/bang?loc=look", "/bang?loc=missed", "/bang/thay-doi?tu=0",
    "/bang/ban-do?loc=look", f"/bang/ban-do?huyen={DISTRICT}",
    f"/bang/ban-do/thay-doi?tu=0&huyen={DISTRICT}",
    f"/bang/thay-doi?tu=0&tram={COMMUNE},{OTHER_COMMUNE}", f"/bang?huyen={DISTRICT}",
    f"/ban-tin/cach-doc?tim={SOUGHT}", "/nhat-ky?truoc=9999", "/lich/ngay?ngay=26/11/2026",
    f"/dai?huyen={DISTRICT}", "/dai?tim=0912", "/dai?loc=trial", "/thong-bao?loc=chua-doc",
    "/thong-bao/so?tu=0", "/lich/chep?ngay=26/11/2026&bao=tuan",
)  # fmt: skip


NEEDS_A_NAME = {"/bao-cao/nhat-ky/pdf", "/bao-cao/pdf", "/lich/doi"}
"""A page about something that is named after `?`."""


PACKED = {"/bao-cao/xlsx", "/bao-cao/nhat-ky/xlsx"}
"""No text to search; what is in it, the page and the table of the same report hold too."""


def _lists(both: Neighbours) -> list[str]:
    machines = {Audience.SCRAPERS, Audience.STATIONS, Audience.PROGRAMS}
    return [
        str(route.rule)
        for route in routes(both.centre.app)
        if route.method == "GET"
        and not route.rule.arguments
        and route.policy.audience not in machines
        and str(route.rule) not in NEEDS_A_NAME | PACKED
    ]


@pytest.mark.parametrize("role", SEARCHERS)
def test_no_list_and_no_search_tells_of_the_other_district(both: Neighbours, role: Role) -> None:
    browser, told, shown = both.browser(both.here, role), [], 0
    tree = both.centre.places.tree()
    theirs = list(tree.stations_in([both.there.place_id]))
    for path in [*_lists(both), *SEARCHES]:
        answer = browser.get(path)
        assert answer.status_code in {200, 303, 403}, path
        shown += both.here.mark in answer.text
        found = [both.there.mark] if both.there.mark in answer.text else []
        if not path.startswith("/nhat-ky"):  # its own attempts name what they asked for
            found += [one.station_id for one in theirs if one.station_id in answer.text]
        told += [(path, one) for one in found]
    assert told == []
    assert shown >= 5, "the own things are there to be seen"


def test_the_file_of_the_trail_holds_the_own_deeds_alone(both: Neighbours) -> None:
    auditor = both.browser(both.here, Role.AUDITOR)
    file = auditor.post("/nhat-ky/tai-ve", **{"from": "01/11/2026", "to": "30/11/2026"})
    assert both.here.mark in file.text
    assert both.there.mark not in file.text


@pytest.mark.parametrize(
    "asked", [one for how in ASKED.values() for one in how.split() if how.startswith("/")]
)
def test_nothing_of_the_other_district_is_told_when_it_is_asked_for(
    both: Neighbours, asked: str
) -> None:
    path, own = (filled({"at": asked}, both.here, whose)["at"] for whose in (both.there, both.here))
    assert isinstance(path, str)
    assert isinstance(own, str)
    browser, known = both.browser(both.here, Role.OPERATOR), last_row(both)
    answer = browser.http.get(path, follow_redirects=True)
    assert answer.status_code in {200, 404}
    assert both.there.mark not in answer.text
    assert denials(both, both.here.operator, known)
    assert browser.http.get(own, follow_redirects=True).status_code == 200


# --- what each role may send ----------------------------------------------------------------------


@pytest.mark.parametrize("place", ["district", "province"])
def test_an_auditor_changes_nothing_and_only_adds_what_was_heard(
    both: Neighbours, place: str
) -> None:
    if place == "district":
        browser = both.browser(both.there, Role.AUDITOR)
    else:
        browser = both.centre.client(Role.AUDITOR)
    before, taken = contents(both.centre), []
    for route in of_people(both.centre.app):
        if route.method in SAFE or route.endpoint in {*CHANGES_NOTHING_OF_OTHERS, *AUDITED}:
            continue
        path = route.path(both.centre.app, both.there)
        form = {**FULL, "place_id": both.there.place_id}
        answer = send(browser, route.method, path, form, **SCRIPT)
        if answer.status_code != 403 or "forbidden" not in answer.text:
            taken.append((route.method, path, answer.status_code))
    assert taken == []
    assert contents(both.centre) == before


def test_nobody_does_what_the_role_does_not_hold_even_at_home(both: Neighbours) -> None:
    taken, before = [], contents(both.centre)
    for role in ROLES:
        browser, actor = both.browser(both.there, role), both.there.people[role]
        for route in of_people(both.centre.app):
            needed: Permission | None = route.policy.permission
            if needed is None or actor.may(needed):
                continue
            path = route.path(both.centre.app, both.there)
            known = last_row(both)
            answer = send(browser, route.method, path, FULL, **SCRIPT)
            if answer.status_code != 403 or denials(both, actor, known) != [
                ("refused.forbidden", path)
            ]:
                taken.append((role, route.method, path, answer.status_code))
    assert taken == []
    assert contents(both.centre) == before


@pytest.mark.parametrize("sent", ["", "of somebody else"])
def test_no_unsafe_route_is_reached_without_the_own_token(both: Neighbours, sent: str) -> None:
    stolen = both.browser(both.there, Role.OPERATOR).csrf()
    headers = SCRIPT | ({"X-CSRFToken": stolen} if sent else {})
    before, taken = contents(both.centre), []
    for role in (Role.OPERATOR, Role.APPROVER, Role.ADMIN):
        browser = both.browser(both.here, role)
        for route in of_people(both.centre.app):
            if route.method in SAFE or not _may(both, role, route):
                continue
            path = route.path(both.centre.app, both.here)
            answer = browser.http.open(
                path, method=route.method, data=FULL, headers=headers, buffered=True
            )
            if answer.status_code != 400 or "csrf" not in answer.text:
                taken.append((role, route.method, path, answer.status_code))
    assert taken == []
    assert contents(both.centre) == before
