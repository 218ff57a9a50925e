"""A thread that works whenever something waits: poked when it comes, ended quickly."""

from __future__ import annotations

import threading
from collections.abc import Callable

_LOOK_EVERY_S = 10.0


class StoppingError(Exception):
    """Raised out of the work when the centre stops."""


class Workers:
    """Threads that call `work(name)` until it says that nothing waits; it must not raise.

    `on_idle(name)` frees what a thread held for its work, when nothing came for a while and at the
    end.
    """

    def __init__(
        self,
        name: str,
        count: int,
        work: Callable[[str], bool],
        *,
        on_idle: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._work = work
        self._on_idle = on_idle
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
        try:
            while not self._stopping.is_set():
                if not self._work(name) and not self._poked.acquire(timeout=_LOOK_EVERY_S):
                    self._on_idle(name)
        finally:
            self._on_idle(name)
