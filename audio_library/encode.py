"""Our own samples -> mono Opus in Ogg, and the measurement of what was encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audio_library import ffmpeg
from audio_library.decode import CHUNK_BYTES, HEADROOM
from audio_library.errors import ToolFailedError
from audio_library.levels import SAMPLE_RATE_HZ, Pcm
from audio_library.limiter import Limiter
from audio_library.sandbox import ToolRun
from audio_library.waveform import WaveformMeter

BITRATE = 32_000
OPUS = ("-c:a", "libopus", "-b:a", str(BITRATE), "-application", "audio")
# bitexact: the same samples give the same bytes, so an upload repeated is the same asset.
_OGG = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1", "-f", "ogg")
_RAW_INPUT = ("-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0")

ENCODED_RATE_HZ = SAMPLE_RATE_HZ


def levelled(pcm: Path, *, gain_db: float, ceiling_db: float) -> Iterator[Pcm]:
    """Read samples from disk chunk by chunk, with the gain given and peaks limited."""
    gain = np.float32(10 ** (gain_db / 20) / HEADROOM / 32768)
    limiter = Limiter(10 ** (ceiling_db / 20))
    with pcm.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            samples = np.frombuffer(data, dtype="<i2").astype(np.float32) * gain
            yield _to_pcm(limiter.feed(samples))
    yield _to_pcm(limiter.flush())


def _to_pcm(samples: npt.NDArray[np.float32]) -> Pcm:
    pcm: Pcm = np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2")
    return pcm


def encode(
    pieces: Iterator[Pcm], out: Path, *, progress: Callable[[int], None]
) -> tuple[int, tuple[int, ...]]:
    """Encode the pieces one after the other; return the number of samples and the waveform.

    `progress` is told how many samples went in so far.
    """
    waveform = WaveformMeter()
    samples = 0
    arguments = ["-loglevel", "error", *_RAW_INPUT, *OPUS, *_OGG, "-y", f"file:{out}"]
    with ffmpeg.start(arguments, feeds_stdin=True, writes=out.parent) as run:
        for piece in pieces:
            _feed(run, piece)
            waveform.feed(piece)
            samples += len(piece)
            progress(samples)
        exit_code, messages = run.finish()
    if exit_code != 0:
        raise ToolFailedError("encoding failed", exit_code=exit_code, stderr=messages)
    return samples, waveform.finish()


def _feed(run: ToolRun, piece: Pcm) -> None:
    try:
        run.stdin.write(piece.astype("<i2", copy=False).tobytes())
    except BrokenPipeError as error:
        raise ToolFailedError("encoder went away", stderr=run.messages) from error
