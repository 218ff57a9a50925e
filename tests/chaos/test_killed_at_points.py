"""kill -9 at the worst moments: each station dies at a point of its own around the same slot.

Whatever it had promised holds: the slot ends in exactly one outcome, it sounds at most once, and
every line of the journal reaches the centre once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support import sound
from tests.support.outposts import Outposts, outposts
from tests.support.small_centre import now, slot_of

pytestmark = pytest.mark.real

BEFORE_THE_SLOT = {
    "sound-half-here": "station_agent.link.downloader:PartFile.append:after",
    "sound-not-named": "station_agent.store.sound_cache:SoundCache.admit:before",
    "plan-without-floor": "station_agent.store.plan_file:PlanFile.write:after",
    "plan-just-renamed": "station_agent.store.files:sync_folder:before",
    "evidence-not-ticked": "station_agent.store.journal:Journal.confirm:before",
}
"""Station -> where it dies while plan, sound and acknowledgements come in."""

AT_THE_SLOT = {
    "intent-not-written": "station_agent.core.station:Station.started:after",
    "intent-written": "station_agent.player.engine:PlayerEngine.start:before",
    "sound-let-go": "station_agent.player.engine:PlayerEngine.start:after",
    "first-frame-heard": "station_agent.store.marks:MarkFile.write:before",
}
"""Station -> where it dies between the decision to start and the first frame."""

POINTS = BEFORE_THE_SLOT | AT_THE_SLOT
SPEECH_S = 3
LEAD = timedelta(seconds=12)


@dataclass
class Field:
    """All stations after the slot."""

    posts: Outposts
    slot: wire.PlannedSlot

    def outcome(self, station: str) -> wire.AsRunEntry:
        line = self.posts.centre.outcome(station, self.slot.slot_id)
        assert line is not None
        return line

    def starts(self, station: str) -> int:
        lines = self.posts.centre.evidence(station, wire.StartEntry)
        return sum(line.slot_id == self.slot.slot_id for line in lines)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("points")
    voice = folder / "voice.opus"
    sound.write_sound(voice, sound.speech_like(float(SPEECH_S), seed=7))
    with outposts(folder, POINTS) as posts:
        for station, point in POINTS.items():
            posts.start(station, point)
        posts.wait("each knows the time, and has marked so", posts.settled, 180)
        for station, point in POINTS.items():
            posts.arm(station, point)
        slot = slot_of(posts.centre, "news", voice.read_bytes(), now() + LEAD, SPEECH_S)
        for station in POINTS:
            posts.centre.plan(station, slot)
        made = Field(posts, slot)
        posts.wait("each has an outcome", lambda: _all_ended(made), 180)
        time.sleep(2)
        posts.close()
        yield made


def _all_ended(field: Field) -> bool:
    centre = field.posts.centre
    return all(centre.outcome(station, field.slot.slot_id) for station in POINTS)


def test_each_station_died_at_its_point(field: Field) -> None:
    assert field.posts.killed == dict.fromkeys(POINTS, 1)


@pytest.mark.parametrize("station", BEFORE_THE_SLOT)
def test_killed_while_plan_sound_or_acknowledgement_came_in_it_airs_the_slot(
    field: Field, station: str
) -> None:
    assert field.outcome(station).outcome in {Outcome.AIRED, Outcome.LATE}
    assert field.posts.airings(station, field.slot) == 1
    assert field.starts(station) == 1


def test_killed_before_the_intent_was_durable_it_plays_the_slot_once_and_late(
    field: Field,
) -> None:
    line = field.outcome("intent-not-written")
    assert line.outcome in {Outcome.AIRED, Outcome.LATE}
    assert field.posts.airings("intent-not-written", field.slot) == 1


@pytest.mark.parametrize("station", ["intent-written", "sound-let-go", "first-frame-heard"])
def test_killed_after_the_intent_was_durable_it_never_plays_the_slot_again(
    field: Field, station: str
) -> None:
    line = field.outcome(station)
    assert (line.outcome, line.reason) == (Outcome.CUT_SHORT, Reason.AGENT_DOWN)
    heard = station == "first-frame-heard"
    assert field.posts.airings(station, field.slot) == heard
    assert field.starts(station) == heard


@pytest.mark.parametrize("station", POINTS)
def test_every_line_of_the_journal_is_at_the_centre_once(field: Field, station: str) -> None:
    assert field.posts.lost_lines(station) <= _written_at_the_very_end(field, station)
    hellos = field.posts.centre.all(wire.Hello, station)
    assert len({hello.journal_id for hello in hellos}) == 1


def _written_at_the_very_end(field: Field, station: str) -> set[int]:
    """The flip to `off`, which a station that is told to end writes and may not get to send."""
    head = max(field.posts.centre.entries[station])
    return {head + 1}
