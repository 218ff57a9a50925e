"""Who is told of what: gathered into few lines, each thing once, closed when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Actor, Role
from controller.domain.notices import NoticeKind, Way
from controller.services.notice_watch import NoticeWatch
from controller.services.notices import NoticeView
from controller.storage.models import (
    BulletinRow,
    EmergencyRow,
    NoticeDeliveryRow,
    SlotResultRow,
    StationStateRow,
)
from tests.support.bulletins import Studio
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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    Studio(made, tmp_path)
    yield made
    made.close()


class Watched:
    """A watch that has looked long enough to know who is gone."""

    def __init__(self, house: Centre, ways: frozenset[Way] = frozenset()) -> None:
        self.house = house
        self.watch = NoticeWatch(
            house.database,
            house.clock,
            house.places,
            house.wake,
            ways=ways,
            station_down_after=GRACE,
        )
        self.watch.look()
        house.clock.move(minutes=10)

    def look(self) -> int:
        return self.watch.look()

    def lines(self, actor: Actor) -> list[NoticeView]:
        return list(self.house.services.notices.page(actor).lines)

    def unread(self, actor: Actor) -> int:
        return self.house.services.notices.unread(actor).count


def gone(house: Centre, place_id: str, *, minutes: float, only: int = 99) -> None:
    """Stations of a place nobody has heard of for so long."""
    with house.database.write() as session:
        for station in house.places.tree().stations_in([place_id])[:only]:
            session.merge(
                StationStateRow(
                    station_id=station.station_id,
                    shown_state="unknown",
                    shown_since_at=house.clock() - timedelta(minutes=minutes),
                )
            )


def back(house: Centre, place_id: str) -> None:
    with house.database.write() as session:
        for station in house.places.tree().stations_in([place_id]):
            session.get_one(StationStateRow, station.station_id).shown_state = "ready"


def sent(house: Centre, author: Actor, title: str, state: str = "submitted") -> str:
    """A bulletin in that state, without the work its sound would take."""
    bulletin_id = f"b-{title}"
    with house.database.write() as session:
        session.add(
            BulletinRow(
                bulletin_id=bulletin_id, title=title, place_id=DISTRICT, state=state,
                author_id=author.account_id, created_at=house.clock(), updated_at=house.clock(),
                submitted_at=house.clock(),
            )
        )  # fmt: skip
    return bulletin_id


def test_a_broken_district_is_one_line_for_each_who_looks_after_it(house: Centre) -> None:
    province, district = (house.actor(Role.OPERATOR, one) for one in (PROVINCE, DISTRICT))
    commune = house.actor(Role.COMMUNE_OFFICER, COMMUNE)
    other = house.actor(Role.OPERATOR, OTHER_DISTRICT)
    here = Watched(house)
    gone(house, DISTRICT, minutes=12)
    here.look()
    for actor, stations in ((province, 9), (district, 9), (commune, 1)):
        (line,) = here.lines(actor)
        assert (line.kind, len(line.items)) == (NoticeKind.STATION_DOWN, stations)
    assert here.lines(other) == []
    page = words(house.client(Role.OPERATOR, PROVINCE).get("/thong-bao"))
    assert "Huyện Bác Ái: 9 trạm mất kết nối từ 17:04 25/11/2026, có thể do đường truyền" in page
    own = words(house.client(Role.COMMUNE_OFFICER, COMMUNE).get("/thong-bao"))
    assert "Xã Phước Bình mất kết nối từ 17:04 25/11/2026" in own
    assert here.look() == 0, "what was told is not told again"


def test_a_station_that_said_good_bye_is_not_told_as_a_lost_link(house: Centre) -> None:
    house.actor(Role.COMMUNE_OFFICER, COMMUNE)
    here = Watched(house)
    gone(house, COMMUNE, minutes=12)
    with house.database.write() as session:
        session.get_one(StationStateRow, STATION).shown_state = "down"
    here.look()
    own = words(house.client(Role.COMMUNE_OFFICER, COMMUNE).get("/thong-bao"))
    assert "Xã Phước Bình ngừng từ 17:04 25/11/2026" in own
    assert "mất kết nối" not in own


def test_a_short_silence_is_nothing_and_neither_is_one_nobody_could_have_heard(
    house: Centre,
) -> None:
    district = house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house)
    gone(house, DISTRICT, minutes=9)
    here.look()
    assert here.lines(district) == []
    restarted = Watched(house)
    house.clock.move(minutes=-6)
    gone(house, DISTRICT, minutes=60)
    restarted.look()
    assert here.lines(district) == [], "this centre itself was away"
    house.clock.move(minutes=7)
    restarted.look()
    assert len(here.lines(district)) == 1


def test_more_of_the_same_joins_the_line_for_half_an_hour_and_makes_it_news_again(
    house: Centre,
) -> None:
    district = house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house)
    gone(house, DISTRICT, minutes=12, only=1)
    here.look()
    (line,) = here.lines(district)
    house.services.notices.read(district, line.notice_id)
    assert here.unread(district) == 0
    house.clock.move(minutes=20)
    gone(house, DISTRICT, minutes=32, only=1)
    back_since = house.clock() - timedelta(minutes=11)
    with house.database.write() as session:
        session.merge(
            StationStateRow(
                station_id="bac-ai-phuoc-hoa", shown_state="down", shown_since_at=back_since
            )
        )
    here.look()
    (line,) = here.lines(district)
    assert len(line.items) == 2
    assert here.unread(district) == 1
    house.clock.move(minutes=20)
    with house.database.write() as session:
        session.merge(
            StationStateRow(
                station_id="bac-ai-phuoc-tan", shown_state="down", shown_since_at=back_since
            )
        )
    here.look()
    assert sorted(len(line.items) for line in here.lines(district)) == [1, 2]


def test_what_is_over_is_closed_and_rings_no_more(house: Centre) -> None:
    district = house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house, frozenset({Way.EMAIL}))
    wanted = {NoticeKind.STATION_DOWN: {Way.PAGE, Way.EMAIL}}
    house.services.notice_choices.save(district, "mai@bacai.vn", wanted)
    gone(house, DISTRICT, minutes=12)
    here.look()
    assert here.unread(district) == 1
    back(house, DISTRICT)
    here.look()
    assert here.unread(district) == 0
    page = words(house.client(Role.OPERATOR, DISTRICT).get("/thong-bao"))
    assert "Đã nối lại hết lúc 17:16 25/11/2026, sau 12 phút." in page
    assert "đã xong" in page
    with house.database.read() as session:
        states = session.scalars(select(NoticeDeliveryRow.state)).all()
    assert states == ["void"], "nobody is written to about what is over"


def test_an_approver_is_told_of_all_that_waits_in_one_line_until_it_is_decided(
    house: Centre,
) -> None:
    author, approver = house.actor(Role.OPERATOR, DISTRICT), house.actor(Role.APPROVER, DISTRICT)
    stranger = house.actor(Role.APPROVER, OTHER_DISTRICT)
    here = Watched(house)
    ids = [sent(house, author, title) for title in ("Tiêm phòng", "Họp dân")]
    here.look()
    assert (here.unread(approver), here.unread(author), here.unread(stranger)) == (1, 0, 0)
    browser = house.client(Role.APPROVER, DISTRICT)
    page = browser.get("/thong-bao")
    assert "2 bản tin chờ duyệt" in words(page)
    assert "“Họp dân” và “Tiêm phòng”" in words(page)
    (line,) = here.lines(approver)
    went = browser.get(f"/thong-bao/{line.notice_id}")
    assert (went.status_code, went.location) == (303, "/cho-duyet")
    assert here.unread(approver) == 0
    with house.database.write() as session:
        for one in ids:
            session.get_one(BulletinRow, one).state = "approved"
    here.look()
    (line,) = here.lines(approver)
    assert line.closed_at == house.clock()


def test_an_author_is_told_what_went_back_and_why_once_for_each_time(house: Centre) -> None:
    author = house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house)
    bulletin_id = sent(house, author, "Họp dân", "returned")
    with house.database.write() as session:
        session.get_one(BulletinRow, bulletin_id).return_reason = "Sai ngày <họp>"
    here.look()
    page = house.client(Role.OPERATOR, DISTRICT).get("/thong-bao")
    assert "“Họp dân” bị trả lại" in words(page)
    assert "Sai ngày &lt;họp&gt;" in page.text
    with house.database.write() as session:
        session.get_one(BulletinRow, bulletin_id).updated_at += timedelta(minutes=1)
    assert here.look() == 0, "an edit of what went back is no second return"


def test_remarks_are_told_to_author_and_thread_but_not_to_who_made_them(house: Centre) -> None:
    author, approver = house.actor(Role.OPERATOR, DISTRICT), house.actor(Role.APPROVER, DISTRICT)
    here, talk = Watched(house), house.services.comments
    bulletin_id = sent(house, author, "Họp dân", "draft")
    first = talk.say(approver, bulletin_id, "Ngày nào?")
    here.look()
    assert (here.unread(author), here.unread(approver)) == (1, 0)
    talk.say(author, bulletin_id, "28/11", first)
    here.look()
    assert (here.unread(author), here.unread(approver)) == (1, 1)
    page = words(house.client(Role.APPROVER, DISTRICT).get("/thong-bao"))
    assert "1 ý kiến mới về “Họp dân” Katơr Thị Mai" in page


def test_a_second_person_is_told_that_an_emergency_waits(house: Centre) -> None:
    composer = house.actor(Role.OPERATOR, DISTRICT)
    second, far = house.actor(Role.APPROVER, PROVINCE), house.actor(Role.APPROVER, OTHER_DISTRICT)
    here = Watched(house)
    with house.database.write() as session:
        session.add(
            EmergencyRow(
                emergency_id="e", kind="live", hazard="flood", title="Lũ về", source="Đài KTTV",
                place_id=DISTRICT, target_ids=[DISTRICT], stations=9, lasts_s=600,
                until_at=house.clock() + timedelta(minutes=10), state="proposed",
                composed_by=composer.account_id, composed_by_name=composer.full_name,
                composed_at=house.clock(),
            )
        )  # fmt: skip
    here.look()
    assert (here.unread(second), here.unread(far), here.unread(composer)) == (1, 0, 0)
    page = words(house.client(Role.APPROVER, PROVINCE).get("/thong-bao"))
    assert "Tin khẩn cấp chờ xác nhận: Lũ về" in page
    assert "Katơr Thị Mai soạn, 9 trạm. Xác nhận được đến 17:26." in page


def test_what_one_person_sent_alone_waits_for_another_to_look_at_it(house: Centre) -> None:
    composer = house.actor(Role.OPERATOR, DISTRICT)
    second, far = house.actor(Role.APPROVER, PROVINCE), house.actor(Role.APPROVER, OTHER_DISTRICT)
    here = Watched(house)
    with house.database.write() as session:
        session.add(
            EmergencyRow(
                emergency_id="e", kind="live", hazard="flood", title="Lũ về", source="",
                place_id=DISTRICT, target_ids=[DISTRICT], stations=9, lasts_s=600,
                until_at=house.clock() + timedelta(minutes=10), state="sent",
                composed_by=composer.account_id, composed_by_name=composer.full_name,
                composed_at=house.clock(), sent_at=house.clock(), alone_why="không gọi được ai",
            )
        )  # fmt: skip
    here.look()
    assert (here.unread(second), here.unread(far), here.unread(composer)) == (1, 0, 0)
    page = words(house.client(Role.APPROVER, PROVINCE).get("/thong-bao"))
    assert "Phát khẩn cấp một mình, chờ xem lại: Lũ về" in page
    assert "Katơr Thị Mai phát lúc 17:16 25/11/2026 tới 9 trạm. Lý do: không gọi được ai" in page
    house.clock.move(days=3)
    here.look()
    assert here.unread(second) == 1, "it waits until somebody has looked"
    approver = house.client(Role.APPROVER, PROVINCE)
    assert approver.post("/khan-cap/e/da-xem").status_code == 303
    here.look()
    assert here.unread(second) == 0


def test_slots_nobody_heard_are_told_together_and_what_somebody_decided_is_not(
    house: Centre,
) -> None:
    district = house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house)
    stations = house.places.tree().stations_in([DISTRICT])
    with house.database.write() as session:
        for number, station in enumerate(stations):
            reason = {0: "stopped_by_operator", 1: "player_failed"}.get(number, "power_off")
            for slot_id, title in (("a" * 26, "Tin trưa"), ("b" * 26, "Tin chiều")):
                session.add(
                    SlotResultRow(
                        station_id=station.station_id, slot_id=slot_id, outcome="missed",
                        reason=reason, title=title, planned_at=house.clock(), planned_ms=60_000,
                    )
                )  # fmt: skip
    here.look()
    (line,) = here.lines(district)
    assert (line.kind, len(line.items)) == (NoticeKind.SLOT_FAILED, 16)
    page = words(house.client(Role.OPERATOR, DISTRICT).get("/thong-bao"))
    assert "2 buổi không phát trọn ở 8/9 xã huyện Bác Ái" in page
    assert "Không phát: mất điện, 14 lượt; không phát: máy phát lỗi, 2 lượt" in page


def test_who_wants_no_such_news_gets_none(house: Centre) -> None:
    district, admin = house.actor(Role.OPERATOR, DISTRICT), house.actor(Role.ADMIN, PROVINCE)
    house.services.notice_choices.save(district, "", {})
    here = Watched(house)
    gone(house, DISTRICT, minutes=12)
    here.look()
    assert here.lines(district) == []
    assert len(here.lines(admin)) == 1


def test_nobody_opens_the_news_of_another(house: Centre) -> None:
    house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house)
    gone(house, DISTRICT, minutes=12)
    here.look()
    (line,) = here.lines(house.actor(Role.OPERATOR, DISTRICT))
    other = house.client(Role.OPERATOR, OTHER_DISTRICT)
    assert other.get(f"/thong-bao/{line.notice_id}").status_code == 404
    own = house.client(Role.OPERATOR, DISTRICT)
    assert own.post("/thong-bao/da-doc").status_code == 303
    assert "Không có thông báo nào chưa đọc." in words(own.get("/thong-bao?loc=chua-doc"))


def test_the_bell_answers_only_what_changed(house: Centre) -> None:
    district = house.actor(Role.OPERATOR, DISTRICT)
    here = Watched(house)
    gone(house, DISTRICT, minutes=12)
    here.look()
    browser = house.client(Role.OPERATOR, DISTRICT)
    assert "Thông báo, 1 chưa đọc" in words(browser.get("/hom-nay"))
    said = browser.get("/thong-bao/so?tu=0.0").get_json()
    assert (said["count"], said["words"]) == (1, "Thông báo, 1 chưa đọc")
    assert browser.get(f"/thong-bao/so?tu={said['cursor']}").status_code == 204
    house.services.notices.read_all(district)
    assert browser.get(f"/thong-bao/so?tu={said['cursor']}").get_json()["count"] == 0


def test_choices_are_kept_as_ticked_and_a_bad_address_is_said_at_its_field(house: Centre) -> None:
    browser = house.client(Role.OPERATOR, DISTRICT)
    bad = browser.post("/thong-bao/chon", email="mai@", **{"returned.page": "1"})
    assert bad.status_code == 422
    assert "Gõ địa chỉ thư như ten@vidu.vn." in words(bad)
    fine = browser.post("/thong-bao/chon", email="mai@bacai.vn", **{"returned.page": "1"})
    assert fine.status_code == 303
    page = browser.get("/thong-bao/chon").text
    assert 'value="mai@bacai.vn"' in page
    assert page.count(" checked>") == 1
    assert 'name="centre.page"' not in page, "the centre's own troubles go to the province"
    province = house.client(Role.OPERATOR, PROVINCE).get("/thong-bao/chon").text
    assert 'name="centre.page"' in province
    assert "Trung tâm chưa đặt máy chủ thư" in page
    assert browser.get("/thong-bao/duong-gui").status_code == 403
