"""The Flask application: screens for people, routes for stations and Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask
from flask_babel import Babel
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from controller.settings import Settings, WebSettings
from controller.web import (
    answered,
    assets,
    context,
    counting,
    direction,
    formats,
    headers,
    policy,
    refusals,
    squeezing,
    throttle,
    words,
)
from controller.web.blueprints import ALL

if TYPE_CHECKING:
    from controller.services.bundle import Services

FORM_LIMIT_BYTES = 256 * 1024
WITHOUT_COOKIE = frozenset({policy.Audience.STATIONS, policy.Audience.PROGRAMS})
"""They show a token: no foreign page can make a browser send it."""
LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"]
WEB = Path(__file__).parent / "web"


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    services: Services,
    settings: Settings,
    *,
    secret_key: str,
    now: Callable[[], datetime] = _utc_now,
    on_server_error: Callable[[], None] = lambda: None,
) -> Flask:
    """The application around these services. `on_server_error` counts answers of 500."""
    app = Flask(
        "controller",
        root_path=str(WEB),
        static_folder=None,
        template_folder=str(WEB / "templates"),
    )
    app.config.update(_config(settings, secret_key))
    app.extensions["vang.services"] = services
    app.extensions["vang.settings"] = settings
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.web.trusted_proxies:
        hops = settings.web.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    policy.install(app)
    Babel(app, locale_selector=context.pick_language)
    csrf = CSRFProtect(app)
    throttle.limiter.init_app(app)
    formats.install(app)
    counting.install(app)
    words.install(app)
    context.install(app, now)
    headers.install(app)
    answered.install(app)
    squeezing.install(app)
    direction.install(app)
    refusals.install(app, on_server_error)
    _mount(app, csrf)
    return app


def _mount(app: Flask, csrf: CSRFProtect) -> None:
    for blueprint in ALL:
        app.register_blueprint(blueprint)
    assets.install(app, WEB / "static")
    for view in app.view_functions.values():
        rule = policy.policy_of(view)
        if rule is not None and rule.audience in WITHOUT_COOKIE:
            csrf.exempt(view)
    app.extensions["vang.routes"] = frozenset(str(rule) for rule in app.url_map.iter_rules())


def _config(settings: Settings, secret_key: str) -> dict[str, object]:
    secure = settings.web_scheme == "https" or settings.web.external_url.startswith("https://")
    return {
        "SECRET_KEY": secret_key,
        "SESSION_COOKIE_NAME": "vang_form",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "MAX_CONTENT_LENGTH": FORM_LIMIT_BYTES,
        "MAX_FORM_PARTS": 2000,
        "TRUSTED_HOSTS": trusted_hosts(settings.web),
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_DEFAULT_LOCALE": "vi",
        "BABEL_TRANSLATION_DIRECTORIES": str(WEB / "translations"),
        "RATELIMIT_STORAGE_URI": "memory://",
    }


def trusted_hosts(web: WebSettings) -> list[str] | None:
    """Names a request may call us by; None (any) only off loopback without an external address."""
    if web.external_url:
        return [urlsplit(web.external_url).hostname or "", *LOOPBACK_NAMES]
    return LOOPBACK_NAMES if web.host in LOOPBACK_NAMES else None
