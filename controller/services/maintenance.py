"""Maintenance of stations: declared before it begins, for a reason, no longer than a month allows.

It is told on the board and beside the slots that fall into it, and its time counts neither for nor
against the station. What sounded, or did not, is told all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain import maintenance as rules
from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.maintenance import Window
from controller.domain.station_state import ShownState
from controller.errors import InvalidInputError, NotFoundError, WrongStateError
from controller.services import station_states
from controller.services.audit import Deed, record
from controller.services.near_slots import slots_near
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.services.station_states import Values
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import MaintenanceWindowRow, StationRow

LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class MaintenanceView:
    """One declared window as screens show it."""

    maintenance_window_id: int
    from_at: datetime
    until_at: datetime
    why: str
    declared_by: str
    declared_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    is_on: bool

    @property
    def was_called_off(self) -> bool:
        """Whether somebody ended it before it began."""
        return self.until_at <= self.from_at

    def is_over(self, now: datetime) -> bool:
        """Whether nothing of it is left, or was called off."""
        return self.until_at <= now or self.was_called_off


@dataclass(frozen=True, slots=True)
class MaintenancePage:
    """What is declared at a station, what was, and how much of the month is left."""

    to_come: tuple[MaintenanceView, ...]
    past: tuple[MaintenanceView, ...]
    month: date
    used: timedelta
    cap: timedelta


class Maintenance:
    """Declares windows and ends them early, at stations of the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        settings: PlanSettings,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._cap = timedelta(hours=settings.maintenance_month_h)

    def page(self, actor: Actor, station_id: str) -> MaintenancePage:
        """The windows of one station. NotFoundError outside the actor's place."""
        now = self._now()
        with self._database.read() as session:
            self._station(session, actor, station_id)
            rows = _rows(session, station_id)
            views, windows = [_view(row, now) for row in rows], _windows(rows)
        month = rules.month_of(now)
        return MaintenancePage(
            tuple(view for view in views if not view.is_over(now)),
            tuple(view for view in reversed(views) if view.is_over(now))[:20],
            month,
            rules.used(windows, month),
            self._cap,
        )

    def declare(
        self, actor: Actor, station_id: str, from_at: datetime, until_at: datetime, why: str
    ) -> tuple[str, ...]:
        """Declare a window; the titles of slots that fall into it, in order of time.

        InvalidInputError names the field: one that has begun, overlaps another or is more than a
        month allows.
        """
        now, said = self._now(), clean_text(why, field="why", longest=LONGEST_WHY)
        if not said:
            raise InvalidInputError("no reason", field="why", problem="missing")
        wanted = Window(from_at, until_at)
        with self._database.write() as session:
            station = self._station(session, actor, station_id)
            known = _windows(_rows(session, station_id))
            problem = rules.problem(wanted, known, now, self._cap)
            if problem is not None:
                raise InvalidInputError(problem, field=_FIELDS[problem], problem=problem)
            row = MaintenanceWindowRow(
                station_id=station_id,
                from_at=from_at,
                until_at=until_at,
                why=said,
                declared_by=actor.full_name,
                declared_at=now,
            )
            session.add(row)
            session.flush()
            detail = {"from": from_at.isoformat(), "until": until_at.isoformat(), "why": said}
            deed = Deed("station.maintenance", "station", station_id, station.place_id, detail)
            record(session, actor, deed, at=now)
            show(session, [station_id], now)
            return self._titles(session, station, wanted)

    def end(self, actor: Actor, maintenance_window_id: int) -> str:
        """End a window now, or call it off before it begins; the station's id.

        NotFoundError outside the actor's place, WrongStateError when it is over.
        """
        now = self._now()
        with self._database.write() as session:
            row = session.get(MaintenanceWindowRow, maintenance_window_id)
            if row is None:
                raise NotFoundError(f"maintenance {maintenance_window_id}")
            station = self._station(session, actor, row.station_id)
            if row.until_at <= now:
                raise WrongStateError("already over", state="over")
            close(row, actor.full_name, now)
            session.flush()
            detail = {"from": row.from_at.isoformat(), "until": row.until_at.isoformat()}
            deed = Deed(
                "station.maintenance_end", "station", row.station_id, station.place_id, detail
            )
            record(session, actor, deed, at=now)
            show(session, [row.station_id], now)
            return row.station_id

    def _station(self, session: Session, actor: Actor, station_id: str) -> StationRow:
        row = session.get(StationRow, station_id)
        ensure_within(self._places.tree(), actor, row.place_id if row else None)
        if row is None or row.retired_at is not None:
            raise NotFoundError(f"station {station_id}", kind="station", object_id=station_id)
        return row

    def _titles(self, session: Session, station: StationRow, window: Window) -> tuple[str, ...]:
        tree = self._places.tree()
        near = slots_near(
            session,
            tree,
            station.place_id,
            after=window.from_at - timedelta(hours=6),
            before=window.until_at,
        )
        return tuple(
            slot.row.title
            for slot in near
            if slot.ends_at > window.from_at
            and any(one.station_id == station.station_id for one in slot.stations)
        )


