"""The audit trail: who did what, when, from where. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.places import PlaceTree
from controller.storage.database import Database
from controller.storage.models import AuditRow, AuditSealRow, PlaceRow

EXPORTED_AT_ONCE = 500
SYSTEM = "vang"
"""The actor of deeds nobody asked for by hand."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is written down. `action` is a stable word such as `bulletin.approve`."""

    action: str
    object_kind: str
    object_id: str
    place_id: str | None = None
    detail: dict[str, Any] | None = None


def changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of a change: how it is now and, under `was`, how what differs stood before."""
    former = {key: value for key, value in was.items() if value != now.get(key)}
    return {**now, "was": former} if former else dict(now)


def record(session: Session, actor: Actor | None, deed: Deed, *, at: datetime) -> None:
    """Add a row inside the deed's own transaction; `actor` None means the system itself.

    What was done through a token says so in its detail.
    """
    detail = dict(deed.detail or {})
    if actor is not None and actor.token:
        detail["token"] = actor.token
    session.add(
        AuditRow(
            at=at,
            account_id=actor.account_id if actor else None,
            actor=actor.username if actor else SYSTEM,
            address=actor.address if actor else "",
            action=deed.action,
            object_kind=deed.object_kind,
            object_id=deed.object_id,
            place_id=deed.place_id,
            detail=detail,
        )
    )


def last_deed(
    session: Session, object_kind: str, object_id: str, actions: Iterable[str]
) -> dict[str, object]:
    """Who did one of these last to an object and when, for the one whose edit came second."""
    query = (
        select(AuditRow.actor, AuditRow.at)
        .where(
            AuditRow.object_kind == object_kind,
            AuditRow.object_id == object_id,
            AuditRow.action.in_(sorted(actions)),
        )
        .order_by(AuditRow.audit_id.desc())
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return {} if found is None else {"who": found.actor, "changed_at": found.at}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row as a screen shows it."""

    audit_id: int
    at: datetime
    account_id: str | None
    """None: the system itself."""
    actor: str
    address: str
    action: str
    object_kind: str
    object_id: str
    place_id: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditWish:
    """Which rows somebody looks for; what is left empty leaves nothing out."""

    actor: str = ""
    """Letters of the username, in either case."""
    actions: tuple[str, ...] = ()
    """Beginnings such as `bulletin.`; one of them."""
    object_kind: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Not itself included."""

    def matching(self) -> Iterator[ColumnElement[bool]]:
        """What a row has to be."""
        if self.actor:
            yield AuditRow.actor.icontains(self.actor, autoescape=True)
        if self.actions:
            yield or_(*(AuditRow.action.startswith(one, autoescape=True) for one in self.actions))
        if self.object_kind:
            yield AuditRow.object_kind == self.object_kind
        if self.object_id:
            yield AuditRow.object_id == self.object_id
        if self.since is not None:
            yield AuditRow.at >= self.since
        if self.until is not None:
            yield AuditRow.at < self.until


ALL = AuditWish()


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """One row with its place in the chain; None: not linked yet."""

    entry: AuditEntry
    number: int | None
    link: str


class AuditTrail:
    """Adds rows that stand alone (refusals), and reads the trail."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def refused(self, actor: Actor | None, deed: Deed) -> None:
        """Write down an attempt that was refused, in a transaction of its own."""
        with self._database.write() as session:
            record(session, actor, deed, at=self._now())

    def exported(self, actor: Actor, first: date, last: date, sought: Mapping[str, str]) -> None:
        """Write down that somebody took these days of the trail home, and which part of them."""
        told = {"starts_on": first.isoformat(), "ends_on": last.isoformat(), **sought}
        deed = Deed("audit.export", "audit", actor.place_id, actor.place_id, told)
        with self._database.write() as session:
            record(session, actor, deed, at=self._now())

    def export(self, place_ids: Sequence[str] | None, wish: AuditWish) -> Iterator[ExportedEntry]:
        """The rows of these places that are wished for, oldest first, a few hundred at a time.

        As in `newest`, what belongs to no place goes to who has the root.
        """
        after_id = 0
        while True:
            query = (
                select(AuditRow, AuditSealRow)
                .join(AuditSealRow, AuditSealRow.audit_id == AuditRow.audit_id, isouter=True)
                .where(AuditRow.audit_id > after_id, _at(place_ids), *wish.matching())
                .order_by(AuditRow.audit_id)
                .limit(EXPORTED_AT_ONCE)
            )
            with self._database.read() as session:
                found = [
                    ExportedEntry(
                        _entry(row), seal.seal_no if seal else None, seal.link if seal else ""
                    )
                    for row, seal in session.execute(query)
                ]
            yield from found
            if len(found) < EXPORTED_AT_ONCE:
                return
            after_id = found[-1].entry.audit_id

    def newest(
        self,
        *,
        place_ids: Sequence[str] | None = None,
        limit: int = 100,
        before_id: int | None = None,
        wish: AuditWish = ALL,
    ) -> Sequence[AuditEntry]:
        """The latest rows wished for, newest first; `before_id` goes on from an earlier page.

        `place_ids` leaves out what belongs to other places, and what belongs to none unless the
        root is among them.
        """
        query = select(AuditRow).where(_at(place_ids), *wish.matching())
        query = query.order_by(AuditRow.audit_id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(AuditRow.audit_id < before_id)
        with self._database.read() as session:
            return [_entry(row) for row in session.scalars(query)]


def read_by(tree: PlaceTree, place_id: str) -> Sequence[str] | None:
    """The places whose deeds somebody at this place reads; None: all there are or ever were."""
    if tree.places[place_id].parent_id is None:
        return None  # of 10,000 places, naming each would take longer than the whole page
    return [place.place_id for place in tree.walk(place_id)]


def _at(place_ids: Sequence[str] | None) -> ColumnElement[bool]:
    if place_ids is None:
        return true()
    root = select(PlaceRow.place_id).where(
        PlaceRow.parent_id.is_(None), PlaceRow.place_id.in_(place_ids)
    )
    return AuditRow.place_id.in_(place_ids) | (AuditRow.place_id.is_(None) & exists(root))


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        row.audit_id,
        row.at,
        row.account_id,
        row.actor,
        row.address,
        row.action,
        row.object_kind,
        row.object_id,
        row.place_id,
        row.detail,
    )
