"""`vang-agent` at the pole: doctor, test tone, words for what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from station_agent.cli import main
from station_protocol import messages as wire
from station_protocol.vocabulary import ClockLevel
from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import Program, SmallCentre, wait_for

STATION = "bac-ai-phuoc-binh"
pytestmark = pytest.mark.real


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[SmallCentre]:
    broker = Nats(tmp_path / "broker", (broker_user(STATION, "ninh-thuan"),), None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            yield centre
    finally:
        broker.stop()


def trusted(centre: SmallCentre) -> bool:
    return any(beat.clock.level is ClockLevel.CONTROLLER for beat in centre.all(wire.Heartbeat))


def doctor(config: Path, tmp_path: Path) -> tuple[int, str]:
    program = Program(("doctor", "--config", str(config)), tmp_path / "doctor.log").start()
    assert program.process is not None
    code = program.process.wait(60)
    return code, program.log.read_text()


def test_the_doctor_finds_nothing_wrong_with_a_sound_station(
    centre: SmallCentre, tmp_path: Path
) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    with Program(("run", "--config", str(config)), tmp_path / "agent.log"):
        wait_for(lambda: trusted(centre))
    code, said = doctor(config, tmp_path)
    assert "!!" not in said
    assert code == 0
    assert "broker: 127.0.0.1" in said
    assert "sound device: null" in said


def test_the_doctor_says_what_to_do(centre: SmallCentre, tmp_path: Path) -> None:
    config = centre.configure(
        tmp_path / "station",
        STATION,
        port=1,
        sound_url="http://127.0.0.1:1",
        player_sink="alsa",
        player_device="no-such-card",
    )
    code, said = doctor(config, tmp_path)
    assert code == 1
    assert "Is the centre running?" in said
    assert "Plug the card in" in said


def test_the_doctor_tells_a_wrong_token_from_a_dead_centre(
    centre: SmallCentre, tmp_path: Path
) -> None:
    config = centre.configure(tmp_path / "station", STATION, sound_token="other")  # noqa: S106
    code, said = doctor(config, tmp_path)
    assert code == 1
    assert "token (401)" in said


def test_the_test_tone_sounds_and_is_counted(centre: SmallCentre, tmp_path: Path) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    program = Program(("test-tone", "--config", str(config)), tmp_path / "tone.log").start()
    assert program.process is not None
    assert program.process.wait(30) == 0
    assert "ms of tone" in program.log.read_text()


def test_the_test_tone_names_a_missing_card(centre: SmallCentre, tmp_path: Path) -> None:
    config = centre.configure(
        tmp_path / "station", STATION, player_sink="alsa", player_device="no-such-card"
    )
    program = Program(("test-tone", "--config", str(config)), tmp_path / "tone.log").start()
    assert program.process is not None
    assert program.process.wait(30) == 1
    assert "No sound device" in program.log.read_text()


def test_bad_settings_are_one_line_and_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "station.toml").write_text("[station]\nid = 'x'\n")
    assert main(["doctor", "--config", str(tmp_path / "station.toml")]) == 2
    said = capsys.readouterr().err
    assert said == "vang-agent: settings_bad: keys.actual_public: is missing\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("vang-agent ")
