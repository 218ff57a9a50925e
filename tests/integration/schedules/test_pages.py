"""The schedule's pages as people of each role meet them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.schedule import Recurrence
from controller.domain.station_state import FRESH_FOR
from controller.services import slot_pages
from controller.services.schedules import Editing
from controller.storage.models import BulletinVersionRow, HoldingRow, StationStateRow
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk
from tests.support.web import COMMUNE, DISTRICT, NOW, OTHER_DISTRICT, PROVINCE, Browser


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        yield built


@pytest.fixture
def operator(at_desk: Desk) -> Browser:
    return at_desk.centre.client(Role.OPERATOR, DISTRICT)


def typed(chosen: str, /, **changes: Any) -> dict[str, Any]:
    """The form filled for weekdays at 05:30 in the whole district."""
    fields: dict[str, Any] = {
        "bulletin_id": chosen,
        "recurrence": "weekly",
        "airs_at": "05:30",
        "weekday": ["0", "1", "2", "3", "4"],
        "starts_on": "26/11/2026",
        "ends_on": "09/12/2026",
        "excluded": "",
        "target": ["bac-ai"],
        "priority": "ordinary",
    }
    return fields | changes


def words(page: str) -> str:
    """What a reader sees: no tags, single spaces."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text.replace("</td>", " "))).split())


