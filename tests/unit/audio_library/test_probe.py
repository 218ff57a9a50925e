from __future__ import annotations

import pytest

from audio_library.errors import DamagedSoundError, NotSoundError, NotSoundReason
from audio_library.probe import Container, read_dump

MP3 = """Input #0, mp3, from 'fd:':
  Metadata:
    title           : a song
                    :   Stream #0:1: Video: h264 (Main), none, 320x240
  Duration: 01:02:03.50, start: 0.025057, bitrate: 128 kb/s
  Stream #0:0: Audio: mp3 (mp3float), 44100 Hz, stereo, fltp, 128 kb/s, start 0.025057
    Metadata:
      encoder         : Lavc63.1.
"""
COVER = "  Stream #0:1: Video: mjpeg (Baseline), yuvj420p, 600x600 (attached pic)\n"
FILM = "  Stream #0:1[0x1](und): Video: h264 (Main) (avc1 / 0x31637661), none, 320x240\n"


def test_the_facts_stand_in_the_dump() -> None:
    facts = read_dump(MP3, 17)
    assert (facts.container, facts.codec, facts.sample_rate_hz) == (Container.MP3, "mp3", 44_100)
    assert (facts.channels, facts.promised_ms, facts.size_bytes) == ("stereo", 3_723_500, 17)


def test_a_cover_picture_is_no_video() -> None:
    assert read_dump(MP3 + COVER, 1).container is Container.MP3


def test_a_film_is_refused_though_it_has_sound() -> None:
    with pytest.raises(NotSoundError) as refused:
        read_dump(MP3 + FILM, 1)
    assert refused.value.reason is NotSoundReason.VIDEO


def test_a_duration_guessed_from_the_bit_rate_is_no_promise() -> None:
    warning = "[in#0 @ 0x1] Estimating duration from bitrate, this may be inaccurate\n"
    assert read_dump(warning + MP3, 1).promised_ms is None


def test_a_file_without_an_audio_track_is_refused() -> None:
    with pytest.raises(NotSoundError) as refused:
        read_dump("Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'fd:':\n  Duration: N/A\n", 1)
    assert refused.value.reason is NotSoundReason.NO_AUDIO_TRACK


def test_a_codec_outside_the_list_is_refused() -> None:
    with pytest.raises(NotSoundError) as refused:
        read_dump(MP3.replace("mp3 (mp3float)", "wmav2"), 1)
    assert refused.value.reason is NotSoundReason.UNKNOWN_CODEC


def test_a_known_file_without_its_index_is_damaged_rather_than_foreign() -> None:
    with pytest.raises(DamagedSoundError):
        read_dump("[in#0 @ 0x1] moov atom not found\nError opening input file fd:.\n", 1)


def test_anything_else_is_not_sound() -> None:
    with pytest.raises(NotSoundError) as refused:
        read_dump("Error opening input: Invalid data found when processing input\n", 1)
    assert refused.value.reason is NotSoundReason.UNKNOWN_CONTENT
