"""Evidence in: hellos, heartbeats, journals and replies become states and results, each once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from controller.services import (
    denials,
    journal_lines,
    maintenance,
    numbers,
    orders,
    slot_results,
    stale_days,
    station_states,
)
from controller.services.denials import Denial
from controller.services.places import Places
from controller.services.plans import Sealed, newest_sealed
from controller.services.station_states import Beat, Values
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import (
    OrderReplyRow,
    SignedOrderRow,
    StationRow,
    StationStateRow,
)
from station_protocol.messages import (
    Ack,
    FlipEntry,
    Heartbeat,
    Hello,
    JournalBatch,
    JournalEntry,
    LinkState,
    Reply,
)

logger = logging.getLogger(__name__)

SPREAD_MS_PER_STATION = 10
NO_JOURNAL = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send a station: an ack to be sealed in this epoch, and what it does not hold yet."""

    ack: Ack
    epoch: int
    plan: bytes = b""
    limits: bytes = b""
    orders: tuple[bytes, ...] = ()
    """Orders still in force that the ack has no room for."""
    epoch_was_raised: bool = False
    skipped_lines: bool = False
    """The journal jumped: the station must be asked to say hello and send what lies between."""


class AsRun:
    """Stores what stations say. Nothing is answered before it is durable."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        settings: PlanSettings,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._unknown_after = timedelta(seconds=settings.unknown_after_s)
        self._told: dict[str, tuple[str, int]] = {}

    # --- hello ------------------------------------------------------------------------------------

    def hello(self, hello: Hello) -> Answer | None:
        """Take in the first words of a connection; None for a station nobody registered."""
        now = self._now()
        with self._database.write() as session:
            states = station_states.load(session, [hello.station_id])
            if hello.station_id not in states:
                return None
            old = states[hello.station_id]
            raised = numbers.raise_epoch_above(session, hello.plan_epoch, now)
            stored = journal_lines.stored_up_to(session, old, hello.journal_id)
            fresh = station_states.after_hello(old, hello, now)
            fresh |= journal_lines.greeted(session, old, hello, stored, now)
            station_states.store(session, states, [fresh], source="heartbeat", now=now)
            _remember_sound_over(session, hello)
            sealed = newest_sealed(session, hello.station_id)
            answer = self._answer_to_hello(session, hello, sealed, stored, raised=raised)
            self._pass_time(session, now, hello.station_id)
        self._told[hello.station_id] = (hello.journal_id, stored)
        return answer

    def _answer_to_hello(
        self, session: Session, hello: Hello, sealed: Sealed, stored: int, *, raised: bool
    ) -> Answer:
        now, tree = self._now(), self._places.tree()
        places = tree.place_ids_of(hello.station_id) if hello.station_id in tree.stations else ()
        ack = Ack(
            station_id=hello.station_id,
            journal_id=hello.journal_id,
            stored_up_to=stored,
            controller_at=now,
            echo_mono_ms=hello.sent_mono_ms,
            answers="hello",
            plan_epoch=sealed.epoch,
            plan_version=sealed.plan_version,
            limits_version=sealed.limits_version,
            spread_ms=SPREAD_MS_PER_STATION * len(tree.stations),
            orders=orders.still_valid(session, hello.station_id, places, now),
        )
        is_of_this_epoch = hello.plan_epoch == sealed.epoch
        holds_plan = is_of_this_epoch and hello.plan_version == sealed.plan_version
        holds_limits = is_of_this_epoch and hello.limits_version == sealed.limits_version
        return Answer(
            ack,
            numbers.epoch(session, now),
            plan=b"" if holds_plan else sealed.plan,
            limits=b"" if holds_limits else sealed.limits,
            orders=orders.too_large_for_hello(session, hello.station_id, places, now),
            epoch_was_raised=raised,
        )

    # --- heartbeats -------------------------------------------------------------------------------

    def beats(self, beats: Sequence[Beat]) -> bool:
        """Store many heartbeats in one transaction; whether the epoch had to be raised.

        Of several from one station the last counts.
        """
        latest = {beat.message.station_id: beat for beat in beats}
        now = self._now()
        with self._database.write() as session:
            states = station_states.load(session, latest)
            fresh = [
                station_states.after_beat(states[station_id], beat)
                for station_id, beat in latest.items()
                if station_id in states
            ]
            station_states.store(session, states, fresh, source="heartbeat", now=now)
            highest = max((beat.message.plan_epoch for beat in beats), default=0)
            return numbers.raise_epoch_above(session, highest, now)

    def time_for(self, beat: Heartbeat) -> Answer | None:
        """The answer to a heartbeat that asks what time it is."""
        with self._database.read() as session:
            state = session.get(StationStateRow, beat.station_id)
            if state is None:
                return None
            ack = Ack(
                station_id=beat.station_id,
                journal_id=state.journal_id or NO_JOURNAL,
                stored_up_to=state.journal_stored_up_to,
                controller_at=self._now(),
                echo_mono_ms=beat.sent_mono_ms,
                answers="beat",
                plan_epoch=state.plan_epoch_sent,
                plan_version=state.plan_version_sent,
                limits_version=state.limits_version_sent,
            )
            return Answer(ack, numbers.known_epoch(session))

    # --- the journal ------------------------------------------------------------------------------

    def store_journals(self, batches: Sequence[JournalBatch]) -> list[Answer]:
        """Store journal lines once each, with all that follows from them, in one transaction.

        The answers may be sent when this returns: everything they acknowledge is durable.
        """
        now = self._now()
        with self._database.write() as session:
            states = station_states.load(session, {batch.station_id for batch in batches})
            epoch = numbers.epoch(session, now)
            known = [batch for batch in batches if batch.station_id in states]
            answers, touched = [], set()
            for batch in known:
                state = states[batch.station_id]
                fresh = journal_lines.new_lines(session, batch)
                journal_lines.insert_lines(session, batch, fresh, now)
                if self._follow(session, batch, fresh, state, now):
                    touched.add(batch.station_id)
                answers.append(self._stored(session, batch, state, epoch))
            station_states.touch(session, touched)
        return answers

    def _follow(
        self,
        session: Session,
        batch: JournalBatch,
        fresh: Sequence[JournalEntry],
        state: Values,
        now: datetime,
    ) -> bool:
        """Let new lines decide slots, holdings and the state; whether a screen changes."""
        station_id = batch.station_id
        changed = slot_results.take_in(session, station_id, batch.journal_id, fresh, now)
        held = journal_lines.keep_holdings(session, station_id, fresh)
        since = journal_lines.states_told_since(session, batch, fresh)
        if since is not None:
            stale_days.mark_since(session, station_id, since, now)
        if fresh:
            station_states.told_since(session, state, now)
        return _note_switched_off(session, state, fresh, now) or changed or held

    def _stored(self, session: Session, batch: JournalBatch, state: Values, epoch: int) -> Answer:
        first, last = batch.entries[0].entry_no, max(line.entry_no for line in batch.entries)
        stored = journal_lines.stored_up_to(session, state, batch.journal_id)
        has_gap = first > stored + 1
        was_told = self._told.get(batch.station_id) == (batch.journal_id, stored)
        if not has_gap or was_told:  # told where we are, it has nothing older left
            stored = max(stored, last)
            self._told[batch.station_id] = (batch.journal_id, stored)
        state |= {"journal_id": batch.journal_id, "journal_stored_up_to": stored}
        session.execute(
            update(StationStateRow)
            .where(StationStateRow.station_id == batch.station_id)
            .values(
                journal_id=batch.journal_id,
                journal_stored_up_to=stored,
                journal_head=max(state["journal_head"], last),
                last_heartbeat_at=self._now(),
            )
        )
        ack = Ack(
            station_id=batch.station_id,
            journal_id=batch.journal_id,
            stored_up_to=max(stored, last),
            controller_at=self._now(),
            echo_mono_ms=None,
            answers="journal",
        )
        return Answer(ack, epoch, skipped_lines=has_gap and not was_told)

    # --- replies and hints ------------------------------------------------------------------------

    def reply(self, reply: Reply) -> bool:
        """Keep what a station answered to an order; False if nobody gave that order."""
        with self._database.write() as session:
            if session.get(SignedOrderRow, reply.order_id) is None:
                return False
            if session.get(StationRow, reply.station_id) is None:
                return False
            known = session.get(OrderReplyRow, (reply.order_id, reply.station_id))
            if known is None:
                row = OrderReplyRow(order_id=reply.order_id, station_id=reply.station_id)
                row.accepted, row.why, row.at = reply.accepted, reply.why, self._now()
                session.add(row)
                station_states.touch(session, [reply.station_id])
        return True

    def link_states(self, states: Iterable[LinkState]) -> None:
        """Keep what the broker saw of the links: a hint, never proof of life."""
        with self._database.write() as session:
            for state in states:
                session.execute(
                    update(StationStateRow)
                    .where(StationStateRow.station_id == state.station_id)
                    .values(link_online=state.online)
                )

    def denied(self, username: str, action: str, topic: str, *, at: datetime | None = None) -> None:
        """Keep that the broker refused something done with these credentials.

        `action` is "publish", "subscribe" or "connect".
        """
        with self._database.write() as session:
            denials.keep(session, Denial(username, action, topic, at or self._now()))

    # --- time -------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Let states lapse whose deadline has passed, stamped with that deadline."""
        now = self._now()
        if not self._has_lapsed(now):
            return
        with self._database.write() as session:
            states = station_states.load(session)
            windows = maintenance.windows_in_sight(session, now)
            fresh = [
                maintenance.following(dict(values), windows.get(key), now)
                for key, values in states.items()
            ]
            station_states.store(session, states, fresh, source="deadline", now=now)

    def _has_lapsed(self, now: datetime) -> bool:
        """A look without the write lock: most sweeps find nothing."""
        with self._database.read() as session:
            states = station_states.load(session)
            windows = maintenance.windows_in_sight(session, now)
        return any(
            station_states.is_due_to_flip(values, now)
            or maintenance.following(values, windows.get(station_id), now) != values
            for station_id, values in states.items()
        )

    def reconcile(self) -> None:
        """Open the results of due slots; decide what silence or plans held make sure."""
        now = self._now()
        with self._database.write() as session:
            opened = slot_results.open_due(session, self._places.tree(), now)
            session.flush()
            self._pass_time(session, now, None, opened)

    def _pass_time(
        self,
        session: Session,
        now: datetime,
        station_id: str | None,
        also: Iterable[str] = (),
    ) -> None:
        changed = slot_results.let_time_pass(session, now, self._unknown_after, station_id)
        station_states.touch(session, changed.union(also))


def _note_switched_off(
    session: Session, state: Values, fresh: Sequence[JournalEntry], now: datetime
) -> bool:
    """A station that ended in order says so last; an old farewell is only history."""
    flips = [line for line in fresh if isinstance(line.evidence, FlipEntry)]
    if not flips:
        return False
    last = flips[-1]
    assert isinstance(last.evidence, FlipEntry)  # noqa: S101 - narrows for the type checker only
    beat: datetime | None = state["last_heartbeat_at"]
    is_old = beat is not None and last.at < beat - timedelta(seconds=5)
    if last.evidence.health != "off" or "stopped" not in last.evidence.reasons or is_old:
        return False
    fresh_state = state | {
        "health": "off",
        "health_reasons": list(last.evidence.reasons),
        "on_air_slot_id": None,
        "on_air_until_at": None,
    }
    before = {state["station_id"]: dict(state)}
    station_states.store(session, before, [fresh_state], source="journal", now=now)
    state |= fresh_state
    return True


def _remember_sound_over(session: Session, hello: Hello) -> None:
    session.execute(
        update(StationRow)
        .where(StationRow.station_id == hello.station_id, StationRow.sound_over != hello.sound_over)
        .values(sound_over=hello.sound_over)
    )
