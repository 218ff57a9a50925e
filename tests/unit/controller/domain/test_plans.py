"""What stands in a station's plan, and when a new one is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain import plans
from controller.domain.plans import Airing, PlanDifference
from controller.domain.policy import Allowed, LoudnessBand, OpenException, Span
from tests.support import wire

NOW = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 17, tzinfo=UTC)
"""00:00 of 25/11/2026 at the stations."""
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def a_slot(number: int, **changes: object) -> wire.wire.PlannedSlot:
    starts_at = NOW + timedelta(minutes=10 * number)
    return wire.slot(slot_id="a" * 25 + LETTERS[number], starts_at=starts_at, **changes)


def test_a_plan_covers_whole_local_days_from_yesterday_on() -> None:
    window = plans.window(NOW, 14)
    assert window.starts_at == MIDNIGHT - timedelta(days=1)
    assert window.covers_until == MIDNIGHT + timedelta(days=15)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - zone is added
def test_a_plan_always_reaches_the_full_number_of_days(at: datetime) -> None:
    now = at.replace(tzinfo=UTC)
    window = plans.window(now, 14)
    assert timedelta(days=14) < window.covers_until - now <= timedelta(days=15)
    assert timedelta(days=1) <= now - window.starts_at < timedelta(days=2)


def test_each_station_gets_its_own_slots_in_order() -> None:
    first, second = a_slot(1), a_slot(2)
    agendas = plans.by_station(
        [Airing("b", second), Airing("a", first)], {"a": ("x", "y"), "b": ("y",), "c": ("z",)}
    )
    assert agendas == {"x": [first], "y": [first, second]}


def test_slots_that_begin_together_are_in_the_order_of_their_ids() -> None:
    later, sooner = a_slot(2), a_slot(1).model_copy(update={"starts_at": a_slot(2).starts_at})
    agendas = plans.by_station([Airing("a", later), Airing("a", sooner)], {"a": ("x",)})
    assert agendas == {"x": [sooner, later]}


def test_a_rule_without_stations_is_in_no_plan() -> None:
    assert plans.by_station([Airing("a", a_slot(1))], {}) == {}


def test_only_approved_or_cancelled_slots_are_told() -> None:
    assert plans.is_plannable(a_slot(1))
    assert plans.is_plannable(a_slot(1, items=(), cancelled=True))
    assert not plans.is_plannable(a_slot(1, items=()))


@pytest.mark.parametrize(
    "change", [{"revision": 2}, {"title": "Tên mới"}, {"cancelled": True}, {"lateness_s": 60}]
)
def test_anything_a_station_would_do_differently_is_a_change(change: dict[str, object]) -> None:
    assert plans.digest(a_slot(1, **change)) != plans.digest(a_slot(1))
    assert plans.digest(a_slot(1)) == plans.digest(a_slot(1))
    assert len(plans.digest(a_slot(1))) == 16


def test_the_content_hash_follows_the_slots_and_nothing_else() -> None:
    assert plans.content_hash({"a": "1"}) != plans.content_hash({"a": "2"})
    assert plans.content_hash({"a": "1"}) != plans.content_hash({"b": "1"})
    assert plans.content_hash({"a": "1"}) == plans.content_hash({"a": "1"})


def test_the_difference_of_two_plans_names_what_came_went_and_changed() -> None:
    found = plans.difference({"a": "1", "b": "1", "c": "1"}, {"b": "1", "c": "2", "d": "1"})
    assert found == PlanDifference(added=("d",), removed=("a",), changed=("c",))
    assert not found.is_empty
    assert plans.difference({"a": "1"}, {"a": "1"}).is_empty


_DIGESTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"))


@given(_DIGESTS, _DIGESTS)
def test_a_plan_is_its_forerunner_with_the_difference_applied(
    old: dict[str, str], new: dict[str, str]
) -> None:
    found = plans.difference(old, new)
    kept = {key: value for key, value in old.items() if key not in found.removed}
    assert kept | {key: new[key] for key in (*found.added, *found.changed)} == new


def test_each_sound_is_required_once_in_the_order_of_need() -> None:
    late = wire.item(sha256="b" * 64)
    slots = [
        a_slot(3, items=(late, wire.item())),
        a_slot(1, items=(wire.item(),)),
        a_slot(2, items=(wire.item(sha256="c" * 64),), cancelled=True),
    ]
    found = plans.required_assets(slots)
    assert [(asset.sha256, asset.needed_at) for asset in found] == [
        (wire.SHA, slots[1].starts_at),
        ("b" * 64, slots[0].starts_at),
    ]
    assert found[0].size_bytes == 120_000
    assert plans.required_assets(reversed(slots)) == found
    assert plans.required_assets(sorted(slots, key=lambda slot: slot.starts_at)) == found


def test_a_plan_is_signed_when_it_is_new_changed_or_runs_out() -> None:
    def due(**changes: object) -> bool:
        values = {"held_hash": "h", "content": "h", "covers_until": NOW + timedelta(days=7)}
        return plans.needs_signing(**(values | changes), now=NOW)  # type: ignore[arg-type]

    assert not due()
    assert due(held_hash=None)
    assert due(content="other")
    assert due(covers_until=None)
    assert due(covers_until=NOW + timedelta(days=7) - timedelta(seconds=1))


def test_beyond_2000_slots_the_last_days_are_left_out() -> None:
    slots = [
        wire.slot(slot_id="a" * 26, starts_at=NOW + timedelta(minutes=n)) for n in range(2_005)
    ]
    until = NOW + timedelta(days=15)
    plan = plans.plan_of("x", slots, NOW, until)
    assert len(plan.slots) == 2_000
    assert plan.covers_until == slots[2_000].starts_at
    whole = plans.plan_of("x", slots[:2_000], NOW, until)
    assert (len(whole.slots), whole.covers_until) == (2_000, until)


def test_a_plan_too_large_to_send_loses_its_later_half() -> None:
    plan = plans.plan_of("x", [a_slot(n) for n in range(1, 6)], NOW, NOW + timedelta(days=15))
    half = plans.halved(plan)
    assert half.slots == plan.slots[:2]
    assert half.covers_until == plan.slots[2].starts_at
    alike = [a_slot(1), wire.slot(slot_id="b" * 26, starts_at=a_slot(1).starts_at)]
    assert plans.halved(plans.plan_of("x", alike, NOW, NOW)).slots == ()


def test_limits_say_the_hours_the_open_exceptions_and_the_caps() -> None:
    over = OpenException("ninh-thuan", NOW - timedelta(hours=2), NOW, "đã qua")
    coming = OpenException("ninh-thuan", NOW, NOW + timedelta(hours=2), "thử loa")
    evening = LoudnessBand(1_140, 1_260, 40)
    allowed = Allowed((Span(300, 390), Span(1_020, 1_260)), (over, coming), (evening,))
    limits = plans.limits_of(
        "x", allowed, max_length_ms=900_000, volume_ceiling_percent=70, now=NOW
    )
    assert [(s.opens_min, s.closes_min) for s in limits.hours] == [(300, 390), (1_020, 1_260)]
    assert [(e.from_at, e.until_at, e.why) for e in limits.exceptions] == [
        (NOW, NOW + timedelta(hours=2), "thử loa")
    ]
    assert (limits.max_length_ms, limits.volume_ceiling_percent) == (900_000, 70)
    (band,) = limits.volume_bands
    assert (band.opens_min, band.closes_min, band.ceiling_percent) == (1_140, 1_260, 40)


def test_the_order_in_which_exceptions_are_read_makes_no_new_limits() -> None:
    first = OpenException("ninh-thuan", NOW, NOW + timedelta(hours=2), "thử loa")
    second = OpenException("bac-ai", NOW, NOW + timedelta(hours=1), "lễ hội")
    either = [
        plans.limits_of(
            "x", Allowed((), found), max_length_ms=1, volume_ceiling_percent=100, now=NOW
        )
        for found in ((first, second), (second, first))
    ]
    assert either[0] == either[1]


def test_limits_are_new_in_a_new_epoch() -> None:
    limits = wire.limits()
    assert plans.limits_hash(limits, 1) != plans.limits_hash(limits, 2)
    assert plans.limits_hash(limits, 1) == plans.limits_hash(limits, 1)
