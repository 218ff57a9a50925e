"""Many stations from one import: kept alive, ended together, none left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from station_protocol import messages as wire
from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import Program, SmallCentre, wait_for

STATIONS = ("bac-ai-phuoc-binh", "ninh-hai-thanh-hai", "thuan-nam-phuoc-dinh")
pytestmark = pytest.mark.real


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[SmallCentre]:
    users = tuple(broker_user(name, "ninh-thuan") for name in (*STATIONS, "bac-ai-phuoc-dai"))
    broker = Nats(tmp_path / "broker", users, None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            yield centre
    finally:
        broker.stop()


@pytest.fixture
def fleet(centre: SmallCentre, tmp_path: Path) -> Iterator[Program]:
    for name in STATIONS:
        centre.configure(tmp_path / "fleet" / name, name)
    program = Program(("fleet", str(tmp_path / "fleet")), tmp_path / "fleet.log").start()
    yield program
    program.stop()


def children(fleet: Program) -> list[psutil.Process]:
    return psutil.Process(fleet.pid).children()


def who_greeted(centre: SmallCentre) -> set[str]:
    return {hello.station_id for hello in centre.all(wire.Hello)}


def test_every_station_of_the_folder_runs_in_its_own_process(
    centre: SmallCentre, fleet: Program
) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    assert len(children(fleet)) == 3


def test_term_ends_the_fleet_and_leaves_no_process(centre: SmallCentre, fleet: Program) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    pids = [child.pid for child in children(fleet)]
    assert fleet.stop() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    gone = [state.station_id for state in centre.all(wire.LinkState) if not state.online]
    assert set(gone) == set(STATIONS)


def test_a_station_that_dies_is_started_again(centre: SmallCentre, fleet: Program) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    victim = children(fleet)[0]
    victim.kill()
    wait_for(lambda: len(centre.all(wire.Hello)) == 4)
    assert len(children(fleet)) == 3


def test_no_station_outlives_a_fleet_that_was_killed(centre: SmallCentre, fleet: Program) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    pids = [child.pid for child in children(fleet)]
    fleet.kill()
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_hup_takes_up_new_folders_and_lets_go_of_removed_ones(
    centre: SmallCentre, fleet: Program, tmp_path: Path
) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    centre.configure(tmp_path / "fleet" / "bac-ai-phuoc-dai", "bac-ai-phuoc-dai")
    (tmp_path / "fleet" / STATIONS[0] / "station.toml").unlink()
    os.kill(fleet.pid, signal.SIGHUP)
    wait_for(lambda: "bac-ai-phuoc-dai" in who_greeted(centre))
    wait_for(lambda: [m for m in centre.all(wire.LinkState, STATIONS[0]) if not m.online])
    wait_for(lambda: len(children(fleet)) == 3)


def test_a_folder_that_comes_back_is_started_again(
    centre: SmallCentre, fleet: Program, tmp_path: Path
) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    config = tmp_path / "fleet" / STATIONS[0] / "station.toml"
    away = config.with_name("away.toml")
    config.rename(away)
    os.kill(fleet.pid, signal.SIGHUP)
    wait_for(lambda: len(children(fleet)) == 2)
    away.rename(config)
    os.kill(fleet.pid, signal.SIGHUP)
    wait_for(lambda: len(centre.all(wire.Hello, STATIONS[0])) == 2)
    assert len(children(fleet)) == 3


def test_a_folder_that_failed_and_comes_back_mended_is_started(
    centre: SmallCentre, fleet: Program, tmp_path: Path
) -> None:
    wait_for(lambda: who_greeted(centre) == set(STATIONS))
    config = tmp_path / "fleet" / "bac-ai-phuoc-dai" / "station.toml"
    config.parent.mkdir()
    config.write_text("[station]\nidd = 'x'\n")
    os.kill(fleet.pid, signal.SIGHUP)
    wait_for(lambda: "station died station=bac-ai-phuoc-dai" in fleet.log.read_text())
    config.unlink()
    (tmp_path / "fleet" / STATIONS[0] / "station.toml").unlink()
    os.kill(fleet.pid, signal.SIGHUP)
    wait_for(lambda: len(children(fleet)) == 2)
    centre.configure(config.parent, "bac-ai-phuoc-dai")
    os.kill(fleet.pid, signal.SIGHUP)
    wait_for(lambda: "bac-ai-phuoc-dai" in who_greeted(centre))


def test_a_folder_with_a_bad_configuration_does_not_hold_up_the_others(
    centre: SmallCentre, tmp_path: Path
) -> None:
    for name in STATIONS[:2]:
        centre.configure(tmp_path / "fleet" / name, name)
    bad = tmp_path / "fleet" / "bad"
    bad.mkdir()
    (bad / "station.toml").write_text("[station]\nidd = 'x'\n")
    with Program(("fleet", str(tmp_path / "fleet")), tmp_path / "fleet.log") as program:
        wait_for(lambda: who_greeted(centre) == set(STATIONS[:2]))
        wait_for(lambda: "did you mean 'station.id'" in program.log.read_text())
        assert program.stop() == 0
