"""Official figures where they stand on other pages: above the board, on a station's page."""

from __future__ import annotations

from controller.domain.periods import Basis, Length, Period, before, period_of
from controller.domain.schedule import local_date
from controller.services.day_figures import Today
from controller.web import formats, report_words
from controller.web.context import web_now
from controller.web.policy import current_actor, services
from controller.web.reports import address


def effective() -> dict[str, object]:
    """The headline of the reader's place, and the words of it."""
    return {
        "headline": services().headlines.of(current_actor()),
        "bar_words": report_words.bar_words,
        "address": address,
        "as_of": local_date(web_now()),
        "calendar_month": _month,
    }


def _month(month: Period) -> str:
    """tháng 11/2026, inside a sentence."""
    return formats.uncapitalised(report_words.short_period(month))


def station_months(station_id: str, today: Today) -> dict[str, object]:
    """A station's last calendar month and the running one, and the words of them."""
    running = period_of(Basis.CALENDAR, Length.MONTH, local_date(web_now()))
    read = services().figures.of_station
    found = [
        (month, read(current_actor(), station_id, month, today))
        for month in (running, before(running))
    ]
    return {
        "months": [(month, figures) for month, figures in found if figures is not None],
        "bar": services().figures.bar,
        "bar_words": report_words.bar_words,
        "percent_of": report_words.percent_of,
        "short_period": report_words.short_period,
        "short_word": report_words.short_word,
        "address": address,
    }
