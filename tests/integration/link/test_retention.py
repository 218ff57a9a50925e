"""Evidence stays as long as its rule says, and goes counted and written down; figures stay."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from controller.services.retention import Kind, Retention, months_before
from controller.settings import KeepingSettings, SettingsError
from controller.storage.models import (
    AuditRow,
    DayFigureRow,
    HoldingRow,
    JournalEntryRow,
    MonthCloseRow,
    PieceRow,
    SlotResultRow,
    SlotRow,
)
from station_protocol.messages import FlipEntry, HoldingEntry, OnAir
from tests.support import wire
from tests.support.fleet import STATION, Province

TWO_YEARS_ON = datetime(2028, 12, 2, 3, 0, tzinfo=UTC)
"""The first days on which November 2026 is more than 24 whole months ago."""
GOES_ON = date(2028, 12, 1)


def rows(here: Province, table: Any) -> int:
    with here.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def keeping(here: Province, **changes: int) -> Retention:
    return Retention(here.database, here.clock, KeepingSettings(**changes))


def figures(here: Province) -> list[tuple[Any, ...]]:
    with here.database.read() as session:
        query = select(DayFigureRow.__table__).order_by(DayFigureRow.station_id, DayFigureRow.day)
        return [tuple(row) for row in session.execute(query)]


def a_day(here: Province) -> SlotRow:
    """A slot that aired, its lines, the station's own states; the day is over and counted."""
    here.schedule()
    here.plans.refresh()
    slot = here.slots()[0]
    here.go_to(slot)
    here.beat()
    here.beat(
        on_air=OnAir(slot_id=slot.slot_id, ends_at=here.clock() + timedelta(minutes=9), played_ms=1)
    )
    here.go_to(slot, minutes=11)
    here.beat()
    lines = [
        wire.entry(FlipEntry(health="starting"), no=1),
        wire.entry(FlipEntry(health="ready"), no=2),
        wire.entry(here.ran(slot), no=3),
    ]
    here.journal(*(line.model_copy(update={"at": here.clock()}) for line in lines))
    here.as_run.reconcile()
    here.clock.move(days=2)
    here.as_run.sweep()
    here.centre.services.day_book.keep_up()
    return slot


def states(here: Province) -> list[str]:
    return [state for state, _at, _source in here.flips()]


def close(here: Province) -> None:
    with here.database.write() as session:
        session.add(
            MonthCloseRow(
                station_id=STATION,
                basis="calendar",
                first_on=date(2026, 11, 1),
                closed_at=here.clock(),
                names={},
                figures={"ready_s": 1},
            )
        )


def test_evidence_goes_by_its_rule_counted_and_written_down_and_no_figure_moves(
    here: Province,
) -> None:
    a_day(here)
    before = figures(here)
    days = [row[1] for row in before]
    assert any(row[2] for row in before)  # ready for a while
    assert states(here) == ["ready", "on_air", "ready", "unknown"]
    keeping(here).keep_to_it()
    assert len(states(here)) == 4

    here.clock.move(days=91)
    keeping(here).keep_to_it()
    assert states(here) == ["ready", "unknown"]
    here.centre.services.day_book.rebuild(min(days), max(days))
    assert figures(here) == before
    told = {one.kind: one for one in keeping(here).kept()}
    assert (told[Kind.RESULTS].rows, told[Kind.RESULTS].goes_on) == (9, GOES_ON)
    assert (told[Kind.CLOSED_MONTHS].goes_on, told[Kind.DAY_FIGURES].goes_on) == (None, None)

    here.clock.at = TWO_YEARS_ON
    keeping(here).keep_to_it()  # the month is not closed
    close(here)
    keeping(here, evidence_months=0).keep_to_it()
    here.clock.at = TWO_YEARS_ON - timedelta(days=3)
    keeping(here).keep_to_it()
    assert rows(here, SlotResultRow) == 9
    here.clock.at = TWO_YEARS_ON
    gone = keeping(here).keep_to_it()
    assert rows(here, SlotResultRow) == 0
    with here.database.read() as session:
        (line,) = session.scalars(select(JournalEntryRow)).all()
        assert (line.kind, line.entry_no) == ("flip", 2)  # the state it was in, for the next month
        (deed,) = session.scalars(select(AuditRow).where(AuditRow.action == "evidence.prune")).all()
        assert deed.object_id == "2026-11"
        assert (deed.detail["slot_result"], deed.detail["journal_entry"]) == (9, 2)
        (told_gone,) = keeping(here).removed()
        assert (told_gone.kind, told_gone.rows) == (Kind.EVIDENCE, gone)
        assert (told_gone.at, told_gone.month) == (TWO_YEARS_ON, date(2026, 11, 1))
        assert (deed.detail["starts_on"], deed.detail["ends_on"]) == ("2026-11-01", "2026-11-30")
    assert rows(here, MonthCloseRow) == 1
    here.centre.services.day_book.rebuild(min(days), max(days))
    assert figures(here) == before  # not made anew from evidence that is gone
    assert keeping(here).keep_to_it() == 0


@pytest.mark.parametrize(
    "wrong", [{"evidence_months": 23}, {"aired_sound_months": 11}, {"flips_days": 89}]
)
def test_less_than_what_must_be_kept_cannot_be_set(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="at least"):
        KeepingSettings(**wrong)


def test_made_sound_nothing_plans_any_more_goes_and_what_is_planned_stays(town: Province) -> None:
    town.schedule()
    town.plans.refresh()
    slot = town.slots()[0]
    planned = slot.items[0]["sha256"]
    joined = {"kind": "joined", "parts": [["d" * 64, 0, 0]]}
    made = {
        "unplanned": ("a" * 64, {"kind": "ours", "name": "chime"}),
        "planned": (planned, joined),
        "part": ("d" * 64, {"kind": "said", "text": "Xin chào", "voice": "espeak:vi"}),
    }
    with town.database.write() as session:
        for name, (sha256, recipe) in made.items():
            session.add(
                PieceRow(
                    piece_id=name,
                    recipe=recipe,
                    state="ready",
                    wanted_at=town.clock(),
                    made_at=town.clock(),
                    sha256=sha256,
                )
            )
    town.clock.move(days=89)
    keeping(town).keep_to_it()
    assert rows(town, PieceRow) == 3
    town.clock.move(days=2)
    with town.database.write() as session:
        session.get_one(SlotRow, slot.slot_id).starts_at = town.clock() - timedelta(days=39)
    keeping(town).keep_to_it()
    with town.database.read() as session:
        left = set(session.scalars(select(PieceRow.piece_id)))
    assert left == {"planned", "part"}


def test_what_a_station_had_once_is_forgotten_after_90_days(town: Province) -> None:
    town.plans.refresh()
    gone = wire.entry(HoldingEntry(sha256=wire.SHA, held=False, why="evicted"), no=1)
    town.journal(gone.model_copy(update={"at": town.clock()}))
    assert rows(town, HoldingRow) == 1
    town.clock.move(days=91)
    keeping(town).keep_to_it()
    assert rows(town, HoldingRow) == 0


def test_months_are_counted_over_the_year() -> None:
    assert months_before(date(2026, 1, 31), 1) == date(2025, 12, 1)
    assert months_before(date(2026, 12, 31), -1) == date(2027, 1, 1)
