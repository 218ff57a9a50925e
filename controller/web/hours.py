"""Broadcast hours: what holds where, and the dated exceptions people open and end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.policy import spelled
from controller.domain.schedule import instant, local_date
from controller.errors import ControllerError, InvalidInputError
from controller.services.place_rules import band_words
from controller.web import formats
from controller.web.context import web_now
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import day_of, time_of

bp = Blueprint("hours", __name__, url_prefix="/lich/khung-gio")

FIELDS = ("place_id", "from_on", "from_at", "until_on", "until_at", "why")


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """The hours of the reader's place and below, and the exceptions."""
    now = formats.local(web_now())
    offered = {
        "place_id": current_actor().place_id,
        "from_on": f"{now:%d/%m/%Y}",
        "from_at": f"{now:%H:%M}",
        "until_on": f"{now + timedelta(hours=2):%d/%m/%Y}",
        "until_at": f"{now + timedelta(hours=2):%H:%M}",
        "why": "",
    }
    return _page(offered, {})


@bp.get("/noi")
@requires(Permission.ORDER_STATIONS)
def of_place() -> Response:
    """Lead to the rules of the place that was chosen."""
    place_id = request.args.get("noi") or current_actor().place_id
    return redirect(url_for("place_rules.edit", place_id=place_id), code=303)


@bp.post("")
@requires(Permission.ORDER_STATIONS)
def add() -> str | Response | tuple[str, int]:
    """Open the hours of a place for a dated span."""
    typed = {name: request.form.get(name, "") for name in FIELDS}
    from_at = _moment(typed["from_on"], typed["from_at"])
    until_at = _moment(typed["until_on"], typed["until_at"])
    if from_at is None or until_at is None:
        field = "from_at" if from_at is None else "until_at"
        return _page(typed, {field: _("Gõ ngày và giờ, như 26/11/2026 và 05:30.")}), 422
    try:
        services().hours.add_exception(
            current_actor(), typed["place_id"], from_at, until_at, typed["why"]
        )
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        return _page(typed, _problems(error)), error.status
    flash(_("Đã mở thêm giờ. Các trạm nhận khung giờ mới trong vài phút."), "ok")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:hours_exception_id>/ket-thuc")
@requires(Permission.ORDER_STATIONS)
def end(hours_exception_id: int) -> Response:
    """End an exception now, or call off one to come."""
    try:
        had_begun = services().hours.end_exception(current_actor(), hours_exception_id)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        flash(explain(error), "down")
    else:
        flash(_("Đã kết thúc giờ mở thêm.") if had_begun else _("Đã bỏ lần mở thêm giờ."), "ok")
    return redirect(url_for(".index"), code=303)


def _page(typed: dict[str, str], problems: dict[str, str]) -> str:
    actor, tree = current_actor(), services().places.tree()
    places = [
        (place.place_id, formats.capitalised(place.full_name))
        for place in tree.walk(actor.place_id)
    ]
    return render_template(
        "schedules/hours.html",
        page=services().hours.page(actor),
        typed=typed,
        problems=problems,
        places=places,
        spelled=spelled,
        band_words=band_words,
    )


def _problems(error: ControllerError) -> dict[str, str]:
    if not isinstance(error, InvalidInputError):
        return {"place_id": explain(error)}
    match error.facts.get("problem"):
        case "missing":
            words = _("Ghi lý do, để người sau hiểu.")
        case "not_after":
            words = _("Giờ kết thúc phải sau giờ bắt đầu và sau lúc này.")
        case "over_a_week":
            words = _("Mỗi lần mở thêm dài nhất 7 ngày.")
        case "too_long":
            words = _("Dài quá 200 chữ.")
        case _:
            words = explain(error)
    field = str(error.facts.get("field"))
    return {"until_at" if field == "until" else field: words}


def _moment(day: str, at: str) -> datetime | None:
    on, wall = day_of(day, _today()), time_of(at)
    return instant(on, wall) if on is not None and wall is not None else None


def _today() -> date:
    return local_date(web_now())
