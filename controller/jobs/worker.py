"""A thread that works whenever something waits: poked when it comes, ended quickly."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

_LOOK_EVERY_S = 10.0


class StoppingError(Exception):
    """Raised out of the work when the centre stops."""


_NICE = 10


def _yield_to_others() -> None:
    """Pages and the link come first: on Linux a thread has a niceness of its own."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Workers:
    """Threads that call `work(name)` until it says that nothing waits; it must not raise."""

    def __init__(self, name: str, count: int, work: Callable[[str], bool]) -> None:
        self._work = work
        self._stopping = threading.Event()
        self._poked = threading.Semaphore(0)
        names = [f"{name}-{number}" for number in range(1, count + 1)]
        self._threads = [
            threading.Thread(target=self._run, args=(own,), name=own, daemon=True) for own in names
        ]

    def start(self) -> None:
        """Begin to wait for work."""
        for thread in self._threads:
            thread.start()

    def poke(self) -> None:
        """Something came; safe from any thread."""
        self._poked.release()

    def stop(self) -> None:
        """Stop within seconds: what asks `go_on` is interrupted."""
        self._stopping.set()
        for _thread in self._threads:
            self._poked.release()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def go_on(self) -> None:
        """StoppingError once the centre stops."""
        if self._stopping.is_set():
            raise StoppingError

    def _run(self, name: str) -> None:
        _yield_to_others()
        while not self._stopping.is_set():
            if not self._work(name) and not self._stopping.is_set():
                self._poked.acquire(timeout=_LOOK_EVERY_S)
