"""Every route says whom it is for, and holds to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from controller.domain.accounts import Role
from controller.settings import BrokerSettings, MetricsSettings, Settings, WebSettings
from controller.web.policy import Audience, policy_of, public
from tests.support.bulletins import Studio
from tests.support.web import Centre, centre, words

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def _routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def _path(rule: Rule) -> str:
    """A concrete address of a rule: every variable becomes something plausible."""
    path = re.sub(r"<int:[^>]+>", "7", rule.rule)
    return re.sub(r"<[^>]+>", "bac-ai-phuoc-binh", path)


def test_every_route_carries_a_policy(here: Centre) -> None:
    without = [
        rule.endpoint
        for rule, _method in _routes(here.app)
        if policy_of(here.app.view_functions[rule.endpoint]) is None
    ]
    assert without == []


def test_a_route_somebody_forgot_is_refused_to_everybody(here: Centre) -> None:
    here.app.add_url_rule("/quen", "forgotten", lambda: "open to all")
    assert here.client(Role.ADMIN).get("/quen").status_code == 403


def test_only_the_way_in_and_its_looks_are_public(here: Centre) -> None:
    views = here.app.view_functions.items()
    open_to_all = {
        endpoint
        for endpoint, view in views
        if (policy := policy_of(view)) and policy.audience is Audience.PUBLIC
    }
    assert open_to_all == {
        "static",
        "auth.sign_in",
        "auth.enter",
        "auth.choose_language",
        "auth.choose_theme",
        "api_v1.document",
        "pole.show",
        "pole.listen",
        "pole.report",
    }


def test_only_the_own_password_and_the_way_out_open_before_the_first_change(here: Centre) -> None:
    views = here.app.view_functions.items()
    early = {
        endpoint
        for endpoint, view in views
        if (policy := policy_of(view)) and policy.before_password_change
    }
    assert early == {"auth.password", "auth.change_password", "auth.sign_out"}


def test_a_stranger_reaches_no_page_of_people(here: Centre) -> None:
    stranger = here.client()
    reached = []
    for rule, method in _routes(here.app):
        policy = policy_of(here.app.view_functions[rule.endpoint])
        assert policy is not None
        if policy.audience is not Audience.PEOPLE:
            continue
        answer = stranger.http.open(_path(rule), method=method)
        led_away = answer.status_code == 303 and "/dang-nhap" in answer.headers["Location"]
        if not (led_away if method == "GET" else answer.status_code == 401):
            reached.append((method, rule.rule, answer.status_code))
    assert reached == []


def test_machine_routes_ask_for_a_token_of_their_own(here: Centre) -> None:
    class NoStation:
        def station_of_token(self, _token: str) -> None:
            return None

    here.add(stations=NoStation())
    admin = here.client(Role.ADMIN)
    reached = []
    for rule, method in _routes(here.app):
        policy = policy_of(here.app.view_functions[rule.endpoint])
        if policy is None or policy.audience is not Audience.STATIONS:
            continue
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
            answer = admin.http.open(_path(rule), method=method, headers=headers)
            if answer.status_code != 401 or answer.headers["WWW-Authenticate"] != "Bearer":
                reached.append((method, rule.rule, answer.status_code))
    assert reached == []


SCRAPE = "/healthz"


@pytest.mark.parametrize(
    ("environ", "headers", "allowed"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, {}, True),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "203.0.113.7"}, False),
        ({"REMOTE_ADDR": "203.0.113.7"}, {}, False),
        ({"REMOTE_ADDR": "203.0.113.7"}, {"Authorization": "Bearer sai"}, False),
        ({"REMOTE_ADDR": "203.0.113.7"}, {"Authorization": "Bearer đúng-mã"}, False),
        ({"REMOTE_ADDR": "203.0.113.7"}, {"Authorization": "Bearer right"}, True),
    ],
)
def test_probes_answer_this_machine_or_the_right_token(
    tmp_path: Path, environ: dict[str, str], headers: dict[str, str], allowed: bool
) -> None:
    settings = Settings(metrics=MetricsSettings(token="right"))  # noqa: S106 - a test's own
    with centre(tmp_path, settings) as here:
        answer = here.app.test_client().get(SCRAPE, environ_base=environ, headers=headers)
    assert (answer.status_code != 401) is allowed


def test_pages_forbid_everything_foreign(here: Centre) -> None:
    for path in ("/dang-nhap", "/khong-co", "/static/vang.css"):
        headers = here.client().get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


def test_pages_are_not_kept_by_browsers_and_style_is(here: Centre) -> None:
    browser = here.client()
    assert browser.get("/dang-nhap").headers["Cache-Control"] == "no-store"
    assert browser.get("/static/vang.css").headers["ETag"]


def test_no_page_carries_style_or_script_of_its_own(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    for path in ("/tai-khoan", "/nguoi-dung", "/nguoi-dung/moi", "/nhat-ky", "/mat-khau"):
        page = admin.get(path).text
        assert not re.search(r'\sstyle="|<style|\son[a-z]+="', page)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_a_form_above_its_cap_is_refused_in_words(here: Centre) -> None:
    admin = here.client(Role.ADMIN)
    answer = admin.post("/nguoi-dung/moi", full_name="x" * 300_000)
    assert answer.status_code == 413
    assert "upload_too_large" in answer.text


def test_a_request_under_another_name_is_refused(tmp_path: Path) -> None:
    settings = Settings(web=WebSettings(external_url="https://vang.example.vn"))
    with centre(tmp_path, settings) as here:
        browser = here.app.test_client()
        answers = {
            host: browser.get("/dang-nhap", headers={"Host": host}).status_code
            for host in ("vang.example.vn", "evil.example", "localhost")
        }
    assert answers == {"vang.example.vn": 200, "evil.example": 400, "localhost": 200}


def test_a_fault_of_ours_is_a_page_in_words_and_is_counted(tmp_path: Path) -> None:
    counted = []
    with centre(tmp_path) as here:
        here.on_server_error = lambda: counted.append(1)

        @public
        def broken() -> str:
            raise RuntimeError("boom")

        here.app.add_url_rule("/hong", "broken", broken)
        here.app.testing = False
        answer = here.app.test_client().get("/hong")
    assert answer.status_code == 500
    assert "Máy chủ gặp lỗi." in answer.text
    assert "boom" not in answer.text
    assert counted == [1]


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/khong-co", 404, "Không có trang này Không tìm thấy"),
        ("DELETE", "/dang-nhap", 405, "Mã 405 · method_not_allowed · "),
    ],
)
def test_refusals_are_pages_with_a_code(
    here: Centre, method: str, path: str, status: int, said: str
) -> None:
    answer = here.client(Role.ADMIN).http.open(path, method=method)
    assert answer.status_code == status
    assert said in words(answer)
    assert "not_found" not in words(answer)  # a word of no use to who reads it


def test_a_script_gets_its_refusal_as_data(here: Centre) -> None:
    answer = here.client(Role.ADMIN).get("/khong-co", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json == {
        "error": "not_found",
        "sentence": "Không tìm thấy trang này trong địa bàn của bạn.",
    }


def test_a_page_that_is_not_there_still_shows_where_else_to_go(here: Centre) -> None:
    page = here.client(Role.ADMIN).get("/khong-co").text
    assert 'href="/nguoi-dung"' in page


ABROAD = "192.168.1.5"
WEB_TLS = WebSettings(host=ABROAD, tls_cert="c", tls_key="k")
WEB_NOTE = "Đường truyền này không mã hóa"
BROKER_NOTE = "Đường truyền đến các trạm không mã hóa"


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        (Settings(allow_plaintext=True), []),
        (Settings(allow_plaintext=True, web=WebSettings(host=ABROAD)), [WEB_NOTE]),
        (
            Settings(allow_plaintext=True, web=WEB_TLS, broker=BrokerSettings(host=ABROAD)),
            [BROKER_NOTE],
        ),
    ],
)
def test_each_page_says_what_others_could_overhear(
    tmp_path: Path, settings: Settings, notes: list[str]
) -> None:
    with centre(tmp_path, settings) as here:
        page = here.app.test_client().get("/dang-nhap", base_url="https://localhost").text
    assert [note for note in (WEB_NOTE, BROKER_NOTE) if note in page] == notes


def test_the_only_place_of_an_officer_is_not_indented(here: Centre, tmp_path: Path) -> None:
    Studio(here, tmp_path)
    page = here.client(Role.COMMUNE_OFFICER, "bac-ai-phuoc-binh").get("/ban-tin/moi").text
    assert ">Xã Phước Bình</option>" in page
    page = here.client(Role.OPERATOR, "bac-ai").get("/ban-tin/moi").text
    assert ">  Xã Phước Bình</option>" in page
