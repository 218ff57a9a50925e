"""Nhật ký phát: the book of one station for a month, slot by slot, as inspectors read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from controller.domain.delivery import IN_FLIGHT, NOT_OWED
from controller.domain.periods import Period
from controller.domain.places import PlaceTree, Station
from controller.domain.reconcile import UNKNOWN
from controller.services.reports import DRILL, EMERGENCY, LogLine
from controller.web import formats
from controller.web.paper import blocks, letterhead, sayings
from controller.web.paper.blocks import Block
from controller.web.words import SIGNS, outcome_words

AUTHORITIES = {
    "commune": "Xã",
    "district": "Huyện",
    "province": "Tỉnh",
    "emergency": "Lệnh khẩn cấp",
    "drill": "Diễn tập",
    "lost": "Lịch không còn",
    "": "Lệnh",
}
"""Whose programme it is, in a narrow column."""
BY_ORDER = "Tin phát theo lệnh"
"""What sounded by an order of which the centre knows nothing any more."""
_MARKS = {"emergency": "▲ KHẨN CẤP: ", "drill": "◊ DIỄN TẬP, không phải thật: "}
"""Sign and words before what an order made sound; they hold on a grey copy, too."""

_COLUMNS = (
    blocks.column("Giờ theo lịch", mm=17),
    blocks.column("Giờ phát", mm=17),
    blocks.column("Đã phát / theo lịch", mm=23, is_number=True),
    blocks.column("Nội dung", fr=1.35),
    blocks.column("Cấp", mm=17),
    blocks.column("Kết quả và lý do", fr=1),
)


def log_document(
    tree: PlaceTree,
    station: Station,
    month: Period,
    lines: Iterable[LogLine],
    *,
    organisation: str,
) -> Mapping[str, Any]:
    """The facts of the document; `lines` are the station's, in order of time."""
    place = tree.places[station.place_id]
    every = list(lines)
    title = f"Nhật ký phát {station.name}, {sayings.period_name(month)}"
    district = tree.district_of(place.place_id)
    where = f", {district.full_name}" if district is not None else ""
    return {
        "title": title,
        "author": letterhead.AUTHOR,
        "keywords": ["nhật ký phát", station.station_id],
        "heading": "NHẬT KÝ PHÁT",
        "subtitles": [f"{station.name}"],
        "remarks": [
            f"{letterhead.named(place)}{where}",
            f"{formats.capitalised(sayings.period_name(month))} ({sayings.days(month)})",
        ],
        "head": letterhead.title_block(tree, place, kind="NK", organisation=organisation),
        "footer": title,
        "page_word": "Trang",
        "blocks": [
            _sums(every),
            blocks.note(
                "Giờ theo đồng hồ tại trạm (UTC+7), 24 giờ. Giờ phát là lúc mẫu âm thanh đầu tiên "
                "ra loa theo sổ của trạm; buổi chưa có sổ ghi là chưa rõ, không ghi là đã phát."
            ),
            blocks.table(_COLUMNS, _rows(every, month)),
        ],
        "signatures": letterhead.signatures(
            ("NGƯỜI GHI NHẬT KÝ", "(Ký, ghi rõ họ tên)"),
            ("THỦ TRƯỞNG ĐƠN VỊ", "(Ký, ghi rõ họ tên, đóng dấu)"),
        ),
    }


def _sums(lines: Sequence[LogLine]) -> Block:
    drills = sum(line.authority == DRILL for line in lines)
    urgent = sum(line.authority == EMERGENCY for line in lines)
    lines = [line for line in lines if line.authority != DRILL]
    counted = Counter(line.outcome for line in lines)
    owed = [line for line in lines if line.outcome not in NOT_OWED | IN_FLIGHT]
    planned_ms = sum(line.planned_ms for line in owed)
    played_ms = sum(min(line.played_ms, line.planned_ms) for line in owed)
    told = ", ".join(
        f"{str(word).lower()} {counted[sign.value]}"
        for sign, (_class, _icon, word) in SIGNS.items()
        if counted[sign.value]
    )
    share = formats.percent(played_ms / planned_ms if planned_ms else None)
    return blocks.text(
        f"Trong tháng có {len(lines)} buổi phát{_among(urgent)}{': ' + told if told else ''}. "
        f"Đã phát {sayings.minutes_exact(played_ms)} phút trên "
        f"{sayings.minutes_exact(planned_ms)} phút phải phát ({share})."
        " Buổi đã hủy và buổi nhường bản khác không tính là phải phát."
        + (f" Ngoài ra có {drills} lần diễn tập, không tính vào số trên." if drills else "")
    )


def _among(urgent: int) -> str:
    return f", trong đó {urgent} lần theo lệnh khẩn cấp" if urgent else ""


def _rows(lines: Sequence[LogLine], month: Period) -> Iterator[Block]:
    by_day: Mapping[date, list[LogLine]] = {
        day: list(group)
        for day, group in groupby(lines, lambda line: formats.local(line.planned_at).date())
    }
    for day in month.days:
        mine = by_day.get(day, [])
        if not mine:
            continue
        yield blocks.group_row(f"{formats.long_day(day)} · {len(mine)} buổi")
        yield from (_row(line) for line in mine)
    if not by_day:
        yield blocks.empty_row("Không có buổi phát nào trong lịch của tháng.")


def _row(line: LogLine) -> Block:
    result = outcome_words(line.outcome, line.reason)
    if line.outcome == UNKNOWN and line.started_at and not line.reason:
        result += ": đã bắt đầu, chưa có báo hết"
    if line.corrected:
        result += f" (đã đính chính {line.corrected} lần)"
    title = _MARKS.get(line.authority, "") + (line.title or BY_ORDER)
    is_told = line.outcome not in IN_FLIGHT and (line.played_ms or line.outcome != UNKNOWN)
    played = formats.length(line.played_ms) if is_told else "–"
    planned = formats.length(line.planned_ms) if line.planned_ms else "–"
    if line.approved_by:
        title += f"\nDuyệt: {', '.join(line.approved_by)}"
    return blocks.row(
        formats.clock_s(line.planned_at),
        formats.clock_s(line.started_at),
        f"{played} / {planned}",
        title,
        AUTHORITIES.get(line.authority, line.authority),
        result,
    )
