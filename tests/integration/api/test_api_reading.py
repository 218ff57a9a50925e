"""What the API tells is what the pages tell: stations, stories, bulletins, schedules, readiness."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.domain.accounts import Role
from controller.domain.notices import ALARMS
from controller.storage.models import JournalEntryRow, NoticeRow, SlotResultRow, StationStateRow
from controller.web.api_v1.alarms import AlarmKind
from station_protocol.messages import TraceEntry, TraceFact
from station_protocol.vocabulary import FactCode
from tests.support.api import Neighbours, a_token, an_alarm, asked
from tests.support.schedule_desk import TOMORROW, a_wish
from tests.support.warnings import Watch
from tests.support.web import COMMUNE, DISTRICT, NOW, OTHER_DISTRICT, PROVINCE

OTHER_COMMUNE = "bac-ai-phuoc-hoa"


def _told(world: Neighbours, path: str, token: str = "") -> Any:
    answer = asked(world.here, token or world.token, path)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/json"
    return answer.json


def _all(world: Neighbours, path: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while cursor is not None:
        separator = "&" if "?" in path else "?"
        part = _told(world, f"{path}{separator}limit=2" + (f"&cursor={cursor}" if cursor else ""))
        assert len(part["items"]) <= 2
        yield from part["items"]
        cursor = part["next_cursor"]


def test_stations_are_told_in_parts_and_by_state(world: Neighbours) -> None:
    with world.here.database.write() as session:
        session.merge(
            StationStateRow(
                station_id=COMMUNE, shown_state="ready", last_heartbeat_at=NOW, shown_since_at=NOW
            )
        )
    found = list(_all(world, "/stations"))
    tree = world.here.places.tree()
    own = {station.station_id for station in tree.stations_in([DISTRICT])}
    assert [one["station_id"] for one in found] == sorted(own)
    (ready,) = _told(world, "/stations?state=ready")["items"]
    assert (ready["station_id"], ready["since_at"]) == (COMMUNE, "2026-11-25T10:06:40Z")
    assert ready["name"] == "Đài truyền thanh xã Phước Bình"


def test_a_station_tells_why_each_slot_ended_so_by_codes(world: Neighbours) -> None:
    slot = world.slot
    facts = (
        TraceFact(code=FactCode.PLAN_HELD, at=slot.starts_at, epoch=1, version=12),
        TraceFact(code=FactCode.FILES, at=slot.starts_at, why="damaged", have=0, need=1),
    )
    trace = TraceEntry(slot_id=slot.slot_id, revision=0, facts=facts)
    with world.here.database.write() as session:
        session.add(
            SlotResultRow(
                station_id=COMMUNE, slot_id=slot.slot_id, outcome="missed", reason="file_corrupt",
                title=slot.title, planned_at=slot.starts_at, planned_ms=slot.duration_ms,
                played_ms=0, source="journal", journal_id="j", entry_no=7,
            )
        )  # fmt: skip
        session.add(
            JournalEntryRow(
                station_id=COMMUNE, journal_id="j", entry_no=8, at=slot.starts_at, clock="synced",
                kind="trace", evidence=trace.model_dump(mode="json"), received_at=slot.starts_at,
            )
        )  # fmt: skip
    told = _told(world, f"/stations/{COMMUNE}/slots?on={TOMORROW}")
    (line,) = [one for one in told["items"] if one["slot_id"] == slot.slot_id]
    assert (line["outcome"], line["reason"]) == ("missed", "file_corrupt")
    story = line["story"]
    assert story["silence"] is None
    assert story["journal_entry"] == 8
    assert [fact["code"] for fact in story["facts"]] == [
        "scheduled", "approved", "plan_held", "files",
    ]  # fmt: skip
    held, files = story["facts"][2:]
    assert (held["told_by"], held["plan_version"]) == ("station", 12)
    assert (files["why"], files["sounds_held"], files["sounds_needed"]) == ("damaged", 0, 1)
    page = _told(world, f"/slots/{slot.slot_id}")
    outcomes = {one["station_id"]: one["outcome"] for one in page["stations"]}
    assert outcomes.pop(COMMUNE) == "missed"
    assert set(outcomes.values()) == {"coming"}


def test_a_day_of_a_station_is_today_when_none_is_named(world: Neighbours) -> None:
    told = _told(world, f"/stations/{COMMUNE}/slots")
    assert (told["on"], told["items"]) == ("2026-11-25", [])
    coming = _told(world, f"/stations/{COMMUNE}/slots?on={TOMORROW}")["items"]
    assert [one["story"]["silence"] for one in coming] == ["coming"]


def test_one_station_tells_the_sounds_it_needs(world: Neighbours) -> None:
    told = _told(world, f"/stations/{COMMUNE}")
    assert told["place"] == {"place_id": COMMUNE, "name": "xã Phước Bình"}
    assert [sound["is_held"] for sound in told["sounds"]] == [False]
    assert told["machine"]["agent_version"] is None


def test_bulletins_are_found_in_parts_and_one_is_read_whole(world: Neighbours) -> None:
    for number in range(3):
        world.here.clock.move(seconds=1)
        world.desk.bulletin(f"Tin {number}")
    titles = [one["title"] for one in _all(world, "/bulletins")]
    assert titles[:3] == ["Tin 2", "Tin 1", "Tin 0"]
    assert sorted(titles[3:]) == ["Họp dân", "Tiết kiệm nước mùa khô"]
    (found,) = _told(world, "/bulletins?q=hop+dan&state=draft")["items"]
    whole = _told(world, f"/bulletins/{world.draft_id}")
    assert (whole["bulletin"], whole["text"]) == (found, "Mời bà con.")
    whole = _told(world, f"/bulletins/{world.bulletin_id}")
    assert whole["versions"][0]["state"] == "ready"
    assert whole["versions"][0]["approved_by"] == "Trần Văn Lộc"


def test_what_is_made_between_two_parts_moves_nothing_into_the_second(world: Neighbours) -> None:
    first = _told(world, "/bulletins?limit=1")
    world.here.clock.move(seconds=5)
    world.desk.bulletin("Mới")
    second = _told(world, f"/bulletins?limit=1&cursor={first['next_cursor']}")
    titles = {one["title"] for one in first["items"] + second["items"]}
    assert titles == {"Họp dân", "Tiết kiệm nước mùa khô"}


def test_shared_bulletins_of_others_are_told_when_asked_for(world: Neighbours) -> None:
    seen = world.studio.version(world.owner, world.bulletin_id)
    world.here.services.sharing.share(world.owner, world.bulletin_id, row_version=seen)
    neighbour = world.neighbour_token
    assert _told(world, "/bulletins", neighbour)["items"] == []
    (shared,) = _told(world, "/bulletins?shared=true", neighbour)["items"]
    assert (shared["bulletin_id"], shared["is_shared"]) == (world.bulletin_id, True)


def test_schedules_from_above_are_told_where_they_air_and_no_others(world: Neighbours) -> None:
    world.here.clock.move(seconds=1)
    editor = world.here.actor(Role.OPERATOR, PROVINCE)
    above = world.desk.schedules.save(
        editor,
        a_wish(
            world.desk.bulletin("Tin tỉnh", place_id=PROVINCE),
            target_ids=(PROVINCE,),
            airs_at=world.slot.starts_at.replace(hour=17, minute=0).time(),
        ),
    )
    found = list(_all(world, "/schedules"))
    assert [one["schedule_id"] for one in found] == [above.schedule_id, world.schedule_id]
    assert (found[1]["airs_at"], found[1]["weekdays"]) == ("05:30", [1, 2, 3, 4, 5])
    theirs = _told(world, "/schedules", world.neighbour_token)["items"]
    assert [one["schedule_id"] for one in theirs] == [above.schedule_id]
    whole = _told(world, f"/schedules/{above.schedule_id}")
    assert whole["may_change"] is False
    assert whole["slots"][0]["stations"]["total"] == 9


def test_a_week_tells_its_slots_and_how_many_stations_aired_them(world: Neighbours) -> None:
    world.desk.ended(world.slot, COMMUNE, "aired")
    told = _told(world, f"/week?on={TOMORROW}")
    assert (told["monday"], told["station_count"]) == ("2026-11-23", 9)
    first = told["items"][0]
    assert first["slot_id"] == world.slot.slot_id
    assert (first["stations"]["total"], first["stations"]["aired"]) == (9, 1)


def test_readiness_tells_which_stations_lack_what(world: Neighbours) -> None:
    world.here.clock.move(hours=11)
    (coming,) = _told(world, "/readiness")["coming"]
    assert (coming["slot_id"], coming["urgency"]) == (world.slot.slot_id, "2_h")
    assert (coming["ready"], coming["total"], coming["is_at_risk"]) == (0, 9, True)
    assert {gap for one in coming["not_ready"] for gap in one["gaps"]} == {"sound"}
    world.desk.ended(world.slot, COMMUNE, "missed", "power_off")
    world.here.clock.move(hours=3)
    (failed,) = _told(world, "/readiness")["failed"]
    assert failed["stations"] == [
        {"station_id": COMMUNE, "outcome": "missed", "reason": "power_off"}
    ]


def test_an_emergency_tells_what_each_station_did(world: Neighbours, tmp_path: Path) -> None:
    watch = Watch(world.desk, tmp_path)
    watch.up(COMMUNE)
    emergency_id = watch.sent()
    (order,) = watch.orders(emergency_id)
    watch.replies(order.order_id, COMMUNE)
    listed = _told(world, "/emergencies")["items"]
    assert [one["state"] for one in listed] == ["sent", "proposed"]
    assert (listed[0]["is_running"], listed[0]["confirmed_by"]) == (True, "Trần Văn Lộc")
    told = _told(world, f"/emergencies/{emergency_id}")
    heard = {one["station_id"]: one["heard"] for one in told["stations"]}
    assert heard.pop(COMMUNE) == "received"
    assert set(heard.values()) == {"lost"}
    assert told["parts"][0]["part"] == "all_clear"
    assert _told(world, "/emergencies", world.neighbour_token)["items"] == []


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31", "2026-02-30", "mai"])
def test_days_nobody_plans_for_are_refused(shared: Neighbours, on: str) -> None:
    answer = asked(shared.here, shared.token, f"/week?on={on}")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "on")


def test_an_officer_of_a_commune_is_told_of_the_commune_only(world: Neighbours) -> None:
    officer = world.here.actor(Role.COMMUNE_OFFICER, COMMUNE)
    token = a_token(world.here, officer, "stations:read", "schedules:read")
    stations = _told(world, "/stations", token)["items"]
    assert [one["station_id"] for one in stations] == [COMMUNE]
    page = _told(world, f"/slots/{world.slot.slot_id}", token)
    assert [one["station_id"] for one in page["stations"]] == [COMMUNE]
    assert NOW + timedelta(days=1) > world.slot.starts_at


def test_figures_of_a_place_are_those_of_the_report(world: Neighbours) -> None:
    world.here.clock.move(hours=3)
    told = _told(world, f"/figures?place={COMMUNE}&length=year&year=2026")
    assert told["place"]["place_id"] == COMMUNE
    assert (told["period"]["first_on"], told["period"]["last_on"]) == ("2026-01-01", "2026-12-31")
    (station,) = told["stations"]
    assert (station["station_id"], station["is_effective"]) == (COMMUNE, False)
    settled, share = told["sums"]["settled"], told["sums"]["availability"]
    assert share["whole"] == sum(settled.values()) - settled["maint_s"] > 0
    assert _told(world, "/figures")["period"]["number"] == 11
    neighbour = asked(world.here, world.neighbour_token, f"/figures?place={COMMUNE}")
    assert neighbour.status_code == 404
    assert asked(world.here, world.token, "/figures?length=half&number=3").status_code == 422


def test_alarms_are_told_in_parts_the_last_first_and_each_with_its_facts(world: Neighbours) -> None:
    here = world.here
    an_alarm(here, "01b", DISTRICT, OTHER_COMMUNE, COMMUNE)
    an_alarm(here, "01c", OTHER_DISTRICT)
    an_alarm(here, "01d", DISTRICT, COMMUNE)
    assert [one["alarm_id"] for one in _all(world, "/alarms")] == ["01d", "01b", "01a"]
    told = _told(world, "/alarms/01b")
    assert told["alarm"] == {
        "alarm_id": "01b",
        "kind": "station_down",
        "severity": "page",
        "state": "open",
        "place": {"place_id": DISTRICT, "name": "huyện Bác Ái"},
        "station_ids": sorted([COMMUNE, OTHER_COMMUNE]),
        "began_at": "2026-11-25T10:04:40Z",
        "told_at": "2026-11-25T10:06:40Z",
        "ended_at": None,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "escalated_at": None,
    }
    assert [(one["station_id"], one["holds"]) for one in told["things"]] == [
        (one, True) for one in sorted([COMMUNE, OTHER_COMMUNE])
    ]
    assert told["things"][0]["facts"]["state"] == "unknown"


def test_alarms_are_found_by_state_kind_and_place_and_old_ones_are_not_told(
    world: Neighbours,
) -> None:
    here = world.here
    for alarm_id, days in (("01b", 29), ("01c", 31)):
        an_alarm(here, alarm_id, DISTRICT, OTHER_COMMUNE)
        with here.database.write() as session:
            session.get_one(NoticeRow, alarm_id).closed_at = NOW - timedelta(days=days)
    found = {
        query: [one["alarm_id"] for one in _told(world, f"/alarms?{query}")["items"]]
        for query in (
            "state=open", "state=over", "state=taken", "kind=station_down", "kind=centre",
            f"place_id={COMMUNE}", f"place_id={OTHER_COMMUNE}", f"place_id={DISTRICT}",
        )
    }  # fmt: skip
    assert list(found.values()) == [
        ["01a"], ["01b"], [], ["01b", "01a"], [], ["01a"], ["01b"], ["01b", "01a"],
    ]  # fmt: skip
    answer = asked(here, world.neighbour_token, f"/alarms?place_id={DISTRICT}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert _told(world, "/alarms", world.neighbour_token)["items"] == []


def test_every_kind_of_alarm_has_its_name() -> None:
    assert {kind.value for kind in AlarmKind} == {kind.value for kind in ALARMS}
