"""Why a slot stands as it does, in plain sentences: "Vì sao?" on a station's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _

from controller.domain.priority_order import Cause
from controller.domain.story import CentreCode, CentreFact, Silence, SlotStory
from controller.services.audit import SYSTEM
from controller.services.placings import Placed
from controller.services.schedule_rows import NOT_VALID
from controller.services.sharing import UNSHARED
from controller.services.slot_stories import placed_fact
from controller.web import formats
from controller.web.words import FIRST_REASONS, ORDER_REASONS, PRIORITIES, reason_word, trouble_word
from station_protocol.messages import TraceFact
from station_protocol.vocabulary import LATE_AFTER_MS, ClockLevel, FactCode

OK, NOTE, BAD, PLAIN = "ok", "warn", "bad", ""
ICONS = {OK: "ok", NOTE: "warn", BAD: "x", PLAIN: "clock"}

Words = tuple[str, str]
"""The look and the sentence, without its first capital."""


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of the story: when, how it looks, what happened, and who says so."""

    at: datetime
    is_sure: bool
    look: str
    text: str
    codes: str
    is_of_centre: bool

    @property
    def icon(self) -> str:
        """The sign that goes with the look."""
        return ICONS[self.look]

    def clock(self, starts_at: datetime) -> str:
        """05:29:55 to the nearest second; with its date when that is not the slot's."""
        at = self.at + timedelta(milliseconds=500)
        time, day = formats.clock_s(at), formats.local(at).date()
        is_same_day = day == formats.local(starts_at).date()
        text = time if is_same_day else f"{formats.day_short(at)} {time}"
        return text if self.is_sure else f"~{text}"


# --- what a station says --------------------------------------------------------------------------


def _seconds(ms: float | None) -> str:
    return formats.number(abs(ms or 0) / 1000, 2)


def _title(fact: TraceFact) -> str:
    return fact.title or fact.by or _("buổi khác")


def _rival(fact: TraceFact) -> str:
    if fact.priority is None:
        return f"“{_title(fact)}”"
    return f"“{_title(fact)}” ({PRIORITIES[fact.priority.value]})"


def _restarted(fact: TraceFact) -> Words:
    at = formats.moment(fact.other_at)
    if fact.why is None:
        return PLAIN, _("máy của trạm chạy lần đầu")
    if fact.why == "stopped":
        return PLAIN, _("máy chạy lại sau khi được tắt đúng cách lúc %(at)s", at=at)
    why = reason_word(fact.why)
    return NOTE, _(
        "máy chạy lại; trước đó %(why)s, dấu hiệu cuối lúc %(at)s. Ghi chép dở dang đã mất",
        why=why,
        at=at,
    )


def _changed(fact: TraceFact) -> Words:
    if fact.other_at is None:
        return PLAIN, _("lịch bản %(n)s đổi buổi này", n=fact.version or 0)
    at = formats.moment(fact.other_at)
    return PLAIN, _("lịch bản %(n)s đổi buổi này, phát lúc %(at)s", n=fact.version or 0, at=at)


def _clock(fact: TraceFact) -> Words:
    if fact.level is ClockLevel.NONE:
        return BAD, trouble_word(fact.why or "clock_untrusted")
    if fact.level is ClockLevel.LAST_KNOWN:
        return NOTE, _("đồng hồ tự giữ giờ, chưa được trung tâm xác nhận")
    if fact.error_ms is None:
        return OK, _("đồng hồ tin được")
    return OK, _("đồng hồ tin được (sai tối đa %(s)s giây)", s=_seconds(fact.error_ms))


def _files(fact: TraceFact) -> Words:
    have, need = fact.have or 0, fact.need or 0
    if fact.why == "complete":
        return OK, _("đủ tệp âm thanh")
    if not need:
        return BAD, _("buổi này không có âm thanh nào được duyệt")
    if fact.why == "damaged":
        return BAD, _("tệp âm thanh hỏng, phải tải lại")
    return BAD, _("thiếu tệp âm thanh, có %(have)s/%(need)s", have=have, need=need)


