"""What a station makes of the bytes that arrive."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import pytest

from station_agent.core.events import (
    AckReceived,
    Event,
    LimitsReceived,
    MessageRefused,
    OrderReceived,
    PlanReceived,
)
from station_agent.link.handlers import Inbox
from station_protocol import codec, topics
from station_protocol.codec import Chunk
from station_protocol.messages import Message
from station_protocol.signing import Signer
from station_protocol.topics import Down
from station_protocol.transfer import chunk_header
from station_protocol.vocabulary import Purpose
from tests.support import wire

PLACE = "bac-ai"


@dataclass
class Station:
    events: list[Event] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox = Inbox(
            wire.STATION, (PLACE, "ninh-thuan"), wire.keys(), self.events.append, self.chunks.append
        )

    def gets(self, kind: Down, payload: bytes) -> list[Event]:
        self.inbox.receive(topics.down(wire.STATION, kind), payload)
        return self.events


def sealed(message: Message, purpose: Purpose, **changes: object) -> bytes:
    return codec.seal(message, wire.claims(purpose, **changes), wire.signer())


@pytest.mark.parametrize(
    ("kind", "message", "event"),
    [
        (Down.PLAN, wire.plan(), PlanReceived),
        (Down.LIMITS, wire.limits(), LimitsReceived),
        (Down.ORDER, wire.order(), OrderReceived),
        (Down.ACK, wire.ack(), AckReceived),
    ],
)
def test_a_signed_message_becomes_its_event(kind: Down, message: Message, event: type) -> None:
    payload = sealed(message, Purpose(kind.value))
    (got,) = Station().gets(kind, payload)
    assert isinstance(got, event)
    if isinstance(got, PlanReceived | LimitsReceived):
        assert got.raw == payload


def test_a_foreign_key_is_refused_by_its_reason() -> None:
    stranger = Signer.generate()
    claims = wire.claims(Purpose.PLAN, key_id=stranger.key_id)
    (got,) = Station().gets(Down.PLAN, codec.seal(wire.plan(), claims, stranger))
    assert isinstance(got, MessageRefused)
    assert (got.what, got.why) == ("plan", "signature_bad")


def test_a_plan_for_another_station_is_refused() -> None:
    plan = sealed(wire.plan(station_id="ninh-son-ma-noi"), Purpose.PLAN, audience="ninh-son-ma-noi")
    (got,) = Station().gets(Down.PLAN, plan)
    assert isinstance(got, MessageRefused)
    assert got.why == "wrong_audience"


def test_an_order_to_a_place_reaches_its_stations_only_on_that_places_topic() -> None:
    station = Station()
    payload = sealed(wire.order(), Purpose.ORDER, audience=PLACE)
    station.inbox.receive(topics.group_order(PLACE), payload)
    station.gets(Down.ORDER, payload)
    station.inbox.receive(topics.group_order(PLACE), sealed(wire.order(), Purpose.ORDER))
    assert isinstance(station.events[0], OrderReceived)
    assert all(isinstance(event, MessageRefused) for event in station.events[1:])
    assert len(station.events) == 3


def test_the_orders_in_an_ack_are_each_verified_like_one_received() -> None:
    good = base64.b64encode(sealed(wire.order(), Purpose.ORDER, audience=PLACE)).decode()
    forged = base64.b64encode(b"x" * 200).decode()
    ack = wire.ack(orders=(good, forged, "not base64!"))
    events = Station().gets(Down.ACK, sealed(ack, Purpose.ACK))
    assert [type(event) for event in events] == [
        AckReceived,
        OrderReceived,
        MessageRefused,
        MessageRefused,
    ]
    assert [event.why for event in events if isinstance(event, MessageRefused)] == [
        "signature_bad",
        "malformed",
    ]


def test_a_piece_of_sound_goes_straight_to_the_downloader() -> None:
    station = Station()
    header = chunk_header(wire.SHA, 1, 100_000)
    raw = codec.seal_chunk(header, b"y" * 34_464, wire.claims(Purpose.CHUNK), wire.signer())
    assert station.gets(Down.CHUNK, raw) == []
    assert station.chunks == [Chunk(header, b"y" * 34_464)]


def test_rubbish_on_any_topic_is_refused_and_nothing_more() -> None:
    station = Station()
    for kind in Down:
        station.gets(kind, b"\xff\x00rubbish")
    station.inbox.receive("some/other/topic", b"")
    assert all(isinstance(event, MessageRefused) for event in station.events)
    assert len(station.events) == len(Down) + 1
