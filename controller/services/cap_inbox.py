"""Alerts from outside: kept as they came, offered as drafts, never sent by themselves.

They come as files people bring, or from feeds that are asked regularly. All that can be done with
one is to fill in the form of an emergency, which two people read, or to put it aside.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.emergencies import Kind
from controller.errors import ControllerError, NotCapError, NotFoundError, WrongStateError
from controller.services import cap_reading, safe_xml
from controller.services.audit import Deed, record
from controller.services.cap_drafts import CapDraft, draft_of
from controller.services.cap_reading import CapMessage
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.scope import is_near
from controller.storage.database import Database
from controller.storage.models import CapAlertRow

logger = logging.getLogger(__name__)

MOST_OF_A_FEED = 50
"""Entries of one feed that are looked at."""
SHOWN = 30
KEPT = timedelta(days=90)
"""How long an alert is kept of which nothing was composed."""
OFFERED = {Kind.LIVE: "Actual", Kind.DRILL: "Exercise"}
"""Which alerts a desk may take up: those that are real, or those that practise."""

Fetch = Callable[[str], bytes]
"""The document at an address. OSError when it cannot be had."""


@dataclass(frozen=True, slots=True)
class CapAlert:
    """An alert that came in."""

    cap_alert_id: str
    came_from: str
    """Address of the feed's entry; "": somebody brought the file."""
    received_at: datetime
    received_by_name: str
    message: CapMessage
    handled_by_name: str | None
    emergency_id: str | None
    """What was composed of it."""

    @property
    def kind(self) -> Kind | None:
        """Which desk may take it up; None for tests, drafts, and what ends another alert."""
        if self.message.kind not in ("Alert", "Update"):
            return None
        return next(
            (kind for kind, status in OFFERED.items() if status == self.message.status), None
        )


@dataclass(frozen=True, slots=True)
class FeedState:
    """How asking a feed went last."""

    address: str
    asked_at: datetime
    problem: str
    """Why nothing came of it, in the words of the system; "": it answered."""


