"""Drafts nobody came back to: named to their author, then deleted with their sound.

What was ever approved, scheduled or aired is no draft and is never deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from audio_library.store import AssetStore
from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinState
from controller.domain.schedule import instant, local_date
from controller.services.bulletin_rows import write_down
from controller.services.named_sounds import named_sounds
from controller.services.retention import months_before
from controller.settings import KeepingSettings, SoundSettings
from controller.storage.database import Database
from controller.storage.models import (
    BulletinCommentRow,
    BulletinRow,
    BulletinTagRow,
    BulletinVersionRow,
    EmergencyPartRow,
    EmergencyTranslationRow,
    IngestJobRow,
    ProgrammeItemRow,
    SlotBulletinRow,
)

logger = logging.getLogger(__name__)

TOLD_BEFORE = timedelta(days=14)
"""How long before it goes a draft is named to its author."""

MOST_AT_ONCE = 200
ORPHANS_KEPT = timedelta(days=1)
"""Sound is stored before its row: what is younger may still be named."""


@dataclass(frozen=True, slots=True)
class FadingDraft:
    """A draft that is deleted on a local date unless somebody changes it."""

    bulletin_id: str
    title: str
    goes_on: date


class Drafts:
    """Finds and deletes forgotten drafts."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        store: AssetStore,
        settings: SoundSettings,
        keeping: KeepingSettings | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._store = store
        self._kept = timedelta(days=settings.drafts_kept_days)
        self._aired_months = (keeping or KeepingSettings()).aired_sound_months

    def fading(self, actor: Actor) -> tuple[FadingDraft, ...]:
        """The actor's own drafts that go within two weeks, the first to go in front."""
        if not self._kept:
            return ()
        since = self._now() - self._kept + TOLD_BEFORE
        query = (
            select(BulletinRow)
            .where(BulletinRow.author_id == actor.account_id, *_forgotten(since))
            .order_by(BulletinRow.updated_at)
        )
        with self._database.read() as session:
            return tuple(
                FadingDraft(row.bulletin_id, row.title, local_date(row.updated_at + self._kept))
                for row in session.scalars(query)
            )

    def prune(self) -> int:
        """Delete forgotten drafts, then sound that no row names any more; how many drafts."""
        gone = self._delete_drafts() if self._kept else 0
        self._sweep()
        return gone

    def _delete_drafts(self) -> int:
        at = self._now()
        query = (
            select(BulletinRow)
            .where(*_forgotten(at - self._kept))
            .limit(MOST_AT_ONCE)
            .with_for_update(of=BulletinRow)
        )
        with self._database.write() as session:
            rows = session.scalars(query).all()
            for row in rows:
                detail = {"title": row.title, "changed_at": row.updated_at.isoformat()}
                write_down(session, None, "prune", row, at, detail)
            _delete(session, [row.bulletin_id for row in rows])
        logger.info("forgotten drafts deleted count=%s", len(rows))
        return len(rows)

    def _slots_since(self) -> datetime | None:
        """Slots from before no longer hold the sound that was made for them."""
        if not self._aired_months:
            return None
        return instant(months_before(local_date(self._now()), self._aired_months), time(0))

    def _sweep(self) -> None:
        with self._database.read() as session:
            keep = named_sounds(session, self._slots_since())
        before = self._now() - ORPHANS_KEPT
        self._store.sweep_orphans(keep, older_than_epoch_s=before.timestamp())


def _forgotten(before: datetime) -> Sequence[ColumnElement[bool]]:
    """Drafts unchanged since then, never approved, in no programme, slot or emergency, no sound
    under way."""
    versions = select(BulletinVersionRow.bulletin_version_id).where(
        BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id
    )
    under_way = IngestJobRow.state.in_(("queued", "running"))
    return (
        BulletinRow.state.in_((BulletinState.DRAFT.value, BulletinState.RETURNED.value)),
        BulletinRow.updated_at < before,
        ~exists(versions.where(BulletinVersionRow.approved_at.is_not(None))),
        ~exists().where(ProgrammeItemRow.bulletin_id == BulletinRow.bulletin_id),
        ~exists().where(SlotBulletinRow.bulletin_id == BulletinRow.bulletin_id),
        *(
            ~exists().where(
                row.bulletin_version_id == BulletinVersionRow.bulletin_version_id,
                BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id,
            )
            for row in (EmergencyPartRow, EmergencyTranslationRow)
        ),
        ~exists().where(
            IngestJobRow.bulletin_version_id == BulletinVersionRow.bulletin_version_id,
            BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id,
            under_way,
        ),
    )


def _delete(session: Session, ids: Sequence[str]) -> None:
    versions = select(BulletinVersionRow.bulletin_version_id).where(
        BulletinVersionRow.bulletin_id.in_(ids)
    )
    for statement in (
        delete(IngestJobRow).where(IngestJobRow.bulletin_version_id.in_(versions)),
        delete(BulletinVersionRow).where(BulletinVersionRow.bulletin_id.in_(ids)),
        delete(BulletinCommentRow).where(BulletinCommentRow.bulletin_id.in_(ids)),
        delete(BulletinTagRow).where(BulletinTagRow.bulletin_id.in_(ids)),
        delete(BulletinRow).where(BulletinRow.bulletin_id.in_(ids)),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