_FIELDS = {
    "maint_begun": "from_at",
    "maint_too_early": "from_at",
    "maint_overlaps": "from_at",
    "maint_not_after": "until_at",
    "maint_too_long": "until_at",
}


def close(row: MaintenanceWindowRow, who: str, now: datetime) -> None:
    """Let a window end now; one that had not begun ends as it begins."""
    row.until_at = max(now, row.from_at)
    row.ended_by, row.ended_at = who, now


def close_all(session: Session, station_id: str, who: str, now: datetime) -> None:
    """Let every window of a station that is not over end now."""
    for row in _rows(session, station_id):
        if row.until_at > now:
            close(row, who, now)
    session.flush()


def windows_to_come(
    session: Session, station_id: str, now: datetime
) -> tuple[MaintenanceView, ...]:
    """What is declared at a station and not over, the next first."""
    return tuple(
        _view(row, now)
        for row in _rows(session, station_id)
        if row.until_at > now and row.until_at > row.from_at
    )


def spans(
    session: Session, station_ids: Iterable[str], start: datetime, end: datetime
) -> dict[str, list[Window]]:
    """The windows of these stations that touch the span, in order; for whoever counts time."""
    rows = session.scalars(
        select(MaintenanceWindowRow)
        .where(
            MaintenanceWindowRow.station_id.in_(sorted(station_ids)),
            MaintenanceWindowRow.from_at < end,
            MaintenanceWindowRow.until_at > start,
            MaintenanceWindowRow.until_at > MaintenanceWindowRow.from_at,
        )
        .order_by(MaintenanceWindowRow.from_at)
    )
    found: dict[str, list[Window]] = {}
    for row in rows:
        found.setdefault(row.station_id, []).append(Window(row.from_at, row.until_at))
    return found


def windows_in_sight(session: Session, now: datetime) -> dict[str, Values]:
    """By station the window in force or the next one, as its state row keeps it."""
    rows = session.scalars(
        select(MaintenanceWindowRow)
        .where(
            MaintenanceWindowRow.until_at > now,
            MaintenanceWindowRow.until_at > MaintenanceWindowRow.from_at,
        )
        .order_by(MaintenanceWindowRow.from_at.desc())
    )
    return {
        row.station_id: {"maint_from_at": row.from_at, "maint_until_at": row.until_at}
        for row in rows
    }


def show(session: Session, station_ids: Sequence[str], now: datetime) -> None:
    """Let the state of these stations follow what was declared, at once."""
    states = station_states.load(session, station_ids)
    windows = windows_in_sight(session, now)
    fresh = [following(values, windows.get(key), now) for key, values in states.items()]
    station_states.store(session, states, fresh, source="declared", now=now)


def following(values: Values, wanted: Values | None, now: datetime) -> Values:
    """The state row with the window in sight.

    One that is over, or was ended, stays until its end was shown: the end is stamped with it.
    """
    begun, until = values["maint_from_at"], values["maint_until_at"]
    is_over = until is None or until <= now
    if is_over and values["shown_state"] == ShownState.MAINT:
        return values
    if wanted is not None and (is_over or begun > now or wanted["maint_from_at"] == begun):
        return values | wanted
    return values if is_over else values | {"maint_until_at": max(begun, now)}


def _rows(session: Session, station_id: str) -> Sequence[MaintenanceWindowRow]:
    return session.scalars(
        select(MaintenanceWindowRow)
        .where(MaintenanceWindowRow.station_id == station_id)
        .order_by(MaintenanceWindowRow.from_at, MaintenanceWindowRow.maintenance_window_id)
    ).all()


def _windows(rows: Iterable[MaintenanceWindowRow]) -> list[Window]:
    return [Window(row.from_at, row.until_at) for row in rows]


def _view(row: MaintenanceWindowRow, now: datetime) -> MaintenanceView:
    return MaintenanceView(
        row.maintenance_window_id,
        row.from_at,
        row.until_at,
        row.why,
        row.declared_by,
        row.declared_at,
        row.ended_by,
        row.ended_at,
        row.from_at <= now < row.until_at,
    )
