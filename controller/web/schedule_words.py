"""Schedules in sentences: who, when, where, how many, before the button that does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from controller.domain.conflicts import Verdict
from controller.domain.places import Place, PlaceKind, PlaceTree, Station
from controller.domain.schedule import EVERY_DAY, Recurrence, Schedule
from controller.services.schedule_findings import (
    BandFull,
    Finding,
    Fine,
    Judgement,
    Met,
    NotApproved,
    OutOfReach,
    OutsideHours,
    Past,
    StationReach,
    TooLong,
)
from controller.services.schedules import Preview
from controller.web import formats
from controller.web.words import PRIORITIES
from station_protocol.vocabulary import PRIORITY_RANK

NAMED = 3
"""So many places are named one by one; more are counted."""

LANES = {
    "province": ("tinh", _l("Tỉnh")),
    "district": ("huyen", _l("Huyện")),
    "commune": ("xa", _l("Xã")),
}
"""Authority: class of its lane, its word."""

DAYPARTS = {
    "night": _l("Đêm"),
    "morning": _l("Sáng"),
    "noon": _l("Trưa"),
    "afternoon": _l("Chiều"),
    "evening": _l("Tối"),
    "late": _l("Khuya"),
}
"""Parts of the day."""

SHORT_DAYS = (_l("T2"), _l("T3"), _l("T4"), _l("T5"), _l("T6"), _l("T7"), _l("CN"))


@dataclass(frozen=True, slots=True)
class Action:
    """A one-press way out: a button of the form."""

    name: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Note:
    """One finding as it is shown."""

    kind: str
    sign: str
    title: str
    text: str
    actions: tuple[Action, ...] = ()
    phones: tuple[tuple[str, str], ...] = ()


def weekdays(mask: int) -> str:
    """ "hằng ngày", "thứ Hai–thứ Sáu", "thứ Hai, thứ Tư và thứ Sáu"."""
    if mask & EVERY_DAY == EVERY_DAY:
        return _("hằng ngày")
    names = formats.WEEKDAYS[formats.language()]
    runs = [
        f"{names[first]}–{names[last]}" if last - first > 1 else [names[first], names[last]]
        for first, last in _runs(mask)
    ]
    words: list[str] = []
    for run in runs:
        words += [run] if isinstance(run, str) else list(dict.fromkeys(run))
    return listed(words)


def _runs(mask: int) -> list[tuple[int, int]]:
    """First and last of each row of neighbouring weekdays."""
    found: list[tuple[int, int]] = []
    for day in range(7):
        if mask >> day & 1:
            if found and found[-1][1] == day - 1:
                found[-1] = (found[-1][0], day)
            else:
                found.append((day, day))
    return found


def listed(words: Sequence[str]) -> str:
    """ "a", "a và b", "a, b và c"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s và %(last)s", first=", ".join(words[:-1]), last=words[-1])


def where(tree: PlaceTree, targets: Iterable[Place]) -> str:
    """ "9 xã huyện Bác Ái", "xã Phước Bình và xã Phước Hòa", "5/9 xã huyện Bác Ái"."""
    places = list(targets)
    whole = [_whole(tree, place) for place in places if place.kind is not PlaceKind.COMMUNE]
    communes = [place for place in places if place.kind is PlaceKind.COMMUNE]
    if len(communes) <= NAMED:
        return listed(whole + [place.full_name for place in communes])
    by_parent: dict[str, list[Place]] = {}
    for place in communes:
        by_parent.setdefault(place.parent_id or "", []).append(place)
    parts = [_part(tree, tree.places[key], group) for key, group in by_parent.items() if key]
    return listed(whole + parts)


def _whole(tree: PlaceTree, place: Place) -> str:
    below = [one for one in tree.walk(place.place_id) if one.kind is PlaceKind.COMMUNE]
    return _("%(n)s %(kinds)s %(place)s", n=len(below), kinds=_kinds(below), place=place.full_name)


def _part(tree: PlaceTree, parent: Place, communes: Sequence[Place]) -> str:
    below = [one for one in tree.walk(parent.place_id) if one.kind is PlaceKind.COMMUNE]
    return _(
        "%(n)s/%(all)s %(kinds)s %(place)s",
        n=len(communes),
        all=len(below),
        kinds=_kinds(communes),
        place=parent.full_name,
    )


def _kinds(places: Iterable[Place]) -> str:
    """ "xã", "xã, thị trấn": the kinds there are, the commonest first."""
    words = [place.kind_word for place in places]
    return ", ".join(sorted(set(words), key=lambda word: (-words.count(word), word)))


def sentence(preview: Preview) -> Markup:
    """What saving will do, in one sentence."""
    judgement = preview.judgement
    first = judgement.first_at or preview.rule.instant_on(preview.rule.starts_on)
    return rule_sentence(preview.world.tree, preview.rule, preview.targets, first, judgement.count)


