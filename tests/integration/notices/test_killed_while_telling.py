"""However often the process is killed, every alarm and its end arrive, and each once by its id."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.domain.notices import NoticeKind, Way
from controller.services import notice_watch
from controller.services.deliveries import Deliveries
from controller.services.mail import Mail
from controller.services.notice_choices import NoticeChoices
from controller.services.notice_watch import NoticeWatch
from controller.services.webhook import Webhook
from controller.storage.models import NoticeDeliveryRow, StationStateRow
from tests.support.post import Calls, MailBox, called_address, mail_server
from tests.support.teller import Teller
from tests.support.web import DISTRICT, PROVINCE, Centre

REPO = Path(__file__).parents[3]
Cut = Callable[[datetime], None]

POINTS: dict[str, tuple[Any, str, str]] = {
    f"{owner.__module__}:{owner.__name__}.{name}:{when}"
    if isinstance(owner, type)
    else f"{owner.__name__}:{name}:{when}": (owner, name, when)
    for owner, name, when in (
        (NoticeWatch, "_tell", "after"),
        (notice_watch, "_close", "after"),
        (NoticeWatch, "look", "after"),
        (Deliveries, "claim", "after"),
        (Mail, "send", "before"),
        (Mail, "send", "after"),
        (Webhook, "send", "before"),
        (Webhook, "send", "after"),
        (Deliveries, "sent", "before"),
        (Deliveries, "sent", "after"),
    )
}
"""Where the process dies: name for the child program -> the function, and on which side of it."""

TAKEN_BUT_NOT_NOTED = {
    "controller.services.mail:Mail.send:after",
    "controller.services.webhook:Webhook.send:after",
    "controller.services.deliveries:Deliveries.sent:before",
}
"""The one instant after which a message goes out a second time, under its id."""


class World:
    """A centre that is told to die, and what the other sides got."""

    def __init__(self, folder: Path, box: MailBox, calls: Calls) -> None:
        self.house = Centre(folder)
        self.box, self.calls = box, calls
        self.who = self.house.actor(Role.ADMIN, PROVINCE)
        choices = NoticeChoices(
            self.house.database, self.house.clock, self.house.wake, ways=frozenset(Way)
        )
        wanted = {NoticeKind.STATION_DOWN: {Way.EMAIL, Way.WEBHOOK}}
        choices.save(self.who, "tri@example.vn", wanted)
        self.at = self.house.clock()

    def stations(self, state: str) -> None:
        with self.house.database.write() as session:
            for station in self.house.places.tree().stations_in([DISTRICT]):
                since = self.at - timedelta(minutes=12)
                session.merge(
                    StationStateRow(
                        station_id=station.station_id, shown_state=state, shown_since_at=since
                    )
                )

    def teller(self) -> Teller:
        return Teller(self.house.database, self.at, self.box.port, self.calls.url)

    def got(self) -> Counter[str]:
        """Ids the other sides were shown."""
        letters = [str(one["Message-ID"]) for one in self.box.letters]
        return Counter(letters + [one["Idempotency-Key"] for one in self.calls.headers])

    def outage(self, point: str, die: Cut) -> None:
        """Stations go and come back; the process dies at the point each time and starts anew."""
        before = self.got()
        for state in ("unknown", "ready"):
            self.stations(state)
            die(self.at)
            self.at += timedelta(minutes=6)
            self.teller().live()
            self.at += timedelta(minutes=20)
        got = self.got() - before
        assert len(got) == 4, "a letter and a call that it began, and that it is over"
        most = 2 if point in TAKEN_BUT_NOT_NOTED else 1
        assert max(got.values()) <= most, got
        with self.house.database.read() as session:
            assert set(session.scalars(select(NoticeDeliveryRow.state))) == {"sent"}
        self.at += timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with mail_server() as box, called_address() as calls:
        made = World(tmp_path, box, calls)
        yield made
        made.house.close()


class Killed(BaseException):
    """Stands in for SIGKILL: no program catches it, and nothing after it is done."""


@contextmanager
def deadly(point: str) -> Iterator[None]:
    """The function dies once."""
    owner, name, when = POINTS[point]
    plain = getattr(owner, name)

    @functools.wraps(plain)
    def once(*args: Any, **named: Any) -> Any:
        if when == "before":
            setattr(owner, name, plain)
            raise Killed
        result = plain(*args, **named)
        if name != "look" or result:  # the looks of a start find nothing
            setattr(owner, name, plain)
            raise Killed
        return result

    setattr(owner, name, once)
    try:
        yield
    finally:
        setattr(owner, name, plain)


def die_at(world: World, point: str) -> Cut:
    def die(_at: datetime) -> None:
        with deadly(point), contextlib.suppress(Killed):
            world.teller().live()

    return die


def test_each_alarm_arrives_once_by_its_id_though_the_process_died(world: World) -> None:
    for point in (
        "controller.services.notice_watch:_close:after",
        "controller.services.deliveries:Deliveries.claim:after",
        "controller.services.mail:Mail.send:after",
    ):
        world.outage(point, die_at(world, point))


@pytest.mark.soak
def test_each_alarm_arrives_once_by_its_id_wherever_the_process_died(world: World) -> None:
    for point in POINTS:
        world.outage(point, die_at(world, point))


@pytest.mark.soak
@pytest.mark.parametrize("point", [one for one in POINTS if "look" not in one])
def test_each_alarm_arrives_once_by_its_id_after_a_real_kill(
    world: World, tmp_path: Path, point: str
) -> None:
    points = tmp_path / "points"
    points.mkdir()
    deaths = 0

    def die(at: datetime) -> None:
        nonlocal deaths
        (points / point).touch()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(REPO / "tests/support/deadly"), str(REPO))),
            "VANG_TEST_POINTS": point,
            "VANG_TEST_POINTS_FOLDER": str(points),
        }
        url = str(world.house.database.url)
        arguments = [url, at.isoformat(), str(world.box.port), world.calls.url]
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.teller", *arguments],
            env=environment, cwd=REPO, check=False, timeout=120,
        )  # fmt: skip
        deaths += done.returncode == -9
        assert done.returncode in {0, -9}

    world.outage(point, die)
    assert deaths >= 1
