"""An upload's first and only decoding: to mono 48 kHz samples on disk, measured on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log10
from pathlib import Path

import numpy as np

from audio_library import ffmpeg
from audio_library.errors import DamagedSoundError, TooLongError
from audio_library.levels import SAMPLE_RATE_HZ, LevelMeter, Levels
from audio_library.loudness import MEASURE, SILENT_LUFS, parse_summary
from audio_library.measure import REPEATED_BELOW_MS, measure_samples
from audio_library.probe import SourceFacts, hostile_input

CHUNK_BYTES = 2 * SAMPLE_RATE_HZ * 2  # two seconds: memory does not depend on the length
_SAMPLE_BYTES = 2

# A lossy file decodes to peaks above full scale and the high-pass adds some: half the scale is kept
# free, and 15 bits are still below the noise of any voice.
HEADROOM = 0.5
_HEADROOM_DB = 20 * log10(HEADROOM)
_FULL_SCALE = 32768 * HEADROOM
_HIGH_PASS_HZ = 80  # rumble and hum that a horn cannot radiate but an amplifier still pays for
_FILTERS = (
    f"aresample={SAMPLE_RATE_HZ},aformat=sample_fmts=flt:channel_layouts=mono,"
    f"highpass=f={_HIGH_PASS_HZ},volume={HEADROOM},{MEASURE}"
)
# A header may promise a little more than the decoder gives (padding of the last frame).
_TOLERATED_LOSS_MS = 500
_TOLERATED_LOSS_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Decoded:
    """Samples on disk (at half scale, high-passed) and what was measured while decoding."""

    pcm: Path
    levels: Levels
    loudness_lufs: float
    range_lu: float

    @property
    def duration_ms(self) -> int:
        return self.levels.duration_ms


def decode(
    source: Path,
    facts: SourceFacts,
    pcm: Path,
    *,
    limit_ms: int,
    progress: Callable[[float], None],
) -> Decoded:
    """Decode into `pcm`; raise if it breaks off or goes on beyond the limit."""
    meter = LevelMeter(_FULL_SCALE)
    seconds = limit_ms / 1000 + 1
    with hostile_input(source) as (arguments, descriptor), pcm.open("wb") as out:
        chain = [*arguments, "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"]
        sink = ["-t", f"{seconds:.3f}", "-af", _FILTERS, "-f", "s16le", "pipe:1"]
        with ffmpeg.start([*chain, *sink], pass_fds=(descriptor,)) as run:
            received = 0
            while data := run.stdout.read(CHUNK_BYTES):
                received += len(data)
                if _ms(received) > limit_ms:
                    raise TooLongError(limit_ms)
                out.write(data)
                meter.feed(np.frombuffer(data, dtype="<i2"))
                progress(min(1.0, _ms(received) / (facts.promised_ms or limit_ms)))
            exit_code, messages = run.finish()
    levels = meter.finish()
    _refuse_broken(levels, facts, exit_code)
    measured = parse_summary(messages)
    if levels.duration_ms < REPEATED_BELOW_MS:
        measured = measure_samples(pcm, levels.duration_ms)
    loudness_lufs = max(SILENT_LUFS, measured.integrated_lufs - _HEADROOM_DB)
    return Decoded(pcm, levels, loudness_lufs, measured.range_lu)


def _ms(size_bytes: int) -> int:
    return size_bytes * 1000 // (SAMPLE_RATE_HZ * _SAMPLE_BYTES)


def _refuse_broken(levels: Levels, facts: SourceFacts, exit_code: int) -> None:
    if exit_code != 0 or levels.samples == 0:
        raise DamagedSoundError(levels.duration_ms, facts.promised_ms)
    if facts.promised_ms is None:
        return
    tolerated = max(_TOLERATED_LOSS_MS, facts.promised_ms * _TOLERATED_LOSS_SHARE)
    if levels.duration_ms < facts.promised_ms - tolerated:
        raise DamagedSoundError(levels.duration_ms, facts.promised_ms)
