"""What the doctor says of settings, without touching anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.cli import doctor
from controller.cli.doctor import Finding
from controller.settings import BrokerSettings, PlanSettings, Settings, SoundSettings, WebSettings

Look = Callable[[Settings], Iterator[Finding]]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only looked at


@pytest.mark.parametrize(
    ("look", "settings", "words"),
    [
        (
            doctor.look_at_exposure,
            Settings(web=WebSettings(host="10.0.0.5")),
            "give it a certificate, or set allow_plaintext",
        ),
        (
            doctor.look_at_certificates,
            Settings(web=WebSettings(tls_cert="cert.pem")),
            "web.tls_cert and web.tls_key go together",
        ),
        (
            doctor.look_at_certificates,
            Settings(broker=BrokerSettings(tls_ca="/nowhere/ca.pem")),
            "there is no file /nowhere/ca.pem",
        ),
        (
            doctor.look_at_broker,
            Settings(broker=BrokerSettings(mode="cloud")),
            "broker.mode is bundled or external, not 'cloud'",
        ),
        (
            doctor.look_at_broker,
            Settings(broker=BrokerSettings(mode="external")),
            "an outside broker needs broker.port, broker.password",
        ),
        (
            doctor.look_at_addresses,
            Settings(web=WebSettings(host=EVERYWHERE)),
            "name it in web.external_url",
        ),
        (
            doctor.look_at_addresses,
            Settings(broker=BrokerSettings(host=EVERYWHERE)),
            "name it in broker.external_host",
        ),
        (
            doctor.look_at_hours,
            Settings(plan=PlanSettings(opens="21:00", closes="05:00")),
            "plan.opens must come before plan.closes",
        ),
        (
            doctor.look_at_hours,
            Settings(plan=PlanSettings(opens="early")),
            "plan.opens and plan.closes are times",
        ),
        (
            doctor.look_at_hours,
            Settings(plan=PlanSettings(volume_bands="evening 60")),
            "plan.volume_bands are such as",
        ),
        (
            doctor.look_at_sound,
            Settings(sound=SoundSettings(store="tape")),
            "no store tape; there are folder, s3",
        ),
        (
            doctor.look_at_sound,
            Settings(sound=SoundSettings(store="s3")),
            "s3.bucket is missing",
        ),
    ],
)
def test_what_must_be_changed_is_said(look: Look, settings: Settings, words: str) -> None:
    bad = [finding.words for finding in look(settings) if finding.is_bad]
    assert any(words in sentence for sentence in bad), bad


@pytest.mark.parametrize(
    "look",
    [
        doctor.look_at_exposure,
        doctor.look_at_certificates,
        doctor.look_at_addresses,
        doctor.look_at_hours,
    ],
)
def test_the_defaults_are_in_order(look: Look) -> None:
    assert not [finding for finding in look(Settings()) if finding.is_bad or finding.is_doubtful]


def test_plaintext_that_was_asked_for_is_said_all_the_same() -> None:
    settings = Settings(allow_plaintext=True, web=WebSettings(host="10.0.0.5"))
    (finding,) = doctor.look_at_exposure(settings)
    assert finding.is_doubtful
    assert not finding.is_bad


def test_a_folder_nobody_may_write_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.os, "access", lambda _path, _mode: False)
    (finding,) = doctor.look_at_folder(Settings(data_folder=str(Path("/data"))))
    assert finding.is_bad
    assert "/data cannot be written" in finding.words
