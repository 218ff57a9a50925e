"""TLS from end to end: broker, web and agent with a throw-away authority."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from controller import wiring
from controller.cli.demo_province import PEOPLE, Province
from controller.settings import load
from controller.storage.database import Database
from controller.storage.models import HoldingRow
from tests.support.certificates import make_certificates
from tests.support.serving import Served, agent_running, series, serving, until, write_config

pytestmark = pytest.mark.real

STATION, OTHER = "bac-ai-phuoc-binh", "bac-ai-phuoc-hoa"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A centre whose web and broker speak TLS, with one bulletin on the plan of a station."""
    folder = tmp_path_factory.mktemp("served")
    tls = make_certificates(folder / "tls")
    keys = f'tls_cert = "{tls.cert}"\ntls_key = "{tls.key}"\ntls_ca = "{tls.ca}"\n'
    text = f"[web]\nport = 0\n{keys}\n[broker]\n{keys}\n"
    schedule_something(write_config(folder, text))
    with serving(folder, text, ca=tls.ca) as one:
        until(one.healthy, words="for serve")
        yield one


def schedule_something(config: Path) -> None:
    controller = wiring.build(load(config, {}))
    try:
        province = Province(controller, lambda: datetime.now(UTC))
        province.admit({one.username: "a-password-of-tests" for one in PEOPLE}, {})
        province.schedule_workdays(province.bulletin(), (STATION,))
    finally:
        controller.stop()


def configured(served: Served, station_id: str, folder: Path) -> Path:
    toml = folder / "station.toml"
    assert served.command("station-config", station_id, "--out", str(toml)) == 0
    return toml


def held(database: Database) -> bool:
    with database.read() as session:
        rows = session.scalars(select(HoldingRow.held).where(HoldingRow.station_id == STATION))
        return any(rows)


def test_a_station_connects_and_fetches_sound_over_tls(served: Served, tmp_path: Path) -> None:
    toml = configured(served, STATION, tmp_path)
    assert "https://127.0.0.1:" in toml.read_text()
    assert served.ca is not None
    for name in ("broker-ca.pem", "sound-ca.pem"):
        assert (tmp_path / name).read_bytes() == served.ca.read_bytes()
    database = Database(load(served.config, {}).database)
    try:
        with agent_running(toml):
            until(lambda: series(served.metrics(), "vang_station_up", STATION) == 1.0)
            until(lambda: held(database), words="for the sound to be held")
    finally:
        database.close()


def test_a_station_that_trusts_another_authority_stays_away(served: Served, tmp_path: Path) -> None:
    toml = configured(served, OTHER, tmp_path)
    stranger = make_certificates(tmp_path / "stranger")
    (tmp_path / "broker-ca.pem").write_bytes(stranger.ca.read_bytes())
    with agent_running(toml) as log:
        until(lambda: "certificate" in log.read_text().lower(), words="for its complaint")
    assert series(served.metrics(), "vang_station_up", OTHER) == 0.0
