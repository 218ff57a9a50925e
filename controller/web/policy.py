"""Who may reach a route: each view carries one policy, and a route without one is refused."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from controller.domain.accounts import Actor, Permission
from controller.domain.tokens import Scope, covers
from controller.errors import ForbiddenError, TokenRefusedError, TokenScopeError
from controller.web import throttle

if TYPE_CHECKING:
    from controller.services.bundle import Services
    from controller.services.tokens import Holder
    from controller.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])
LOOPBACK = frozenset({"127.0.0.1", "::1"})
FORM_ROOM_BYTES = 1_000_000
"""What the fields around a file may take."""
API_PREFIX = "/api/"
"""Addresses of programs: no cookie counts there, and every refusal is data."""
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


class Audience(StrEnum):
    """Whom a route is for."""

    PUBLIC = "public"
    PEOPLE = "people"
    PROGRAMS = "programs"
    STATIONS = "stations"
    SCRAPERS = "scrapers"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a caller must be. `permission` None: anybody signed in; `scope` None: any token."""

    audience: Audience
    permission: Permission | None = None
    before_password_change: bool = False
    scope: Scope | None = None


def _marked(policy: Policy) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.policy = policy  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Anybody: only the way in, and what it needs to look like itself."""
    return _marked(Policy(Audience.PUBLIC))(view)


def requires(permission: Permission) -> Callable[[View], View]:
    """Signed in with a role that holds the permission; where it holds is for services to check."""
    return _marked(Policy(Audience.PEOPLE, permission))


def signed_in(view: View) -> View:
    """Anybody signed in, whatever the role."""
    return _marked(Policy(Audience.PEOPLE))(view)


def own_password(view: View) -> View:
    """Anybody signed in, even with a password that must be changed first."""
    return _marked(Policy(Audience.PEOPLE, before_password_change=True))(view)


def for_programs(scope: Scope | None, permission: Permission | None) -> Callable[[View], View]:
    """Another program with a personal token of this scope, whose owner holds the permission."""
    return _marked(Policy(Audience.PROGRAMS, permission, scope=scope))


def for_stations(view: View) -> View:
    """A station that shows its sound token; exempt from CSRF, since it has no cookie."""
    return _marked(Policy(Audience.STATIONS))(view)


def for_scrapers(view: View) -> View:
    """Prometheus and health checks: from this machine, or with the bearer token."""
    return _marked(Policy(Audience.SCRAPERS))(view)


def accepts_up_to(limit_bytes: Callable[[Settings], int]) -> Callable[[View], View]:
    """Raise the cap on the request's body for one view (uploads)."""

    def mark(view: View) -> View:
        view.body_limit = limit_bytes  # type: ignore[attr-defined]
        return view

    return mark


def asked_by_itself(view: View) -> View:
    """An open page asks for it, nobody at it: a session left alone ends all the same."""
    view.is_use = False  # type: ignore[attr-defined]
    return view


def policy_of(view: Callable[..., Any] | None) -> Policy | None:
    """The policy a view carries, None when it has none."""
    return getattr(view, "policy", None)


def services() -> Services:
    """The deeds of the centre."""
    return cast("Services", current_app.extensions["vang.services"])


def settings() -> Settings:
    """The settings in force."""
    return cast("Settings", current_app.extensions["vang.settings"])


def current_actor() -> Actor:
    """Who is signed in; only for views that demand it."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise RuntimeError("nobody is signed in on this route")
    return actor


def actor_or_none() -> Actor | None:
    """Who is signed in, None for a stranger or a machine."""
    return cast("Actor | None", g.get("actor"))


def current_holder() -> Holder:
    """Who asks by a token, and what it was made for; only for views marked `for_programs`."""
    return cast("Holder", g.holder)


def is_for_programs() -> bool:
    """Whether the request goes to the API, also where there is no such route."""
    return request.path.startswith(API_PREFIX)


def current_station() -> str:
    """The station that asks; only for views marked `for_stations`."""
    return cast(str, g.station_id)


def session_cookie() -> str:
    """Name of the session cookie; over TLS the prefix binds it to this host and to https."""
    return "__Host-vang" if settings().web_scheme == "https" or request.is_secure else "vang"


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or ""


def install(app: Flask) -> None:
    """Check every request against its route's policy. Register before any other hook."""
    app.before_request(_enforce)


