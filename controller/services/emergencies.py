"""Emergencies: composed by one person, confirmed by another, sent as signed orders, called off.

A drill takes the same way with other words, another key and another signal. Which of the two a
proposal is stands in its row from the first moment; the desk of one kind does not find the other's.
"""

from __future__ import annotations

import base64
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Generic

from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import Language, clean_text
from controller.domain.emergencies import (
    DRILL_SAID,
    PARTS,
    SHORTEST,
    Kind,
    Part,
    State,
    audiences,
    cover,
    ending_title,
    is_typed,
    may_second,
    phrase,
    told_in,
)
from controller.errors import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from controller.services import emergency_rows as rows
from controller.services.emergency_proposals import (
    keep,
    mark_recordings,
    new_row,
    unmarked,
)
from controller.services.emergency_reader import EmergencyReader, Tools
from controller.services.emergency_views import EmergencyView, view_of
from controller.services.emergency_wish import EmergencyWish, checked
from controller.services.numbers import Counter, next_number
from controller.services.orders import ActualDeed, D, SignedOrders
from controller.services.scope import ensure_targets
from controller.storage.models import EmergencyOrderRow, EmergencyRow
from station_protocol.messages import DrillDeed, EmergencyDeed, OrderSound, StopDeed
from station_protocol.vocabulary import Authority, DeedKind

logger = logging.getLogger(__name__)

CARRIED_BYTES = 128_000
"""Sound an order carries with it; longer words are fetched while the signal sounds."""

SIGNAL_MS = 6_000
SECOND_SIGNAL_MS = 2_000
"""Before words that come after a signal: those of a correction, or those it did not wait for."""

SIGNED_AS = {Kind.LIVE: DeedKind.ACTUAL, Kind.DRILL: DeedKind.EXERCISE}

DeedAt = Callable[[str, OrderSound | None], D]
"""What is ordered, by the place it is ordered to and the words its stations hear."""


