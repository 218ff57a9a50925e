"""Sound made in a process of its own: what it learns, how it stops, and what its death means."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from audio_library.errors import DamagedSoundError, ToolFailedError
from audio_library.ingest import ingest
from audio_library.worker_process import NICE, WorkerProcess
from tests.support import works
from tests.support.bulletins import wav_bytes

pytestmark = pytest.mark.real


def unheard(_fraction: float) -> None:
    """Progress nobody asked for."""


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    made = WorkerProcess()
    yield made
    made.close()


def test_an_upload_becomes_sound_there_and_its_progress_is_heard_here(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(wav_bytes(tmp_path, 3))
    heard: list[float] = []
    made = worker.call(partial(ingest, upload, workdir=tmp_path, chime=False), heard.append)
    assert made.path.parent == tmp_path
    assert made.path.exists()
    assert made.asset.duration_ms == pytest.approx(3000, abs=20)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_one_process_does_one_work_after_the_other_and_stands_back(worker: WorkerProcess) -> None:
    first, second = worker.call(works.own_pid, unheard), worker.call(works.own_pid, unheard)
    assert first == second != os.getpid()
    assert worker.call(works.niceness, unheard) == NICE
    assert worker.close() == 0
    assert worker.call(works.own_pid, unheard) != first


def test_a_refusal_arrives_with_its_facts(worker: WorkerProcess) -> None:
    with pytest.raises(DamagedSoundError) as refused:
        worker.call(works.damaged, unheard)
    assert (refused.value.decoded_ms, refused.value.promised_ms) == (1_000, 2_000)
    assert str(refused.value) == str(DamagedSoundError(1_000, 2_000))


def test_a_full_disk_arrives_with_its_number_and_a_fault_with_its_place(
    worker: WorkerProcess,
) -> None:
    with pytest.raises(OSError, match="No space left") as full:
        worker.call(works.full_disk, unheard)
    assert full.value.errno == 28
    with pytest.raises(ToolFailedError, match="KeyError in the worker process") as fault:
        worker.call(works.broken, unheard)
    assert "works.py" in fault.value.__notes__[0]


def test_what_it_logs_is_in_our_log(
    worker: WorkerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    worker.call(works.warn, unheard)
    assert "from over there number=7" in caplog.text


def test_work_that_is_not_wanted_any_more_tidies_up_and_the_process_goes_on(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    count = 0

    def stop(_fraction: float) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise InterruptedError("the centre stops")

    with pytest.raises(InterruptedError, match="the centre stops"):
        worker.call(partial(works.endless, left), stop)
    assert not left.exists()
    assert worker.call(works.own_pid, unheard) > 0


def test_a_killed_process_is_a_failure_of_ours_and_the_next_work_has_a_new_one(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    left = tmp_path / "left"

    def kill(_fraction: float) -> None:
        os.kill(int(left.read_text(encoding="ascii")), signal.SIGKILL)

    with pytest.raises(ToolFailedError, match="exit code -9"):
        worker.call(partial(works.endless, left), kill)
    assert worker.call(works.own_pid, unheard) > 0


def test_it_ends_with_who_started_it(tmp_path: Path) -> None:
    left = tmp_path / "left"
    program = (
        "import sys; from functools import partial; from pathlib import Path\n"
        "from audio_library.worker_process import WorkerProcess; from tests.support import works\n"
        "WorkerProcess().call(partial(works.endless, Path(sys.argv[1])), lambda _share: None)"
    )
    owner = subprocess.Popen([sys.executable, "-c", program, left])
    deadline = time.monotonic() + 20
    while not (left.exists() and left.read_text(encoding="ascii")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pid = int(left.read_text(encoding="ascii"))
    owner.kill()
    owner.wait()
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not left.exists()
