"""A chain of hashes notices whatever is done to what it links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.audit_chain import FIRST, Found, Link, examined, linked, text_of


def _chain(texts: list[str]) -> list[Link]:
    links, before = [], FIRST
    for number, said in enumerate(texts, start=1):
        before = linked(before, said)
        links.append(Link(number, number * 10, said, before))
    return links


def test_a_row_says_the_same_from_any_database() -> None:
    at = datetime(2026, 11, 25, 10, 6, 40, 5, tzinfo=UTC)
    local = at.astimezone(timezone(timedelta(hours=7)))
    first = text_of({"at": at, "detail": {"b": 1, "a": "Bác Ái"}})
    assert first == text_of({"detail": {"a": "Bác Ái", "b": 1}, "at": local})
    assert "Bác Ái" in first
    with pytest.raises(TypeError):
        text_of({"at": object()})


def test_an_untouched_chain_is_whole_and_is_looked_through_in_parts() -> None:
    links = _chain(["a", "b", "c", "d"])
    assert examined(links) == Found(4, links[-1].link)
    assert examined(links[2:], examined(links[:2])) == examined(links)
    assert examined([]) == Found(0, FIRST)


@given(st.lists(st.text(), min_size=2, max_size=8), st.data())
def test_changing_removing_or_swapping_any_row_is_found_at_that_row(
    texts: list[str], data: st.DataObject
) -> None:
    links = _chain(texts)
    at = data.draw(st.integers(0, len(links) - 1))
    one = links[at]
    changed = [
        *links[:at],
        Link(one.number, one.audit_id, f"{one.said}!", one.link),
        *links[at + 1 :],
    ]
    assert examined(changed) == Found(at, links[at - 1].link if at else FIRST, one.audit_id)
    emptied = [*links[:at], Link(one.number, one.audit_id, None, one.link), *links[at + 1 :]]
    assert examined(emptied).broken_at == one.audit_id
    if at + 1 < len(links):
        removed = [*links[:at], *links[at + 1 :]]
        assert examined(removed).broken_at == links[at + 1].audit_id
