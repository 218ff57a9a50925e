"""What keeps a slot from a station is named before its time, and how urgent that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.readiness import Gap, Holding, Urgency, urgency

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "expected", "is_pressing"),
    [
        (15, Urgency.NOW, True),
        (15.1, Urgency.SOON, True),
        (120, Urgency.SOON, True),
        (121, Urgency.TODAY, False),
        (720, Urgency.TODAY, False),
        (721, Urgency.LATER, False),
    ],
)
def test_a_slot_becomes_urgent_at_twelve_hours_two_hours_and_a_quarter(
    minutes: float, expected: Urgency, is_pressing: bool
) -> None:
    found = urgency(NOW + timedelta(minutes=minutes), NOW)
    assert found is expected
    assert found.is_pressing is is_pressing


@pytest.mark.parametrize(
    ("has_plan", "held", "needed", "gaps"),
    [
        (True, 2, 2, ()),
        (False, 2, 2, (Gap.PLAN,)),
        (True, 1, 2, (Gap.SOUND,)),
        (False, 0, 2, (Gap.PLAN, Gap.SOUND)),
        (True, 0, 0, (Gap.NOTHING_APPROVED,)),
    ],
)
def test_plan_and_every_sound_have_to_be_there(
    has_plan: bool, held: int, needed: int, gaps: tuple[Gap, ...]
) -> None:
    holding = Holding(has_plan, held, needed, "ready")
    assert holding.gaps == gaps
    assert holding.is_ready is (gaps == ())


@pytest.mark.parametrize(
    ("state", "is_doubtful"),
    [("ready", False), ("on_air", False), ("unknown", True), ("degraded", True), ("never", True)],
)
def test_who_holds_all_but_is_not_heard_of_is_doubtful_and_not_unready(
    state: str, is_doubtful: bool
) -> None:
    holding = Holding(True, 1, 1, state)
    assert holding.is_ready
    assert holding.is_doubtful is is_doubtful
    assert not Holding(True, 0, 1, state).is_doubtful
