"""The workers that make uploads into sound: two, so that a long file holds up nobody."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from functools import partial

from audio_library.errors import RefusedSoundError
from audio_library.ingest import IngestResult, ingest
from audio_library.worker_process import Call, WorkerProcess, here
from controller.jobs.worker import StoppingError, Workers
from controller.services.ingest_desk import IngestDesk, IngestTask

logger = logging.getLogger(__name__)

WORKERS = 2
_REPORT_EVERY_S = 1.0
_SWEEP_EVERY_S = 3600.0


class IngestWorkers:
    """Threads that wait for jobs. `poke` tells them that one came; `stop` ends them quickly."""

    def __init__(
        self,
        desk: IngestDesk,
        *,
        workers: int = WORKERS,
        process: Callable[[], WorkerProcess] | None = None,
        on_failure: Callable[[], None] = lambda: None,
        on_end: Callable[[str, float], None] = lambda _result, _took_s: None,
    ) -> None:
        """`on_failure` counts what went wrong of ours; `on_end` each result and how long it took:
        "stored", or the code of a refusal. Sound is made in a `process` for each worker; without
        one, in the worker's own thread."""
        self._desk = desk
        self._new_process = process
        self._processes: dict[str, WorkerProcess] = {}
        self._on_failure = on_failure
        self._on_end = on_end
        self._swept_at = time.monotonic()
        self._unclosed: queue.SimpleQueue[IngestTask] = queue.SimpleQueue()
        self._count = workers
        self._workers = Workers("ingest", workers, self.work_once, on_idle=self._rest)

    def start(self) -> None:
        """Take up what an earlier run left, then wait for work."""
        recovered = self._desk.recover()
        logger.info("ingest workers start count=%s recovered=%s", self._count, recovered)
        self._workers.start()

    def poke(self) -> None:
        """A job was put into the table; safe from any thread."""
        self._workers.poke()

    def stop(self) -> None:
        """Stop within seconds; work under way is given back and begun again at the next start."""
        self._workers.stop()

    def work_once(self, worker: str) -> bool:
        """Do one job if there is one; False when nothing waited. Never raises: this is a border."""
        task: IngestTask | None = None
        try:
            self._close_leftovers()
            self._sweep_sometimes()
            task = self._desk.claim(worker)
            if task is None:
                return False
            self._finish(task, worker)
        except Exception:
            logger.exception("ingest job failed job=%s", task.ingest_job_id if task else None)
            self._on_failure()
            return self._after_failure(task)
        return True

    def _after_failure(self, task: IngestTask | None) -> bool:
        if task is None:
            return False  # the table could not be read: look again later
        try:
            self._desk.failed(task)
        except Exception:
            logger.exception("ingest job could not be closed job=%s", task.ingest_job_id)
            self._unclosed.put(task)
            return False
        return True

    def _close_leftovers(self) -> None:
        """Queue again what could not be closed when it failed."""
        while not self._unclosed.empty():
            task = self._unclosed.get()
            if self._after_failure(task) is False:
                return

    def _sweep_sometimes(self) -> None:
        if time.monotonic() - self._swept_at >= _SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            self._desk.sweep()

    def _finish(self, task: IngestTask, worker: str) -> None:
        began = time.monotonic()
        try:
            result = self._work(task, self._call(worker))
        except StoppingError:
            self._desk.release(task)
            return
        except RefusedSoundError as error:
            self._desk.refused(task, error)
            self._on_end(error.code, time.monotonic() - began)
            return
        self._desk.done(task, result)
        self._on_end("stored", time.monotonic() - began)

    def _call(self, worker: str) -> Call:
        """Where this worker's sound is made."""
        if self._new_process is None:
            return here
        if worker not in self._processes:
            self._processes[worker] = self._new_process()
        return self._processes[worker].call

    def _rest(self, worker: str) -> None:
        if worker in self._processes:
            self._processes[worker].close()

    def _work(self, task: IngestTask, call: Call) -> IngestResult:
        last = time.monotonic()

        def progress(fraction: float) -> None:
            nonlocal last
            self._workers.go_on()
            if time.monotonic() - last >= _REPORT_EVERY_S:
                last = time.monotonic()
                self._desk.report(task, round(fraction * 100))

        work = partial(
            ingest,
            task.source,
            workdir=task.workdir,
            chime=task.chime,
            cut=task.cut,
            limits=task.limits,
        )
        return call(work, progress)
