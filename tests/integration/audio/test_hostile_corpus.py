"""Files that mean harm: each is refused with its sentence or made harmless, and reaches nothing."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from audio_library import sandbox
from audio_library.errors import RefusedSoundError
from audio_library.ingest import ingest
from audio_library.quality import FindingKind
from controller.web.bulletin_words import REFUSALS
from tests.support.hostile_files import HostileFile, hostile_files
from tests.support.metering import metered


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostileFile, ...]:
    folder = tmp_path_factory.mktemp("hostile")
    secret = folder / "secret.wav"
    secret.write_bytes(b"RIFF")
    return tuple(hostile_files(folder, secret))


def ending_of(file: HostileFile, folder: Path) -> str:
    """What became of it: "sound", or the code of the refusal; nothing else may stay behind."""
    upload = folder / "upload.mp3"
    upload.write_bytes(file.content)
    try:
        result = ingest(upload, workdir=folder)
    except RefusedSoundError as error:
        assert list(folder.iterdir()) == [upload]
        return error.code
    loudness_lufs, true_peak_dbtp = metered(result.path)
    told = [finding.kind for finding in result.findings]
    assert abs(loudness_lufs + 16) <= 0.5 or FindingKind.PEAKS_TOO_HIGH in told
    assert loudness_lufs <= -15.5
    assert true_peak_dbtp <= -1.0
    result.path.unlink()
    return "sound"


def test_each_is_refused_with_its_sentence_or_made_into_plain_sound(
    corpus: tuple[HostileFile, ...], tmp_path: Path
) -> None:
    assert len(corpus) >= 60
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = {file.name: ending_of(file, tmp_path) for file in corpus}
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wrong = {file.name: ended[file.name] for file in corpus if ended[file.name] not in file.ends_as}
    assert wrong == {}
    kinds = Counter(ended.values())
    assert {"sound", "not_sound", "damaged", "silent", "too_long"} <= set(kinds)
    assert set(kinds) - {"sound"} <= set(REFUSALS)
    assert after_kb - before_kb <= 50_000


_ALL = """
import sys
from pathlib import Path
from audio_library.errors import RefusedSoundError
from audio_library.ingest import ingest
work = Path(sys.argv[1])
for upload in sorted(work.glob("*.upload")):
    try:
        ingest(upload, workdir=work).path.unlink()
    except RefusedSoundError:
        pass
"""


@pytest.mark.soak
def test_none_of_them_opens_a_socket_or_a_file_of_somebody_else(
    corpus: tuple[HostileFile, ...], tmp_path: Path
) -> None:
    work, trace = tmp_path / "work", tmp_path / "trace"
    work.mkdir()
    for number, file in enumerate(corpus):
        if "hour" not in file.name:  # those only take their time
            (work / f"{number:03}.upload").write_bytes(file.content)
    command = [sys.executable, "-c", _ALL, str(work)]
    calls = "trace=openat,open,creat,socket,connect,unlink,rename,mkdir"
    subprocess.run(["strace", "-f", "-qq", "-e", calls, "-o", str(trace), *command], check=True)
    lines = trace.read_text(errors="replace").splitlines()
    assert len(lines) > 1_000
    assert [line for line in lines if re.search(r"(?:socket|connect)\(.*AF_INET", line)] == []
    assert [line for line in lines if "secret.wav" in line] == []
    written = _written(lines)
    assert any(path.startswith(str(work)) for path in written)
    assert [path for path in written if not _is_ours(path, work)] == []


def _written(lines: list[str]) -> set[str]:
    """Every path that was opened for writing."""
    opened = re.compile(r'open(?:at)?\((?:[^,"]+, )?"([^"]*)", ([A-Z_|]+)')
    found = (opened.search(line) for line in lines)
    return {one[1] for one in found if one and re.search("O_WRONLY|O_RDWR|O_CREAT", one[2])}


def _is_ours(path: str, work: Path) -> bool:
    """The folder of the job; or what every process opens: its own pipes, and bubblewrap's maps."""
    own = (str(work), "/dev/", "/proc/self/", "/proc/sys/")
    maps = ("uid_map", "gid_map", "setgroups")
    return path.startswith(own) or (sandbox.confinement() is not None and path in maps)
