"""How long the sound of bulletins is kept, and how it goes; title, words and hash stay for ever.

First the rows say that the sound went, then the next sweep takes the files no row names: killed in
between, the sweep of the next night does the same. Nothing that may still sound is touched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinState
from controller.domain.schedule import instant, local_date
from controller.errors import SoundGoneError
from controller.services.bulletin_rows import own_row, write_down
from controller.services.bulletin_uses import schedules_of
from controller.services.bulletin_views import views
from controller.services.named_sounds import named_sounds
from controller.services.places import Places
from controller.services.retention import months_before
from controller.services.schedule_store import has_ended, take_turn
from controller.settings import KeepingSettings
from controller.storage.database import Database
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    EmergencyPartRow,
    EmergencyTranslationRow,
    IngestJobRow,
    ProgrammeItemRow,
    ProgrammeRow,
    SlotBulletinRow,
    SlotRow,
)

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200
"""So many bulletins are looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A bulletin whose sound the rule no longer keeps."""

    bulletin_id: str
    title: str
    place_id: str
    sounds: Mapping[str, int]
    """Size in bytes of each file, finished sound and upload, by SHA-256."""


@dataclass(frozen=True, slots=True)
class SoundRule:
    """The rule, and what it would take now."""

    months: int
    """0: for ever."""
    before: date | None
    """First local day whose use still keeps a sound; None: every one is kept."""
    leaving: tuple[Leaving, ...]
    size_bytes: int
    """What would be freed: files that a bulletin which stays has too are not counted."""
    held: int
    """Bulletins somebody keeps the sound of, whatever the rule says."""


class SoundKeeping:
    """Lets the sound of bulletins go that nothing has used for as long as the rule says."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        settings: KeepingSettings,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._settings = settings

    def hold(self, actor: Actor, bulletin_id: str, *, is_held: bool) -> None:
        """Keep the sound of a bulletin whatever the rule says, or let it follow the rule again.

        NotFoundError outside the actor's place; SoundGoneError when nothing is left to keep.
        """
        at = self._now()
        with self._database.write() as session:
            row = own_row(session, self._places.tree(), actor, bulletin_id)
            (view,) = views(session, [row])
            if is_held and view.sound_gone_at is not None:
                raise SoundGoneError(bulletin_id, gone_at=view.sound_gone_at)
            if (row.sound_held_at is not None) == is_held:
                return
            row.sound_held_at = at if is_held else None
            write_down(session, actor, "sound_hold" if is_held else "sound_unhold", row, at)

    def check(self) -> SoundRule:
        """What would go now; nothing does."""
        before = self._before()
        with self._database.read() as session:
            held = session.scalar(
                select(func.count())
                .select_from(BulletinRow)
                .where(BulletinRow.sound_held_at.is_not(None))
            )
            leaving: list[Leaving] = []
            if before is not None:
                named = self._named(session, before)
                for _last_id, found in self._walk(session, before, named):
                    leaving += found
            return SoundRule(
                self._settings.bulletin_sound_months,
                local_date(before) if before else None,
                tuple(leaving),
                _freed(session, leaving),
                held or 0,
            )

    def keep_to_it(self) -> int:
        """Write down what goes; how many bulletins. The next sweep deletes the files."""
        before = self._before()
        if before is None:
            return 0
        with self._database.read() as session:
            named = self._named(session, before)
        at, gone, last_id = self._now(), 0, ""
        while True:
            with self._database.write() as session:
                take_turn(session)  # nobody schedules what goes in this moment
                step = next(self._walk(session, before, named, last_id), None)
                if step is None:
                    break
                last_id, leaving = step
                for one in leaving:
                    _mark(session, one, at)
                gone += len(leaving)
        logger.info("sound of bulletins let go count=%s", gone)
        return gone

    def _before(self) -> datetime | None:
        months = self._settings.bulletin_sound_months
        if not months:
            return None
        return instant(months_before(local_date(self._now()), months), time(0))

    def _named(self, session: Session, before: datetime) -> frozenset[str]:
        """What slots, plans, orders and pieces need, whatever becomes of the bulletins.

        Not asked while no bulletin is unused for so long: it takes a look at a year of slots.
        """
        unused = select(BulletinRow.bulletin_id).where(*_unused_since(before)).limit(1)
        if session.scalar(unused) is None:
            return frozenset()
        months, since = self._settings.aired_sound_months, None
        if months:
            since = instant(months_before(local_date(self._now()), months), time(0))
        return named_sounds(session, since, bulletins=False)

    def _walk(
        self,
        session: Session,
        before: datetime,
        named: frozenset[str],
        last_id: str = "",
    ) -> Iterator[tuple[str, list[Leaving]]]:
        """Batch by batch the last bulletin looked at, and what goes of the batch."""
        now = self._now()
        while True:
            rows = session.scalars(
                select(BulletinRow)
                .where(BulletinRow.bulletin_id > last_id, *_unused_since(before))
                .order_by(BulletinRow.bulletin_id)
                .limit(MOST_AT_ONCE)
            ).all()
            if not rows:
                return
            last_id = rows[-1].bulletin_id
            files = _files(session, [row.bulletin_id for row in rows])
            yield (
                last_id,
                [
                    Leaving(row.bulletin_id, row.title, row.place_id, sounds)
                    for row in rows
                    if (sounds := files.get(row.bulletin_id))
                    and named.isdisjoint(sounds)
                    and not _is_scheduled(session, row.bulletin_id, now)
                ],
            )


