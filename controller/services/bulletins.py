"""Deeds on bulletins: write, give sound, submit, approve, return, withdraw, listen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audio_library import errors as sound_errors
from audio_library.span import Span
from audio_library.speech.engine import Voice
from audio_library.store import AssetStore
from controller.domain import bulletins as rules
from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinDeed, BulletinState, Language, VersionState
from controller.errors import NotFoundError, SoundGoneError, StaleEditError
from controller.services import bulletin_views
from controller.services.audit import changed
from controller.services.bulletin_rows import (
    ensure_undecided,
    move,
    own_row,
    readable_row,
    search_text,
    set_tags,
    tags_of,
    write_down,
)
from controller.services.bulletin_views import BulletinView
from controller.services.filing import Filing
from controller.services.identifiers import new_id
from controller.services.parts import PartUploads
from controller.services.places import Places
from controller.services.room import Room
from controller.services.scope import ensure_targets, may_see
from controller.services.spool import Spool, Upload
from controller.settings import SoundSettings
from controller.storage.database import Database
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    IngestJobRow,
)

logger = logging.getLogger(__name__)

UPLOAD, SPEECH = "upload", "speech"
UNFILED = Filing()


@dataclass(frozen=True, slots=True)
class Draft:
    """The words of a bulletin as somebody typed them."""

    title: str
    category: str
    text: str
    place_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An upload that was kept and is used anew: a stretch of it, or with `cut` None all of it."""

    sha256: str
    size_bytes: int
    cut: Span | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload that lies in the spool, or a text that `voice` shall speak into it."""

    spool_name: str
    language: Language
    original_name: str
    voice: Voice | None = None
    spoken_text: str | None = None
    kept: Kept | None = None
    """Set when the upload is one that came before."""
    is_urgent: bool = False
    """Words of an emergency: made before all other uploads, and without the chime."""


class Bulletins:
    """Bulletins of the actor's place and below."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        store: AssetStore,
        spool: Path,
        sound: SoundSettings,
        wake: Callable[[str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._store = store
        self.room = Room(spool, sound)
        """Room for uploads, to be asked before their bytes are read."""
        limit_bytes = sound.upload_limit_mb * 1_000_000
        self._spool = Spool(spool, limit_bytes=limit_bytes, room=self.room)
        self.parts = PartUploads(self._spool)
        """Files sent in pieces, to be named in an Upload by their token."""
        self._wake = wake

    # -- reading --------------------------------------------------------------------------------

    def within(self, actor: Actor, *, states: Sequence[BulletinState] = ()) -> list[BulletinView]:
        """Bulletins at the actor's place and below, the latest change first."""
        tree = self._places.tree()
        query = select(BulletinRow).order_by(BulletinRow.updated_at.desc())
        if states:
            query = query.where(BulletinRow.state.in_([state.value for state in states]))
        with self._database.read() as session:
            rows = [row for row in session.scalars(query) if may_see(tree, actor, row.place_id)]
            return list(bulletin_views.views(session, rows))

    def get(self, actor: Actor, bulletin_id: str) -> BulletinView:
        """One bulletin with its history and reach. NotFoundError outside the actor's place.

        Of one that another place shares the history stays untold.
        """
        tree = self._places.tree()
        with self._database.read() as session:
            row = readable_row(session, tree, actor, bulletin_id)
            (view,) = bulletin_views.views(session, [row])
            sounds = [version.sha256 for version in view.current if version.sha256]
            is_own = may_see(tree, actor, row.place_id)
            return replace(
                view,
                is_foreign=not is_own,
                history=bulletin_views.history(session, bulletin_id) if is_own else (),
                reach=bulletin_views.reach(session, bulletin_id, sounds),
            )

    def sound_file(self, actor: Actor, bulletin_id: str, version_id: str) -> Path:
        """The finished sound of a version, to be listened to. NotFoundError when there is none.

        SoundGoneError when it is not kept any more.
        """
        with self._database.read() as session:
            readable_row(session, self._places.tree(), actor, bulletin_id)
            version = session.get(BulletinVersionRow, version_id)
            if version is None or version.bulletin_id != bulletin_id or not version.sha256:
                raise NotFoundError("no such sound", version_id=version_id)
            if version.sound_gone_at is not None:
                raise SoundGoneError(version_id, gone_at=version.sound_gone_at)
            sha256 = version.sha256
        try:
            return self._store.path(sha256)
        except sound_errors.AssetMissingError as error:
            logger.exception("sound of a bulletin is not in the store sha256=%s", sha256)
            raise NotFoundError("sound missing", version_id=version_id) from error

    # -- writing --------------------------------------------------------------------------------

    def create(
        self,
        actor: Actor,
        draft: Draft,
        *,
        filing: Filing = UNFILED,
        language: str = "vi",
        upload: Upload | None = None,
    ) -> str:
        """Make a bulletin, with sound if a file came along; nothing stays of a refused upload."""
        tags, validity = filing.cleaned()
        words = _cleaned(draft, tags)
        ensure_targets(self._places.tree(), actor, [draft.place_id])
        at = self._now()
        bulletin_id = new_id(at)
        arrival = self._received(actor, upload, language, at) if upload else None
        with self._database.write() as session:
            row = BulletinRow(
                bulletin_id=bulletin_id,
                place_id=draft.place_id,
                author_id=actor.account_id,
                created_at=at,
                updated_at=at,
                valid_from=validity.starts_on,
                valid_until=validity.ends_on,
                **words,
            )
            session.add(row)
            session.flush()
            set_tags(session, bulletin_id, tags)
            write_down(session, actor, "create", row, at)
            if arrival:
                self._add_version(session, actor, row, arrival, at)
        self._wake("ingest")
        return bulletin_id

    def edit(self, actor: Actor, bulletin_id: str, draft: Draft, *, row_version: int) -> None:
        """Change the words. StaleEditError when somebody else did so first."""
        ensure_targets(self._places.tree(), actor, [draft.place_id])
        with self._database.write() as session:
            row = self._row(session, actor, bulletin_id)
            words = _cleaned(draft, _tags(session, row))
            was = _words(row)
            following = rules.after(BulletinState(row.state), BulletinDeed.EDIT)
            changes = {**words, "place_id": draft.place_id}
            move(session, row, row_version, following, changes, self._now())
            session.refresh(row)
            now = _words(row)
            touched = {key: now[key] for key in now if now[key] != was[key]}
            detail = changed({key: was[key] for key in touched}, touched)
            write_down(session, actor, "edit", row, self._now(), detail)

    def receive(
        self,
        actor: Actor,
        bulletin_id: str,
        language: str,
        upload: Upload,
        *,
        is_urgent: bool = False,
    ) -> str:
        """Take a file as new sound; returns the id of the version being made."""
        with self._database.read() as session:
            row = self._row(session, actor, bulletin_id)
            rules.after(BulletinState(row.state), BulletinDeed.CHANGE_SOUND)
        at = self._now()
        arrival = replace(self._received(actor, upload, language, at), is_urgent=is_urgent)
        return self.add_sound(actor, bulletin_id, arrival, at)

    def add_sound(self, actor: Actor, bulletin_id: str, arrival: Arrival, at: datetime) -> str:
        """Have what arrives made into new sound; returns the id of the version."""
        try:
            with self._database.write() as session:
                row = self._row(session, actor, bulletin_id)
                rules.after(BulletinState(row.state), BulletinDeed.CHANGE_SOUND)
                version_id = self._add_version(session, actor, row, arrival, at)
                row.updated_at = at
        except BaseException:
            self._spool.drop(arrival.spool_name)
            raise
        self._wake("ingest")
        return version_id

    def keep_text(self, actor: Actor, bulletin_id: str, text: str) -> None:
        """Other words void an approval at once: the sound that follows them may never come."""
        at = self._now()
        with self._database.write() as session:
            row = self._row(session, actor, bulletin_id)
            state = BulletinState(row.state)
            following = rules.after(state, BulletinDeed.CHANGE_SOUND)
            if text == row.text:
                return
            detail = changed({"text": row.text}, {"text": text})
            row.text = text
            row.search_text = search_text(row.title, text, _tags(session, row))
            row.updated_at = at
            row.row_version += 1
            write_down(session, actor, "edit", row, at, detail)
            was_shown = state in {BulletinState.SUBMITTED, BulletinState.APPROVED}
            if was_shown:
                row.state = following.value
                write_down(session, actor, "approval_void", row, at)
        if was_shown:
            self._wake("plan_refresh")

    # -- approval -------------------------------------------------------------------------------

    def submit(self, actor: Actor, bulletin_id: str, *, row_version: int) -> None:
        """Ask for approval. InvalidInputError while sound is missing, unfinished or unfit."""
        with self._database.write() as session:
            row, view = self._row_and_view(session, actor, bulletin_id)
            following = rules.after(view.state, BulletinDeed.SUBMIT)
            rules.ensure_complete(version.facts for version in view.versions)
            changes = {"submitted_at": self._now(), "return_reason": None}
            move(session, row, row_version, following, changes, self._now())
            write_down(session, actor, "submit", row, self._now())

    def approve(self, actor: Actor, bulletin_id: str, *, row_version: int) -> None:
        """Approve the newest sound of each language. OwnBulletinError for who made any of it.

        DecidedAlreadyError names who was faster.
        """
        at = self._now()
        with self._database.write() as session:
            row, view = self._undecided(session, actor, bulletin_id)
            following = rules.after(view.state, BulletinDeed.APPROVE)
            rules.ensure_not_own(actor.account_id, view.makers)
            rules.ensure_complete(version.facts for version in view.versions)
            _decide(session, row, row_version, following, None, at)
            approved = [version.bulletin_version_id for version in view.current]
            session.execute(
                update(BulletinVersionRow)
                .where(BulletinVersionRow.bulletin_version_id.in_(approved))
                .values(
                    approved_by=actor.account_id,
                    approved_by_name=actor.full_name,
                    approved_at=at,
                )
            )
            detail = {version.language.value: version.sha256 for version in view.current}
            write_down(session, actor, "approve", row, at, detail)
        self._wake("plan_refresh")

    def return_(self, actor: Actor, bulletin_id: str, reason: str, *, row_version: int) -> None:
        """Send it back to its author with the reason. DecidedAlreadyError names who was faster."""
        why = rules.clean_reason(reason)
        with self._database.write() as session:
            row, view = self._undecided(session, actor, bulletin_id)
            following = rules.after(view.state, BulletinDeed.RETURN)
            rules.ensure_not_own(actor.account_id, view.makers)
            _decide(session, row, row_version, following, why, self._now())
            detail = {"reason": why}
            write_down(session, actor, "return", row, self._now(), detail)

    def withdraw(self, actor: Actor, bulletin_id: str, *, row_version: int) -> None:
        """Take it out of use for good: plans that name it are made again without it."""
        with self._database.write() as session:
            row = self._row(session, actor, bulletin_id)
            following = rules.after(BulletinState(row.state), BulletinDeed.WITHDRAW)
            move(session, row, row_version, following, {}, self._now())
            write_down(session, actor, "withdraw", row, self._now())
        self._wake("plan_refresh")

    # -- inside ---------------------------------------------------------------------------------

    def _row(self, session: Session, actor: Actor, bulletin_id: str) -> BulletinRow:
        return own_row(session, self._places.tree(), actor, bulletin_id)

    def _row_and_view(
        self, session: Session, actor: Actor, bulletin_id: str
    ) -> tuple[BulletinRow, BulletinView]:
        row = self._row(session, actor, bulletin_id)
        (view,) = bulletin_views.views(session, [row])
        return row, view

    def _undecided(
        self, session: Session, actor: Actor, bulletin_id: str
    ) -> tuple[BulletinRow, BulletinView]:
        row, view = self._row_and_view(session, actor, bulletin_id)
        ensure_undecided(session, row)
        return row, view

    def _received(self, actor: Actor, upload: Upload, language: str, at: datetime) -> Arrival:
        wanted = rules.clean_language(language)
        spool_name = f"{new_id(at)}.upload"
        if upload.token is not None:
            self._spool.adopt(self.parts.name(actor, upload.token), spool_name)
        elif upload.stream is not None:
            self._spool.take(upload.stream, spool_name)
        return Arrival(spool_name, wanted, rules.clean_name(upload.name))

    def _add_version(
        self, session: Session, actor: Actor, row: BulletinRow, arrival: Arrival, at: datetime
    ) -> str:
        version_id, bulletin_id = new_id(at), row.bulletin_id
        numbers = select(BulletinVersionRow.number).where(
            BulletinVersionRow.bulletin_id == bulletin_id,
            BulletinVersionRow.language == arrival.language.value,
        )
        number = 1 + max(session.scalars(numbers), default=0)
        kept, cut = arrival.kept, arrival.kept.cut if arrival.kept else None
        session.add(
            BulletinVersionRow(
                bulletin_version_id=version_id,
                bulletin_id=bulletin_id,
                language=arrival.language.value,
                number=number,
                state=VersionState.PROCESSING.value,
                source=SPEECH if arrival.voice else UPLOAD,
                engine=arrival.voice.engine if arrival.voice else None,
                voice=arrival.voice.name if arrival.voice else None,
                spoken_text=arrival.spoken_text,
                original_name=arrival.original_name,
                original_sha256=kept.sha256 if kept else None,
                original_size_bytes=kept.size_bytes if kept else None,
                cut_start_ms=cut.start_ms if cut else None,
                cut_end_ms=cut.end_ms if cut else None,
                created_by=actor.account_id,
                created_at=at,
            )
        )
        session.flush()
        session.add(
            IngestJobRow(
                ingest_job_id=new_id(at),
                bulletin_version_id=version_id,
                spool_name=arrival.spool_name,
                is_spoken=arrival.voice is None,
                is_urgent=arrival.is_urgent,
                created_at=at,
            )
        )
        detail: dict[str, Any] = {"language": arrival.language.value, "number": number}
        if cut:
            detail |= {"cut_start_ms": cut.start_ms, "cut_end_ms": cut.end_ms}
        word = "sound" if kept is None else "cut" if cut else "whole"
        write_down(session, actor, word, row, at, detail)
        return version_id


def _decide(
    session: Session,
    row: BulletinRow,
    seen_version: int,
    following: BulletinState,
    why: str | None,
    at: datetime,
) -> None:
    """Move it on as somebody decided; one of two who decide at once is told of the other."""
    try:
        move(session, row, seen_version, following, {"return_reason": why}, at)
    except StaleEditError:
        session.refresh(row)
        ensure_undecided(session, row)
        raise


def _words(row: BulletinRow) -> dict[str, str | None]:
    """What an edit may change."""
    return {key: getattr(row, key) for key in ("title", "text", "category", "place_id")}


def _tags(session: Session, row: BulletinRow) -> tuple[str, ...]:
    return tags_of(session, [row.bulletin_id]).get(row.bulletin_id, ())


def _cleaned(draft: Draft, tags: Sequence[str]) -> dict[str, Any]:
    title, text = rules.clean_title(draft.title), rules.clean_text(draft.text)
    return {
        "title": title,
        "category": rules.clean_category(draft.category),
        "text": text,
        "search_text": search_text(title, text, tags),
    }
