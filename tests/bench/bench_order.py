"""From an order given at the centre to the last of 65 stations, beside the broker's bare fan-out.

Both ways end at the same 65 processes with one bare paho client each, over the same broker, in
turn: the peer publishes the bytes at once; ours signs the order, writes it and its audit row
durably, and sends it from the outbox.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from audio_library.store import FolderStore
from controller.domain.accounts import Role
from controller.link.broker_access import CONTROLLER, BrokerAccess, new_client_id
from controller.link.centre import CentreLink, Deeds
from controller.services.stations import StationConfig
from station_protocol import topics
from station_protocol.messages import RefreshDeed
from tests.bench.rows import Row, Samples, Verdict, alternate, at_most
from tests.support.brokers import Nats, connect
from tests.support.fleet import Province, internals, province
from tests.support.web import PROVINCE

GOAL = 3.0
LONGEST_MS = 1_000.0
PATIENCE_S = 20.0
ORDER_BYTES = 640
"""A sealed order of this size is what a place is sent."""


@dataclass(frozen=True, slots=True)
class Audience:
    """65 processes, each with the count of messages it got and the instant of the last."""

    counts: Any
    instants: Any
    processes: list[BaseProcess]

    def wait_for(self, count: int) -> float:
        """The instant at which the last of them got its message number `count`."""
        deadline = time.monotonic() + PATIENCE_S
        while any(self.counts[place] < count for place in range(len(self.processes))):
            if time.monotonic() > deadline:
                raise RuntimeError("an order did not reach every station")
            time.sleep(0.002)
        return float(max(self.instants))


def _listen(place: int, config: StationConfig, port: int, counts: Any, instants: Any) -> None:
    """One bare subscriber; lives until its parent ends it."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=config.broker_user)
    client.username_pw_set(config.broker_user, config.broker_password)

    def subscribed(*_: object) -> None:
        counts[place] = 0

    def received(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == topics.group_order(PROVINCE):
            instants[place] = time.monotonic()
            counts[place] += 1

    client.on_connect = lambda *_: client.subscribe(topics.group_order(PROVINCE), qos=1)
    client.on_subscribe = subscribed
    client.on_message = received
    client.connect("127.0.0.1", port)
    client.loop_forever()


def _gather(configs: list[StationConfig], port: int) -> Audience:
    """Fork the subscribers before this process has threads, and wait until all listen."""
    context = multiprocessing.get_context("fork")
    counts = context.Array("i", [-1] * len(configs), lock=False)
    instants = context.Array("d", len(configs), lock=False)
    audience = Audience(counts, instants, [])
    for place, config in enumerate(configs):
        process = context.Process(
            target=_listen, args=(place, config, port, counts, instants), daemon=True
        )
        process.start()
        audience.processes.append(process)
    audience.wait_for(0)
    return audience


@dataclass(slots=True)
class Fanout:
    """The same audience reached in two ways."""

    here: Province
    link: CentreLink
    audience: Audience
    publish: Callable[[bytes], None]
    sent: int = 0

    def _timed_ms(self, send: Callable[[], object]) -> float:
        self.sent += 1
        began = time.monotonic()
        send()
        return (self.audience.wait_for(self.sent) - began) * 1000

    def bare_ms(self) -> float:
        """The broker alone."""
        return self._timed_ms(lambda: self.publish(os.urandom(ORDER_BYTES)))

    def ours_ms(self) -> float:
        """Through the centre: checked, signed, written down, sent."""
        actor = self.here.centre.actor(Role.OPERATOR, PROVINCE)
        valid_for = timedelta(minutes=5)

        def send() -> None:
            self.here.orders.order(actor, PROVINCE, RefreshDeed(), valid_for=valid_for)
            self.link.wake_outbox()

        return self._timed_ms(send)


@contextmanager
def _fanout(folder: Path) -> Iterator[Fanout]:
    with province(folder) as here:
        configs = [here.stations.issue_config(one) for one in here.places.tree().stations]
        broker = Nats(folder / "broker", here.stations.broker_users(), None)
        broker.start()
        audience = _gather(configs, broker.port)
        here.plans.refresh()
        link = CentreLink(
            lambda: _access(broker),
            _deeds(here, folder),
            internals(),
            now=here.clock,
            monotonic=time.monotonic,
            wake=lambda _job: None,
        )
        link.start()
        peer = connect(broker.port, CONTROLLER, broker.controller_password)
        try:
            while not link.is_connected or here.outbox.waiting(without=(), limit=1):
                time.sleep(0.05)

            def publish(payload: bytes) -> None:
                peer.client.publish(topics.group_order(PROVINCE), payload, qos=1)

            yield Fanout(here, link, audience, publish)
        finally:
            peer.close()
            link.stop()
            for process in audience.processes:
                process.terminate()
                process.join()
            broker.stop()


def _access(broker: Nats) -> BrokerAccess:
    return BrokerAccess(
        host="127.0.0.1",
        port=broker.port,
        user=CONTROLLER,
        password=broker.controller_password,
        client_id=new_client_id(CONTROLLER),
        is_tls=False,
        tls_ca="",
    )


def _deeds(here: Province, folder: Path) -> Deeds:
    return Deeds(
        here.as_run,
        here.orders,
        here.outbox,
        here.plans,
        here.stations,
        FolderStore(folder / "sound"),
        here.signer,
    )


def measure(quick: bool) -> list[Row]:
    """The order's fan-out, and its worst case against one second."""
    rounds = 7 if quick else 25
    worst: list[float] = []
    with tempfile.TemporaryDirectory() as folder, _fanout(Path(folder)) as fanout:
        for _ in range(2):
            fanout.bare_ms(), fanout.ours_ms()

        def samples() -> Samples:
            found = alternate(fanout.ours_ms, fanout.bare_ms, rounds)
            worst.append(max(found.ours))
            return found

        row = at_most("order at the last of 65 stations, ms", GOAL, samples)
    longest = max(worst)
    verdict = Verdict.OK if longest <= LONGEST_MS else Verdict.SHORT
    bound = replace(
        row,
        name="order at the last of 65, longest seen, ms",
        ours=longest,
        peer=LONGEST_MS,
        ratio=longest / LONGEST_MS,
        goal="<= 1",
        verdict=verdict,
    )
    return [row, bound]
