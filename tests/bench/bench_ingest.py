"""What an upload costs: our whole ingest beside a bare decode with the same Opus encode.

Memory is that of the whole process tree, summed every 20 ms while it works.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from audio_library.encode import OPUS
from audio_library.ingest import ingest
from tests.bench.descendants import adopt_orphans, reap_orphans
from tests.bench.rows import Row, Samples, alternate, at_least, at_most
from tests.support.memory import peak_of_tree
from tests.support.sound import run_ffmpeg, speech_like, write_sound

_ROUNDS = 3
_MOST_MB = 250.0
_MB = 1_000_000
_MONO = ("-ac", "1", "-ar", "48000")
_LOUDNORM = "loudnorm=I=-16:TP=-1.5:LRA=11"
# VmHWM and not ru_maxrss: the latter remembers the memory of whoever forked the process.
_OWN_PEAK_KIB = """
def own_peak_kib():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
"""
# pydub is fed as its own loader would: the whole file decoded into one segment.
_MEMORY_OF_PYDUB = """
import subprocess, sys, warnings
warnings.simplefilter("ignore")
from pydub import AudioSegment, effects
import imageio_ffmpeg
AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()
command = [AudioSegment.converter, "-loglevel", "error", "-i", sys.argv[1]]
sink = ["-f", "s16le", "-ac", "2", "-ar", "44100", "-"]
raw = subprocess.run([*command, *sink], capture_output=True, check=True).stdout
sound = AudioSegment(data=raw, sample_width=2, frame_rate=44100, channels=2)
effects.normalize(sound).export(sys.argv[2] + "/pydub.opus", format="opus", bitrate="32k")
print(own_peak_kib())
"""


def measure(quick: bool) -> list[Row]:
    """Return the rows; `quick` leaves out the hour."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minute = write_sound(folder / "60s.mp3", speech_like(60), channels=2)
        ten = write_sound(folder / "600s.mp3", speech_like(600, seed=2), channels=2)
        adopt_orphans()
        rows = [
            _beside_floor(minute, "60 s", folder),
            _beside_floor(ten, "600 s", folder, rounds=1 if quick else _ROUNDS),
            _beside_loudnorm(minute, folder),
        ]
        if not quick:
            hour = _repeated(ten, 3590, folder / "3600s.mp3")
            rows.append(_beside_floor(hour, "3600 s", folder, rounds=1))
            rows.extend(_memory(ten, hour, folder))
        return rows


def _repeated(source: Path, seconds: int, out: Path) -> Path:
    """The same again and again; just under the hour that an upload may last."""
    copied = ("-c", "copy", "-t", str(seconds))
    run_ffmpeg("-stream_loop", "-1", "-i", str(source), *copied, str(out))
    return out


def _beside_floor(source: Path, length: str, folder: Path, rounds: int = _ROUNDS) -> Row:
    return at_most(
        f"ingest CPU s, {length} MP3 (decode + same encode)",
        2.4,
        partial(
            alternate,
            partial(_cpu_s, partial(_ingest, source, folder)),
            partial(_cpu_s, partial(_floor, source, folder)),
            rounds,
        ),
    )


def _beside_loudnorm(source: Path, folder: Path) -> Row:
    return at_least(
        "ingest CPU s, 60 s MP3 (two-pass loudnorm)",
        4.0,  # not met: docs/adr/0006 says why
        partial(
            alternate,
            partial(_cpu_s, partial(_ingest, source, folder)),
            partial(_cpu_s, partial(_two_pass, source, folder)),
            _ROUNDS,
        ),
    )


def _memory(ten: Path, hour: Path, folder: Path) -> list[Row]:
    """Each is measured once: a peak hardly differs from run to run."""
    of_ten, of_hour = (peak_of_tree(source, folder) / _MB for source in (ten, hour))
    of_pydub = _peak_of_pydub_mb(hour, folder)
    return [
        at_least("ingest peak MB, 3600 s MP3 (pydub)", 4.0, lambda: Samples([of_hour], [of_pydub])),
        at_most("ingest peak MB, 3600 s MP3 (limit)", 1.0, lambda: Samples([of_hour], [_MOST_MB])),
        at_most("ingest peak MB, 3600 s MP3 (600 s)", 1.2, lambda: Samples([of_hour], [of_ten])),
    ]


def _cpu_s(work: Callable[[], None]) -> float:
    """Processor seconds of this process and of its children, user and system together."""
    before = _used_s()
    work()
    return _used_s() - before


def _used_s() -> float:
    reap_orphans()
    whos = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usages = [resource.getrusage(who) for who in whos]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _ingest(source: Path, folder: Path) -> None:
    ingest(source, workdir=folder).path.unlink()


def _floor(source: Path, folder: Path) -> None:
    run_ffmpeg("-i", str(source), *_MONO, *OPUS, str(folder / "floor.opus"))


def _two_pass(source: Path, folder: Path) -> None:
    messages = run_ffmpeg(
        *("-i", str(source), "-af", f"{_LOUDNORM}:print_format=summary", "-f", "null", "-")
    )
    figures = {
        key: messages.split(f"{label}:")[1].split()[0].lstrip("+")
        for key, label in (
            ("measured_I", "Input Integrated"),
            ("measured_TP", "Input True Peak"),
            ("measured_LRA", "Input LRA"),
            ("measured_thresh", "Input Threshold"),
            ("offset", "Target Offset"),
        )
    }
    second = ":".join([_LOUDNORM, *(f"{key}={value}" for key, value in figures.items())])
    run_ffmpeg("-i", str(source), "-af", second, *_MONO, *OPUS, str(folder / "loudnorm.opus"))


def _peak_of_pydub_mb(source: Path, folder: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _OWN_PEAK_KIB + _MEMORY_OF_PYDUB, str(source), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    return int(done.stdout) * 1024 / _MB
