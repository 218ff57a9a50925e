"""What Vang asks of any MQTT broker, asked of the bundled one and of a real Mosquitto."""

from __future__ import annotations

import json
import queue
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.link.broker_access import CONTROLLER
from station_protocol.topics import ALL_UP, Down, Up, down, group_order, up
from tests.support.brokers import (
    WAIT_S,
    Broker,
    Mosquitto,
    Nats,
    Peer,
    broker_user,
    connect,
    secret_of,
)
from tests.support.certificates import make_certificates

# Mostly waiting, and nothing here measures time: may run beside the other real programs.
pytestmark = pytest.mark.real

OWN, OTHER = "phuoc-binh", "phuoc-hoa"
USERS = (broker_user(OWN, "ninh-thuan", "bac-ai"), broker_user(OTHER, "ninh-thuan", "bac-ai"))
BROKERS = {"nats": Nats, "mosquitto": Mosquitto}


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    broker = BROKERS[request.param](tmp_path, USERS, None)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def peers(broker: Broker) -> Iterator[Callable[..., Peer]]:
    """Connects clients by user name, with the right password unless told otherwise."""
    made: list[Peer] = []

    def peer(user: str, password: str | None = None, **how: object) -> Peer:
        right = broker.controller_password if user == CONTROLLER else secret_of(user)
        made.append(connect(broker.port, user, password or right, **how))  # type: ignore[arg-type]
        return made[-1]

    yield peer
    for peer_made in made:
        peer_made.close()


def hears_nothing(peer: Peer) -> bool:
    try:
        heard = peer.messages.get(timeout=0.5)
    except queue.Empty:
        return True
    raise AssertionError(f"heard {heard}")


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_station_hears_its_own_topics_and_its_places(peers: Callable[..., Peer]) -> None:
    station, centre = peers(OWN), peers(CONTROLLER)
    assert station.subscribe(f"vang/1/d/{OWN}/#", group_order("ninh-thuan")) == [True, True]
    centre.publish(down(OWN, Down.PLAN), b"plan")
    centre.publish(group_order("ninh-thuan"), b"order")
    # Order is kept within a topic; nothing is promised between two.
    assert {station.next()[:2] for _ in range(2)} == {
        (down(OWN, Down.PLAN), b"plan"),
        (group_order("ninh-thuan"), b"order"),
    }


def test_the_centre_hears_every_station(peers: Callable[..., Peer]) -> None:
    centre = peers(CONTROLLER)
    assert centre.subscribe(ALL_UP) == [True]
    for name in (OWN, OTHER):
        peers(name).publish(up(name, Up.HELLO), name.encode())
        assert centre.next()[:2] == (up(name, Up.HELLO), name.encode())


def test_a_wrong_password_is_refused(peers: Callable[..., Peer]) -> None:
    assert peers(OWN, "wrong").refused.is_set()
    assert peers("nobody", "wrong").refused.is_set()


def test_another_stations_topics_are_not_heard(peers: Callable[..., Peer]) -> None:
    spy, centre = peers(OWN), peers(CONTROLLER)
    for pattern in (f"vang/1/d/{OTHER}/#", "vang/1/d/+/plan", "vang/1/u/#", "#"):
        spy.subscribe(pattern)
    centre.publish(down(OTHER, Down.ORDER), b"secret")
    peers(OTHER).publish(up(OTHER, Up.JOURNAL), b"secret")
    centre.publish(group_order("thuan-bac"), b"secret")
    assert hears_nothing(spy)


@pytest.mark.parametrize(
    "topic",
    [
        down(OTHER, Down.PLAN),
        down(OWN, Down.PLAN),
        up(OTHER, Up.JOURNAL),
        group_order("ninh-thuan"),
        "vang/1/u",
    ],
)
def test_a_forged_publish_reaches_nobody_and_is_told_with_the_forgers_name(
    topic: str, broker: Broker, peers: Callable[..., Peer]
) -> None:
    victim, centre = peers(OTHER), peers(CONTROLLER)
    victim.subscribe(f"vang/1/d/{OTHER}/#", group_order("ninh-thuan"))
    centre.subscribe(ALL_UP)
    forger = peers(OWN, client_id=f"{OTHER}-borrowed")
    forger.publish(topic, b"forged")
    assert hears_nothing(victim)
    assert hears_nothing(centre)
    eventually(lambda: (OWN, "publish", topic) in broker.denials())


def test_the_last_will_tells_that_a_station_is_gone(peers: Callable[..., Peer]) -> None:
    centre = peers(CONTROLLER)
    centre.subscribe(ALL_UP)
    peers(OWN, will=up(OWN, Up.LINK)).drop()
    assert centre.next()[:2] == (up(OWN, Up.LINK), b"offline")


