"""A centre restored from yesterday's backup gets today's evidence from the stations' journals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from controller.services.keys import load_or_create
from controller.services.restoring import restore
from controller.settings import Settings
from controller.storage.models import DayFigureRow, JournalEntryRow, SlotResultRow, StationFlipRow
from station_protocol.messages import AsRunEntry, StartEntry
from tests.support.copied import Copied, target
from tests.support.fleet import STATION, Province, province
from tests.support.lived import Lived
from tests.support.web import Centre, Clock

DAY = date(2026, 11, 25)
EVENING = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
"""19:30 at the stations."""

OWN = {"decided_at", "received_at", "may_settle"}
"""When the centre itself learned it."""
OF_THE_PLAN = {"heard_ms", "bulletins"}
"""Of a day: whose and about what, which a journal does not tell."""


@contextmanager
def restored(copied: Copied, folder: Path, at: datetime) -> Iterator[Province]:
    """Another centre made of the newest backup."""
    restore(copied.backups, target(folder), at)
    centre = Centre(folder, Settings(), Clock(at))
    try:
        here = Province(centre)
        here.signer = load_or_create(folder / "keys").actual
        here.orders._signer = here.signer
        here.plans = here._plans()
        yield here
    finally:
        centre.close()


def evidence(here: Province) -> dict[str, list[dict[str, Any]]]:
    """What the centre knows of the station, but for when it learned it and what it saw itself."""
    here.as_run.reconcile()
    here.centre.services.day_book.keep_up()
    found = {}
    for table in (JournalEntryRow, SlotResultRow, DayFigureRow):
        columns = [
            column.key
            for column in table.__table__.columns
            if column.key not in OWN and "live" not in column.key
        ]
        query = select(table).where(table.station_id == STATION)
        if table is DayFigureRow:
            query = query.where(DayFigureRow.day == DAY)
        with here.database.read() as session:
            rows = session.scalars(query.order_by(*table.__table__.primary_key.columns))
            found[table.__tablename__] = [
                {name: getattr(row, name) for name in columns} for row in rows
            ]
    return found


def lived_through(copied: Copied, until: datetime) -> Lived:
    """Five slots: aired, aired behind the backup, planned and aired behind it, aired without a
    link, spoilt by a power cut."""
    for minute in (600 + 540 + 30 + step for step in (10, 30, 50, 70)):
        at = time(minute // 60, minute % 60)
        copied.air(b"Nghe %d" % minute, airs_at=at, starts_on=DAY)
    station = Lived(copied.here)
    station.boot().connect()
    station.run_until(EVENING + timedelta(minutes=25))
    copied.back_up(after=timedelta(0))
    copied.air(b"Nghe sau", airs_at=time(20, 10), starts_on=DAY)
    station.connect()
    station.run_until(EVENING + timedelta(minutes=47))
    station.disconnect()
    station.run_until(EVENING + timedelta(minutes=72))
    station.reboot(after_s=900, power_cut=True)
    station.connect()
    station.run(60)
    station.disconnect()
    station.run_until(until)
    station.connect()
    station.run(60)
    return station


def test_evidence_of_the_lost_day_comes_back_and_nothing_sounds_twice(tmp_path: Path) -> None:
    midnight = EVENING + timedelta(hours=4, minutes=40)
    with province(tmp_path) as here:
        here.clock.at = EVENING
        copied = Copied(here, tmp_path)
        station = lived_through(copied, midnight)
        before = evidence(here)
        old_epoch = station.store.memory.plan_epoch
        sounded = [heard.slot_id for heard in station.heard]
        with here.database.read() as session:
            assert session.scalar(select(StationFlipRow.station_id).limit(1)) == STATION
        station.disconnect()
        with restored(copied, tmp_path / "anew", here.clock.at) as again:
            station.here = again
            assert evidence(again) != before
            again.plans.refresh()
            station.connect()
            station.run(600)
            now_there = evidence(again)
            new_epoch = station.store.memory.plan_epoch

    lost = [
        line for line in before["journal_entry"] if line["at"] > EVENING + timedelta(minutes=27)
    ]
    assert len(lost) > 3
    known = len(before["journal_entry"])
    assert now_there["journal_entry"][:known] == before["journal_entry"]
    assert now_there["slot_result"] == before["slot_result"]
    (was,), (now_is,) = before["day_figure"], now_there["day_figure"]
    assert {k: v for k, v in now_is.items() if k not in OF_THE_PLAN} == {
        k: v for k, v in was.items() if k not in OF_THE_PLAN
    }
    assert was["due"] == 5
    lost_ms = now_is["heard_ms"].pop("authority:lost")
    assert (
        lost_ms == was["heard_ms"]["authority:district"] - now_is["heard_ms"]["authority:district"]
    )
    outcomes = sorted(row["outcome"] for row in before["slot_result"])
    assert outcomes == ["aired", "aired", "aired", "aired", "cut_short"]
    assert new_epoch > old_epoch
    assert [heard.slot_id for heard in station.heard] == sounded
    assert len(sounded) == len(set(sounded)) == 5
    told = [line.evidence for line in station.store.entries]
    for kind in (StartEntry, AsRunEntry):
        ids = [line.slot_id for line in told if isinstance(line, kind)]
        assert len(ids) == len(set(ids)) == 5
