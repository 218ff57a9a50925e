"""Emergencies: composed by one person, confirmed by another, sent as signed orders, called off.

A drill takes the same way with other words, another key and another signal. Which of the two a
proposal is stands in its row from the first moment; the desk of one kind does not find the other's.
"""

from __future__ import annotations

import base64
import logging
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from audio_library.store import AssetStore
from controller.domain import pieces
from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.emergencies import (
    CONFIRMED_WITHIN,
    PARTS,
    SHORTEST,
    Kind,
    Part,
    State,
    StationTrace,
    cover,
    is_typed,
    may_second,
    phrase,
)
from controller.domain.pieces import Said
from controller.domain.places import PlaceTree
from controller.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    WrongStateError,
)
from controller.services.audit import Deed as AuditDeed
from controller.services.audit import record
from controller.services.emergency_views import (
    EmergencyView,
    traces,
    view_of,
    views_of,
)
from controller.services.emergency_wish import EmergencyWish, checked
from controller.services.identifiers import new_id
from controller.services.numbers import Counter, next_number
from controller.services.orders import Orders
from controller.services.phones import Phone, phones_of
from controller.services.piece_desk import want
from controller.services.places import Places
from controller.services.scope import ensure_targets, is_near, may_see
from controller.storage.database import Database
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    EmergencyOrderRow,
    EmergencyPartRow,
    EmergencyRow,
)
from station_protocol.messages import Deed, DrillDeed, EmergencyDeed, OrderSound, StopDeed
from station_protocol.vocabulary import Authority

logger = logging.getLogger(__name__)

CARRIED_BYTES = 128_000
"""Sound an order carries with it; longer words are fetched while the signal sounds."""

SIGNAL_MS = 6_000
CALLED_OFF_SIGNAL_MS = 2_000
SHOWN = 50
DRILL_SAID = "Đây là diễn tập, không phải thật."
_ENDING_TITLES = {Part.CORRECTION: "Đính chính", Part.ALL_CLEAR: "Hết nguy hiểm"}


@dataclass(frozen=True, slots=True)
class LiveView:
    """One that was sent, with what every station said about it."""

    view: EmergencyView
    traces: tuple[StationTrace, ...]
    phones: Mapping[str, Phone]
    """Whom to call, by station; those nobody entered are left out."""


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
    orders: Orders
    """Signs what sounds, with the key of the kind."""
    stops: Orders
    """Signs what stops it, always with the actual key: an exercise can make no station silent."""


DeedAt = Callable[[str], Deed]
"""What is ordered, by the place it is ordered to."""


