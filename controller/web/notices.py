"""What somebody is told: the bell, the page behind it, the choices, and how the ways do."""

from __future__ import annotations

from collections.abc import Callable, Set

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Actor, Permission
from controller.domain.notices import NoticeKind, Way, offered
from controller.errors import ControllerError
from controller.web import notice_words as words
from controller.web.context import bell_words
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain

bp = Blueprint("notices", __name__, url_prefix=words.NOTICES)

Answer = str | Response | tuple[str, int]


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """What the reader was told, the latest first; `loc=chua-doc`: only what is unread."""
    only_unread = request.args.get("loc") == "chua-doc"
    actor, tree = current_actor(), services().places.tree()
    found = services().notices.page(
        actor,
        only_unread=only_unread,
        page=request.args.get("trang", default=1, type=int),
    )

    def link(page: int) -> str:
        return url_for("notices.index", trang=page, loc=request.args.get("loc"))

    return render_template(
        "notices/index.html",
        found=found,
        lines=[(one, words.told(one, tree)) for one in found.lines],
        only_unread=only_unread,
        page_link=link,
        words=words,
    )


@bp.get("/so")
@requires(Permission.VIEW)
def count() -> Response:
    """What the bell says; 204 while it still says `tu`."""
    unread = services().notices.unread(current_actor())
    if request.args.get("tu") == unread.cursor:
        return Response(status=204)
    return jsonify(count=unread.count, cursor=unread.cursor, words=bell_words(unread.count))


@bp.get("/<notice_id>")
@requires(Permission.VIEW)
def follow(notice_id: str) -> Response:
    """Read one, and go where something can be done about it."""
    notice = services().notices.read(current_actor(), notice_id)
    return redirect(words.told(notice, services().places.tree()).path, code=303)


@bp.post("/da-doc")
@requires(Permission.VIEW)
def read_all() -> Response:
    """Nothing so far is news any more."""
    services().notices.read_all(current_actor())
    return redirect(url_for("notices.index"), code=303)


@bp.get("/chon")
@requires(Permission.VIEW)
def choose() -> str:
    """What the reader wants to be told, and how."""
    return _choices()


@bp.post("/chon")
@requires(Permission.VIEW)
def save() -> Answer:
    """Keep the choices."""
    actor = current_actor()
    wanted: dict[NoticeKind, Set[Way]] = dict(services().notice_choices.of(actor).ways)
    for kind in _offered(actor):
        wanted[kind] = {way for way in Way if request.form.get(f"{kind.value}.{way.value}")}
    email = request.form.get("email", "")
    return _done(
        lambda: services().notice_choices.save(actor, email, wanted), _("Đã lưu cách nhận tin.")
    )


@bp.post("/thu")
@requires(Permission.VIEW)
def test() -> Answer:
    """Send a test letter to the reader, or as an admin a test call."""
    asked = request.form.get("way", "")
    way = Way(asked) if asked in {Way.WEBHOOK, Way.COMMAND} else Way.EMAIL
    said = _("Đã gửi tin thử. Mở lại trang này sau ít giây để xem kết quả.")
    return _done(lambda: services().notice_choices.order_test(current_actor(), way), said)


@bp.get("/duong-gui")
@requires(Permission.MANAGE_ACCOUNTS)
def ways() -> str:
    """How the ways do, and what could not be sent."""
    desk = services().deliveries
    return render_template(
        "notices/ways.html",
        states=desk.states(),
        failures=desk.failures(current_actor()),
        set_up=services().notice_choices.ways,
        words=words,
    )


def _done(deed: Callable[[], None], said: str) -> Answer:
    try:
        deed()
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        return _choices({str(error.facts.get("field", "")): explain(error)}), error.status
    flash(said, "ok")
    at_ways = request.form.get("at") == "ways"
    return redirect(url_for("notices.ways" if at_ways else "notices.choose"), code=303)


def _offered(actor: Actor) -> tuple[NoticeKind, ...]:
    place = services().places.tree().places[actor.place_id]
    return offered(actor.role, whole=place.parent_id is None)


def _choices(problems: dict[str, str] | None = None) -> str:
    actor = current_actor()
    chosen = services().notice_choices.of(actor)
    typed = request.form
    kept = {(kind, way) for kind, ways in chosen.ways.items() for way in ways}
    ticked = (
        {(k, w) for k in NoticeKind for w in Way if typed.get(f"{k.value}.{w.value}")}
        if "email" in typed
        else kept
    )
    return render_template(
        "notices/choices.html",
        offered=_offered(actor),
        ways=[way for way in Way if way in services().notice_choices.ways],
        ticked=ticked,
        email=typed.get("email", chosen.email or ""),
        has_email=chosen.email is not None,
        last=services().notice_choices.last_sent(actor),
        problem=lambda field: (problems or {}).get(field),
        words=words,
        Way=Way,
    )
