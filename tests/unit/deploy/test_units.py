"""The service files start commands that exist."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest

import controller.cli
import station_agent.cli

UNITS = Path(__file__).resolve().parents[3] / "deploy/systemd"
PARSERS = {
    "vang-controller": controller.cli.build_parser,
    "vang-agent": station_agent.cli.build_parser,
}


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.name)
def test_a_service_starts_a_command_with_options_it_has(unit: Path) -> None:
    settings = configparser.RawConfigParser(strict=False, interpolation=None)
    settings.optionxform = str  # type: ignore[assignment,method-assign]
    settings.read_string(unit.read_text(encoding="utf-8"))
    program, *words = shlex.split(settings["Service"]["ExecStart"])
    chosen = PARSERS[Path(program).name]().parse_args(words)
    assert chosen.config.is_absolute()
    timer = unit.with_suffix(".timer")
    if timer.exists():  # started by its timer, never by itself
        assert "WantedBy=timers.target" in timer.read_text(encoding="utf-8")
    else:
        assert settings["Install"]["WantedBy"] == "multi-user.target"
