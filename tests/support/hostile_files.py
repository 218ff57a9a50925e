"""Files that mean harm, or are only broken; each says what may become of it."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.support.sound import run_ffmpeg, speech_like, write_sound, write_wav

SOUND = frozenset({"sound"})
NOT_SOUND = frozenset({"not_sound"})
BROKEN = frozenset({"damaged", "not_sound"})
ANYTHING_SAID = frozenset({"sound", "damaged", "not_sound", "silent", "too_long"})


@dataclass(frozen=True, slots=True)
class HostileFile:
    """Bytes, and the endings that are right: "sound", or the code of a refusal."""

    name: str
    content: bytes
    ends_as: frozenset[str]


def hostile_files(folder: Path, secret: Path) -> Iterator[HostileFile]:
    """All of them; `folder` is scratch, `secret` a file none of them may read."""
    made = {
        ending: write_sound(folder / f"voice{ending}", speech_like(6)).read_bytes()
        for ending in (".wav", ".mp3", ".m4a", ".ogg", ".opus", ".flac", ".webm")
    }
    yield from _lists(secret)
    yield from _no_sound(folder)
    yield from _polyglots(made)
    yield from _cut(made)
    yield from _tags(folder, made)
    yield from _promises(folder, made)
    yield from _films(folder)


def _lists(secret: Path) -> Iterator[HostileFile]:
    """Playlists and the like, called .mp3: some players would open what they name."""
    texts = {
        "a concat list": f"ffconcat version 1.0\nfile '{secret}'\n",
        "an m3u8 list": f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile://{secret}\n",
        "an m3u list": f"#EXTM3U\n{secret}\n",
        "a pls list": f"[playlist]\nFile1={secret}\nNumberOfEntries=1\n",
        "an asx list": f'<asx version="3.0"><entry><ref href="{secret}"/></entry></asx>',
        "an sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5004 RTP/AVP 0\n",
        "a dash manifest": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>',
        "a smil": f'<smil><body><audio src="{secret}"/></body></smil>',
        "an imf list": f"<CompositionPlaylist><Id>{secret}</Id></CompositionPlaylist>",
        "an http address": "http://127.0.0.1/x.mp3",
        "a shell script": "#!/bin/sh\nrm -rf /\n",
        "a page": "<html><script>alert(1)</script></html>",
        "a picture of text": '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        "a subtitle": "1\n00:00:00,000 --> 00:00:05,000\nXin chào\n",
        "an ffmetadata": ";FFMETADATA1\ntitle=x\n",
    }
    for name, text in texts.items():
        yield HostileFile(name, text.encode(), NOT_SOUND)


def _no_sound(folder: Path) -> Iterator[HostileFile]:
    yield HostileFile("nothing", b"", NOT_SOUND)
    yield HostileFile("one byte", b"\0", NOT_SOUND)
    yield HostileFile("a megabyte of zeros", bytes(1_000_000), NOT_SOUND | {"silent"})
    for seed in range(4):
        noise = np.random.default_rng(seed).bytes(60_000)
        yield HostileFile(f"random bytes {seed}", noise, ANYTHING_SAID - SOUND)
    heads = {
        "PNG": b"\x89PNG\r\n\x1a\n",
        "zip": b"PK\x03\x04",
        "ELF": b"\x7fELF",
        "PDF": b"%PDF-1.7\n",
    }
    for name, head in heads.items():
        yield HostileFile(f"the head of a {name}", head + bytes(5_000), NOT_SOUND)
    picture = folder / "picture.jpg"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=1", "-frames:v", "1", str(picture))
    yield HostileFile("a picture", picture.read_bytes(), NOT_SOUND)
    midi = (
        b"MThd"
        + struct.pack(">IHHH", 6, 0, 1, 96)
        + b"MTrk"
        + struct.pack(">I", 4)
        + b"\0\xff\x2f\0"
    )
    yield HostileFile("a MIDI", midi, NOT_SOUND)


def _polyglots(made: dict[str, bytes]) -> Iterator[HostileFile]:
    """Two kinds of file in one."""
    for ending in (".mp3", ".wav", ".flac"):
        page = b"<script>fetch('//evil')</script>"
        yield HostileFile(f"a page before {ending}", page + made[ending], BROKEN | SOUND)
        yield HostileFile(
            f"a zip behind {ending}", made[ending] + b"PK\x05\x06" + bytes(18), SOUND | {"damaged"}
        )
    yield HostileFile("an mp3 inside a wav head", made[".wav"][:44] + made[".mp3"], ANYTHING_SAID)
    yield HostileFile("two voices in a row", made[".mp3"] * 2, SOUND)


def _cut(made: dict[str, bytes]) -> Iterator[HostileFile]:
    """Broken off: in the head, behind it, and in the middle."""
    for ending, whole in made.items():
        may_end_as = BROKEN | (SOUND | {"silent"} if ending == ".webm" else frozenset())
        yield HostileFile(f"{ending} cut in its head", whole[:30], BROKEN | {"silent"})
        yield HostileFile(f"{ending} cut in the middle", whole[: len(whole) * 6 // 10], may_end_as)
        spoilt = bytearray(whole)
        at = len(whole) // 3
        spoilt[at : at + 1_500] = np.random.default_rng(7).bytes(1_500)
        yield HostileFile(f"{ending} overwritten in the middle", bytes(spoilt), ANYTHING_SAID)


def _tags(folder: Path, made: dict[str, bytes]) -> Iterator[HostileFile]:
    """What stands in tags is never believed, shown or aired."""
    texts = {
        "a script": "<script>alert(1)</script>",
        "signs that turn the writing round": "abc\u202egnp.exe",
        "a path": "../../../../etc/passwd",
        "a formula": "=HYPERLINK(1)",
        "a line end": "a\nInput #0, wav, from 'fd:':\n  Stream #0:0: Video: h264",
    }
    voice = write_wav(folder / "tagged.wav", speech_like(3))
    for name, text in texts.items():
        for ending, codec in ((".mp3", "libmp3lame"), (".flac", "flac")):
            out = folder / f"tagged{ending}"
            run_ffmpeg("-i", str(voice), "-c:a", codec, "-metadata", f"title={text}", str(out))
            yield HostileFile(f"{name} in a tag of {ending}", out.read_bytes(), SOUND)
    body = b"TIT2" + struct.pack(">I", 1_000_000) + b"\0\0\0" + b"<b>" * 333_333
    syncsafe = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    yield HostileFile("a megabyte of tag", b"ID3\x03\0\0" + syncsafe + body + made[".mp3"], SOUND)


def _promises(folder: Path, made: dict[str, bytes]) -> Iterator[HostileFile]:
    """Heads that promise what is not there, and small files that are long."""
    flac = bytearray(made[".flac"])
    total = struct.unpack(">Q", flac[18:26])[0] & ~((1 << 36) - 1) | 44_100 * 36_000
    flac[18:26] = struct.pack(">Q", total)
    yield HostileFile("a flac that promises ten hours", bytes(flac), BROKEN)
    riff = bytearray(made[".wav"])
    riff[4:8] = riff[40:44] = struct.pack("<I", 0xFFFFFFFF)
    yield HostileFile("a wav without end", bytes(riff), SOUND | BROKEN)
    bomb = folder / "bomb.flac"
    run_ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "7200", str(bomb))
    yield HostileFile("two hours of silence", bomb.read_bytes(), frozenset({"too_long", "silent"}))
    tone, small = folder / "tone.mp3", ("-ar", "8000", "-c:a", "libmp3lame", "-b:a", "8k")
    run_ffmpeg("-f", "lavfi", "-i", "sine=f=300:d=3700:r=8000", *small, str(tone))
    yield HostileFile("an hour and a minute", tone.read_bytes(), frozenset({"too_long"}))
    silent = io.BytesIO()
    with wave.open(silent, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(160_000))
    yield HostileFile("ten seconds of nothing", silent.getvalue(), frozenset({"silent"}))
    voice = write_wav(folder / "phase.wav", speech_like(3))
    opposed = folder / "opposed.wav"
    run_ffmpeg("-i", str(voice), "-af", "pan=stereo|c0=c0|c1=-1*c0", str(opposed))
    yield HostileFile("a voice against itself", opposed.read_bytes(), frozenset({"silent"}))


def _films(folder: Path) -> Iterator[HostileFile]:
    voice = write_wav(folder / "film.wav", speech_like(2))
    for ending in (".mp4", ".mkv", ".webm"):
        film = folder / f"film{ending}"
        run_ffmpeg("-i", str(voice), "-f", "lavfi", "-i", "testsrc=d=2:r=5:s=64x64", str(film))
        yield HostileFile(f"a film {ending}", film.read_bytes(), NOT_SOUND)
    for ending in (".aiff", ".avi", ".wma", ".ac3"):
        other = folder / f"other{ending}"
        run_ffmpeg("-i", str(voice), str(other))
        yield HostileFile(f"sound as {ending}", other.read_bytes(), NOT_SOUND)
