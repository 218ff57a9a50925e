"""Texts that are to be spoken: ordered by people, spoken by a worker, then made into sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from audio_library.errors import SpeechFailedError, SpeechUnavailableError
from audio_library.speech.engine import GoOn, Voice
from audio_library.speech.speaker import Speaker
from audio_library.spoken_text.reading import Reading
from controller.domain.accounts import Actor
from controller.domain.bulletins import Language, clean_text
from controller.errors import InvalidInputError, SpeechLanguageError
from controller.services.bulletins import Arrival, Bulletins
from controller.services.identifiers import new_id
from controller.services.readings import Readings


class Speech:
    """The voices of this centre, as people order them."""

    def __init__(
        self,
        now: Callable[[], datetime],
        bulletins: Bulletins,
        readings: Readings,
        speaker: Speaker,
        wake: Callable[[str], None],
    ) -> None:
        self._now = now
        self._bulletins = bulletins
        self._readings = readings
        self._speaker = speaker
        self._wake = wake

    def voices(self, language: str | None = None) -> tuple[Voice, ...]:
        """The voices for a language, or all; the one to be taken first in front."""
        return self._speaker.voices(language)

    def after(self, voice_name: str | None) -> Voice | None:
        """The voice to offer when this one failed."""
        voice = self._speaker.voice(voice_name or "")
        return self._speaker.after(voice) if voice else None

    def reading(self, text: str) -> Reading:
        """How a Vietnamese text will be read."""
        return self._readings.read(text)

    def order(self, actor: Actor, bulletin_id: str, voice_name: str, text: str) -> str:
        """Keep the text, then have it spoken as new sound; returns the id of the version.

        SpeechLanguageError for a voice that is not here; InvalidInputError for no text.
        """
        words = clean_text(text)
        if not words:
            raise InvalidInputError("nothing to say", field="text", problem="missing")
        self._bulletins.keep_text(actor, bulletin_id, words)
        voice = self._speaker.voice(voice_name)
        if voice is None:
            raise SpeechLanguageError(voice_name, language=voice_name.partition(":")[2])
        language = Language(voice.language)
        spoken = self._readings.read(words).text if language is Language.VI else words
        at = self._now()
        arrival = Arrival(f"{new_id(at)}.spoken", language, "", voice, spoken)
        version_id = self._bulletins.add_sound(actor, bulletin_id, arrival, at)
        self._wake("speech")
        return version_id

    def speak(self, text: str, voice_name: str, out: Path, go_on: GoOn) -> None:
        """Speak it now; for the worker. AudioError when it cannot be done."""
        voice = self._speaker.voice(voice_name)
        if voice is None:
            raise SpeechUnavailableError(voice_name.partition(":")[0])
        self._speaker.speak(text, voice, out, go_on=go_on)

    def say(self, text: str, voice_name: str, out: Path, go_on: GoOn) -> None:
        """Read a sentence of the centre's own aloud, nobody waiting: where the voice fails, by the
        next engine. AudioError when none can.
        """
        words = self._readings.read(text).text
        while True:
            try:
                return self.speak(words, voice_name, out, go_on)
            except (SpeechUnavailableError, SpeechFailedError):
                following = self.after(voice_name)
                if following is None:
                    raise
                voice_name = following.name
