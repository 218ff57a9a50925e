"""Holidays: the public ones, and the days a place enters besides them or takes from them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import local_date
from controller.errors import ControllerError, InvalidInputError
from controller.services.holidays import DayWish
from controller.web import schedule_words
from controller.web.context import web_now
from controller.web.moves import undo_button
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import spelled_day, typed_day

bp = Blueprint("holidays", __name__, url_prefix="/lich/ngay-le")

HOLIDAY, ORDINARY = "le", "thuong"
FIELDS = ("place_id", "name", "first_on", "last_on", "kind")


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """The holidays of the reader's place, and the table of its own days."""
    offered = {"place_id": current_actor().place_id, "kind": HOLIDAY}
    return _page({name: offered.get(name, "") for name in FIELDS}, {})


@bp.post("")
@requires(Permission.WRITE_SCHEDULES)
def add() -> str | Response | tuple[str, int]:
    """Enter days."""
    typed = {name: request.form.get(name, "") for name in FIELDS}
    today = local_date(web_now())
    try:
        first = typed_day("first_on", typed["first_on"], today)
        last = typed_day("last_on", typed["last_on"], today) if typed["last_on"] else first
        wish = DayWish(
            typed["place_id"], typed["name"], first, last, is_holiday=typed["kind"] != ORDINARY
        )
        key = services().holidays.add(current_actor(), wish)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        field = error.facts.get("field", "") if isinstance(error, InvalidInputError) else ""
        return _page(typed, {str(field or "first_on"): explain(error)}), error.status
    undo = undo_button(url_for(".remove", calendar_day_id=key), [("undo", "1")])
    flash(Markup("%s %s") % (_("Đã nhập. Lịch theo ngày lễ đổi trong vài phút."), undo), "ok")
    return redirect(url_for(".index"), code=303)


@bp.post("/<calendar_day_id>/bo")
@requires(Permission.WRITE_SCHEDULES)
def remove(calendar_day_id: str) -> Response:
    """Take an entry back; what was entered can be entered again with one press."""
    try:
        was = services().holidays.remove(current_actor(), calendar_day_id)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        flash(explain(error), "down")
        return redirect(url_for(".index"), code=303)
    words: str | Markup = _("Đã bỏ “%(name)s”.", name=was.name)
    if not request.form.get("undo"):
        fields = [
            ("place_id", was.place.place_id),
            ("name", was.name),
            ("first_on", spelled_day(was.first_on)),
            ("last_on", spelled_day(was.last_on)),
            ("kind", HOLIDAY if was.is_holiday else ORDINARY),
        ]
        words = Markup("%s %s") % (words, undo_button(url_for(".add"), fields))
    flash(words, "ok")
    return redirect(url_for(".index"), code=303)


def _page(typed: dict[str, str], problems: dict[str, str]) -> str:
    actor, tree = current_actor(), services().places.tree()
    return render_template(
        "schedules/holidays.html",
        page=services().holidays.page(actor),
        typed=typed,
        problems=problems,
        places=list(tree.walk(actor.place_id)),
        kinds=[
            (HOLIDAY, _("Ngày lễ ở đây")),
            (ORDINARY, _("Ngày thường, dù là ngày lễ chung")),
        ],
        holiday_name=schedule_words.holiday_name,
    )
