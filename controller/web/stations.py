"""One station: what it was to air, what it holds, what it aired, and how its machine is."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.board import DayLine
from controller.domain.station_state import ShownState
from controller.domain.story import LOST_STATES
from controller.errors import InvalidInputError
from controller.services.day_figures import Today
from controller.services.tiles import Tile
from controller.web import story_words
from controller.web.bulletin_words import LANGUAGES
from controller.web.context import web_now
from controller.web.formats import STATION_TZ, local
from controller.web.headline import station_months
from controller.web.pictures import boxed, day_picture, year_picture
from controller.web.policy import current_actor, requires, services
from controller.web.schedule_form import day_of
from station_protocol.messages import RefreshDeed, StopDeed, TestToneDeed

bp = Blueprint("stations", __name__)

RANKS = (1, 2, 3)
"""How many languages a station's order can have."""

DAY_OPENS_H = 4
DAY_CLOSES_H = 22
"""The drawn part of the day; it grows when a slot lies outside."""


@bp.get("/tram/<station_id>")
@requires(Permission.VIEW)
def show(station_id: str) -> str:
    """The station's page, for the local day `ngay` (YYYY-MM-DD) or today; `buoi` is told open."""
    day = _day(request.args.get("ngay"))
    view = services().station_pages.view(current_actor(), station_id, _midnight(day))
    opens_h, closes_h = _span(view.day)
    so_far = services().station_days.today(current_actor(), station_id)
    return render_template(
        "stations/show.html",
        view=view,
        day=day,
        today=_today(),
        earlier=day - timedelta(days=1),
        later=day + timedelta(days=1),
        story_lines=story_words.story_lines,
        silence_words=story_words.silence_words,
        open_slot=request.args.get("buoi", ""),
        language_words=LANGUAGES,
        ranks=RANKS,
        opens_h=opens_h,
        closes_h=closes_h,
        left=lambda at: _left(at, day, opens_h, closes_h),
        figures=station_months(station_id, so_far),
        unheard=unheard_words(view.tile),
        drawings=_drawings(station_id, day, so_far),
    )


def _drawings(station_id: str, day: date, so_far: Today) -> dict[str, Markup]:
    """The last twelve months day by day, and the 24 hours of the chosen day."""
    actor, today = current_actor(), _today()
    first = today - timedelta(days=364)
    days = services().station_days.settled(actor, station_id, first, today, so_far)
    found = services().station_days.day(actor, station_id, day, so_far)
    name = _("Một năm qua, từng ngày")
    return {
        "year": boxed(
            lambda width, key: year_picture(
                days, (first, today), name, width=width, key=f"year-{key}"
            )
        ),
        "day": boxed(lambda width, key: day_picture(found, width=width, key=f"day-{key}")),
    }


@bp.post("/tram/<station_id>/lenh")
@requires(Permission.ORDER_STATIONS)
def order(station_id: str) -> Response:
    """Send a test tone or a request to check itself to the station."""
    chosen = request.form.get("lenh", "")
    orders = services().orders
    if chosen == "test_tone":
        orders.order(current_actor(), station_id, TestToneDeed())
        said = _("Đã gửi lệnh thử loa. Trạm kêu 3 giây nếu đang trong khung giờ và loa rảnh.")
    elif chosen == "refresh":
        orders.order(current_actor(), station_id, RefreshDeed())
        said = _("Đã bảo trạm kiểm tra lại lịch và âm thanh.")
    else:
        raise InvalidInputError("unknown order", field="lenh", problem="choice")
    unheard = unheard_words(_tile(station_id))
    if unheard:
        said = _("Đã gửi lệnh. Trạm đang không nghe trung tâm, chỉ nhận được nếu sớm nối lại.")
    flash(said, "warn" if unheard else "message")
    return redirect(url_for("stations.show", station_id=station_id), code=303)


@bp.post("/tram/<station_id>/thu-tieng")
@requires(Permission.ORDER_STATIONS)
def languages(station_id: str) -> Response:
    """Set in which languages the station airs, the first that a bulletin has."""
    order = [request.form.get(f"thu_tieng_{rank}", "") for rank in RANKS]
    version = request.form.get("row_version", type=int)
    services().stations.set_languages(current_actor(), station_id, order, version)
    flash(_("Đã lưu thứ tiếng. Các buổi chưa phát đổi theo trong vài phút."), "ok")
    return redirect(url_for("stations.show", station_id=station_id), code=303)


@bp.post("/tram/<station_id>/dung")
@requires(Permission.STOP_SOUND)
def stop(station_id: str) -> Response:
    """Stop what sounds at the station now; the rest is not played again."""
    why = request.form.get("ly_do", "")
    services().orders.order(current_actor(), station_id, StopDeed(), why=why)
    if unheard := unheard_words(_tile(station_id)):
        flash(_("Đã gửi lệnh dừng loa. %(but)s", but=unheard), "warn")
    else:
        flash(_("Đã gửi lệnh dừng loa. Phần còn lại của buổi không phát lại."))
    page = "commune.show" if request.form.get("back") == "commune" else "stations.show"
    return redirect(url_for(page, station_id=station_id), code=303)


def _tile(station_id: str) -> Tile:
    return services().station_pages.view(current_actor(), station_id, _midnight(_today())).tile


def unheard_words(tile: Tile) -> str:
    """What to say beside an order to a station that does not hear the centre; "": it does."""
    if tile.state not in LOST_STATES:
        return ""
    may_sound = tile.state == ShownState.UNKNOWN  # the others stopped, or never began
    if not (may_sound and current_actor().may(Permission.STOP_SOUND)):
        return _("Trạm đang không nghe trung tâm.")
    if current_actor().place_id == tile.place_id:
        return _("Trạm đang không nghe trung tâm. Muốn dừng ngay thì tắt loa ở máy của trạm.")
    return _("Trạm đang không nghe trung tâm. Muốn dừng ngay thì gọi xã.")


def _today() -> date:
    return local(web_now()).date()


def _day(text: str | None) -> date:
    if not text:
        return _today()
    day = day_of(text, _today())
    if day is None:
        raise InvalidInputError(f"not a date: {text!r}", field="ngay", problem="date")
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), STATION_TZ)


def _span(lines: tuple[DayLine, ...]) -> tuple[int, int]:
    starts = [local(line.planned.starts_at).hour for line in lines]
    ends = [local(line.ends_at).hour + 1 for line in lines]
    return min([DAY_OPENS_H, *starts]), min(24, max([DAY_CLOSES_H, *ends]))


def _left(at: datetime, day: date, opens_h: int, closes_h: int) -> float:
    """Where an instant lies in the drawn part of the day, per cent from its left end."""
    hours = (at - _midnight(day)) / timedelta(hours=1)
    return round(min(max((hours - opens_h) / (closes_h - opens_h), 0.0), 1.0) * 100, 3)
