"""Findings about a schedule as notes: what is wrong, why, and a one-press way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from markupsafe import Markup

from controller.domain.bulletins import Language
from controller.domain.conflicts import Verdict
from controller.domain.places import Station
from controller.domain.schedule import Recurrence, Schedule
from controller.domain.station_state import ShownState
from controller.services.schedule_findings import (
    BandFull,
    Finding,
    Fine,
    Met,
    NotApproved,
    NotInTheirLanguage,
    OnHolidays,
    OutOfReach,
    OutsideHours,
    OutsideValidity,
    OwnTimes,
    Past,
    SoundGone,
    StationReach,
    TooLong,
    UnderWarning,
)
from controller.services.schedules import Judged
from controller.web import formats
from controller.web.bulletin_words import spoken
from controller.web.counting import counted
from controller.web.schedule_words import DAYPARTS, NAMED, holiday_name, listed
from controller.web.sentences import sound_gone
from controller.web.words import PRIORITIES, dates
from station_protocol.vocabulary import AUTHORITY_RANK, PRIORITY_RANK


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


def notes(preview: Judged) -> tuple[Note, ...]:
    """Every finding in order: must fix, look at, fine."""
    judgement = preview.judgement
    findings: tuple[Finding, ...] = (*judgement.must_fix, *judgement.look_at, *judgement.fine)
    return tuple(_note(finding, preview) for finding in findings)


def unfit_notes(findings: Sequence[OutsideHours | TooLong]) -> tuple[Note, ...]:
    """What no longer fits of a schedule that stands."""
    return tuple(_unfit(one) for one in findings)


def _unfit(finding: OutsideHours | TooLong) -> Note:
    return _too_long(finding) if isinstance(finding, TooLong) else _outside(finding)


def _note(finding: Finding, preview: Judged) -> Note:
    match finding:
        case SoundGone():
            return Note("down", "x", sound_gone({"gone_at": finding.gone_at}), "")
        case NotApproved():
            return Note("down", "x", _("Bản tin này chưa được duyệt nên chưa đặt lịch được."), "")
        case Past():
            return _past(preview.rule)
        case OutsideValidity():
            return _outside_validity(finding)
        case OutsideHours() | TooLong():
            return _unfit(finding)
        case Met():
            return _met(finding, preview.rule)
        case Fine():
            return Note("ok", "ok", _fine(finding.hours), "")
    return _remark(finding)


def _fine(hours: str) -> Markup:
    """Each span of hours in one piece: a browser parts 05:00–21:00 behind the dash."""
    spans = Markup(", ").join(
        Markup('<span class="num">{}</span>').format(span) for span in hours.split(", ")
    )
    text = _("Trong khung giờ cho phép %(hours)s.")
    return Markup(text) % {"hours": spans}  # noqa: S704 - our own text, values are escaped


def _remark(
    finding: BandFull | UnderWarning | OutOfReach | NotInTheirLanguage | OwnTimes | OnHolidays,
) -> Note:
    match finding:
        case UnderWarning():
            return _under_warning(finding)
        case BandFull():
            return _band(finding)
        case OutOfReach():
            return _out_of_reach(finding)
        case NotInTheirLanguage():
            return _language(finding)
        case OwnTimes():
            return _own_times(finding)
        case OnHolidays():
            return _on_holidays(finding)


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


def _outside_validity(finding: OutsideValidity) -> Note:
    span = dates(finding.validity.starts_on, finding.validity.ends_on)
    title = _("Bản tin chỉ dùng %(span)s", span=span)
    if finding.is_every:
        text = _("Không còn buổi nào trong hạn. Đổi ngày của lịch, hoặc gia hạn bản tin.")
        return Note("down", "x", title, text)
    text = _(
        "Buổi %(day)s là buổi đầu tiên ngoài hạn. Các buổi ngoài hạn sẽ không phát.",
        day=_day(finding.first_on),
    )
    return Note("warn", "cal", title, text)


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
    title = counted(
        "Trùng giờ %(day)s, %(span)s, tại %(n)s trạm",
        len(finding.stations),
        day=_day(first.from_at),
        span=formats.airing_span(first.from_at, first.until_at),
    )
    if clash.count is None:
        title += _(", và cứ thế hằng tuần")
    elif clash.count > 1:
        title += counted(", và %(n)s buổi khác", clash.count - 1)
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
        case Verdict.BOTH:
            return _both(ours, theirs)
    if PRIORITY_RANK[theirs.priority] > PRIORITY_RANK[ours.priority]:
        return _("Bản ưu tiên được giữ; bản của bạn sẽ bị ngắt.")
    return _("Bản của cấp trên được giữ; bản của bạn sẽ bị ngắt.")


def _both(ours: Schedule, theirs: Schedule) -> str:
    if AUTHORITY_RANK[ours.authority] > AUTHORITY_RANK[theirs.authority]:
        return _(
            "Hai nội dung ưu tiên đều phải phát: bản của bạn trước, bản kia ngay sau, trừ khi xã "
            "xếp thứ tự khác."
        )
    return _(
        "Hai nội dung ưu tiên đều phải phát: bản của cấp trên trước, bản của bạn ngay sau, trừ khi "
        "xã xếp thứ tự khác."
    )


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
        text = counted(
            "Còn %(n)s phút trước mức tối đa ở %(name)s. Vẫn lưu được.",
            max(cap - used, 0),
            name=finding.station.name,
        )
    return Note("warn", "warn", title, text)


def _out_of_reach(finding: OutOfReach) -> Note:
    stations = finding.stations
    title = counted(
        "%(n)s trạm có thể không nhận kịp buổi %(day)s",
        len(stations),
        day=formats.day_short(finding.before_at),
    )
    named = [_since(station) for station in stations[:NAMED]]
    if len(stations) > NAMED:
        named.append(counted("%(n)s trạm khác cũng không có kết nối", len(stations) - NAMED))
    text = _(
        "%(who)s. Cần có mạng trước %(at)s ngày %(day)s.",
        who="; ".join(named),
        at=formats.clock(finding.before_at),
        day=formats.day_short(finding.before_at),
    )
    phones = tuple(
        (
            _("Gọi %(name)s, %(station)s", name=station.phone.name, station=station.name)
            if station.phone.name
            else _("Gọi %(name)s", name=station.name),
            station.phone.number,
        )
        for station in stations[:NAMED]
        if station.phone
    )
    return Note("warn", "lost", title, text, phones=phones)


def _language(finding: NotInTheirLanguage) -> Note:
    language = spoken(Language(finding.language))
    title = _("Chưa có bản %(language)s", language=language)
    text = _(
        "%(where)s phát trước hết %(language)s. Thu bản này rồi gửi duyệt; chưa có thì các trạm đó"
        " phát bản tiếng khác.",
        where=_at_stations(finding.stations),
        language=language,
    )
    return Note("warn", "mic", title, text)


def _under_warning(finding: UnderWarning) -> Note:
    warned, number = finding.warned, len(finding.stations)
    title = counted("Đang có tin khẩn cấp “%(title)s” ở %(n)s trạm", number, title=warned.title)
    text = _(
        "Khi tin khẩn cấp phát, buổi này bị ngắt hoặc không phát ở đó. Tin còn hiệu lực đến "
        "%(at)s; đặt sau giờ đó, hoặc chờ báo hết nguy hiểm.",
        at=formats.moment(warned.until_at),
    )
    return Note("warn", "horn", title, text)


def _own_times(finding: OwnTimes) -> Note:
    days = [formats.day_short(day) for day in finding.days[:NAMED]]
    if len(finding.days) > NAMED:
        days.append(counted("%(n)s ngày khác", len(finding.days) - NAMED))
    title = counted("%(n)s buổi đã dời riêng (%(days)s)", len(finding.days), days=listed(days))
    text = _("Lưu xong, các buổi này theo giờ của lịch mới. Muốn giữ giờ riêng thì dời lại.")
    return Note("warn", "clock", title, text)


def _on_holidays(finding: OnHolidays) -> Note:
    found = finding.holidays
    named = [f"{formats.day_short(one.on)} {holiday_name(one)}" for one in found[:NAMED]]
    if len(found) > NAMED:
        named.append(counted("%(n)s ngày khác", len(found) - NAMED))
    title = _("Phát cả ngày lễ: %(days)s", days=listed(named))
    return Note("warn", "cal", title, _("Không muốn vậy thì đổi mục Ngày lễ. Vẫn lưu được."))


def _since(station: StationReach) -> str:
    """The word and the time of its tile; a lapse no tile shows yet counts from the last beat."""
    if station.last_seen_at is None:
        return _("%(name)s chưa kết nối lần nào", name=station.name)
    is_told = station.shown_state in {ShownState.DOWN, ShownState.UNKNOWN}
    at = (station.shown_since_at if is_told else None) or station.last_seen_at
    since = f"{formats.clock(at)} {formats.day_short(at)}"
    if station.shown_state == ShownState.DOWN:
        return _("%(name)s ngừng từ %(at)s", name=station.name, at=since)
    return _("%(name)s mất kết nối từ %(at)s", name=station.name, at=since)


def _at_stations(stations: Sequence[Station]) -> str:
    if len(stations) <= NAMED:
        return _("Ở %(names)s", names=listed([station.name for station in stations]))
    return _("Ở %(n)s trạm", n=len(stations))


def _day(at: datetime | date) -> str:
    return f"{formats.weekday(at)} {formats.day_short(at)}"
