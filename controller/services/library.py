"""The library: bulletins of the actor's place and below, searched and in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from sqlalchemy import ColumnElement, exists, func, select

from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinState, Language
from controller.domain.places import fold
from controller.services import bulletin_views
from controller.services.bulletin_views import BulletinView
from controller.services.places import Places
from controller.storage.database import Database
from controller.storage.models import BulletinRow, BulletinVersionRow

PAGE_LENGTH = 50


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for; what is empty narrows nothing down."""

    words: str = ""
    """Each of them stands in title or text, whatever its marks."""
    state: BulletinState | None = None
    category: str | None = None
    language: Language | None = None
    """There is finished sound in it."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """One page of what was found, the latest change first."""

    bulletins: tuple[BulletinView, ...]
    counts: Mapping[BulletinState, int]
    """How many there are in each state, whatever state was asked for."""
    page: int
    pages: int

    @property
    def total(self) -> int:
        """How many there are in all states together."""
        return sum(self.counts.values())


class Library:
    """Finds bulletins."""

    def __init__(self, database: Database, places: Places) -> None:
        self._database = database
        self._places = places

    def search(self, actor: Actor, wish: Search) -> LibraryPage:
        """What fits the wish at the actor's place and below."""
        here = [place.place_id for place in self._places.tree().walk(actor.place_id)]
        conditions = [BulletinRow.place_id.in_(here), *_conditions(wish)]
        numbers = (
            select(BulletinRow.state, func.count()).where(*conditions).group_by(BulletinRow.state)
        )
        with self._database.read() as session:
            counted = {BulletinState(state): count for state, count in session.execute(numbers)}
            counts = {state: counted.get(state, 0) for state in BulletinState}
            wanted = counts[wish.state] if wish.state else sum(counts.values())
            pages = max(1, ceil(wanted / PAGE_LENGTH))
            page = min(max(1, wish.page), pages)
            query = select(BulletinRow).where(*conditions)
            if wish.state:
                query = query.where(BulletinRow.state == wish.state.value)
            rows = session.scalars(
                query.order_by(BulletinRow.updated_at.desc(), BulletinRow.bulletin_id.desc())
                .limit(PAGE_LENGTH)
                .offset((page - 1) * PAGE_LENGTH)
            ).all()
            return LibraryPage(bulletin_views.views(session, rows), counts, page, pages)


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
            )
        )
    return found


def search_text(title: str, text: str) -> str:
    """What a bulletin is found by: its words without marks."""
    return fold(f"{title} {text}")
