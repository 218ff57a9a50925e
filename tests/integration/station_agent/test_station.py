"""One shipped agent in its own process, a real broker, a small centre: from plan to evidence."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from station_agent.health.watchdog import Watchdog
from station_agent.player.port import Cue, SystemClock, Tone
from station_agent.player.sinks.null import NullSink
from station_agent.settings import load
from station_agent.wiring import build as wiring
from station_agent.wiring.build import build
from station_agent.wiring.shell import Shell
from station_protocol import codec
from station_protocol import messages as wire
from station_protocol.signing import Signer
from station_protocol.topics import Down
from station_protocol.vocabulary import ClockLevel, Outcome, Priority, Purpose, Reason
from tests.support import listening, sound
from tests.support.proxy import LinkProxy
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for

STATION = "bac-ai-phuoc-binh"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six seconds of something like speech, as the centre keeps it."""
    path = tmp_path_factory.mktemp("voice") / "voice.opus"
    sound.write_sound(path, sound.speech_like(6.0, seed=7))
    return path.read_bytes()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[Path], Program]]:
    """Starts agents that end with the test, in order and without a traceback."""
    programs: list[Program] = []

    def start(config: Path) -> Program:
        program = Program(("run", "--config", str(config)), tmp_path / f"{len(programs)}.log")
        programs.append(program)
        return program.start()

    yield start
    codes = [program.stop() for program in programs]
    assert set(codes) <= {0}
    assert not any("Traceback" in program.log.read_text() for program in programs)


@pytest.fixture
def station(centre: SmallCentre, tmp_path: Path, run: Callable[[Path], Program]) -> Program:
    return run(centre.configure(tmp_path / "station", STATION, player_sink="file"))


def greeted(centre: SmallCentre) -> wire.Hello:
    return wait_for(lambda: centre.all(wire.Hello))[-1]


def test_a_planned_slot_is_fetched_sounds_at_its_instant_and_is_proven(
    centre: SmallCentre, station: Program, voice: bytes, tmp_path: Path
) -> None:
    greeted(centre)
    due_at = now() + timedelta(seconds=9)
    centre.plan(STATION, slot_of(centre, "news", voice, due_at, 6))
    line = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
    assert (line.outcome, line.reason) == (Outcome.AIRED, None)
    assert line.start_error_ms is not None
    assert abs(line.start_error_ms) <= 50
    (holding,) = centre.evidence(STATION, wire.HoldingEntry)
    assert holding.held
    flips = [flip.health for flip in centre.evidence(STATION, wire.FlipEntry)]
    assert flips[0] == "starting"
    assert "ready" in flips
    (recording,) = listening.recordings(tmp_path / "station")
    path = tmp_path / "voice.opus"
    path.write_bytes(voice)
    at_s, likeness = sound.find_offset(recording.samples, sound.read_samples(path))
    assert likeness > 0.9
    first_heard_at = recording.instant(at_s * listening.RATE_HZ)
    assert abs((first_heard_at - due_at).total_seconds()) < 0.05


def test_a_station_cut_off_before_the_slot_airs_it_and_is_heard_of_once_after(
    centre: SmallCentre, run: Callable[[Path], Program], voice: bytes, tmp_path: Path
) -> None:
    with LinkProxy(centre.broker.port) as proxy:
        config = centre.configure(tmp_path / "station", STATION, port=proxy.port)
        program = run(config)
        greeted(centre)
        due_at = now() + timedelta(seconds=8)
        centre.plan(STATION, slot_of(centre, "news", voice, due_at, 6))
        wait_for(lambda: centre.evidence(STATION, wire.HoldingEntry))
        proxy.cut()
        wait_for(lambda: now() > due_at + timedelta(seconds=8))
        assert centre.outcome(STATION, slot_id("news")) is None
        proxy.mend()
        line = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
        assert line.outcome is Outcome.AIRED
        assert program.stop() == 0


def test_a_broker_that_forgets_everything_costs_nothing(
    centre: SmallCentre, station: Program, voice: bytes
) -> None:
    greeted(centre)
    due_at = now() + timedelta(seconds=10)
    slot = slot_of(centre, "news", voice, due_at, 6)
    centre.plan(STATION, slot)
    wait_for(lambda: centre.evidence(STATION, wire.HoldingEntry))
    centre.leave()
    centre.broker.kill()
    centre.broker.start()
    centre.reconnect()
    line = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
    assert line.outcome is Outcome.AIRED


def test_an_agent_killed_in_mid_play_closes_the_slot_and_never_plays_it_again(
    centre: SmallCentre, station: Program, voice: bytes
) -> None:
    greeted(centre)
    due_at = now() + timedelta(seconds=8)
    slot = slot_of(centre, "news", voice, due_at, 6)
    centre.plan(STATION, slot)
    wait_for(lambda: centre.evidence(STATION, wire.StartEntry))
    station.kill()
    station.start()
    line = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
    assert (line.outcome, line.reason) == (Outcome.CUT_SHORT, Reason.AGENT_DOWN)
    assert len(centre.evidence(STATION, wire.StartEntry)) == 1


