"""What is known about one piece of broadcast sound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AudioAsset:
    """Broadcast-ready sound (mono Opus in Ogg, 48 kHz), named by the SHA-256 of its bytes.

    Loudness is integrated EBU R128 of the encoded file as decoded again, measured as one
    channel; the true peak is that of the same decoding. The waveform holds up to 400 peaks of
    equal length over the whole sound, 0 for silence and 100 for full scale.
    """

    sha256: str
    size_bytes: int
    duration_ms: int
    sample_rate_hz: int
    loudness_lufs: float
    true_peak_dbtp: float
    waveform: tuple[int, ...]
