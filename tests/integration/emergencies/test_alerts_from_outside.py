"""Alerts of the Common Alerting Protocol: read from a file or a feed, drafted, never sent."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.domain.emergencies import Part, State
from controller.domain.hazards import Hazard
from controller.errors import NotFoundError
from controller.services.cap import cap_of
from controller.services.cap_drafts import draft_of
from controller.services.cap_inbox import CapInbox
from controller.services.cap_reading import read
from tests.support.warnings import WORDS, Watch, watch, wish
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_COMMUNE,
    OTHER_DISTRICT,
    PROVINCE,
    Browser,
    fetch_nothing,
    words,
)
from tests.unit.controller.services.test_cap_reading import alert

FEED = "https://kttv.example.vn/cap/feed.xml"


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        yield built


def operator(w: Watch, place: str = DISTRICT) -> Browser:
    return w.centre.client(Role.OPERATOR, place)


def bring(browser: Browser, document: bytes, path: str = "/khan-cap") -> tuple[int, str]:
    answer = browser.post(f"{path}/tin-nhan", cap=(io.BytesIO(document), "tin.cap"))
    answer.request.environ["wsgi.input"].close()  # the client lays a large form aside as a file
    return answer.status_code, answer.headers.get("Location", "") or words(answer)


def inbox(w: Watch) -> CapInbox:
    return w.centre.services.cap


def in_area(area: str, **told: str) -> bytes:
    return alert(**told).replace("<areaDesc>huyện Bác Ái</areaDesc>".encode(), area.encode())


# --- a file ---------------------------------------------------------------------------------------


def test_a_file_fills_in_the_form_and_sends_nothing(w: Watch) -> None:
    browser = operator(w)
    status, page = bring(browser, alert())
    assert (status, page.startswith("/khan-cap/soan?tin=")) == (303, True)
    form = browser.get(page)
    text = words(form)
    assert "Gió giật cấp 10. Rời lồng bè." in form.text
    assert 'value="Bão số 12"' in form.text
    assert '<option value="storm" selected>' in form.text
    assert f'value="{DISTRICT}" checked' in form.text
    assert "mức độ theo tin: nghiêm trọng" in text
    assert 'name="level" value="" checked' in form.text  # severity is no level of disaster risk
    assert w.live.all(w.composer) == ()
    assert w.deeds() == []
    assert "cap.receive" in [row.action for row in w.centre.audit.newest()]


def test_what_is_composed_of_it_waits_for_two_people_and_is_written_down(w: Watch) -> None:
    browser = operator(w)
    _status, page = bring(browser, alert())
    fields = {
        "cap": page.rsplit("=", 1)[-1], "hazard": "storm", "level": "", "title": "Bão số 12",
        "source": "", "warning": "Gió giật cấp 10.", "correction": WORDS[Part.CORRECTION],
        "all_clear": "Bão đã qua.", "voice": "robot:vi", "target": [DISTRICT], "repeat": "0",
        "lasts": "60",
    }  # fmt: skip
    sent = browser.post("/khan-cap/soan", **fields)
    found = sent.headers["Location"].rsplit("/", 1)[-1]
    assert w.live.get(w.composer, found).state is State.PROPOSED
    assert w.deeds() == []
    (row,) = [one for one in w.centre.audit.newest() if one.action == "cap.compose"]
    assert row.detail["emergency_id"] == found
    assert "Tin cảnh báo nhận được" not in words(browser.get("/khan-cap"))


def test_no_drill_takes_up_a_real_alert(w: Watch) -> None:
    browser = operator(w)
    _status, page = bring(browser, alert())
    fields = {
        "cap": page.rsplit("=", 1)[-1], "hazard": "storm", "level": "", "title": "Bão số 12",
        "source": "", "warning": "Gió giật.", "all_clear": "Đã xong.", "voice": "robot:vi",
        "target": [DISTRICT], "repeat": "0", "lasts": "60",
    }  # fmt: skip
    assert browser.post("/dien-tap/soan", **fields).status_code == 422
    assert w.drills.all(w.composer) == ()
    assert [one.cap_alert_id for one in inbox(w).waiting(w.composer)] == [fields["cap"]]


def test_a_file_that_is_none_says_so_and_keeps_nothing(w: Watch) -> None:
    browser = operator(w)
    status, text = bring(
        browser, b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    )
    assert status == 422
    assert "DOCTYPE" in text
    assert "root:" not in text
    assert bring(browser, b"")[0] == 422
    status, text = bring(browser, b"<a>" + b" " * 600_000 + b"</a>")
    assert (status, "lớn hơn" in text) == (422, True)
    assert browser.post("/khan-cap/tin-nhan").status_code == 422
    assert inbox(w).waiting(w.composer) == ()


def test_the_same_file_twice_is_one_alert(w: Watch) -> None:
    browser = operator(w)
    assert bring(browser, alert()) == bring(browser, alert())
    assert len(inbox(w).waiting(w.composer)) == 1


def test_an_unknown_hazard_is_shown_and_a_person_chooses(w: Watch) -> None:
    browser = operator(w)
    _status, page = bring(browser, alert().replace("<event>Bão<".encode(), b"<event>Volcanic ash<"))
    form = browser.get(page)
    assert "Chưa nhận ra “Volcanic ash” là việc nào" in words(form)
    assert '<option value="other" selected>' in form.text


def test_script_in_an_alert_stays_text(w: Watch) -> None:
    browser = operator(w)
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;"
    _status, page = bring(browser, alert().replace("Bão số 12".encode(), evil.encode()))
    for shown in (browser.get(page).text, browser.get("/khan-cap").text):
        assert "<script>alert" not in shown
        assert evil in shown


def test_what_is_not_real_is_never_drafted_on_the_red_pages(w: Watch) -> None:
    browser = operator(w)
    for status in ("Exercise", "Test", "System", "Draft"):
        assert bring(browser, alert(status=status)) == (303, "/khan-cap")
        found = inbox(w).waiting(w.composer)[0]
        assert found.message.status == status
        assert browser.get(f"/khan-cap/soan?tin={found.cap_alert_id}").status_code == 422
        is_drill = browser.get(f"/dien-tap/soan?tin={found.cap_alert_id}").status_code == 200
        assert is_drill == (status == "Exercise")
        inbox(w).set_aside(w.composer, found.cap_alert_id)


def test_what_is_real_is_never_drafted_as_a_drill(w: Watch) -> None:
    browser = operator(w)
    assert bring(browser, alert(), "/dien-tap") == (303, "/dien-tap")
    (found,) = inbox(w).waiting(w.composer)
    assert browser.get(f"/dien-tap/soan?tin={found.cap_alert_id}").status_code == 422


def test_a_cancel_is_shown_and_not_composed(w: Watch) -> None:
    browser = operator(w)
    assert bring(browser, alert(kind="Cancel")) == (303, "/khan-cap")
    page = words(browser.get("/khan-cap"))
    assert "hủy một tin trước" in page
    assert "Soạn từ tin này" not in page
    (found,) = inbox(w).waiting(w.composer)
    assert browser.post(f"/khan-cap/tin-nhan/{found.cap_alert_id}/bo-qua").status_code == 303
    assert inbox(w).waiting(w.composer) == ()
    assert browser.post(f"/khan-cap/tin-nhan/{found.cap_alert_id}/bo-qua").status_code == 409


def test_another_district_does_not_find_what_was_brought_here(w: Watch) -> None:
    _status, page = bring(operator(w), alert())
    key = page.rsplit("=", 1)[-1]
    stranger = operator(w, OTHER_DISTRICT)
    assert stranger.get(f"/khan-cap/soan?tin={key}").status_code == 404
    assert stranger.post(f"/khan-cap/tin-nhan/{key}/bo-qua").status_code == 404
    assert "Bão số 12" not in words(stranger.get("/khan-cap"))
    with pytest.raises(NotFoundError):
        inbox(w).get(w.centre.actor(Role.OPERATOR, OTHER_DISTRICT), key)
    looker = w.centre.client(Role.AUDITOR, DISTRICT)
    assert looker.post("/khan-cap/tin-nhan", cap=(io.BytesIO(alert()), "x")).status_code == 403


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "place_ids", "is_sure"),
    [
        ("<areaDesc>huyện Bác Ái</areaDesc>", (DISTRICT,), True),
        ("<areaDesc>xã Phước Bình, huyện Bác Ái</areaDesc>", (COMMUNE,), True),
        ("<areaDesc>Xã PHƯỚC BÌNH</areaDesc>", (COMMUNE,), True),
        ("<areaDesc>xã Phước Bình và vùng lân cận</areaDesc>", (), False),
        ("<areaDesc>vùng núi phía tây</areaDesc>", (), False),
        ("<areaDesc>xã Ma Nới</areaDesc>", (), False),  # of another district
        (
            "<areaDesc>?</areaDesc><geocode><valueName>GSO</valueName>"
            "<value>{code}</value></geocode>",
            (COMMUNE,),
            True,
        ),
        (
            "<areaDesc>vùng vẽ</areaDesc><circle>{at} 0.1</circle>",
            (COMMUNE,),
            False,
        ),
    ],
)
def test_places_are_taken_as_far_as_an_alert_is_certain(
    w: Watch, area: str, place_ids: tuple[str, ...], is_sure: bool
) -> None:
    tree = w.centre.places.tree()
    place = tree.places[COMMUNE]
    told = area.format(code=place.code, at=f"{place.latitude},{place.longitude}")
    draft = draft_of(read(in_area(told)), tree, DISTRICT, w.centre.clock())
    (placed,) = draft.places
    assert (placed.place_ids, placed.is_sure) == (place_ids, is_sure)
    assert OTHER_COMMUNE not in draft.target_ids


def test_what_we_send_out_comes_in_as_it_was(w: Watch) -> None:
    actor = w.centre.actor(Role.OPERATOR, PROVINCE)
    found = w.live.propose(actor, wish(target_ids=(DISTRICT, OTHER_COMMUNE), lasts_min=120))
    w.speak()
    stations = w.live.get(actor, found).stations
    w.live.confirm(w.province, found, f"phát thật {stations} trạm")
    view, tree = w.live.get(actor, found), w.centre.places.tree()
    message = read(cap_of(view, tree, sender="vang.example.vn"))
    draft = draft_of(message, tree, PROVINCE, w.centre.clock())
    assert (draft.hazard, draft.level) == (Hazard(view.hazard), view.level)
    assert (draft.title, draft.source) == (view.title, view.source)
    assert draft.text == view.parts[Part.WARNING].text
    assert set(draft.target_ids) == set(view.target_ids)
    assert draft.lasts_min == 120
    assert not draft.is_over
    w.live.call_off(actor, found, Part.ALL_CLEAR)
    over = read(cap_of(w.live.get(actor, found), tree, sender="vang.example.vn"))
    assert (over.kind, over.references) == ("Cancel", (found,))
    drill = w.drills.propose(w.composer, wish())
    practised = read(cap_of(w.drills.get(w.composer, drill), tree, sender="vang.example.vn"))
    assert practised.status == "Exercise"
    assert practised.info.headline == "Diễn tập: Xả lũ hồ Sông Cái"
    assert practised.info.description.startswith("Đây là diễn tập, không phải thật.")
    assert practised.info.description.endswith("Đây là diễn tập, không phải thật.")


# --- a feed ---------------------------------------------------------------------------------------


def atom(*links: str) -> bytes:
    entries = "".join(f'<entry><link href="{one}"/></entry>' for one in links)
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()


def fed(w: Watch, documents: dict[str, bytes]) -> tuple[CapInbox, list[str]]:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return documents[address] if address in documents else fetch_nothing(address)

    return CapInbox(w.centre.database, w.centre.clock, w.centre.places, (FEED,), fetch), asked


def test_a_feed_is_read_once_and_only_on_its_own_machine(w: Watch) -> None:
    one = "https://kttv.example.vn/cap/1.cap"
    box, asked = fed(
        w,
        {
            FEED: atom(
                "https://[",
                "1.cap",
                "2.cap",
                "https://127.0.0.1/x.cap",
                "http://kttv.example.vn/3.cap",
            ),
            one: alert(),
            "https://kttv.example.vn/cap/2.cap": b"<html/>",
        },
    )
    assert box.collect() == 1
    assert box.collect() == 0
    assert asked.count(one) == 1
    assert not [address for address in asked if "127.0.0.1" in address or "http:" in address]
    (found,) = box.waiting(w.composer)
    assert found.came_from == one
    assert w.live.all(w.composer) == ()
    assert w.deeds() == []
    assert box.feeds()[0].problem == ""


def test_an_rss_feed_and_a_single_alert_are_read_too(w: Watch) -> None:
    rss = b"<rss><channel><item><link>https://kttv.example.vn/1.cap</link></item></channel></rss>"
    box, _asked = fed(w, {FEED: rss, "https://kttv.example.vn/1.cap": alert()})
    assert box.collect() == 1
    single, _asked = fed(w, {FEED: alert(status="Test")})
    assert single.collect() == 1
    assert single.collect() == 0


@pytest.mark.parametrize("document", [None, b"<!DOCTYPE x []><feed/>", b"no xml"])
def test_a_feed_that_fails_is_told_and_harms_nothing(w: Watch, document: bytes | None) -> None:
    box, _asked = fed(w, {} if document is None else {FEED: document})
    assert box.collect() == 0
    assert box.feeds()[0].problem
