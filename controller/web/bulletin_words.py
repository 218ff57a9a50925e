"""Bulletins in words: states, languages, subjects, findings, and why a file is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext

from audio_library.speech.engine import Voice
from controller.domain.bulletins import BulletinState, Language
from controller.services.bulletin_views import FindingView, HistoryLine, VersionView
from controller.services.sharing import Elsewhere
from controller.web import formats
from controller.web.counting import counted
from controller.web.schedule_words import NAMED, listed
from controller.web.words import dates

STATES = {
    BulletinState.DRAFT: (_l("Bản nháp"), "doc", "mute"),
    BulletinState.SUBMITTED: (_l("Chờ duyệt"), "clock", "warn"),
    BulletinState.APPROVED: (_l("Đã duyệt"), "ok", "ok"),
    BulletinState.RETURNED: (_l("Bị trả lại"), "undo", "down"),
    BulletinState.WITHDRAWN: (_l("Đã rút"), "x", "lost"),
}
"""State of a bulletin: word, icon, class."""

LANGUAGES = {
    Language.VI: _l("Tiếng Việt"),
    Language.CJM: _l("Tiếng Chăm"),
    Language.ROG: _l("Tiếng Raglai"),
    Language.EN: _l("Tiếng Anh"),
}

VOICES = {
    "gtts:vi": _l("Google, tiếng Việt (cần Internet)"),
    "gtts:en": _l("Google, tiếng Anh (cần Internet)"),
    "own:vi": _l("Giọng riêng của trung tâm (không cần Internet)"),
    "espeak:vi-vn-x-south": _l("Giọng máy miền Nam (không cần Internet)"),
    "espeak:vi-vn-x-central": _l("Giọng máy miền Trung (không cần Internet)"),
    "espeak:vi": _l("Giọng máy miền Bắc (không cần Internet)"),
    "espeak:en": _l("Giọng máy, tiếng Anh (không cần Internet)"),
}
"""Voices by name."""

CATEGORIES = {
    "notice": _l("Thông báo"),
    "disaster": _l("Phòng chống thiên tai"),
    "farming": _l("Nông nghiệp"),
    "health": _l("Y tế"),
    "education": _l("Giáo dục"),
    "security": _l("An ninh trật tự"),
    "culture": _l("Văn hóa, thể thao"),
    "news": _l("Tin địa phương"),
    "economy": _l("Kinh tế - xã hội"),
    "reform": _l("Cải cách hành chính"),
    "digital": _l("Chuyển đổi số"),
    "ethnic_culture": _l("Văn hóa dân tộc"),
}


@dataclass(frozen=True, slots=True)
class QualityLine:
    """One observation for a person: what, the figure in grey, what it means; `at_ms` to hear it."""

    look: str
    heading: str
    figure: str
    meaning: str
    at_ms: int | None = None


def spoken(language: Language) -> str:
    """A language inside a sentence: tiếng Việt."""
    word = str(LANGUAGES[language])
    return word if formats.language() == "en" else word[:1].lower() + word[1:]


def voice(chosen: Voice) -> str:
    """A voice, as it is chosen."""
    known = VOICES.get(chosen.name)
    return str(known) if known else f"{chosen.engine} ({chosen.voice_id})"


def quality(version: VersionView) -> list[QualityLine]:
    """Everything worth saying about a finished sound, in the order a person asks."""
    lines = [_loudness(version)]
    lines += [FINDINGS[finding.kind](finding) for finding in version.findings]
    kinds = {finding.kind for finding in version.findings}
    if "clipping" not in kinds:
        figure = _("đỉnh %(peak)s dBTP", peak=signed(version.true_peak_dbtp))
        lines.append(
            QualityLine("ok", _("Không bị vỡ tiếng"), figure, _("Không có đoạn nào quá ngưỡng."))
        )
    if "too_short" not in kinds:
        length = formats.duration(version.duration_ms)
        meaning = _("Kể cả nhạc hiệu ở đầu.")
        lines.append(QualityLine("ok", _("Dài %(length)s", length=length), "", meaning))
    return lines


def verdict(version: VersionView) -> tuple[str, str]:
    """Class and sentence over the list of observations."""
    if any(finding.is_blocking for finding in version.findings):
        return "down", _("Chưa phát được, có điều phải sửa")
    if version.findings:
        return "warn", counted("Phát được, %(n)s điều nên sửa", len(version.findings))
    return "ok", _("Phát được, không có gì phải sửa")


def refusal(code: str | None, facts: Mapping[str, Any]) -> str:
    """Why an upload gave no sound, and what to do."""
    write = REFUSALS.get(code or "")
    return write(facts) if write else _("Không xử lý được tệp này. Thử lại hoặc tải tệp khác lên.")


def history_line(line: HistoryLine) -> str:
    """One deed in words."""
    write = DEEDS.get(line.action)
    return write(line.detail) if write else line.action


def elsewhere(others: Sequence[Elsewhere]) -> str:
    """ "Huyện Ninh Sơn (2 lịch) và xã Ma Nới (1 lịch)", as a sentence begins."""
    named = [
        counted("%(place)s (%(n)s lịch)", one.schedules, place=one.place.full_name)
        for one in others[:NAMED]
    ]
    if len(others) > NAMED:
        named.append(counted("%(n)s nơi khác", len(others) - NAMED))
    return formats.capitalised(listed(named))


def signed(value: float | None) -> str:
    """A level with one decimal and a real minus sign."""
    text = formats.number(abs(value or 0.0), 1)
    return f"−{text}" if (value or 0.0) < 0 else text


def lufs(value: float | None) -> str:
    """−19,1 LUFS, on one line."""
    return formats.unbroken(f"{signed(value)} LUFS")


def dbtp(value: float | None) -> str:
    """−2,7 dBTP, on one line."""
    return formats.unbroken(f"{signed(value)} dBTP")


def _loudness(version: VersionView) -> QualityLine:
    figure = lufs(version.loudness_lufs)
    lifted = (version.loudness_lufs or 0.0) - (version.source_loudness_lufs or 0.0)
    source = lufs(version.source_loudness_lufs)
    if lifted >= 0.5:
        meaning = _(
            "Tệp gốc %(loudness)s, nhỏ hơn mức chuẩn %(gap)s. "
            "Đã nâng lên cho to ngang các bản tin khác.",
            loudness=source,
            gap=_decibels(lifted),
        )
    elif lifted <= -0.5:
        meaning = _(
            "Tệp gốc %(loudness)s, to hơn mức chuẩn %(gap)s. "
            "Đã hạ xuống cho to ngang các bản tin khác.",
            loudness=source,
            gap=_decibels(-lifted),
        )
    else:
        meaning = _("Tệp gốc %(loudness)s, đã đúng mức chuẩn.", loudness=source)
    return QualityLine("ok", _("Độ to đã được chỉnh vừa"), figure, meaning)


def _decibels(value: float) -> str:
    return formats.unbroken(f"{formats.number(value)} dB")


def _look(finding: FindingView) -> str:
    return "down" if finding.is_blocking else "warn"


def _silent_start(finding: FindingView) -> QualityLine:
    heading = _("Im lặng %(length)s ở đầu", length=formats.duration(finding.length_ms))
    meaning = _("Người nghe có thể tưởng loa hỏng. Nên cắt ngắn.")
    return QualityLine(_look(finding), heading, "", meaning, finding.at_ms)


def _silent_inside(finding: FindingView) -> QualityLine:
    length, at = formats.duration(finding.length_ms), formats.length(finding.at_ms)
    heading = _("Im lặng %(length)s ở phút %(at)s", length=length, at=at)
    meaning = _("Người nghe có thể tưởng loa hỏng. Nên cắt còn 1 giây.")
    return QualityLine(_look(finding), heading, "", meaning, finding.at_ms)


def _silent_end(finding: FindingView) -> QualityLine:
    heading = _("Im lặng %(length)s ở cuối", length=formats.duration(finding.length_ms))
    meaning = _("Giữ sóng mà không có tiếng. Nên cắt bỏ.")
    return QualityLine(_look(finding), heading, "", meaning, finding.at_ms)


def _clipping(finding: FindingView) -> QualityLine:
    heading = _("Vỡ tiếng ở phút %(at)s", at=formats.length(finding.at_ms))
    meaning = _("Tiếng vượt ngưỡng của máy thu. Thu lại nhỏ hơn thì rõ hơn.")
    return QualityLine(_look(finding), heading, "", meaning, finding.at_ms)


def _short(finding: FindingView) -> QualityLine:
    seconds = formats.number((finding.length_ms or 0) / 1000, 1)
    heading = _("Chỉ dài %(seconds)s giây", seconds=seconds)
    return QualityLine(_look(finding), heading, "", _("Xem lại có tải nhầm tệp không."))


def _quiet(finding: FindingView) -> QualityLine:
    figure = lufs(finding.value)
    meaning = _("Đã nâng lên nhiều nên tiếng ồn nền cũng to theo. Thu lại gần micro hơn.")
    return QualityLine(_look(finding), _("Tệp gốc quá nhỏ tiếng"), figure, meaning)


def _peaks(finding: FindingView) -> QualityLine:
    figure = lufs(finding.value)
    meaning = _("Có tiếng rất to xen giữa tiếng nhỏ nên chưa nâng đủ độ to.")
    return QualityLine(_look(finding), _("Nhỏ tiếng hơn các bản tin khác"), figure, meaning)


def _bass(finding: FindingView) -> QualityLine:
    meaning = _("Loa phóng thanh phát ra ít tiếng trầm nên nghe ục, mất tiếng. Thu xa micro hơn.")
    return QualityLine(_look(finding), _("Nhiều tiếng trầm"), _share(finding), meaning)


def _thin(finding: FindingView) -> QualityLine:
    meaning = _("Phần lớn là tiếng chói, tiếng xì; lời nghe không rõ qua loa. Thu lại.")
    return QualityLine(
        _look(finding), _("Nhiều tiếng chói, ít tiếng lời"), _share(finding), meaning
    )


def _share(finding: FindingView) -> str:
    share = formats.unbroken(formats.percent(finding.value or 0.0, 0))
    return _("%(share)s trong dải lời nói", share=share)


def _uneven(finding: FindingView) -> QualityLine:
    figure = f"{formats.number(finding.value or 0.0, 0)} LU"
    meaning = _("Đoạn to đoạn nhỏ; ngoài trời đoạn nhỏ không nghe được. Thu lại đều tiếng hơn.")
    return QualityLine(_look(finding), _("Độ to không đều"), figure, meaning)


FINDINGS: dict[str, Callable[[FindingView], QualityLine]] = {
    "silence_at_start": _silent_start,
    "silence_inside": _silent_inside,
    "silence_at_end": _silent_end,
    "clipping": _clipping,
    "too_short": _short,
    "too_quiet": _quiet,
    "peaks_too_high": _peaks,
    "bass_heavy": _bass,
    "thin": _thin,
    "uneven": _uneven,
}


def _damaged(facts: Mapping[str, Any]) -> str:
    decoded, promised = facts.get("decoded_ms"), facts.get("promised_ms")
    if decoded and promised:
        return _(
            "Tệp bị cắt dở: chỉ có %(decoded)s trên %(promised)s. Hãy tải lại tệp gốc.",
            decoded=formats.length(decoded),
            promised=formats.length(promised),
        )
    return _("Tệp bị hỏng hoặc cắt dở. Hãy tải lại tệp gốc.")


REFUSALS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "not_sound": lambda _f: _(
        "Tệp này không phải âm thanh. Chọn tệp WAV, MP3, M4A, OGG, Opus hoặc FLAC."
    ),
    "too_long": lambda facts: _(
        "Tệp dài hơn %(limit)s. Hãy cắt thành nhiều bản tin.",
        limit=formats.duration(facts.get("limit_ms")),
    ),
    "damaged": _damaged,
    "silent": lambda _f: _("Tệp này không có tiếng. Kiểm tra micro rồi thu lại."),
    "loudness_not_reached": lambda _f: _(
        "Không chỉnh được độ to của tệp này. Thu lại hoặc chọn tệp khác."
    ),
    "speech_offline": lambda _f: _(
        "Không tạo được giọng đọc vì trung tâm không có Internet. Hãy tải tệp lên hoặc ghi âm."
    ),
    "speech_failed": lambda _f: _(
        "Dịch vụ giọng đọc trả lời không đúng. Văn bản vẫn còn; thử lại sau hoặc tải tệp lên."
    ),
    "tool_failed": lambda _f: _("Máy chủ chưa xử lý được tệp này. Tải lên lại, hoặc báo quản trị."),
}
"""Codes of the audio library."""


def _sound_given(detail: Mapping[str, Any]) -> str:
    return _(
        "Đưa âm thanh vào: %(language)s, bản %(number)s",
        language=LANGUAGES[Language(detail.get("language", "vi"))],
        number=detail.get("number", 1),
    )


def _filed(detail: Mapping[str, Any]) -> str:
    starts_on, ends_on = (
        date.fromisoformat(text) if (text := detail.get(key)) else None
        for key in ("valid_from", "valid_until")
    )
    tags = ", ".join(detail.get("tags") or ()) or _("không có")
    return _("Nhãn: %(tags)s; hạn dùng: %(span)s", tags=tags, span=dates(starts_on, ends_on))


def _cut(detail: Mapping[str, Any]) -> str:
    return _(
        "Cắt khoảng lặng: %(language)s, bản %(number)s, giữ từ giây %(start)s đến giây %(end)s",
        language=LANGUAGES[Language(detail.get("language", "vi"))],
        number=detail.get("number", 1),
        start=formats.number(detail.get("cut_start_ms", 0) / 1000, 1),
        end=formats.number(detail.get("cut_end_ms", 0) / 1000, 1),
    )


def _whole(detail: Mapping[str, Any]) -> str:
    return _(
        "Dùng lại cả tệp gốc: %(language)s, bản %(number)s",
        language=LANGUAGES[Language(detail.get("language", "vi"))],
        number=detail.get("number", 1),
    )


DEEDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "bulletin.create": lambda _d: pgettext("deed", "Soạn bản tin"),
    "bulletin.edit": lambda _d: pgettext("deed", "Sửa lời"),
    "bulletin.file": _filed,
    "bulletin.share": lambda _d: pgettext("deed", "Dùng chung cho các huyện"),
    "bulletin.unshare": lambda _d: pgettext("deed", "Thôi dùng chung"),
    "bulletin.sound": _sound_given,
    "bulletin.cut": _cut,
    "bulletin.whole": _whole,
    "bulletin.submit": lambda _d: pgettext("deed", "Gửi duyệt"),
    "bulletin.approve": lambda _d: pgettext("deed", "Duyệt"),
    "bulletin.return": lambda detail: _("Trả lại: %(reason)s", reason=detail.get("reason", "")),
    "bulletin.withdraw": lambda _d: pgettext("deed", "Rút bản tin"),
    "bulletin.approval_void": lambda _d: _("Âm thanh đã đổi nên phải duyệt lại"),
    "bulletin.sound_gone": lambda _d: _("Xóa âm thanh theo quy định lưu trữ"),
    "bulletin.sound_hold": lambda _d: _("Giữ âm thanh, không xóa theo quy định"),
    "bulletin.sound_unhold": lambda _d: pgettext("deed", "Thôi giữ âm thanh"),
    "bulletin.sound_refused": lambda detail: refusal(detail.get("code"), detail),
}
