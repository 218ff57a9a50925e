"""The command line itself."""

from __future__ import annotations

import logging

import pytest

from controller.cli import COMMANDS, build_parser, main
from controller.cli.serve import parse_roles, warn_of_too_many
from controller.link.reach import web_address
from controller.settings import BrokerSettings, Settings, SettingsError, WebSettings


def test_every_command_has_words_and_takes_settings() -> None:
    parser = build_parser()
    for command in COMMANDS:
        assert command.words
        assert f"{command.name}" in parser.format_help()


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("vang 0.")


def test_a_wrong_setting_is_said_in_a_sentence_with_its_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANG_WEB_PORT", "many")
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == (
        "vang-controller: web.port must be int, not 'many' [settings_bad]\n"
    )


def test_roles_are_some_of_those_known() -> None:
    assert parse_roles("broker, controller") == {"broker", "controller"}
    assert parse_roles("broker") == {"broker"}
    for text in ("", "webb", "broker,planner"):
        with pytest.raises(SettingsError, match="--roles takes some of"):
            parse_roles(text)


@pytest.mark.parametrize(
    ("web", "address"),
    [
        (WebSettings(), "http://127.0.0.1:8080"),
        (WebSettings(host="::1"), "http://[::1]:8080"),
        (WebSettings(tls_cert="c", tls_key="k", port=8443), "https://127.0.0.1:8443"),
        (WebSettings(external_url="https://vang.example.vn/"), "https://vang.example.vn"),
    ],
)
def test_people_are_told_an_address_they_can_open(web: WebSettings, address: str) -> None:
    assert web_address(Settings(web=web, broker=BrokerSettings())) == address


def test_more_stations_than_the_bundled_broker_serves_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_too_many(150)
        assert caplog.text == ""
        warn_of_too_many(151)
    assert "there are 151: use Mosquitto" in caplog.text
