"""Every station that sounded stands in exactly one step of the spread."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.spread import STEPS_S, spread


def test_stations_stand_in_the_step_their_time_falls_into() -> None:
    found = spread([0.05, 0.2, 0.21, 0.5, 7.0])
    assert [(one.to_s, one.stations) for one in found] == [
        (0.1, 1), (0.2, 1), (0.5, 2), (1.0, 0), (2.0, 0), (5.0, 0), (10.0, 1),
    ]  # fmt: skip


def test_what_is_later_than_every_step_has_one_of_its_own() -> None:
    (*_, last) = spread([0.3, 4_000.0])
    assert (last.from_s, last.to_s, last.stations) == (STEPS_S[-1], None, 1)


def test_nothing_sounded_is_no_spread() -> None:
    assert spread([]) == ()


@given(st.lists(st.floats(min_value=-5, max_value=90_000), min_size=1))
def test_every_station_is_counted_once(times: list[float]) -> None:
    assert sum(one.stations for one in spread(times)) == len(times)
