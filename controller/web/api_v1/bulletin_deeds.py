"""Deeds on bulletins: written, filed, given sound, taken to approval."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import request
from pydantic import AfterValidator, Field, StringConstraints

from controller.domain.accounts import Permission
from controller.domain.bulletins import LONGEST_TAG, MOST_TAGS, Language
from controller.domain.tokens import Scope
from controller.errors import UploadOffsetError, UploadTooLargeError
from controller.services.bulletins import Draft
from controller.services.filing import Filing
from controller.services.spool import Upload
from controller.web.api_v1.bulletins import BulletinAnswer, operations, told
from controller.web.api_v1.shapes import (
    LARGEST_NUMBER,
    Answer,
    Body,
    Day,
    Id,
    Line,
    Query,
    Text,
    Version,
)
from controller.web.policy import current_actor, services, settings

PIECE_LIMIT_BYTES = 8_000_000
"""Largest piece of a file."""

__all__ = ["operations"]

WRITE, WRITERS = Scope.BULLETINS_WRITE, Permission.WRITE_BULLETINS
APPROVERS = Permission.APPROVE_BULLETINS


def _one_tag(text: str) -> str:
    if any(mark in text for mark in ",;\n\x00"):
        raise ValueError("more than one tag")
    return text


Tag = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_TAG),
    AfterValidator(_one_tag),
    Field(description="Without comma or semicolon."),
]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)]


class Words(Body):
    """What a bulletin says."""

    title: Line
    text: Text = ""
    category: Line | None = Field(default=None, description="One of the subjects; null: none.")
    place_id: Id | None = Field(default=None, description="Whose it is; null: the own place.")

    @property
    def draft(self) -> Draft:
        """As the service wants it."""
        place_id = self.place_id or current_actor().place_id
        return Draft(self.title, self.category or "", self.text, place_id)


class NewBulletin(Words):
    """A bulletin to be made."""

    tags: Tags = ()
    valid_from: Day | None = None
    valid_until: Day | None = None


class ChangedWords(Words):
    """Other words for a bulletin that is still a draft."""

    version: Version


class Filed(Body):
    """Other tags and dates; an approval holds."""

    version: Version
    tags: Tags
    valid_from: Day | None
    valid_until: Day | None


class Seen(Body):
    """What somebody saw when they decided."""

    version: Version


class Approval(Seen):
    """An approval, by somebody who listened to all of it."""

    heard: Literal[True]


class Returned(Seen):
    """Why it goes back to its author."""

    reason: Line


class NewUpload(Body):
    """A file that will come in pieces."""

    size_bytes: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]


class UploadAnswer(Answer):
    """How much of a file has come."""

    upload_id: str
    received_bytes: int
    piece_limit_bytes: int


class OffsetQuery(Query):
    """Where the piece belongs."""

    offset: Annotated[
        int, Field(ge=0, le=LARGEST_NUMBER, description="Bytes of the file before it.")
    ]


class NewSound(Body):
    """A file that has come, to be made into sound."""

    upload_id: Id
    name: Line = Field(description="The name of the file, for people.")
    language: Language


@operations.deed(
    "POST", "/bulletins", WRITE, WRITERS, status=201, location="/bulletins/{bulletin_id}"
)
def create_bulletin(body: NewBulletin) -> BulletinAnswer:
    """Make a bulletin of words; sound is given to it afterwards."""
    filing = _filing(body.tags, body.valid_from, body.valid_until)
    made = services().bulletins.create(current_actor(), body.draft, filing=filing)
    return told(made)


@operations.deed("PUT", "/bulletins/<bulletin_id>/words", WRITE, WRITERS)
def change_words(bulletin_id: str, body: ChangedWords) -> BulletinAnswer:
    """Change title, text, subject and place of a draft."""
    services().bulletins.edit(current_actor(), bulletin_id, body.draft, row_version=body.version)
    return told(bulletin_id)


@operations.deed("PUT", "/bulletins/<bulletin_id>/filing", WRITE, WRITERS)
def file_bulletin(bulletin_id: str, body: Filed) -> BulletinAnswer:
    """Change tags and the dates on which it may air."""
    filing = _filing(body.tags, body.valid_from, body.valid_until)
    services().filing.file(current_actor(), bulletin_id, filing, row_version=body.version)
    return told(bulletin_id)


@operations.deed("POST", "/bulletins/<bulletin_id>/submit", WRITE, WRITERS)
def submit_bulletin(bulletin_id: str, body: Seen) -> BulletinAnswer:
    """Ask for its approval."""
    services().bulletins.submit(current_actor(), bulletin_id, row_version=body.version)
    return told(bulletin_id)


@operations.deed("POST", "/bulletins/<bulletin_id>/approve", WRITE, APPROVERS)
def approve_bulletin(bulletin_id: str, body: Approval) -> BulletinAnswer:
    """Approve it, having heard it; nobody approves the own one."""
    services().bulletins.approve(current_actor(), bulletin_id, row_version=body.version)
    return told(bulletin_id)


@operations.deed("POST", "/bulletins/<bulletin_id>/return", WRITE, APPROVERS)
def return_bulletin(bulletin_id: str, body: Returned) -> BulletinAnswer:
    """Send it back to its author with the reason."""
    services().bulletins.return_(
        current_actor(), bulletin_id, body.reason, row_version=body.version
    )
    return told(bulletin_id)


@operations.deed("POST", "/bulletins/<bulletin_id>/withdraw", WRITE, WRITERS)
def withdraw_bulletin(bulletin_id: str, body: Seen) -> BulletinAnswer:
    """Take it out of use for good."""
    services().bulletins.withdraw(current_actor(), bulletin_id, row_version=body.version)
    return told(bulletin_id)


# --- sound ----------------------------------------------------------------------------------------


@operations.deed(
    "POST",
    "/uploads",
    WRITE,
    WRITERS,
    status=201,
    location="/uploads/{upload_id}",
    refusals=frozenset({507}),
)
def begin_upload(body: NewUpload) -> UploadAnswer:
    """Begin a file that comes in pieces; a broken transfer goes on where it broke off."""
    limit_bytes = settings().sound.upload_limit_mb * 1_000_000
    if body.size_bytes > limit_bytes:
        raise UploadTooLargeError(size_bytes=body.size_bytes, limit_bytes=limit_bytes)
    upload_id = services().bulletins.parts.begin(current_actor(), body.size_bytes)
    return _upload(upload_id, 0)


@operations.read("/uploads/<upload_id>", WRITE, WRITERS)
def upload(upload_id: str) -> UploadAnswer:
    """How much of a file has come."""
    return _upload(upload_id, services().bulletins.parts.received(current_actor(), upload_id))


@operations.deed(
    "PUT",
    "/uploads/<upload_id>",
    WRITE,
    WRITERS,
    takes_bytes=lambda _settings: PIECE_LIMIT_BYTES,
    refusals=frozenset({507}),
)
def continue_upload(upload_id: str, query: OffsetQuery) -> UploadAnswer:
    """Add a piece where the file ends now.

    409 `upload_offset` tells the true end when it does not fit there.
    """
    parts = services().bulletins.parts
    before = parts.received(current_actor(), upload_id)
    received = parts.go_on(current_actor(), upload_id, query.offset, request.stream)
    if before != query.offset:
        raise UploadOffsetError(received_bytes=received)
    return _upload(upload_id, received)


@operations.deed(
    "POST", "/bulletins/<bulletin_id>/sound", WRITE, WRITERS, status=202, refusals=frozenset({507})
)
def give_sound(bulletin_id: str, body: NewSound) -> BulletinAnswer:
    """Have a file that has come made into new sound; an approval is void by it.

    The answer comes at once: `state` of the new version tells when it is ready, or why not.
    """
    file = Upload(body.name, token=body.upload_id)
    services().bulletins.receive(current_actor(), bulletin_id, body.language.value, file)
    return told(bulletin_id)


def _upload(upload_id: str, received_bytes: int) -> UploadAnswer:
    return UploadAnswer(
        upload_id=upload_id, received_bytes=received_bytes, piece_limit_bytes=PIECE_LIMIT_BYTES
    )


def _filing(tags: tuple[str, ...], valid_from: Day | None, valid_until: Day | None) -> Filing:
    return Filing(", ".join(tags), valid_from, valid_until)


__all__ = ["operations"]
