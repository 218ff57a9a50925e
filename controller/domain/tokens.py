"""Personal tokens for other programs: what one may be let into, for how long, and its name."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from enum import StrEnum

from controller.domain.accounts import Actor, Permission
from controller.errors import InvalidInputError

PREFIX = "vang_"
"""What a token begins with, so that one in a file or a log is known for what it is."""

LONGEST = timedelta(days=365)
MOST = 20
"""Tokens of one account that work at the same time."""

LONGEST_NAME = 60
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


class Scope(StrEnum):
    """One area of work, to be read or also written; writing includes reading."""

    STATIONS_READ = "stations:read"
    BULLETINS_READ = "bulletins:read"
    BULLETINS_WRITE = "bulletins:write"
    SCHEDULES_READ = "schedules:read"
    SCHEDULES_WRITE = "schedules:write"
    EMERGENCIES_READ = "emergencies:read"
    ALARMS_READ = "alarms:read"
    ALARMS_WRITE = "alarms:write"
    AUDIT_READ = "audit:read"


NEEDS: dict[Scope, frozenset[Permission]] = {
    Scope.STATIONS_READ: frozenset({Permission.VIEW}),
    Scope.BULLETINS_READ: frozenset({Permission.VIEW}),
    Scope.BULLETINS_WRITE: frozenset({Permission.WRITE_BULLETINS, Permission.APPROVE_BULLETINS}),
    Scope.SCHEDULES_READ: frozenset({Permission.VIEW}),
    Scope.SCHEDULES_WRITE: frozenset({Permission.WRITE_SCHEDULES}),
    Scope.EMERGENCIES_READ: frozenset({Permission.VIEW}),
    Scope.ALARMS_READ: frozenset({Permission.VIEW}),
    Scope.ALARMS_WRITE: frozenset({Permission.TAKE_ALARMS}),
    Scope.AUDIT_READ: frozenset({Permission.READ_AUDIT}),
}
"""The permissions of which a role must hold one, or the scope would open nothing to it."""

_INCLUDED = {
    Scope.BULLETINS_READ: Scope.BULLETINS_WRITE,
    Scope.SCHEDULES_READ: Scope.SCHEDULES_WRITE,
    Scope.ALARMS_READ: Scope.ALARMS_WRITE,
}


class Refusal(StrEnum):
    """Why a token opens nothing."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DISABLED = "account_disabled"
    PASSWORD = "password_change"  # noqa: S105 - the word for it
    """The owner has to choose a new password first, as at the screens."""


def offered(actor: Actor) -> tuple[Scope, ...]:
    """The scopes that mean something for the actor's role."""
    return tuple(scope for scope in Scope if any(actor.may(one) for one in NEEDS[scope]))


def covers(held: Collection[Scope], wanted: Scope) -> bool:
    """Whether a token with these scopes may do what asks for this one."""
    return wanted in held or _INCLUDED.get(wanted) in held


def clean_name(text: str) -> str:
    """What a token is called, in one line. InvalidInputError."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise InvalidInputError("no name", field="name", problem="missing")
    if len(name) > LONGEST_NAME:
        raise InvalidInputError("name too long", field="name", problem="text_too_long")
    if any(unicodedata.category(char) in _INVISIBLE for char in name):
        raise InvalidInputError("hidden characters", field="name", problem="hidden_characters")
    return name


def clean_scopes(actor: Actor, wanted: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes asked for, each once. InvalidInputError for none, or for one of another role."""
    chosen = set(wanted)
    if not chosen:
        raise InvalidInputError("no scope", field="scopes", problem="no_scope")
    beyond = chosen - {scope.value for scope in offered(actor)}
    if beyond:
        raise InvalidInputError(f"{sorted(beyond)}", field="scopes", problem="scope_beyond_role")
    return tuple(scope for scope in Scope if scope.value in chosen)


def clean_last_day(day: date, today: date) -> date:
    """The last day on which it works: from today on, within a year. InvalidInputError."""
    if day < today:
        raise InvalidInputError(f"{day}", field="expires_on", problem="day_over")
    if day > today + LONGEST:
        raise InvalidInputError(f"{day}", field="expires_on", problem="over_a_year")
    return day
