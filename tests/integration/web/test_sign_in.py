"""Coming in, staying in, and being kept out."""

from __future__ import annotations

import html
import io
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.errors import AccountLockedError, ControllerError, SignInRefusedError
from controller.services.accounts import NewAccount
from controller.services.pruning import Pruning
from controller.services.sessions import hash_of
from controller.settings import Settings, WebSettings
from controller.storage.models import AuditRow, SessionRow
from tests.support.web import DISTRICT, PASSWORD, PROVINCE, Browser, Centre, centre

WRONG = "sai mật khẩu"


def _sign_in(browser: Browser, username: str, password: str = PASSWORD) -> int:
    return browser.post("/dang-nhap", username=username, password=password).status_code


def _cookie(browser: Browser) -> str:
    cookie = browser.http.get_cookie("vang")
    assert cookie is not None
    return cookie.value


def test_a_stranger_is_led_to_the_way_in_and_then_on(here: Centre) -> None:
    stranger = here.client()
    answer = stranger.get("/nguoi-dung?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "/dang-nhap?den=/nguoi-dung?x%3D1",
    )
    admin = here.actor(Role.ADMIN, PROVINCE)
    answer = stranger.post(
        "/dang-nhap", username=admin.username, password=PASSWORD, den="/nguoi-dung?x=1"
    )
    assert answer.headers["Location"] == "/nguoi-dung?x=1"


def test_a_sign_in_leads_nowhere_else(here: Centre) -> None:
    admin = here.actor(Role.ADMIN, PROVINCE)
    elsewhere = (
        "//evil.example/", "/\\evil.example/", "\\\\evil.example", "https://evil.example/", "evil",
        "javascript:alert(1)", "/\t/evil.example/", "\t//evil.example/", "/\n/evil.example/",
        " //evil.example/", "///evil.example/", "http:/evil.example", "//evil.example@localhost/",
        "",
    )  # fmt: skip
    for path in elsewhere:
        answer = here.client().post(
            "/dang-nhap", username=admin.username, password=PASSWORD, den=path
        )
        assert answer.headers["Location"] == "/", path


