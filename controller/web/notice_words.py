"""Notices in words: one heading, what belongs to it, and the page where something can be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from controller.domain.alarms import SEVERITY, Event, began_together
from controller.domain.direction import unturned
from controller.domain.notices import Item, NoticeKind, Way
from controller.domain.places import Place, PlaceTree
from controller.domain.station_state import ShownState
from controller.services.deliveries import Parcel
from controller.services.mail import Letter
from controller.services.notices import NoticeView
from controller.services.webhook import Call
from controller.web import formats
from controller.web.counting import counted
from controller.web.schedule_words import NAMED, listed, where
from controller.web.words import outcome_words, trouble_word

KINDS = {
    NoticeKind.TO_CONFIRM: (_l("Tin khẩn cấp, diễn tập chờ xác nhận"), "horn", "down"),
    NoticeKind.TO_REVIEW: (_l("Tin khẩn cấp, diễn tập phát một mình, chờ xem lại"), "horn", "warn"),
    NoticeKind.TO_APPROVE: (_l("Bản tin chờ duyệt"), "clock", "warn"),
    NoticeKind.RETURNED: (_l("Bản tin bị trả lại"), "undo", "warn"),
    NoticeKind.COMMENT: (_l("Ý kiến về bản tin của tôi"), "talk", "air"),
    NoticeKind.TO_ORDER: (_l("Hai nội dung ưu tiên trùng giờ, chờ xã xếp thứ tự"), "clock", "warn"),
    NoticeKind.NOT_READY: (_l("Trạm chưa sẵn sàng, còn chưa đến 2 giờ là phát"), "warn", "warn"),
    NoticeKind.SLOT_FAILED: (_l("Buổi không phát, hoặc bị ngắt"), "x", "down"),
    NoticeKind.STATION_DOWN: (_l("Trạm ngừng, hoặc mất kết nối lâu"), "lost", "lost"),
    NoticeKind.PUBLIC_FAULT: (_l("Người dân báo loa hỏng"), "tool", "warn"),
    NoticeKind.UNHEARD: (_l("Trạm chưa nhận tin khẩn cấp"), "horn", "down"),
    NoticeKind.PRIORITY_FAILED: (_l("Buổi ưu tiên không phát, hoặc bị ngắt"), "x", "down"),
    NoticeKind.FORGED: (_l("Lệnh, tin giả mạo bị từ chối"), "lock", "down"),
    NoticeKind.STATION_FAULT: (_l("Đồng hồ, thẻ nhớ, sổ của trạm có vấn đề"), "warn", "warn"),
    NoticeKind.CENTRE: (_l("Trung tâm: đĩa, chứng thư, sao lưu, phần mềm trạm"), "warn", "warn"),
}
"""Kind of a notice: what it is chosen by, its icon, its class."""

WAYS = {
    Way.PAGE: _l("Trên trang"),
    Way.EMAIL: _l("Thư điện tử"),
    Way.WEBHOOK: _l("Webhook"),
    Way.COMMAND: _l("Lệnh trên máy trung tâm"),
}
"""How somebody is told."""

NOTICES = "/thong-bao"
DOWN, UNKNOWN = ShownState.DOWN.value, ShownState.UNKNOWN.value
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as a person reads it."""

    heading: str
    details: tuple[str, ...]
    path: str
    """The page where something can be done about it."""


def told(notice: NoticeView, tree: PlaceTree) -> Told:
    """What it says, in the language in force."""
    return _TELL[notice.kind](notice, tree)


def _titles(items: Sequence[Item]) -> list[str]:
    return list(dict.fromkeys(f"“{item.facts['title']}”" for item in items))


def _some(words: Sequence[str]) -> str:
    """The first of them by name, the others counted."""
    if len(words) <= NAMED:
        return listed(words)
    return listed([*words[:NAMED], _("%(n)s mục khác", n=len(words) - NAMED)])


def _to_approve(notice: NoticeView, _tree: PlaceTree) -> Told:
    items = notice.holding
    titles = _titles(items)
    if len(items) == 1:
        path = f"/cho-duyet/{items[0].facts['bulletin_id']}"
        return Told(_("%(title)s chờ duyệt", title=titles[0]), (), path)
    heading = _("%(n)s bản tin chờ duyệt", n=len(items))
    return Told(heading, (_some(titles),), "/cho-duyet")


