"""A notice as it will be read, passage by passage, so that people see what was changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from audio_library.spoken_text.glossary import Glossary
from audio_library.spoken_text.rules import Form, Rules, rules_with


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the text. `form` None: it is read as it is written."""

    written: str
    read: str
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole text; the `written` of its passages joined is the text that was given, in NFC."""

    passages: tuple[Passage, ...]

    @property
    def text(self) -> str:
        """What the voice is given."""
        said = "".join(passage.read for passage in self.passages)
        return re.sub(r"[ \t]+", " ", said).strip()


def read_aloud(text: str, glossary: Glossary) -> Reading:
    """Vietnamese as an announcer reads it; what no rule knows stays as it is."""
    return Reading(tuple(_joined(_passages(unicodedata.normalize("NFC", text), glossary))))


def _passages(text: str, glossary: Glossary) -> Iterator[Passage]:
    rules, at = rules_with(glossary), 0
    while at < len(text):
        passage = _passage(text, at, glossary, rules)
        yield passage
        at += len(passage.written)


def _passage(text: str, at: int, glossary: Glossary, rules: Rules) -> Passage:
    for rule in rules.at(text, at):
        match = rule.pattern.match(text, at)
        said = rule.say(match, glossary) if match else None
        if match is not None and said is not None:
            return Passage(match[0], said, rule.form)
    return Passage(text[at], text[at])


def _joined(passages: Iterator[Passage]) -> Iterator[Passage]:
    """What stays as it is written in one piece."""
    plain = ""
    for passage in passages:
        if passage.form is None:
            plain += passage.written
            continue
        if plain:
            yield Passage(plain, plain)
            plain = ""
        yield passage
    if plain:
        yield Passage(plain, plain)
