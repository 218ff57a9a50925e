"""Evidence in, words out: "Vì sao?" tells what the station and the centre know of a slot."""

from __future__ import annotations

import re
from datetime import time, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.services.station_page import StationPages
from controller.storage.models import JournalEntryRow, SlotRow
from station_protocol.messages import StartEntry, StopDeed, TraceEntry, TraceFact
from station_protocol.vocabulary import ClockLevel, FactCode, Outcome, Priority, Reason
from tests.support import wire
from tests.support.fleet import STATION, Province
from tests.support.web import COMMUNE, DISTRICT, Browser


@pytest.fixture
def here(town: Province) -> Province:
    """On SQLite: the same plans and lines are read on both engines by the tests of evidence."""
    return town


def planned(here: Province, **changes: Any) -> SlotRow:
    """The first slot of a schedule the station holds, and its pages are served."""
    here.schedule(**changes)
    here.plans.refresh()
    places = here.places
    here.centre.add(
        station_pages=StationPages(here.database, here.clock, places),
        orders=here.orders,
        schedules=here.desk.schedules,
    )
    return here.slots()[0]


def fact(slot: SlotRow, code: FactCode | str, seconds: float = 0, **values: Any) -> TraceFact:
    return TraceFact(code=code, at=slot.starts_at + timedelta(seconds=seconds), **values)


def tells(here: Province, slot: SlotRow, *facts: TraceFact, **ran: Any) -> None:
    """The station sends how the slot ended, and why."""
    trace = TraceEntry(slot_id=slot.slot_id, revision=1, facts=facts)
    here.journal(wire.entry(here.ran(slot, **ran), no=42), wire.entry(trace, no=43))


def page(here: Province, slot: SlotRow, browser: Browser | None = None, **query: str) -> str:
    browser = browser or here.centre.client(Role.OPERATOR, DISTRICT)
    day = (slot.starts_at + timedelta(hours=7)).date().isoformat()
    answer = browser.get(f"/tram/{STATION}", query_string={"ngay": day, **query})
    assert answer.status_code == 200
    return answer.text


def story(text: str, slot: SlotRow) -> str:
    """What is read in one slot's story, on one line."""
    found = re.search(
        rf'<details class="whybox" id="vi-sao-{slot.slot_id}".*?</details>', text, re.S
    )
    assert found, text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def test_the_story_of_a_cut_slot_reads_in_order(here: Province) -> None:
    slot = planned(here)
    here.go_to(slot, minutes=10)
    tells(
        here,
        slot,
        fact(slot, FactCode.PLAN_HELD, -5, epoch=1, version=12),
        fact(slot, FactCode.CLOCK, -5, level=ClockLevel.CONTROLLER, error_ms=40.4),
        fact(slot, FactCode.FILES, -5, why="complete", have=1, need=1, sha256="ab" * 6),
        fact(slot, FactCode.STARTED, error_ms=12.0, ms=0),
        fact(
            slot, FactCode.CUT, 47, why="preempted", by="flood-1",
            title="Tin bão khẩn", priority=Priority.EMERGENCY,
        ),
        fact(slot, FactCode.PLAYED, 47, ms=47_000, of_ms=180_000),
        outcome=Outcome.CUT_SHORT,
        reason=Reason.PREEMPTED,
        played_ms=47_000,
    )  # fmt: skip
    told = story(page(here, slot), slot)
    local = slot.starts_at + timedelta(hours=7)
    before = f"{local - timedelta(seconds=5):%H:%M:%S}"
    expected = (
        f"{before} Giữ lịch bản 12, đồng hồ tin được (sai tối đa 0,04 giây), đủ tệp âm thanh."
    )
    assert expected in told
    assert "Bắt đầu vang, lệch 0,01 giây." in told
    assert "Nhường sóng cho “Tin bão khẩn” (khẩn cấp), đã vang 00:47 trên 03:00." in told
    assert told.index("Giữ lịch") < told.index("Bắt đầu vang") < told.index("Nhường sóng")
    assert told.endswith("Theo sổ của trạm, dòng 43.")


def test_a_story_begins_with_the_rule_and_ends_with_what_to_do(here: Province) -> None:
    slot = planned(here)
    here.go_to(slot, minutes=10)
    missed = {"outcome": Outcome.MISSED, "reason": Reason.CLOCK_UNTRUSTED}
    tells(here, slot, fact(slot, FactCode.CLOCK, -5, level=ClockLevel.NONE), **missed)
    told = story(page(here, slot), slot)
    rule, approval = told.index("đặt lịch"), told.index("duyệt “")
    assert max(rule, approval) < told.index("Đồng hồ chưa tin được")
    assert told.index("Nên làm gì: Cho trạm nối với trung tâm") > approval


