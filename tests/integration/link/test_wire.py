"""The centre's link over a real broker, with stations that speak only the wire."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from station_protocol import topics
from station_protocol.messages import RefreshDeed, StopDeed
from station_protocol.topics import Down
from station_protocol.transfer import WINDOW, Transfer
from tests.support import wire
from tests.support.brokers import Nats
from tests.support.fleet import FAR, OTHER, STATION, province
from tests.support.line import Line, until
from tests.support.web import DISTRICT

pytestmark = pytest.mark.real


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with province(tmp_path) as here:
        here.plans.refresh()
        built = Line(here, tmp_path, lambda folder, users: Nats(folder, users, None))
        try:
            yield built
        finally:
            built.close()


def test_a_hello_is_answered_with_the_time_then_limits_then_the_plan(line: Line) -> None:
    line.settle()
    station = line.station()
    until(lambda: station.peer.messages.qsize() == 2)  # the retained plan and limits
    station.next_kinds(2)
    station.say(wire.hello(plan_version=0, limits_version=0))
    assert station.next_kinds(3) == [Down.ACK, Down.LIMITS, Down.PLAN]
    epoch = line.here.plan_of().claims.epoch
    station.say(wire.hello(plan_epoch=epoch, plan_version=1, limits_version=1))
    ack = station.next(Down.ACK).message
    assert (ack.answers, ack.plan_version, ack.spread_ms) == ("hello", 1, 650)
    assert station.hears_nothing(0.5)


def test_a_changed_plan_reaches_its_stations_and_waits_retained_for_the_others(
    line: Line,
) -> None:
    line.settle()
    station, far = line.station(), line.station(FAR)
    station.next(Down.PLAN)
    far.next(Down.PLAN)
    slot = line.due()
    line.settle()
    plan = station.next(Down.PLAN)
    assert (plan.claims.version, plan.message.slots[0].slot_id) == (2, slot.slot_id)
    later = line.station(OTHER)
    assert later.next(Down.PLAN).claims.version == 2
    far.say(wire.hello(station_id=FAR, plan_version=1, plan_epoch=plan.claims.epoch))
    assert far.next(Down.ACK).message.plan_version == 1


def test_evidence_is_acknowledged_only_when_it_is_durable(line: Line) -> None:
    slot = line.due()
    here, station = line.here, line.station()
    here.go_to(slot, minutes=11)
    station.say(wire.batch(wire.entry(here.ran(slot), no=1)))
    ack = station.next(Down.ACK).message
    assert (ack.answers, ack.stored_up_to) == ("journal", 1)
    assert here.verdict(slot) == ("aired", None)
    station.say(wire.batch(wire.entry(here.ran(slot), no=1)))
    assert station.next(Down.ACK).message.stored_up_to == 1
    assert here.changes() == []


def test_heartbeats_show_on_the_board_and_bring_the_time_to_who_asks(line: Line) -> None:
    station = line.station()
    station.say(line.here.a_beat(wants_time=True).message)
    ack = station.next(Down.ACK).message
    assert (ack.answers, ack.echo_mono_ms) == ("beat", 153_456)
    until(lambda: line.here.state().shown_state == "ready", within_s=2)


def test_an_order_reaches_a_station_or_every_station_of_a_place(line: Line) -> None:
    near, far = line.station(), line.station(FAR)
    actor = line.here.desk.actor()
    order_id = line.here.orders.order(actor, DISTRICT, StopDeed(), why="nhầm bản")
    line.link.wake_outbox()
    assert near.next(Down.ORDER).message.order_id == order_id
    near.say(wire.reply(order_id=order_id, accepted=True, why=None))
    until(lambda: len(line.here.orders.replies(order_id)) == 1)
    own = line.here.orders.order(actor, STATION, RefreshDeed())
    line.link.wake_outbox()
    assert near.next(Down.ORDER).message.order_id == own
    far.say(wire.hello(station_id=FAR))
    assert far.next(Down.ACK).message.orders == ()


def test_sound_comes_in_pieces_at_the_stations_own_pace_and_holds_up_no_order(
    line: Line,
) -> None:
    size = 700_000
    sha256 = line.store_sound(size)
    line.allow(sha256)
    station = line.station()
    transfer, data, order_id = Transfer(sha256, size), b"", ""
    while not transfer.is_complete:
        station.say(wire.want(sha256=sha256, from_index=transfer.next_index, count=WINDOW))
        for _ in range(min(WINDOW, 11 - transfer.next_index)):
            chunk = station.next(Down.CHUNK)
            moved = transfer.accept(chunk)
            assert moved is not None
            transfer, data = moved, data + chunk.data
        if not order_id:
            order_id = line.here.orders.order(line.here.desk.actor(), STATION, RefreshDeed())
            line.link.wake_outbox()
            assert station.next(Down.ORDER).message.order_id == order_id
    assert hashlib.sha256(data).hexdigest() == sha256


def test_a_sound_no_plan_of_the_station_names_is_not_sent(line: Line) -> None:
    sha256 = line.store_sound(1_000)
    station = line.station()
    line.settle()
    station.next(Down.PLAN)
    station.say(wire.want(sha256=sha256, from_index=0, count=1))
    station.say(wire.want(sha256="0" * 64, from_index=10**9, count=32))
    station.say(wire.hello())
    assert station.next(Down.ACK).message.answers == "hello"
    assert line.counted("vang_messages_published_total", kind="chunk") == 0


def test_nonsense_is_counted_and_stops_nobody(line: Line) -> None:
    station = line.station()
    for kind in topics.Up:
        for raw in (b"", b"\xff", b"[]", b"{}", b'{"v":2}', b"x" * 70_000):
            station.shout(topics.up(STATION, kind), raw)
    station.say(wire.hello(station_id=OTHER).model_copy(update={"station_id": OTHER}))
    station.say(wire.batch(station_id=STATION))
    assert station.next(Down.ACK).message.answers == "journal"
    for reason in ("malformed", "unsupported", "oversized", "wrong_audience"):
        assert line.counted("vang_messages_refused_total", reason=reason) > 0, reason
    assert line.counted("vang_border_errors_total", border="mqtt") == 0


def test_a_station_that_floods_is_throttled_alone(line: Line) -> None:
    loud, quiet = line.station(), line.station(OTHER)
    for _ in range(400):
        loud.peer.client.publish(topics.up(STATION, topics.Up.BEAT), b"{}", qos=0)
    quiet.say(wire.hello(station_id=OTHER))
    assert quiet.next(Down.ACK).message.answers == "hello"
    until(lambda: line.counted("vang_messages_refused_total", reason="rate_limited") > 0)


def test_a_broker_that_lost_everything_costs_nothing(line: Line) -> None:
    line.settle()
    station = line.station()
    station.next(Down.PLAN)
    line.broker.kill()
    until(lambda: not line.link.is_connected)
    slot = line.due()
    order_id = line.here.orders.order(
        line.here.desk.actor(), STATION, RefreshDeed(), valid_for=timedelta(hours=1)
    )
    shutil.rmtree(line.folder / "broker" / "broker" / "store", ignore_errors=True)
    line.broker.start()
    until(lambda: line.link.is_connected, within_s=40)
    station.reconnect(line.broker.port)
    station.say(wire.hello(plan_version=1, plan_epoch=line.here.plan_of().claims.epoch))
    ack = station.next(Down.ACK).message
    assert len(ack.orders) == 1
    line.settle()
    plan = station.next(Down.PLAN)
    assert plan.message.slots[0].slot_id == slot.slot_id
    assert order_id
    # What the broker kept for those who come later is there again as well.
    far = line.station(FAR)
    assert far.next(Down.LIMITS, within_s=30).claims.version == 1
