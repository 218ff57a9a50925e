"""Notices: what somebody is told of, who is told, what is told together, how long it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from controller.domain.accounts import Role
from controller.domain.places import PlaceKind, PlaceTree
from controller.errors import InvalidInputError


class NoticeKind(StrEnum):
    """What a notice is about: the first six wait for a person, the others are alarms."""

    TO_APPROVE = "to_approve"
    RETURNED = "returned"
    TO_CONFIRM = "to_confirm"
    TO_REVIEW = "to_review"
    """An emergency or a drill somebody sent alone, which nobody has looked at since."""
    COMMENT = "comment"
    TO_ORDER = "to_order"
    """Two priority items that meet at the own station."""
    NOT_READY = "not_ready"
    SLOT_FAILED = "slot_failed"
    STATION_DOWN = "station_down"
    PUBLIC_FAULT = "public_fault"
    UNHEARD = "emergency_unheard"
    PRIORITY_FAILED = "priority_failed"
    FORGED = "forged"
    STATION_FAULT = "station_fault"
    CENTRE = "centre"

    @property
    def is_of_a_place(self) -> bool:
        """Whether it tells of stations or of the centre, and is gathered by place."""
        return self in ALARMS


class Way(StrEnum):
    """How somebody is told."""

    PAGE = "page"
    EMAIL = "email"
    WEBHOOK = "webhook"
    COMMAND = "command"

    @property
    def is_called(self) -> bool:
        """Whether one message is made for all who want it, and not one for each."""
        return self in {Way.WEBHOOK, Way.COMMAND}


_K = NoticeKind
_TROUBLE = (
    _K.UNHEARD,
    _K.PRIORITY_FAILED,
    _K.NOT_READY,
    _K.SLOT_FAILED,
    _K.STATION_DOWN,
    _K.FORGED,
    _K.STATION_FAULT,
    _K.PUBLIC_FAULT,
)
ALARMS = frozenset({*_TROUBLE, _K.CENTRE})
"""Kinds that tell of what went wrong in a place: who looks after it takes them on."""

OFFERED: Mapping[Role, tuple[NoticeKind, ...]] = {
    Role.ADMIN: (*_TROUBLE, _K.CENTRE),
    Role.OPERATOR: (_K.RETURNED, _K.COMMENT, _K.TO_ORDER, *_TROUBLE, _K.CENTRE),
    Role.APPROVER: (_K.TO_APPROVE, _K.TO_CONFIRM, _K.TO_REVIEW, _K.COMMENT, *_TROUBLE),
    Role.COMMUNE_OFFICER: (_K.RETURNED, _K.COMMENT, _K.TO_ORDER, *_TROUBLE),
    Role.AUDITOR: _TROUBLE,
}
"""What each role can be told of."""


def offered(role: Role, *, whole: bool) -> tuple[NoticeKind, ...]:
    """What somebody can be told of; of the centre only who looks after the `whole` province is."""
    return tuple(kind for kind in OFFERED[role] if whole or kind is not _K.CENTRE)


_UNASKED = {role: frozenset(kinds) for role, kinds in OFFERED.items()} | {
    Role.APPROVER: frozenset({_K.TO_APPROVE, _K.TO_CONFIRM, _K.TO_REVIEW, _K.COMMENT}),
    Role.AUDITOR: frozenset[NoticeKind](),
}
"""What each is told of before they chose: who only judges or looks is not woken for stations."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody wants to be told, and how."""

    ways: Mapping[NoticeKind, frozenset[Way]]
    email: str | None = None

    def wants(self, kind: NoticeKind, way: Way) -> bool:
        """Whether this kind is to come this way; by e-mail only to an address."""
        if way is Way.EMAIL and self.email is None:
            return False
        return way in self.ways.get(kind, frozenset())


def unasked(role: Role) -> Choices:
    """What holds before somebody chose: everything on the page, and by e-mail once there is one."""
    wanted = _UNASKED[role]
    return Choices({kind: frozenset({Way.PAGE, Way.EMAIL}) & _both(kind in wanted) for kind in _K})


def _both(is_wanted: bool) -> frozenset[Way]:
    return frozenset(Way) if is_wanted else frozenset()


def as_json(ways: Mapping[NoticeKind, Iterable[Way]]) -> dict[str, list[str]]:
    """Ways as a table keeps them."""
    return {kind.value: sorted(way.value for way in chosen) for kind, chosen in ways.items()}


