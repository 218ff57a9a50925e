"""Listening checks in people's hands: one page, three big buttons, what was heard before."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import instant, local_date
from controller.errors import InvalidInputError
from controller.services.listening_checks import Heard
from controller.web.context import web_now
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.report_words import short_period
from controller.web.schedule_form import time_of, typed_day

bp = Blueprint("listening", __name__, url_prefix="/xa/<station_id>/nghe")

HEARD_WORDS = {
    Heard.HEARD: ("ok", "ok", _l("Nghe rõ")),
    Heard.WEAK: ("warn", "warn", _l("Nghe nhỏ, rè")),
    Heard.NOT_HEARD: ("down", "x", _l("Không nghe thấy")),
}
"""Style, sign and word of each answer."""


@bp.get("")
@requires(Permission.VIEW)
def index(station_id: str) -> str:
    """The form, and what was heard before."""
    return _page(station_id)


@bp.post("")
@requires(Permission.CHECK_LISTENING)
def write(station_id: str) -> Response | tuple[str, int]:
    """Write a check down."""
    try:
        services().listening_checks.write(
            current_actor(),
            station_id,
            _heard(),
            cluster_number=_cluster(),
            listened_at=_listened_at(),
            note=request.form.get("note", ""),
        )
    except InvalidInputError as error:
        return _page(station_id, error), error.status
    flash(_("Đã ghi lần nghe kiểm tra. Báo cáo tháng tính cả lần này."), "ok")
    return redirect(url_for("listening.index", station_id=station_id), code=303)


def _heard() -> Heard:
    try:
        return Heard(request.form.get("nghe", ""))
    except ValueError as error:
        raise InvalidInputError("no answer", field="heard", problem="heard_missing") from error


def _cluster() -> int | None:
    text = request.form.get("cluster", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InvalidInputError(text, field="cluster_number", problem="unknown_cluster")
    return int(text)


def _listened_at() -> datetime | None:
    """When it was, by the two fields; both empty: now, the day alone empty: today."""
    day, wall = (request.form.get(name, "").strip() for name in ("nghe_ngay", "nghe_luc"))
    if not day and not wall:
        return None
    today = local_date(web_now())
    at = time_of(wall)
    if at is None:
        raise InvalidInputError(wall, field="listened_at", problem="bad_time")
    return instant(typed_day("listened_at", day, today) if day else today, at)


def _page(station_id: str, error: InvalidInputError | None = None) -> str:
    page = services().listening_checks.page(current_actor(), station_id)
    return render_template(
        "commune/listening.html",
        page=page,
        month=short_period(page.month),
        Heard=Heard,
        HEARD_WORDS=HEARD_WORDS,
        typed=request.form,
        problems={str(error.facts["field"]): explain(error)} if error else {},
        open_faults={
            fault.cluster_number for fault in services().faults.open_at(current_actor(), station_id)
        },
    )
