"""The operator's guides quote the screens: every word they put in italics is said by a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.catalogue import known

ROOT = Path(__file__).resolve().parents[3]
GUIDES = ROOT / "docs" / "operator"
MOST_BYTES = 100_000
QUOTED = re.compile(r"(?<!\*)\*([^*\n][^*]*?)\*(?!\*)")
BLANK = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
GIVEN = frozenset({
    "này", "thế này", "12/12", "bản 12/12", "phát thật 9 trạm", "English", "Tiếng Việt",
    "ordinary", "Ordinary", "Priority", "priority",
})  # fmt: skip
"""Not of the catalogue: an example as it stands with its number, or a plain stress."""


def _said() -> str:
    """Everything the pages say, in both languages, a line each."""
    lines: list[str] = []
    for message in known():
        for text in (message.id, message.string):
            lines += [text] if isinstance(text, str) else list(text or ())
    return "\n".join(re.sub(r"\s+", " ", BLANK.sub("…", line)) for line in lines).casefold()


SAID = _said()


def _is_said(words: str) -> bool:
    wanted = re.sub(r"\s+", " ", words).strip().casefold()
    pattern = r"[^\n]*".join(re.escape(part.strip()) for part in wanted.split("…"))
    return re.search(pattern, SAID) is not None


@pytest.mark.parametrize("guide", ["vi.md", "en.md"])
def test_each_word_quoted_from_a_screen_is_on_a_screen(guide: str) -> None:
    text = (GUIDES / guide).read_text(encoding="utf-8")
    quoted = set(QUOTED.findall(re.sub(r"`[^`]*`", "", text)))
    assert len(quoted) > 40
    assert sorted(one for one in quoted - GIVEN if not _is_said(one)) == []


@pytest.mark.parametrize("guide", ["vi.md", "en.md"])
def test_both_guides_show_the_same_small_pictures(guide: str) -> None:
    text = (GUIDES / guide).read_text(encoding="utf-8")
    shown = set(re.findall(r"!\[[^\]]+\]\(([^)]+\.png)\)", text))
    there = {path.name for path in GUIDES.glob("*.png")}
    assert shown == there
    assert all((GUIDES / name).stat().st_size <= MOST_BYTES for name in there)


@pytest.mark.parametrize("guide", ["vi.md", "en.md"])
def test_a_guide_says_nothing_twice(guide: str) -> None:
    """A sentence that was mended in one place and stayed in another."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    paragraphs = [" ".join(one.split()) for one in re.split(r"\n\s*\n", text)]
    sentences = [one for part in paragraphs for one in re.split(r"(?<=[.:]) ", part)]
    long = [one for one in sentences if len(one) > 40 and not one.startswith("|")]
    assert [one for one in set(long) if long.count(one) > 1] == []
