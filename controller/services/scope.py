"""Whether something lies inside the asker's place: one rule, used by every service."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute

from controller.domain.accounts import Actor
from controller.domain.places import PlaceTree
from controller.errors import NotFoundError, OutOfScopeError
from controller.storage.models import PlaceRow

ASKED_BY_NAME = 500
"""Of more stations than these everything is read at once, which is sooner than naming each."""


def among(column: InstrumentedAttribute[str], ids: Collection[str]) -> ColumnElement[bool]:
    """The rows of these stations; of many all are read, which is sooner than naming each."""
    return column.in_(ids) if len(ids) <= ASKED_BY_NAME else true()


def may_see(tree: PlaceTree, actor: Actor, place_id: str) -> bool:
    """Whether a place is the actor's own or lies below it."""
    return tree.is_within(place_id, actor.place_id)


def is_near(tree: PlaceTree, place_id: str, owner_id: str) -> bool:
    """Whether a place may use what another made without its sharing: at it, below or above it."""
    return tree.is_within(place_id, owner_id) or tree.is_within(owner_id, place_id)


def ensure_within(tree: PlaceTree, actor: Actor, place_id: str | None) -> None:
    """NotFoundError for an object at a place outside the actor's: it does not exist for them."""
    if place_id is None or not may_see(tree, actor, place_id):
        raise NotFoundError(f"{place_id} is not within {actor.place_id}", place_id=place_id)


def ensure_targets(tree: PlaceTree, actor: Actor, place_ids: Iterable[str]) -> None:
    """OutOfScopeError when a form names a target outside the actor's place."""
    outside = [place_id for place_id in place_ids if not may_see(tree, actor, place_id)]
    if outside:
        raise OutOfScopeError(f"{outside} not within {actor.place_id}", place_ids=outside)


def at_or_below(
    column: InstrumentedAttribute[str], tree: PlaceTree, place_id: str
) -> ColumnElement[bool]:
    """The rows of a place and of all below it; thousands of places are not named one by one."""
    if tree.children(None) == (tree.places[place_id],):
        return column.in_(select(PlaceRow.place_id).where(PlaceRow.valid_until.is_(None)))
    return column.in_([place.place_id for place in tree.walk(place_id)])
