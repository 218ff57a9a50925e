"""APScheduler as an alarm clock: it says when to look, our own tables say what is due."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from controller.metrics.internals import Internals

logger = logging.getLogger(__name__)

Work = Callable[[], object]


class _Job:
    """A named piece of work with a thread of its own: a wish made while it runs is not lost."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._work = work
        self._wanted = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"job-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def want(self) -> None:
        self._wanted.set()

    def stop(self) -> None:
        self._stopping = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stopping:
                return
            self._work()


class Scheduler:
    """Runs each job at its interval and when it is woken, never twice at once."""

    def __init__(self, now: Callable[[], datetime], internals: Internals) -> None:
        self._now = now
        self._internals = internals
        self._jobs: dict[str, _Job] = {}
        self._callbacks: dict[str, Work] = {}
        self._alarm = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        self._alarm.add_listener(self._went_wrong, EVENT_JOB_MISSED | EVENT_JOB_ERROR)

    def add(self, name: str, work: Work, *, every_s: float) -> None:
        """Run this each so many seconds, the first time at the start."""
        job = _Job(name, lambda: self._run_once(name, work))
        self._jobs[name] = job
        self._alarm.add_job(job.want, "interval", id=name, seconds=every_s)

    def on_wake(self, name: str, callback: Work) -> None:
        """Let a wake of this name call something that has a thread of its own."""
        self._callbacks[name] = callback

    def wake(self, name: str) -> None:
        """Do this now. Safe from any thread, and before the start; unknown names do nothing."""
        callback = self._callbacks.get(name)
        if callback is not None:
            callback()
        job = self._jobs.get(name)
        if job is not None:
            job.want()

    def start(self) -> None:
        """Begin, with every job once."""
        for job in self._jobs.values():
            job.want()
            job.start()
        self._alarm.start()

    def stop(self) -> None:
        """End, after the jobs that run just now."""
        if self._alarm.running:
            self._alarm.shutdown(wait=True)
        for job in self._jobs.values():
            job.stop()

    def _run_once(self, name: str, work: Work) -> None:
        """One run; never raises: this is a border."""
        began, failed = time.monotonic(), False
        try:
            work()
        except Exception:
            failed = True
            logger.exception("job failed job=%s", name)
            self._internals.count_border_error("job")
        took_s = time.monotonic() - began
        self._internals.job_ended(name, took_s=took_s, failed=failed, at=self._now())

    def _went_wrong(self, event: JobExecutionEvent) -> None:
        """With our settings neither can happen; should it, it must not pass in silence."""
        logger.error("alarm clock failed job=%s", event.job_id, exc_info=event.exception)
        self._internals.count_border_error("job")
