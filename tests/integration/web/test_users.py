"""What an admin does with accounts, and how far an admin reaches."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from controller.domain.accounts import Actor, Role
from controller.errors import InvalidInputError, NotFoundError, OutOfScopeError
from controller.services.accounts import AccountChange, NewAccount
from controller.storage.models import AuditRow
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_DISTRICT,
    PASSWORD,
    PROVINCE,
    Browser,
    Centre,
)

MAI = {"username": "mai.bac-ai", "full_name": "Katơr Thị Mai", "role": "operator"}


def _secret(page: TestResponse) -> str:
    found = re.search(r'class="secret">([^<]+)<', page.text)
    assert found, page.text
    return found.group(1)


def _enter(browser: Browser, username: str, password: str) -> TestResponse:
    return browser.post("/dang-nhap", username=username, password=password)


def _account_id(here: Centre, username: str) -> str:
    admin = here.actor(Role.ADMIN, PROVINCE)
    found = [view for view in here.accounts.within(admin) if view.username == username]
    return found[0].account_id


def test_a_new_account_has_a_password_shown_once_and_changed_at_first_use(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    page = admin.post("/nguoi-dung/moi", **MAI, place_id=DISTRICT)
    assert page.status_code == 200
    mai = here.client()
    _enter(mai, "mai.bac-ai", _secret(page))
    assert mai.get("/").headers["Location"] == "/mat-khau"
    shown_again = admin.get(f"/nguoi-dung/{_account_id(here, 'mai.bac-ai')}")
    assert _secret(page) not in shown_again.text


def test_the_list_shows_who_where_and_in_what_condition(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    admin.post("/nguoi-dung/moi", **MAI, place_id=DISTRICT)
    page = admin.get("/nguoi-dung").text
    assert "Katơr Thị Mai" in page
    assert "Cán bộ huyện" in page
    assert "Huyện Bác Ái" in page
    assert "Chưa đổi mật khẩu lần đầu" in page
    here.actor(Role.APPROVER, DISTRICT)
    assert "Chưa dùng lần nào" in admin.get("/nguoi-dung").text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"username": "Mài"}, "Tên đăng nhập gồm 3 đến 40 chữ thường không dấu"),
        ({"username": "admin.ninh-thuan"}, "đã có người dùng"),
        ({"full_name": "  "}, "Ô này còn trống."),
        ({"username": "vang"}, "đã có người dùng"),
        ({"full_name": " Vang "}, "Có ô chưa dùng được."),
        ({"role": "vua"}, "Không có vai trò này."),
        ({"role": "commune_officer"}, "Vai trò này không gắn với cấp địa bàn đã chọn."),
        ({"place_id": "ha-noi"}, "Không có địa bàn này."),
    ],
)
def test_a_form_that_cannot_be_used_keeps_what_was_typed(
    here: Centre, change: dict[str, str], sentence: str
) -> None:
    admin = here.client(Role.ADMIN)
    page = admin.post("/nguoi-dung/moi", **{**MAI, "place_id": DISTRICT, **change})
    assert page.status_code == 422
    assert sentence in page.text
    assert 'aria-describedby="h-' in page.text
    if "full_name" not in change:
        assert 'value="Katơr Thị Mai"' in page.text


def test_a_reset_password_ends_every_session_at_once(here: Centre) -> None:
    admin, mai = here.client(Role.ADMIN), here.client(Role.OPERATOR, DISTRICT)
    actor = here.actor(Role.OPERATOR, DISTRICT)
    assert mai.get("/tai-khoan").status_code == 200
    page = admin.post(f"/nguoi-dung/{actor.account_id}/dat-lai")
    assert mai.get("/tai-khoan").status_code == 303
    assert _enter(here.client(), actor.username, PASSWORD).status_code == 401
    assert _enter(here.client(), actor.username, _secret(page)).status_code == 303


def test_a_reset_unlocks_an_account_locked_by_wrong_tries(here: Centre) -> None:
    admin, stranger = here.client(Role.ADMIN), here.client()
    actor = here.actor(Role.OPERATOR, DISTRICT)
    for _ in range(5):
        _enter(stranger, actor.username, "sai")
    assert "Tạm khóa đến 17:21" in admin.get("/nguoi-dung").text
    page = admin.post(f"/nguoi-dung/{actor.account_id}/dat-lai")
    assert _enter(here.client(), actor.username, _secret(page)).status_code == 303


def test_a_shut_account_is_out_at_the_next_request_and_can_be_opened_again(here: Centre) -> None:
    admin, mai = here.client(Role.ADMIN), here.client(Role.OPERATOR, DISTRICT)
    account_id = here.actor(Role.OPERATOR, DISTRICT).account_id
    admin.post(f"/nguoi-dung/{account_id}/khoa")
    assert mai.get("/tai-khoan").status_code == 303
    assert "Đã khóa" in admin.get(f"/nguoi-dung/{account_id}").text
    admin.post(f"/nguoi-dung/{account_id}/mo")
    assert _enter(mai, here.actor(Role.OPERATOR, DISTRICT).username, PASSWORD).status_code == 303


def test_nobody_shuts_or_resets_the_own_account(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    account_id = here.actor(Role.ADMIN, PROVINCE).account_id
    for deed in ("khoa", "dat-lai"):
        answer = admin.post(f"/nguoi-dung/{account_id}/{deed}")
        assert answer.status_code == 303
        assert "của chính mình" in admin.get(answer.headers["Location"]).text
    assert admin.get("/nguoi-dung").status_code == 200


def test_the_last_admin_cannot_be_shut(here: Centre) -> None:
    first = here.actor(Role.ADMIN, PROVINCE)
    second = here.accounts.create(
        None, NewAccount("admin.hai", "Người thứ hai", Role.ADMIN, PROVINCE, PASSWORD)
    )
    here.accounts.disable(first, second.account_id)
    with pytest.raises(InvalidInputError):
        here.accounts.disable(
            Actor(second.account_id, "admin.hai", "", Role.ADMIN, PROVINCE, ""), first.account_id
        )


def _form_of(page: str) -> dict[str, str]:
    """The account form as a browser would send it back untouched."""
    version = re.search(r'name="row_version" value="(\d+)"', page)
    name = re.search(r'name="full_name"[^>]*value="([^"]*)"', page)
    chosen = re.findall(r'<option value="([^"]*)" selected', page)
    assert version
    assert name
    return {
        "row_version": version.group(1),
        "full_name": name.group(1),
        "role": chosen[0],
        "place_id": chosen[1],
    }


def test_another_role_and_place_hold_after_the_next_sign_in_and_are_written_down(
    here: Centre,
) -> None:
    admin, mai = here.client(Role.ADMIN), here.client(Role.OPERATOR, DISTRICT)
    actor = here.actor(Role.OPERATOR, DISTRICT)
    path = f"/nguoi-dung/{actor.account_id}"
    form = _form_of(admin.get(path).text)
    answer = admin.post(f"{path}/sua", **form | {"role": "auditor", "place_id": OTHER_DISTRICT})
    assert answer.status_code == 303
    assert mai.get("/tai-khoan").status_code == 303, "the old rights ended at once"
    _enter(mai, actor.username, PASSWORD)
    assert "Kiểm tra, giám sát" in mai.get("/tai-khoan").text
    assert mai.get("/nhat-ky").status_code == 200
    trail = admin.get("/nhat-ky").text
    assert "Đổi họ tên, vai trò hoặc địa bàn của tài khoản" in trail
    assert "vai trò trước đó: Cán bộ biên tập" in trail
    assert "nơi trước đó: Huyện Bác Ái" in trail


def test_another_name_alone_signs_nobody_out(here: Centre) -> None:
    admin, mai = here.client(Role.ADMIN), here.client(Role.OPERATOR, DISTRICT)
    path = f"/nguoi-dung/{here.actor(Role.OPERATOR, DISTRICT).account_id}"
    form = _form_of(admin.get(path).text)
    admin.post(f"{path}/sua", **form | {"full_name": " Katơr  Thị Mai Anh "})
    assert "Katơr Thị Mai Anh" in mai.get("/tai-khoan").text


def test_the_second_of_two_admins_is_told_who_was_first_and_keeps_what_was_typed(
    here: Centre,
) -> None:
    admin = here.client(Role.ADMIN)
    path = f"/nguoi-dung/{here.actor(Role.OPERATOR, DISTRICT).account_id}"
    form = _form_of(admin.get(path).text)
    other = here.client(Role.ADMIN, DISTRICT)
    other.post(f"{path}/sua", **form | {"full_name": "Người đến trước"})
    answer = admin.post(f"{path}/sua", **form | {"full_name": "Người đến sau"})
    assert answer.status_code == 409
    assert "admin.bac-ai vừa sửa mục này lúc 17:06" in answer.text
    assert 'value="Người đến sau"' in answer.text
    assert "<h1>Người đến trước</h1>" in answer.text
    again = _form_of(answer.text)
    assert admin.post(f"{path}/sua", **again).status_code == 303
    assert "<h1>Người đến sau</h1>" in admin.get(path).text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"full_name": " "}, "Ô này còn trống."),
        ({"role": "vua"}, "Không có vai trò này."),
        ({"role": "commune_officer"}, "Vai trò này không gắn với cấp địa bàn đã chọn."),
        ({"place_id": PROVINCE}, "Nơi đã chọn nằm ngoài địa bàn của bạn."),
    ],
)
def test_a_change_that_cannot_be_is_refused_beside_its_field(
    here: Centre, change: dict[str, str], sentence: str
) -> None:
    admin = here.client(Role.ADMIN, DISTRICT)
    path = f"/nguoi-dung/{here.actor(Role.OPERATOR, DISTRICT).account_id}"
    form = _form_of(admin.get(path).text)
    answer = admin.post(f"{path}/sua", **form | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert _form_of(admin.get(path).text) == form


def test_the_province_never_loses_its_last_admin(here: Centre) -> None:
    here.actor(Role.ADMIN, DISTRICT)
    only = here.actor(Role.ADMIN, PROVINCE)
    second = here.actor(Role.ADMIN, PROVINCE, "admin.hai")
    wish = AccountChange("Quản Văn Trị", Role.ADMIN, DISTRICT)
    here.accounts.change(only, second.account_id, wish, 1)
    with pytest.raises(InvalidInputError, match="last admin"):
        here.accounts.disable(replace(second, place_id=PROVINCE), only.account_id)


def test_an_admin_of_a_district_sees_and_makes_accounts_only_there(here: Centre) -> None:
    here.actor(Role.OPERATOR, OTHER_DISTRICT)
    here.actor(Role.ADMIN, PROVINCE)
    page = here.client(Role.ADMIN, DISTRICT).get("/nguoi-dung").text
    assert "admin.bac-ai" in page
    assert "operator.ninh-son" not in page
    assert "admin.ninh-thuan" not in page
    with pytest.raises(OutOfScopeError):
        here.accounts.create(
            here.actor(Role.ADMIN, DISTRICT),
            NewAccount("tren", "Cấp trên", Role.ADMIN, PROVINCE),
        )


def test_a_place_outside_the_own_is_refused_in_the_form_and_written_down(here: Centre) -> None:
    browser = here.client(Role.ADMIN, DISTRICT)
    page = browser.post("/nguoi-dung/moi", **MAI, place_id=OTHER_DISTRICT)
    assert page.status_code == 422
    assert "Nơi đã chọn nằm ngoài địa bàn của bạn." in page.text
    assert 'value="Katơr Thị Mai"' in page.text
    with here.database.read() as session:
        newest = session.scalars(select(AuditRow).order_by(AuditRow.audit_id.desc()).limit(1)).one()
        assert newest.action == "refused.out_of_scope"
        assert OTHER_DISTRICT in newest.detail["place_ids"]


def test_an_account_that_never_was_looks_like_one_elsewhere(here: Centre) -> None:
    with pytest.raises(NotFoundError):
        here.accounts.get(here.actor(Role.ADMIN, DISTRICT), "no-such-account")


def test_an_operator_does_not_see_the_accounts(here: Centre) -> None:
    answer = here.client(Role.OPERATOR, DISTRICT).get("/nguoi-dung")
    assert answer.status_code == 403
    assert "Vai trò của bạn không làm được việc này." in answer.text


def test_the_trail_shows_deeds_of_the_readers_place_newest_first(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    admin.post("/nguoi-dung/moi", **MAI, place_id=DISTRICT)
    page = here.client(Role.AUDITOR).get("/nhat-ky").text
    assert page.index("account.sign_in") < page.index("account.create")
    assert "Tạo tài khoản" in page
    elsewhere = here.client(Role.AUDITOR, OTHER_DISTRICT).get("/nhat-ky").text
    assert "mai.bac-ai" not in elsewhere
    assert "admin.ninh-thuan" not in elsewhere


def test_the_trail_goes_on_page_by_page(here: Centre) -> None:
    for number in range(40):
        new = NewAccount(f"xa.so{number:03d}", "Cán bộ xã", Role.COMMUNE_OFFICER, COMMUNE, PASSWORD)
        here.accounts.create(None, new)
    auditor = here.client(Role.AUDITOR)
    page = auditor.get("/nhat-ky").text
    older = re.search(r'href="(/nhat-ky\?truoc=\d+)"', page)
    assert older
    second = auditor.get(older.group(1)).text
    assert "xa.so000" in second
    assert "xa.so039" not in second
    assert "Cũ hơn" not in second


def test_a_commune_officer_reads_no_trail(here: Centre) -> None:
    assert here.client(Role.COMMUNE_OFFICER, COMMUNE).get("/nhat-ky").status_code == 403


def test_pages_turn_english_by_a_switch_and_stay_so_with_the_account(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    assert '<html lang="vi"' in browser.get("/tai-khoan").text
    answer = browser.post("/ngon-ngu", language="en", den="/tai-khoan")
    assert answer.headers["Location"] == "/tai-khoan"
    assert '<html lang="en"' in browser.get("/tai-khoan").text
    assert '<html lang="en"' in here.client(Role.ADMIN).get("/tai-khoan").text


def test_a_stranger_can_choose_a_language_and_an_unknown_one_changes_nothing(here: Centre) -> None:
    stranger = here.client()
    stranger.post("/ngon-ngu", language="en")
    assert '<html lang="en"' in stranger.get("/dang-nhap").text
    stranger.post("/ngon-ngu", language="xx")
    assert '<html lang="en"' in stranger.get("/dang-nhap").text


def test_a_language_chosen_at_the_door_is_that_of_who_signs_in_there_and_of_nobody_else(
    here: Centre,
) -> None:
    operator, admin = here.actor(Role.OPERATOR, DISTRICT), here.actor(Role.ADMIN, PROVINCE)
    machine = here.client()
    machine.post("/ngon-ngu", language="en")
    machine.post("/dang-nhap", username=operator.username, password=PASSWORD)
    assert '<html lang="en"' in machine.get("/tai-khoan").text
    machine.post("/dang-xuat")
    machine.post("/dang-nhap", username=admin.username, password=PASSWORD)
    assert '<html lang="vi"' in machine.get("/tai-khoan").text


def test_light_and_dark_are_chosen_by_hand(here: Centre) -> None:
    stranger = here.client()
    assert "data-theme" not in stranger.get("/dang-nhap").text
    stranger.post("/giao-dien", theme="dark", den="/dang-nhap")
    assert 'data-theme="dark"' in stranger.get("/dang-nhap").text
