"""Listeners that others could overhear."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from controller.cli.exposure import check_exposure, plaintext_listeners
from controller.settings import BrokerSettings, Settings, SettingsError, WebSettings

WEB = Settings(web=WebSettings(host="192.168.1.5"))
BROKER = Settings(broker=BrokerSettings(host="192.168.1.5"))
OUTSIDE = Settings(broker=BrokerSettings(mode="external", host="broker.example", port=1883))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (WEB, "the web server would listen on 192.168.1.5"),
        (BROKER, "the broker would listen on 192.168.1.5"),
        (OUTSIDE, "the outside broker would listen on broker.example"),
    ],
)
def test_plaintext_off_loopback_is_refused_unless_it_was_asked_for(
    settings: Settings, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match=words):
        check_exposure(settings)
    with caplog.at_level(logging.WARNING):
        check_exposure(replace(settings, allow_plaintext=True))
    assert "can be overheard" in caplog.text


def test_the_defaults_expose_nothing() -> None:
    check_exposure(Settings())
    assert plaintext_listeners(Settings()) == ()


def test_certificates_make_listeners_fit_for_others() -> None:
    settings = Settings(
        web=WebSettings(host="192.168.1.5", tls_cert="c", tls_key="k"),
        broker=BrokerSettings(host="192.168.1.5", tls_cert="c", tls_key="k", tls_ca="ca"),
    )
    check_exposure(settings)
    check_exposure(replace(OUTSIDE, broker=replace(OUTSIDE.broker, tls_ca="ca")))
