"""The page that sets broadcast hours and loudness of a place and everything below it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.policy import spelled
from controller.errors import ControllerError, InvalidInputError
from controller.services.place_rules import MOST_BANDS, MOST_SPANS, band_words
from controller.services.shut_slots import Shut
from controller.web.counting import counted
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_words import shut_words
from controller.web.station_form import Typed, rules_fields, rules_in

bp = Blueprint("place_rules", __name__, url_prefix="/lich/khung-gio")


@bp.get("/<place_id>")
@requires(Permission.ORDER_STATIONS)
def edit(place_id: str) -> str:
    """The rules written at this place."""
    return _page(place_id)


@bp.post("/<place_id>")
@requires(Permission.ORDER_STATIONS)
def save(place_id: str) -> Response | tuple[str, int]:
    """Put these in their place."""
    page = services().place_rules.page(current_actor(), place_id)
    form = Typed(rules_fields(page.own)).with_fields(request.form)
    try:
        services().place_rules.save(
            current_actor(),
            place_id,
            rules_in(form.values),
            form.row_version,
            anyway=bool(request.form.get("anyway")),
        )
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        return _page(place_id, form.with_problem(*_problem(error))), error.status
    flash(_("Đã lưu. Các trạm nhận khung giờ và âm lượng mới trong vài phút."), "ok")
    return redirect(url_for("hours.index"), code=303)


def _problem(error: ControllerError) -> tuple[str, str]:
    shut = error.facts.get("shut")
    if isinstance(error, InvalidInputError) and isinstance(shut, Shut):
        return "anyway", counted(
            "%(n)s buổi đã đặt sẽ nằm ngoài khung giờ mới và trạm sẽ không phát: %(list)s. Dời "
            "các buổi đó, hoặc đánh dấu vào ô này rồi lưu.",
            shut.slots,
            list=shut_words(shut),
        )
    return str(error.facts.get("field", "form")), explain(error)


def _page(place_id: str, form: Typed | None = None) -> str:
    page = services().place_rules.page(current_actor(), place_id)
    stands = Typed(rules_fields(page.own), row_version=page.row_version)
    return render_template(
        "schedules/rules.html",
        page=page,
        form=form or stands,
        version=page.row_version if form is None or form.problem("form") else form.row_version,
        spans=range(MOST_SPANS),
        bands=range(MOST_BANDS),
        spelled=spelled,
        band_words=band_words,
    )
