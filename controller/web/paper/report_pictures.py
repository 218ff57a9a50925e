"""The drawings of a printed report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from controller.domain.availability import Tally
from controller.domain.effective import Bar as Demanded
from controller.domain.pictures.bars import (
    Bar,
    Column,
    Words,
    histogram,
    stacked_bars,
    threshold_bars,
)
from controller.domain.pictures.svg import SERIES, Look
from controller.services.figures import StationFigures
from controller.services.reports import Group, Report, Warned
from controller.web import formats, report_words
from controller.web.paper import blocks, sayings
from controller.web.paper.blocks import Block
from controller.web.pictures import year_picture

WIDTH = 640
_OTHER = "Nguyên nhân khác"


def groups_picture(groups: Sequence[Group], bar: Demanded) -> Block:
    """Availability of districts or communes beside the bar."""
    limit = bar.availability_per_mille / 10
    bars = [
        Bar(
            formats.capitalised(one.name),
            one.sums.availability.percent,
            f"{sayings.percent(one.sums.availability)} · {one.effective}/{one.stations} trạm",
        )
        for one in groups
    ]
    told = "; ".join(f"{one.name} {one.words}" for one in bars)
    name = "Tỷ lệ sẵn sàng và số trạm hiệu quả"
    drawn = threshold_bars(
        bars,
        (limit, f"mức {sayings.per_mille(bar.availability_per_mille)}"),
        Words(name, told),
        _plain,
        width=WIDTH,
        look=Look.PAPER,
        key="groups",
    )
    return blocks.picture(drawn, f"{name}: {told}")


def days_picture(report: Report, days: Mapping[date, Tally]) -> Block:
    """Each day of the place's one station."""
    span = report.figures.period
    name = f"Từng ngày của {report.figures.stations[0].names.station}"
    drawn = year_picture(
        days, (span.first_on, span.last_on), name, width=WIDTH, look=Look.PAPER, key="days"
    )
    return blocks.picture(drawn, name)


def causes_picture(stations: Iterable[StationFigures]) -> Block | None:
    """Hours lost month by month, by cause; None when only one month is told."""
    by_month: dict[str, Counter[str]] = {}
    for station in stations:
        for month in station.months:
            label = f"{month.month.number:02d}/{month.month.year % 100:02d}"
            by_month.setdefault(label, Counter()).update(month.figures.sums.causes)
    if len(by_month) < 2:
        return None
    series = _most(by_month.values())
    columns = [
        Column(label, tuple(part / 3600 for part in _parts(by_month[label], series)))
        for label in sorted(by_month, key=lambda label: label.split("/")[::-1])
    ]
    words = [*(report_words.cause_word(key) for key in series), _OTHER]
    told = "; ".join(f"{one.label}: {_plain(round(sum(one.parts), 1))} giờ" for one in columns)
    name = "Giờ phục vụ bị mất theo tháng và nguyên nhân"
    drawn = stacked_bars(
        columns,
        words if any(one.parts[-1] for one in columns) else words[:-1],
        Words(name, told, "Giờ phục vụ bị mất, tổng các trạm"),
        _plain,
        width=WIDTH,
        look=Look.PAPER,
        key="causes",
    )
    return blocks.picture(drawn, f"{name}: {told}")


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


def _most(months: Iterable[Counter[str]]) -> list[str]:
    """The causes that took most, as many as can be told apart beside one for the rest."""
    every: Counter[str] = Counter()
    for one in months:
        every.update(one)
    return [key for key, _s in sorted(every.items(), key=lambda one: (-one[1], one[0]))][
        : len(SERIES) - 1
    ]


def _parts(lost: Mapping[str, int], series: Sequence[str]) -> list[int]:
    told = [lost.get(key, 0) for key in series]
    return [*told, sum(lost.values()) - sum(told)]


def _plain(value: float) -> str:
    return formats.number(value, 0 if value == int(value) else 1, sayings.LANG)
