"""A station's connection to a real broker: up, refused, cut, encrypted."""

from __future__ import annotations

import json
import queue
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from station_agent.core.events import Event, LinkDown, LinkUp, SubscriptionRefused
from station_agent.link.addresses import LastAddresses
from station_agent.link.client import BrokerAddress, Link
from station_protocol import codec, topics
from station_protocol.messages import LinkState, Reply
from station_protocol.topics import Down, Up
from tests.support import wire
from tests.support.brokers import Mosquitto, Nats, Peer, broker_user, secret_of
from tests.support.brokers import connect as join
from tests.support.certificates import make_certificates
from tests.support.names import nobody_knows_names
from tests.support.proxy import LinkProxy

STATION = wire.STATION
PLACES = ("ninh-thuan", "bac-ai")
WINDOW = 20
"""What Mosquitto sends of QoS 1 before the first is confirmed, where its settings do not say."""
E = TypeVar("E", bound=Event)

pytestmark = pytest.mark.real


class Hasty(random.Random):
    """Dice that never let a test wait long."""

    def uniform(self, a: float, b: float) -> float:
        return min(0.2, super().uniform(a, b))


class Station:
    def __init__(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        password: str = "",
        tls_ca: str = "",
        knows_time: bool = True,
        addresses: LastAddresses | None = None,
    ) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.link = Link(
            BrokerAddress(host, port, STATION, password or secret_of(STATION), STATION, tls_ca),
            STATION,
            PLACES,
            receive=lambda topic, payload: self.received.put((topic, payload)),
            emit=self.events.put,
            after=self._after,
            addresses=addresses,
            dice=Hasty(1),
        )
        self.put_off: list[Callable[[], None]] | None = None
        """What is to be done after what came; None: it is done at once."""
        self.link.judge_dates(lambda: knows_time)
        self.link.start()

    def _after(self, deed: Callable[[], None]) -> None:
        if self.put_off is None:
            deed()
        else:
            self.put_off.append(deed)

    def next(self, kind: type[E]) -> E:
        deadline = time.monotonic() + 20
        while True:
            event = self.events.get(timeout=max(0.1, deadline - time.monotonic()))
            if isinstance(event, kind):
                return event


Connect = Callable[..., Station]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Nats]:
    nats = Nats(tmp_path / "broker", (broker_user(STATION, *PLACES),), None)
    nats.start()
    yield nats
    nats.stop()


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[Station] = []

    def make(port: int, **how: Any) -> Station:
        made.append(Station(port, **how))
        return made[-1]

    yield make
    for station in made:
        station.link.close()


@pytest.fixture
def centre(broker: Nats) -> Iterator[Peer]:
    peer = join(broker.port, "controller", broker.controller_password)
    peer.subscribe(topics.ALL_UP)
    yield peer
    peer.close()


def test_a_station_says_it_is_online_and_hears_what_is_sent_to_it_and_its_places(
    broker: Nats, centre: Peer, connect: Connect
) -> None:
    station = connect(broker.port)
    station.next(LinkUp)
    topic, payload, _ = centre.next()
    assert topic == topics.up(STATION, Up.LINK)
    assert codec.decode_up(Up.LINK, payload, station_id=STATION) == LinkState(
        station_id=STATION, online=True
    )
    centre.publish(topics.down(STATION, Down.ORDER), b"one")
    centre.publish(topics.group_order("bac-ai"), b"two")
    assert {station.received.get(timeout=10) for _ in range(2)} == {
        (topics.down(STATION, Down.ORDER), b"one"),
        (topics.group_order("bac-ai"), b"two"),
    }


def test_a_message_is_confirmed_when_it_is_dealt_with_and_not_when_it_comes(
    tmp_path: Path, connect: Connect
) -> None:
    broker = Mosquitto(tmp_path / "broker", (broker_user(STATION, *PLACES),), None)
    broker.start()
    peer = join(broker.port, "controller", broker.controller_password)
    try:
        station = connect(broker.port)
        station.put_off = []
        station.next(LinkUp)
        for number in range(WINDOW + 1):
            peer.publish(topics.group_order("bac-ai"), b"%d" % number)
        came = [station.received.get(timeout=10)[1] for _ in range(WINDOW)]
        assert came == [b"%d" % number for number in range(WINDOW)]
        with pytest.raises(queue.Empty):  # the broker waits with the next
            station.received.get(timeout=0.5)
        station.put_off.pop(0)()
        assert station.received.get(timeout=10)[1] == b"%d" % WINDOW
    finally:
        peer.close()
        broker.stop()


def test_what_a_station_sends_arrives_under_its_own_topic(
    broker: Nats, centre: Peer, connect: Connect
) -> None:
    station = connect(broker.port)
    station.next(LinkUp)
    reply = Reply(station_id=STATION, order_id="order-1", accepted=True, said_at=wire.NOW)
    assert station.link.send(reply)
    centre.next()
    topic, payload, _ = centre.next()
    assert topic == topics.up(STATION, Up.REPLY)
    assert codec.decode_up(Up.REPLY, payload, station_id=STATION) == reply


def test_a_wrong_password_is_told_and_tried_again(broker: Nats, connect: Connect) -> None:
    station = connect(broker.port, password="guess")  # noqa: S106 - of a test
    assert "authori" in station.next(LinkDown).why.lower()
    assert not station.link.send(wire.beat())


