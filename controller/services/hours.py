"""Broadcast hours as data: rules down the tree, and dated exceptions people add and end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.places import Place
from controller.domain.policy import (
    Allowed,
    HoursBook,
    LoudnessBand,
    OpenException,
    Span,
    bands_of,
    joined,
    minute_of,
)
from controller.errors import InvalidInputError, NotFoundError, WrongStateError
from controller.services.audit import SYSTEM, Deed, record
from controller.services.places import Places
from controller.services.scope import ensure_targets, ensure_within, may_see
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import HoursExceptionRow, HoursRuleRow, LoudnessRuleRow

LONGEST_EXCEPTION = timedelta(days=7)
LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class PlaceHours:
    """Hours and loudness that hold at a place; `is_own`: a rule is written at this very place."""

    place: Place
    depth: int
    hours: tuple[Span, ...]
    bands: tuple[LoudnessBand, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """A dated exception and who made it."""

    hours_exception_id: int
    place: Place
    from_at: datetime
    until_at: datetime
    why: str
    created_by: str
    created_at: datetime
    may_end: bool

    @property
    def was_called_off(self) -> bool:
        """Whether it was ended before it began: it never held."""
        return self.from_at == self.until_at


@dataclass(frozen=True, slots=True)
class HoursPage:
    """What the page of broadcast hours shows: places whose hours differ from those above."""

    places: tuple[PlaceHours, ...]
    exceptions: tuple[ExceptionView, ...]
    past: tuple[ExceptionView, ...]


class Hours:
    """Reads the book of hours, adds and ends exceptions."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        settings: PlanSettings,
        wake: Callable[[str], None] = lambda _job: None,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._default = joined([Span(minute_of(settings.opens), minute_of(settings.closes))])
        self._bands = bands_of(settings.volume_bands)
        self._wake = wake

    def book(self, session: Session | None = None) -> HoursBook:
        """Every rule and every exception that is not over, in the caller's transaction if given."""
        if session is None:
            with self._database.read() as own:
                return self.book(own)
        rules: defaultdict[str, list[Span]] = defaultdict(list)
        for row in session.scalars(select(HoursRuleRow)):
            rules[row.place_id].append(Span(row.opens_min, row.closes_min))
        coming = (
            select(HoursExceptionRow)
            .where(HoursExceptionRow.until_at > self._now())
            .order_by(HoursExceptionRow.from_at, HoursExceptionRow.hours_exception_id)
        )
        bands: defaultdict[str, list[LoudnessBand]] = defaultdict(list)
        for own_band in session.scalars(select(LoudnessRuleRow)):
            bands[own_band.place_id].append(band_of(own_band))
        exceptions = tuple(
            OpenException(row.place_id, row.from_at, row.until_at, row.why)
            for row in session.scalars(coming)
        )
        return HoursBook(
            self._default,
            {key: joined(own) for key, own in rules.items()},
            exceptions,
            self._bands,
            {key: tuple(own) for key, own in bands.items()},
        )

    def of_station(self, station_id: str, session: Session | None = None) -> Allowed:
        """The hours and exceptions in force at one station."""
        return self.book(session).of_station(self._places.tree(), station_id)

    def of_place(self, place_id: str, session: Session | None = None) -> Allowed:
        """The hours and exceptions in force at a place."""
        return self.book(session).of_place(self._places.tree(), place_id)

    def page(self, actor: Actor) -> HoursPage:
        """The hours of the actor's place, of places below that differ, and the exceptions."""
        tree = self._places.tree()
        with self._database.read() as session:
            book = self.book(session)
            rows = session.scalars(
                select(HoursExceptionRow).order_by(HoursExceptionRow.from_at.desc()).limit(200)
            )
            seen = [self._view(row, actor) for row in rows if self._touches(actor, row.place_id)]
        root_depth = len(list(tree.path(actor.place_id)))
        places = [
            PlaceHours(
                place,
                len(list(tree.path(place.place_id))) - root_depth,
                book.of_place(tree, place.place_id).hours,
                book.of_place(tree, place.place_id).bands,
                _has_own(book, place.place_id),
            )
            for place in tree.walk(actor.place_id)
            if _has_own(book, place.place_id) or place.place_id == actor.place_id
        ]
        now = self._now()
        return HoursPage(
            tuple(places),
            tuple(reversed([view for view in seen if view.until_at > now])),
            tuple(view for view in seen if view.until_at <= now)[:20],
        )

    def add_exception(
        self, actor: Actor | None, place_id: str, from_at: datetime, until_at: datetime, why: str
    ) -> int:
        """Open the hours of a place for a dated span; `actor` None: the system itself.

        OutOfScopeError, or InvalidInputError naming the field.
        """
        tree = self._places.tree()
        if actor is not None:
            ensure_targets(tree, actor, [place_id])
        now = self._now()
        _check(from_at, until_at, why, now)
        with self._database.write() as session:
            row = HoursExceptionRow(
                place_id=place_id,
                from_at=from_at,
                until_at=until_at,
                why=why.strip(),
                created_by=actor.full_name if actor else SYSTEM,
                created_at=now,
            )
            session.add(row)
            session.flush()
            number = row.hours_exception_id
            detail = {"from": from_at.isoformat(), "until": until_at.isoformat(), "why": row.why}
            record(
                session,
                actor,
                Deed("hours.exception", "hours_exception", str(number), place_id, detail),
                at=now,
            )
        self._wake("plan_refresh")
        return number

    def end_exception(self, actor: Actor, hours_exception_id: int) -> bool:
        """End an exception now, or call off one to come; whether it had begun.

        NotFoundError outside the place, WrongStateError if over.
        """
        now = self._now()
        with self._database.write() as session:
            row = session.get(HoursExceptionRow, hours_exception_id)
            if row is None:
                raise NotFoundError(f"no exception {hours_exception_id}")
            ensure_within(self._places.tree(), actor, row.place_id)
            if row.until_at <= now:
                raise WrongStateError("already over", state="over")
            had_begun = row.from_at < now
            row.until_at = now
            row.from_at = min(row.from_at, now)
            deed = Deed(
                "hours.exception_end", "hours_exception", str(hours_exception_id), row.place_id
            )
            record(session, actor, deed, at=now)
        self._wake("plan_refresh")
        return had_begun

    def _touches(self, actor: Actor, place_id: str) -> bool:
        tree = self._places.tree()
        return may_see(tree, actor, place_id) or tree.is_within(actor.place_id, place_id)

    def _view(self, row: HoursExceptionRow, actor: Actor) -> ExceptionView:
        tree = self._places.tree()
        return ExceptionView(
            row.hours_exception_id,
            tree.places[row.place_id],
            row.from_at,
            row.until_at,
            row.why,
            row.created_by,
            row.created_at,
            may_see(tree, actor, row.place_id) and row.until_at > self._now(),
        )


def _has_own(book: HoursBook, place_id: str) -> bool:
    return place_id in book.rules or place_id in book.place_bands


def band_of(row: LoudnessRuleRow) -> LoudnessBand:
    """A stored rule of loudness."""
    return LoudnessBand(row.opens_min, row.closes_min, row.ceiling_percent)


def _check(from_at: datetime, until_at: datetime, why: str, now: datetime) -> None:
    if not clean_text(why, field="why"):
        raise InvalidInputError("no reason given", field="why", problem="missing")
    if len(why) > LONGEST_WHY:
        raise InvalidInputError("reason too long", field="why", problem="too_long")
    if until_at <= max(from_at, now):
        raise InvalidInputError("ends before it begins", field="until", problem="not_after")
    if until_at - from_at > LONGEST_EXCEPTION:
        raise InvalidInputError("longer than a week", field="until", problem="over_a_week")
