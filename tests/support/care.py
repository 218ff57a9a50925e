"""What a page weighs and whom it keeps out: measured in the browser, beside what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WEIGHT = (Path(__file__).parent / "weight.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_LAYOUT = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]
"""Rules whose answer changes with the width or the colours; the others read the page alone."""
THINNED = """() => {
  for (const list of document.querySelectorAll("tbody, ul, ol, select, .tiles"))
    for (const more of [...list.children].slice(8)) more.remove();
  for (const district of document.querySelectorAll(".dist + .dist")) district.remove();
}"""
"""Rows like those before them are left out: what is wrong with one is wrong with eight."""
FRAME = [".top", ".dock", ".foot", "[data-alarms]"]
"""What stands around every page, and was looked at around another."""
RUN = "([where, asked]) => axe.run(where.exclude.length ? where : document, asked)"
GRAVE = {"serious", "critical"}
SCHEMES = ("light", "dark")

FIRST_BYTES = 300_000
"""A first visit: page, style, scripts and signs as they travel, squeezed, nothing kept yet."""
LATER_BYTES = 50_000
"""A later page: what still travels while the browser keeps the rest."""
REQUESTS = 20
SHIFT = 0.1
"""Cumulative layout shift that still counts as good (web.dev/articles/cls)."""


def barriers(
    page: Page,
    schemes: Sequence[str] = SCHEMES,
    *,
    rules: Sequence[str] = TAGS,
    whole: bool = True,
    framed: bool = True,
) -> list[str]:
    """What axe calls serious or critical, in each colour scheme; the page is light afterwards.

    `rules` are names of rules or tags. Of a page that is not `whole` the long lists are cut: it is
    not to be used any further. Not `framed`: without what stands around every page.
    """
    if not whole:
        page.evaluate(THINNED)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    where = {"exclude": [] if framed else [[part] for part in FRAME]}
    asked = {"runOnly": list(rules), "resultTypes": ["violations"], "preload": False}
    found = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        answer = page.evaluate(RUN, [where, asked])
        found += [f"{scheme}: {said}" for one in answer["violations"] for said in _said(one)]
    page.emulate_media(color_scheme="light")
    return found


def _said(violation: dict[str, Any]) -> list[str]:
    if violation["impact"] not in GRAVE:
        return []
    return [f"{violation['id']} {node['target']}" for node in violation["nodes"]]


def excess(page: Page) -> list[str]:
    """Where the page, as it was just loaded, costs more than a slow line bears."""
    spent = page.evaluate(WEIGHT)
    limits = {
        "first": FIRST_BYTES,
        "later": LATER_BYTES,
        "requests": REQUESTS,
        "shift": SHIFT,
        "foreign": 0,
    }
    return [
        f"{name}: {spent[name]} of {most}" for name, most in limits.items() if spent[name] > most
    ]
