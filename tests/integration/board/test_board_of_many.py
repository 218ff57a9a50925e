"""A board of more stations than one page shows, and what is kept between two looks at it."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from controller.domain.accounts import Role
from controller.services import board as boards
from controller.services.board import Board, BoardView, ChartView, Choice
from controller.services.station_memory import Reading
from controller.services.station_page import StationPages
from controller.services.today import Today
from controller.storage.models import SlotPlacingRow
from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support import fleet
from tests.support.web import DISTRICT, PROVINCE
from tests.support.wire import entry

STATIONS = (fleet.STATION, fleet.OTHER, fleet.FAR)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[fleet.Province]:
    """65 stations that all spoke just now, one schedule for all of them."""
    with fleet.province(tmp_path) as made:
        parts = (made.database, made.clock, made.places)
        made.centre.add(board=Board(*parts), station_pages=StationPages(*parts))
        made.schedule()
        made.plans.refresh()
        made.as_run.beats([made.a_beat(one) for one in made.places.tree().stations])
        yield made


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of twenty tiles: 65 stations are many."""
    monkeypatch.setattr(boards, "MOST_TILES", 20)


def _page(here: fleet.Province, path: str = "/bang") -> str:
    return here.centre.client(Role.OPERATOR, PROVINCE).get(path).text


def _marks(page: str) -> int:
    return len(re.findall(r'id="m-', page))


def _tiles(page: str) -> list[str]:
    return re.findall(r'id="t-([a-z-]+)"', page)


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
def test_many_stations_come_in_pages_and_all_are_counted(here: fleet.Province) -> None:
    pages = [_page(here, f"/bang?trang={number}") for number in (1, 2, 3, 4)]
    shown = [station for page in pages for station in _tiles(page)]
    assert [len(_tiles(page)) for page in pages] == [20, 20, 20, 5]
    assert set(shown) == set(here.places.tree().stations)
    assert all("65<i>/65</i>" in page for page in pages)


@pytest.mark.usefixtures("few")
def test_a_district_is_chosen_above_the_pages(here: fleet.Province) -> None:
    page = _page(here)
    (href,) = re.findall(r'<a href="(/bang[^"]*huyen=bac-ai)"', page)
    own = _page(here, href.replace("&amp;", "&"))
    assert len(_tiles(own)) == 9
    assert all(station.startswith("bac-ai-") for station in _tiles(own))
    assert "65<i>/65</i>" in own, "what is above the tiles is of the whole province"


@pytest.mark.usefixtures("few")
def test_a_district_of_somebody_else_is_none(here: fleet.Province) -> None:
    client = here.centre.client(Role.OPERATOR, DISTRICT)
    page = client.get("/bang?huyen=ninh-son").text
    assert len(_tiles(page)) == 9
    assert "Ninh Sơn" not in page


@pytest.mark.usefixtures("few")
def test_an_open_page_is_told_of_its_own_tiles_alone(here: fleet.Province) -> None:
    page = _page(here)
    changes = re.search(r'data-changes="([^"]+)"', page)
    cursor = re.search(r'data-cursor="(\d+)"', page)
    assert changes is not None
    assert cursor is not None
    inside, outside = (
        _tiles(page)[3],
        next(one for one in here.places.tree().stations if one not in _tiles(page)),
    )
    for station_id in (inside, outside):
        here.beat(station_id, health="degraded", reasons=("amplifier",))
    client = here.centre.client(Role.OPERATOR, PROVINCE)
    answer = client.get(f"{changes[1]}&tu={cursor[1]}".replace("&amp;", "&")).json
    assert list(answer["tiles"]) == [inside]
    assert answer["filters"]["look"] == 2


def test_few_stations_are_shown_at_once(here: fleet.Province) -> None:
    page = _page(here)
    assert len(_tiles(page)) == 65
    assert "huyen=" not in page
    assert "Trang 1" not in page


@pytest.mark.usefixtures("few")
def test_a_page_of_one_state_holds_its_stations_alone(here: fleet.Province) -> None:
    here.beat(fleet.STATION, health="degraded", reasons=("amplifier",))
    assert _tiles(_page(here, "/bang?loc=degraded")) == [fleet.STATION]
    rest = _page(here, f"/bang?loc=ready&huyen={DISTRICT}")
    assert len(_tiles(rest)) == 8
    assert f'href="/bang/ban-do?loc=ready&amp;huyen={DISTRICT}"' in rest


