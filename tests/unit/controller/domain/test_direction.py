"""What turns the direction of writing."""

from __future__ import annotations

import unicodedata

from controller.domain.direction import TURNING, unturned


def test_words_lose_what_turns_them_and_nothing_else() -> None:
    assert unturned("Họp\u202egpj.exe lúc 05:30 \u2067x\u2069") == "Họpgpj.exe lúc 05:30 x"
    for words in ("Đài xã Phước Bình", "شهر", "ꨌꩌ\u200d", "a\tb\n"):
        assert unturned(words) == words


def test_every_character_with_a_direction_of_its_own_making_is_named() -> None:
    explicit = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    marks = {"\u061c", "\u200e", "\u200f"}
    found = {
        chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code)) in explicit
    }
    assert set(TURNING) == found | marks