def test_the_sentence_of_the_preview_is_computed_by_the_centre(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.everyone_is_linked()
    answer = operator.http.post(
        "/lich/xem-truoc",
        data={"csrf_token": operator.csrf(), **typed(at_desk.bulletin())},
        headers={"X-Fragment": "1"},
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert (
        "Phát 05:30 thứ Hai–thứ Sáu tại 9 xã huyện Bác Ái, 10 buổi, kể từ 26/11 đến hết "
        "09/12/2026. Mỗi buổi 10 phút." in words(answer.text)
    )
    assert "Trong khung giờ cho phép 05:00–21:00." in words(answer.text)
    assert "Lưu lịch 10 buổi" in answer.text


def test_a_station_out_of_reach_is_told_with_the_word_and_the_time_of_its_tile(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.everyone_is_linked()
    fresh_until = NOW + FRESH_FOR
    shown = {"bac-ai-phuoc-binh": ("unknown", fresh_until), "bac-ai-phuoc-hoa": ("down", NOW)}
    at_desk.centre.clock.move(minutes=20)
    with at_desk.centre.database.write() as session:
        for state in session.scalars(select(StationStateRow)):
            if state.station_id in shown:
                state.shown_state, state.shown_since_at = shown[state.station_id]
            else:
                state.last_heartbeat_at = at_desk.centre.clock()
    chosen = typed(at_desk.bulletin())
    page = words(operator.post("/lich/xem-truoc", **chosen).text)
    assert "Phước Bình mất kết nối từ 17:08 25/11;" in page
    assert "Phước Hòa ngừng từ 17:06 25/11." in page


def test_without_a_script_the_preview_is_a_whole_page_that_keeps_what_was_typed(
    at_desk: Desk, operator: Browser
) -> None:
    answer = operator.post("/lich/xem-truoc", **typed(at_desk.bulletin(), airs_at="6h15"))
    assert answer.status_code == 200
    assert 'value="6h15"' in answer.text
    assert "Phát 06:15 thứ Hai–thứ Sáu" in words(answer.text)


def test_a_schedule_is_saved_and_shown(at_desk: Desk, operator: Browser) -> None:
    answer = operator.post("/lich/moi", **typed(at_desk.bulletin()))
    assert answer.status_code == 303
    page = operator.get(answer.location).text
    assert "Đã lưu 10 buổi." in words(page)
    assert "Tiết kiệm nước mùa khô" in page
    assert len(at_desk.slots()) == 10


def test_a_bulletin_is_scheduled_one_minute_ahead_from_the_page(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.centre.clock.at = NOW.replace(second=58)
    once = typed(
        at_desk.bulletin(), recurrence="once", airs_at="17:07", starts_on="25/11/2026", weekday=[]
    )
    assert operator.post("/lich/moi", **once).status_code == 303
    (slot,) = at_desk.slots()
    assert slot.starts_at == NOW.replace(minute=7, second=0)


def test_a_quarter_past_three_is_refused_on_screen_and_the_form_is_kept(
    at_desk: Desk, operator: Browser
) -> None:
    answer = operator.post("/lich/moi", **typed(at_desk.bulletin(), airs_at="03:15"))
    assert answer.status_code == 422
    sentence = "03:15 ngoài khung giờ cho phép (05:00–21:00). Chỉ tin khẩn cấp được phát giờ này."
    assert sentence in words(answer.text)
    assert 'value="03:15"' in answer.text
    assert at_desk.slots() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"airs_at": "5 rưỡi"}, "Gõ giờ và phút, như 05:30."),
        ({"airs_at": ""}, "Gõ giờ và phút, như 05:30."),
        ({"starts_on": "31/02/2026"}, "Gõ ngày, tháng, năm, như 26/11/2026."),
        ({"ends_on": "mai"}, "Gõ ngày, tháng, năm, như 26/11/2026."),
        ({"excluded": "27/11, hôm kia"}, "Gõ các ngày cách nhau bằng dấu phẩy"),
        ({"bulletin_id": ""}, "Chọn chương trình hoặc bản tin."),
        ({"bulletin_id": "không có"}, "Chọn chương trình hoặc bản tin."),
        ({"weekday": []}, "Chọn ít nhất một ngày trong tuần."),
        ({"target": []}, "Chọn ít nhất một nơi phát."),
        ({"ends_on": "25/11/2026"}, "Ngày cuối phải sau ngày đầu."),
        ({"starts_on": "02/11/2026", "ends_on": "20/11/2026"}, "Giờ này đã qua."),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(
    at_desk: Desk, operator: Browser, changes: dict[str, Any], sentence: str
) -> None:
    answer = operator.post("/lich/moi", **typed(at_desk.bulletin(), **changes))
    assert answer.status_code == 422
    assert sentence in words(answer.text)


def test_an_unapproved_bulletin_is_not_offered_and_not_taken(
    at_desk: Desk, operator: Browser
) -> None:
    waiting = at_desk.bulletin("Chờ duyệt", is_approved=False)
    assert waiting not in operator.get("/lich/moi").text
    answer = operator.post("/lich/moi", **typed(waiting))
    assert answer.status_code == 422
    assert "Bản tin này chưa được duyệt nên chưa đặt lịch được." in answer.text


def test_a_clash_of_equals_is_shown_with_who_and_when_and_a_way_out(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin("Họp dân")))
    answer = operator.post("/lich/moi", **typed(at_desk.bulletin(), airs_at="05:35"))
    assert answer.status_code == 409
    page = words(answer.text)
    assert "Trùng giờ thứ Năm 26/11, 05:35–05:40, tại 9 trạm, và 9 buổi khác" in page
    assert "“Họp dân” (thông thường) do Katơr Thị Mai, huyện Bác Ái, đặt ngày 25/11." in page
    assert 'name="move_to" value="05:40"' in answer.text
    moved = operator.post("/lich/xem-truoc", **typed(at_desk.bulletin(), move_to="05:40"))
    assert 'value="05:40"' in moved.text
    assert "Phát 05:40" in words(moved.text)


def test_stations_that_clash_alike_are_one_line_of_the_drawing_on_a_desk_and_on_a_phone(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin("Họp dân")))
    shown = operator.post("/lich/xem-truoc", **typed(at_desk.bulletin(), airs_at="05:35")).text
    drawings = re.findall(r'<svg class="lanes (\w+)" viewBox="0 0 (\d+) \d+".*?</svg>', shown, re.S)
    assert drawings == [("wide", "820"), ("narrow", "310")]
    assert shown.count('class="hit"') == len(drawings)
    assert shown.count(">9 trạm</text>") == len(drawings)
    lefts = re.findall(r'class="hit" x="([\d.]+)"', shown)
    assert float(lefts[1]) < 310


