"""What kind of sound a hostile file holds, decided from its content by a sandboxed ffmpeg.

The file reaches ffmpeg as an open descriptor with `fd` as the only protocol: it has no name to
guess from, and a playlist inside it can open nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from audio_library import ffmpeg
from audio_library.errors import (
    DamagedSoundError,
    NotSoundError,
    NotSoundReason,
    TooLargeError,
)
from audio_library.promises import missing_bytes
from audio_library.sandbox import ProcessLimits


class Container(StrEnum):
    """Accepted kinds, by the first word of ffmpeg's demuxer name."""

    WAV = "wav"
    MP3 = "mp3"
    M4A = "mov"
    OGG = "ogg"
    FLAC = "flac"
    WEBM = "matroska"
    """What browsers record."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What an upload is by its own bytes; `promised_ms` is None where it does not say."""

    container: Container
    codec: str
    sample_rate_hz: int
    channels: str
    size_bytes: int
    promised_ms: int | None


_CODECS = (
    "mp3,mp3float,aac,alac,flac,opus,vorbis,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,"
    "pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav"
)
_WHITELISTS = (
    *("-protocol_whitelist", "fd"),
    *("-format_whitelist", ",".join(Container)),
    *("-codec_whitelist", _CODECS),
)
_PROBE_LIMITS = ProcessLimits(cpu_s=20, file_bytes=0, wall_s=60)

# Lines of ffmpeg's own dump. Text from tags cannot pose as one: ffmpeg indents and prefixes each
# line of a tag with its key or with " : ".
_INPUT = re.compile(r"^Input #0, ([a-z0-9_,]+), from 'fd:':$", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
_AUDIO = re.compile(
    r"^  Stream #0:\d+[^:\n]*: Audio: (\w+)[^,\n]*, (\d+) Hz, ([^,\n]+)", re.MULTILINE
)
_VIDEO = re.compile(r"^  Stream #0:\d+[^:\n]*: Video: (?!.*\(attached pic\))", re.MULTILINE)
_GUESSED_DURATION = "Estimating duration from bitrate"
_BROKEN = ("moov atom not found", "error reading header")


@contextmanager
def hostile_input(source: Path) -> Iterator[tuple[list[str], int]]:
    """Open the file and give ffmpeg's input arguments with the descriptor to pass on."""
    with source.open("rb") as file:
        descriptor = file.fileno()
        opened = ["-fd", str(descriptor), "-i", "fd:"]
        yield ["-nostdin", *ffmpeg.ONE_THREAD, *_WHITELISTS, *opened], descriptor


def probe(source: Path, *, limit_bytes: int) -> SourceFacts:
    """Return the kind of the sound or raise why it is none; decodes only the first frames."""
    size_bytes = source.stat().st_size
    if size_bytes == 0:
        raise NotSoundError(NotSoundReason.EMPTY)
    if size_bytes > limit_bytes:
        raise TooLargeError(size_bytes, limit_bytes)
    # With no output file ffmpeg dumps what it found and ends with an error: that is the wanted run.
    with hostile_input(source) as (arguments, descriptor):
        _, messages = ffmpeg.run(arguments, limits=_PROBE_LIMITS, pass_fds=(descriptor,))
    facts = read_dump(messages, size_bytes)
    return _refuse_cut(source, facts)


def read_dump(messages: str, size_bytes: int) -> SourceFacts:
    """Read ffmpeg's dump of an input; pure."""
    found = _INPUT.search(messages)
    if found is None:
        raise _why_unknown(messages)
    if _VIDEO.search(messages):
        raise NotSoundError(NotSoundReason.VIDEO)
    audio = _AUDIO.search(messages)
    if audio is None:
        raise NotSoundError(NotSoundReason.NO_AUDIO_TRACK)
    codec, rate, channels = audio.groups()
    if codec not in _CODECS.split(","):
        raise NotSoundError(NotSoundReason.UNKNOWN_CODEC)
    return SourceFacts(
        container=Container(found.group(1).split(",")[0]),
        codec=codec,
        sample_rate_hz=int(rate),
        channels=channels.strip(),
        size_bytes=size_bytes,
        promised_ms=_promised_ms(messages),
    )


def _why_unknown(messages: str) -> DamagedSoundError | NotSoundError:
    if any(sign in messages for sign in _BROKEN):
        return DamagedSoundError()
    return NotSoundError(NotSoundReason.UNKNOWN_CONTENT)


def _promised_ms(messages: str) -> int | None:
    duration = _DURATION.search(messages)
    if duration is None or _GUESSED_DURATION in messages:
        return None
    hours, minutes, seconds = duration.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def _refuse_cut(source: Path, facts: SourceFacts) -> SourceFacts:
    """WAV and Ogg tell by their framing that bytes are missing; ffmpeg does not."""
    if facts.container not in (Container.WAV, Container.OGG):
        return facts
    with source.open("rb") as file:
        missing = missing_bytes(file, facts.size_bytes)
    if missing > 0:
        raise DamagedSoundError(promised_ms=facts.promised_ms)
    return facts
