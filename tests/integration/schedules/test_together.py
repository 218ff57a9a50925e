"""Operators who press the button in the same moment, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import time
from pathlib import Path
from threading import Barrier

import pytest

from controller.errors import ControllerError, SlotConflictError, StaleEditError
from controller.services.schedules import Editing
from tests.support.postgres import fresh_database
from tests.support.schedule_desk import Desk, a_wish, desk

OPERATORS = 6


@pytest.fixture(params=["sqlite", "postgres"])
def at_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database()) if request.param == "postgres" else ""
        yield stack.enter_context(desk(tmp_path, url=url))


def all_at_once(deeds: list[Callable[[], object]]) -> list[ControllerError | None]:
    """What each deed ended with, all begun together."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> ControllerError | None:
        barrier.wait()
        try:
            deed()
        except ControllerError as error:
            return error
        return None

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def test_of_operators_who_want_the_same_air_one_gets_it(at_desk: Desk) -> None:
    actor = at_desk.actor()
    wishes = [
        a_wish(at_desk.bulletin(f"Tin {n}"), airs_at=time(5, 30 + n)) for n in range(OPERATORS)
    ]
    ends = all_at_once([lambda wish=wish: at_desk.schedules.save(actor, wish) for wish in wishes])
    assert ends.count(None) == 1
    assert all(isinstance(end, SlotConflictError) for end in ends if end is not None)
    assert len({slot.schedule_id for slot in at_desk.slots()}) == 1


def test_of_operators_who_edit_the_same_series_one_wins_and_the_others_are_told(
    at_desk: Desk,
) -> None:
    actor, bulletin = at_desk.actor(), at_desk.bulletin()
    made = at_desk.schedules.save(actor, a_wish(bulletin)).schedule_id
    wishes = [a_wish(bulletin, airs_at=time(8 + n)) for n in range(OPERATORS)]
    ends = all_at_once(
        [
            lambda wish=wish: at_desk.schedules.change(actor, wish, Editing(made, 1))
            for wish in wishes
        ]
    )
    assert ends.count(None) == 1
    assert all(isinstance(end, StaleEditError) for end in ends if end is not None)
    standing = {slot.schedule_id for slot in at_desk.slots() if slot.cancelled_at is None}
    assert len(standing) == 1


def test_the_deeds_of_one_desk_work_on_both_engines(at_desk: Desk) -> None:
    actor = at_desk.actor()
    made = at_desk.schedules.save(actor, a_wish(at_desk.bulletin(), ends_on=None)).schedule_id
    first, second = at_desk.slots()[:2]
    at_desk.move(first, first.starts_at.replace(minute=45))
    at_desk.schedules.cancel_slot(actor, second.slot_id, "nhầm")
    at_desk.materialise(21)
    assert len(at_desk.slots()) == 15
    at_desk.calendar.leave_out(actor, made, at_desk.slots()[2].airs_on)
    week = at_desk.schedules.week(actor, first.airs_on)
    titles = [slip.title for band in week.bands for cell in band.cells for slip in cell.slips]
    assert titles == ["Tiết kiệm nước mùa khô"] * 2
    at_desk.schedules.cancel_rest(actor, made, "xong")
    assert {slot.cancelled_by for slot in at_desk.slots()} == {"Katơr Thị Mai"}
    assert at_desk.schedules.schedule(actor, made).slips
    assert at_desk.schedules.slot(actor, first.slot_id).lines[0].sign == "cancelled"
