"""The worker: gunicorn with one process that holds web pages, planner and link."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from controller import wiring
from controller.cli.console import start_log
from controller.link.processes import die_with_parent
from controller.settings import Settings

logger = logging.getLogger(__name__)

GRACE_S = 8
"""How long open requests may take when the process ends; less than the supervisor waits."""
STUCK_S = 120
"""A worker whose main thread shows no life for so long is replaced."""
THREAD_TURN_S = 0.0005
"""How long a thread that computes keeps the interpreter while others wait for it.

A page gives it up at every row it reads, and with Python's own 5 ms gets it back 5 ms later each
time: beside one busy thread a page of 100 rows takes 66 ms instead of 38
(`tests/bench/bench_pages.py` measures what is left of it among viewers).
"""


class WebProcess(BaseApplication):
    """One gthread worker. Its background threads start in the worker, never before the fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._controller: wiring.Controller | None = None
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for name, value in gunicorn_settings(self._settings).items():
            self.cfg.set(name, value)
        for hook in (self.post_fork, self.post_worker_init, self.worker_exit):
            self.cfg.set(hook.__name__, hook)

    def load(self) -> Any:
        """The WSGI application, built in the worker.

        What exists by then stays: the collector need not go through it, which stopped every page
        for 75 ms now and then.
        """
        self._controller = wiring.build(self._settings)
        gc.collect()
        gc.freeze()
        return self._controller.app

    def post_fork(self, _arbiter: Any, worker: Any) -> None:
        """The worker does not outlive the master, and its threads take short turns."""
        die_with_parent(worker.ppid)
        sys.setswitchinterval(THREAD_TURN_S)

    def post_worker_init(self, worker: Any) -> None:
        """Planner and link begin."""
        assert self._controller is not None  # noqa: S101 - load() came first
        self._controller.start()
        logger.info("controller ready pid=%s", worker.pid)

    def worker_exit(self, _arbiter: Any, worker: Any) -> None:
        """Planner and link end before the process does."""
        if self._controller is not None and worker.pid == os.getpid():
            self._controller.stop()


def gunicorn_settings(settings: Settings) -> dict[str, Any]:
    """Ours on top of gunicorn's defaults."""
    host = f"[{settings.web.host}]" if ":" in settings.web.host else settings.web.host
    return {
        "bind": f"{host}:{settings.web.port}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": settings.web.threads,
        "max_requests": 0,
        "timeout": STUCK_S,
        "graceful_timeout": GRACE_S,
        "keepalive": 5,
        "preload_app": False,
        "control_socket_disable": True,
        "proc_name": "vang-controller",
        "loglevel": settings.log_level.lower(),
        "certfile": settings.web.tls_cert or None,
        "keyfile": settings.web.tls_key or None,
    }


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Serve until SIGTERM."""
    start_log(settings.log_level)
    WebProcess(settings).run()
    return 0
