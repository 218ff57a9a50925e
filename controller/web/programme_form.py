"""The form of a programme: the items in their order, and the buttons that change it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from controller.domain.programmes import (
    MOST_ITEMS,
    MOST_PAUSE_MS,
    OF_A_BULLETIN,
    Chimes,
    ItemKind,
    Joints,
    Named,
)
from controller.services.programmes import ItemWish, ProgrammeWish
from station_protocol.vocabulary import EndPolicy

KINDS = {
    "ident": _l("Nhạc hiệu"),
    "opening-station": _l("Lời xướng, tên đài xã"),
    "opening-place": _l("Lời xướng, tên đài nơi soạn"),
    "bulletin": _l("Bản tin"),
    "feature": _l("Chuyên mục"),
    "notice": _l("Thông báo"),
    "music": _l("Âm nhạc"),
    "chime": _l("Chuông báo"),
    "closing": _l("Nhạc kết"),
}
"""Every kind of item as the form calls it, in the usual order of a programme."""

CHIMES = {
    Chimes.FIRST: _l("Chỉ trước tin đầu"),
    Chimes.EACH: _l("Trước mỗi tin"),
    Chimes.NONE: _l("Không có chuông"),
}
END_POLICIES = {
    EndPolicy.CUT: _l("Dừng hẳn"),
    EndPolicy.FINISH_ITEM: _l("Đọc hết mục đang phát rồi nhường"),
    EndPolicy.RESUME: _l("Nhường, xong phát tiếp"),
}
"""What becomes of the programme when a higher one takes the air; an emergency never waits."""

_DEED = re.compile(r"(up|down|drop):(\d{1,2})", re.ASCII)
_OPEN = re.compile(r"open:(\d{1,2})", re.ASCII)
_SECONDS = re.compile(r"(\d)(?:[.,](\d))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProgrammeForm:
    """The fields as they stand in the page."""

    title: str = ""
    items: tuple[ItemWish, ...] = ()
    chimes: str = Chimes.FIRST.value
    pause_s: str = "1"
    end_policy: str = EndPolicy.CUT.value
    is_template: bool = False
    programme_id: str = ""
    row_version: str = ""
    opened: int | None = None
    """The item somebody without a script wants to choose a bulletin for."""
    problems: Mapping[str, str] = field(default_factory=dict)

    def problem(self, name: str) -> str | None:
        """The sentence under a field."""
        return self.problems.get(name)

    def with_problem(self, name: str, words: str) -> ProgrammeForm:
        """The same form with one more problem."""
        return replace(self, problems={**self.problems, name: words})


def usual(voice: str) -> tuple[ItemWish, ...]:
    """The items a programme of a commune usually has; bulletins are still to be chosen."""
    opening = [ItemWish(ItemKind.OPENING, voice=voice)] if voice else []
    return (
        ItemWish(ItemKind.IDENT),
        *opening,
        ItemWish(ItemKind.BULLETIN),
        ItemWish(ItemKind.FEATURE),
        ItemWish(ItemKind.NOTICE),
        ItemWish(ItemKind.CLOSING),
    )


def key_of(item: ItemWish) -> str:
    """The kind of an item as the form calls it."""
    if item.kind is ItemKind.OPENING:
        return f"opening-{item.named.value}"
    return item.kind.value


def item_of(key: str, bulletin_id: str, voice: str) -> ItemWish | None:
    """An item of the form; None for a kind that does not exist."""
    if key not in KINDS:
        return None
    kind, _dash, named = key.partition("-")
    if named:
        return ItemWish(ItemKind.OPENING, named=Named(named), voice=voice)
    chosen = ItemKind(kind)
    return ItemWish(chosen, bulletin_id if chosen in OF_A_BULLETIN else "")


def form_of(wish: ProgrammeWish, programme_id: str = "", row_version: int = 0) -> ProgrammeForm:
    """The form filled with a programme; without an id it is a copy."""
    return ProgrammeForm(
        title=wish.title,
        items=wish.items,
        chimes=wish.joints.chimes.value,
        pause_s=f"{wish.joints.pause_ms / 1000:g}".replace(".", ","),
        end_policy=wish.end_policy.value,
        is_template=wish.is_template and bool(programme_id),
        programme_id=programme_id,
        row_version=str(row_version) if programme_id else "",
    )


def form_from(values: MultiDict[str, str], voice: str) -> ProgrammeForm:
    """The form as it was sent, with the button that was pressed already obeyed.

    `voice` speaks an opening that is added.
    """
    rows = zip(
        values.getlist("kind"), values.getlist("bulletin"), values.getlist("voice"), strict=False
    )
    items = [item for row in rows if (item := item_of(*row)) is not None]
    form = ProgrammeForm(
        title=values.get("title", ""),
        items=tuple(items),
        chimes=values.get("chimes", ""),
        pause_s=values.get("pause_s", ""),
        end_policy=values.get("end_policy", ""),
        is_template="is_template" in values,
        programme_id=values.get("programme_id", ""),
        row_version=values.get("row_version", ""),
    )
    found = _OPEN.fullmatch(values.get("do", ""))
    opened = int(found[1]) if found else None
    return replace(form, items=_obeyed(form.items, values, voice), opened=opened)


def _obeyed(
    items: tuple[ItemWish, ...], values: MultiDict[str, str], voice: str
) -> tuple[ItemWish, ...]:
    deed = values.get("do", "")
    if deed == "add":
        added = item_of(values.get("add", ""), "", voice)
        return items if added is None else _with(items, added)
    found = _DEED.fullmatch(deed)
    if found is None or int(found[2]) >= len(items):
        return items
    return moved(items, found[1], int(found[2]))


def _with(items: tuple[ItemWish, ...], added: ItemWish) -> tuple[ItemWish, ...]:
    """A new item stands before the sign-off, which is last."""
    if items and items[-1].kind is ItemKind.CLOSING and added.kind is not ItemKind.CLOSING:
        return (*items[:-1], added, items[-1])
    return (*items, added)


def moved(items: Sequence[ItemWish], deed: str, at: int) -> tuple[ItemWish, ...]:
    """The items with one of them moved `up` or `down` by one place, or `drop`ped."""
    rest = [*items[:at], *items[at + 1 :]]
    if deed != "drop":
        to = max(0, at - 1) if deed == "up" else at + 1
        rest.insert(to, items[at])
    return tuple(rest)


def open_row(items: Sequence[ItemWish], opened: int | None) -> int | None:
    """The one row that shows every bulletin: the one asked for, else the first still to choose."""
    takers = [at for at, item in enumerate(items) if item.kind in OF_A_BULLETIN]
    if opened in takers:
        return opened
    return next((at for at in takers if not items[at].bulletin_id), None)


def read(form: ProgrammeForm) -> tuple[ProgrammeWish, ProgrammeForm]:
    """What the form asks for, and the form with the problems of what cannot be read."""
    problems: dict[str, str] = {}
    pause_ms = _pause_ms(form.pause_s)
    if pause_ms is None:
        problems["pause"] = _("Gõ số giây từ 0 đến 5, như 1 hoặc 0,5.")
    known = {policy.value for policy in EndPolicy}
    wish = ProgrammeWish(
        title=form.title,
        items=form.items,
        joints=Joints(
            Chimes(form.chimes) if form.chimes in set(Chimes) else Chimes.FIRST, pause_ms or 0
        ),
        end_policy=EndPolicy(form.end_policy) if form.end_policy in known else EndPolicy.CUT,
        is_template=form.is_template,
    )
    return wish, replace(form, problems=problems)


def _pause_ms(text: str) -> int | None:
    found = _SECONDS.fullmatch(text.strip() or "0")
    if found is None:
        return None
    pause_ms = int(found[1]) * 1000 + int(found[2] or 0) * 100
    return pause_ms if pause_ms <= MOST_PAUSE_MS else None


_PROBLEMS = {
    "no_bulletin": _l("Chương trình cần ít nhất một bản tin, chuyên mục hoặc thông báo."),
    "no_voice": _l(
        "Giọng đọc của lời xướng không có ở trung tâm. Chọn giọng khác, hoặc bỏ mục đó."
    ),
    "open_place": _l("Còn mục chưa chọn bản tin. Chọn bản tin hoặc bỏ mục đó."),
    "in_use": _l("Chương trình đang có trong lịch. Dừng hoặc đổi các lịch đó trước."),
    "used_elsewhere": _l("Nơi khác đang phát chương trình này. Sao chép rồi sửa bản sao."),
    "out_of_range": _l("Gõ số giây từ 0 đến 5, như 1 hoặc 0,5."),
    "text_too_long": _l("Dài quá 200 chữ."),
}


def problem_words(problem: object, name: object = "") -> str:
    """The sentence for what the rules refuse in a programme."""
    if problem == "missing":
        if name == "title":
            return _("Đặt tên cho chương trình.")
        return _("Chương trình chưa có mục nào. Thêm ít nhất một mục.")
    if problem == "too_many":
        return _("Một chương trình có nhiều nhất %(n)s mục.", n=MOST_ITEMS)
    return str(_PROBLEMS.get(str(problem)) or _("Có ký tự không đọc được. Gõ lại phần này."))
