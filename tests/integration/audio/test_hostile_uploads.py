from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from audio_library import ffmpeg, sandbox
from audio_library.errors import (
    DamagedSoundError,
    NotSoundError,
    NotSoundReason,
    RefusedSoundError,
    SilentSoundError,
    TooLargeError,
    ToolFailedError,
)
from audio_library.ingest import IngestLimits, ingest
from audio_library.sandbox import ProcessLimits, Program, ToolRun
from tests.support.sound import run_ffmpeg, speech_like, write_sound, write_wav


def refused(tmp_path: Path, content: bytes, name: str = "upload.mp3") -> RefusedSoundError:
    upload = tmp_path / name
    upload.write_bytes(content)
    with pytest.raises(RefusedSoundError) as refusal:
        ingest(upload, workdir=tmp_path)
    assert list(tmp_path.glob("ingest-*")) == []
    return refusal.value


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"xin chao ba con" * 1000,
        b"<html><script>alert(1)</script></html>",
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5004 RTP/AVP 0\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"PK\x03\x04" + bytes(5000),
        b"\x7fELF" + bytes(5000),
    ],
)
def test_what_is_not_sound_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content).code == "not_sound"


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    for seed in range(6):
        noise = np.random.default_rng(seed).bytes(60_000)
        assert refused(tmp_path, noise).code in {"not_sound", "damaged", "silent"}


def test_a_playlist_cannot_reach_another_file(tmp_path: Path) -> None:
    voice = write_wav(tmp_path / "private.wav", speech_like(2))
    for content in (f"ffconcat version 1.0\nfile '{voice}'\n", f"#EXTM3U\n{voice}\n"):
        assert isinstance(refused(tmp_path, content.encode()), NotSoundError)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv"])
def test_a_film_is_refused_though_it_has_sound(tmp_path: Path, suffix: str) -> None:
    voice, film = write_wav(tmp_path / "a.wav", speech_like(2)), tmp_path / f"film{suffix}"
    run_ffmpeg("-i", str(voice), "-f", "lavfi", "-i", "testsrc=d=2:r=5:s=64x64", str(film))
    error = refused(tmp_path, film.read_bytes(), "song.mp3")
    assert isinstance(error, NotSoundError)
    assert error.reason is NotSoundReason.VIDEO


