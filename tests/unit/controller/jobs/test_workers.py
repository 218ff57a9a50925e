"""Work in the background: what a worker holds for it is given back when nothing comes any more."""

from __future__ import annotations

import threading

import pytest

from controller.jobs import worker
from controller.jobs.worker import Workers


def test_what_was_held_is_freed_when_nothing_comes_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_LOOK_EVERY_S", 0.01)
    waiting = [1, 2]
    freed: list[tuple[str, int]] = []
    idle = threading.Event()

    def work(_name: str) -> bool:
        return bool(waiting) and bool(waiting.pop())

    def free(name: str) -> None:
        freed.append((name, len(waiting)))
        idle.set()

    workers = Workers("test", 1, work, on_idle=free)
    workers.start()
    try:
        assert idle.wait(10)
    finally:
        workers.stop()
    assert freed[0] == ("test-1", 0)
    assert len(freed) >= 2  # once for the rest, once for the end


def test_a_poke_is_not_a_rest() -> None:
    freed: list[str] = []
    came = threading.Semaphore(0)

    def work(_name: str) -> bool:
        came.release()
        return False

    workers = Workers("test", 1, work, on_idle=freed.append)
    workers.start()
    try:
        for _ in range(3):
            assert came.acquire(timeout=10)
            workers.poke()
        assert freed == []
    finally:
        workers.stop()
    assert freed == ["test-1"]
