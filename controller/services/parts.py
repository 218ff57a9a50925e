"""Files that come in pieces over a bad line: begun, continued where they broke off, then used."""

from __future__ import annotations

import re
import secrets
from typing import IO

from controller.domain.accounts import Actor
from controller.errors import NotFoundError
from controller.services.spool import Spool

MOST_AT_ONCE = 12
"""An emergency has three parts in up to four languages."""

_TOKEN = re.compile(r"[0-9a-f]{32}")
_SUFFIX = ".part"


class PartUploads:
    """Files on their way in, each its sender's own. Abandoned ones are swept after a day."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def begin(self, actor: Actor, size_bytes: int = 0) -> str:
        """The token of a new, empty file; the sender's oldest goes when there are too many.

        StorageFullError at once when there is no room for the size the sender names.
        """
        self._spool.ensure_room(size_bytes)
        mine = sorted(
            self._spool.folder.glob(f"{actor.account_id}.*{_SUFFIX}"),
            key=lambda path: path.stat().st_mtime,
        )
        for path in mine[: max(0, len(mine) - MOST_AT_ONCE + 1)]:
            path.unlink(missing_ok=True)
        token = secrets.token_hex(16)
        self._spool.path(self._name(actor, token)).touch(exist_ok=False)
        return token

    def keep(self, actor: Actor, stream: IO[bytes]) -> str:
        """The token of a file that comes whole, beside a form that may be refused.

        UploadTooLargeError, StorageFullError, NotSoundError: nothing stays of it then.
        """
        token = self.begin(actor)
        self._spool.take(stream, self._name(actor, token))
        return token

    def received(self, actor: Actor, token: str) -> int:
        """How many bytes there are. NotFoundError for a token that is not the actor's."""
        return self._spool.path(self.name(actor, token)).stat().st_size

    def go_on(self, actor: Actor, token: str, offset: int, stream: IO[bytes]) -> int:
        """Add bytes at the end; return how many there are. A wrong offset changes nothing."""
        return self._spool.append(self.name(actor, token), offset, stream)

    def name(self, actor: Actor, token: str) -> str:
        """The file's name in the spool. NotFoundError when there is none."""
        if not _TOKEN.fullmatch(token):
            raise NotFoundError("no such upload")
        name = self._name(actor, token)
        if not self._spool.path(name).is_file():
            raise NotFoundError("no such upload")
        return name

    def _name(self, actor: Actor, token: str) -> str:
        return f"{actor.account_id}.{token}{_SUFFIX}"