def _unused_since(before: datetime) -> Sequence[ColumnElement[bool]]:
    """Bulletins with sound that nothing since then has to do with, and nothing waits to use.

    One that waits for approval stays, as does one that never aired and still may.
    """
    key = BulletinRow.bulletin_id
    version, slot = BulletinVersionRow, SlotRow
    own = version.bulletin_id == key
    aired = and_(SlotBulletinRow.bulletin_id == key, SlotBulletinRow.slot_id == slot.slot_id)
    programme = and_(
        ProgrammeItemRow.bulletin_id == key,
        ProgrammeItemRow.programme_id == ProgrammeRow.programme_id,
        ProgrammeRow.retired_at.is_(None),
    )
    put_together = func.coalesce(ProgrammeRow.changed_at, ProgrammeRow.created_at)
    return (
        BulletinRow.sound_held_at.is_(None),
        BulletinRow.state != BulletinState.SUBMITTED.value,
        BulletinRow.updated_at < before,
        exists().where(own, version.state == "ready", version.sound_gone_at.is_(None)),
        ~exists().where(own, version.created_at >= before),
        ~exists().where(
            own,
            IngestJobRow.bulletin_version_id == version.bulletin_version_id,
            IngestJobRow.state.in_(("queued", "running")),
        ),
        or_(BulletinRow.state == BulletinState.WITHDRAWN.value, exists().where(aired)),
        ~exists().where(aired, slot.starts_at >= before),
        ~exists().where(programme, or_(ProgrammeRow.is_template, put_together >= before)),
        *(
            ~exists().where(own, row.bulletin_version_id == version.bulletin_version_id)
            for row in (EmergencyPartRow, EmergencyTranslationRow)
        ),
    )


def _is_scheduled(session: Session, bulletin_id: str, now: datetime) -> bool:
    """Whether some rule that has not ended airs it, though it did not for all the months."""
    return any(not has_ended(stored, now) for stored in schedules_of(session, bulletin_id))


def _files(session: Session, bulletin_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Of each bulletin the files that are still kept, with their sizes in bytes."""
    row = BulletinVersionRow
    query = select(
        row.bulletin_id, row.sha256, row.size_bytes, row.original_sha256, row.original_size_bytes
    ).where(row.bulletin_id.in_(bulletin_ids), row.sound_gone_at.is_(None))
    found: dict[str, dict[str, int]] = {}
    for key, sha256, size, original, original_size in session.execute(query):
        for name, length in ((sha256, size), (original, original_size)):
            if name:
                found.setdefault(key, {})[name] = length or 0
    return found


def _freed(session: Session, leaving: Sequence[Leaving]) -> int:
    sizes = {name: size for one in leaving for name, size in one.sounds.items()}
    going, names = {one.bulletin_id for one in leaving}, sorted(sizes)
    row = BulletinVersionRow
    for start in range(0, len(names), MOST_AT_ONCE):
        for column in (row.sha256, row.original_sha256):
            owners = select(column, row.bulletin_id).where(
                column.in_(names[start : start + MOST_AT_ONCE]), row.sound_gone_at.is_(None)
            )
            for name, bulletin_id in session.execute(owners.distinct()):
                if bulletin_id not in going:
                    sizes.pop(name or "", None)
    return sum(sizes.values())


def _mark(session: Session, one: Leaving, at: datetime) -> None:
    """Say that its sound went, and write that down; the hashes of it stay where they are."""
    version = BulletinVersionRow
    is_kept = (version.bulletin_id == one.bulletin_id, version.sound_gone_at.is_(None))
    sounds = session.execute(
        select(version.language, version.sha256)
        .where(*is_kept, version.sha256.is_not(None))
        .order_by(version.number)
    ).all()
    session.execute(
        update(version)
        .where(*is_kept)
        .values(sound_gone_at=at)
        .execution_options(synchronize_session=False)
    )
    detail: dict[str, Any] = {language: sha256 for language, sha256 in sounds}  # noqa: C416 - rows
    detail |= {
        "files": len(one.sounds),
        "size_bytes": sum(one.sounds.values()),
    }
    write_down(
        session, None, "sound_gone", session.get_one(BulletinRow, one.bulletin_id), at, detail
    )
