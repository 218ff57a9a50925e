"""Answers to what was not done: the sentence, the page with its code, and the audit row."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, current_app, jsonify, make_response, render_template, request
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from werkzeug.wrappers import Response

from controller.errors import ControllerError
from controller.services.audit import Deed
from controller.web import problems, sentences
from controller.web.policy import (
    Audience,
    actor_or_none,
    is_for_programs,
    policy_of,
    services,
    session_cookie,
    wants_json,
)
from controller.web.resume import interrupted

logger = logging.getLogger(__name__)

WRITTEN_DOWN = frozenset({"not_found", "forbidden", "out_of_scope"})
"""Refusals that may be somebody reaching beyond the own place."""

CODES = {
    400: "bad_request",
    401: "sign_in_needed",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "upload_too_large",
    415: "unsupported_media_type",
    429: "too_many_tries",
}


def explain(error: ControllerError) -> str:
    """The sentence to show beside a form; a reach beyond the own place is written down."""
    if error.code in WRITTEN_DOWN:
        write_down(error.code, detail=error.facts)
    return sentences.sentence_of(error)


def write_down(code: str, detail: dict[str, object] | None = None) -> None:
    """Add an audit row about a refusal, when somebody is signed in."""
    actor = actor_or_none()
    if actor is None:
        return
    facts = {key: str(value) for key, value in (detail or {}).items()}
    deed = Deed(f"refused.{code}", "page", request.path, actor.place_id, facts)
    services().audit.refused(actor, deed)


def install(app: Flask, on_server_error: Callable[[], None]) -> None:
    """Answer every error with a page of our own."""
    app.register_error_handler(ControllerError, _controller_error)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(RateLimitExceeded, lambda _e: answer("too_many_tries", 429))
    app.register_error_handler(HTTPException, _http)

    def broken(_error: InternalServerError) -> Response:
        on_server_error()  # Flask has logged the traceback
        return answer("server_error", 500)

    app.register_error_handler(InternalServerError, broken)


def _controller_error(error: ControllerError) -> Response:
    if error.code in WRITTEN_DOWN:
        write_down(error.code, detail=error.facts)
    if error.status >= 500:
        logger.error("request failed path=%s code=%s: %s", request.path, error.code, error)
    return answer(error.code, error.status, error.facts)


def _csrf(error: CSRFError) -> Response:
    """A page of an earlier session keeps what was typed; whoever sent it presses once more."""
    logger.warning("request refused path=%s why=csrf: %s", request.path, error.description)
    is_person = actor_or_none() is not None and not wants_json()
    kept = interrupted() if is_person else None
    if kept is None:
        return answer("csrf", 400)
    return make_response(render_template("auth/resume.html", kept=kept), 400)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return error.get_response()
    if isinstance(error, SecurityError):  # a foreign Host: no address of ours can be built
        return Response("bad host\n", status=400, content_type="text/plain")
    if error.code == 401:
        return _not_signed_in()
    refused = answer(CODES.get(error.code, "bad_request"), error.code)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            refused.headers[name] = value
    return refused


def _not_signed_in() -> Response:
    if _is_machine_route():
        response = answer("sign_in_needed", 401)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if not request.cookies.get(session_cookie()):
        return answer("sign_in_needed", 401)
    kept = None if wants_json() else interrupted()
    if kept is None:
        is_upload = request.mimetype == "multipart/form-data" and not wants_json()
        return answer("session_ended_upload" if is_upload else "session_ended", 401)
    code = "session_ended_upload" if kept.is_without_file else "session_ended"
    ended = sentences.sentence(code, {})
    page = render_template(
        "auth/sign_in.html", username="", going_to="", ended=ended, problem=None, kept=kept
    )
    return make_response(page, 401)


def _is_machine_route() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    policy = policy_of(view)
    return policy is not None and policy.audience in {Audience.STATIONS, Audience.SCRAPERS}


def answer(code: str, status: int, facts: dict[str, object] | None = None) -> Response:
    """The refusal as a page for people, as JSON for scripts and machines."""
    if is_for_programs():
        return problems.answer(code, status, facts or {})
    sentence = sentences.sentence(code, facts or {})
    if wants_json() or _is_machine_route():
        response = jsonify(error=code, sentence=sentence)
    else:
        page = render_template("errors/page.html", code=code, status=status, sentence=sentence)
        response = make_response(page)
    response.status_code = status
    return response
