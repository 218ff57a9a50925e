"""Every sentence of the screens has its English, and the program loads what was written."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog

from tools import catalogue

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(%%)")
UNWANTED = re.compile(
    r"\bvui lòng\b|\b(?:heartbeat|payload|slot|offline|sync|token)\b|!", re.IGNORECASE
)
RUN = "run `.venv/bin/python tools/catalogue.py` and fill in messages.po"


@pytest.fixture(scope="module")
def spoken() -> Catalog:
    return catalogue.spoken()


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalogue.known()


def _said(messages: Catalog) -> list[str]:
    return [str(message.id) for message in messages if message.id]


def test_no_sentence_lacks_its_english(spoken: Catalog, known: Catalog) -> None:
    english = {m.id: m.string for m in known if m.id}
    missing = [m.id for m in spoken if m.id and not english.get(m.id)]
    assert not missing, RUN


def test_no_translation_is_left_of_a_sentence_nobody_says(spoken: Catalog, known: Catalog) -> None:
    assert sorted(set(_said(known)) - set(_said(spoken))) == [], RUN


def test_translations_have_the_blanks_of_their_sentence(known: Catalog) -> None:
    differing = [
        message.id
        for message in known
        if isinstance(message.id, str)
        and message.id
        and message.string
        and sorted(set(PLACEHOLDER.findall(message.id)))
        != sorted(set(PLACEHOLDER.findall(str(message.string))))
    ]
    assert differing == []


def test_the_program_loads_the_catalogue_as_written(known: Catalog) -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(known), RUN


def test_sentences_keep_to_the_house_words(spoken: Catalog) -> None:
    assert [sentence for sentence in _said(spoken) if UNWANTED.search(sentence)] == []


def test_english_is_english(known: Catalog) -> None:
    vietnamese = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
    names = ("Tiếng Việt", "Vietnam")
    left = [
        str(message.string)
        for message in known
        if message.id and vietnamese.search(str(message.string)) and message.id not in names
    ]
    assert left == []