class CapInbox:
    """What came in, for those it may concern."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        feeds: Sequence[str],
        fetch: Fetch,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._feeds = feeds
        self._fetch = fetch
        self._states: dict[str, FeedState] = {}

    # --- reading ----------------------------------------------------------------------------------

    def waiting(self, actor: Actor) -> tuple[CapAlert, ...]:
        """Those nobody has dealt with yet and that concern the actor's place, the latest first."""
        tree = self._places.tree()
        query = (
            select(CapAlertRow.cap_alert_id, CapAlertRow.place_id)
            .where(CapAlertRow.handled_at.is_(None))
            .order_by(CapAlertRow.received_at.desc(), CapAlertRow.cap_alert_id.desc())
        )
        with self._database.read() as session:
            found = [key for key, at in session.execute(query) if is_near(tree, actor.place_id, at)]
            return tuple(_alert(session.get_one(CapAlertRow, key)) for key in found[:SHOWN])

    def get(self, actor: Actor, cap_alert_id: str) -> CapAlert:
        """One of them. NotFoundError for one of another place."""
        with self._database.read() as session:
            return _alert(self._row(session, actor, cap_alert_id))

    def draft(self, actor: Actor, alert: CapAlert) -> CapDraft:
        """What the actor would send of it in the own place."""
        return draft_of(alert.message, self._places.tree(), actor.place_id, self._now())

    def feeds(self) -> tuple[FeedState, ...]:
        """How asking each feed went last; those not asked yet are left out."""
        return tuple(self._states.values())

    # --- deeds ------------------------------------------------------------------------------------

    def receive(self, actor: Actor, document: bytes) -> str:
        """Keep a file somebody brought; its id, the old one if it was here before. NotCapError."""
        message = cap_reading.read(document)
        with self._database.write() as session:
            return self._keep(session, actor, actor.place_id, "", document, message)

    def set_aside(self, actor: Actor, cap_alert_id: str) -> None:
        """Say that nothing is to be done about it."""
        self._handle(actor, cap_alert_id, "set_aside", None)

    def composed(self, actor: Actor, cap_alert_id: str, emergency_id: str) -> None:
        """Write down what was composed of it."""
        self._handle(actor, cap_alert_id, "compose", emergency_id)

    def collect(self) -> int:
        """Ask every feed; how many alerts are new. A feed that fails keeps no other from it."""
        new = sum(self._ask(address) for address in self._feeds)
        with self._database.write() as session:
            session.execute(
                delete(CapAlertRow).where(
                    CapAlertRow.emergency_id.is_(None),
                    CapAlertRow.received_at < self._now() - KEPT,
                )
            )
        return new

    # --- inside -----------------------------------------------------------------------------------

    def _ask(self, address: str) -> int:
        problem, new = "", 0
        try:
            for came_from, document in self._documents(address):
                new += self._take(came_from, document)
        except (OSError, ControllerError) as error:
            problem = str(error)[:200]
            logger.warning("feed of alerts failed address=%s: %s", address, error)
        self._states[address] = FeedState(address, self._now(), problem)
        return new

    def _documents(self, address: str) -> Iterator[tuple[str, bytes]]:
        """The alert at an address, or those its entries lead to, on the same machine alone."""
        document = self._fetch(address)
        root = safe_xml.read(document)
        if root.name == "alert":
            yield address, document
            return
        with self._database.read() as session:
            known = set(session.scalars(select(CapAlertRow.came_from)))
        for one in _entries(root):
            entry = _joined(address, one)
            if _origin(entry) == _origin(address) and entry not in known:
                yield entry, self._fetch(entry)

    def _take(self, came_from: str, document: bytes) -> bool:
        try:
            message = cap_reading.read(document)
        except NotCapError as error:
            logger.warning("no alert address=%s reason=%s", came_from, error.facts.get("reason"))
            return False
        if message.kind in ("Ack", "Error"):
            return False
        (root,) = self._places.tree().children(None)[:1]
        digest = hashlib.sha256(document).hexdigest()
        with self._database.write() as session:
            before = select(CapAlertRow.cap_alert_id).where(CapAlertRow.digest == digest)
            if session.scalar(before.where(CapAlertRow.place_id == root.place_id)):
                return False
            self._keep(session, None, root.place_id, came_from, document, message)
        return True

    def _keep(
        self,
        session: Session,
        actor: Actor | None,
        place_id: str,
        came_from: str,
        document: bytes,
        message: CapMessage,
    ) -> str:
        at, digest = self._now(), hashlib.sha256(document).hexdigest()
        known = session.scalar(
            select(CapAlertRow.cap_alert_id).where(
                CapAlertRow.digest == digest, CapAlertRow.place_id == place_id
            )
        )
        if known is not None:
            return known
        row = CapAlertRow(
            cap_alert_id=new_id(at),
            place_id=place_id,
            digest=digest,
            document=document,
            came_from=came_from,
            received_at=at,
            received_by_name=actor.full_name if actor else "",
        )
        session.add(row)
        session.flush()
        facts = {"sender": message.sender, "identifier": message.identifier, "from": came_from}
        record(session, actor, _deed("receive", row, **facts), at=at)
        return row.cap_alert_id

    def _handle(
        self, actor: Actor, cap_alert_id: str, action: str, emergency_id: str | None
    ) -> None:
        at = self._now()
        with self._database.write() as session:
            row = self._row(session, actor, cap_alert_id)
            if row.handled_at is not None and emergency_id is None:
                raise WrongStateError("dealt with", state="handled")
            row.handled_at, row.handled_by_name = at, actor.full_name
            row.emergency_id = emergency_id or row.emergency_id
            detail = {"emergency_id": emergency_id} if emergency_id else {}
            record(session, actor, _deed(action, row, **detail), at=at)

    def _row(self, session: Session, actor: Actor, cap_alert_id: str) -> CapAlertRow:
        row = session.get(CapAlertRow, cap_alert_id)
        if row is None or not is_near(self._places.tree(), actor.place_id, row.place_id):
            raise NotFoundError(f"alert {cap_alert_id}", object_id=cap_alert_id)
        return row


def _alert(row: CapAlertRow) -> CapAlert:
    return CapAlert(
        row.cap_alert_id,
        row.came_from,
        row.received_at,
        row.received_by_name,
        cap_reading.read(row.document),
        row.handled_by_name,
        row.emergency_id,
    )


def _deed(action: str, row: CapAlertRow, **detail: object) -> Deed:
    return Deed(f"cap.{action}", "cap_alert", row.cap_alert_id, row.place_id, dict(detail))


def _entries(root: safe_xml.Node) -> list[str]:
    """Where the entries of an Atom or RSS feed lead."""
    found = [
        link.attributes["href"]
        for entry in root.all("entry")
        for link in list(entry.all("link"))[:1]
        if "href" in link.attributes
    ]
    for channel in root.all("channel"):
        found += [item.first("link") for item in channel.all("item")]
    return [one for one in found if one][:MOST_OF_A_FEED]


def _joined(address: str, link: str) -> str:
    """Where a link of a document leads; "" for none."""
    try:
        return urljoin(address, link)
    except ValueError:
        return ""


def _origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc
