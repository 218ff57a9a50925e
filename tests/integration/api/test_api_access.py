"""Who gets what from the API: by token, scope, role and place; refusals are problems with codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from controller.domain.accounts import Permission, Role
from controller.domain.tokens import Scope, covers
from controller.settings import ApiSettings, Settings
from controller.storage.models import AuditRow
from controller.web.api_v1.operations import BYTES, Operation
from controller.web.api_v1.routes import NOUNS
from controller.web.policy import Audience, policy_of
from tests.support.api import BODIES, PREFIX, Neighbours, a_token, asked
from tests.support.web import DISTRICT, NOW, OTHER_COMMUNE, OTHER_DISTRICT, PROVINCE, centre

ALL = [operation for noun in NOUNS for operation in noun.all]
PROBLEM = "application/problem+json"


def _denials(world: Neighbours) -> int:
    query = (
        select(func.count())
        .select_from(AuditRow)
        .where(AuditRow.action == "refused.not_found", AuditRow.actor.contains(OTHER_DISTRICT))
    )
    with world.here.database.read() as session:
        return session.scalar(query) or 0


def test_every_route_for_programs_is_tried_here(shared: Neighbours) -> None:
    """The matrix of pages, tests/integration/web/test_neighbours.py, leaves them out."""
    app = shared.here.app
    for_programs = {
        (str(rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (policy := policy_of(app.view_functions[rule.endpoint])) is not None
        and policy.audience is Audience.PROGRAMS
    }
    assert {(f"{PREFIX}{one.rule}", one.method) for one in ALL} == for_programs


def test_every_route_asks_for_a_token_and_for_nothing_else(shared: Neighbours) -> None:
    signed_in = shared.here.client(Role.OPERATOR, DISTRICT).http
    for operation in ALL:
        path = f"{PREFIX}{shared.path(operation)}"
        for headers in ({}, {"Authorization": "Basic eA=="}):
            answer = signed_in.open(path, method=operation.method, headers=headers)
            assert answer.status_code in {401, 429}, path
            assert answer.mimetype == PROBLEM
            assert "Set-Cookie" not in answer.headers
            if answer.status_code == 401:
                assert answer.json["facts"]["why"] == "missing"
                assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_no_route_is_open_to_another_scope(shared: Neighbours) -> None:
    here = shared.here
    tokens = {
        scope: a_token(here, here.actor(role, DISTRICT), scope.value)
        for scope in Scope
        for role in (Role.AUDITOR if scope is Scope.AUDIT_READ else Role.OPERATOR,)
    }
    for operation in ALL:
        for scope, token in tokens.items():
            if operation.scope is None or covers({scope}, operation.scope):
                continue
            answer = asked(here, token, shared.path(operation), operation.method)
            refused = (answer.status_code, answer.json["code"], answer.json["facts"]["scope"])
            assert refused == (403, "token_scope", operation.scope.value), operation.name
            assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_a_token_has_no_more_than_its_owners_role(shared: Neighbours) -> None:
    for operation in ALL:
        if operation.permission is None or shared.owner.may(operation.permission):
            continue
        if operation.scope is None or not covers({Scope.BULLETINS_WRITE}, operation.scope):
            continue
        answer = asked(shared.here, shared.token, shared.path(operation), operation.method)
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden"), operation.name


def test_what_another_district_has_does_not_exist_and_the_reach_is_written_down(
    world: Neighbours,
) -> None:
    for written, operation in enumerate(_about_something(), 1):
        answer = _reach(world, operation)
        assert (answer.status_code, answer.mimetype) == (404, PROBLEM), operation.name
        assert answer.json["code"] == "not_found"
        assert _denials(world) == written, operation.name


def _about_something() -> list[Operation]:
    found = [operation for operation in ALL if operation.variables]
    assert len(found) >= 20
    return found


def _reach(world: Neighbours, operation: Operation) -> TestResponse:
    """What somebody of the other district gets who asks for just what is there."""
    path, options = world.path(operation), dict[str, Any]()
    token = world.neighbour_token
    if operation.permission is Permission.APPROVE_BULLETINS:
        token = world.neighbour_approver_token
    if operation.takes_bytes is not None:
        path, options = f"{path}?offset=0", {"data": b"x", "content_type": BYTES}
    elif operation.body is not None:
        options = {"json": BODIES[operation.name]}
    return asked(world.here, token, path, operation.method, **options)


def test_a_place_of_another_district_has_no_week(world: Neighbours) -> None:
    answer = asked(world.here, world.neighbour_token, f"/week?place_id={DISTRICT}")
    assert answer.status_code == 404
    assert _denials(world) == 1


def test_what_no_id_can_be_is_not_found(shared: Neighbours) -> None:
    for text in ("%00", "a b", "x" * 65, "..", "%F0%9F%93%A2"):
        answer = asked(shared.here, shared.token, f"/bulletins/{text}")
        assert (answer.status_code, answer.mimetype) == (404, PROBLEM), text


def test_an_unknown_name_or_value_in_the_address_is_told_by_field(shared: Neighbours) -> None:
    for query, field, problem in (
        ("limt=5", "limt", "extra_forbidden"),
        ("limit=0", "limit", "greater_than_equal"),
        ("limit=5&limit=6", "limit", "int_type"),
        ("state=happy", "state", "enum"),
        ("cursor=a%20b", "cursor", "string_pattern_mismatch"),
    ):
        answer = asked(shared.here, shared.token, f"/stations?{query}")
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
        assert answer.json["errors"] == [{"field": field, "problem": problem}]


def test_addresses_and_methods_that_are_not_there_are_problems_too(shared: Neighbours) -> None:
    nowhere = asked(shared.here, shared.token, "/nowhere")
    assert (nowhere.status_code, nowhere.mimetype) == (404, PROBLEM)
    wrong = asked(shared.here, shared.token, "/stations", "DELETE")
    assert (wrong.status_code, wrong.json["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["Allow"]


def test_no_other_site_may_read_an_answer(shared: Neighbours) -> None:
    answer = shared.here.app.test_client().get(
        f"{PREFIX}/me",
        headers={"Authorization": f"Bearer {shared.token}", "Origin": "https://evil.example"},
    )
    assert answer.status_code == 200
    assert not [name for name, _value in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_one_program_may_ask_only_so_often(tmp_path: Path) -> None:
    with centre(tmp_path, Settings(api=ApiSettings(requests_per_min=3))) as here:
        owner = here.actor(Role.OPERATOR, DISTRICT)
        busy, other = (a_token(here, owner, "stations:read") for _ in range(2))
        answers = [asked(here, busy, "/me") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].json["code"] == "too_many_requests"
        assert answers[3].headers["Retry-After"] == "60"
        assert asked(here, other, "/me").status_code == 200


def test_sentences_are_in_the_language_of_the_account(world: Neighbours) -> None:
    path = f"/stations/{OTHER_COMMUNE}"
    vietnamese = asked(world.here, world.token, path).json["detail"]
    assert vietnamese == "Không tìm thấy trang này trong địa bàn của bạn."
    world.here.accounts.set_language(world.owner, "en")
    assert (
        asked(world.here, world.token, path).json["detail"] == "There is no such page in your area."
    )


def test_the_owner_and_their_places_are_told(shared: Neighbours) -> None:
    me = asked(shared.here, shared.token, "/me").json
    assert (me["username"], me["role"]) == (shared.owner.username, "operator")
    assert me["place"] == {"place_id": DISTRICT, "name": "huyện Bác Ái"}
    assert me["expires_at"] == "2027-02-23T17:00:00Z"
    places = asked(shared.here, shared.token, "/places").json["items"]
    assert places[0]["place_id"] == DISTRICT
    assert len(places) == 10
    assert all(len(place["station_ids"]) == 1 for place in places[1:])


def test_the_trail_is_read_in_parts_and_tells_what_was_done_by_token(world: Neighbours) -> None:
    here = world.here
    auditor = here.actor(Role.AUDITOR, PROVINCE)
    token = a_token(here, auditor, "audit:read")
    asked(here, world.neighbour_token, f"/bulletins/{world.draft_id}")
    first = asked(here, token, "/audit?limit=2").json
    assert first["items"][0]["action"] == "refused.not_found"
    assert first["items"][0]["detail"]["token"].startswith("Phần mềm (…")
    assert first["items"][0]["at"] == NOW.isoformat().replace("+00:00", "Z")
    seen = list(first["items"])
    cursor = first["next_cursor"]
    while cursor:
        part = asked(here, token, f"/audit?limit=2&cursor={cursor}").json
        seen += part["items"]
        cursor = part["next_cursor"]
    numbers = [entry["entry_id"] for entry in seen]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    own = a_token(here, here.actor(Role.AUDITOR, DISTRICT), "audit:read")
    foreign = [e for e in asked(here, own, "/audit").json["items"] if e["place_id"] == "ninh-son"]
    assert foreign == []


def test_a_program_asks_the_trail_for_one_kind_one_person_or_one_thing(shared: Neighbours) -> None:
    here = shared.here
    token = a_token(here, here.actor(Role.AUDITOR, PROVINCE), "audit:read")

    def told(query: str) -> list[tuple[str, str, str]]:
        items = asked(here, token, f"/audit?{query}").json["items"]
        return [(one["action"], one["actor"], one["object_id"]) for one in items]

    made = told("action=bulletin.create&limit=100")
    assert {action for action, _who, _what in made} == {"bulletin.create"}
    about = told(f"object_id={shared.draft_id}")
    assert about
    assert {what for _action, _who, what in about} == {shared.draft_id}
    who = made[0][1]
    assert {actor for _action, actor, _what in told(f"actor={who.upper()}")} == {who}
    assert told("actor=o%25r") == []
    assert told("from_on=2026-11-26") == []
    assert told("until_on=2026-11-24") == []
    assert told("from_on=2026-11-25&until_on=2026-11-25&action=bulletin.create") != []
