"""Plans and limits of every station: compared, signed and queued only when they change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from controller.domain import plans as rules
from controller.domain.policy import HoursBook
from controller.services.numbers import Counter, epoch, known_epoch, next_number
from controller.services.outbox import Message, enqueue_retained
from controller.services.places import Places
from controller.services.placings import keep_placings
from controller.services.plan_drafts import (
    Draft,
    LimitsDraft,
    Moment,
    PlanDraft,
    limits_drafts,
    plan_drafts,
)
from controller.services.sealing import Seal, Validity
from controller.services.stations import has_credentials, prepare_states
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import Base, StationLimitsRow, StationPlanRow, StationStateRow
from station_protocol import topics
from station_protocol.codec import CAPS_BYTES
from station_protocol.signing import Signer
from station_protocol.topics import DOWN_DELIVERY, Down

logger = logging.getLogger(__name__)

Values = dict[str, Any]


class Materialiser(Protocol):
    """Whoever makes slot rows of recurring schedules."""

    def materialise(self, session: Session, start: datetime, end: datetime, now: datetime) -> None:
        """Make or bring up to date the slots that start in the window."""


class HoursSource(Protocol):
    """Whoever knows the broadcast hours."""

    def book(self, session: Session) -> HoursBook:
        """Every rule and every exception that is not over."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a station should hold now. Version 0 and no bytes: nothing was signed yet."""

    epoch: int
    plan_version: int
    plan: bytes
    limits_version: int
    limits: bytes


STORED_AT_ONCE = 32
"""Plans or limits in one transaction: an order waits for the database no longer than that takes."""


class Plans:
    """Keeps what was signed for each station true to schedules and hours."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        schedules: Materialiser,
        hours: HoursSource,
        signer: Signer,
        settings: PlanSettings,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._schedules = schedules
        self._hours = hours
        self._signer = signer
        self._settings = settings
        self._turn = threading.Lock()

    def refresh(self) -> tuple[str, ...]:
        """Sign and queue anew what changed; the stations it changed for.

        Whoever calls wakes "outbox" if there are any. Reading and signing hold up no writer.
        """
        with self._turn:
            moment = self._moment()
            changed: set[str] = set()
            drafts = iter(self._drafts(moment))
            while batch := list(islice(drafts, STORED_AT_ONCE)):
                if not self._sign(batch, moment):
                    break  # a new epoch: the next refresh signs everything in it
                changed.update(_station_of(draft) for draft in batch)
        return tuple(sorted(changed))

    def _moment(self) -> Moment:
        """Bring slots up to date first; they are what plans are made of."""
        now = self._now()
        window = rules.window(now, self._settings.days)
        with self._database.write() as session:
            prepare_states(session)
            self._schedules.materialise(session, window.starts_at, window.covers_until, now)
            tree, book = self._places.tree(), self._hours.book(session)
            keep_placings(session, tree, book, window.covers_until, now)
            return Moment(window, epoch(session, now), now)

    def _drafts(self, moment: Moment) -> list[Draft]:
        tree = self._places.tree()
        with self._database.read() as session:
            plans = plan_drafts(session, tree, moment)
            limits = limits_drafts(session, tree, self._hours.book(session), moment)
        return [*limits, *plans]

    def _sign(self, drafts: Sequence[Draft], moment: Moment) -> bool:
        """Sign, store and queue some; False if the epoch is no longer that of the signatures."""
        seal = Seal(self._signer, moment.epoch)
        plans = [_plan_row(one, seal, moment) for one in drafts if isinstance(one, PlanDraft)]
        limits = [_limits_row(one, seal, moment) for one in drafts if isinstance(one, LimitsDraft)]
        with self._database.write() as session:
            if epoch(session, moment.now) != moment.epoch:
                return False
            _store(session, StationLimitsRow, limits)
            _store(session, StationPlanRow, plans)
            messages = [*_messages(Down.LIMITS, limits), *_messages(Down.PLAN, plans)]
            enqueue_retained(session, messages, at=moment.now)
            _note_sent(session, plans, limits)
        return True

    def envelope_of(self, station_id: str) -> Sealed:
        """The newest plan and limits signed for a station."""
        with self._database.read() as session:
            return newest_sealed(session, station_id)

    def epoch(self) -> int:
        """The epoch things are signed in now; 0 before the first refresh."""
        with self._database.read() as session:
            return known_epoch(session)

    def sealed(self) -> Iterable[tuple[str, Sealed]]:
        """The newest plan and limits of each station that was not shut out, one after another."""
        with self._database.read() as session:
            let_in = set(session.scalars(has_credentials()))
        for station_id in self._places.tree().stations:
            if station_id in let_in:
                yield station_id, self.envelope_of(station_id)


def newest_sealed(session: Session, station_id: str) -> Sealed:
    """The newest plan and limits signed for a station, in the caller's transaction."""
    plan = session.execute(
        select(StationPlanRow.epoch, StationPlanRow.version, StationPlanRow.envelope)
        .where(StationPlanRow.station_id == station_id)
        .order_by(StationPlanRow.epoch.desc(), StationPlanRow.version.desc())
        .limit(1)
    ).one_or_none()
    limits = session.execute(
        select(StationLimitsRow.version, StationLimitsRow.envelope)
        .where(StationLimitsRow.station_id == station_id)
        .order_by(StationLimitsRow.version.desc())
        .limit(1)
    ).one_or_none()
    epoch_no, version, envelope = plan or (0, 0, b"")
    limits_version, limits_envelope = limits or (0, b"")
    return Sealed(epoch_no, version, envelope, limits_version, limits_envelope)


