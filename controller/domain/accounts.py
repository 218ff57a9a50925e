"""Who may do what: roles, permissions, and the place both are bound to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.places import PlaceKind


class Role(StrEnum):
    """The roles of the real organisation; an operator at the province is the province editor."""

    ADMIN = "admin"
    OPERATOR = "operator"
    APPROVER = "approver"
    COMMUNE_OFFICER = "commune_officer"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One kind of deed; a route asks for one, a role holds some."""

    VIEW = "view"
    WRITE_BULLETINS = "write_bulletins"
    APPROVE_BULLETINS = "approve_bulletins"
    COMMENT = "comment"
    WRITE_SCHEDULES = "write_schedules"
    ANSWER_OFFERS = "answer_offers"
    """To decline ordinary items from above, at the own commune."""
    STOP_SOUND = "stop_sound"
    WARN = "warn"
    ORDER_STATIONS = "order_stations"
    REPORT_FAULTS = "report_faults"
    CHECK_LISTENING = "check_listening"
    """To write down what was heard below the horns."""
    TAKE_ALARMS = "take_alarms"
    """To say that one sees to an alarm of the own place."""
    KEEP_CONTACTS = "keep_contacts"
    MANAGE_STATIONS = "manage_stations"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_AUDIT = "read_audit"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(
        {
            Permission.VIEW,
            Permission.TAKE_ALARMS,
            Permission.ORDER_STATIONS,
            Permission.KEEP_CONTACTS,
            Permission.MANAGE_STATIONS,
            Permission.MANAGE_ACCOUNTS,
            Permission.CHECK_LISTENING,
            Permission.READ_AUDIT,
        }
    ),
    Role.OPERATOR: frozenset(
        {
            Permission.VIEW,
            Permission.WRITE_BULLETINS,
            Permission.COMMENT,
            Permission.WRITE_SCHEDULES,
            Permission.STOP_SOUND,
            Permission.ORDER_STATIONS,
            Permission.KEEP_CONTACTS,
            Permission.REPORT_FAULTS,
            Permission.CHECK_LISTENING,
            Permission.TAKE_ALARMS,
            Permission.WARN,
        }
    ),
    Role.APPROVER: frozenset(
        {
            Permission.VIEW,
            Permission.APPROVE_BULLETINS,
            Permission.COMMENT,
            Permission.STOP_SOUND,
            Permission.TAKE_ALARMS,
            Permission.WARN,
        }
    ),
    Role.COMMUNE_OFFICER: frozenset(
        {
            Permission.VIEW,
            Permission.WRITE_BULLETINS,
            Permission.COMMENT,
            Permission.WRITE_SCHEDULES,
            Permission.ANSWER_OFFERS,
            Permission.STOP_SOUND,
            Permission.KEEP_CONTACTS,
            Permission.REPORT_FAULTS,
            Permission.CHECK_LISTENING,
            Permission.TAKE_ALARMS,
        }
    ),
    Role.AUDITOR: frozenset({Permission.VIEW, Permission.CHECK_LISTENING, Permission.READ_AUDIT}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody signed in, and where the request comes from. Valid at `place_id` and below."""

    account_id: str
    username: str
    full_name: str
    role: Role
    place_id: str
    address: str
    language: str = "vi"
    must_change_password: bool = False
    token: str = ""
    """The name of the personal token that asks in their name; empty: they sit at the screens."""

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission (where it holds is asked of the place tree)."""
        return permission in PERMISSIONS[self.role]


BOUND_TO: dict[Role, frozenset[PlaceKind]] = {
    Role.ADMIN: frozenset({PlaceKind.PROVINCE, PlaceKind.DISTRICT}),
    Role.OPERATOR: frozenset({PlaceKind.PROVINCE, PlaceKind.DISTRICT}),
    Role.APPROVER: frozenset(PlaceKind),
    Role.COMMUNE_OFFICER: frozenset({PlaceKind.COMMUNE}),
    Role.AUDITOR: frozenset(PlaceKind),
}
"""The levels of the tree a role can be bound to."""

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,38})[a-z0-9]")


def fits(role: Role, kind: PlaceKind) -> bool:
    """Whether a role makes sense at a place of this kind."""
    return kind in BOUND_TO[role]


def is_username(text: str) -> bool:
    """Whether a name can be used to sign in: 3-40 plain small letters, digits, `.`, `_`, `-`."""
    return _USERNAME.fullmatch(text) is not None


def clean_username(text: str) -> str:
    """What somebody typed as a name, as it is stored."""
    return unicodedata.normalize("NFC", text).strip().lower()


def clean_password(text: str) -> str:
    """One form for the same letters: Vietnamese keyboards write Ệ in several ways."""
    return unicodedata.normalize("NFC", text)


def weakness(password: str, username: str) -> str | None:
    """What is wrong with a new password: "short", "long", "name"; None when nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        return "short"
    if len(password) > LONGEST_PASSWORD:
        return "long"
    return "name" if username and username in password.lower() else None