@pytest.mark.parametrize("suffix", [".aiff", ".avi", ".wma", ".ac3"])
def test_sound_in_a_wrapping_nobody_promised_is_refused(tmp_path: Path, suffix: str) -> None:
    voice, other = write_wav(tmp_path / "a.wav", speech_like(2)), tmp_path / f"a{suffix}"
    run_ffmpeg("-i", str(voice), str(other))
    error = refused(tmp_path, other.read_bytes(), "song.mp3")
    assert isinstance(error, NotSoundError)


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".ogg", ".opus", ".flac"])
def test_a_file_cut_in_transit_is_called_damaged(tmp_path: Path, suffix: str) -> None:
    whole = write_sound(tmp_path / f"whole{suffix}", speech_like(20)).read_bytes()
    error = refused(tmp_path, whole[: len(whole) * 6 // 10])
    assert isinstance(error, DamagedSoundError)


def test_bytes_overwritten_in_the_middle_do_not_stop_the_work_for_ever(tmp_path: Path) -> None:
    for suffix in (".mp3", ".flac", ".opus", ".m4a"):
        whole = bytearray(write_sound(tmp_path / f"w{suffix}", speech_like(6)).read_bytes())
        at = len(whole) // 2
        whole[at : at + 2000] = np.random.default_rng(3).bytes(2000)
        upload = tmp_path / f"broken{suffix}"
        upload.write_bytes(whole)
        with contextlib.suppress(DamagedSoundError):
            assert abs(ingest(upload, workdir=tmp_path).asset.loudness_lufs + 16) <= 0.5


def test_a_small_file_of_two_hours_of_silence_costs_little_and_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.flac"
    run_ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "7200", str(bomb))
    assert bomb.stat().st_size < 2_000_000
    with pytest.raises(RefusedSoundError) as refusal:
        ingest(bomb, workdir=tmp_path, limits=IngestLimits(max_duration_ms=600_000))
    assert refusal.value.code == "too_long"
    assert list(tmp_path.iterdir()) == [bomb]


def test_a_header_that_promises_ten_hours_is_not_believed(tmp_path: Path) -> None:
    sound = bytearray(write_sound(tmp_path / "a.flac", speech_like(3)).read_bytes())
    total = struct.unpack(">Q", sound[18:26])[0] & ~((1 << 36) - 1) | 44_100 * 36_000
    sound[18:26] = struct.pack(">Q", total)
    assert refused(tmp_path, bytes(sound), "a.flac").code == "damaged"


def test_a_huge_tag_is_stepped_over(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "a.mp3", speech_like(3)).read_bytes()
    body = b"TIT2" + struct.pack(">I", 8_000_000) + b"\0\0\0" + b"<b>" * 2_666_666 + b"x"
    size = len(body)
    syncsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    upload = tmp_path / "tagged.mp3"
    upload.write_bytes(b"ID3\x03\0\0" + syncsafe + body + sound)
    assert abs(ingest(upload, workdir=tmp_path).asset.loudness_lufs + 16) <= 0.5


def test_a_file_above_the_size_limit_is_refused_with_both_figures(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(2))
    with pytest.raises(TooLargeError) as refusal:
        ingest(upload, workdir=tmp_path, limits=IngestLimits(max_bytes=1000))
    assert refusal.value.limit_bytes == 1000
    assert refusal.value.size_bytes == upload.stat().st_size


def test_quadrophonic_and_odd_rates_are_no_obstacle(tmp_path: Path) -> None:
    voice, upload = write_wav(tmp_path / "a.wav", speech_like(3)), tmp_path / "q.wav"
    run_ffmpeg("-i", str(voice), "-ac", "6", "-ar", "96000", "-c:a", "pcm_f32le", str(upload))
    assert abs(ingest(upload, workdir=tmp_path).asset.loudness_lufs + 16) <= 0.5


def test_a_silence_with_a_promise_of_sound_is_silence(tmp_path: Path) -> None:
    with pytest.raises(SilentSoundError):
        ingest(write_wav(tmp_path / "a.wav", np.zeros(44_100, np.float32)), workdir=tmp_path)


def test_a_run_over_its_time_is_killed_with_all_its_children() -> None:
    endless = ["-f", "lavfi", "-i", "sine=f=100,arealtime", "-f", "null", "-"]
    with ffmpeg.start(endless, limits=ProcessLimits(wall_s=5)) as run:
        family = _family(run)
        with pytest.raises(ToolFailedError, match="too long"):
            run.finish()
    assert _left(family) == []


def test_the_processor_limit_ends_a_greedy_run() -> None:
    endless = ["-f", "lavfi", "-i", "sine=f=100", "-f", "null", "-"]
    exit_code, _ = ffmpeg.run(endless, limits=ProcessLimits(cpu_s=1))
    assert exit_code != 0


def test_the_memory_limit_is_below_what_a_machine_could_lose() -> None:
    exit_code, _ = ffmpeg.run(["-version"], limits=ProcessLimits(memory_bytes=16 << 20))
    assert exit_code != 0


def test_leaving_the_block_kills_what_still_runs() -> None:
    endless = ["-f", "lavfi", "-i", "sine=f=100,arealtime", "-f", "null", "-"]
    with ffmpeg.start(endless) as run:
        family = _family(run)
    assert _left(family) == []


def _family(run: ToolRun) -> list[psutil.Process]:
    """The sandbox and what runs in it, once ffmpeg is among them."""
    first = psutil.Process(run.group_id)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        family = [first, *first.children(recursive=True)]
        if any(_name(one).startswith("ffmpeg") for one in family):
            return family
        time.sleep(0.01)
    raise AssertionError("ffmpeg never ran")


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def _left(family: list[psutil.Process]) -> list[psutil.Process]:
    _gone, alive = psutil.wait_procs(family, timeout=5)
    return list(alive)


# --- the sandbox ----------------------------------------------------------------------------------


def shell(script: str, *, writes: Path | None = None) -> int:
    """The exit code of these words said to a shell inside the sandbox."""
    return sandbox.run(Program(Path("/bin/sh"), writes=writes), ["-c", script])[0]


needs_bubblewrap = pytest.mark.skipif(
    sandbox.confinement() is None, reason="bubblewrap is not here or may not make namespaces"
)


@needs_bubblewrap
def test_what_decodes_an_upload_sees_no_file_of_the_centre(tmp_path: Path) -> None:
    secret, job = tmp_path / "secret", tmp_path / "job"
    secret.write_text("key")
    job.mkdir()
    assert shell(f"test -e {secret}") != 0
    assert shell("test -e /etc/passwd") != 0
    shell(f"echo x > {secret}", writes=job)
    assert secret.read_text() == "key"
    assert shell(f"echo x > {job}/out", writes=job) == 0
    assert (job / "out").read_text() == "x\n"


@needs_bubblewrap
def test_what_decodes_an_upload_reaches_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        command = Program(Path("/bin/bash"))
        assert sandbox.run(command, ["-c", connect])[0] != 0
        assert subprocess.run(["/bin/bash", "-c", connect], check=False).returncode == 0


def test_a_relative_folder_means_the_same_inside_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(2))
    monkeypatch.chdir("/usr/share")
    folder = Path(os.path.relpath(tmp_path))
    assert ingest(upload, workdir=folder).path.is_file()


def test_without_bubblewrap_the_limits_hold_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    sandbox.confinement.cache_clear()
    try:
        assert ingest(write_wav(tmp_path / "a.wav", speech_like(2)), workdir=tmp_path).asset.sha256
    finally:
        sandbox.confinement.cache_clear()
    assert "bubblewrap is not installed" in caplog.text
