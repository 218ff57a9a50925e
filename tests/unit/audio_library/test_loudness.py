from __future__ import annotations

import math

import pytest

from audio_library.errors import ToolFailedError
from audio_library.loudness import Loudness, parse_summary
from audio_library.sandbox import BoundedText

SUMMARY = """[Parsed_ebur128_0 @ 0x55] Summary:

  Integrated loudness:
    I:         {lufs} LUFS
    Threshold: -32.2 LUFS

  True peak:
    Peak:       {peak} dBFS
"""


def test_loudness_and_true_peak_are_read_from_the_summary() -> None:
    assert parse_summary(SUMMARY.format(lufs="-21.9", peak="-2.8")) == Loudness(-21.9, -2.8)


def test_a_tag_that_looks_like_a_summary_is_not_believed() -> None:
    tag = "    I               : -16.0 LUFS\n    title           : I:  -16.0 LUFS\n"
    assert parse_summary(tag + SUMMARY.format(lufs="-40.0", peak="-9.0")).integrated_lufs == -40.0


def test_silence_is_the_lowest_loudness_there_is() -> None:
    assert parse_summary(SUMMARY.format(lufs="-inf", peak="-inf")) == Loudness(-70.0, -math.inf)
    assert parse_summary(SUMMARY.format(lufs="nan", peak="-inf")).integrated_lufs == -70.0


def test_no_summary_is_a_failed_measurement() -> None:
    with pytest.raises(ToolFailedError):
        parse_summary("size=N/A time=00:00:01.00")


def test_endless_messages_keep_their_head_and_tail() -> None:
    text = BoundedText(kept_bytes=10)
    for number in range(1000):
        text.add(f"{number:05d}".encode())
    assert text.text == "00000000010099800999"
