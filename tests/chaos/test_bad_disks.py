"""Cards that are full, fail or do not sync, and a process that stands still over its slot.

One small centre and a station for each trouble go through the same minute. What sounded is counted
at the virtual card, what was promised is read from the evidence.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support import sound
from tests.support.outposts import Outposts, outposts
from tests.support.own_disk import NEEDS_ROOT, Disk, may_mount, own_disk
from tests.support.small_centre import now, slot_of

pytestmark = [pytest.mark.real, pytest.mark.skipif(not may_mount(), reason=NEEDS_ROOT)]

STOPPED = {"stopped-before-the-intent": 3.0, "stopped-behind-the-intent": 1.0}
"""Station -> how many seconds before its slot it is stopped, for five seconds."""

FULL, FAILING, UNSYNCED = "full", "failing", "unsynced"
STATIONS = (FULL, FAILING, UNSYNCED, *STOPPED)
SPEECH_S = 3
LEAD, BETWEEN = timedelta(seconds=12), timedelta(seconds=16)
WINDOW_S = 5
STOPPED_FOR_S = 5.0


@dataclass
class Trouble:
    """What happened to each station."""

    posts: Outposts
    disks: dict[str, Disk]
    slots: dict[str, wire.PlannedSlot] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)

    def outcome(self, station: str, slot: str) -> wire.AsRunEntry | None:
        return self.posts.centre.outcome(station, self.slots[slot].slot_id)

    def airings(self, station: str, slot: str) -> int:
        return self.posts.airings(station, self.slots[slot])

    def reasons(self, station: str) -> set[str]:
        beat = self.posts.shown(station)
        return set(beat.reasons) if beat else set()


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trouble]:
    folder = tmp_path_factory.mktemp("disks")
    voice = folder / "voice.opus"
    sound.write_sound(voice, sound.speech_like(float(SPEECH_S), seed=7))
    with ExitStack() as stack:
        disks = {
            one: stack.enter_context(own_disk(folder / f"card-{one}", 256))
            for one in (FULL, FAILING)
        }
        posts = stack.enter_context(outposts(folder, STATIONS))
        made = Trouble(posts, disks)
        for station in STATIONS:
            on_disk = (
                {"store_folder": str(disks[station].folder / "data")} if station in disks else {}
            )
            posts.start(station, **on_disk)
        posts.wait("each says hello", posts.greeted, 180)
        _plan(made, voice.read_bytes())
        posts.wait("each holds the sound", lambda: posts.hold(made.slots["first"]), 120)
        _live_through(made)
        yield made


def _plan(made: Trouble, voice: bytes) -> None:
    at = now() + LEAD
    centre = made.posts.centre
    made.slots = {
        "first": slot_of(centre, "first", voice, at, SPEECH_S),
        "brief": slot_of(centre, "brief", voice, at, SPEECH_S, lateness_s=WINDOW_S),
        "second": slot_of(centre, "second", voice, at + BETWEEN, SPEECH_S, lateness_s=WINDOW_S),
    }
    for station in STATIONS:
        first = "brief" if station in (FAILING, UNSYNCED) else "first"
        centre.plan(station, made.slots[first], made.slots["second"])


def _live_through(made: Trouble) -> None:
    at = made.slots["first"].starts_at
    filler = made.disks[FULL].fill()
    made.disks[FAILING].fail()
    _sleep_until(at - timedelta(seconds=4))
    with _syncs_fail(made.posts.programs[UNSYNCED].pid):
        _stop_over_the_slot(made, at)
        _sleep_until(at + timedelta(seconds=WINDOW_S + 3))
        made.seen["unsynced"] = made.reasons(UNSYNCED)
        made.seen["evidence on a full disk"] = made.outcome(FULL, "first")
    filler.unlink()
    filler = made.disks[FULL].fill()  # the ballast too
    _sleep_until(at + BETWEEN + timedelta(seconds=WINDOW_S + 2))
    made.seen["full"] = made.reasons(FULL)
    made.seen["failing"] = made.reasons(FAILING)
    filler.unlink()
    made.posts.wait("the full one tells the rest", lambda: made.outcome(FULL, "second"), 60)
    made.posts.wait("so does the unsynced one", lambda: made.outcome(UNSYNCED, "second"), 60)


def _stop_over_the_slot(made: Trouble, at: datetime) -> None:
    """SIGSTOP and SIGCONT, each at its time."""
    deeds = []
    for station, before_s in STOPPED.items():
        stop_at = at - timedelta(seconds=before_s)
        pid = made.posts.programs[station].pid
        deeds.append((stop_at, pid, signal.SIGSTOP))
        deeds.append((stop_at + timedelta(seconds=STOPPED_FOR_S), pid, signal.SIGCONT))
    for moment, pid, sign in sorted(deeds):
        _sleep_until(moment)
        os.kill(pid, sign)


@contextmanager
def _syncs_fail(pid: int) -> Iterator[None]:
    """Every fsync of this process answers EIO, as from a card that is dying."""
    spoil = ["strace", "-f", "-qq", "-o", os.devnull, "-p", str(pid)]
    spoil += ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
    with subprocess.Popen(spoil) as tracer:
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)


def _sleep_until(at: datetime) -> None:
    time.sleep(max(0.0, (at - now()).total_seconds()))


def test_on_a_full_disk_the_slot_is_aired_and_its_evidence_written(trouble: Trouble) -> None:
    line = trouble.seen["evidence on a full disk"]
    assert isinstance(line, wire.AsRunEntry)
    assert line.outcome is Outcome.AIRED
    assert trouble.airings(FULL, "first") == 1


def test_with_the_ballast_gone_too_a_slot_is_missed_for_that_and_told_later(
    trouble: Trouble,
) -> None:
    assert trouble.seen["full"] >= {"disk_full"}  # type: ignore[operator]
    line = trouble.outcome(FULL, "second")
    assert line is not None
    assert (line.outcome, line.reason) == (Outcome.MISSED, Reason.DISK_FULL)
    assert trouble.airings(FULL, "second") == 0


def test_a_card_made_read_only_is_told_and_nothing_sounds_unwritten(trouble: Trouble) -> None:
    assert trouble.seen["failing"] >= {"storage_readonly"}  # type: ignore[operator]
    assert trouble.airings(FAILING, "brief") == 0
    process = trouble.posts.programs[FAILING].process
    assert process is not None
    assert process.poll() is None


def test_where_syncs_fail_nothing_sounds_and_the_next_slot_does(trouble: Trouble) -> None:
    assert trouble.seen["unsynced"] >= {"storage_readonly"}  # type: ignore[operator]
    brief, second = (trouble.outcome(UNSYNCED, name) for name in ("brief", "second"))
    assert brief is not None
    assert second is not None
    assert (brief.outcome, brief.reason) == (Outcome.MISSED, Reason.STORAGE_READONLY)
    assert trouble.airings(UNSYNCED, "brief") == 0
    assert second.outcome is Outcome.AIRED


@pytest.mark.parametrize("station", STOPPED)
def test_a_station_that_stood_still_over_its_slot_plays_it_late_once(
    trouble: Trouble, station: str
) -> None:
    line = trouble.outcome(station, "first")
    assert line is not None, "silently dropped"
    assert line.outcome in {Outcome.AIRED, Outcome.LATE}
    assert line.started_at is not None
    late = line.started_at - line.planned_at
    assert timedelta(seconds=1) < late < timedelta(seconds=STOPPED_FOR_S + 5)
    assert trouble.airings(station, "first") == 1


def test_nobody_ended_by_itself(trouble: Trouble) -> None:
    assert trouble.posts.killed == {}