class _Desk(EmergencyReader, Generic[D], ABC):
    """What both kinds can do, each with the deeds that are its own."""

    def __init__(self, tools: Tools, orders: SignedOrders[D]) -> None:
        """`orders` signs what sounds, with the key of the kind.

        TypeError for that of the other kind: no desk can be built that could mix them up.
        """
        if (orders.kind, tools.stops.kind) != (SIGNED_AS[self.kind], DeedKind.ACTUAL):
            raise TypeError(f"{self.kind} is not signed with the {orders.kind} key")
        super().__init__(tools)
        self._orders = orders

    # --- composing --------------------------------------------------------------------------------

    def propose(self, actor: Actor, wish: EmergencyWish) -> str:
        """Keep what was composed and have its words spoken; the id.

        InvalidInputError for a field that cannot be, OutOfScopeError for a place or a
        bulletin elsewhere, and what can be wrong with a file for a recording.
        """
        tree, at = self._places.tree(), self._now()
        wish = checked(self._meant(wish), self.kind, self._is_voice)
        ensure_targets(tree, actor, wish.target_ids)
        targets = cover(tree, wish.target_ids)
        stations = tree.stations_in(targets)
        if not stations:
            raise InvalidInputError("no station", field="targets", problem="missing")
        row = new_row(actor, self.kind, wish, targets, len(stations), at)
        recorded = self.recordings.take(actor, self.kind, wish.title, wish.texts, wish.recordings)
        with self._database.write() as session:
            keep(session, tree, actor, row, wish, self.spoken, recorded, self.mark)
            rows.write_down(session, actor, row, "propose", at, stations=len(stations))
        self._wake("pieces")
        return row.emergency_id

    def withdraw(self, actor: Actor, emergency_id: str) -> None:
        """Drop a proposal of the actor's place or below. WrongStateError once it was sent."""
        with self._database.write() as session:
            row = self._proposal(session, actor, emergency_id)
            rows.ensure_own(self._places.tree(), actor, row)
            row.state = State.WITHDRAWN.value
            rows.write_down(session, actor, row, "withdraw", self._now())

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
            rows.write_down(session, actor, row, "send", at, composed_by=row.composed_by_name)
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
            rows.write_down(session, actor, row, "send_alone", at, why=reason)
        logger.warning("sent by one person alone kind=%s id=%s", self.kind, emergency_id)
        self._wake("outbox")

    def call_off(self, actor: Actor, emergency_id: str, part: Part) -> None:
        """Send what ends it at every station: the correction, or the all-clear.

        ForbiddenError for one that was made above the actor's place: it may be stopped there, not
        called off elsewhere. WrongStateError unless it was sent, and not so long ago that the words
        made ready then would puzzle people now; NotFoundError for a part this kind
        does not have.
        """
        at = self._now()
        with self._database.write() as session:
            row = self._sent(session, actor, emergency_id)
            rows.ensure_own(self._places.tree(), actor, row)
            if part not in PARTS[self.kind] or part is Part.WARNING:
                raise NotFoundError(f"{self.kind} has no {part}")
            view = view_of(session, row)
            if part in view.sent_parts:
                return  # a second click
            if not view.may_end(at):
                raise WrongStateError(f"{emergency_id} is long over", state="long_over")
            deed = self._ending_deed(session, row, part)
            valid_for = max(row.until_at - at, SHORTEST)
            self._issue(session, actor, view, part, deed, view.target_ids, valid_for)
            row.ended_at = row.ended_at or at
            rows.write_down(session, actor, row, part.value, at)
        self._wake("outbox")

    def stop(self, actor: Actor, emergency_id: str, audience: str = "") -> int:
        """Stop it at a station, a place, or (empty) wherever it was sent; at how many stations.

        OutOfScopeError for a station or place it was not sent to, or that is not the actor's.
        """
        at, tree = self._now(), self._places.tree()
        with self._database.write() as session:
            row = self._sent(session, actor, emergency_id)
            meant = [audience] if audience else rows.own_targets(tree, actor, row.target_ids)
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
            for one, order_id in sorted(rows.stops_of(session, row, tree, meant)):
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
            rows.write_down(session, actor, row, "stop", at, at_places=meant, stations=len(stopped))
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
            rows.write_down(session, actor, row, "review", self._now())

    def send_words(self) -> int:
        """Send the words after a signal that did not wait for them, once they are made.

        Where somebody has stopped it meanwhile nothing sounds again. Returns how many were sent.
        """
        self._finish_words()
        with self._database.read() as session:
            waiting = [row.emergency_id for row in self._wordless(session)]
        if not waiting:
            return 0
        with self._database.write() as session:
            sent = sum(self._follow(session, row) for row in self._wordless(session))
        self._wake("outbox")
        return sent

    # --- inside -----------------------------------------------------------------------------------

    def _proposal(self, session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
        row = self._row(session, actor, emergency_id)
        rows.ensure_waiting(row, self._now())
        return row

    def _sent(self, session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
        row = self._row(session, actor, emergency_id)
        rows.ensure_sent(row)
        return row

    def _wordless(self, session: Session) -> list[EmergencyRow]:
        """Those in force with words that are made and were not sent."""
        tree = self._places.tree()
        return [
            row
            for row in self._in_force(session)
            if rows.wordless(session, row, tree)
            and view_of(session, row).parts[Part.WARNING].sound is not None
        ]

    def _follow(self, session: Session, row: EmergencyRow) -> bool:
        at, tree = self._now(), self._places.tree()
        places = rows.unstopped(session, row, tree, rows.wordless(session, row, tree))
        if not places:
            return False
        view, deed = view_of(session, row), self._warning_deed(session, row)
        self._issue(session, None, view, Part.WARNING, deed, places, row.until_at - at)
        rows.write_down(session, None, row, "words", at, stations=len(places))
        return True

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
        view = view_of(session, row)
        if view.parts[Part.WARNING].sound is None and not signal_only:
            raise InvalidInputError("words not made yet", field="sound", problem="not_ready")
        row.state, row.sent_at = State.SENT.value, at
        row.until_at = at + timedelta(seconds=row.lasts_s)
        row.confirmed_by, row.confirmed_by_name = actor.account_id, actor.full_name
        deed = self._warning_deed(session, row)
        self._issue(session, actor, view, Part.WARNING, deed, view.target_ids, row.until_at - at)

    def _issue(
        self,
        session: Session,
        actor: Actor | None,
        view: EmergencyView,
        part: Part,
        deed: DeedAt[D],
        place_ids: Sequence[str],
        valid_for: timedelta,
    ) -> None:
        """One signed order to each of the fewest places whose stations hear the same language."""
        tree, said = self._places.tree(), view.parts[part]
        recorded = {language for one in view.parts.values() for language in one.others}
        carried: dict[str, OrderSound | None] = {}
        for place_id in audiences(tree, place_ids, lambda one: told_in(one, recorded)):
            language, sound = said.at(tree.stations_in([place_id])[0].language_order)
            if language not in carried:
                carried[language] = self._carried(sound)
            order_id = self._orders.issue(
                session,
                actor,
                place_id,
                deed(place_id, carried[language]),
                valid_for=valid_for,
                is_group=True,
                why=view.title,
            )
            session.add(
                EmergencyOrderRow(
                    order_id=order_id,
                    emergency_id=view.emergency_id,
                    part=part.value,
                    place_id=place_id,
                    sent_at=self._now(),
                )
            )
        session.flush()

    def _carried(self, sound: OrderSound | None) -> OrderSound | None:
        """The sound with its bytes, when an order can carry them."""
        if sound is None or sound.size_bytes > CARRIED_BYTES:
            return sound
        data = self._sounds.path(sound.sha256).read_bytes()
        return sound.model_copy(update={"data": base64.b64encode(data).decode()})

    # --- where the kinds differ -------------------------------------------------------------------

    def _meant(self, wish: EmergencyWish) -> EmergencyWish:
        """The wish as far as this kind can have it."""
        return wish

    mark: ClassVar[str] = ""
    """The sentence without which no recording is heard; "": there is none."""

    def _finish_words(self) -> None:
        """What is left to be done for words whose sounds have come."""

    @abstractmethod
    def spoken(self, part: Part, text: str) -> str:
        """The words as they are read aloud."""

    @abstractmethod
    def _warning_deed(self, session: Session, row: EmergencyRow) -> DeedAt[D]:
        """What the stations of each place are told to sound; it replaces what they were before."""

    @abstractmethod
    def _ending_deed(self, session: Session, row: EmergencyRow, part: Part) -> DeedAt[D]:
        """What the stations of each place are told to sound when it is over."""


def _filled(deed: EmergencyDeed, sound: OrderSound | None, **changes: object) -> EmergencyDeed:
    return deed.model_copy(update={"sound": sound, **changes})


class EmergencyDesk(_Desk[ActualDeed]):
    """What really sounds: signed with the actual key, behind the signal of an emergency."""

    kind = Kind.LIVE

    def spoken(self, _part: Part, text: str) -> str:
        return text

    def _warning_deed(self, session: Session, row: EmergencyRow) -> DeedAt[ActualDeed]:
        replaced = rows.near_orders(session, row, self._places.tree())
        deed = EmergencyDeed(
            title=row.title,
            authority=self._authority(row),
            sequence=next_number(session, Counter.EMERGENCY),
            attention_ms=SIGNAL_MS,
            repeat_every_s=row.repeat_every_s,
            until_at=row.until_at,
        )

        def at(place_id: str, sound: OrderSound | None) -> ActualDeed:
            before = replaced(place_id)  # of a first warning nothing; of words, the signal before
            signal_ms = SECOND_SIGNAL_MS if before else SIGNAL_MS
            return _filled(deed, sound, replaces=before, attention_ms=signal_ms)

        return at

    def _ending_deed(self, session: Session, row: EmergencyRow, part: Part) -> DeedAt[ActualDeed]:
        replaced = rows.near_orders(session, row, self._places.tree())
        deed = EmergencyDeed(
            title=ending_title(self.kind, part, row.title),
            authority=self._authority(row),
            sequence=next_number(session, Counter.EMERGENCY),
            attention_ms=SECOND_SIGNAL_MS,
            until_at=max(row.until_at, self._now() + SHORTEST),
        )
        return lambda place_id, sound: _filled(deed, sound, replaces=replaced(place_id))

    def _authority(self, row: EmergencyRow) -> Authority:
        return Authority(self._places.tree().places[row.place_id].kind.value)


class DrillDesk(_Desk[DrillDeed]):
    """What is practised: signed with the exercise key, behind the signal of a drill.

    It is given orders that hold the exercise key alone, and makes drills alone: there is no way
    from here to an emergency.
    """

    kind = Kind.DRILL
    mark = DRILL_SAID

    def spoken(self, _part: Part, text: str) -> str:
        """The words of a drill say at both ends that it is one, whatever was typed."""
        return f"{DRILL_SAID}\n{text}\n{DRILL_SAID}"

    def _meant(self, wish: EmergencyWish) -> EmergencyWish:
        """It sounds once and now: nobody shall hear it after its end was told.

        In Vietnamese, in which its mark is spoken; an approved bulletin is no drill.
        """
        return replace(
            wish,
            repeat_every_min=0,
            lasts_min=int(SHORTEST.total_seconds() // 60),
            bulletin_id="",
            recordings={
                key: upload
                for key, upload in wish.recordings.items()
                if key[1] == Language.VI.value
            },
        )

    def _finish_words(self) -> None:
        with self._database.read() as session:
            if not unmarked(session, self._now()):
                return
        with self._database.write() as session:
            mark_recordings(session, self._now())
        self._wake("pieces")

    def _warning_deed(self, _session: Session, row: EmergencyRow) -> DeedAt[DrillDeed]:
        return lambda _place_id, sound: DrillDeed(title=row.title, sound=sound)

    def _ending_deed(self, _session: Session, row: EmergencyRow, part: Part) -> DeedAt[DrillDeed]:
        title = ending_title(self.kind, part, row.title)
        return lambda _place_id, sound: DrillDeed(title=title, sound=sound)
