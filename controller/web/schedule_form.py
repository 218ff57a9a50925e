"""The schedule form: what was typed, read kindly, and the problems by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from controller.domain.places import PlaceTree
from controller.domain.schedule import STATION_ZONE, HolidayRule, Recurrence, local_date
from controller.errors import InvalidInputError
from controller.services.schedule_findings import Wish
from controller.services.schedule_templates import Pattern
from station_protocol.vocabulary import Priority

WEEKS_AHEAD = timedelta(days=27)
"""A new series is proposed for four weeks; one without an end has to be asked for."""

AT_ONCE = "now"
"""The recurrence of what is to sound as soon as the stations hold it."""

REACHED_WITHIN = timedelta(seconds=75)
"""A plan is at an online station within seconds; 2 MB of sound need about half a minute of 4G."""

_PROGRAMME = "programme:"

_TIME = re.compile(r"(\d{1,2})\s*(?:[:hg.]\s*(\d{2}))?\s*(?:h|giờ)?", re.ASCII)
_BARE_TIME = re.compile(r"(\d{2})(\d{2})", re.ASCII)
FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Days of other years are slips of the finger, and near the ends of time no day can be added."""
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ScheduleForm:
    """The fields as they stand in the page."""

    bulletin_id: str = ""
    """A bulletin, or a programme as `programme:<id>`."""
    recurrence: str = Recurrence.WEEKLY.value
    airs_at: str = ""
    weekdays: tuple[str, ...] = ()
    starts_on: str = ""
    ends_on: str = ""
    excluded: str = ""
    targets: tuple[str, ...] = ()
    priority: str = Priority.ORDINARY.value
    schedule_id: str = ""
    """The schedule being edited; empty for a new one."""
    row_version: str = ""
    holidays: str = HolidayRule.IGNORE.value
    template_name: str = ""
    """Under which the pattern is to be kept."""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_edit(self) -> bool:
        """Whether a series that stands is being changed."""
        return bool(self.schedule_id)

    def problem(self, name: str) -> str | None:
        """The sentence under a field."""
        return self.problems.get(name)

    def with_problem(self, name: str, words: str) -> ScheduleForm:
        """The same form with one more problem."""
        return replace(self, problems={**self.problems, name: words})


def new_form(today: date, *, bulletin_id: str = "", targets: Iterable[str] = ()) -> ScheduleForm:
    """The form as it is offered: weekdays at half past five, from tomorrow for four weeks."""
    tomorrow = today + timedelta(days=1)
    return ScheduleForm(
        bulletin_id=bulletin_id,
        airs_at="05:30",
        weekdays=("0", "1", "2", "3", "4"),
        starts_on=spelled_day(tomorrow),
        ends_on=spelled_day(tomorrow + WEEKS_AHEAD),
        targets=tuple(targets),
    )


def filled(form: ScheduleForm, pattern: Pattern) -> ScheduleForm:
    """The form with a pattern in it."""
    return replace(
        form,
        recurrence=Recurrence.WEEKLY.value,
        airs_at=f"{pattern.airs_at:%H:%M}",
        weekdays=tuple(str(day) for day in range(7) if pattern.weekdays >> day & 1),
        holidays=pattern.holidays.value,
        priority=pattern.priority.value,
        targets=pattern.target_ids,
    )


def form_of(wish: Wish, schedule_id: str, row_version: int) -> ScheduleForm:
    """The form filled with a schedule that stands."""
    return ScheduleForm(
        bulletin_id=f"{_PROGRAMME}{wish.programme_id}" if wish.programme_id else wish.bulletin_id,
        recurrence=wish.recurrence.value,
        airs_at=f"{wish.airs_at:%H:%M}",
        weekdays=tuple(str(day) for day in range(7) if wish.weekdays >> day & 1),
        starts_on=spelled_day(wish.starts_on),
        ends_on=spelled_day(wish.ends_on) if wish.ends_on else "",
        excluded=", ".join(spelled_day(day) for day in sorted(wish.excluded)),
        holidays=wish.holidays.value,
        targets=wish.target_ids,
        priority=wish.priority.value,
        schedule_id=schedule_id,
        row_version=str(row_version),
    )


def form_from(values: MultiDict[str, str]) -> ScheduleForm:
    """The form as it was sent, with the one-press ways out already taken."""
    form = ScheduleForm(
        bulletin_id=values.get("bulletin_id", ""),
        recurrence=values.get("recurrence", ""),
        airs_at=values.get("airs_at", ""),
        weekdays=tuple(values.getlist("weekday")),
        starts_on=values.get("starts_on", ""),
        ends_on=values.get("ends_on", ""),
        excluded=values.get("excluded", ""),
        holidays=values.get("holidays", HolidayRule.IGNORE.value),
        targets=tuple(values.getlist("target")),
        priority=values.get("priority", ""),
        schedule_id=values.get("schedule_id", ""),
        row_version=values.get("row_version", ""),
        template_name=values.get("template_name", ""),
    )
    if values.get("move_to"):
        form = replace(form, airs_at=values["move_to"])
    left_out = day_of(values.get("leave_out", ""), date.min)
    if left_out is not None:
        known = f"{form.excluded}, " if form.excluded.strip() else ""
        form = replace(form, excluded=f"{known}{spelled_day(left_out)}")
    return form


