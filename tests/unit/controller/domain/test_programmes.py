"""A programme airs whole, approved and in the station's language, or it does not air."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from controller.domain import programmes
from controller.domain.programmes import ProgrammeItem, Sound

APPROVED = Sound(
    "v-1", "vi", "a" * 64, 1_000, 60_000, "Lê Thị Hạnh", datetime(2026, 11, 20, tzinfo=UTC)
)
RAGLAI = replace(APPROVED, bulletin_version_id="v-2", language="rog", duration_ms=70_000)
WAITING = replace(APPROVED, approved_by=None, approved_at=None)


def test_the_language_a_station_prefers_is_chosen() -> None:
    assert programmes.chosen([APPROVED, RAGLAI], ("rog", "vi")) is RAGLAI
    assert programmes.chosen([APPROVED, RAGLAI], ("cjm", "vi")) is APPROVED
    assert programmes.chosen([RAGLAI], ("vi",)) is RAGLAI
    assert programmes.chosen([], ("vi",)) is None


def test_items_sound_in_their_order() -> None:
    items = [ProgrammeItem(2, "bulletin", "b"), ProgrammeItem(1, "bulletin", "a")]
    sounds = programmes.sounds_of(items, {"a": [APPROVED], "b": [RAGLAI]}, ("vi",))
    assert sounds == (APPROVED, RAGLAI)
    assert programmes.length_ms(sounds) == 130_000


def test_an_item_without_sound_leaves_a_gap_that_keeps_the_programme_silent() -> None:
    items = [ProgrammeItem(1, "bulletin", "a"), ProgrammeItem(2, "bulletin", None)]
    sounds = programmes.sounds_of(items, {"a": [APPROVED]}, ("vi",))
    assert sounds == (APPROVED, None)
    assert not programmes.may_air(sounds)
    assert programmes.length_ms(sounds) == 60_000


def test_only_a_wholly_approved_programme_may_air() -> None:
    assert programmes.may_air([APPROVED, RAGLAI])
    assert not programmes.may_air([APPROVED, WAITING])
    assert not programmes.may_air([])
    assert not replace(APPROVED, approved_by="").is_approved
    assert not replace(APPROVED, approved_at=None).is_approved
