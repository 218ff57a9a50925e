"""Programmes: the list, templates to copy, the form that puts one together."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.bulletins import Language
from controller.domain.programmes import OF_A_BULLETIN
from controller.errors import ControllerError, InvalidInputError
from controller.services.programmes import ProgrammeView
from controller.web import bulletin_words
from controller.web.counting import counted
from controller.web.policy import current_actor, requires, services
from controller.web.programme_form import (
    CHIMES,
    END_POLICIES,
    KINDS,
    ProgrammeForm,
    form_from,
    form_of,
    key_of,
    open_row,
    problem_words,
    read,
    usual,
)
from controller.web.refusals import explain

bp = Blueprint("programmes", __name__, url_prefix="/chuong-trinh")

READY_MADE = "co-san"
"""Name of the template that comes with the program."""


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """Every programme of the place, and the templates."""
    lines = services().programmes.all(current_actor())
    return render_template(
        "programmes/index.html",
        programmes=[line for line in lines if not line.is_template],
        templates=[line for line in lines if line.is_template],
        ready_made=READY_MADE,
    )


@bp.get("/moi")
@requires(Permission.WRITE_SCHEDULES)
def new() -> str:
    """A new programme; `mau` names the template or the programme it is copied from."""
    source = request.args.get("mau", READY_MADE)
    if source == READY_MADE:
        return _page(ProgrammeForm(items=usual(_first_voice())))
    return _page(form_of(services().programmes.show(current_actor(), source).wish))


@bp.get("/<programme_id>")
@requires(Permission.VIEW)
def show(programme_id: str) -> str:
    """One programme as it is kept."""
    view = services().programmes.show(current_actor(), programme_id)
    return _page(form_of(view.wish, programme_id, view.row_version), view)


@bp.post("/soan")
@requires(Permission.WRITE_SCHEDULES)
def sketch() -> str:
    """The form with one item added, moved or dropped; nothing is kept."""
    return _page(form_from(request.form, _first_voice()))


@bp.post("/luu")
@requires(Permission.WRITE_SCHEDULES)
def save() -> str | Response | tuple[str, int]:
    """Keep it: a new programme, or one put together anew."""
    wish, form = read(form_from(request.form, _first_voice()))
    if form.problems:
        return _page(form), 422
    deeds, actor = services().programmes, current_actor()
    try:
        if form.programme_id:
            version = int(form.row_version) if form.row_version.isdecimal() else 0
            used = deeds.change(actor, form.programme_id, wish, version)
            programme_id = form.programme_id
        else:
            programme_id, used = deeds.create(actor, wish), 0
    except InvalidInputError as error:
        name = str(error.facts.get("field", ""))
        words = problem_words(error.facts.get("problem"), name)
        return _page(form.with_problem("" if name == "programme" else name, words)), error.status
    except ControllerError as error:
        if error.status == 404:
            raise
        return _page(form.with_problem("", explain(error))), error.status
    if used:
        flash(counted("Đã lưu. %(n)s lịch sẽ phát theo bản mới từ buổi tới.", used), "ok")
    else:
        flash(_("Đã lưu chương trình."), "ok")
    return redirect(url_for(".show", programme_id=programme_id), code=303)


@bp.post("/<programme_id>/bo")
@requires(Permission.WRITE_SCHEDULES)
def retire(programme_id: str) -> Response:
    """Offer it no more; what aired stays in the log."""
    try:
        services().programmes.retire(current_actor(), programme_id)
    except InvalidInputError as error:
        flash(problem_words(error.facts.get("problem")), "down")
        return redirect(url_for(".show", programme_id=programme_id), code=303)
    flash(_("Đã bỏ chương trình khỏi danh sách."), "ok")
    return redirect(url_for(".index"), code=303)


def _page(form: ProgrammeForm, view: ProgrammeView | None = None) -> str:
    """The whole form page, with what it would be as it stands."""
    actor = current_actor()
    wish, read_form = read(form)
    form = read_form if not form.problems else form
    if form.programme_id and view is None:
        view = services().programmes.show(actor, form.programme_id)
    place_id = view.line.place_id if view else None
    found = services().programmes.sketch(actor, wish, place_id)
    may_write = actor.may(Permission.WRITE_SCHEDULES) and (view is None or view.may_change)
    return render_template(
        "programmes/form.html",
        form=form,
        view=view,
        sketch=found,
        may_write=may_write,
        bulletins=services().schedules.bulletins(actor),
        voices=services().speech.voices(Language.VI.value),
        kinds=KINDS,
        chimes=CHIMES,
        end_policies=END_POLICIES,
        key_of=key_of,
        open_row=open_row([item.wish for item in found.items], form.opened) if may_write else None,
        with_bulletin=OF_A_BULLETIN,
        words=bulletin_words,
    )


def _first_voice() -> str:
    voices = services().speech.voices(Language.VI.value)
    return voices[0].name if voices else ""
