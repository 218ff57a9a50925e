from __future__ import annotations

import numpy as np

from audio_library.levels import LevelMeter, Levels
from audio_library.quality import Finding, FindingKind, examine
from tests.support.sound import silence, speech_like, tone

VOICE = speech_like(10, rate_hz=48_000)


def levels_of(*parts: np.ndarray) -> Levels:
    meter = LevelMeter(16384)
    meter.feed(np.clip(np.rint(np.concatenate(parts) * 16384), -32768, 32767).astype("<i2"))
    return meter.finish()


def kinds(findings: tuple[Finding, ...]) -> list[FindingKind]:
    return [finding.kind for finding in findings]


def test_a_good_voice_has_no_findings() -> None:
    assert examine(levels_of(VOICE), -20.0, -16.0) == ()


def test_long_silences_are_named_with_their_place() -> None:
    quiet = silence(6, 48_000)
    findings = examine(levels_of(quiet, VOICE, quiet, VOICE, quiet), -20.0, -16.0)
    assert kinds(findings) == [
        FindingKind.SILENCE_AT_START,
        FindingKind.SILENCE_INSIDE,
        FindingKind.SILENCE_AT_END,
    ]
    inside = findings[1]
    assert abs((inside.at_ms or 0) - 16_000) <= 600
    assert 5_900 <= (inside.length_ms or 0) <= 7_000


def test_a_breath_is_no_finding() -> None:
    assert examine(levels_of(VOICE, silence(1.5, 48_000), VOICE), -20.0, -16.0) == ()


def test_a_sawn_off_stretch_is_found_where_it_is() -> None:
    sawn = np.clip(tone(0.5, 300, level=3.0, rate_hz=48_000), -1, 1)
    findings = examine(levels_of(VOICE, sawn, VOICE), -20.0, -16.0)
    assert kinds(findings) == [FindingKind.CLIPPING]
    assert findings[0].at_ms == 10_000
    assert findings[0].length_ms == 500
    assert not findings[0].is_blocking


def test_a_recording_clipped_throughout_should_not_be_approved() -> None:
    sawn = np.clip(tone(5, 300, level=3.0, rate_hz=48_000), -1, 1)
    assert all(finding.is_blocking for finding in examine(levels_of(sawn), -3.0, -16.0))


def test_one_touch_of_full_scale_is_not_clipping() -> None:
    assert examine(levels_of(VOICE * 2), -14.0, -16.0) == ()


def test_a_blink_of_sound_is_too_short_to_approve() -> None:
    (finding,) = examine(levels_of(tone(0.2, rate_hz=48_000)), -9.0, -16.0)
    assert finding == Finding(FindingKind.TOO_SHORT, is_blocking=True, length_ms=200)
    (finding,) = examine(levels_of(tone(0.8, rate_hz=48_000)), -9.0, -16.0)
    assert not finding.is_blocking


def test_a_faint_recording_and_an_unreachable_loudness_are_told() -> None:
    findings = examine(levels_of(VOICE * 0.02), -50.0, -19.0)
    assert kinds(findings) == [FindingKind.TOO_QUIET, FindingKind.PEAKS_TOO_HIGH]
    assert [finding.value for finding in findings] == [-50.0, -19.0]


def test_a_hostile_pattern_gives_a_bounded_list() -> None:
    beat = np.concatenate((np.full(4800, 1.0, np.float32), silence(0.1, 48_000)))
    assert len(examine(levels_of(np.tile(beat, 200)), -6.0, -16.0)) <= 40


def test_what_lies_below_the_horn_is_named() -> None:
    boom = tone(10, 120, level=0.5, rate_hz=48_000) + tone(10, 800, level=0.05, rate_hz=48_000)
    (finding,) = examine(levels_of(boom), -20.0, -16.0)
    assert finding.kind is FindingKind.BASS_HEAVY
    assert not finding.is_blocking
    assert (finding.value or 0) < 0.02


def test_hiss_without_a_voice_is_named() -> None:
    hiss = 0.1 * np.diff(np.random.default_rng(1).normal(size=48_000 * 10))
    assert kinds(examine(levels_of(hiss), -20.0, -16.0)) == [FindingKind.THIN]


def test_bass_between_sentences_is_no_matter_if_the_voice_is_there() -> None:
    hum = tone(10, 120, level=0.02, rate_hz=48_000)
    assert examine(levels_of(hum, VOICE), -20.0, -16.0) == ()


def test_loud_and_quiet_by_turns_is_named() -> None:
    (finding,) = examine(levels_of(VOICE), -20.0, -16.0, 21.5)
    assert (finding.kind, finding.value) == (FindingKind.UNEVEN, 21.5)
    assert examine(levels_of(VOICE), -20.0, -16.0, 12.0) == ()
