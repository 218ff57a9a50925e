"""Items in order: which sound each of them gives, and how long the whole is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProgrammeItem:
    """One item of a programme. Only items of kind `bulletin` name one."""

    position: int
    kind: str
    bulletin_id: str | None


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

    @property
    def is_approved(self) -> bool:
        """Whether it may be heard."""
        return self.approved_at is not None and bool(self.approved_by)


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
    """The sound of each item in order; None where a bulletin has none yet."""
    return tuple(
        chosen(sounds.get(item.bulletin_id or "", ()), language_order)
        for item in sorted(items, key=lambda item: item.position)
    )


def languages_of(
    items: Iterable[ProgrammeItem], sounds: Mapping[str, Sequence[Sound]]
) -> frozenset[str]:
    """The languages in which every item has sound."""
    spoken = [
        frozenset(sound.language for sound in sounds.get(item.bulletin_id or "", ()))
        for item in items
    ]
    return frozenset.intersection(*spoken) if spoken else frozenset()


def may_air(sounds: Sequence[Sound | None]) -> bool:
    """Whether every item has approved sound; a programme airs whole or not at all."""
    return bool(sounds) and all(sound is not None and sound.is_approved for sound in sounds)


def length_ms(sounds: Iterable[Sound | None]) -> int:
    """How long the items sound together, approved or not."""
    return sum(sound.duration_ms for sound in sounds if sound is not None)
