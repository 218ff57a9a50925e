"""The queue between an upload and its sound: order, restarts, failures."""

from __future__ import annotations

import hashlib
import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from audio_library.errors import ToolFailedError
from audio_library.lead_in import LEAD_IN_MS
from audio_library.span import Span
from audio_library.store import FolderStore
from controller.domain.accounts import Actor
from controller.domain.bulletins import VersionState
from controller.jobs import ingest as job
from controller.jobs.ingest import IngestWorkers
from controller.services.bulletins import Draft
from controller.services.spool import Upload
from controller.storage.models import IngestJobRow
from tests.support.bulletins import Studio, sound_bytes, wav_bytes
from tests.support.sound import silence, tone
from tests.support.web import DISTRICT


def give(studio: Studio, author: Actor, sound: bytes, title: str = "Tin") -> str:
    draft = Draft(title, "", "", DISTRICT)
    return studio.bulletins.create(author, draft, upload=Upload("a.wav", io.BytesIO(sound)))


def job_of(studio: Studio, bulletin_id: str) -> IngestJobRow:
    version = studio.bulletins.get(_author(studio), bulletin_id).versions[0]
    with studio.centre.database.read() as session:
        query = select(IngestJobRow).where(
            IngestJobRow.bulletin_version_id == version.bulletin_version_id
        )
        row = session.scalars(query).one()
        session.expunge(row)
        return row


def _author(studio: Studio) -> Actor:
    return next(iter(studio.centre._cast.values()))


def state_of(studio: Studio, bulletin_id: str) -> VersionState:
    return studio.bulletins.get(_author(studio), bulletin_id).versions[0].state


def wait_for(studio: Studio, bulletin_id: str, wanted: VersionState) -> None:
    deadline = time.monotonic() + 30
    while state_of(studio, bulletin_id) is not wanted:
        assert time.monotonic() < deadline, job_of(studio, bulletin_id).state
        time.sleep(0.05)


