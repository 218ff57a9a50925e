"""What a speech engine is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from audio_library.errors import EmptyTextError, LanguageNotSpokenError

GoOn = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine, in one language as bulletins name it (vi, en; never cjm or rog)."""

    engine: str
    voice_id: str
    language: str

    @property
    def name(self) -> str:
        """How it is chosen and written down: `espeak:vi-vn-x-south`."""
        return f"{self.engine}:{self.voice_id}"


class SpeechEngine(Protocol):
    """One way to speak. Its recording is hostile input like any upload and is ingested as such."""

    @property
    def name(self) -> str: ...

    @property
    def voices(self) -> tuple[Voice, ...]:
        """Those it has here; none if it is not installed."""

    def synthesise(self, text: str, voice: Voice, out: Path, *, go_on: GoOn) -> Path:
        """Write the spoken text to `out` and return it; leaves no partial file behind.

        `go_on` is called now and then; an exception that it raises stops the work.
        Raises SpeechUnavailableError, SpeechFailedError, LanguageNotSpokenError, EmptyTextError.
        """


def ensure_speakable(engine: SpeechEngine, text: str, voice: Voice) -> None:
    """Raise LanguageNotSpokenError for a voice it does not have, EmptyTextError for nothing."""
    if voice not in engine.voices:
        raise LanguageNotSpokenError(voice.language)
    if not text.strip():
        raise EmptyTextError("nothing to say")
