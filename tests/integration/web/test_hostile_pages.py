"""Hostile words in every stored column, and every page of every role: all of it is shown as text.

Each page is asked for once as the server writes it; what a real browser makes of the same pages is
in tests/e2e/test_hostile_texts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from controller.domain.accounts import Role
from controller.domain.direction import TURNING
from tests.support.foreign_elements import foreign
from tests.support.hostile_pages import Page, pages
from tests.support.hostile_rows import spoil, unspoilt
from tests.support.neighbours import Neighbours, neighbours

ROLES = (Role.OPERATOR, Role.APPROVER, Role.COMMUNE_OFFICER, Role.AUDITOR, Role.ADMIN)
UNSEEN = re.compile(f"[\x00\x07\x1b{TURNING}]")
"""What ends a string, speaks to a terminal or turns the direction of writing."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    with neighbours(tmp_path_factory.mktemp("hostile-pages")) as made:
        spoil(made)
        yield made


def test_every_column_in_which_somebody_elses_words_can_stand_is_spoilt(both: Neighbours) -> None:
    new = unspoilt(both)
    assert not new, f"let tests/support/hostile_rows.py fill {new}, or say in OURS why not"


def _texts(data: Any) -> Iterator[str]:
    """Every text in the answer to a script, which puts pieces of page into the page."""
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for one in data:
            yield from _texts(one)
    elif isinstance(data, str):
        yield data


def _wrong(page: Page, answer: TestResponse) -> list[str]:
    if answer.status_code not in {200, 303}:
        return [f"status {answer.status_code}"]
    if answer.mimetype not in {"text/html", "application/json"}:
        return []
    shown = answer.text if answer.mimetype == "text/html" else "\n".join(_texts(answer.json))
    found = {*foreign(shown)}
    found |= {f"{ord(char):04x}" for char in UNSEEN.findall(shown)}
    return sorted(found)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_holds_as_code_what_rows_hold_as_text(both: Neighbours, role: Role) -> None:
    browser, wrong, shown = both.browser(both.there, role), {}, 0
    for page in pages(both, role):
        answer = browser.get(page.path)
        found = _wrong(page, answer)
        if found:
            wrong[page.path] = found
        shown += "alert(9)" in answer.text
    assert wrong == {}
    assert shown >= 8
