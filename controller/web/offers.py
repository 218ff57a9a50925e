"""A commune answers what district and province offer it: no, with a reason, or yes after all."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.offers import NoOffer
from controller.errors import InvalidInputError, WrongStateError
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain

bp = Blueprint("offers", __name__, url_prefix="/lich/buoi")

NO_OFFER = {
    NoOffer.OWN: _l("Buổi này do xã đặt. Xã hủy được ở trang này."),
    NoOffer.MUST_AIR: _l("Tin ưu tiên của cấp trên phải phát, xã không từ chối được."),
    NoOffer.STARTED: _l("Buổi này đã đến giờ. Muốn dừng thì dùng nút dừng loa của xã."),
    NoOffer.CANCELLED: _l("Buổi này đã hủy."),
}
"""Why there is nothing to answer."""

_OTHERS = {
    "declined": _l("Xã đã trả lời không nhận buổi này rồi."),
    "accepted": _l("Xã đang nhận buổi này, không có gì để nhận lại."),
}


@bp.post("/<slot_id>/khong-nhan")
@requires(Permission.ANSWER_OFFERS)
def decline(slot_id: str) -> Response:
    """Say no to one slot, or to its schedule from now on."""
    all_to_come = request.form.get("scope") == "all"
    try:
        services().offers.decline(
            current_actor(), slot_id, request.form.get("reason", ""), all_to_come=all_to_come
        )
    except InvalidInputError as error:
        flash(explain(error), "down")
        return _to_slot(slot_id, "tra-loi")
    except WrongStateError as error:
        flash(_words(error), "down")
        return _to_slot(slot_id)
    if all_to_come:
        flash(_("Đã ghi: từ nay xã không nhận lịch này. Nơi đặt lịch thấy lý do."), "ok")
    else:
        flash(_("Đã ghi: xã không nhận buổi này. Nơi đặt lịch thấy lý do."), "ok")
    return _to_slot(slot_id)


@bp.post("/<slot_id>/nhan-lai")
@requires(Permission.ANSWER_OFFERS)
def accept(slot_id: str) -> Response:
    """Take the no back."""
    try:
        services().offers.accept(current_actor(), slot_id)
    except WrongStateError as error:
        flash(_words(error), "down")
    else:
        flash(_("Xã nhận lại. Đến giờ trạm sẽ phát."), "ok")
    return _to_slot(slot_id)


def _words(error: WrongStateError) -> str:
    state = str(error.facts.get("state", ""))
    if state in _OTHERS:
        return str(_OTHERS[state])
    return str(NO_OFFER[NoOffer(state)])


def _to_slot(slot_id: str, anchor: str | None = None) -> Response:
    return redirect(url_for("schedules.slot", slot_id=slot_id, _anchor=anchor), code=303)
