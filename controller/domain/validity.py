"""From when until when a bulletin may air, by the stations' calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from controller.domain.schedule import Schedule, local_date, next_after
from controller.errors import InvalidInputError

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last local date, both included; None: open on that side."""

    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether there is any bound at all."""
        return self.starts_on is not None or self.ends_on is not None

    def holds_on(self, day: date) -> bool:
        """Whether it may air on this local date."""
        return not self.is_ahead(day) and not self.is_over(day)

    def is_ahead(self, today: date) -> bool:
        """Whether its first day is still to come."""
        return self.starts_on is not None and today < self.starts_on

    def is_over(self, today: date) -> bool:
        """Whether it has expired."""
        return self.ends_on is not None and today > self.ends_on

    def narrowed(self, rule: Schedule) -> Schedule:
        """The rule on those of its dates on which this holds; it may have none left."""
        starts_on, ends_on = rule.starts_on, rule.ends_on
        if self.starts_on is not None:
            starts_on = max(starts_on, self.starts_on)
        if self.ends_on is not None:
            ends_on = self.ends_on if ends_on is None else min(ends_on, self.ends_on)
        return replace(rule, starts_on=starts_on, ends_on=ends_on)

    def first_outside(self, rule: Schedule, after: datetime) -> date | None:
        """The local date of the rule's first occurrence later than `after` on which this does
        not hold; None: it holds for all of them."""
        found = [next_after(rest, after) for rest in self._rests(rule)]
        first = min((at for at in found if at is not None), default=None)
        return None if first is None else local_date(first)

    def _rests(self, rule: Schedule) -> Iterable[Schedule]:
        if self.starts_on is not None:
            last = self.starts_on - _ONE_DAY
            yield replace(rule, ends_on=last if rule.ends_on is None else min(rule.ends_on, last))
        if self.ends_on is not None:
            yield replace(rule, starts_on=max(rule.starts_on, self.ends_on + _ONE_DAY))


ALWAYS = Validity()


def clean_validity(starts_on: date | None, ends_on: date | None) -> Validity:
    """InvalidInputError when the last day comes before the first."""
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise InvalidInputError("ends before it starts", field="valid_until", problem="not_after")
    return Validity(starts_on, ends_on)


def common(validities: Iterable[Validity]) -> Validity:
    """The dates on which all of them hold."""
    found = list(validities)
    return Validity(
        max((one.starts_on for one in found if one.starts_on is not None), default=None),
        min((one.ends_on for one in found if one.ends_on is not None), default=None),
    )
