"""The socket beside the station: a word in, a line out, whoever else is slow or rude."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from station_agent.core.events import Event, StopPressed
from station_agent.errors import AgentNotRunningError, AgentSilentError
from station_agent.health import channel
from station_agent.health.channel import LocalChannel, ask
from station_agent.health.status import status_of
from station_agent.wiring import local
from station_agent.wiring.local import Inquiry, LocalDesk
from tests.support.rig import in_minutes, online, slot


@contextmanager
def listening(path: Path) -> Iterator[Path]:
    opened = LocalChannel(path, lambda word: f"heard {word}")
    opened.start()
    try:
        yield path
    finally:
        opened.close()


def test_a_place_with_a_long_name_serves_too(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with listening(folder / "agent.sock") as path:
        assert ask(path, "status") == "heard status"
        assert ask(path, "stop") == "heard stop"
    assert not path.exists()


def test_a_caller_that_says_nothing_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "_HELLO_S", 0.2)
    with (
        listening(tmp_path / "agent.sock") as path,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as mute,
    ):
        mute.connect(str(path))
        assert ask(path, "status") == "heard status"


def test_a_station_whose_socket_cannot_be_made_still_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = LocalChannel(tmp_path / "missing" / "agent.sock", str)
    opened.start()
    opened.close()
    assert "cannot be asked" in caplog.text


def test_nobody_there_and_no_answer_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AgentNotRunningError):
        ask(tmp_path / "agent.sock", "status")
    monkeypatch.setattr(channel, "PATIENCE_S", 0.2)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        hung.bind(str(tmp_path / "agent.sock"))
        hung.listen(1)
        with pytest.raises(AgentSilentError):
            ask(tmp_path / "agent.sock", "status")


def test_a_stranger_is_told_that_it_is_not_for_him(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> None:  # root, who runs tests in CI, is denied nothing
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(channel, "_short", denied)
    with pytest.raises(AgentNotRunningError, match="not permitted"):
        ask(tmp_path / "agent.sock", "status")


# --- the words ------------------------------------------------------------------------------------


def test_stop_is_handled_before_the_answer_is_given() -> None:
    rig = online(slot(1, in_minutes(2)))
    assert rig.agent is not None
    taken: queue.SimpleQueue[Event | Inquiry] = queue.SimpleQueue()
    answers: list[str] = []
    caller = threading.Thread(target=lambda: answers.append(LocalDesk(taken.put).answer("stop")))
    caller.start()
    assert taken.get(timeout=5) == StopPressed()
    inquiry = taken.get(timeout=5)
    assert isinstance(inquiry, Inquiry)
    inquiry.answer(status_of(rig.agent, rig.now))
    caller.join(5)
    assert '"health":"ready"' in answers[0]


def test_a_word_that_is_none_and_a_loop_that_hangs_get_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "ANSWER_S", 0.1)
    taken: list[Event | Inquiry] = []
    desk = LocalDesk(taken.append)
    assert desk.answer("reboot") == ""
    assert taken == []
    assert desk.answer("status") == ""
