"""Sound the centre makes itself: asked for by the planner, made by a worker, found by its recipe.

Pieces lie in a table, so a restart loses none; what was being made when the centre stopped is begun
again. What cannot be made is tried again each hour: the programme airs without it meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from audio_library.assets import AudioAsset
from audio_library.store import AssetStore
from controller.domain import pieces
from controller.domain.pieces import Recipe
from controller.services.programme_sounds import sound_of, station_voices
from controller.services.schedule_rows import StoredSchedule
from controller.services.slot_sounds import MARK, Names
from controller.storage.database import Database
from controller.storage.models import PieceRow, PlaceRow, StationRow

logger = logging.getLogger(__name__)

TRIED_AGAIN_AFTER = timedelta(hours=1)
MOST_ATTEMPTS = 72
"""Three days of trying each hour; a sentence with a date is of no use then."""


def want(
    session: Session, recipes: Iterable[Recipe], now: datetime, *, is_urgent: bool = False
) -> None:
    """Have these pieces made, if nobody asked for them before.

    Urgent ones come before all others, also those that were asked for or failed before.
    """
    wanted = {pieces.piece_id(recipe): recipe for recipe in recipes}
    if not wanted:
        return
    query = select(PieceRow.piece_id).where(PieceRow.piece_id.in_(wanted))
    values = [
        {
            "piece_id": piece_id,
            "recipe": pieces.spell(wanted[piece_id]),
            "state": "wanted",
            "attempts": 0,
            "wanted_at": now,
            "is_urgent": is_urgent,
        }
        for piece_id in sorted(wanted.keys() - set(session.scalars(query)))
    ]
    if values:
        # Somebody who plans at the same moment may have asked for the same.
        if session.get_bind().dialect.name == "postgresql":
            session.execute(postgresql.insert(PieceRow).on_conflict_do_nothing(), values)
        else:
            session.execute(sqlite.insert(PieceRow).on_conflict_do_nothing(), values)
    if is_urgent:
        unmade = PieceRow.piece_id.in_(wanted), PieceRow.state.in_(("wanted", "failed"))
        session.execute(
            update(PieceRow).where(*unmade).values(is_urgent=True, state="wanted", attempts=0)
        )


def names_wanted(session: Session, schedules: Iterable[StoredSchedule]) -> set[Recipe]:
    """How the stations that these schedules air at are called, in the voices of their openings."""
    found: set[Recipe] = set()
    for stored in schedules:
        voices = station_voices(stored.content.every_item)
        if voices:
            names = _station_names(session, stored.target_ids)
            found |= {pieces.greeting(name, voice) for name in names for voice in voices}
    return found


def _station_names(session: Session, place_ids: Sequence[str]) -> Sequence[str]:
    district = aliased(PlaceRow)
    return session.scalars(
        select(StationRow.name)
        .join(PlaceRow, PlaceRow.place_id == StationRow.place_id)
        .join(district, district.place_id == PlaceRow.parent_id, isouter=True)
        .where(
            StationRow.retired_at.is_(None),
            or_(
                PlaceRow.place_id.in_(place_ids),
                PlaceRow.parent_id.in_(place_ids),
                district.parent_id.in_(place_ids),
            ),
        )
    ).all()


def station_names(session: Session, items: Iterable[Any]) -> Names:
    """How each station is called, by the voices these stored items of slots ask for."""
    voices = {item["voice"] for item in items if MARK in item}
    if not voices:
        return {}
    query = select(StationRow.station_id, StationRow.name).where(StationRow.retired_at.is_(None))
    ids = {
        (station_id, voice): pieces.piece_id(pieces.greeting(name, voice))
        for station_id, name in session.execute(query)
        for voice in voices
    }
    ready = select(PieceRow).where(
        PieceRow.piece_id.in_(set(ids.values())), PieceRow.sha256.is_not(None)
    )
    made = {row.piece_id: _fields(row) for row in session.scalars(ready)}
    return {key: made[piece_id] for key, piece_id in ids.items() if piece_id in made}


def _fields(row: PieceRow) -> dict[str, Any]:
    sound = sound_of(row)
    return {
        "sha256": sound.sha256,
        "size_bytes": sound.size_bytes,
        "duration_ms": sound.duration_ms,
        "bulletin_version_id": sound.bulletin_version_id,
    }


@dataclass(frozen=True, slots=True)
class PieceTask:
    """A piece somebody is making."""

    piece_id: str
    recipe: Recipe
    workdir: Path


class PieceDesk:
    """Hands out what is to be made and takes it back."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        store: AssetStore,
        workdir: Path,
        wake: Callable[[str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._store = store
        self._workdir = workdir
        self._wake = wake

    def claim(self) -> PieceTask | None:
        """The piece asked for first, what failed before comes last; None when none is to be made.

        There is one worker, so a piece that is being made when it asks was left by an earlier run.
        """
        now = self._now()
        with self._database.write() as session:
            may_try = or_(
                PieceRow.state.in_(("wanted", "running")),
                and_(
                    PieceRow.state == "failed",
                    PieceRow.wanted_at <= now - TRIED_AGAIN_AFTER,
                    PieceRow.attempts < MOST_ATTEMPTS,
                ),
            )
            row = session.scalar(
                select(PieceRow)
                .where(may_try)
                .order_by(
                    PieceRow.is_urgent.desc(),
                    PieceRow.state == "failed",
                    PieceRow.wanted_at,
                    PieceRow.piece_id,
                )
                .limit(1)
            )
            if row is None:
                return None
            row.state, row.attempts = "running", row.attempts + 1
            try:
                recipe = pieces.read(row.recipe)
            except (KeyError, TypeError, ValueError):
                logger.exception("piece cannot be read piece=%s", row.piece_id)
                row.state, row.attempts = "failed", MOST_ATTEMPTS
                return None
            return PieceTask(row.piece_id, recipe, self._workdir)

    def path(self, sha256: str) -> Path:
        """A stored sound that goes into a piece. AssetMissingError."""
        return self._store.path(sha256)

    def done(self, task: PieceTask, path: Path, asset: AudioAsset) -> None:
        """Keep the sound. Plans take it at the next refresh: at once when nothing more is wanted,
        for each refresh signs the plans of every station that changed."""
        self._store.put(path)
        path.unlink(missing_ok=True)
        values = {
            "sha256": asset.sha256,
            "size_bytes": asset.size_bytes,
            "duration_ms": asset.duration_ms,
            "made_at": self._now(),
        }
        self._close(task, state="ready", **values)
        self._wake("emergency_words")
        with self._database.read() as session:
            query = select(PieceRow.piece_id).where(PieceRow.state == "wanted").limit(1)
            is_last = session.scalar(query) is None
        if is_last:
            self._wake("plan_refresh")

    def failed(self, task: PieceTask) -> None:
        """It could not be made: tried again after an hour."""
        self._close(task, state="failed", wanted_at=self._now())

    def release(self, task: PieceTask) -> None:
        """Give it back untouched: the centre is stopping."""
        self._close(task, state="wanted")

    def _close(self, task: PieceTask, **values: object) -> None:
        with self._database.write() as session:
            session.execute(
                update(PieceRow).where(PieceRow.piece_id == task.piece_id).values(**values)
            )
