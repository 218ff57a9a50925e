"""The red pages and the striped ones: what a person sees before, during and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from controller.domain.accounts import Role
from controller.domain.emergencies import CONFIRMED_WITHIN, Heard, Part
from controller.domain.hazards import TEXTS, Hazard, blanks_in, fill_marks
from controller.services.cap import NAMESPACE
from controller.services.station_desk import NewStation
from controller.services.station_desk import phrase as typed_phrase
from controller.storage.models import PlaceRow, StationContactRow, StationStateRow
from tests.support.warnings import WORDS, Watch, watch, wish
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_COMMUNE,
    OTHER_DISTRICT,
    PASSWORD,
    PROVINCE,
    Browser,
    words,
)

NINE = "phát thật 9 trạm"
FORM: dict[str, Any] = {
    "hazard": "flood_release",
    "level": "3",
    "title": "Xả lũ hồ Sông Cái",
    "source": "",
    "warning": WORDS[Part.WARNING],
    "correction": WORDS[Part.CORRECTION],
    "all_clear": WORDS[Part.ALL_CLEAR],
    "voice": "robot:vi",
    "target": [DISTRICT],
    "repeat": "15",
    "lasts": "60",
}


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        yield built


def browser(w: Watch, role: Role = Role.OPERATOR, place: str = DISTRICT) -> Browser:
    return w.centre.client(role, place)


def station_of(w: Watch, commune: str = COMMUNE) -> str:
    (station,) = w.centre.places.tree().stations_in([commune])
    return station.station_id


def test_from_the_form_to_the_sending_by_the_second_person(w: Watch) -> None:
    composer, second = browser(w), browser(w, Role.APPROVER)
    sent = composer.post("/khan-cap/soan", **FORM)
    assert sent.status_code == 303
    page = sent.headers["Location"]
    w.speak()
    waits = words(composer.get(page))
    assert "bấm Khẩn cấp, chọn “Xả lũ hồ Sông Cái” ở mục “Chờ người thứ hai xác nhận”" in waits
    before = words(second.get(page))
    assert "Chỗ tô vàng" not in before, "the words are none of the template's: nothing is marked"
    assert "9 trạm" in before
    assert "Phát 4 lần, mỗi 15 phút một lần, trong 1 giờ" in before
    assert NINE in before
    assert second.post(f"{page}/phat", typed="phát thật").status_code == 422
    assert w.deeds() == []
    assert second.post(f"{page}/phat", typed=NINE).status_code == 303
    after = words(second.get(page))
    assert "Đang phát khẩn cấp" in after
    assert "0/9 trạm đã vang" in after
    assert [audience for audience, *_ in w.deeds()] == [DISTRICT]
    assert second.post(f"{page}/phat", typed=NINE).status_code == 303  # a double click
    assert len(w.deeds()) == 1


def test_a_blank_left_empty_keeps_the_form_and_says_which(w: Watch) -> None:
    text = TEXTS[Hazard.FLOOD_RELEASE].warning
    answer = browser(w).post("/khan-cap/soan", **{**FORM, "warning": text})
    assert answer.status_code == 422
    assert "Còn chỗ trống trong ngoặc vuông" in words(answer)
    assert "Xả lũ hồ Sông Cái" in answer.text
    assert re.search(rf'value="{DISTRICT}" checked', answer.text)


@pytest.mark.parametrize("path", ["/khan-cap/soan", "/dien-tap/soan"])
def test_places_are_chosen_by_map_or_by_list(w: Watch, path: str) -> None:
    for place, count in ((PROVINCE, 65), (DISTRICT, 9)):
        page = browser(w, place=place).get(path).text
        drawn = re.findall(r'data-place="([^"]+)"><title>([^<]+)</title>', page)
        boxes = re.findall(r'data-commune name="target" value="([^"]+)"', page)
        assert {key for key, _ in drawn} == set(boxes)
        assert len(drawn) == len(boxes) == count
        assert (COMMUNE, "Xã Phước Bình") in drawn
        picker = re.search(r"<div data-picker[^>]*>", page)
        assert picker
        assert picker[0].endswith(" hidden>"), "without a script the list alone is there"
    assert "Ninh Sơn" not in page
    assert "data-picker" not in browser(w, Role.COMMUNE_OFFICER, COMMUNE).get(path).text


def test_a_commune_that_cannot_be_drawn_is_chosen_in_the_list(w: Watch) -> None:
    with w.centre.database.write() as session:
        session.add(
            PlaceRow(
                place_id="bac-ai-moi", kind="commune", parent_id=DISTRICT, code="22795",
                position=99, name="Bác Ái Mới", kind_word="xã", valid_from=date(2025, 7, 1),
            )
        )  # fmt: skip
    w.centre.places.reload()
    page = browser(w).get("/khan-cap/soan")
    assert "Không có trên bản đồ, chọn trong danh sách: xã Bác Ái Mới." in words(page)
    assert 'name="target" value="bac-ai-moi"' in page.text


def test_which_communes_are_meant_is_read_before_it_is_sent_and_after(w: Watch) -> None:
    composer, second = browser(w), browser(w, Role.APPROVER)
    two = {**FORM, "target": [COMMUNE, "bac-ai-phuoc-dai"]}
    page = composer.post("/khan-cap/soan", **two).headers["Location"]
    w.speak()
    assert "Bác Ái 2/9 xã: Phước Bình, Phước Đại" in words(second.get(page))
    second.post(f"{page}/phat", typed="phát thật 2 trạm")
    assert "Bác Ái 2/9 xã: Phước Bình, Phước Đại" in words(second.get(page))
    whole = composer.post("/khan-cap/soan", **FORM).headers["Location"]
    assert "Bác Ái: cả 9 xã" in words(second.get(whole))
    other = {**FORM, "target": ["ninh-son"]}
    page = browser(w, place=PROVINCE).post("/khan-cap/soan", **other).headers["Location"]
    said = words(browser(w, Role.APPROVER, PROVINCE).get(page))
    assert "Ninh Sơn: cả 8 xã, thị trấn" in said, "one of them is a town"


def test_who_composed_it_is_told_at_once_that_it_was_sent_or_dropped(w: Watch) -> None:
    composer, second = browser(w), browser(w, Role.APPROVER)
    page = composer.post("/khan-cap/soan", **FORM).headers["Location"]

    def state() -> list[str]:
        return re.findall(r'data-state="([^"]*)"', composer.get(f"{page}/ket-qua").text)

    shown = re.findall(r'data-proposal="[^"]+" data-asks="([^"]+)" data-state="([^"]+)"',
                       composer.get(page).text)  # fmt: skip
    assert shown == [(f"{page}/ket-qua", *state())], "nothing changed since"
    w.speak()
    assert state() != [shown[0][1]], "its words are there"
    second.post(f"{page}/phat", typed=NINE)
    assert state() == [], "what is asked for is the table of who has heard it"
    assert "data-proposal" not in composer.get(page).text
    page = composer.post("/khan-cap/soan", **FORM).headers["Location"]
    second.post(f"{page}/huy")
    assert state() == ["withdrawn"]


def test_alone_with_a_wrong_password_nothing_is_sent_and_the_reason_stays(w: Watch) -> None:
    found = w.proposed()
    path, fields = f"/khan-cap/{found}/phat", {"alone": "1", "typed": NINE, "why": "không gọi được"}
    composer = browser(w)
    answer = composer.post(path, **fields, password="sai mật khẩu rồi")  # noqa: S106
    assert answer.status_code == 401
    assert "không gọi được" in answer.text
    assert w.deeds() == []
    assert composer.post(path, **fields, password=PASSWORD).status_code == 303
    assert "Chưa ai xem lại" in words(composer.get(f"/khan-cap/{found}"))
    approver = browser(w, Role.APPROVER)
    assert "Tôi đã xem lại" in words(approver.get(f"/khan-cap/{found}"))
    assert "Tôi đã xem lại" not in words(composer.get(f"/khan-cap/{found}"))
    assert approver.post(f"/khan-cap/{found}/da-xem").status_code == 303
    assert "Chưa ai xem lại" not in words(composer.get(f"/khan-cap/{found}"))


def test_the_live_table_tells_who_heard_it_who_did_not_and_why(w: Watch) -> None:
    found = w.sent()
    (order,) = w.orders(found)
    stations = [one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])]
    w.up(*stations[:5])
    w.replies(order.order_id, stations[0])
    w.sounds(order.order_id, stations[0], 0.48)
    w.sounds(order.order_id, stations[1], 1.2, "aired")
    w.sounds("another-order", stations[2], 0.1)
    w.replies(order.order_id, stations[2])
    w.replies(order.order_id, stations[3], "clock_untrusted")
    page = browser(w, Role.AUDITOR).get(f"/khan-cap/{found}/ket-qua")
    heard = dict(re.findall(r'data-station="([^"]+)" data-heard="([^"]+)"', page.text))
    assert [heard[one] for one in stations[:6]] == [
        Heard.SOUNDING, Heard.SOUNDED, Heard.RECEIVED, Heard.REFUSED, Heard.WAITING, Heard.LOST,
    ]  # fmt: skip
    text = words(page)
    assert "2/9 trạm đã vang" in text
    assert "0,48 giây" in text
    assert "1,20 giây, trạm chậm nhất" in text
    assert "Đồng hồ ở trạm chưa tin được" in text
    assert list(heard)[:7] == [one for one in heard if heard[one] not in ("sounding", "sounded")]


def test_what_broke_off_or_was_told_by_a_wrong_clock_is_never_shown_as_heard_in_time(
    w: Watch,
) -> None:
    found = w.sent()
    (order,) = w.orders(found)
    whole, broken, adrift, stopped, early, late, *_others = [
        one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])
    ]
    w.up(whole, broken, stopped, early, late)
    w.sounds(order.order_id, whole, 1.2, "aired")
    w.sounds(order.order_id, broken, 0.5, "cut_short", why="power_off")
    w.sounds(order.order_id, adrift, 0.6)  # and its link is gone
    w.sounds(order.order_id, stopped, 0.7, "cut_short", why="stopped_by_operator")
    w.sounds(order.order_id, early, -7_000, "aired")
    w.sounds(order.order_id, late, 7_000, "aired", told_s=3)
    page = browser(w, Role.AUDITOR).get(f"/khan-cap/{found}/ket-qua")
    heard = dict(re.findall(r'data-station="([^"]+)" data-heard="([^"]+)"', page.text))
    assert {one: heard[one] for one in (whole, broken, adrift, stopped, early, late)} == {
        whole: "sounded", broken: "partly", adrift: "adrift", stopped: "stopped",
        early: "sounded", late: "sounded",
    }  # fmt: skip
    text = words(page)
    assert "1,20 giây, trạm chậm nhất" in text, "no time of a clock that cannot be right"
    assert "7.000" not in text
    assert text.count("không rõ: đồng hồ ở trạm sai giờ") == 2
    assert "Gọi điện cho 5 trạm" in text
    sheet = browser(w, Role.AUDITOR).get(f"/khan-cap/{found}/goi-dien")
    phoned = re.findall(r'data-phone="([^"]+)"', sheet.text)
    assert {broken, adrift} < set(phoned)
    assert not {whole, stopped, early, late} & set(phoned)
    assert "Vang dở dang: mất điện" in words(sheet)
    assert "Bắt đầu vang rồi mất kết nối" in words(sheet)


def test_everybody_to_phone_is_named_and_stands_before_what_is_past(w: Watch) -> None:
    found, station = w.sent(), station_of(w)
    (order,) = w.orders(found)
    w.sounds(order.order_id, station_of(w, "bac-ai-phuoc-dai"), 1.0, "aired")
    people = (("Pi Năng Tâm", "0900 000 101"), ("Chamaléa Hoa", "0900 000 102"))
    with w.centre.database.write() as session:
        for position, (name, number) in enumerate(people):
            session.add(
                StationContactRow(
                    station_id=station, position=position, name=name, number=number,
                    role="", is_invented=False,
                )
            )  # fmt: skip
    for path in (f"/khan-cap/{found}", f"/khan-cap/{found}/goi-dien"):
        text = words(browser(w).get(path))
        assert "0900 000 101 Pi Năng Tâm" in text
        assert "0900 000 102 Chamaléa Hoa" in text
        assert "chưa có số điện thoại" in text, "the others have none, and that is said"
    page = browser(w).get(f"/khan-cap/{found}").text
    assert page.index("0900 000 101") < page.index("Từ lúc bấm đến khi vang")
    neighbour = browser(w, Role.COMMUNE_OFFICER, "bac-ai-phuoc-hoa")
    shown, sheet = (neighbour.get(f"/khan-cap/{found}{end}") for end in ("", "/goi-dien"))
    assert "Gọi điện cho 1 trạm" in words(shown)
    assert "nơi khác gọi" in words(shown), "numbers of other communes are not theirs"
    assert "0900 000 10" not in shown.text + sheet.text
    assert re.findall(r'data-phone="([^"]+)"', sheet.text) == [station_of(w, "bac-ai-phuoc-hoa")]


def test_stop_correction_and_all_clear_are_two_clicks_away_on_every_page(w: Watch) -> None:
    found = w.sent()
    operator = browser(w)
    home = operator.get("/chuong-trinh")  # any page that is not of the emergency itself
    assert f'href="/khan-cap/{found}"' in home.text
    assert "Đang phát khẩn cấp" in words(home)
    assert operator.post(f"/khan-cap/{found}/bao-yen", part="correction").status_code == 303
    assert "Đang phát khẩn cấp" not in words(operator.get("/chuong-trinh"))
    assert "Đã phát khẩn cấp" in words(operator.get(f"/khan-cap/{found}"))
    assert operator.post(f"/khan-cap/{found}/dung", audience=station_of(w)).status_code == 303
    assert [deed for _audience, deed, _kind in w.deeds()].count("stop") == 2


def test_what_is_long_over_is_neither_stopped_nor_called_off_again(w: Watch) -> None:
    found = w.sent()  # for an hour
    w.centre.clock.move(hours=2)
    page = words(browser(w).get(f"/khan-cap/{found}"))
    assert "Dừng cả" not in page, "nothing of it can sound any more"
    assert "Phát tin hết nguy hiểm" in page
    w.centre.clock.move(hours=72)
    operator = browser(w)
    page = words(operator.get(f"/khan-cap/{found}"))
    assert "Phát tin hết nguy hiểm" not in page
    before = w.deeds()
    answer = operator.post(f"/khan-cap/{found}/bao-yen", part="all_clear")
    assert "quá 3 ngày" in words(operator.get(answer.headers["Location"]))
    assert w.deeds() == before, "no single person makes 9 loudspeakers speak of last week"


def test_where_the_correction_has_not_sounded_is_told_and_whom_to_phone(w: Watch) -> None:
    found = w.sent()
    (order,) = w.orders(found)
    heard, deaf, *_others = [
        one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])
    ]
    for station in (heard, deaf):
        w.sounds(order.order_id, station, after_s=1)
    w.centre.clock.at += timedelta(minutes=1)
    operator = browser(w)
    assert "Sẽ phát khi nối lại" in words(operator.get(f"/khan-cap/{found}"))
    w.up(heard, deaf)
    operator.post(f"/khan-cap/{found}/bao-yen", part="correction")
    (correction,) = w.orders(found, Part.CORRECTION)
    w.sounds(correction.order_id, heard, 1.5, "aired", slot="s2")
    page = operator.get(f"/khan-cap/{found}")
    assert re.findall(r'data-unended="([^"]+)"', page.text) == [deaf], "others never took it"
    said = words(page)
    assert "Tin đính chính: đã vang ở 1/9 trạm" in said
    assert "1 trạm đã nhận tin trước mà chưa vang trọn tin này" in said
    assert "Sẽ phát khi nối lại" not in said, (
        "the warning is called back, and no ending lacks a link"
    )
    sheet = operator.get(f"/khan-cap/{found}/goi-dien")
    assert re.findall(r'data-phone="([^"]+)"', sheet.text) == [deaf]
    assert WORDS[Part.CORRECTION] in words(sheet)
    w.sounds(correction.order_id, deaf, 2, "aired", slot="s2")
    said = words(operator.get(f"/khan-cap/{found}"))
    assert "Mọi trạm đã nhận tin trước đều đã vang tin này. Trạm chậm nhất sau 2,00 giây." in said


def test_a_district_is_offered_the_stop_of_its_own_place_alone(w: Watch) -> None:
    operator = w.centre.actor(Role.OPERATOR, PROVINCE)
    found = w.live.propose(operator, wish(target_ids=(PROVINCE,)))
    w.speak()
    w.live.confirm(w.province, found, "phát thật 65 trạm")
    page = browser(w).get(f"/khan-cap/{found}")
    assert "Dừng cả 9 trạm" in words(page)
    assert "Phát tin đính chính" not in words(page)
    assert browser(w).post(f"/khan-cap/{found}/bao-yen", part="correction").status_code == 403
    own = browser(w, Role.COMMUNE_OFFICER, COMMUNE).get(f"/khan-cap/{found}")
    assert "Dừng loa ở xã Phước Bình" in words(own)
    assert "Chỉ dừng một nơi" not in words(own), "there is nothing to choose from"


def test_a_linked_station_without_a_sound_device_is_named_before_it_is_sent(w: Watch) -> None:
    found, station = w.proposed(), station_of(w)
    everyone = [one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])]
    w.up(*everyone)
    page = words(browser(w, Role.APPROVER).get(f"/khan-cap/{found}"))
    assert "không thấy thiết bị âm thanh" not in page
    with w.centre.database.write() as session:
        state = session.get_one(StationStateRow, station)
        state.shown_state, state.health_reasons = "degraded", ["audio_device_missing"]
    page = words(browser(w, Role.APPROVER).get(f"/khan-cap/{found}"))
    assert "9/9 trạm đang trực tuyến" in page
    assert "Phước Bình không thấy thiết bị âm thanh" in page


def test_who_only_looks_has_no_button_and_no_way(w: Watch) -> None:
    found = w.proposed()
    for role, place in ((Role.AUDITOR, PROVINCE), (Role.COMMUNE_OFFICER, COMMUNE)):
        looker = browser(w, role, place)
        page = looker.get(f"/khan-cap/{found}")
        assert page.status_code == 200
        assert "data-fire" not in page.text
        assert looker.get("/khan-cap/soan").status_code == 403
        said = words(looker.get("/khan-cap"))
        assert ("chỉ dừng được loa ở nơi mình" in said) == (role is Role.COMMUNE_OFFICER)
        assert ("Tài khoản của bạn chỉ xem." in said) == (role is Role.AUDITOR)
        assert looker.post(f"/khan-cap/{found}/phat", typed=NINE).status_code == 403


def test_a_proposal_that_waited_too_long_says_so(w: Watch) -> None:
    found = w.proposed()
    w.centre.clock.at += CONFIRMED_WITHIN + timedelta(seconds=1)
    second = browser(w, Role.APPROVER)
    assert "không phát được nữa" in words(second.get(f"/khan-cap/{found}"))
    assert second.post(f"/khan-cap/{found}/phat", typed=NINE).status_code == 409
    assert w.deeds() == []


def test_the_pages_of_a_drill_look_and_read_differently_and_lead_to_no_emergency(w: Watch) -> None:
    composer = browser(w)
    answer = composer.post("/dien-tap/soan", **FORM)
    page = answer.headers["Location"]
    assert page.startswith("/dien-tap/")
    w.speak()
    second = browser(w, Role.APPROVER)
    before = second.get(page)
    assert 'class=" sosb drillb"' in before.text or "drillb" in before.text
    assert "diễn tập 9 trạm" in words(before)
    assert second.post(f"{page}/phat", typed="diễn tập 9 trạm").status_code == 303
    live = second.get(page)
    for shown in (before, live, composer.get("/dien-tap"), composer.get("/dien-tap/soan")):
        assert "/khan-cap" not in shown.text
        assert "phát khẩn cấp" not in words(shown).casefold()
        assert NINE not in words(shown)
        assert "không phải thật" in words(shown)
        assert "trước và sau lời diễn tập" in words(shown)
    assert "Đang phát khẩn cấp" not in words(composer.get("/chuong-trinh"))
    assert composer.get(page.replace("/dien-tap", "/khan-cap")).status_code == 404


def test_an_emergency_for_the_wrong_area_is_seen_before_it_is_sent_and_dropped(w: Watch) -> None:
    composer, second = browser(w), browser(w, Role.APPROVER)
    page = composer.post("/khan-cap/soan", **FORM).headers["Location"]  # meant for one commune
    w.speak()
    assert "9 trạm" in words(second.get(page))
    refused = second.post(f"{page}/phat", typed="phát thật 1 trạm")
    assert refused.status_code == 422
    assert "Chưa đúng câu phải gõ." in words(refused)
    assert second.post(f"{page}/huy").status_code == 303
    assert "Tin này đã được hủy, chưa phát ở đâu." in words(second.get(page))
    assert second.post(f"{page}/phat", typed=NINE).status_code == 409
    assert w.deeds() == []


def test_the_sentence_of_a_real_emergency_starts_no_drill_nor_the_other_way_round(
    w: Watch,
) -> None:
    second = browser(w, Role.APPROVER)
    for prefix, typed in (("/dien-tap", NINE), ("/khan-cap", "diễn tập 9 trạm")):
        page = browser(w).post(f"{prefix}/soan", **FORM).headers["Location"]
        w.speak()
        refused = second.post(f"{page}/phat", typed=typed)
        assert refused.status_code == 422
        assert "Chưa đúng câu phải gõ." in words(refused)
    assert w.deeds() == []


@pytest.mark.parametrize(
    ("path", "field", "text", "problem"),
    [
        ("/khan-cap", "title", "Diễn tập xả lũ hồ Sông Cái", "Trang này phát thật"),
        ("/khan-cap", "warning", "ĐÂY LÀ DIỄN TẬP. Bà con lên chỗ cao.", "Trang này phát thật"),
        ("/khan-cap", "warning", "Đây không phải là diễn tập. Lên chỗ cao ngay.", ""),
        ("/khan-cap", "correction", "Tin vừa phát là diễn tập, phát nhầm.", ""),
        ("/dien-tap", "warning", "Đây không phải diễn tập. Lên chỗ cao.", "không được nói là"),
        ("/dien-tap", "all_clear", "Đây không phải là một cuộc diễn tập.", "không được nói là"),
        ("/dien-tap", "title", "Diễn tập xả lũ", ""),
    ],
)
def test_a_warning_cannot_call_itself_a_drill_nor_a_drill_real(
    w: Watch, path: str, field: str, text: str, problem: str
) -> None:
    answer = browser(w).post(f"{path}/soan", **{**FORM, field: text})
    assert answer.status_code == (422 if problem else 303)
    assert problem in words(answer)
    if problem:
        assert text in answer.text, "the form is kept"


def test_the_red_pages_lead_to_no_drill_deed(w: Watch) -> None:
    found = w.proposed()
    page = browser(w, Role.APPROVER).get(f"/khan-cap/{found}")
    assert "drillb" not in page.text
    assert "/dien-tap/" not in page.text


@pytest.mark.parametrize("hazard", list(Hazard))
def test_every_hazard_has_texts_whose_blanks_can_be_filled_and_are_marked(
    w: Watch, hazard: Hazard
) -> None:
    assert browser(w).get(f"/khan-cap/soan?mau={hazard.value}").status_code == 200
    texts = TEXTS[hazard]
    assert blanks_in(texts.correction) == ()
    text = texts.warning
    for blank in blanks_in(text):
        text = text.replace(blank, "điền", 1)
    marked = list(fill_marks(texts.warning, text))
    assert "".join(piece for piece, _is_filled in marked) == text
    assert sum(is_filled for _piece, is_filled in marked) == len(blanks_in(texts.warning))
    assert list(fill_marks(texts.warning, "Lời khác hẳn")) == [("Lời khác hẳn", False)]


def test_it_goes_out_as_a_message_of_the_common_alerting_protocol(w: Watch) -> None:
    found = w.sent()

    def read() -> dict[str, str]:
        answer = browser(w, Role.AUDITOR).get(f"/khan-cap/{found}/cap.xml")
        assert answer.mimetype == "application/cap+xml"
        root = Xml.fromstring(answer.data)  # noqa: S314 - our own
        return {one.tag.removeprefix(f"{{{NAMESPACE}}}"): (one.text or "") for one in root.iter()}

    alert = read()
    assert alert["identifier"] == found
    assert (alert["status"], alert["msgType"], alert["scope"]) == ("Actual", "Alert", "Public")
    assert alert["sent"] == "2026-11-25T17:06:40+07:00"
    assert (alert["severity"], alert["category"]) == ("Severe", "Infra")
    assert alert["areaDesc"] == "huyện Bác Ái"
    assert alert["description"] == WORDS[Part.WARNING]
    w.live.call_off(w.composer, found, Part.ALL_CLEAR)
    over = read()
    assert (over["msgType"], over["responseType"]) == ("Cancel", "AllClear")
    assert found in over["references"]
    drill = w.drills.propose(w.composer, wish())
    assert "Exercise" in browser(w).get(f"/dien-tap/{drill}/cap.xml").text


def test_communes_of_a_kind_are_chosen_at_once_within_the_own_place(w: Watch) -> None:
    province = browser(w, place=PROVINCE)
    page = words(province.get("/khan-cap/soan"))
    assert "Các xã khu vực III, 15 trạm" in page
    assert "Cả tỉnh Ninh Thuận, 65 trạm" in page
    sent = province.post("/khan-cap/soan", **{**FORM, "target": [], "group": ["zone_iii"]})
    assert "15 trạm" in words(province.get(sent.headers["Location"]))
    inland = words(browser(w).get("/khan-cap/soan"))
    assert "ven biển" not in inland
    coast = {**FORM, "target": [], "group": ["coastal"]}
    assert browser(w).post("/khan-cap/soan", **coast).status_code == 422  # nobody there lives by it


def test_it_is_told_how_many_sounded_after_how_long_why_others_did_not_and_whom_to_phone(
    w: Watch,
) -> None:
    found = w.sent()
    (order,) = w.orders(found)
    stations = [one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])]
    with w.centre.database.write() as session:
        w.centre.places.invent_for_demo(session)
    w.up(*stations[:4])
    for station, after_s in zip(stations[:3], (0.3, 0.4, 1.7), strict=True):
        w.sounds(order.order_id, station, after_s)
    w.replies(order.order_id, stations[3], "clock_untrusted")
    page = browser(w, Role.AUDITOR).get(f"/khan-cap/{found}").text
    told = re.findall(r'<desc id="times-(?:wide|narrow)-told">([^<]+)<', page)
    assert told == 2 * [
        "0–0,1 giây: 0 trạm; 0,1–0,2 giây: 0 trạm; 0,2–0,5 giây: 2 trạm; 0,5–1 giây: 0 trạm; "
        "1–2 giây: 1 trạm; chưa vang: 6 trạm"
    ]
    assert "<title>2: 1</title>" in page, "each column says where its step ends"
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "5 trạm: mất kết nối" in text
    assert "1 trạm: đồng hồ ở trạm chưa tin được" in text
    sheet = browser(w, Role.AUDITOR).get(f"/khan-cap/{found}/goi-dien")
    assert re.findall(r'data-phone="([^"]+)"', sheet.text) == [stations[3], *stations[4:]]
    assert "0900 000" in words(sheet)
    assert WORDS[Part.WARNING] in words(sheet)
    assert browser(w, place=OTHER_DISTRICT).get(f"/khan-cap/{found}/goi-dien").status_code == 404


def test_an_old_page_counts_the_stations_it_was_sent_to_whatever_came_and_went_since(
    w: Watch,
) -> None:
    composer, second = browser(w), browser(w, Role.APPROVER)
    page = composer.post("/khan-cap/soan", **FORM).headers["Location"]
    w.speak()
    second.post(f"{page}/phat", typed=NINE)
    w.centre.clock.move(hours=3)
    admin, desk = w.centre.actor(Role.ADMIN, PROVINCE), w.centre.services.station_desk
    gone = w.centre.places.tree().stations[station_of(w)]
    desk.retire(admin, gone.station_id, "hỏng hẳn", typed_phrase(gone.name))
    new = NewStation(OTHER_COMMUNE, "Đài truyền thanh mới", ("vi", "rog", "cjm", "en"))
    desk.commission(admin, desk.add(admin, new))
    text = words(browser(w).get(page))
    assert "0/9 trạm đã vang" in text
    assert "Phước Bình" in text
    assert "Đài truyền thanh mới" not in text