def from_json(role: Role, kept: Mapping[str, Iterable[str]], email: str | None) -> Choices:
    """What was kept; a kind that came later holds as unasked, and an unknown word as nothing."""
    ways = dict(unasked(role).ways)
    for kind in NoticeKind:
        if kind.value in kept:
            ways[kind] = frozenset(Way(way) for way in kept[kind.value] if way in set(Way))
    return Choices(ways, email)


# --- what is told together ------------------------------------------------------------------------

GATHERED_FOR = timedelta(minutes=30)
"""So long after it began a notice takes in more of its kind, without being sent again."""

HELD_FOR: Mapping[NoticeKind, timedelta] = {
    _K.TO_CONFIRM: timedelta(),
    _K.TO_REVIEW: timedelta(),
    _K.NOT_READY: timedelta(seconds=30),
    _K.TO_APPROVE: timedelta(minutes=2),
    _K.RETURNED: timedelta(minutes=1),
    _K.COMMENT: timedelta(minutes=5),
    _K.TO_ORDER: timedelta(minutes=2),
    _K.SLOT_FAILED: timedelta(minutes=2),
    _K.STATION_DOWN: timedelta(minutes=2),
    _K.PUBLIC_FAULT: timedelta(minutes=5),
    _K.UNHEARD: timedelta(seconds=15),
    _K.PRIORITY_FAILED: timedelta(seconds=30),
    _K.FORGED: timedelta(seconds=30),
    _K.STATION_FAULT: timedelta(minutes=2),
    _K.CENTRE: timedelta(seconds=30),
}
"""How long the first of it waits for the others before it is sent away."""

GOOD_FOR: Mapping[NoticeKind, timedelta] = {
    _K.TO_CONFIRM: timedelta(minutes=10),
    _K.TO_REVIEW: timedelta(hours=48),
    _K.NOT_READY: timedelta(hours=2),
    _K.TO_APPROVE: timedelta(hours=24),
    _K.RETURNED: timedelta(hours=48),
    _K.COMMENT: timedelta(hours=48),
    _K.TO_ORDER: timedelta(hours=48),
    _K.SLOT_FAILED: timedelta(hours=24),
    _K.STATION_DOWN: timedelta(hours=24),
    _K.PUBLIC_FAULT: timedelta(hours=48),
    _K.UNHEARD: timedelta(hours=2),
    _K.PRIORITY_FAILED: timedelta(hours=24),
    _K.FORGED: timedelta(hours=24),
    _K.STATION_FAULT: timedelta(hours=24),
    _K.CENTRE: timedelta(hours=24),
}
"""After so long nobody is helped any more by getting it."""

DELIBERATE = frozenset(
    {
        "stopped_by_operator",
        "stopped_at_station",
        "declined_by_commune",
        "preempted",
        "withdrawn",
        "quiet_hours",
    }
)
"""Reasons of a slot that somebody decided: told in reports, but nobody is called for them."""


def gathered_at(
    tree: PlaceTree, reader_place_id: str, station_place_id: str, *, whole: bool = False
) -> str | None:
    """The place under which a reader is told of a station; None: it is none of theirs.

    A commune is told of itself; whoever looks after more is told of each district as one, and
    where the `whole` province is concerned, who looks after it of that as one.
    """
    if not tree.is_within(station_place_id, reader_place_id):
        return None
    kind = tree.places[reader_place_id].kind
    if kind is PlaceKind.COMMUNE or (whole and kind is PlaceKind.PROVINCE):
        return reader_place_id
    district = tree.district_of(station_place_id)
    return district.place_id if district else station_place_id


# --- sending away ---------------------------------------------------------------------------------

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed tries: 30 s, doubled each time, at most an hour."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 16)), LONGEST_PAUSE)


LONGEST_EMAIL = 254
"""RFC 5321, section 4.5.3.1.3, less the brackets."""
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def clean_email(text: str) -> str | None:
    """An address as typed, None for none. InvalidInputError for what no letter can be sent to."""
    address = text.strip()
    if not address:
        return None
    local = address.partition("@")[0]
    has_odd_dots = local.startswith(".") or local.endswith(".") or ".." in local
    if len(address) > LONGEST_EMAIL or has_odd_dots or not _EMAIL.fullmatch(address):
        raise InvalidInputError(address, field="email", problem="bad_email")
    return address


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a notice tells: its facts, and whether it still holds."""

    key: str
    facts: Mapping[str, str] = field(default_factory=dict)
    holds: bool = True
