"""What a programme sounds like: its running order as the items that stations are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain import pieces
from controller.domain.pieces import Ours, Recipe
from controller.domain.programmes import (
    OF_A_BULLETIN,
    OPENING_MS,
    OURS,
    SIGNATURE_MS,
    ItemKind,
    Joints,
    Named,
    Opening,
    ProgrammeItem,
    Run,
    Sound,
    may_air,
    running_order,
    sounds_of,
)
from controller.services.slot_sounds import MARK
from controller.storage.models import PieceRow
from station_protocol.messages import PlannedItem


@dataclass(frozen=True, slots=True)
class Answer:
    """Who put a programme together, and when: who answers for what the centre made for it."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """A sentence of an opening: the station's name, or the date; found when one knows which."""

    said: str
    """"station" or "date"."""
    voice: str
    answer: Answer


HeardItem = PlannedItem | Mark
Pieces = Mapping[str, Sound]
"""Pieces that are made, by their id; their approval is filled in by who answers for them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What stations with one order of languages hear. `items` is empty while it may not air."""

    items: tuple[HeardItem, ...]
    length_ms: int
    versions: tuple[str, ...] = ()
    """The versions of bulletins among them, in order, joined or not."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A stored programme with its items."""

    programme_id: str
    title: str
    items: tuple[ProgrammeItem, ...]
    joints: Joints
    answer: Answer
    place_name: str
    """As an opening names it: "Đài truyền thanh huyện Bác Ái"."""


def ready_pieces(session: Session, recipes: Iterable[Recipe]) -> dict[str, Sound]:
    """Those of these pieces that are made, also while one is made anew."""
    ids = {pieces.piece_id(recipe) for recipe in recipes}
    if not ids:
        return {}
    query = select(PieceRow).where(PieceRow.piece_id.in_(ids), PieceRow.sha256.is_not(None))
    return {row.piece_id: sound_of(row) for row in session.scalars(query)}


def sound_of(row: PieceRow) -> Sound:
    """A piece that is made, as sound nobody answers for yet."""
    return Sound(
        bulletin_version_id=row.piece_id,
        language="vi",
        sha256=row.sha256 or "",
        size_bytes=row.size_bytes or 0,
        duration_ms=row.duration_ms or 0,
    )


def own_recipes(programme: Programme) -> set[Recipe]:
    """The pieces it needs whatever its bulletins are: signature sounds, the name of a place."""
    kinds = {ItemKind(item.kind) for item in programme.items}
    found: set[Recipe] = {Ours(OURS[kind]) for kind in kinds & OURS.keys()}
    for item in programme.items:
        if item.kind == ItemKind.OPENING and item.named is Named.PLACE:
            found.add(pieces.greeting(programme.place_name, item.voice))
    return found


def order_of(
    programme: Programme,
    sounds: Mapping[str, Sequence[Sound]],
    language_order: Sequence[str],
    made: Pieces,
) -> tuple[Run | Opening, ...]:
    """The running order at stations with this order of languages."""
    ours = {
        name: _answered(sound, programme.answer)
        for name in OURS.values()
        if (sound := made.get(pieces.piece_id(Ours(name)))) is not None
    }
    return running_order(programme.items, sounds, language_order, ours, programme.joints)


def joined_recipes(order: Iterable[Run | Opening]) -> set[Recipe]:
    """What has to be made of a running order."""
    return {one.recipe for one in order if isinstance(one, Run) and one.recipe is not None}


def heard(
    programme: Programme,
    sounds: Mapping[str, Sequence[Sound]],
    language_order: Sequence[str],
    order: Sequence[Run | Opening],
    made: Pieces,
) -> Heard:
    """The items of the wire in order; what is not made yet is played as it lies there."""
    length_ms = sum(one.longest_ms if isinstance(one, Run) else OPENING_MS for one in order)
    unmade = [kind for item in programme.items if (kind := ItemKind(item.kind)) in OURS]
    length_ms += SIGNATURE_MS * sum(
        pieces.piece_id(Ours(OURS[kind])) not in made for kind in unmade
    )
    if not may_air(sounds_of(programme.items, sounds, language_order)):
        return Heard((), length_ms)
    found: list[HeardItem] = []
    for one in order:
        if isinstance(one, Run):
            found += _run_items(one, made)
        else:
            found += _opening_items(one, programme, made)
    parts = [part for one in order if isinstance(one, Run) for part in one.parts]
    versions = (part.sound.bulletin_version_id for part in parts if part.kind in OF_A_BULLETIN)
    return Heard(tuple(found), length_ms, tuple(versions))


def _run_items(run: Run, made: Pieces) -> list[HeardItem]:
    sounds = [part.sound for part in run.parts]
    piece = made.get(pieces.piece_id(run.recipe)) if run.recipe is not None else None
    if piece is None:
        return [planned(sound) for sound in sounds]
    voices = [part.sound for part in run.parts if part.kind in OF_A_BULLETIN] or sounds
    answers = [Answer(one.approved_by or "", one.approved_at) for one in voices if one.approved_at]
    return [planned(_answered(piece, max(answers, key=lambda answer: answer.at)))]


def _opening_items(opening: Opening, programme: Programme, made: Pieces) -> list[HeardItem]:
    date_line = Mark("date", opening.voice, programme.answer)
    if opening.named is Named.STATION:
        return [Mark("station", opening.voice, programme.answer), date_line]
    greeting = pieces.greeting(programme.place_name, opening.voice)
    name = made.get(pieces.piece_id(greeting))
    return [*([planned(_answered(name, programme.answer))] if name else []), date_line]


def _answered(sound: Sound, answer: Answer) -> Sound:
    return replace(sound, approved_by=answer.by, approved_at=answer.at)


def planned(sound: Sound) -> PlannedItem:
    """An approved sound as stations are told it."""
    return PlannedItem.model_validate(
        {
            "sha256": sound.sha256,
            "size_bytes": sound.size_bytes,
            "duration_ms": sound.duration_ms,
            "bulletin_version_id": sound.bulletin_version_id,
            "approved_by": sound.approved_by,
            "approved_at": sound.approved_at,
        }
    )


# --- as the slot table keeps it -------------------------------------------------------------------


def date_recipes(items: Iterable[HeardItem], days: Iterable[date]) -> set[Recipe]:
    """The sentences with the date that these items need on these days."""
    voices = {item.voice for item in items if isinstance(item, Mark) and item.said == "date"}
    return {pieces.date_line(day, voice) for day in days for voice in voices}


def station_voices(items: Iterable[HeardItem]) -> set[str]:
    """The voices that say the name of a station in these items."""
    return {item.voice for item in items if isinstance(item, Mark) and item.said == "station"}


def as_json(items: Iterable[HeardItem], day: date, made: Pieces) -> list[Any]:
    """Items as the slot table keeps them on this day; the station's name stays a mark."""
    return [kept for item in items if (kept := _kept(item, day, made)) is not None]


def _kept(item: HeardItem, day: date, made: Pieces) -> dict[str, Any] | None:
    if isinstance(item, PlannedItem):
        return item.model_dump(mode="json")
    if item.said == "station":
        return {
            MARK: item.said,
            "voice": item.voice,
            "approved_by": item.answer.by,
            "approved_at": item.answer.at.isoformat(),
        }
    sound = made.get(pieces.piece_id(pieces.date_line(day, item.voice)))
    return planned(_answered(sound, item.answer)).model_dump(mode="json") if sound else None
