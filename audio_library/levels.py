"""What the decoded voice looks like over time, gathered block by block in flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 48_000
BLOCK_MS = 100
_BLOCK = SAMPLE_RATE_HZ * BLOCK_MS // 1000
_FINE = 400  # 8.3 ms: about the reach of one peak's gain reduction
_BINS = 240  # half decibels from -96 to +24 dBFS
_LOWEST_DB = -96.0
_CLIPPED_FROM = 0.985

SPEECH_BAND_HZ = (300.0, 4_000.0)
"""What a horn loudspeaker radiates well, and what makes words intelligible."""
_WINDOW = np.hanning(2048).astype(np.float32)
_SPLITS = [round(edge * len(_WINDOW) / SAMPLE_RATE_HZ) for edge in SPEECH_BAND_HZ]
_HEARD_POWER = float((_WINDOW**2).sum()) * len(_WINDOW) / 2 * 10 ** (-50 / 10)
"""The power of a window of noise at -50 dBFS: what is quieter is no voice."""

Pcm = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Levels:
    """Peak, mean square and number of full-scale samples of each 100 ms; 1.0 is full scale.

    `histogram` holds, per half decibel of peak, the energy of all short blocks with that peak:
    from it the loss of a limiter is foretold before anything is encoded.
    """

    samples: int
    peaks: Floats
    mean_squares: Floats
    clipped: Counts
    histogram: Floats
    bands: Floats
    """Energy below, within and above what a horn radiates of speech (300 Hz to 4 kHz)."""

    @property
    def band_shares(self) -> tuple[float, float, float]:
        """The three bands as shares of the whole; all 0 for silence."""
        total = float(self.bands.sum())
        if total <= 0:
            return (0.0, 0.0, 0.0)
        below, within, above = (float(energy) / total for energy in self.bands)
        return (below, within, above)

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // SAMPLE_RATE_HZ

    def limiter_loss_db(self, gain_db: float, ceiling_db: float) -> float:
        """Return how many decibels of energy a limiter would take after this gain."""
        total = float(self.histogram.sum())
        if total <= 0:
            return 0.0
        peaks_db = _LOWEST_DB + 0.5 * np.arange(_BINS)
        excess_db = np.maximum(0.0, gain_db + peaks_db - ceiling_db)
        kept = float((self.histogram * 10 ** (-excess_db / 10)).sum())
        return -10 * float(np.log10(kept / total))


class LevelMeter:
    """Feed 16-bit samples in order; `full_scale` is the source's full scale in these units."""

    def __init__(self, full_scale: float) -> None:
        self._full_scale = full_scale
        self._rest: Pcm = np.zeros(0, dtype=np.int16)
        self._samples = 0
        self._peaks: list[Floats] = []
        self._mean_squares: list[Floats] = []
        self._clipped: list[Counts] = []
        self._histogram: Floats = np.zeros(_BINS)
        self._bands: Floats = np.zeros(3)

    def feed(self, samples: Pcm) -> None:
        self._samples += len(samples)
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // _BLOCK * _BLOCK
        if whole:
            self._measure(joined[:whole])
        self._rest = joined[whole:]

    def finish(self) -> Levels:
        if len(self._rest):
            self._measure(np.pad(self._rest, (0, _BLOCK - len(self._rest))))
            self._rest = self._rest[:0]
        return Levels(
            samples=self._samples,
            peaks=_floats(self._peaks),
            mean_squares=_floats(self._mean_squares),
            clipped=np.concatenate((np.zeros(0, dtype=np.int64), *self._clipped)),
            histogram=self._histogram,
            bands=self._bands,
        )

    def _measure(self, samples: Pcm) -> None:
        signal = samples.astype(np.float32) / np.float32(self._full_scale)
        self._bands += _band_energies(signal)
        level = np.abs(signal)
        fine = level.reshape(-1, _FINE)
        energy = np.einsum("ij,ij->i", fine, fine).astype(np.float64)
        peaks = fine.max(axis=1).astype(np.float64)
        per_block = _BLOCK // _FINE
        self._histogram += np.bincount(_bins(peaks), weights=energy, minlength=_BINS)
        self._peaks.append(peaks.reshape(-1, per_block).max(axis=1))
        self._mean_squares.append(energy.reshape(-1, per_block).sum(axis=1) / _BLOCK)
        self._clipped.append((level >= _CLIPPED_FROM).reshape(-1, _BLOCK).sum(axis=1))


def runs(marks: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Return the half-open ranges of consecutive true marks."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marks, [False])).astype(np.int8)))
    for first, last in edges.reshape(-1, 2):
        yield int(first), int(last)


def _band_energies(signal: npt.NDArray[np.float32]) -> Floats:
    """Of each 100 ms that is not silent: one window of its middle, split by frequency."""
    middles = signal.reshape(-1, _BLOCK)[:, : len(_WINDOW)] * _WINDOW
    power = np.abs(np.fft.rfft(middles, axis=1)) ** 2
    loud = power.sum(axis=1) > _HEARD_POWER
    spectrum = power[loud].sum(axis=0)
    return np.array([part.sum() for part in np.split(spectrum, _SPLITS)], dtype=np.float64)


def _bins(peaks: Floats) -> Counts:
    peaks_db = 20 * np.log10(np.maximum(peaks, 1e-6))
    bins: Counts = np.clip(np.round((peaks_db - _LOWEST_DB) * 2), 0, _BINS - 1).astype(np.int64)
    return bins


def _floats(parts: list[Floats]) -> Floats:
    return np.concatenate((np.zeros(0), *parts))
