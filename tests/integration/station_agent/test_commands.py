"""`vang-agent` at the pole: doctor, test tone, status, stop, words for what is wrong."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from station_agent.cli import main
from station_agent.core.events import StopPressed
from station_agent.core.records import Mark
from station_agent.health import channel
from station_agent.settings import load
from station_agent.store.marks import MarkFile
from station_agent.wiring.build import build
from station_protocol import messages as wire
from station_protocol.vocabulary import ClockLevel, Outcome, Reason
from tests.support import sound
from tests.support.brokers import Nats, broker_user
from tests.support.certificates import make_certificates
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for
from tests.support.sound_server import SoundServer

STATION = "bac-ai-phuoc-binh"
pytestmark = pytest.mark.real
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """Runs a command in this process; its exit status and what it printed."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(command: str, config: Path, *more: str) -> tuple[int, str]:
        code = main([command, "--config", str(config), *more])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def trusted(centre: SmallCentre) -> bool:
    return any(beat.clock.level is not ClockLevel.NONE for beat in centre.all(wire.Heartbeat))


def tone(config: Path, *more: str) -> tuple[int, str]:
    """The test tone in a process of its own: it sets up logging as the agent does."""
    log = config.parent / "tone.log"
    program = Program(("test-tone", "--config", str(config), *more), log).start()
    assert program.process is not None
    return program.process.wait(30), log.read_text()


# --- doctor ---------------------------------------------------------------------------------------


def test_the_doctor_finds_nothing_bad_before_and_while_the_agent_runs(
    centre: SmallCentre, tmp_path: Path, said: Said
) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    code, before = said("doctor", config, "--english")
    assert code == 0, before
    assert "[agent_not_running]" in before
    assert "[clock_" in before or "NTP" in before
    assert "bad " not in before
    assert "Sound device: null, opens in " in before
    assert f"Broker: 127.0.0.1:{centre.broker.port} answers" in before
    with Program(("run", "--config", str(config)), tmp_path / "agent.log"):
        wait_for(lambda: trusted(centre))
        code, during = said("doctor", config)
    assert code == 0, during
    assert "ok    Phần mềm phát: chạy được" in during
    assert "ok    Đồng hồ: Giờ " in during
    assert "→" not in during


def test_the_doctor_says_what_is_bad_and_what_to_do(
    centre: SmallCentre, tmp_path: Path, said: Said
) -> None:
    config = centre.configure(
        tmp_path / "station",
        STATION,
        port=1,
        sound_url="http://127.0.0.1:1",
        player_sink="alsa",
        player_device="no-such-card",
        player_stop_pin=17,
    )
    code, vietnamese = said("doctor", config)
    assert code == 1
    for line in (
        "bad   Thiết bị âm thanh: [audio_device_missing] không thấy thiết bị âm thanh",
        "bad   Nút dừng: [stop_button_missing]",
        "bad   Máy chủ nhắn tin: [broker_unreachable]",
        "bad   Nơi tải âm thanh: [sound_unreachable]",
        "→ Cắm lại card âm thanh",
    ):
        assert line in vietnamese
    assert "→ Plug the card in again" in said("doctor", config, "--english")[1]


