"""The schedule: the week, the form with its preview, one schedule, one slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.board import Sign
from controller.domain.places import Place, PlaceKind
from controller.domain.schedule import Recurrence, local_date
from controller.errors import (
    ControllerError,
    ForbiddenError,
    InvalidInputError,
    OutsideHoursError,
    StaleEditError,
)
from controller.services.day import Lane, Part
from controller.services.schedules import Editing, Preview
from controller.services.slot_page import SchedulePage, wish_of
from controller.services.slot_pages import LACKING, LineWish
from controller.services.week import Slip, WeekView
from controller.web import formats, schedule_words
from controller.web.context import web_now
from controller.web.day_lanes import drawn
from controller.web.moves import undo_button
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import (
    AT_ONCE,
    ScheduleForm,
    day_of,
    filled,
    form_from,
    form_of,
    new_form,
    read,
    typed_day,
)
from controller.web.schedule_lanes import lanes
from controller.web.schedule_notes import notes, unfit_notes
from controller.web.story_words import placing_words

bp = Blueprint("schedules", __name__, url_prefix="/lich")

ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(days=7)
FIELDS = {"target_ids": "target", "weekdays": "weekday"}
"""Fields of a wish that are called otherwise in the page."""


# --- the week ------------------------------------------------------------------------------------


@bp.get("")
@requires(Permission.VIEW)
def week() -> str:
    """The week of the date `ngay` (today) at the place `noi` (the reader's own)."""
    day = day_of(request.args.get("ngay", ""), _today()) or _today()
    view = services().schedules.week(current_actor(), day, request.args.get("noi") or None)
    return render_template(
        "schedules/week.html",
        view=view,
        day=day,
        quiet=quiet_words(view),
        earlier=day - ONE_WEEK,
        later=day + ONE_WEEK,
        may_move=may_move,
        may_drag=any(may_move(slip) for slip in _slips(view)),
        holiday_name=schedule_words.holiday_name,
        words=schedule_words,
    )


@bp.get("/ngay")
@requires(Permission.VIEW)
def day() -> str:
    """The date `ngay` (today) at the place `noi` (the reader's own), in lanes."""
    on = day_of(request.args.get("ngay", ""), _today()) or _today()
    view = services().schedules.day(current_actor(), on, request.args.get("noi") or None)
    return render_template(
        "schedules/day.html",
        view=view,
        drawing=drawn(view, web_now(), _at_stations),
        earlier=on - ONE_DAY,
        later=on + ONE_DAY,
        may_move=may_move,
        may_drag=any(may_move(slip) for slip in view.slips),
        words=schedule_words,
    )


def _slips(view: WeekView) -> Iterator[Slip]:
    return (slip for band in view.bands for cell in band.cells for slip in cell.slips)


def _at_stations(part: Part, lane: Lane) -> str:
    return _("%(n)s/%(all)s trạm", n=part.stations, all=lane.station_count)


def may_move(slip: Slip) -> bool:
    """Whether the reader may give this slot another time."""
    actor, tree = current_actor(), services().places.tree()
    is_coming = slip.starts_at > web_now() and not slip.is_cancelled
    return (
        is_coming
        and actor.may(Permission.WRITE_SCHEDULES)
        and tree.is_within(slip.place.place_id, actor.place_id)
    )


def quiet_words(view: WeekView) -> str:
    """When the place is quiet, as the last line of the week says it."""
    hours = view.allowed.hours
    if not hours:
        return _("cả ngày")
    closes, opens = hours[-1].closes_min % 1440, hours[0].opens_min
    return f"{closes // 60:02d}:{closes % 60:02d}–{opens // 60:02d}:{opens % 60:02d}"


# --- the form ------------------------------------------------------------------------------------


@bp.get("/moi")
@requires(Permission.WRITE_SCHEDULES)
def new() -> str:
    """The form for a new schedule: `ban-tin` its bulletin, `ngay` its first day, `luc=ngay` now.

    `nhu` names a schedule of which one slot is to air apart, at `gio`; `mau` a template.
    """
    actor = current_actor()
    form = new_form(_today(), bulletin_id=request.args.get("ban-tin", ""), targets=[actor.place_id])
    if request.args.get("nhu"):
        like = services().schedules.schedule(actor, request.args["nhu"])
        wish = replace(wish_of(like.schedule), recurrence=Recurrence.ONCE, excluded=frozenset())
        form = replace(form_of(wish, "", 0), row_version="", airs_at=request.args.get("gio", ""))
    elif request.args.get("mau"):
        form = filled(form, services().schedule_templates.one(actor, request.args["mau"]).pattern)
    first = day_of(request.args.get("ngay", ""), _today())
    if first is not None and first > _today():
        form = replace(form, starts_on=f"{first:%d/%m/%Y}")
    if request.args.get("luc") == "ngay":
        form = replace(form, recurrence=AT_ONCE)
    return form_page(form, is_fresh=True)


@bp.get("/<schedule_id>/sua")
@requires(Permission.WRITE_SCHEDULES)
def edit(schedule_id: str) -> str | Response:
    """The form filled with a schedule that stands; whatever it becomes holds from a date on.

    ForbiddenError for who may see the schedule of a wider place and may not change it.
    """
    page = services().schedules.schedule(current_actor(), schedule_id)
    if page.current_id != schedule_id:
        return redirect(url_for(".edit", schedule_id=page.current_id), code=303)
    if not page.may_change:
        raise ForbiddenError(f"{current_actor().username} cannot change {schedule_id}")
    wish = wish_of(page.schedule)
    if wish.recurrence is Recurrence.WEEKLY and wish.starts_on <= _today():
        wish = replace(wish, starts_on=_today() + timedelta(days=1))
    return form_page(form_of(wish, schedule_id, page.schedule.row_version))


@bp.post("/xem-truoc")
@requires(Permission.WRITE_SCHEDULES)
def preview() -> tuple[str, int]:
    """What saving would do: the right half of the form for a script, else the whole page."""
    seen = _previewed(form_from(request.form))
    status = 422 if seen[2] else 200
    if "X-Fragment" not in request.headers:
        return form_page(seen[0], seen=seen), status
    return render_template("schedules/_preview.html", **_seen(*seen)), status


@bp.post("/moi")
@requires(Permission.WRITE_SCHEDULES)
def save() -> str | Response | tuple[str, int]:
    """Keep it: a new schedule, or a series changed from its first day on."""
    wish, form = read(form_from(request.form), services().places.tree(), web_now())
    if wish is None:
        return form_page(form), 422
    deeds, actor = services().schedules, current_actor()
    try:
        if form.is_edit:
            saved = deeds.change(actor, wish, Editing(form.schedule_id, _version(form)))
        else:
            saved = deeds.save(actor, wish)
    except ControllerError as error:
        return _refused(form, error)
    if form.recurrence == AT_ONCE:
        flash(
            _(
                "Phát lúc %(at)s. Trạm nào nhận muộn vẫn phát, nếu còn trong thời gian chờ.",
                at=form.airs_at,
            ),
            "ok",
        )
    elif saved.count is None:
        flash(_("Đã lưu lịch hằng tuần. Các trạm nhận lịch mới trong vài phút."), "ok")
    else:
        number = formats.number(saved.count)
        flash(_("Đã lưu %(n)s buổi. Các trạm nhận lịch mới trong vài phút.", n=number), "ok")
    return redirect(url_for(".show", schedule_id=saved.schedule_id), code=303)


def _refused(form: ScheduleForm, error: ControllerError) -> tuple[str, int]:
    if error.status in {403, 404}:
        raise error
    if isinstance(error, StaleEditError) and error.facts.get("current"):
        theirs = services().schedules.schedule(current_actor(), str(error.facts["current"]))
        form = replace(
            form,
            schedule_id=theirs.schedule.schedule_id,
            row_version=str(theirs.schedule.row_version),
        )
        return form_page(form, sentence=explain(error), theirs=theirs), error.status
    return form_page(marked(form, error), sentence=explain(error)), error.status


def marked(form: ScheduleForm, error: ControllerError) -> ScheduleForm:
    """The form with the problem beside its field, where the error names one."""
    if isinstance(error, OutsideHoursError):
        return form.with_problem("airs_at", explain(error))
    if not isinstance(error, InvalidInputError):
        return form
    name = str(error.facts.get("field", ""))
    return form.with_problem(FIELDS.get(name, name), _problem_words(error))


def _problem_words(error: InvalidInputError) -> str:
    match error.facts.get("problem"), error.facts.get("field"):
        case "past", _field:
            return _("Giờ này đã qua. Chọn giờ hoặc ngày khác.")
        case "missing", "target_ids":
            return _("Chọn ít nhất một nơi phát.")
        case "missing", "weekdays":
            return _("Chọn ít nhất một ngày trong tuần.")
        case "missing", "bulletin_id":
            return _("Chọn chương trình hoặc bản tin.")
        case "not_after", _field:
            return _("Ngày cuối phải sau ngày đầu.")
        case "too_long", _field:
            return _("Dài quá 200 chữ.")
        case "over_a_week", _field:
            return _("Mỗi lần mở thêm dài nhất 7 ngày.")
    return explain(error)


def _version(form: ScheduleForm) -> int:
    return int(form.row_version) if form.row_version.isdecimal() else 0


Previewed = tuple[ScheduleForm, Preview | None, str]


def _previewed(form: ScheduleForm, *, is_told: bool = False) -> Previewed:
    """The form, the preview or None, and why there is none, unless the page says it already."""
    wish, form = read(form, services().places.tree(), web_now())
    if wish is None:
        return form, None, ""
    editing = Editing(form.schedule_id, _version(form)) if form.is_edit else None
    try:
        return form, services().schedules.preview(current_actor(), wish, editing), ""
    except ControllerError as error:
        if error.status == 404:
            raise
        if isinstance(error, InvalidInputError):
            return marked(form, error), None, ""
        return form, None, "" if is_told else explain(error)


def _seen(
    form: ScheduleForm,
    found: Preview | None,
    problem: str,
    theirs: SchedulePage | None = None,
) -> dict[str, object]:
    return {
        "form": form,
        "preview": found,
        "problem": problem,
        "theirs": theirs,
        "sentence": schedule_words.sentence(found) if found else None,
        "their_sentence": rule_sentence(theirs) if theirs else None,
        "notes": notes(found) if found else (),
        "lanes": lanes(found) if found else None,
        "save_words": schedule_words.save_words(found.judgement) if found else "",
        "preview_at": url_for("schedules.preview"),
    }


def rule_sentence(page: SchedulePage) -> Markup:
    """A stored schedule in one sentence."""
    return schedule_words.stored_sentence(services().places.tree(), page)


def form_page(
    form: ScheduleForm,
    *,
    sentence: str = "",
    theirs: SchedulePage | None = None,
    is_fresh: bool = False,
    seen: Previewed | None = None,
) -> str:
    """The whole form page, with what saving would do as far as it can be told.

    A fresh form has no problems: nobody has typed anything yet. `seen` was worked out before.
    """
    actor, tree = current_actor(), services().places.tree()
    kept = dict(form.problems)
    form, found, problem = seen or _previewed(form, is_told=bool(sentence))
    form = replace(form, problems={} if is_fresh else {**form.problems, **kept})
    return render_template(
        "schedules/form.html",
        bulletins=services().schedules.bulletins(actor),
        programmes=services().programmes.airable(actor),
        templates=services().schedule_templates.all(actor),
        own=tree.places[actor.place_id],
        groups=_groups(tree.places[actor.place_id]),
        refused=sentence,
        words=schedule_words,
        **_seen(form, found, problem, theirs),
    )


def _groups(own: Place) -> list[tuple[Place, tuple[Place, ...]]]:
    """Districts with their communes, as far as they lie in the own place."""
    tree = services().places.tree()
    if own.kind is PlaceKind.COMMUNE:
        return []
    if own.kind is PlaceKind.DISTRICT:
        return [(own, tree.children(own.place_id))]
    return [
        (district, tree.children(district.place_id)) for district in tree.children(own.place_id)
    ]


# --- one schedule --------------------------------------------------------------------------------


@bp.get("/<schedule_id>")
@requires(Permission.VIEW)
def show(schedule_id: str) -> str:
    """One schedule: its sentence, its slots, what can be done with it."""
    page = services().schedules.schedule(current_actor(), schedule_id)
    return render_template(
        "schedules/show.html",
        page=page,
        sentence=rule_sentence(page),
        unfit=unfit_notes(page.unfit),
        places=schedule_words.where(services().places.tree(), page.targets),
        words=schedule_words,
    )


@bp.post("/<schedule_id>/huy")
@requires(Permission.WRITE_SCHEDULES)
def cancel_rest(schedule_id: str) -> Response:
    """Cancel every slot that has not begun."""
    try:
        services().schedules.cancel_rest(
            current_actor(), schedule_id, request.form.get("reason", "")
        )
    except ControllerError as error:
        return _back(error, url_for(".show", schedule_id=schedule_id))
    flash(_("Đã hủy các buổi còn lại của lịch này."), "ok")
    return redirect(url_for(".show", schedule_id=schedule_id), code=303)


@bp.post("/<schedule_id>/bo-buoi")
@requires(Permission.WRITE_SCHEDULES)
def exclude(schedule_id: str) -> Response:
    """Leave one date out."""
    back = url_for(".show", schedule_id=schedule_id)
    try:
        day = typed_day("day", request.form.get("day", ""), _today())
        services().calendar.leave_out(current_actor(), schedule_id, day)
    except ControllerError as error:
        return _back(error, back)
    undo = undo_button(url_for(".take_back", schedule_id=schedule_id), [("day", day.isoformat())])
    words = _("Đã bỏ buổi ngày %(day)s.", day=formats.day(day))
    flash(Markup("%s %s") % (words, undo), "ok")
    return redirect(back, code=303)


@bp.post("/<schedule_id>/phat-lai")
@requires(Permission.WRITE_SCHEDULES)
def take_back(schedule_id: str) -> Response:
    """Air a date again that was left out."""
    try:
        day = typed_day("day", request.form.get("day", ""), _today())
        saved = services().calendar.take_back(current_actor(), schedule_id, day)
    except ControllerError as error:
        return _back(error, url_for(".show", schedule_id=schedule_id))
    words = _("Buổi ngày %(day)s phát trở lại.", day=formats.day(day))
    if saved.schedule_id != schedule_id:
        words += " " + _("Các trạm đã nhận tin bỏ buổi ấy, nên nó thành một lịch riêng.")
    flash(words, "ok")
    return redirect(url_for(".show", schedule_id=saved.schedule_id), code=303)


# --- one slot ------------------------------------------------------------------------------------


@bp.get("/buoi/<slot_id>")
@requires(Permission.VIEW)
def slot(slot_id: str) -> str:
    """One slot and how it stands at each station.

    Of many: the page `trang` of those that `tim` words and `loc` a sign leave.
    """
    asked = {name: request.args.get(name, "") for name in ("tim", "loc")}
    number = request.args.get("trang", default=1, type=int)
    wish = LineWish(asked["tim"], asked["loc"], number)
    view = services().slot_pages.view(current_actor(), slot_id, wish)
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    signs = [
        (key, word, view.sums.signs.get(key, 0))
        for key, word in ((LACKING, _("chưa đủ tệp")), *((one.value, None) for one in Sign))
        if view.sums.signs.get(key) or key == asked["loc"]
    ]
    return render_template(
        "schedules/slot.html",
        placing_words=placing_words,
        page=view.page,
        view=view,
        asked=asked,
        signs=signs,
        counts=view.sums.signs,
        page_link=lambda page: url_for("schedules.slot", slot_id=slot_id, trang=page, **kept),
        places=schedule_words.where(services().places.tree(), view.page.targets),
        words=schedule_words,
        offer=services().offers.offer(current_actor(), slot_id),
        shown_on=local_date(view.page.starts_at),
    )


@bp.post("/buoi/<slot_id>/dat-lai")
@requires(Permission.WRITE_SCHEDULES)
def air_again(slot_id: str) -> Response:
    """Make a slot anew that stations were told is cancelled."""
    try:
        saved = services().calendar.air_again(current_actor(), slot_id)
    except ControllerError as error:
        return _back(error, url_for(".slot", slot_id=slot_id))
    flash(_("Đã đặt lại thành một buổi mới, cùng giờ, cùng nơi."), "ok")
    return redirect(url_for(".show", schedule_id=saved.schedule_id), code=303)


@bp.post("/buoi/<slot_id>/huy")
@requires(Permission.WRITE_SCHEDULES)
def cancel_slot(slot_id: str) -> Response:
    """Cancel this slot only."""
    back = url_for(".slot", slot_id=slot_id)
    try:
        services().schedules.cancel_slot(current_actor(), slot_id, request.form.get("reason", ""))
    except ControllerError as error:
        return _back(error, back)
    flash(_("Đã hủy buổi này. Các buổi khác giữ nguyên."), "ok")
    return redirect(back, code=303)


def _back(error: ControllerError, where: str) -> Response:
    """To the page it came from with the sentence; what may not be seen is answered as such."""
    if error.status in {403, 404}:
        raise error
    words = _problem_words(error) if isinstance(error, InvalidInputError) else explain(error)
    flash(words, "down")
    return redirect(where, code=303)


def _today() -> date:
    return local_date(web_now())
