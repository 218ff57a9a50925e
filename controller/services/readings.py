"""How this province reads abbreviations aloud: the standard table, and what it changed of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from audio_library.spoken_text.glossary import STANDARD, Glossary, standard
from audio_library.spoken_text.reading import Reading, read_aloud
from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.errors import InvalidInputError
from controller.services.audit import Deed, changed, record
from controller.services.places import Places
from controller.services.scope import ensure_targets
from controller.storage.database import Database
from controller.storage.models import AccountRow, OwnReadingRow, PieceRow

LONGEST_TERM = 40
LONGEST_READING = 200
OBJECT_KIND = "reading"


@dataclass(frozen=True, slots=True)
class OwnReading:
    """One line the province changed. `reading` empty: the term is left as it is written."""

    term: str
    reading: str
    standard: str | None
    changed_by: str
    changed_at: datetime


class Readings:
    """The table of abbreviations of this centre; valid for the whole province."""

    def __init__(self, database: Database, now: Callable[[], datetime], places: Places) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._standard = standard()

    def glossary(self) -> Glossary:
        """The table in force."""
        with self._database.read() as session:
            rows = session.execute(select(OwnReadingRow.term, OwnReadingRow.reading))
            own = {row.term: row.reading for row in rows}
        return self._standard.changed_by(own) if own else self._standard

    def read(self, text: str) -> Reading:
        """A Vietnamese text as it will be read aloud."""
        return read_aloud(text, self.glossary())

    def own(self) -> list[OwnReading]:
        """What the province changed, by term."""
        query = (
            select(OwnReadingRow, AccountRow.full_name)
            .join(AccountRow, AccountRow.account_id == OwnReadingRow.changed_by)
            .order_by(OwnReadingRow.term)
        )
        with self._database.read() as session:
            return [
                OwnReading(row.term, row.reading, STANDARD.get(row.term), name, row.changed_at)
                for row, name in session.execute(query)
            ]

    def may_change(self, actor: Actor) -> bool:
        """Whether the actor is bound to the province: the table is everybody's."""
        return actor.place_id == self._root()

    def change(self, actor: Actor, term: str, reading: str) -> None:
        """Read the term like this from now on. OutOfScopeError below the province."""
        ensure_targets(self._places.tree(), actor, [self._root()])
        clean = _clean_term(term)
        words = _one_line(reading, "reading", LONGEST_READING)
        at = self._now()
        with self._database.write() as session:
            row = session.get(OwnReadingRow, clean)
            if row is None:
                row = OwnReadingRow(term=clean)
                session.add(row)
            detail = changed({"reading": row.reading or STANDARD.get(clean)}, {"reading": words})
            row.reading, row.changed_by, row.changed_at = words, actor.account_id, at
            deed = Deed("reading.change", OBJECT_KIND, clean, self._root(), detail)
            record(session, actor, deed, at=at)
            _say_anew(session)

    def reset(self, actor: Actor, term: str) -> None:
        """Read the term by the standard table again; nothing happens if nothing was changed."""
        ensure_targets(self._places.tree(), actor, [self._root()])
        with self._database.write() as session:
            row = session.get(OwnReadingRow, unicodedata.normalize("NFC", term))
            if row is None:
                return
            session.delete(row)
            detail = changed({"reading": row.reading}, {"reading": STANDARD.get(row.term)})
            deed = Deed("reading.reset", OBJECT_KIND, row.term, self._root(), detail)
            record(session, actor, deed, at=self._now())
            _say_anew(session)

    def _root(self) -> str:
        (province, *_) = self._places.tree().children(None)
        return province.place_id


def _say_anew(session: Session) -> None:
    """Sentences the centre had read aloud by the old table are made again."""
    query = select(PieceRow).where(PieceRow.state.in_(("ready", "failed")))
    for row in session.scalars(query):
        if row.recipe.get("kind") == "said":
            row.state, row.attempts = "wanted", 0


def _clean_term(text: str) -> str:
    term = _one_line(text, "term", LONGEST_TERM)
    if not term:
        raise InvalidInputError("no term", field="term", problem="missing")
    if not term[0].isalnum():
        raise InvalidInputError(term, field="term", problem="not_a_word")
    return term


def _one_line(text: str, field: str, longest: int) -> str:
    return " ".join(clean_text(text, field=field, longest=longest).split())
