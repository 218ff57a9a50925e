"""Settings: defaults < file < environment, one clear sentence for what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from station_agent.settings import AgentSettings, SettingsError, is_loopback, load, spans

KEY = "ab" * 32
GOOD = f"""
[station]
id = "bac-ai-phuoc-binh"
places = ["ninh-thuan", "bac-ai"]
[broker]
password = "secret"
[sound]
url = "https://vang.example.vn"
token = "token"
[keys]
actual_public = "{KEY}"
exercise_public = "{KEY}"
"""


def loaded(tmp_path: Path, text: str = GOOD, **environment: str) -> AgentSettings:
    path = tmp_path / "station.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environment)


def problem(tmp_path: Path, text: str, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text, **environment)
    return str(caught.value)


def test_a_file_gives_what_it_names_and_defaults_the_rest(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert settings.station.places == ("ninh-thuan", "bac-ai")
    assert settings.limits.hours == ("05:00-21:00",)
    assert settings.broker.port == 1883


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    assert loaded(tmp_path).path("data") == tmp_path / "data"
    assert loaded(tmp_path).path("/var/lib/vang") == Path("/var/lib/vang")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        VANG_BROKER_PORT="1999",
        VANG_CLOCK_TRUST_LAST_KNOWN="false",
        VANG_STATION_PLACES="ninh-thuan, ninh-hai",
    )
    assert settings.broker.port == 1999
    assert settings.clock.trust_last_known is False
    assert settings.station.places == ("ninh-thuan", "ninh-hai")


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from file\n", encoding="utf-8")
    text = GOOD.replace('password = "secret"', 'password_file = "pw"')
    assert loaded(tmp_path, text).broker.password == "from file"  # noqa: S105
    token = str(tmp_path / "pw")
    assert loaded(tmp_path, VANG_SOUND_TOKEN_FILE=token).sound.token == "from file"  # noqa: S105


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    text = GOOD.replace('"secret"', '"hush-hush"').replace('"token"', '"hush-hush"')
    assert "hush-hush" not in repr(loaded(tmp_path, text))


def test_an_unknown_key_is_answered_with_the_nearest_known_one(tmp_path: Path) -> None:
    text = GOOD.replace('password = "secret"', 'password = "secret"\nprot = 1')
    assert problem(tmp_path, text) == "broker.prot: unknown setting; did you mean 'broker.port'?"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id = "bac-ai-phuoc-binh"', "", "station.id: is missing"),
        ('id = "bac-ai-phuoc-binh"', 'id = "Bác Ái"', "station.id: is not valid"),
        (f'actual_public = "{KEY}"', 'actual_public = "12"', "keys.actual_public: is not valid"),
        ('password = "secret"', "", "broker.password: is missing"),
        ('password = "secret"', "password = 5", "broker.password: must be str, not int"),
        ('token = "token"', "", "sound.token: is missing"),
        ('url = "https://vang.example.vn"', "", "sound.url: must begin with"),
        ('places = ["ninh-thuan", "bac-ai"]', "places = [1]", "station.places: must be a list"),
        ("[sound]", '[player]\nsink = "pulse"\n[sound]', "player.sink: is 'pulse', not one of"),
        ("[sound]", '[log]\nlevel = "LOUD"\n[sound]', "log.level: is 'LOUD'"),
        ("[sound]", '[limits]\nhours = ["5-21"]\n[sound]', "limits.hours: not a span"),
        ("[sound]", "[limits]\nmax_length_s = 0\n[sound]", "limits.max_length_s"),
        ("[sound]", "[limits]\nvolume_ceiling_percent = 101\n[sound]", "limits.volume_ceiling"),
        ("[broker]\n", "broker = 5\n[x]\n", "unknown setting"),
        ("[sound]", "[sound", "station.toml"),
    ],
)
def test_what_cannot_work_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in problem(tmp_path, GOOD.replace(old, new))


def test_a_section_is_not_a_value(tmp_path: Path) -> None:
    assert "is a section" in problem(tmp_path, "station = 5\n")


def test_a_value_of_the_environment_must_fit(tmp_path: Path) -> None:
    assert "must be int" in problem(tmp_path, GOOD, VANG_BROKER_PORT="many")
    assert "must be true or false" in problem(tmp_path, GOOD, VANG_CLOCK_TRUST_LAST_KNOWN="maybe")


def test_secrets_do_not_leave_the_machine_in_the_open_unless_said_aloud(tmp_path: Path) -> None:
    abroad = GOOD.replace('password = "secret"', 'password = "secret"\nhost = "10.0.0.5"')
    assert "broker.host: would carry secrets" in problem(tmp_path, abroad)
    said = abroad.replace("[sound]", "allow_plaintext = true\n[sound]")
    assert loaded(tmp_path, said).broker.allow_plaintext
    sealed = abroad.replace("[sound]", 'tls_ca = "ca.pem"\n[sound]')
    assert loaded(tmp_path, sealed).broker.tls_ca == "ca.pem"


def test_the_sound_token_does_not_leave_the_machine_in_the_open_unless_said_aloud(
    tmp_path: Path,
) -> None:
    abroad = re.sub(r'url = "[^"]+"', 'url = "http://10.0.0.5:8080"', GOOD)
    assert "sound.url: would carry the token in the open" in problem(tmp_path, abroad)
    aloud = abroad.replace("[sound]", "[sound]\nallow_plaintext = true")
    assert loaded(tmp_path, aloud).sound.allow_plaintext
    assert loaded(tmp_path, abroad.replace("http://", "https://")).sound.url.startswith("https")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml", {})
    assert "secret file" in problem(tmp_path, GOOD, VANG_SOUND_TOKEN_FILE="/nowhere")  # noqa: S106


def test_sound_over_the_broker_needs_no_address(tmp_path: Path) -> None:
    text = GOOD.replace('url = "https://vang.example.vn"\ntoken = "token"', 'over = "mqtt"')
    assert loaded(tmp_path, text).sound.over == "mqtt"


def test_hours_are_minutes_after_midnight() -> None:
    assert spans(("05:00-11:30", "16:00-24:00")) == ((300, 690), (960, 1440))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_the_machine_itself_is_known(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback("vang.example.vn")
