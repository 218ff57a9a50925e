"""What each person chose to be told, and how; and a test of the way to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from controller.domain.accounts import Actor, Permission
from controller.domain.notices import (
    OFFERED,
    Choices,
    NoticeKind,
    Way,
    as_json,
    clean_email,
)
from controller.errors import ForbiddenError, InvalidInputError
from controller.services.audit import Deed, changed, record
from controller.services.identifiers import new_id
from controller.services.notice_people import choices_of
from controller.storage.database import Database
from controller.storage.models import NoticeChoiceRow, NoticeDeliveryRow

TEST_GOOD_FOR = timedelta(minutes=30)
TESTS_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LastSent:
    """What became of the last thing sent to somebody."""

    way: Way
    is_test: bool
    state: str
    """"waiting", "sent", "failed" or "void"."""
    created_at: datetime
    done_at: datetime | None
    attempts: int
    error: str | None


class NoticeChoices:
    """One's own choices."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        wake: Callable[[str], None],
        *,
        ways: frozenset[Way],
    ) -> None:
        self._database = database
        self._now = now
        self._wake = wake
        self.ways = ways | {Way.PAGE}
        """The ways this centre can tell by."""

    def of(self, actor: Actor) -> Choices:
        """What holds for the actor."""
        with self._database.read() as session:
            return choices_of(actor.role, session.get(NoticeChoiceRow, actor.account_id))

    def save(self, actor: Actor, email: str, wanted: Mapping[NoticeKind, Set[Way]]) -> None:
        """Keep them. InvalidInputError for an address no letter can be sent to."""
        address, at = clean_email(email), self._now()
        with self._database.write() as session:
            row = session.get(NoticeChoiceRow, actor.account_id)
            if row is None:
                row = NoticeChoiceRow(account_id=actor.account_id, ways={}, changed_at=at)
                session.add(row)
            known = choices_of(actor.role, row).ways
            unreachable = frozenset(Way) - self.ways
            ways = {
                kind: frozenset(wanted.get(kind, frozenset())) & self.ways
                | known[kind] & unreachable
                for kind in OFFERED[actor.role]
            }
            detail = changed({"email": row.email}, {"email": address})
            row.email, row.ways, row.changed_at = address, as_json(ways), at
            deed = Deed("account.notices", "account", actor.account_id, actor.place_id, detail)
            record(session, actor, deed, at=at)

    def order_test(self, actor: Actor, way: Way) -> None:
        """Send a test message the way all others go.

        InvalidInputError without an address or within a minute of the last; ForbiddenError for a
        call by somebody else than an admin.
        """
        if way not in self.ways:
            raise InvalidInputError("not set up", field="test", problem="way_not_set_up")
        if way.is_called and not actor.may(Permission.MANAGE_ACCOUNTS):
            raise ForbiddenError(str(Permission.MANAGE_ACCOUNTS))
        if way is Way.EMAIL and self.of(actor).email is None:
            raise InvalidInputError("no address", field="email", problem="no_email")
        at = self._now()
        with self._database.write() as session:
            last = session.scalar(
                select(NoticeDeliveryRow.created_at)
                .where(
                    NoticeDeliveryRow.account_id == actor.account_id,
                    NoticeDeliveryRow.notice_id.is_(None),
                    NoticeDeliveryRow.way == way.value,
                )
                .order_by(NoticeDeliveryRow.created_at.desc())
                .limit(1)
            )
            if last is not None and at - last < TESTS_EVERY:
                raise InvalidInputError("too soon", field="test", problem="test_too_soon")
            session.add(
                NoticeDeliveryRow(
                    delivery_id=f"{way.value}:test:{new_id(at)}",
                    way=way.value,
                    account_id=actor.account_id,
                    created_at=at,
                    next_at=at,
                    not_after_at=at + TEST_GOOD_FOR,
                )
            )
        self._wake("deliveries")

    def last_sent(self, actor: Actor, *, most: int = 5) -> tuple[LastSent, ...]:
        """What was sent to the actor last, the newest first."""
        query = (
            select(NoticeDeliveryRow)
            .where(NoticeDeliveryRow.account_id == actor.account_id)
            .order_by(NoticeDeliveryRow.created_at.desc())
            .limit(most)
        )
        with self._database.read() as session:
            return tuple(
                LastSent(
                    Way(row.way),
                    row.notice_id is None,
                    row.state,
                    row.created_at,
                    row.done_at,
                    row.attempts,
                    row.error,
                )
                for row in session.scalars(query)
            )