def test_who_took_the_air_and_who_stopped_it_is_named_with_the_reason(here: Province) -> None:
    ordinary = planned(here)
    here.schedule(priority=Priority.PRIORITY, airs_at=time(5, 34))
    here.plans.refresh()
    rival = next(one for one in here.slots() if one.priority == "priority")
    here.go_to(ordinary, minutes=5)
    officer = here.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    here.orders.order(officer, STATION, StopDeed())
    here.go_to(ordinary, minutes=20)
    tells(
        here,
        ordinary,
        fact(
            ordinary, FactCode.CUT, 240, why="preempted", by=rival.slot_id,
            title=rival.title, priority=Priority.PRIORITY,
        ),
        outcome=Outcome.CUT_SHORT,
        reason=Reason.PREEMPTED,
    )  # fmt: skip
    trace = TraceEntry(slot_id=rival.slot_id, revision=1, facts=(fact(rival, FactCode.STARTED),))
    stopped = here.ran(rival, outcome=Outcome.CUT_SHORT, reason=Reason.STOPPED_BY_OPERATOR)
    here.journal(wire.entry(stopped, no=44), wire.entry(trace, no=45))
    text = page(here, ordinary)
    maker = here.desk.actor().full_name
    assert (
        f"“{rival.title}” do {maker}, huyện Bác Ái đặt; tin ưu tiên đi trước tin thông thường"
        in story(text, ordinary)
    )
    assert f"{officer.full_name} ra lệnh dừng loa" in story(text, rival)


def test_a_trace_sent_twice_is_stored_once_and_told_once(here: Province) -> None:
    slot = planned(here)
    here.go_to(slot, minutes=10)
    for _ in range(2):
        tells(here, slot, fact(slot, FactCode.PREPARED))
    assert story(page(here, slot), slot).count("Tệp đúng") == 1


def test_evidence_of_an_unknown_kind_is_stored_whole_and_decides_nothing(here: Province) -> None:
    slot = planned(here)
    here.go_to(slot, minutes=10)
    answer = here.journal(wire.entry(wire.unread(), no=1), wire.entry(here.ran(slot), no=2))
    assert answer.ack.stored_up_to == 2
    assert here.verdict(slot) == ("aired", None)
    with here.database.read() as session:
        row = session.scalars(select(JournalEntryRow).where(JournalEntryRow.entry_no == 1)).one()
        assert row.kind == "listening"
        assert row.evidence == wire.unread().model_dump(mode="json")
    assert "không có diễn biến" in story(page(here, slot), slot)


# --- one engine is enough from here on ------------------------------------------------------------


def test_english_is_told_by_the_switch(town: Province) -> None:
    slot = planned(town)
    town.go_to(slot, minutes=10)
    tells(town, slot, fact(slot, FactCode.PLAN_HELD, epoch=1, version=12))
    browser = town.centre.client(Role.OPERATOR, DISTRICT)
    browser.post("/ngon-ngu", language="en")
    told = story(page(town, slot, browser), slot)
    assert told.startswith("Why?")
    assert "Plan version 12 was held." in told


def test_what_a_newer_station_notes_is_told_as_such(town: Province) -> None:
    slot = planned(town)
    town.go_to(slot, minutes=10)
    tells(town, slot, fact(slot, "microphone", 3))
    assert "Trạm ghi microphone." in story(page(town, slot), slot)


def test_a_time_of_a_clock_nobody_trusted_is_marked(town: Province) -> None:
    slot = planned(town)
    town.go_to(slot, minutes=10)
    back = fact(
        slot, FactCode.RESTARTED, 300, is_sure=False, why="power_off", other_at=slot.starts_at
    )
    tells(town, slot, back, outcome=Outcome.MISSED, reason=Reason.POWER_OFF, played_ms=0)
    told = story(page(town, slot), slot)
    assert "trước đó mất điện" in told
    assert re.search(r"~\d\d:\d\d:\d\d Máy chạy lại", told)
    assert "Dấu ~ là giờ theo đồng hồ lúc đó chưa tin được." in told


def test_a_slot_to_come_tells_what_the_station_says_it_holds(town: Province) -> None:
    slot = planned(town)
    town.beat()
    told = story(page(town, slot), slot)
    assert "chưa đến giờ" in told
    assert "Trạm báo đang giữ lịch bản 1, có buổi này." in told


