"""Programs that ask the API, each by a token of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from controller.domain.accounts import Actor, Role
from controller.domain.schedule import local_date
from controller.services.board import Board
from controller.services.bulletins import Draft
from controller.services.station_page import StationPages
from controller.services.tokens import TokenWish
from controller.storage.models import NoticeItemRow, NoticeRow
from controller.web.api_v1.operations import Operation
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, a_wish
from tests.support.warnings import wish
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PASSWORD, Centre

PREFIX = "/api/v1"


def a_token(here: Centre, actor: Actor, *scopes: str, name: str = "Phần mềm") -> str:
    """A fresh token of the actor's that works for 90 days."""
    last_day = local_date(here.clock()) + timedelta(days=90)
    return here.services.tokens.make(actor, TokenWish(name, scopes, last_day), PASSWORD).token


def asked(here: Centre, token: str, path: str, method: str = "GET", **options: Any) -> TestResponse:
    """The answer to one request by a program that keeps no cookies."""
    client = here.app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.open(f"{PREFIX}{path}", method=method, headers=headers, **options)


def an_alarm(here: Centre, alarm_id: str, place_id: str, *station_ids: str) -> str:
    """Stations that fell silent two minutes ago, told under a place just now; its id."""
    at = here.clock()
    with here.database.write() as session:
        session.add(
            NoticeRow(
                notice_id=alarm_id, kind="station_down", group_key=place_id, place_id=place_id,
                opened_at=at, changed_at=at,
            )
        )  # fmt: skip
        session.flush()
        for station_id in station_ids:
            began_at = (at - timedelta(minutes=2)).isoformat()
            facts = {"station_id": station_id, "place_id": station_id, "at": began_at}
            session.add(
                NoticeItemRow(
                    kind="station_down", group_key=place_id, item_key=f"{station_id} {alarm_id}",
                    notice_id=alarm_id, facts={**facts, "state": "unknown"}, began_at=at,
                )
            )  # fmt: skip
    return alarm_id


@dataclass
class Neighbours:
    """A centre in which a district has one of everything, and programs of two districts ask."""

    here: Centre
    folder: Path

    def __post_init__(self) -> None:
        here = self.here
        self.desk = Desk(here)
        self.studio = Studio(here, self.folder)
        here.add(
            board=Board(here.database, here.clock, here.places),
            station_pages=StationPages(here.database, here.clock, here.places),
        )
        self.owner = here.actor(Role.OPERATOR, DISTRICT)
        self.approver = here.actor(Role.APPROVER, DISTRICT)
        self.neighbour = here.actor(Role.OPERATOR, OTHER_DISTRICT)
        self.bulletin_id = self.desk.bulletin()
        self.draft_id = self.studio.bulletins.create(
            self.owner, Draft("Họp dân", "notice", "Mời bà con.", DISTRICT)
        )
        self.schedule_id = self.desk.schedules.save(
            self.owner, a_wish(self.bulletin_id)
        ).schedule_id
        self.desk.materialise()
        self.slot = self.desk.slots(self.schedule_id)[0]
        self.emergency_id = here.services.emergencies.propose(self.owner, wish())
        self.upload_id = self.studio.bulletins.parts.begin(self.owner, 1)
        self.alarm_id = an_alarm(here, "01a", DISTRICT, COMMUNE)
        self.token = a_token(here, self.owner, *EVERYTHING)
        self.approver_token = a_token(here, self.approver, "bulletins:write")
        self.neighbour_token = a_token(here, self.neighbour, *EVERYTHING)
        other_approver = here.actor(Role.APPROVER, OTHER_DISTRICT)
        self.neighbour_approver_token = a_token(here, other_approver, "bulletins:write")

    @property
    def ids(self) -> dict[str, str]:
        """One of everything the district has, by the names in the rules of routes."""
        return {
            "station_id": COMMUNE,
            "bulletin_id": self.draft_id,
            "schedule_id": self.schedule_id,
            "slot_id": self.slot.slot_id,
            "emergency_id": self.emergency_id,
            "upload_id": self.upload_id,
            "alarm_id": self.alarm_id,
        }

    def path(self, operation: Operation) -> str:
        """The address of a route about what the district has."""
        return re.sub(r"<(\w+)>", lambda found: self.ids[found[1]], operation.rule)


WISH = {
    "bulletin_id": "khong-co",
    "recurrence": "once",
    "airs_at": "06:30",
    "starts_on": "2026-11-27",
    "target_ids": [OTHER_DISTRICT],
}
BODIES: dict[str, dict[str, object]] = {
    "change_words": {"version": 1, "title": "x"},
    "file_bulletin": {"version": 1, "tags": [], "valid_from": None, "valid_until": None},
    "submit_bulletin": {"version": 1},
    "approve_bulletin": {"version": 1, "heard": True},
    "return_bulletin": {"version": 1, "reason": "x"},
    "withdraw_bulletin": {"version": 1},
    "give_sound": {"upload_id": "0" * 32, "name": "x.wav", "language": "vi"},
    "check_change": {**WISH, "version": 1},
    "change_schedule": {**WISH, "version": 1},
    "cancel_schedule": {"reason": "x"},
    "exclude_day": {"on": "2026-11-27"},
    "cancel_slot": {"reason": "x"},
    "move_slot": {"starts_at": "2026-11-26T06:45:00+07:00", "revision": 0},
}
"""What each route about something is asked with, so that nothing but the place is wrong."""

EVERYTHING = (
    "stations:read",
    "bulletins:write",
    "schedules:write",
    "emergencies:read",
    "alarms:write",
)
"""All that an operator's token can be made for."""
