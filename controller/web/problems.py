"""Refusals of the API: application/problem+json (RFC 9457) with the codes of the pages.

`type` is always `about:blank` and `title` the phrase of the status: what went wrong is `code`,
one of docs/errors.md, and `detail` is the sentence the pages would show.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from werkzeug.wrappers import Response

from controller.services.schedule_findings import Met
from controller.web import sentences

MIMETYPE = "application/problem+json"
CHALLENGES = {"token_refused": "invalid_token", "token_scope": "insufficient_scope"}
"""What WWW-Authenticate says beside them (RFC 6750, section 3.1)."""
TOLD_APART = frozenset({"field", "problem", "errors", "seconds"})
"""Facts that stand elsewhere in the answer."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="Its name; a dot before each part of something inside.")
    problem: str = Field(description="A stable word such as `missing`.")


class Problem(BaseModel):
    """Why something was not done."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="Always `about:blank`.")
    title: str = Field(description="The phrase of the status, in English.")
    status: int
    code: str = Field(description="A stable word: see errors.md.")
    detail: str = Field(description="A sentence for people, in the language of the account.")
    errors: tuple[FieldProblem, ...] = Field(description="For `invalid_input`: by field.")
    facts: dict[str, JsonValue] = Field(description="What the sentence was made of.")


def answer(code: str, status: int, facts: Mapping[str, Any]) -> Response:
    """The refusal, with the headers that belong to it."""
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=sentences.sentence(code, facts),
        errors=_errors(facts),
        facts={key: plain(value) for key, value in facts.items() if key not in TOLD_APART},
    )
    response = Response(body.model_dump_json(), status, mimetype=MIMETYPE)
    if code in CHALLENGES:
        response.headers["WWW-Authenticate"] = f'Bearer error="{CHALLENGES[code]}"'
    if "seconds" in facts:
        response.headers["Retry-After"] = str(facts["seconds"])
    return response


def _errors(facts: Mapping[str, Any]) -> tuple[FieldProblem, ...]:
    if "errors" in facts:
        return tuple(FieldProblem(field=field, problem=why) for field, why in facts["errors"])
    if "field" in facts:
        field, why = str(facts["field"]), str(facts.get("problem", ""))
        return (FieldProblem(field=field, problem=why),)
    return ()


def plain(value: Any) -> JsonValue:
    """A fact as JSON has it; an instant in UTC."""
    match value:
        case None | bool() | int() | float():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case list() | tuple() | set() | frozenset():
            return [plain(one) for one in value]
        case Met():
            return _met(value)
    return str(value)


def _met(met: Met) -> JsonValue:
    return {
        "schedule_id": met.other.schedule_id,
        "title": met.other.content.title,
        "free_at": plain(met.free_at),
    }
