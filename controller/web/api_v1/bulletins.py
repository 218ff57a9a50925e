"""Bulletins: found, read, written, given sound, taken to approval."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from controller.domain.bulletins import BulletinState, Language, VersionState
from controller.domain.tokens import Scope
from controller.services.bulletin_views import BulletinView, VersionView
from controller.services.library import Search
from controller.web.api_v1.operations import Operations
from controller.web.api_v1.shapes import Answer, Line, PageQuery, PlaceName, cut, place_name
from controller.web.policy import current_actor, services

operations = Operations("bulletins", "Bulletins, their words, their sound and their approval.")


class BulletinQuery(PageQuery):
    """Which bulletins."""

    q: Annotated[
        Line, Field(description="Words of title, text or tags, with or without marks.")
    ] = ""
    state: Annotated[BulletinState | None, Field(description="Only those in this state.")] = None
    category: Annotated[Line | None, Field(description="Only of this subject.")] = None
    language: Annotated[
        Language | None, Field(description="Only those with finished sound in it.")
    ] = None
    tag: Annotated[Line, Field(description="Only with this tag.")] = ""
    shared: Annotated[
        bool, Field(description="Instead: what any place shares and may still air.")
    ] = False


class Finding(Answer):
    """What the centre noticed about an upload."""

    kind: str
    is_blocking: bool
    at_ms: int | None
    length_ms: int | None
    value: float | None


class VersionAnswer(Answer):
    """One version of the sound; what is measured is null until it is ready."""

    version_id: str
    language: Language
    number: int
    state: VersionState
    progress_percent: int
    is_spoken: bool = Field(description="Made of a text by a voice; else uploaded.")
    sha256: str | None
    sound_gone_at: datetime | None = Field(
        description="When the sound went by the rule of keeping; null: it is there."
    )
    size_bytes: int | None
    duration_ms: int | None
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    findings: tuple[Finding, ...]
    refusal_code: str | None
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None


class BulletinItem(Answer):
    """A bulletin as a list shows it."""

    bulletin_id: str
    title: str
    category: str | None
    tags: tuple[str, ...]
    place: PlaceName
    author: str
    state: BulletinState
    return_reason: str | None
    valid_from: date | None
    valid_until: date | None
    is_shared: bool
    duration_ms: int | None = Field(description="Of its first language; null: no sound yet.")
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="Named by whoever changes it.")


class BulletinList(Answer):
    """A part of the bulletins, the last made first."""

    items: tuple[BulletinItem, ...]
    next_cursor: str | None


class BulletinAnswer(Answer):
    """One bulletin."""

    bulletin_id: str
    bulletin: BulletinItem
    text: str
    versions: tuple[VersionAnswer, ...] = Field(description="The newest first.")
    stations_holding: int = Field(description="Stations that hold the current sound.")
    airings: int = Field(description="How often it sounded at a station.")


@operations.read("/bulletins", Scope.BULLETINS_READ)
def bulletins(query: BulletinQuery) -> BulletinList:
    """Bulletins of the own place and below, or those that are shared."""
    wish = Search(
        words=query.q,
        state=query.state,
        category=query.category,
        language=query.language,
        tag=query.tag,
        is_shared=query.shared,
    )
    found = services().library.walk(
        current_actor(), wish, before_id=query.cursor, limit=query.limit + 1
    )
    shown, following = cut(list(found), query.limit, lambda view: view.bulletin_id)
    return BulletinList(items=tuple(_item(view) for view in shown), next_cursor=following)


@operations.read("/bulletins/<bulletin_id>", Scope.BULLETINS_READ)
def bulletin(bulletin_id: str) -> BulletinAnswer:
    """One bulletin with its text and the versions of its sound."""
    return told(bulletin_id)


def told(bulletin_id: str) -> BulletinAnswer:
    """A bulletin as it stands now. NotFoundError."""
    view = services().bulletins.get(current_actor(), bulletin_id)
    return BulletinAnswer(
        bulletin_id=view.bulletin_id,
        bulletin=_item(view),
        text=view.text,
        versions=tuple(_version(one) for one in view.versions),
        stations_holding=view.reach.stations_holding,
        airings=view.reach.airings,
    )


def _item(view: BulletinView) -> BulletinItem:
    return BulletinItem(
        bulletin_id=view.bulletin_id,
        title=view.title,
        category=view.category,
        tags=view.tags,
        place=place_name(view.place_id),
        author=view.author_name,
        state=view.state,
        return_reason=view.return_reason,
        valid_from=view.validity.starts_on,
        valid_until=view.validity.ends_on,
        is_shared=view.shared_at is not None,
        duration_ms=view.duration_ms,
        created_at=view.created_at,
        updated_at=view.updated_at,
        version=view.row_version,
    )


def _version(version: VersionView) -> VersionAnswer:
    return VersionAnswer(
        version_id=version.bulletin_version_id,
        language=version.language,
        number=version.number,
        state=version.state,
        progress_percent=version.progress_percent,
        is_spoken=version.voice is not None,
        sha256=version.sha256,
        sound_gone_at=version.sound_gone_at,
        size_bytes=version.size_bytes,
        duration_ms=version.duration_ms,
        loudness_lufs=version.loudness_lufs,
        true_peak_dbtp=version.true_peak_dbtp,
        findings=tuple(
            Finding(
                kind=one.kind,
                is_blocking=one.is_blocking,
                at_ms=one.at_ms,
                length_ms=one.length_ms,
                value=one.value,
            )
            for one in version.findings
        ),
        refusal_code=version.refusal_code,
        created_at=version.created_at,
        approved_by=version.approved_by_name,
        approved_at=version.approved_at,
    )
