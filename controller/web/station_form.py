"""What people type about a station, read kindly: contacts, minutes, percentages, spans of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from controller.domain.policy import LoudnessBand, Span, clock
from controller.domain.schedule import instant
from controller.errors import InvalidInputError
from controller.services.contacts import MOST, Contact
from controller.services.phones import Phone
from controller.services.place_rules import MOST_BANDS, MOST_SPANS, OwnRules
from controller.services.station_list import StationCard
from controller.web import formats
from controller.web.schedule_form import day_of, time_of

BLANK_ROWS = 1
"""So many empty rows stand below the contacts there are."""

STEP_MIN = 5


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of a page as they stand, and the sentence under each that cannot be used."""

    values: Mapping[str, str]
    contacts: tuple[Contact, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    row_version: int = 0

    def problem(self, name: str) -> str | None:
        """The sentence under a field."""
        return self.problems.get(name)

    def with_problem(self, name: str, words: str) -> Typed:
        """The same with one more problem."""
        return replace(self, problems={**self.problems, name: words})

    def with_fields(self, given: Mapping[str, str]) -> Typed:
        """The same with what was sent of the fields that are there."""
        sent = {name: given[name] for name in self.values if name in given}
        contacts = contacts_in(given) if "number_0" in given else self.contacts
        version = given.get("row_version", "")
        return replace(
            self,
            values={**self.values, **sent},
            contacts=contacts,
            row_version=int(version) if version.isdigit() else self.row_version,
        )


def standing(card: StationCard, now: datetime) -> Typed:
    """The page of a station as it stands, with what is offered for maintenance."""
    local = formats.local(now) + timedelta(minutes=STEP_MIN)
    begins = local.replace(minute=local.minute - local.minute % STEP_MIN, second=0, microsecond=0)
    ends = begins + timedelta(hours=2)
    return Typed(
        values={
            "name": card.station.name,
            "identifier_code": card.identifier_code or "",
            "longest_min": str(card.station.max_length_ms // 60_000),
            "volume": str(card.station.volume_ceiling_percent),
            "receiver_note": card.receiver_note,
            "from_at": f"{begins:%H:%M}",
            "from_on": f"{begins:%d/%m/%Y}",
            "until_at": f"{ends:%H:%M}",
            "until_on": f"{ends:%d/%m/%Y}",
            "why": "",
            "retire_why": "",
            "typed": "",
        },
        contacts=with_blanks([_contact(phone) for phone in card.phones]),
        row_version=card.row_version,
    )


def contacts_in(given: Mapping[str, str]) -> tuple[Contact, ...]:
    """The rows of contacts as sent, blank ones too."""
    return tuple(
        Contact(*(given.get(f"{name}_{row}", "") for name in ("who", "role", "number")))
        for row in range(MOST + BLANK_ROWS)
        if f"number_{row}" in given
    )


def with_blanks(contacts: Sequence[Contact]) -> tuple[Contact, ...]:
    """The rows with a few empty ones below, as far as there may be more."""
    filled = [one for one in contacts if not one.is_blank]
    return tuple(filled[:MOST]) + (Contact(),) * min(BLANK_ROWS, MOST - len(filled))


def moved_up(contacts: Sequence[Contact], row: int) -> tuple[Contact, ...]:
    """The rows with this one before the one that stood above it."""
    rows = list(contacts)
    if 0 < row < len(rows):
        rows[row - 1], rows[row] = rows[row], rows[row - 1]
    return tuple(rows)


def moment(day: str, at: str, today: date) -> datetime | None:
    """The instant of a typed day and wall time; None for what is none."""
    on, wall = day_of(day, today), time_of(at)
    return instant(on, wall) if on is not None and wall is not None else None


def whole(text: str) -> int:
    """A whole number; -1 for what is none, which no field takes."""
    plain = text.strip().rstrip("%").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 6 else -1


def rules_fields(own: OwnRules) -> dict[str, str]:
    """The fields of hours and loudness, as many rows as there may be."""
    fields: dict[str, str] = {}
    for row in range(MOST_SPANS):
        span = own.hours[row] if row < len(own.hours) else None
        fields[f"opens_{row}"] = clock(span.opens_min) if span else ""
        fields[f"closes_{row}"] = clock(span.closes_min) if span else ""
    for row in range(MOST_BANDS):
        band = own.bands[row] if row < len(own.bands) else None
        fields[f"from_{row}"] = clock(band.opens_min) if band else ""
        fields[f"until_{row}"] = clock(band.closes_min) if band else ""
        fields[f"percent_{row}"] = str(band.ceiling_percent) if band else ""
    return fields


def rules_in(fields: Mapping[str, str]) -> OwnRules:
    """What the fields ask for; blank rows are left out. InvalidInputError names the row."""
    return OwnRules(
        tuple(
            Span(
                _minute(fields[f"opens_{row}"], f"opens_{row}"),
                _minute(fields[f"closes_{row}"], f"opens_{row}"),
            )
            for row in range(MOST_SPANS)
            if fields[f"opens_{row}"].strip() or fields[f"closes_{row}"].strip()
        ),
        tuple(
            LoudnessBand(
                _minute(fields[f"from_{row}"], f"from_{row}"),
                _minute(fields[f"until_{row}"], f"from_{row}"),
                _percent(fields[f"percent_{row}"], f"from_{row}"),
            )
            for row in range(MOST_BANDS)
            if any(fields[f"{name}_{row}"].strip() for name in ("from", "until", "percent"))
        ),
    )


def _minute(text: str, name: str) -> int:
    if text.strip() in {"24:00", "24", "24h"}:
        return 1_440
    wall = time_of(text)
    if wall is None:
        raise InvalidInputError(text, field=name, problem="bad_time")
    return wall.hour * 60 + wall.minute


def _percent(text: str, name: str) -> int:
    percent = whole(text)
    if not 0 <= percent <= 100:
        raise InvalidInputError(text, field=name, problem="bad_percent")
    return percent


def _contact(phone: Phone) -> Contact:
    return Contact(phone.name, phone.role, phone.number)
