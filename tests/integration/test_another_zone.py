"""The zone a machine is set to changes neither what a station plays nor what is planned."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ZONE = "America/New_York"
FOLDERS = ("tests/unit/station_agent", "tests/unit/controller/domain")
SPARED = ("tests/unit/station_agent/core/test_promises.py", "tests/unit/station_agent/cli")
"""Long, or without any time in it."""


@pytest.mark.real
def test_the_rules_hold_on_a_machine_in_another_zone(tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "COV", "VANG_"))
    }
    words = ["-q", "-x", "-m", "not real and not soak", "-p", "no:cacheprovider", "-p", "no:xdist"]
    words.append(f"--basetemp={tmp_path / 'files'}")
    spared = [f"--ignore={path}" for path in SPARED]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *spared, *FOLDERS],
        cwd=ROOT,
        env=environment | {"TZ": ZONE},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
