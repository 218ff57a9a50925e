"""Who asks, and the places they may ask about."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from controller.domain.accounts import Role
from controller.domain.places import PlaceKind
from controller.domain.tokens import Scope
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import Answer, PlaceName, place_name
from controller.web.policy import current_actor, current_holder, services

operations = Operations("me", "Who asks, and where.")


class Me(Answer):
    """The owner of the token, and what the token may do."""

    username: str
    full_name: str
    role: Role
    place: PlaceName = Field(description="Everything is asked and done here and below.")
    scopes: tuple[Scope, ...]
    expires_at: datetime


class PlaceItem(Answer):
    """A place of the tree."""

    place_id: str
    kind: PlaceKind
    parent_id: str | None
    name: str
    station_ids: tuple[str, ...] = Field(description="Of the stations at this very place.")


class PlaceList(Answer):
    """The own place and everything below it, parents first."""

    items: tuple[PlaceItem, ...]


@operations.read("/me", None, None)
def me() -> Me:
    """Who asks by this token, and what it may do."""
    holder, actor = current_holder(), current_actor()
    return Me(
        username=actor.username,
        full_name=actor.full_name,
        role=actor.role,
        place=place_name(actor.place_id),
        scopes=tuple(scope for scope in Scope if scope in holder.scopes),
        expires_at=holder.expires_at,
    )


@operations.read("/places", None, None)
def places() -> PlaceList:
    """The own place and everything below it.

    Their ids name what a schedule is for.
    """
    tree = services().places.tree()
    return PlaceList(
        items=tuple(
            PlaceItem(
                place_id=place.place_id,
                kind=place.kind,
                parent_id=place.parent_id,
                name=place.full_name,
                station_ids=tuple(
                    station.station_id
                    for station in tree.stations_in([place.place_id])
                    if station.place_id == place.place_id
                ),
            )
            for place in tree.walk(current_actor().place_id)
        )
    )
