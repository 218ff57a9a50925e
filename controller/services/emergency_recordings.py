"""Words of an emergency somebody records: kept as drafts of bulletins, made before all else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from controller.domain.accounts import Actor
from controller.domain.emergencies import Kind, Part
from controller.errors import NotFoundError
from controller.services.bulletins import Bulletins, Draft
from controller.services.spool import Upload

_TITLES = {
    (Kind.LIVE, Part.WARNING): "lời báo khẩn",
    (Kind.LIVE, Part.CORRECTION): "tin đính chính",
    (Kind.LIVE, Part.ALL_CLEAR): "tin hết nguy hiểm",
    (Kind.DRILL, Part.WARNING): "lời diễn tập",
    (Kind.DRILL, Part.ALL_CLEAR): "câu kết thúc diễn tập",
}

Recorded = Mapping[tuple[Part, str], str]
"""The version of a bulletin that is being made of each recording, by part and language."""


class Recordings:
    """Takes recordings in as any other upload, so that they are probed, levelled and kept."""

    def __init__(self, bulletins: Bulletins) -> None:
        self._bulletins = bulletins

    def keep(self, actor: Actor, stream: IO[bytes]) -> str:
        """Lay a recording aside while its form is filled in; its token. Errors as `take`."""
        return self._bulletins.parts.keep(actor, stream)

    def is_kept(self, actor: Actor, token: str) -> bool:
        """Whether one was laid aside under this token, by the same person."""
        try:
            return self._bulletins.parts.received(actor, token) > 0
        except NotFoundError:
            return False

    def take(
        self,
        actor: Actor,
        kind: Kind,
        title: str,
        texts: Mapping[Part, str],
        uploads: Mapping[tuple[Part, str], Upload],
    ) -> Recorded:
        """One draft for each part that was recorded, with a version in each language.

        NotSoundError, UploadTooLargeError and StorageFullError as for any upload.
        """
        found: dict[tuple[Part, str], str] = {}
        for part in dict.fromkeys(part for part, _language in uploads):
            named = f"{title[:150]} · {_TITLES[kind, part]}"
            draft = Draft(named, "", texts.get(part, ""), actor.place_id)
            bulletin_id = self._bulletins.create(actor, draft)
            for (of, language), upload in uploads.items():
                if of is part:
                    found[part, language] = self._bulletins.receive(
                        actor, bulletin_id, language, upload, is_urgent=True
                    )
        return found