def test_a_last_will_cannot_speak_for_another_station(peers: Callable[..., Peer]) -> None:
    centre = peers(CONTROLLER)
    centre.subscribe(ALL_UP)
    peers(OWN, will=up(OTHER, Up.LINK)).drop()
    assert hears_nothing(centre)


def test_a_retained_plan_waits_for_its_station_and_for_nobody_else(
    peers: Callable[..., Peer],
) -> None:
    peers(CONTROLLER).publish(down(OWN, Down.PLAN), b"plan", retain=True)
    spy, station = peers(OTHER), peers(OWN)
    for pattern in ("#", "vang/1/d/+/plan", down(OWN, Down.PLAN)):
        spy.subscribe(pattern)
    station.subscribe(f"vang/1/d/{OWN}/#")
    assert station.next() == (down(OWN, Down.PLAN), b"plan", True)
    assert hears_nothing(spy)


def test_the_same_client_id_with_a_wrong_password_disturbs_nobody(
    peers: Callable[..., Peer],
) -> None:
    station, centre = peers(OWN, client_id="known"), peers(CONTROLLER)
    station.subscribe(f"vang/1/d/{OWN}/#")
    assert peers(OWN, "wrong", client_id="known").refused.is_set()
    centre.publish(down(OWN, Down.ORDER), b"order")
    assert station.next()[1] == b"order"
    assert not station.lost.is_set()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_is_retained_outlives_the_broker(
    how: str, broker: Broker, peers: Callable[..., Peer]
) -> None:
    peers(CONTROLLER).publish(down(OWN, Down.PLAN), b"plan", retain=True)
    time.sleep(1.5)  # both brokers promise what is older than a second
    getattr(broker, how)()
    broker.start()
    station = peers(OWN)
    station.subscribe(f"vang/1/d/{OWN}/#")
    assert station.next() == (down(OWN, Down.PLAN), b"plan", True)


def test_a_station_comes_back_by_itself_after_the_broker_was_killed(
    broker: Broker, peers: Callable[..., Peer]
) -> None:
    station = peers(OWN, comes_back=True)
    station.subscribe(f"vang/1/d/{OWN}/#")
    station.connected.clear()
    broker.kill()
    broker.start()
    assert station.connected.wait(WAIT_S)
    station.subscribe(f"vang/1/d/{OWN}/#")
    peers(CONTROLLER).publish(down(OWN, Down.ORDER), b"order")
    assert station.next()[1] == b"order"


def test_a_new_station_is_let_in_and_a_retired_one_is_not_while_others_stay(
    broker: Broker, peers: Callable[..., Peer]
) -> None:
    station, retired = peers(OWN), peers(OTHER)
    station.subscribe(f"vang/1/d/{OWN}/#")
    broker.set_users((USERS[0], broker_user("phuoc-tan", "bac-ai")))
    eventually(lambda: peers("phuoc-tan").connected.is_set())
    assert retired.lost.wait(WAIT_S)
    eventually(lambda: peers(OTHER).refused.is_set())
    peers(CONTROLLER).publish(down(OWN, Down.ORDER), b"order")
    assert station.next()[1] == b"order"
    assert not station.lost.is_set()


def test_the_other_port_of_the_bundled_broker_admits_nobody(tmp_path: Path) -> None:
    broker = Nats(tmp_path, USERS, None)
    broker.start()
    try:
        (ports,) = (tmp_path / "broker").glob("*.ports")
        port = int(json.loads(ports.read_text())["nats"][0].rsplit(":", 1)[1])
        for user, password in ((CONTROLLER, broker.controller_password), (OWN, secret_of(OWN))):
            with (
                socket.create_connection(("127.0.0.1", port)) as plain,
                plain.makefile("rwb") as io,
            ):
                assert io.readline().startswith(b"INFO ")
                credentials = json.dumps({"user": user, "pass": password, "verbose": False})
                io.write(f"CONNECT {credentials}\r\nPING\r\n".encode())
                io.flush()
                assert io.readline().startswith(b"-ERR 'Authorization Violation'")
    finally:
        broker.stop()


@pytest.mark.parametrize("kind", sorted(BROKERS))
def test_tls_is_spoken_only_to_those_who_know_the_authority(kind: str, tmp_path: Path) -> None:
    tls = make_certificates(tmp_path / "tls")
    stranger = make_certificates(tmp_path / "stranger")
    broker = BROKERS[kind](tmp_path / "broker", USERS, tls)
    broker.start()
    try:
        station = connect(broker.port, OWN, secret_of(OWN), ca=tls.ca)
        assert station.connected.is_set()
        assert station.subscribe(f"vang/1/d/{OWN}/#") == [True]
        station.close()
        context = ssl.create_default_context(cafile=str(stranger.ca))
        with (
            socket.create_connection(("127.0.0.1", broker.port)) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(plain, server_hostname="127.0.0.1")
    finally:
        broker.stop()
