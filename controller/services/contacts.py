"""Whom to phone about a station and what to know before going there: several people, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.errors import InvalidInputError
from controller.services import station_states
from controller.services.audit import changed
from controller.services.phones import Phone, contacts_of
from controller.services.places import Places
from controller.services.station_rows import ensure_version, station_row, write_down
from controller.storage.database import Database
from controller.storage.models import StationContactRow

MOST = 6
LONGEST_NAME = 80
LONGEST_NOTE = 1_000
_NUMBER = re.compile(r"\+?[0-9][0-9 .()-]{6,22}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to phone, as typed."""

    name: str = ""
    role: str = ""
    number: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed."""
        return not (self.name.strip() or self.role.strip() or self.number.strip())


class Contacts:
    """Keeps them for stations of the actor's place and below."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def save(
        self,
        actor: Actor,
        station_id: str,
        contacts: Sequence[Contact],
        note: str,
        row_version: int,
    ) -> None:
        """Put these in the place of all that were; blank ones are left out.

        InvalidInputError names the field (`number_2`); StaleEditError when somebody was first.
        """
        wanted = [_cleaned(one, number) for number, one in enumerate(contacts) if not one.is_blank]
        if len(wanted) > MOST:
            raise InvalidInputError("too many", field="contacts", problem="too_many_contacts")
        said = clean_text(note, field="receiver_note", longest=LONGEST_NOTE)
        with self._database.write() as session:
            row = station_row(session, self._places.tree(), actor, station_id)
            ensure_version(session, row, row_version)
            known = contacts_of(session, [station_id]).get(station_id, [])
            stood, noted = [_contact(one) for one in known], row.receiver_note or ""
            if stood == wanted and noted == said:
                return
            detail = changed(_told(stood, noted), _told(wanted, said))
            _replace(session, station_id, wanted, known)
            row.receiver_note = said or None
            row.row_version += 1
            write_down(session, actor, "station.contacts", row, detail, at=self._now())
            station_states.touch(session, [station_id])


def _cleaned(typed: Contact, row: int) -> Contact:
    clean = Contact(
        " ".join(clean_text(typed.name, field=f"name_{row}", longest=LONGEST_NAME).split()),
        " ".join(clean_text(typed.role, field=f"role_{row}", longest=LONGEST_NAME).split()),
        " ".join(typed.number.split()),
    )
    if not clean.number:
        raise InvalidInputError("no number", field=f"number_{row}", problem="number_missing")
    if not _NUMBER.fullmatch(clean.number):
        raise InvalidInputError(clean.number, field=f"number_{row}", problem="bad_number")
    return clean


def _replace(
    session: Session, station_id: str, wanted: Sequence[Contact], known: Sequence[Phone]
) -> None:
    """An invented number stays marked as such as long as it stands."""
    invented = {one.number for one in known if one.is_invented}
    session.execute(delete(StationContactRow).where(StationContactRow.station_id == station_id))
    session.add_all(
        StationContactRow(
            station_id=station_id,
            position=position,
            name=one.name,
            role=one.role,
            number=one.number,
            is_invented=one.number in invented,
        )
        for position, one in enumerate(wanted, start=1)
    )
    session.flush()


def _contact(phone: Phone) -> Contact:
    return Contact(phone.name, phone.role, phone.number)


def _told(wanted: Sequence[Contact], note: str) -> dict[str, Any]:
    return {"phones": [f"{one.name} {one.number}".strip() for one in wanted], "note": note}
