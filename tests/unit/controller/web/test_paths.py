"""Where a sign-in may lead: only to pages of this site."""

from __future__ import annotations

import pytest

from controller.app import trusted_hosts
from controller.settings import WebSettings
from controller.web.auth import own_path


@pytest.mark.parametrize("path", ["/", "/bang", "/tram/bac-ai-phuoc-binh?ngay=2026-11-25"])
def test_a_page_of_this_site_is_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "bang",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: x=1",
        "/\t/evil.example",
    ],
)
def test_anything_that_could_lead_elsewhere_is_dropped(path: str) -> None:
    assert own_path(path) is None


def test_only_the_address_people_use_is_answered() -> None:
    hosts = trusted_hosts(WebSettings(host="0.0.0.0", external_url="https://vang.example.vn:8443"))  # noqa: S104 - the setting under test
    assert hosts is not None
    assert hosts[0] == "vang.example.vn"
    assert "localhost" in hosts


def test_a_listener_on_loopback_answers_loopback_names_only() -> None:
    assert trusted_hosts(WebSettings()) == ["localhost", "127.0.0.1", "::1"]


def test_off_loopback_without_an_address_any_name_is_answered() -> None:
    assert trusted_hosts(WebSettings(host="0.0.0.0")) is None  # noqa: S104 - the setting under test