def test_the_list_of_stations_tells_what_a_station_said_since(here: fleet.Province) -> None:
    def listed(state: str) -> list[str]:
        return re.findall(r'data-station="([^"]+)"', _page(here, f"/dai?loc={state}"))

    assert listed("degraded") == []
    for state in ("degraded", "ready"):
        here.clock.move(seconds=5)
        reasons = ("amplifier",) if state == "degraded" else ()
        here.beat(fleet.FAR, health=state, reasons=reasons)
        assert fleet.FAR in listed(state)
    assert listed("degraded") == []


# --- the map --------------------------------------------------------------------------------------

MAP, MAP_NEWS = "/bang/ban-do", "/bang/ban-do/thay-doi"


@pytest.mark.usefixtures("few")
def test_too_many_stations_for_one_map_are_drawn_by_district(
    here: fleet.Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _marks(_page(here, MAP)) == 65
    monkeypatch.setattr(boards, "MOST_ON_MAP", 20)
    page = _page(here, MAP)
    assert _marks(page) == 0
    assert "Chọn một huyện ở trên để xem bản đồ của huyện." in page
    (href,) = re.findall(rf'<a href="({MAP}[?]huyen={DISTRICT})"', page)
    own = _page(here, href)
    assert _marks(own) == 9
    assert "65<i>/65</i>" in own


def test_a_poll_of_an_unchanged_map_is_answered_with_nothing(here: fleet.Province) -> None:
    client = here.centre.client(Role.OPERATOR, PROVINCE)
    first = client.get(f"{MAP_NEWS}?tu=0").json
    known = f"tu={first['cursor']}&ban={first['version']}"
    again = f"{MAP_NEWS}?{known}&dau={first['seen']}"
    assert client.get(again).status_code == 204
    assert len(client.get(f"{MAP_NEWS}?{known}&dau=another").json["lines"]) == 65
    here.beat(fleet.FAR, health="degraded", reasons=("amplifier",))
    news = client.get(again).json
    assert list(news["lines"]) == [fleet.FAR]
    assert len(news["marks"]) == 1


def test_a_slot_that_goes_behind_another_comes_later_at_that_station(here: fleet.Province) -> None:
    slot = next(one for one in here.slots() if one.starts_at > here.clock())
    later = slot.starts_at + timedelta(minutes=10)
    with here.database.write() as session:
        session.add(
            SlotPlacingRow(
                station_id=fleet.STATION, slot_id=slot.slot_id, other_slot_id=slot.slot_id,
                planned_at=slot.starts_at, starts_at=later, is_first=False,
                cause="above_first", placed_at=here.clock(),
            )
        )  # fmt: skip
    here.go_to(slot, minutes=-1)
    summary = _view(here).summary
    assert summary.upcoming is not None
    assert (summary.upcoming.slot.starts_at, summary.upcoming.slot.total) == (slot.starts_at, 8)
    here.go_to(slot, seconds=1)
    summary = _view(here).summary
    assert [(one.starts_at, one.total) for one in summary.on_air] == [(slot.starts_at, 8)]
    assert summary.upcoming is not None
    assert (summary.upcoming.slot.starts_at, summary.upcoming.slot.total) == (later, 1)
    coming = _chart(here).next_slots[fleet.STATION]
    assert (coming.slot_id, coming.starts_at) == (slot.slot_id, later)
    here.go_to(slot, minutes=11)
    assert _chart(here).next_slots.get(fleet.STATION) != coming


# --- many who look --------------------------------------------------------------------------------


def test_of_many_who_ask_at_once_one_reads_and_the_others_wait_for_it(
    here: fleet.Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, actor = _shared(here), here.centre.actor(Role.OPERATOR, PROVINCE)
    board.latest(actor)
    here.beat(fleet.FAR, health="degraded", reasons=("amplifier",))
    here.clock.move(seconds=5)
    reads = _counted(monkeypatch)
    with ThreadPoolExecutor(8) as people:
        told = list(people.map(lambda _: board.latest(actor), range(8)))
    assert [one.whole.counts["degraded"] for one in told] == [1] * 8
    assert len(reads) == 1


def test_nobody_waits_for_a_summary_while_the_one_before_is_a_moment_old(
    here: fleet.Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, actor = _shared(here), here.centre.actor(Role.OPERATOR, PROVINCE)
    before = board.latest(actor)
    here.beat(fleet.FAR, health="degraded", reasons=("amplifier",))
    here.clock.move(seconds=0.7)
    begun, may_go_on = Event(), Event()
    _counted(monkeypatch, lambda: (begun.set(), may_go_on.wait(20)))
    with ThreadPoolExecutor(1) as people:
        reader = people.submit(board.latest, actor)
        assert begun.wait(20)
        meanwhile = board.latest(actor)
        may_go_on.set()
        assert meanwhile.version == before.version != reader.result().version


def test_people_who_ask_the_same_share_an_answer_made_once(
    here: fleet.Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, made = here.centre.services.board, list[int]()
    changes = board.changes
    monkeypatch.setattr(board, "changes", lambda *asked: made.append(1) or changes(*asked))
    squeezed = {"Accept-Encoding": "gzip"}
    person = here.centre.client(Role.OPERATOR, PROVINCE)
    first = person.get("/bang/thay-doi?tu=0", headers=squeezed)
    second = person.get("/bang/thay-doi?tu=0", headers=squeezed)
    plain = person.get("/bang/thay-doi?tu=0")
    assert gzip.decompress(first.data) == gzip.decompress(second.data) == plain.data
    assert "accept-encoding" in first.vary
    assert len(made) == 1

    person.post("/ngon-ngu", language="en")
    english = person.get("/bang/thay-doi?tu=0").json
    assert "stations online" in english["summary"]
    assert "trực tuyến" in plain.json["summary"]
    inside = here.centre.client(Role.OPERATOR, DISTRICT).get("/bang/thay-doi?tu=0").json
    assert len(inside["tiles"]) == 9


def _shared(here: fleet.Province) -> Board:
    return Board(here.database, here.clock, here.places, polls_share=timedelta(milliseconds=500))


def _counted(
    monkeypatch: pytest.MonkeyPatch, pause: Callable[[], object] = lambda: None
) -> list[str]:
    """Each time the slots near the present are read for a summary."""
    reads, near = list[str](), boards._near

    def read(reading: Reading, place_id: str) -> object:
        reads.append(place_id)
        pause()
        return near(reading, place_id)

    monkeypatch.setattr(boards, "_near", read)
    return reads


# --- what is kept ---------------------------------------------------------------------------------


def test_a_station_that_falls_silent_is_shown_so_without_a_word_of_it(
    here: fleet.Province,
) -> None:
    assert _page(here).count("tile lost") == 0
    here.clock.move(seconds=80)
    here.as_run.beats(
        [here.a_beat(one) for one in here.places.tree().stations if one != STATIONS[0]]
    )
    here.clock.move(seconds=11)
    here.as_run.sweep()
    page = _page(here)
    assert page.count("tile lost") == 1
    assert "64<i>/65</i>" in page


def test_a_slot_missed_yesterday_is_no_longer_counted_though_nothing_happened(
    here: fleet.Province,
) -> None:
    (slot, *_) = here.slots()
    here.go_to(slot, minutes=20)
    missed = {"outcome": Outcome.MISSED, "reason": Reason.POWER_OFF, "played_ms": 0}
    here.journal(entry(here.ran(slot, started_at=None, start_error_ms=None, **missed), no=1))
    assert _view(here).summary.whole.filter_counts["missed"] == 1
    here.go_to(slot, hours=24, minutes=1)
    assert _view(here).summary.whole.filter_counts["missed"] == 0


def test_a_poll_of_an_unchanged_board_is_answered_with_nothing(here: fleet.Province) -> None:
    client = here.centre.client(Role.OPERATOR, PROVINCE)
    first = client.get("/bang/thay-doi?tu=0").json
    again = f"/bang/thay-doi?tu={first['cursor']}&ban={first['version']}"
    assert client.get(again).status_code == 204
    here.beat(fleet.FAR, health="degraded", reasons=("amplifier",))
    assert list(client.get(again).json["tiles"]) == [fleet.FAR]


def test_a_poll_tells_of_the_minute_that_went_by(here: fleet.Province) -> None:
    client = here.centre.client(Role.OPERATOR, PROVINCE)
    first = client.get("/bang/thay-doi?tu=0").json
    here.clock.move(minutes=1)
    again = f"/bang/thay-doi?tu={first['cursor']}&ban={first['version']}"
    assert client.get(again).json["summary"] != first["summary"]


def test_what_is_kept_is_what_would_be_read_anew(here: fleet.Province) -> None:
    """Whatever stations say and however time goes on, in many orders."""
    chance = random.Random(10)  # noqa: S311 - an order to repeat, no secret
    for number in range(80):
        chance.choice(_HAPPENINGS)(here, chance.choice(STATIONS), number)
        assert _plain(_view(here)) == _plain(_view(here, Board(*_parts(here)))), number
        if number % 3:
            who = (Role.OPERATOR, PROVINCE), (Role.COMMUNE_OFFICER, fleet.STATION)
            actor = here.centre.actor(*who[number % 3 - 1])
            anew = Today(*_parts(here), here.centre.services.hours)
            kept = here.centre.services.today.view(actor).coming
            assert kept == anew.view(actor).coming, number


def _parts(here: fleet.Province) -> tuple[object, ...]:
    return here.database, here.clock, here.places


def _view(here: fleet.Province, board: Board | None = None) -> BoardView:
    asked = board or here.centre.services.board
    return asked.view(here.centre.actor(Role.OPERATOR, PROVINCE))


def _chart(here: fleet.Province) -> ChartView:
    return here.centre.services.board.chart(here.centre.actor(Role.OPERATOR, PROVINCE), Choice())


def _plain(view: BoardView) -> BoardView:
    """Without what tells one reading from another."""
    same = replace(view.summary, version="", made_at=view.summary.made_at.replace(second=0))
    return replace(view, summary=same)


def _says_degraded(here: fleet.Province, station_id: str, number: int) -> None:
    here.beat(station_id, health="degraded", reasons=(f"r{number % 3}",))


def _says_ready(here: fleet.Province, station_id: str, _number: int) -> None:
    here.beat(station_id)


def _lacks_the_plan(here: fleet.Province, station_id: str, _number: int) -> None:
    here.beat(station_id, plan_version=0)


def _time_goes_on(here: fleet.Province, _station_id: str, number: int) -> None:
    here.clock.move(seconds=7 * number)
    here.as_run.sweep()
    here.as_run.reconcile()


def _near_the_slot(here: fleet.Province, _station_id: str, number: int) -> None:
    coming = [slot for slot in here.slots() if slot.starts_at > here.clock()]
    if coming and number % 4 == 0:
        here.go_to(coming[0], seconds=-30)
    here.as_run.reconcile()


def _holds_or_loses(here: fleet.Province, station_id: str, number: int) -> None:
    (item, *_) = here.slots()[-1].items
    held = wire.HoldingEntry(sha256=item["sha256"], held=number % 3 > 0, size_bytes=9)
    here.journal(entry(held, no=number + 1), station_id=station_id)


def _aired_or_missed(here: fleet.Province, station_id: str, number: int) -> None:
    due = [slot for slot in here.slots() if slot.starts_at <= here.clock()]
    if not due:
        return
    changes = {} if number % 2 else {"outcome": Outcome.CUT_SHORT, "reason": Reason.POWER_OFF}
    here.journal(entry(here.ran(due[-1], **changes), no=number + 1), station_id=station_id)


def _another_schedule(here: fleet.Province, _station_id: str, number: int) -> None:
    if number % 5 == 0:
        here.plans.refresh()


_HAPPENINGS: list[Callable[[fleet.Province, str, int], None]] = [
    _says_degraded,
    _says_ready,
    _lacks_the_plan,
    _time_goes_on,
    _near_the_slot,
    _holds_or_loses,
    _aired_or_missed,
    _another_schedule,
]