def _returned(notice: NoticeView, _tree: PlaceTree) -> Told:
    items = notice.holding
    titles = _titles(items)
    if len(items) == 1:
        facts = items[0].facts
        path, why = f"/ban-tin/{facts['bulletin_id']}", facts.get("why", "")
        return Told(_("%(title)s bị trả lại", title=titles[0]), (why,) if why else (), path)
    heading = _("%(n)s bản tin bị trả lại", n=len(items))
    return Told(heading, (_some(titles),), "/ban-tin?trang-thai=returned")


def _to_confirm(notice: NoticeView, _tree: PlaceTree) -> Told:
    facts = notice.holding[-1].facts
    is_drill = facts["kind"] == "drill"
    until = formats.clock(datetime.fromisoformat(facts["until"]))
    write = (
        _("Diễn tập chờ xác nhận: %(title)s")
        if is_drill
        else _("Tin khẩn cấp chờ xác nhận: %(title)s")
    )
    detail = counted(
        "%(who)s soạn, %(n)s trạm. Xác nhận được đến %(at)s.",
        int(facts["stations"]),
        who=facts["who"],
        at=until,
    )
    prefix = "/dien-tap" if is_drill else "/khan-cap"
    return Told(write % {"title": facts["title"]}, (detail,), f"{prefix}/{facts['emergency_id']}")


def _to_review(notice: NoticeView, _tree: PlaceTree) -> Told:
    facts = notice.holding[-1].facts
    is_drill = facts["kind"] == "drill"
    write = (
        _("Diễn tập phát một mình, chờ xem lại: %(title)s")
        if is_drill
        else _("Phát khẩn cấp một mình, chờ xem lại: %(title)s")
    )
    detail = counted(
        "%(who)s phát lúc %(at)s tới %(n)s trạm. Lý do: %(why)s",
        int(facts["stations"]),
        who=facts["who"],
        at=formats.moment(datetime.fromisoformat(facts["at"])),
        why=facts["why"],
    )
    prefix = "/dien-tap" if is_drill else "/khan-cap"
    return Told(write % {"title": facts["title"]}, (detail,), f"{prefix}/{facts['emergency_id']}")


def _comment(notice: NoticeView, _tree: PlaceTree) -> Told:
    items = notice.holding
    titles, who = _titles(items), list(dict.fromkeys(item.facts["who"] for item in items))
    about = {item.facts["bulletin_id"] for item in items}
    if len(about) == 1:
        path = f"/ban-tin/{about.pop()}#trao-doi"
        heading = counted("%(n)s ý kiến mới về %(title)s", len(items), title=titles[0])
        return Told(heading, (_some(who),), path)
    heading = _("%(n)s ý kiến mới về %(m)s bản tin", n=len(items), m=len(about))
    return Told(heading, (_some(titles), _some(who)), "/ban-tin")


def _to_order(notice: NoticeView, tree: PlaceTree) -> Told:
    items = sorted(notice.holding, key=lambda item: datetime.fromisoformat(item.facts["at"]))
    places, facts = where(tree, _places(tree, items)), items[0].facts
    pairs = list(dict.fromkeys(_pair(item.facts) for item in items))
    if len(pairs) == 1:
        heading = _("Chờ xếp thứ tự ở %(where)s: %(pair)s", where=places, pair=pairs[0])
        return Told(heading, (_until(facts), *_hint(facts)), _order_path(items))
    heading = _(
        "Chờ xếp thứ tự ở %(where)s: %(n)s lần nội dung ưu tiên trùng giờ",
        n=len(pairs),
        where=places,
    )
    rest = len(pairs) - _LISTED
    more = (_("%(n)s mục khác", n=rest),) if rest > 0 else ()
    return Told(heading, (*pairs[:_LISTED], *more, *_hint(facts)), _order_path(items))


