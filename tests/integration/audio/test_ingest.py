from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from audio_library import lead_in
from audio_library.errors import DamagedSoundError, SilentSoundError, TooLongError
from audio_library.ingest import IngestLimits, IngestResult, ingest
from audio_library.probe import Container
from audio_library.quality import FindingKind
from audio_library.span import Span
from tests.support.metering import metered
from tests.support.sound import (
    find_offset,
    read_samples,
    run_ffmpeg,
    silence,
    speech_like,
    tone,
    write_sound,
    write_wav,
)

KINDS = {
    ".wav": Container.WAV,
    ".mp3": Container.MP3,
    ".m4a": Container.M4A,
    ".ogg": Container.OGG,
    ".opus": Container.OGG,
    ".flac": Container.FLAC,
    ".webm": Container.WEBM,
}


def assert_fit_to_air(result: IngestResult) -> None:
    loudness, peak = metered(result.path)
    assert abs(loudness + 16.0) <= 0.5
    assert peak <= -1.0
    assert result.asset.loudness_lufs == loudness
    assert result.asset.true_peak_dbtp == peak


@pytest.mark.parametrize("suffix", sorted(KINDS))
def test_every_accepted_kind_becomes_the_same_broadcast_sound(tmp_path: Path, suffix: str) -> None:
    voice = speech_like(6)
    upload = write_sound(tmp_path / f"upload{suffix}", voice, channels=2)
    nameless = upload.rename(tmp_path / "upload.bin")  # the name must not matter
    result = ingest(nameless, workdir=tmp_path)

    assert result.source.container is KINDS[suffix]
    assert_fit_to_air(result)
    assert abs(result.asset.duration_ms - 6000 - lead_in.LEAD_IN_MS) < 80
    assert len(result.asset.waveform) == 400
    assert result.asset.sha256 == hashlib.sha256(result.path.read_bytes()).hexdigest()
    assert result.asset.size_bytes == result.path.stat().st_size
    assert run_ffmpeg("-i", str(result.path), "-f", "null", "-").count("opus, 48000 Hz, mono") == 1


def test_the_chime_comes_first_and_the_voice_at_its_announced_place(tmp_path: Path) -> None:
    voice = speech_like(6, seed=5)
    result = ingest(write_wav(tmp_path / "a.wav", voice), workdir=tmp_path)
    sound = read_samples(result.path)
    expected = read_samples(tmp_path / "a.wav")
    chime = np.frombuffer(lead_in.chime_pcm(), dtype="<i2").astype(np.float32)

    at_s, likeness = find_offset(sound, expected)
    assert abs(at_s * 1000 - result.lead_in_ms) < 2
    assert likeness > 0.8
    at_s, likeness = find_offset(sound[: len(chime) + 4800], chime)
    assert at_s < 0.002
    assert likeness > 0.95


def test_chime_and_voice_are_equally_loud(tmp_path: Path) -> None:
    result = ingest(write_wav(tmp_path / "a.wav", speech_like(12)), workdir=tmp_path)
    chime_lufs, _ = metered(result.path, "atrim=end=1.94")
    voice_lufs, _ = metered(result.path, "atrim=start=2.24")
    assert abs(chime_lufs + 16.0) <= 1.0
    assert abs(voice_lufs + 16.0) <= 1.0


def test_without_the_chime_the_voice_begins_at_once(tmp_path: Path) -> None:
    result = ingest(write_wav(tmp_path / "a.wav", speech_like(4)), workdir=tmp_path, chime=False)
    at_s, _ = find_offset(read_samples(result.path), read_samples(tmp_path / "a.wav"))
    assert (result.lead_in_ms, round(at_s, 2)) == (0, 0.0)
    assert_fit_to_air(result)


@pytest.mark.parametrize(
    ("name", "voice"),
    [
        ("faint", speech_like(8) * 0.02),
        ("clipped", np.clip(speech_like(8) * 8, -1, 1)),
        ("peaky", np.sign(speech_like(8)) * speech_like(8) ** 2),
        ("rumbling", speech_like(8) * 0.5 + tone(8, 20, level=0.45)),
    ],
)
def test_difficult_recordings_reach_the_same_loudness(
    tmp_path: Path, name: str, voice: np.ndarray
) -> None:
    result = ingest(write_wav(tmp_path / f"{name}.wav", voice), workdir=tmp_path)
    assert_fit_to_air(result)


@pytest.mark.parametrize("duration_s", [0.05, 0.3, 1.0, 2.9])
@pytest.mark.parametrize("chime", [True, False])
def test_very_short_sounds_are_levelled_too(tmp_path: Path, duration_s: float, chime: bool) -> None:
    voice = tone(duration_s, 700)
    result = ingest(write_wav(tmp_path / "a.wav", voice), workdir=tmp_path, chime=chime)
    assert abs(result.asset.loudness_lufs + 16.0) <= 0.5
    assert result.asset.true_peak_dbtp <= -1.0
    kinds = [finding.kind for finding in result.findings]
    assert (FindingKind.TOO_SHORT in kinds) == (duration_s < 1.0)


def test_a_click_a_second_ends_as_loud_as_its_peaks_allow_and_says_so(tmp_path: Path) -> None:
    clicks = np.tile(np.concatenate((tone(0.002, 900, level=0.9), silence(1))), 12)
    result = ingest(write_wav(tmp_path / "a.wav", clicks), workdir=tmp_path, chime=False)
    assert result.asset.true_peak_dbtp <= -1.0
    assert FindingKind.PEAKS_TOO_HIGH in [finding.kind for finding in result.findings]


