"""The way in and out, the own password, the own account, language and light."""

from __future__ import annotations

from dataclasses import replace

from flask import (
    Blueprint,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import SHORTEST_PASSWORD
from controller.errors import ControllerError
from controller.services.sessions import SignedIn
from controller.web import token_words
from controller.web.context import LANGUAGE_COOKIE, LANGUAGES, THEME_COOKIE, THEMES
from controller.web.counting import counted
from controller.web.policy import (
    actor_or_none,
    address,
    current_actor,
    own_password,
    public,
    services,
    session_cookie,
    settings,
    signed_in,
)
from controller.web.refusals import explain
from controller.web.resume import Kept, carried, is_page
from controller.web.sentences import sentence
from controller.web.throttle import failed_tries
from controller.web.today import first_page

bp = Blueprint("auth", __name__)
YEAR_S = 31_536_000
CHOSEN_AT_THE_DOOR = "language"
"""Of the form session: a cookie of last year must not turn another person's pages English."""


@bp.get("/")
@signed_in
def home() -> Response:
    """The page a role starts with."""
    return redirect(first_page(current_actor()), code=303)


@bp.get("/dang-nhap")
@public
def sign_in() -> Response | str:
    """The form; somebody signed in is led on."""
    if actor_or_none() is not None:
        return redirect(_next_page(), code=303)
    ended = sentence("session_ended", {}) if request.args.get("het") else None
    return _door(_going_to(), ended=ended)


@bp.post("/dang-nhap")
@public
@failed_tries
def enter() -> Response | tuple[str, int]:
    """Begin a session under a new token, whatever cookie came along."""
    username, kept = request.form.get("username", ""), carried()
    try:
        begun = services().accounts.sign_in(
            username,
            request.form.get("password", ""),
            address=address(),
            user_agent=request.user_agent.string,
        )
    except ControllerError as error:
        page = _door(_going_to(), username=username, problem=explain(error), kept=kept)
        return page, error.status
    chosen = session.get(CHOSEN_AT_THE_DOOR)
    if chosen in LANGUAGES:
        services().accounts.set_language(begun.actor, chosen)
        begun = replace(begun, actor=replace(begun.actor, language=chosen))
    if kept is None:
        return _with_session(redirect(_next_page(), code=303), begun)
    g.actor = begun.actor
    response = _with_session(make_response(), begun)
    response.set_data(render_template("auth/resume.html", kept=kept))
    return response


def _door(
    going_to: str,
    *,
    username: str = "",
    ended: str | None = None,
    problem: str | None = None,
    kept: Kept | None = None,
) -> str:
    return render_template(
        "auth/sign_in.html",
        username=username,
        going_to=going_to,
        ended=ended,
        problem=problem,
        kept=kept,
    )


@bp.post("/dang-xuat")
@own_password
def sign_out() -> Response:
    """End the session here and at the centre."""
    services().accounts.sign_out(request.cookies.get(session_cookie(), ""), address=address())
    return _without_session(redirect(url_for("auth.sign_in"), code=303))


@bp.get("/mat-khau")
@own_password
def password() -> str:
    """The form for the own password."""
    return render_template("auth/password.html", shortest=SHORTEST_PASSWORD, problem=None)


@bp.post("/mat-khau")
@own_password
@failed_tries
def change_password() -> Response | tuple[str, int]:
    """Set it, and begin a new session in place of all the old ones."""
    actor, wanted = current_actor(), request.form.get("wanted", "")
    accounts = services().accounts
    try:
        if wanted != request.form.get("again", ""):
            return _password_page(sentence("weak_password", {"problem": "mismatch"}), 422)
        accounts.change_password(actor, request.form.get("current", ""), wanted)
        begun = accounts.sign_in(
            actor.username, wanted, address=address(), user_agent=request.user_agent.string
        )
    except ControllerError as error:
        return _password_page(explain(error), error.status)
    response = _with_session(redirect(url_for("auth.account"), code=303), begun)
    flash(_("Đã đổi mật khẩu. Các máy khác đã bị đăng xuất."), "ok")
    return response


def _password_page(problem: str, status: int) -> tuple[str, int]:
    page = render_template("auth/password.html", shortest=SHORTEST_PASSWORD, problem=problem)
    return page, status


@bp.get("/tai-khoan")
@signed_in
def account() -> str:
    """One's own account and where it is signed in."""
    token = request.cookies.get(session_cookie(), "")
    actor = current_actor()
    return render_template(
        "auth/account.html",
        sessions=services().accounts.sessions_of(actor, token),
        tokens=services().tokens.own(actor),
        token_words=token_words,
        revoke_path=lambda token_id: url_for("tokens.revoke", token_id=token_id),
    )


@bp.post("/tai-khoan/dang-xuat-noi-khac")
@signed_in
def end_other_sessions() -> Response:
    """Sign out everywhere but here."""
    token = request.cookies.get(session_cookie(), "")
    ended = services().accounts.end_other_sessions(current_actor(), token)
    flash(counted("Đã đăng xuất %(n)s nơi khác.", ended), "ok")
    return redirect(url_for("auth.account"), code=303)


@bp.post("/tai-khoan/dang-xuat/<session_id>")
@signed_in
def end_session(session_id: str) -> Response:
    """Sign out at one place."""
    services().accounts.end_session(current_actor(), session_id)
    flash(_("Đã đăng xuất nơi đó."), "ok")
    return redirect(url_for("auth.account"), code=303)


@bp.post("/ngon-ngu")
@public
def choose_language() -> Response:
    """Vietnamese or English, kept with the account (of who signs in next) and in a cookie."""
    wanted = request.form.get("language", "vi")
    response = redirect(_back(), code=303)
    if wanted in LANGUAGES:
        _remember(response, LANGUAGE_COOKIE, wanted)
        actor = actor_or_none()
        if actor is not None:
            services().accounts.set_language(actor, wanted)
        else:
            session[CHOSEN_AT_THE_DOOR] = wanted
    return response


@bp.post("/giao-dien")
@public
def choose_theme() -> Response:
    """Light, dark, or as the machine is set."""
    wanted = request.form.get("theme", "auto")
    response = redirect(_back(), code=303)
    if wanted in THEMES:
        _remember(response, THEME_COOKIE, wanted)
    return response


def _with_session(response: Response, begun: SignedIn) -> Response:
    session.clear()  # the form token of a stranger is not carried into the session
    response.set_cookie(
        session_cookie(),
        begun.token,
        max_age=begun.longest,
        path="/",
        secure=_is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def _without_session(response: Response) -> Response:
    session.clear()
    response.delete_cookie(
        session_cookie(), path="/", secure=_is_secure(), httponly=True, samesite="Lax"
    )
    return response


def _remember(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR_S, secure=_is_secure(), httponly=True, samesite="Lax"
    )


def _is_secure() -> bool:
    return settings().web_scheme == "https" or request.is_secure


def _going_to() -> str:
    return own_path(request.values.get("den", "")) or ""


def _next_page() -> str:
    return _going_to() or url_for("auth.home")


def _back() -> str:
    return own_path(request.form.get("den", "")) or url_for("auth.home")


def own_path(text: str) -> str | None:
    r"""A path on this site, None for anything that could lead elsewhere (`//host`, `/\host`)."""
    return text if is_page(text) else None
