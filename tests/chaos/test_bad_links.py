"""Links that swallow, flap, are slow, and hand on messages twice or out of order.

One small centre and a station behind each such link go through the same slot. Every station airs
it, on time where it knew of it in time, and is heard of once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome
from tests.support import sound
from tests.support.outposts import Outposts, outposts
from tests.support.proxy import LinkProxy
from tests.support.small_centre import now, slot_of

pytestmark = pytest.mark.real

HALF_OPEN, FLAPPING, SCRAMBLED, SLOW = STATIONS = ("half-open", "flapping", "scrambled", "slow")
SPEECH_S = 3
LEAD = timedelta(seconds=15)
DELAY_S = 0.3
FOUND_WITHIN_S = 90


@dataclass
class Bent:
    """Every station after the slot."""

    posts: Outposts
    proxies: dict[str, LinkProxy]
    slot: wire.PlannedSlot
    volume_order: str
    seen: dict[str, float] = field(default_factory=dict)

    def outcome(self, station: str) -> wire.AsRunEntry:
        line = self.posts.centre.outcome(station, self.slot.slot_id)
        assert line is not None
        return line


@pytest.fixture(scope="module")
def bent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bent]:
    folder = tmp_path_factory.mktemp("links")
    voice = folder / "voice.wav"
    sound.write_sound(voice, sound.speech_like(float(SPEECH_S), seed=7))
    with ExitStack() as stack:
        posts = stack.enter_context(outposts(folder, STATIONS))
        proxies = {
            one: stack.enter_context(LinkProxy(posts.centre.broker.port)) for one in STATIONS
        }
        proxies[SLOW].delay_s = DELAY_S
        proxies[SCRAMBLED].scramble = random.Random(1)  # noqa: S311 - a test's own chance
        for station in STATIONS:
            over = "mqtt" if station == FLAPPING else "http"
            posts.start(station, port=proxies[station].port, sound_over=over)
        posts.wait("each knows the time", posts.settled, 180)
        yield _after_the_slot(posts, proxies, voice.read_bytes())


def _after_the_slot(posts: Outposts, proxies: dict[str, LinkProxy], voice: bytes) -> Bent:
    slot = slot_of(posts.centre, "news", voice, now() + LEAD, SPEECH_S)
    with _flapping(proxies[FLAPPING]):
        for station in STATIONS:
            posts.centre.plan(station, slot)
        order = posts.centre.order(SCRAMBLED, wire.VolumeDeed(percent=60))
        posts.wait("each holds the sound", lambda: posts.hold(slot), 60)
        made = Bent(posts, proxies, slot, order)
        proxies[HALF_OPEN].swallow()
        hellos = len(posts.centre.all(wire.Hello, HALF_OPEN))
        since = time.monotonic()
        posts.wait("the slot is over", lambda: now() > slot.starts_at + timedelta(seconds=5), 60)
        proxies[HALF_OPEN].mend()
    posts.wait(
        "the half-open link is found out",
        lambda: len(posts.centre.all(wire.Hello, HALF_OPEN)) > hellos,
        FOUND_WITHIN_S + 30,
    )
    made.seen["found out"] = time.monotonic() - since
    posts.wait("each tells what it aired", lambda: _all_told(made), 60)
    time.sleep(1)
    posts.close()
    return made


def _all_told(bent: Bent) -> bool:
    outcome = bent.posts.centre.outcome
    return all(outcome(station, bent.slot.slot_id) for station in STATIONS)


class _flapping:  # noqa: N801 - reads as what it does
    """The link is there for a second or two and gone for a moment, again and again."""

    def __init__(self, proxy: LinkProxy) -> None:
        self._proxy = proxy
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._flap, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._proxy.mend()

    def _flap(self) -> None:
        chance = random.Random(3)  # noqa: S311 - a test's own chance
        while not self._ended.wait(chance.uniform(1.0, 2.5)):
            self._proxy.cut()
            self._ended.wait(0.3)
            self._proxy.mend()


@pytest.mark.parametrize("station", STATIONS)
def test_behind_a_bad_link_a_station_airs_its_slot_once_and_is_heard_of_once(
    bent: Bent, station: str
) -> None:
    assert bent.outcome(station).outcome in {Outcome.AIRED, Outcome.LATE}
    assert bent.posts.airings(station, bent.slot) == 1
    starts = bent.posts.centre.evidence(station, wire.StartEntry)
    assert [line.slot_id for line in starts] == [bent.slot.slot_id]


def test_a_link_that_swallows_everything_is_given_up_within_90_seconds(bent: Bent) -> None:
    assert bent.seen["found out"] <= FOUND_WITHIN_S


def test_a_flapping_link_brings_sound_in_pieces_all_the_same(bent: Bent) -> None:
    holdings = bent.posts.centre.evidence(FLAPPING, wire.HoldingEntry)
    assert [line.held for line in holdings] == [True]
    assert len(bent.posts.centre.all(wire.Hello, FLAPPING)) > 1


def test_messages_doubled_and_out_of_order_have_one_effect(bent: Bent) -> None:
    done = bent.proxies[SCRAMBLED].scrambled
    assert done["doubled"] > 0
    assert done["swapped"] > 0
    replies = bent.posts.centre.all(wire.Reply, SCRAMBLED)
    assert {(reply.order_id, reply.accepted) for reply in replies} == {(bent.volume_order, True)}
    beats = bent.posts.centre.all(wire.Heartbeat, SCRAMBLED)
    assert not any(beat.refused for beat in beats)


def test_a_slow_link_makes_nothing_late(bent: Bent) -> None:
    line = bent.outcome(SLOW)
    assert line.outcome is Outcome.AIRED
    beats = bent.posts.centre.all(wire.Heartbeat, SLOW)
    assert any(beat.clock.level == "controller" for beat in beats)


@pytest.mark.parametrize("station", STATIONS)
def test_no_line_of_the_journal_is_lost_on_a_bad_link(bent: Bent, station: str) -> None:
    written_while_it_ended = {max(bent.posts.centre.entries[station]) + 1}
    assert bent.posts.lost_lines(station) <= written_while_it_ended
