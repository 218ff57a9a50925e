"""Speech made on this machine by espeak-ng: robotic, but there when the Internet is not.

espeak-ng is a GPL program and is only run as a child, in the sandbox: Debian's program, or the
library that the extra `espeak` brings, loaded by a child of our own (`espeak_child.py`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
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
_CHILD = Path(__file__).with_name("espeak_child.py")


@dataclass(frozen=True, slots=True)
class EspeakLibrary:
    """espeak-ng's shared library, and the folder in which its `espeak-ng-data` lies."""

    file: Path
    data: Path


def library_of_the_extra() -> EspeakLibrary | None:
    """What the extra `espeak` brought; None without it. Nothing of it is loaded here."""
    spec = find_spec("espeakng_loader")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return EspeakLibrary(folder / "libespeak-ng.so", folder)


class EspeakEngine:
    """espeak-ng 1.51 or newer, as Debian has it, else as the extra brings it."""

    name = "espeak"

    def __init__(
        self,
        program: str = "espeak-ng",
        library: Callable[[], EspeakLibrary | None] = library_of_the_extra,
    ) -> None:
        """`program` is looked for on the PATH; without it and without the extra: no voices."""
        found = shutil.which(program)
        self._program = Path(found).resolve() if found else None
        self._library = None if found else library()
        is_here = self._program is not None or self._library is not None
        known = tuple(Voice(self.name, voice_id, language) for voice_id, language in _VOICES)
        self.voices = known if is_here else ()

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
        program, arguments = self._command(voice, out)
        try:
            with sandbox.start(program, arguments, limits=_LIMITS, feeds_stdin=True) as run:
                run.stdin.write(text.encode())
                run.stdin.close()
                exit_code, messages = run.finish()
        except (BrokenPipeError, ToolFailedError) as error:
            raise SpeechFailedError(self.name, str(error)) from error
        if exit_code != 0 or not out.is_file() or out.stat().st_size == 0:
            raise SpeechFailedError(self.name, f"exit code {exit_code}: {messages[-200:]}")

    def _command(self, voice: Voice, out: Path) -> tuple[Program, list[str]]:
        speed = str(WORDS_PER_MINUTE)
        if self._program is not None:
            words = ["-v", voice.voice_id, "-s", speed, "-b", "1", "--stdin", "-w", str(out)]
            return Program(self._program, writes=out.parent), words
        assert self._library is not None  # noqa: S101 - without either there is no voice to ask for
        python = Path(sys.executable).resolve()
        reads = (python.parent.parent, _CHILD, self._library.file.parent, self._library.data)
        place = [str(self._library.file), str(self._library.data)]
        words = ["-I", "-S", str(_CHILD), *place, voice.voice_id, speed, str(out)]
        return Program(python, reads, writes=out.parent), words
