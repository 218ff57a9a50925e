"""Speech by a voice that the operator supplies: a VITS model for sherpa-onnx.

No voice comes with Vang. The extra `voice` brings the engine; the model's folder is named by a
setting. It reads letters, or words by a lexicon; models that want the phonemes of espeak-ng, as
Piper's do, are no longer read by sherpa-onnx. It runs as a child, in the sandbox
(`sherpa_child.py`).
"""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from pathlib import Path

from audio_library import sandbox
from audio_library.errors import SpeechFailedError, ToolFailedError
from audio_library.sandbox import ProcessLimits, Program
from audio_library.speech.engine import GoOn, Voice, ensure_speakable

logger = logging.getLogger(__name__)

NEEDED = ("model.onnx", "tokens.txt")
"""Files of the model's folder; beside them `lexicon.txt`, where the voice has one."""

_SPEED = 0.9
"""A little slower than the model was taught: the words leave horns that answer one another."""
_LIMITS = ProcessLimits(memory_bytes=3 << 30, cpu_s=1200, file_bytes=400 << 20, wall_s=1800)
_CHILD = Path(__file__).with_name("sherpa_child.py")


def packages_of_the_extra() -> Path | None:
    """The folder in which sherpa-onnx is installed; None without it. Nothing of it is loaded."""
    spec = find_spec("sherpa_onnx")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent.parent


class OwnVoiceEngine:
    """One Vietnamese voice of this centre's own."""

    name = "own"

    def __init__(self, model: str, packages: Path | None) -> None:
        """`model` is the folder of the voice, "" for none; what is missing is logged at once."""
        self._model = Path(model).absolute()
        self._packages = packages
        missing = _missing(self._model, packages) if model else None
        if missing:
            logger.warning("the centre's own voice is not offered: %s", missing)
        is_here = bool(model) and missing is None
        self.voices: tuple[Voice, ...] = (Voice(self.name, "vi", "vi"),) if is_here else ()

    def synthesise(self, text: str, voice: Voice, out: Path, *, go_on: GoOn) -> Path:
        """See SpeechEngine."""
        ensure_speakable(self, text, voice)
        go_on()
        try:
            self._write(text, out)
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return out

    def _write(self, text: str, out: Path) -> None:
        python = Path(sys.executable).resolve()
        assert self._packages is not None  # noqa: S101 - without it there is no voice to ask for
        reads = (python.parent.parent, _CHILD, self._packages, self._model)
        program = Program(python, reads, writes=out.parent)
        words = ["-I", "-S", str(_CHILD), str(self._packages), str(self._model), str(_SPEED)]
        try:
            with sandbox.start(
                program, [*words, str(out)], limits=_LIMITS, feeds_stdin=True
            ) as run:
                run.stdin.write(text.encode())
                run.stdin.close()
                exit_code, messages = run.finish()
        except (BrokenPipeError, ToolFailedError) as error:
            raise SpeechFailedError(self.name, str(error)) from error
        if exit_code != 0 or not out.is_file() or out.stat().st_size == 0:
            raise SpeechFailedError(self.name, f"exit code {exit_code}: {messages[-200:]}")


def _missing(model: Path, packages: Path | None) -> str | None:
    """What keeps the voice from being offered, in words; None: nothing."""
    if packages is None:
        return "sherpa-onnx is not installed (extra `voice`)"
    lacking = [name for name in NEEDED if not (model / name).is_file()]
    return f"{model} has no {' and no '.join(lacking)}" if lacking else None
