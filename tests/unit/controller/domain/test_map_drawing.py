"""Degrees become units and paths: right size, right place, common borders, room for a sign."""

from __future__ import annotations

import re
from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.map_drawing import (
    UNIT_M,
    Box,
    Projection,
    areas_of,
    frame_of,
    is_inside,
    path_of,
    projection_of,
    snapped,
)

NINH_THUAN = Projection(108.55, 12.17, 11.74)
SQUARE = [(108.6, 12.1), (108.7, 12.1), (108.7, 12.0), (108.6, 12.0), (108.6, 12.1)]


def points(path: str) -> list[list[tuple[int, int]]]:
    """The rings of a path as a browser would walk them."""
    rings = []
    for part in path.split("z")[:-1]:
        start, steps = part.removeprefix("M").split("l")
        numbers = [[int(n) for n in re.findall(r"-?\d+", text)] for text in (start, steps)]
        x, y = numbers[0]
        ring = [(x, y)]
        for dx, dy in zip(numbers[1][::2], numbers[1][1::2], strict=True):
            x, y = x + dx, y + dy
            ring.append((x, y))
        rings.append(ring)
    return rings


def test_distances_on_the_map_are_distances_on_the_ground() -> None:
    phan_rang, phuoc_binh = (108.988, 11.565), (108.757, 11.995)
    a, b = NINH_THUAN.at(*phan_rang), NINH_THUAN.at(*phuoc_binh)
    assert abs(hypot(a[0] - b[0], a[1] - b[1]) * UNIT_M - 53_990) < 300  # by the haversine formula


def test_north_is_up_and_east_is_right() -> None:
    x, y = NINH_THUAN.at(109.0, 11.8)
    assert NINH_THUAN.at(109.1, 11.8)[0] > x
    assert NINH_THUAN.at(109.0, 11.9)[1] < y
    assert projection_of([(109.0, 11.5), (108.5, 12.0)]).at(108.5, 12.0) == (0, 0)


def test_a_square_is_drawn_once_around_with_its_sign_in_the_middle() -> None:
    area = areas_of({"a": [SQUARE]}, NINH_THUAN)["a"]
    (ring,) = points(area.path)
    assert len(ring) == 4
    assert (min(x for x, _ in ring), max(y for _, y in ring)) == (area.box.left, area.box.bottom)
    assert abs(area.at[0] - (area.box.left + area.box.right) / 2) <= area.box.width / 10
    assert abs(area.radius - area.box.width / 2) <= area.box.width / 8
    assert 0 < area.room <= area.box.width


def test_a_sign_never_stands_in_a_bay() -> None:
    """A horseshoe: the middle of its box is outside it."""
    horseshoe = [
        (108.60, 12.1), (108.70, 12.1), (108.70, 12.0), (108.68, 12.0), (108.68, 12.08),
        (108.62, 12.08), (108.62, 12.0), (108.60, 12.0), (108.60, 12.1),
    ]  # fmt: skip
    area = areas_of({"a": [horseshoe]}, NINH_THUAN)["a"]
    assert is_inside([snapped(horseshoe, NINH_THUAN)], area.at)
    assert area.radius > 0


def test_an_island_is_a_ring_of_the_same_path() -> None:
    island = [(x + 0.2, y) for x, y in SQUARE]
    area = areas_of({"a": [SQUARE, island]}, NINH_THUAN)["a"]
    assert len(points(area.path)) == 2
    assert area.box.width > 2 * area.radius * 1.9


def test_neighbours_keep_their_common_border() -> None:
    border = [(108.7, 12.1), (108.703, 12.06), (108.698, 12.03), (108.7, 12.0)]
    west = [(108.6, 12.0), (108.6, 12.1), *border]
    east = [(108.8, 12.1), (108.8, 12.0), *reversed(border)]
    shared = {NINH_THUAN.at(*point) for point in border}
    for ring in (west, east):
        assert shared <= set(snapped(ring, NINH_THUAN))


def test_what_is_smaller_than_a_unit_is_left_out() -> None:
    speck = [(108.6, 12.1), (108.6001, 12.1), (108.6, 12.1001), (108.6, 12.1)]
    assert areas_of({"speck": [speck], "a": [SQUARE]}, NINH_THUAN).keys() == {"a"}


@given(
    st.lists(st.tuples(st.integers(-2000, 2000), st.integers(-2000, 2000)), min_size=3, max_size=40)
)
def test_a_path_leads_through_every_point_it_was_made_of(ring: list[tuple[int, int]]) -> None:
    assert points(path_of([ring])) == [ring]


def test_a_frame_is_never_smaller_than_its_least() -> None:
    frame = frame_of([Box(10, 10, 20, 20)], least=100)
    assert frame is not None
    assert (frame.width, frame.height) == (100, 100)
    assert frame.holds((15, 15))
    assert frame_of([], least=100) is None
    assert frame_of([Box(0, 0, 300, 20), Box(50, -40, 60, 0)], least=10) == Box(0, -40, 300, 20)
