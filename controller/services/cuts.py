"""Cutting the silence off an upload that was kept, and going back to all of it.

Nothing is changed in place: each makes a new version from the upload as it came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from audio_library.errors import AssetCorruptError, AssetMissingError
from audio_library.span import Span
from audio_library.store import FolderStore
from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_cut
from controller.errors import (
    InvalidInputError,
    NotFoundError,
    OriginalLostError,
    SoundGoneError,
    StaleEditError,
)
from controller.services.bulletin_views import BulletinView, VersionView
from controller.services.bulletins import Arrival, Bulletins, Kept
from controller.services.identifiers import new_id
from controller.services.room import Room
from controller.services.spool import Spool
from controller.settings import SoundSettings

logger = logging.getLogger(__name__)


class Cuts:
    """Deeds on the newest sound of a language that was made from an upload."""

    def __init__(
        self,
        now: Callable[[], datetime],
        bulletins: Bulletins,
        originals: FolderStore,
        spool: Path,
        sound: SoundSettings,
    ) -> None:
        self._now = now
        self._bulletins = bulletins
        self._originals = originals
        limit_bytes = sound.upload_limit_mb * 1_000_000
        self._spool = Spool(spool, limit_bytes=limit_bytes, room=Room(spool, sound))

    def cut(self, actor: Actor, bulletin_id: str, version_id: str, wanted: Span) -> str:
        """Have a new version made of that stretch of the upload; returns its id.

        InvalidInputError for a stretch that cannot be or changes nothing; StaleEditError when the
        version is no longer the newest; OriginalLostError; SoundGoneError.
        """
        view, version = self._version(actor, bulletin_id, version_id)
        length_ms = view.upload_ms(version)
        if length_ms is None:
            raise NotFoundError("no upload to cut", version_id=version_id)
        kept = clean_cut(wanted, length_ms, version.cut)
        is_whole = kept == Span(0, length_ms)
        return self._make(actor, bulletin_id, version, None if is_whole else kept)

    def whole(self, actor: Actor, bulletin_id: str, version_id: str) -> str:
        """Have a new version made of the whole upload again; returns its id. Errors as `cut`."""
        _view, version = self._version(actor, bulletin_id, version_id)
        if version.cut is None:
            raise InvalidInputError("nothing was cut", field="cut", problem="cut_nothing")
        return self._make(actor, bulletin_id, version, None)

    def _version(
        self, actor: Actor, bulletin_id: str, version_id: str
    ) -> tuple[BulletinView, VersionView]:
        view = self._bulletins.get(actor, bulletin_id)
        known = {version.bulletin_version_id: version for version in view.versions}
        version = known.get(version_id)
        if version is None or version.original_sha256 is None:
            raise NotFoundError("no such upload", version_id=version_id)
        if version.sound_gone_at is not None:
            raise SoundGoneError(version_id, gone_at=version.sound_gone_at)
        if version not in view.current:
            raise StaleEditError("newer sound came meanwhile")
        return view, version

    def _make(self, actor: Actor, bulletin_id: str, version: VersionView, cut: Span | None) -> str:
        assert version.original_sha256 is not None  # noqa: S101 - _version has refused None
        at = self._now()
        spool_name = f"{new_id(at)}.upload"
        size_bytes = self._fetch(version.original_sha256, spool_name)
        kept = Kept(version.original_sha256, size_bytes, cut)
        arrival = Arrival(spool_name, version.language, version.original_name, kept=kept)
        return self._bulletins.add_sound(actor, bulletin_id, arrival, at)

    def _fetch(self, sha256: str, spool_name: str) -> int:
        """Put the upload into the spool once more, if its bytes are still those that came."""
        try:
            self._originals.verify(sha256)
            return self._spool.link(self._originals.path(sha256), spool_name)
        except (AssetMissingError, AssetCorruptError) as error:
            logger.exception("an upload that was kept is lost sha256=%s", sha256)
            raise OriginalLostError("upload lost", sha256=sha256) from error