def test_the_doctor_speaks_english_where_the_machine_does(
    centre: SmallCentre, tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    config = centre.configure(tmp_path / "station", STATION)
    assert "Sound server:" in said("doctor", config)[1]


def test_the_doctor_tells_wrong_secrets_from_a_dead_centre(
    centre: SmallCentre, tmp_path: Path, said: Said
) -> None:
    config = centre.configure(
        tmp_path / "station",
        STATION,
        sound_token="other",  # noqa: S106 - the point of the test
        broker_password="other",  # noqa: S106 - likewise
    )
    code, printed = said("doctor", config)
    assert code == 1
    assert "[sound_refused]" in printed
    assert "[broker_refused]" in printed


def test_the_doctor_knows_a_certificate_and_says_when_it_ends(tmp_path: Path, said: Said) -> None:
    ours, other = make_certificates(tmp_path / "ours"), make_certificates(tmp_path / "other")
    broker = Nats(tmp_path / "broker", (broker_user(STATION, "ninh-thuan"),), ours)
    broker.start()
    try:
        centre = SmallCentre(broker)
        with sound_door(centre):
            good = centre.configure(tmp_path / "a", STATION, broker_tls_ca=str(ours.ca))
            bad = centre.configure(tmp_path / "b", STATION, broker_tls_ca=str(other.ca))
            assert "warn  Máy chủ nhắn tin: [certificate_ends]" in said("doctor", good)[1]
            assert "bad   Máy chủ nhắn tin: [broker_tls_bad]" in said("doctor", bad)[1]
    finally:
        broker.stop()


def sound_door(centre: SmallCentre) -> Any:
    centre.door = SoundServer({})
    return centre.door


def test_the_doctor_knows_a_clock_that_went_back(
    centre: SmallCentre, tmp_path: Path, said: Said
) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    ahead = now() + timedelta(days=3)
    MarkFile(config.parent / "data" / "mark").write(Mark(at=ahead, latest_at=ahead))
    code, printed = said("doctor", config)
    assert (code, "[clock_behind]" in printed) == (1, True)


# --- status and stop ------------------------------------------------------------------------------


def test_status_and_stop_while_a_slot_sounds(
    centre: SmallCentre, tmp_path: Path, said: Said
) -> None:
    voice = sound.write_sound(tmp_path / "voice.opus", sound.speech_like(20.0, seed=3))
    config = centre.configure(tmp_path / "station", STATION)
    with Program(("run", "--config", str(config)), tmp_path / "agent.log"):
        wait_for(lambda: trusted(centre))
        centre.limits(STATION)
        first = slot_of(
            centre, "first", voice.read_bytes(), now() + timedelta(seconds=6), 20, title="Bản tin"
        )
        later = slot_of(
            centre, "later", b"not there", now() + timedelta(hours=3), 5, title="Tin chiều"
        )
        centre.sounds.pop(later.items[0].sha256)
        centre.plan(STATION, first, later, version=4)
        wait_for(lambda: centre.evidence(STATION, wire.StartEntry))

        code, text = said("status", config)
        assert code == 0
        assert "Trạng thái: sẵn sàng" in text
        assert "Kết nối: trực tuyến" in text
        assert "bản 4, đến" in text
        assert "Đang phát, đến: " in text
        assert "Tin chiều  (thiếu tệp)" in text
        status = json.loads(said("status", config, "--json")[1])
        assert status["on_air"]["slot_id"] == slot_id("first")
        assert status["clock"]["error_ms"] is not None
        assert (status["held_assets"], status["required_assets"]) == (0, 1)
        code, text = tone(config)
        assert (code, "[device_busy]" in text) == (1, True)

        assert said("stop", config)[0] == 0
        line = wait_for(lambda: centre.outcome(STATION, slot_id("first")))
        assert (line.outcome, line.reason) == (Outcome.CUT_SHORT, Reason.STOPPED_AT_STATION)
        assert "Bị ngắt: người ở trạm cho dừng" in said("status", config)[1]
    code, text = said("status", config)
    assert code == 3
    assert "[agent_not_running] phần mềm phát chưa chạy" in text


def test_the_socket_belongs_to_the_stations_people_alone(
    centre: SmallCentre, tmp_path: Path
) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    with Program(("run", "--config", str(config)), tmp_path / "agent.log"):
        socket = config.parent / "data" / "agent.sock"
        wait_for(socket.is_socket)
        wait_for(lambda: socket.stat().st_mode & 0o777 == 0o660)
    assert not socket.exists()


def test_an_agent_that_hangs_is_told_and_a_killed_ones_socket_is_taken_over(
    centre: SmallCentre, tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    killed = Program(("run", "--config", str(config)), tmp_path / "agent.log").start()
    socket = config.parent / "data" / "agent.sock"
    wait_for(socket.is_socket)
    monkeypatch.setattr(channel, "PATIENCE_S", 0.5)
    os.kill(killed.pid, signal.SIGSTOP)
    assert "[agent_silent] phần mềm phát bị treo" in said("status", config)[1]
    assert "bad   Phần mềm phát: [agent_silent]" in said("doctor", config)[1]
    killed.kill()
    monkeypatch.undo()
    assert socket.is_socket()
    assert said("status", config)[0] == 3
    with Program(("run", "--config", str(config)), tmp_path / "again.log"):
        wait_for(lambda: said("status", config)[1].startswith("Trạm: "))


def test_the_button_on_its_pin_does_what_the_command_does(
    centre: SmallCentre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SimpleNamespace] = []

    def contact(pin: int, **_: Any) -> SimpleNamespace:
        made.append(SimpleNamespace(pin=pin, when_pressed=None, close=lambda: None))
        return made[-1]

    monkeypatch.setitem(sys.modules, "gpiozero", SimpleNamespace(Button=contact))
    config = centre.configure(tmp_path / "station", STATION, player_stop_pin=27)
    station = build(load(config, {}))
    try:
        (button,) = made
        assert button.pin == 27
        button.when_pressed()
        assert station.shell._next() == StopPressed()
    finally:
        station.close()


# --- test tone ------------------------------------------------------------------------------------


def test_the_test_tone_sounds_and_is_counted(centre: SmallCentre, tmp_path: Path) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    code, printed = tone(config, "--english")
    assert code == 0
    assert "ms of tone" in printed


def test_the_test_tone_names_a_missing_card(centre: SmallCentre, tmp_path: Path) -> None:
    config = centre.configure(
        tmp_path / "station", STATION, player_sink="alsa", player_device="no-such-card"
    )
    code, printed = tone(config)
    assert code == 1
    assert "[audio_device_missing]" in printed


# --- the program ----------------------------------------------------------------------------------


def test_bad_settings_are_one_line_and_an_exit_code(tmp_path: Path, said: Said) -> None:
    (tmp_path / "station.toml").write_text("[station]\nid = 'x'\n")
    code, printed = said("doctor", tmp_path / "station.toml")
    assert code == 2
    assert printed == "vang-agent: settings_bad: keys.actual_public: is missing\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("vang-agent ")
