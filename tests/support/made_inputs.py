"""Recordings as they come in: every level, kind of sound, rate, depth and container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.support.sound import RATE_HZ, Samples, run_ffmpeg, speech_like, tone, write_wav

LENGTH_S = 3.5


@dataclass(frozen=True, slots=True)
class MadeInput:
    """One file: what sounds, how it is written by ffmpeg, and under which ending."""

    name: str
    samples: Samples
    ending: str = ".wav"
    flags: tuple[str, ...] = ("-c:a", "pcm_s16le")
    filters: str = "anull"

    def write(self, folder: Path) -> Path:
        """The file; its length is that of the samples."""
        source = write_wav(folder / "source.wav", self.samples)
        out = folder / f"upload{self.ending}"
        run_ffmpeg("-i", str(source), "-af", self.filters, *self.flags, str(out))
        source.unlink()
        return out

    @property
    def length_ms(self) -> float:
        """How long it sounds."""
        return len(self.samples) * 1000 / RATE_HZ


def made_inputs() -> Iterator[MadeInput]:
    """All of them."""
    yield from _levels()
    yield from _kinds()
    yield from _rates()
    yield from _containers()


def _levels() -> Iterator[MadeInput]:
    """A voice from -45 to 0 LUFS; above about -8 the recorder cuts it off."""
    voice = speech_like(LENGTH_S, seed=11)
    for lufs in (-45, -42, -38, -34, -30, -26, -23, -20, -18, -16, -14, -12, -9, -6, -3, 0):
        gain_db = lufs + 19.0  # about what the voice has
        flags = ("-c:a", "pcm_f32le") if lufs > -8 else ("-c:a", "pcm_s24le")
        yield MadeInput(f"level {lufs} LUFS", voice, flags=flags, filters=f"volume={gain_db}dB")


def _kinds() -> Iterator[MadeInput]:
    dice = np.random.default_rng(5)
    samples = round(LENGTH_S * RATE_HZ)
    white = dice.standard_normal(samples)
    brown = np.cumsum(white) / 60
    brown -= np.convolve(brown, np.ones(2000) / 2000, "same")
    for name, noise in (("white", white), ("brown", brown)):
        for peak in (0.02, 0.2, 0.9):
            scaled = (noise / np.abs(noise).max() * peak).astype(np.float32)
            yield MadeInput(f"{name} noise, peak {peak}", scaled)
    chords = [tone(LENGTH_S, hz, level=0.2) for hz in (220.0, 277.2, 329.6, 440.0)]
    yield MadeInput("a chord", np.sum(chords, axis=0).astype(np.float32))
    beat = np.tile(np.concatenate([tone(0.1, 90, level=0.8), np.zeros(13_230, np.float32)]), 9)
    yield MadeInput("a drum", beat.astype(np.float32))
    voice = speech_like(LENGTH_S, seed=4)
    yield MadeInput("a voice in noise", (voice + 0.02 * white[: len(voice)]).astype(np.float32))
    fade = np.linspace(0.05, 1, len(voice), dtype=np.float32)
    yield MadeInput("a voice that comes nearer", voice * fade)
    wide = "pan=stereo|c0=c0|c1=-0.6*c0"
    yield MadeInput("stereo partly out of phase", voice, filters=wide)
    yield MadeInput("a voice on the left alone", voice, filters="pan=stereo|c0=c0|c1=0*c0")
    yield MadeInput("a voice in six channels", voice, filters="pan=5.1|FC=c0|FL=0.3*c0|FR=0.3*c0")
    yield MadeInput("a voice with an offset", (voice * 0.5 + 0.3).astype(np.float32))
    for seconds in (0.6, 1.2, 9.0):
        yield MadeInput(f"{seconds} s of voice", speech_like(seconds, seed=8))


def _rates() -> Iterator[MadeInput]:
    voice = speech_like(LENGTH_S, seed=21)
    for rate in (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000):
        yield MadeInput(f"{rate} Hz", voice, flags=("-ar", str(rate), "-c:a", "pcm_s16le"))
    for codec in ("pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"):
        yield MadeInput(codec, voice, flags=("-c:a", codec))


def _containers() -> Iterator[MadeInput]:
    voice = speech_like(LENGTH_S, seed=31)
    for bitrate in ("32k", "64k", "128k", "320k"):
        yield MadeInput(f"MP3 {bitrate}", voice, ".mp3", ("-c:a", "libmp3lame", "-b:a", bitrate))
    yield MadeInput("MP3, variable", voice, ".mp3", ("-c:a", "libmp3lame", "-q:a", "5"))
    for bitrate in ("48k", "128k"):
        yield MadeInput(f"M4A {bitrate}", voice, ".m4a", ("-c:a", "aac", "-b:a", bitrate))
    yield MadeInput("M4A, ALAC", voice, ".m4a", ("-c:a", "alac"))
    yield MadeInput("Ogg Vorbis", voice, ".ogg", ("-c:a", "libvorbis"))
    for bitrate in ("16k", "64k"):
        yield MadeInput(f"Opus {bitrate}", voice, ".opus", ("-c:a", "libopus", "-b:a", bitrate))
    for depth in ("s16", "s32"):
        yield MadeInput(f"FLAC {depth}", voice, ".flac", ("-c:a", "flac", "-sample_fmt", depth))
    live = ("-c:a", "libopus", "-b:a", "96k", "-live", "1", "-f", "webm")
    yield MadeInput("WebM as browsers record", voice, ".webm", live)
    yield MadeInput("M4A as telephones record", voice, ".m4a", ("-c:a", "aac", "-ar", "44100"))
