"""Speech from the Internet."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import gtts

from audio_library.errors import SpeechFailedError, SpeechUnavailableError
from audio_library.speech.engine import GoOn, Voice, ensure_speakable

logger = logging.getLogger(__name__)

_ANSWER_TIMEOUT_S = 20.0
_CONNECT_TIMEOUT_S = 5.0
_WHOLE_TEXT_TIMEOUT_S = 180.0


class GttsEngine:
    """Google's voice through gtts: needs the internet and sends the text there."""

    name = "gtts"
    voices = (Voice("gtts", "vi", "vi"), Voice("gtts", "en", "en"))

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def synthesise(self, text: str, voice: Voice, out: Path, *, go_on: GoOn) -> Path:
        """See SpeechEngine."""
        ensure_speakable(self, text, voice)
        try:
            self._write(text, voice, out, go_on)
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return out

    def _write(self, text: str, voice: Voice, out: Path, go_on: GoOn) -> None:
        try:
            self._ask(text, voice, out, go_on)
        except gtts.gTTSError as error:
            raise self._explained(error) from error
        except OSError as error:  # also every exception of requests
            raise SpeechUnavailableError(self.name) from error
        except (AssertionError, ValueError) as error:  # gtts finds nothing to speak, or bad base64
            raise SpeechFailedError(self.name, str(error)) from error
        if out.stat().st_size == 0:
            raise SpeechFailedError(self.name, "no sound in the answer")

    def _ask(self, text: str, voice: Voice, out: Path, go_on: GoOn) -> None:
        """gtts asks once per 100 letters; the deadline is for the text as a whole."""
        deadline = self._clock() + _WHOLE_TEXT_TIMEOUT_S
        request = gtts.gTTS(
            text,
            lang=voice.language,
            lang_check=False,
            timeout=(_CONNECT_TIMEOUT_S, _ANSWER_TIMEOUT_S),
        )
        with out.open("wb") as file:
            for part in request.stream():
                file.write(part)
                go_on()
                if self._clock() > deadline:
                    raise SpeechUnavailableError(self.name)

    def _explained(self, error: gtts.gTTSError) -> SpeechUnavailableError | SpeechFailedError:
        """No answer at all means no internet; an answer without sound is another matter."""
        logger.warning("speech failed engine=%s: %s", self.name, error)
        if error.rsp is None:
            return SpeechUnavailableError(self.name)
        return SpeechFailedError(self.name, str(error))
