"""Letters and letter words, spelled as Vietnamese schools name them."""

from __future__ import annotations

from audio_library.spoken_text.numerals import DIGITS

_NAMES = {
    "A": "a", "Ă": "á", "Â": "ớ", "B": "bê", "C": "xê", "D": "dê", "Đ": "đê", "E": "e", "Ê": "ê",
    "F": "ép", "G": "gờ", "H": "hát", "I": "i", "J": "gi", "K": "ca", "L": "lờ", "M": "mờ",
    "N": "nờ", "O": "o", "Ô": "ô", "Ơ": "ơ", "P": "pê", "Q": "quy", "R": "rờ", "S": "ét", "T": "tê",
    "U": "u", "Ư": "ư", "V": "vê", "W": "vê kép", "X": "ích", "Y": "y", "Z": "dét",
}  # fmt: skip


def spelled(word: str) -> str:
    """Each letter by its name, each digit for itself; other signs are left out."""
    named = [_NAMES.get(one) or (DIGITS[int(one)] if one in "0123456789" else "") for one in word]
    return " ".join(filter(None, named))
