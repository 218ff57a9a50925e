"""The drawings of a report, for its page and for its paper, in the language of the reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from controller.domain.availability import Tally
from controller.domain.effective import Bar as Demanded
from controller.domain.effective import Share
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
from controller.web.pictures import WIDE, year_picture

_KINDS = ("thành phố ", "thị trấn ", "thị xã ", "huyện ", "phường ", "xã ")


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG, and in words what it shows."""

    svg: str
    alt: str


def groups_picture(
    groups: Sequence[Group], bar: Demanded, *, width: float = WIDE, look: Look = Look.PAGE
) -> Drawing:
    """Availability of districts or communes beside the bar."""
    limit = Share(bar.availability_per_mille, 1000)
    bars = [
        Bar(
            _bare(one.name),
            one.sums.availability.percent,
            _(
                "%(share)s · %(reached)s/%(stations)s trạm",
                share=report_words.percent_of(one.sums.availability),
                reached=one.effective,
                stations=one.stations,
            ),
        )
        for one in groups
    ]
    told = "; ".join(f"{one.name} {one.words}" for one in bars)
    name = _("Tỷ lệ sẵn sàng và số trạm hiệu quả")
    drawn = threshold_bars(
        bars,
        (limit.percent or 0.0, _("mức %(share)s", share=report_words.percent_of(limit, 1))),
        Words(name, told),
        _plain,
        width=width,
        look=look,
        key=f"groups{width:.0f}",
    )
    return Drawing(drawn, f"{name}: {told}")


def days_picture(
    report: Report, days: Mapping[date, Tally], *, width: float = WIDE, look: Look = Look.PAGE
) -> Drawing:
    """Each day of the place's one station."""
    span = report.figures.period
    name = _("Từng ngày của %(station)s", station=report.figures.stations[0].names.station)
    drawn = year_picture(
        days, (span.first_on, span.last_on), name, width=width, look=look, key=f"days{width:.0f}"
    )
    return Drawing(drawn, name)


def causes_picture(
    stations: Iterable[StationFigures], *, width: float = WIDE, look: Look = Look.PAGE
) -> Drawing | None:
    """Hours lost month by month, by cause; None when only one month is told."""
    by_month: dict[tuple[int, int], Counter[str]] = {}
    for station in stations:
        for month in station.months:
            which = (month.month.year, month.month.number)
            by_month.setdefault(which, Counter()).update(month.figures.sums.causes)
    if len(by_month) < 2:
        return None
    series = _most(by_month.values())
    columns = [
        Column(
            f"{number:02d}/{year % 100:02d}", tuple(part / 3600 for part in _parts(lost, series))
        )
        for (year, number), lost in sorted(by_month.items())
        for parts in [_parts(lost, series)]
    ]
    words = [*(report_words.cause_word(key) for key in series), _("Nguyên nhân khác")]
    told = "; ".join(f"{one.label}: {_plain(round(sum(one.parts), 1))}" for one in columns)
    name = _("Giờ phục vụ bị mất theo tháng và nguyên nhân")
    drawn = stacked_bars(
        columns,
        words if any(one.parts[-1] for one in columns) else words[:-1],
        Words(name, told, _("Giờ phục vụ bị mất, tổng các trạm")),
        _plain,
        width=width,
        look=look,
        key=f"causes{width:.0f}",
    )
    return Drawing(drawn, f"{name}: {told}")


def warned_picture(
    warned: Sequence[Warned], *, width: float = WIDE, look: Look = Look.PAGE
) -> Drawing | None:
    """How long it took until emergencies were heard; None when one station was all there was."""
    if sum(one.stations for one in warned) < 2:
        return None
    fast = sum(one.within_10_s for one in warned)
    soon = sum(one.within_5_min for one in warned) - fast
    heard = sum(one.sounded for one in warned)
    silent = sum(one.stations for one in warned) - heard
    columns = [
        (_("trong 10 giây"), fast, True),
        (_("trong 5 phút"), soon, True),
        (_("muộn hơn"), heard - fast - soon, False),
        (_("không phát"), silent, False),
    ]
    told = "; ".join(f"{label}: {number}" for label, number, _is_in_time in columns)
    name = _("Thời gian từ lúc ra lệnh khẩn cấp đến khi trạm có tiếng")
    axis = _("Số lượt trạm, theo thời gian đến khi có tiếng")
    drawn = histogram(
        columns, Words(name, told, axis), _plain, width=width, look=look, key=f"warned{width:.0f}"
    )
    return Drawing(drawn, f"{name}: {told}")


def _bare(name: str) -> str:
    """Phan Rang-Tháp Chàm, of "thành phố Phan Rang-Tháp Chàm": there is no room to say the kind."""
    kind = next((one for one in _KINDS if name.lower().startswith(one)), "")
    return name[len(kind) :]


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
    return formats.number(value, 0 if value == int(value) else 1)
