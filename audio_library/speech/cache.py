"""Texts that were spoken before are not spoken again: correcting a title costs no minutes."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path

from audio_library.speech.engine import Voice

logger = logging.getLogger(__name__)

MOST_BYTES = 500_000_000


class SpeechCache:
    """Recordings by text and voice in a folder; the least recently used go first."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def take(self, text: str, voice: Voice, out: Path) -> bool:
        """Copy the recording of this text to `out`, if there is one."""
        kept = self._path(text, voice)
        try:
            shutil.copyfile(kept, out)
            os.utime(kept)
        except FileNotFoundError:
            out.unlink(missing_ok=True)
            return False
        return True

    def keep(self, text: str, voice: Voice, recording: Path) -> None:
        """Keep a copy; a cache that cannot be written is only slower."""
        kept = self._path(text, voice)
        half = kept.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(recording, half)
            half.rename(kept)
            self._make_room()
        except OSError as error:
            half.unlink(missing_ok=True)
            logger.warning("spoken text was not kept: %s", error)

    def _path(self, text: str, voice: Voice) -> Path:
        key = "\0".join((voice.engine, voice.voice_id, voice.language, text))
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.spoken"

    def _make_room(self) -> None:
        kept = sorted(self._folder.glob("*.spoken"), key=lambda one: one.stat().st_mtime)
        surplus = sum(one.stat().st_size for one in kept) - self._most_bytes
        for one in kept:
            if surplus <= 0:
                return
            surplus -= one.stat().st_size
            one.unlink(missing_ok=True)
