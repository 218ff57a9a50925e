"""Real agents whose clocks step by an hour, a day, or to 1970: nothing is replayed, nothing bursts.

All stations go through the same story at once. Each airs a slot; its link is cut and its clock is
set wrong (one is killed and boots in 1970); two slots come due; the link returns while the clock is
still wrong; the clock is put right. The centre's evidence is what is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from station_agent.errors import AgentNotRunningError, AgentSilentError
from station_agent.health.channel import ask
from station_agent.health.status import LocalStatus
from station_protocol import messages as wire
from station_protocol.vocabulary import ClockLevel, Outcome, Reason
from tests.support import sound
from tests.support.brokers import Nats, broker_user
from tests.support.fake_time import FakeClock, library
from tests.support.proxy import LinkProxy
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(library() is None, reason="libfaketime is missing: make test installs it"),
]

STEPS = {
    "hour-ahead": timedelta(hours=1),
    "hour-back": timedelta(hours=-1),
    "day-ahead": timedelta(days=1),
    "day-back": timedelta(days=-1),
}
BOOTS_IN_1970 = "boots-in-1970"
STATIONS = (*STEPS, BOOTS_IN_1970)
SOUND_S = 3
SOUNDED = ((Outcome.AIRED, None), (Outcome.LATE, Reason.LATE_RECOVERY))
"""By a clock that is believed; a busy machine may take its time."""


@dataclass
class Station:
    """One agent, its link and its clock."""

    name: str
    folder: Path
    proxy: LinkProxy
    clock: FakeClock
    runs: int = 0
    program: Program = field(init=False)

    def start(self) -> None:
        self.runs += 1
        config = str(self.folder / "station.toml")
        self.program = Program(("run", "--config", config), self.folder / f"{self.runs}.log")
        self.program.start(**self.clock.environment)

    def status(self) -> LocalStatus | None:
        """What it says of itself, beside it: its link may be cut. None while it starts."""
        try:
            answer = ask(self.folder / "data" / "agent.sock", "status")
        except (AgentNotRunningError, AgentSilentError):
            return None
        return LocalStatus.model_validate_json(answer)

    def is_told_wrong(self) -> bool:
        """Whether the centre has told it that its clock is wrong."""
        said = self.status()
        return said is not None and "clock_wrong" in said.reasons

    def holds(self, version: int) -> bool:
        """Whether it has taken this plan."""
        said = self.status()
        return said is not None and said.plan_version == version


@dataclass
class Story:
    """What was seen while it happened."""

    centre: SmallCentre
    while_cut: dict[str, LocalStatus] = field(default_factory=dict)
    starts_before_right: dict[str, list[str]] = field(default_factory=dict)

    def outcome(self, station: str, slot: str) -> tuple[Outcome, Reason | None]:
        line = self.centre.outcome(station, slot_id(slot))
        assert line is not None
        return line.outcome, line.reason

    def starts(self, station: str) -> list[str]:
        """Every first frame, in order."""
        names = {slot_id(name): name for name in ("before", "during", "behind", "after")}
        found = self.centre.evidence(station, wire.StartEntry)
        return [names[line.slot_id] for line in found]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("clocks")
    voice = sound.write_sound(folder / "voice.opus", sound.speech_like(SOUND_S, seed=11))
    users = tuple(broker_user(name, "ninh-thuan") for name in STATIONS)
    broker = Nats(folder / "broker", users, None)
    broker.start()
    with ExitStack() as stack:
        stack.callback(broker.stop)
        centre = stack.enter_context(SmallCentre(broker))
        stations = [_station(centre, folder / name, stack) for name in STATIONS]
        yield _told(Story(centre), stations, voice.read_bytes())


def _station(centre: SmallCentre, folder: Path, stack: ExitStack) -> Station:
    proxy = stack.enter_context(LinkProxy(centre.broker.port))
    centre.configure(folder, folder.name, port=proxy.port)
    station = Station(folder.name, folder, proxy, FakeClock(folder))
    station.start()
    stack.callback(lambda: station.program.stop())
    return station


def _told(story: Story, stations: list[Station], voice: bytes) -> Story:
    centre = story.centre

    def planned(version: int, **starts: tuple[datetime, int]) -> None:
        slots = [
            slot_of(centre, name, voice, at, SOUND_S, lateness_s=lateness_s)
            for name, (at, lateness_s) in starts.items()
        ]
        for name in STATIONS:
            centre.plan(name, *slots, version=version)

    def all_say(slot: str) -> bool:
        return all(centre.outcome(name, slot_id(slot)) for name in STATIONS)

    for name in STATIONS:
        centre.limits(name)
    wait_for(lambda: all(_is_trusted(centre, name) for name in STATIONS), 90)
    before = (now() + timedelta(seconds=10), 300)
    planned(1, before=before)
    wait_for(lambda: all_say("before"))

    during, behind = (now() + timedelta(seconds=12), 300), (now() + timedelta(seconds=14), 30)
    planned(2, before=before, during=during, behind=behind)
    wait_for(lambda: all(one.holds(2) for one in stations))
    for station in stations:
        station.proxy.cut()
        if station.name == BOOTS_IN_1970:
            station.program.kill()
            station.clock.be_off(datetime.fromtimestamp(3_600, now().tzinfo) - now())
            station.start()
        else:
            station.clock.be_off(STEPS[station.name])
    wait_for(lambda: now() > behind[0] + timedelta(seconds=2))
    story.while_cut = {one.name: wait_for(one.status) for one in stations}

    for station in stations:
        station.proxy.mend()
    wait_for(lambda: all(one.is_told_wrong() for one in stations), 180)
    story.starts_before_right = {name: story.starts(name) for name in STATIONS}
    for station in stations:
        station.clock.be_off(timedelta(0))
    wait_for(lambda: all_say("during"))
    planned(3, during=during, behind=behind, after=(now() + timedelta(seconds=10), 300))
    wait_for(lambda: all_say("after") and all_say("behind"))
    return story


def _is_trusted(centre: SmallCentre, station: str) -> bool:
    beats = centre.all(wire.Heartbeat, station)
    return bool(beats) and beats[-1].clock.level is not ClockLevel.NONE


@pytest.mark.parametrize("station", STATIONS)
def test_without_a_link_a_wrong_clock_starts_nothing_and_says_so(
    story: Story, station: str
) -> None:
    seen = story.while_cut[station]
    assert not seen.is_connected
    assert seen.clock.level is ClockLevel.NONE
    assert seen.on_air is None
    assert {slot.slot_id for slot in seen.to_come} == {slot_id("during"), slot_id("behind")}
    if station in STEPS:
        assert seen.reasons[0] == "clock_untrusted"
        assert seen.clock.error_ms is not None
        assert seen.clock.error_ms >= abs(STEPS[station]) / timedelta(milliseconds=1)


@pytest.mark.parametrize("station", STATIONS)
def test_nothing_sounds_until_the_centre_vouches_for_the_clock(story: Story, station: str) -> None:
    assert story.starts_before_right[station] == ["before"]


@pytest.mark.parametrize("station", STATIONS)
def test_each_slot_sounds_once_at_most_and_two_that_waited_do_not_burst(
    story: Story, station: str
) -> None:
    assert story.starts(station) == ["before", "during", "after"]
    assert story.outcome(station, "before") in SOUNDED
    assert story.outcome(station, "during") == (Outcome.LATE, Reason.CLOCK_UNTRUSTED)
    assert story.outcome(station, "behind") == (Outcome.MISSED, Reason.CLOCK_UNTRUSTED)
    assert story.outcome(station, "after") in SOUNDED


@pytest.mark.parametrize("station", STATIONS)
def test_every_slot_has_one_outcome_and_the_journal_has_no_hole(story: Story, station: str) -> None:
    entries = story.centre.entries[station]
    assert sorted(entries) == list(range(1, len(entries) + 1))
    lines = story.centre.evidence(station, wire.AsRunEntry)
    assert set(Counter(line.slot_id for line in lines).values()) == {1}
    assert len(lines) == 4
