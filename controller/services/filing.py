"""Where a bulletin is filed: its tags and the dates of its validity. Words and sound stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from controller.domain import bulletins as rules
from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinDeed, BulletinState
from controller.domain.validity import Validity, clean_validity
from controller.services.audit import changed
from controller.services.bulletin_rows import (
    move,
    own_row,
    search_text,
    set_tags,
    tags_of,
    write_down,
)
from controller.services.places import Places
from controller.storage.database import Database
from controller.storage.models import BulletinRow


@dataclass(frozen=True, slots=True)
class Filing:
    """What somebody typed: tags between commas, first and last local date."""

    tags: str = ""
    valid_from: date | None = None
    valid_until: date | None = None

    def cleaned(self) -> tuple[tuple[str, ...], Validity]:
        """Tags and validity. InvalidInputError names the field that cannot be used."""
        return rules.clean_tags(self.tags), clean_validity(self.valid_from, self.valid_until)


class FilingDesk:
    """Files bulletins of the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        wake: Callable[[str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._wake = wake

    def file(self, actor: Actor, bulletin_id: str, filing: Filing, *, row_version: int) -> None:
        """Change tags and validity; an approval holds. StaleEditError when somebody was first.

        Slots beyond the validity are cancelled by the next plan, slots inside it come back.
        """
        tags, validity = filing.cleaned()
        at = self._now()
        with self._database.write() as session:
            row = own_row(session, self._places.tree(), actor, bulletin_id)
            following = rules.after(BulletinState(row.state), BulletinDeed.FILE)
            was = _told(tags_of(session, [bulletin_id]).get(bulletin_id, ()), row)
            changes = {
                "valid_from": validity.starts_on,
                "valid_until": validity.ends_on,
                "search_text": search_text(row.title, row.text, tags),
            }
            move(session, row, row_version, following, changes, at)
            set_tags(session, bulletin_id, tags)
            session.refresh(row)
            detail = changed(was, _told(tags, row))
            write_down(session, actor, "file", row, at, detail)
        self._wake("plan_refresh")


def _told(tags: Sequence[str], row: BulletinRow) -> dict[str, Any]:
    return {
        "tags": list(tags),
        "valid_from": row.valid_from and row.valid_from.isoformat(),
        "valid_until": row.valid_until and row.valid_until.isoformat(),
    }
