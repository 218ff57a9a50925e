"""The audit trail: who did what, when, from where."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from controller.domain.accounts import Permission
from controller.web.deeds import is_refusal
from controller.web.policy import current_actor, requires, services
from controller.web.trail import facts_of

bp = Blueprint("audit", __name__)
PAGE = 100


@bp.get("/nhat-ky")
@requires(Permission.READ_AUDIT)
def index() -> str:
    """The newest deeds at the reader's place and below."""
    before = request.args.get("truoc", type=int)
    actor = current_actor()
    places = [place.place_id for place in services().places.tree().walk(actor.place_id)]
    entries = services().audit.newest(place_ids=places, limit=PAGE + 1, before_id=before)
    return render_template(
        "audit/index.html",
        entries=entries[:PAGE],
        has_more=len(entries) > PAGE,
        before=before,
        facts_of=facts_of,
        is_refusal=is_refusal,
    )
