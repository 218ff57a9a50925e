"""Everybody who can be told of something, with what they chose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Permission, Role
from controller.domain.notices import OFFERED, Choices, NoticeKind, from_json, gathered_at, unasked
from controller.domain.places import PlaceTree
from controller.storage.models import AccountRow, NoticeChoiceRow


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account that is open."""

    actor: Actor
    choices: Choices

    def can_be_told(self, kind: NoticeKind) -> bool:
        """Whether the role has anything to do with it."""
        return kind in OFFERED[self.actor.role]


@dataclass(frozen=True)
class People:
    """Everybody, by account and by place."""

    tree: PlaceTree
    by_id: Mapping[str, Person]

    @cached_property
    def _by_place(self) -> Mapping[str, list[Person]]:
        found: defaultdict[str, list[Person]] = defaultdict(list)
        for person in self.by_id.values():
            found[person.actor.place_id].append(person)
        return found

    def with_permission(self, permission: Permission) -> list[Person]:
        """Those whose role holds it."""
        return [one for one in self.by_id.values() if one.actor.may(permission)]

    def at(self, place_id: str, kind: NoticeKind) -> list[Person]:
        """Those of this very place who have anything to do with the kind."""
        return [one for one in self._by_place.get(place_id, ()) if one.can_be_told(kind)]

    def groups_of(
        self, kind: NoticeKind, station_place_id: str, *, whole: bool = False
    ) -> Mapping[str, frozenset[str]]:
        """Under which places a station is told, and to which accounts; none where nobody is.

        `whole`: the province is told as one.
        """
        found: defaultdict[str, set[str]] = defaultdict(set)
        for place in self.tree.path(station_place_id):
            group = gathered_at(self.tree, place.place_id, station_place_id, whole=whole)
            told = self.at(place.place_id, kind)
            if group is not None and told:
                found[group] |= {one.actor.account_id for one in told}
        return {group: frozenset(accounts) for group, accounts in found.items()}


def people_of(session: Session, tree: PlaceTree) -> People:
    """Everybody whose account is open and whose place is there."""
    query = (
        select(AccountRow, NoticeChoiceRow)
        .join(NoticeChoiceRow, NoticeChoiceRow.account_id == AccountRow.account_id, isouter=True)
        .where(AccountRow.disabled_at.is_(None))
    )
    return People(
        tree,
        {
            row.account_id: Person(_actor(row), choices_of(Role(row.role), chosen))
            for row, chosen in session.execute(query)
            if row.place_id in tree.places
        },
    )


def choices_of(role: Role, row: NoticeChoiceRow | None) -> Choices:
    """What somebody chose, or has unasked."""
    return from_json(role, row.ways, row.email) if row else unasked(role)


def _actor(row: AccountRow) -> Actor:
    return Actor(
        row.account_id, row.username, row.full_name, Role(row.role), row.place_id, "", row.language
    )
