"""The approver's queue: hear one bulletin, decide, and the next one is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.readiness import urgency
from controller.errors import ControllerError, DecidedAlreadyError, InvalidInputError
from controller.services.approvals import WaitingBulletin
from controller.web import bulletin_words as words
from controller.web import cut_words as cuts
from controller.web import schedule_words
from controller.web import waveform as wave
from controller.web.context import web_now
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain

bp = Blueprint("approvals", __name__, url_prefix="/cho-duyet")

SHOWN = 12
"""So many of those that wait are listed by name."""

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Turn:
    """One of those that wait, with its neighbours."""

    one: WaitingBulletin
    number: int
    before: WaitingBulletin | None
    after: WaitingBulletin | None


@bp.get("")
@requires(Permission.APPROVE_BULLETINS)
def index() -> Answer:
    """What has to be decided first."""
    waiting = services().approvals.waiting(current_actor())
    if not waiting:
        return render_template("approvals/empty.html")
    return _page(waiting, _turn(waiting, waiting[0].bulletin_id))


@bp.get("/<bulletin_id>")
@requires(Permission.APPROVE_BULLETINS)
def show(bulletin_id: str) -> Answer:
    """One of those that wait; of another it is said who has decided."""
    waiting = services().approvals.waiting(current_actor())
    turn = _turn(waiting, bulletin_id)
    if turn is not None:
        return _page(waiting, turn)
    services().bulletins.get(current_actor(), bulletin_id)  # 404 outside the own place
    return redirect(url_for("bulletins.show", bulletin_id=bulletin_id), code=303)


@bp.post("/<bulletin_id>/duyet")
@requires(Permission.APPROVE_BULLETINS)
def approve(bulletin_id: str) -> Answer:
    """Approve it, after saying that it was heard, and go on to the next."""

    def deed() -> None:
        if not request.form.get("heard"):
            raise InvalidInputError("not heard", field="heard", problem="not_heard")
        services().bulletins.approve(current_actor(), bulletin_id, row_version=_seen())

    return _decided(bulletin_id, deed, _("Đã duyệt “%(title)s”.", title=_title(bulletin_id)))


@bp.post("/<bulletin_id>/tra-lai")
@requires(Permission.APPROVE_BULLETINS)
def return_(bulletin_id: str) -> Answer:
    """Send it back with the reason, and go on to the next."""
    reason = request.form.get("reason", "")

    def deed() -> None:
        services().bulletins.return_(current_actor(), bulletin_id, reason, row_version=_seen())

    return _decided(
        bulletin_id,
        deed,
        _("Đã trả lại “%(title)s” cho người soạn.", title=_title(bulletin_id)),
    )


def _title(bulletin_id: str) -> str:
    return services().bulletins.get(current_actor(), bulletin_id).title


def _seen() -> int:
    return request.form.get("row_version", default=0, type=int)


def _decided(bulletin_id: str, deed: Callable[[], None], said: str) -> Answer:
    try:
        deed()
    except DecidedAlreadyError as error:
        flash(explain(error), "warn")
    except ControllerError as error:
        return _page_with(bulletin_id, error)
    else:
        flash(said, "ok")
    following = request.form.get("then", "")
    waiting = services().approvals.waiting(current_actor())
    if any(one.bulletin_id == following for one in waiting):
        return redirect(url_for("approvals.show", bulletin_id=following), code=303)
    return redirect(url_for("approvals.index"), code=303)


def _page_with(bulletin_id: str, error: ControllerError) -> tuple[str, int]:
    """The page as it is now, with the sentence where it belongs and what was typed."""
    waiting = services().approvals.waiting(current_actor())
    turn = _turn(waiting, bulletin_id)
    if error.status == 404 or turn is None:
        raise error
    field = str(error.facts.get("field", ""))
    return _page(waiting, turn, {field: explain(error)}), error.status


def _turn(waiting: Sequence[WaitingBulletin], bulletin_id: str) -> Turn | None:
    """That one and its neighbours; None when it does not wait."""
    for number, one in enumerate(waiting, start=1):
        if one.bulletin_id == bulletin_id:
            before = waiting[number - 2] if number > 1 else None
            after = waiting[number] if number < len(waiting) else None
            return Turn(one, number, before, after)
    return None


def _page(
    waiting: Sequence[WaitingBulletin], turn: Turn | None, problems: dict[str, str] | None = None
) -> str:
    actor, now = current_actor(), web_now()
    assert turn is not None  # noqa: S101 - the caller has looked
    bulletin = services().bulletins.get(actor, turn.one.bulletin_id)
    nearest = turn.one.nearest
    return render_template(
        "approvals/show.html",
        bulletin=bulletin,
        turn=turn,
        total=len(waiting),
        others=[one for one in waiting if one is not turn.one][:SHOWN],
        uses=services().uses.read(actor, bulletin.bulletin_id),
        nearest=nearest,
        is_pressing=nearest is not None and urgency(nearest.starts_at, now).is_pressing,
        threads=services().comments.threads(actor, bulletin.bulletin_id),
        comments=services().comments.counts(actor, [one.bulletin_id for one in waiting]),
        length_ms=sum(version.duration_ms or 0 for version in bulletin.current),
        reason=request.form.get("reason", ""),
        problem=lambda field: (problems or {}).get(field),
        where=schedule_words.where,
        weekdays=schedule_words.weekdays,
        tree=services().places.tree(),
        words=words,
        wave=wave,
        cuts=cuts,
    )