def rule_sentence(
    tree: PlaceTree,
    rule: Schedule,
    targets: Iterable[Place],
    first_at: datetime,
    number: int | None,
) -> Markup:
    """A rule in one sentence; `number` None: it has no end."""
    values = {
        "at": f"{rule.airs_at:%H:%M}",
        "days": weekdays(rule.weekdays),
        "where": where(tree, targets),
        "count": formats.number(number),
        "first": formats.day_short(first_at),
        "length": formats.duration(rule.duration_ms),
    }
    if rule.recurrence is Recurrence.ONCE:
        values["day"] = f"{formats.weekday(rule.starts_on)} {formats.day(rule.starts_on)}"
        text = _("Phát <b>%(at)s %(day)s</b> tại <b>%(where)s</b>, <b>1 buổi</b>, dài %(length)s.")
    elif rule.ends_on is None:
        text = _(
            "Phát <b>%(at)s %(days)s</b> tại <b>%(where)s</b>, hằng tuần cho tới khi dừng, "
            "kể từ <b>%(first)s</b>. Mỗi buổi %(length)s."
        )
    else:
        values["until"] = formats.day(rule.ends_on)
        text = _(
            "Phát <b>%(at)s %(days)s</b> tại <b>%(where)s</b>, <b>%(count)s buổi</b>, "
            "kể từ <b>%(first)s</b> đến hết %(until)s. Mỗi buổi %(length)s."
        )
    return Markup(text) % values + _left_out(rule)  # noqa: S704 - our own text, values are escaped


def _left_out(rule: Schedule) -> Markup:
    days = sorted(day for day in rule.excluded if day >= rule.starts_on)
    if not days:
        return Markup("")
    said = ", ".join(formats.day_short(day) for day in days[:8])
    more = _(" và %(n)s ngày khác", n=len(days) - 8) if len(days) > 8 else ""
    return Markup(" ") + _("Bỏ %(days)s%(more)s.", days=said, more=more)


def save_words(judgement: Judgement) -> str:
    """The words of the button, with the number."""
    if judgement.count is None:
        return _("Lưu lịch hằng tuần")
    return _("Lưu lịch %(n)s buổi", n=formats.number(judgement.count))


def notes(preview: Preview) -> tuple[Note, ...]:
    """Every finding in order: must fix, look at, fine."""
    judgement = preview.judgement
    findings: tuple[Finding, ...] = (*judgement.must_fix, *judgement.look_at, *judgement.fine)
    return tuple(_note(finding, preview) for finding in findings)


def _note(finding: Finding, preview: Preview) -> Note:
    match finding:
        case NotApproved():
            return Note("down", "x", _("Bản tin này chưa được duyệt nên chưa đặt lịch được."), "")
        case Past():
            return _past(preview.rule)
        case OutsideHours():
            return _outside(finding)
        case TooLong():
            return _too_long(finding)
        case Met():
            return _met(finding, preview.rule)
        case BandFull():
            return _band(finding)
        case OutOfReach():
            return _out_of_reach(finding)
        case Fine():
            return Note(
                "ok", "ok", _("Trong khung giờ cho phép %(hours)s.", hours=finding.hours), ""
            )


def _past(rule: Schedule) -> Note:
    if rule.recurrence is Recurrence.ONCE:
        title = _(
            "%(at)s ngày %(day)s đã qua. Chọn giờ khác.",
            at=f"{rule.airs_at:%H:%M}",
            day=formats.day(rule.starts_on),
        )
    else:
        title = _("Không còn buổi nào từ bây giờ. Xem lại các ngày.")
    return Note("down", "x", title, "")


def outside_sentence(finding: OutsideHours) -> str:
    """The one sentence about quiet hours."""
    return _(
        "%(at)s ngoài khung giờ cho phép (%(hours)s). Chỉ tin khẩn cấp được phát giờ này.",
        at=f"{finding.airs_at:%H:%M}",
        hours=finding.hours or _("không có giờ nào"),
    )


def _outside(finding: OutsideHours) -> Note:
    text = _("Cả buổi phải nằm trong khung giờ. %(where)s.", where=_at_stations(finding.stations))
    if finding.on is not None:
        text += " " + _("Trước hết là %(day)s.", day=_day(finding.on))
    return Note("down", "x", outside_sentence(finding), text)


def _too_long(finding: TooLong) -> Note:
    title = _(
        "Dài %(length)s, quá mức %(cap)s một buổi",
        length=formats.duration(finding.length_ms),
        cap=formats.duration(finding.cap_ms),
    )
    text = _(
        "%(where)s. Cắt ngắn bản tin hoặc chọn nơi khác.", where=_at_stations(finding.stations)
    )
    return Note("down", "x", title, text)


