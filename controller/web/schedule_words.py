"""Schedules in sentences: who, when, where, how many, before the button that does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.domain.schedule import EVERY_DAY, HolidayRule, Recurrence, Schedule
from controller.services.audit import SYSTEM
from controller.services.calendar import MovePreview
from controller.services.holiday_dates import Holiday
from controller.services.schedule_findings import Judgement
from controller.services.schedule_rows import NOT_VALID
from controller.services.schedules import Preview
from controller.services.sharing import UNSHARED
from controller.services.shut_slots import Shut
from controller.services.slot_page import SchedulePage, SlotPage
from controller.web import formats
from controller.web.counting import counted
from controller.web.words import dates

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


HOLIDAYS = {
    HolidayRule.IGNORE: _l("Phát như ngày thường"),
    HolidayRule.NOT_ON: _l("Không phát ngày lễ"),
    HolidayRule.ONLY_ON: _l("Chỉ phát ngày lễ"),
}
"""What a schedule does on holidays."""


def holiday_name(holiday: Holiday) -> str:
    """The name of a holiday in the language of the page."""
    return holiday.name_en if formats.language() == "en" else holiday.name


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
    below = tree.communes(place.place_id)
    return _("%(n)s %(kinds)s %(place)s", n=len(below), kinds=kinds(below), place=place.full_name)


def _part(tree: PlaceTree, parent: Place, communes: Sequence[Place]) -> str:
    below = tree.communes(parent.place_id)
    return _(
        "%(n)s/%(all)s %(kinds)s %(place)s",
        n=len(communes),
        all=len(below),
        kinds=kinds(communes),
        place=parent.full_name,
    )


def kinds(places: Iterable[Place]) -> str:
    """ "xã", "xã, thị trấn": the kinds there are, the commonest first."""
    words = [place.kind_word for place in places]
    found = sorted(set(words), key=lambda word: (-words.count(word), word))
    return ", ".join(_kind(word, len(words)) for word in found)


def _kind(word: str, count: int) -> str:
    """The kind of that many places; a kind no catalogue knows stays as it is written."""
    match word:
        case "xã":
            return counted("xã", count)
        case "phường":
            return counted("phường", count)
        case "thị trấn":
            return counted("thị trấn", count)
    return word


def sentence(preview: Preview) -> Markup:
    """What saving will do, in one sentence."""
    judgement = preview.judgement
    first = judgement.first_at or preview.rule.instant_on(preview.rule.starts_on)
    text = rule_sentence(preview.world.tree, preview.rule, preview.targets, first, judgement.count)
    return text + exceptions(preview.rule, preview.wish.excluded, preview.wish.holidays)


def move_sentence(preview: MovePreview) -> Markup:
    """What moving one occurrence will do, in one sentence."""
    values = {
        "was": _at_day(preview.from_at),
        "becomes": _at_day(preview.to_at),
        "where": where(preview.world.tree, preview.targets),
        "length": formats.duration(preview.rule.duration_ms),
    }
    text = _(
        "Dời buổi <b>%(was)s</b> sang <b>%(becomes)s</b> tại <b>%(where)s</b>, dài %(length)s. "
        "Các buổi khác của lịch giữ nguyên."
    )
    return Markup(text) % values  # noqa: S704 - our own text, values are escaped


def _at_day(at: datetime) -> str:
    """05:30 thứ Năm 26/11/2026."""
    return f"{formats.clock(at)} {formats.weekday(at)} {formats.day(at)}"


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
        "where": formats.together(where(tree, targets)),
        "first": formats.day_short(first_at),
        "length": formats.together(formats.duration(rule.duration_ms)),
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
        values["airings"] = counted("%(n)s buổi", number or 0)
        text = _(
            "Phát <b>%(at)s %(days)s</b> tại <b>%(where)s</b>, <b>%(airings)s</b>, "
            "kể từ <b>%(first)s</b> đến hết %(until)s. Mỗi buổi %(length)s."
        )
    return Markup(text) % values  # noqa: S704 - our own text, values are escaped


def stored_sentence(tree: PlaceTree, page: SchedulePage) -> Markup:
    """A stored schedule in one sentence, and which days differ from it."""
    stored, rule = page.schedule, page.schedule.rule
    first = rule.instant_on(rule.starts_on)
    text = rule_sentence(tree, rule, page.targets, first, page.airing)
    return text + exceptions(rule, stored.left_out, stored.holidays)


def exceptions(rule: Schedule, left_out: Iterable[date], holidays: HolidayRule) -> Markup:
    """Which days differ from the rule: what follows its sentence."""
    if rule.recurrence is Recurrence.ONCE:
        return Markup("")
    kept = {
        HolidayRule.NOT_ON: _("Không phát ngày lễ."),
        HolidayRule.ONLY_ON: _("Chỉ phát ngày lễ."),
    }
    said = Markup(" ") + kept[holidays] if holidays in kept else Markup("")
    return said + _left_out(rule, left_out)


def _left_out(rule: Schedule, left_out: Iterable[date]) -> Markup:
    days = sorted(
        day for day in left_out if day >= rule.starts_on and rule.mask >> day.weekday() & 1
    )
    if not days:
        return Markup("")
    said = ", ".join(formats.day_short(day) for day in days[:8])
    more = counted(" và %(n)s ngày khác", len(days) - 8) if len(days) > 8 else ""
    return Markup(" ") + _("Bỏ %(days)s%(more)s.", days=said, more=more)


def cancelled(page: SlotPage) -> str:
    """Who cancelled a slot, or why the centre did."""
    validity = page.schedule.content.validity
    if page.cancel_reason == UNSHARED:
        return _("%(who)s thôi dùng chung bản tin này.", who=page.cancelled_by)
    if page.cancelled_by != SYSTEM:
        return ": ".join(part for part in (page.cancelled_by, page.cancel_reason) if part)
    if page.cancel_reason == NOT_VALID and page.may_air_again:
        return _("Lúc đó buổi này ở ngoài hạn dùng của bản tin.")
    if page.cancel_reason == NOT_VALID:
        span = dates(validity.starts_on, validity.ends_on)
        return _("Bản tin chỉ dùng %(span)s.", span=span)
    stored = page.schedule
    is_holiday = stored.holidays is HolidayRule.NOT_ON and page.airs_on in stored.rule.excluded
    if is_holiday and page.airs_on not in stored.left_out:
        return _("Lịch này không phát ngày lễ.")
    return _("Lịch không còn buổi này.")


def shut_words(shut: Shut) -> str:
    """The slots that would not be aired, each with its time, and how many more."""
    listed = "; ".join(
        _("“%(title)s” lúc %(at)s", title=one.title, at=formats.moment(one.starts_at))
        for one in shut.listed
    )
    more = shut.slots - len(shut.listed)
    return listed + (_(" và %(n)s buổi nữa", n=formats.number(more)) if more else "")


def save_words(judgement: Judgement) -> str:
    """The words of the button, with the number."""
    if judgement.count is None:
        return _("Lưu lịch hằng tuần")
    return _("Lưu lịch %(n)s buổi", n=formats.number(judgement.count))
