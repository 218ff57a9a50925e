"""What machines ask: /metrics for Prometheus, /healthz for whoever restarts things."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request

from controller.metrics.exporter import CONTENT_TYPE, Exporter
from controller.web.policy import for_scrapers

bp = Blueprint("probes", __name__)

UNTIMED = frozenset({"static", "sound.fetch", "probes.metrics", None})
"""Endpoints whose time says nothing about the pages: files, and Prometheus itself."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What the two routes answer from. Each check says whether one part works; it never raises."""

    exporter: Exporter
    checks: Mapping[str, Callable[[], bool]]


def install(app: Flask, probes: Probes) -> None:
    """Give an app its probes and count its requests from now on."""
    app.extensions["vang.probes"] = probes
    app.before_request(_begin)
    app.after_request(_count)


def is_link_up() -> bool:
    """Whether the centre hears the broker; True in an app that has no link at all."""
    probes = cast("Probes | None", current_app.extensions.get("vang.probes"))
    return probes is None or "link" not in probes.checks or probes.checks["link"]()


def _begin() -> None:
    g.began_s = time.perf_counter()


def _count(response: Response) -> Response:
    took_s = time.perf_counter() - g.get("began_s", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "unknown"
    _probes().exporter.internals.request_ended(
        _method(), route, response.status_code, None if request.endpoint in UNTIMED else took_s
    )
    return response


def _method() -> str:
    """The method, or "other": anybody may send any word, and a label must stay bounded."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "other"


def _probes() -> Probes:
    probes = current_app.extensions.get("vang.probes")
    if probes is None:
        abort(503)
    return cast(Probes, probes)


@bp.get("/metrics")
@for_scrapers
def metrics() -> Response:
    """The text of this moment."""
    return Response(_probes().exporter.render(), content_type=CONTENT_TYPE)


@bp.get("/healthz")
@for_scrapers
def healthz() -> tuple[Response, int]:
    """Each part by name, and 503 when one does not work."""
    parts = {name: check() for name, check in _probes().checks.items()}
    is_well = all(parts.values())
    body = jsonify(status="ok" if is_well else "failing", parts=parts)
    return body, 200 if is_well else 503
