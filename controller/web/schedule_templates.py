"""Patterns of the schedule form: kept under a name, put back into the form, forgotten."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.errors import ControllerError
from controller.web import schedule_words
from controller.web.moves import undo_button
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import filled, form_from, pattern_of
from controller.web.schedules import form_page, marked

bp = Blueprint("schedule_templates", __name__, url_prefix="/lich/mau")


@bp.get("")
@requires(Permission.WRITE_SCHEDULES)
def index() -> str:
    """The patterns of the reader's place, of those above and below."""
    templates = services().schedule_templates.all(current_actor())
    tree = services().places.tree()
    return render_template(
        "schedules/templates.html",
        templates=templates,
        wheres=[
            schedule_words.where(tree, [tree.places[key] for key in one.pattern.target_ids])
            for one in templates
        ],
        words=schedule_words,
    )


@bp.post("/dung")
@requires(Permission.WRITE_SCHEDULES)
def use() -> str:
    """The form with the time, days and places of a pattern; what airs, and from when, stays."""
    form = form_from(request.form)
    chosen = request.form.get("template", "")
    if not chosen:
        return form_page(form)
    found = services().schedule_templates.one(current_actor(), chosen)
    return form_page(filled(form, found.pattern))


@bp.post("")
@requires(Permission.WRITE_SCHEDULES)
def keep() -> str | tuple[str, int]:
    """Keep what the form says under a name; the form goes on as it was."""
    form = form_from(request.form)
    pattern, form = pattern_of(form, services().places.tree())
    if pattern is None:
        return form_page(form), 422
    try:
        services().schedule_templates.keep(current_actor(), pattern)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        return form_page(marked(form, error), sentence=explain(error)), error.status
    flash(_("Đã lưu mẫu “%(name)s”.", name=pattern.name), "ok")
    return form_page(replace(form, template_name=""))


@bp.post("/<schedule_template_id>/bo")
@requires(Permission.WRITE_SCHEDULES)
def remove(schedule_template_id: str) -> Response:
    """Forget a pattern."""
    was = services().schedule_templates.remove(current_actor(), schedule_template_id)
    fields = [
        ("template_name", was.name),
        ("airs_at", f"{was.airs_at:%H:%M}"),
        ("holidays", was.holidays.value),
        ("priority", was.priority.value),
        *(("weekday", str(day)) for day in range(7) if was.weekdays >> day & 1),
        *(("target", place_id) for place_id in was.target_ids),
    ]
    words = _("Đã bỏ mẫu “%(name)s”. Lịch đã đặt theo mẫu vẫn giữ nguyên.", name=was.name)
    flash(Markup("%s %s") % (words, undo_button(url_for(".keep"), fields)), "ok")
    return redirect(url_for(".index"), code=303)