def test_foreign_keys_older_plans_and_altered_bytes_are_refused_and_told(
    centre: SmallCentre, station: Program
) -> None:
    greeted(centre)
    older = centre.plan(STATION, version=1)
    newer = centre.plan(STATION, version=2)
    wait_for(lambda: centre.all(wire.Heartbeat)[-1:] and shown(centre).plan_version == 2)
    foreign = Signer.generate()
    forged = codec.seal(
        wire.StationPlan(station_id=STATION, made_at=now(), covers_until=now(), slots=()),
        centre.claims(Purpose.PLAN, STATION, version=3, key_id=foreign.key_id),
        foreign,
    )
    centre.publish(STATION, Down.PLAN, forged)
    centre.publish(STATION, Down.PLAN, older)
    centre.publish(STATION, Down.PLAN, newer[:-9] + b"x" + newer[-8:])
    wait_for(lambda: shown(centre).refused.get("signature_bad") == 2)
    assert shown(centre).refused == {"signature_bad": 2, "stale": 1}
    assert shown(centre).plan_version == 2
    refusals = wait_for(lambda: centre.evidence(STATION, wire.RefusalEntry)[1:])
    assert refusals
    why = {(line.what, line.why) for line in centre.evidence(STATION, wire.RefusalEntry)}
    assert why == {("plan", "signature_bad"), ("plan", "stale")}


def shown(centre: SmallCentre) -> wire.Heartbeat:
    return centre.all(wire.Heartbeat)[-1]


def test_a_flipped_byte_in_a_held_file_is_found_and_the_file_comes_again(
    centre: SmallCentre, station: Program, voice: bytes, tmp_path: Path
) -> None:
    greeted(centre)
    slot = slot_of(centre, "news", voice, now() + timedelta(seconds=140), 6)
    centre.plan(STATION, slot)
    wait_for(lambda: centre.evidence(STATION, wire.HoldingEntry))
    path = tmp_path / "station" / "data" / "sound" / slot.items[0].sha256
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    centre.order(STATION, wire.RefreshDeed())
    wait_for(lambda: centre.evidence(STATION, wire.HoldingEntry)[2:])
    assert [line.held for line in centre.evidence(STATION, wire.HoldingEntry)] == [
        True,
        False,
        True,
    ]
    assert path.read_bytes() == voice
    (fault,) = centre.evidence(STATION, wire.FaultEntry)
    assert fault.code == "file_corrupt"


def test_orders_are_answered_at_once_also_those_that_came_with_the_hello(
    centre: SmallCentre, station: Program, voice: bytes
) -> None:
    greeted(centre)
    due_at = now() + timedelta(seconds=60)
    centre.plan(STATION, slot_of(centre, "news", voice, due_at, 6))
    order_id = centre.order(STATION, wire.CancelDeed(slot_id=slot_id("news")))
    (reply,) = wait_for(lambda: centre.all(wire.Reply))
    assert (reply.order_id, reply.accepted) == (order_id, True)
    line = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
    assert (line.outcome, line.reason) == (Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)


def test_night_time_in_a_signed_plan_is_missed_at_once(
    centre: SmallCentre, station: Program, voice: bytes
) -> None:
    greeted(centre)
    centre.limits(STATION, 1, hours=())
    centre.plan(STATION, slot_of(centre, "night", voice, now() + timedelta(hours=9), 6))
    line = wait_for(lambda: centre.outcome(STATION, slot_id("night")))
    assert (line.outcome, line.reason) == (Outcome.MISSED, Reason.QUIET_HOURS)


def test_sound_over_the_broker_comes_in_pieces_and_is_played(
    centre: SmallCentre, run: Callable[[Path], Program], tmp_path: Path
) -> None:
    path = tmp_path / "long.flac"
    sound.write_sound(path, sound.speech_like(12.0, seed=3))
    data = path.read_bytes()
    assert len(data) > 4 * codec.CHUNK_BYTES
    config = centre.configure(tmp_path / "station", STATION, sound_over="mqtt")
    run(config)
    greeted(centre)
    centre.plan(STATION, slot_of(centre, "news", data, now() + timedelta(seconds=8), 12))
    line = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
    assert line.outcome is Outcome.AIRED
    assert centre.wants >= 2


