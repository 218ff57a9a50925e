"""What the centre keeps, for how long, what went last and what goes next; nothing is done here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from controller.domain.accounts import Permission
from controller.services.retention import Kept, Kind, Removed
from controller.settings import Settings
from controller.web.counting import counted
from controller.web.policy import current_actor, requires, services, settings

bp = Blueprint("keeping", __name__, url_prefix="/luu-tru")

SHOWN = 50
"""So many bulletins whose sound goes next are named."""

KINDS = {
    Kind.JOURNALS: _l("Nhật ký của các trạm"),
    Kind.RESULTS: _l("Kết quả từng buổi và mọi lần sửa"),
    Kind.STATES: _l("Đổi trạng thái của trạm"),
    Kind.MADE_SOUND: _l("Âm thanh ghép sẵn cho các buổi"),
    Kind.VERSIONS: _l("Tên, lời, mã kiểm âm thanh của bản tin"),
    Kind.SLOTS: _l("Các buổi phát"),
    Kind.DAY_FIGURES: _l("Số liệu từng ngày"),
    Kind.CLOSED_MONTHS: _l("Tháng đã chốt"),
    Kind.AUDIT: _l("Nhật ký thao tác"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table of periods."""

    what: str
    how_long: str
    setting: str = ""
    """Its name in the settings file; empty: it cannot be changed."""
    rows: int | None = None
    oldest_at: datetime | None = None
    goes_on: date | None = None


@bp.get("")
@requires(Permission.READ_AUDIT)
def index() -> str:
    """The rules with their periods; bulletins are those of the reader's place."""
    tree, actor = services().places.tree(), current_actor()
    sound = services().sound_keeping.check()
    leaving = [one for one in sound.leaving if tree.is_within(one.place_id, actor.place_id)]
    return render_template(
        "keeping/index.html",
        rules=[*_counted(services().retention.kept()), *_others(settings())],
        removed=[(_removed(one), one) for one in services().retention.removed()],
        sound=sound,
        leaving=leaving[:SHOWN],
        unnamed=len(leaving) - len(leaving[:SHOWN]),
        sizes={one.bulletin_id: sum(one.sounds.values()) for one in leaving},
        here=len(leaving),
    )


def months(number: int) -> str:
    """A period in months; 0: for ever."""
    return counted("%(n)s tháng", number) if number else _("vĩnh viễn")


def days(number: int) -> str:
    """A period in days; 0: for ever."""
    return counted("%(n)s ngày", number) if number else _("vĩnh viễn")


def _counted(kept: list[Kept]) -> list[Rule]:
    return [
        Rule(
            str(KINDS[one.kind]), _how_long(one), one.setting, one.rows, one.oldest_at, one.goes_on
        )
        for one in kept
    ]


def _how_long(one: Kept) -> str:
    if one.kind is Kind.MADE_SOUND and one.months:
        return counted("%(n)s tháng sau buổi phát cuối", one.months)
    return months(one.months)


def _others(chosen: Settings) -> list[Rule]:
    """What is not counted here."""
    sound = chosen.keeping.bulletin_sound_months
    return [
        Rule(
            _("Âm thanh của bản tin và tệp tải lên"),
            counted("%(n)s tháng sau lần dùng cuối", sound) if sound else _("vĩnh viễn"),
            "keeping.bulletin_sound_months",
        ),
        Rule(
            _("Đổi giữa sẵn sàng và đang phát"),
            days(chosen.keeping.flips_days),
            "keeping.flips_days",
        ),
        Rule(
            _("Bản nháp không ai sửa, cùng âm thanh"),
            days(chosen.sound.drafts_kept_days),
            "sound.drafts_kept_days",
        ),
        Rule(_("Các thông báo"), days(chosen.notices.kept_days), "notices.kept_days"),
        Rule(_("Lịch và lệnh đã ký gửi trạm"), _("40 ngày và 400 ngày")),
    ]


def _removed(one: Removed) -> str:
    if one.kind is Kind.DRAFTS:
        return _("Bản nháp không ai sửa")
    if one.kind is Kind.BULLETIN_SOUND:
        return _("Âm thanh của bản tin")
    return _("Chứng cứ tháng %(month)s", month=f"{one.month:%m/%Y}" if one.month else "–")
