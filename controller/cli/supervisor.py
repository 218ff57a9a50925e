"""Starts programs, starts again those that die, and ends all of them when it ends."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType

from controller.errors import ControllerError
from controller.link.processes import end_child
from controller.link.supervision import ChildState, write_states

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
READY_S = 60.0
"""How long the next child waits at most for the one before it to be ready."""
STEADY_S = 60.0
"""A child that ran so long is started again at once when it dies."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True)
class Child:
    """One program to keep running."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    """Called from the main thread: the kernel ends the child with the thread that made it."""
    grace_s: float = 15.0
    """How long it may take to end after SIGTERM."""
    is_ready: Callable[[], bool] = lambda: True
    """Whether those that need it may start."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    starts: int = field(default=0, init=False)
    started_mono_s: float = field(default=0.0, init=False)
    wait_s: float = field(default=FIRST_WAIT_S, init=False)
    retry_mono_s: float = field(default=0.0, init=False)
    since_at: datetime | None = field(default=None, init=False)
    last_exit: str = field(default="", init=False)


class Supervisor:
    """Runs in the main thread until it is told to stop by a signal or by `stop()`."""

    def __init__(
        self,
        children: Sequence[Child],
        folder: Path,
        now: Callable[[], datetime],
        *,
        on_tick: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._children = tuple(children)
        self._folder = folder
        self._now = now
        self._on_tick = on_tick
        self._monotonic = monotonic
        self._stopping = False

    def stop(self) -> None:
        """Let `run` end after its present round."""
        self._stopping = True

    def run(self, *, on_started: Callable[[], None] = lambda: None) -> None:
        """Start the children in order, keep them, and at the end stop them in reverse order."""
        with self._signals() as wait:
            try:
                for child in self._children:
                    if not self._stopping:
                        self._start(child)
                        self._wait_until_ready(child, wait)
                if not self._stopping:
                    on_started()
                while not self._stopping:
                    self._look_after_children()
                    self._on_tick()
                    wait(1.0)
            finally:
                self._stop_children()

    @contextmanager
    def _signals(self) -> Iterator[Callable[[float], None]]:
        """Wake at once on a signal; the handlers found are put back."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        os.set_blocking(reader, False)
        handled = (*STOP_SIGNALS, signal.SIGCHLD)
        before = {number: signal.signal(number, self._on_signal) for number in handled}
        wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

        def wait(limit_s: float) -> None:
            select.select([reader], [], [], limit_s)
            with contextlib.suppress(BlockingIOError):
                os.read(reader, 4096)

        try:
            yield wait
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in STOP_SIGNALS:
            self._stopping = True

    def _start(self, child: Child) -> None:
        child.process = child.start()
        child.starts += 1
        child.started_mono_s = self._monotonic()
        child.since_at = self._now()
        logger.info("started %s pid=%s start=%s", child.name, child.process.pid, child.starts)
        self._write_states()

    def _wait_until_ready(self, child: Child, wait: Callable[[float], None]) -> None:
        deadline = self._monotonic() + READY_S
        while not self._stopping and not child.is_ready():
            if self._monotonic() > deadline:
                logger.warning("%s is not ready yet; going on", child.name)
                return
            self._look_after_children()
            wait(0.1)

    def _look_after_children(self) -> None:
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._note_end(child, child.process.returncode)
            elif child.process is None and self._is_due(child):
                self._start_again(child)

    def _is_due(self, child: Child) -> bool:
        return child.starts > 0 and self._monotonic() >= child.retry_mono_s

    def _note_end(self, child: Child, status: int) -> None:
        ran_s = self._monotonic() - child.started_mono_s
        steady = ran_s >= STEADY_S
        child.wait_s = FIRST_WAIT_S if steady else min(LONGEST_WAIT_S, child.wait_s * 2)
        child.process = None
        child.retry_mono_s = self._monotonic() + (0.0 if steady else child.wait_s)
        child.since_at = self._now()
        child.last_exit = _exit_words(status)
        logger.error("%s ended (%s) after %.0f s", child.name, child.last_exit, ran_s)
        self._write_states()

    def _start_again(self, child: Child) -> None:
        try:
            self._start(child)
        except (OSError, ControllerError) as error:
            logger.error("%s could not be started again: %s", child.name, error)  # noqa: TRY400 - said in one line
            child.wait_s = min(LONGEST_WAIT_S, child.wait_s * 2)
            child.retry_mono_s = self._monotonic() + child.wait_s

    def _stop_children(self) -> None:
        for child in reversed(self._children):
            if child.process is not None:
                status = end_child(child.process, grace_s=child.grace_s)
                child.process, child.since_at = None, self._now()
                child.last_exit = _exit_words(status)
                logger.info("stopped %s (%s)", child.name, child.last_exit)
        self._write_states()

    def _write_states(self) -> None:
        states = tuple(
            ChildState(
                name=child.name,
                pid=child.process.pid if child.process else None,
                starts=child.starts,
                since_at=child.since_at,
                last_exit=child.last_exit,
            )
            for child in self._children
            if child.since_at is not None
        )
        try:
            write_states(self._folder, states)
        except OSError:
            logger.exception("the state of the processes could not be written")


def _exit_words(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
