"""After how long an emergency sounded: at half of the stations, and at the slowest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.emergencies import StationTrace, tally

SENT = datetime(2026, 11, 25, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after_s", "median_s"),
    [((), None), ((0.4,), 0.4), ((0.4, 0.7), 0.4), ((0.4, 0.7, 1.0, 1.3, 1.6, 1.7), 1.0)],
)
def test_by_the_time_told_half_of_those_that_sounded_had_begun_and_no_sooner(
    after_s: tuple[float, ...], median_s: float | None
) -> None:
    silent = StationTrace("silent", is_online=False)
    sounded = [
        StationTrace(f"station-{n}", True, first_sound_at=SENT + timedelta(seconds=after))
        for n, after in enumerate(reversed(after_s))
    ]
    found = tally([*sounded, silent], SENT)
    assert found.median_s == median_s
    assert found.slowest_s == max(after_s, default=None)
