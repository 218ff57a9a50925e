"""A province of any number of stations with a day behind it and a day to come.

The first 65 stations are the real ones; further districts of 50 communes are made up until there
are enough. Rows are written many at once through the tables of the models, as a day of service
would leave them: four slots aired, one sounding, four to come, sounds held, plans known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from controller import wiring
from controller.domain.accounts import Role
from controller.services.accounts import NewAccount
from controller.services.audit import Deed, record
from controller.settings import Settings
from controller.storage.models import (
    AccountRow,
    Base,
    HoldingRow,
    MetaRow,
    PlaceRow,
    ProgrammeRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotResultRow,
    SlotRow,
    StationPlanRow,
    StationRow,
    StationStateRow,
)
from tests.support.person import PASSWORD

PROVINCE = "ninh-thuan"
REAL_STATIONS = 65
COMMUNES_A_DISTRICT = 50
AT_ONCE = 5_000
AUDIT_ROWS = 2_000

HELD, WANTED = "aa" * 32, "bb" * 32
PLAN, OLDER_PLAN = 12, 11
LENGTH = timedelta(minutes=15)
PAST_H = (20, 14, 8, 2)
_LETTERS = "abcdefgh"
NEXT_MIN = (30, 360, 720, 1_200)
SOUNDING, NEXT = "sounding".ljust(26, "a"), "nexta".ljust(26, "a")
BOOT = "01936b1e-0000-7000-8000-0000000000cc"

Values = dict[str, Any]


def settings_of(folder: str, port: int) -> Settings:
    """The shipped settings in a folder of their own."""
    base = Settings(data_folder=folder)
    return Settings(data_folder=folder, web=type(base.web)(port=port))


def build(settings: Settings, stations: int) -> None:
    """Make the database with this many stations."""
    centre = wiring.build(settings)
    now = datetime.now(UTC)
    try:
        for role in Role:
            place = "bac-ai-phuoc-binh" if role is Role.COMMUNE_OFFICER else PROVINCE
            name = role.value.replace("_", "-")
            centre.services.accounts.create(
                None, NewAccount(name, f"{role.value} {place}", role, place, PASSWORD)
            )
        centre.services.accounts.create(
            None, NewAccount("district", "district", Role.OPERATOR, "bac-ai", PASSWORD)
        )
        with centre.database.write() as session:
            _add_stations(session, stations - REAL_STATIONS, now)
        centre.services.places.reload()
        ids = list(centre.services.places.tree().stations)
        with centre.database.write() as session:
            _add_day(session, ids, now)
        with centre.database.write() as session:
            for number in range(AUDIT_ROWS):
                record(
                    session,
                    None,
                    Deed("schedule.create", "schedule", f"s{number % 9}", PROVINCE, {}),
                    at=now - timedelta(minutes=number),
                )
    finally:
        centre.close()


def _many(session: Session, model: type[Base], rows: Iterable[Values]) -> None:
    batch: list[Values] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            session.execute(insert(cast(Table, model.__table__)), batch)
            batch = []
    if batch:
        session.execute(insert(cast(Table, model.__table__)), batch)


# --- places and stations --------------------------------------------------------------------------


def _add_stations(session: Session, wanted: int, now: datetime) -> None:
    if wanted <= 0:
        return
    communes = [(n // COMMUNES_A_DISTRICT, n % COMMUNES_A_DISTRICT) for n in range(wanted)]
    districts = sorted({district for district, _ in communes})
    _many(session, PlaceRow, (_district(number) for number in districts))
    _many(session, PlaceRow, (_commune(*one) for one in communes))
    _many(session, StationRow, (_station(*one, now) for one in communes))
    ids = [_commune_id(*one) for one in communes]
    _many(session, StationStateRow, (_silent(one) for one in ids))


def _district(number: int) -> Values:
    return _place(
        f"them-{number:03d}",
        kind="district",
        parent_id=PROVINCE,
        name=f"Huyện Thêm {number + 1}",
        kind_word="huyện",
        position=1_000 + number,
    )


def _commune_id(district: int, number: int) -> str:
    return f"them-{district:03d}-xa-{number:02d}"


def _commune(district: int, number: int) -> Values:
    return _place(
        _commune_id(district, number),
        kind="commune",
        parent_id=f"them-{district:03d}",
        name=f"Phước Thêm {number + 1}",
        kind_word="xã",
        zone=(None, "I", "II", "III")[number % 4],
        is_coastal=number % 7 == 0,
        position=number,
    )


def _place(place_id: str, **values: Any) -> Values:
    return {
        "place_id": place_id,
        "code": "",
        "zone": None,
        "is_coastal": False,
        "latitude": None,
        "longitude": None,
        "valid_from": date(2021, 1, 1),
        "valid_until": None,
        **values,
    }


def _station(district: int, number: int, now: datetime) -> Values:
    key = _commune_id(district, number)
    return {
        "station_id": key,
        "place_id": key,
        "name": f"Đài truyền thanh xã Phước Thêm {number + 1}",
        "language_order": ["vi"],
        "max_length_ms": 2_700_000,
        "registered_at": now,
    }


def _silent(station_id: str) -> Values:
    return {"station_id": station_id, "health_reasons": [], "refused": {}}


# --- a day of service -----------------------------------------------------------------------------


def _add_day(session: Session, ids: Sequence[str], now: datetime) -> None:
    slots = dict(_slots(now))
    _add_schedule(session, slots, now)
    _say_states(session, ids, now)
    past = {key: at for key, at in slots.items() if at < now}
    _many(session, SlotResultRow, _results(ids, past))
    _many(session, HoldingRow, _holdings(ids, now))
    _many(session, StationPlanRow, _plans(ids, slots, now))


def _slots(now: datetime) -> Iterator[tuple[str, datetime]]:
    for number, hours in enumerate(PAST_H):
        yield f"past{_LETTERS[number]}".ljust(26, "a"), now - timedelta(hours=hours)
    yield SOUNDING, now - timedelta(seconds=30)
    for number, minutes in enumerate(NEXT_MIN):
        yield f"next{_LETTERS[number]}".ljust(26, "a"), now + timedelta(minutes=minutes)


def _add_schedule(session: Session, slots: Mapping[str, datetime], now: datetime) -> None:
    author = session.query(AccountRow).first()
    assert author is not None
    who = {"created_by": author.account_id, "created_at": now}
    session.add(ProgrammeRow(programme_id="p", title="Bản tin tỉnh", place_id=PROVINCE, **who))
    session.flush()
    session.add(
        ScheduleRow(
            schedule_id="s",
            programme_id="p",
            place_id=PROVINCE,
            authority="province",
            recurrence="weekly",
            airs_at=time(5, 30),
            starts_on=now.date(),
            **who,
        )
    )
    session.flush()
    session.add(ScheduleTargetRow(schedule_id="s", place_id=PROVINCE))
    session.add_all(
        SlotRow(
            slot_id=key,
            schedule_id="s",
            airs_on=at.date(),
            starts_at=at,
            duration_ms=LENGTH // timedelta(milliseconds=1),
            title=f"Bản tin {key}",
            priority="priority",
            authority="province",
            lateness_s=300,
            items=[{"sha256": WANTED if at > now else HELD, "size_bytes": 1_800_000}],
        )
        for key, at in slots.items()
    )


def is_lost(number: int) -> bool:
    """One of a hundred is not heard of."""
    return number % 100 == 13


def _say_states(session: Session, ids: Sequence[str], now: datetime) -> None:
    table = cast(Table, StationStateRow.__table__)
    session.execute(table.delete())
    _many(session, StationStateRow, (_state(key, n, now) for n, key in enumerate(ids)))
    session.merge(MetaRow(key="change_no", value=str(len(ids))))


def _state(station_id: str, number: int, now: datetime) -> Values:
    lost = is_lost(number)
    seen = now - (timedelta(minutes=45) if lost else timedelta(seconds=5))
    return {
        **_silent(station_id),
        "last_heartbeat_at": seen,
        "boot_id": BOOT,
        "health": "ready",
        "on_air_slot_id": None if lost else SOUNDING,
        "on_air_until_at": None if lost else now + LENGTH,
        "plan_epoch_held": 1,
        "plan_version_held": OLDER_PLAN if lost else PLAN,
        "plan_version_highest": PLAN,
        "plan_epoch_sent": 1,
        "plan_version_sent": PLAN,
        "required_assets": 2,
        "held_assets": 1 if number % 100 == 29 else 2,
        "shown_state": "unknown" if lost else "on_air",
        "shown_since_at": seen,
        "change_no": number + 1,
    }


def _results(ids: Sequence[str], past: Mapping[str, datetime]) -> Iterator[Values]:
    for key, at in past.items():
        for number, station_id in enumerate(ids):
            missed = is_lost(number) and key.startswith(f"past{_LETTERS[len(PAST_H) - 1]}")
            if is_lost(number) and key == SOUNDING:
                continue
            outcome = "missed" if missed else "sounding" if key == SOUNDING else "aired"
            yield {
                "station_id": station_id,
                "slot_id": key,
                "outcome": outcome,
                "reason": "offline_no_file" if missed else None,
                "title": f"Bản tin {key}",
                "planned_at": at,
                "planned_ms": LENGTH // timedelta(milliseconds=1),
                "started_at": None if missed else at,
                "start_error_ms": None if missed else 0.4,
                "played_ms": 0 if missed else LENGTH // timedelta(milliseconds=1),
                "source": "journal",
            }


def _holdings(ids: Sequence[str], now: datetime) -> Iterator[Values]:
    for number, station_id in enumerate(ids):
        for sha256 in (HELD,) if number % 100 == 29 else (HELD, WANTED):
            yield {
                "station_id": station_id,
                "sha256": sha256,
                "held": True,
                "size_bytes": 1_800_000,
                "at": now,
            }


def _plans(ids: Sequence[str], slots: Mapping[str, datetime], now: datetime) -> Iterator[Values]:
    for station_id in ids:
        for version in (OLDER_PLAN, PLAN):
            named = list(slots)[: None if version == PLAN else -4]
            yield {
                "station_id": station_id,
                "epoch": 1,
                "version": version,
                "content_hash": "",
                "made_at": now - timedelta(hours=1),
                "covers_until_at": now + timedelta(days=14),
                "not_after_at": now + timedelta(days=15),
                "required_assets": [HELD, WANTED],
                "slots": dict.fromkeys(named, "digest"),
                "envelope": b"",
            }
