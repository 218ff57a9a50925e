"""The documentation says what the code does."""

from __future__ import annotations

import itertools
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from station_agent.hardware.light import Signal
from station_agent.settings import PlayerSettings
from station_protocol import topics
from station_protocol.vocabulary import Outcome
from tools.docs_tables import BLOCK, TABLES, filled, pages

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def block_of(name: str) -> str:
    for page in pages():
        for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if block[2] == name:
                return block[0]
    raise AssertionError(f"no page holds the table {name}")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_settings_commands_metrics_and_errors_are_described_as_the_code_has_them(name: str) -> None:
    block = block_of(name)
    assert filled(block) == block, "run `make docs`"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_each_described_thing_is_explained_in_words(name: str) -> None:
    rows = [line for line in TABLES[name]().splitlines()[2:] if line]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        words = cells[1] if name.startswith("commands") else cells[-1]
        assert words, f"{cells[0]} has no words"
        assert cells[0] != "``"


@pytest.mark.parametrize("kind", [*topics.Down, *topics.Up], ids=lambda kind: kind.value)
def test_each_topic_is_described_in_the_protocol(kind: topics.Down | topics.Up) -> None:
    letter = "d" if isinstance(kind, topics.Down) else "u"
    assert f"{topics.ROOT}/{letter}/<station>/{kind.value}" in text_of("protocol.md")


def test_group_orders_are_described_in_the_protocol() -> None:
    assert topics.group_order("x").replace("/x/", "/<place>/") in text_of("protocol.md")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_stands_in_the_glossary(outcome: Outcome) -> None:
    assert f"| {outcome.value} |" in text_of("glossary.md")


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *itertools.chain.from_iterable(extras)]
    return sorted({re.split(r"[^A-Za-z0-9_.-]", requirement)[0] for requirement in wanted})


@pytest.mark.parametrize("name", dependencies())
def test_each_dependency_has_its_reason_and_licence(name: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text_of("dependencies.md"))


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} -> {target}"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_each_page_can_be_found_from_the_index(page: Path) -> None:
    if page.name != "index.md":
        assert f"({page.name})" in text_of("index.md")


def test_each_decision_record_says_context_decision_and_consequences() -> None:
    for record in (DOCS / "adr").glob("*.md"):
        text = record.read_text(encoding="utf-8")
        for section in ("## Context", "## Decision", "## Consequences"):
            assert section in text, record.name


def test_each_make_target_is_listed_by_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def mistakes(page: str) -> list[tuple[str, str]]:
    """(sentence, name of its test) of each row of the table of mistakes."""
    rows = re.findall(r"^\|[^|]+\|[^|]+\|([^|]+)\| `(test_\w+)` \|$", text_of(page), re.MULTILINE)
    return [(sentence.strip(), name) for sentence, name in rows]


def test_each_mistake_of_a_hand_is_shown_by_a_test_that_finds_its_sentence() -> None:
    sources = [
        file.read_text(encoding="utf-8")
        for file in (ROOT / "tests" / "integration").rglob("test_*.py")
    ]
    found = mistakes("operator/vi.md")
    assert len(found) >= 12
    for sentence, name in found:
        (source,) = [one for one in sources if f"def {name}(" in one]
        assert sentence in re.sub(r'"\s+"', "", source), name
    assert [name for _, name in mistakes("operator/en.md")] == [name for _, name in found]


STATION_PAGES = ("station/vi.md", "station/en.md")


@pytest.mark.parametrize("page", STATION_PAGES)
def test_the_person_at_the_pole_finds_every_pin_and_every_signal_of_the_light(page: str) -> None:
    text = text_of(page)
    for setting in fields(PlayerSettings):
        if setting.name.endswith("_pin"):
            assert f"`{setting.name} = " in text
    light = text.split("\n## ")[4]
    rows = [line for line in light.splitlines() if line.startswith("| ")]
    assert len(rows) - 1 == len(Signal) + 1  # the head; and dark


def test_the_station_page_is_the_same_in_both_languages() -> None:
    shapes = [re.sub(r"[^#|\n]", "", text_of(page)) for page in STATION_PAGES]
    pages = [[line for line in shape.splitlines() if line] for shape in shapes]
    assert pages[0] == pages[1]
    commands = [re.findall(r"^ {7}\S.*$", text_of(page), re.MULTILINE) for page in STATION_PAGES]
    assert commands[0] == [line.replace(" --english", "") for line in commands[1]]
