"""Emergencies and drills as screens show them: read from the database, never rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from controller.domain import pieces
from controller.domain.bulletins import Language
from controller.domain.emergencies import (
    CONFIRMED_WITHIN,
    ENDED_WITHIN,
    IN_FULL,
    NOT_ANSWERED,
    SHORTEST,
    Kind,
    Part,
    State,
    StationTrace,
    spoken_in,
    takers,
)
from controller.domain.hazards import Hazard
from controller.domain.pieces import Joined
from controller.domain.places import PlaceTree
from controller.domain.station_state import FRESH_FOR, ShownState
from controller.services.absences import absences
from controller.storage.models import (
    BulletinVersionRow,
    EmergencyOrderRow,
    EmergencyPartRow,
    EmergencyRow,
    EmergencyTranslationRow,
    JournalEntryRow,
    OrderReplyRow,
    PieceRow,
    SignedOrderRow,
    StationStateRow,
)
from station_protocol.messages import OrderSound

CLOCKS_APART = timedelta(hours=25)
"""How far before an order a station's own clock may place what it did with it."""

_IS_UP = (ShownState.READY.value, ShownState.ON_AIR.value, ShownState.DEGRADED.value)


@dataclass(frozen=True, slots=True)
class PartView:
    """What is said in one part, and whether its sound is there."""

    part: Part
    text: str
    state: str
    """"ready", "wanted", "running" or "failed"."""
    sound: OrderSound | None
    is_recording: bool
    others: Mapping[str, PartView] = field(default_factory=dict)
    """The same recorded in other languages, by language."""

    def at(self, language_order: Sequence[str]) -> tuple[str, OrderSound | None]:
        """Language and sound for stations with this order: Vietnamese where there is no better."""
        there = {key: one.sound for key, one in self.others.items() if one.sound is not None}
        language = spoken_in(language_order, {Language.VI.value, *there})
        return language, there.get(language, self.sound)

    @property
    def all(self) -> Mapping[str, PartView]:
        """It in every language it has, Vietnamese first."""
        return {Language.VI.value: self, **self.others}


