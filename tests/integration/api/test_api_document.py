"""What the OpenAPI document says is what the API does, whatever it is asked (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from controller.settings import ApiSettings, Settings
from controller.web.api_v1.routes import NOUNS
from tests.support.api import PREFIX, Neighbours
from tests.support.web import centre

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NAMES = [operation.name for noun in NOUNS for operation in noun.all]
SEED = 20261125
ASKED, ASKED_LONG = 4, 300
"""Requests of each kind to each route: of what its document allows, and of what it forbids."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """A centre that answers faults as to strangers, and as often as one likes."""
    folder = tmp_path_factory.mktemp("document")
    with centre(folder, Settings(api=ApiSettings(requests_per_min=10**6))) as here:
        built = Neighbours(here, folder)
        here.app.testing = False
        yield built


@pytest.fixture(scope="module")
def routes(world: Neighbours) -> dict[str, Any]:
    """What schemathesis makes of each route of the served document, by its name."""
    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", world.here.app)
    found = [one.ok() for one in schema.get_all_operations()]
    return {one.definition.raw["operationId"]: one for one in found}


def _ask(world: Neighbours, route: Any, mode: GenerationMode, count: int) -> int:
    """Ask one route so often; how many answers were no refusal."""
    name = route.definition.raw["operationId"]
    answered = []

    @seed(SEED)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=route.as_strategy(generation_mode=mode), is_real=st.booleans())
    def ask(case: Case, is_real: bool) -> None:
        if is_real:  # nobody guesses an id: half of the requests are about what there is
            known = world.ids
            for variable in list(case.path_parameters or {}):
                case.path_parameters[variable] = known[variable]
        token = world.approver_token if name in OF_APPROVERS else world.token
        # the WSGI client of schemathesis asks for squeezed answers and cannot read them
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        answered.append(answer.status_code < 400)

    ask()
    return sum(answered)


MOSTLY_THERE = {
    "me", "places", "stations", "bulletins", "schedules", "week", "readiness", "alarms",
}  # fmt: skip
"""Routes of which what the document allows is mostly there."""

OF_APPROVERS = {"approve_bulletin", "return_bulletin"}


@pytest.mark.parametrize("name", NAMES)
def test_each_route_answers_and_refuses_as_its_document_says(
    world: Neighbours, routes: dict[str, Any], name: str
) -> None:
    answered = _ask(world, routes[name], GenerationMode.POSITIVE, ASKED)
    if name in MOSTLY_THERE:
        assert answered > 0, "what the document allows is refused"
    _ask(world, routes[name], GenerationMode.NEGATIVE, ASKED // 2)


@pytest.mark.soak
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", NAMES)
def test_each_route_keeps_to_its_document_for_long(
    world: Neighbours, routes: dict[str, Any], name: str, mode: GenerationMode
) -> None:
    _ask(world, routes[name], mode, ASKED_LONG)
