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
from audio_library.span import Span

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
    f"highpass=f={_HIGH_PASS_HZ},volume={HEADROOM}"
)
_FADE_S = 0.01  # a cut through a sound would click
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
    cut: Span | None = None,
) -> Decoded:
    """Decode into `pcm` all of it or just the cut; raise if it breaks off or is beyond the limit.

    What is cut off is decoded but not measured: everything told is of what is kept.
    """
    meter = LevelMeter(_FULL_SCALE)
    promised_ms = cut.length_ms if cut else facts.promised_ms
    seconds = limit_ms / 1000 + 1
    with hostile_input(source) as (arguments, descriptor), pcm.open("wb") as out:
        chain = [*arguments, "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"]
        sink = ["-t", f"{seconds:.3f}", "-af", _filters(cut), "-f", "s16le", "pipe:1"]
        with ffmpeg.start([*chain, *sink], pass_fds=(descriptor,)) as run:
            received = 0
            while data := run.stdout.read(CHUNK_BYTES):
                received += len(data)
                if _ms(received) > limit_ms:
                    raise TooLongError(limit_ms)
                out.write(data)
                meter.feed(np.frombuffer(data, dtype="<i2"))
                progress(min(1.0, _ms(received) / (promised_ms or limit_ms)))
            exit_code, messages = run.finish()
    levels = meter.finish()
    _refuse_broken(levels, promised_ms, exit_code)
    measured = parse_summary(messages)
    if levels.duration_ms < REPEATED_BELOW_MS:
        measured = measure_samples(pcm, levels.duration_ms)
    loudness_lufs = max(SILENT_LUFS, measured.integrated_lufs - _HEADROOM_DB)
    return Decoded(pcm, levels, loudness_lufs, measured.range_lu)


def _ms(size_bytes: int) -> int:
    return size_bytes * 1000 // (SAMPLE_RATE_HZ * _SAMPLE_BYTES)


def _filters(cut: Span | None) -> str:
    return ",".join([_FILTERS, *(_cutting(cut) if cut else ()), MEASURE])


def _cutting(cut: Span) -> tuple[str, ...]:
    """Samples are counted, not timestamps: those of many files begin late or leap."""
    first, end = (at_ms * SAMPLE_RATE_HZ // 1000 for at_ms in (cut.start_ms, cut.end_ms))
    fade_out_s = max(0.0, cut.length_ms / 1000 - _FADE_S)
    return (
        f"atrim=start_sample={first}:end_sample={end}",
        "asetpts=N/SR/TB",
        f"afade=t=in:d={_FADE_S}",
        f"afade=t=out:st={fade_out_s:.3f}:d={_FADE_S}",
    )


def _refuse_broken(levels: Levels, promised_ms: int | None, exit_code: int) -> None:
    if exit_code != 0 or levels.samples == 0:
        raise DamagedSoundError(levels.duration_ms, promised_ms)
    if promised_ms is None:
        return
    tolerated = max(_TOLERATED_LOSS_MS, promised_ms * _TOLERATED_LOSS_SHARE)
    if levels.duration_ms < promised_ms - tolerated:
        raise DamagedSoundError(levels.duration_ms, promised_ms)
