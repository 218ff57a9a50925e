"""Slot rows follow their rules until they start, and are history from then on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from controller.storage.models import BulletinRow, BulletinVersionRow, ScheduleExclusionRow
from tests.support.schedule_desk import Desk, a_wish, desk


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        yield built


def test_later_slots_are_made_as_the_window_moves_on(at_desk: Desk) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin(), ends_on=None))
    assert len(at_desk.slots()) == 10
    at_desk.centre.clock.move(days=7)
    at_desk.materialise()
    assert len(at_desk.slots()) == 15
    at_desk.materialise()
    assert {slot.revision for slot in at_desk.slots()} == {1}


def test_a_bulletin_no_longer_approved_leaves_its_slots_without_sound(at_desk: Desk) -> None:
    bulletin = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin))
    first, second = at_desk.slots()[:2]
    at_desk.centre.clock.at = first.starts_at + timedelta(seconds=1)
    at_desk.withdraw_approval(bulletin)
    at_desk.materialise()
    begun, coming = at_desk.slots()[:2]
    assert (begun.items, begun.revision) == (first.items, 1)
    assert (coming.items, coming.revision, coming.duration_ms) == ([], 2, second.duration_ms)


def test_newly_approved_sound_reaches_the_slots_to_come_at_a_higher_revision(at_desk: Desk) -> None:
    bulletin = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin))
    with at_desk.centre.database.write() as session:
        version = session.query(BulletinVersionRow).one()
        version.sha256, version.duration_ms = "c" * 64, 700_000
        row = session.get(BulletinRow, bulletin)
        assert row is not None
        row.title = "Tên mới"
    at_desk.materialise()
    assert {(s.title, s.duration_ms, s.revision) for s in at_desk.slots()} == {
        ("Tên mới", 700_000, 2)
    }
    assert at_desk.slots()[0].items[0]["sha256"] == "c" * 64


def test_a_slot_its_rule_no_longer_gives_is_cancelled_and_comes_back_with_it(at_desk: Desk) -> None:
    made = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin())).schedule_id
    day = date(2026, 11, 27)
    with at_desk.centre.database.write() as session:
        session.add(ScheduleExclusionRow(schedule_id=made, airs_on=day))
    at_desk.materialise()
    gone = at_desk.slots()[1]
    assert (gone.cancelled_by, gone.cancel_reason, gone.revision) == ("vang", "rule_gone", 2)
    with at_desk.centre.database.write() as session:
        session.query(ScheduleExclusionRow).delete()
    at_desk.materialise()
    back = at_desk.slots()[1]
    assert (back.cancelled_at, back.cancelled_by, back.revision) == (None, None, 3)


def test_a_slot_cancelled_by_somebody_called_like_the_system_stays_cancelled(
    at_desk: Desk,
) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    namesake = replace(at_desk.actor(), full_name="vang")
    at_desk.schedules.cancel_slot(namesake, at_desk.slots()[0].slot_id, "Nghỉ lễ")
    at_desk.materialise()
    assert at_desk.slots()[0].cancel_reason == "Nghỉ lễ"


def test_what_a_controller_that_was_away_should_have_planned_is_still_written_down(
    at_desk: Desk,
) -> None:
    at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin(), ends_on=None))
    at_desk.centre.clock.at = datetime(2026, 12, 10, 22, 45, tzinfo=UTC)  # 05:45 on 11/12
    at_desk.materialise()
    assert "11/12 05:30" in [at_desk.local(slot.starts_at) for slot in at_desk.slots()]
