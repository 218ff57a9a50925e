"""Every topic of the wire: builder, filter, QoS, retain. Nobody else spells a topic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from station_protocol.errors import UnknownTopicError

ROOT = "vang/1"
_ID = re.compile(r"[a-z0-9-]{1,40}")
_UP = re.compile(rf"{ROOT}/u/([a-z0-9-]{{1,40}})/([a-z]+)")
_DOWN = re.compile(rf"{ROOT}/(d|g)/([a-z0-9-]{{1,40}})/([a-z]+)")


class Down(StrEnum):
    """Kinds of message from the centre to a station."""

    PLAN = "plan"
    LIMITS = "limits"
    ORDER = "order"
    ACK = "ack"
    CHUNK = "chunk"


class Up(StrEnum):
    """Kinds of message from a station to the centre."""

    HELLO = "hello"
    BEAT = "beat"
    JOURNAL = "journal"
    REPLY = "reply"
    WANT = "want"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the broker is asked to carry one kind of message."""

    qos: int
    retain: bool


DOWN_DELIVERY = {
    Down.PLAN: Delivery(qos=1, retain=True),
    Down.LIMITS: Delivery(qos=1, retain=True),
    Down.ORDER: Delivery(qos=1, retain=False),
    Down.ACK: Delivery(qos=1, retain=False),
    Down.CHUNK: Delivery(qos=1, retain=False),
}
UP_DELIVERY = {
    Up.HELLO: Delivery(qos=1, retain=False),
    Up.BEAT: Delivery(qos=0, retain=False),
    Up.JOURNAL: Delivery(qos=1, retain=False),
    Up.REPLY: Delivery(qos=1, retain=False),
    Up.WANT: Delivery(qos=1, retain=False),
    Up.LINK: Delivery(qos=1, retain=True),
}

_DOWN_KINDS = frozenset(kind.value for kind in Down)
_UP_KINDS = frozenset(kind.value for kind in Up)

ALL_UP = f"{ROOT}/u/+/+"
"""The controller's one subscription."""


def _checked(identifier: str) -> str:
    if not _ID.fullmatch(identifier):
        raise UnknownTopicError(f"not a station or place id: {identifier!r}")
    return identifier


def down(station_id: str, kind: Down) -> str:
    """The topic of one kind of message to one station."""
    return f"{ROOT}/d/{_checked(station_id)}/{kind}"


def group_order(place_id: str) -> str:
    """The topic of an order to every station of a place; the broker fans it out."""
    return f"{ROOT}/g/{_checked(place_id)}/order"


def up(station_id: str, kind: Up) -> str:
    """The topic of one kind of message from one station."""
    return f"{ROOT}/u/{_checked(station_id)}/{kind}"


def station_filters(station_id: str, place_ids: tuple[str, ...]) -> tuple[str, ...]:
    """What a station subscribes to: everything of its own, and orders to its places."""
    own = f"{ROOT}/d/{_checked(station_id)}/#"
    return (own, *(group_order(place_id) for place_id in place_ids))


def parse_up(topic: str) -> tuple[str, Up]:
    """The station id and the kind an up topic names."""
    match = _UP.fullmatch(topic)
    if match is None or match[2] not in _UP_KINDS:
        raise UnknownTopicError(f"not an up topic: {topic!r}")
    return match[1], Up(match[2])


def parse_down(topic: str) -> tuple[str, Down]:
    """The audience (station or place id) and the kind a down topic names."""
    match = _DOWN.fullmatch(topic)
    if match is None or match[3] not in _DOWN_KINDS:
        raise UnknownTopicError(f"not a down topic: {topic!r}")
    if match[1] == "g" and match[3] != Down.ORDER:
        raise UnknownTopicError(f"a group carries orders only: {topic!r}")
    return match[2], Down(match[3])
