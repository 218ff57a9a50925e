from __future__ import annotations

import io
import struct

from audio_library.promises import missing_bytes


def missing(data: bytes) -> int:
    return missing_bytes(io.BytesIO(data), len(data))


def riff(data: bytes, claimed: int, extra: bytes = b"") -> bytes:
    fmt = b"fmt " + struct.pack("<I", 16) + bytes(16)
    body = b"WAVE" + fmt + extra + b"data" + struct.pack("<I", claimed) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def page(body: bytes) -> bytes:
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    return b"OggS" + bytes(22) + bytes([len(lacing)]) + lacing + body


def test_a_whole_wav_misses_nothing() -> None:
    assert missing(riff(bytes(100), 100)) == 0


def test_a_cut_wav_says_how_much_is_gone() -> None:
    assert missing(riff(bytes(60), 100)) == 40


def test_a_wav_of_a_recorder_that_never_went_back_promises_nothing() -> None:
    assert missing(riff(bytes(60), 0xFFFFFFFF)) == 0
    assert missing(riff(bytes(60), 0)) == 0


def test_odd_chunks_before_the_samples_are_stepped_over() -> None:
    assert missing(riff(bytes(10), 30, extra=b"LIST" + struct.pack("<I", 3) + b"abc\0")) == 20


def test_a_wav_of_endless_chunks_ends_the_search() -> None:
    assert missing(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 100_000) == 0


def test_an_ogg_cut_in_its_last_page_is_found() -> None:
    whole = page(bytes(300)) + page(bytes(1000))
    assert missing(whole) == 0
    assert missing(whole[:-1]) == 1
    assert missing(whole[:-900]) == 900
    assert missing(whole[: len(page(bytes(300))) + 10]) == 17


def test_other_bytes_promise_nothing() -> None:
    assert missing(b"ID3" + bytes(500)) == 0
    assert missing(b"") == 0
