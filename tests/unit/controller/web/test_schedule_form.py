"""Times and days are read as people type them, and a schedule is told as people say it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.services.schedule_findings import Wish
from controller.web import schedule_form, schedule_words
from controller.web.schedule_form import ScheduleForm
from station_protocol.vocabulary import Priority

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)
"""17:06:40 at the stations."""


def place(place_id: str, kind: PlaceKind, parent_id: str | None, word: str, name: str) -> Place:
    return Place(place_id, kind, parent_id, "", name, word, None, False, None, None, TODAY, None, 0)


TREE = PlaceTree(
    {
        one.place_id: one
        for one in (
            place("t", PlaceKind.PROVINCE, None, "tỉnh", "Ninh Thuận"),
            place("h", PlaceKind.DISTRICT, "t", "huyện", "Ninh Sơn"),
            place("h-a", PlaceKind.COMMUNE, "h", "xã", "Lâm Sơn"),
            place("h-b", PlaceKind.COMMUNE, "h", "xã", "Ma Nới"),
            place("h-c", PlaceKind.COMMUNE, "h", "xã", "Hòa Sơn"),
            place("h-d", PlaceKind.COMMUNE, "h", "thị trấn", "Tân Sơn"),
            place("k", PlaceKind.DISTRICT, "t", "huyện", "Bác Ái"),
            place("k-a", PlaceKind.COMMUNE, "k", "xã", "Phước Bình"),
        )
    },
    {},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("05:30", time(5, 30)), (" 5:30 ", time(5, 30)), ("5h30", time(5, 30)),
        ("5H30", time(5, 30)), ("0530", time(5, 30)), ("17g05", time(17, 5)),
        ("5.30", time(5, 30)), ("5h", time(5)), ("17 giờ", time(17)), ("23:59", time(23, 59)),
        ("24:00", None), ("5:60", None), ("530", None), ("5:3", None), ("", None),
        ("sáng", None), ("٠٥:٣٠", None), ("05:30:10", None),
    ],
)  # fmt: skip
def test_a_time_is_read_as_it_is_typed(text: str, expected: time | None) -> None:
    assert schedule_form.time_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("26/11/2026", date(2026, 11, 26)), ("6/1/2027", date(2027, 1, 6)),
        ("26/11", date(2026, 11, 26)), ("25/11", TODAY), ("24/11", date(2027, 11, 24)),
        ("26-11-2026", date(2026, 11, 26)), ("26.11", date(2026, 11, 26)),
        ("2026-11-26", date(2026, 11, 26)), ("31/02/2026", None), ("29/2", None),
        ("26/11/26", None), ("2026-13-01", None), ("mai", None), ("", None),
        ("31/12/9999", None), ("01/01/0001", None), ("9999-12-31", None),
        ("1/1/2099", date(2099, 1, 1)),
    ],
)  # fmt: skip
def test_a_day_is_read_as_it_is_typed(text: str, expected: date | None) -> None:
    assert schedule_form.day_of(text, TODAY) == expected


@given(st.text(max_size=20))
def test_nothing_typed_breaks_the_reading(text: str) -> None:
    schedule_form.time_of(text)
    schedule_form.day_of(text, TODAY)


def test_a_place_below_a_chosen_one_is_not_counted_twice() -> None:
    assert schedule_form.highest(["h-a", "h", "k-a", "h"], TREE) == ("h", "k-a")


def test_the_form_reads_back_what_it_shows() -> None:
    form = schedule_form.new_form(TODAY, bulletin_id="b", targets=["h"])
    wish, _same = schedule_form.read(form, TREE, NOW)
    assert wish is not None
    again, _same = schedule_form.read(schedule_form.form_of(wish, "s-1", 3), TREE, NOW)
    assert again == wish
    assert (wish.airs_at, wish.weekdays, wish.starts_on) == (
        time(5, 30),
        0b11111,
        date(2026, 11, 26),
    )


def test_a_single_slot_has_no_last_day_and_an_urgent_one_is_known() -> None:
    form = ScheduleForm("b", "once", "05:30", (), "26/11", "rác", "", ("h",), "priority")
    wish, _same = schedule_form.read(form, TREE, NOW)
    assert isinstance(wish, Wish)
    assert (wish.ends_on, wish.priority) == (None, Priority.PRIORITY)


@pytest.mark.parametrize(
    ("now", "airs_at", "day"),
    [
        (NOW, time(17, 8), TODAY),
        (NOW.replace(second=45), time(17, 8), TODAY),
        (NOW.replace(second=46), time(17, 9), TODAY),
        (datetime(2026, 11, 25, 16, 59, tzinfo=UTC), time(0, 1), date(2026, 11, 26)),
    ],
)
def test_at_once_is_the_first_whole_minute_that_stations_can_make(
    now: datetime, airs_at: time, day: date
) -> None:
    form = ScheduleForm("b", "now", "rác", ("0",), "rác", "rác", "", ("h",), "ordinary")
    wish, same = schedule_form.read(form, TREE, now)
    assert wish is not None
    assert (wish.recurrence, wish.airs_at, wish.starts_on) == ("once", airs_at, day)
    assert (same.recurrence, same.airs_at) == ("now", f"{airs_at:%H:%M}")


def test_a_way_out_is_taken_into_the_fields() -> None:
    sent = MultiDict(
        [("excluded", "01/12/2026"), ("leave_out", "2026-11-27"), ("move_to", "05:12")]
    )
    form = schedule_form.form_from(sent)
    assert (form.excluded, form.airs_at) == ("01/12/2026, 27/11/2026", "05:12")


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (0b1111111, "hằng ngày"),
        (0b0011111, "thứ Hai–thứ Sáu"),
        (0b0011000, "thứ Năm và thứ Sáu"),
        (0b0010101, "thứ Hai, thứ Tư và thứ Sáu"),
        (0b1100000, "thứ Bảy và Chủ nhật"),
        (0b1000111, "thứ Hai–thứ Tư và Chủ nhật"),
        (0b0000001, "thứ Hai"),
    ],
)
def test_weekdays_are_said_in_runs(mask: int, expected: str) -> None:
    assert schedule_words.weekdays(mask) == expected


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (["h"], "4 xã, thị trấn huyện Ninh Sơn"),
        (["t"], "5 xã, thị trấn tỉnh Ninh Thuận"),
        (["h-a"], "xã Lâm Sơn"),
        (["h-a", "h-d"], "xã Lâm Sơn và thị trấn Tân Sơn"),
        (["h-a", "h-b", "h-c", "k-a"], "3/4 xã huyện Ninh Sơn và 1/1 xã huyện Bác Ái"),
        (["k", "h-a"], "1 xã huyện Bác Ái và xã Lâm Sơn"),
    ],
)
def test_places_are_said_with_their_number_and_kind(targets: list[str], expected: str) -> None:
    assert schedule_words.where(TREE, [TREE.places[key] for key in targets]) == expected
