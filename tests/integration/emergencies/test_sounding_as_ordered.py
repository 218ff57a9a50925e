"""What sounds by an emergency or a drill is named so wherever a station is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.emergencies import Part
from controller.domain.periods import Basis, Length, period
from controller.domain.schedule import local_date
from controller.services import slot_results
from controller.services.board import Board
from controller.services.press import legible
from controller.services.reports import LogLine, Reports
from controller.services.schedule_findings import UnderWarning
from controller.services.station_page import StationPages
from controller.storage.models import JournalEntryRow, StationStateRow
from controller.web.paper.daily_log import log_document
from controller.web.report_rows import level_word
from controller.web.schedule_notes import notes
from station_protocol.airings import airing_id
from station_protocol.messages import AsRunEntry, Evidence, JournalEntry, StartEntry
from station_protocol.vocabulary import ClockLevel, Outcome
from tests.support.schedule_desk import a_wish
from tests.support.warnings import Watch, watch, wish
from tests.support.web import COMMUNE, DISTRICT, words

NOVEMBER = period(Basis.CALENDAR, Length.MONTH, 2026, 11)
TITLE = "Xả lũ hồ Sông Cái"
"""Of an emergency and of a drill alike: the title never tells which it is."""
KINDS = [("live", "emergency", "Khẩn cấp"), ("drill", "drill", "Diễn tập")]


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        centre = built.centre
        things = (centre.database, centre.clock, centre.places)
        centre.add(
            board=Board(*things),
            station_pages=StationPages(*things),
            reports=Reports(*things, centre.services.figures),
        )
        yield built


def ordered(w: Watch, kind: str, part: Part = Part.WARNING) -> str:
    """Sent to the district; the id of its order there."""
    if kind == "live":
        found = w.sent()
        if part is not Part.WARNING:
            w.live.call_off(w.composer, found, part)
    else:
        found = w.drills.propose(w.composer, wish())
        w.speak()
        w.drills.confirm(w.second, found, "diễn tập 9 trạm")
    return w.orders(found, part)[0].order_id


def says_it_sounds(w: Watch, slot_id: str) -> None:
    """A heartbeat, and nothing else: no journal has come yet."""
    now = w.centre.clock()
    with w.centre.database.write() as session:
        session.merge(
            StationStateRow(
                station_id=COMMUNE, shown_state="on_air", last_heartbeat_at=now, change_no=9,
                on_air_slot_id=slot_id, on_air_until_at=now + timedelta(seconds=40),
            )
        )  # fmt: skip


def tells(w: Watch, order_id: str, *, ended: bool, exercise: bool) -> None:
    """The station's journal of the first airing."""
    at, slot_id = w.centre.clock(), airing_id(order_id, 1)
    said: list[Evidence] = [
        StartEntry(
            slot_id=slot_id, revision=1, started_at=at, start_error_ms=4.0,
            order_id=order_id, exercise=exercise,
        )
    ]  # fmt: skip
    if ended:
        said.append(
            AsRunEntry(
                slot_id=slot_id, revision=1, outcome=Outcome.AIRED, planned_at=at,
                planned_ms=20_000, started_at=at, start_error_ms=4.0, played_ms=20_000,
                plan_epoch=1, plan_version=1, title=TITLE, order_id=order_id, exercise=exercise,
            )
        )  # fmt: skip
    with w.centre.database.write() as session:
        number = len(session.scalars(select(JournalEntryRow.entry_no)).all())
        lines = [
            JournalEntry(entry_no=number + no, at=at, clock=ClockLevel.NETWORK, evidence=one)
            for no, one in enumerate(said, 1)
        ]
        session.add_all(_kept(line) for line in lines)
        slot_results.take_in(session, COMMUNE, "j", lines, at)


def _kept(line: JournalEntry) -> JournalEntryRow:
    evidence = line.evidence.model_dump(mode="json")
    return JournalEntryRow(
        station_id=COMMUNE, journal_id="j", entry_no=line.entry_no, at=line.at,
        clock=line.clock.value, kind=evidence["kind"], evidence=evidence, received_at=line.at,
    )  # fmt: skip


def log_lines(w: Watch) -> list[LogLine]:
    today, reports = local_date(w.centre.clock()), w.centre.services.reports
    return list(reports.log(w.centre.actor(Role.AUDITOR, DISTRICT), COMMUNE, today, today))


def log_line(w: Watch) -> LogLine:
    (found,) = log_lines(w)
    return found


@pytest.mark.parametrize(("kind", "look", "word"), KINDS)
def test_the_first_heartbeat_shows_it_on_every_page_of_the_station(
    w: Watch, kind: str, look: str, word: str
) -> None:
    says_it_sounds(w, airing_id(ordered(w, kind), 1))
    reader = w.centre.client(Role.OPERATOR, DISTRICT)
    board = reader.get("/bang")
    css = {"live": "sos", "drill": "drill"}[kind]
    tile = re.search(rf'<a class="tile {css}" id="t-{COMMUNE}".*?</a>', board.text, re.DOTALL)
    assert tile is not None
    assert word in tile.group()
    assert f"{word} 1" in words(board), "the legend counts it apart"
    assert f'id="t-{COMMUNE}"' in reader.get(f"/bang?loc={look}").text
    assert f'id="t-{COMMUNE}"' in reader.get("/bang?loc=on_air").text
    line = words(reader.get("/bang/ban-do"))
    assert f"{word} {TITLE}" in line
    head = words(reader.get(f"/tram/{COMMUNE}"))
    said = {"live": "Đang phát khẩn cấp", "drill": "Đang phát diễn tập, không phải thật"}[kind]
    assert f"{said}: {TITLE}" in head
    commune = w.centre.client(Role.COMMUNE_OFFICER, COMMUNE).get(f"/xa/{COMMUNE}")
    assert f'<section class="onair {kind}">' in commune.text
    assert TITLE in words(commune)


