"""What was aired, in a printed report: outcomes of slots, own and relayed, topics, languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.domain.bulletins import Language
from controller.domain.effective import Share
from controller.domain.figures import Sums
from controller.web.bulletin_words import CATEGORIES, LANGUAGES
from controller.web.paper import blocks, sayings
from controller.web.paper.blocks import Block
from controller.web.words import SIGNS, outcome_words

_OUTCOME_COLUMNS = (
    blocks.column("Kết quả", fr=2),
    blocks.column("Số buổi", fr=1, is_number=True),
)
_HEARD_COLUMNS = (
    blocks.column("Nội dung", fr=2),
    blocks.column("Phút đã phát", fr=1, is_number=True),
    blocks.column("Phần của tổng số", fr=1, is_number=True),
)
_AUTHORITIES = {
    "commune": "Xã tự sản xuất",
    "district": "Tiếp phát của huyện",
    "province": "Tiếp phát của tỉnh",
    "lost": "Lịch đặt sau bản sao lưu, trung tâm không còn",
    "": "Theo lệnh",
}


def outcome_table(sums: Sums) -> Block:
    """How many slots ended how, and why; the most first."""
    order = {sign.value: number for number, sign in enumerate(SIGNS)}
    found = sorted(
        sums.delivered.outcomes.items(),
        key=lambda one: (order.get(one[0].partition(":")[0], len(order)), -one[1], one[0]),
    )
    rows = [blocks.row(_outcome(key), sayings.count(number)) for key, number in found]
    if rows:
        every = sum(sums.delivered.outcomes.values())
        rows.append(blocks.sum_row("Cộng", sayings.count(every)))
    return blocks.table(
        _OUTCOME_COLUMNS, rows or [blocks.empty_row("Không có buổi phát nào trong lịch.")]
    )


def _outcome(key: str) -> str:
    outcome, _colon, reason = key.partition(":")
    return outcome_words(outcome, reason or None)


def content_blocks(sums: Sums) -> Iterator[Block]:
    """Own and relayed minutes, topics, languages, and how often the same was aired again."""
    heard = sums.delivered.heard_ms
    rows = [
        *_rows("Nguồn", "authority", heard, _AUTHORITIES),
        *_rows("Chuyên mục", "category", heard, {**CATEGORIES, "": "Nhiều chuyên mục, chưa xếp"}),
        *_rows("Thứ tiếng", "language", heard, _languages()),
    ]
    yield blocks.table(
        _HEARD_COLUMNS, rows or [blocks.empty_row("Chưa phát nội dung nào trong kỳ.")]
    )
    variety = sums.variety
    if variety.whole:
        again = sayings.percent(Share(variety.whole - variety.part, variety.whole))
        yield blocks.text(
            f"Đã phát {sayings.count(variety.part)} bản tin khác nhau trong "
            f"{sayings.count(variety.whole)} lượt phát bản tin; phát lại chiếm {again}."
        )


def _languages() -> Mapping[str, object]:
    words: dict[str, object] = {language.value: LANGUAGES[language] for language in Language}
    return {**words, "": "Nhiều thứ tiếng"}


def _rows(
    name: str, kind: str, heard_ms: Mapping[str, int], words: Mapping[str, object]
) -> Iterator[Block]:
    found = {
        key.partition(":")[2]: spent
        for key, spent in heard_ms.items()
        if key.partition(":")[0] == kind and spent
    }
    every = sum(found.values())
    if every:
        yield blocks.group_row(name)
    for key, spent in sorted(found.items(), key=lambda one: (-one[1], one[0])):
        word = str(words.get(key, key))
        yield blocks.row(word, sayings.minutes_exact(spent), sayings.percent(Share(spent, every)))
