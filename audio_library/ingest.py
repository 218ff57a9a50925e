"""An upload -> broadcast sound: one decoding, one gain, one encoding, and proof of the result.

Memory does not grow with the length; the processor time is that of a bare decode and encode plus
two loudness measurements. pydub never sees an upload.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from audio_library.assets import AudioAsset
from audio_library.cues import Cue, cues, suggested_cut
from audio_library.decode import Decoded, decode
from audio_library.encode import ENCODED_RATE_HZ, encode, levelled
from audio_library.errors import LoudnessNotReachedError, SilentSoundError
from audio_library.lead_in import LEAD_IN_MS, chime_pcm
from audio_library.levels import SAMPLE_RATE_HZ, Pcm
from audio_library.loudness import SILENT_LUFS, Loudness
from audio_library.measure import measure_encoded
from audio_library.probe import SourceFacts, probe
from audio_library.quality import Finding, examine
from audio_library.setting import Setting, corrected, first_setting, is_good, is_no_better, is_safe
from audio_library.span import Span

Progress = Callable[[float], None]

SCRATCH_PREFIX = "ingest-"
"""How the folders begin that are left in the work folder only by a killed process."""

_SILENCE_LUFS = -60.0
_MAX_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class IngestLimits:
    max_bytes: int = 200_000_000
    max_duration_ms: int = 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class IngestResult:
    """The finished file (inside the caller's work folder), and what was learned on the way.

    The voice begins `lead_in_ms` into the file. `source_loudness_lufs` is that of the upload, or of
    what was kept of it; places of findings and cues are counted from the beginning of that.
    `suggested` is what to keep of an upload with silence around its voice: it is left to people.
    """

    path: Path
    asset: AudioAsset
    source: SourceFacts
    source_loudness_lufs: float
    source_range_lu: float
    lead_in_ms: int
    findings: tuple[Finding, ...]
    cues: tuple[Cue, ...]
    suggested: Span | None


def _unheard(_fraction: float) -> None:
    """Progress nobody asked for."""


def ingest(
    source: Path,
    *,
    workdir: Path,
    chime: bool = True,
    cut: Span | None = None,
    limits: IngestLimits | None = None,
    progress: Progress = _unheard,
) -> IngestResult:
    """Make broadcast sound of a hostile file; raise RefusedSoundError saying why not.

    Of `cut` only that stretch is used, to the sample; nothing is ever cut by itself.
    The result lies in `workdir` and belongs to the caller; everything else made there is removed.
    `progress` is told a rising fraction; an exception it raises stops the work.
    """
    limits = limits or IngestLimits()
    facts = probe(source, limit_bytes=limits.max_bytes)
    with tempfile.TemporaryDirectory(dir=workdir, prefix=SCRATCH_PREFIX) as scratch:
        decoded = decode(
            source,
            facts,
            Path(scratch) / "voice.pcm",
            limit_ms=limits.max_duration_ms,
            progress=lambda share: progress(0.25 * share),
            cut=cut,
        )
        if decoded.loudness_lufs < _SILENCE_LUFS:
            raise SilentSoundError(decoded.loudness_lufs)
        path, asset = _produce(decoded, Path(scratch), chime=chime, progress=progress)
        final = path.rename(workdir / f"{asset.sha256}.opus")
    progress(1.0)
    return IngestResult(
        path=final,
        asset=asset,
        source=facts,
        source_loudness_lufs=decoded.loudness_lufs,
        source_range_lu=decoded.range_lu,
        lead_in_ms=LEAD_IN_MS if chime else 0,
        findings=examine(
            decoded.levels, decoded.loudness_lufs, asset.loudness_lufs, decoded.range_lu
        ),
        cues=cues(decoded.levels, decoded.loudness_lufs),
        suggested=None if cut else suggested_cut(decoded.levels, decoded.loudness_lufs),
    )


def _produce(
    decoded: Decoded, scratch: Path, *, chime: bool, progress: Progress
) -> tuple[Path, AudioAsset]:
    """Encode and measure until the encoded file itself keeps loudness and true peak.

    Sound that cannot reach the loudness (a click a second) ends as loud as its peaks allow.
    """
    lead_in = np.frombuffer(chime_pcm(), dtype="<i2") if chime else np.zeros(0, dtype=np.int16)
    total = decoded.levels.samples + len(lead_in)
    setting = first_setting(decoded.loudness_lufs, decoded.levels)
    out = scratch / "broadcast.opus"
    heard = Loudness(SILENT_LUFS)
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        before = heard
        samples, waveform = encode(
            _sound(lead_in, decoded, setting),
            out,
            progress=lambda done: progress(0.25 + 0.6 * done / total),
        )
        heard = measure_encoded(out, samples * 1000 // SAMPLE_RATE_HZ)
        if is_good(heard) or (is_safe(heard) and is_no_better(before, heard)):
            return out, asset_of(out, samples, waveform, heard)
        setting = corrected(setting, heard, only_peaks=attempt >= _MAX_ATTEMPTS // 2)
    raise LoudnessNotReachedError(heard.integrated_lufs, heard.true_peak_dbtp)


def _sound(lead_in: Pcm, decoded: Decoded, setting: Setting) -> Iterator[Pcm]:
    voice = levelled(decoded.pcm, gain_db=setting.gain_db, ceiling_db=setting.ceiling_db)
    return chain((lead_in,), voice)


def asset_of(path: Path, samples: int, waveform: tuple[int, ...], heard: Loudness) -> AudioAsset:
    """Everything there is to know about an encoded file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return AudioAsset(
        sha256=digest,
        size_bytes=path.stat().st_size,
        duration_ms=samples * 1000 // SAMPLE_RATE_HZ,
        sample_rate_hz=ENCODED_RATE_HZ,
        loudness_lufs=heard.integrated_lufs,
        true_peak_dbtp=heard.true_peak_dbtp,
        waveform=waveform,
    )