def _pair(facts: Mapping[str, str]) -> str:
    write = (
        _("“%(first)s” và “%(second)s” trùng giờ nhiều lần, từ %(at)s")
        if facts["again"]
        else _("“%(first)s” và “%(second)s” trùng giờ %(at)s")
    )
    at = formats.moment(datetime.fromisoformat(facts["at"]))
    return write % {"first": facts["first"], "second": facts["second"], "at": at}


def _until(facts: Mapping[str, str]) -> str:
    return _(
        "Chưa xếp thì “%(first)s” phát trước. Xếp được đến %(at)s.",
        first=facts["first"],
        at=formats.moment(datetime.fromisoformat(facts["until"])),
    )


def _hint(facts: Mapping[str, str]) -> tuple[str, ...]:
    if facts["above"]:
        return (_("Xã chưa có ai có tài khoản để xếp. Gọi cho xã, huyện ghi thay lời xã."),)
    if facts["again"]:
        return (_("Chọn “Mỗi lần hai lịch này trùng giờ” thì chỉ phải xếp một lần."),)
    return ()


def _order_path(items: Sequence[Item]) -> str:
    """Where it is ordered; of several communes the slot, which leads to each of them."""
    stations, slot_id = {item.facts["station_id"] for item in items}, items[0].facts["slot_id"]
    if len(stations) > 1:
        return f"/lich/buoi/{slot_id}"
    page = f"/xa/{stations.pop()}/uu-tien"
    return f"{page}#{slot_id}" if len(items) == 1 else page


def _places(tree: PlaceTree, items: Sequence[Item]) -> list[Place]:
    ids = {item.facts["place_id"] for item in items}
    return [place for key, place in tree.places.items() if key in ids]


def _names(places: Sequence[Place]) -> str:
    words = [place.name for place in places]
    if len(words) <= _LISTED:
        return listed(words)
    return listed([*words[:_LISTED], counted("%(n)s nơi khác", len(words) - _LISTED)])


def _slots(items: Sequence[Item]) -> dict[str, tuple[str, str]]:
    """Title and time of each slot among them."""
    return {
        item.facts["slot_id"]: (
            f"“{item.facts['title']}”",
            formats.moment(datetime.fromisoformat(item.facts["at"])),
        )
        for item in items
    }


def _slot_path(slots: dict[str, tuple[str, str]]) -> str:
    return f"/lich/buoi/{next(iter(slots))}" if len(slots) == 1 else "/hom-nay"


def _slot_names(slots: dict[str, tuple[str, str]]) -> tuple[str, ...]:
    if len(slots) == 1:
        return ()
    return (_some([f"{title} {at}" for title, at in slots.values()]),)