class _Desk(ABC):
    kind: ClassVar[Kind]

    def __init__(self, tools: Tools) -> None:
        self._database = tools.database
        self._now = tools.now
        self._places = tools.places
        self._sounds = tools.sounds
        self._wake = tools.wake
        self._is_voice = tools.is_voice
        self._check_password = tools.check_password
        self._orders = tools.orders
        self._stops = tools.stops

    # --- reading ----------------------------------------------------------------------------------

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
            rows = [row for row in session.scalars(query) if self._concerns(tree, actor, row)]
            return tuple(views_of(session, rows[:SHOWN]))

    def running(self, actor: Actor) -> tuple[EmergencyView, ...]:
        """Those that may still sound at a station of the actor's place, the latest first."""
        tree, now = self._places.tree(), self._now()
        query = (
            select(EmergencyRow)
            .where(
                EmergencyRow.kind == self.kind.value,
                EmergencyRow.state == State.SENT.value,
                EmergencyRow.until_at > now,
                EmergencyRow.ended_at.is_(None),
            )
            .order_by(EmergencyRow.sent_at.desc())
        )
        with self._database.read() as session:
            rows = [row for row in session.scalars(query) if self._concerns(tree, actor, row)]
            return tuple(views_of(session, rows)) if rows else ()

    def get(self, actor: Actor, emergency_id: str) -> EmergencyView:
        """One of them. NotFoundError for one that is none of the actor's business."""
        with self._database.read() as session:
            return view_of(session, self._row(session, actor, emergency_id))

    def live(self, actor: Actor, emergency_id: str) -> LiveView:
        """One that was sent, with what every station said so far. NotFoundError."""
        tree = self._places.tree()
        with self._database.read() as session:
            row = self._row(session, actor, emergency_id)
            said = traces(session, tree, row)
            phones = phones_of(session, [one.station_id for one in said])
            return LiveView(view_of(session, row), said, phones)

    def sound_of(self, actor: Actor, emergency_id: str, part: Part) -> OrderSound:
        """The finished sound of a part, to be heard before it is sent. NotFoundError."""
        view = self.get(actor, emergency_id)
        found = view.parts[part].sound if part in view.parts else None
        if found is None:
            raise NotFoundError(f"{part} of {emergency_id} has no sound")
        return found

    def _concerns(self, tree: PlaceTree, actor: Actor, row: EmergencyRow) -> bool:
        """Made at the actor's place or below, or sounding there."""
        return may_see(tree, actor, row.place_id) or any(
            is_near(tree, actor.place_id, target) for target in row.target_ids
        )

    def _row(self, session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
        row = session.get(EmergencyRow, emergency_id)
        if (
            row is None
            or row.kind != self.kind
            or not self._concerns(self._places.tree(), actor, row)
        ):
            raise NotFoundError(f"{self.kind} {emergency_id}", object_id=emergency_id)
        return row

    # --- composing --------------------------------------------------------------------------------

    def propose(self, actor: Actor, wish: EmergencyWish) -> str:
        """Keep what was composed and have its words spoken; the id.

        InvalidInputError for a field that cannot be, OutOfScopeError for a place elsewhere.
        """
        tree, at = self._places.tree(), self._now()
        wish = checked(self._meant(wish), PARTS[self.kind], self._is_voice)
        ensure_targets(tree, actor, wish.target_ids)
        targets = cover(tree, wish.target_ids)
        stations = tree.stations_in(targets)
        if not stations:
            raise InvalidInputError("no station", field="targets", problem="missing")
        row = EmergencyRow(
            emergency_id=new_id(at),
            kind=self.kind.value,
            hazard=wish.hazard,
            level=wish.level,
            title=wish.title,
            source=wish.source,
            place_id=actor.place_id,
            target_ids=list(targets),
            stations=len(stations),
            repeat_every_s=wish.repeat_every_min * 60 or None,
            lasts_s=wish.lasts_min * 60,
            until_at=at + CONFIRMED_WITHIN,
            state=State.PROPOSED.value,
            composed_by=actor.account_id,
            composed_by_name=actor.full_name,
            composed_at=at,
        )
        with self._database.write() as session:
            recording = self._recording(session, actor, wish.bulletin_id)
            session.add(row)
            session.flush()
            for part, text in wish.texts.items():
                said = Said(self.spoken(part, text), wish.voice)
                kept = EmergencyPartRow(emergency_id=row.emergency_id, part=part.value, text=text)
                if part is Part.WARNING and recording is not None:
                    kept.bulletin_version_id = recording
                else:
                    kept.piece_id = pieces.piece_id(said)
                    want(session, [said], at, is_urgent=True)
                session.add(kept)
            self._write_down(session, actor, row, "propose", stations=len(stations))
        self._wake("pieces")
        return row.emergency_id

    def _recording(self, session: Session, actor: Actor, bulletin_id: str) -> str | None:
        """The newest Vietnamese sound of an approved bulletin of the actor's place."""
        if not bulletin_id:
            return None
        bulletin = session.get(BulletinRow, bulletin_id)
        tree = self._places.tree()
        if bulletin is None or not (
            may_see(tree, actor, bulletin.place_id) or bulletin.shared_at is not None
        ):
            raise NotFoundError(f"bulletin {bulletin_id}", object_id=bulletin_id)
        version = session.scalar(
            select(BulletinVersionRow)
            .where(
                BulletinVersionRow.bulletin_id == bulletin_id,
                BulletinVersionRow.language == "vi",
                BulletinVersionRow.state == "ready",
            )
            .order_by(BulletinVersionRow.number.desc())
            .limit(1)
        )
        if bulletin.state != "approved" or version is None:
            raise InvalidInputError("not approved", field="bulletin", problem="not_approved")
        return version.bulletin_version_id

    def withdraw(self, actor: Actor, emergency_id: str) -> None:
        """Drop a proposal of the actor's place or below. WrongStateError once it was sent."""
        with self._database.write() as session:
            row = self._proposal(session, actor, emergency_id)
            self._ensure_own(actor, row)
            row.state = State.WITHDRAWN.value
            self._write_down(session, actor, row, "withdraw")

    # --- sending ----------------------------------------------------------------------------------

    def confirm(
        self, actor: Actor, emergency_id: str, typed: str, *, signal_only: bool = False
    ) -> None:
        """Send it as the second person.

        ForbiddenError for who may not be that; InvalidInputError `typed` or `sound`;
        WrongStateError when it was sent, withdrawn or waited too long.
        """
        at = self._now()
        with self._database.write() as session:
            row = self._proposal(session, actor, emergency_id)
            if not may_second(self._places.tree(), actor, row.composed_by, row.place_id):
                raise ForbiddenError(f"{actor.username} cannot be the second person")
            self._send(session, actor, row, typed, at, signal_only=signal_only)
            self._write_down(session, actor, row, "send", composed_by=row.composed_by_name)
        self._wake("outbox")

    def send_alone(
        self,
        actor: Actor,
        emergency_id: str,
        typed: str,
        *,
        password: str,
        why: str,
        signal_only: bool = False,
    ) -> None:
        """Send the own proposal without a second person: the password again, and a reason.

        Errors as for `confirm`; SignInRefusedError or AccountLockedError for the password.
        """
        at, reason = self._now(), clean_text(why)[:500]
        if not reason:
            raise InvalidInputError("no reason", field="why", problem="missing")
        self._check_password(actor, password)
        with self._database.write() as session:
            row = self._proposal(session, actor, emergency_id)
            if row.composed_by != actor.account_id:
                raise ForbiddenError(f"{emergency_id} was composed by somebody else")
            row.alone_why = reason
            self._send(session, actor, row, typed, at, signal_only=signal_only)
            self._write_down(session, actor, row, "send_alone", why=reason)
        logger.warning("sent by one person alone kind=%s id=%s", self.kind, emergency_id)
        self._wake("outbox")

    def call_off(self, actor: Actor, emergency_id: str, part: Part) -> None:
        """Send what ends it at every station: the correction, or the all-clear.

        ForbiddenError for one that was made above the actor's place: it may be stopped there, not
        called off elsewhere. WrongStateError unless it was sent; NotFoundError for a part this kind
        does not have.
        """
        at = self._now()
        with self._database.write() as session:
            row = self._sent(session, actor, emergency_id)
            self._ensure_own(actor, row)
            if part not in PARTS[self.kind] or part is Part.WARNING:
                raise NotFoundError(f"{self.kind} has no {part}")
            view = view_of(session, row)
            if part in view.sent_parts:
                return  # a second click
            deed = self._ending_deed(session, row, part, view.parts[part].sound)
            self._issue(session, actor, row, part, deed, max(row.until_at - at, SHORTEST), at)
            row.ended_at = row.ended_at or at
            self._write_down(session, actor, row, part.value)
        self._wake("outbox")

    def stop(self, actor: Actor, emergency_id: str, audience: str = "") -> int:
        """Stop it at a station, a place, or (empty) wherever it was sent; at how many stations.

        OutOfScopeError for a station or place it was not sent to, or that is not the actor's.
        """
        at, tree = self._now(), self._places.tree()
        with self._database.write() as session:
            row = self._sent(session, actor, emergency_id)
            meant = [audience] if audience else self._own(tree, actor, row.target_ids)
            places = [tree.stations[one].place_id if one in tree.stations else one for one in meant]
            ensure_targets(tree, actor, places)
            whole = {station.station_id for station in tree.stations_in(row.target_ids)}
            stopped = {
                station.station_id
                for one, place in zip(meant, places, strict=True)
                for station in tree.stations_in([place])
                if one not in tree.stations or station.station_id == one
            } & whole
            if not stopped:
                raise NotFoundError(f"{audience} has nothing of {emergency_id}")
            valid_for = max(row.until_at - at, timedelta()) + SHORTEST
            for one, order_id in sorted(self._stops_of(session, row, tree, meant)):
                self._stops.issue(
                    session,
                    actor,
                    one,
                    StopDeed(order_id=order_id),
                    valid_for=valid_for,
                    is_group=one not in tree.stations,
                    why=row.title,
                )
            if stopped == whole:
                row.ended_at = row.ended_at or at
            self._write_down(session, actor, row, "stop", stations=len(stopped))
        self._wake("outbox")
        return len(stopped)

    def review(self, actor: Actor, emergency_id: str) -> None:
        """Say that one that was sent alone was looked at: by an approver who did not send it."""
        with self._database.write() as session:
            row = self._sent(session, actor, emergency_id)
            if not may_second(self._places.tree(), actor, row.composed_by, row.place_id):
                raise ForbiddenError(f"{actor.username} cannot review {emergency_id}")
            if row.alone_why is None or row.reviewed_at is not None:
                raise WrongStateError("nothing to review", state=row.state)
            row.reviewed_by_name, row.reviewed_at = actor.full_name, self._now()
            self._write_down(session, actor, row, "review")

    def is_own(self, actor: Actor, view: EmergencyView) -> bool:
        """Whether it was made at the actor's place or below: theirs to drop or to call off."""
        return may_see(self._places.tree(), actor, view.place_id)

    # --- inside -----------------------------------------------------------------------------------

    def _ensure_own(self, actor: Actor, row: EmergencyRow) -> None:
        if not may_see(self._places.tree(), actor, row.place_id):
            raise ForbiddenError(f"{row.emergency_id} belongs to {row.place_id}")

    def _own(self, tree: PlaceTree, actor: Actor, targets: Sequence[str]) -> list[str]:
        """The parts of the targets that are the actor's: all of them, or the own place."""
        near = [one for one in targets if is_near(tree, actor.place_id, one)]
        return [one if may_see(tree, actor, one) else actor.place_id for one in near]

    def _proposal(self, session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
        row = self._row(session, actor, emergency_id)
        if row.state != State.PROPOSED or self._now() >= row.composed_at + CONFIRMED_WITHIN:
            state = "expired" if row.state == State.PROPOSED else row.state
            raise WrongStateError(f"{emergency_id} is {state}", state=state)
        return row

    def _sent(self, session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
        row = self._row(session, actor, emergency_id)
        if row.state != State.SENT:
            raise WrongStateError(f"{emergency_id} is {row.state}", state=row.state)
        return row

    def _send(
        self,
        session: Session,
        actor: Actor,
        row: EmergencyRow,
        typed: str,
        at: datetime,
        *,
        signal_only: bool,
    ) -> None:
        if not is_typed(phrase(self.kind, row.stations), typed):
            raise InvalidInputError("not typed", field="typed", problem="different")
        sound = view_of(session, row).parts[Part.WARNING].sound
        if sound is None and not signal_only:
            raise InvalidInputError("words not made yet", field="sound", problem="not_ready")
        row.state, row.sent_at = State.SENT.value, at
        row.until_at = at + timedelta(seconds=row.lasts_s)
        row.confirmed_by, row.confirmed_by_name = actor.account_id, actor.full_name
        deed = self._warning_deed(session, row, sound)
        self._issue(session, actor, row, Part.WARNING, deed, row.until_at - at, at)

    def _issue(
        self,
        session: Session,
        actor: Actor,
        row: EmergencyRow,
        part: Part,
        deed: DeedAt,
        valid_for: timedelta,
        at: datetime,
    ) -> None:
        """One signed order to each place of the targets."""
        for place_id in row.target_ids:
            order_id = self._orders.issue(
                session,
                actor,
                place_id,
                deed(place_id),
                valid_for=valid_for,
                is_group=True,
                why=row.title,
            )
            session.add(
                EmergencyOrderRow(
                    order_id=order_id,
                    emergency_id=row.emergency_id,
                    part=part.value,
                    place_id=place_id,
                    sent_at=at,
                )
            )
        session.flush()

    def _orders_of(self, session: Session, row: EmergencyRow) -> dict[str, list[str]]:
        """Every order it became so far, by the place it went to."""
        query = select(EmergencyOrderRow).where(EmergencyOrderRow.emergency_id == row.emergency_id)
        found: defaultdict[str, list[str]] = defaultdict(list)
        for order in session.scalars(query.order_by(EmergencyOrderRow.order_id)):
            found[order.place_id].append(order.order_id)
        return found

    def _stops_of(
        self, session: Session, row: EmergencyRow, tree: PlaceTree, meant: Iterable[str]
    ) -> set[tuple[str, str]]:
        """(whom to tell, which order), each once: what is meant or where it went, the narrower."""
        found: set[tuple[str, str]] = set()
        orders = self._orders_of(session, row)
        for one in meant:
            here = tree.stations[one].place_id if one in tree.stations else one
            for place_id, order_ids in orders.items():
                if is_near(tree, here, place_id):
                    audience = one if tree.is_within(here, place_id) else place_id
                    found |= {(audience, order_id) for order_id in order_ids}
        return found

    def _carried(self, sound: OrderSound | None) -> OrderSound | None:
        """The sound with its bytes, when an order can carry them."""
        if sound is None or sound.size_bytes > CARRIED_BYTES:
            return sound
        data = self._sounds.path(sound.sha256).read_bytes()
        return sound.model_copy(update={"data": base64.b64encode(data).decode()})

    def _write_down(
        self, session: Session, actor: Actor, row: EmergencyRow, action: str, **detail: object
    ) -> None:
        facts = {"title": row.title, "targets": row.target_ids, **detail}
        deed = AuditDeed(
            f"{self.prefix}.{action}", self.prefix, row.emergency_id, row.place_id, facts
        )
        record(session, actor, deed, at=self._now())

    # --- where the kinds differ -------------------------------------------------------------------

    prefix: ClassVar[str]
    """How deeds of this kind begin in the audit trail."""

    def _meant(self, wish: EmergencyWish) -> EmergencyWish:
        """The wish as far as this kind can have it."""
        return wish

    @abstractmethod
    def spoken(self, part: Part, text: str) -> str:
        """The words as they are read aloud."""

    @abstractmethod
    def _warning_deed(
        self, session: Session, row: EmergencyRow, sound: OrderSound | None
    ) -> DeedAt:
        """What the stations of each place are told to sound."""

    @abstractmethod
    def _ending_deed(
        self, session: Session, row: EmergencyRow, part: Part, sound: OrderSound | None
    ) -> DeedAt:
        """What the stations of each place are told to sound when it is over."""


class EmergencyDesk(_Desk):
    """What really sounds: signed with the actual key, behind the signal of an emergency."""

    kind = Kind.LIVE
    prefix = "emergency"

    def spoken(self, _part: Part, text: str) -> str:
        return text

    def _warning_deed(
        self, session: Session, row: EmergencyRow, sound: OrderSound | None
    ) -> DeedAt:
        deed = EmergencyDeed(
            title=row.title,
            authority=self._authority(row),
            sequence=next_number(session, Counter.EMERGENCY),
            attention_ms=SIGNAL_MS,
            sound=self._carried(sound),
            repeat_every_s=row.repeat_every_s,
            until_at=row.until_at,
        )
        return lambda _place_id: deed

    def _ending_deed(
        self, session: Session, row: EmergencyRow, part: Part, sound: OrderSound | None
    ) -> DeedAt:
        deed = EmergencyDeed(
            title=f"{_ENDING_TITLES[part]}: {row.title}"[:300],
            authority=self._authority(row),
            sequence=next_number(session, Counter.EMERGENCY),
            attention_ms=CALLED_OFF_SIGNAL_MS,
            sound=self._carried(sound),
            until_at=max(row.until_at, self._now() + SHORTEST),
        )
        replaced = self._orders_of(session, row)
        return lambda place_id: deed.model_copy(update={"replaces": tuple(replaced[place_id])})

    def _authority(self, row: EmergencyRow) -> Authority:
        return Authority(self._places.tree().places[row.place_id].kind.value)


class DrillDesk(_Desk):
    """What is practised: signed with the exercise key, behind the signal of a drill.

    It is given orders that hold the exercise key alone, and makes drills alone: there is no way
    from here to an emergency.
    """

    kind = Kind.DRILL
    prefix = "drill"

    def spoken(self, _part: Part, text: str) -> str:
        """The words of a drill say at both ends that it is one, whatever was typed."""
        return f"{DRILL_SAID}\n{text}\n{DRILL_SAID}"

    def _meant(self, wish: EmergencyWish) -> EmergencyWish:
        """It sounds once and now: nobody shall hear it after its end was told."""
        minutes = int(SHORTEST.total_seconds() // 60)
        return replace(wish, repeat_every_min=0, lasts_min=minutes)

    def _warning_deed(
        self, _session: Session, row: EmergencyRow, sound: OrderSound | None
    ) -> Callable[[str], DrillDeed]:
        deed = DrillDeed(title=row.title, sound=self._carried(sound))
        return lambda _place_id: deed

    def _ending_deed(
        self, _session: Session, row: EmergencyRow, _part: Part, sound: OrderSound | None
    ) -> Callable[[str], DrillDeed]:
        deed = DrillDeed(title=f"Kết thúc: {row.title}"[:300], sound=self._carried(sound))
        return lambda _place_id: deed
