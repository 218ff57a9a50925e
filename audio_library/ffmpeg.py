"""The one place that finds and runs ffmpeg, always in the sandbox.

ffmpeg is a GPL program and a parser of hostile bytes: it is never linked, only run as a child.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg

from audio_library import sandbox
from audio_library.errors import ToolFailedError
from audio_library.sandbox import DEFAULT_LIMITS, ProcessLimits, Program, ToolRun

# Sound gains nothing from more threads; on a machine of many cores their stacks alone would reach
# the memory limit, and frame threads cost FLAC twice the processor time.
ONE_THREAD = ("-filter_threads", "1", "-threads", "1")
_QUIET = ("-hide_banner", "-nostats")


@lru_cache(maxsize=1)
def executable() -> Path:
    """Return the ffmpeg binary that came with imageio-ffmpeg (or IMAGEIO_FFMPEG_EXE)."""
    try:
        found = imageio_ffmpeg.get_ffmpeg_exe()
        return Path(shutil.which(found) or found)  # a bare name where the wheel brings none
    except RuntimeError as error:
        raise ToolFailedError("no ffmpeg binary found") from error


def start(
    arguments: Sequence[str],
    *,
    limits: ProcessLimits = DEFAULT_LIMITS,
    feeds_stdin: bool = False,
    pass_fds: Sequence[int] = (),
    reads: tuple[Path, ...] = (),
    writes: Path | None = None,
) -> AbstractContextManager[ToolRun]:
    """Run ffmpeg with these arguments for the length of the `with` block.

    It sees the files of `reads` and may make files in the folder `writes`; else only descriptors.
    """
    program = Program(executable(), reads, writes)
    return sandbox.start(
        program,
        [*_QUIET, *arguments],
        limits=limits,
        feeds_stdin=feeds_stdin,
        pass_fds=pass_fds,
    )


def run(
    arguments: Sequence[str],
    *,
    limits: ProcessLimits = DEFAULT_LIMITS,
    pass_fds: Sequence[int] = (),
    reads: tuple[Path, ...] = (),
) -> tuple[int, str]:
    """Run ffmpeg to its end; return the exit code and its messages. For runs without PCM pipes."""
    program = Program(executable(), reads)
    return sandbox.run(program, [*_QUIET, *arguments], limits=limits, pass_fds=pass_fds)
