"""Prometheus is told which stations owe the answer to a running emergency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller.domain.emergencies import Part
from controller.services.fleet import Fleet
from tests.support.warnings import Watch, watch, wish
from tests.support.web import DISTRICT


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        yield built


def owed(w: Watch) -> dict[str, float]:
    """Seconds by station, of those that owe anything."""
    fleet = Fleet(w.centre.database, w.centre.clock, w.centre.places.tree)
    told = {one.station_id: one.emergency_unanswered_s for one in fleet.snapshot().stations}
    assert len(told) == 65
    return {station: age_s for station, age_s in told.items() if age_s}


def test_each_station_owes_an_answer_until_it_accepts_or_sounds(w: Watch) -> None:
    found = w.sent()
    (order,) = w.orders(found)
    stations = [one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])]
    w.centre.clock.at += timedelta(seconds=31)
    assert owed(w) == dict.fromkeys(stations, 31.0)
    accepting, refusing, sounding, *silent = stations
    w.replies(order.order_id, accepting)
    w.replies(order.order_id, refusing, why="stale")
    w.sounds(order.order_id, sounding, after_s=-20)
    assert owed(w) == dict.fromkeys([refusing, *silent], 31.0)


def test_who_took_the_warning_owes_the_answer_to_its_correction(w: Watch) -> None:
    found = w.sent()
    (order,) = w.orders(found)
    accepting, sounding, *_silent = [
        one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])
    ]
    w.replies(order.order_id, accepting)
    w.sounds(order.order_id, sounding, after_s=1)
    w.centre.clock.at += timedelta(minutes=1)
    w.live.call_off(w.composer, found, Part.CORRECTION)
    w.centre.clock.at += timedelta(seconds=40)
    assert owed(w) == dict.fromkeys([accepting, sounding], 40.0), "the others never took it"
    (correction,) = w.orders(found, Part.CORRECTION)
    w.replies(correction.order_id, accepting)
    assert owed(w) == {sounding: 40.0}
    w.live.call_off(w.composer, found, Part.ALL_CLEAR)
    w.centre.clock.at += timedelta(seconds=31)
    assert owed(w) == dict.fromkeys([accepting, sounding], 31.0), "what was sent last counts"
    w.centre.clock.at += timedelta(hours=2)
    assert owed(w) == {}, "nothing of it holds any more"


def test_an_ended_emergency_a_past_one_and_a_drill_owe_nothing(w: Watch) -> None:
    w.sent()
    w.centre.clock.at += timedelta(minutes=59)
    assert set(owed(w).values()) == {3540.0}
    w.centre.clock.at += timedelta(minutes=2)
    assert owed(w) == {}
    called_off = w.sent()
    w.centre.clock.at += timedelta(seconds=40)
    assert set(owed(w).values()) == {40.0}
    w.live.call_off(w.composer, called_off, Part.CORRECTION)
    assert owed(w) == {}
    drill = w.drills.propose(w.composer, wish())
    w.speak()
    w.drills.confirm(w.second, drill, "diễn tập 9 trạm")
    w.centre.clock.at += timedelta(seconds=40)
    assert owed(w) == {}
