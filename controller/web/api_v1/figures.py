"""The official figures of a place over a period, as the reports print them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from controller.domain.availability import Tally
from controller.domain.effective import Bar
from controller.domain.effective import Share as DomainShare
from controller.domain.effective import Short as Shortfall
from controller.domain.figures import Sums
from controller.domain.periods import Basis, Length, Period, period, period_of
from controller.domain.schedule import local_date
from controller.domain.tokens import Scope
from controller.errors import InvalidInputError
from controller.services.figures import Effective, PlaceFigures, StationFigures
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import Answer, Id, PlaceName, Query, place_name
from controller.web.context import web_now
from controller.web.policy import current_actor, services

operations = Operations("figures", "The official figures, live and settled.")


class Span(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


class FiguresQuery(Query):
    """Whose figures, over which period."""

    place: Annotated[Id | None, Field(description="A place; left out: the own one.")] = None
    basis: Annotated[
        Basis, Field(description="`administrative` months run from the 15th to the 14th.")
    ] = Basis.CALENDAR
    length: Annotated[Span, Field(description="How long.")] = Span.MONTH
    year: Annotated[
        int | None,
        Field(ge=2020, le=2099, description="Left out: the one running."),
    ] = None
    number: Annotated[
        int | None, Field(ge=1, le=12, description="Which of its year; left out: the first.")
    ] = None


class PeriodAnswer(Answer):
    """Local dates, both included."""

    basis: Basis
    length: Length
    year: int
    number: int
    first_on: date
    last_on: date


class ShareAnswer(Answer):
    """A part of a whole in the same unit; shares are added by adding both."""

    part: int
    whole: int
    percent: float | None = Field(description="Null: of nothing there is no share.")


class TallyAnswer(Answer):
    """Whole seconds by state; together exactly the span that was counted."""

    ready_s: int
    degraded_s: int
    down_s: int
    unknown_s: int
    maint_s: int


class SumsAnswer(Answer):
    """What was counted; docs/figures.md says what each figure is."""

    availability: ShareAnswer = Field(description="Settled: after the stations' own journals came.")
    live_availability: ShareAnswer = Field(description="As it was seen at the time.")
    availability_at_most: ShareAnswer = Field(description="Unexplained silence taken for ready.")
    reach: ShareAnswer = Field(description="Of all 24 hours with a fresh sign of life.")
    delivery: ShareAnswer = Field(description="Milliseconds that sounded of those owed.")
    punctuality: ShareAnswer = Field(description="Sounding starts within 5 s of those owed.")
    verified: ShareAnswer = Field(description="Airings somebody heard of those that sounded.")
    settled: TallyAnswer = Field(description="Service time.")
    live: TallyAnswer = Field(description="Service time.")
    heard_checks: int
    causes: dict[str, int] = Field(description="Settled seconds lost, by `state:cause`.")
    outcomes: dict[str, int] = Field(description="Slots by `outcome` or `outcome:reason`.")


class BarAnswer(Answer):
    """What a station must reach in a month to count as effective."""

    availability_per_mille: int
    delivery_per_mille: int
    longest_outage_s: int
    listening_checks: int


class EffectiveAnswer(Answer):
    """How many stations were effective in one month."""

    month: PeriodAnswer
    effective: int
    only_unheard: int = Field(description="Lack nothing but somebody who listened.")
    stations: int


class StationFiguresAnswer(Answer):
    """One station."""

    station_id: str
    place: str
    district: str
    is_effective: bool = Field(description="In every month of the period.")
    short: tuple[Shortfall, ...] = Field(description="Why not.")
    sums: SumsAnswer


class FiguresAnswer(Answer):
    """A place over a period."""

    place: PlaceName
    period: PeriodAnswer
    counted_until: datetime
    is_final: bool = Field(description="Whether every month of it is closed.")
    bar: BarAnswer
    effective: tuple[EffectiveAnswer, ...] = Field(description="By month.")
    sums: SumsAnswer
    centre: ShareAnswer = Field(description="Seconds the central system was running.")
    stations: tuple[StationFiguresAnswer, ...]


@operations.read("/figures", Scope.STATIONS_READ, refusals=frozenset({404}))
def figures(query: FiguresQuery) -> FiguresAnswer:
    """Availability, delivery and effective stations of a place over a period.

    Closed months are told as they were published.
    """
    actor = current_actor()
    found = services().figures.of(actor, query.place or actor.place_id, _period(query))
    return _answer(found, services().figures.bar)


def _period(query: FiguresQuery) -> Period:
    length = Length(query.length.value)
    if query.year is None and query.number is None:
        return period_of(query.basis, length, local_date(web_now()))
    year = query.year or local_date(web_now()).year
    try:
        return period(query.basis, length, year, query.number or 1)
    except ValueError as error:
        raise InvalidInputError(str(error), field="number", problem="no_such_period") from error


def _answer(found: PlaceFigures, bar: Bar) -> FiguresAnswer:
    return FiguresAnswer(
        place=place_name(found.place_id),
        period=_span(found.period),
        counted_until=found.counted_until,
        is_final=found.is_final,
        bar=BarAnswer(
            availability_per_mille=bar.availability_per_mille,
            delivery_per_mille=bar.delivery_per_mille,
            longest_outage_s=int(bar.longest_outage.total_seconds()),
            listening_checks=bar.listening_checks,
        ),
        effective=_months(found.effective),
        sums=_sums(found.sums),
        centre=_share(found.centre),
        stations=tuple(_station(one) for one in found.stations),
    )


def _span(one: Period) -> PeriodAnswer:
    return PeriodAnswer(
        basis=one.basis,
        length=one.length,
        year=one.year,
        number=one.number,
        first_on=one.first_on,
        last_on=one.last_on,
    )


def _months(found: Iterable[Effective]) -> tuple[EffectiveAnswer, ...]:
    return tuple(
        EffectiveAnswer(
            month=_span(one.month),
            effective=one.effective,
            only_unheard=one.only_unheard,
            stations=one.stations,
        )
        for one in found
    )


def _station(one: StationFigures) -> StationFiguresAnswer:
    return StationFiguresAnswer(
        station_id=one.station_id,
        place=one.names.place,
        district=one.names.district,
        is_effective=one.is_effective,
        short=one.short,
        sums=_sums(one.sums),
    )


def _sums(sums: Sums) -> SumsAnswer:
    return SumsAnswer(
        availability=_share(sums.availability),
        live_availability=_share(sums.live_availability),
        availability_at_most=_share(sums.availability_at_most),
        reach=_share(sums.reach),
        delivery=_share(sums.delivery),
        punctuality=_share(sums.punctuality),
        verified=_share(sums.verified),
        settled=_tally(sums.settled),
        live=_tally(sums.live),
        heard_checks=sums.heard_checks,
        causes=dict(sums.causes),
        outcomes=dict(sums.delivered.outcomes),
    )


def _share(share: DomainShare) -> ShareAnswer:
    return ShareAnswer(part=share.part, whole=share.whole, percent=share.percent)


def _tally(tally: Tally) -> TallyAnswer:
    return TallyAnswer(
        ready_s=tally.ready_s,
        degraded_s=tally.degraded_s,
        down_s=tally.down_s,
        unknown_s=tally.unknown_s,
        maint_s=tally.maint_s,
    )