def test_one_clashing_day_can_be_left_out_with_one_press(at_desk: Desk, operator: Browser) -> None:
    once = a_wish(at_desk.bulletin("Họp dân"), recurrence=Recurrence.ONCE)
    at_desk.schedules.save(at_desk.actor(), once)
    bulletin = at_desk.bulletin()
    shown = operator.post("/lich/xem-truoc", **typed(bulletin))
    assert 'name="leave_out" value="2026-11-26"' in shown.text
    left = operator.post("/lich/xem-truoc", **typed(bulletin, leave_out="2026-11-26"))
    assert "9 buổi, kể từ 27/11 đến hết 09/12/2026. Mỗi buổi 10 phút. Bỏ 26/11." in words(left.text)
    assert "Lưu lịch 9 buổi" in left.text


def test_the_second_of_two_editors_sees_both_versions_and_keeps_the_own(
    at_desk: Desk, operator: Browser
) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    made = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    opened = operator.get(f"/lich/{made}/sua").text
    version = re.search(r'name="row_version" value="(\d+)"', opened)
    assert version is not None
    theirs = at_desk.schedules.change(actor, a_wish(bulletin, airs_at=time(6)), Editing(made, 1))
    mine = typed(
        bulletin, airs_at="07:45", schedule_id=made, row_version=version[1], starts_on="27/11/2026"
    )
    answer = operator.post("/lich/moi", **mine)
    assert answer.status_code == 409
    page = words(answer.text)
    assert "Katơr Thị Mai vừa sửa mục này lúc 17:06." in page
    assert "Bản vừa lưu, của Katơr Thị Mai" in page
    assert "Phát 06:00 thứ Hai–thứ Sáu" in page
    assert "Phát 07:45 thứ Hai–thứ Sáu" in page
    assert 'value="07:45"' in answer.text
    again = re.search(r'name="schedule_id" value="([^"]+)"', answer.text)
    assert again is not None
    assert again[1] == theirs.schedule_id
    mine |= {"schedule_id": again[1], "row_version": "1"}
    assert operator.post("/lich/moi", **mine).status_code == 303


def test_a_schedule_mended_by_the_province_stays_the_districts(
    at_desk: Desk, operator: Browser
) -> None:
    bulletin = at_desk.bulletin()
    made = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin)).schedule_id
    province = at_desk.actor(place_id=PROVINCE)
    mended = at_desk.schedules.change(province, a_wish(bulletin, airs_at=time(6)), Editing(made, 1))
    row = at_desk.row(mended.schedule_id)
    assert (row.place_id, row.authority, row.created_by) == (
        "bac-ai", "district", province.account_id,
    )  # fmt: skip
    wider = a_wish(bulletin, airs_at=time(6), target_ids=(PROVINCE,))
    taken = at_desk.schedules.change(province, wider, Editing(mended.schedule_id, 1)).schedule_id
    assert at_desk.row(taken).authority == "province"
    mine = typed(bulletin, airs_at="07:45", schedule_id=mended.schedule_id, row_version="1")
    answer = operator.post("/lich/moi", **mine)
    assert answer.status_code == 409
    assert 'value="07:45"' in answer.text
    assert "Vai trò của bạn không làm được việc này." in words(
        operator.post("/lich/xem-truoc", **(mine | {"schedule_id": taken})).text
    )


def test_the_edit_page_of_a_replaced_schedule_leads_to_what_stands_now(
    at_desk: Desk, operator: Browser
) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    made = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    new = at_desk.schedules.change(actor, a_wish(bulletin, airs_at=time(6)), Editing(made, 1))
    assert operator.get(f"/lich/{made}/sua").location == f"/lich/{new.schedule_id}/sua"
    assert "Lịch này đã được thay bằng lịch mới." in operator.get(f"/lich/{made}").text


def test_who_may_not_change_a_schedule_is_given_no_form_for_it(
    at_desk: Desk, operator: Browser
) -> None:
    made = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin())).schedule_id
    officer = at_desk.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert officer.get(f"/lich/{made}").status_code == 200
    refused = officer.get(f"/lich/{made}/sua")
    assert refused.status_code == 403
    assert 'id="dat-lich"' not in refused.text
    assert 'id="dat-lich"' in operator.get(f"/lich/{made}/sua").text


