"""Silence is cut off an upload by people, and the whole of it can be had back."""

from __future__ import annotations

import numpy as np
import pytest

from audio_library.span import Span
from controller.domain.accounts import Actor
from controller.domain.bulletins import BulletinState, VersionState
from controller.errors import (
    InvalidInputError,
    NotFoundError,
    OriginalLostError,
    StaleEditError,
    WrongStateError,
)
from controller.jobs.ingest import IngestWorkers
from controller.services.bulletin_views import VersionView
from tests.support.bulletins import Studio, sound_bytes
from tests.support.sound import read_samples, silence, tone

KEPT = Span(2_800, 8_400)


@pytest.fixture(scope="session")
def long_silence(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """3 s of silence, 5 s of tone, 4 s of silence."""
    sound = np.concatenate((silence(3), tone(5, level=0.3), silence(4)))
    return sound_bytes(tmp_path_factory.mktemp("sound"), sound)


def newest(studio: Studio, actor: Actor, bulletin_id: str) -> VersionView:
    return studio.bulletins.get(actor, bulletin_id).versions[0]


def cut(studio: Studio, actor: Actor, bulletin_id: str, wanted: Span = KEPT) -> VersionView:
    before = newest(studio, actor, bulletin_id)
    studio.cuts.cut(actor, bulletin_id, before.bulletin_version_id, wanted)
    studio.finish()
    return newest(studio, actor, bulletin_id)


def voice_begins_ms(studio: Studio, version: VersionView) -> float:
    """Where the first sample of the voice lies, behind the chime."""
    assert version.sha256 is not None
    assert version.lead_in_ms is not None
    sound = np.abs(read_samples(studio.store.path(version.sha256))[version.lead_in_ms * 48 :])
    return float(np.flatnonzero(sound > 0.2 * sound.max())[0]) / 48


def test_a_cut_makes_a_new_version_of_the_upload_as_it_came(
    studio: Studio, author: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    before = newest(studio, author, bulletin_id)
    assert abs(voice_begins_ms(studio, before) - 3_000) <= 20
    after = cut(studio, author, bulletin_id)
    assert (after.number, after.state, after.cut) == (2, VersionState.READY, KEPT)
    assert after.original_sha256 == before.original_sha256
    assert after.original_size_bytes == len(long_silence)
    assert after.original_name == "ban-tin.wav"
    assert abs(voice_begins_ms(studio, after) - 200) <= 20
    assert (after.duration_ms or 0) - (after.lead_in_ms or 0) == KEPT.length_ms
    assert studio.store.has(before.sha256 or "")  # the sound before is not touched
    assert list(studio.spool.iterdir()) == []


def test_the_whole_upload_can_be_had_back_at_any_time(
    studio: Studio, author: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    before = newest(studio, author, bulletin_id)
    again = cut(studio, author, bulletin_id, Span(4_000, 6_000))
    again = cut(studio, author, bulletin_id)  # always of the upload, never of what was cut before
    assert again.duration_ms == (again.lead_in_ms or 0) + KEPT.length_ms
    studio.cuts.whole(author, bulletin_id, again.bulletin_version_id)
    studio.finish()
    whole = newest(studio, author, bulletin_id)
    assert (whole.number, whole.cut, whole.sha256) == (4, None, before.sha256)
    assert whole.suggested == before.suggested
    lines = [line.action for line in studio.bulletins.get(author, bulletin_id).history]
    assert lines[:3] == ["bulletin.whole", "bulletin.cut", "bulletin.cut"]


def test_a_cut_voids_the_approval_as_any_other_sound_does(
    studio: Studio, author: Actor, approver: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, long_silence)
    version = newest(studio, author, bulletin_id)
    studio.cuts.cut(author, bulletin_id, version.bulletin_version_id, KEPT)
    assert studio.bulletins.get(author, bulletin_id).state is BulletinState.APPROVED
    studio.finish()
    view = studio.bulletins.get(author, bulletin_id)
    assert view.state is BulletinState.DRAFT
    assert view.history[0].action == "bulletin.approval_void"
    assert view.versions[0].approved_at is None


def test_a_cut_broken_off_by_a_crash_is_made_after_the_restart(
    studio: Studio, author: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    version = newest(studio, author, bulletin_id)
    studio.cuts.cut(author, bulletin_id, version.bulletin_version_id, KEPT)
    assert studio.desk.claim("before the crash") is not None
    desk = studio.new_desk()
    assert desk.recover() == 1
    assert IngestWorkers(desk).work_once("w")
    assert newest(studio, author, bulletin_id).cut == KEPT


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (Span(-1, 5_000), ("cut_start", "cut_beyond")),
        (Span(12_000, 13_000), ("cut_start", "cut_beyond")),
        (Span(0, 12_100), ("cut_end", "cut_beyond")),
        (Span(5_000, 5_900), ("cut_end", "cut_order")),
        (Span(6_000, 5_000), ("cut_end", "cut_order")),
        (Span(0, 12_000), ("cut", "cut_nothing")),
    ],
)
def test_points_that_cannot_be_are_refused_and_nothing_is_made(
    studio: Studio,
    author: Actor,
    long_silence: bytes,
    wanted: Span,
    problem: tuple[str, str],
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    version_id = newest(studio, author, bulletin_id).bulletin_version_id
    with pytest.raises(InvalidInputError) as refused:
        studio.cuts.cut(author, bulletin_id, version_id, wanted)
    assert (refused.value.facts["field"], refused.value.facts["problem"]) == problem
    assert len(studio.bulletins.get(author, bulletin_id).versions) == 1
    assert list(studio.spool.iterdir()) == []


def test_cutting_to_the_whole_is_going_back_to_it(
    studio: Studio, author: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    cut(studio, author, bulletin_id)
    assert cut(studio, author, bulletin_id, Span(0, 12_060)).cut is None  # within the last tenth


def test_a_version_that_is_no_longer_the_newest_is_not_cut(
    studio: Studio, author: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    old = newest(studio, author, bulletin_id)
    cut(studio, author, bulletin_id)
    with pytest.raises(StaleEditError):
        studio.cuts.cut(author, bulletin_id, old.bulletin_version_id, Span(0, 8_000))


def test_an_upload_damaged_on_disk_is_said_and_the_sound_stays(
    studio: Studio, author: Actor, long_silence: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=long_silence)
    version = newest(studio, author, bulletin_id)
    studio.originals.path(version.original_sha256 or "").write_bytes(b"rot")
    with pytest.raises(OriginalLostError):
        studio.cuts.cut(author, bulletin_id, version.bulletin_version_id, KEPT)
    studio.originals.path(version.original_sha256 or "").unlink()
    with pytest.raises(OriginalLostError):
        studio.cuts.cut(author, bulletin_id, version.bulletin_version_id, KEPT)
    assert newest(studio, author, bulletin_id) == version


def test_what_cannot_be_cut_is_left_alone(
    studio: Studio, author: Actor, stranger: Actor, long_silence: bytes
) -> None:
    studio.online.sound = long_silence
    spoken = studio.draft(author)
    studio.speech.order(author, spoken, "online:vi", "Xin chào bà con.")
    studio.finish()
    version_id = newest(studio, author, spoken).bulletin_version_id
    with pytest.raises(NotFoundError):
        studio.cuts.cut(author, spoken, version_id, KEPT)

    sent = studio.draft(author, sound=long_silence)
    version_id = newest(studio, author, sent).bulletin_version_id
    with pytest.raises(NotFoundError):
        studio.cuts.cut(stranger, sent, version_id, KEPT)
    with pytest.raises(InvalidInputError):
        studio.cuts.whole(author, sent, version_id)
    seen = studio.version(author, sent)
    studio.bulletins.withdraw(author, sent, row_version=seen)
    with pytest.raises(WrongStateError):
        studio.cuts.cut(author, sent, version_id, KEPT)
    assert list(studio.spool.iterdir()) == []
