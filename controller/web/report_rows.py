"""The tables of a report as rows of cells, for CSV and XLSX alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask_babel import gettext as _

from controller.domain.effective import Share
from controller.domain.figures import Sums
from controller.services.reports import LogLine, Report
from controller.web import formats
from controller.web.counting import counted
from controller.web.report_words import short_word
from controller.web.words import outcome_words

Cell = str | int | float | None


def station_header() -> tuple[str, ...]:
    """What each column of `station_rows` is."""
    return (
        _("Huyện"),
        _("Xã, phường, thị trấn"),
        _("Mã trạm"),
        _("Khu vực"),
        _("Ven biển"),
        _("Hiệu quả"),
        _("Vì sao chưa"),
        *sums_header(),
    )


def sums_header() -> tuple[str, ...]:
    """The columns of sums; every share stands with its numerator and denominator."""
    return (
        _("Sẵn sàng, đã xác nhận (%)"),
        _("Phút sẵn sàng"),
        _("Phút trục trặc"),
        _("Phút tắt"),
        _("Phút không rõ"),
        _("Phút bảo trì"),
        _("Phút phục vụ"),
        _("Sẵn sàng, thấy lúc đó (%)"),
        _("Có liên lạc, cả ngày đêm (%)"),
        _("Phát được (%)"),
        _("Phút đã phát"),
        _("Phút phải phát"),
        _("Đúng giờ (%)"),
        _("Buổi đúng giờ"),
        _("Buổi phải phát"),
        _("Lần nghe kiểm tra thấy loa"),
        _("Buổi có người nghe xác nhận"),
    )


def station_rows(report: Report) -> Iterator[tuple[Cell, ...]]:
    """One row a station, in the fixed order of places."""
    for one in report.figures.stations:
        yield (
            formats.capitalised(one.names.district),
            formats.capitalised(one.names.place),
            one.station_id,
            one.names.zone,
            _("có") if one.names.is_coastal else "",
            _("có") if one.is_effective else _("chưa"),
            ", ".join(short_word(why) for why in one.short),
            *sums_cells(one.sums),
        )


def sums_cells(sums: Sums) -> tuple[Cell, ...]:
    """The sums of a station, a district or a province."""
    settled, sent = sums.settled, sums.delivered
    return (
        _percent(sums.availability),
        _minutes(settled.ready_s),
        _minutes(settled.degraded_s),
        _minutes(settled.down_s),
        _minutes(settled.unknown_s),
        _minutes(settled.maint_s),
        _minutes(settled.total_s),
        _percent(sums.live_availability),
        _percent(sums.reach),
        _percent(sums.delivery),
        _minutes(sent.played_ms / 1000),
        _minutes(sent.planned_ms / 1000),
        _percent(sums.punctuality),
        sent.punctual,
        sent.due,
        sums.heard_checks,
        sent.verified,
    )


def _percent(share: Share) -> float | None:
    percent = share.percent
    return None if percent is None else round(percent, 3)


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)


def log_header() -> tuple[str, ...]:
    """What each column of `log_rows` is."""
    return (
        _("Ngày"),
        _("Giờ theo lịch"),
        _("Mã trạm"),
        _("Xã, phường, thị trấn"),
        _("Nội dung"),
        _("Cấp"),
        _("Người duyệt"),
        _("Thời lượng (giây)"),
        _("Bắt đầu phát"),
        _("Đã phát (giây)"),
        _("Kết quả"),
        _("Mã kết quả"),
        _("Số lần sửa sau"),
    )


def log_rows(lines: Iterable[LogLine], places: dict[str, str]) -> Iterator[tuple[Cell, ...]]:
    """One row a slot and station; `places`: what the station's place is called, by station."""
    for line in lines:
        yield (
            formats.day(line.planned_at),
            formats.clock_s(line.planned_at),
            line.station_id,
            places.get(line.station_id, line.station_id),
            line.title or _("Tin phát theo lệnh"),
            level_word(line.authority),
            ", ".join(line.approved_by),
            round(line.planned_ms / 1000),
            formats.clock_s(line.started_at) if line.started_at else "",
            round(line.played_ms / 1000),
            outcome_words(line.outcome, line.reason),
            f"{line.outcome}:{line.reason}" if line.reason else line.outcome,
            line.corrected,
        )


def level_word(authority: str) -> str:
    """Whose slot it is."""
    return {
        "province": _("tỉnh"),
        "district": _("huyện"),
        "commune": counted("xã", 1),
        "emergency": _("lệnh khẩn cấp"),
        "drill": _("diễn tập"),
        "lost": _("lịch không còn ở trung tâm"),
    }.get(authority, _("lệnh"))


def decimal_comma(cell: Cell) -> Cell:
    """A number as a Vietnamese spreadsheet reads it from CSV: 98,72 without thousands' points.

    Never with three decimals: an English one would take 98,765 for ninety-eight thousand.
    """
    if not isinstance(cell, float):
        return cell
    whole, point, decimals = f"{cell:.10g}".partition(".")
    zero = "0" if len(decimals) == 3 else ""
    return f"{whole},{decimals}{zero}" if point else whole