def test_the_week_shows_lanes_results_and_minutes(at_desk: Desk, operator: Browser) -> None:
    at_desk.centre.clock.at = NOW - timedelta(days=2, hours=16)
    start = {"starts_on": date(2026, 11, 24), "ends_on": None}
    province = at_desk.actor(place_id=PROVINCE)
    at_desk.schedules.save(
        province, a_wish(at_desk.bulletin("Bản tin tỉnh"), target_ids=(PROVINCE,), **start)
    )
    at_desk.schedules.save(
        at_desk.actor(), a_wish(at_desk.bulletin("Tin huyện"), airs_at=time(6), **start)
    )
    neighbour = at_desk.actor(place_id=OTHER_DISTRICT)
    at_desk.schedules.save(
        neighbour,
        a_wish(
            at_desk.bulletin("Tin Ninh Sơn", place_id=OTHER_DISTRICT),
            airs_at=time(7),
            target_ids=(OTHER_DISTRICT,),
            **start,
        ),
    )
    ours = [s.station_id for s in at_desk.centre.places.tree().stations_in([DISTRICT])]
    slot = next(s for s in at_desk.slots() if s.title == "Bản tin tỉnh")
    for number, station_id in enumerate(ours):
        at_desk.ended(slot, station_id, "missed" if number == 0 else "aired")
    at_desk.centre.clock.at = NOW
    page = operator.get("/lich?ngay=2026-11-25")
    assert "05:30 Bản tin tỉnhTỉnh · 8/9" in words(page.text)
    assert "20/45 phút" in words(page.text)
    day = words(operator.get("/lich/ngay?ngay=2026-11-24").text)
    assert "Bản tin tỉnh Tỉnh Ninh Thuận 9/9 trạm 1 trạm không phát đủ" in day
    assert "06:00 Tin huyệnHuyện · 0/99 trạm chưa rõ" in words(page.text)
    assert "Tin Ninh Sơn" not in page.text
    assert 'class="slip tinh' in page.text
    later = words(operator.get("/lich?ngay=20/01/2027").text)
    assert "06:00 Tin huyệnHuyện · 10 phút" in later
    empty = words(operator.get("/lich?ngay=2026-11-01").text)
    assert "cả tuần chưa có buổi nào" in empty
    assert "21:00–05:00 giờ yên tĩnh, chỉ phát khẩn cấp" in empty


def test_the_slot_page_lists_the_outcome_at_each_station(at_desk: Desk) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    at_desk.centre.clock.at = slot.starts_at + timedelta(hours=1)
    at_desk.ended(slot, "bac-ai-phuoc-binh", "missed", "power_off")
    at_desk.ended(slot, "bac-ai-phuoc-dai", "aired")
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = operator.get(f"/lich/buoi/{slot.slot_id}").text
    rows = dict(re.findall(r'data-station="([^"]+)" data-sign="([^"]+)"', page))
    assert len(rows) == 9
    assert (rows["bac-ai-phuoc-binh"], rows["bac-ai-phuoc-dai"]) == ("missed", "aired")
    assert rows["bac-ai-phuoc-hoa"] == "unknown"
    assert "Không phát: mất điện" in words(page)
    assert "Hủy buổi này" not in page
    assert next(iter(rows)) == "bac-ai-phuoc-binh"
    assert list(rows)[-1] == "bac-ai-phuoc-dai"
    assert "Đang giữ" not in page
    commune = at_desk.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    own = commune.get(f"/lich/buoi/{slot.slot_id}").text
    assert re.findall(r'data-station="([^"]+)"', own) == ["bac-ai-phuoc-binh"]


