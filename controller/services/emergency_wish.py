"""What somebody composed: an emergency or a drill before it is kept, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from controller.domain.bulletins import clean_text
from controller.domain.emergencies import LONGEST, MOST_WORDS, REPEATS_EVERY_MIN, SHORTEST, Part
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


def checked(
    wish: EmergencyWish, parts: Sequence[Part], is_voice: Callable[[str], bool]
) -> EmergencyWish:
    """The wish, its texts cleaned. InvalidInputError names the field that cannot be."""
    title, source = clean_text(wish.title)[:200], clean_text(wish.source)[:300]
    texts = {part: clean_text(wish.texts.get(part, "")) for part in parts}
    is_repeated = wish.repeat_every_min
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
    ):
        if problem:
            raise InvalidInputError(field_name, field=field_name, problem=problem)
    return replace(wish, title=title, source=source, texts=texts)


def _problem_of(text: str) -> str:
    if not text:
        return "missing"
    if blanks_in(text):
        return "blanks"
    return "too_long" if len(text) > MOST_WORDS else ""
