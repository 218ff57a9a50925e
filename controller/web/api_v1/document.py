"""The OpenAPI 3.1 document, made of the declarations of the routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from controller.domain.accounts import PERMISSIONS, Role
from controller.web import problems
from controller.web.api_v1.operations import BYTES, JSON, PREFIX, Operation, Operations
from controller.web.problems import Problem

Json = dict[str, Any]

WHERE = "#/components/schemas/{model}"
DESCRIPTION = """Vang plans what commune radio stations air and proves what really sounded.
Each request shows a personal token, made on the account page, and may do what the token was made
for and its owner may do now, inside the owner's place. What lies outside that place does not exist
(404). A refusal is `application/problem+json`; its `code` does not change."""
VERSION = "1"


def document(nouns: Sequence[Operations]) -> Json:
    """The whole document."""
    operations = [operation for noun in nouns for operation in noun.all]
    references, schemas = _schemas(operations)
    paths: dict[str, Json] = {}
    for noun in nouns:
        for operation in noun.all:
            rule = re.sub(r"<(\w+)>", r"{\1}", operation.rule)
            path = paths.setdefault(f"{PREFIX}{rule}", {})
            path[operation.method.lower()] = _operation(noun, operation, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vang", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": noun.tag, "description": noun.words} for noun in nouns],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal token (`vang_...`).",
                }
            },
        },
    }


References = Mapping[Any, Json]
"""Each model of the declarations by its reference."""


def _schemas(operations: Iterable[Operation]) -> tuple[References, Json]:
    """The references, and all schemas by name."""
    modes: dict[type[BaseModel], JsonSchemaMode] = {Problem: "serialization"}
    for operation in operations:
        modes[operation.answer] = "serialization"
        if operation.body is not None:
            modes[operation.body] = "validation"
    found, definitions = models_json_schema(list(modes.items()), ref_template=WHERE)
    references = {model: schema for (model, _mode), schema in found.items()}
    return references, dict(sorted(definitions["$defs"].items()))


def _operation(noun: Operations, operation: Operation, references: References) -> Json:
    summary, _, more = operation.summary.partition("\n")
    described: Json = {
        "operationId": operation.name,
        "tags": [noun.tag],
        "summary": summary.rstrip("."),
        "description": " ".join(f"{more.strip()}\n{_needed(operation)}".split()),
        "parameters": [*_variables(operation), *_query(operation)],
        "responses": _responses(operation, references),
    }
    if operation.body is not None:
        content = {JSON: {"schema": references[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.takes_bytes is not None:
        content = {BYTES: {"schema": {"type": "string", "format": "binary"}}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _needed(operation: Operation) -> str:
    if operation.scope is None:
        return "Any token."
    return f"Scope `{operation.scope.value}`{_roles(operation)}."


def _roles(operation: Operation) -> str:
    """Who may, where not every role may."""
    if operation.permission is None:
        return ""
    roles = [role for role in Role if operation.permission in PERMISSIONS[role]]
    if roles == list(Role):
        return ", any role"
    return f", {'roles' if len(roles) > 1 else 'role'} {', '.join(f'`{role}`' for role in roles)}"


def _variables(operation: Operation) -> Iterable[Json]:
    for name in operation.variables:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        }


def _query(operation: Operation) -> Iterable[Json]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema()
    for name, about in schema["properties"].items():
        about.pop("title", None)
        told = {key: value for key, value in about.items() if key != "description"}
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": about.get("description", ""),
            "schema": _without_null(_resolved(told, schema.get("$defs", {}))),
        }


def _resolved(about: Json, definitions: Json) -> Json:
    """A schema of a query stands alone: what it refers to is put in."""
    if "$ref" in about:
        inner = definitions[about.pop("$ref").rpartition("/")[2]]
        return {key: value for key, value in {**inner, **about}.items() if key != "title"}
    if "anyOf" in about:
        about["anyOf"] = [_resolved(dict(one), definitions) for one in about["anyOf"]]
    return about


def _without_null(about: Json) -> Json:
    """What is left out is left out: no text after the question mark means null."""
    choices = [one for one in about.pop("anyOf", []) if one.get("type") != "null"]
    if about.get("default", ...) is None:
        about.pop("default")
    return (
        {**about, **choices[0]}
        if len(choices) == 1
        else {**about, "anyOf": choices}
        if choices
        else about
    )


def _responses(operation: Operation, references: References) -> Json:
    good: Json = {
        "description": "Done." if operation.method != "GET" else "Found.",
        "content": {JSON: {"schema": references[operation.answer]}},
    }
    if operation.location:
        good["headers"] = {"Location": {"schema": {"type": "string"}}}
    refused = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {problems.MIMETYPE: {"schema": references[Problem]}},
        }
        for status in sorted(_refusals(operation))
    }
    return {str(operation.status): good, **refused}


def _refusals(operation: Operation) -> set[int]:
    found = {401, 403, 429, *operation.refusals}
    if operation.variables:
        found.add(404)
    if operation.query is not None:
        found.add(422)
    if operation.body is not None or operation.takes_bytes is not None:
        found |= {400, 413, 415, 422}
    if operation.method != "GET":
        found |= {409, 422, 503}
    return found
