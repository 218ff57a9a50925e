"""Bulletins: how far one has come, who may take it further, and what its words may be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audio_library.span import Span
from controller.domain.places import fold
from controller.errors import (
    InvalidInputError,
    OwnBulletinError,
    SoundGoneError,
    WrongStateError,
)


class BulletinState(StrEnum):
    """How far a bulletin has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class BulletinDeed(StrEnum):
    """What somebody does with a bulletin."""

    EDIT = "edit"
    CHANGE_SOUND = "change_sound"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    WITHDRAW = "withdraw"
    FILE = "file"
    """Change tags and dates of validity, which touches neither words nor sound."""
    SHARE = "share"
    UNSHARE = "unshare"


class Language(StrEnum):
    """Languages of the province's stations: Vietnamese, Chăm, Raglai, English."""

    VI = "vi"
    CJM = "cjm"
    ROG = "rog"
    EN = "en"


class VersionState(StrEnum):
    """Whether the sound of a version is there."""

    PROCESSING = "processing"
    READY = "ready"
    REFUSED = "refused"


CATEGORIES = (
    "notice",
    "disaster",
    "farming",
    "health",
    "education",
    "security",
    "culture",
    "news",
    "economy",
    "reform",
    "digital",
    "ethnic_culture",
)
"""Subjects a bulletin can be filed under; the words are on the screens."""

_S, _D = BulletinState, BulletinDeed
_AFTER: dict[tuple[BulletinState, BulletinDeed], BulletinState] = {
    (_S.DRAFT, _D.EDIT): _S.DRAFT,
    (_S.RETURNED, _D.EDIT): _S.RETURNED,
    (_S.DRAFT, _D.CHANGE_SOUND): _S.DRAFT,
    (_S.SUBMITTED, _D.CHANGE_SOUND): _S.DRAFT,
    (_S.RETURNED, _D.CHANGE_SOUND): _S.DRAFT,
    (_S.APPROVED, _D.CHANGE_SOUND): _S.DRAFT,
    (_S.DRAFT, _D.SUBMIT): _S.SUBMITTED,
    (_S.RETURNED, _D.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, _D.APPROVE): _S.APPROVED,
    (_S.SUBMITTED, _D.RETURN): _S.RETURNED,
    **{(state, _D.WITHDRAW): _S.WITHDRAWN for state in _S if state is not _S.WITHDRAWN},
    **{(state, _D.FILE): state for state in _S if state is not _S.WITHDRAWN},
    (_S.APPROVED, _D.SHARE): _S.APPROVED,
    **{(state, _D.UNSHARE): state for state in _S if state is not _S.WITHDRAWN},
}


def after(state: BulletinState, deed: BulletinDeed) -> BulletinState:
    """The state after a deed. WrongStateError where the deed makes no sense."""
    following = _AFTER.get((state, deed))
    if following is None:
        raise WrongStateError(f"cannot {deed} what is {state}", state=state.value)
    return following