@dataclass(frozen=True, slots=True)
class EmergencyView:
    """One emergency or drill with all that was decided about it."""

    emergency_id: str
    kind: Kind
    hazard: Hazard
    level: int | None
    title: str
    source: str
    place_id: str
    target_ids: tuple[str, ...]
    stations: int
    repeat_every_s: int | None
    lasts_s: int
    until_at: datetime
    state: State
    composed_by: str
    composed_by_name: str
    composed_at: datetime
    confirmed_by_name: str | None
    alone_why: str | None
    sent_at: datetime | None
    ended_at: datetime | None
    reviewed_by_name: str | None
    reviewed_at: datetime | None
    parts: Mapping[Part, PartView]
    sent_parts: Mapping[Part, datetime]
    """The parts that were sent, and when."""

    @property
    def ending(self) -> Part | None:
        """What was sent last to correct it or to call it off; None: nothing was."""
        sent = {part: at for part, at in self.sent_parts.items() if part is not Part.WARNING}
        return max(sent, key=sent.__getitem__, default=None)

    @property
    def airings(self) -> int:
        """How often it sounds, counted from its first time.

        Once more for each repetition before its end: one due at the end itself would come after
        it, for stations count from when the first began.
        """
        if self.repeat_every_s is None:
            return 1
        return -(-self.lasts_s // self.repeat_every_s)

    def is_waiting(self, now: datetime) -> bool:
        """Whether it can still be confirmed."""
        return self.state is State.PROPOSED and now < self.composed_at + CONFIRMED_WITHIN

    def is_running(self, now: datetime) -> bool:
        """Whether something of it may still sound."""
        return self.state is State.SENT and self.ended_at is None and now < self.until_at

    def may_sound(self, now: datetime) -> bool:
        """Whether it, or what ends it, can still sound anywhere: there is something to stop."""
        endings = (at + SHORTEST for part, at in self.sent_parts.items() if part != Part.WARNING)
        return self.state is State.SENT and now < max((self.until_at, *endings))

    def may_end(self, now: datetime) -> bool:
        """Whether it can still be corrected or called off by one person, in two clicks."""
        return self.state is State.SENT and now < self.until_at + ENDED_WITHIN


def view_of(session: Session, row: EmergencyRow) -> EmergencyView:
    """A row with its parts and what was sent of them."""
    return views_of(session, [row])[0]


def views_of(session: Session, rows: Sequence[EmergencyRow]) -> list[EmergencyView]:
    """Rows with their parts and what was sent of them."""
    ids = [row.emergency_id for row in rows]
    parts = _parts(session, ids)
    sent: defaultdict[str, dict[Part, datetime]] = defaultdict(dict)
    query = select(EmergencyOrderRow).where(EmergencyOrderRow.emergency_id.in_(ids))
    for order in session.scalars(query):
        sent[order.emergency_id].setdefault(Part(order.part), order.sent_at)
    return [_view(row, parts[row.emergency_id], sent[row.emergency_id]) for row in rows]


def _view(
    row: EmergencyRow, parts: Mapping[Part, PartView], sent: Mapping[Part, datetime]
) -> EmergencyView:
    return EmergencyView(
        emergency_id=row.emergency_id,
        kind=Kind(row.kind),
        hazard=Hazard(row.hazard),
        level=row.level,
        title=row.title,
        source=row.source,
        place_id=row.place_id,
        target_ids=tuple(row.target_ids),
        stations=row.stations,
        repeat_every_s=row.repeat_every_s,
        lasts_s=row.lasts_s,
        until_at=row.until_at,
        state=State(row.state),
        composed_by=row.composed_by,
        composed_by_name=row.composed_by_name,
        composed_at=row.composed_at,
        confirmed_by_name=row.confirmed_by_name,
        alone_why=row.alone_why,
        sent_at=row.sent_at,
        ended_at=row.ended_at,
        reviewed_by_name=row.reviewed_by_name,
        reviewed_at=row.reviewed_at,
        parts=parts,
        sent_parts=sent,
    )


def _parts(session: Session, ids: Sequence[str]) -> dict[str, dict[Part, PartView]]:
    query = (
        select(EmergencyPartRow, EmergencyRow.kind, PieceRow, BulletinVersionRow)
        .join(EmergencyRow, EmergencyRow.emergency_id == EmergencyPartRow.emergency_id)
        .join(PieceRow, PieceRow.piece_id == EmergencyPartRow.piece_id, isouter=True)
        .join(
            BulletinVersionRow,
            BulletinVersionRow.bulletin_version_id == EmergencyPartRow.bulletin_version_id,
            isouter=True,
        )
        .where(EmergencyPartRow.emergency_id.in_(ids))
    )
    found: defaultdict[str, dict[Part, PartView]] = defaultdict(dict)
    others = _translations(session, ids)
    for row, kind, piece, version in session.execute(query):
        part = Part(row.part)
        recorded = _marked if kind == Kind.DRILL.value else _recorded
        said = recorded(row, version, piece) if version else _read(part, row.text, piece)
        found[row.emergency_id][part] = replace(said, others=others[row.emergency_id, part])
    return found


def _translations(
    session: Session, ids: Sequence[str]
) -> defaultdict[tuple[str, Part], dict[str, PartView]]:
    query = (
        select(EmergencyTranslationRow, BulletinVersionRow)
        .join(
            BulletinVersionRow,
            BulletinVersionRow.bulletin_version_id == EmergencyTranslationRow.bulletin_version_id,
        )
        .where(EmergencyTranslationRow.emergency_id.in_(ids))
    )
    found: defaultdict[tuple[str, Part], dict[str, PartView]] = defaultdict(dict)
    for row, version in session.execute(query):
        part = Part(row.part)
        found[row.emergency_id, part][row.language] = _recorded(row, version)
    return found


def _read(part: Part, text: str, piece: PieceRow | None) -> PartView:
    """Words a voice reads."""
    state = piece.state if piece else "failed"
    return PartView(part, text, state, _sound(piece), is_recording=False)


def _recorded(
    row: EmergencyPartRow | EmergencyTranslationRow,
    version: BulletinVersionRow,
    _piece: PieceRow | None = None,
) -> PartView:
    states = {"ready": "ready", "processing": "running", "refused": "failed"}
    text = row.text if isinstance(row, EmergencyPartRow) else ""
    sound = _sound(version)
    return PartView(Part(row.part), text, states[version.state], sound, is_recording=True)


def _marked(row: EmergencyPartRow, version: BulletinVersionRow, piece: PieceRow | None) -> PartView:
    """A recording of a drill: never heard but between the sentences that say what it is."""
    recorded = _recorded(row, version)
    if piece is None or not isinstance(pieces.read(piece.recipe), Joined):
        mark = piece.state if piece is not None else "failed"
        state = "failed" if "failed" in (recorded.state, mark) else "running"
        return replace(recorded, state=state, sound=None)
    return replace(recorded, state=piece.state, sound=_sound(piece))


def _sound(row: PieceRow | BulletinVersionRow | None) -> OrderSound | None:
    if row is None or row.sha256 is None:
        return None
    return OrderSound(
        sha256=row.sha256, size_bytes=row.size_bytes or 0, duration_ms=row.duration_ms or 0
    )


# --- what the stations said -----------------------------------------------------------------------


def traces(
    session: Session,
    tree: PlaceTree,
    row: EmergencyRow,
    now: datetime,
    part: Part = Part.WARNING,
) -> tuple[StationTrace, ...]:
    """What each station it was sent to has said about a part, in the order of the places."""
    query = select(EmergencyOrderRow.order_id).where(
        EmergencyOrderRow.emergency_id == row.emergency_id,
        EmergencyOrderRow.part == part.value,
    )
    orders = set(session.scalars(query))
    replies = _replies(session, orders)
    stations = _targeted(session, tree, row, replies.keys())
    said = _said(session, stations, orders, (row.sent_at or row.composed_at) - CLOCKS_APART)
    up = set(
        session.scalars(
            select(StationStateRow.station_id).where(
                StationStateRow.station_id.in_(stations), _is_up(now)
            )
        )
    )
    return tuple(
        _trace(station_id, station_id in up, replies.get(station_id), said[station_id])
        for station_id in stations
    )


@dataclass(frozen=True, slots=True)
class OwedEnding:
    """Stations that took a warning and of which nobody knows that they will sound its ending."""

    row: EmergencyRow
    part: Part
    sent_at: datetime
    traces: tuple[StationTrace, ...]


def owed_endings(session: Session, tree: PlaceTree, now: datetime) -> Iterator[OwedEnding]:
    """Of real emergencies whose correction or all-clear still holds, those not yet at an end."""
    query = (
        select(EmergencyRow, EmergencyOrderRow)
        .join(EmergencyOrderRow, EmergencyOrderRow.emergency_id == EmergencyRow.emergency_id)
        .join(SignedOrderRow, SignedOrderRow.order_id == EmergencyOrderRow.order_id)
        .where(
            EmergencyRow.kind == Kind.LIVE.value,
            EmergencyRow.state == State.SENT.value,
            EmergencyOrderRow.part != Part.WARNING.value,
            SignedOrderRow.not_after_at > now,
        )
        .order_by(EmergencyOrderRow.sent_at)
    )
    last = {row.emergency_id: (row, order) for row, order in session.execute(query)}
    for row, order in last.values():
        part = Part(order.part)
        took = takers(traces(session, tree, row, now))
        owing = tuple(
            one
            for one in traces(session, tree, row, now, part)
            if one.station_id in took and one.heard in NOT_ANSWERED
        )
        if owing:
            yield OwedEnding(row, part, order.sent_at, owing)


def _targeted(
    session: Session, tree: PlaceTree, row: EmergencyRow, answered: Container[str]
) -> list[str]:
    """The stations of the targets when it was sent: added later none, retired since still.

    One that was on trial or retired then is there if it answered.
    """
    stations = list(tree.stations_in(row.target_ids))
    if row.sent_at is None:
        return [one.station_id for one in stations]
    stations += [
        one
        for one in tree.retired.values()
        if any(tree.is_within(one.place_id, target) for target in row.target_ids)
    ]
    ids = [one.station_id for one in stations]
    away = absences(session, ids, row.sent_at, row.sent_at + timedelta(seconds=1))
    return [key for key in ids if key in answered or key not in away]


def _is_up(now: datetime) -> ColumnElement[bool]:
    """Linked, whatever is said of it: work at a station does not keep an order from it."""
    is_linked = StationStateRow.last_heartbeat_at > now - FRESH_FOR
    is_worked_at = StationStateRow.shown_state == ShownState.MAINT.value
    return or_(StationStateRow.shown_state.in_(_IS_UP), and_(is_worked_at, is_linked))


def _replies(session: Session, orders: Iterable[str]) -> dict[str, OrderReplyRow]:
    query = select(OrderReplyRow).where(OrderReplyRow.order_id.in_(list(orders)))
    return {row.station_id: row for row in session.scalars(query)}


def _said(
    session: Session, stations: Sequence[str], orders: set[str], since: datetime
) -> defaultdict[str, list[JournalEntryRow]]:
    found: defaultdict[str, list[JournalEntryRow]] = defaultdict(list)
    query = (
        select(JournalEntryRow)
        .where(
            JournalEntryRow.station_id.in_(stations),
            JournalEntryRow.kind.in_(("start", "as_run")),
            JournalEntryRow.at >= since,
            JournalEntryRow.evidence["order_id"].as_string().in_(orders),
        )
        .order_by(JournalEntryRow.station_id, JournalEntryRow.at, JournalEntryRow.entry_no)
    )
    for line in session.scalars(query):
        found[line.station_id].append(line)
    return found


def _trace(
    station_id: str,
    is_online: bool,
    reply: OrderReplyRow | None,
    lines: Sequence[JournalEntryRow],
) -> StationTrace:
    starts = {line.evidence["slot_id"]: line for line in lines if line.kind == "start"}
    ends = {line.evidence["slot_id"]: line for line in lines if line.kind == "as_run"}
    sounded = {
        key: line.evidence["started_at"]
        for key, line in {**ends, **starts}.items()
        if line.evidence.get("started_at")
    }
    first = min(sounded, key=lambda key: datetime.fromisoformat(sounded[key]), default=None)
    told = [line.received_at for line in lines if line.evidence["slot_id"] == first]
    last = max(ends.values(), key=lambda line: line.at).evidence if ends else {}
    return StationTrace(
        station_id=station_id,
        is_online=is_online,
        accepted=reply.accepted if reply else None,
        refusal=(reply.why or "") if reply else "",
        first_sound_at=datetime.fromisoformat(sounded[first]) if first is not None else None,
        told_at=min(told, default=None),
        airings=len(sounded),
        ended=len(sounded.keys() & ends.keys()),
        in_full=sum(line.evidence.get("outcome") in IN_FULL for line in ends.values()),
        outcome=last.get("outcome", ""),
        reason=last.get("reason") or "",
    )
