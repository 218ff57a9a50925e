"""A machine that says nothing gives None, never a wrong figure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from station_agent.health.probes import (
    disk_free_bytes,
    is_read_only,
    kernel_clock,
    read_probes,
    temperature_celsius,
    under_voltage,
)


def zone(thermal: Path, number: int, says: str) -> None:
    folder = thermal / f"thermal_zone{number}"
    folder.mkdir(parents=True)
    (folder / "temp").write_text(says)


def test_the_hottest_zone_counts(tmp_path: Path) -> None:
    zone(tmp_path, 0, "48200\n")
    zone(tmp_path, 1, "51500\n")
    zone(tmp_path, 2, "rubbish")
    assert temperature_celsius(tmp_path) == 51.5


def test_a_folder_on_a_read_only_disk_is_told_from_one_that_takes_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_read_only(tmp_path)
    assert not is_read_only(tmp_path / "gone")
    (tmp_path / "lock").touch()
    assert not is_read_only(tmp_path)
    plain = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: _ReadOnly(plain.f_flag | os.ST_RDONLY))
    assert is_read_only(tmp_path)


@dataclass
class _ReadOnly:
    f_flag: int


def test_a_machine_without_sensors_has_no_temperature(tmp_path: Path) -> None:
    assert temperature_celsius(tmp_path) is None


@pytest.mark.parametrize(("says", "is_low"), [("0\n", False), ("1\n", True)])
def test_a_pi_says_when_its_supply_sags(tmp_path: Path, says: str, is_low: bool) -> None:
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        sensor = tmp_path / f"hwmon{number}"
        sensor.mkdir()
        (sensor / "name").write_text(f"{name}\n")
    assert under_voltage(tmp_path) is None
    (tmp_path / "hwmon1/in0_lcrit_alarm").write_text(says)
    assert under_voltage(tmp_path) is is_low


def test_a_machine_without_sensors_says_nothing_of_its_supply(tmp_path: Path) -> None:
    assert under_voltage(tmp_path) is None


def test_a_folder_that_is_gone_has_no_free_space(tmp_path: Path) -> None:
    assert disk_free_bytes(tmp_path / "gone") is None
    assert (disk_free_bytes(tmp_path) or 0) > 0


def test_all_probes_are_read_together(tmp_path: Path) -> None:
    probes = read_probes(tmp_path, volume_percent=lambda: 80, thermal=tmp_path)
    assert probes.volume_percent == 80
    assert probes.temperature_celsius is None
    kernel = kernel_clock()
    assert probes.kernel_synchronised == kernel.synchronised
    assert probes.kernel_synchronised in (True, False, None)
    assert (probes.kernel_error_ms is not None) == bool(kernel.synchronised)
