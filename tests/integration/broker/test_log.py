"""Following a broker's log: across rotation and restart, each refusal once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from controller.link.broker_log import Denial, DenialWatcher, LogTail


def refusal(number: int) -> str:
    return (
        f"x: Denied PUBLISH from st-a (d0, q1, r0, m{number}, 'vang/1/u/{number}', ... (1 bytes))\n"
    )


def watcher(tmp_path: Path, told: list[str]) -> DenialWatcher:
    tail = LogTail(tmp_path / "log", tmp_path / "place")
    return DenialWatcher(tail, lambda denial: denial, lambda denial: told.append(denial.topic))


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def read_all(watching: DenialWatcher) -> None:
    for _ in range(5):
        watching.read_once()


def test_each_refusal_is_told_once_also_after_a_restart(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "log").write_text(refusal(1) + "another line\n" + refusal(2))
    first = watcher(tmp_path, told)
    read_all(first)
    first.stop()
    with (tmp_path / "log").open("a") as log:
        log.write(refusal(3))
    second = watcher(tmp_path, told)
    read_all(second)
    second.stop()
    assert told == ["vang/1/u/1", "vang/1/u/2", "vang/1/u/3"]


def test_a_line_still_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    told: list[str] = []
    line = refusal(1)
    (tmp_path / "log").write_text(line[:30])
    watching = watcher(tmp_path, told)
    read_all(watching)
    assert told == []
    with (tmp_path / "log").open("a") as log:
        log.write(line[30:])
    read_all(watching)
    watching.stop()
    assert told == ["vang/1/u/1"]


def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    told: list[str] = []
    log = tmp_path / "log"
    log.write_text(refusal(1))
    watching = watcher(tmp_path, told)
    read_all(watching)
    with log.open("a") as old:
        old.write(refusal(2))
    log.rename(tmp_path / "log.1")
    log.write_text(refusal(3))
    read_all(watching)
    watching.stop()
    assert told == ["vang/1/u/1", "vang/1/u/2", "vang/1/u/3"]


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    told: list[str] = []
    watching = watcher(tmp_path, told)
    read_all(watching)
    (tmp_path / "log").write_text(refusal(1))
    read_all(watching)
    watching.stop()
    assert told == ["vang/1/u/1"]


def test_a_flood_is_read_in_pieces(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "log").write_text("".join(refusal(number) for number in range(2000)))
    watching = watcher(tmp_path, told)
    watching.read_once()
    assert 0 < len(told) < 1000
    for _ in range(10):
        watching.read_once()
    watching.stop()
    assert len(told) == 2000


def test_a_refusal_that_cannot_be_stored_is_stored_later_and_none_behind_it_is_lost(
    tmp_path: Path,
) -> None:
    stored: list[str] = []
    failures: list[str] = []

    def store(denial: Denial) -> None:
        if denial.topic.endswith("/2") and len(failures) < 2:
            raise OSError("disk full")
        stored.append(denial.topic)

    (tmp_path / "log").write_text(refusal(1) + refusal(2) + "another line\n" + refusal(3))
    tail = LogTail(tmp_path / "log", tmp_path / "place")
    watching = DenialWatcher(
        tail,
        lambda denial: denial,
        store,
        on_failure=lambda: failures.append("counted"),
        interval_s=0.01,
    )
    watching.start()
    until(lambda: len(stored) == 3)
    watching.stop()
    assert stored == ["vang/1/u/1", "vang/1/u/2", "vang/1/u/3"]
    assert failures == ["counted"] * 2