def _enforce() -> Response | None:
    if _names_what_cannot_be():
        abort(404)
    if request.endpoint is None:
        if not is_for_programs():
            g.actor = _actor()  # no such page: the refusal is shown in the reader's language
        return None
    view = current_app.view_functions[request.endpoint]
    policy = policy_of(view)
    if policy is None:
        raise ForbiddenError(f"route {request.endpoint} has no policy")
    limit = getattr(view, "body_limit", None)
    if limit is not None:
        request.max_content_length = limit(settings())
    led_away = _CHECKS[policy.audience](policy)
    if led_away is None and limit is not None:
        _ensure_room(limit(settings()))
    return led_away


def _names_what_cannot_be() -> bool:
    """Whether an address holds a NUL, which no name of ours does and PostgreSQL takes for a fault.

    What programs ask behind the question mark is described to them, and refused there.
    """
    asked = () if is_for_programs() else (one for pair in request.args.items(True) for one in pair)
    return "\0" in request.path or any("\0" in one for one in asked)


def _ensure_room(limit_bytes: int) -> None:
    """StorageFullError before the bytes of a file are read that the disk has no room for.

    Fields alone are taken: nobody shall lose a text because the disk is full. What is larger than
    allowed is answered as such.
    """
    size_bytes = request.content_length or 0
    if FORM_ROOM_BYTES < size_bytes <= limit_bytes:
        services().bulletins.room.ensure(size_bytes)


def _check_public(policy: Policy) -> Response | None:  # noqa: ARG001 - one shape for all checks
    if request.endpoint != "static" and not is_for_programs():
        g.actor = _actor()
    return None


def _check_people(policy: Policy) -> Response | None:
    g.actor = _actor()
    if g.actor is None:
        return _to_sign_in()
    if g.actor.must_change_password and not policy.before_password_change:
        return redirect(url_for("auth.password"), code=303)
    if policy.permission is not None and not g.actor.may(policy.permission):
        raise ForbiddenError(str(policy.permission))
    return None


def _check_program(policy: Policy) -> Response | None:
    tokens = services().tokens
    try:
        holder = tokens.holder_of(_bearer(), address=address())
    except TokenRefusedError:
        throttle.count_failed_token()
        raise
    throttle.count_request(holder.token_id, settings().api.requests_per_min)
    g.actor, g.holder = holder.actor, holder
    if policy.scope is not None and not covers(holder.scopes, policy.scope):
        tokens.denied(holder, scope=policy.scope.value)
        raise TokenScopeError(policy.scope.value, scope=policy.scope.value)
    if policy.permission is not None and not holder.actor.may(policy.permission):
        raise ForbiddenError(str(policy.permission))
    return None


def _check_station(policy: Policy) -> Response | None:  # noqa: ARG001 - one shape for all checks
    token = _bearer()
    station_id = services().stations.station_of_token(token) if token else None
    if station_id is None:
        abort(401)
    g.station_id = station_id
    return None


def _check_scraper(policy: Policy) -> Response | None:  # noqa: ARG001 - one shape for all checks
    if is_local():
        return None
    wanted = settings().metrics.token
    if not wanted or not hmac.compare_digest(wanted.encode(), _bearer().encode()):
        abort(401)
    return None


def is_local() -> bool:
    """Whether the caller is on this machine and not behind a proxy on it that nobody named."""
    if request.remote_addr not in LOOPBACK:
        return False
    return bool(settings().web.trusted_proxies) or not any(
        name in request.headers for name in FORWARDED
    )


_CHECKS: dict[Audience, Callable[[Policy], Response | None]] = {
    Audience.PUBLIC: _check_public,
    Audience.PEOPLE: _check_people,
    Audience.PROGRAMS: _check_program,
    Audience.STATIONS: _check_station,
    Audience.SCRAPERS: _check_scraper,
}


def _actor() -> Actor | None:
    token = request.cookies.get(session_cookie(), "")
    if not token:
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    is_use = getattr(view, "is_use", True)
    return services().accounts.actor_of(token, address=address(), is_use=is_use)


def _bearer() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _to_sign_in() -> Response:
    """People are led to the way in and back; a script or a form gets 401."""
    if request.method not in {"GET", "HEAD"} or wants_json():
        abort(401)
    going_to = request.full_path.rstrip("?")
    ended = "1" if session_cookie() in request.cookies else None
    den = going_to if going_to != "/" else None
    return redirect(url_for("auth.sign_in", den=den, het=ended), code=303)


def wants_json() -> bool:
    """Whether a script asks rather than a person."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == (
        "application/json"
    )