def test_the_same_upload_gives_the_same_bytes_again(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(3))
    first = ingest(upload, workdir=tmp_path).asset
    assert ingest(upload, workdir=tmp_path).asset == first


def test_progress_rises_to_one_and_no_scratch_file_stays(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(30))
    told: list[float] = []
    result = ingest(upload, workdir=tmp_path, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 10
    assert sorted(tmp_path.iterdir()) == sorted([upload, result.path])


def test_work_can_be_stopped_from_the_progress_call(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(30))

    def stop(fraction: float) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(upload, workdir=tmp_path, progress=stop)
    assert list(tmp_path.iterdir()) == [upload]


def test_silence_is_refused_in_every_disguise(tmp_path: Path) -> None:
    hiss = np.random.default_rng(1).standard_normal(44_100 * 3).astype(np.float32) * 0.0002
    for name, samples in (("none", silence(3)), ("hiss", hiss), ("hum", tone(3, 5, level=0.1))):
        with pytest.raises(SilentSoundError):
            ingest(write_wav(tmp_path / f"{name}.wav", samples), workdir=tmp_path)


def test_sound_beyond_the_ceiling_is_stopped_by_decoding(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(8))
    with pytest.raises(TooLongError) as refused:
        ingest(upload, workdir=tmp_path, limits=IngestLimits(max_duration_ms=5_000))
    assert refused.value.limit_ms == 5_000
    assert list(tmp_path.iterdir()) == [upload]


def test_a_cover_picture_and_tags_do_not_reach_the_broadcast(tmp_path: Path) -> None:
    voice = write_wav(tmp_path / "a.wav", speech_like(3))
    cover, upload = tmp_path / "cover.png", tmp_path / "song.mp3"
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", str(cover))
    run_ffmpeg(
        *("-i", str(voice), "-i", str(cover), "-map", "0:a", "-map", "1:v", "-c:v", "png"),
        *("-disposition:v", "attached_pic", "-metadata", "title=<script>alert(1)</script>"),
        str(upload),
    )
    result = ingest(upload, workdir=tmp_path)
    assert_fit_to_air(result)
    assert b"script" not in result.path.read_bytes()
    assert b"Lavf" not in result.path.read_bytes()


def test_the_loudness_range_of_an_upload_is_measured(tmp_path: Path) -> None:
    loud, quiet = speech_like(15), speech_like(15, seed=3) * 10 ** (-19 / 20)
    uneven = ingest(
        write_wav(tmp_path / "a.wav", np.concatenate([loud, quiet, loud, quiet])), workdir=tmp_path
    )
    assert 18 < uneven.source_range_lu < 30
    assert FindingKind.UNEVEN in [finding.kind for finding in uneven.findings]
    even = ingest(write_wav(tmp_path / "b.wav", loud), workdir=tmp_path)
    assert even.source_range_lu < 10


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".opus"])
def test_a_cut_is_exact_to_a_fiftieth_of_a_second(tmp_path: Path, suffix: str) -> None:
    sound = np.concatenate((silence(3), tone(4, level=0.4), silence(3)))
    upload = write_sound(tmp_path / f"a{suffix}", sound)
    result = ingest(upload, workdir=tmp_path, cut=Span(2_600, 7_500))
    voice = np.abs(read_samples(result.path)[result.lead_in_ms * 48 :])
    heard = np.flatnonzero(voice > 0.2 * voice.max())
    assert abs(heard[0] / 48 - 400) <= 20
    assert abs(heard[-1] / 48 - 4_400) <= 20
    assert abs(result.asset.duration_ms - result.lead_in_ms - 4_900) <= 20
    assert_fit_to_air(result)


def test_what_is_cut_off_has_no_part_in_the_measures(tmp_path: Path) -> None:
    loud, soft = speech_like(6), speech_like(6, seed=4) * 0.05
    upload = write_wav(tmp_path / "a.wav", np.concatenate((loud, silence(3), soft)))
    whole = ingest(upload, workdir=tmp_path)
    kept = ingest(upload, workdir=tmp_path, cut=Span(9_000, 15_000))
    assert kept.source_loudness_lufs < whole.source_loudness_lufs - 15
    assert_fit_to_air(kept)
    assert kept.suggested is None


def test_silence_around_a_voice_is_told_and_left_where_it_is(tmp_path: Path) -> None:
    voice = tone(5, level=0.3)
    upload = write_sound(tmp_path / "a.mp3", np.concatenate((silence(3), voice, silence(3))))
    result = ingest(upload, workdir=tmp_path)
    assert result.suggested is not None
    assert abs(result.suggested.start_ms - 2_800) <= 100
    assert abs(result.suggested.end_ms - 8_400) <= 100
    assert abs(result.asset.duration_ms - result.lead_in_ms - 11_000) <= 80


def test_a_cut_in_the_midst_of_sound_does_not_click(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", tone(6, 200, level=0.5))
    result = ingest(upload, workdir=tmp_path, chime=False, cut=Span(1_001, 4_000))
    steps = np.abs(np.diff(read_samples(result.path)))
    assert steps[:96].max() < 0.5 * steps[24_000:72_000].max()


def test_a_cut_beyond_the_end_is_refused_as_damage(tmp_path: Path) -> None:
    upload = write_wav(tmp_path / "a.wav", speech_like(3))
    with pytest.raises(DamagedSoundError):
        ingest(upload, workdir=tmp_path, cut=Span(1_000, 9_000))
