"""A program that is run with messages: no shell, no word of anybody but on its input."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from controller.services.command import Command, obstacle
from controller.services.sending import NotNowError
from controller.services.ways import ways_of
from controller.services.webhook import Call
from controller.settings import CommandSettings, Settings, SettingsError

TITLE = "Lũ về $(touch /x); `id` 'và' \"gió\""


def program(folder: Path, body: str, mode: int = 0o755) -> Path:
    file = folder / "tell"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(mode)
    return file


def call() -> Call:
    fields = {"id": "command:1", "kind": "forged", "event": "opened", "text": f"{TITLE}\nhai"}
    return Call("command:1", {}, {**fields, "title": TITLE})


def test_the_text_is_read_from_the_input_and_the_environment_is_of_a_fixed_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANG_BROKER_PASSWORD", "bí mật")
    seen = tmp_path / "seen"
    file = program(
        tmp_path, f'cat > {seen}; echo; env >> {seen}; echo "args $#" >> {seen}; pwd >> {seen}'
    )
    Command(CommandSettings(path=str(file))).send(call())
    told = seen.read_text()
    assert told.startswith(f"{TITLE}\nhai")
    assert "args 0\n/\n" in told
    assert "VANG_ID=command:1" in told
    assert "VANG_KIND=forged" in told
    assert "bí mật" not in told
    assert told.count(TITLE) == 1


def test_what_fails_or_never_ends_is_tried_again_with_its_complaint(tmp_path: Path) -> None:
    file = program(tmp_path, "echo không có sóng >&2; exit 3")
    with pytest.raises(NotNowError, match="exit 3 không có sóng"):
        Command(CommandSettings(path=str(file))).send(call())
    program(tmp_path, "sleep 60 & sleep 60")
    with pytest.raises(NotNowError, match="not done after 1 s"):
        Command(CommandSettings(path=str(file), timeout_s=1)).send(call())


def test_what_others_could_write_is_refused_at_the_start_and_at_each_run(tmp_path: Path) -> None:
    file = program(tmp_path, "exit 0", 0o777)
    settings = CommandSettings(path=str(file))
    with pytest.raises(SettingsError, match="can be written by others"):
        ways_of(Settings(command=settings))
    with pytest.raises(NotNowError, match="can be written by others"):
        Command(settings).send(call())
    file.chmod(0o700)
    Command(settings).send(call())
    tmp_path.chmod(0o777)
    assert obstacle(file) == "lies in a folder others can write"
    tmp_path.chmod(0o700)
    file.chmod(0o600)
    assert os.geteuid() != 0 or obstacle(file) == "cannot be run"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (CommandSettings(path="tell"), "no absolute path"),
        (CommandSettings(path="/nowhere/tell"), "cannot be looked at"),
        (CommandSettings(path="/usr"), "is no file"),
        (CommandSettings(path="/bin/cat", timeout_s=121), "1 to 120"),
    ],
)
def test_a_program_that_cannot_be_meant_is_refused(settings: CommandSettings, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ways_of(Settings(command=settings))
