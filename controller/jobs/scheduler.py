"""APScheduler as an alarm clock: it says when to look, our own tables say what is due."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from controller.metrics.internals import Internals

logger = logging.getLogger(__name__)

THREADS = 4

Work = Callable[[], object]


@dataclass(slots=True)
class _Job:
    """A named piece of work. A wake during a run makes it run once more right after."""

    name: str
    work: Work
    every_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_wanted: threading.Event = field(default_factory=threading.Event)


class Scheduler:
    """Runs each job at its interval and when it is woken, never twice at once."""

    def __init__(self, now: Callable[[], datetime], internals: Internals) -> None:
        self._now = now
        self._internals = internals
        self._jobs: dict[str, _Job] = {}
        self._callbacks: dict[str, Work] = {}
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        self._scheduler.add_listener(self._went_wrong, EVENT_JOB_MISSED | EVENT_JOB_ERROR)

    def add(self, name: str, work: Work, *, every_s: float) -> None:
        """Run this each so many seconds, the first time at once."""
        job = _Job(name, work, every_s)
        self._jobs[name] = job
        self._scheduler.add_job(
            self._run,
            "interval",
            args=(job,),
            id=name,
            seconds=every_s,
            next_run_time=self._now(),
        )

    def on_wake(self, name: str, callback: Work) -> None:
        """Let a wake of this name call something that has a thread of its own."""
        self._callbacks[name] = callback

    def wake(self, name: str) -> None:
        """Do this now. Safe from any thread, and before the start; unknown names do nothing."""
        callback = self._callbacks.get(name)
        if callback is not None:
            callback()
        job = self._jobs.get(name)
        if job is None:
            return
        job.is_wanted.set()
        if self._scheduler.running:
            # Under a name of its own: moving the interval's next run would skip it while one runs.
            self._scheduler.add_job(
                self._run_if_wanted,
                args=(job,),
                id=f"{name}-woken",
                replace_existing=True,
                max_instances=THREADS,
            )

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End, after the jobs that run just now."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _run(self, job: _Job) -> None:
        job.is_wanted.set()
        self._run_if_wanted(job)

    def _run_if_wanted(self, job: _Job) -> None:
        """Run while wanted; if another thread is at it, that one sees the wish and runs again."""
        while job.is_wanted.is_set() and job.lock.acquire(blocking=False):
            try:
                job.is_wanted.clear()
                self._run_once(job)
            finally:
                job.lock.release()

    def _run_once(self, job: _Job) -> None:
        began, failed = time.monotonic(), False
        try:
            job.work()
        except Exception:
            failed = True
            logger.exception("job failed job=%s", job.name)
            self._internals.count_border_error("job")
        took_s = time.monotonic() - began
        self._internals.job_ended(job.name, took_s=took_s, failed=failed, at=self._now())

    def _went_wrong(self, event: JobExecutionEvent) -> None:
        """With our settings neither can happen; should it, it must not pass in silence."""
        logger.error("alarm clock failed job=%s", event.job_id, exc_info=event.exception)
        self._internals.count_border_error("job")
