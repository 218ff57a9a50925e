"""Emergencies and drills as those they concern may read them: lists, and one with its stations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from audio_library.store import AssetStore
from controller.domain.accounts import Actor
from controller.domain.emergencies import Kind, Part, State, StationTrace
from controller.domain.station_state import ShownState
from controller.errors import NotFoundError
from controller.services import emergency_rows as rows
from controller.services.emergency_recordings import Recordings
from controller.services.emergency_views import EmergencyView, traces, view_of, views_of
from controller.services.orders import Orders
from controller.services.phones import Phone, phones_of
from controller.services.places import Places
from controller.services.scope import among, may_see
from controller.storage.database import Database
from controller.storage.models import EmergencyRow, StationStateRow
from station_protocol.messages import OrderSound
from station_protocol.vocabulary import Reason

SHOWN = 50


@dataclass(frozen=True, slots=True)
class LiveView:
    """One that was sent, with what every station said about it."""

    view: EmergencyView
    traces: tuple[StationTrace, ...]
    ending: tuple[StationTrace, ...]
    """The same of what corrected it or called it off last; empty: nothing did."""
    own: frozenset[str]
    """Those of its stations that are the reader's: numbers of others are not for them."""
    phones: Mapping[str, Phone]
    """Whom to call, by own station; those nobody entered are left out."""


@dataclass(frozen=True)
class Tools:
    """What both desks work with."""

    database: Database
    now: Callable[[], datetime]
    places: Places
    sounds: AssetStore
    wake: Callable[[str], None]
    is_voice: Callable[[str], bool]
    check_password: Callable[[Actor, str], None]
    recordings: Recordings
    stops: Orders
    """Signs what stops it, always with the actual key: an exercise can make no station silent."""


class EmergencyReader:
    """What there is of one kind; nothing is changed here."""

    kind: ClassVar[Kind]

    def __init__(self, tools: Tools) -> None:
        self._database = tools.database
        self._now = tools.now
        self._places = tools.places
        self._sounds = tools.sounds
        self._wake = tools.wake
        self._is_voice = tools.is_voice
        self._check_password = tools.check_password
        self.recordings = tools.recordings
        self._stops = tools.stops

    def all(self, actor: Actor) -> tuple[EmergencyView, ...]:
        """Those that concern the actor's place, the latest first."""
        tree = self._places.tree()
        query = (
            select(EmergencyRow)
            .where(EmergencyRow.kind == self.kind.value)
            .order_by(EmergencyRow.composed_at.desc())
            .limit(10 * SHOWN)
        )
        with self._database.read() as session:
            found = [row for row in session.scalars(query) if rows.concerns(tree, actor, row)]
            return tuple(views_of(session, found[:SHOWN]))

    def running(self, actor: Actor) -> tuple[EmergencyView, ...]:
        """Those that may still sound at a station of the actor's place, the latest first."""
        tree = self._places.tree()
        with self._database.read() as session:
            found = [row for row in self._in_force(session) if rows.concerns(tree, actor, row)]
            return tuple(views_of(session, found)) if found else ()

    def is_stopped_at(self, view: EmergencyView, station_id: str) -> bool:
        """Whether somebody ordered that a station is to sound nothing more of it."""
        since = view.sent_at or view.composed_at
        with self._database.read() as session:
            return rows.is_stopped_at(
                session, self._places.tree(), station_id, view.emergency_id, since
            )

    def get(self, actor: Actor, emergency_id: str) -> EmergencyView:
        """One of them. NotFoundError for one that is none of the actor's business."""
        with self._database.read() as session:
            return view_of(session, self._row(session, actor, emergency_id))

    def live(self, actor: Actor, emergency_id: str) -> LiveView:
        """One that was sent, with what every station said so far. NotFoundError."""
        tree = self._places.tree()
        with self._database.read() as session:
            row = self._row(session, actor, emergency_id)
            view, now = view_of(session, row), self._now()
            said = traces(session, tree, row, now)
            ended = traces(session, tree, row, now, view.ending) if view.ending else ()
            own = frozenset(
                one.station_id
                for one in said
                if (station := tree.station(one.station_id)) is not None
                and may_see(tree, actor, station.place_id)
            )
            return LiveView(view, said, ended, own, phones_of(session, own))

    def without_device(self, view: EmergencyView) -> frozenset[str]:
        """Its stations that say they have no sound device: linked, and silent all the same."""
        row, tree = StationStateRow, self._places.tree()
        stations = [one.station_id for one in tree.stations_in(view.target_ids)]
        query = select(row.station_id, row.health_reasons).where(
            among(row.station_id, stations), row.shown_state == ShownState.DEGRADED.value
        )
        with self._database.read() as session:
            said = {one.station_id: one.health_reasons for one in session.execute(query)}
        return frozenset(
            one for one in stations if Reason.AUDIO_DEVICE_MISSING in said.get(one, ())
        )

    def sound_of(
        self, actor: Actor, emergency_id: str, part: Part, language: str = "vi"
    ) -> OrderSound:
        """The finished sound of a part, to be heard before it is sent. NotFoundError."""
        view = self.get(actor, emergency_id)
        said = view.parts[part].all.get(language) if part in view.parts else None
        if said is None or said.sound is None:
            raise NotFoundError(f"{part} of {emergency_id} has no sound in {language}")
        return said.sound

    def is_own(self, actor: Actor, view: EmergencyView) -> bool:
        """Whether it was made at the actor's place or below: theirs to drop or to call off."""
        return may_see(self._places.tree(), actor, view.place_id)

    def _row(self, session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
        return rows.find(session, self._places.tree(), actor, self.kind, emergency_id)

    def _in_force(self, session: Session) -> Sequence[EmergencyRow]:
        """All of this kind that were sent and are not over, the latest first."""
        query = (
            select(EmergencyRow)
            .where(
                EmergencyRow.kind == self.kind.value,
                EmergencyRow.state == State.SENT.value,
                EmergencyRow.until_at > self._now(),
                EmergencyRow.ended_at.is_(None),
            )
            .order_by(EmergencyRow.sent_at.desc())
        )
        return session.scalars(query).all()
