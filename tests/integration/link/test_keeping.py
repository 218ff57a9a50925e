"""What is kept and for how long: keys for ever, plans until nobody can ask."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from controller.domain.accounts import Role
from controller.services.keys import load_or_create
from controller.services.pruning import Pruning
from controller.settings import KeepingSettings, SettingsError
from controller.storage import migrate
from controller.storage.database import Database
from controller.storage.models import (
    OutboxRow,
    SessionRow,
    SignedOrderRow,
    StationLimitsRow,
    StationPlanRow,
)
from station_protocol.messages import RefreshDeed
from station_protocol.vocabulary import DeedKind
from tests.support import wire
from tests.support.fleet import STATION, Province
from tests.support.web import DISTRICT


def test_keys_are_made_once_and_nobody_else_may_read_them(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "keys")
    again = load_or_create(tmp_path / "keys")
    assert again.actual.public_hex() == first.actual.public_hex()
    assert again.exercise.public_hex() == first.exercise.public_hex()
    assert first.actual.public_hex() != first.exercise.public_hex()
    assert (first.actual.kind, first.exercise.kind) == (DeedKind.ACTUAL, DeedKind.EXERCISE)
    for path in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_others_can_read_or_that_is_damaged_is_not_used(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    key = tmp_path / "actual.key"
    key.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_or_create(tmp_path)
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(SettingsError, match="restore the key"):
        load_or_create(tmp_path)


def _count(here: Province, table: type[object]) -> int:
    with here.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_old_plans_and_orders_go_and_the_newest_stay(here: Province) -> None:
    here.plans.refresh()
    here.orders.order(here.desk.actor(), STATION, RefreshDeed())
    here.clock.move(days=3)
    here.schedule(ends_on=None, starts_on=here.clock().date())
    here.plans.refresh()
    pruning = Pruning(here.database, here.clock)
    assert pruning.prune() == 0
    with here.database.read() as session:
        rows = session.execute(
            select(StationPlanRow.version, func.length(StationPlanRow.envelope))
            .where(StationPlanRow.station_id == STATION)
            .order_by(StationPlanRow.version)
        ).all()
    assert rows[0][1] == 0
    assert rows[1][1] > 0
    here.clock.move(days=40)
    assert pruning.prune() == 9
    assert _count(here, StationPlanRow) == 65
    assert _count(here, SignedOrderRow) == 1
    here.clock.move(days=400)
    pruning.prune()
    assert _count(here, SignedOrderRow) == 0
    assert here.plan_of().message.slots


def test_outbox_numbers_are_never_used_again_in_a_migrated_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'vang.db'}")
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        text = connection.exec_driver_sql(
            "select sql from sqlite_master where name = ?", (OutboxRow.__tablename__,)
        ).scalar_one()
    database.close()
    assert "AUTOINCREMENT" in text


def test_an_order_that_expired_long_ago_is_forgotten_with_its_replies(here: Province) -> None:
    here.plans.refresh()
    order_id = here.orders.order(
        here.desk.actor(), STATION, RefreshDeed(), valid_for=timedelta(minutes=1)
    )
    here.as_run.reply(wire.reply(order_id=order_id, accepted=True, why=None))
    here.clock.move(days=401)
    Pruning(here.database, here.clock).prune()
    assert here.orders.replies(order_id) == ()


def test_sign_ins_that_are_over_are_forgotten(here: Province) -> None:
    here.centre.client(Role.OPERATOR, DISTRICT)
    pruning = Pruning(here.database, here.clock)
    pruning.prune()
    assert _count(here, SessionRow) == 1
    here.clock.move(hours=13)
    pruning.prune()
    assert _count(here, SessionRow) == 0


def test_hours_that_were_told_stay_as_long_as_the_evidence_they_explain(town: Province) -> None:
    town.plans.refresh()
    with town.database.write() as session:
        told = session.get_one(StationLimitsRow, (STATION, 1))
        newer = StationLimitsRow(station_id=STATION, version=2, envelope=told.envelope)
        newer.content_hash, newer.made_at = "newer", town.clock()
        session.add(newer)
    town.clock.move(days=900)
    Pruning(town.database, town.clock, None, KeepingSettings(evidence_months=0)).prune()
    Pruning(town.database, town.clock, None, KeepingSettings(evidence_months=36)).prune()
    with town.database.read() as session:
        assert session.get(StationLimitsRow, (STATION, 1)) is not None
    Pruning(town.database, town.clock).prune()
    with town.database.read() as session:
        assert session.get(StationLimitsRow, (STATION, 1)) is None