def _met(finding: Met, ours: Schedule) -> Note:
    clash = finding.clash
    first = clash.overlaps[0]
    title = _(
        "Trùng giờ %(day)s, %(from_)s–%(until)s, tại %(n)s trạm",
        day=_day(first.from_at),
        from_=formats.clock(first.from_at),
        until=formats.clock(first.until_at),
        n=len(finding.stations),
    )
    if clash.count is None:
        title += _(", và cứ thế hằng tuần")
    elif clash.count > 1:
        title += _(", và %(n)s buổi khác", n=formats.number(clash.count - 1))
    text = _(
        "“%(title)s” (%(priority)s) do %(who)s, %(place)s, đặt ngày %(day)s.",
        title=finding.other.content.title,
        priority=PRIORITIES[clash.other.priority.value],
        who=finding.other.made_by,
        place=finding.made_at_place.full_name if finding.made_at_place else "–",
        day=formats.day_short(finding.other.made_at),
    )
    kind = "down" if finding.is_refused else "warn"
    return Note(
        kind,
        "x" if finding.is_refused else "warn",
        title,
        f"{text} {_who_has_the_air(finding, ours)}",
        _ways_out(finding, ours),
    )


def _who_has_the_air(finding: Met, ours: Schedule) -> str:
    theirs = finding.clash.other
    match finding.clash.verdict:
        case Verdict.REFUSED:
            return _("Hai bản cùng loại, cùng cấp nên phải dời giờ hoặc bỏ buổi trùng.")
        case Verdict.WINS:
            return _("Bản của bạn được giữ; bản kia sẽ bị ngắt hoặc nhường.")
    if PRIORITY_RANK[theirs.priority] > PRIORITY_RANK[ours.priority]:
        return _("Bản ưu tiên được giữ; bản của bạn sẽ bị ngắt.")
    return _("Bản của cấp trên được giữ; bản của bạn sẽ bị ngắt.")


def _ways_out(finding: Met, ours: Schedule) -> tuple[Action, ...]:
    if not finding.is_refused:
        return ()
    found = []
    if finding.free_at is not None:
        at = f"{finding.free_at:%H:%M}"
        found.append(Action("move_to", at, _("Dời sang %(at)s", at=at)))
    if ours.recurrence is Recurrence.WEEKLY and finding.clash.count == 1:
        day = finding.clash.overlaps[0].ours_on
        found.append(
            Action("leave_out", day.isoformat(), _("Bỏ buổi %(day)s", day=formats.day_short(day)))
        )
    return tuple(found)


def _band(finding: BandFull) -> Note:
    used, cap = -(-finding.used_ms // 60_000), finding.cap_ms // 60_000
    title = _(
        "Buổi %(part)s %(day)s dài %(used)s/%(cap)s phút",
        part=str(DAYPARTS[finding.daypart.key]).lower(),
        day=_day(finding.on),
        used=used,
        cap=cap,
    )
    if finding.is_over:
        text = _("Quá mức ở %(name)s. Vẫn lưu được, nhưng nên dời bớt.", name=finding.station.name)
    else:
        text = _(
            "Còn %(n)s phút trước mức tối đa ở %(name)s. Vẫn lưu được.",
            n=max(cap - used, 0),
            name=finding.station.name,
        )
    return Note("warn", "warn", title, text)


def _out_of_reach(finding: OutOfReach) -> Note:
    stations = finding.stations
    title = _(
        "%(n)s trạm có thể không nhận kịp buổi %(day)s",
        n=len(stations),
        day=formats.day_short(finding.before_at),
    )
    named = [_since(station) for station in stations[:NAMED]]
    if len(stations) > NAMED:
        named.append(_("%(n)s trạm khác cũng mất kết nối", n=len(stations) - NAMED))
    text = _(
        "%(who)s. Cần có mạng trước %(at)s ngày %(day)s.",
        who="; ".join(named),
        at=formats.clock(finding.before_at),
        day=formats.day_short(finding.before_at),
    )
    phones = tuple(
        (
            _("Gọi %(name)s", name=station.phone_name or station.name),
            station.phone_number,
        )
        for station in stations[:NAMED]
        if station.phone_number
    )
    return Note("warn", "lost", title, text, phones=phones)


def _since(station: StationReach) -> str:
    if station.last_seen_at is None:
        return _("%(name)s chưa kết nối lần nào", name=station.name)
    return _(
        "%(name)s mất kết nối từ %(at)s",
        name=station.name,
        at=f"{formats.clock(station.last_seen_at)} {formats.day_short(station.last_seen_at)}",
    )


def _at_stations(stations: Sequence[Station]) -> str:
    if len(stations) <= NAMED:
        return _("Ở %(names)s", names=listed([station.name for station in stations]))
    return _("Ở %(n)s trạm", n=len(stations))


def _day(at: datetime | date) -> str:
    return f"{formats.weekday(at)} {formats.day_short(at)}"
