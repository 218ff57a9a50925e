"""The drawings of figures with their words, for pages (`static/pictures.css`) and for paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from markupsafe import Markup

from controller.domain.availability import Tally, UptimeState, day_span
from controller.domain.delivery import IN_FLIGHT
from controller.domain.pictures.bars import Words, histogram
from controller.domain.pictures.calendar_of_days import (
    CalendarWords,
    DayState,
    day_state,
    year_calendar,
)
from controller.domain.pictures.day_strip import Mark, Part, StripWords, day_strip
from controller.domain.pictures.svg import Look
from controller.services.station_days import StationDay
from controller.web import formats
from controller.web.words import outcome_words

WIDE, NARROW = 640, 328
"""Widths of drawings: of a column on a desk, of a phone of 360 px."""

_BINS_S = (5, 10, 30, 60, 300)


def year_picture(
    tallies: Mapping[date, Tally],
    span: tuple[date, date],
    name: str,
    *,
    width: float = WIDE,
    look: Look = Look.PAGE,
    key: str = "year",
) -> str:
    """A station's days from the first to the last of `span`."""
    states = {day: day_state(tally) for day, tally in tallies.items()}
    counted = Counter(states.values())
    words = {
        DayState.WHOLE: _("Sẵn sàng cả ngày"),
        DayState.PARTLY: _("Có lúc không sẵn sàng"),
        DayState.OUT: _("Không sẵn sàng cả ngày"),
        DayState.UNKNOWN: _("Chưa rõ"),
        DayState.MAINT: _("Bảo trì"),
        DayState.AWAY: _("Không khai thác"),
    }
    told = "; ".join(f"{words[state]}: {counted[state]}" for state in words if counted[state])
    months = {number: _("Th %(number)s", number=number) for number in range(1, 13)}
    return year_calendar(
        states, span, CalendarWords(name, told, words, months), width=width, look=look, key=key
    )


def day_picture(
    found: StationDay, *, width: float = WIDE, look: Look = Look.PAGE, key: str = "day"
) -> str:
    """The 24 hours of a station's day."""
    begins, _ends = day_span(found.day)

    def minute(at: datetime) -> float:
        return (at - begins) / timedelta(minutes=1)

    states = {
        UptimeState.READY: _("Sẵn sàng"),
        UptimeState.DEGRADED: _("Trục trặc"),
        UptimeState.DOWN: _("Ngừng"),
        UptimeState.UNKNOWN: _("Chưa rõ"),
        UptimeState.MAINT: _("Bảo trì"),
    }
    parts = [Part(minute(one.from_at), minute(one.until_at), one.state) for one in found.stretches]
    marks = [
        Mark(
            minute(one.planned_at),
            minute(one.planned_at + timedelta(milliseconds=one.planned_ms)),
            one.played_ms > 0,
            f"{formats.clock(one.planned_at)} {outcome_words(one.outcome, one.reason)}",
        )
        for one in found.airings
        if one.outcome not in IN_FLIGHT
    ]
    told = "; ".join(
        f"{formats.clock_span(one.from_at, one.until_at)} {states[one.state]}"
        for one in found.stretches
    )
    words = StripWords(
        f"{found.station.name}, {formats.long_day(found.day)}",
        told,
        states,
        _("Giờ phục vụ"),
        _("Buổi phát"),
    )
    service = [(minute(opens), minute(closes)) for opens, closes in found.service]
    return day_strip(parts, marks, service, words, width=width, look=look, key=key)


def sounding_picture(
    took: Iterable[timedelta | None],
    *,
    width: float = WIDE,
    look: Look = Look.PAGE,
    key: str = "times",
) -> str:
    """How long stations took until an emergency sounded; None: one did not."""
    lengths = list(took)
    heard = [one.total_seconds() for one in lengths if one is not None]
    columns = [
        (label, sum(low < max(one, 0.001) <= high for one in heard), high <= 10)
        for label, low, high in _bins()
    ]
    columns.append((_("không"), len(lengths) - len(heard), False))
    told = "; ".join(f"{label}: {number}" for label, number, _is_in_time in columns)
    words = Words(
        _("Thời gian đến khi trạm có tiếng"), told, _("Số trạm, theo thời gian đến khi có tiếng")
    )
    return histogram(columns, words, formats.number, width=width, look=look, key=key)


def boxed(draw: Callable[[float, str], str]) -> Markup:
    """A drawing twice, as wide as a desk's column and as a phone's; `draw` gets width and key."""
    found = Markup()
    for kind, width in (("wide", WIDE), ("narrow", NARROW)):
        svg = Markup(draw(width, kind))  # noqa: S704 - our own drawing, its words escaped
        found += Markup('<div class="pic-{}">{}</div>').format(kind, svg)
    return found


def _bins() -> Sequence[tuple[str, float, float]]:
    """(what stands under it, above, up to), seconds."""
    found = []
    low = 0
    for high in _BINS_S:
        length = formats.duration(high * 1000)
        found.append((f"≤ {length}", float(low), float(high)))
        low = high
    return [*found, (f"> {formats.duration(low * 1000)}", float(low), float("inf"))]
