"""`vang-controller revoke-station`: a stolen machine is shut out."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller import wiring
from controller.cli import main
from controller.settings import load


def test_a_revoked_station_is_let_in_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "controller.toml"
    config.write_text(f'data_folder = "{tmp_path / "data"}"\n', encoding="utf-8")
    assert main(["migrate", "--config", str(config)]) == 0
    controller = wiring.build(load(config, {}))
    try:
        stations = controller.services.stations
        station_id = sorted(controller.services.places.tree().stations)[0]
        token = stations.issue_config(station_id).sound_token
        assert main(["revoke-station", station_id, "--config", str(config)]) == 0
        assert stations.broker_users() == ()
        assert stations.station_of_token(token) is None
    finally:
        controller.stop()
    assert f"revoked: {station_id}" in capsys.readouterr().out


def test_a_station_nobody_knows_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "controller.toml"
    config.write_text(f'data_folder = "{tmp_path / "data"}"\n', encoding="utf-8")
    assert main(["migrate", "--config", str(config)]) == 0
    assert main(["revoke-station", "khong-co", "--config", str(config)]) == 1
    assert "[not_found]" in capsys.readouterr().err