def _device(fact: TraceFact) -> Words:
    if fact.why == "back":
        return OK, _("thấy lại thiết bị âm thanh")
    return BAD, _("không thấy thiết bị âm thanh")


def _storage(fact: TraceFact) -> Words:
    if fact.why == "back":
        return OK, _("thẻ nhớ ghi lại được")
    return BAD, _("không ghi được vào thẻ nhớ: %(why)s", why=reason_word(fact.why or ""))


def _limits(fact: TraceFact) -> Words:
    version = fact.version or 0
    if fact.why == "too_long":
        return BAD, _("dài hơn mức trạm được phép (giới hạn bản %(n)s)", n=version)
    return BAD, _("ngoài khung giờ trạm được phép (giới hạn bản %(n)s)", n=version)


def _started(fact: TraceFact) -> Words:
    late_ms = fact.ms or 0
    if late_ms > LATE_AFTER_MS:
        return NOTE, _("bắt đầu vang, muộn %(time)s", time=formats.duration(late_ms))
    if fact.error_ms is None:
        return OK, _("bắt đầu vang")
    return OK, _("bắt đầu vang, lệch %(s)s giây", s=_seconds(fact.error_ms))


def _cut(fact: TraceFact) -> Words:
    if fact.why == "preempted" and fact.title:
        return NOTE, _("nhường sóng cho %(what)s", what=_rival(fact))
    return BAD, _("dừng: %(why)s", why=reason_word(fact.why or "player_failed"))


def _played(fact: TraceFact) -> Words:
    values = {"ms": formats.length(fact.ms), "all": formats.length(fact.of_ms)}
    look = OK if (fact.ms or 0) >= (fact.of_ms or 0) - 1000 else NOTE
    if fact.why == "marked":
        return look, _("đã vang %(ms)s trên %(all)s, đúng đến khoảng 15 giây", **values)
    return look, _("đã vang %(ms)s trên %(all)s", **values)


def _cancelled(fact: TraceFact) -> Words:
    if fact.why == "order":
        return PLAIN, _("trạm nhận lệnh hủy buổi này")
    return PLAIN, _("lịch đang giữ ghi buổi này đã hủy")


def _closed(fact: TraceFact) -> Words:
    at = formats.clock_s(fact.other_at)
    return BAD, _("hết thời gian chờ lúc %(at)s mà chưa phát được", at=at)


STATION: dict[str, Callable[[TraceFact], Words]] = {
    FactCode.RESTARTED: _restarted,
    FactCode.PLAN_HEARD: lambda fact: (
        PLAIN,
        _("nhận lịch có buổi này (bản %(n)s)", n=fact.version or 0),
    ),
    FactCode.PLAN_CHANGED: _changed,
    FactCode.PLAN_HELD: lambda fact: (OK, _("giữ lịch bản %(n)s", n=fact.version or 0)),
    FactCode.CLOCK: _clock,
    FactCode.FILES: _files,
    FactCode.DEVICE: _device,
    FactCode.STORAGE: _storage,
    FactCode.LIMITS: _limits,
    FactCode.PLAN_EXPIRED: lambda fact: (
        BAD,
        _("lịch đang giữ chỉ có hiệu lực đến %(at)s", at=formats.moment(fact.other_at)),
    ),
    FactCode.ORDERED: lambda fact: (PLAIN, _("nhận lệnh phát %(what)s", what=_rival(fact))),
    FactCode.PREPARED: lambda _fact: (OK, _("tệp đúng, thiết bị âm thanh đã mở")),
    FactCode.NOT_PREPARED: lambda fact: (
        BAD,
        _("chưa chuẩn bị phát được: %(why)s", why=reason_word(fact.why or "")),
    ),
    FactCode.AIR_TAKEN: lambda fact: (
        NOTE,
        _("phải chờ, sóng dành cho %(what)s", what=_rival(fact)),
    ),
    FactCode.LATE_SPACING: lambda _fact: (
        NOTE,
        _("phải chờ: hai buổi phát muộn bắt đầu cách nhau ít nhất 1 phút"),
    ),
    FactCode.STARTED: _started,
    FactCode.CUT: _cut,
    FactCode.WENT_ON: lambda fact: (
        OK,
        _("phát tiếp phần còn lại, sau %(ms)s đã vang", ms=formats.length(fact.ms)),
    ),
    FactCode.PLAYED: _played,
    FactCode.CANCELLED: _cancelled,
    FactCode.WINDOW_CLOSED: _closed,
}
"""The sentence of each code a station may tell."""


