"""The ingest queue: which upload is made into sound next, and what became of it.

Jobs live in a table, so a restart loses none; a job that was running when the centre stopped is
simply begun again. Whoever claims a row does the work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from audio_library.cues import Cue
from audio_library.errors import (
    RefusedSoundError,
    SpeechFailedError,
    SpeechUnavailableError,
)
from audio_library.ingest import IngestLimits, IngestResult
from audio_library.quality import Finding
from audio_library.span import Span
from audio_library.store import AssetStore, FolderStore
from controller.domain.bulletins import BulletinDeed, BulletinState, VersionState, after, can
from controller.services.bulletin_rows import write_down
from controller.services.named_sounds import kept_uploads
from controller.services.room import Room
from controller.services.spool import Spool
from controller.settings import SoundSettings
from controller.storage.database import Database
from controller.storage.models import BulletinRow, BulletinVersionRow, IngestJobRow

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
_LEFTOVERS_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class IngestTask:
    """One claimed job and how it is to be done."""

    ingest_job_id: str
    bulletin_version_id: str
    source: Path
    workdir: Path
    chime: bool
    limits: IngestLimits
    cut: Span | None = None
    """The stretch of the upload to be used; None: all of it."""
    spoken_text: str | None = None
    """What is to be spoken into `source` first, by `voice`; None: the file is there."""
    voice: str | None = None


class IngestDesk:
    """Hands out jobs and takes results back."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        store: AssetStore,
        originals: FolderStore,
        spool: Path,
        sound: SoundSettings,
        wake: Callable[[str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._store = store
        self._originals = originals
        self._sound = sound
        self._limits = IngestLimits(sound.upload_limit_mb * 1_000_000, sound.longest_min * 60_000)
        self._spool = Spool(spool, limit_bytes=self._limits.max_bytes, room=Room(spool, sound))
        self._wake = wake

    def recover(self) -> int:
        """Queue again what an earlier run of the centre left unfinished. Call before any claim."""
        with self._database.write() as session:
            rows = session.scalars(select(IngestJobRow).where(IngestJobRow.state == "running"))
            found = [self._requeue(session, row) for row in rows]
        self._spool.clear_scratch()
        self.sweep()
        return len(found)

    def sweep(self) -> int:
        """Remove uploads nobody came back for within a day, and originals no version has any more.

        How many files.
        """
        jobs = select(IngestJobRow.spool_name).where(IngestJobRow.state.in_(("queued", "running")))
        with self._database.read() as session:
            wanted = set(session.scalars(jobs))
            kept = kept_uploads(session)
        before = self._now() - _LEFTOVERS_AFTER
        gone = self._originals.sweep_orphans(kept, older_than_epoch_s=before.timestamp())
        return len(gone) + self._spool.sweep(wanted, before=before)

    def claim(self, worker: str, *, is_spoken: bool = True) -> IngestTask | None:
        """The oldest waiting job, words of emergencies first, now this worker's; None for none.

        `is_spoken` False: one whose text is still to be spoken.
        """
        with self._database.write() as session:
            waiting = (
                select(IngestJobRow.ingest_job_id)
                .where(IngestJobRow.state == "queued", IngestJobRow.is_spoken.is_(is_spoken))
                .order_by(
                    IngestJobRow.is_urgent.desc(),
                    IngestJobRow.created_at,
                    IngestJobRow.ingest_job_id,
                )
                .limit(1)
            )
            job_id = session.scalar(waiting)
            if job_id is None or not self._take(session, job_id, worker):
                return None
            row = session.get_one(IngestJobRow, job_id)
            version = session.get_one(BulletinVersionRow, row.bulletin_version_id)
            return self._task(row, version)

    def report(self, task: IngestTask, percent: int) -> None:
        """Tell how far the work has come."""
        self._set(task, progress_percent=max(0, min(percent, 100)))

    def done(self, task: IngestTask, result: IngestResult) -> None:
        """Keep the sound and the upload it came from, and make the version ready.

        A change of sound voids an approval.
        """
        original = self._originals.adopt(task.source) if task.voice is None else None
        self._store.put(result.path)
        result.path.unlink(missing_ok=True)
        at = self._now()
        with self._database.write() as session:
            version = session.get_one(BulletinVersionRow, task.bulletin_version_id)
            _fill(version, result)
            version.original_sha256 = original
            version.original_size_bytes = result.source.size_bytes if original else None
            self._void_approval(session, version, at)
            self._close(session, task, "done", at)
        self._spool.drop(task.source.name)
        self._wake("emergency_words")
        self._wake("plan_refresh")

    def refused(self, task: IngestTask, error: RefusedSoundError) -> None:
        """The file itself is the reason; trying again would end the same."""
        self._give_up(task, error.code, _facts(error))

    def failed(self, task: IngestTask) -> None:
        """Something of ours went wrong: try again later, three times at most."""
        with self._database.write() as session:
            row = session.get_one(IngestJobRow, task.ingest_job_id)
            is_last = row.attempts >= MOST_ATTEMPTS
            if not is_last:
                self._requeue(session, row)
        if is_last:
            self._give_up(task, "tool_failed", {})

    def release(self, task: IngestTask) -> None:
        """Give the job back untouched: the centre is stopping."""
        with self._database.write() as session:
            row = session.get_one(IngestJobRow, task.ingest_job_id)
            row.attempts -= 1
            self._requeue(session, row)

    def waiting(self) -> int:
        """How many jobs wait or run."""
        query = select(IngestJobRow.ingest_job_id).where(
            IngestJobRow.state.in_(("queued", "running"))
        )
        with self._database.read() as session:
            return len(session.scalars(query).all())

    def spoken(self, task: IngestTask) -> None:
        """The text was spoken into the spool: what follows is as with any upload."""
        with self._database.write() as session:
            row = session.get_one(IngestJobRow, task.ingest_job_id)
            row.is_spoken, row.attempts = True, 0
            self._requeue(session, row)
        self._wake("ingest")

    def unspoken(self, task: IngestTask, error: SpeechUnavailableError | SpeechFailedError) -> None:
        """No voice could be had; the text stays, and another voice may be tried."""
        self._give_up(task, error.code, {"engine": error.engine})

    def _task(self, row: IngestJobRow, version: BulletinVersionRow) -> IngestTask:
        return IngestTask(
            ingest_job_id=row.ingest_job_id,
            bulletin_version_id=row.bulletin_version_id,
            source=self._spool.path(row.spool_name),
            workdir=self._spool.folder,
            chime=self._sound.chime and not row.is_urgent,  # the attention signal stands before it
            cut=_cut(version),
            limits=self._limits,
            spoken_text=None if row.is_spoken else version.spoken_text,
            voice=version.voice,
        )

    def _take(self, session: Session, job_id: str, worker: str) -> bool:
        result = session.execute(
            update(IngestJobRow)
            .where(IngestJobRow.ingest_job_id == job_id, IngestJobRow.state == "queued")
            .values(
                state="running",
                claimed_by=worker,
                started_at=self._now(),
                attempts=IngestJobRow.attempts + 1,
                progress_percent=0,
            )
        )
        return isinstance(result, CursorResult) and result.rowcount == 1

    def _requeue(self, session: Session, row: IngestJobRow) -> str:
        row.state, row.claimed_by, row.started_at = "queued", None, None
        session.flush()
        return row.ingest_job_id

    def _give_up(self, task: IngestTask, code: str, facts: dict[str, Any]) -> None:
        at = self._now()
        with self._database.write() as session:
            version = session.get_one(BulletinVersionRow, task.bulletin_version_id)
            version.state = VersionState.REFUSED.value
            version.refusal_code, version.refusal_facts = code, facts
            bulletin = session.get_one(BulletinRow, version.bulletin_id)
            write_down(session, None, "sound_refused", bulletin, at, {"code": code})
            self._close(session, task, "failed", at)
        self._spool.drop(task.source.name)
        logger.warning("no sound came of it version=%s code=%s", task.bulletin_version_id, code)

    def _void_approval(self, session: Session, version: BulletinVersionRow, at: datetime) -> None:
        bulletin = session.get_one(BulletinRow, version.bulletin_id)
        state = BulletinState(bulletin.state)
        if not can(state, BulletinDeed.CHANGE_SOUND):
            return  # withdrawn meanwhile: the sound stays with it, unused
        bulletin.state = after(state, BulletinDeed.CHANGE_SOUND).value
        bulletin.updated_at = at
        bulletin.row_version += 1
        if state in {BulletinState.APPROVED, BulletinState.SUBMITTED}:
            write_down(session, None, "approval_void", bulletin, at)

    def _close(self, session: Session, task: IngestTask, state: str, at: datetime) -> None:
        row = session.get_one(IngestJobRow, task.ingest_job_id)
        row.state, row.finished_at, row.progress_percent = state, at, 100

    def _set(self, task: IngestTask, **values: Any) -> None:
        with self._database.write() as session:
            session.execute(
                update(IngestJobRow)
                .where(IngestJobRow.ingest_job_id == task.ingest_job_id)
                .values(**values)
            )


def _cut(version: BulletinVersionRow) -> Span | None:
    start_ms, end_ms = version.cut_start_ms, version.cut_end_ms
    return None if start_ms is None or end_ms is None else Span(start_ms, end_ms)


def _fill(version: BulletinVersionRow, result: IngestResult) -> None:
    asset = result.asset
    version.state = VersionState.READY.value
    version.sha256 = asset.sha256
    version.size_bytes = asset.size_bytes
    version.duration_ms = asset.duration_ms
    version.lead_in_ms = result.lead_in_ms
    version.loudness_lufs = asset.loudness_lufs
    version.true_peak_dbtp = asset.true_peak_dbtp
    version.source_loudness_lufs = result.source_loudness_lufs
    version.waveform = list(asset.waveform)
    version.findings = [_placed(finding, result) for finding in result.findings]
    version.cues = [_placed(cue, result) for cue in result.cues]
    if result.suggested:
        version.suggested_start_ms = result.suggested.start_ms
        version.suggested_end_ms = result.suggested.end_ms


def _placed(mark: Finding | Cue, result: IngestResult) -> dict[str, Any]:
    """As it is written down: its place is that in the finished sound, behind the chime."""
    at_ms = None if mark.at_ms is None else mark.at_ms + result.lead_in_ms
    return {**asdict(mark), "kind": mark.kind.value, "at_ms": at_ms}


def _facts(error: RefusedSoundError) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, str) else value
        for name, value in vars(error).items()
        if value is None or isinstance(value, str | int | float)
    }
