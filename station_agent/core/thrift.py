"""When sound may be fetched: what is due soon at once, the rest when it costs little.

A commune's 4G is metered by day and slow in the evening. What will be needed within two hours waits
for nothing; anything later waits for the hours and the day's budget that the settings name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from station_agent.core.limits import STATION_ZONE, edges_after, is_within
from station_agent.core.station import Wanted

DUE_SOON = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Thrift:
    """What may be spent on sound that is not due soon.

    `hours`: spans of the day in minutes after local midnight, also over midnight; empty: any hour.
    `daily_bytes`: of one local day; None: without end.
    """

    hours: tuple[tuple[int, int], ...] = ()
    daily_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """The bytes fetched on a local date."""

    on: date
    size_bytes: int

    def on_day_of(self, at: datetime) -> int:
        """What was fetched on the day of this instant."""
        return self.size_bytes if self.on == at.astimezone(STATION_ZONE).date() else 0


def is_due_soon(wanted: Wanted, at: datetime) -> bool:
    """Whether it must not wait any longer."""
    return wanted.needed_at is None or wanted.needed_at <= at + DUE_SOON


def allows(thrift: Thrift, wanted: Wanted, at: datetime | None, spent_bytes: int) -> bool:
    """Whether it may be fetched now. Who has to be thrifty first waits to know what time it is."""
    if thrift == Thrift() or wanted.needed_at is None:
        return True
    if at is None:
        return False
    if is_due_soon(wanted, at):
        return True
    if thrift.hours and not any(is_within(*span, at) for span in thrift.hours):
        return False
    return thrift.daily_bytes is None or spent_bytes + wanted.size_bytes <= thrift.daily_bytes


def added(spent: Spent | None, size_bytes: int, at: datetime) -> Spent:
    """What has been spent with this fetch."""
    before = spent.on_day_of(at) if spent else 0
    return Spent(at.astimezone(STATION_ZONE).date(), before + size_bytes)


def instants(thrift: Thrift, missing: Iterable[Wanted], after: datetime) -> Iterator[datetime]:
    """The instants after `after` at which something that was put off may be fetched."""
    put_off = [one.needed_at for one in missing if not is_due_soon(one, after)]
    yield from (needed_at - DUE_SOON for needed_at in put_off if needed_at is not None)
    if put_off:
        minutes = {minute for span in thrift.hours for minute in span}
        yield from edges_after(minutes if thrift.daily_bytes is None else {0, *minutes}, after)
