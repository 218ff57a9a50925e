"""An emergency, then a drill, through the web at real agents: two people, horns, the live page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.emergencies import Part
from controller.storage.models import JournalEntryRow
from tests.support import listening
from tests.support.person import Page, Person
from tests.support.province import Province, province, until
from tests.support.warnings import WORDS

pytestmark = [pytest.mark.real, pytest.mark.soak]

DISTRICT = "bac-ai"
STATIONS = ("bac-ai-phuoc-binh", "bac-ai-phuoc-dai")
SIGNAL_S, SHORT_SIGNAL_S, LEAST_WORDS_S = 6.0, 2.0, 1.0


def test_an_emergency_sounds_everywhere_is_followed_live_and_called_off_and_a_drill_stays_one(
    tmp_path: Path,
) -> None:
    with province(tmp_path) as made:
        for station in STATIONS:
            made.add_station(station, sink="file")
            made.start_agent(station)
        composer, second = (made.desk(role, DISTRICT) for role in (Role.OPERATOR, Role.APPROVER))
        until("both are there", lambda: _online(composer) >= set(STATIONS), within_s=60)
        page = _propose(composer, "/khan-cap")
        until("the words are spoken", lambda: "data-waiting" not in second.get(page).text)
        _send(second, page, "phát thật 2 trạm")
        until("both sound", lambda: _heard(second, page, "sounding", "sounded") == set(STATIONS))
        took = [float(s.replace(",", ".")) for s in _seconds(second.get(f"{page}/ket-qua"))]
        assert len(took) == 2
        assert all(one >= 0 for one in took), took
        until("both have sounded", lambda: _heard(second, page, "sounded") == set(STATIONS))
        assert composer.post(f"{page}/bao-yen", part="all_clear").status == 303
        until("the all-clear", lambda: all(len(_airings(made, one)) == 2 for one in STATIONS))
        for station in STATIONS:
            _listen_to(made, station)
        _practise(made, composer, second)


def _practise(made: Province, composer: Person, second: Person) -> None:
    """A drill sounds at the same station, with the key of exercises, and no page calls it real."""
    page = _propose(composer, "/dien-tap", STATIONS[0])
    until("the words are spoken", lambda: "data-waiting" not in second.get(page).text)
    _send(second, page, "diễn tập 1 trạm")
    until("it has sounded", lambda: _heard(second, page, "sounded") == {STATIONS[0]})
    exercises = [exercise for _order, exercise in _airings(made, STATIONS[0])]
    assert exercises == [False, False, True]
    assert "Đang phát khẩn cấp" not in composer.get("/ban-tin").text


def _propose(composer: Person, path: str, *stations: str) -> str:
    answer = composer.post(
        f"{path}/soan",
        hazard="flood_release",
        level="3",
        title="Xả lũ hồ Sông Cái",
        source="",
        warning=WORDS[Part.WARNING],
        correction=WORDS[Part.CORRECTION],
        all_clear=WORDS[Part.ALL_CLEAR],
        voice="espeak:vi",
        target=list(stations or STATIONS),
        repeat="0",
        lasts="30",
    )
    assert answer.status == 303, answer.text
    return answer.location


def _send(second: Person, page: str, typed: str) -> None:
    assert second.post(f"{page}/phat", typed="phát").status == 422
    answer = second.post(f"{page}/phat", typed=typed)
    assert answer.status == 303, answer.text


def _online(person: Person) -> set[str]:
    return {station for station, look in person.tile_states().items() if look == "ok"}


def _heard(person: Person, page: str, *states: str) -> set[str]:
    text = person.get(f"{page}/ket-qua").text
    found = re.findall(r'data-station="([^"]+)" data-heard="([^"]+)"', text)
    return {station for station, state in found if state in states}


def _seconds(page: Page) -> list[str]:
    return re.findall(r'<td class="num">([\d,]+) giây</td>', page.text)


def _airings(made: Province, station: str) -> list[tuple[str, bool]]:
    """(order, exercise) of everything that ended well there by order."""
    query = select(JournalEntryRow.evidence).where(
        JournalEntryRow.station_id == station, JournalEntryRow.kind == "as_run"
    )
    with made.centre.database.read() as session:
        ended = [line for line in session.scalars(query) if line["outcome"] == "aired"]
    return [(line["order_id"], line["exercise"]) for line in ended]


def _listen_to(made: Province, station: str) -> None:
    """Signal and words of the warning, then the short signal and words of the all-clear.

    The card may have been closed between the two, or kept open.
    """
    folder = made.folder / "stations" / station / "sound"
    loud_s = 0.0
    for recording in listening.recordings(folder):
        found = np.flatnonzero(np.abs(recording.samples) > 0.01)
        if found.size:
            loud_s += (found[-1] - found[0]) / recording.rate_hz
    assert loud_s > SIGNAL_S + SHORT_SIGNAL_S + 2 * LEAST_WORDS_S
