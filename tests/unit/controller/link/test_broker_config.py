"""Who may publish and read what, as the generated files say it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.link import mosquitto
from controller.link.broker import check_listener
from controller.link.broker_config import BrokerConfig, render_config
from controller.services.machine_secrets import BrokerUser, bcrypt_hash, new_secret, pbkdf2_hash
from controller.settings import SettingsError
from station_protocol.errors import UnknownTopicError

PHUOC_BINH = BrokerUser("phuoc-binh", "$2a$04$abc", "$7$101$salt$hash", ("ninh-thuan", "bac-ai"))
CONFIG = BrokerConfig(Path("/data/broker"), "127.0.0.1", 18830, "$2a$04$xyz", (PHUOC_BINH,))
CENTRE = BrokerUser("controller", "$2a$04$xyz", "$7$101$other$hash", ())
MOSQUITTO = mosquitto.MosquittoConfig(Path("/etc/vang"), "127.0.0.1", 1883, CENTRE, (PHUOC_BINH,))


def users_of(text: str) -> dict[str, dict[str, list[str]]]:
    found = (json.loads(line) for line in re.findall(r'^  (\{"user".*\})$', text, re.MULTILINE))
    return {
        user["user"]: {deed: rule["allow"] for deed, rule in user["permissions"].items()}
        for user in found
    }


def test_a_station_publishes_only_under_its_own_name() -> None:
    assert users_of(render_config(CONFIG))["phuoc-binh"]["publish"] == ["vang.1.u.phuoc-binh.>"]


def test_a_station_reads_its_own_topics_and_the_orders_of_its_places() -> None:
    assert users_of(render_config(CONFIG))["phuoc-binh"]["subscribe"] == [
        "vang.1.d.phuoc-binh",
        "vang.1.d.phuoc-binh.>",
        "vang.1.g.ninh-thuan.order",
        "vang.1.g.bac-ai.order",
        "$MQTT.sub.>",
    ]


def test_the_centre_writes_down_and_reads_up_and_nothing_else() -> None:
    assert users_of(render_config(CONFIG))["controller"] == {
        "publish": ["vang.1.d.>", "vang.1.g.>"],
        "subscribe": ["vang.1.u.>", "$MQTT.sub.>"],
    }


def test_nobody_can_use_the_port_for_other_protocols() -> None:
    text = render_config(CONFIG)
    assert text.count('"allowed_connection_types": ["MQTT"]') == 2
    assert 'listen: "127.0.0.1:-1"' in text


@pytest.mark.parametrize("name", ["#", "+", "a/b", "a.b", "*", ">", "$SYS", ""])
def test_a_name_that_could_be_a_pattern_never_reaches_a_configuration(name: str) -> None:
    users = (replace(PHUOC_BINH, username=name),)
    with pytest.raises(UnknownTopicError):
        render_config(replace(CONFIG, users=users))
    with pytest.raises(UnknownTopicError):
        mosquitto.render_permissions(replace(MOSQUITTO, users=users))


def test_a_certificate_makes_the_listener_speak_tls() -> None:
    assert "tls" not in render_config(CONFIG)
    text = render_config(replace(CONFIG, tls_cert="/etc/c.pem", tls_key="/etc/k.pem"))
    assert 'tls { cert_file: "/etc/c.pem", key_file: "/etc/k.pem" }' in text


def test_an_address_of_version_6_is_bracketed() -> None:
    assert '"[::1]:18830"' in render_config(replace(CONFIG, host="::1"))


def test_mosquitto_is_told_the_same() -> None:
    assert mosquitto.render_permissions(MOSQUITTO) == (
        "user controller\n"
        "topic write vang/1/d/#\n"
        "topic write vang/1/g/#\n"
        "topic read vang/1/u/#\n"
        "\n"
        "user phuoc-binh\n"
        "topic write vang/1/u/phuoc-binh/#\n"
        "topic read vang/1/d/phuoc-binh/#\n"
        "topic read vang/1/g/ninh-thuan/order\n"
        "topic read vang/1/g/bac-ai/order\n"
    )


def test_mosquitto_admits_nobody_without_a_password() -> None:
    text = mosquitto.render_config(MOSQUITTO)
    assert "allow_anonymous false" in text
    assert "use_username_as_clientid true" in text
    assert mosquitto.render_passwords(MOSQUITTO).splitlines() == [
        "controller:$7$101$other$hash",
        "phuoc-binh:$7$101$salt$hash",
    ]


@pytest.mark.parametrize("host", ["192.168.1.5", "::", "vang.example.vn"])
def test_plaintext_is_not_offered_to_others_unless_asked_for_aloud(host: str) -> None:
    with pytest.raises(SettingsError, match="without TLS"):
        check_listener("the broker", host, has_tls=False, allow_plaintext=False)
    check_listener("the broker", host, has_tls=True, allow_plaintext=False)
    check_listener("the broker", host, has_tls=False, allow_plaintext=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "::1", "localhost"])
def test_this_machine_needs_no_tls(host: str) -> None:
    check_listener("the broker", host, has_tls=False, allow_plaintext=False)


def test_secrets_are_long_and_their_hashes_salted() -> None:
    secret = new_secret()
    assert len(secret) == 43
    assert secret != new_secret()
    assert bcrypt_hash(secret).startswith("$2a$04$")
    assert pbkdf2_hash(secret) != pbkdf2_hash(secret)
    assert secret not in bcrypt_hash(secret) + pbkdf2_hash(secret)