def test_an_old_plan_at_the_station_is_named_with_the_newest(town: Province) -> None:
    town.schedule()
    town.plans.refresh()
    town.beat()
    town.schedule(airs_at=(town.clock.at + timedelta(hours=9)).time().replace(second=0))
    late = {row.slot_id for row in town.slots()} - set(_slots_of(town))
    slot = next(row for row in town.slots() if row.slot_id in late)
    town.plans.refresh()
    town.centre.add(station_pages=StationPages(town.database, town.clock, town.places))
    told = story(page(town, slot), slot)
    assert "giữ lịch bản 1, chưa có buổi này; bản mới nhất là 2" in told


def _slots_of(town: Province) -> list[str]:
    return [slot.slot_id for slot in town.plan_of().message.slots]


def test_a_station_never_heard_from_is_told_as_unknown_with_the_link_it_lost(
    town: Province,
) -> None:
    slot = planned(town)
    town.beat()
    town.go_to(slot, minutes=6)
    town.as_run.sweep()
    town.as_run.reconcile()
    told = story(page(town, slot), slot)
    assert "chưa nhận được sổ của trạm" in told
    assert "Trạm mất kết nối từ" in told
    assert "chưa nối lại" in told
    assert "Theo trung tâm" in told


def test_what_the_centre_decided_itself_says_so(town: Province) -> None:
    slot = planned(town)
    town.go_to(slot, hours=25)
    town.as_run.reconcile()
    told = story(page(town, slot), slot)
    assert "Quá 24 giờ chưa có sổ của trạm" in told


def test_a_cancelled_slot_names_who_cancelled_it(town: Province) -> None:
    slot = planned(town)
    town.desk.schedules.cancel_slot(town.desk.actor(), slot.slot_id, "trùng lễ")
    told = story(page(town, slot), slot)
    assert "Katơr Thị Mai hủy buổi này: trùng lễ." in told


def test_hostile_words_of_a_station_are_only_words(town: Province) -> None:
    slot = planned(town)
    town.go_to(slot, minutes=10)
    bad = "<script>alert(1)</script>"
    tells(town, slot, fact(slot, FactCode.AIR_TAKEN, title=bad, by="x"))
    text = page(town, slot)
    assert bad not in text
    assert bad in story(text, slot)


def test_one_story_is_told_open_for_whoever_comes_from_the_slot(town: Province) -> None:
    slot = planned(town)
    browser = town.centre.client(Role.OPERATOR, DISTRICT)
    assert f'id="vi-sao-{slot.slot_id}">' in page(town, slot, browser)
    assert f'id="vi-sao-{slot.slot_id}" open>' in page(town, slot, browser, buoi=slot.slot_id)
    link = re.search(
        r'href="(/tram/[^"]+#vi-sao-[^"]+)"', browser.get(f"/lich/buoi/{slot.slot_id}").text
    )
    assert link is not None
    answer = browser.get(unescape(link[1]).split("#")[0])
    assert f'id="vi-sao-{slot.slot_id}" open>' in answer.text


@pytest.mark.parametrize("spoilt", [{"facts": "no list"}, {}, {"kind": "trace", "slot_id": 3}])
def test_a_stored_trace_that_cannot_be_read_spoils_no_page(
    town: Province, spoilt: dict[str, Any]
) -> None:
    slot = planned(town)
    town.go_to(slot, minutes=10)
    tells(town, slot, fact(slot, FactCode.PREPARED))
    with town.database.write() as session:
        row = session.scalars(select(JournalEntryRow).where(JournalEntryRow.entry_no == 43)).one()
        row.evidence = spoilt
    assert "không có diễn biến" in story(page(town, slot), slot)


def test_what_sounded_by_order_is_a_line_without_a_schedule_and_a_drill_is_none(
    here: Province,
) -> None:
    slot = planned(here)
    here.go_to(slot, minutes=1)
    by_order = {"slot_id": "e" * 26, "title": "Xả lũ hồ Sông Cái", "order_id": "flood"}
    drill = {"slot_id": "d" * 26, "title": "Diễn tập xả lũ", "order_id": "drill", "exercise": True}
    here.journal(
        wire.entry(here.ran(slot, **by_order), no=41), wire.entry(here.ran(slot, **drill), no=42)
    )
    begun = StartEntry(
        slot_id="f" * 26, revision=1, started_at=here.clock(), order_id="fire", exercise=False
    )
    here.journal(wire.entry(begun, no=43))
    text = page(here, slot)
    assert "Xả lũ hồ Sông Cái" in text
    assert "ngoài lịch" in text
    assert "Tin phát theo lệnh" in text, "its title comes when it is over"
    assert f"/lich/buoi/{'e' * 26}" not in text
    assert "Diễn tập xả lũ" not in text
