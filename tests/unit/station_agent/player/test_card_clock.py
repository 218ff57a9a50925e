"""The position of a card is learnt from reports that are each ten milliseconds coarse."""

from __future__ import annotations

import random

import pytest

from station_agent.player.card_clock import CardClock
from station_agent.player.port import RATE_HZ, Position

_S = 1_000_000_000
_PERIOD = 512


class Card:
    """A card that runs at a rate of its own and reports in whole periods."""

    def __init__(self, ppm: float, phase: int, begins_ns: int = 0) -> None:
        self.rate = RATE_HZ * (1 + ppm / 1e6)
        self.phase = phase
        self.begins_ns = begins_ns

    def truth(self, at_ns: int) -> float:
        return (at_ns - self.begins_ns) * self.rate / _S

    def report(self, at_ns: int, read_for_ns: int = 0) -> Position:
        steps = (int(self.truth(at_ns)) + self.phase) // _PERIOD
        frames = max(0, steps * _PERIOD - self.phase)
        return Position(frames, at_ns - read_for_ns // 2, at_ns + read_for_ns // 2)


def learnt(card: Card, looks: int, start_ns: int = 0) -> tuple[CardClock, int]:
    clock = CardClock(_PERIOD)
    now = start_ns + 20_000_000
    for _ in range(looks):
        clock.observe(card.report(now))
        now = clock.best_look_ns(now + 500_000)
    return clock, now


@pytest.mark.parametrize("ppm", [-50.0, -7.3, 0.0, 50.0])
@pytest.mark.parametrize("phase", [0, 137, 511])
def test_a_few_looks_at_the_steps_place_a_frame_exactly(ppm: float, phase: int) -> None:
    card = Card(ppm, phase, begins_ns=3_456_789)
    clock, now = learnt(card, 60)
    soon = now + 700_000_000
    assert clock.frame_at(soon) == pytest.approx(card.truth(soon), abs=12)
    assert clock.uncertainty_frames(now) < 2


def test_the_truth_is_never_outside_what_is_said_to_be_possible() -> None:
    dice = random.Random(4)  # noqa: S311 - a seeded world
    for _ in range(50):
        card = Card(dice.uniform(-50, 50), dice.randrange(_PERIOD), dice.randrange(10_000_000))
        clock = CardClock(_PERIOD)
        now = 15_000_000
        for _ in range(40):
            read_for = dice.randrange(2_000_000)
            clock.observe(card.report(now, read_for))
            off = abs(clock.frame_at(now) - card.truth(now))
            assert off <= clock.uncertainty_frames(now) + 0.1
            now += dice.randrange(1_000_000, 120_000_000)


def test_a_frame_and_its_instant_belong_together() -> None:
    clock, now = learnt(Card(31.0, 99), 40)
    frame = clock.frame_at(now)
    assert clock.instant_of(frame) == pytest.approx(now, abs=1_000)


def test_a_card_that_has_not_begun_holds_nothing_against_its_later_reports() -> None:
    card = Card(12.0, 40, begins_ns=300_000_000)
    clock = CardClock(_PERIOD)
    for now in (1_000_000, 100_000_000, 250_000_000, 400_000_000, 500_000_000):
        clock.observe(card.report(now))
    assert abs(clock.frame_at(500_000_000) - card.truth(500_000_000)) <= _PERIOD


def test_a_card_that_changed_its_pace_is_learnt_anew() -> None:
    slow, now = Card(-50.0, 10), 0
    clock, now = learnt(slow, 40)
    moved = Card(-50.0, 10, begins_ns=40_000_000)  # it stood still for 40 ms
    for _ in range(200):
        clock.observe(moved.report(now))
        now = clock.best_look_ns(now + 2_000_000)
    assert clock.frame_at(now) == pytest.approx(moved.truth(now), abs=5)
