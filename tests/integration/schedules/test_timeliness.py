"""From the approval to the loudspeaker: three times at each station, and who was slowest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.errors import NotFoundError
from controller.services.timeliness import StationTimes, Timeliness
from controller.storage.models import HoldingRow, JournalEntryRow, SlotResultRow, SlotRow
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, a_wish, desk, sound_of
from tests.support.web import DISTRICT, NOW, OTHER_DISTRICT, PROVINCE, words

FAST, SLOW, SILENT = "bac-ai-phuoc-hoa", "bac-ai-phuoc-binh", "bac-ai-phuoc-tan"


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        Studio(built.centre, tmp_path)
        yield built


def held(at_desk: Desk, station_id: str, sha256: str, at: datetime, *, now: bool = True) -> None:
    """A station says that it holds a sound, or that it once did."""
    with at_desk.centre.database.write() as session:
        session.merge(
            HoldingRow(station_id=station_id, sha256=sha256, held=now, size_bytes=9, at=at)
        )


def aired(at_desk: Desk, slot: SlotRow, station_id: str, *, late_s: float = 0) -> None:
    with at_desk.centre.database.write() as session:
        session.add(
            SlotResultRow(
                station_id=station_id, slot_id=slot.slot_id, outcome="aired", title=slot.title,
                planned_at=slot.starts_at, planned_ms=slot.duration_ms,
                started_at=slot.starts_at + timedelta(seconds=late_s),
                played_ms=slot.duration_ms, source="journal",
            )
        )  # fmt: skip


def times(at_desk: Desk, bulletin_id: str, place_id: str = DISTRICT) -> Timeliness:
    book = at_desk.centre.services.timeliness
    return book.of(at_desk.actor(Role.AUDITOR, place_id), bulletin_id)


def by_station(found: Timeliness) -> dict[str, StationTimes]:
    return {one.station_id: one for one in found.stations}


def test_each_station_has_its_three_times_and_the_slowest_stands_in_front(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    first, second = at_desk.slots()[:2]
    sha = sound_of(bulletin_id)
    held(at_desk, FAST, sha, NOW + timedelta(minutes=2))
    held(at_desk, SLOW, sha, NOW + timedelta(hours=20))
    at_desk.centre.clock.move(days=3)
    aired(at_desk, first, FAST)
    aired(at_desk, second, FAST)
    aired(at_desk, second, SLOW)
    at_desk.ended(first, SLOW, "missed", "offline_no_file")
    found = times(at_desk, bulletin_id)
    assert (len(found.stations), found.held, found.aired) == (9, 2, 2)
    fast, slow = (by_station(found)[one] for one in (FAST, SLOW))
    assert (fast.approved_at, fast.held_at) == (NOW, NOW + timedelta(minutes=2))
    assert (fast.aired_at, slow.aired_at) == (first.starts_at, second.starts_at)
    assert found.slowest_held == timedelta(hours=20)
    assert found.slowest_aired == second.starts_at - NOW
    assert [one.station_id for one in found.stations[-2:]] == [SLOW, FAST]
    assert all(one.aired_at is None for one in found.stations[:-2])


def test_what_is_no_longer_held_is_told_by_the_journal_of_when_it_came(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    slot, sha = at_desk.slots()[0], sound_of(bulletin_id)
    at_desk.centre.clock.move(days=3)
    held(at_desk, FAST, sha, NOW + timedelta(days=2), now=False)
    with at_desk.centre.database.write() as session:
        for number, minutes in ((1, 7), (2, 9)):
            session.add(
                JournalEntryRow(
                    station_id=FAST, journal_id="j", entry_no=number, clock="network",
                    at=NOW + timedelta(minutes=minutes), kind="holding", received_at=NOW,
                    evidence={"kind": "holding", "sha256": sha, "held": True},
                )
            )  # fmt: skip
    assert by_station(times(at_desk, bulletin_id))[FAST].held_at is None, "it never aired"
    aired(at_desk, slot, FAST)
    assert by_station(times(at_desk, bulletin_id))[FAST].held_at == NOW + timedelta(minutes=7)


def test_new_sound_is_measured_anew_and_an_older_airing_is_not_its_first(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    slot = at_desk.slots()[0]
    aired(at_desk, slot, FAST)
    at_desk.centre.clock.move(days=1)
    with at_desk.centre.database.write() as session:
        at_desk.add_version(session, bulletin_id, "rog", 5)
        for station in at_desk.centre.places.tree().stations_in([DISTRICT]):
            assert station.language_order == ("vi",)
    found = by_station(times(at_desk, bulletin_id))
    assert found[FAST].approved_at == NOW, "Raglai is not what these stations hear"
    assert found[FAST].aired_at == slot.starts_at


def test_only_own_stations_are_told_and_a_stranger_is_told_nothing(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    editor = at_desk.actor(Role.OPERATOR, PROVINCE)
    at_desk.schedules.save(editor, a_wish(bulletin_id, target_ids=(DISTRICT, OTHER_DISTRICT)))
    here = {one.station_id for one in times(at_desk, bulletin_id).stations}
    assert here == {one.station_id for one in at_desk.centre.places.tree().stations_in([DISTRICT])}
    assert len(times(at_desk, bulletin_id, PROVINCE).stations) > 9
    with pytest.raises(NotFoundError):
        times(at_desk, bulletin_id, OTHER_DISTRICT)


def test_the_page_marks_the_slowest_and_tells_remote_communes_apart(at_desk: Desk) -> None:
    bulletin_id = at_desk.bulletin()
    at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id))
    slot, sha = at_desk.slots()[0], sound_of(bulletin_id)
    held(at_desk, FAST, sha, NOW + timedelta(minutes=2))
    held(at_desk, SLOW, sha, NOW + timedelta(hours=2))
    at_desk.centre.clock.move(days=1)
    aired(at_desk, slot, FAST)
    answer = at_desk.centre.client(Role.OPERATOR, DISTRICT).get(f"/ban-tin/{bulletin_id}")
    page = words(answer)
    assert "2/9 trạm đã giữ, chậm nhất 2 giờ; 1/9 trạm đã phát, chậm nhất 12 giờ 23 phút." in page
    slow = answer.text.split(f'data-times="{SLOW}"')[1].split("</tr>")[0]
    fast = answer.text.split(f'data-times="{FAST}"')[1].split("</tr>")[0]
    assert re.search(r'name="comment"[^>]*></textarea>', answer.text), "nothing was typed yet"
    assert "sau 2 giờ" in slow
    assert slow.count("chậm nhất") == 1
    assert "chậm nhất" not in fast, "the only one that aired is slower than nobody"
    other = at_desk.bulletin("Không ai đặt lịch")
    page = words(at_desk.centre.client(Role.OPERATOR, DISTRICT).get(f"/ban-tin/{other}"))
    assert "Từ lúc duyệt đến lúc vang" not in page