@pytest.mark.parametrize("kind", ["live", "drill"])
def test_how_much_of_it_has_sounded_is_drawn_by_its_foretold_end(w: Watch, kind: str) -> None:
    order_id = ordered(w, kind)
    tells(w, order_id, ended=False, exercise=kind == "drill")
    w.centre.clock.move(seconds=10)
    officer = w.centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert 'class="meter"' not in officer.get(f"/xa/{COMMUNE}/thay-doi").text
    says_it_sounds(w, airing_id(order_id, 1))
    live = officer.get(f"/xa/{COMMUNE}/thay-doi")
    assert re.search(r'class="meter".*?class="fg" width="20.00%"', live.text)
    assert "lượt này đến" in words(live), "the warning itself goes on"


def test_the_end_of_an_emergency_is_named_and_no_longer_red(w: Watch) -> None:
    says_it_sounds(w, airing_id(ordered(w, "live", Part.ALL_CLEAR), 1))
    reader = w.centre.client(Role.OPERATOR, DISTRICT)
    assert f'class="tile air" id="t-{COMMUNE}"' in reader.get("/bang").text
    assert f"Đang phát: Hết nguy hiểm: {TITLE}" in words(reader.get(f"/tram/{COMMUNE}"))


@pytest.mark.parametrize(("kind", "look", "word"), KINDS)
def test_what_sounded_is_told_apart_in_the_strip_the_day_and_the_log(
    w: Watch, kind: str, look: str, word: str
) -> None:
    order_id = ordered(w, kind)
    tells(w, order_id, ended=True, exercise=kind == "drill")
    w.centre.clock.move(minutes=5)
    reader = w.centre.client(Role.AUDITOR, DISTRICT)
    board = reader.get("/bang").text
    assert f'class="of-{kind}"' in board
    assert re.search(rf'aria-label="24 giờ qua: [^"]*{word.lower()} 1"', board)
    day = words(reader.get(f"/tram/{COMMUNE}"))
    assert re.search(rf"{TITLE} {word} ngoài lịch", day)
    line = log_line(w)
    assert (line.title, line.authority, line.outcome) == (TITLE, look, "aired")
    assert word.lower() in level_word(line.authority).lower()


def test_a_drill_is_in_the_printed_log_and_in_none_of_its_sums(w: Watch) -> None:
    tells(w, ordered(w, "drill"), ended=True, exercise=True)
    tells(w, ordered(w, "live"), ended=True, exercise=False)
    tree, lines = w.centre.places.tree(), log_lines(w)
    with w.centre.app.test_request_context():
        facts = log_document(tree, tree.stations[COMMUNE], NOVEMBER, lines, organisation="")
    said = str(facts["blocks"])
    assert "◊ DIỄN TẬP, không phải thật: " + TITLE in legible(said), "the fonts have that sign"
    assert "▲ KHẨN CẤP: " + TITLE in legible(said)
    assert "Trong tháng có 1 buổi phát, trong đó 1 lần theo lệnh khẩn cấp" in said
    assert "Ngoài ra có 1 lần diễn tập, không tính vào số trên." in said


def test_a_drill_that_is_told_of_only_by_its_beginning_sounds_and_then_is_unknown(
    w: Watch,
) -> None:
    tells(w, ordered(w, "drill"), ended=False, exercise=True)
    assert log_line(w).outcome == "sounding"
    w.centre.clock.move(hours=2)
    assert log_line(w).outcome == "unknown"


def test_who_schedules_into_an_emergency_is_told_before_saving(w: Watch) -> None:
    w.sent()  # at 17:06 for an hour
    bulletin, schedules = w.desk.bulletin(), w.desk.schedules
    today = local_date(w.centre.clock())

    def found(at: time, target: str = DISTRICT) -> list[UnderWarning]:
        wish = a_wish(
            bulletin, recurrence="once", starts_on=today, ends_on=today, airs_at=at,
            target_ids=(target,),
        )  # fmt: skip
        preview = schedules.preview(w.desk.actor(), wish)
        with w.centre.app.test_request_context():
            told = [note.title for note in notes(preview)]
        said = "Đang có tin khẩn cấp “Xả lũ hồ Sông Cái” ở"
        judged = [one for one in preview.judgement.look_at if isinstance(one, UnderWarning)]
        assert any(title.startswith(said) for title in told) == bool(judged)
        return judged

    (warned,) = found(time(17, 30))
    assert len(warned.stations) == 9
    assert len(found(time(17, 30), COMMUNE)[0].stations) == 1
    assert found(time(18, 10)) == []
    w.live.call_off(w.composer, w.live.running(w.composer)[0].emergency_id, Part.ALL_CLEAR)
    assert found(time(17, 30)) == []
