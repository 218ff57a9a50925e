"""The drawings of figures with their words, for pages (`static/pictures.css`) and for paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from markupsafe import Markup

from controller.domain.availability import Tally, UptimeState, day_span
from controller.domain.pictures.bars import Words, histogram
from controller.domain.pictures.calendar_of_days import (
    CalendarWords,
    DayState,
    day_state,
    year_calendar,
)
from controller.domain.pictures.day_strip import Mark, Part, StripWords, day_strip
from controller.domain.pictures.svg import Look
from controller.domain.reconcile import UNKNOWN
from controller.domain.spread import Step, spread
from controller.services.station_days import StationDay
from controller.web import formats
from controller.web.emergency_words import step_word
from controller.web.words import outcome_words

BROAD, WIDE, HALF, NARROW = 1180, 640, 400, 328
"""Widths of drawings: of a whole sheet on a desk, of a column, beside a table, of a phone."""

IN_TIME_S = 10.0
"""So soon stations that can be reached are to sound; what is later is drawn as late."""


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
            None if one.outcome == UNKNOWN else one.played_ms > 0,
            f"{formats.clock(one.planned_at)} {outcome_words(one.outcome, one.reason)}",
        )
        for one in found.airings
        if one.is_owed
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
        _("Buổi không phát"),
        _("Buổi chưa rõ"),
    )
    service = [(minute(opens), minute(closes)) for opens, closes in found.service]
    return day_strip(parts, marks, service, words, width=width, look=look, key=key)


def sounding_picture(
    took_s: Iterable[float | None],
    *,
    width: float = WIDE,
    look: Look = Look.PAGE,
    key: str = "times",
) -> str:
    """How many stations sounded an emergency within how many seconds; None: one has not yet.

    Under each column stands where its step ends, fine below a second and coarse above, as in
    `controller.domain.spread`. Empty steps behind the slowest are left out.
    """
    every = list(took_s)
    heard = [one for one in every if one is not None]
    steps = [
        (_step_end(one), one.stations, one.to_s is not None and one.to_s <= IN_TIME_S)
        for one in spread(heard)
    ]
    silent = len(every) - len(heard)
    told = [
        _("%(step)s: %(n)s trạm", step=step_word(one), n=formats.number(one.stations))
        for one in spread(heard)
    ]
    told.append(_("chưa vang: %(n)s trạm", n=formats.number(silent)))
    words = Words(
        _("Thời gian đến khi trạm có tiếng"),
        "; ".join(told),
        _("Số trạm vang thêm đến mốc ấy, giây từ lúc bấm"),
    )
    columns = [*steps, (_("chưa"), silent, False)]
    return histogram(columns, words, formats.number, width=width, look=look, key=key)


def _step_end(step: Step) -> str:
    if step.to_s is None:
        return f"> {formats.number(step.from_s)}"
    return formats.number(step.to_s, 0 if step.to_s.is_integer() else 1)


def boxed(draw: Callable[[float, str], str]) -> Markup:
    """A drawing twice, as wide as a desk's column and as a phone's; `draw` gets width and key."""
    found = Markup()
    for kind, width in (("wide", WIDE), ("narrow", NARROW)):
        svg = Markup(draw(width, kind))  # noqa: S704 - our own drawing, its words escaped
        found += Markup('<div class="pic-{}">{}</div>').format(kind, svg)
    return found
