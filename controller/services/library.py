"""The library: bulletins of the actor's place and below, and what others share, in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinState, Language
from controller.domain.places import fold
from controller.domain.schedule import local_date
from controller.services import bulletin_views
from controller.services.bulletin_views import BulletinView
from controller.services.paging import Leaf, leaf
from controller.services.places import Places
from controller.storage.database import Database
from controller.storage.models import BulletinRow, BulletinTagRow, BulletinVersionRow

PAGE_LENGTH = 50
TAGS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for; what is empty narrows nothing down."""

    words: str = ""
    """Each of them stands in title, text or tags, whatever its marks."""
    state: BulletinState | None = None
    category: str | None = None
    language: Language | None = None
    """There is finished sound in it."""
    tag: str = ""
    """One whole tag, whatever its marks."""
    is_expired: bool = False
    """Only what is approved and may not air any more."""
    is_shared: bool = False
    """Only what any place shares and what may still air, wherever it was made."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """One page of what was found, the latest change first."""

    bulletins: tuple[BulletinView, ...]
    counts: Mapping[BulletinState, int]
    """How many there are in each state, whatever state was asked for."""
    expired: int
    """How many of them have expired."""
    shared: int
    """How many any place shares."""
    tags: tuple[str, ...]
    """The commonest tags at this place, whatever was asked for."""
    leaf: Leaf

    @property
    def total(self) -> int:
        """How many there are in all states together."""
        return sum(self.counts.values())


class Library:
    """Finds bulletins."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places

    def search(self, actor: Actor, wish: Search) -> LibraryPage:
        """What fits the wish at the actor's place and below, or among what is shared."""
        today = local_date(self._now())
        own, lent, narrowing = self._scope(actor), _shared(today), _conditions(wish)
        conditions = [*self._among(actor, wish, today), *narrowing]
        with self._database.read() as session:
            shown = leaf(_number(session, conditions), wish.page, PAGE_LENGTH)
            rows = session.scalars(
                select(BulletinRow)
                .where(*conditions)
                .order_by(BulletinRow.updated_at.desc(), BulletinRow.bulletin_id.desc())
                .limit(shown.length)
                .offset(shown.offset)
            ).all()
            return LibraryPage(
                bulletin_views.views(session, rows),
                counts=_counts(session, [own, *narrowing]),
                expired=_number(session, [own, _expired(today), *narrowing]),
                shared=_number(session, [lent, *narrowing]),
                tags=_commonest_tags(session, lent if wish.is_shared else own),
                leaf=shown,
            )

    def walk(
        self, actor: Actor, wish: Search, *, before_id: str | None, limit: int
    ) -> tuple[BulletinView, ...]:
        """What fits the wish, the last made first; `before_id` goes on behind that bulletin.

        For programs that read everything: a change meanwhile moves nothing to another part.
        """
        today = local_date(self._now())
        conditions = [*self._among(actor, wish, today), *_conditions(wish)]
        if before_id is not None:
            conditions.append(BulletinRow.bulletin_id < before_id)
        with self._database.read() as session:
            rows = session.scalars(
                select(BulletinRow)
                .where(*conditions)
                .order_by(BulletinRow.bulletin_id.desc())
                .limit(limit)
            ).all()
            return bulletin_views.views(session, rows)

    def _among(self, actor: Actor, wish: Search, today: date) -> list[ColumnElement[bool]]:
        """Where it is looked for, before the words of the wish narrow it down."""
        if wish.is_shared:
            return [_shared(today)]
        if wish.is_expired:
            return [self._scope(actor), _expired(today)]
        if wish.state:
            return [self._scope(actor), BulletinRow.state == wish.state.value]
        return [self._scope(actor)]

    def _scope(self, actor: Actor) -> ColumnElement[bool]:
        here = [place.place_id for place in self._places.tree().walk(actor.place_id)]
        return BulletinRow.place_id.in_(here)


_APPROVED = BulletinRow.state == BulletinState.APPROVED.value


def _shared(today: date) -> ColumnElement[bool]:
    still_good = or_(BulletinRow.valid_until.is_(None), BulletinRow.valid_until >= today)
    has_sound = exists().where(
        BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id,
        BulletinVersionRow.state == "ready",
        BulletinVersionRow.sound_gone_at.is_(None),
    )
    return and_(_APPROVED, BulletinRow.shared_at.is_not(None), still_good, has_sound)


def _expired(today: date) -> ColumnElement[bool]:
    return and_(_APPROVED, BulletinRow.valid_until < today)


def _counts(
    session: Session, conditions: Sequence[ColumnElement[bool]]
) -> dict[BulletinState, int]:
    query = select(BulletinRow.state, func.count()).where(*conditions).group_by(BulletinRow.state)
    counted = {BulletinState(state): count for state, count in session.execute(query)}
    return {state: counted.get(state, 0) for state in BulletinState}


def _number(session: Session, conditions: Sequence[ColumnElement[bool]]) -> int:
    return session.scalar(select(func.count()).select_from(BulletinRow).where(*conditions)) or 0


def _commonest_tags(session: Session, scope: ColumnElement[bool]) -> tuple[str, ...]:
    """Of tags that differ in marks or capitals only one spelling is shown."""
    query = (
        select(func.min(BulletinTagRow.tag))
        .join(BulletinRow, BulletinRow.bulletin_id == BulletinTagRow.bulletin_id)
        .where(scope, BulletinRow.state != BulletinState.WITHDRAWN.value)
        .group_by(BulletinTagRow.tag_key)
        .order_by(func.count().desc(), BulletinTagRow.tag_key)
        .limit(TAGS_SHOWN)
    )
    return tuple(session.scalars(query))


def _conditions(wish: Search) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        BulletinRow.search_text.contains(word, autoescape=True) for word in fold(wish.words).split()
    ]
    if wish.category:
        found.append(BulletinRow.category == wish.category)
    if wish.language:
        found.append(
            exists().where(
                BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id,
                BulletinVersionRow.language == wish.language.value,
                BulletinVersionRow.state == "ready",
                BulletinVersionRow.sound_gone_at.is_(None),
            )
        )
    if wish.tag:
        found.append(
            exists().where(
                BulletinTagRow.bulletin_id == BulletinRow.bulletin_id,
                BulletinTagRow.tag_key == fold(wish.tag),
            )
        )
    return found
