"""Work in the background yields to pages."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from controller.jobs.worker import Workers


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has a niceness of its own on Linux")
def test_a_worker_is_nicer_than_the_threads_of_pages() -> None:
    seen: list[int] = []
    done = threading.Event()

    def work(_name: str) -> bool:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        done.set()
        return False

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    workers = Workers("test", 1, work)
    workers.start()
    try:
        assert done.wait(10)
    finally:
        workers.stop()
    assert seen[0] == max(own, 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
