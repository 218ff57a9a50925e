"""Stations that lost the broker together do not all come back together."""

from __future__ import annotations

import random

from station_agent.link.backoff import reconnect_delay_s


def test_waits_spread_over_15_s_first_and_over_60_s_after_ten_minutes() -> None:
    dice = random.Random(1)  # noqa: S311 - a seeded world
    early = [reconnect_delay_s(30.0, dice) for _ in range(2_000)]
    late = [reconnect_delay_s(700.0, dice) for _ in range(2_000)]
    assert 14 < max(early) <= 15
    assert 59 < max(late) <= 60
    assert min(early) < 0.1
    assert 7 < sum(early) / 2_000 < 8
