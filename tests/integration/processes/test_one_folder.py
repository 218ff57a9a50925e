"""Two supervisors over one data folder: one for each role, never two for the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.cli.serve import only_one_in
from controller.link.supervision import ChildState, read_states, write_states
from controller.settings import SettingsError

NOW = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)


def test_broker_and_controller_may_be_served_by_two_supervisors(tmp_path: Path) -> None:
    with only_one_in(tmp_path, {"broker"}), only_one_in(tmp_path, {"controller"}):
        pass
    with only_one_in(tmp_path):
        pass


@pytest.mark.parametrize("roles", [{"broker"}, {"broker", "controller"}])
def test_no_role_is_served_twice(tmp_path: Path, roles: set[str]) -> None:
    with only_one_in(tmp_path, {"broker"}):
        with pytest.raises(SettingsError, match="which has the role broker"):
            only_one_in(tmp_path, roles).__enter__()
        with only_one_in(tmp_path, {"controller"}):
            pass


def test_each_supervisor_keeps_what_the_other_wrote(tmp_path: Path) -> None:
    broker = ChildState("broker", 11, 3, NOW, "status 1")
    first, again = (ChildState("controller", pid, pid, NOW, "") for pid in (1, 2))
    for state in (broker, first, again):
        write_states(tmp_path, (state,))
    assert read_states(tmp_path) == (broker, again)