def station_words(fact: TraceFact) -> Words:
    """The sentence of a station's fact; one of a newer station is told as such."""
    write = STATION.get(fact.code)
    if write is None:
        return PLAIN, _("trạm ghi %(code)s", code=str(fact.code))
    return write(fact)


# --- what the centre knows ------------------------------------------------------------------------


def _who(fact: CentreFact) -> str:
    return _("Lịch") if fact.who in ("", "vang") else fact.who


def _cancelled_here(fact: CentreFact) -> Words:
    if fact.who == SYSTEM and fact.why == NOT_VALID:
        return PLAIN, _("bản tin không trong hạn dùng nên buổi này hủy")
    if fact.why == UNSHARED:
        return PLAIN, _("%(who)s thôi dùng chung bản tin này nên buổi này hủy", who=_who(fact))
    if fact.who not in ("", "vang") and fact.why:
        return PLAIN, _("%(who)s hủy buổi này: %(why)s", who=fact.who, why=fact.why)
    return PLAIN, _("%(who)s hủy buổi này", who=_who(fact))


def _goes_first(fact: CentreFact) -> Words:
    values = {"at": formats.clock(fact.from_at), "other": fact.other, "who": fact.who}
    if fact.who:
        return PLAIN, _(
            "%(who)s của xã cho buổi này phát trước lúc %(at)s, “%(other)s” phát ngay sau", **values
        )
    return PLAIN, _(
        "%(why)s: buổi này phát trước, “%(other)s” phát ngay sau", why=_order_reason(fact), **values
    )


def _goes_second(fact: CentreFact) -> Words:
    values = {
        "from_": formats.clock(fact.from_at),
        "to": formats.clock(fact.to_at),
        "other": fact.other,
        "who": fact.who,
    }
    if fact.who:
        return PLAIN, _(
            "%(who)s của xã cho “%(other)s” phát trước; buổi này dời từ %(from_)s sang %(to)s",
            **values,
        )
    return PLAIN, _(
        "%(why)s: “%(other)s” phát trước, buổi này dời từ %(from_)s sang %(to)s",
        why=_order_reason(fact),
        **values,
    )


def _gave_way(fact: CentreFact) -> Words:
    return PLAIN, _(
        "“%(other)s” do %(who)s đặt; %(why)s",
        other=fact.other,
        who=fact.who,
        why=str(FIRST_REASONS[fact.why]),
    )


def _order_reason(fact: CentreFact) -> str:
    return str(ORDER_REASONS[Cause(fact.why)])


def _lost(fact: CentreFact) -> Words:
    if fact.until_at is None:
        return NOTE, _("trạm mất kết nối từ %(at)s, chưa nối lại", at=formats.moment(fact.at))
    since, until = formats.moment(fact.at), formats.moment(fact.until_at)
    return NOTE, _("trạm mất kết nối từ %(since)s đến %(until)s", since=since, until=until)


def _holds(fact: CentreFact) -> Words:
    return OK, _("trạm báo đang giữ lịch bản %(n)s, có buổi này", n=fact.version)


def _lacks(fact: CentreFact) -> Words:
    return NOTE, _(
        "trạm báo đang giữ lịch bản %(n)s, chưa có buổi này; bản mới nhất là %(newest)s",
        n=fact.version,
        newest=fact.newest,
    )


