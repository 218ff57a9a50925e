"""Repairs of a place: what is open, what to mend first, how long it takes; and one repair."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import local_date
from controller.errors import ControllerError
from controller.services.repairs import TIMED_DAYS, MendWish, TicketView
from controller.web import equipment_words, formats, report_words
from controller.web.context import web_now
from controller.web.equipment import words as equipment_template_words
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import typed_day

bp = Blueprint("repairs", __name__, url_prefix="/sua-chua")

FIELDS = ("assigned_to", "promised_on", "repair_note", "repair_cost_vnd")


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """The repairs of the reader's place, or of `noi` below it."""
    actor = current_actor()
    place_id = request.args.get("noi", "") or actor.place_id
    return render_template(
        "repairs/index.html",
        view=services().repairs.page(actor, place_id),
        timed_days=TIMED_DAYS,
        **words(),
    )


@bp.get("/<fault_report_id>")
@requires(Permission.VIEW)
def show(fault_report_id: str) -> str:
    """One repair."""
    return _page(services().repairs.ticket(current_actor(), fault_report_id))


@bp.post("/<fault_report_id>/giao")
@requires(Permission.ORDER_STATIONS)
def assign(fault_report_id: str) -> Response | tuple[str, int]:
    """Say who goes there."""
    actor, one = current_actor(), services().repairs.ticket(current_actor(), fault_report_id)
    text = request.form.get("promised_on", "").strip()
    try:
        day = typed_day("promised_on", text, local_date(web_now())) if text else None
        services().repairs.assign(actor, fault_report_id, request.form.get("assigned_to", ""), day)
    except ControllerError as error:
        return _refused(one, error)
    flash(_("Đã ghi người đi sửa. Xã thấy trên trang của mình."), "ok")
    return redirect(url_for(".show", fault_report_id=fault_report_id), code=303)


@bp.post("/<fault_report_id>/xong")
@requires(Permission.REPORT_FAULTS)
def mend(fault_report_id: str) -> Response | tuple[str, int]:
    """Say how it was mended; of one that is over, add what was found."""
    actor, one = current_actor(), services().repairs.ticket(current_actor(), fault_report_id)
    form = request.form
    try:
        wish = MendWish(
            form.get("repair_note", ""),
            equipment_words.money(form.get("repair_cost_vnd", ""), "repair_cost_vnd"),
            tuple(form.getlist("removed")),
            tuple(form.getlist("installed")),
        )
        deed = services().repairs.mend if one.mended_at is None else services().repairs.complete
        deed(actor, fault_report_id, wish)
    except ControllerError as error:
        return _refused(one, error)
    flash(_("Đã ghi lần sửa. Thứ tháo ra chuyển sang phần đã thôi dùng của sổ thiết bị."), "ok")
    return redirect(url_for(".show", fault_report_id=fault_report_id), code=303)


def words() -> dict[str, object]:
    """What templates of repairs say things with."""
    return {
        "minutes_of": report_words.minutes_of,
        **equipment_template_words(),
    }


def _refused(one: TicketView, error: ControllerError) -> tuple[str, int]:
    if error.status in {403, 404}:
        raise error
    name = str(error.facts.get("field", "form"))
    return _page(one, {name: explain(error)}), error.status


def _page(one: TicketView, problems: dict[str, str] | None = None) -> str:
    inventory = services().equipment.of(current_actor(), one.station_id)
    typed = {name: request.form.get(name, "") for name in FIELDS}
    is_to_come = one.promised_on is not None and one.promised_on >= local_date(web_now())
    noted = {
        "assigned_to": one.assigned_to or "",
        "promised_on": formats.day(one.promised_on) if is_to_come else "",
    }
    return render_template(
        "repairs/show.html",
        one=one,
        inventory=inventory,
        typed=typed if problems else {**typed, **noted},
        chosen=set(request.form.getlist("removed") + request.form.getlist("installed")),
        problems=problems or {},
        **words(),
    )