def can(state: BulletinState, deed: BulletinDeed) -> bool:
    """Whether the deed makes sense in this state."""
    return (state, deed) in _AFTER


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What the rules need to know of one version."""

    language: Language
    number: int
    state: VersionState
    has_blocking_finding: bool = False
    sound_gone_at: datetime | None = None
    """Since when its sound is not kept any more; None: it is there."""


def newest(versions: Iterable[VersionFacts]) -> tuple[VersionFacts, ...]:
    """The latest version of each language that was not refused: what would be approved.

    Languages whose sound went are left out, unless there is no other.
    """
    latest: dict[Language, VersionFacts] = {}
    for version in sorted(versions, key=lambda item: item.number):
        if version.state is not VersionState.REFUSED:
            latest[version.language] = version
    found = tuple(latest[language] for language in Language if language in latest)
    return tuple(one for one in found if one.sound_gone_at is None) or found


def ensure_complete(versions: Iterable[VersionFacts]) -> None:
    """InvalidInputError unless there is sound, all of it finished and fit to be heard.

    SoundGoneError when it was there once.
    """
    latest = newest(versions)
    if not latest:
        raise InvalidInputError("no sound", field="sound", problem="no_sound")
    if latest[0].sound_gone_at is not None:
        raise SoundGoneError("no sound any more", gone_at=latest[0].sound_gone_at)
    if any(version.state is VersionState.PROCESSING for version in latest):
        raise InvalidInputError("sound not finished", field="sound", problem="sound_processing")
    if any(version.has_blocking_finding for version in latest):
        raise InvalidInputError("sound not fit", field="sound", problem="sound_unfit")


def ensure_not_own(approver_id: str, makers: Iterable[str]) -> None:
    """OwnBulletinError when the approver wrote it, or made any of its sound."""
    if approver_id in set(makers):
        raise OwnBulletinError("the maker may not approve")


LONGEST_TITLE = 200
LONGEST_NAME = 200
LONGEST_TEXT = 20_000
LONGEST_REASON = 1_000
LONGEST_COMMENT = 2_000
MOST_COMMENTS = 500
"""So many remarks one bulletin can have."""
LONGEST_TAG = 30
MOST_TAGS = 8
_SECONDS = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,3})?")
_SPACES = re.compile(r"\s+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean_title(text: str) -> str:
    """A title in one line of visible letters. InvalidInputError names what is wrong with it."""
    title = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    if not title:
        raise InvalidInputError("no title", field="title", problem="missing")
    if len(title) > LONGEST_TITLE:
        raise InvalidInputError("title too long", field="title", problem="text_too_long")
    if not _is_visible(title):
        raise InvalidInputError("hidden characters", field="title", problem="hidden_characters")
    return title


def clean_text(text: str, *, field: str = "text", longest: int = LONGEST_TEXT) -> str:
    """Running text: lines and tabs stay, other invisible characters are refused."""
    tidy = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(tidy) > longest:
        raise InvalidInputError("text too long", field=field, problem="text_too_long")
    if not _is_visible(tidy.replace("\n", " ").replace("\t", " ")):
        raise InvalidInputError("hidden characters", field=field, problem="hidden_characters")
    return tidy


def visible(text: str) -> str:
    """Words in one line without what nobody sees: for a deed that no odd letter may hold up."""
    return "".join(char for char in " ".join(text.split()) if _is_visible(char))


def clean_reason(text: str) -> str:
    """Why a bulletin goes back. InvalidInputError when nothing is said."""
    reason = clean_text(text, field="reason", longest=LONGEST_REASON)
    if not reason:
        raise InvalidInputError("no reason", field="reason", problem="reason_missing")
    return reason


def clean_comment(text: str) -> str:
    """A remark about a bulletin. InvalidInputError when nothing is said."""
    said = clean_text(text, field="comment", longest=LONGEST_COMMENT)
    if not said:
        raise InvalidInputError("no words", field="comment", problem="comment_missing")
    return said


def clean_category(text: str) -> str | None:
    """One of our subjects, None for none."""
    if text and text not in CATEGORIES:
        raise InvalidInputError(text, field="category", problem="unknown_category")
    return text or None


def clean_tags(text: str) -> tuple[str, ...]:
    """The tags somebody typed between commas, each once whatever its marks and capitals."""
    found: dict[str, str] = {}
    for part in re.split(r"[,;\n]", unicodedata.normalize("NFC", text)):
        tag = _SPACES.sub(" ", part).strip().lstrip("#").strip()
        if not _is_visible(tag):
            raise InvalidInputError("hidden characters", field="tags", problem="hidden_characters")
        if len(tag) > LONGEST_TAG:
            raise InvalidInputError(tag, field="tags", problem="tag_too_long")
        if fold(tag):
            found.setdefault(fold(tag), tag)
    if len(found) > MOST_TAGS:
        raise InvalidInputError("too many tags", field="tags", problem="too_many_tags")
    return tuple(found.values())


def clean_language(text: str) -> Language:
    """One of our languages. InvalidInputError for another."""
    if text not in set(Language):
        raise InvalidInputError(text, field="language", problem="unknown_language")
    return Language(text)


SHORTEST_CUT_MS = 1_000
CUT_STEP_MS = 100
"""People set the points in tenths of a second."""


def clean_seconds(text: str, *, field: str) -> int:
    """Seconds as typed, with a comma or a point, in milliseconds. InvalidInputError otherwise."""
    if not _SECONDS.fullmatch(text.strip()):
        raise InvalidInputError(text, field=field, problem="cut_seconds")
    return round(float(text.strip().replace(",", ".")) * 1000)


def clean_cut(wanted: Span, length_ms: int, current: Span | None) -> Span:
    """The stretch of an upload to keep: within it, and other than `current` (None: all of it).

    An end in the tenth of a second in which the upload ends is its end. InvalidInputError.
    """
    if length_ms < wanted.end_ms < length_ms + CUT_STEP_MS:
        wanted = Span(wanted.start_ms, length_ms)
    if not 0 <= wanted.start_ms < length_ms:
        raise InvalidInputError("outside", field="cut_start", problem="cut_beyond")
    if wanted.end_ms > length_ms:
        raise InvalidInputError("outside", field="cut_end", problem="cut_beyond")
    if wanted.length_ms < SHORTEST_CUT_MS:
        raise InvalidInputError("too short", field="cut_end", problem="cut_order")
    if wanted == (current or Span(0, length_ms)):
        raise InvalidInputError("nothing changes", field="cut", problem="cut_nothing")
    return wanted


def clean_name(name: str) -> str:
    """The name of an upload, only to be read by people: its last part, without what hides."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(char for char in last if unicodedata.category(char) not in _INVISIBLE)
    return visible.strip()[:LONGEST_NAME] or "?"


def _is_visible(text: str) -> bool:
    """Whether nothing in it controls the terminal, the page or the direction of writing."""
    return not any(unicodedata.category(char) in _INVISIBLE for char in text)
