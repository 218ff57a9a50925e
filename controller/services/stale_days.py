"""Which days must be counted anew because their evidence came, or changed, after they were."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from controller.domain.schedule import local_date
from controller.storage.models import StaleDayRow

FURTHEST_DAYS = 60
"""Nothing changes a day that is further back: a late journal corrects for 35 days."""


def mark(session: Session, station_id: str, instants: Iterable[datetime], now: datetime) -> None:
    """Let the local days of these instants be counted anew; today is never kept, so not marked."""
    today = local_date(now)
    furthest = today - timedelta(days=FURTHEST_DAYS)
    days = {day for at in instants if furthest <= (day := local_date(at)) < today}
    put(session, station_id, days)


def mark_since(session: Session, station_id: str, at: datetime, now: datetime) -> None:
    """The same for every day from that of `at` until yesterday, but for the long past."""
    today = local_date(now)
    day = max(local_date(at), today - timedelta(days=FURTHEST_DAYS))
    put(session, station_id, {day + timedelta(days=n) for n in range((today - day).days)})


def put(session: Session, station_id: str, days: Iterable[date]) -> None:
    """Keep marks; one that is there already stays."""
    values = [{"station_id": station_id, "day": day} for day in sorted(days)]
    if not values:
        return
    insert = postgresql.insert if _is_postgresql(session) else sqlite.insert
    session.execute(insert(StaleDayRow).values(values).on_conflict_do_nothing())


def take(session: Session, before: date, limit: int) -> dict[str, set[date]]:
    """Take marks of days before this one out of the table, those of few stations at once."""
    query = (
        select(StaleDayRow)
        .where(StaleDayRow.day < before)
        .order_by(StaleDayRow.station_id, StaleDayRow.day)
        .limit(limit)
    )
    found: dict[str, set[date]] = {}
    for row in session.scalars(query).all():
        found.setdefault(row.station_id, set()).add(row.day)
        session.delete(row)
    session.flush()
    return found


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
