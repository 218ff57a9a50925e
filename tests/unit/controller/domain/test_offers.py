"""What a commune may decline, and which occurrences a no covers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from controller.domain.offers import Decline, NoOffer, no_offer, standing

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = date(2026, 11, 26)
AT = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("priority", "authority", "starts_in_s", "is_cancelled", "expected"),
    [
        ("ordinary", "district", 60, False, None),
        ("ordinary", "province", 60, False, None),
        ("ordinary", "commune", 60, False, NoOffer.OWN),
        ("priority", "province", 60, False, NoOffer.MUST_AIR),
        ("ordinary", "district", 0, False, NoOffer.STARTED),
        ("ordinary", "district", 60, True, NoOffer.CANCELLED),
    ],
)
def test_only_ordinary_items_from_above_are_offered_and_only_before_they_start(
    priority: str, authority: str, starts_in_s: int, is_cancelled: bool, expected: NoOffer | None
) -> None:
    starts_at = NOW + timedelta(seconds=starts_in_s)
    assert no_offer(priority, authority, starts_at, NOW, is_cancelled=is_cancelled) is expected


def _no(day: date | None = None, **changes: datetime) -> Decline:
    return Decline("x", day, "bận", "Chamaléa Thị Bé", changes.pop("at", NOW), **changes)


def test_one_no_is_for_one_day_or_for_every_one_that_follows() -> None:
    assert _no(DAY).covers(DAY, AT)
    assert not _no(DAY).covers(DAY + timedelta(days=1), AT + timedelta(days=1))
    assert _no().covers(DAY + timedelta(days=400), AT + timedelta(days=400))


def test_what_began_before_the_no_or_after_it_was_taken_back_is_not_covered() -> None:
    assert not _no(at=AT).covers(DAY, AT)
    back = _no(accepted_at=AT)
    assert back.covers(DAY, AT)
    assert not back.covers(DAY + timedelta(days=1), AT + timedelta(days=1))


def test_of_two_answers_of_one_commune_the_newer_gives_the_reason() -> None:
    first = Decline("x", None, "cũ", "a", NOW)
    second = Decline("x", DAY, "mới", "b", NOW + timedelta(hours=1))
    assert standing([second, first], DAY, AT)["x"].reason == "mới"
    assert standing([first], DAY, NOW) == {}
