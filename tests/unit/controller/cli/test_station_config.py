"""The text of a station's configuration, and the address it is given."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from controller.link.reach import broker_address
from controller.services.enrolment import authorities, to_toml
from controller.settings import BrokerSettings, Settings, SettingsError, WebSettings


def test_what_is_written_is_read_back_the_same() -> None:
    document = {
        "station": {"id": "phuoc-binh", "places": ["ninh-thuan", "bac-ai"]},
        "broker": {"port": 1883, "password": 'a"b\\c', "allow_plaintext": False},
        "limits": {"hours": ["05:00-21:00"]},
    }
    assert tomllib.loads(to_toml(document)) == document


def test_stations_are_told_the_name_others_reach_the_broker_by() -> None:
    broker = BrokerSettings(host="0.0.0.0", port=8883, external_host="vang.example.vn")  # noqa: S104
    assert broker_address(Settings(broker=broker)) == ("vang.example.vn", 8883)


def test_an_address_nobody_can_reach_is_not_written() -> None:
    broker = BrokerSettings(host="0.0.0.0", port=8883)  # noqa: S104
    with pytest.raises(SettingsError, match="external_host"):
        broker_address(Settings(broker=broker))


def test_a_port_not_chosen_yet_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="run `vang-controller serve` once"):
        broker_address(Settings(data_folder=str(tmp_path / "none")))


def test_only_authorities_that_are_set_go_along() -> None:
    assert authorities(Settings()) == {}
    settings = Settings(web=WebSettings(tls_ca="/ca.pem"), broker=BrokerSettings(tls_ca="/b.pem"))
    assert authorities(settings) == {
        "broker-ca.pem": Path("/b.pem"),
        "sound-ca.pem": Path("/ca.pem"),
    }