def test_a_priority_slot_cuts_what_sounds_and_the_next_follows_without_a_gap(
    centre: SmallCentre, station: Program, voice: bytes
) -> None:
    greeted(centre)
    due_at = now() + timedelta(seconds=8)
    first = slot_of(centre, "first", voice, due_at, 6)
    twice = {"items": first.items * 2, "duration_ms": 12_000}
    first = first.model_copy(update=twice)
    urgent_at = due_at + timedelta(seconds=8)
    urgent = slot_of(centre, "urgent", voice, urgent_at, 6, priority=Priority.PRIORITY)
    third = slot_of(centre, "third", voice, urgent_at + timedelta(seconds=6), 6)
    centre.plan(STATION, first, urgent, third)
    ended = {name: wait_for(lambda name=name: outcome(centre, name)) for name in NAMES}
    assert [(line.outcome, line.reason) for line in ended.values()] == [
        (Outcome.CUT_SHORT, Reason.PREEMPTED),
        (Outcome.AIRED, None),
        (Outcome.AIRED, None),
    ]
    assert 7_500 <= ended["first"].played_ms <= 8_100
    for name in ("urgent", "third"):
        assert ended[name].start_error_ms is not None
        assert abs(ended[name].start_error_ms or 0) <= 50


NAMES = ("first", "urgent", "third")


def outcome(centre: SmallCentre, name: str) -> wire.AsRunEntry | None:
    return centre.outcome(STATION, slot_id(name))


class WrongClock(SystemClock):
    """A machine whose clock was set two hours ahead."""

    def wall_ns(self) -> int:
        return super().wall_ns() + 2 * 3600 * 1_000_000_000


def test_a_station_whose_clock_is_two_hours_wrong_says_so_and_does_not_play(
    centre: SmallCentre, voice: bytes, tmp_path: Path
) -> None:
    config = centre.configure(tmp_path / "station", STATION)
    shells: list[Shell] = []

    def live() -> None:
        built = build(load(config, {}), clock=WrongClock())
        shells.append(built.shell)
        built.run()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        greeted(centre)
        soon = now() + timedelta(seconds=7)
        by_its_clock = slot_of(centre, "wrong", voice, soon + timedelta(hours=2), 6)
        by_ours = slot_of(centre, "right", voice, soon, 6, lateness_s=3)
        centre.plan(STATION, by_its_clock, by_ours)
        line = wait_for(lambda: centre.outcome(STATION, slot_id("right")))
        assert (line.outcome, line.reason) == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)
        assert shown(centre).reasons == ("clock_wrong",)
        assert shown(centre).clock.level is ClockLevel.NONE
        assert centre.evidence(STATION, wire.StartEntry) == []
    finally:
        shells[0].stop()
        thread.join(20)
    assert not thread.is_alive()


class HungDriver(NullSink):
    """A card whose driver never comes back from being opened."""

    def __init__(self) -> None:
        super().__init__()
        self.comes_back = threading.Event()

    def open(self) -> None:
        self.comes_back.wait()


def test_a_player_that_hangs_in_the_driver_of_its_card_ends_the_process(
    centre: SmallCentre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, ended = HungDriver(), threading.Event()
    monkeypatch.setattr(wiring, "open_sink", lambda *_: driver)
    watchdog = Watchdog(0.5, abort=ended.set)

    def ends_within(seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not ended.is_set():
            watchdog.tick()
            time.sleep(0.05)
        return ended.is_set()

    station = build(load(centre.configure(tmp_path / "station", STATION), {}), watchdog=watchdog)
    watchdog.start()
    try:
        assert not ends_within(1.5)
        station.shell._parts.player.prepare(Cue("tone", (Tone(1_000),), None))
        assert ends_within(20)
    finally:
        driver.comes_back.set()
        station.close()


def test_a_second_agent_on_the_same_store_does_not_start(
    centre: SmallCentre, station: Program, tmp_path: Path
) -> None:
    greeted(centre)
    second = Program(station.arguments, tmp_path / "second.log").start()
    assert second.process is not None
    assert second.process.wait(20) == 1
    assert "folder_in_use" in second.log.read_text()


def test_a_station_that_cannot_switch_its_amplifier_runs_and_says_so(
    centre: SmallCentre, tmp_path: Path, run: Callable[[Path], Program]
) -> None:
    run(centre.configure(tmp_path / "station", STATION, player_amplifier_pin=17))
    greeted(centre)
    faults = wait_for(lambda: centre.evidence(STATION, wire.FaultEntry))
    assert "amplifier_missing" in [fault.code for fault in faults]


def test_a_stopped_station_says_so_before_it_goes(
    centre: SmallCentre, station: Program, tmp_path: Path
) -> None:
    greeted(centre)
    assert station.stop() == 0
    states = wait_for(lambda: [m for m in centre.all(wire.LinkState) if not m.online])
    assert states
    station.start()
    wait_for(lambda: len(centre.all(wire.Hello)) >= 2)
    wait_for(lambda: "off" in [f.health for f in centre.evidence(STATION, wire.FlipEntry)])


def test_the_agent_carries_no_studio_and_no_centre() -> None:
    probe = (
        "import sys, station_agent.cli.run, station_agent.cli.fleet;"
        "print([m for m in ('flask','sqlalchemy','apscheduler','pydub','gtts','controller',"
        "'audio_library') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