CENTRE: dict[CentreCode, Callable[[CentreFact], Words]] = {
    CentreCode.SCHEDULED: lambda fact: (PLAIN, _("%(who)s đặt lịch", who=fact.who)),
    CentreCode.RESCHEDULED: lambda fact: (PLAIN, _("%(who)s sửa lịch lần cuối", who=fact.who)),
    CentreCode.APPROVED: lambda fact: (
        OK,
        _("%(who)s duyệt “%(title)s”", who=fact.who, title=fact.other),
    ),
    CentreCode.MOVED: lambda fact: (PLAIN, _("%(who)s dời buổi này", who=_who(fact))),
    CentreCode.CANCELLED: _cancelled_here,
    CentreCode.DECLINED: lambda fact: (
        PLAIN,
        _("%(who)s của xã không nhận phát: %(why)s", who=fact.who, why=fact.why),
    ),
    CentreCode.GOES_FIRST: _goes_first,
    CentreCode.GOES_SECOND: _goes_second,
    CentreCode.GAVE_WAY: _gave_way,
    CentreCode.STOPPED: lambda fact: (PLAIN, _("%(who)s ra lệnh dừng loa", who=fact.who)),
    CentreCode.LINK_LOST: _lost,
    CentreCode.SOUND_HELD: lambda _fact: (OK, _("trạm báo đã giữ đủ tệp âm thanh")),
    CentreCode.PLAN_HELD: _holds,
    CentreCode.PLAN_LACKS: _lacks,
    CentreCode.NO_PLAN: lambda _fact: (NOTE, _("trạm chưa báo đang giữ lịch nào")),
}
"""The sentence of each fact of the centre."""

SILENCES: dict[Silence, Callable[[], str]] = {
    Silence.COMING: lambda: _("Buổi này chưa đến giờ. Đây là điều trung tâm biết đến lúc này."),
    Silence.UNDER_WAY: lambda: _("Đang phát. Trạm gửi diễn biến khi buổi kết thúc."),
    Silence.NO_WORD: lambda: _("Chưa rõ vì sao: trung tâm chưa nhận được sổ của trạm về buổi này."),
    Silence.TIMEOUT: lambda: _(
        "Quá 24 giờ chưa có sổ của trạm, nên tính là không phát. Sổ về trong 35 ngày thì sửa lại."
    ),
    Silence.CENTRE: lambda: _(
        "Trung tâm tự kết luận: trạm không thể phát buổi này. Trạm không gửi diễn biến."
    ),
    Silence.NO_TRACE: lambda: _(
        "Sổ của trạm có kết quả nhưng không có diễn biến. Đây là điều trung tâm biết."
    ),
}
"""What stands above a story the station has not told."""


# --- the story ------------------------------------------------------------------------------------


def story_lines(story: SlotStory) -> list[StoryLine]:
    """The story line by line; what a station noted in the same second is one sentence."""
    lines: list[StoryLine] = []
    for fact in story.facts:
        line = _line(fact)
        if lines and _goes_on(lines[-1], line):
            lines[-1] = _joined(lines[-1], line)
        else:
            lines.append(line)
    return lines


def placing_words(placing: Placed) -> str:
    """Why a priority item stands beside another as it does, as one sentence."""
    return _line(placed_fact(placing)).text


def silence_words(story: SlotStory) -> str:
    """Why the station itself says nothing; empty when it does."""
    return SILENCES[story.silence]() if story.silence is not None else ""


def _line(fact: TraceFact | CentreFact) -> StoryLine:
    if isinstance(fact, CentreFact):
        look, text = CENTRE[fact.code](fact)
        return StoryLine(fact.at, True, look, formats.capitalised(text), "", True)
    look, text = station_words(fact)
    is_trouble = look in (NOTE, BAD) and fact.why is not None
    parts = (fact.code, fact.why, fact.sha256) if is_trouble else ()
    codes = " ".join(str(part) for part in parts if part)
    return StoryLine(fact.at, fact.is_sure, look, formats.capitalised(text), codes, False)


def _goes_on(line: StoryLine, then: StoryLine) -> bool:
    if line.is_of_centre or then.is_of_centre or line.look != then.look:
        return False
    same_second = line.at.replace(microsecond=0) == then.at.replace(microsecond=0)
    return same_second and line.is_sure == then.is_sure


def _joined(line: StoryLine, then: StoryLine) -> StoryLine:
    text = f"{line.text}, {then.text[:1].lower()}{then.text[1:]}"
    codes = ", ".join(filter(None, (line.codes, then.codes)))
    return StoryLine(line.at, line.is_sure, line.look, text, codes, False)
