"""`vang-agent fleet`: many stations on one machine, each the shipped agent in its own process.

The parts are imported once and the children forked from there: 65 stations share the memory of one
import. A child that dies is started again; none outlives this process.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from station_agent.errors import StationAgentError
from station_agent.settings import SettingsError, load

logger = logging.getLogger(__name__)

FILE = "station.toml"
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
STEADY_S = 60.0
"""A child that ran so long is started again without waiting longer than the first time."""
GRACE_S = 10.0
_HEARD = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One station of the fleet. `pid` 0: not running."""

    name: str
    config: Path
    pid: int = 0
    started_s: float = 0.0
    retry_s: float = 0.0
    wait_s: float = field(default=FIRST_WAIT_S)
    is_leaving: bool = False
    """Told to end: how it ends is no misfortune."""
    is_wanted: bool = True
    """Its folder is there: when it ends it is started again, also after leaving."""


def run(chosen: argparse.Namespace) -> int:
    """Run every station below the folder until TERM or Ctrl-C; HUP looks for new ones."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s fleet %(name)s %(message)s")
    return Fleet(chosen.folder, prepared(chosen.folder)).run()


def prepared(folder: Path) -> Callable[[Path], int]:
    """What runs one station, with all it needs imported and tried once; no thread is left over."""
    from station_agent.cli.run import run_station

    importlib.import_module("station_agent.link.http_way")
    for config in sorted(folder.glob(f"*/{FILE}"))[:1]:
        _rehearse(config)
    gc.collect()
    gc.freeze()
    return run_station


def _rehearse(config: Path) -> None:
    """Measured: 3 MB less of memory for each of the stations that are forked afterwards."""
    from station_agent.wiring.build import rehearse

    try:
        with TemporaryDirectory() as folder:
            rehearse(load(config, os.environ), Path(folder))
    except (SettingsError, StationAgentError) as error:
        logger.warning("no rehearsal code=%s: %s", error.code, error)


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel end this process when the one that forked it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        os._exit(0)


class Fleet:
    """Keeps one child for each station folder."""

    def __init__(
        self,
        folder: Path,
        run_station: Callable[[Path], int],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._run_station = run_station
        self._monotonic = monotonic
        self._children: dict[str, Child] = {}

    def run(self) -> int:
        """Start, keep, and in the end stop all of them."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        self._look()
        logger.info("fleet runs stations=%s", len(self._children))
        while True:
            heard = signal.sigtimedwait(_HEARD, self._wait_s())
            number = heard.si_signo if heard is not None else 0
            if number in (signal.SIGTERM, signal.SIGINT):
                break
            if number == signal.SIGHUP:
                self._look()
            self._reap()
            self._start_due()
        self._stop_all()
        return 0

    # --- what should run --------------------------------------------------------------------------

    def _look(self) -> None:
        """Start what is new in the folder or back in it, stop what is gone from it."""
        found = {path.parent.name: path for path in sorted(self._folder.glob(f"*/{FILE}"))}
        for name, config in found.items():
            child = self._children.setdefault(name, Child(name, config))
            child.is_wanted = True
        for name, child in list(self._children.items()):
            if name not in found:
                self._let_go(child)
        self._reap()
        self._start_due()

    def _let_go(self, child: Child) -> None:
        """End a station whose folder is gone; one that is waiting to be tried again just goes."""
        child.is_wanted = False
        if child.pid:
            child.is_leaving = True
            os.kill(child.pid, signal.SIGTERM)
        else:
            del self._children[child.name]

    def _start_due(self) -> None:
        now = self._monotonic()
        for child in self._children.values():
            if not child.pid and now >= child.retry_s:
                self._start(child)

    def _wait_s(self) -> float:
        waiting = [child.retry_s for child in self._children.values() if not child.pid]
        if not waiting:
            return 60.0
        return max(0.0, min(waiting) - self._monotonic())

    # --- processes --------------------------------------------------------------------------------

    def _start(self, child: Child) -> None:
        parent_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(child, parent_pid)
        child.pid = pid
        child.started_s = self._monotonic()

    def _become(self, child: Child, parent_pid: int) -> None:
        """In the forked process: be this station, and never return."""
        code = 1
        try:
            for number in _HEARD:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
            die_with_parent(parent_pid)
            code = self._run_station(child.config)
        except (SettingsError, StationAgentError) as error:
            logger.error("station cannot run station=%s code=%s: %s", child.name, error.code, error)  # noqa: TRY400
        except BaseException:
            # The last frame of a process: nothing may climb into the parent's code below fork.
            logger.exception("station failed station=%s", child.name)
        finally:
            logging.shutdown()
            sys.stdout.flush()
            os._exit(code)

    def _reap(self) -> None:
        """Take note of every child that ended."""
        by_pid = {child.pid: child for child in self._children.values() if child.pid}
        while by_pid:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = by_pid.pop(pid, None)
            if child is not None:
                self._ended(child, os.waitstatus_to_exitcode(status))

    def _ended(self, child: Child, code: int) -> None:
        now = self._monotonic()
        child.pid = 0
        if not child.is_wanted:
            del self._children[child.name]
            return
        if child.is_leaving:
            child.is_leaving, child.wait_s, child.retry_s = False, FIRST_WAIT_S, now
            return
        if now - child.started_s >= STEADY_S:
            child.wait_s = FIRST_WAIT_S
        child.retry_s = now + child.wait_s
        logger.warning(
            "station died station=%s code=%s again_in_s=%s", child.name, code, child.wait_s
        )
        child.wait_s = min(LONGEST_WAIT_S, child.wait_s * 2)

    def _stop_all(self) -> None:
        """TERM to all, and KILL to whoever has not ended in ten seconds."""
        for child in list(self._children.values()):
            self._let_go(child)
        until = self._monotonic() + GRACE_S
        while self._running() and self._monotonic() < until:
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._reap()
        for child in self._running():
            os.kill(child.pid, signal.SIGKILL)
        while self._running():
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._reap()
        logger.info("fleet stopped")

    def _running(self) -> list[Child]:
        return [child for child in self._children.values() if child.pid]
