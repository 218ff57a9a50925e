"""Broadcast hours and loudness of a place, as people set them; they hold for everything below it.

A place below the root can only be stricter than those above it: hours are what all agree on, and of
all bands of an hour the quietest holds. The stations are told by their signed limits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import Place
from controller.domain.policy import (
    DAY_MIN,
    Allowed,
    LoudnessBand,
    Span,
    clock,
    is_open,
    joined,
    spelled,
)
from controller.errors import InvalidInputError, StaleEditError
from controller.services.audit import Deed, changed, last_deed, record
from controller.services.hours import Hours, band_of
from controller.services.near_slots import NearSlot, slots_near
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.services.shut_slots import LOOKED_AHEAD, Shut, shut_by
from controller.storage.database import Database
from controller.storage.models import HoursRuleRow, LoudnessRuleRow, PlaceRulesRow

MOST_SPANS = 4
MOST_BANDS = 3
"""At each of three levels: with a few of the settings a message of limits takes them all."""


@dataclass(frozen=True, slots=True)
class OwnRules:
    """What is written at one place. Nothing of a kind: as above it."""

    hours: tuple[Span, ...] = ()
    bands: tuple[LoudnessBand, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesPage:
    """The rules of a place: its own, what comes from above, and what holds."""

    place: Place
    own: OwnRules
    above: Allowed
    """What would hold here without rules of its own."""
    holds: Allowed
    stations: int
    row_version: int


class PlaceRules:
    """Reads and sets them at the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        hours: Hours,
        wake: Callable[[str], None] = lambda _job: None,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._hours = hours
        self._wake = wake

    def page(self, actor: Actor, place_id: str) -> RulesPage:
        """The rules of a place. NotFoundError outside the actor's."""
        tree = self._places.tree()
        ensure_within(tree, actor, place_id)
        with self._database.read() as session:
            book = self._hours.book(session)
            version = session.get(PlaceRulesRow, place_id)
            return RulesPage(
                place=tree.places[place_id],
                own=_own(session, place_id),
                above=book.with_place(place_id, (), ()).of_place(tree, place_id),
                holds=book.of_place(tree, place_id),
                stations=len(tree.stations_in([place_id])),
                row_version=version.row_version if version else 0,
            )

    def save(
        self,
        actor: Actor,
        place_id: str,
        wanted: OwnRules,
        row_version: int,
        *,
        anyway: bool = False,
    ) -> None:
        """Put these in the place of what was written there.

        NotFoundError outside the actor's place; StaleEditError when somebody was first;
        InvalidInputError `slots_shut` (facts: shut) when slots to come no longer fit and the
        caller does not want it anyway: the stations would refuse them.
        """
        tree, now = self._places.tree(), self._now()
        ensure_within(tree, actor, place_id)
        wanted = _checked(wanted)
        with self._database.write() as session:
            version = session.get(PlaceRulesRow, place_id)
            if (version.row_version if version else 0) != row_version:
                last = last_deed(session, "place", place_id, ["hours.rules"])
                raise StaleEditError(place_id, **last)
            was = _own(session, place_id)
            if wanted == was:
                return
            shut = None if anyway else self._shut(session, place_id, wanted)
            if shut is not None:
                raise InvalidInputError(
                    "slots shut", field="anyway", problem="slots_shut", shut=shut
                )
            _write(session, place_id, wanted)
            session.merge(PlaceRulesRow(place_id=place_id, row_version=row_version + 1))
            detail = changed(_told(was), _told(wanted))
            deed = Deed("hours.rules", "place", place_id, place_id, detail)
            record(session, actor, deed, at=now)
        self._wake("plan_refresh")

    def _shut(self, session: Session, place_id: str, wanted: OwnRules) -> Shut | None:
        """The slots that fit now and would not any more at some station."""
        tree, now = self._places.tree(), self._now()
        before = self._hours.book(session)
        after = before.with_place(place_id, wanted.hours, wanted.bands)
        near = slots_near(session, tree, place_id, after=now, before=now + LOOKED_AHEAD)
        places = {one.place_id for slot in near for one in slot.stations}
        was = {key: before.of_place(tree, key) for key in places}
        becomes = {key: after.of_place(tree, key) for key in places}
        return shut_by(
            near,
            lambda station, slot: _fits(was[station.place_id], slot),
            lambda station, slot: _fits(becomes[station.place_id], slot),
        )


def _fits(allowed: Allowed, slot: NearSlot) -> bool:
    return is_open(slot.starts_at, slot.row.duration_ms, allowed)


def _own(session: Session, place_id: str) -> OwnRules:
    spans = session.scalars(select(HoursRuleRow).where(HoursRuleRow.place_id == place_id))
    bands = session.scalars(
        select(LoudnessRuleRow)
        .where(LoudnessRuleRow.place_id == place_id)
        .order_by(LoudnessRuleRow.opens_min)
    )
    return OwnRules(
        joined(Span(row.opens_min, row.closes_min) for row in spans),
        tuple(band_of(row) for row in bands),
    )


def _checked(wanted: OwnRules) -> OwnRules:
    for span in wanted.hours:
        if not 0 <= span.opens_min < span.closes_min <= DAY_MIN:
            raise InvalidInputError("span", field="hours", problem="bad_span")
    for band in wanted.bands:
        if band.opens_min == band.closes_min or not 0 <= band.ceiling_percent <= 100:
            raise InvalidInputError("band", field="bands", problem="bad_band")
    if len(wanted.hours) > MOST_SPANS or len(wanted.bands) > MOST_BANDS:
        raise InvalidInputError("too many", field="hours", problem="too_many_spans")
    bands = sorted(wanted.bands, key=lambda band: band.opens_min)
    return OwnRules(joined(wanted.hours), tuple(bands))


def _write(session: Session, place_id: str, wanted: OwnRules) -> None:
    for table in (HoursRuleRow, LoudnessRuleRow):
        session.execute(delete(table).where(table.place_id == place_id))
    session.add_all(
        HoursRuleRow(place_id=place_id, opens_min=span.opens_min, closes_min=span.closes_min)
        for span in wanted.hours
    )
    session.add_all(
        LoudnessRuleRow(
            place_id=place_id,
            opens_min=band.opens_min,
            closes_min=band.closes_min,
            ceiling_percent=band.ceiling_percent,
        )
        for band in wanted.bands
    )
    session.flush()


def _told(wanted: OwnRules) -> dict[str, Any]:
    return {"hours": spelled(wanted.hours), "loudness": [band_words(band) for band in wanted.bands]}


def band_words(band: LoudnessBand) -> str:
    """19:00–21:00: 60 %."""
    return f"{clock(band.opens_min)}–{clock(band.closes_min)}: {band.ceiling_percent} %"
