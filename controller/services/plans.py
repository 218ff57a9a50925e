"""Plans and limits of every station: built, compared, signed and queued only when they change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError
from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from controller.domain import plans as rules
from controller.domain.places import PlaceTree, Station
from controller.domain.policy import HoursBook
from controller.services.numbers import Counter, epoch, known_epoch, next_number
from controller.services.outbox import enqueue
from controller.services.places import Places
from controller.services.sealing import Seal, Validity
from controller.services.stations import prepare_states
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import (
    ScheduleTargetRow,
    SlotRow,
    StationLimitsRow,
    StationPlanRow,
    StationStateRow,
)
from station_protocol import topics
from station_protocol.codec import CAPS_BYTES
from station_protocol.messages import PlannedSlot, StationLimits
from station_protocol.signing import Signer
from station_protocol.topics import DOWN_DELIVERY, Down

logger = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class _Round:
    """What one refresh works with."""

    session: Session
    seal: Seal
    now: datetime
    window: rules.Window


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

    def refresh(self) -> tuple[str, ...]:
        """Sign and queue anew what changed; the stations it changed for.

        Whoever calls wakes "outbox" if there are any.
        """
        now, tree = self._now(), self._places.tree()
        window = rules.window(now, self._settings.days)
        with self._database.write() as session:
            prepare_states(session)
            self._schedules.materialise(session, window.starts_at, window.covers_until, now)
            session.flush()
            seal = Seal(self._signer, epoch(session, now))
            turn = _Round(session, seal, now, window)
            planned = _refresh_plans(turn, tree)
            limited = _refresh_limits(turn, tree, self._hours.book(session))
            changed = tuple(sorted(planned | limited))
            _note_changes(session, changed)
        return changed

    def envelope_of(self, station_id: str) -> Sealed:
        """The newest plan and limits signed for a station."""
        with self._database.read() as session:
            return newest_sealed(session, station_id)

    def epoch(self) -> int:
        """The epoch things are signed in now; 0 before the first refresh."""
        with self._database.read() as session:
            return known_epoch(session)

    def sealed(self) -> Iterable[tuple[str, Sealed]]:
        """The newest plan and limits of every station, one after another."""
        for station_id in self._places.tree().stations:
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


# --- plans ----------------------------------------------------------------------------------------


def _refresh_plans(turn: _Round, tree: PlaceTree) -> set[str]:
    airings, stations_of = _airings(turn, tree)
    agendas = rules.by_station(airings, stations_of)
    digests = {airing.slot.slot_id: rules.digest(airing.slot) for airing in airings}
    newest = _newest_plans(turn.session)
    changed: set[str] = set()
    for station_id in tree.stations:
        slots = agendas.get(station_id, [])
        own = {slot.slot_id: digests[slot.slot_id] for slot in slots}
        held = newest.get(station_id)
        is_current = held is not None and held.epoch == turn.seal.epoch
        if rules.needs_signing(
            held_hash=held.content_hash if held and is_current else None,
            content=rules.content_hash(own),
            covers_until=held.covers_until_at if held else None,
            now=turn.now,
        ):
            _sign_plan(turn, station_id, slots, own, held)
            changed.add(station_id)
    return changed


def _airings(
    turn: _Round, tree: PlaceTree
) -> tuple[list[rules.Airing], dict[str, tuple[str, ...]]]:
    """Every slot of the window once, and the stations each rule airs at."""
    rows = turn.session.execute(
        select(
            SlotRow.slot_id,
            SlotRow.schedule_id,
            SlotRow.revision,
            SlotRow.starts_at,
            SlotRow.duration_ms,
            SlotRow.lateness_s,
            SlotRow.priority,
            SlotRow.authority,
            SlotRow.title,
            SlotRow.items,
            SlotRow.cancelled_at,
        ).where(
            SlotRow.starts_at >= turn.window.starts_at, SlotRow.starts_at < turn.window.covers_until
        )
    )
    airings = []
    for row in rows:
        airing = _airing(dict(row._mapping))
        if airing is not None and rules.is_plannable(airing.slot):
            airings.append(airing)
    return airings, stations_by_schedule(
        turn.session, tree, {airing.schedule_id for airing in airings}
    )


def _airing(values: dict[str, object]) -> rules.Airing | None:
    """The row as stations are told; None, and said in the log, if it cannot be told."""
    values["cancelled"] = values.pop("cancelled_at") is not None
    schedule_id = str(values.pop("schedule_id"))
    try:
        return rules.Airing(schedule_id, PlannedSlot.model_validate(values))
    except ValidationError:
        logger.exception("slot left out of every plan slot=%s", values["slot_id"])
        return None


def stations_by_schedule(
    session: Session, tree: PlaceTree, schedule_ids: set[str]
) -> dict[str, tuple[str, ...]]:
    """The stations each of these rules airs at."""
    targets: dict[str, list[str]] = {}
    for schedule_id, place_id in session.execute(
        select(ScheduleTargetRow.schedule_id, ScheduleTargetRow.place_id)
    ):
        if schedule_id in schedule_ids and place_id in tree.places:
            targets.setdefault(schedule_id, []).append(place_id)
    return {
        schedule_id: tuple(station.station_id for station in tree.stations_in(place_ids))
        for schedule_id, place_ids in targets.items()
    }


@dataclass(frozen=True, slots=True)
class _Newest:
    """The plan signed last for a station."""

    epoch: int
    version: int
    content_hash: str
    covers_until_at: datetime
    slots: Mapping[str, str]


def _newest_plans(session: Session) -> dict[str, _Newest]:
    last = (
        select(StationPlanRow.station_id, func.max(StationPlanRow.version).label("version"))
        .group_by(StationPlanRow.station_id)
        .subquery()
    )
    query = select(
        StationPlanRow.station_id,
        StationPlanRow.epoch,
        StationPlanRow.version,
        StationPlanRow.content_hash,
        StationPlanRow.covers_until_at,
        StationPlanRow.slots,
    ).join(
        last,
        and_(
            StationPlanRow.station_id == last.c.station_id,
            StationPlanRow.version == last.c.version,
        ),
    )
    return {row[0]: _Newest(*row[1:]) for row in session.execute(query)}


def _sign_plan(
    turn: _Round,
    station_id: str,
    slots: Sequence[PlannedSlot],
    digests: Mapping[str, str],
    held: _Newest | None,
) -> None:
    version = held.version + 1 if held else 1
    plan = rules.plan_of(station_id, slots, turn.now, turn.window.covers_until)
    valid = Validity(
        turn.now - rules.SIGNED_EARLIER, turn.window.covers_until + rules.EXPIRES_AFTER
    )
    envelope = turn.seal.plan(plan, version, valid)
    while len(envelope) > CAPS_BYTES[Down.PLAN]:
        logger.error("plan too large, its last days are left out station=%s", station_id)
        plan = rules.halved(plan)
        envelope = turn.seal.plan(plan, version, valid)
    turn.session.add(
        StationPlanRow(
            station_id=station_id,
            epoch=turn.seal.epoch,
            version=version,
            content_hash=rules.content_hash(digests),
            made_at=turn.now,
            covers_until_at=turn.window.covers_until,
            not_after_at=valid.not_after,
            required_assets=[asset.sha256 for asset in rules.required_assets(plan.slots)],
            slots={slot.slot_id: digests[slot.slot_id] for slot in plan.slots},
            envelope=envelope,
        )
    )
    _queue(turn, station_id, Down.PLAN, envelope)
    _set_sent(turn.session, station_id, plan_epoch_sent=turn.seal.epoch, plan_version_sent=version)
    changes = rules.difference(held.slots if held else {}, digests)
    logger.info(
        "plan signed station=%s version=%s added=%s removed=%s changed=%s bytes=%s",
        station_id,
        version,
        len(changes.added),
        len(changes.removed),
        len(changes.changed),
        len(envelope),
    )


# --- limits ---------------------------------------------------------------------------------------


def _refresh_limits(turn: _Round, tree: PlaceTree, book: HoursBook) -> set[str]:
    newest = {
        row.station_id: row
        for row in turn.session.execute(
            select(
                StationLimitsRow.station_id,
                StationLimitsRow.version,
                StationLimitsRow.content_hash,
                StationLimitsRow.made_at,
            ).order_by(StationLimitsRow.version)
        )
    }
    changed: set[str] = set()
    for station in tree.stations.values():
        limits = _limits(station, tree, book, turn.now)
        content = rules.limits_hash(limits, turn.seal.epoch)
        held = newest.get(station.station_id)
        if held is not None and held.content_hash == content and not _is_old(held.made_at, turn):
            continue
        _sign_limits(turn, limits, held.version + 1 if held else 1, content)
        changed.add(station.station_id)
    return changed


def _is_old(made_at: datetime, turn: _Round) -> bool:
    return made_at < turn.now - rules.LIMITS_RENEWED_AFTER


def _limits(station: Station, tree: PlaceTree, book: HoursBook, now: datetime) -> StationLimits:
    return rules.limits_of(
        station.station_id,
        book.of_station(tree, station.station_id),
        max_length_ms=station.max_length_ms,
        volume_ceiling_percent=station.volume_ceiling_percent,
        now=now,
    )


def _sign_limits(turn: _Round, limits: StationLimits, version: int, content: str) -> None:
    valid = Validity(turn.now - rules.SIGNED_EARLIER, turn.now + rules.LIMITS_VALID)
    envelope = turn.seal.limits(limits, version, valid)
    turn.session.add(
        StationLimitsRow(
            station_id=limits.station_id,
            version=version,
            content_hash=content,
            made_at=turn.now,
            envelope=envelope,
        )
    )
    _queue(turn, limits.station_id, Down.LIMITS, envelope)
    _set_sent(turn.session, limits.station_id, limits_version_sent=version)
    logger.info("limits signed station=%s version=%s", limits.station_id, version)


# --- both -----------------------------------------------------------------------------------------


def _queue(turn: _Round, station_id: str, kind: Down, envelope: bytes) -> None:
    topic = topics.down(station_id, kind)
    enqueue(turn.session, topic, envelope, DOWN_DELIVERY[kind], at=turn.now)


def _set_sent(session: Session, station_id: str, **values: int) -> None:
    session.execute(
        update(StationStateRow).where(StationStateRow.station_id == station_id).values(**values)
    )


def _note_changes(session: Session, station_ids: Sequence[str]) -> None:
    """Let live pages see the new versions."""
    if station_ids:
        number = next_number(session, Counter.CHANGE)
        session.execute(
            update(StationStateRow)
            .where(StationStateRow.station_id.in_(station_ids))
            .values(change_no=number)
        )
