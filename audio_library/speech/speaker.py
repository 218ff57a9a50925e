"""The engines of this centre in their order, and what they spoke before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audio_library.errors import LanguageNotSpokenError
from audio_library.speech.cache import SpeechCache
from audio_library.speech.engine import GoOn, SpeechEngine, Voice


def _on() -> None:
    """Nobody wants it to stop."""


class Speaker:
    """Every voice there is. Nothing is chosen for anybody: a robot's voice is heard to be one."""

    def __init__(self, engines: Sequence[SpeechEngine], cache: SpeechCache) -> None:
        """`engines` in the order in which they are offered."""
        self._engines = {engine.name: engine for engine in engines}
        self._cache = cache

    def voices(self, language: str | None = None) -> tuple[Voice, ...]:
        """Those for a language, or all; the one to be taken first comes first."""
        every = [voice for engine in self._engines.values() for voice in engine.voices]
        return tuple(voice for voice in every if language in (None, voice.language))

    def voice(self, name: str) -> Voice | None:
        """The voice of this name, if it is here."""
        return next((voice for voice in self.voices() if voice.name == name), None)

    def after(self, voice: Voice) -> Voice | None:
        """What to offer when this one failed: the next engine that has a voice for the language."""
        names = list(self._engines)
        later = names[names.index(voice.engine) + 1 :] if voice.engine in names else names
        return next((one for one in self.voices(voice.language) if one.engine in later), None)

    def speak(self, text: str, voice: Voice, out: Path, *, go_on: GoOn = _on) -> Path:
        """Write the text, spoken, to `out`; from the cache if it was spoken before.

        SpeechUnavailableError, SpeechFailedError, LanguageNotSpokenError, EmptyTextError.
        """
        if self._cache.take(text, voice, out):
            return out
        engine = self._engines.get(voice.engine)
        if engine is None:
            raise LanguageNotSpokenError(voice.language)
        engine.synthesise(text, voice, out, go_on=go_on)
        self._cache.keep(text, voice, out)
        return out
