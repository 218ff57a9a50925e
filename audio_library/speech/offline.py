"""Speech made on this machine by espeak-ng: robotic, but there when the Internet is not.

espeak-ng is a GPL program and is only run as a child, in the sandbox.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from audio_library import sandbox
from audio_library.errors import SpeechFailedError, ToolFailedError
from audio_library.sandbox import ProcessLimits, Program
from audio_library.speech.engine import GoOn, Voice, ensure_speakable

WORDS_PER_MINUTE = 140
"""Slower than its 175: the words leave horns that answer one another."""

_LIMITS = ProcessLimits(memory_bytes=512 << 20, cpu_s=120, file_bytes=400 << 20, wall_s=300)
_VOICES = (("vi-vn-x-south", "vi"), ("vi-vn-x-central", "vi"), ("vi", "vi"), ("en", "en"))
"""South, centre and north; Ninh Thuận speaks like the south."""


class EspeakEngine:
    """espeak-ng 1.51 or newer, as Debian has it."""

    name = "espeak"

    def __init__(self, program: str = "espeak-ng") -> None:
        """`program` is looked for on the PATH; where it is missing the engine has no voices."""
        found = shutil.which(program)
        self._program = Path(found).resolve() if found else None
        known = tuple(Voice(self.name, voice_id, language) for voice_id, language in _VOICES)
        self.voices = known if self._program else ()

    def synthesise(self, text: str, voice: Voice, out: Path, *, go_on: GoOn) -> Path:
        """See SpeechEngine."""
        ensure_speakable(self, text, voice)
        go_on()
        try:
            self._write(text, voice, out)
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return out

    def _write(self, text: str, voice: Voice, out: Path) -> None:
        assert self._program is not None  # noqa: S101 - without it there is no voice to ask for
        program = Program(self._program, writes=out.parent)
        arguments = ["-v", voice.voice_id, "-s", str(WORDS_PER_MINUTE), "-b", "1", "--stdin"]
        try:
            with sandbox.start(
                program, [*arguments, "-w", str(out)], limits=_LIMITS, feeds_stdin=True
            ) as run:
                run.stdin.write(text.encode())
                run.stdin.close()
                exit_code, messages = run.finish()
        except (BrokenPipeError, ToolFailedError) as error:
            raise SpeechFailedError(self.name, str(error)) from error
        if exit_code != 0 or not out.is_file() or out.stat().st_size == 0:
            raise SpeechFailedError(self.name, f"exit code {exit_code}: {messages[-200:]}")