def test_of_many_stations_a_slots_page_counts_all_and_lists_first_who_needs_a_look(
    at_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_pages, "PAGE_LENGTH", 4)
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    at_desk.centre.clock.at = slot.starts_at + timedelta(hours=1)
    here = [
        one.station_id for one in at_desk.centre.places.tree().stations_of([DISTRICT], DISTRICT)
    ]
    for station_id in here:
        at_desk.ended(slot, station_id, "missed" if station_id == here[-1] else "aired")
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)

    def listed(query: str = "") -> list[str]:
        page = operator.get(f"/lich/buoi/{slot.slot_id}{query}").text
        assert "8/9 trạm đã phát" in words(page)
        return re.findall(r'data-station="([^"]+)"', page)

    assert listed() == [here[-1], *here[:3]]
    assert [*listed("?trang=2"), *listed("?trang=3")] == here[3:-1]
    assert listed("?loc=missed") == [here[-1]]
    assert listed("?loc=aired&trang=2") == here[4:-1]
    assert listed("?tim=PHUOC+BINH") == ["bac-ai-phuoc-binh"]
    page = operator.get(f"/lich/buoi/{slot.slot_id}?loc=late")
    assert "Không có đài nào khớp" in words(page.text)
    assert re.search(r'Không phát <span class="num">1<', page.text)


def test_what_stations_lack_of_a_slot_to_come_is_counted_and_comes_first(
    at_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_pages, "PAGE_LENGTH", 4)
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    here = [
        one.station_id for one in at_desk.centre.places.tree().stations_of([DISTRICT], DISTRICT)
    ]
    with at_desk.centre.database.write() as session:
        session.add_all(
            HoldingRow(
                station_id=station_id,
                sha256=item["sha256"],
                held=True,
                size_bytes=item["size_bytes"],
                at=NOW,
            )
            for station_id in here[:-2]
            for item in slot.items
        )
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = operator.get(f"/lich/buoi/{slot.slot_id}").text
    assert "7/9 trạm đã giữ âm thanh" in words(page)
    assert re.findall(r'data-station="([^"]+)"', page) == [*here[-2:], *here[:2]]
    lacking = operator.get(f"/lich/buoi/{slot.slot_id}?loc=lacking").text
    assert re.findall(r'data-station="([^"]+)"', lacking) == here[-2:]


def test_while_a_slot_sounds_its_page_counts_where_and_a_silent_station_is_not_coming(
    at_desk: Desk,
) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    at_desk.centre.clock.at = slot.starts_at + timedelta(minutes=1)
    at_desk.ended(slot, "bac-ai-phuoc-dai", "sounding")
    at_desk.ended(slot, "bac-ai-phuoc-binh", "coming")
    page = at_desk.centre.client(Role.OPERATOR, DISTRICT).get(f"/lich/buoi/{slot.slot_id}").text
    assert "1/9 trạm đang vang" in words(page)
    officer = at_desk.centre.client(Role.COMMUNE_OFFICER, "bac-ai-phuoc-dai")
    page_of_one = words(officer.get(f"/lich/buoi/{slot.slot_id}").text)
    assert "1/1 trạm đang vang · Xã Phước Đại" in page_of_one, "of how much of it this is"
    rows = dict(re.findall(r'data-station="([^"]+)" data-sign="([^"]+)"', page))
    assert rows["bac-ai-phuoc-binh"] == "unknown"
    assert list(rows)[-1] == "bac-ai-phuoc-dai"
    assert page.index("Dừng loa ở") < page.index("data-station")
    assert "Đang vang ở 1 trạm." in words(page)


def test_a_slot_is_cancelled_from_its_page_with_a_reason(at_desk: Desk, operator: Browser) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    path = f"/lich/buoi/{at_desk.slots()[0].slot_id}"
    assert "Hủy buổi 05:30 26/11 tại 9 xã huyện Bác Ái? Các buổi khác giữ nguyên." in words(
        operator.get(path).text
    )
    operator.post(f"{path}/huy", reason="")
    assert "Ô này còn trống." in operator.get(path).text
    operator.post(f"{path}/huy", reason="Nhầm bản tin")
    page = words(operator.get(path).text)
    assert "Đã hủy buổi này. Các buổi khác giữ nguyên." in page
    assert "Katơr Thị Mai: Nhầm bản tin" in page
    operator.post(f"{path}/huy", reason="lần nữa")
    assert "không còn làm được" in operator.get(path).text