def test_a_refused_place_is_told(tmp_path: Path, connect: Connect) -> None:
    nats = Nats(tmp_path / "broker", (broker_user(STATION, "ninh-thuan"),), None)
    nats.start()
    try:
        station = connect(nats.port)
        assert station.next(SubscriptionRefused).topic_filter == topics.group_order("bac-ai")
        station.next(LinkUp)
    finally:
        nats.stop()


def test_a_cut_link_is_noticed_and_comes_back_by_itself(
    broker: Nats, centre: Peer, connect: Connect
) -> None:
    with LinkProxy(broker.port) as proxy:
        station = connect(proxy.port)
        station.next(LinkUp)
        centre.next()
        proxy.cut()
        station.next(LinkDown)
        _, payload, _ = centre.next()
        assert b"false" in payload
        proxy.mend()
        station.next(LinkUp)
        _, payload, _ = centre.next()
        assert b"true" in payload
        station.link.close()


def test_what_was_sent_while_the_link_was_down_is_not_sent_behind_the_cores_back(
    broker: Nats, centre: Peer, connect: Connect
) -> None:
    with LinkProxy(broker.port) as proxy:
        station = connect(proxy.port)
        station.next(LinkUp)
        proxy.cut()
        station.next(LinkDown)
        assert not station.link.send(wire.beat())
        proxy.mend()
        station.next(LinkUp)
        reply = Reply(station_id=STATION, order_id="order-1", accepted=True, said_at=wire.NOW)
        station.link.send(reply)
        heard = []
        while topics.up(STATION, Up.REPLY) not in heard:
            heard.append(centre.next()[0])
        assert topics.up(STATION, Up.BEAT) not in heard
        station.link.close()


def test_a_goodbye_is_said_when_the_agent_ends_in_order(
    broker: Nats, centre: Peer, connect: Connect
) -> None:
    station = connect(broker.port)
    station.next(LinkUp)
    centre.next()
    station.link.close()
    _, payload, _ = centre.next()
    assert b"false" in payload


def test_tls_is_checked_against_the_stations_own_authority(
    tmp_path: Path, connect: Connect
) -> None:
    ours, foreign = make_certificates(tmp_path / "ours"), make_certificates(tmp_path / "foreign")
    nats = Nats(tmp_path / "broker", (broker_user(STATION, *PLACES),), ours)
    nats.start()
    try:
        connect(nats.port, tls_ca=str(ours.ca)).next(LinkUp)
        assert (
            "certificate" in connect(nats.port, tls_ca=str(foreign.ca)).next(LinkDown).why.lower()
        )
    finally:
        nats.stop()


def test_a_station_that_does_not_know_the_time_judges_no_dates_but_still_the_authority(
    tmp_path: Path, connect: Connect
) -> None:
    year_ago = datetime.now(UTC) - timedelta(days=365)
    ended = make_certificates(tmp_path / "ended", made_at=year_ago)
    foreign = make_certificates(tmp_path / "foreign", made_at=year_ago)
    nats = Nats(tmp_path / "broker", (broker_user(STATION, *PLACES),), ended)
    nats.start()
    try:
        told = connect(nats.port, tls_ca=str(ended.ca)).next(LinkDown).why
        assert "expired" in told
        connect(nats.port, tls_ca=str(ended.ca), knows_time=False).next(LinkUp)
        stranger = connect(nats.port, tls_ca=str(foreign.ca), knows_time=False)
        assert "certificate" in stranger.next(LinkDown).why.lower()
    finally:
        nats.stop()


def test_two_authorities_are_trusted_while_one_follows_the_other(
    tmp_path: Path, connect: Connect
) -> None:
    old, new = make_certificates(tmp_path / "old"), make_certificates(tmp_path / "new")
    both = tmp_path / "both.pem"
    both.write_bytes(old.ca.read_bytes() + new.ca.read_bytes())
    for certificates in (old, new):
        folder = tmp_path / certificates.ca.parent.name / "broker"
        nats = Nats(folder, (broker_user(STATION, *PLACES),), certificates)
        nats.start()
        try:
            connect(nats.port, tls_ca=str(both)).next(LinkUp)
        finally:
            nats.stop()


def test_where_nobody_knows_the_name_the_last_good_address_is_tried(
    tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, foreign = make_certificates(tmp_path / "ours"), make_certificates(tmp_path / "foreign")
    kept = tmp_path / "addresses.json"
    nats = Nats(tmp_path / "broker", (broker_user(STATION, *PLACES),), ours)
    nats.start()
    try:
        how = {"host": "localhost", "tls_ca": str(ours.ca)}
        connect(nats.port, **how, addresses=LastAddresses(kept)).next(LinkUp)
        nobody_knows_names(monkeypatch)
        told = connect(nats.port, **how).next(LinkDown).why
        assert "name resolution" in told
        connect(nats.port, **how, addresses=LastAddresses(kept)).next(LinkUp)
        how["tls_ca"] = str(foreign.ca)
        told = connect(nats.port, **how, addresses=LastAddresses(kept)).next(LinkDown).why
        assert "certificate" in told.lower()
        kept.write_text(json.dumps({"portal": "127.0.0.1"}))
        how = {"host": "portal", "tls_ca": str(ours.ca)}
        told = connect(nats.port, **how, addresses=LastAddresses(kept)).next(LinkDown).why
        assert "not valid for 'portal'" in told
    finally:
        nats.stop()
