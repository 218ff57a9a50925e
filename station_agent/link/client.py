"""The station's connection to the broker; the only paho in the agent.

Sessions are clean: the broker is a wire and keeps nothing for us. What a station missed comes with
the retained plan and limits and with the answer to its hello; a persistent session would only have
the broker queue orders that are stale by the time they arrive. Each attempt is a new client, so
nothing sent before a break is sent again behind the core's back: the core says it anew.

A message is confirmed to the broker when the station has dealt with it, not when it came: what an
emergency needs is done before anybody is told that it arrived, and a station whose card has stuck
is sent no more than the broker's window of unconfirmed messages.
"""

from __future__ import annotations

import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from station_agent.core.events import Event, LinkDown, LinkUp, SubscriptionRefused
from station_agent.link.addresses import LastAddresses
from station_agent.link.backoff import reconnect_delay_s
from station_protocol import codec, topics
from station_protocol.messages import (
    Heartbeat,
    Hello,
    JournalBatch,
    LinkState,
    Reply,
    UpMessage,
    Want,
)
from station_protocol.topics import UP_DELIVERY, Up

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
_MOST_INFLIGHT = 20
_MOST_QUEUED = 2_000
"""Answers that wait for the line: orders played back in hundreds must not push out a new one."""
_FAREWELL_S = 1.0
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python does not name."""
_KIND_OF: dict[type[UpMessage], Up] = {
    Hello: Up.HELLO,
    Heartbeat: Up.BEAT,
    JournalBatch: Up.JOURNAL,
    Reply: Up.REPLY,
    Want: Up.WANT,
    LinkState: Up.LINK,
}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it. `tls_ca` is a file; empty: no TLS."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    client_id: str
    tls_ca: str = ""


class _TidySocket(ssl.SSLSocket):
    """paho forgets the socket of a handshake that failed; this one closes itself."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class _NamedContext(ssl.SSLContext):
    """Asks for the certificate of `name`, by whatever address it is reached."""

    name = ""

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **{**options, "server_hostname": self.name})


def _tls_context(address: BrokerAddress, *, checks_dates: bool) -> ssl.SSLContext:
    """The pinned authority must have signed in any case; whether it still holds needs a clock."""
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=address.tls_ca)
    context.name = address.host
    context.sslsocket_class = _TidySocket
    if not checks_dates:
        context.verify_flags |= _NO_CHECK_TIME
    return context