def test_a_slots_page_leads_to_the_page_that_moves_it(at_desk: Desk, operator: Browser) -> None:
    made = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin())).schedule_id
    slot = at_desk.slots()[0]
    path = f"/lich/buoi/{slot.slot_id}"
    page = operator.get(path).text
    assert 'method="get" action="/lich/doi"' in page
    assert f'name="lich" value="{made}"' in page
    assert 'name="ngay" value="2026-11-26"' in page
    at_desk.move(slot, slot.starts_at + timedelta(hours=2))
    assert "đã dời từ 05:30 26/11/2026" in words(operator.get(path).text)


def test_the_rest_of_a_series_is_cancelled_and_a_day_left_out_from_its_page(
    at_desk: Desk, operator: Browser
) -> None:
    made = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin())).schedule_id
    path = f"/lich/{made}"
    assert "Hủy 10 buổi còn lại tại 9 xã huyện Bác Ái?" in words(operator.get(path).text)
    operator.post(f"{path}/bo-buoi", day="2026-11-27")
    assert "Đã bỏ buổi ngày 27/11/2026." in operator.get(path).text
    operator.post(f"{path}/bo-buoi", day="hôm nào")
    assert "Gõ ngày như 30/11/2026." in operator.get(path).text
    operator.post(f"{path}/huy", reason="Hết chiến dịch")
    page = words(operator.get(path).text)
    assert "Đã hủy các buổi còn lại của lịch này." in page
    assert "Katơr Thị Mai đã dừng lịch này lúc 17:06 25/11/2026." in page
    operator.post(f"{path}/huy", reason="lần nữa")
    assert "không còn làm được" in operator.get(path).text


def test_the_days_left_to_a_series_edited_from_a_later_date_are_cancelled_from_its_page(
    at_desk: Desk, operator: Browser
) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    made = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    wish = a_wish(bulletin, airs_at=time(6), starts_on=date(2026, 12, 1))
    at_desk.schedules.change(actor, wish, Editing(made, 1))
    path = f"/lich/{made}"
    page = words(operator.get(path).text)
    assert "Hủy 3 buổi còn lại tại 9 xã huyện Bác Ái?" in page
    assert "Sửa từ một ngày…" not in page
    operator.post(f"{path}/huy", reason="Dừng sớm")
    page = words(operator.get(path).text)
    assert "Đã hủy các buổi còn lại của lịch này." in page
    assert "buổi còn lại tại" not in page


def test_a_schedule_whose_sound_has_grown_past_the_cap_or_the_hours_says_so(
    at_desk: Desk, operator: Browser
) -> None:
    wish = a_wish(at_desk.bulletin(), airs_at=time(20, 45))
    path = f"/lich/{at_desk.schedules.save(at_desk.actor(), wish).schedule_id}"
    assert "ngoài khung giờ" not in words(operator.get(path).text)
    with at_desk.centre.database.write() as session:
        session.query(BulletinVersionRow).one().duration_ms = 100 * 60_000
    page = words(operator.get(path).text)
    assert "20:45 ngoài khung giờ cho phép (05:00–21:00)." in page
    assert "quá mức" in page
    at_desk.schedules.cancel_rest(at_desk.actor(), path.rpartition("/")[2], "Dài quá")
    assert "ngoài khung giờ" not in words(operator.get(path).text)


def test_a_district_sees_the_provinces_schedule_but_may_not_change_it(
    at_desk: Desk, operator: Browser
) -> None:
    province = at_desk.actor(place_id=PROVINCE)
    wish = a_wish(at_desk.bulletin("Tỉnh", place_id=PROVINCE), target_ids=(PROVINCE,))
    made = at_desk.schedules.save(province, wish).schedule_id
    page = operator.get(f"/lich/{made}").text
    assert "65 xã, phường, thị trấn tỉnh Ninh Thuận" in words(page)
    assert "Hủy các buổi còn lại" not in page
    assert operator.post(f"/lich/{made}/huy", reason="x").status_code == 403
    assert (
        operator.post(f"/lich/buoi/{at_desk.slots()[0].slot_id}/huy", reason="x").status_code == 403
    )