def test_a_script_without_a_session_gets_401_and_no_page(here: Centre) -> None:
    answer = here.client().get("/nguoi-dung", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"] == "sign_in_needed"


def test_the_database_holds_only_the_hash_of_the_cookie(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    token = _cookie(browser)
    with here.database.read() as session:
        kept = session.scalars(select(SessionRow.token_hash)).all()
    assert kept == [hash_of(token)]
    assert len(token) >= 43
    assert token.encode() not in (here.folder / "vang.db").read_bytes()


def test_a_sign_in_brings_a_new_token_and_forgets_the_old_form_token(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    before, form_token = _cookie(browser), browser.csrf()
    browser.post("/dang-xuat")
    actor = here.actor(Role.OPERATOR, DISTRICT)
    assert _sign_in(browser, actor.username) == 303
    assert _cookie(browser) != before
    stale = browser.http.post("/dang-xuat", data={"csrf_token": form_token})
    assert stale.status_code == 400


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    answer = here.client().post("/dang-nhap", username=actor.username, password=PASSWORD)
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.getlist("Set-Cookie"):
        jar.load(header)
    assert jar["vang"]["httponly"]
    assert jar["vang"]["samesite"] == "Lax"
    assert not jar["vang"]["secure"]


def test_over_https_the_cookie_never_goes_in_the_clear(tmp_path: Path) -> None:
    settings = Settings(web=WebSettings(tls_cert="cert.pem", tls_key="key.pem"))
    with centre(tmp_path, settings) as here:
        actor = here.actor(Role.OPERATOR, DISTRICT)
        browser = here.app.test_client()
        page = browser.get("/dang-nhap", base_url="https://localhost")
        token = page.text.split('name="csrf-token" content="')[1].split('"')[0]
        answer = browser.post(
            "/dang-nhap",
            base_url="https://localhost",
            headers={"Referer": "https://localhost/dang-nhap"},
            data={"csrf_token": token, "username": actor.username, "password": PASSWORD},
        )
    cookies = answer.headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("__Host-vang="))
    assert "Secure" in session
    assert "Path=/" in session
    assert "Domain" not in session
    assert answer.headers["Strict-Transport-Security"]


def test_each_wrong_password_says_how_many_tries_are_left(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    browser = here.client()
    for left in (4, 3, 2, 1):
        answer = browser.post("/dang-nhap", username=actor.username, password=WRONG)
        assert answer.status_code == 401
        assert f"Còn {left} lần thử, sau đó khóa 15 phút." in answer.text
    answer = browser.post("/dang-nhap", username=actor.username, password=WRONG)
    assert answer.status_code == 429
    assert "Thử lại sau 15 phút." in answer.text


def test_a_locked_account_stays_shut_to_the_right_password_and_opens_by_itself(
    here: Centre,
) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    browser = here.client()
    for _ in range(5):
        _sign_in(browser, actor.username, "sai mật khẩu")
    assert _sign_in(browser, actor.username) == 429
    here.clock.move(minutes=15)
    assert _sign_in(browser, actor.username) == 303


def test_a_right_password_forgives_earlier_wrong_ones(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    for _ in range(3):
        with pytest.raises(SignInRefusedError):
            here.accounts.sign_in(actor.username, "sai", address="", user_agent="")
        here.accounts.sign_in(actor.username, PASSWORD, address="", user_agent="")
    with pytest.raises(SignInRefusedError) as refused:
        here.accounts.sign_in(actor.username, "sai", address="", user_agent="")
    assert refused.value.facts["tries_left"] == 4


def test_a_name_nobody_has_is_answered_like_any_other(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    browser = here.client()
    known = [browser.post("/dang-nhap", username=actor.username, password=WRONG) for _ in range(5)]
    unknown = [browser.post("/dang-nhap", username="khong.co", password=WRONG) for _ in range(5)]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]
    told = [
        [line for line in answer.text.splitlines() if "Còn" in line or "khóa" in line]
        for answer in (known[0], unknown[0])
    ]
    assert told[0] == told[1]


def test_guesses_at_the_same_moment_do_not_slip_past_the_lock(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)

    def guess(_number: int) -> str:
        try:
            here.accounts.sign_in(actor.username, "sai mật khẩu", address="", user_agent="")
        except ControllerError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(24)))
    assert answers.count("sign_in_refused") == 4
    with pytest.raises(AccountLockedError):
        here.accounts.sign_in(actor.username, PASSWORD, address="", user_agent="")


def test_one_address_cannot_try_many_names(here: Centre) -> None:
    browser = here.client()
    answers = [_sign_in(browser, f"nguoi.so{number}", "sai") for number in range(31)]
    assert answers[:30] == [401] * 30
    assert answers[30] == 429


def test_signing_in_rightly_does_not_use_up_the_address(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    answers = {_sign_in(here.client(), actor.username) for _ in range(35)}
    assert answers == {303}


def test_signing_out_ends_the_session_at_the_centre(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    token = _cookie(browser)
    assert browser.post("/dang-xuat").headers["Location"] == "/dang-nhap"
    browser.http.set_cookie("vang", token)
    assert browser.get("/tai-khoan").status_code == 303


def test_an_idle_session_ends_after_half_an_hour_and_says_so(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    here.clock.move(minutes=29)
    assert browser.get("/tai-khoan").status_code == 200
    here.clock.move(minutes=29)
    assert browser.get("/tai-khoan").status_code == 200
    here.clock.move(minutes=30)
    answer = browser.get("/tai-khoan", follow_redirects=True)
    assert "Phiên làm việc đã hết." in answer.text


def test_a_busy_session_ends_after_twelve_hours(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    for _ in range(35):
        here.clock.move(minutes=20)
        assert browser.get("/tai-khoan").status_code == 200
    here.clock.move(minutes=20)
    assert browser.get("/tai-khoan").status_code == 303


def test_ended_sessions_are_forgotten(here: Centre) -> None:
    here.client(Role.ADMIN)
    pruning = Pruning(here.database, here.clock)
    here.clock.move(hours=11)
    assert pruning.prune() == 0
    here.clock.move(hours=1)
    assert pruning.prune() == 1


def test_a_disabled_account_cannot_sign_in(here: Centre) -> None:
    admin = here.actor(Role.ADMIN, PROVINCE)
    actor = here.actor(Role.OPERATOR, DISTRICT)
    here.accounts.disable(admin, actor.account_id)
    assert _sign_in(here.client(), actor.username) == 401


def test_sign_ins_and_refusals_are_written_down(here: Centre) -> None:
    actor = here.actor(Role.OPERATOR, DISTRICT)
    browser = here.client()
    _sign_in(browser, actor.username, "sai")
    _sign_in(browser, actor.username)
    browser.post("/dang-xuat")
    with here.database.read() as session:
        query = select(AuditRow.action, AuditRow.place_id).order_by(AuditRow.audit_id)
        rows = [tuple(row) for row in session.execute(query)]
    assert rows[-3:] == [
        ("account.sign_in_refused", DISTRICT),
        ("account.sign_in", DISTRICT),
        ("account.sign_out", DISTRICT),
    ]


def test_a_wrong_current_password_is_written_down(here: Centre) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    wanted = "một câu dài dễ nhớ"
    browser.post("/mat-khau", current=WRONG, wanted=wanted, again=wanted)
    entry = here.audit.newest(limit=1)[0]
    assert (entry.action, entry.place_id) == ("account.password_refused", DISTRICT)
    assert entry.actor == here.actor(Role.OPERATOR, DISTRICT).username


def test_the_first_start_makes_one_admin_whose_password_must_be_changed(here: Centre) -> None:
    first = here.accounts.ensure_first_admin()
    assert first is not None
    assert len(first.password) >= 16
    assert here.accounts.ensure_first_admin() is None
    browser = here.client()
    assert _sign_in(browser, first.username, first.password) == 303
    for path in ("/", "/tai-khoan", "/nguoi-dung", "/nhat-ky"):
        assert browser.get(path).headers["Location"] == "/mat-khau"


def test_two_first_starts_have_different_passwords(here: Centre, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with centre(folder) as other:
        firsts = [here.accounts.ensure_first_admin(), other.accounts.ensure_first_admin()]
    assert None not in firsts
    assert len({first.password for first in firsts if first}) == 2


def test_changing_the_password_opens_the_pages_and_ends_every_other_session(here: Centre) -> None:
    first = here.accounts.ensure_first_admin()
    assert first is not None
    browser, elsewhere = here.client(), here.client()
    for each in (browser, elsewhere):
        _sign_in(each, first.username, first.password)
    answer = browser.post(
        "/mat-khau", current=first.password, wanted="một câu dài dễ nhớ", again="một câu dài dễ nhớ"
    )
    assert answer.headers["Location"] == "/tai-khoan"
    assert browser.get("/nguoi-dung").status_code == 200
    assert elsewhere.get("/mat-khau").status_code == 303
    assert _sign_in(here.client(), first.username, first.password) == 401
    assert _sign_in(here.client(), first.username, "một câu dài dễ nhớ") == 303


@pytest.mark.parametrize(
    ("current", "wanted", "again", "sentence"),
    [
        (PASSWORD, "ngắn quá", "ngắn quá", "Mật khẩu cần ít nhất 10 ký tự."),
        (PASSWORD, PASSWORD, PASSWORD, "Mật khẩu mới trùng mật khẩu cũ."),
        (PASSWORD, "một câu dài dễ nhớ", "câu khác hẳn đây", "không giống nhau"),
        ("sai mật khẩu", "một câu dài dễ nhớ", "một câu dài dễ nhớ", "Sai tên hoặc mật khẩu."),
        (PASSWORD, "operator.bac-ai 1", "operator.bac-ai 1", "không được chứa tên đăng nhập"),
    ],
)
def test_a_password_change_that_cannot_be_done_says_why(
    here: Centre, current: str, wanted: str, again: str, sentence: str
) -> None:
    browser = here.client(Role.OPERATOR, DISTRICT)
    answer = browser.post("/mat-khau", current=current, wanted=wanted, again=again)
    assert answer.status_code in {401, 422}
    assert sentence in answer.text


def test_a_password_typed_on_another_keyboard_still_fits(here: Centre) -> None:
    here.accounts.create(
        None, NewAccount("mai", "Katơr Thị Mai", Role.OPERATOR, DISTRICT, "Ở đồi cát Mũi Dinh")
    )
    typed = unicodedata.normalize("NFD", "Ở đồi cát Mũi Dinh")
    assert _sign_in(here.client(), "MAI ", typed) == 303


def test_other_places_can_be_signed_out_from_the_own_page(here: Centre) -> None:
    here_now, elsewhere = here.client(Role.ADMIN), here.client(Role.ADMIN)
    page = here_now.get("/tai-khoan")
    assert page.text.count('class="t num"') == 2
    assert "nơi khác" not in page.text, "of one other place its own button is enough"
    here.client(Role.ADMIN)
    assert "Đăng xuất 2 nơi khác" in here_now.get("/tai-khoan").text
    here_now.post("/tai-khoan/dang-xuat-noi-khac")
    assert elsewhere.get("/tai-khoan").status_code == 303
    assert here_now.get("/tai-khoan").status_code == 200


def _ways_out(page: str) -> list[str]:
    return re.findall(r'action="(/tai-khoan/dang-xuat/[0-9a-f]+)"', page)


def test_one_place_is_signed_out_and_the_others_stay(here: Centre) -> None:
    here_now, lost_phone = here.client(Role.ADMIN), here.client(Role.ADMIN)
    desk = here.client(Role.ADMIN)
    (first, second) = _ways_out(here_now.get("/tai-khoan").text)
    assert here_now.post(first).status_code == 303
    left = [browser.get("/tai-khoan").status_code for browser in (lost_phone, desk, here_now)]
    assert sorted(left[:2]) == [200, 303]
    assert left[2] == 200
    assert _ways_out(here_now.get("/tai-khoan").text) == [second]
    with here.database.read() as session:
        newest = session.scalars(select(AuditRow).order_by(AuditRow.audit_id.desc()).limit(1)).one()
        assert (newest.action, newest.detail["address"]) == ("account.end_session", "127.0.0.1")


def test_nobody_signs_out_somebody_else(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    here.client(Role.ADMIN)
    (own,) = _ways_out(admin.get("/tai-khoan").text)
    stranger = here.client(Role.OPERATOR, DISTRICT)
    assert stranger.post(own).status_code == 404
    assert len(_ways_out(admin.get("/tai-khoan").text)) == 1


def test_a_session_is_not_written_down_at_every_request(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    with here.database.read() as session:
        began = session.scalars(select(SessionRow.last_seen_at)).one()
    here.clock.move(seconds=30)
    browser.get("/tai-khoan")
    with here.database.read() as session:
        assert session.scalars(select(SessionRow.last_seen_at)).one() == began
    here.clock.move(seconds=30)
    browser.get("/tai-khoan")
    with here.database.read() as session:
        seen = session.scalars(select(SessionRow.last_seen_at)).one()
    assert seen == began + timedelta(minutes=1)


MAI = {"username": "mai", "full_name": "Katơr  Thị <Mai>\nđọc", "role": "operator"}


def _form_of(page: str, action: str) -> dict[str, str]:
    """The fields of the form that goes to `action`, as a browser would send them."""
    form = page.split(f'action="{action}"')[1].split("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    fields |= dict(
        re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', form, re.DOTALL)
    )
    return {name: html.unescape(value) for name, value in fields.items()}


def test_what_was_typed_survives_a_session_that_ended_meanwhile(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    token = browser.csrf()
    here.clock.move(minutes=31)
    form = {"csrf_token": token, **MAI, "place_id": DISTRICT}
    ended = browser.http.post("/nguoi-dung/moi", data=form)
    assert ended.status_code == 401
    assert "nội dung đang soạn vẫn còn" in ended.text
    door = _form_of(ended.text, "/dang-nhap")
    name = here.actor(Role.ADMIN, PROVINCE).username
    wrong = browser.http.post("/dang-nhap", data={**door, "username": name, "password": WRONG})
    door = _form_of(wrong.text, "/dang-nhap")
    back = browser.http.post("/dang-nhap", data={**door, "username": name, "password": PASSWORD})
    assert back.status_code == 200
    kept = _form_of(back.text, "/nguoi-dung/moi")
    assert {key: kept[key] for key in MAI} == MAI
    made = browser.http.post("/nguoi-dung/moi", data=kept)
    assert "Katơr Thị &lt;Mai&gt; đọc" in browser.get("/nguoi-dung").text, made.text


def test_a_form_of_another_site_is_not_carried_over_a_sign_in(here: Centre) -> None:
    browser = here.client(Role.ADMIN)
    here.clock.move(minutes=31)
    ended = browser.http.post("/nguoi-dung/moi", data={"csrf_token": "forged", **MAI})
    assert ended.status_code == 401
    assert "giu-" not in ended.text


def test_of_a_form_with_a_file_the_texts_are_carried_and_the_file_is_asked_for_again(
    here: Centre,
) -> None:
    browser, actor = here.client(Role.OPERATOR, DISTRICT), here.actor(Role.OPERATOR, DISTRICT)
    form = {"csrf_token": browser.csrf(), "title": "Họp thôn", "text": "Mời\nbà con"}
    here.clock.move(minutes=31)
    sound = (io.BytesIO(b"RIFF"), "hop.wav")
    ended = browser.http.post("/ban-tin/moi", data={**form, "sound": sound})
    assert ended.status_code == 401
    assert "Phiên làm việc đã hết. Đăng nhập lại rồi chọn lại tệp." in ended.text
    door = _form_of(ended.text, "/dang-nhap") | {"username": actor.username, "password": PASSWORD}
    back = browser.http.post("/dang-nhap", data=door)
    assert "Tệp âm thanh không giữ được: gửi xong thì chọn lại tệp." in back.text
    kept = _form_of(back.text, "/ban-tin/moi")
    assert (kept["title"], kept["text"]) == ("Họp thôn", "Mời\nbà con")


@pytest.mark.parametrize(
    ("origin", "is_kept"), [("http://localhost", True), ("http://evil.example", False)]
)
def test_only_a_page_of_ours_that_came_too_late_is_offered_once_more(
    here: Centre, origin: str, is_kept: bool
) -> None:
    browser = here.client(Role.ADMIN)
    form = {"csrf_token": "of an earlier session", **MAI, "password": "bí mật"}
    late = browser.http.post("/nguoi-dung/moi", data=form, headers={"Origin": origin})
    assert late.status_code == 400
    assert ("Katơr" in late.text) is is_kept
    assert "bí mật" not in late.text
    if is_kept:
        again = _form_of(late.text, "/nguoi-dung/moi") | {"place_id": DISTRICT}
        assert browser.http.post("/nguoi-dung/moi", data=again).status_code == 200


def test_a_sign_in_carries_nothing_to_another_site(here: Centre) -> None:
    actor = here.actor(Role.ADMIN, PROVINCE)
    answer = here.client().post(
        "/dang-nhap", username=actor.username, password=PASSWORD, giu_duong="//evil.example/"
    )
    assert answer.status_code == 303
