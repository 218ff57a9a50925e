"""Two people at two browsers who change the same thing in the same moment, over and over."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from controller.domain.accounts import Role
from controller.services.board import Board
from controller.storage.models import SlotRow
from tests.support.person import Page, Person
from tests.support.postgres import fresh_database
from tests.support.schedule_desk import Desk, a_wish, desk
from tests.support.web import DISTRICT, served

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.soak)]
BUSY = 503
ROUNDS = [5, pytest.param(100, marks=pytest.mark.soak)]
"""For each of two engines and two kinds of change."""


@pytest.fixture(params=ENGINES)
def at_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database()) if request.param == "postgres" else ""
        made = stack.enter_context(desk(tmp_path, url=url))
        centre = made.centre
        centre.add(board=Board(centre.database, centre.clock, centre.places))
        yield made


@pytest.fixture
def people(at_desk: Desk) -> Iterator[tuple[Person, Person]]:
    """Two operators of the district at a served centre."""
    names = [at_desk.centre.actor(Role.OPERATOR, DISTRICT, one).username for one in ("mai", "nam")]
    with served(at_desk.centre) as address:
        found = (Person(address), Person(address))
        for person, name in zip(found, names, strict=True):
            person.sign_in(name)
            person.get("/bang")
        yield found


def at_once(
    people: tuple[Person, Person], path: str, times: list[str], **fields: Any
) -> list[Page]:
    """What each was answered who sent the form with the own time, both in the same moment."""
    barrier = Barrier(len(people))

    def send(person: Person, airs_at: str) -> Page:
        barrier.wait()
        answer = person.post(path, airs_at=airs_at, **fields)
        while answer.status == BUSY:  # the page says so and keeps the text: press again
            answer = person.post(path, airs_at=airs_at, **fields)
        return answer

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(send, people, times))


def told(page: Page) -> str:
    """What a reader sees."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def winner_and_loser(answers: list[Page]) -> tuple[int, int]:
    """Their places among the answers: one was led on, the other told."""
    assert sorted(one.status for one in answers) == [303, 409], [one.status for one in answers]
    won = [one.status for one in answers].index(303)
    return won, 1 - won


@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_change_one_schedule_one_wins_and_the_other_sees_both_and_keeps_the_own(
    at_desk: Desk, people: tuple[Person, Person], rounds: int
) -> None:
    bulletin_id = at_desk.bulletin()
    current = at_desk.schedules.save(at_desk.actor(), a_wish(bulletin_id)).schedule_id
    for number in range(rounds):
        seen = people[number % 2].get(f"/lich/{current}/sua").text
        version = re.search(r'name="row_version" value="(\d+)"', seen)
        assert version is not None
        times = [f"{8 + who * 2 + number % 2:02d}:{number % 50:02d}" for who in (0, 1)]
        fields = {
            "bulletin_id": bulletin_id, "recurrence": "weekly", "weekday": list("01234"),
            "starts_on": "26/11/2026", "ends_on": "09/12/2026", "excluded": "",
            "target": DISTRICT, "priority": "ordinary", "schedule_id": current,
            "row_version": version[1],
        }  # fmt: skip
        answers = at_once(people, "/lich/moi", times, **fields)
        won, lost = winner_and_loser(answers)
        page = told(answers[lost])
        assert f"Bản vừa lưu, của Katơr Thị Mai “Tiết kiệm nước mùa khô” Phát {times[won]}" in page
        assert f"Phát {times[lost]} thứ Hai–thứ Sáu" in page
        assert f'value="{times[lost]}"' in answers[lost].text
        current = answers[won].location.rsplit("/", 1)[-1]
        assert f'name="schedule_id" value="{current}"' in answers[lost].text
    standing = {slot.schedule_id for slot in at_desk.slots() if slot.cancelled_at is None}
    assert standing == {current}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_move_one_slot_one_wins_and_the_other_sees_both_and_keeps_the_own(
    at_desk: Desk, people: tuple[Person, Person], rounds: int
) -> None:
    saved = at_desk.schedules.save(at_desk.actor(), a_wish(at_desk.bulletin()))
    slot = at_desk.slots()[0]
    page_of_move = f"/lich/doi?lich={saved.schedule_id}&ngay={slot.airs_on}"
    for number in range(rounds):
        fields = hidden(people[number % 2].get(page_of_move))
        times = [f"{8 + who * 2 + number % 2:02d}:{number % 50:02d}" for who in (0, 1)]
        answers = at_once(people, "/lich/doi", times, **fields, day="26/11/2026", scope="one")
        won, lost = winner_and_loser(answers)
        page = told(answers[lost])
        assert "Bản vừa lưu, của Katơr Thị Mai" in page
        assert f"Buổi này lúc {times[won]} thứ Năm 26/11/2026." in page
        own = page.partition("Bản của bạn, chưa lưu")[2].partition("Giờ mới")[0]
        assert times[lost] in own
        assert f'name="airs_at" type="text" value="{times[lost]}"' in answers[lost].text
        stands = moved(at_desk, slot)
        assert datetime.fromisoformat(hidden(answers[lost])["seen_at"]) == stands.starts_at
        assert at_desk.local(stands.starts_at) == f"26/11 {times[won]}"
    assert moved(at_desk, slot).revision == slot.revision + rounds


def hidden(page: Page) -> dict[str, str]:
    """What the form of the page sends along unseen."""
    form = page.text.partition('id="dat-lich"')[2]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    unasked = {"csrf_token", "scope"}
    return {name: html.unescape(value) for name, value in fields if name not in unasked}


def moved(at_desk: Desk, slot: SlotRow) -> SlotRow:
    """The slot as it is now."""
    return next(one for one in at_desk.slots(slot.schedule_id) if one.slot_id == slot.slot_id)
