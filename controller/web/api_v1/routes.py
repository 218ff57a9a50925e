"""Every route of the API under one address, and the document that describes them."""

from __future__ import annotations

import json
from functools import cache

from flask import Blueprint
from werkzeug.wrappers import Response

from controller.web.api_v1 import (
    alarms,
    audit,
    bulletin_deeds,
    emergencies,
    figures,
    me,
    schedule_deeds,
    slots,
    stations,
)
from controller.web.api_v1.document import document
from controller.web.api_v1.operations import JSON, PREFIX, Operations, mount
from controller.web.policy import public

NOUNS: tuple[Operations, ...] = (
    me.operations,
    stations.operations,
    bulletin_deeds.operations,
    schedule_deeds.operations,
    slots.operations,
    emergencies.operations,
    alarms.operations,
    figures.operations,
    audit.operations,
)


@cache
def spelled_document() -> str:
    """The OpenAPI document as it is served."""
    return json.dumps(document(NOUNS), ensure_ascii=False)


@public
def served_document() -> Response:
    """The OpenAPI document: nothing in it is a secret, and programs read it first."""
    return Response(spelled_document(), mimetype=JSON)


def _blueprint() -> Blueprint:
    bp = Blueprint("api_v1", __name__, url_prefix=PREFIX)
    bp.add_url_rule("/openapi.json", "document", served_document, methods=["GET"])
    for noun in NOUNS:
        for operation in noun.all:
            mount(bp, operation)
    return bp


bp = _blueprint()
