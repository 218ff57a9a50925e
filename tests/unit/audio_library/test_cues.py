"""Where a voice is in a recording, and what would be cut around it."""

from __future__ import annotations

import numpy as np
import pytest

from audio_library.cues import Cue, CueKind, cues, suggested_cut
from audio_library.levels import LevelMeter, Levels
from audio_library.span import Span
from tests.support.sound import Samples, silence, speech_like, tone

RATE_HZ = 48_000
VOICE = speech_like(6, rate_hz=RATE_HZ)
LUFS = -20.0


def levels_of(*parts: Samples) -> Levels:
    meter = LevelMeter(16384)
    meter.feed(np.clip(np.rint(np.concatenate(parts) * 16384), -32768, 32767).astype("<i2"))
    return meter.finish()


def room(duration_s: float, level_db: float, seed: int = 3) -> Samples:
    """The noise of a room."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal(round(duration_s * RATE_HZ)) * 10 ** (level_db / 20)
    return noise.astype(np.float32)


def quiet(duration_s: float) -> Samples:
    return silence(duration_s, RATE_HZ)


def place(found: tuple[Cue, ...], kind: CueKind) -> list[int]:
    return [cue.at_ms for cue in found if cue.kind is kind]


def test_the_voice_and_its_long_pauses_are_marked() -> None:
    found = cues(levels_of(quiet(3), VOICE, quiet(4), VOICE, quiet(2)), LUFS)
    assert [cue.kind for cue in found] == [
        CueKind.VOICE_BEGINS,
        CueKind.PAUSE_BEGINS,
        CueKind.PAUSE_ENDS,
        CueKind.VOICE_ENDS,
    ]
    for cue, wanted_ms in zip(found, (3_000, 9_000, 13_000, 19_000), strict=True):
        assert abs(cue.at_ms - wanted_ms) <= 600, cue  # the voice itself may end in a breath


def test_a_breath_between_sentences_is_no_mark() -> None:
    found = cues(levels_of(VOICE, quiet(1.2), VOICE), LUFS)
    assert [cue.kind for cue in found] == [CueKind.VOICE_BEGINS, CueKind.VOICE_ENDS]


def test_silence_at_both_ends_is_suggested_to_go_but_for_a_natural_margin() -> None:
    loud = tone(5, level=0.3, rate_hz=RATE_HZ)
    assert suggested_cut(levels_of(quiet(3), loud, quiet(4)), LUFS) == Span(2_800, 8_400)


@pytest.mark.parametrize(
    ("before_s", "after_s", "kept"),
    [
        (0.9, 1.8, None),
        (1.0, 1.8, Span(800, 7_800)),
        (0.9, 2.1, Span(0, 6_300)),
    ],
)
def test_only_a_silence_worth_it_is_suggested(
    before_s: float, after_s: float, kept: Span | None
) -> None:
    loud = tone(5, level=0.3, rate_hz=RATE_HZ)
    assert suggested_cut(levels_of(quiet(before_s), loud, quiet(after_s)), LUFS) == kept


def test_the_noise_of_a_room_counts_as_silence() -> None:
    sound = np.concatenate((quiet(4), VOICE, quiet(4)))
    kept = suggested_cut(levels_of(sound + room(14, -48)), LUFS)
    assert kept is not None
    assert 3_300 <= kept.start_ms <= 3_900
    assert 10_000 <= kept.end_ms <= 10_600


def test_the_click_of_the_button_is_no_voice() -> None:
    click = tone(0.05, 900, level=0.5, rate_hz=RATE_HZ)
    kept = suggested_cut(levels_of(click, quiet(3), VOICE, quiet(3), click), LUFS)
    assert kept is not None
    assert kept.start_ms >= 2_700
    assert kept.end_ms <= 9_600


def test_a_first_word_that_stands_alone_is_kept() -> None:
    word = speech_like(0.5, rate_hz=RATE_HZ)
    kept = suggested_cut(levels_of(word, quiet(3), VOICE), LUFS)
    assert kept is None


def test_a_voice_without_a_pause_is_left_whole() -> None:
    loud = tone(5, level=0.3, rate_hz=RATE_HZ)
    assert suggested_cut(levels_of(loud), LUFS) is None
    assert place(cues(levels_of(loud), LUFS), CueKind.VOICE_BEGINS) == [0]
    assert place(cues(levels_of(loud), LUFS), CueKind.VOICE_ENDS) == [5_000]


def test_nothing_is_suggested_where_nobody_speaks() -> None:
    assert cues(levels_of(quiet(5)), -70.0) == ()
    assert suggested_cut(levels_of(quiet(5)), -70.0) is None


def test_a_blink_of_sound_has_its_place() -> None:
    found = cues(levels_of(tone(0.2, level=0.3, rate_hz=RATE_HZ)), LUFS)
    assert [cue.at_ms for cue in found] == [0, 200]


def test_a_hostile_pattern_gives_a_bounded_list() -> None:
    beat = np.concatenate((tone(0.5, level=0.3, rate_hz=RATE_HZ), quiet(2.5)))
    assert len(cues(levels_of(np.tile(beat, 60)), LUFS)) == 42
