"""What a person should know about a recording before it is aired: facts with positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from audio_library.levels import BLOCK_MS, Levels, runs
from audio_library.loudness import TARGET_LUFS, TOLERANCE_LU


class FindingKind(StrEnum):
    CLIPPING = "clipping"
    SILENCE_AT_START = "silence_at_start"
    SILENCE_INSIDE = "silence_inside"
    SILENCE_AT_END = "silence_at_end"
    TOO_SHORT = "too_short"
    TOO_QUIET = "too_quiet"
    PEAKS_TOO_HIGH = "peaks_too_high"
    BASS_HEAVY = "bass_heavy"
    THIN = "thin"
    UNEVEN = "uneven"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation about the upload, before any gain.

    `at_ms` and `length_ms` are None where the whole sound is meant; `is_blocking` says that it
    should not be approved as it is. `value` is LUFS for TOO_QUIET (of the
    upload) and PEAKS_TOO_HIGH (of the result), clipped samples for CLIPPING, the share of energy
    between 300 Hz and 4 kHz for BASS_HEAVY and THIN, LU of loudness range for UNEVEN.
    """

    kind: FindingKind
    is_blocking: bool
    at_ms: int | None = None
    length_ms: int | None = None
    value: float | None = None


_SILENT_BELOW_VOICE_DB = 35.0
_SILENT_DBFS = -60.0
_CLIPPED_SAMPLES_PER_BLOCK = 12  # a peak-normalised voice touches full scale once, not in rows
_SILENCE_LIMIT_MS = {
    FindingKind.SILENCE_AT_START: 2_000,
    FindingKind.SILENCE_INSIDE: 5_000,
    FindingKind.SILENCE_AT_END: 3_000,
}
_TOO_SHORT_MS = 1_000
_NOTHING_MS = 400
_TOO_QUIET_LUFS = -38.0
_MOST_CLIPPED_SHARE = 0.25
_LEAST_SPEECH_SHARE = 0.2  # voices have 0.3 to 0.9 there, bass-heavy music 0.05 to 0.15
_MOST_RANGE_LU = 18.0  # speech has 5 to 12; from 20 on the quiet parts are lost outdoors
_MOST_FINDINGS = 40


def examine(
    levels: Levels, source_lufs: float, reached_lufs: float, range_lu: float = 0.0
) -> tuple[Finding, ...]:
    """Return what is worth a look, in order of position, whole-sound findings first."""
    whole = [
        *_length(levels),
        *_loudness(source_lufs, reached_lufs),
        *_bands(levels),
        *_evenness(range_lu),
    ]
    placed = [*_silences(levels, source_lufs), *_clipping(levels)]
    placed.sort(key=lambda finding: finding.at_ms or 0)
    return tuple((whole + placed)[:_MOST_FINDINGS])


def _length(levels: Levels) -> Iterator[Finding]:
    if levels.duration_ms < _TOO_SHORT_MS:
        yield Finding(
            FindingKind.TOO_SHORT,
            is_blocking=levels.duration_ms < _NOTHING_MS,
            length_ms=levels.duration_ms,
        )


def _loudness(source_lufs: float, reached_lufs: float) -> Iterator[Finding]:
    if source_lufs < _TOO_QUIET_LUFS:
        yield Finding(FindingKind.TOO_QUIET, is_blocking=False, value=source_lufs)
    if reached_lufs < TARGET_LUFS - TOLERANCE_LU:
        yield Finding(FindingKind.PEAKS_TOO_HIGH, is_blocking=False, value=reached_lufs)


def _bands(levels: Levels) -> Iterator[Finding]:
    """A horn radiates little below 300 Hz and above 4 kHz: what lies there is lost."""
    below, within, above = levels.band_shares
    if below + within + above > 0 and within < _LEAST_SPEECH_SHARE:
        kind = FindingKind.BASS_HEAVY if below >= above else FindingKind.THIN
        yield Finding(kind, is_blocking=False, value=within)


def _evenness(range_lu: float) -> Iterator[Finding]:
    if range_lu > _MOST_RANGE_LU:
        yield Finding(FindingKind.UNEVEN, is_blocking=False, value=range_lu)


def _silences(levels: Levels, loudness_lufs: float) -> Iterator[Finding]:
    floor_db = max(_SILENT_DBFS, loudness_lufs - _SILENT_BELOW_VOICE_DB)
    is_silent = levels.mean_squares < 10 ** (floor_db / 10)
    for first, last in runs(is_silent):
        kind = _silence_kind(first, last, len(is_silent))
        at_ms = first * BLOCK_MS
        length_ms = min(last * BLOCK_MS, levels.duration_ms) - at_ms
        if length_ms >= _SILENCE_LIMIT_MS[kind]:
            yield Finding(kind, is_blocking=False, at_ms=at_ms, length_ms=length_ms)


def _silence_kind(first: int, last: int, blocks: int) -> FindingKind:
    if first == 0:
        return FindingKind.SILENCE_AT_START
    return FindingKind.SILENCE_AT_END if last == blocks else FindingKind.SILENCE_INSIDE


def _clipping(levels: Levels) -> Iterator[Finding]:
    is_clipped = levels.clipped >= _CLIPPED_SAMPLES_PER_BLOCK
    is_blocking = bool(len(is_clipped)) and float(is_clipped.mean()) > _MOST_CLIPPED_SHARE
    for first, last in runs(is_clipped):
        yield Finding(
            FindingKind.CLIPPING,
            is_blocking=is_blocking,
            at_ms=first * BLOCK_MS,
            length_ms=(last - first) * BLOCK_MS,
            value=float(levels.clipped[first:last].sum()),
        )
