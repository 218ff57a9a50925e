"""What is missing for the tests is named, and nothing is done when nothing is missing."""

from __future__ import annotations

import pytest

from tools import test_machine as machine

NOTHING = machine.Need(("no-such-program",), "no-such-package", "a reason")


def test_a_machine_with_everything_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "NEEDS", (machine.Need(("sh",), "dash", "a shell"),))
    monkeypatch.setattr(machine, "as_root", lambda: pytest.fail("nothing was missing"))
    assert machine.main() == 0


def test_without_root_each_missing_package_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "NEEDS", (NOTHING,))
    monkeypatch.setattr(machine, "as_root", lambda: None)
    assert machine.main() == 1
    said = capsys.readouterr().err
    assert "no-such-package" in said
    assert "apt-get install --no-install-recommends no-such-package" in said


def test_what_is_missing_is_installed_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []

    def install(packages: list[str], root: list[str]) -> int:
        installed.extend(packages)
        monkeypatch.setattr(machine, "NEEDS", ())
        return 0

    monkeypatch.setattr(machine, "NEEDS", (NOTHING,))
    monkeypatch.setattr(machine, "as_root", list)
    monkeypatch.setattr(
        machine.shutil,
        "which",
        lambda program, path=None: "/usr/bin/apt-get" if program == "apt-get" else None,
    )
    monkeypatch.setattr(machine, "install", install)
    assert machine.main() == 0
    assert installed == ["no-such-package"]


def test_a_package_that_did_not_bring_its_program_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "NEEDS", (NOTHING,))
    monkeypatch.setattr(machine, "as_root", list)
    monkeypatch.setattr(
        machine.shutil,
        "which",
        lambda program, path=None: "/usr/bin/apt-get" if program == "apt-get" else None,
    )
    monkeypatch.setattr(machine, "install", lambda packages, root: 0)
    assert machine.main() == 1
    assert "no-such-package" in capsys.readouterr().err


def test_what_only_a_campaign_uses_is_looked_for_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "NEEDS", ())
    monkeypatch.setattr(machine, "ASKED_FOR", {"--office": (NOTHING,)})
    monkeypatch.setattr(machine, "as_root", lambda: None)
    assert machine.main() == 0
    monkeypatch.setattr(machine.sys, "argv", ["test_machine.py", "--office"])
    assert machine.main() == 1
    assert "no-such-package" in capsys.readouterr().err
