"""Programs do by the API what people do by the pages: the same rules, the same refusals."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from controller.domain.accounts import Role
from controller.storage.models import AuditRow, BulletinRow, NoticeRow
from tests.support.api import Neighbours, a_token, asked
from tests.support.bulletins import wav_bytes
from tests.support.schedule_desk import TOMORROW
from tests.support.web import COMMUNE, DISTRICT, NOW, OTHER_COMMUNE
from tests.support.web import words as shown


def _done(world: Neighbours, method: str, path: str, body: object, token: str = "") -> TestResponse:
    return asked(world.here, token or world.token, path, method, json=body)


def _ok(world: Neighbours, method: str, path: str, body: object = None, token: str = "") -> Any:
    answer = _done(world, method, path, body, token)
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json


def _code(answer: TestResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json", answer.text
    return answer.status_code, answer.json["code"]


def _wish(world: Neighbours, **changes: Any) -> dict[str, Any]:
    """Once, the day after tomorrow at half past six, in the own district."""
    values = {
        "bulletin_id": world.bulletin_id,
        "recurrence": "once",
        "airs_at": "06:30",
        "starts_on": "2026-11-27",
        "target_ids": [DISTRICT],
    }
    return {**values, **changes}


# --- bulletins ------------------------------------------------------------------------------------


def test_a_bulletin_goes_from_words_and_a_file_in_pieces_to_its_approval(
    world: Neighbours, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sound = wav_bytes(tmp_path_factory.mktemp("voice"))
    words = {"title": "Cúp điện", "text": "Thôn Tà Lú.", "category": "notice", "tags": ["điện"]}
    made = _done(world, "POST", "/bulletins", words)
    assert made.status_code == 201
    bulletin_id = made.json["bulletin_id"]
    assert made.headers["Location"] == f"/api/v1/bulletins/{bulletin_id}"
    assert made.json["bulletin"]["place"]["place_id"] == DISTRICT
    path = f"/bulletins/{bulletin_id}"

    upload = _ok(world, "POST", "/uploads", {"size_bytes": len(sound)})["upload_id"]
    half = len(sound) // 2
    for offset, piece in ((0, sound[:half]), (half, sound[half:])):
        answer = _piece(world, upload, offset, piece)
        assert answer.json["received_bytes"] == offset + len(piece)
    again = _piece(world, upload, half, sound[half:])
    assert _code(again) == (409, "upload_offset")
    assert again.json["facts"] == {"received_bytes": len(sound)}
    taken = {"upload_id": upload, "name": "cup-dien.wav", "language": "vi"}
    given = _done(world, "POST", f"{path}/sound", taken)
    assert given.status_code == 202
    assert given.json["versions"][0]["state"] == "processing"
    early = _done(world, "POST", f"{path}/submit", {"version": 1})
    assert early.json["errors"] == [{"field": "sound", "problem": "sound_processing"}]
    world.studio.finish()

    version = asked(world.here, world.token, path).json["bulletin"]["version"]
    submitted = _ok(world, "POST", f"{path}/submit", {"version": version})["bulletin"]
    assert submitted["state"] == "submitted"
    seen = {"version": submitted["version"], "heard": True}
    own = a_token(world.here, world.here.actor(Role.OPERATOR, DISTRICT), "bulletins:write")
    assert _code(_done(world, "POST", f"{path}/approve", seen, own)) == (403, "forbidden")
    unheard = {**seen, "heard": False}
    refused = _done(world, "POST", f"{path}/approve", unheard, world.approver_token)
    assert refused.json["errors"][0]["field"] == "heard"
    done = _ok(world, "POST", f"{path}/approve", seen, world.approver_token)
    assert done["bulletin"]["state"] == "approved"
    assert done["versions"][0]["approved_by"] == "Trần Văn Lộc"
    with world.here.database.read() as session:
        query = select(AuditRow).where(AuditRow.action == "bulletin.approve")
        (row,) = session.scalars(query)
        assert row.detail["token"].startswith("Phần mềm (…")


def _piece(world: Neighbours, upload: str, offset: int, data: bytes) -> TestResponse:
    return asked(
        world.here, world.token, f"/uploads/{upload}?offset={offset}", "PUT",
        data=data, content_type="application/octet-stream",
    )  # fmt: skip


def test_words_and_filing_are_changed_as_they_were_seen_or_not_at_all(world: Neighbours) -> None:
    path = f"/bulletins/{world.draft_id}"
    words = {"version": 1, "title": "Họp dân thôn", "text": "Lúc 19 giờ."}
    assert _ok(world, "PUT", f"{path}/words", words)["bulletin"]["version"] == 2
    stale = _done(world, "PUT", f"{path}/words", words)
    assert _code(stale) == (409, "stale_edit")
    assert stale.json["facts"]["who"] == "Katơr Thị Mai"
    filed = {"version": 2, "tags": ["họp"], "valid_from": None, "valid_until": "2026-12-31"}
    told = _ok(world, "PUT", f"{path}/filing", filed)
    assert (told["bulletin"]["tags"], told["bulletin"]["valid_until"]) == (["họp"], "2026-12-31")
    gone = _ok(world, "POST", f"{path}/withdraw", {"version": 3})
    assert gone["bulletin"]["state"] == "withdrawn"
    assert _code(_done(world, "POST", f"{path}/withdraw", {"version": 4})) == (409, "wrong_state")


def test_a_bulletin_goes_back_with_its_reason(world: Neighbours) -> None:
    bulletin_id = world.desk.bulletin("Chờ duyệt", is_approved=False)
    answer = _ok(
        world, "POST", f"/bulletins/{bulletin_id}/return",
        {"version": 1, "reason": "Sai ngày họp"}, world.approver_token,
    )  # fmt: skip
    assert answer["bulletin"]["return_reason"] == "Sai ngày họp"


def test_a_bulletin_for_another_district_is_refused_and_written_down(world: Neighbours) -> None:
    body = {"title": "Lạ", "place_id": OTHER_COMMUNE}
    assert _code(_done(world, "POST", "/bulletins", body)) == (422, "out_of_scope")
    with world.here.database.read() as session:
        query = select(AuditRow.action).where(AuditRow.action == "refused.out_of_scope")
        assert len(session.scalars(query).all()) == 1
        assert session.scalar(select(BulletinRow).where(BulletinRow.title == "Lạ")) is None


def test_an_upload_too_large_is_refused_before_its_bytes_come(world: Neighbours) -> None:
    answer = _done(world, "POST", "/uploads", {"size_bytes": 300_000_000})
    assert _code(answer) == (413, "upload_too_large")


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "refusal"),
    [
        (b"{", "application/json", (400, "bad_request")),
        (b'{"title": "x"}', "text/plain", (415, "unsupported_media_type")),
        (b"title=x", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'{"title": 7}', "application/json", (422, "invalid_input")),
        (b'{"title": "x", "titel": "y"}', "application/json", (422, "invalid_input")),
        (b'{"title": "a\\u0000b"}', "application/json", (422, "invalid_input")),
        (b'{"title": "\\ud800"}', "application/json", (400, "bad_request")),
        (b'{"title": "' + b"x" * 300_000 + b'"}', "application/json", (413, "upload_too_large")),
    ],
)
def test_a_body_that_is_not_as_described_changes_nothing(
    shared: Neighbours, body: bytes, kind: str, refusal: tuple[int, str]
) -> None:
    answer = asked(shared.here, shared.token, "/bulletins", "POST", data=body, content_type=kind)
    assert _code(answer) == refusal


# --- schedules ------------------------------------------------------------------------------------


def test_a_schedule_is_checked_made_changed_and_cancelled(world: Neighbours) -> None:
    wish = _wish(world)
    check = _ok(world, "POST", "/schedules/check", wish)
    assert (check["may_save"], check["count"], check["station_count"]) == (True, 1, 9)
    assert check["first_at"] == "2026-11-26T23:30:00Z"
    made = _done(world, "POST", "/schedules", wish)
    assert made.status_code == 201
    schedule_id = made.json["schedule_id"]
    assert made.headers["Location"] == f"/api/v1/schedules/{schedule_id}"

    twice = _done(world, "POST", "/schedules", wish)
    assert _code(twice) == (409, "slot_conflict")
    (met,) = twice.json["facts"]["conflicts"]
    assert (met["schedule_id"], met["free_at"]) == (schedule_id, "06:20")

    change = {**_wish(world, airs_at="07:00"), "version": 1}
    looked = _ok(world, "POST", f"/schedules/{schedule_id}/check", change)
    assert looked["may_save"]
    changed = _ok(world, "PUT", f"/schedules/{schedule_id}", change)
    assert changed["schedule"]["replaces_id"] == schedule_id
    stale = _done(world, "PUT", f"/schedules/{schedule_id}", change)
    assert _code(stale) == (409, "stale_edit")
    assert stale.json["facts"]["current"] == changed["schedule_id"]

    path = f"/schedules/{changed['schedule_id']}/cancel"
    assert _done(world, "POST", path, {"reason": " "}).json["errors"][0]["field"] == "reason"
    ended = _ok(world, "POST", path, {"reason": "Mưa lớn"})
    assert ended["schedule"]["closed_at"] is not None
    assert _code(_done(world, "POST", path, {"reason": "Mưa lớn"})) == (409, "wrong_state")


def test_a_check_names_what_is_wrong_by_codes(world: Neighbours) -> None:
    check = _ok(world, "POST", "/schedules/check", _wish(world, airs_at="03:15"))
    assert not check["may_save"]
    (found,) = check["must_fix"]
    assert (found["code"], found["hours"]) == ("outside_hours", "05:00–21:00")
    assert COMMUNE in found["station_ids"]
    refused = _done(world, "POST", "/schedules", _wish(world, airs_at="03:15"))
    assert _code(refused) == (422, "outside_hours")
    met = _ok(
        world, "POST", "/schedules/check",
        _wish(world, airs_at="05:35", starts_on="2026-11-26"),
    )["must_fix"]  # fmt: skip
    assert [(one["code"], one["schedule_id"]) for one in met] == [
        ("slot_conflict", world.schedule_id)
    ]


def test_a_schedule_reaches_no_other_district(world: Neighbours) -> None:
    for path in ("/schedules", "/schedules/check"):
        answer = _done(world, "POST", path, _wish(world, target_ids=[OTHER_COMMUNE]))
        assert _code(answer) == (422, "out_of_scope")


def test_one_occurrence_is_left_out_moved_or_cancelled(world: Neighbours) -> None:
    left = _ok(world, "POST", f"/schedules/{world.schedule_id}/exclude", {"on": "2026-11-27"})
    assert left["schedule"]["excluded"] == ["2026-11-27"]
    path = f"/slots/{world.slot.slot_id}"
    seen = asked(world.here, world.token, path).json["revision"]
    move = {"starts_at": f"{TOMORROW}T06:45:00+07:00", "revision": seen}
    moved = _ok(world, "POST", f"{path}/move", move)
    assert (moved["starts_at"], moved["revision"]) == ("2026-11-25T23:45:00Z", seen + 1)
    assert _code(_done(world, "POST", f"{path}/move", move)) == (409, "stale_edit")
    odd = {"starts_at": f"{TOMORROW}T06:45:30+07:00", "revision": seen + 1}
    assert _code(_done(world, "POST", f"{path}/move", odd)) == (422, "invalid_input")
    cancelled = _ok(world, "POST", f"{path}/cancel", {"reason": "Họp dời sang tuần sau"})
    assert cancelled["cancel_reason"] == "Họp dời sang tuần sau"
    assert {one["outcome"] for one in cancelled["stations"]} == {"cancelled"}


def test_a_commune_sees_a_schedule_from_above_and_may_not_change_it(world: Neighbours) -> None:
    officer = world.here.actor(Role.COMMUNE_OFFICER, COMMUNE)
    token = a_token(world.here, officer, "schedules:write")
    path = f"/schedules/{world.schedule_id}"
    assert asked(world.here, token, path).json["may_change"] is False
    answer = _done(world, "POST", f"{path}/cancel", {"reason": "x"}, token)
    assert _code(answer) == (403, "forbidden")


def test_a_schedule_is_of_one_thing_that_is_there(world: Neighbours) -> None:
    both = _done(world, "POST", "/schedules", _wish(world, programme_id="x"))
    assert both.json["errors"] == [{"field": "bulletin_id", "problem": "missing"}]
    unknown = _done(world, "POST", "/schedules", _wish(world, bulletin_id="khong-co"))
    assert unknown.json["errors"] == [{"field": "bulletin_id", "problem": "missing"}]


def test_an_alarm_is_taken_on_for_all_to_see_and_the_first_counts(world: Neighbours) -> None:
    here, path = world.here, f"/alarms/{world.alarm_id}"
    reader = a_token(here, world.owner, "alarms:read")
    assert _code(_done(world, "POST", f"{path}/acknowledgement", None, reader)) == (
        403,
        "token_scope",
    )
    taken = _ok(world, "POST", f"{path}/acknowledgement")["alarm"]
    assert (taken["state"], taken["acknowledged_by"]) == ("taken", world.owner.full_name)
    assert taken["acknowledged_at"] == "2026-11-25T10:06:40Z"
    deed = world.desk.audited("alarm.taken")[0]
    assert (deed.object_id, deed.detail["kind"]) == (world.alarm_id, "station_down")
    assert deed.detail["token"].startswith("Phần mềm (…")
    here.clock.move(minutes=3)
    other = a_token(here, here.actor(Role.APPROVER, DISTRICT), "alarms:write")
    assert _ok(world, "POST", f"{path}/acknowledgement", None, other)["alarm"] == taken
    assert len(world.desk.audited("alarm.taken")) == 1
    page = shown(here.client(Role.APPROVER, DISTRICT).get("/canh-bao"))
    assert f"{world.owner.full_name} xử lý, nhận lúc 17:06 25/11/2026" in page


def test_an_alarm_that_is_over_is_not_taken_on(world: Neighbours) -> None:
    with world.here.database.write() as session:
        session.get_one(NoticeRow, world.alarm_id).closed_at = NOW
    told = _ok(world, "POST", f"/alarms/{world.alarm_id}/acknowledgement")["alarm"]
    assert (told["state"], told["acknowledged_by"]) == ("over", None)
    assert world.desk.audited("alarm.taken") == []