def soonest(now: datetime) -> datetime:
    """The first whole minute at which stations can sound: until then plan and sound reach them."""
    local = (now + REACHED_WITHIN).astimezone(STATION_ZONE)
    whole = local.replace(second=0, microsecond=0)
    return whole if whole == local else whole + timedelta(minutes=1)


def read(form: ScheduleForm, tree: PlaceTree, now: datetime) -> tuple[Wish | None, ScheduleForm]:
    """What the form asks for; None, and the form with its problems, if that cannot be read.

    What is to air at once is read as the soonest instant from `now` on.
    """
    if form.recurrence == AT_ONCE:
        at = soonest(now)
        dated = replace(form, airs_at=f"{at:%H:%M}", starts_on=spelled_day(at.date()))
        wish, dated = read(replace(dated, recurrence=Recurrence.ONCE.value), tree, now)
        return wish, replace(dated, recurrence=AT_ONCE)
    today, problems = local_date(now), dict[str, str]()
    airs_at = time_of(form.airs_at)
    if airs_at is None:
        problems["airs_at"] = _("Gõ giờ và phút, như 05:30.")
    starts_on = day_of(form.starts_on, today)
    if starts_on is None:
        problems["starts_on"] = _("Gõ ngày, tháng, năm, như 26/11/2026.")
    ends_on = day_of(form.ends_on, today)
    is_once = form.recurrence == Recurrence.ONCE.value
    if form.ends_on.strip() and ends_on is None and not is_once:
        problems["ends_on"] = _("Gõ ngày, tháng, năm, như 26/11/2026.")
    excluded = [day_of(text, today) for text in re.split(r"[,;\s]+", form.excluded) if text]
    if None in excluded:
        problems["excluded"] = _("Gõ các ngày cách nhau bằng dấu phẩy, như 27/11, 04/12.")
    if not form.bulletin_id:
        problems["bulletin_id"] = _("Chọn chương trình hoặc bản tin.")
    if problems or airs_at is None or starts_on is None:
        return None, replace(form, problems=problems)
    is_programme = form.bulletin_id.startswith(_PROGRAMME)
    wish = Wish(
        bulletin_id="" if is_programme else form.bulletin_id,
        programme_id=form.bulletin_id.removeprefix(_PROGRAMME) if is_programme else "",
        recurrence=Recurrence.ONCE if is_once else Recurrence.WEEKLY,
        airs_at=airs_at,
        starts_on=starts_on,
        ends_on=None if is_once else ends_on,
        weekdays=_mask_of(form),
        target_ids=highest(form.targets, tree),
        priority=_priority_of(form),
        excluded=frozenset(day for day in excluded if day is not None),
        holidays=_holidays_of(form, is_once=is_once),
    )
    return wish, form


def pattern_of(form: ScheduleForm, tree: PlaceTree) -> tuple[Pattern | None, ScheduleForm]:
    """When and where, to be kept; None, and the form with its problem, if that cannot be read."""
    airs_at = time_of(form.airs_at)
    if airs_at is None:
        return None, form.with_problem("airs_at", _("Gõ giờ và phút, như 05:30."))
    pattern = Pattern(
        form.template_name,
        airs_at,
        _mask_of(form),
        highest(form.targets, tree),
        _holidays_of(form, is_once=False),
        _priority_of(form),
    )
    return pattern, form


def _mask_of(form: ScheduleForm) -> int:
    return sum({1 << int(day) for day in form.weekdays if day in "0123456" and day})


def _priority_of(form: ScheduleForm) -> Priority:
    is_urgent = form.priority == Priority.PRIORITY.value
    return Priority.PRIORITY if is_urgent else Priority.ORDINARY


def _holidays_of(form: ScheduleForm, *, is_once: bool) -> HolidayRule:
    known = {one.value: one for one in HolidayRule}
    return HolidayRule.IGNORE if is_once else known.get(form.holidays, HolidayRule.IGNORE)


def highest(targets: Iterable[str], tree: PlaceTree) -> tuple[str, ...]:
    """The chosen places without those that lie below another chosen one."""
    chosen = list(dict.fromkeys(targets))
    return tuple(
        place_id
        for place_id in chosen
        if not any(other != place_id and tree.is_within(place_id, other) for other in chosen)
    )


def time_of(text: str) -> time | None:
    """05:30, 5:30, 5h30, 0530, 5h; None for anything else."""
    text = text.strip().lower()
    found = _BARE_TIME.fullmatch(text) or _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def day_of(text: str, today: date) -> date | None:
    """26/11/2026, 26/11 (the next one from today on), 2026-11-26; None for anything else."""
    day = _spelled(text.strip(), today)
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def _spelled(text: str, today: date) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        if found is None:
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
        if found[3]:
            return date(int(found[3]), int(found[2]), int(found[1]))
        this_year = date(today.year, int(found[2]), int(found[1]))
        return this_year if this_year >= today else this_year.replace(year=today.year + 1)
    except ValueError:
        return None


def typed_day(field_name: str, text: str, today: date) -> date:
    """The day somebody typed into that field. InvalidInputError for what is none."""
    day = day_of(text, today)
    if day is None:
        raise InvalidInputError(text, field=field_name, problem="bad_date")
    return day


def spelled_day(day: date) -> str:
    """26/11/2026."""
    return f"{day:%d/%m/%Y}"
