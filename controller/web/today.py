"""The first page: what waits for me, whether the next slots will sound, what did not."""

from __future__ import annotations

from flask import Blueprint, render_template

from controller.domain.accounts import Actor, Permission, Role
from controller.domain.places import PlaceKind
from controller.services.today import MOST_NAMED
from controller.web.context import place_kind, web_now
from controller.web.policy import current_actor, requires, services

bp = Blueprint("today", __name__)

PATH, BOARD, COMMUNE = "/hom-nay", "/bang", "/xa"
MOST_UNHEARD = 100
"""Communes named as not heard this month; of more the rest are counted."""


@bp.get(PATH)
@requires(Permission.VIEW)
def index() -> str:
    """Everything of the reader's place."""
    return render_template("today/index.html", **_values())


@bp.get(f"{PATH}/thay-doi")
@requires(Permission.VIEW)
def changes() -> str:
    """The same without its frame, for a page that stays open."""
    return render_template("today/_today.html", **_values())


def _values() -> dict[str, object]:
    actor, now = current_actor(), web_now()
    found = services().emergencies.all(actor) if actor.may(Permission.WARN) else ()
    return {
        "view": services().today.view(actor),
        "to_confirm": [one for one in found if one.is_waiting(now)],
        "to_order": services().priority_orders.waiting(actor),
        "most_named": MOST_NAMED,
        "faults": services().faults.open_at(actor),
        "unheard": services().listening_checks.unheard(actor, MOST_UNHEARD)
        if actor.may(Permission.CHECK_LISTENING)
        else None,
    }


def first_page(actor: Actor) -> str:
    """The page somebody starts with: the own loudspeaker, what has to be done today, the board."""
    if actor.role is Role.COMMUNE_OFFICER:
        return COMMUNE
    is_working = actor.role in {Role.OPERATOR, Role.APPROVER}
    is_province = place_kind(actor.place_id) is PlaceKind.PROVINCE
    if is_working and not (is_province and actor.role is Role.OPERATOR):
        return PATH
    return BOARD
