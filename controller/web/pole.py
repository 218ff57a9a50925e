"""The page behind the code on a pole: for anybody, without a script, for a poor line.

No name is asked and no address kept: the throttle knows a salted hash until the centre restarts.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from limits import RateLimitItem, parse
from werkzeug.wrappers import Response as Answer

from controller.errors import InvalidInputError, NotFoundError
from controller.services.pole_pages import LONGEST_WORDS, PoleState
from controller.web.equipment_words import where_word
from controller.web.policy import address, public, services
from controller.web.refusals import explain
from controller.web.throttle import limiter

bp = Blueprint("pole", __name__, url_prefix="/loa")

SEEN = parse("300 per 5 minutes")
"""Pages and parts of sound from one address: a whole village may sit behind one of a carrier."""

REPORTED_FROM = parse("10 per hour")
REPORTED_AT = parse("30 per day")
"""Reports by one code."""

_SALT = secrets.token_bytes(32)
_SOUND_FOR_S = 86_400


@bp.get("/<code>")
@public
def show(code: str) -> Answer | tuple[str, int]:
    """Where this loudspeaker is, what sounded here, and the button."""
    if not _may("seen", _who(), SEEN):
        return _too_many()
    return _page(code, is_sent=request.args.get("da-bao") == "1")


@bp.get("/<code>/nghe/<sha256>")
@public
def listen(code: str, sha256: str) -> Response:
    """A bulletin that sounded here, whole or from an offset."""
    if not _may("seen", _who(), SEEN):
        return make_response(*_too_many())
    path = services().pole_pages.sound(code, sha256)
    answer = send_file(
        path.absolute(), mimetype="audio/ogg", etag=sha256, max_age=_SOUND_FOR_S, conditional=True
    )
    answer.cache_control.public = True
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@bp.post("/<code>/hong")
@public
def report(code: str) -> Answer | tuple[str, int]:
    """Say that this loudspeaker is broken."""
    words = request.form.get("words", "")
    services().pole_pages.page(code)  # a code that never was is no address to be throttled
    if not (_may("report", _who(), REPORTED_FROM) and _may("report-at", code, REPORTED_AT)):
        return _too_many()
    try:
        services().pole_pages.report(code, words)
    except InvalidInputError as error:
        return _page(code, words=words, problem=explain(error), status=error.status)
    return redirect(f"{url_for('.show', code=code)}?da-bao=1", code=303)


def _page(
    code: str, *, words: str = "", problem: str = "", is_sent: bool = False, status: int = 200
) -> Answer:
    try:
        page = services().pole_pages.page(code)
    except NotFoundError:
        page, status = None, 404
    if page is not None and page.state is not PoleState.OPEN:
        status = 410
    answer = make_response(
        render_template(
            "poles/pole.html",
            page=page,
            PoleState=PoleState,
            where_word=where_word,
            words=words,
            problem=problem,
            is_sent=is_sent,
            longest=LONGEST_WORDS,
        ),
        status,
    )
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _who() -> str:
    return hmac.new(_SALT, address().encode(), hashlib.sha256).hexdigest()[:24]


def _may(what: str, who: str, rate: RateLimitItem) -> bool:
    return limiter.limiter.hit(rate, "pole", what, who)


def _too_many() -> tuple[str, int]:
    page = render_template(
        "poles/said.html", said=_("Đã nhận nhiều yêu cầu quá. Chờ một lúc rồi thử lại.")
    )
    return page, 429
