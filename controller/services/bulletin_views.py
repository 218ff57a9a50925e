"""Bulletins as screens show them: read from the database, never rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from audio_library.span import Span
from controller.domain.bulletins import BulletinState, Language, VersionFacts, VersionState
from controller.domain.validity import ALWAYS, Validity
from controller.services.bulletin_rows import OBJECT_KIND, TALK, tags_of
from controller.storage.models import (
    AccountRow,
    AuditRow,
    BulletinRow,
    BulletinVersionRow,
    HoldingRow,
    IngestJobRow,
    SlotBulletinRow,
    SlotResultRow,
)

_HISTORY_LENGTH = 50
_SOUNDED = ("aired", "late")


@dataclass(frozen=True, slots=True)
class FindingView:
    """One observation about an upload; `kind` is a FindingKind of the audio library."""

    kind: str
    is_blocking: bool
    at_ms: int | None
    length_ms: int | None
    value: float | None


@dataclass(frozen=True, slots=True)
class CueView:
    """A point in the finished sound; `kind` is a CueKind of the audio library."""

    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of the sound. Everything measured is None until it is ready."""

    bulletin_version_id: str
    language: Language
    number: int
    state: VersionState
    source: str
    engine: str | None
    voice: str | None
    spoken_text: str | None
    original_name: str
    original_sha256: str | None
    """The upload as it came is kept under this name; None: there is none."""
    original_size_bytes: int | None
    cut: Span | None
    """The stretch of the upload that was used; None: all of it."""
    sha256: str | None
    sound_gone_at: datetime | None
    """Since when sound and upload are not kept any more; None: they are."""
    size_bytes: int | None
    duration_ms: int | None
    lead_in_ms: int | None
    """Where the voice begins, behind the chime."""
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    source_loudness_lufs: float | None
    waveform: tuple[int, ...]
    findings: tuple[FindingView, ...]
    cues: tuple[CueView, ...]
    suggested: Span | None
    """What to keep of the upload, in its own time; None: there is nothing to cut off."""
    refusal_code: str | None
    refusal_facts: Mapping[str, Any]
    progress_percent: int
    created_by: str
    created_at: datetime
    approved_by_name: str | None
    approved_at: datetime | None

    @property
    def facts(self) -> VersionFacts:
        """What the rules look at."""
        blocking = any(finding.is_blocking for finding in self.findings)
        return VersionFacts(self.language, self.number, self.state, blocking, self.sound_gone_at)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One deed on a bulletin; `action` is the word of the audit trail."""

    at: datetime
    who: str
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the current sound has got: stations that verified it, airings that sounded."""

    stations_holding: int = 0
    airings: int = 0


@dataclass(frozen=True, slots=True)
class BulletinView:
    """A bulletin with all its versions, newest first."""

    bulletin_id: str
    title: str
    category: str | None
    text: str
    place_id: str
    author_id: str
    author_name: str
    state: BulletinState
    return_reason: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    row_version: int
    versions: tuple[VersionView, ...]
    tags: tuple[str, ...] = ()
    validity: Validity = ALWAYS
    shared_at: datetime | None = None
    sound_held_at: datetime | None = None
    """Since when its sound stays whatever the rule of keeping says."""
    is_foreign: bool = False
    """Whether another place shares it: the reader may hear and schedule it, no more."""
    history: tuple[HistoryLine, ...] = ()
    reach: Reach = Reach()

    @property
    def makers(self) -> frozenset[str]:
        """Account ids of everybody who may not approve it."""
        return frozenset({self.author_id, *(version.created_by for version in self.versions)})

    @property
    def current(self) -> tuple[VersionView, ...]:
        """The newest version of each language, refused uploads left out.

        Languages whose sound went are left out too, unless there is no other.
        """
        latest: dict[Language, VersionView] = {}
        for version in self.versions:
            if version.state is not VersionState.REFUSED:
                latest.setdefault(version.language, version)
        found = tuple(latest[language] for language in Language if language in latest)
        return tuple(one for one in found if one.sound_gone_at is None) or found

    @property
    def sound_gone_at(self) -> datetime | None:
        """Since when none of its sound is kept any more; None: there is some, or never was any."""
        return self.current[0].sound_gone_at if self.current else None

    @property
    def refused(self) -> tuple[VersionView, ...]:
        """Uploads that were refused after the newest good one of their language."""
        good = {version.language: version.number for version in self.current}
        return tuple(
            version
            for version in self.versions
            if version.state is VersionState.REFUSED
            and version.number > good.get(version.language, 0)
        )

    def whole_of(self, version: VersionView) -> VersionView | None:
        """The newest sound made of all of the upload that this version was cut from, or itself."""
        return next(
            (
                each
                for each in self.versions
                if each.language is version.language
                and each.original_sha256 == version.original_sha256
                and each.original_sha256 is not None
                and each.cut is None
                and each.state is VersionState.READY
            ),
            None,
        )

    def upload_ms(self, version: VersionView) -> int | None:
        """Length of the upload a version was made from; None: it was not kept."""
        whole = self.whole_of(version)
        if whole is None or whole.duration_ms is None or whole.lead_in_ms is None:
            return None
        return whole.duration_ms - whole.lead_in_ms

    @property
    def is_processing(self) -> bool:
        """Whether any sound is still being made."""
        return any(version.state is VersionState.PROCESSING for version in self.versions)

    @property
    def duration_ms(self) -> int | None:
        """Length of the first language's sound."""
        return self.current[0].duration_ms if self.current else None