class Link:
    """Connects, subscribes, connects again; `receive` and `emit` are called in its threads."""

    def __init__(
        self,
        address: BrokerAddress,
        station_id: str,
        place_ids: tuple[str, ...],
        *,
        receive: Callable[[str, bytes], None],
        emit: Callable[[Event], None],
        after: Callable[[Callable[[], None]], None],
        addresses: LastAddresses | None = None,
        dice: random.Random | None = None,
    ) -> None:
        """`after` has something done once all that was emitted so far is dealt with."""
        self._address = address
        self._addresses = addresses or LastAddresses()
        self._station_id = station_id
        self._filters = topics.station_filters(station_id, place_ids)
        self._receive = receive
        self._emit = emit
        self._after = after
        self._knows_time: Callable[[], bool] = lambda: True
        self._dice = dice or random.Random()  # noqa: S311 - spreads reconnects, protects nothing
        self._client: mqtt.Client | None = None
        self._is_up = False
        self._was_up = False
        self._awaited: dict[int, str] = {}
        self._why = ""
        self._broken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def judge_dates(self, knows_time: Callable[[], bool]) -> None:
        """Look at a certificate's dates only while the time is known.

        A station in 1970 would refuse every certificate, and so never learn the time.
        """
        self._knows_time = knows_time

    def start(self) -> None:
        """Begin to connect, and never stop trying."""
        self._thread.start()

    def send(self, message: UpMessage) -> bool:
        """Publish; False and nothing more when the link is down or its queue is full."""
        client = self._client
        if client is None or not self._is_up:
            return False
        return self._publish(client, message)

    def close(self) -> None:
        """Say goodbye and disconnect."""
        self._closing.set()
        client = self._client
        if client is not None and self._is_up:
            self._say_goodbye(client)
        self._broken.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    # --- connecting ---

    def _run(self) -> None:
        down_since = time.monotonic()
        while not self._closing.is_set():
            if self._connect_once():
                down_since = time.monotonic()
            delay = reconnect_delay_s(time.monotonic() - down_since, self._dice)
            logger.info("link down station=%s retry_s=%.1f", self._station_id, delay)
            self._closing.wait(delay)

    def _connect_once(self) -> bool:
        """One connection from attempt to end; whether it was ever up."""
        self._broken.clear()
        self._awaited.clear()
        self._was_up = False
        client = self._client = self._new_client()
        try:
            self._dial(client)
        except (OSError, ValueError) as error:
            self._note_down(f"{type(error).__name__}: {error}")
        else:
            client.loop_start()
            self._broken.wait()
            client.disconnect()
            client.loop_stop()
        self._client = None
        self._is_up = False
        return self._was_up

    def _dial(self, client: mqtt.Client) -> None:
        """By name; where nobody knows the name, at the address that was good last."""
        host, port = self._address.host, self._address.port
        try:
            client.connect(host, port, KEEPALIVE_S)
        except socket.gaierror:
            last = self._addresses.of(host)
            if last is None:
                raise
            logger.warning("no address for host=%s, trying %s", host, last)
            client.connect(last, port, KEEPALIVE_S)

    def _remember_address(self, client: mqtt.Client) -> None:
        connection = client.socket()
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                self._addresses.reached(self._address.host, connection.getpeername()[0])

    def _new_client(self) -> mqtt.Client:
        address = self._address
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.username_pw_set(address.user, address.password)
        if address.tls_ca:
            checks_dates = self._knows_time()
            client.tls_set_context(_tls_context(address, checks_dates=checks_dates))
        client.max_inflight_messages_set(_MOST_INFLIGHT)
        client.max_queued_messages_set(_MOST_QUEUED)
        client.will_set(
            topics.up(self._station_id, Up.LINK),
            codec.encode_up(LinkState(station_id=self._station_id, online=False)),
            qos=UP_DELIVERY[Up.LINK].qos,
            retain=UP_DELIVERY[Up.LINK].retain,
        )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _say_goodbye(self, client: mqtt.Client) -> None:
        farewell = LinkState(station_id=self._station_id, online=False)
        delivery = UP_DELIVERY[Up.LINK]
        note = client.publish(
            topics.up(self._station_id, Up.LINK),
            codec.encode_up(farewell),
            qos=delivery.qos,
            retain=delivery.retain,
        )
        try:
            note.wait_for_publish(_FAREWELL_S)
        except (RuntimeError, ValueError):
            logger.info("goodbye not delivered station=%s", self._station_id)

    def _publish(self, client: mqtt.Client, message: UpMessage) -> bool:
        kind = _KIND_OF[type(message)]
        delivery = UP_DELIVERY[kind]
        note = client.publish(
            topics.up(self._station_id, kind),
            codec.encode_up(message),
            qos=delivery.qos,
            retain=delivery.retain,
        )
        if note.rc == mqtt.MQTT_ERR_QUEUE_SIZE:
            logger.warning("queue is full, dropped kind=%s station=%s", kind, self._station_id)
        return note.rc == mqtt.MQTT_ERR_SUCCESS

    def _note_down(self, why: str) -> None:
        """Tell the core once for each change; every attempt is logged."""
        logger.warning("link failed station=%s: %s", self._station_id, why)
        was_up, self._is_up = self._is_up, False
        if was_up or why != self._why:
            self._why = why
            self._emit(LinkDown(why))

    # --- called by paho, in its thread ---

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._note_down(str(reason))
            self._broken.set()
            return
        for topic_filter in self._filters:
            result, number = client.subscribe(topic_filter, qos=1)
            if result == mqtt.MQTT_ERR_SUCCESS and number is not None:
                self._awaited[number] = topic_filter

    def _on_subscribe(
        self, client: mqtt.Client, _data: Any, number: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        topic_filter = self._awaited.pop(number, "")
        if any(reason.is_failure for reason in reasons):
            logger.warning("subscription refused filter=%s", topic_filter)
            self._emit(SubscriptionRefused(topic_filter))
        if not self._awaited and not self._is_up:
            self._is_up = self._was_up = True
            self._why = ""
            self._remember_address(client)
            self._publish(client, LinkState(station_id=self._station_id, online=True))
            logger.info("link up station=%s", self._station_id)
            self._emit(LinkUp())

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if not self._closing.is_set():
            self._note_down(str(reason))
        self._broken.set()

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            self._receive(message.topic, bytes(message.payload))
        except Exception:
            # A border: one message that trips us must not take the link away from all others.
            logger.exception("message handler failed topic=%s", message.topic)
        self._after(partial(self._confirm, client, message.mid, message.qos))

    def _confirm(self, client: mqtt.Client, number: int, qos: int) -> None:
        """Called in the main loop; of a connection that is over nothing is confirmed."""
        if client is self._client:
            client.ack(number, qos)
