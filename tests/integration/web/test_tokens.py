"""Personal tokens: made on the account page, told once, never worth more than their owner."""

from __future__ import annotations

import re

from sqlalchemy import select
from werkzeug.test import TestResponse

from controller.domain.accounts import Role
from controller.storage.models import ApiTokenRow, AuditRow
from tests.support.api import a_token, asked
from tests.support.web import DISTRICT, OTHER_DISTRICT, PASSWORD, PROVINCE, Browser, Centre, words

TOKEN = re.compile(r"vang_[A-Za-z0-9_-]{43}")
NEW = "/tai-khoan/ma/moi"


def _make(browser: Browser, **fields: object) -> TestResponse:
    typed = {
        "name": "Bảng điện tử",
        "scope": ["stations:read"],
        "expires_on": "31/12/2026",
        "password": PASSWORD,
    }
    return browser.post(NEW, **{**typed, **fields})


def _audited(here: Centre, action: str) -> list[AuditRow]:
    with here.database.read() as session:
        found = list(session.scalars(select(AuditRow).where(AuditRow.action == action)))
        session.expunge_all()
        return found


def test_a_token_is_told_once_and_only_its_hash_is_kept(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    page = _make(browser)
    (token,) = set(TOKEN.findall(page.text))
    assert asked(here, token, "/me").json["scopes"] == ["stations:read"]
    assert "Địa chỉ phần mềm gọi tới http://localhost/api/v1 " in words(page)
    assert browser.get("/api/v1/openapi.json").status_code == 200
    assert 'href="/api/v1/openapi.json"' in page.text
    account = browser.get("/tai-khoan")
    assert token not in account.text
    assert "Bảng điện tử …" + token[-4:] in words(account)
    assert "31/12/2026" in words(account)
    with here.database.read() as session:
        row = session.scalars(select(ApiTokenRow)).one()
        assert token not in str(vars(row).values())
    (made,) = _audited(here, "token.create")
    assert token not in str(made.detail)
    assert made.detail["scopes"] == ["stations:read"]


def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_made(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    wrong: list[tuple[dict[str, object], str]] = [
        ({"name": " "}, "Ô này còn trống."),
        ({"scope": []}, "Chọn ít nhất một việc."),
        ({"scope": ["audit:read"]}, "Vai trò của bạn không có việc này."),
        ({"scope": ["everything"]}, "Vai trò của bạn không có việc này."),
        ({"expires_on": "mai"}, "Gõ ngày như 30/11/2026."),
        ({"expires_on": "24/11/2026"}, "Ngày này đã qua."),
        ({"expires_on": "26/11/2027"}, "lâu nhất một năm"),
        ({"password": "sai mật khẩu"}, "Sai tên hoặc mật khẩu."),
    ]
    for fields, sentence in wrong:
        answer = _make(browser, **fields)
        assert answer.status_code in {401, 422}
        assert sentence in words(answer)
        assert PASSWORD not in answer.text
    with here.database.read() as session:
        assert session.scalars(select(ApiTokenRow)).all() == []


def test_a_token_works_to_the_end_of_its_last_day(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    (token,) = set(TOKEN.findall(_make(browser, expires_on="25/11/2026").text))
    here.clock.move(hours=6, minutes=53)  # 23:59:40 there
    assert asked(here, token, "/me").status_code == 200
    here.clock.move(minutes=1)
    refused = asked(here, token, "/me")
    assert (refused.status_code, refused.json["facts"]["why"]) == (401, "expired")


def test_what_its_owner_revokes_is_dead_at_once(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    token = a_token(here, here.actor(Role.OPERATOR, DISTRICT), "stations:read")
    page = browser.get("/tai-khoan").text
    (path,) = re.findall(r'action="(/tai-khoan/ma/[^"]+/thu-hoi)"', page)
    assert browser.post(path).status_code == 303
    refused = asked(here, token, "/me")
    assert (refused.status_code, refused.json["code"]) == (401, "token_refused")
    assert refused.json["facts"]["why"] == "revoked"
    assert "Đã thu hồi" in words(browser.get("/tai-khoan"))
    assert len(_audited(here, "token.revoke")) == 1
    browser.post(path)
    assert len(_audited(here, "token.revoke")) == 1


def test_nobody_revokes_the_token_of_somebody_else(here: Centre) -> None:
    token = a_token(here, here.actor(Role.OPERATOR, DISTRICT), "stations:read")
    with here.database.read() as session:
        token_id = session.scalars(select(ApiTokenRow.api_token_id)).one()
    stranger = here.client(Role.OPERATOR, OTHER_DISTRICT)
    assert stranger.post(f"/tai-khoan/ma/{token_id}/thu-hoi").status_code == 404
    assert asked(here, token, "/me").status_code == 200


def test_an_admin_sees_and_revokes_the_tokens_of_an_account_of_the_own_place(here: Centre) -> None:
    owner = here.actor(Role.OPERATOR, DISTRICT)
    token = a_token(here, owner, "stations:read", name="Bảng điện tử")
    admin = here.client(Role.ADMIN, PROVINCE)
    page = admin.get(f"/nguoi-dung/{owner.account_id}")
    assert "Bảng điện tử" in words(page)
    (path,) = re.findall(r'action="(/nguoi-dung/[^"]+/ma/[^"]+/thu-hoi)"', page.text)
    other_admin = here.client(Role.ADMIN, OTHER_DISTRICT)
    assert other_admin.post(path).status_code == 404
    assert admin.post(path).status_code == 303
    assert asked(here, token, "/me").status_code == 401


def test_the_tokens_of_a_disabled_account_die_and_stay_dead(here: Centre) -> None:
    owner, admin = here.actor(Role.OPERATOR, DISTRICT), here.actor(Role.ADMIN, PROVINCE)
    token = a_token(here, owner, "stations:read")
    here.accounts.disable(admin, owner.account_id)
    assert asked(here, token, "/me").status_code == 401
    here.accounts.enable(admin, owner.account_id)
    assert asked(here, token, "/me").json["facts"]["why"] == "revoked"


def test_a_token_waits_while_its_owner_has_to_change_the_password(here: Centre) -> None:
    owner, admin = here.actor(Role.OPERATOR, DISTRICT), here.actor(Role.ADMIN, PROVINCE)
    token = a_token(here, owner, "stations:read")
    handout = here.accounts.reset_password(admin, owner.account_id)
    assert asked(here, token, "/me").json["facts"]["why"] == "password_change"
    here.accounts.change_password(owner, handout.password, "một câu khác dễ nhớ")
    assert asked(here, token, "/me").status_code == 200


def test_a_dead_token_in_a_loop_is_written_down_once_in_a_while(here: Centre) -> None:
    owner = here.actor(Role.OPERATOR, DISTRICT)
    token = a_token(here, owner, "stations:read")
    here.clock.move(days=100)
    for _ in range(5):
        assert asked(here, token, "/me").status_code == 401
    (row,) = _audited(here, "token.denied")
    assert (row.account_id, row.detail["refusal"]) == (owner.account_id, "expired")
    here.clock.move(minutes=11)
    asked(here, token, "/me")
    assert len(_audited(here, "token.denied")) == 2
    trail = words(here.client(Role.AUDITOR, DISTRICT).get("/nhat-ky"))
    assert "Dùng mã truy cập, bị từ chối" in trail
    assert "Mã truy cập đã hết hạn." in trail


def test_bad_tokens_of_one_address_are_answered_429_and_hold_up_no_good_one(here: Centre) -> None:
    good = a_token(here, here.actor(Role.OPERATOR, DISTRICT), "stations:read")
    statuses = [asked(here, f"vang_{number}", "/me").status_code for number in range(32)]
    assert statuses == [401] * 30 + [429] * 2
    assert asked(here, "", "/me").headers["Retry-After"] == "60"
    assert asked(here, good, "/me").status_code == 200


def test_when_and_where_a_token_was_last_used_is_shown(here: Centre) -> None:
    token = a_token(here, here.actor(Role.OPERATOR, DISTRICT), "stations:read")
    browser = here.client(Role.OPERATOR, DISTRICT)
    assert "chưa dùng" in words(browser.get("/tai-khoan"))
    asked(here, token, "/me", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert "dùng lúc 17:06 25/11/2026 203.0.113.7" in words(browser.get("/tai-khoan"))


def test_only_so_many_tokens_of_one_account_work(here: Centre) -> None:
    owner = here.actor(Role.OPERATOR, DISTRICT)
    for _ in range(20):
        a_token(here, owner, "stations:read")
    answer = _make(here.client(Role.OPERATOR, DISTRICT))
    assert answer.status_code == 422
    assert "Đã có 20 mã đang dùng được." in words(answer)
