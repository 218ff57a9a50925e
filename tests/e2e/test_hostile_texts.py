"""Hostile words wherever people or machines can put words: shown as they are, and nothing happens.

Two ways in: every form, one text at a time, where it is kept as typed or refused in words; and the
stored rows themselves, all texts at once, for what came in by another door or an older version.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import JSON, String
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from controller.domain.accounts import Role
from controller.domain.direction import TURNING
from controller.storage.models import Base
from tests.support.browser import FILES, addresses, chromium, signed_in
from tests.support.hostile_pages import pages
from tests.support.hostile_rows import spoil
from tests.support.hostile_texts import ALL, FORMULAS, HIDDEN, SHOWN
from tests.support.neighbours import Neighbours, neighbours
from tests.support.web import PASSWORD, served
from tests.unit.controller.services.test_cap_reading import alert

pytestmark = pytest.mark.real

TRAPS = (Path(__file__).parent / "hostile_traps.js").read_text(encoding="utf-8")
FEW = frozenset({"commune.show", "bulletins.show", "schedules.slot", "notices.index"})
"""What is looked at in each run; tests/integration/web/test_hostile_pages.py asks for all of it."""
ROLES = (Role.COMMUNE_OFFICER, Role.OPERATOR, Role.APPROVER, Role.AUDITOR, Role.ADMIN)
WALKS = [
    (Role.COMMUNE_OFFICER, FEW),
    *(pytest.param(role, frozenset(), marks=pytest.mark.soak) for role in ROLES),
]
"""Who walks, and where; nowhere in particular: everywhere, and wherever links lead."""


@dataclass
class Spoilt:
    """The districts, spoilt, and where they are served."""

    both: Neighbours
    address: str


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoilt]:
    with neighbours(tmp_path_factory.mktemp("hostile")) as both:
        spoil(both)
        with served(both.centre) as address:
            yield Spoilt(both, address)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def _endpoint(both: Neighbours, path: str) -> str:
    """The route a link leads to, "" for none."""
    try:
        return str(both.centre.app.url_map.bind("localhost").match(urlsplit(path).path)[0])
    except (HTTPException, RequestRedirect):
        return ""


def _walk(
    page: Page, both: Neighbours, starts: list[tuple[str, str]], *, leads_on: bool
) -> dict[str, list[str]]:
    """What happened on each page of (route, address), and on those that links lead on to."""
    waiting, found, known = list(starts), dict[str, list[str]](), {one for one, _ in starts}
    while waiting:
        endpoint, path = waiting.pop(0)
        answer = page.goto(path)
        assert answer is not None
        if not answer.headers.get("content-type", "").startswith("text/html"):
            page.go_back()  # data for scripts; a browser shows it as text
            continue
        page.wait_for_timeout(60)
        status = [] if answer.ok else [f"status {answer.status}"]
        found[f"{endpoint} {path}"] = status + page.evaluate("[...sprung, ...foreign()]")
        for link in addresses(page) if leads_on else ():
            led_to = _endpoint(both, link)
            if led_to not in {*known, "", "static", "sound.fetch", "emergencies.cap", "drills.cap"}:
                known.add(led_to)
                waiting.append((led_to, link))
    return found


@pytest.mark.parametrize(("role", "few"), WALKS)
def test_no_page_runs_or_obeys_what_rows_hold(
    spoilt: Spoilt, browser: Browser, role: Role, few: frozenset[str]
) -> None:
    both = spoilt.both
    page = signed_in(browser, spoilt.address, both.there.people[role].username)
    page.add_init_script(TRAPS)
    looked_at = [one for one in pages(both, role) if not one.is_data and one.path not in FILES]
    starts = [(one.endpoint, one.path) for one in looked_at if one.endpoint in few or not few]
    found = _walk(page, both, starts, leads_on=not few)
    page.context.close()
    assert {one: what for one, what in found.items() if what} == {}
    unseen = {endpoint for endpoint, _ in starts} - {one.split(" ")[0] for one in found}
    assert starts
    assert not unseen, f"never seen as pages by a browser: {sorted(unseen)}"


def test_letters_from_the_right_leave_their_neighbours_in_place(
    spoilt: Spoilt, browser: Browser
) -> None:
    """As in lists: a time, a title somebody typed, a time."""
    page = browser.new_page(base_url=spoilt.address)
    page.goto("/dang-nhap")
    lefts = page.evaluate(
        """() => {
          const line = document.createElement("p");
          line.append(...["05:30", "\u0634\u0647\u0631 1", "06:30"].flatMap((words) => {
            const one = document.createElement("span");
            one.textContent = words;
            return [one, " "];
          }));
          document.querySelector("main").append(line);
          return [...line.children].map((one) => one.getBoundingClientRect().left);
        }"""
    )
    page.close()
    assert lefts == sorted(lefts)


def test_no_cell_of_a_file_is_worked_out(spoilt: Spoilt) -> None:
    auditor = spoilt.both.browser(spoilt.both.there, Role.AUDITOR)
    days = {"from": "01/11/2026", "to": "30/11/2026"}
    file = auditor.post("/nhat-ky/tai-ve", **days).data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file)))
    assert len({len(row) for row in rows}) == 1
    assert any("alert(9)" in cell for row in rows for cell in row)
    assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")] == []


def test_a_warning_goes_out_well_formed_whatever_its_words(spoilt: Spoilt) -> None:
    both = spoilt.both
    operator = both.browser(both.there, Role.OPERATOR)
    for blueprint, prefix in (("emergencies", "khan-cap"), ("drills", "dien-tap")):
        found = both.there.ids[f"{blueprint}.emergency_id"]
        answer = operator.get(f"/{prefix}/{found}/cap.xml")
        root = Xml.fromstring(answer.data)  # noqa: S314 - our own
        assert "alert(9)" in "".join(root.itertext())
        assert not [one for one in root.iter() if str(one.tag).endswith("}script")]


# --- by the forms ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    with neighbours(tmp_path_factory.mktemp("forms")) as made:
        yield made


def _sendings(both: Neighbours, words: str) -> Iterator[tuple[Role, str, dict[str, object]]]:
    ids, place = both.there.ids, both.there.place_id
    draft = both.centre.services.bulletins.get(both.there.operator, ids["draft_id"])
    version = str(draft.row_version)
    station = f"/xa/{ids['station_id']}"
    sound = (io.BytesIO(b"RIFF nothing"), words)
    programme = {
        "kind": "bulletin", "bulletin": ids["bulletin_id"], "voice": "", "chimes": "first",
        "pause_s": "1", "end_policy": "cut",
    }  # fmt: skip
    hours = {
        "place_id": place, "from_on": "26/11/2026", "from_at": "02:00",
        "until_on": "26/11/2026", "until_at": "04:00",
    }  # fmt: skip
    account = {"username": words, "role": "operator", "place_id": place}
    bulletin = {"title": words, "text": words, "place_id": place, "tags": words}
    yield Role.OPERATOR, "/ban-tin/moi", dict(bulletin)
    yield Role.OPERATOR, "/ban-tin/moi", {**bulletin, "tags": "", "sound": sound}
    yield Role.OPERATOR, f"/ban-tin/{ids['draft_id']}/sua", {**bulletin, "row_version": version}
    yield Role.OPERATOR, f"/ban-tin/{ids['draft_id']}/nhan", {"tags": words, "row_version": version}
    yield Role.APPROVER, f"/ban-tin/{ids['bulletin_id']}/tra-lai", {"reason": words}
    yield Role.COMMUNE_OFFICER, f"{station}/bao-hong", {"text": words, "cluster": "91"}
    yield Role.OPERATOR, "/chuong-trinh/luu", {**programme, "title": words}
    yield Role.OPERATOR, "/lich/khung-gio", {**hours, "why": words}
    yield Role.OPERATOR, f"/lich/buoi/{ids['slot_id']}/huy", {"reason": words}
    yield Role.OPERATOR, f"/tram/{ids['station_id']}/dung", {"ly_do": words}
    yield Role.ADMIN, "/nguoi-dung/moi", {**account, "full_name": words}
    yield Role.OPERATOR, "/ban-tin/cach-doc/xem", {"text": words}
    yield from _newer_sendings(both, words)


def _newer_sendings(both: Neighbours, words: str) -> Iterator[tuple[Role, str, dict[str, object]]]:
    ids, place = both.there.ids, both.there.place_id
    station = f"/dai/{ids['station_id']}"
    card = both.centre.services.station_list.card(both.there.operator, ids["station_id"])
    version = str(card.row_version)
    night = {
        "from_on": "27/11/2026", "from_at": "01:00", "until_on": "27/11/2026", "until_at": "02:00",
    }  # fmt: skip
    rhythm = {
        "recurrence": "weekly", "airs_at": "07:30", "weekday": "0", "starts_on": "26/11/2026",
        "ends_on": "09/12/2026", "excluded": "", "priority": "ordinary", "holidays": "ignore",
    }  # fmt: skip
    warning = {
        "hazard": "flood_release", "level": "3", "title": words, "source": words,
        "voice": "robot:vi", "warning": words, "correction": words, "all_clear": words,
        "repeat": "0", "lasts": "60", "bulletin_id": "", "target": place,
    }  # fmt: skip
    file = alert(status="Actual").replace("Bão".encode(), escape(words.replace("\0", "")).encode())
    yield Role.OPERATOR, f"/ban-tin/{ids['draft_id']}/y-kien", {"comment": words}
    yield Role.COMMUNE_OFFICER, f"/lich/buoi/{ids['slot_id']}/khong-nhan", {"reason": words}
    yield Role.OPERATOR, f"{station}/lien-he", {
        "who_0": words, "role_0": words, "number_0": "0912345678", "receiver_note": words,
        "row_version": version,
    }  # fmt: skip
    yield Role.OPERATOR, f"{station}/bao-tri", {**night, "why": words}
    yield Role.ADMIN, f"{station}/ngung", {
        "retire_why": words, "typed": "không phải tên", "row_version": version,
    }  # fmt: skip
    yield Role.ADMIN, f"{station}/sua", {
        "name": words, "identifier_code": words, "longest_min": "30", "volume": "100",
        "receiver_note": words, "row_version": version,
    }  # fmt: skip
    yield Role.ADMIN, "/dai/moi", {"name": words, "place_id": both.there.commune_id,
                                   "thu_tieng_1": "vi"}  # fmt: skip
    yield Role.OPERATOR, "/lich/ngay-le", {
        "place_id": place, "name": words, "first_on": "27/12/2026", "last_on": "", "kind": "le",
    }  # fmt: skip
    yield Role.OPERATOR, "/lich/mau", {**rhythm, "template_name": words, "target": place}
    yield Role.OPERATOR, "/khan-cap/soan", dict(warning)
    yield Role.OPERATOR, "/dien-tap/soan", dict(warning)
    yield Role.OPERATOR, "/khan-cap/tin-nhan", {"cap": (io.BytesIO(file), words)}
    yield Role.OPERATOR, f"/khan-cap/{ids['emergencies.waiting']}/phat", {
        "alone": "1", "typed": words, "password": PASSWORD, "why": words,
    }  # fmt: skip
    yield Role.OPERATOR, "/tai-khoan/ma/moi", {
        "name": words, "scope": "stations:read", "expires_on": "31/12/2026", "password": PASSWORD,
    }  # fmt: skip
    yield Role.OPERATOR, "/thong-bao/chon", {"email": f"{words}@dai.vn"}
    yield Role.OPERATOR, "/ban-tin/cach-doc", {"term": words[:20], "reading": words}
    yield Role.ADMIN, f"/nguoi-dung/{both.there.operator.account_id}/sua", {
        "full_name": words, "role": "operator", "place_id": place, "row_version": "1",
    }  # fmt: skip


def _hidden_in_rows(both: Neighbours) -> set[str]:
    """`table.column` of what was typed that ends a string, steers a terminal or turns writing."""
    found = set()
    with both.centre.database.read() as session:
        for table in Base.metadata.sorted_tables:
            names = [one.name for one in table.columns if isinstance(one.type, String | JSON)]
            for row in session.execute(table.select()).mappings():
                found |= {f"{table.name}.{one}" for one in names if _is_odd(row[one])}
    return found


def _is_odd(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(_is_odd(one) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and bool(re.search(f"[\x00-\x08\x0b-\x1f\x7f{TURNING}]", value))


UNSEEN_TAGS = (
    "<script>alert",
    "<img src=x",
    "<iframe",
    "<svg on",
    "<svg>",
    '" autofocus on',
)
"""Of the corpus; what our own pages hold of these begins otherwise."""


SOME = (*HIDDEN, *SHOWN[::4])


@pytest.mark.parametrize(
    ("texts", "one_in"), [(SOME, 8), pytest.param(ALL, 1, marks=pytest.mark.soak)]
)
def test_every_form_keeps_a_hostile_text_or_refuses_it_in_words(
    both: Neighbours, texts: tuple[str, ...], one_in: int
) -> None:
    """Of eight forms a text goes to one, and the next text to the next; `make soak`: all to all."""
    wrong = []
    for at, words in enumerate(texts):
        for number, (role, path, fields) in enumerate(_sendings(both, words)):
            if (at + number) % one_in:
                continue
            browser = both.browser(both.there, role)
            answer = browser.post(path, **fields)
            shown = browser.get(answer.location) if answer.status_code == 303 else answer
            # what is refused is shown to its sender as it was typed
            unseen = UNSEEN_TAGS if answer.status_code == 422 else (*UNSEEN_TAGS, "\x00", "\u202e")
            found = [tag for tag in unseen if tag in shown.text]
            if answer.status_code not in {200, 303, 409, 422} or found:
                wrong.append((words, path, answer.status_code, found))
    assert wrong == []
    assert _hidden_in_rows(both) == set()


def test_a_formula_typed_into_a_form_is_a_text_in_the_file(both: Neighbours) -> None:
    for words in FORMULAS:
        fields = {"text": words, "cluster": ""}
        both.browser(both.there, Role.COMMUNE_OFFICER).post(
            f"/xa/{both.there.ids['station_id']}/bao-hong", **fields
        )
    auditor = both.browser(both.there, Role.AUDITOR)
    days = {"from": "01/11/2026", "to": "30/11/2026"}
    file = auditor.post("/nhat-ky/tai-ve", **days).data.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(file)) for cell in row]
    assert [cell for cell in cells if cell[:1] in set("=+-@\t\r")] == []