def test_uploads_are_made_in_the_order_they_came(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    first = give(studio, author, voice_wav)
    studio.centre.clock.move(seconds=1)
    second = give(studio, author, voice_wav)
    assert studio.workers.work_once("w")
    assert state_of(studio, first) is VersionState.READY
    assert state_of(studio, second) is VersionState.PROCESSING
    assert studio.desk.waiting() == 1
    assert studio.workers.work_once("w")
    assert not studio.workers.work_once("w")
    assert studio.centre.woken.count("ingest") == 2


def test_one_bad_file_never_delays_another(
    studio: Studio, author: Actor, voice_wav: bytes, tmp_path: Path
) -> None:
    bad = give(studio, author, sound_bytes(tmp_path, silence(1)))
    cut = give(studio, author, voice_wav[: len(voice_wav) // 2])
    good = give(studio, author, voice_wav)
    studio.finish()
    assert [state_of(studio, each) for each in (bad, cut, good)] == [
        VersionState.REFUSED,
        VersionState.REFUSED,
        VersionState.READY,
    ]
    refused = studio.bulletins.get(author, cut).versions[0]
    assert refused.refusal_code == "damaged"
    assert list(studio.spool.iterdir()) == []


def test_a_job_cut_by_a_crash_is_begun_again_after_the_restart(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = give(studio, author, voice_wav)
    task = studio.desk.claim("before the crash")
    assert task is not None
    scratch = studio.spool / "ingest-left"
    scratch.mkdir()
    (scratch / "voice.pcm").write_bytes(bytes(1000))
    assert studio.desk.claim("another") is None

    desk = studio.new_desk()  # the next run of the centre
    assert desk.recover() == 1
    assert not scratch.exists()
    workers = IngestWorkers(desk)
    assert workers.work_once("w")
    assert state_of(studio, bulletin_id) is VersionState.READY
    assert job_of(studio, bulletin_id).attempts == 2


def test_a_failure_of_ours_is_tried_three_times_and_then_said(
    studio: Studio, author: Actor, voice_wav: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise ToolFailedError("no such program")

    failures: list[int] = []
    workers = IngestWorkers(studio.desk, on_failure=lambda: failures.append(1))
    bulletin_id = give(studio, author, voice_wav)
    monkeypatch.setattr(job, "ingest", broken)
    for _ in range(3):
        assert workers.work_once("w")
    assert not workers.work_once("w")
    assert len(failures) == 3
    version = studio.bulletins.get(author, bulletin_id).versions[0]
    assert (version.state, version.refusal_code) == (VersionState.REFUSED, "tool_failed")


def test_a_full_store_loses_no_upload(
    studio: Studio, author: Actor, voice_wav: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulletin_id = give(studio, author, voice_wav)
    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "put", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        assert studio.workers.work_once("w")
    assert state_of(studio, bulletin_id) is VersionState.PROCESSING
    studio.finish()
    assert state_of(studio, bulletin_id) is VersionState.READY


def test_stopping_gives_work_under_way_back(studio: Studio, author: Actor, tmp_path: Path) -> None:
    bulletin_id = give(studio, author, wav_bytes(tmp_path, 120))
    workers = IngestWorkers(studio.desk)
    workers.start()
    try:
        deadline = time.monotonic() + 20
        while job_of(studio, bulletin_id).state != "running":
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        workers.stop()
    row = job_of(studio, bulletin_id)
    assert (row.state, row.attempts) == ("queued", 0)
    assert [path.name for path in studio.spool.iterdir()] == [row.spool_name]


def test_a_poke_wakes_the_workers_and_progress_can_be_read(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    workers = IngestWorkers(studio.desk)
    workers.start()
    try:
        bulletin_id = give(studio, author, voice_wav)
        workers.poke()
        wait_for(studio, bulletin_id, VersionState.READY)
    finally:
        workers.stop()
    assert job_of(studio, bulletin_id).progress_percent == 100


def test_the_same_bytes_in_two_bulletins_are_stored_once(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    for title in ("một", "hai"):
        give(studio, author, voice_wav, title)
    studio.finish()
    assert len(list((studio.folder / "sounds").glob("??/*.opus"))) == 1


def kept_originals(studio: Studio) -> list[bytes]:
    return [path.read_bytes() for path in (studio.folder / "originals").rglob("*.original")]


def test_the_upload_is_kept_as_it_came(studio: Studio, author: Actor, voice_wav: bytes) -> None:
    bulletin_id = give(studio, author, voice_wav)
    studio.finish()
    version = studio.bulletins.get(author, bulletin_id).versions[0]
    assert version.original_sha256 == hashlib.sha256(voice_wav).hexdigest()
    assert version.original_size_bytes == len(voice_wav)
    assert kept_originals(studio) == [voice_wav]
    assert version.lead_in_ms == LEAD_IN_MS
    assert list(studio.spool.iterdir()) == []


def test_of_a_refused_upload_and_of_speech_no_original_is_kept(
    studio: Studio, author: Actor, voice_wav: bytes, tmp_path: Path
) -> None:
    give(studio, author, sound_bytes(tmp_path, silence(1)))
    spoken = studio.draft(author)
    studio.online.sound = voice_wav
    studio.speech.order(author, spoken, "online:vi", "Xin chào bà con.")
    studio.finish()
    version = studio.bulletins.get(author, spoken).versions[0]
    assert version.state is VersionState.READY
    assert version.original_sha256 is None
    assert kept_originals(studio) == []


def test_an_original_goes_when_no_version_names_it(
    studio: Studio, author: Actor, voice_wav: bytes, other_wav: bytes, tmp_path: Path
) -> None:
    give(studio, author, voice_wav)
    studio.finish()
    lost = tmp_path / "lost.wav"
    lost.write_bytes(other_wav)
    studio.originals.adopt(lost)  # as a crash before the version was noted leaves it
    for path in (studio.folder / "originals").rglob("*.original"):
        os.utime(path, (1000, 1000))
    assert studio.desk.sweep() == 1
    assert kept_originals(studio) == [voice_wav]


def test_marks_and_the_suggested_cut_are_kept_with_the_version(
    studio: Studio, author: Actor, tmp_path: Path
) -> None:
    sound = np.concatenate((silence(3), tone(5, level=0.3), silence(4), tone(1), silence(4)))
    bulletin_id = give(studio, author, sound_bytes(tmp_path, sound))
    studio.finish()
    version = studio.bulletins.get(author, bulletin_id).versions[0]
    assert version.suggested in (Span(2_800, 13_400), Span(2_800, 13_500))
    assert version.lead_in_ms is not None
    wanted = [
        ("voice_begins", 3_000),
        ("pause_begins", 8_000),
        ("pause_ends", 12_000),
        ("voice_ends", 13_000),
    ]
    for cue, (kind, at_ms) in zip(version.cues, wanted, strict=True):
        assert cue.kind == kind
        assert abs(cue.at_ms - version.lead_in_ms - at_ms) <= 100
    assert version.duration_ms == version.lead_in_ms + 17_000  # nothing was cut by itself