def _not_ready(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    slots, places = _slots(items), _places(tree, items)
    if len(slots) == 1:
        ((title, at),) = slots.values()
        heading = _(
            "%(title)s lúc %(at)s: %(where)s chưa sẵn sàng phát",
            title=title,
            at=at,
            where=where(tree, places),
        )
    else:
        heading = _(
            "%(n)s buổi sắp phát: %(where)s chưa sẵn sàng", n=len(slots), where=where(tree, places)
        )
    names = (_names(places),) if len(places) > NAMED else ()
    return Told(heading, (*_slot_names(slots), *names), "/hom-nay")


def _slot_failed(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    slots, places = _slots(items), _places(tree, items)
    if len(slots) == 1:
        ((title, at),) = slots.values()
        heading = _(
            "%(title)s lúc %(at)s không phát trọn ở %(where)s",
            title=title,
            at=at,
            where=where(tree, places),
        )
    else:
        heading = _(
            "%(n)s buổi không phát trọn ở %(where)s", n=len(slots), where=where(tree, places)
        )
    outcomes = Counter(
        outcome_words(item.facts["outcome"], item.facts["reason"] or None) for item in items
    )
    said = [counted("%(what)s, %(n)s lượt", n, what=what) for what, n in outcomes.most_common()]
    how = "; ".join([*said[:1], *map(formats.uncapitalised, said[1:])])
    names = (_names(places),) if len(places) > NAMED else ()
    return Told(heading, (how, *_slot_names(slots), *names), _slot_path(slots))


def _station_down(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    places = _places(tree, items)
    first = min(datetime.fromisoformat(item.facts["at"]) for item in items)
    heading = _silent_together(notice, tree, items) or _gone(items) % {
        "where": formats.capitalised(where(tree, places)),
        "at": formats.moment(first),
    }
    details = [_names(places)] if len(places) > NAMED else []
    back = len(notice.items) - len(items)
    if notice.closed_at:
        at = formats.moment(notice.closed_at)
        many = _("Đã nối lại hết lúc %(at)s, sau %(span)s.")
        said = many if len(places) > 1 else _("Đã nối lại lúc %(at)s, sau %(span)s.")
        details.append(said % {"at": at, "span": lasted(notice)})
    elif back:
        details.append(counted("%(n)s trạm khác đã nối lại.", back))
    return Told(heading, tuple(details), _station_path(items))


def _gone(items: Sequence[Item]) -> str:
    """How they fell silent: whoever said good-bye stopped, of the others nobody knows more."""
    states = {item.facts.get("state", UNKNOWN) for item in items}
    if states == {DOWN}:
        return _("%(where)s ngừng từ %(at)s")
    if DOWN in states:
        return _("%(where)s ngừng hoặc mất kết nối từ %(at)s")
    return _("%(where)s mất kết nối từ %(at)s")


def _began(items: Sequence[Item]) -> list[datetime]:
    return [datetime.fromisoformat(item.facts["at"]) for item in items]


def _silent_together(notice: NoticeView, tree: PlaceTree, items: Sequence[Item]) -> str | None:
    """The heading of several stations with probably one cause; None: they are told one by one."""
    began = _began(items)
    group = tree.places.get(notice.group_id)
    is_told = all(item.facts.get("state") == DOWN for item in items)
    if group is None or is_told or not began_together(began):
        return None
    write = (
        _("%(where)s: %(n)s trạm mất kết nối từ %(at)s, có thể do trung tâm")
        if group.parent_id is None
        else _("%(where)s: %(n)s trạm mất kết nối từ %(at)s, có thể do đường truyền")
    )
    at = formats.moment(min(began))
    return write % {"where": formats.capitalised(group.full_name), "n": len(items), "at": at}


def _unheard(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    places = _places(tree, items)
    called, title = formats.capitalised(where(tree, places)), _some(_titles(items))
    parts = {item.facts.get("part", "warning") for item in items}
    if "warning" in parts:
        heading = _("%(where)s chưa nhận tin khẩn cấp %(title)s", where=called, title=title)
        details = [_("Gọi điện cho xã ngay, báo dân bằng cách khác.")]
    else:
        heading = (
            _("%(where)s chưa nhận tin đính chính của %(title)s", where=called, title=title)
            if "correction" in parts
            else _("%(where)s chưa nhận tin hết nguy hiểm của %(title)s", where=called, title=title)
        )
        details = [_("Loa ở đó có thể còn phát tin trước. Gọi ngay cho xã để tắt loa, báo dân.")]
    if len(places) > NAMED:
        details.append(_names(places))
    about = {item.facts["emergency_id"] for item in items}
    path = f"/khan-cap/{about.pop()}" if len(about) == 1 else "/khan-cap"
    return Told(heading, tuple(details), path)


def _public_fault(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    places = _places(tree, items)
    heading = _("Người dân báo loa hỏng ở %(where)s", where=where(tree, places))
    said = list(dict.fromkeys(f"“{item.facts['text']}”" for item in items if item.facts["text"]))
    details = ([_some(said)] if said else []) + ([_names(places)] if len(places) > NAMED else [])
    path = f"/sua-chua/{items[0].facts['fault_report_id']}" if len(items) == 1 else "/sua-chua"
    return Told(heading, tuple(details), path)


def _forged(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    places = _places(tree, items)
    heading = _(
        "%(where)s: có lệnh hoặc tin giả mạo, đã từ chối",
        where=formats.capitalised(where(tree, places)),
    )
    whys = dict.fromkeys(trouble_word(item.facts["why"]) for item in items)
    first = _(
        "Lần đầu lúc %(at)s: %(why)s.", at=formats.moment(min(_began(items))), why=listed([*whys])
    )
    ask = _("Kiểm tra ai giữ mật khẩu, khóa của trạm; đổi nếu lộ.")
    return Told(heading, (first, ask), _station_path(items))


_FAULTS = {
    "clock": _l("đồng hồ chưa tin được"),
    "disk": _l("thẻ nhớ sắp đầy"),
    "journal": _l("sổ phát chưa gửi về được"),
}


def _station_fault(notice: NoticeView, tree: PlaceTree) -> Told:
    items = notice.holding
    places = _places(tree, items)
    whats = list(dict.fromkeys(str(_FAULTS[item.facts["what"]]) for item in items))
    heading = _(
        "%(where)s: %(what)s",
        where=formats.capitalised(where(tree, places)),
        what=listed(whats),
    )
    first = _("Từ %(at)s.", at=formats.moment(min(_began(items))))
    names = (_names(places),) if len(places) > NAMED else ()
    return Told(heading, (first, *names), _station_path(items))


def _station_path(items: Sequence[Item]) -> str:
    station_ids = {item.facts["station_id"] for item in items}
    return f"/tram/{station_ids.pop()}" if len(station_ids) == 1 else "/bang"


def _centre(notice: NoticeView, _tree: PlaceTree) -> Told:
    first, *others = (_CENTRE[item.facts["what"]](item.facts) for item in notice.holding)
    return Told(_("Trung tâm: %(what)s", what=first), tuple(others), "/canh-bao")


def _day(iso: str) -> str:
    return formats.moment(datetime.fromisoformat(iso))


_CENTRE: dict[str, Callable[[Mapping[str, str]], str]] = {
    "disk": lambda facts: _(
        "đĩa sắp đầy, còn %(room)s", room=formats.megabytes(int(facts["free_bytes"]))
    ),
    "certificate_web": lambda facts: _(
        "chứng thư của trang web hết hạn %(at)s", at=_day(facts["until"])
    ),
    "certificate_broker": lambda facts: _(
        "chứng thư của máy chủ nhắn tin hết hạn %(at)s", at=_day(facts["until"])
    ),
    "backup": lambda facts: _(
        "bản sao lưu mới nhất đã cũ, làm lúc %(at)s", at=_day(facts["made_at"])
    ),
    "agents": lambda facts: _(
        "%(n)s/%(all)s trạm chạy phần mềm cũ hơn bản %(newest)s",
        n=facts["old"],
        all=facts["all"],
        newest=facts["newest"],
    ),
}
"""What is wrong with the centre, by its sign."""


_TELL: dict[NoticeKind, Callable[[NoticeView, PlaceTree], Told]] = {
    NoticeKind.TO_APPROVE: _to_approve,
    NoticeKind.RETURNED: _returned,
    NoticeKind.TO_CONFIRM: _to_confirm,
    NoticeKind.TO_REVIEW: _to_review,
    NoticeKind.COMMENT: _comment,
    NoticeKind.TO_ORDER: _to_order,
    NoticeKind.NOT_READY: _not_ready,
    NoticeKind.SLOT_FAILED: _slot_failed,
    NoticeKind.STATION_DOWN: _station_down,
    NoticeKind.PUBLIC_FAULT: _public_fault,
    NoticeKind.UNHEARD: _unheard,
    NoticeKind.PRIORITY_FAILED: _slot_failed,
    NoticeKind.FORGED: _forged,
    NoticeKind.STATION_FAULT: _station_fault,
    NoticeKind.CENTRE: _centre,
}


def taken(notice: NoticeView) -> str:
    """Who took it on, and how soon."""
    at = notice.acknowledged_at or notice.changed_at
    return _(
        "%(who)s xử lý, nhận lúc %(at)s (sau %(span)s)",
        who=notice.acknowledged_by,
        at=formats.moment(at),
        span=_span(at - notice.opened_at),
    )


def _span(time: timedelta) -> str:
    """In whole minutes, at least one."""
    return formats.duration(max(1, round(time / timedelta(minutes=1))) * 60_000)


def lasted(notice: NoticeView) -> str:
    """How long it took until it was over, or has taken: from the first of it."""
    return _span((notice.closed_at or notice.changed_at) - notice.began_at)


def over(notice: NoticeView, tree: PlaceTree) -> Told:
    """That it is over: since when, and how long it took."""
    closed_at = notice.closed_at or notice.changed_at
    at, span = formats.moment(closed_at), lasted(notice)
    items = notice.items
    if notice.kind is NoticeKind.STATION_DOWN:
        places = formats.capitalised(where(tree, _places(tree, items)))
        heading = _("%(where)s đã nối lại lúc %(at)s, sau %(span)s", where=places, at=at, span=span)
    else:
        what = told(notice, tree).heading
        heading = _("Đã hết lúc %(at)s, sau %(span)s: %(what)s", at=at, span=span, what=what)
    return Told(heading, (), told(notice, tree).path)


def escalated(notice: NoticeView, tree: PlaceTree) -> Told:
    """That nobody took it on."""
    said = told(notice, tree)
    waited = _span((notice.escalated_at or notice.changed_at) - notice.opened_at)
    heading = _("Chưa ai nhận xử lý: %(what)s", what=said.heading)
    first = _("Đã chờ %(span)s. Bấm “Tôi xử lý” ở trang Cảnh báo.", span=waited)
    return Told(heading, (first, *said.details), "/canh-bao")


_SAYS = {Event.OPENED: told, Event.ESCALATED: escalated, Event.OVER: over}


class Writer:
    """Writes letters and calls outside any request, in the language of who gets them."""

    def __init__(
        self, app: Flask, tree: Callable[[], PlaceTree], address: Callable[[], str]
    ) -> None:
        """`address`: where people reach the pages, without a slash at its end."""
        self._app = app
        self._tree = tree
        self._address = address

    def letter(self, parcel: Parcel) -> Letter:
        """The letter of a parcel, which has one recipient with an address."""
        (to,) = parcel.to
        with self._app.app_context(), force_locale(to.language):
            said = self._told(parcel)
            lines = [said.heading, *said.details, "", f"{self._address()}{said.path}"]
            lines += ["", "--", _("Thư tự động của Vang. Đổi cách nhận tin tại:")]
            lines.append(f"{self._address()}{NOTICES}/chon")
            return Letter(
                parcel.delivery_id, to.email or "", f"Vang: {said.heading}", "\n".join(lines)
            )

    def call(self, parcel: Parcel) -> Call:
        """The call of a parcel; its words are Vietnamese, its facts are those of the centre."""
        notice = parcel.notice
        with self._app.app_context(), force_locale("vi"):
            said = self._told(parcel)
        body: dict[str, Any] = {
            "id": parcel.delivery_id,
            "kind": notice.kind.value if notice else "test",
            "event": parcel.event.value,
            "severity": SEVERITY[notice.kind].value if notice and notice.kind in SEVERITY else None,
            "heading": said.heading,
            "details": list(said.details),
            "url": f"{self._address()}{said.path}",
            "opened_at": (notice.opened_at if notice else parcel.created_at).isoformat(),
            "recipients": sorted(one.username for one in parcel.to),
            "items": [dict(item.facts) for item in notice.holding] if notice else [],
        }
        return Call(parcel.delivery_id, body, self._fields(parcel, said))

    def _fields(self, parcel: Parcel, said: Told) -> dict[str, str]:
        """What a template or a command is told, every one of it a plain text."""
        notice = parcel.notice
        place = self._tree().places.get(notice.group_id) if notice else None
        url = f"{self._address()}{said.path}"
        severity = SEVERITY.get(notice.kind) if notice else None
        return {
            "id": parcel.delivery_id,
            "kind": notice.kind.value if notice else "test",
            "event": parcel.event.value,
            "severity": severity.value if severity else "",
            "title": unturned(said.heading),
            "details": unturned("\n".join(said.details)),
            "place": formats.capitalised(place.full_name) if place else "",
            "url": url,
            "at": (notice.opened_at if notice else parcel.created_at).isoformat(),
            "text": unturned("\n".join([said.heading, *said.details, url])),
        }

    def _told(self, parcel: Parcel) -> Told:
        if parcel.notice is not None:
            return _SAYS[parcel.event](parcel.notice, self._tree())
        at = formats.moment(parcel.created_at)
        return Told(_("Tin thử, gửi lúc %(at)s", at=at), (_("Đường gửi này thông."),), NOTICES)
