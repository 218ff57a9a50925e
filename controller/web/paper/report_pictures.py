"""The drawings of a printed report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from controller.domain.availability import Tally
from controller.domain.effective import Bar as Demanded
from controller.domain.pictures.bars import (
    Words,
    histogram,
)
from controller.domain.pictures.svg import Look
from controller.services.figures import StationFigures
from controller.services.reports import Group, Report, Warned
from controller.web import formats, pictures
from controller.web.paper import blocks, sayings
from controller.web.paper.blocks import Block

WIDTH = 640


def groups_picture(groups: Sequence[Group], bar: Demanded) -> Block:
    """Availability of districts or communes beside the bar."""
    return blocks.picture(*pictures.groups_picture(groups, bar, width=WIDTH, look=Look.PAPER))


def days_picture(report: Report, days: Mapping[date, Tally]) -> Block:
    """Each day of the place's one station."""
    span = report.figures.period
    name = f"Từng ngày của {report.figures.stations[0].names.station}"
    drawn = pictures.year_picture(
        days, (span.first_on, span.last_on), name, width=WIDTH, look=Look.PAPER, key="days"
    )
    return blocks.picture(drawn, name)


def causes_picture(stations: Iterable[StationFigures]) -> Block | None:
    """Hours lost month by month, by cause; None when only one month is told."""
    drawn = pictures.causes_picture(stations, width=WIDTH, look=Look.PAPER)
    return None if drawn is None else blocks.picture(*drawn)


def warned_picture(warned: Sequence[Warned]) -> Block | None:
    """How long it took until emergencies were heard; None without one."""
    if not warned:
        return None
    fast = sum(one.within_10_s for one in warned)
    soon = sum(one.within_5_min for one in warned) - fast
    heard = sum(one.sounded for one in warned)
    silent = sum(one.stations for one in warned) - heard
    columns = [
        ("trong 10 giây", fast, True),
        ("10 giây–5 phút", soon, True),
        ("sau 5 phút", heard - fast - soon, False),
        ("không phát", silent, False),
    ]
    told = "; ".join(f"{label}: {number}" for label, number, _ok in columns)
    name = "Thời gian từ lúc ra lệnh khẩn cấp đến khi trạm có tiếng"
    drawn = histogram(
        columns,
        Words(name, told, "Số lượt trạm, theo thời gian từ lúc ra lệnh đến khi có tiếng"),
        _plain,
        width=WIDTH,
        look=Look.PAPER,
        key="warned",
    )
    return blocks.picture(drawn, f"{name}: {told}")


def _plain(value: float) -> str:
    return formats.number(value, 0 if value == int(value) else 1, sayings.LANG)
