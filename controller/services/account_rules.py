"""What an account may be: its name, role and place, and who may not be the last to go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Role, clean_username, fits, is_username, weakness
from controller.domain.bulletins import clean_text
from controller.domain.places import PlaceTree
from controller.errors import InvalidInputError, WeakPasswordError
from controller.services.audit import SYSTEM
from controller.storage.models import AccountRow

CHANGES = ("account.change", "account.disable", "account.enable", "account.reset")
"""The deeds that raise the version of an account."""

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What it takes to make one. `password` None: a random one that must be changed."""

    username: str
    full_name: str
    role: Role
    place_id: str
    password: str | None = None


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What an admin may give an account that is there already."""

    full_name: str
    role: Role
    place_id: str


def _clean_name(name: str) -> str:
    return " ".join(clean_text(name, field="full_name").split())


def checked(new: NewAccount, tree: PlaceTree) -> NewAccount:
    """The new account with its names in their stored form. InvalidInputError names the field."""
    username, full_name = clean_username(new.username), _clean_name(new.full_name)
    if not is_username(username):
        raise InvalidInputError(username, field="username", problem="bad_username")
    if username.casefold() == SYSTEM:
        raise InvalidInputError("the system's own name", field="username", problem="taken")
    _ensure_fits(AccountChange(full_name, new.role, new.place_id), tree)
    return NewAccount(username, full_name, new.role, new.place_id, new.password)


def checked_change(wanted: AccountChange, tree: PlaceTree) -> AccountChange:
    """The change with its name in its stored form. InvalidInputError names the field."""
    clean = replace(wanted, full_name=_clean_name(wanted.full_name))
    _ensure_fits(clean, tree)
    return clean


def _ensure_fits(wanted: AccountChange, tree: PlaceTree) -> None:
    if not wanted.full_name or len(wanted.full_name) > LONGEST_NAME:
        raise InvalidInputError("full name", field="full_name", problem="missing")
    if wanted.full_name.casefold() == SYSTEM:
        raise InvalidInputError("the system's own name", field="full_name", problem="reserved")
    place = tree.places.get(wanted.place_id)
    if place is None:
        raise InvalidInputError(wanted.place_id, field="place_id", problem="unknown_place")
    if not fits(wanted.role, place.kind):
        raise InvalidInputError(wanted.place_id, field="place_id", problem="place_kind")


def refuse_weak(password: str, username: str) -> None:
    """WeakPasswordError for a password that is none."""
    problem = weakness(password, username)
    if problem is not None:
        raise WeakPasswordError(problem, problem=problem)


def still_admin(tree: PlaceTree, row: AccountRow, wanted: AccountChange) -> bool:
    """Whether whoever was an admin stays one over all of the same place, or never was one."""
    if row.role != Role.ADMIN:
        return True
    return wanted.role is Role.ADMIN and tree.is_within(row.place_id, wanted.place_id)


def refuse_last_admin(session: Session, tree: PlaceTree, row: AccountRow) -> None:
    """InvalidInputError when nobody would be left who manages the accounts of its place."""
    if row.role != Role.ADMIN:
        return
    above = [place.place_id for place in tree.path(row.place_id)]
    others = (
        select(func.count())
        .select_from(AccountRow)
        .where(AccountRow.role == Role.ADMIN.value, AccountRow.place_id.in_(above))
        .where(AccountRow.disabled_at.is_(None))
        .where(AccountRow.account_id != row.account_id)
    )
    if not session.scalar(others):
        raise InvalidInputError("the last admin", field="account", problem="last_admin")


def told(was: AccountChange, wanted: AccountChange) -> dict[str, str]:
    """What differs, as the audit trail keeps it."""
    pairs = (
        ("full_name", "former_name", was.full_name, wanted.full_name),
        ("role", "former_role", was.role.value, wanted.role.value),
        ("place_id", "former_place_id", was.place_id, wanted.place_id),
    )
    found: dict[str, str] = {}
    for name, former, before, after in pairs:
        if before != after:
            found |= {name: after, former: before}
    return found
