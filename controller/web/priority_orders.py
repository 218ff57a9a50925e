"""The commune orders two priority items that meet: one page, two big buttons each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.errors import InvalidInputError, WrongStateError
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.words import ORDER_REASONS

bp = Blueprint("priority_orders", __name__, url_prefix="/xa/<station_id>/uu-tien")

_REFUSED = {
    "apart": _l("Hai buổi này không còn trùng giờ ở xã, không có gì để xếp."),
    "settled": _l("Đã quá giờ đổi thứ tự: trạm sắp phát. Thứ tự giữ như trên màn hình."),
    "spoken": _l("Xã vừa tự xếp thứ tự. Thứ tự của xã giữ nguyên."),
    "no_room": _l(
        "Không xếp được như vậy: buổi phát sau sẽ ra ngoài khung giờ cho phép của xã. "
        "Thứ tự giữ nguyên."
    ),
}


@bp.get("")
@requires(Permission.VIEW)
def index(station_id: str) -> str:
    """What meets at a station, and who goes first."""
    return _page(station_id)


@bp.post("")
@requires(Permission.ANSWER_OFFERS)
def order(station_id: str) -> Response:
    """Put one before the other."""
    first, pair = request.form.get("first", ""), request.form.getlist("pair")
    second = next((one for one in pair if one != first), "")
    each_time = request.form.get("scope") == "all"
    services().priority_orders.page(current_actor(), station_id)  # only at a station one may see
    try:
        services().priority_orders.order(current_actor(), first, second, each_time=each_time)
    except WrongStateError as error:
        flash(str(_REFUSED[str(error.facts["state"])]), "down")
    else:
        flash(
            _("Đã xếp thứ tự cho mỗi lần hai lịch này trùng giờ. Cả hai đều phát.")
            if each_time
            else _("Đã xếp thứ tự. Cả hai đều phát, buổi sau ngay khi buổi trước hết."),
            "ok",
        )
    return redirect(url_for("priority_orders.index", station_id=station_id), code=303)


@bp.post("/ghi-thay")
@requires(Permission.WRITE_SCHEDULES)
def write_down(station_id: str) -> Response | tuple[str, int]:
    """Put one before the other as the commune said by telephone."""
    first, pair = request.form.get("first", ""), request.form.getlist("pair")
    second = next((one for one in pair if one != first), "")
    said_by, each_time = request.form.get("said_by", ""), request.form.get("scope") == "all"
    try:
        services().priority_orders.write_down(
            current_actor(), station_id, (first, second), said_by, each_time=each_time
        )
    except InvalidInputError as error:
        problem = {"pair": sorted(pair), "said_by": said_by, "words": explain(error)}
        return _page(station_id, problem), error.status
    except WrongStateError as error:
        flash(str(_REFUSED[str(error.facts["state"])]), "down")
    else:
        flash(_("Đã ghi thay xã. Xã thấy ngay trên trang của mình và đổi lại được."), "ok")
    return redirect(url_for("priority_orders.index", station_id=station_id), code=303)


def _page(station_id: str, problem: Mapping[str, Any] | None = None) -> str:
    page = services().priority_orders.page(current_actor(), station_id)
    return render_template(
        "commune/order.html", page=page, ORDER_REASONS=ORDER_REASONS, problem=problem or {}
    )