def test_a_reader_sees_everything_and_changes_nothing(at_desk: Desk) -> None:
    made = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin())).schedule_id
    auditor = at_desk.centre.client(Role.AUDITOR, DISTRICT)
    for path in ("/lich", f"/lich/{made}", f"/lich/buoi/{at_desk.slots()[0].slot_id}"):
        page = auditor.get(path)
        assert page.status_code == 200
        assert "Hủy" not in words(page.text).replace("Hủy bỏ", "")
    assert auditor.get("/lich/moi").status_code == 403
    assert auditor.post("/lich/moi", **typed("b")).status_code == 403
    hours = auditor.get("/lich/khung-gio")
    assert "Được phát" in hours.text
    assert 'action="/lich/khung-gio"' not in hours.text


def test_a_commune_officer_schedules_the_own_commune_only(at_desk: Desk) -> None:
    officer = at_desk.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    bulletin = at_desk.bulletin(place_id=COMMUNE)
    assert "Xã Phước Bình" in words(officer.get("/lich/moi").text)
    assert officer.post("/lich/moi", **typed(bulletin, target=[COMMUNE])).status_code == 303
    assert at_desk.slots()[0].authority == "commune"
    assert officer.post("/lich/moi", **typed(bulletin, target=[DISTRICT])).status_code == 422


def test_choosing_a_district_and_its_communes_airs_once_at_each(
    at_desk: Desk, operator: Browser
) -> None:
    fields = typed(at_desk.bulletin(), target=["bac-ai-phuoc-binh", "bac-ai"])
    shown = operator.post("/lich/xem-truoc", **fields)
    assert "tại 9 xã huyện Bác Ái," in words(shown.text)


def test_places_are_said_as_people_say_them(at_desk: Desk, operator: Browser) -> None:
    ids = [s.place_id for s in at_desk.centre.places.tree().stations_in([DISTRICT])]
    bulletin = at_desk.bulletin()
    two = words(operator.post("/lich/xem-truoc", **typed(bulletin, target=ids[:2])).text)
    assert "tại xã Phước Bình và xã Phước Hòa," in two
    five = words(operator.post("/lich/xem-truoc", **typed(bulletin, target=ids[:5])).text)
    assert "tại 5/9 xã huyện Bác Ái," in five


def test_hours_are_opened_and_shut_by_those_who_may(at_desk: Desk, operator: Browser) -> None:
    span = {"from_on": "26/11/2026", "from_at": "02:00", "until_on": "26/11/2026"}
    opened = operator.post(
        "/lich/khung-gio", place_id="bac-ai", until_at="04:00", why="Bão số 9", **span
    )
    assert opened.status_code == 303
    page = words(operator.get("/lich/khung-gio").text)
    assert "Bỏ lần này" in page, "it has not begun"
    assert "02:00 26/11/2026 đến 04:00 26/11/2026 Huyện Bác Ái Bão số 9 Katơr Thị Mai" in page
    assert "plan_refresh" in at_desk.centre.woken
    at_desk.centre.clock.at = datetime(2026, 11, 25, 19, 30, tzinfo=NOW.tzinfo)
    neighbour = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    assert neighbour.post("/lich/khung-gio/1/ket-thuc").status_code == 404
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    assert operator.post("/lich/khung-gio/1/ket-thuc").status_code == 303
    assert "Đã hết hiệu lực" in operator.get("/lich/khung-gio").text
    operator.post("/lich/khung-gio/1/ket-thuc")
    assert "không còn làm được" in operator.get("/lich/khung-gio").text
    assert operator.post("/lich/khung-gio/99/ket-thuc").status_code == 404


