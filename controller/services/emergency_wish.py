"""What somebody composed: an emergency or a drill before it is kept, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from controller.domain.bulletins import clean_text
from controller.domain.emergencies import (
    LONGEST,
    MOST_WORDS,
    PARTS,
    REPEATS_EVERY_MIN,
    SHORTEST,
    Kind,
    Part,
    says_the_other,
)
from controller.domain.hazards import LEVELS, Hazard, blanks_in
from controller.errors import InvalidInputError
from controller.services.spool import Upload


@dataclass(frozen=True, slots=True)
class EmergencyWish:
    """What somebody composed. `texts` has one text for each part of the kind."""

    hazard: str
    level: int | None
    title: str
    source: str
    texts: Mapping[Part, str]
    voice: str
    target_ids: tuple[str, ...]
    repeat_every_min: int
    lasts_min: int
    bulletin_id: str = ""
    """An approved bulletin whose sound is the warning; "": a voice reads the text."""
    recordings: Mapping[tuple[Part, str], Upload] = field(default_factory=dict)
    """Words somebody recorded, by part and language: in Vietnamese instead of the voice."""


def checked(wish: EmergencyWish, kind: Kind, is_voice: Callable[[str], bool]) -> EmergencyWish:
    """The wish, its texts cleaned. InvalidInputError names the field that cannot be."""
    title, source = clean_text(wish.title)[:200], clean_text(wish.source)[:300]
    texts = {part: clean_text(wish.texts.get(part, "")) for part in PARTS[kind]}
    is_repeated, said = wish.repeat_every_min, _claims(kind, title, texts)
    for field_name, problem in (
        ("hazard", "choice" if wish.hazard not in set(Hazard) else ""),
        ("level", "choice" if wish.level not in (None, *LEVELS) else ""),
        ("title", "" if title else "missing"),
        ("voice", "" if is_voice(wish.voice) else "choice"),
        ("targets", "" if wish.target_ids else "missing"),
        ("repeat", "" if is_repeated in REPEATS_EVERY_MIN else "choice"),
        ("lasts", "" if SHORTEST <= timedelta(minutes=wish.lasts_min) <= LONGEST else "range"),
        ("lasts", "too_short" if is_repeated > wish.lasts_min else ""),
        *((part.value, _problem_of(text)) for part, text in texts.items()),
        *((name, _OTHER[kind]) for name, text in said if says_the_other(kind, text)),
    ):
        if problem:
            raise InvalidInputError(field_name, field=field_name, problem=problem)
    return replace(wish, title=title, source=source, texts=texts)


_OTHER = {Kind.LIVE: "says_drill", Kind.DRILL: "says_real"}


def _claims(kind: Kind, title: str, texts: Mapping[Part, str]) -> list[tuple[str, str]]:
    """The words that must not speak of the other kind, by field.

    What puts a warning right may: "what you heard was a drill, sent by mistake".
    """
    said = {
        part: text for part, text in texts.items() if kind is Kind.DRILL or part is Part.WARNING
    }
    return [("title", title), *((part.value, text) for part, text in said.items())]


def _problem_of(text: str) -> str:
    if not text:
        return "missing"
    if blanks_in(text):
        return "blanks"
    return "too_long" if len(text) > MOST_WORDS else ""
