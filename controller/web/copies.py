"""A day or a week copied to another date: what it would do, slot by slot, then done at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import local_date
from controller.errors import ControllerError, InvalidInputError
from controller.services.day_copies import CopyLine, CopyPreview, Span
from controller.web import formats, schedule_words
from controller.web.context import web_now
from controller.web.counting import counted
from controller.web.moves import undo_button
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import day_of, spelled_day
from controller.web.schedule_notes import Note, notes

bp = Blueprint("copies", __name__, url_prefix="/lich/chep")

DAY, WEEK = "ngay", "tuan"


@dataclass(frozen=True, slots=True)
class CopyForm:
    """The fields as they stand in the page."""

    place_id: str
    first: str
    span: str
    target: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One slot as the page shows it."""

    line: CopyLine
    where: str
    notes: tuple[Note, ...]
    error: str
    is_chosen: bool


@bp.get("")
@requires(Permission.WRITE_SCHEDULES)
def index() -> str:
    """What copying would do: `ngay` the day or a day of the week (`bao=tuan`), `sang` to when."""
    today = local_date(web_now())
    first = day_of(request.args.get("ngay", ""), today) or today
    span = WEEK if request.args.get("bao") == WEEK else DAY
    later = first + timedelta(days=7 if span == WEEK else 1)
    typed = request.args.get("sang") or spelled_day(later)
    target = day_of(typed, today)
    form = CopyForm(
        request.args.get("noi") or current_actor().place_id,
        spelled_day(first),
        span,
        spelled_day(target) if target else typed,
    )
    return _page(form)


@bp.post("")
@requires(Permission.WRITE_SCHEDULES)
def copy() -> Response | tuple[str, int]:
    """Copy the chosen slots."""
    values = request.form
    form = CopyForm(
        values.get("noi", ""),
        values.get("ngay", ""),
        values.get("bao", DAY),
        values.get("sang", ""),
    )
    keys = values.getlist("buoi")
    try:
        span = _span(form)
        copied = services().calendar.copy(current_actor(), span, keys)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        if isinstance(error, InvalidInputError):
            return _page(replace(form, problem=_words(error)), chosen=keys), 422
        return _page(form, refused=explain(error), chosen=keys), error.status
    words = counted(
        "Đã chép %(n)s buổi sang %(day)s. Các trạm nhận lịch mới trong vài phút.",
        len(copied.saved),
        day=_span_words(span.target, span.days),
    )
    undo = undo_button(
        url_for(".undo"),
        [("made_at", copied.made_at.isoformat()), ("ngay", span.target.isoformat())],
    )
    flash(Markup("%s %s") % (words, undo), "ok")
    own = form.place_id != current_actor().place_id
    week = url_for(
        "schedules.week", ngay=span.target.isoformat(), noi=form.place_id if own else None
    )
    return redirect(week, code=303)


@bp.post("/hoan-tac")
@requires(Permission.WRITE_SCHEDULES)
def undo() -> Response:
    """Take back what was copied at an instant."""
    week = url_for("schedules.week", ngay=request.form.get("ngay"))
    try:
        made_at = datetime.fromisoformat(request.form.get("made_at", "")).astimezone(UTC)
    except ValueError:
        return redirect(week, code=303)
    reason = _("Hoàn tác việc chép")
    number = services().calendar.undo_copy(current_actor(), made_at, reason)
    flash(counted("Đã hủy %(n)s buổi vừa chép.", number), "ok")
    return redirect(week, code=303)


def _span(form: CopyForm) -> Span:
    """InvalidInputError naming the field that is no date."""
    today = local_date(web_now())
    first, target = day_of(form.first, today), day_of(form.target, today)
    if first is None:
        raise InvalidInputError(form.first, field="first", problem="bad_date")
    if target is None:
        raise InvalidInputError(form.target, field="target", problem="bad_date")
    if form.span == WEEK:
        first, target = _monday(first), _monday(target)
    return Span(form.place_id, first, 7 if form.span == WEEK else 1, target)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _words(error: InvalidInputError) -> str:
    match error.facts.get("problem"):
        case "same_day":
            return _("Chọn ngày khác với ngày được chép.")
        case "past":
            return _("Ngày này đã qua. Chọn từ hôm nay trở đi.")
        case "missing":
            return _("Chọn ít nhất một buổi.")
    return explain(error)


def _page(form: CopyForm, *, refused: str = "", chosen: list[str] | None = None) -> str:
    """The page with what copying would do, as far as it can be told."""
    found: CopyPreview | None = None
    span: Span | None = None
    try:
        span = _span(form)
        found = services().calendar.preview_copy(current_actor(), span)
    except InvalidInputError as error:
        form = replace(form, problem=form.problem or _words(error))
    lines = [_line(line, chosen) for line in found.lines] if found else []
    tree = services().places.tree()
    return render_template(
        "schedules/copy.html",
        form=form,
        place=tree.places.get(form.place_id),
        found=found,
        lines=lines,
        ready=sum(line.line.may_save for line in lines),
        refused=refused,
        from_words=_span_words(span.first, span.days) if span else "",
        to_words=_span_words(span.target, span.days) if span else "",
        words=schedule_words,
    )


def _line(line: CopyLine, chosen: list[str] | None) -> Line:
    tree = services().places.tree()
    if line.preview is None:
        error = explain(line.error) if line.error else ""
        return Line(line, "", (), error, is_chosen=False)
    told = tuple(note for note in notes(line.preview) if note.kind != "ok")
    where = schedule_words.where(tree, line.preview.targets)
    is_wanted = chosen is None or line.key in chosen
    return Line(line, where, told, "", is_chosen=line.may_save and is_wanted)


def _span_words(first: date, days: int) -> str:
    """ "thứ Năm 26/11/2026", "tuần 30/11–06/12/2026"."""
    if days == 1:
        return f"{formats.weekday(first)} {formats.day(first)}"
    last = first + timedelta(days=days - 1)
    return _("tuần %(from_)s–%(until)s", from_=formats.day_short(first), until=formats.day(last))
