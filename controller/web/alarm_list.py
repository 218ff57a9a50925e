"""Alarms of the reader's place: what is open, what ended within 30 days, and who sees to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.alarms import SEVERITY, Severity
from controller.domain.notices import ALARMS, NoticeKind
from controller.services.alarms import AlarmFilter, Standing, standing
from controller.web import notice_words as words
from controller.web.policy import current_actor, requires, services

bp = Blueprint("alarms", __name__, url_prefix="/canh-bao")

KINDS = tuple(kind for kind in words.KINDS if kind in ALARMS)

STANDINGS = {
    Standing.OPEN: (_l("chưa ai xử lý"), "warn", "down"),
    Standing.TAKEN: (_l("có người xử lý"), "user", "air"),
    Standing.OVER: (_l("đã hết"), "ok", "mute"),
}
"""Where an alarm stands: its words, its icon, its class."""

SEVERITIES = {
    Severity.URGENT: _l("khẩn"),
    Severity.PAGE: _l("cần xử lý ngay"),
    Severity.NOTE: _l("cần xem"),
}


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """Filtered by place (`dia-ban`), kind (`loai`) and standing (`tinh-trang`)."""
    actor, tree = current_actor(), services().places.tree()
    asked = _asked()
    found = services().alarms.page(
        actor, asked, page=request.args.get("trang", default=1, type=int)
    )
    kept: dict[str, Any] = {
        "dia-ban": asked.place_id,
        "loai": asked.kind.value if asked.kind else None,
        "tinh-trang": asked.standing.value if asked.standing else None,
    }

    def link(page: int) -> str:
        return url_for("alarms.index", trang=page, **kept)

    return render_template(
        "alarms/index.html",
        found=found,
        lines=[(one, words.told(one, tree), standing(one)) for one in found.alarms],
        asked=asked,
        kept=kept,
        kept_only={name: value for name, value in kept.items() if value},
        places=list(tree.walk(actor.place_id)),
        kinds=KINDS,
        standings=STANDINGS,
        severity_of=SEVERITY,
        severities=SEVERITIES,
        page_link=link,
        words=words,
    )


@bp.post("/<notice_id>/nhan")
@requires(Permission.TAKE_ALARMS)
def take(notice_id: str) -> Response:
    """The reader sees to it."""
    actor = current_actor()
    alarm = services().alarms.take(actor, notice_id)
    if alarm.acknowledged_by == actor.full_name:
        flash(_("Đã ghi: bạn xử lý. Mọi người liên quan đều thấy."), "ok")
    elif alarm.acknowledged_by:
        flash(_("%(who)s đã nhận xử lý trước.", who=alarm.acknowledged_by), "warn")
    else:
        flash(_("Cảnh báo này đã hết."), "ok")
    return redirect(url_for("alarms.index", **_kept()), code=303)


def _kept() -> dict[str, Any]:
    names = ("dia-ban", "loai", "tinh-trang")
    return {name: request.form[name] for name in names if request.form.get(name)}


def _asked() -> AlarmFilter:
    """What the address asks for; a word that means nothing asks for nothing."""
    kind, state = request.args.get("loai", ""), request.args.get("tinh-trang", "")
    return AlarmFilter(
        request.args.get("dia-ban") or None,
        NoticeKind(kind) if kind in {one.value for one in KINDS} else None,
        Standing(state) if state in set(Standing) else None,
    )
