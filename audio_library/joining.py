"""Finished sounds -> one sound: chimes left out, pauses, cross-fades. For sound of our own only.

Short ones are put together with pydub, which holds them whole; a single long one that only loses
its chime goes through in pieces of two seconds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_library import ffmpeg
from audio_library.assets import AudioAsset
from audio_library.decode import CHUNK_BYTES, HEADROOM
from audio_library.encode import encode, levelled
from audio_library.errors import LoudnessNotReachedError, ToolFailedError
from audio_library.ingest import SCRATCH_PREFIX, Progress, asset_of
from audio_library.levels import SAMPLE_RATE_HZ
from audio_library.measure import measure_encoded
from audio_library.segment import AudioSegment
from audio_library.setting import Setting, corrected, is_safe

_EDGE_MS = 5
"""Where two sounds are cut or laid together, so that no sample jumps."""

_CODEC_LOSS_DB = 0.3  # what encoding a voice once more takes from it; see setting.py
_FIRST_CEILING_DB = -2.0
_MAX_ATTEMPTS = 5
_READ_SHARE = 0.3
_SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class JoinPart:
    """A finished sound without its first `skip_ms`, `gap_ms` behind the one before (negative:
    cross-faded for so long)."""

    path: Path
    skip_ms: int = 0
    gap_ms: int = 0


def join(
    parts: Sequence[JoinPart], *, workdir: Path, progress: Progress
) -> tuple[Path, AudioAsset]:
    """Put the parts together in order; the file lies in `workdir` and belongs to the caller.

    `progress` is told how far it is, as a fraction; an exception it raises stops the work.
    ToolFailedError when a part cannot be read, LoudnessNotReachedError when no setting keeps the
    true peak.
    """
    with tempfile.TemporaryDirectory(dir=workdir, prefix=SCRATCH_PREFIX) as name:
        scratch = Path(name)
        pcm = scratch / "joined.pcm"
        if len(parts) == 1:
            _shortened(parts[0], pcm, progress)
        else:
            _laid_together(parts, pcm, progress)
        path, asset = _encoded(pcm, scratch, progress)
        return path.rename(workdir / f"{asset.sha256}.opus"), asset


def _laid_together(parts: Sequence[JoinPart], pcm: Path, progress: Progress) -> None:
    joined = AudioSegment.empty()
    for number, part in enumerate(parts):
        progress(_READ_SHARE * number / len(parts))
        joined = _appended(joined, _segment(part), part.gap_ms)
    pcm.write_bytes(joined.raw_data)


def _appended(joined: AudioSegment, segment: AudioSegment, gap_ms: int) -> AudioSegment:
    if len(joined) == 0:
        return segment
    if gap_ms < 0:
        return joined.append(segment, crossfade=min(-gap_ms, len(joined), len(segment)))
    pause = AudioSegment.silent(gap_ms, frame_rate=SAMPLE_RATE_HZ)
    return joined.append(pause, crossfade=0).append(segment, crossfade=0)


def _segment(part: JoinPart) -> AudioSegment:
    samples = b"".join(_decoded(part.path))
    segment = AudioSegment(
        data=samples, sample_width=_SAMPLE_BYTES, frame_rate=SAMPLE_RATE_HZ, channels=1
    )
    return segment[part.skip_ms :].fade_in(_EDGE_MS).fade_out(_EDGE_MS)


def _shortened(part: JoinPart, pcm: Path, progress: Progress) -> None:
    """One part without its chime, behind its pause."""
    skip = part.skip_ms * SAMPLE_RATE_HZ // 1000 * _SAMPLE_BYTES
    edge = np.linspace(0.0, 1.0, _EDGE_MS * SAMPLE_RATE_HZ // 1000)
    with pcm.open("wb") as file:
        file.write(bytes(max(0, part.gap_ms) * SAMPLE_RATE_HZ // 1000 * _SAMPLE_BYTES))
        for data in _decoded(part.path):
            progress(0.0)
            kept, skip = data[skip:], max(0, skip - len(data))
            if kept and edge.size:
                samples = np.frombuffer(kept, dtype="<i2").copy()
                count = min(edge.size, samples.size)
                samples[:count] = np.rint(samples[:count] * edge[:count])
                edge, kept = edge[count:], samples.tobytes()
            file.write(kept)


def _decoded(path: Path) -> Iterator[bytes]:
    """The samples at half scale, 16-bit mono at 48 kHz, in pieces of two seconds."""
    filters = f"aformat=sample_fmts=flt:channel_layouts=mono,volume={HEADROOM}"
    arguments = [*ffmpeg.ONE_THREAD, "-nostdin", "-loglevel", "error", "-i", f"file:{path}"]
    sink = ["-af", filters, "-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "pipe:1"]
    with ffmpeg.start([*arguments, *sink], reads=(path,)) as run:
        while data := run.stdout.read(CHUNK_BYTES):
            yield data
        exit_code, messages = run.finish()
    if exit_code != 0:
        raise ToolFailedError("our own file unreadable", exit_code=exit_code, stderr=messages)


def _encoded(pcm: Path, scratch: Path, progress: Progress) -> tuple[Path, AudioAsset]:
    """Encode until the true peak of the encoded file itself is kept; levels are as they were."""
    out = scratch / "joined.opus"
    setting = Setting(_CODEC_LOSS_DB, _FIRST_CEILING_DB)
    total = max(1, pcm.stat().st_size // _SAMPLE_BYTES)

    def encoded(done: int) -> None:
        progress(_READ_SHARE + (1 - _READ_SHARE) * done / total)

    for _attempt in range(_MAX_ATTEMPTS):
        pieces = levelled(pcm, gain_db=setting.gain_db, ceiling_db=setting.ceiling_db)
        samples, waveform = encode(pieces, out, progress=encoded)
        heard = measure_encoded(out, samples * 1000 // SAMPLE_RATE_HZ)
        if is_safe(heard):
            return out, asset_of(out, samples, waveform, heard)
        setting = corrected(setting, heard, only_peaks=True)
    raise LoudnessNotReachedError(heard.integrated_lufs, heard.true_peak_dbtp)
