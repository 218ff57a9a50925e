"""The link, the broker, the centre and an agent are cut and killed; nothing is lost or doubled.

One district of real processes goes through it all in turn. Each slot is checked at the station
(its own journal, as the centre stored it) and on the screens.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from urllib3.exceptions import HTTPError

from controller.domain.accounts import Role
from controller.link.broker_access import broker_folder
from controller.storage.models import JournalEntryRow, SlotResultRow, SlotRow
from tests.support import sound
from tests.support.person import Person, next_minute
from tests.support.province import Province, province, until
from tests.support.proxy import LinkProxy

pytestmark = pytest.mark.real

DISTRICT = "bac-ai"
CUT, KILLED = "bac-ai-phuoc-binh", "bac-ai-phuoc-hoa"
STATIONS = (CUT, KILLED, "bac-ai-phuoc-tan")
SPOOLED = "controller.services.spool:Spool.take:after"
SOUND_MADE = "controller.services.ingest_desk:IngestDesk.done:before"
APPROVED = "controller.services.bulletins:Bulletins.approve:after"
SAVED = "controller.services.schedules:Schedules.save:after"
SIGNED = "controller.services.plans:Plans.refresh:after"
PUBLISHED = "controller.services.outbox:Outbox.published:before"
EVIDENCE_CAME = "controller.services.as_run:AsRun.store_journals:before"
EVIDENCE_STORED = "controller.services.as_run:AsRun.store_journals:after"
POINTS = (
    *(SPOOLED, SOUND_MADE, APPROVED, SAVED, SIGNED, PUBLISHED),
    *(EVIDENCE_CAME, EVIDENCE_STORED),
)
"""Where the centre can be made to die: done, but nobody was told; or about to be done."""

SPEECH_S = 12.0
LEAD = timedelta(seconds=15)


@dataclass
class District:
    """Three stations of a district, one of them behind a link that can be cut."""

    province: Province
    proxy: LinkProxy
    operator: Person
    upload: Path
    bulletin_id: str

    def schedule(self, lead: timedelta = LEAD) -> datetime:
        """Schedule the bulletin at the next whole minute, and wait until all hold that plan."""
        at = next_minute(datetime.now(UTC), lead)
        answer = self.operator.schedule_once(self.bulletin_id, at, list(STATIONS))
        assert answer.status == 303, answer.text
        return at

    def arm(self, *points: str) -> None:
        """From now on the centre dies once at each of these."""
        for point in points:
            (self.province.folder / point).touch()

    def survives(self, *points: str) -> None:
        """It died at each, and serves again."""
        for point in points:
            until(f"died at {point}", lambda path=point: self.has_died_at(path), within_s=90)
        self.province.wait_for_centre()
        until("the operator's page is back", self.operator.is_well)

    def has_died_at(self, point: str) -> bool:
        return not (self.province.folder / point).exists()

    def slot_id(self, at: datetime) -> str:
        with self.province.centre.database.read() as session:
            return session.scalars(select(SlotRow.slot_id).where(SlotRow.starts_at == at)).one()

    def outcomes(self, at: datetime) -> dict[str, tuple[str, str | None]]:
        """Outcome and reason by station, as the centre knows them now."""
        with self.province.centre.database.read() as session:
            rows = session.execute(
                select(SlotResultRow.station_id, SlotResultRow.outcome, SlotResultRow.reason).where(
                    SlotResultRow.planned_at == at
                )
            )
            return {row.station_id: (row.outcome, row.reason) for row in rows}

    def counts(self, at: datetime, kind: str) -> dict[str, int]:
        """How many journal lines of that kind each station has of that slot."""
        slot_id = self.slot_id(at)
        with self.province.centre.database.read() as session:
            rows = session.execute(
                select(JournalEntryRow.station_id, JournalEntryRow.evidence).where(
                    JournalEntryRow.kind == kind
                )
            ).all()
        found: dict[str, int] = {}
        for station_id, evidence in rows:
            if evidence["slot_id"] == slot_id:
                found[station_id] = found.get(station_id, 0) + 1
        return found

    def all_hold(self) -> bool:
        """Whether every station holds the newest plan and its sound, by its own word."""
        views = [self.operator.get(f"/tram/{one}").text for one in STATIONS]
        return all("đúng bản mới nhất" in view and "chưa nhận" not in view for view in views)

    def all_online(self) -> bool:
        states = self.operator.tile_states()
        return all(states[one] in {"ok", "air"} for one in STATIONS)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    folder = tmp_path_factory.mktemp("chaos")
    upload = sound.write_sound(folder / "ban-tin.mp3", sound.speech_like(SPEECH_S, seed=5))
    with province(folder, POINTS) as made:
        port = int((broker_folder(made.settings) / "port").read_text(encoding="ascii"))
        with LinkProxy(port) as proxy:
            for station_id in STATIONS:
                broker = {"broker": {"port": proxy.port}} if station_id == CUT else {}
                made.add_station(station_id, **broker)
                made.start_agent(station_id)
            operator = made.desk(Role.OPERATOR, DISTRICT)
            bulletin_id = operator.upload("Bản tin thử", upload)
            operator.submit(bulletin_id)
            made.desk(Role.APPROVER, DISTRICT).approve(bulletin_id)
            yield District(made, proxy, operator, upload, bulletin_id)
            for agent in made.agents.values():
                agent.stop()


def test_a_station_without_a_link_airs_on_time_and_is_shown_once(district: District) -> None:
    until("all online", district.all_online, within_s=60)
    at = district.schedule()
    until("all hold plan and sound", district.all_hold)
    district.proxy.cut()
    _sleep_until(at + timedelta(seconds=2))
    assert CUT not in district.counts(at, "start")
    _sleep_until(at + timedelta(seconds=SPEECH_S + 8))
    others = {one for one in STATIONS if one != CUT}
    assert {one for one, (how, _) in district.outcomes(at).items() if how == "aired"} == others
    district.proxy.mend()
    until(
        "the cut station's journal arrives",
        lambda: CUT in district.counts(at, "as_run"),
        within_s=60,
    )
    assert district.outcomes(at) == dict.fromkeys(STATIONS, ("aired", None))
    assert district.counts(at, "as_run") == dict.fromkeys(STATIONS, 1)
    assert district.counts(at, "start") == dict.fromkeys(STATIONS, 1)
    lines = [sign for slot, sign in district.operator.signs(CUT) if slot == district.slot_id(at)]
    assert lines == ["aired"]


def test_a_broker_that_forgot_everything_costs_a_minute_and_no_slot(district: District) -> None:
    until("all online", district.all_online, within_s=60)
    os.kill(district.province.broker_pid(), signal.SIGKILL)
    shutil.rmtree(broker_folder(district.province.settings) / "store", ignore_errors=True)
    at = district.schedule(timedelta(seconds=30))
    until("every station holds the new plan", district.all_hold, within_s=60)
    until("all aired", lambda: _all_aired(district, at), within_s=120)
    assert district.counts(at, "as_run") == dict.fromkeys(STATIONS, 1)


def test_a_killed_centre_comes_back_without_losing_or_doubling_a_slot(district: District) -> None:
    at = district.schedule()
    until("all hold plan and sound", district.all_hold)
    district.province.server.kill()
    _sleep_until(at + timedelta(seconds=3))
    district.province.start_centre()
    until("all aired", lambda: _all_aired(district, at), within_s=120)
    assert district.counts(at, "as_run") == dict.fromkeys(STATIONS, 1)
    assert district.counts(at, "start") == dict.fromkeys(STATIONS, 1)


def test_a_centre_killed_at_each_step_of_a_bulletin_loses_and_doubles_nothing(
    district: District,
) -> None:
    until("all online", district.all_online, within_s=180)
    operator, approver = district.operator, district.province.desk(Role.APPROVER, DISTRICT)
    district.arm(SPOOLED)
    with suppress(HTTPError):
        operator.upload("Bản tin hai", district.upload)
    district.survives(SPOOLED)
    district.arm(SOUND_MADE)
    answer = operator.post("/ban-tin/moi", title="Bản hai", language="vi", sound=district.upload)
    district.survives(SOUND_MADE)
    bulletin_id = answer.location.rstrip("/").rsplit("/", 1)[-1]
    progress = f"/ban-tin/{bulletin_id}/tien-do"
    until("the sound is ready", lambda: not operator.get(progress).json["processing"], within_s=180)
    operator.submit(bulletin_id)
    district.arm(APPROVED)
    with suppress(HTTPError):
        approver.approve(bulletin_id)
    district.survives(APPROVED)
    at = next_minute(datetime.now(UTC), timedelta(seconds=45))
    district.arm(SAVED, PUBLISHED)
    with suppress(HTTPError):
        answer = operator.schedule_once(bulletin_id, at, list(STATIONS))
        pytest.fail(f"nobody was killed: {answer.status} {answer.text}")
    until("the answer was lost", lambda: district.has_died_at(SAVED))
    district.arm(SIGNED)
    district.survives(SIGNED, PUBLISHED)
    district.arm(EVIDENCE_CAME, EVIDENCE_STORED)
    until("all aired", lambda: _all_aired(district, at), within_s=180)
    district.survives(EVIDENCE_CAME, EVIDENCE_STORED)
    assert district.counts(at, "as_run") == dict.fromkeys(STATIONS, 1)
    assert district.counts(at, "start") == dict.fromkeys(STATIONS, 1)


def test_an_agent_killed_in_mid_play_reports_cut_short_and_never_plays_it_again(
    district: District,
) -> None:
    until("all online", district.all_online, within_s=60)
    at = district.schedule()
    until("all hold plan and sound", district.all_hold)
    _sleep_until(at + timedelta(seconds=5))
    district.province.agents[KILLED].kill()
    time.sleep(1)
    district.province.start_agent(KILLED)
    until("it tells what happened", lambda: KILLED in district.counts(at, "as_run"), within_s=60)
    outcome, reason = district.outcomes(at)[KILLED]
    assert outcome == "cut_short"
    assert reason in {"agent_down", "power_off"}
    _sleep_until(at + timedelta(seconds=SPEECH_S + 20))
    assert district.counts(at, "start")[KILLED] == 1
    assert district.counts(at, "as_run") == dict.fromkeys(STATIONS, 1)
    assert ("cut_short") in [
        sign for slot, sign in district.operator.signs(KILLED) if slot == district.slot_id(at)
    ]


def test_afterwards_every_slot_has_exactly_one_outcome_at_every_station(district: District) -> None:
    with district.province.centre.database.read() as session:
        slots = session.scalar(select(func.count()).select_from(SlotRow))
        results = session.execute(select(SlotResultRow.station_id, SlotResultRow.outcome)).all()
    assert slots
    assert sorted(row.station_id for row in results) == sorted(STATIONS * slots)
    assert not {row.outcome for row in results} - {"aired", "cut_short"}


def _all_aired(district: District, at: datetime) -> bool:
    return district.outcomes(at) == dict.fromkeys(STATIONS, ("aired", None))


def _sleep_until(at: datetime) -> None:
    time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
