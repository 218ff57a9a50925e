"""The worker that has texts spoken: one, beside those of the ingest, which wait for no voice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from audio_library.errors import SpeechFailedError, SpeechUnavailableError
from audio_library.speech.engine import GoOn
from controller.jobs.worker import StoppingError, Workers
from controller.services.ingest_desk import IngestDesk, IngestTask

logger = logging.getLogger(__name__)

Speak = Callable[[str, str, Path, GoOn], None]


class SpeechWorker:
    """A thread that takes the next text, has it spoken and hands it on as an upload."""

    def __init__(
        self,
        desk: IngestDesk,
        speak: Speak,
        *,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """`speak(text, voice, out, go_on)`; `on_failure` counts what went wrong of ours."""
        self._desk = desk
        self._speak = speak
        self._on_failure = on_failure
        self._workers = Workers("speech", 1, self.work_once)

    def start(self) -> None:
        """Begin to wait for texts; what an earlier run left was taken up by the ingest."""
        self._workers.start()

    def poke(self) -> None:
        """A text was ordered."""
        self._workers.poke()

    def stop(self) -> None:
        """Stop within seconds; a text under way is spoken anew at the next start."""
        self._workers.stop()

    def work_once(self, worker: str) -> bool:
        """Speak one text if there is one; False when nothing waited. Never raises: a border."""
        task: IngestTask | None = None
        try:
            task = self._desk.claim(worker, is_spoken=False)
            if task is None:
                return False
            self._finish(task)
        except Exception:
            logger.exception("speech failed job=%s", task.ingest_job_id if task else None)
            self._on_failure()
            return self._after_failure(task)
        return True

    def _finish(self, task: IngestTask) -> None:
        try:
            self._speak(task.spoken_text or "", task.voice or "", task.source, self._workers.go_on)
        except StoppingError:
            self._desk.release(task)
        except (SpeechUnavailableError, SpeechFailedError) as error:
            logger.warning("no speech engine=%s: %s", error.engine, error)
            self._desk.unspoken(task, error)
        else:
            self._desk.spoken(task)

    def _after_failure(self, task: IngestTask | None) -> bool:
        """Try again later, three times at most; what cannot even be noted waits for a restart."""
        if task is None:
            return False
        try:
            self._desk.failed(task)
        except Exception:
            logger.exception("speech job could not be closed job=%s", task.ingest_job_id)
            return False
        return True
