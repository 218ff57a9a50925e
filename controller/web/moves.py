"""Another time for one day of a series, or for the series: shown, judged, saved, undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeAlias

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import Recurrence, instant, local_date
from controller.errors import ControllerError, InvalidInputError, StaleEditError
from controller.services.calendar import Airing, MovePreview, Occurrence, shifted
from controller.services.schedules import Editing, Preview
from controller.services.slot_page import SchedulePage, wish_of
from controller.web import formats, schedule_words
from controller.web.context import web_now
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import ScheduleForm, day_of, form_of, spelled_day, time_of
from controller.web.schedule_lanes import lanes
from controller.web.schedule_notes import notes

bp = Blueprint("moves", __name__, url_prefix="/lich/doi")

ONE, SERIES = "one", "series"

Found: TypeAlias = "MovePreview | Preview"


@dataclass(frozen=True, slots=True)
class MoveForm:
    """The fields as they stand in the page."""

    schedule_id: str
    airs_on: str
    """The day of the series, as its rule has it: 2026-11-26."""
    seen_at: str
    """When it was seen to start: an instant in ISO 8601."""
    row_version: str
    scope: str = ONE
    airs_at: str = ""
    day: str = ""
    back_to: str = ""
    """The place whose week one came from."""
    problems: dict[str, str] = field(default_factory=dict)

    def problem(self, name: str) -> str | None:
        """The sentence under a field."""
        return self.problems.get(name)

    @property
    def on(self) -> date:
        """The day of the series. InvalidInputError for none."""
        day = day_of(self.airs_on, date.min)
        if day is None:
            raise InvalidInputError("no date", field="day", problem="missing")
        return day


# --- pages ---------------------------------------------------------------------------------------


@bp.get("")
@requires(Permission.WRITE_SCHEDULES)
def index() -> str | Response:
    """An occurrence about to move: `lich` and `ngay` name it, `sang` and `luc` say where to."""
    schedule_id, day = request.args.get("lich", ""), request.args.get("ngay", "")
    actor = current_actor()
    page = services().schedules.schedule(actor, schedule_id)
    form = MoveForm(
        schedule_id,
        day,
        "",
        str(page.schedule.row_version),
        scope=request.args.get("pham-vi", ONE),
        back_to=request.args.get("noi", ""),
    )
    try:
        airing = services().calendar.airing(actor, schedule_id, form.on)
    except ControllerError as error:
        return _away(error, url_for("schedules.show", schedule_id=schedule_id))
    at = formats.local(airing.starts_at)
    to = day_of(request.args.get("sang", ""), _today()) or at.date()
    form = replace(
        form,
        seen_at=airing.starts_at.isoformat(),
        airs_at=request.args.get("luc") or f"{at:%H:%M}",
        day=spelled_day(to),
    )
    return _page(form, page)


@bp.post("/xem-truoc")
@requires(Permission.WRITE_SCHEDULES)
def preview() -> str | Response:
    """What saving would do: the right half of the page for a script, else the whole page."""
    form = _sent(request.form)
    page = services().schedules.schedule(current_actor(), form.schedule_id)
    if "X-Fragment" not in request.headers:
        return _page(form, page)
    form, found, problem = _previewed(form, page)
    return render_template("schedules/_preview.html", **_seen(form, found, problem))


@bp.post("")
@requires(Permission.WRITE_SCHEDULES)
def save() -> Response | tuple[str, int]:
    """Move it: one occurrence, or the series from its day on."""
    form = _sent(request.form)
    page = services().schedules.schedule(current_actor(), form.schedule_id)
    to, form = _read(form)
    if to is None:
        return _page(form, page), 422
    try:
        undo = _move_series(form, page, to) if form.scope == SERIES else _move_one(form, to)
    except ControllerError as error:
        return _refused(form, page, to, error)
    words = _("Đã đưa về như cũ.") if request.form.get("undo") else _said(form, to)
    flash(words if request.form.get("undo") else Markup("%s %s") % (words, undo), "ok")
    back = url_for("schedules.week", ngay=local_date(to).isoformat(), noi=form.back_to or None)
    return redirect(back, code=303)


# --- deeds ---------------------------------------------------------------------------------------


def _move_one(form: MoveForm, to: datetime) -> Markup:
    """Move it; the button that takes it back."""
    seen = Occurrence(form.schedule_id, form.on, _instant_of(form.seen_at))
    before = services().calendar.move(current_actor(), seen, to)
    was = formats.local(before.starts_at)
    fields = {
        "schedule_id": form.schedule_id,
        "airs_on": form.airs_on,
        "seen_at": to.isoformat(),
        "airs_at": f"{was:%H:%M}",
        "day": spelled_day(was.date()),
        "back_to": form.back_to,
        "undo": "1",
    }
    return undo_button(url_for(".save"), list(fields.items()))


def _move_series(form: MoveForm, page: SchedulePage, to: datetime) -> Markup:
    """Change the series; the button that changes it back."""
    wish = shifted(page.schedule, form.on, to)
    editing = Editing(form.schedule_id, _version(form))
    saved = services().schedules.change(current_actor(), wish, editing)
    was = replace(wish_of(page.schedule), starts_on=wish.starts_on)
    return series_undo(form_of(was, saved.schedule_id, 1))


def series_undo(form: ScheduleForm) -> Markup:
    """The button that saves this form, with all its fields."""
    fields = [
        ("bulletin_id", form.bulletin_id),
        ("recurrence", form.recurrence),
        ("airs_at", form.airs_at),
        ("starts_on", form.starts_on),
        ("ends_on", form.ends_on),
        ("excluded", form.excluded),
        ("holidays", form.holidays),
        ("priority", form.priority),
        ("schedule_id", form.schedule_id),
        ("row_version", form.row_version),
        *(("weekday", day) for day in form.weekdays),
        *(("target", place_id) for place_id in form.targets),
    ]
    return undo_button(url_for("schedules.save"), fields)


def undo_button(action: str, fields: list[tuple[str, str]]) -> Markup:
    """A form with nothing but the button *Hoàn tác*, to stand in a sentence."""
    return Markup(  # noqa: S704 - a template of ours, which escapes
        render_template("schedules/_undo.html", action=action, fields=fields)
    )


def _said(form: MoveForm, to: datetime) -> str:
    at = formats.moment(to)
    if form.scope == SERIES:
        return _("Đã dời lịch. Từ %(day)s theo giờ mới.", day=formats.day(form.on))
    return _("Đã dời sang %(at)s.", at=at)


def _refused(
    form: MoveForm, page: SchedulePage, to: datetime, error: ControllerError
) -> tuple[str, int] | Response:
    if error.status in {403, 404}:
        raise error
    if not isinstance(error, StaleEditError):
        return _page(form, page, sentence=explain(error)), error.status
    current = str(error.facts.get("current") or form.schedule_id)
    theirs = services().schedules.schedule(current_actor(), current)
    airing: Airing | None = None
    try:
        airing = services().calendar.airing(current_actor(), current, form.on)
    except ControllerError as gone:
        if gone.status == 403:
            raise
    form = replace(
        form,
        schedule_id=current,
        row_version=str(theirs.schedule.row_version),
        seen_at=airing.starts_at.isoformat() if airing else form.seen_at,
    )
    said = explain(error)
    return _page(form, theirs, sentence=said, is_stale=True, airing=airing, to=to), error.status


# --- pieces --------------------------------------------------------------------------------------


def _sent(values: MultiDict[str, str]) -> MoveForm:
    """The form as it was sent, with the one-press way out already taken."""
    form = MoveForm(
        schedule_id=values.get("schedule_id", ""),
        airs_on=values.get("airs_on", ""),
        seen_at=values.get("seen_at", ""),
        row_version=values.get("row_version", ""),
        scope=SERIES if values.get("scope") == SERIES else ONE,
        airs_at=values.get("airs_at", ""),
        day=values.get("day", ""),
        back_to=values.get("back_to", ""),
    )
    return replace(form, airs_at=values["move_to"]) if values.get("move_to") else form


def _read(form: MoveForm) -> tuple[datetime | None, MoveForm]:
    """Where to; None, and the form with its problems, if that cannot be read."""
    at, on = time_of(form.airs_at), day_of(form.day, _today())
    problems = {}
    if at is None:
        problems["airs_at"] = _("Gõ giờ và phút, như 05:30.")
    if on is None:
        problems["day"] = _("Gõ ngày, tháng, năm, như 26/11/2026.")
    if at is None or on is None:
        return None, replace(form, problems=problems)
    return instant(on, at), form


def _previewed(
    form: MoveForm, page: SchedulePage, *, is_told: bool = False
) -> tuple[MoveForm, Found | None, str]:
    """The form, what saving would do or None, and why that cannot be said."""
    to, form = _read(form)
    if to is None:
        return form, None, ""
    actor = current_actor()
    try:
        if form.scope == SERIES:
            wish = shifted(page.schedule, form.on, to)
            editing = Editing(form.schedule_id, _version(form))
            return form, services().schedules.preview(actor, wish, editing), ""
        found = services().calendar.preview_move(actor, form.schedule_id, form.on, to)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        return form, None, "" if is_told else explain(error)
    return form, found, ""


def _seen(form: MoveForm, found: Found | None, problem: str) -> dict[str, object]:
    return {
        "form": form,
        "preview": found,
        "problem": problem,
        "sentence": _sentence(found) if found else None,
        "notes": notes(found) if found else (),
        "lanes": lanes(found) if found else None,
        "save_words": _("Dời cả lịch") if form.scope == SERIES else _("Dời buổi này"),
        "preview_at": url_for(".preview"),
    }


def _sentence(found: Found) -> Markup:
    if isinstance(found, Preview):
        return schedule_words.sentence(found)
    return schedule_words.move_sentence(found)


def _page(
    form: MoveForm,
    page: SchedulePage,
    *,
    sentence: str = "",
    is_stale: bool = False,
    airing: Airing | None = None,
    to: datetime | None = None,
) -> str:
    kept = dict(form.problems)
    form, found, problem = _previewed(form, page, is_told=bool(sentence))
    return render_template(
        "schedules/move.html",
        page=page,
        refused=sentence,
        is_stale=is_stale,
        airing=airing,
        to=to,
        to_day=local_date(to) if to else None,
        seen_at=_instant_of(form.seen_at),
        may_move_series=page.schedule.rule.recurrence is Recurrence.WEEKLY,
        their_sentence=_stored_sentence(page) if is_stale else None,
        words=schedule_words,
        **_seen(replace(form, problems={**form.problems, **kept}), found, problem),
    )


def _stored_sentence(page: SchedulePage) -> Markup:
    return schedule_words.stored_sentence(services().places.tree(), page)


def _away(error: ControllerError, where: str) -> Response:
    if error.status in {403, 404}:
        raise error
    flash(explain(error), "down")
    return redirect(where, code=303)


def _instant_of(text: str) -> datetime:
    """InvalidInputError for what is no instant: nobody types it."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInputError("no instant", field="seen_at", problem="missing")
    return at


def _version(form: MoveForm) -> int:
    return int(form.row_version) if form.row_version.isdecimal() else 0


def _today() -> date:
    return local_date(web_now())
