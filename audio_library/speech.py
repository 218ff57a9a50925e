"""Text -> a recording that must be heard before it is aired, behind one SpeechEngine."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import gtts

from audio_library.errors import (
    EmptyTextError,
    LanguageNotSpokenError,
    SpeechFailedError,
    SpeechUnavailableError,
)

logger = logging.getLogger(__name__)

_ANSWER_TIMEOUT_S = 20.0
_CONNECT_TIMEOUT_S = 5.0
_WHOLE_TEXT_TIMEOUT_S = 180.0


class SpeechEngine(Protocol):
    """One voice service. Its recording is hostile input like any upload and is ingested as such."""

    @property
    def name(self) -> str: ...

    @property
    def languages(self) -> frozenset[str]:
        """Language codes it speaks, as bulletins use them (vi, en; never cjm or rog)."""

    def synthesise(self, text: str, language: str, out: Path) -> Path:
        """Write the spoken text to `out` and return it; leaves no partial file behind.

        Raises SpeechUnavailableError, SpeechFailedError, LanguageNotSpokenError, EmptyTextError.
        """


class GttsEngine:
    """Google's voice through gtts: needs the internet and sends the text there."""

    name = "gtts"
    languages = frozenset({"vi", "en"})

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def synthesise(self, text: str, language: str, out: Path) -> Path:
        if language not in self.languages:
            raise LanguageNotSpokenError(language)
        if not text.strip():
            raise EmptyTextError("nothing to say")
        try:
            self._write(text, language, out)
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return out

    def _write(self, text: str, language: str, out: Path) -> None:
        try:
            self._ask(text, language, out)
        except gtts.gTTSError as error:
            raise self._explained(error) from error
        except OSError as error:  # also every exception of requests
            raise SpeechUnavailableError(self.name) from error
        except (AssertionError, ValueError) as error:  # gtts finds nothing to speak, or bad base64
            raise SpeechFailedError(self.name, str(error)) from error
        if out.stat().st_size == 0:
            raise SpeechFailedError(self.name, "no sound in the answer")

    def _ask(self, text: str, language: str, out: Path) -> None:
        """gtts asks once per 100 letters; the deadline is for the text as a whole."""
        deadline = self._clock() + _WHOLE_TEXT_TIMEOUT_S
        request = gtts.gTTS(
            text, lang=language, lang_check=False, timeout=(_CONNECT_TIMEOUT_S, _ANSWER_TIMEOUT_S)
        )
        with out.open("wb") as file:
            for part in request.stream():
                file.write(part)
                if self._clock() > deadline:
                    raise SpeechUnavailableError(self.name)

    def _explained(self, error: gtts.gTTSError) -> SpeechUnavailableError | SpeechFailedError:
        """No answer at all means no internet; an answer without sound is another matter."""
        logger.warning("speech failed engine=%s: %s", self.name, error)
        if error.rsp is None:
            return SpeechUnavailableError(self.name)
        return SpeechFailedError(self.name, str(error))
