"""A board with something on it: three slots at all 65 stations, one of which has fallen silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from pathlib import Path

from controller.domain.accounts import Role
from controller.services.board import Board
from controller.services.station_page import StationPages
from controller.storage.models import (
    HoldingRow,
    ProgrammeRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
    StationStateRow,
)
from tests.support.web import NOW, PROVINCE, Centre

STATION = "bac-ai-phuoc-binh"
SHA = "ab" * 32
PAST, PRESENT, NEXT = "a" * 26, "b" * 26, "c" * 26


def minutes(count: float) -> timedelta:
    """So many."""
    return timedelta(minutes=count)


@contextmanager
def busy_centre(folder: Path) -> Iterator[Centre]:
    """A centre with that board, closed at the end."""
    made = Centre(folder)
    made.add(
        board=Board(made.database, made.clock, made.places),
        station_pages=StationPages(made.database, made.clock, made.places),
    )
    _plan(made)
    _state(made)
    try:
        yield made
    finally:
        made.close()


def _plan(centre: Centre) -> None:
    """Three slots at all 65: one past, one now, one to come."""
    editor = centre.actor(Role.OPERATOR, PROVINCE)
    with centre.database.write() as session:
        session.add(
            ProgrammeRow(
                programme_id="p", title="Bản tin", place_id=PROVINCE,
                created_by=editor.account_id, created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            ScheduleRow(
                schedule_id="s", programme_id="p", place_id=PROVINCE, authority="province",
                recurrence="once", airs_at=time(17), starts_on=NOW.date(),
                created_by=editor.account_id, created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        session.add(ScheduleTargetRow(schedule_id="s", place_id=PROVINCE))
        for slot_id, at, title in (
            (PAST, NOW - minutes(360), "Bản tin trưa"),
            (PRESENT, NOW - minutes(5), "Chương trình tiếng Raglai"),
            (NEXT, NOW + minutes(23), "Bản tin chiều tỉnh"),
        ):
            session.add(
                SlotRow(
                    slot_id=slot_id, schedule_id="s", airs_on=NOW.date(), starts_at=at,
                    duration_ms=900_000, title=title, priority="priority", authority="province",
                    lateness_s=300, items=[{"sha256": SHA, "size_bytes": 1_800_000}],
                )
            )  # fmt: skip


def _state(centre: Centre) -> None:
    """Everybody online but Phước Bình, which has fallen silent and missed the past slot."""
    with centre.database.write() as session:
        for number, station_id in enumerate(centre.places.tree().stations, start=1):
            is_lost = station_id == STATION
            session.merge(
                StationStateRow(
                    station_id=station_id,
                    shown_state="unknown" if is_lost else "ready",
                    shown_since_at=NOW - minutes(45),
                    last_heartbeat_at=NOW - minutes(45 if is_lost else 0.2),
                    plan_version_held=11 if is_lost else 12,
                    plan_version_sent=12,
                    change_no=number,
                )
            )
            session.merge(result(station_id, PAST, "missed" if is_lost else "aired"))
            if not is_lost:
                session.merge(result(station_id, PRESENT, "sounding"))
                session.merge(
                    HoldingRow(station_id=station_id, sha256=SHA, held=True, size_bytes=1, at=NOW)
                )


def result(station_id: str, slot_id: str, outcome: str) -> SlotResultRow:
    """How a slot ended at a station."""
    planned_at = NOW - minutes(360 if slot_id == PAST else 5)
    missed = outcome == "missed"
    return SlotResultRow(
        station_id=station_id,
        slot_id=slot_id,
        outcome=outcome,
        reason="offline_no_file" if missed else None,
        title="Bản tin trưa" if slot_id == PAST else "Chương trình tiếng Raglai",
        planned_at=planned_at,
        planned_ms=900_000,
        started_at=None if missed else planned_at,
        start_error_ms=None if missed else 0.4,
        played_ms=0 if missed else 900_000,
    )


def touch(centre: Centre, station_id: str, change_no: int, **values: object) -> None:
    """Change what is known of a station's state."""
    with centre.database.write() as session:
        row = session.get_one(StationStateRow, station_id)
        row.change_no = change_no
        for name, value in values.items():
            setattr(row, name, value)
