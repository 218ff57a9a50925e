"""The province's target in one line: how many stations were effective last month, how many so far.

The board asks for it with every page. It is made of kept rows alone, at most once a minute for all
readers together, and never by two of them at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller.domain.accounts import Actor
from controller.domain.effective import Bar
from controller.domain.periods import Basis, Length, Period, before, closes_at, period_of
from controller.domain.places import PlaceTree
from controller.domain.schedule import local_date
from controller.services.figures import Figures, PlaceFigures
from controller.services.places import Places
from controller.storage.database import Database

READ_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MonthCount:
    """`n/65` of one month."""

    month: Period
    effective: int
    only_unheard: int
    """How many lack nothing but somebody who listened."""
    stations: int
    closes_on: date
    is_closed: bool
    """Whether the figures are published and stay."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What stands above the board."""

    place_id: str
    last: MonthCount | None
    """The month before; None: no station was in service then."""
    running: MonthCount | None
    """This month until the end of yesterday; None on its first day."""
    bar: Bar


class Headlines:
    """Reads them."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], places: Places, figures: Figures
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._figures = figures
        self._turn = threading.Lock()
        self._read_at: datetime | None = None
        self._known: tuple[PlaceFigures, ...] = ()
        self._counts: dict[str, tuple[object, MonthCount | None, MonthCount | None]] = {}
        """By place, of which figures they were counted: each reader would count all stations."""

    def of(self, actor: Actor) -> Headline | None:
        """Of the actor's place; None for a place of one station, and before the first day."""
        tree = self._places.tree()
        if len(tree.stations_of((actor.place_id,), actor.place_id)) < 2:
            return None
        known = self._all(tree)
        counted = self._counts.get(actor.place_id)
        if counted is None or counted[0] is not known:
            earlier, current = known
            counted = self._counts[actor.place_id] = (
                known,
                _count(tree, actor.place_id, earlier, self._now()),
                _count(tree, actor.place_id, current, self._now()),
            )
        _known, last, running = counted
        if last is None and running is None:
            return None
        return Headline(actor.place_id, last, running, self._figures.bar)

    def _all(self, tree: PlaceTree) -> tuple[PlaceFigures, ...]:
        """Last month and this one of every station there is, a minute old at most.

        Whoever comes while they are read takes the ones from before.
        """
        if self._is_fresh() or not self._turn.acquire(blocking=not self._known):
            return self._known
        try:
            if not self._is_fresh():
                self._known, self._read_at = self._read(tree), self._now()
            return self._known
        finally:
            self._turn.release()

    def _is_fresh(self) -> bool:
        age = self._now() - self._read_at if self._read_at is not None else None
        return age is not None and timedelta() <= age < READ_EVERY

    def _read(self, tree: PlaceTree) -> tuple[PlaceFigures, ...]:
        month = period_of(Basis.CALENDAR, Length.MONTH, local_date(self._now()))
        (root,) = tree.children(None)
        with self._database.read() as session:
            return tuple(
                self._figures.read(session, tree, root.place_id, one, with_today=False)
                for one in (before(month), month)
            )


def _count(
    tree: PlaceTree, place_id: str, figures: PlaceFigures, now: datetime
) -> MonthCount | None:
    mine = [
        month
        for station in figures.stations
        if tree.is_within(station.names.place_id, place_id)
        for month in station.months
    ]
    if not mine:
        return None
    closes = closes_at(figures.period)
    return MonthCount(
        figures.period,
        sum(one.is_effective for one in mine),
        sum(one.is_only_unheard for one in mine),
        len(mine),
        local_date(closes),
        now >= closes and all(one.closed_at is not None for one in mine),
    )