# --- signing and storing --------------------------------------------------------------------------


def _station_of(draft: Draft) -> str:
    return draft.station_id if isinstance(draft, PlanDraft) else draft.limits.station_id


def _plan_row(draft: PlanDraft, seal: Seal, moment: Moment) -> Values:
    until = moment.window.covers_until
    valid = Validity(moment.now - rules.SIGNED_EARLIER, until + rules.EXPIRES_AFTER)
    plan = rules.plan_of(draft.station_id, draft.slots, moment.now, until)
    envelope = seal.plan(plan, draft.version, valid)
    while len(envelope) > CAPS_BYTES[Down.PLAN]:
        logger.error("plan too large, its last days are left out station=%s", draft.station_id)
        plan = rules.halved(plan)
        envelope = seal.plan(plan, draft.version, valid)
    logger.info(
        "plan signed station=%s version=%s added=%s removed=%s changed=%s bytes=%s",
        draft.station_id,
        draft.version,
        len(draft.changes.added),
        len(draft.changes.removed),
        len(draft.changes.changed),
        len(envelope),
    )
    return {
        "station_id": draft.station_id,
        "epoch": moment.epoch,
        "version": draft.version,
        "content_hash": rules.content_hash(draft.digests),
        "made_at": moment.now,
        "covers_until_at": until,
        "not_after_at": valid.not_after,
        "required_assets": [asset.sha256 for asset in rules.required_assets(plan.slots)],
        "slots": {slot.slot_id: draft.digests[slot.slot_id] for slot in plan.slots},
        "envelope": envelope,
    }


def _limits_row(draft: LimitsDraft, seal: Seal, moment: Moment) -> Values:
    valid = Validity(moment.now - rules.SIGNED_EARLIER, moment.now + rules.LIMITS_VALID)
    envelope = seal.limits(draft.limits, draft.version, valid)
    logger.info("limits signed station=%s version=%s", draft.limits.station_id, draft.version)
    return {
        "station_id": draft.limits.station_id,
        "version": draft.version,
        "content_hash": draft.content,
        "made_at": moment.now,
        "envelope": envelope,
    }


def _store(session: Session, table: type[Base], rows: Sequence[Values]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _messages(kind: Down, rows: Sequence[Values]) -> list[Message]:
    delivery = DOWN_DELIVERY[kind]
    return [
        Message(topics.down(row["station_id"], kind), row["envelope"], delivery) for row in rows
    ]


def _note_sent(session: Session, plans: Sequence[Values], limits: Sequence[Values]) -> None:
    """Say at each station what it was sent last, and let live pages see it."""
    number = next_number(session, Counter.CHANGE)
    changes = [
        {
            "key": row["station_id"],
            "plan_epoch_sent": row["epoch"],
            "plan_version_sent": row["version"],
            "change_no": number,
        }
        for row in plans
    ]
    _update(session, changes)
    changes = [
        {"key": row["station_id"], "limits_version_sent": row["version"], "change_no": number}
        for row in limits
    ]
    _update(session, changes)


def _update(session: Session, changes: Sequence[Values]) -> None:
    if not changes:
        return
    table = cast(Table, StationStateRow.__table__)
    columns: Values = {name: bindparam(name) for name in changes[0] if name != "key"}
    statement = update(table).where(table.c.station_id == bindparam("key")).values(columns)
    session.execute(statement, changes)
