"""What an alert that came in would be as an emergency of ours: only as far as that is certain.

What it does not say, or not in a way that leaves no doubt, stays empty for the person to fill in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.domain.emergencies import LONGEST, MOST_WORDS, SHORTEST
from controller.domain.hazards import Hazard, recognise
from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.domain.schedule import STATION_ZONE
from controller.services.cap import PLACE_CODE
from controller.services.cap_reading import Area, CapMessage

_SEPARATORS = re.compile(r"[,;·\n]| và | and ")


@dataclass(frozen=True, slots=True)
class Placed:
    """One area of an alert, and the places of ours that it surely means."""

    words: str
    place_ids: tuple[str, ...]
    is_sure: bool
    """Whether they are all of it: an outline is taken by the middle of each commune alone."""


@dataclass(frozen=True, slots=True)
class CapDraft:
    """What of an alert fits the form of an emergency."""

    hazard: Hazard | None
    """None: the alert names none of ours, or several."""
    event: str
    """What it calls the hazard, in its own words."""
    level: int | None
    title: str
    source: str
    text: str
    is_cut: bool
    """Whether the alert said more than can be read aloud."""
    lasts_min: int | None
    """How long it still holds; None: it does not say, or is over."""
    is_over: bool
    places: tuple[Placed, ...]

    @property
    def target_ids(self) -> tuple[str, ...]:
        """Every place that is surely meant, each once."""
        return tuple(dict.fromkeys(one for placed in self.places for one in placed.place_ids))


def draft_of(message: CapMessage, tree: PlaceTree, own_id: str, now: datetime) -> CapDraft:
    """What somebody at a place would send of it there."""
    info = message.info
    said = " ".join(one for one in (info.description, info.instruction) if one)
    text = said or info.headline or info.event
    left = None if info.expires_at is None else info.expires_at - now
    known = set(Hazard)
    return CapDraft(
        hazard=Hazard(info.hazard_code) if info.hazard_code in known else recognise(info.event),
        event=info.event,
        level=info.level,
        title=(info.headline or info.event)[:200],
        source=_source(message),
        text=text[:MOST_WORDS],
        is_cut=len(text) > MOST_WORDS,
        lasts_min=None
        if left is None or left < SHORTEST
        else int(min(left, LONGEST).total_seconds() // 60),
        is_over=left is not None and left < SHORTEST,
        places=tuple(_placed(tree, own_id, area) for area in info.areas),
    )


def _source(message: CapMessage) -> str:
    if message.source:
        return message.source
    sent_at = message.sent_at.astimezone(STATION_ZONE)
    return f"{message.info.sender_name or message.sender}, {sent_at:%H:%M %d/%m/%Y}"[:300]


# --- where ----------------------------------------------------------------------------------------


def _placed(tree: PlaceTree, own_id: str, area: Area) -> Placed:
    """By the codes of the statistics office, else by names, else by the outline."""
    own = list(tree.walk(own_id))
    for found in (_by_code(own, area), _by_name(tree, own, area.words)):
        if found:
            return Placed(area.words, found, is_sure=True)
    inside = tuple(
        one.place_id
        for one in own
        if one.kind is PlaceKind.COMMUNE
        and one.latitude is not None
        and one.longitude is not None
        and area.holds((one.latitude, one.longitude))
    )
    return Placed(area.words, inside, is_sure=False)


def _by_code(own: Sequence[Place], area: Area) -> tuple[str, ...]:
    codes = {value for name, value in area.codes if name.casefold() == PLACE_CODE.casefold()}
    return tuple(one.place_id for one in own if one.code in codes)


def _by_name(tree: PlaceTree, own: Sequence[Place], words: str) -> tuple[str, ...]:
    """Places that are named whole, each name one place's alone; a place within another is meant
    without the other: `xã Phước Bình, huyện Bác Ái` is one commune. Empty if any word is not known.
    """
    names = [_plain(one) for one in _SEPARATORS.split(words)]
    names = [one for one in names if one]
    found = [_named(tree.places.values(), one) for one in names]
    if not found or any(one is None for one in found):
        return ()
    places = [one for one in found if one is not None]
    narrow = [
        one.place_id
        for one in places
        if not any(
            other is not one and tree.is_within(other.place_id, one.place_id) for other in places
        )
    ]
    within = {one.place_id for one in own}
    return tuple(one for one in narrow if one in within)


def _named(places: Iterable[Place], name: str) -> Place | None:
    """The one place of that name, with its kind or without."""
    found = [one for one in places if name in {_plain(one.full_name), _plain(one.name)}]
    exact = [one for one in found if name == _plain(one.full_name)]
    chosen = exact or found
    return chosen[0] if len(chosen) == 1 else None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).strip(" .")
