"""A year of the province as the tables hold it: 65 stations, 12 slots a day, every change of state.

Made by bulk inserts, the same each time. Each airing is a pair of changes (on air, ready again);
each station loses its link now and then, its journal explains most of that, and some slots are cut
short or missed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from controller.domain.accounts import Role
from controller.domain.schedule import instant
from controller.storage.models import (
    Base,
    BulletinRow,
    JournalEntryRow,
    ListeningCheckRow,
    ProgrammeRow,
    ScheduleRow,
    SlotBulletinRow,
    SlotResultRow,
    SlotRow,
    StationFlipRow,
    StationStateRow,
)
from tests.support.web import PROVINCE, Centre, Clock

YEAR = 2025
FIRST_ON = date(YEAR, 1, 1)
SLOTS = tuple(time(hour, 30) for hour in (5, 6, 7, 9, 10, 11, 13, 15, 16, 17, 18, 19))
PLANNED = timedelta(minutes=15)
AT_ONCE = 5_000
_LOST_ONE_DAY_IN = 6
_FAILED_ONE_IN = 40
_BULLETINS = 40

Row = dict[str, Any]
Lost = dict[date, tuple[datetime, datetime]]
"""On which days the link was lost, and from when until when."""


def open_centre(folder: Path, days: int) -> Centre:
    """The services over the database in a folder, on the 10th of the month behind the days."""
    centre = Centre(folder, clock=Clock(datetime(YEAR - 1, 12, 31, tzinfo=UTC)))
    last = FIRST_ON + timedelta(days=days - 1)
    centre.clock.at = instant(last + timedelta(days=10), time(9))
    return centre


def seed(centre: Centre, days: int) -> int:
    """Fill the tables with so many days from the 1st of January on; how many results of slots."""
    chance = random.Random(65)  # noqa: S311 - reproducible faults, not secrets
    stations = sorted(centre.places.tree().stations)
    dates = [FIRST_ON + timedelta(days=number) for number in range(days)]
    author = centre.actor(Role.OPERATOR, PROVINCE).account_id
    with centre.database.write() as session:
        _slots(session, dates, author)
    for station_id in stations:
        lost = {
            day: _silence(chance, day) for day in dates if not chance.randrange(_LOST_ONE_DAY_IN)
        }
        results = list(_results(chance, station_id, dates, lost))
        with centre.database.write() as session:
            _put(session, SlotResultRow, results)
            _put(session, StationFlipRow, _flips(station_id, results, lost))
            _put(session, JournalEntryRow, _journal(chance, station_id, results, lost))
            _put(session, ListeningCheckRow, _checks(station_id, dates, author))
            session.merge(_state(station_id, dates[-1]))
    return len(stations) * days * len(SLOTS)


def _put(session: Session, table: type[Base], rows: Iterable[Row]) -> None:
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        session.execute(insert(table), some)


def _slots(session: Session, dates: Sequence[date], author: str) -> None:
    created = datetime(YEAR - 1, 12, 31, tzinfo=UTC)
    _put(
        session,
        BulletinRow,
        (
            {
                "bulletin_id": f"bulletin-{number}",
                "title": f"Bản tin {number}",
                "category": ("flood", "health", "farming")[number % 3],
                "place_id": PROVINCE,
                "author_id": author,
                "state": "approved",
                "created_at": created,
                "updated_at": created,
            }
            for number in range(_BULLETINS)
        ),
    )
    session.execute(
        insert(ProgrammeRow),
        {
            "programme_id": "programme",
            "title": "Bản tin",
            "place_id": PROVINCE,
            "created_by": author,
            "created_at": created,
        },
    )
    session.execute(insert(ScheduleRow), _schedule(author, created))
    slots = [(day, number) for day in dates for number in range(len(SLOTS))]
    _put(session, SlotRow, (_slot(day, number) for day, number in slots))
    _put(
        session,
        SlotBulletinRow,
        (
            {
                "slot_id": _slot_id(day, number),
                "bulletin_id": f"bulletin-{(day.toordinal() + number) % _BULLETINS}",
            }
            for day, number in slots
        ),
    )


def _schedule(author: str, created: datetime) -> Row:
    return {
        "schedule_id": "rule",
        "programme_id": "programme",
        "place_id": PROVINCE,
        "authority": "province",
        "recurrence": "weekly",
        "airs_at": SLOTS[0],
        "starts_on": FIRST_ON,
        "created_by": author,
        "created_at": created,
    }


def _slot_id(day: date, number: int) -> str:
    return f"slot-{day:%Y%m%d}-{number:02d}"


def _slot(day: date, number: int) -> Row:
    item = {
        "sha256": "0" * 64,
        "size_bytes": 1,
        "duration_ms": 900_000,
        "bulletin_version_id": "version",
        "approved_by": "Trần Văn Lộc",
        "approved_at": "2025-01-01T00:00:00Z",
    }
    return {
        "slot_id": _slot_id(day, number),
        "schedule_id": "rule",
        "airs_on": day,
        "starts_at": instant(day, SLOTS[number]),
        "duration_ms": 900_000,
        "title": f"Bản tin {number}",
        "priority": "ordinary",
        "authority": ("province", "district", "commune")[number % 3],
        "lateness_s": 300,
        "items": [item],
    }


def _silence(chance: random.Random, day: date) -> tuple[datetime, datetime]:
    begins = instant(day, time(0)) + timedelta(minutes=chance.randrange(20 * 60))
    return begins, begins + timedelta(minutes=chance.randrange(5, 180))


def _results(
    chance: random.Random, station_id: str, dates: Sequence[date], lost: Lost
) -> Iterator[Row]:
    entry_no = 0
    for day in dates:
        for number, wall in enumerate(SLOTS):
            planned = instant(day, wall)
            entry_no += 1
            outcome, reason, played_ms = "aired", None, 900_000
            if not chance.randrange(_FAILED_ONE_IN):
                outcome, reason, played_ms = chance.choice(
                    [("missed", "power_off", 0), ("cut_short", "power_off", 300_000)]
                )
            yield {
                "station_id": station_id,
                "slot_id": _slot_id(day, number),
                "outcome": outcome,
                "reason": reason,
                "title": f"Bản tin {number}",
                "planned_at": planned,
                "planned_ms": 900_000,
                "started_at": planned if played_ms else None,
                "start_error_ms": 0.4 if played_ms else None,
                "played_ms": played_ms,
                "journal_id": "journal",
                "entry_no": entry_no,
                "decided_at": planned + PLANNED,
                "source": "journal",
            }


def _flips(station_id: str, results: Sequence[Row], lost: Lost) -> Iterator[Row]:
    """Ready, on air and ready again for each airing; silent when the link is lost."""
    changes: list[tuple[datetime, str]] = [(instant(FIRST_ON, time(0)), "ready")]
    for one in results:
        if one["started_at"] is not None:
            changes.append((one["started_at"], "on_air"))
            ends = one["started_at"] + timedelta(milliseconds=one["played_ms"])
            changes.append((ends, "ready"))
    for begins, ends in lost.values():
        changes = [one for one in changes if not begins <= one[0] <= ends]
        changes += [(begins, "unknown"), (ends, "ready")]
    for at, state in sorted(changes):
        yield {"station_id": station_id, "at": at, "state": state, "source": "heartbeat"}


def _journal(
    chance: random.Random, station_id: str, results: Sequence[Row], lost: Lost
) -> Iterator[Row]:
    """A line for each end of a slot, and the own changes of state: of half the silences off."""
    lines = [(one["decided_at"], {"kind": "as_run", "outcome": one["outcome"]}) for one in results]
    lines.append((instant(FIRST_ON, time(0)), _own("ready")))
    for begins, ends in lost.values():
        if chance.randrange(2):
            middle = begins + (ends - begins) / 2
            lines += [(begins, _own("off")), (middle, _own("ready"))]
    for number, (at, evidence) in enumerate(sorted(lines, key=lambda line: line[0]), start=1):
        yield {
            "station_id": station_id,
            "journal_id": "journal",
            "entry_no": number,
            "at": at,
            "clock": "controller",
            "kind": evidence["kind"],
            "evidence": evidence,
            "received_at": at,
        }


def _own(health: str) -> Row:
    return {"kind": "flip", "health": health, "reasons": []}


def _checks(station_id: str, dates: Iterable[date], author: str) -> Iterator[Row]:
    for day in dates:
        if day.day == 12:
            at = instant(day, SLOTS[0]) + timedelta(minutes=5)
            yield {
                "listening_check_id": f"{station_id}-{day:%Y%m%d}",
                "station_id": station_id,
                "heard": "heard",
                "listened_at": at,
                "note": "",
                "checked_by": author,
                "checked_by_name": "Katơr Thị Mai",
                "written_at": at,
            }


def _state(station_id: str, last: date) -> StationStateRow:
    told = instant(last, time(23, 59))
    return StationStateRow(station_id=station_id, journal_id="journal", journal_told_at=told)
