"""A proposal as it is kept: its row, and what is said in each part made ready before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain import pieces
from controller.domain.accounts import Actor
from controller.domain.bulletins import Language, VersionState
from controller.domain.emergencies import CONFIRMED_WITHIN, Kind, Part, State
from controller.domain.pieces import Joined, JoinedPart, Said
from controller.domain.places import PlaceTree
from controller.errors import InvalidInputError, OutOfScopeError, SoundGoneError
from controller.services.emergency_recordings import Recorded
from controller.services.emergency_wish import EmergencyWish
from controller.services.identifiers import new_id
from controller.services.piece_desk import want
from controller.services.scope import may_see
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    EmergencyPartRow,
    EmergencyRow,
    EmergencyTranslationRow,
    PieceRow,
)

Spoken = Callable[[Part, str], str]
"""The words of a part as they are read aloud."""


def new_row(
    actor: Actor,
    kind: Kind,
    wish: EmergencyWish,
    targets: Sequence[str],
    stations: int,
    at: datetime,
) -> EmergencyRow:
    """What was composed, waiting for the second person."""
    return EmergencyRow(
        emergency_id=new_id(at),
        kind=kind.value,
        hazard=wish.hazard,
        level=wish.level,
        title=wish.title,
        source=wish.source,
        place_id=actor.place_id,
        target_ids=list(targets),
        stations=stations,
        repeat_every_s=wish.repeat_every_min * 60 or None,
        lasts_s=wish.lasts_min * 60,
        until_at=at + CONFIRMED_WITHIN,
        state=State.PROPOSED.value,
        composed_by=actor.account_id,
        composed_by_name=actor.full_name,
        composed_at=at,
    )


def keep(
    session: Session,
    tree: PlaceTree,
    actor: Actor,
    row: EmergencyRow,
    wish: EmergencyWish,
    spoken: Spoken,
    recorded: Recorded,
    mark: str = "",
) -> None:
    """Store the row with its parts, and have their words made before all other sound.

    What was recorded just now comes before an approved bulletin, that before a voice. With a
    `mark` no recording is heard without that sentence before and after it: the sentence is made
    meanwhile, and `mark_recordings` joins them.
    """
    approved = approved_sounds(session, tree, actor, wish.bulletin_id)
    sounds = {**{(Part.WARNING, one): version for one, version in approved.items()}, **recorded}
    session.add(row)
    session.flush()
    for part, text in wish.texts.items():
        kept = EmergencyPartRow(emergency_id=row.emergency_id, part=part.value, text=text)
        kept.bulletin_version_id = sounds.pop((part, Language.VI.value), None)
        if kept.bulletin_version_id is None or mark:
            words = spoken(part, text) if kept.bulletin_version_id is None else mark
            said = Said(words, wish.voice)
            kept.piece_id = pieces.piece_id(said)
            want(session, [said], row.composed_at, is_urgent=True)
        session.add(kept)
    for (part, language), version_id in sounds.items():
        session.add(
            EmergencyTranslationRow(
                emergency_id=row.emergency_id,
                part=part.value,
                language=language,
                bulletin_version_id=version_id,
            )
        )


_Unmarked = tuple[EmergencyPartRow, PieceRow, BulletinVersionRow]


def unmarked(session: Session, now: datetime) -> list[_Unmarked]:
    """Recordings of drills that are finished, each with its mark, and are not joined with it."""
    query = (
        select(EmergencyPartRow, PieceRow, BulletinVersionRow)
        .join(EmergencyRow, EmergencyRow.emergency_id == EmergencyPartRow.emergency_id)
        .join(PieceRow, PieceRow.piece_id == EmergencyPartRow.piece_id)
        .join(
            BulletinVersionRow,
            BulletinVersionRow.bulletin_version_id == EmergencyPartRow.bulletin_version_id,
        )
        .where(
            EmergencyRow.kind == Kind.DRILL.value,
            EmergencyRow.until_at > now,
            PieceRow.sha256.is_not(None),
            BulletinVersionRow.sha256.is_not(None),
        )
    )
    return [
        (part, piece, version)
        for part, piece, version in session.execute(query)
        if isinstance(pieces.read(piece.recipe), Said)
    ]


def mark_recordings(session: Session, now: datetime) -> None:
    """Have each finished recording of a drill joined with its mark.

    The mark's piece gives way to that of the whole in the row: it says which sound is heard.
    """
    for part, piece, version in unmarked(session, now):
        mark, recording = JoinedPart(piece.sha256 or ""), JoinedPart(version.sha256 or "")
        whole = Joined((mark, recording, mark))
        want(session, [whole], now, is_urgent=True)
        part.piece_id = pieces.piece_id(whole)


def approved_sounds(
    session: Session, tree: PlaceTree, actor: Actor, bulletin_id: str
) -> Mapping[str, str]:
    """The newest sound in each language of an approved bulletin of the actor's place.

    InvalidInputError when it is not approved, or speaks no Vietnamese; SoundGoneError;
    OutOfScopeError elsewhere.
    """
    if not bulletin_id:
        return {}
    bulletin = session.get(BulletinRow, bulletin_id)
    if bulletin is None or not (
        may_see(tree, actor, bulletin.place_id) or bulletin.shared_at is not None
    ):
        raise OutOfScopeError(f"bulletin {bulletin_id}", bulletin_id=bulletin_id)
    query = (
        select(BulletinVersionRow)
        .where(
            BulletinVersionRow.bulletin_id == bulletin_id,
            BulletinVersionRow.state == VersionState.READY.value,
            BulletinVersionRow.approved_at.is_not(None),
        )
        .order_by(BulletinVersionRow.number)
    )
    rows = session.scalars(query).all()
    found = {row.language: row.bulletin_version_id for row in rows if row.sound_gone_at is None}
    if rows and not found:
        raise SoundGoneError(bulletin_id, gone_at=rows[-1].sound_gone_at)
    if bulletin.state != "approved" or Language.VI.value not in found:
        raise InvalidInputError("not approved", field="bulletin", problem="not_approved")
    return found
