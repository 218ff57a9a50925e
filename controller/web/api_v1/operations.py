"""The routes of the API: declared once, from which request, answer and document follow.

A view says with its signature what it takes and gives: names of the rule as text, `query` and
`body` as models, the answer as a model. Its policy stands in the decorator. Reading, refusing and
writing are done here for all of them, so that no route can forget one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, get_type_hints

from flask import Blueprint, abort, request
from pydantic import ValidationError
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.tokens import Scope
from controller.errors import InvalidInputError, NotFoundError
from controller.settings import Settings
from controller.web.api_v1.shapes import ID, Answer, Body, Query
from controller.web.policy import API_PREFIX, accepts_up_to, for_programs

PREFIX = f"{API_PREFIX}v1"
JSON = "application/json"
BYTES = "application/octet-stream"

View = TypeVar("View", bound=Callable[..., Answer])
B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route and all that is known of it."""

    name: str
    method: str
    rule: str
    """With its variables as `<name>`."""
    scope: Scope | None
    permission: Permission | None
    summary: str
    view: Callable[..., Answer]
    answer: type[Answer]
    query: type[Query] | None
    body: type[Body] | None
    status: int = 200
    refusals: frozenset[int] = frozenset()
    """Statuses that stand in the document beside those every such route has."""
    location: str = ""
    """Where what was made is found, with fields of the answer as `{name}`."""
    takes_bytes: Callable[[Settings], int] | None = None
    """Largest body of a route that takes bytes instead of JSON."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in the rule."""
        return tuple(part.strip("<>") for part in self.rule.split("/") if part.startswith("<"))


@dataclass
class Operations:
    """The routes of one noun."""

    tag: str
    words: str
    all: list[Operation] = field(default_factory=list)

    def read(
        self,
        rule: str,
        scope: Scope | None,
        permission: Permission | None = Permission.VIEW,
        *,
        refusals: frozenset[int] = frozenset(),
    ) -> Callable[[View], View]:
        """A route that only tells something."""
        return self._declare("GET", rule, scope, permission, refusals=refusals)

    def deed(
        self, method: str, rule: str, scope: Scope, permission: Permission, **more: Any
    ) -> Callable[[View], View]:
        """A route that changes something; `more` as in Operation."""
        return self._declare(method, rule, scope, permission, **more)

    def _declare(
        self,
        method: str,
        rule: str,
        scope: Scope | None,
        permission: Permission | None,
        **more: Any,
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            hints = get_type_hints(view)
            operation = Operation(
                name=view.__name__,
                method=method,
                rule=rule,
                scope=scope,
                permission=permission,
                summary=(inspect.getdoc(view) or "").strip(),
                view=view,
                answer=hints["return"],
                query=hints.get("query"),
                body=hints.get("body"),
                **more,
            )
            self.all.append(operation)
            return view

        return declare


def mount(bp: Blueprint, operation: Operation) -> None:
    """Make the route of an operation."""
    handler = for_programs(operation.scope, operation.permission)(_handler(operation))
    if operation.takes_bytes is not None:
        handler = accepts_up_to(operation.takes_bytes)(handler)
    bp.add_url_rule(
        operation.rule, operation.name, handler, methods=[operation.method], strict_slashes=True
    )


def _handler(operation: Operation) -> Callable[..., Response]:
    @wraps(operation.view)
    def handle(**variables: str) -> Response:
        for name, value in variables.items():
            if not ID.fullmatch(value):
                raise NotFoundError(f"no such {name}", **{name: value})
        given: dict[str, Any] = dict(variables)
        if operation.query is not None:
            given["query"] = _query(operation.query)
        if operation.body is not None:
            given["body"] = _body(operation.body)
        elif operation.takes_bytes is not None and request.mimetype != BYTES:
            abort(415)
        return _written(operation, operation.view(**given))

    return handle


def _query(model: type[Q]) -> Q:
    values = request.args.to_dict(flat=False)
    plain = {name: found if len(found) > 1 else found[0] for name, found in values.items()}
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise _invalid(error) from error


def _body(model: type[B]) -> B:
    if request.mimetype != JSON:
        abort(415)
    try:
        return model.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors(include_url=False)):
            abort(400)
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidInputError:
    found = [
        (".".join(str(part) for part in one["loc"]), one["type"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return InvalidInputError(
        "not as described", field=found[0][0], problem=found[0][1], errors=found
    )


def _written(operation: Operation, answer: Answer) -> Response:
    response = Response(answer.model_dump_json(), operation.status, mimetype=JSON)
    if operation.location:
        response.headers["Location"] = PREFIX + operation.location.format(**dict(answer))
    return response
