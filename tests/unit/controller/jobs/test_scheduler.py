"""The alarm clock: every job at its interval and on a wake, never twice at once, never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from controller.jobs.scheduler import Scheduler
from controller.metrics.internals import Internals

SOON = 10.0


class Alarm:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.scheduler = Scheduler(lambda: datetime.now(UTC), Internals(self.registry, "test"))

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    built = Alarm()
    yield built
    built.scheduler.stop()


def test_a_job_runs_when_the_clock_starts(alarm: Alarm) -> None:
    ran = threading.Event()
    alarm.scheduler.add("sweep", ran.set, every_s=3600)
    alarm.scheduler.wake("sweep")
    assert not ran.is_set()
    alarm.scheduler.start()
    assert ran.wait(SOON)


def test_a_wake_during_a_run_makes_it_run_once_more(alarm: Alarm) -> None:
    began, go_on, runs = threading.Semaphore(0), threading.Event(), []

    def work() -> None:
        runs.append(threading.get_ident())
        began.release()
        assert go_on.wait(SOON)

    alarm.scheduler.add("refresh", work, every_s=3600)
    alarm.scheduler.start()
    assert began.acquire(timeout=SOON)
    for _ in range(5):
        alarm.scheduler.wake("refresh")
    go_on.set()
    assert began.acquire(timeout=SOON)
    alarm.scheduler.stop()
    assert len(runs) == 2


def test_a_job_is_never_at_work_twice_at_once(alarm: Alarm) -> None:
    at_work, most, lock, done = 0, 0, threading.Lock(), threading.Event()
    runs = 0

    def work() -> None:
        nonlocal at_work, most, runs
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.01)
        with lock:
            at_work -= 1
            runs += 1
            if runs >= 5:
                done.set()

    alarm.scheduler.add("refresh", work, every_s=0.02)
    alarm.scheduler.start()
    while not done.wait(0.005):
        alarm.scheduler.wake("refresh")
    alarm.scheduler.stop()
    assert most == 1


def test_a_job_that_fails_is_counted_and_runs_again(alarm: Alarm) -> None:
    outcomes = iter([ValueError("no"), None])
    done = threading.Event()

    def work() -> None:
        problem = next(outcomes, None)
        if problem is not None:
            raise problem
        done.set()

    alarm.scheduler.add("reconcile", work, every_s=3600)
    alarm.scheduler.start()
    while not alarm.count("vang_job_failures_total", job="reconcile"):
        threading.Event().wait(0.01)
    alarm.scheduler.wake("reconcile")
    assert done.wait(SOON)
    alarm.scheduler.stop()
    assert alarm.count("vang_job_runs_total", job="reconcile") == 2
    assert alarm.count("vang_border_errors_total", border="job") == 1


def test_a_wake_may_call_something_with_a_thread_of_its_own(alarm: Alarm) -> None:
    woken: list[str] = []
    alarm.scheduler.on_wake("outbox", lambda: woken.append("outbox"))
    alarm.scheduler.wake("outbox")
    alarm.scheduler.wake("nobody knows this")
    assert woken == ["outbox"]
