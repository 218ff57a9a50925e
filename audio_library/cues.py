"""Where in an upload somebody speaks, and what of it might be cut off. Nothing is cut here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from audio_library.levels import BLOCK_MS, Levels, runs
from audio_library.span import Span


class CueKind(StrEnum):
    VOICE_BEGINS = "voice_begins"
    VOICE_ENDS = "voice_ends"
    PAUSE_BEGINS = "pause_begins"
    PAUSE_ENDS = "pause_ends"


@dataclass(frozen=True, slots=True)
class Cue:
    """A point in the upload, good to a tenth of a second."""

    kind: CueKind
    at_ms: int


_SILENT_DBFS = -60.0
_ABOVE_NOISE_DB = 9.0  # a room's hum and hiss wander by less from one tenth of a second to the next
_BELOW_VOICE_DB = (35.0, 20.0)  # nothing softer is a voice, anything louder is one
_QUIETEST_SHARE = 5  # percent of the sound: even without a pause there are gaps between words
_JOINED_BELOW_MS = 700  # silence between words of one sentence
_CLICK_BELOW_MS = 300  # alone in a silence: the button of the recorder, a door
_LONG_PAUSE_MS = 2_000
_MOST_PAUSES = 20
_MARGIN_BEFORE_MS = 150
_MARGIN_AFTER_MS = 400  # a last word dies away slowly
_WORTH_CUTTING_AT_START_MS = 700
_WORTH_CUTTING_AT_END_MS = 1_500
_STEP_MS = 100  # people set the points in tenths of a second


def cues(levels: Levels, loudness_lufs: float) -> tuple[Cue, ...]:
    """Return where the voice begins and ends and its long pauses, in order; () for no voice."""
    stretches = _stretches(levels, loudness_lufs)
    if not stretches:
        return ()
    pauses = [
        (before.end_ms, after.start_ms)
        for before, after in pairwise(stretches)
        if after.start_ms - before.end_ms >= _LONG_PAUSE_MS
    ]
    return (
        Cue(CueKind.VOICE_BEGINS, stretches[0].start_ms),
        *(
            cue
            for start_ms, end_ms in pauses[:_MOST_PAUSES]
            for cue in (Cue(CueKind.PAUSE_BEGINS, start_ms), Cue(CueKind.PAUSE_ENDS, end_ms))
        ),
        Cue(CueKind.VOICE_ENDS, stretches[-1].end_ms),
    )


def suggested_cut(levels: Levels, loudness_lufs: float) -> Span | None:
    """Return what to keep, with a natural margin in tenths of a second; None: nothing to gain."""
    stretches = _stretches(levels, loudness_lufs)
    if not stretches:
        return None
    whole = Span(0, levels.duration_ms)
    start_ms = (stretches[0].start_ms - _MARGIN_BEFORE_MS) // _STEP_MS * _STEP_MS
    end_ms = -(-(stretches[-1].end_ms + _MARGIN_AFTER_MS) // _STEP_MS) * _STEP_MS
    kept = Span(
        start_ms if start_ms > _WORTH_CUTTING_AT_START_MS else whole.start_ms,
        end_ms if whole.end_ms - end_ms > _WORTH_CUTTING_AT_END_MS else whole.end_ms,
    )
    return None if kept == whole else kept


def _stretches(levels: Levels, loudness_lufs: float) -> list[Span]:
    """Sentences: sound with short gaps in it. What is too short to be a word is left out."""
    is_loud = levels.mean_squares >= _threshold(levels, loudness_lufs)
    return [
        Span(joined[0].start_ms, min(joined[-1].end_ms, levels.duration_ms))
        for joined in _joined(is_loud)
        if sum(each.length_ms for each in joined) >= min(_CLICK_BELOW_MS, levels.duration_ms)
    ]


def _threshold(levels: Levels, loudness_lufs: float) -> float:
    """The mean square from which a block is sound and not the noise of the room."""
    quiet = float(np.percentile(levels.mean_squares, _QUIETEST_SHARE)) if levels.samples else 0.0
    noise_db = 10 * float(np.log10(max(quiet, 1e-12)))
    lowest_db, highest_db = (loudness_lufs - below for below in _BELOW_VOICE_DB)
    wanted_db = min(max(noise_db + _ABOVE_NOISE_DB, lowest_db), highest_db)
    return float(10 ** (max(wanted_db, _SILENT_DBFS) / 10))


def _joined(is_loud: npt.NDArray[np.bool_]) -> Iterator[list[Span]]:
    """Return loud runs, those with a short gap between them together."""
    group: list[Span] = []
    for first, last in runs(is_loud):
        run = Span(first * BLOCK_MS, last * BLOCK_MS)
        if group and run.start_ms - group[-1].end_ms >= _JOINED_BELOW_MS:
            yield group
            group = []
        group.append(run)
    if group:
        yield group
