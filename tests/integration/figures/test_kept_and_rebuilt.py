"""Figures kept while evidence comes in are those made anew from all of it, whatever happened."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from controller.domain.accounts import Role
from controller.domain.schedule import instant, local_date
from controller.services.as_run import AsRun
from controller.services.listening_checks import Heard, ListeningChecks
from controller.services.station_states import Beat
from controller.storage.models import (
    DayFigureRow,
    JournalEntryRow,
    ListeningCheckRow,
    MetaRow,
    ProgrammeRow,
    ScheduleRow,
    SlotResultChangeRow,
    SlotResultRow,
    SlotRow,
    SpeakerClusterRow,
    StaleDayRow,
    StationContactRow,
    StationFlipRow,
    StationRow,
    StationStateRow,
)
from station_protocol import messages as said
from station_protocol.vocabulary import ClockLevel, Outcome, Reason
from tests.support import wire
from tests.support.web import PROVINCE, Centre, Clock

STATION = "bac-ai-phuoc-binh"
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
SLOTS = [letter * 26 for letter in "abcdefghijkl"]
GONE = (
    DayFigureRow,
    StaleDayRow,
    MetaRow,
    StationFlipRow,
    JournalEntryRow,
    SlotResultRow,
    SlotResultChangeRow,
    ListeningCheckRow,
    StationStateRow,
)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    centre = Centre(tmp_path_factory.mktemp("kept"), clock=Clock(FIRST))
    author = centre.actor(Role.AUDITOR, PROVINCE)
    with centre.database.write() as session:
        for table in (SpeakerClusterRow, StationContactRow, StationStateRow, StationRow):
            session.execute(delete(table).where(table.station_id != STATION))
        session.add(
            ProgrammeRow(
                programme_id="p",
                title="Bản tin sáng",
                place_id=STATION,
                created_by=author.account_id,
                created_at=FIRST,
            )
        )
        session.flush()
        session.add(
            ScheduleRow(
                schedule_id="rule",
                programme_id="p",
                place_id=STATION,
                authority="commune",
                recurrence="weekly",
                airs_at=time(5, 30),
                starts_on=date(2026, 10, 1),
                created_by=author.account_id,
                created_at=FIRST,
            )
        )
        session.flush()
        for number, slot_id in enumerate(SLOTS):
            day = date(2026, 10, 1) + timedelta(days=number)
            session.add(
                SlotRow(
                    slot_id=slot_id,
                    schedule_id="rule",
                    airs_on=day,
                    starts_at=instant(day, time(5, 30)),
                    duration_ms=900_000,
                    title="Bản tin sáng",
                    priority="ordinary",
                    authority="commune",
                    lateness_s=300,
                    items=[],
                )
            )
    yield centre
    centre.close()


class Life:
    """One random history of one station: what it says, when it is heard, what the centre does."""

    def __init__(self, centre: Centre, seed: int) -> None:
        self.centre, self.chance = centre, random.Random(seed)  # noqa: S311 - not a secret
        self.as_run = AsRun(centre.database, centre.clock, centre.places, centre.settings.plan)
        self.checks = ListeningChecks(centre.database, centre.clock, centre.places)
        self.auditor = centre.actor(Role.AUDITOR, PROVINCE)
        self.head, self.stored, self.boot, self.journal = 0, 0, 1, 1
        self.waiting: list[said.JournalEntry] = []
        with centre.database.write() as session:
            for table in GONE:
                session.execute(delete(table))
            session.add(StationStateRow(station_id=STATION, health_reasons=[], refused={}))
        centre.clock.at = FIRST + timedelta(minutes=self.chance.randrange(1440))

    def now(self) -> datetime:
        return self.centre.clock.at

    def pass_time(self) -> None:
        minutes = self.chance.choice([1, 7, 90, 600, 1500, 2500])
        self.centre.clock.move(minutes=minutes, seconds=self.chance.randrange(60))
        if self.chance.random() < 0.7:
            self.as_run.sweep()
            self.as_run.reconcile()

    def write_line(self, evidence: Any, at: datetime | None = None, *, sure: bool = True) -> None:
        self.head += 1
        level = ClockLevel.CONTROLLER if sure else ClockLevel.NONE
        self.waiting.append(
            said.JournalEntry(
                entry_no=self.head, at=at or self.now(), clock=level, evidence=evidence
            )
        )

    def flip(self) -> None:
        health = self.chance.choice(["ready", "ready", "degraded"])
        self.write_line(said.FlipEntry(health=health), sure=self.chance.random() < 0.9)

    def reboot(self) -> None:
        off_at = self.now() - timedelta(minutes=self.chance.randrange(5))
        self.centre.clock.move(minutes=self.chance.choice([2, 60, 2000]))
        self.boot += 1
        self.write_line(said.FlipEntry(health="off", reasons=("power_off",)), at=off_at, sure=False)
        self.write_line(said.FlipEntry(health="starting"), sure=self.chance.random() < 0.5)

    def air(self) -> None:
        slot_id = self.chance.choice(SLOTS)
        planned = instant(date(2026, 10, 1) + timedelta(days=SLOTS.index(slot_id)), time(5, 30))
        if planned > self.now():
            return
        aired = self.chance.random() < 0.7
        self.write_line(
            said.AsRunEntry(
                slot_id=slot_id,
                revision=1,
                outcome=Outcome.AIRED if aired else Outcome.MISSED,
                reason=None if aired else Reason.POWER_OFF,
                planned_at=planned,
                planned_ms=900_000,
                started_at=planned if aired else None,
                start_error_ms=0.1 if aired else None,
                played_ms=900_000 if aired else 0,
                plan_epoch=1,
                plan_version=1,
                title="Bản tin sáng",
            )
        )

    def beat(self) -> None:
        health = self.chance.choice(["ready", "ready", "ready", "degraded"])
        message = wire.beat(
            station_id=STATION,
            boot_id=f"boot-{self.boot}",
            said_at=self.now(),
            health=health,
            on_air=None,
            journal_head=self.head,
            journal_stored_up_to=self.stored,
        )
        self.as_run.beats([Beat(message, self.now())])

    def hello(self) -> None:
        self.as_run.hello(
            wire.hello(
                station_id=STATION,
                boot_id=f"boot-{self.boot}",
                said_at=self.now(),
                journal_id=f"journal-{self.journal}",
                journal_head=self.head,
                journal_stored_up_to=self.stored,
            )
        )

    def forward(self) -> None:
        if not self.waiting:
            return
        count = self.chance.randrange(1, len(self.waiting) + 1)
        sent, self.waiting = self.waiting[:count], self.waiting[count:]
        self.as_run.store_journals(
            [
                said.JournalBatch(
                    station_id=STATION,
                    boot_id=f"boot-{self.boot}",
                    journal_id=f"journal-{self.journal}",
                    sent_mono_ms=1,
                    entries=tuple(sent),
                )
            ]
        )
        self.stored = sent[-1].entry_no

    def new_card(self) -> None:
        self.journal += 1
        self.head = self.stored = 0
        self.waiting = []
        self.hello()

    def listen(self) -> None:
        heard = self.chance.choice(list(Heard))
        back = timedelta(hours=self.chance.randrange(50))
        self.checks.write(self.auditor, STATION, heard, listened_at=self.now() - back)

    def keep_up(self) -> None:
        self.centre.services.day_book.keep_up()

    def live(self, events: int) -> None:
        self.hello()
        deeds = [
            *[self.pass_time] * 6,
            *[self.beat] * 5,
            *[self.forward] * 4,
            *[self.air] * 3,
            *[self.keep_up] * 3,
            *[self.flip] * 2,
            self.hello,
            self.reboot,
            self.listen,
        ]
        for _number in range(events):
            self.chance.choice(deeds)()
        if self.chance.random() < 0.1:
            self.new_card()
        self.keep_up()


def kept(centre: Centre) -> dict[date, dict[str, Any]]:
    names = [column.key for column in DayFigureRow.__table__.columns]
    with centre.database.read() as session:
        rows = session.scalars(select(DayFigureRow).where(DayFigureRow.station_id == STATION))
        return {row.day: {name: getattr(row, name) for name in names} for row in rows}


def lives(centre: Centre, seeds: range, events: int = 30) -> None:
    days = 0
    for seed in seeds:
        life = Life(centre, seed)
        life.live(events)
        before = kept(centre)
        centre.services.day_book.rebuild(local_date(FIRST), local_date(centre.clock()))
        assert kept(centre) == before, f"seed {seed}"
        days += len(before)
    assert days > len(seeds), "histories of several days"


def test_kept_is_rebuilt(centre: Centre) -> None:
    lives(centre, range(30))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1_000, 11_000, 2_500))
def test_kept_is_rebuilt_over_ten_thousand_histories(centre: Centre, first: int) -> None:
    lives(centre, range(first, first + 2_500), events=16)
