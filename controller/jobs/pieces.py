"""The worker that makes the centre's own sound: signature tunes, openings, programmes joined."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from audio_library.assets import AudioAsset
from audio_library.errors import AudioError
from audio_library.ingest import SCRATCH_PREFIX, ingest
from audio_library.joining import JoinPart, join
from audio_library.signature import signature
from audio_library.speech.engine import GoOn
from audio_library.worker_process import Call, WorkerProcess, here
from controller.domain.pieces import Joined, Ours, Said
from controller.jobs.worker import StoppingError, Workers
from controller.services.piece_desk import PieceDesk, PieceTask

logger = logging.getLogger(__name__)

Say = Callable[[str, str, Path, GoOn], None]


class PieceWorker:
    """A thread that makes one piece after the other."""

    def __init__(
        self,
        desk: PieceDesk,
        say: Say,
        *,
        process: WorkerProcess | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """`say(text, voice, out, go_on)` reads a sentence aloud; `on_failure` counts failures.

        Sound is made in `process`; without one, in the thread itself.
        """
        self._desk = desk
        self._say = say
        self._process = process
        self._call: Call = process.call if process else here
        self._on_failure = on_failure
        self._workers = Workers("pieces", 1, self.work_once, on_idle=self._rest)

    def start(self) -> None:
        """Wait for work; what an earlier run left is taken up first."""
        self._workers.start()

    def poke(self) -> None:
        """Something is to be made."""
        self._workers.poke()

    def stop(self) -> None:
        """Stop within seconds; what is being made is begun again at the next start."""
        self._workers.stop()

    def work_once(self, _worker: str) -> bool:
        """Make one piece if one is wanted; False when none was. Never raises: a border."""
        task: PieceTask | None = None
        try:
            task = self._desk.claim()
            if task is None:
                return False
            self._finish(task)
        except Exception:
            logger.exception("piece failed piece=%s", task.piece_id if task else None)
            self._on_failure()
            return self._put_off(task)
        return True

    def _rest(self, _worker: str) -> None:
        if self._process is not None:
            self._process.close()

    def _go_on(self, _fraction: float) -> None:
        self._workers.go_on()

    def _put_off(self, task: PieceTask | None) -> bool:
        if task is None:
            return False
        try:
            self._desk.failed(task)
        except Exception:
            logger.exception("piece could not be put off piece=%s", task.piece_id)
            return False
        return True

    def _finish(self, task: PieceTask) -> None:
        try:
            path, asset = self._made(task)
        except StoppingError:
            self._desk.release(task)
        except AudioError as error:
            logger.warning("piece cannot be made now piece=%s: %s", task.piece_id, error)
            self._desk.failed(task)
        else:
            self._desk.done(task, path, asset)

    def _made(self, task: PieceTask) -> tuple[Path, AudioAsset]:
        match task.recipe:
            case Ours(name):
                made = signature(name, workdir=task.workdir)
                return made.path, made.asset
            case Said(text, voice):
                return self._said(text, voice, task.workdir)
            case Joined(parts):
                sounds = [
                    JoinPart(self._desk.path(part.sha256), part.skip_ms, part.gap_ms)
                    for part in parts
                ]
                return self._call(partial(join, sounds, workdir=task.workdir), self._go_on)

    def _said(self, text: str, voice: str, workdir: Path) -> tuple[Path, AudioAsset]:
        with tempfile.TemporaryDirectory(dir=workdir, prefix=SCRATCH_PREFIX) as scratch:
            recording = Path(scratch) / "said"
            self._say(text, voice, recording, self._workers.go_on)
            made = self._call(partial(ingest, recording, workdir=workdir, chime=False), self._go_on)
        return made.path, made.asset
