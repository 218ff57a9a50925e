"""The red bar of every page while an emergency is live: what sounds, where, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.accounts import Actor, Permission
from controller.domain.emergencies import PARTS, Part
from controller.domain.places import Place, PlaceTree
from controller.services.emergencies import EmergencyDesk
from controller.services.emergency_views import EmergencyView
from controller.web.policy import services


@dataclass(frozen=True, slots=True)
class Reach:
    """What of an emergency sounds in somebody's own place."""

    districts: tuple[Place, ...]
    stations: tuple[tuple[str, Place], ...]
    """Station ids with the places they serve, in the order of places."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One emergency that may sound now, to somebody it concerns."""

    view: EmergencyView
    places: tuple[Place, ...]
    """Where it was sent."""
    reach: Reach
    endings: tuple[Part, ...]
    """What the reader may send to end it everywhere: none for what was made above."""
    is_stopped: bool
    """Whether the reader's only station has been told to sound nothing more of it."""


def reach_of(tree: PlaceTree, actor: Actor, view: EmergencyView) -> Reach:
    """The stations of an emergency that the actor may stop, and their districts."""
    found = [
        (station.station_id, tree.places[station.place_id])
        for station in tree.stations_in(view.target_ids)
        if tree.is_within(station.place_id, actor.place_id)
    ]
    districts = {
        district.place_id: district
        for _station_id, place in found
        if (district := tree.district_of(place.place_id))
        and tree.is_within(district.place_id, actor.place_id)
    }
    return Reach(tuple(districts.values()), tuple(found))


def sounding(actor: Actor) -> Sequence[Alarm]:
    """What may sound now by emergency in the actor's place, the latest first."""
    desk, tree = services().emergencies, services().places.tree()
    return [_alarm(desk, tree, actor, view) for view in desk.running(actor)]


def _alarm(desk: EmergencyDesk, tree: PlaceTree, actor: Actor, view: EmergencyView) -> Alarm:
    reach = reach_of(tree, actor, view) if actor.may(Permission.STOP_SOUND) else Reach((), ())
    alone = reach.stations[0][0] if len(reach.stations) == 1 else None
    return Alarm(
        view,
        tuple(tree.places[one] for one in view.target_ids if one in tree.places),
        reach,
        _endings(view) if actor.may(Permission.WARN) and desk.is_own(actor, view) else (),
        alone is not None and desk.is_stopped_at(view, alone),
    )


def _endings(view: EmergencyView) -> tuple[Part, ...]:
    return tuple(part for part in PARTS[view.kind] if part is not Part.WARNING)


def version(alarms: Sequence[Alarm]) -> str:
    """Changes whenever the bar would look different."""
    return " ".join(
        f"{one.view.emergency_id}:{len(one.view.sent_parts)}:{one.is_stopped:d}" for one in alarms
    )
