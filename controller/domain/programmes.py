"""Items in order: which sound each of them gives, how they follow each other, how long they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from controller.domain.pieces import Joined, JoinedPart

MOST_ITEMS = 24
MOST_PAUSE_MS = 5_000

JOINED_AT_MOST_MS = 5 * 60 * 1000
"""Items that follow each other are made into one sound up to this length; longer ones stay apart
and the station plays them without a gap. Both together would hold minutes of samples in memory."""

OPENING_MS = 12_000
"""What is kept free for an opening until it was spoken."""

SIGNATURE_MS = 8_000
"""What is kept free for one of our sounds until it was made."""

CROSSFADE_MS = 400
"""Between two sounds that are no voice."""


class ItemKind(StrEnum):
    """What an item of a programme is."""

    IDENT = "ident"
    OPENING = "opening"
    BULLETIN = "bulletin"
    FEATURE = "feature"
    NOTICE = "notice"
    MUSIC = "music"
    CHIME = "chime"
    CLOSING = "closing"


OF_A_BULLETIN = frozenset({ItemKind.BULLETIN, ItemKind.FEATURE, ItemKind.NOTICE, ItemKind.MUSIC})
"""Kinds whose sound is that of an approved bulletin."""

OURS = {ItemKind.IDENT: "theme", ItemKind.CHIME: "chime", ItemKind.CLOSING: "closing"}
"""Kinds that are one of our own signature sounds, and its name."""

_FADED = frozenset({ItemKind.IDENT, ItemKind.MUSIC, ItemKind.CLOSING})


class Chimes(StrEnum):
    """Before which bulletins of a programme the chime sounds."""

    EACH = "each"
    FIRST = "first"
    NONE = "none"


class Named(StrEnum):
    """Who is named in the first sentence of an opening."""

    STATION = "station"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class ProgrammeItem:
    """One item. Only kinds of a bulletin name one; an opening has `named` and a voice."""

    position: int
    kind: str
    bulletin_id: str | None
    named: Named = Named.STATION
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Joints:
    """How the items of a programme follow each other."""

    chimes: Chimes = Chimes.EACH
    pause_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """The newest version of a bulletin in one language; approved when somebody said so."""

    bulletin_version_id: str
    language: str
    sha256: str
    size_bytes: int
    duration_ms: int
    approved_by: str | None = None
    approved_at: datetime | None = None
    lead_in_ms: int = 0
    """How long the chime before the voice is."""

    @property
    def is_approved(self) -> bool:
        """Whether it may be heard."""
        return self.approved_at is not None and bool(self.approved_by)


@dataclass(frozen=True, slots=True)
class Part:
    """An item as it will be heard: without its first `skip_ms`, `gap_ms` behind the one before."""

    kind: ItemKind
    sound: Sound
    skip_ms: int = 0
    gap_ms: int = 0

    @property
    def length_ms(self) -> int:
        """What it adds to the whole."""
        return self.sound.duration_ms - self.skip_ms + self.gap_ms


@dataclass(frozen=True, slots=True)
class Opening:
    """A spoken opening: other words at each station, or on each day."""

    named: Named
    voice: str


@dataclass(frozen=True, slots=True)
class Run:
    """Parts that follow each other and are the same every day at every station."""

    parts: tuple[Part, ...]
    recipe: Joined | None = field(default=None)
    """What has to be made of them; None: the one part is played as it lies there."""

    @property
    def length_ms(self) -> int:
        """How long it sounds when it is made."""
        return sum(part.length_ms for part in self.parts)

    @property
    def longest_ms(self) -> int:
        """How long it may sound: until it is made, its parts are heard as they lie there."""
        return max(self.length_ms, sum(part.sound.duration_ms for part in self.parts))


def chosen(sounds: Sequence[Sound], language_order: Sequence[str]) -> Sound | None:
    """The version in the first language of the order that has one, else the first of all."""
    for language in language_order:
        for sound in sounds:
            if sound.language == language:
                return sound
    return sounds[0] if sounds else None


def sounds_of(
    items: Iterable[ProgrammeItem],
    sounds: Mapping[str, Sequence[Sound]],
    language_order: Sequence[str],
) -> tuple[Sound | None, ...]:
    """The sound of each item that has a bulletin, in order; None where it has none yet."""
    return tuple(
        chosen(sounds.get(item.bulletin_id or "", ()), language_order)
        for item in in_order(items)
        if ItemKind(item.kind) in OF_A_BULLETIN
    )


def in_order(items: Iterable[ProgrammeItem]) -> list[ProgrammeItem]:
    """The items by their positions."""
    return sorted(items, key=lambda item: item.position)


def languages_of(
    items: Iterable[ProgrammeItem], sounds: Mapping[str, Sequence[Sound]]
) -> frozenset[str]:
    """The languages in which every bulletin has sound."""
    spoken = [
        frozenset(sound.language for sound in sounds.get(item.bulletin_id or "", ()))
        for item in items
        if ItemKind(item.kind) in OF_A_BULLETIN
    ]
    return frozenset.intersection(*spoken) if spoken else frozenset()


def may_air(sounds: Sequence[Sound | None]) -> bool:
    """Whether every bulletin has approved sound; a programme airs whole or not at all."""
    return bool(sounds) and all(sound is not None and sound.is_approved for sound in sounds)


# --- how it will be heard -------------------------------------------------------------------------


def running_order(
    items: Iterable[ProgrammeItem],
    sounds: Mapping[str, Sequence[Sound]],
    language_order: Sequence[str],
    ours: Mapping[str, Sound],
    joints: Joints,
) -> tuple[Run | Opening, ...]:
    """What is heard in order, joined as far as it may be; an item without sound yet is left out.

    `ours` are the signature sounds that are made already, by name.
    """
    heard = list(_parts(in_order(items), sounds, language_order, ours, joints))
    order: list[Run | Opening] = []
    block: list[Part] = []
    for one in heard:
        if isinstance(one, Part):
            block.append(one)
            continue
        order += _runs(block)
        order.append(one)
        block = []
    return (*order, *_runs(block))


def _parts(
    items: Sequence[ProgrammeItem],
    sounds: Mapping[str, Sequence[Sound]],
    language_order: Sequence[str],
    ours: Mapping[str, Sound],
    joints: Joints,
) -> Iterator[Part | Opening]:
    is_first_voice = True
    before: ItemKind | None = None
    for item in items:
        kind = ItemKind(item.kind)
        if kind is ItemKind.OPENING:
            yield Opening(item.named, item.voice)
            before = None
            continue
        if kind in OURS:
            sound, skip_ms = ours.get(OURS[kind]), 0
        else:
            sound = chosen(sounds.get(item.bulletin_id or "", ()), language_order)
            is_struck = joints.chimes is Chimes.EACH or (
                joints.chimes is Chimes.FIRST and is_first_voice and kind is not ItemKind.MUSIC
            )
            skip_ms = 0 if is_struck or sound is None else sound.lead_in_ms
            if sound is not None and kind is not ItemKind.MUSIC:
                is_first_voice = False
        if sound is not None:
            yield Part(kind, sound, skip_ms, _gap_ms(before, kind, joints))
            before = kind


def _gap_ms(before: ItemKind | None, kind: ItemKind, joints: Joints) -> int:
    """Never into a voice: a cross-fade takes from both, and the last word may be a number."""
    if before is None:
        return 0
    faded = {before, kind} & _FADED
    if not faded:
        return joints.pause_ms
    return -CROSSFADE_MS if {before, kind} <= _FADED else 0


def _runs(block: Sequence[Part]) -> Iterator[Run]:
    """The whole block as one sound if it is short, else each part on its own."""
    if not block:
        return
    block = [_within(part) for part in block]
    whole = Run(tuple(block))
    if whole.length_ms <= JOINED_AT_MOST_MS:
        yield replace(whole, recipe=_joined(block))
        return
    for part in block:
        # On its own it cannot be cross-faded with its neighbour; a pause becomes part of it.
        alone = replace(part, gap_ms=max(0, part.gap_ms))
        yield Run((alone,), _joined([alone]))


def _within(part: Part) -> Part:
    """A short sound is not cross-faded for longer than half of it."""
    return replace(part, gap_ms=max(part.gap_ms, -(part.sound.duration_ms - part.skip_ms) // 2))


def _joined(parts: Sequence[Part]) -> Joined | None:
    if len(parts) == 1 and not parts[0].skip_ms and not parts[0].gap_ms:
        return None
    return Joined(tuple(JoinedPart(part.sound.sha256, part.skip_ms, part.gap_ms) for part in parts))
