"""Tables of stations in a printed report: all of them, the worst, and where bulletins came last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from controller.services.figures import StationFigures
from controller.services.reports import Report
from controller.services.timeliness import StationTimes
from controller.web import formats, report_words
from controller.web.paper import blocks, sayings
from controller.web.paper.blocks import Block

_WORST_COLUMNS = (
    blocks.column("Trạm", fr=1.2),
    blocks.column("Huyện", fr=1.35),
    blocks.column("Khu vực", mm=12),
    blocks.column("Sẵn sàng", mm=19, is_number=True),
    blocks.column("Giờ bị mất", mm=18, is_number=True),
    blocks.column("Nguyên nhân chính", fr=1.5),
)
_EVERY_COLUMNS = (
    blocks.column("Trạm", fr=1),
    blocks.column("Cụm loa", mm=11, is_number=True),
    blocks.column("Sẵn sàng", mm=18, is_number=True),
    blocks.column("Phát được", mm=18, is_number=True),
    blocks.column("Gián đoạn dài nhất", mm=24, is_number=True),
    blocks.column("Nghe kiểm tra", mm=11, is_number=True),
    blocks.column("Hiệu quả", fr=1.6),
)
_SLOW_COLUMNS = (
    blocks.column("Trạm", fr=1),
    blocks.column("Huyện", fr=1),
    blocks.column("Khu vực", mm=12),
    blocks.column("Duyệt lúc", mm=31),
    blocks.column("Phát lần đầu", mm=31),
    blocks.column("Sau khi duyệt", mm=26, is_number=True),
)


def worst_table(report: Report) -> Block:
    """The stations that were ready least, with what cost them most."""
    rows = [
        blocks.row(
            sayings.station_word(one.names.station),
            formats.capitalised(one.names.district),
            one.names.zone or "–",
            sayings.percent(one.sums.availability),
            sayings.hours(one.sums.settled.counted_s - one.sums.settled.ready_s),
            _main_cause(one),
        )
        for one in report.worst
        if one.sums.settled.ready_s < one.sums.settled.counted_s
    ]
    return blocks.table(
        _WORST_COLUMNS, rows or [blocks.empty_row("Mọi trạm đều sẵn sàng trọn giờ phục vụ.")]
    )


def _main_cause(one: StationFigures) -> str:
    causes = sorted(one.sums.causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return report_words.cause_word(causes[0][0]) if causes else "–"


def every_station(report: Report) -> Block:
    """All of them by district, and what each falls short of."""
    return blocks.table(_EVERY_COLUMNS, _station_rows(report.figures.stations))


def _station_rows(stations: Sequence[StationFigures]) -> Iterator[Block]:
    if not stations:
        yield blocks.empty_row("Không có trạm nào trong kỳ.")
    district = ""
    for one in stations:
        if one.names.district != district:
            district = one.names.district
            yield blocks.group_row(formats.capitalised(district))
        longest = max((outage.length for outage in one.outages), default=timedelta())
        yield blocks.row(
            sayings.station_word(one.names.station),
            sayings.count(one.names.clusters) if one.names.clusters else "–",
            sayings.percent(one.sums.availability),
            sayings.percent(one.sums.delivery),
            sayings.span_words(longest) if longest else "không",
            sayings.count(one.sums.heard_checks),
            _short(one),
        )


def _short(one: StationFigures) -> str:
    """What it fell short of; of a longer period in one of its months at least."""
    if not one.months:
        return "–"
    said = sayings.short_words(one.short)
    return f"có tháng {said}" if len(one.months) > 1 and one.short else said


def slowest_table(slowest: Sequence[StationTimes]) -> Block:
    """Where a bulletin took longest from its approval to its first airing."""
    rows = [
        blocks.row(
            formats.capitalised(one.place.full_name),
            formats.capitalised(one.district.full_name) if one.district else "–",
            one.place.zone or "–",
            formats.moment(one.approved_at),
            formats.moment(one.aired_at),
            sayings.span_words(one.until_aired),
        )
        for one in slowest
    ]
    return blocks.table(_SLOW_COLUMNS, rows, "Nơi có bản tin phát lần đầu muộn nhất sau khi duyệt")