def views(session: Session, rows: Sequence[BulletinRow]) -> tuple[BulletinView, ...]:
    """The rows with their versions and names, in the order given."""
    ids = [row.bulletin_id for row in rows]
    versions = _versions(session, ids)
    names = _names(session, {row.author_id for row in rows})
    tags = tags_of(session, ids)
    return tuple(
        _view(row, names, versions.get(row.bulletin_id, ()), tags.get(row.bulletin_id, ()))
        for row in rows
    )


def history(session: Session, bulletin_id: str) -> tuple[HistoryLine, ...]:
    """What happened to a bulletin, the latest first; what was said about it stands elsewhere."""
    query = (
        select(AuditRow, AccountRow.full_name)
        .join(AccountRow, AccountRow.account_id == AuditRow.account_id, isouter=True)
        .where(
            AuditRow.object_kind == OBJECT_KIND,
            AuditRow.object_id == bulletin_id,
            AuditRow.action.not_in(TALK),
        )
        .order_by(AuditRow.audit_id.desc())
        .limit(_HISTORY_LENGTH)
    )
    return tuple(
        HistoryLine(row.at, full_name or row.actor, row.action, row.detail)
        for row, full_name in session.execute(query)
    )


def reach(session: Session, bulletin_id: str, sha256s: Iterable[str]) -> Reach:
    """Stations that say they hold any of these sounds, and airings of the bulletin so far."""
    holding = select(func.count(func.distinct(HoldingRow.station_id))).where(
        HoldingRow.sha256.in_(list(sha256s)), HoldingRow.held
    )
    airings = (
        select(func.count())
        .select_from(SlotResultRow)
        .join(SlotBulletinRow, SlotBulletinRow.slot_id == SlotResultRow.slot_id)
        .where(SlotBulletinRow.bulletin_id == bulletin_id, SlotResultRow.outcome.in_(_SOUNDED))
    )
    return Reach(session.scalar(holding) or 0, session.scalar(airings) or 0)


def _versions(session: Session, ids: Sequence[str]) -> dict[str, tuple[VersionView, ...]]:
    query = (
        select(BulletinVersionRow, IngestJobRow.progress_percent)
        .join(
            IngestJobRow,
            IngestJobRow.bulletin_version_id == BulletinVersionRow.bulletin_version_id,
            isouter=True,
        )
        .where(BulletinVersionRow.bulletin_id.in_(ids))
        .order_by(BulletinVersionRow.number.desc())
    )
    found: dict[str, list[VersionView]] = {}
    for row, percent in session.execute(query):
        found.setdefault(row.bulletin_id, []).append(_version(row, percent or 0))
    return {bulletin_id: tuple(group) for bulletin_id, group in found.items()}


def _names(session: Session, account_ids: Iterable[str]) -> dict[str, str]:
    query = select(AccountRow.account_id, AccountRow.full_name).where(
        AccountRow.account_id.in_(list(account_ids))
    )
    return {row.account_id: row.full_name for row in session.execute(query)}


def _view(
    row: BulletinRow,
    names: Mapping[str, str],
    versions: tuple[VersionView, ...],
    tags: tuple[str, ...],
) -> BulletinView:
    return BulletinView(
        bulletin_id=row.bulletin_id,
        title=row.title,
        category=row.category,
        text=row.text,
        place_id=row.place_id,
        author_id=row.author_id,
        author_name=names.get(row.author_id, row.author_id),
        state=BulletinState(row.state),
        return_reason=row.return_reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        submitted_at=row.submitted_at,
        row_version=row.row_version,
        versions=versions,
        tags=tags,
        validity=Validity(row.valid_from, row.valid_until),
        shared_at=row.shared_at,
        sound_held_at=row.sound_held_at,
    )


def _version(row: BulletinVersionRow, progress_percent: int) -> VersionView:
    return VersionView(
        bulletin_version_id=row.bulletin_version_id,
        language=Language(row.language),
        number=row.number,
        state=VersionState(row.state),
        source=row.source,
        engine=row.engine,
        voice=row.voice,
        spoken_text=row.spoken_text,
        original_name=row.original_name,
        original_sha256=row.original_sha256,
        original_size_bytes=row.original_size_bytes,
        cut=_span(row.cut_start_ms, row.cut_end_ms),
        sha256=row.sha256,
        sound_gone_at=row.sound_gone_at,
        size_bytes=row.size_bytes,
        duration_ms=row.duration_ms,
        lead_in_ms=row.lead_in_ms,
        loudness_lufs=row.loudness_lufs,
        true_peak_dbtp=row.true_peak_dbtp,
        source_loudness_lufs=row.source_loudness_lufs,
        waveform=tuple(row.waveform),
        findings=tuple(FindingView(**finding) for finding in row.findings),
        cues=tuple(CueView(**cue) for cue in row.cues),
        suggested=_span(row.suggested_start_ms, row.suggested_end_ms),
        refusal_code=row.refusal_code,
        refusal_facts=row.refusal_facts,
        progress_percent=progress_percent,
        created_by=row.created_by,
        created_at=row.created_at,
        approved_by_name=row.approved_by_name,
        approved_at=row.approved_at,
    )


def _span(start_ms: int | None, end_ms: int | None) -> Span | None:
    return None if start_ms is None or end_ms is None else Span(start_ms, end_ms)
