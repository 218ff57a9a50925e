"""Báo cáo: what a place did over a period, from `n/65 trạm hoạt động hiệu quả` to who signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

from controller.domain.availability import Tally
from controller.domain.delivery import PUNCTUAL_WITHIN
from controller.domain.effective import Share
from controller.domain.figures import Sums
from controller.domain.pictures.svg import Look
from controller.domain.places import PlaceTree
from controller.services.reports import REMOTE, Group, Report, Warned
from controller.web import formats, report_words
from controller.web.emergency_words import HAZARDS
from controller.web.paper import blocks, letterhead, sayings
from controller.web.paper.blocks import Block
from controller.web.paper.report_contents import content_blocks, outcome_table
from controller.web.paper.report_stations import every_station, slowest_table, worst_table
from controller.web.report_pictures import (
    Drawing,
    causes_picture,
    days_picture,
    groups_picture,
    warned_picture,
)

_MONTH_COLUMNS = (
    blocks.column("Tháng", fr=1),
    blocks.column("Từ ngày–đến hết ngày", fr=1.4),
    blocks.column("Trạm hiệu quả", fr=1, is_number=True),
    blocks.column("Chỉ thiếu lần nghe kiểm tra", fr=1, is_number=True),
)
_RESULT_COLUMNS = (
    blocks.column("Chỉ tiêu", fr=1.5),
    blocks.column("Kết quả", mm=27, is_number=True),
    blocks.column("Số đếm được", fr=1, is_number=True),
    blocks.column("Ghi chú", fr=1.25),
)
_GROUP_COLUMNS = (
    blocks.column("Địa bàn", fr=1.5),
    blocks.column("Trạm hiệu quả", mm=17, is_number=True),
    blocks.column("Sẵn sàng", mm=19, is_number=True),
    blocks.column("Thấy lúc đó", mm=19, is_number=True),
    blocks.column("Phát được", mm=19, is_number=True),
    blocks.column("Đúng giờ", mm=19, is_number=True),
    blocks.column("Nghe kiểm tra", mm=16, is_number=True),
)
_CAUSE_COLUMNS = (
    blocks.column("Nguyên nhân", fr=2),
    blocks.column("Giờ phục vụ bị mất", fr=1, is_number=True),
    blocks.column("Phần của tổng số mất", fr=1, is_number=True),
)
_WARNED_COLUMNS = (
    blocks.column("Lúc", mm=19),
    blocks.column("Nội dung", fr=1),
    blocks.column("Trạm", mm=12, is_number=True),
    blocks.column("Có liên lạc", mm=16, is_number=True),
    blocks.column("Có tiếng", mm=14, is_number=True),
    blocks.column("Trong 10 giây", mm=16, is_number=True),
    blocks.column("Trong 5 phút", mm=15, is_number=True),
)
_CORRECTION_COLUMNS = (
    blocks.column("Trạm", fr=1),
    blocks.column("Tháng", mm=18),
    blocks.column("Sẵn sàng, đã chốt", mm=26, is_number=True),
    blocks.column("nay là", mm=19, is_number=True),
    blocks.column("Phát được, đã chốt", mm=24, is_number=True),
    blocks.column("nay là", mm=19, is_number=True),
)


def report_document(
    tree: PlaceTree,
    report: Report,
    days: Mapping[date, Tally] | None = None,
    *,
    organisation: str = "",
) -> Mapping[str, Any]:
    """The facts of the document; `days`: of the one station of the place, to be drawn."""
    place, span = report.place, report.figures.period
    name = f"Báo cáo hoạt động truyền thanh cơ sở {place.full_name}"
    return {
        "title": f"{name}, {sayings.period_name(span)}",
        "author": letterhead.AUTHOR,
        "keywords": ["báo cáo", place.place_id, str(span.first_on), str(span.last_on)],
        "heading": "BÁO CÁO",
        "subtitles": [f"Hoạt động của hệ thống truyền thanh cơ sở {place.full_name}"],
        "remarks": [sayings.period_words(span), _as_of(report)],
        "head": letterhead.title_block(tree, place, kind="BC", organisation=organisation),
        "footer": f"{name}, {sayings.period_name(span)}",
        "page_word": "Trang",
        "blocks": list(_blocks(report, days)),
        "signatures": letterhead.signatures(
            ("NGƯỜI LẬP BIỂU", "(Ký, ghi rõ họ tên)"),
            ("THỦ TRƯỞNG ĐƠN VỊ", "(Ký, ghi rõ họ tên, đóng dấu)"),
        ),
    }


def _as_of(report: Report) -> str:
    until = formats.moment(report.figures.counted_until)
    if report.figures.is_final:
        return f"Số liệu đã chốt, tính đến {until}"
    return f"Số liệu tính đến {until}, chưa chốt, còn có thể thay đổi"


def _blocks(report: Report, days: Mapping[date, Tally] | None) -> Iterator[Block]:
    yield _headline(report)
    if report.figures.effective:
        yield blocks.note(report_words.bar_words(report.figures.effective[0].bar))
    if len(report.figures.effective) > 1:
        yield _months(report)
    several = len(report.figures.stations) != 1
    parts: tuple[tuple[str, Iterable[Block]], ...] = (
        ("Kết quả chung", _results(report)),
        *((("Theo địa bàn", _by_place(report)),) if several else ()),
        *(
            (("Từng ngày", [_picture(days_picture(report, days, look=Look.PAPER))]),)
            if days
            else ()
        ),
        ("Nguyên nhân mất giờ phục vụ", _causes(report)),
        ("Buổi phát", [outcome_table(report.figures.sums)]),
        ("Nội dung đã phát", content_blocks(report.figures.sums)),
        ("Khẩn cấp và diễn tập", _emergencies(report)),
        ("Thời gian tin đến cơ sở", _slowest(report)),
        *((("Trạm kém sẵn sàng nhất", [worst_table(report)]),) if several else ()),
        ("Đính chính sau khi chốt số liệu", _corrections(report)),
        ("Từng trạm", [every_station(report)]),
    )
    for number, (name, found) in enumerate(parts, start=1):
        yield blocks.heading(f"{number}. {name}")
        yield from found


def _headline(report: Report) -> Block:
    figures = report.figures
    reached = sum(one.is_effective for one in figures.stations)
    lines = []
    if len(figures.effective) == 1:
        month = figures.effective[0]
        if month.only_unheard:
            lines.append(f"{month.only_unheard} trạm khác chỉ thiếu lần nghe kiểm tra")
    elif figures.effective:
        lines.append("đạt mức ở mọi tháng của kỳ báo cáo")
    lines.append(
        f"Sẵn sàng {sayings.percent(figures.sums.availability)} · "
        f"phát được {sayings.percent(figures.sums.delivery)}"
    )
    return blocks.headline(f"{reached}/{len(figures.stations)}", "trạm hoạt động hiệu quả", lines)


def _months(report: Report) -> Block:
    rows = [
        blocks.row(
            formats.capitalised(sayings.period_name(one.month)),
            sayings.days(one.month),
            f"{one.effective}/{one.stations}" if one.stations else "–",
            str(one.only_unheard) if one.stations else "–",
        )
        for one in report.figures.effective
    ]
    return blocks.table(_MONTH_COLUMNS, rows, "Số trạm hiệu quả theo tháng")


def _days(report: Report, days: Mapping[date, Tally]) -> Iterator[Block]:
    yield _picture(days_picture(report, days, look=Look.PAPER))


def _picture(drawn: Drawing) -> Block:
    return blocks.picture(drawn.svg, drawn.alt)


# --- results --------------------------------------------------------------------------------------


def _results(report: Report) -> Iterator[Block]:
    sums = report.figures.sums
    rows = [
        *_uptime_rows(sums),
        *_delivery_rows(sums),
        _repair_row(report),
        *_warned_rows(report),
        blocks.row(
            "Hệ thống trung tâm hoạt động",
            sayings.percent(report.figures.centre),
            _hours(report.figures.centre),
            "trạm vẫn tự phát khi trung tâm ngừng",
        ),
    ]
    yield blocks.table(_RESULT_COLUMNS, rows)
    yield blocks.note(
        "Mọi tỷ lệ là tổng tử số trên tổng mẫu số của các trạm, không phải trung bình cộng của các "
        "tỷ lệ; chữ số sau bỏ đi, không làm tròn lên. “Thấy lúc đó” tính mất liên lạc là không sẵn "
        "sàng; “đã xác nhận” dùng sổ của chính trạm gửi về sau. Bảo trì báo trước không tính vào "
        "mẫu số."
    )


def _uptime_rows(sums: Sums) -> Iterator[Block]:
    least, most = sums.availability, sums.availability_at_most
    yield blocks.row(
        "Sẵn sàng trong giờ phục vụ, đã xác nhận",
        sayings.percent(least),
        _hours(least),
        f"nằm trong khoảng {sayings.percent(least)}–{sayings.percent(most)}",
    )
    yield blocks.row(
        "Sẵn sàng trong giờ phục vụ, thấy lúc đó",
        sayings.percent(sums.live_availability),
        _hours(sums.live_availability),
        "mất liên lạc tính là không sẵn sàng",
    )
    yield blocks.row(
        "Sẵn sàng suốt 24 giờ, đã xác nhận",
        sayings.percent(sums.round_the_clock),
        _hours(sums.round_the_clock),
        "sẵn sàng cho tin khẩn cấp",
    )
    yield blocks.row(
        "Có liên lạc với trung tâm, 24 giờ", sayings.percent(sums.reach), _hours(sums.reach), ""
    )
    yield blocks.row(
        "Bảo trì đã báo trước", "–", f"{sayings.hours(sums.settled.maint_s)} giờ", "ngoài mẫu số"
    )


def _delivery_rows(sums: Sums) -> Iterator[Block]:
    sent, within = sums.delivered, int(PUNCTUAL_WITHIN.total_seconds())
    yield blocks.row(
        "Thời lượng phát được",
        sayings.percent(sums.delivery),
        f"{sayings.minutes(sent.played_ms)}/{sayings.minutes(sent.planned_ms)} phút",
        "buổi hủy và nhường không tính",
    )
    yield blocks.row(
        f"Bắt đầu đúng giờ (±{within} giây)",
        sayings.percent(sums.punctuality),
        _counted(sums.punctuality, "buổi"),
        "",
    )
    yield blocks.row(
        "Buổi phát có người nghe xác nhận",
        sayings.percent(sums.verified),
        _counted(sums.verified, "buổi"),
        f"{sayings.count(sums.heard_checks)} lần nghe kiểm tra",
    )


def _repair_row(report: Report) -> Block:
    repair = report.repair
    return blocks.row(
        "Thời gian khắc phục (trung vị)",
        sayings.span_words(repair.median),
        f"{sayings.count(repair.ended)} lần gián đoạn đã hết",
        f"90 % số lần: không quá {sayings.span_words(repair.p90)}; {repair.open} lần chưa hết",
    )


def _warned_rows(report: Report) -> Iterator[Block]:
    for name, found in (("Khẩn cấp", report.warned), ("Diễn tập", report.drills)):
        fast = Share(sum(one.within_10_s for one in found), sum(one.online for one in found))
        soon = Share(sum(one.within_5_min for one in found), sum(one.stations for one in found))
        yield blocks.row(
            f"{name}: có tiếng trong 10 giây",
            sayings.percent(fast),
            _counted(fast, "trạm có liên lạc"),
            f"trong 5 phút: {sayings.percent(soon)} của {sayings.count(soon.whole)} lượt trạm"
            if found
            else "không có trong kỳ",
        )


def _hours(share: Share) -> str:
    if not share.whole:
        return "–"
    return f"{sayings.hours(share.part)}/{sayings.hours(share.whole)} giờ"


def _counted(share: Share, unit: str) -> str:
    if not share.whole:
        return "–"
    return f"{sayings.count(share.part)}/{sayings.count(share.whole)} {unit}"


# --- places and causes ----------------------------------------------------------------------------


def _by_place(report: Report) -> Iterator[Block]:
    if report.groups and report.figures.effective:
        bar = report.figures.effective[0].bar
        yield _picture(groups_picture(report.groups, bar, look=Look.PAPER))
    whole = Group(
        "",
        f"Cộng {report.place.full_name}",
        len(report.figures.stations),
        sum(one.is_effective for one in report.figures.stations),
        report.figures.sums,
    )
    rows = [blocks.row(*_group_cells(one)) for one in report.groups]
    rows.append(blocks.sum_row(*_group_cells(whole)))
    for group, name in (
        (report.remote, f"Trong đó: xã khu vực {REMOTE}"),
        (report.coastal, "Trong đó: xã, phường ven biển"),
    ):
        if group.stations:
            rows.append(blocks.row(*_group_cells(group, name)))
    yield blocks.table(_GROUP_COLUMNS, rows)


def _group_cells(group: Group, name: str = "") -> Sequence[str]:
    sums = group.sums
    return (
        name or formats.capitalised(group.name),
        f"{group.effective}/{group.stations}",
        sayings.percent(sums.availability),
        sayings.percent(sums.live_availability),
        sayings.percent(sums.delivery),
        sayings.percent(sums.punctuality),
        sayings.count(sums.heard_checks),
    )


def _causes(report: Report) -> Iterator[Block]:
    drawn = causes_picture(report.figures.stations, look=Look.PAPER)
    if drawn is not None:
        yield _picture(drawn)
    causes = report.figures.sums.causes
    lost = sum(causes.values())
    rows = [
        blocks.row(word, sayings.hours(seconds), sayings.percent(Share(seconds, lost)))
        for word, seconds in report_words.causes_sorted(causes)
    ]
    if rows:
        rows.append(blocks.sum_row("Cộng", sayings.hours(lost), sayings.percent(Share(lost, lost))))
    else:
        rows = [blocks.empty_row("Không mất giờ phục vụ nào.")]
    yield blocks.table(_CAUSE_COLUMNS, rows)


# --- emergencies, speed, corrections --------------------------------------------------------------


def _emergencies(report: Report) -> Iterator[Block]:
    drawn = warned_picture(report.warned, look=Look.PAPER)
    if drawn is not None:
        yield _picture(drawn)
    groups = (("Khẩn cấp", report.warned), ("Diễn tập", report.drills))
    rows = chain.from_iterable(
        [blocks.group_row(name), *(_warned_row(one) for one in found)]
        for name, found in groups
        if found
    )
    listed = list(rows) or [blocks.empty_row("Không có lần phát khẩn cấp hay diễn tập nào.")]
    yield blocks.table(_WARNED_COLUMNS, listed)


def _warned_row(one: Warned) -> Block:
    view = one.view
    level = f", cấp {view.level}" if view.level is not None else ""
    sent_at = view.sent_at
    when = f"{formats.clock_s(sent_at)}\n{formats.day(sent_at)}"
    numbers = (one.stations, one.online, one.sounded, one.within_10_s, one.within_5_min)
    title = f"{view.title}\n{HAZARDS[view.hazard]}{level}"
    return blocks.row(when, title, *(sayings.count(number) for number in numbers))


def _slowest(report: Report) -> Iterator[Block]:
    told = f"Trong kỳ có {sayings.count(report.bulletins)} bản tin được duyệt lần đầu."
    if report.looked_at < report.bulletins:
        told += " Kỳ này có quá nhiều bản tin nên không lập bảng; xem báo cáo từng tháng."
    yield blocks.text(told)
    if report.slowest:
        yield slowest_table(report.slowest)


def _corrections(report: Report) -> Iterator[Block]:
    if not report.corrections:
        months = [month for one in report.figures.stations for month in one.months]
        is_closed = any(month.closed_at is not None for month in months)
        yield blocks.text(
            "Không có: sổ ghi đến nay cho cùng số liệu như khi chốt."
            if is_closed
            else "Chưa có: số liệu của kỳ chưa chốt."
        )
        return
    rows = [
        blocks.row(
            sayings.station_word(one.station.names.station),
            f"{one.month.number:02d}/{one.month.year}",
            sayings.percent(one.published.availability),
            sayings.percent(one.now.availability),
            sayings.percent(one.published.delivery),
            sayings.percent(one.now.delivery),
        )
        for one in report.corrections
    ]
    yield blocks.note(
        "Số liệu chính thức vẫn là số đã công bố; bảng này cho biết sổ ghi đến sau nói gì."
    )
    yield blocks.table(_CORRECTION_COLUMNS, rows)
