"""A programme airs whole, approved and in the station's language, or it does not air."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from controller.domain import pieces, programmes
from controller.domain.pieces import Joined, Ours, Said
from controller.domain.programmes import (
    CROSSFADE_MS,
    Chimes,
    Joints,
    Named,
    Opening,
    ProgrammeItem,
    Run,
    Sound,
)

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


def test_an_item_without_sound_leaves_a_gap_that_keeps_the_programme_silent() -> None:
    items = [ProgrammeItem(1, "bulletin", "a"), ProgrammeItem(2, "bulletin", None)]
    sounds = programmes.sounds_of(items, {"a": [APPROVED]}, ("vi",))
    assert sounds == (APPROVED, None)
    assert not programmes.may_air(sounds)


def test_only_a_wholly_approved_programme_may_air() -> None:
    assert programmes.may_air([APPROVED, RAGLAI])
    assert not programmes.may_air([APPROVED, WAITING])
    assert not programmes.may_air([])
    assert not replace(APPROVED, approved_by="").is_approved
    assert not replace(APPROVED, approved_at=None).is_approved


# --- the running order ----------------------------------------------------------------------------

THEME = replace(APPROVED, bulletin_version_id="theme", sha256="e" * 64, duration_ms=7_000)
NEWS = replace(APPROVED, sha256="b" * 64, lead_in_ms=2_240)
NOTICE = replace(APPROVED, sha256="c" * 64, duration_ms=30_000, lead_in_ms=2_240)
FEATURE = replace(APPROVED, sha256="d" * 64, duration_ms=20 * 60_000, lead_in_ms=2_240)
SOUNDS = {"news": [NEWS], "notice": [NOTICE], "feature": [FEATURE]}
OURS = {"theme": THEME}


def item(position: int, kind: str, bulletin_id: str | None = None) -> ProgrammeItem:
    return ProgrammeItem(position, kind, bulletin_id, voice="espeak:vi")


def order(*items: ProgrammeItem, joints: Joints = Joints()) -> tuple[Run | Opening, ...]:  # noqa: B008
    return programmes.running_order(items, SOUNDS, ("vi",), OURS, joints)


def the_run(found: tuple[Run | Opening, ...], at: int = 0) -> Run:
    run = found[at]
    assert isinstance(run, Run)
    return run


def joined(run: Run) -> list[tuple[str, int, int]]:
    assert isinstance(run.recipe, Joined)
    return [(part.sha256[0], part.skip_ms, part.gap_ms) for part in run.recipe.parts]


def test_one_bulletin_alone_is_played_as_it_lies_there() -> None:
    (run,) = order(item(1, "bulletin", "news"))
    assert isinstance(run, Run)
    assert run.recipe is None
    assert run.length_ms == 60_000


def test_short_items_become_one_sound_with_pauses() -> None:
    joints = Joints(Chimes.FIRST, pause_ms=1_000)
    found = order(
        item(1, "ident"), item(2, "bulletin", "news"), item(3, "notice", "notice"), joints=joints
    )
    assert joined(the_run(found)) == [("e", 0, 0), ("b", 0, 0), ("c", 2_240, 1_000)]
    assert the_run(found).length_ms == 7_000 + 60_000 + 30_000 - 2_240 + 1_000
    assert the_run(found).longest_ms == 97_000


@pytest.mark.parametrize(
    ("chimes", "skips"), [("each", [0, 0]), ("first", [0, 2_240]), ("none", [2_240, 2_240])]
)
def test_the_chime_sounds_where_the_rule_says(chimes: str, skips: list[int]) -> None:
    joints = Joints(Chimes(chimes), pause_ms=500)
    found = order(item(1, "bulletin", "news"), item(2, "notice", "notice"), joints=joints)
    assert [skip for _sha, skip, _gap in joined(the_run(found))] == skips


def test_long_items_stay_apart_and_their_pause_belongs_to_them() -> None:
    joints = Joints(Chimes.FIRST, pause_ms=1_000)
    found = order(
        item(1, "ident"), item(2, "bulletin", "news"), item(3, "feature", "feature"), joints=joints
    )
    assert the_run(found, 0).recipe is None
    assert the_run(found, 1).recipe is None
    assert joined(the_run(found, 2)) == [("d", 2_240, 1_000)]


def test_an_opening_parts_what_is_joined() -> None:
    found = order(item(1, "ident"), item(2, "opening"), item(3, "bulletin", "news"))
    assert found[1] == Opening(Named.STATION, "espeak:vi")
    assert the_run(found, 0).recipe is the_run(found, 2).recipe is None


def test_a_sound_of_ours_that_is_not_made_yet_is_left_out() -> None:
    found = order(item(1, "bulletin", "news"), item(2, "closing"))
    assert the_run(found).recipe is None
    assert len(found) == 1


def test_only_sounds_that_are_no_voice_are_cross_faded() -> None:
    found = order(item(1, "ident"), item(2, "music", "news"), item(3, "notice", "notice"))
    assert joined(the_run(found)) == [("e", 0, 0), ("b", 0, -CROSSFADE_MS), ("c", 0, 0)]


def test_a_very_short_sound_is_not_faded_away() -> None:
    short = {"news": [replace(NEWS, duration_ms=500, lead_in_ms=0)]}
    items = [item(1, "ident"), item(2, "music", "news")]
    (run,) = programmes.running_order(items, short, ("vi",), OURS, Joints())
    assert isinstance(run, Run)
    assert joined(run)[1] == ("b", 0, -250)


def test_music_in_front_does_not_take_the_chime_of_the_first_bulletin() -> None:
    joints = Joints(Chimes.FIRST)
    found = order(item(1, "music", "notice"), item(2, "bulletin", "news"), joints=joints)
    assert [skip for _sha, skip, _gap in joined(the_run(found))] == [2_240, 0]


# --- pieces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "recipe",
    [
        Ours("theme"),
        Said("Đây là Đài Truyền thanh xã Phước Bình.", "espeak:vi"),
        Joined((pieces.JoinedPart("a" * 64, 2_240, -400), pieces.JoinedPart("b" * 64))),
    ],
)
def test_a_recipe_is_read_as_it_was_spelled(recipe: pieces.Recipe) -> None:
    assert pieces.read(pieces.spell(recipe)) == recipe
    assert pieces.piece_id(recipe) == pieces.piece_id(pieces.read(pieces.spell(recipe)))


def test_another_recipe_has_another_name() -> None:
    recipes = [Ours("theme"), Ours("closing"), Said("a", "b"), Said("a", "c"), Joined(())]
    assert len({pieces.piece_id(recipe) for recipe in recipes}) == len(recipes)


def test_an_opening_says_who_and_which_day() -> None:
    assert pieces.greeting("Đài Truyền thanh xã Phước Bình", "v").text == (
        "Đây là Đài Truyền thanh xã Phước Bình."
    )
    assert pieces.date_line(date(2026, 11, 29), "v").text == "Hôm nay, Chủ nhật, ngày 29/11/2026."
