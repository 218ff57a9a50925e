"""Numbers of this installation that only rise: epoch, order sequence, the cursor of live pages."""

from __future__ import annotations

import typing
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, String, Table, cast, insert, select, update
from sqlalchemy.orm import Session

from controller.storage.models import MetaRow

_META = typing.cast(Table, MetaRow.__table__)

EPOCH = "epoch"
EPOCH_RAISED_AT = "epoch_raised_at"

AHEAD_AT_MOST = timedelta(days=1)
"""No database was made later than now; a station that claims more lies or is broken."""

RAISED_NO_SOONER = timedelta(minutes=10)
"""Each raise signs every plan anew; one station must not be able to ask for that at will."""


class Counter(StrEnum):
    """Counters of the meta table."""

    ORDER = "order_sequence"
    EMERGENCY = "emergency_sequence"
    CHANGE = "change_no"


def _locked(session: Session, key: str) -> MetaRow | None:
    return session.scalars(
        select(MetaRow).where(MetaRow.key == key).with_for_update()
    ).one_or_none()


def next_number(session: Session, counter: Counter) -> int:
    """The next number. Its row stays locked until the transaction ends: order is commit order."""
    number = cast(cast(_META.c.value, BigInteger) + 1, String)
    statement = update(_META).where(_META.c.key == counter.value).values(value=number)
    found = session.connection().execute(statement.returning(_META.c.value)).scalar()
    if found is not None:
        return int(found)
    session.connection().execute(insert(_META), {"key": counter.value, "value": "1"})
    return 1


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def epoch(session: Session, now: datetime) -> int:
    """The epoch of this database; made, in milliseconds of `now`, when there is none yet."""
    row = session.get(MetaRow, EPOCH)
    if row is None:
        row = MetaRow(key=EPOCH, value=str(_ms(now)))
        session.add(row)
        session.flush()
    return int(row.value)


def known_epoch(session: Session) -> int:
    """The epoch, 0 while there is none: for transactions that only read."""
    row = session.get(MetaRow, EPOCH)
    return int(row.value) if row else 0


def raise_epoch_above(session: Session, claimed: int, now: datetime) -> bool:
    """Go above an epoch a station has seen; whether anything changed.

    An epoch from the future is not believed, and a second raise must wait.
    """
    if claimed <= epoch(session, now) or claimed > _ms(now + AHEAD_AT_MOST):
        return False
    raised = _locked(session, EPOCH_RAISED_AT)
    if raised is not None and int(raised.value) > _ms(now - RAISED_NO_SOONER):
        return False
    session.merge(MetaRow(key=EPOCH_RAISED_AT, value=str(_ms(now))))
    session.get_one(MetaRow, EPOCH).value = str(max(claimed + 1, _ms(now)))
    session.flush()
    return True


def begin_epoch(session: Session, above: int, now: datetime) -> int:
    """A new epoch for a database that was put back: `now`, and above the old one and `above`."""
    fresh = max(_ms(now), epoch(session, now) + 1, above + 1)
    session.get_one(MetaRow, EPOCH).value = str(fresh)
    session.flush()
    return fresh
