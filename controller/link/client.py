"""The centre's one connection to the broker, and the only place that knows paho.

Each connection is a new client: nothing unsent or unacknowledged is carried over by the library.
What must not be lost waits in the outbox table and is published again.
"""

from __future__ import annotations

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from controller.errors import ControllerError
from controller.link.broker_access import BrokerAccess
from controller.metrics.internals import Internals
from station_protocol import topics
from station_protocol.topics import Delivery

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
ANSWER_WITHIN_S = 10
FIRST_PAUSE_S = 0.5
PAUSE_AT_MOST_S = 15.0
LONG_PAUSE_AT_MOST_S = 60.0
LONG_AFTER_S = 600.0
IN_FLIGHT = 500
"""Unacknowledged messages the library may have on the wire: more than we ever let out."""

Done = Callable[[], None]


def pause_s(attempt: int, trying_for_s: float, chance: float) -> float:
    """How long to wait before the next try: full jitter, `chance` in 0..1."""
    cap = PAUSE_AT_MOST_S if trying_for_s < LONG_AFTER_S else LONG_PAUSE_AT_MOST_S
    return float(min(cap, FIRST_PAUSE_S * 2 ** min(attempt, 10)) * chance)


@dataclass(slots=True)
class _Session:
    """One connection: its client, and who waits for which acknowledgement."""

    client: mqtt.Client
    ready: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: dict[int, Done] = field(default_factory=dict)
    early: set[int] = field(default_factory=set)

    def publish(self, topic: str, payload: bytes, delivery: Delivery, done: Done) -> bool:
        # The lock is not held around paho's publish: paho calls `acknowledged` under its own.
        info = self.client.publish(topic, payload, qos=delivery.qos, retain=delivery.retain)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            return False
        with self.lock:
            if info.mid not in self.early:
                self.waiting[info.mid] = done
                return True
            self.early.discard(info.mid)
        done()
        return True

    def acknowledged(self, mid: int) -> None:
        with self.lock:
            done = self.waiting.pop(mid, None)
            if done is None:
                self.early.add(mid)
        if done is not None:
            done()


class Link:
    """Keeps connected, subscribes to everything stations say, publishes."""

    def __init__(
        self,
        access: Callable[[], BrokerAccess],
        on_message: Callable[[str, bytes], None],
        on_connected: Done,
        internals: Internals,
    ) -> None:
        self._access = access
        self._on_message = on_message
        self._on_connected = on_connected
        self._internals = internals
        self._stopping = threading.Event()
        self._session: _Session | None = None
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and our subscription, and the connection holds."""
        session = self._session
        return session is not None and session.ready.is_set() and not session.lost.is_set()

    def start(self) -> None:
        """Connect, and again whenever the connection breaks."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end."""
        self._stopping.set()
        session = self._session
        if session is not None:
            session.client.disconnect()
            session.lost.set()
        if self._thread.is_alive():
            self._thread.join()

    def publish(
        self, topic: str, payload: bytes, delivery: Delivery, done: Done = lambda: None
    ) -> bool:
        """Hand a message to the broker; False when that is not possible now.

        `done` is called, in the network's thread, when the broker has acknowledged it; never if
        the connection breaks before.
        """
        session = self._session
        if session is None or not self.is_connected:
            return False
        return session.publish(topic, payload, delivery, done)

    # --- the connection ---------------------------------------------------------------------------

    def _run(self) -> None:
        attempt, since = 0, time.monotonic()
        while not self._stopping.is_set():
            if self._hold_connection():
                attempt, since = 0, time.monotonic()
            chance = random.random()  # noqa: S311 - spreads reconnects, guards nothing
            self._stopping.wait(pause_s(attempt, time.monotonic() - since, chance))
            attempt += 1

    def _hold_connection(self) -> bool:
        """Connect and stay until the connection breaks; whether it was ever ready."""
        session: _Session | None = None
        try:
            session = self._connect()
            if session.ready.wait(ANSWER_WITHIN_S) and not session.lost.is_set():
                self._became_ready()
                while not session.lost.wait(1.0) and not self._stopping.is_set():
                    pass
            was_ready = session.ready.is_set()
        except (OSError, ValueError, ControllerError) as error:
            logger.warning("link not connected: %s", error)
            return False
        except Exception:
            logger.exception("link broke")
            self._internals.count_border_error("mqtt")
            return False
        finally:
            self._internals.set_link_connected(False)
            self._session = None
            if session is not None:
                session.client.disconnect()
                session.client.loop_stop()
        logger.info("link lost")
        return was_ready

    def _became_ready(self) -> None:
        logger.info("link ready")
        self._internals.set_link_connected(True)
        self._on_connected()

    def _connect(self) -> _Session:
        access = self._access()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=access.client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        session = _Session(client)
        client.username_pw_set(access.user, access.password)
        client.max_inflight_messages_set(IN_FLIGHT)
        if access.is_tls:
            client.tls_set_context(ssl.create_default_context(cafile=access.tls_ca or None))
        self._listen(session)
        client.connect(access.host, access.port, keepalive=KEEPALIVE_S)
        self._session = session
        client.loop_start()
        return session

    def _listen(self, session: _Session) -> None:
        """Callbacks run in the network's thread: they only note and hand over."""

        def connected(
            client: mqtt.Client,
            _userdata: object,
            _flags: mqtt.ConnectFlags,
            code: ReasonCode,
            _properties: Properties | None,
        ) -> None:
            if code.is_failure:
                logger.error("broker refused the centre code=%s", code)
                session.lost.set()
                session.ready.set()
                return
            client.subscribe(topics.ALL_UP, qos=1)

        def subscribed(
            _client: mqtt.Client,
            _userdata: object,
            _mid: int,
            codes: list[ReasonCode],
            _properties: Properties | None,
        ) -> None:
            if any(code.is_failure for code in codes):
                logger.error("broker refused the centre's subscription filter=%s", topics.ALL_UP)
                session.lost.set()
            session.ready.set()

        def disconnected(
            _client: mqtt.Client,
            _userdata: object,
            _flags: mqtt.DisconnectFlags,
            code: ReasonCode,
            _properties: Properties | None,
        ) -> None:
            logger.info("link disconnected code=%s", code)
            session.lost.set()
            session.ready.set()

        def published(
            _client: mqtt.Client,
            _userdata: object,
            mid: int,
            _code: ReasonCode,
            _properties: Properties,
        ) -> None:
            session.acknowledged(mid)

        def received(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
            self._on_message(message.topic, bytes(message.payload))

        session.client.on_connect = connected
        session.client.on_subscribe = subscribed
        session.client.on_disconnect = disconnected
        session.client.on_publish = published
        session.client.on_message = received
