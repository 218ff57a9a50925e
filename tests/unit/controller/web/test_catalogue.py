"""Every sentence of the screens has its English, and the program loads what was written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tools import catalogue

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(%%)")
NUMBER = {("n", "")}
UNWANTED = re.compile(
    r"\bvui lòng\b|\b(?:heartbeat|payload|slot|offline|sync|token)\b|!", re.IGNORECASE
)
PART_OF_ALL = re.compile(r"%\(\w+\)s ?(?:/| of ) ?%\(\w+\)s")
"""One number of another, which reads well in the plural: "0 of 1 stations"."""
PLURAL = r"(?: [a-z]+){0,2}? (?!(?:is|was|has|its|this|us)\b)[a-z]{2,}s\b"
SEVERAL = re.compile(
    r"(?:%\((?!(?:who|place|language|title|at|day|sent)\))\w+\)s|\{\w+\})" + PLURAL
)
"""A number, then something in the plural; the blanks named are never numbers of things."""
COUNTED = re.compile(r"%\(n\)s" + PLURAL)
MANY_ANYWAY = {
    "one is told by its title": (
        "%(n)s slots did not play in full in %(where)s",
        "%(n)s coming airings: %(where)s not ready",
        "%(n)s bulletins were returned",
        "%(n)s bulletins wait for approval",
        "%(n)s new remarks on %(m)s bulletins",
        "To be ordered in %(where)s: priority items meet %(n)s times",
        "They meet %(n)s times, from %(at)s on",
    ),
    "up to three are named": ("At %(n)s stations",),
    "three at least fall silent together": (
        "%(where)s: %(n)s stations lost since %(at)s, perhaps because of the centre",
        "%(where)s: %(n)s stations lost since %(at)s, perhaps because of the line",
    ),
    "too many to be shown": (
        "%(count)s stations are too many to tell apart on one map.",
        "%(n)s bulletins were approved in this period, too many to compare at once: "
        "look at single months.",
    ),
    "a fixed number above one": (
        "A programme has %(n)s items at most.",
        "At least %(shortest)s characters, without the user name. "
        "A short sentence you remember is best.",
        "Longer than %(n)s characters. Make it shorter.",
        "Nobody confirmed it within %(n)s minutes, so it cannot be sent any more. Compose it anew.",
        "in %(days)s days",
        "median of %(ended)s in %(days)s days; 90 %% within %(p90)s",
        "not once in %(days)s days",
    ),
    "chosen from a list that begins at five minutes": ("Every %(n)s minutes",),
    "a figure with decimals: 1.00 seconds": (
        "Only %(seconds)s seconds long",
        "The slowest station after %(s)s seconds.",
    ),
}
"""English that counts in the plural and never needs another form, by its reason."""
RUN = "run `.venv/bin/python tools/catalogue.py` and fill in messages.po"


@pytest.fixture(scope="module")
def spoken() -> Catalog:
    return catalogue.spoken()


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalogue.known()


def _said(messages: Catalog) -> list[str]:
    return [str(message.id) for message in messages if message.id]


def _forms(message: Message) -> tuple[str, ...]:
    """Its English: one form, or that for one and that for several."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def _blanks(text: str) -> set[tuple[str, str]]:
    return set(PLACEHOLDER.findall(text))


def test_no_sentence_lacks_its_english(spoken: Catalog, known: Catalog) -> None:
    english = {m.id: all(_forms(m)) for m in known if m.id}
    missing = [m.id for m in spoken if m.id and not english.get(m.id)]
    assert not missing, RUN


def test_no_translation_is_left_of_a_sentence_nobody_says(spoken: Catalog, known: Catalog) -> None:
    assert sorted(set(_said(known)) - set(_said(spoken))) == [], RUN


def test_translations_have_the_blanks_of_their_sentence(known: Catalog) -> None:
    differing = []
    for message in known:
        *one, text = _forms(message)
        sentence = message.id[0] if message.pluralizable else message.id
        wanted = _blanks(sentence)
        if text and (
            _blanks(text) != wanted or any(wanted - _blanks(form) - NUMBER for form in one)
        ):
            differing.append(sentence)
    assert differing == []


def test_english_that_counts_has_a_form_for_one(known: Catalog) -> None:
    several = {
        str(message.string): str(message.id)
        for message in known
        if message.id
        and not message.pluralizable
        and SEVERAL.search(PART_OF_ALL.sub("", str(message.string)))
    }
    by_script = {text for text in several if "{n}" in text}
    exempt = {text for texts in MANY_ANYWAY.values() for text in texts}
    assert sorted(several.keys() - by_script - exempt) == [], "say it with counted()"
    assert sorted(exempt - several.keys()) == [], "no longer said: take it off the list"
    alone = {several[text].replace("{n}", "1") for text in by_script}
    assert alone <= set(_said(known)), "a script needs the sentence about one as well"


def test_the_form_for_one_is_not_that_for_several(known: Catalog) -> None:
    counting = [_forms(message) for message in known if message.id and message.pluralizable]
    assert [one for one, many in counting if one == many] == []
    found = [(COUNTED.search(many), one) for one, many in counting]
    assert [one for match, one in found if match and match[0] in one] == []


def test_a_sentence_is_counted_everywhere_or_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text('counted("%(n)s trạm", 1)\n', encoding="utf-8")
    (tmp_path / "b.py").write_text('_("%(n)s trạm", n=1)\n', encoding="utf-8")
    monkeypatch.setattr(catalogue, "WEB", tmp_path)
    with pytest.raises(ValueError, match=r"b\.py:1"):
        catalogue.spoken()


def test_the_program_loads_the_catalogue_as_written(known: Catalog) -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(known), RUN


def test_sentences_keep_to_the_house_words(spoken: Catalog) -> None:
    assert [sentence for sentence in _said(spoken) if UNWANTED.search(sentence)] == []


def test_english_is_english(known: Catalog) -> None:
    vietnamese = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
    names, quoted = ("Tiếng Việt", "Vietnam"), re.compile("“[^”]*”")  # quoted: what is said on air
    left = [
        str(message.string)
        for message in known
        if message.id
        and vietnamese.search(quoted.sub("", str(message.string)))
        and message.id not in names
    ]
    assert left == []