def test_hours_to_come_are_called_off(at_desk: Desk, operator: Browser) -> None:
    days = {"from_on": "26/11/2026", "until_on": "26/11/2026"}
    for from_at, until_at in (("02:00", "04:00"), ("21:00", "22:00")):
        operator.post(
            "/lich/khung-gio", place_id=DISTRICT, why="Bão",
            from_at=from_at, until_at=until_at, **days,
        )  # fmt: skip
    at_desk.centre.clock.at = datetime(2026, 11, 25, 19, 30, tzinfo=NOW.tzinfo)
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = words(operator.get("/lich/khung-gio").text)
    assert "Katơr Thị Mai Kết thúc ngay 21:00 26/11/2026" in page
    assert "Katơr Thị Mai Bỏ lần này" in page
    operator.post("/lich/khung-gio/2/ket-thuc")
    page = words(operator.get("/lich/khung-gio").text)
    assert "Đã bỏ lần mở thêm giờ." in page
    assert "bỏ lúc 02:30 26/11/2026 Huyện Bác Ái Bão" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"why": " "}, "Ghi lý do, để người sau hiểu."),
        ({"why": "x" * 201}, "Dài quá 200 chữ."),
        ({"why": "Bão\u202e số 9"}, "Ô này có ký tự ẩn. Gõ lại thay vì dán."),
        ({"until_at": "01:00"}, "Giờ kết thúc phải sau giờ bắt đầu và sau lúc này."),
        ({"until_on": "26/12/2026"}, "Mỗi lần mở thêm dài nhất 7 ngày."),
        ({"from_at": "khuya"}, "Gõ ngày và giờ"),
        ({"until_at": "25:00"}, "Gõ ngày và giờ"),
        ({"place_id": OTHER_DISTRICT}, "Nơi đã chọn nằm ngoài địa bàn của bạn."),
    ],
)
def test_an_exception_that_makes_no_sense_is_refused_beside_its_field(
    at_desk: Desk, operator: Browser, changes: dict[str, str], sentence: str
) -> None:
    fields = {
        "place_id": "bac-ai", "from_on": "26/11/2026", "from_at": "02:00",
        "until_on": "26/11/2026", "until_at": "04:00", "why": "Bão",
    }  # fmt: skip
    answer = operator.post("/lich/khung-gio", **(fields | changes))
    assert answer.status_code == 422
    assert sentence in words(answer.text)


def test_the_pages_speak_english_when_asked(at_desk: Desk, operator: Browser) -> None:
    operator.post("/ngon-ngu", language="en", den="/lich")
    for path in ("/lich", "/lich/moi", "/lich/khung-gio"):
        assert operator.get(path).status_code == 200
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    page = words(operator.get(f"/lich/buoi/{at_desk.slots()[0].slot_id}").text)
    assert "Cancel the airing of 05:30 26/11 at 9 communes of huyện Bác Ái?" in page


def test_the_first_day_offered_is_tomorrow_or_the_day_that_was_looked_at(
    at_desk: Desk, operator: Browser
) -> None:
    assert f"{TOMORROW:%d/%m/%Y}" in operator.get("/lich/moi").text
    assert "02/12/2026" in operator.get("/lich/moi?ngay=2026-12-02").text


def test_an_approved_bulletin_is_played_now_at_chosen_stations(
    at_desk: Desk, operator: Browser
) -> None:
    at_desk.everyone_is_linked()
    chosen = at_desk.bulletin()
    form = operator.get(f"/lich/moi?luc=ngay&ban-tin={chosen}").text
    assert re.search(r'<option value="now" selected>', form)
    now = typed(chosen, recurrence="now", airs_at="", starts_on="")
    assert "Phát 17:08" in words(operator.post("/lich/xem-truoc", **now).text)
    answer = operator.post("/lich/moi", **{**now, "target": [COMMUNE]})
    assert answer.status_code == 303
    assert "Phát lúc 17:08." in words(operator.get(answer.headers["Location"]).text)
    at_desk.materialise()
    (slot,) = at_desk.slots()
    assert slot.starts_at == NOW + timedelta(seconds=80)


def test_at_once_means_within_the_hours_and_is_no_emergency(at_desk: Desk) -> None:
    chosen = at_desk.bulletin()
    at_desk.centre.clock.move(hours=5)
    operator = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    answer = operator.post("/lich/moi", **typed(chosen, recurrence="now", airs_at="", starts_on=""))
    assert answer.status_code == 422
    assert "05:00–21:00" in words(answer.text)
