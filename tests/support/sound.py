"""Sounds to upload: a sentence read aloud, something like a voice, tones, silence, every format."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audio_library import ffmpeg

Samples = npt.NDArray[np.float32]
RATE_HZ = 44_100

_VOWELS_HZ = (((300, 800), 90, 1.0), ((900, 2200), 120, 0.6), ((2300, 3200), 200, 0.3))
_FLAGS = {
    ".mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    ".m4a": ("-c:a", "aac", "-b:a", "128k", "-f", "ipod"),
    ".ogg": ("-c:a", "libvorbis"),
    ".webm": ("-c:a", "libopus", "-b:a", "96k", "-live", "1", "-f", "webm"),
    ".opus": ("-c:a", "libopus", "-b:a", "64k"),
    ".flac": ("-c:a", "flac", "-sample_fmt", "s16"),
    ".wav": ("-c:a", "pcm_s16le"),
}


def speech_like(duration_s: float, seed: int = 1, rate_hz: int = RATE_HZ) -> Samples:
    """Return syllables of a buzzing source through moving formants, with pauses; peak 0.5.

    Deterministic by seed, and different seeds are unlike each other: two of them never correlate.
    """
    random = np.random.default_rng(seed)
    total = round(duration_s * rate_hz)
    sound = np.zeros(total)
    at = 0
    while at < total:
        length = min(round(random.uniform(0.12, 0.3) * rate_hz), total - at)
        sound[at : at + length] = _syllable(random, length, rate_hz)
        at += length
        if random.random() < 0.15:
            at += round(random.uniform(0.1, 0.6) * rate_hz)
    highest = max(1e-9, float(np.abs(sound).max()))
    return (sound / highest * 0.5).astype(np.float32)


def _syllable(random: np.random.Generator, length: int, rate_hz: int) -> npt.NDArray[np.float64]:
    pitch = random.uniform(95, 160) * np.linspace(1, random.uniform(0.8, 1.2), length)
    buzz = 2 * (np.cumsum(pitch) / rate_hz % 1) - 1
    spectrum = np.fft.rfft(buzz + 0.3 * random.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / rate_hz)
    formants = np.zeros(len(hertz))
    for (low, high), width, share in _VOWELS_HZ:
        formants += share / (1 + ((hertz - random.uniform(low, high)) / width) ** 2)
    shaped = np.fft.irfft(spectrum * formants, length)
    loudness: npt.NDArray[np.float64] = np.sqrt(np.hanning(length)) * random.uniform(0.3, 1)
    return shaped * loudness


def spoken(path: Path, text: str) -> Path:
    """Write a sentence read aloud in Vietnamese, as the kind of file the suffix names."""
    read = path.with_suffix(".spoken.wav")
    subprocess.run(["espeak-ng", "-v", "vi", "-s", "150", "-w", str(read), text], check=True)
    run_ffmpeg("-i", str(read), *_FLAGS[path.suffix], str(path))
    read.unlink()
    return path


def tone(
    duration_s: float, hertz: float = 1000.0, level: float = 0.5, rate_hz: int = RATE_HZ
) -> Samples:
    seconds = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * hertz * seconds)).astype(np.float32)


def silence(duration_s: float, rate_hz: int = RATE_HZ) -> Samples:
    return np.zeros(round(duration_s * rate_hz), dtype=np.float32)


def write_wav(path: Path, samples: Samples, *, rate_hz: int = RATE_HZ, channels: int = 1) -> Path:
    """Write 16-bit PCM; with two channels both carry the same samples."""
    pcm = np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(pcm, channels).tobytes())
    return path


def write_sound(path: Path, samples: Samples, *, channels: int = 1) -> Path:
    """Write the kind of file its suffix names (.wav .mp3 .m4a .ogg .opus .flac .webm)."""
    if path.suffix == ".wav":
        return write_wav(path, samples, channels=channels)
    source = write_wav(path.with_suffix(".source.wav"), samples, channels=channels)
    run_ffmpeg("-i", str(source), *_FLAGS[path.suffix], str(path))
    source.unlink()
    return path


def run_ffmpeg(*arguments: str) -> str:
    """Run the bundled ffmpeg on files of our own; return its messages."""
    command = [str(ffmpeg.executable()), "-hide_banner", "-nostdin", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    return done.stderr


def read_samples(path: Path, *, rate_hz: int = 48_000) -> Samples:
    """Decode any sound file to mono samples."""
    command = [str(ffmpeg.executable()), "-loglevel", "error", "-nostdin", "-i", str(path)]
    sink = ["-ac", "1", "-ar", str(rate_hz), "-f", "f32le", "-"]
    done = subprocess.run([*command, *sink], capture_output=True, check=True)
    return np.frombuffer(done.stdout, dtype="<f4").astype(np.float32)


def find_offset(heard: Samples, expected: Samples, *, rate_hz: int = 48_000) -> tuple[float, float]:
    """Return where `expected` begins in `heard` (seconds) and how alike they are there (0 to 1)."""
    length = len(heard) + len(expected) - 1
    size = 1 << (length - 1).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size))
    matches = np.fft.irfft(product, size)[: max(1, len(heard) - len(expected) // 2)]
    at = int(np.argmax(matches))
    part = heard[at : at + len(expected)]
    energy = float(np.linalg.norm(part) * np.linalg.norm(expected[: len(part)]))
    return at / rate_hz, float(matches[at]) / max(energy, 1e-9)
