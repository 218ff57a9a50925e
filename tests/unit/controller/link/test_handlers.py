"""Whatever arrives is counted, dropped or handed over; nothing is ever raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from controller.link.client import pause_s
from controller.link.handlers import Dropped, Handlers, Inbound, Way
from controller.link.inbox import BURST, Bucket, Inbox
from controller.metrics.internals import Internals
from controller.services.as_run import Answer, AsRun
from controller.services.orders import Orders
from controller.services.station_states import Beat
from station_protocol import codec, topics
from station_protocol.messages import Heartbeat, Hello, JournalBatch, LinkState, Reply
from station_protocol.topics import Delivery, Up
from tests.support import wire


@dataclass
class Office:
    """Services that note what they were asked, and fail when told to."""

    asked: list[tuple[str, Any]] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)
    is_known: bool = True

    def _note(self, what: str, value: Any) -> None:
        self.asked.append((what, value))
        if what in self.fails:
            raise RuntimeError(f"{what} cannot be done")

    def hello(self, hello: Hello) -> Answer | None:
        self._note("hello", hello.station_id)
        if not self.is_known:
            return None
        return Answer(wire.ack(), 1, plan=b"plan", limits=b"limits", epoch_was_raised=True)

    def beats(self, beats: Sequence[Beat]) -> bool:
        self._note("beats", len(beats))
        return False

    def time_for(self, beat: Heartbeat) -> Answer | None:
        self._note("time_for", beat.station_id)
        return Answer(wire.ack(answers="beat"), 1)

    def store_journals(self, batches: Sequence[JournalBatch]) -> list[Answer]:
        self._note("store_journals", len(batches))
        if any(batch.boot_id == "poison" for batch in batches):
            raise RuntimeError("this batch cannot be stored")
        return [Answer(wire.ack(answers="journal"), 1, skipped_lines=True) for _ in batches]

    def reply(self, reply: Reply) -> bool:
        self._note("reply", reply.order_id)
        return self.is_known

    def link_states(self, states: Sequence[LinkState]) -> None:
        self._note("link_states", len(states))

    def ask_for_hello(self, station_id: str) -> bool:
        self._note("ask_for_hello", station_id)
        return True


class Bench:
    """Handlers over such an office, and what they published."""

    def __init__(self) -> None:
        self.office = Office()
        self.registry = CollectorRegistry()
        self.internals = Internals(self.registry, "test")
        self.sent: list[str] = []
        self.pushed: list[str] = []
        self.woken: list[str] = []
        self.handlers = Handlers(
            cast(AsRun, self.office),
            cast(Orders, self.office),
            wire.signer(),
            Way(self._publish, lambda want: self.pushed.append(want.sha256), self.woken.append),
            self.internals,
            lambda: wire.NOW,
        )

    def _publish(self, topic: str, payload: bytes, delivery: Delivery) -> bool:
        assert payload
        assert delivery.qos == 1
        self.sent.append(topics.parse_down(topic)[1])
        return True

    def say(self, *messages: Any) -> None:
        kinds = {
            Hello: Up.HELLO,
            Heartbeat: Up.BEAT,
            JournalBatch: Up.JOURNAL,
            Reply: Up.REPLY,
            LinkState: Up.LINK,
            wire.wire.Want: Up.WANT,
        }
        self.handlers.handle(
            [
                Inbound(wire.STATION, kinds[type(message)], codec.encode_up(message))
                for message in messages
            ]
        )

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_each_kind_is_handed_to_the_one_who_knows(bench: Bench) -> None:
    bench.say(wire.hello(), wire.beat(), wire.batch(), wire.reply(), wire.want(), wire.link())
    bench.handlers.store_beats()
    assert {what for what, _ in bench.office.asked} == {
        "hello", "time_for", "beats", "store_journals", "ask_for_hello", "reply", "link_states",
    }  # fmt: skip
    assert bench.pushed == [wire.SHA]


def test_hello_is_answered_with_the_time_before_a_newer_plan(bench: Bench) -> None:
    bench.say(wire.hello())
    assert bench.sent == ["ack", "limits", "plan"]
    assert bench.woken == ["plan_refresh"]


def test_heartbeats_wait_for_each_other(bench: Bench) -> None:
    bench.say(wire.beat(wants_time=False), wire.beat(wants_time=False))
    assert bench.office.asked == []
    bench.handlers.store_beats()
    bench.handlers.store_beats()
    assert bench.office.asked == [("beats", 2)]


def test_one_batch_that_cannot_be_stored_holds_up_no_other(bench: Bench) -> None:
    bench.say(wire.batch(), wire.batch(boot_id="poison"), wire.batch())
    assert bench.sent == ["ack", "ack"]
    assert bench.count("vang_border_errors_total", border="mqtt") == 2


def test_nothing_is_acknowledged_that_was_not_stored(bench: Bench) -> None:
    bench.office.fails.add("store_journals")
    bench.say(wire.batch())
    assert bench.sent == []


@pytest.mark.parametrize("what", ["hello", "beats", "time_for", "reply", "link_states"])
def test_a_service_that_fails_stops_nobody_else(bench: Bench, what: str) -> None:
    bench.office.fails.add(what)
    bench.say(wire.hello(), wire.beat(), wire.reply(), wire.link(), wire.batch())
    bench.handlers.store_beats()
    assert "store_journals" in {asked for asked, _ in bench.office.asked}
    assert bench.count("vang_border_errors_total", border="mqtt") == 1


def test_strangers_and_unknown_orders_are_counted(bench: Bench) -> None:
    bench.office.is_known = False
    bench.say(wire.hello(), wire.reply())
    assert bench.count("vang_messages_refused_total", reason="unknown_station") == 1
    assert bench.count("vang_messages_refused_total", reason="unknown_order") == 1
    assert bench.sent == []


_UP = st.sampled_from(list(Up))
_BYTES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            codec.encode_up(message)
            for message in (
                wire.hello(), wire.beat(), wire.batch(), wire.reply(), wire.want(), wire.link(),
            )
        ]
    ).flatmap(lambda raw: st.integers(0, len(raw)).map(lambda cut: raw[:cut])),
)  # fmt: skip


@given(st.lists(st.tuples(_UP, _BYTES), max_size=8))
def test_no_bytes_from_a_station_get_past_the_border(messages: list[tuple[Up, bytes]]) -> None:
    bench = Bench()
    bench.handlers.handle([Inbound(wire.STATION, kind, raw) for kind, raw in messages])
    bench.handlers.store_beats()
    assert bench.count("vang_border_errors_total", border="mqtt") == 0


@given(st.text(max_size=60), st.binary(max_size=100))
def test_no_topic_gets_past_the_inbox(topic: str, raw: bytes) -> None:
    bench = Bench()
    inbox = Inbox(bench.handlers, bench.internals, lambda: 0.0)
    inbox.receive(topic, raw)
    assert bench.count("vang_messages_refused_total", reason="unknown_topic") == 1


def test_a_station_may_burst_and_then_goes_at_its_rate() -> None:
    bucket = Bucket()
    assert [bucket.take(0.0) for _ in range(BURST + 1)].count(True) == BURST
    assert not bucket.take(0.01)
    assert [bucket.take(1.0) for _ in range(100)].count(True) == 50
    assert [bucket.take(1000.0) for _ in range(500)].count(True) == BURST


def test_a_throttled_or_oversized_message_never_reaches_the_handlers(bench: Bench) -> None:
    inbox = Inbox(bench.handlers, bench.internals, lambda: 0.0)
    inbox.receive(topics.up("xa-lon", Up.BEAT), b"x" * 65_537)
    for _ in range(BURST + 3):
        inbox.receive(topics.up("xa-on-ao", Up.BEAT), b"{}")
    inbox.receive(topics.up("xa-yen", Up.BEAT), b"{}")
    assert bench.count("vang_messages_refused_total", reason="oversized") == 1
    assert bench.count("vang_messages_refused_total", reason="rate_limited") == 3
    assert bench.count("vang_messages_received_total", kind="beat") == BURST + 5


def test_reconnects_are_spread_and_never_further_apart_than_promised() -> None:
    assert pause_s(0, 0.0, 1.0) == 0.5
    assert pause_s(3, 0.0, 0.5) == 2.0
    assert pause_s(50, 599.0, 1.0) == 15.0
    assert pause_s(50, 601.0, 1.0) == 60.0
    assert pause_s(50, 601.0, 0.0) == 0.0


def test_the_centres_clock_stamps_heartbeats(bench: Bench) -> None:
    seen: list[datetime] = []
    bench.office.beats = lambda beats: bool(seen.extend(b.received_at for b in beats))  # type: ignore[method-assign]
    bench.say(wire.beat())
    bench.handlers.store_beats()
    assert seen == [wire.NOW]


@pytest.mark.parametrize("reason", list(Dropped))
def test_every_reason_to_drop_a_message_is_described(reason: Dropped) -> None:
    page = Path(__file__).parents[4] / "docs" / "errors.md"
    assert f"| `{reason}` |" in page.read_text(encoding="utf-8")
