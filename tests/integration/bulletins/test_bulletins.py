"""What people do with bulletins, on a real database with real sound."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Actor, Role
from controller.domain.bulletins import BulletinState, Language, VersionState
from controller.errors import (
    DecidedAlreadyError,
    InvalidInputError,
    NotFoundError,
    NotSoundError,
    OutOfScopeError,
    OwnBulletinError,
    SpeechLanguageError,
    StaleEditError,
    UploadTooLargeError,
    WrongStateError,
)
from controller.services.bulletins import Bulletins, Draft
from controller.services.room import Room
from controller.services.spool import Spool, Upload
from controller.settings import SoundSettings
from controller.storage.models import BulletinRow, BulletinVersionRow
from tests.support.bulletins import Studio, sound_bytes
from tests.support.sound import silence, speech_like
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, PROVINCE

TEXT = "Ủy ban nhân dân xã họp lúc 19h30."


def upload(data: bytes, name: str = "ban-tin.wav") -> Upload:
    return Upload(name, io.BytesIO(data))


def problem_of(error: InvalidInputError) -> tuple[object, object]:
    return error.facts["field"], error.facts["problem"]


def test_an_upload_becomes_a_version_that_can_be_listened_to(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    view = studio.bulletins.get(author, bulletin_id)
    (version,) = view.current
    assert (view.state, view.author_name) == (BulletinState.DRAFT, author.full_name)
    assert (version.state, version.number, version.language) == (
        VersionState.READY,
        1,
        Language.VI,
    )
    assert version.original_name == "ban-tin.wav"
    assert abs((version.loudness_lufs or 0) + 16) <= 0.5
    assert version.duration_ms == 2000 + 2240
    assert len(version.waveform) == 400
    path = studio.bulletins.sound_file(author, bulletin_id, version.bulletin_version_id)
    assert path.read_bytes()[:4] == b"OggS"
    assert list(studio.spool.iterdir()) == []


def test_a_bulletin_is_approved_by_somebody_else(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    view = studio.bulletins.get(author, bulletin_id)
    assert view.state is BulletinState.APPROVED
    assert view.current[0].approved_by_name == approver.full_name
    assert view.current[0].approved_at == studio.centre.clock()
    assert [line.action for line in view.history] == [
        "bulletin.approve",
        "bulletin.submit",
        "bulletin.sound",
        "bulletin.create",
    ]
    assert studio.centre.woken[-1] == "plan_refresh"


def test_nobody_approves_or_returns_what_they_made(
    studio: Studio,
    author: Actor,
    editor: Actor,
    approver: Actor,
    voice_wav: bytes,
    other_wav: bytes,
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    studio.bulletins.receive(approver, bulletin_id, "rog", upload(other_wav))
    studio.finish()
    seen = studio.version(author, bulletin_id)
    studio.bulletins.submit(author, bulletin_id, row_version=seen)
    for maker in (author, approver):  # the author of the words, and of one language's sound
        with pytest.raises(OwnBulletinError):
            studio.bulletins.approve(maker, bulletin_id, row_version=seen + 1)
        with pytest.raises(OwnBulletinError):
            studio.bulletins.return_(maker, bulletin_id, "không", row_version=seen + 1)
    studio.bulletins.approve(editor, bulletin_id, row_version=seen + 1)
    approved = studio.bulletins.get(author, bulletin_id)
    assert all(version.approved_at for version in approved.current)
    assert [version.language for version in approved.current] == [Language.VI, Language.ROG]


def test_changed_sound_voids_the_approval_and_the_new_sound_is_not_approved(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes, other_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    studio.bulletins.receive(author, bulletin_id, "vi", upload(other_wav))
    assert studio.bulletins.get(author, bulletin_id).state is BulletinState.APPROVED
    studio.finish()
    view = studio.bulletins.get(author, bulletin_id)
    assert view.state is BulletinState.DRAFT
    assert (view.current[0].number, view.current[0].approved_at) == (2, None)
    assert view.history[0].action == "bulletin.approval_void"
    ours = [row for row in studio.centre.audit.newest() if row.action.startswith("bulletin.")]
    assert {row.place_id for row in ours} == {DISTRICT}
    assert view.history[0].who == "vang"


def test_a_new_file_that_is_refused_leaves_the_approved_sound_in_force(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes, tmp_path: Path
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    mute = sound_bytes(tmp_path, silence(2))
    studio.bulletins.receive(author, bulletin_id, "vi", upload(mute))
    studio.finish()
    view = studio.bulletins.get(author, bulletin_id)
    assert view.state is BulletinState.APPROVED
    assert view.current[0].number == 1
    (refused,) = view.refused
    assert (refused.number, refused.refusal_code) == (2, "silent")


def test_while_new_sound_is_made_nothing_can_be_submitted(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.bulletins.create(
        author, Draft("Tin", "", "", DISTRICT), upload=upload(voice_wav)
    )
    with pytest.raises(InvalidInputError) as error:
        studio.bulletins.submit(author, bulletin_id, row_version=1)
    assert problem_of(error.value) == ("sound", "sound_processing")
    assert studio.bulletins.get(author, bulletin_id).is_processing


def test_a_bulletin_without_sound_cannot_be_submitted(studio: Studio, author: Actor) -> None:
    bulletin_id = studio.draft(author)
    with pytest.raises(InvalidInputError) as error:
        studio.bulletins.submit(author, bulletin_id, row_version=1)
    assert problem_of(error.value) == ("sound", "no_sound")


def test_a_blink_of_sound_is_kept_but_cannot_be_submitted(
    studio: Studio, author: Actor, tmp_path: Path
) -> None:
    bulletin_id = studio.draft(author, sound=sound_bytes(tmp_path, speech_like(0.2)))
    with pytest.raises(InvalidInputError) as error:
        studio.bulletins.submit(
            author, bulletin_id, row_version=studio.version(author, bulletin_id)
        )
    assert problem_of(error.value) == ("sound", "sound_unfit")


def test_a_returned_bulletin_carries_the_reason_and_can_be_submitted_again(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    seen = studio.version(author, bulletin_id)
    studio.bulletins.return_(approver, bulletin_id, "Đọc sai tên thôn", row_version=seen)
    view = studio.bulletins.get(author, bulletin_id)
    assert (view.state, view.return_reason) == (BulletinState.RETURNED, "Đọc sai tên thôn")
    assert view.history[0].detail == {
        "title": "Phòng cháy rừng mùa khô",
        "reason": "Đọc sai tên thôn",
    }
    studio.bulletins.submit(author, bulletin_id, row_version=view.row_version)
    assert studio.bulletins.get(author, bulletin_id).return_reason is None


def test_a_withdrawn_bulletin_takes_no_more_deeds(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    seen = studio.version(author, bulletin_id)
    studio.bulletins.withdraw(author, bulletin_id, row_version=seen)
    assert studio.centre.woken[-1] == "plan_refresh"
    for deed in (
        lambda: studio.bulletins.submit(author, bulletin_id, row_version=seen + 1),
        lambda: studio.bulletins.receive(author, bulletin_id, "vi", upload(voice_wav)),
        lambda: studio.speech.order(author, bulletin_id, "online:vi", TEXT),
        lambda: studio.bulletins.edit(
            author, bulletin_id, Draft("Tin", "", "", DISTRICT), row_version=seen + 1
        ),
    ):
        with pytest.raises(WrongStateError):
            deed()
    assert list(studio.spool.iterdir()) == []


def test_of_two_people_who_saw_the_same_page_the_second_is_told_of_the_first(
    studio: Studio, author: Actor, approver: Actor, editor: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    seen = studio.version(author, bulletin_id)
    studio.bulletins.approve(approver, bulletin_id, row_version=seen)
    with pytest.raises(DecidedAlreadyError) as decided:
        studio.bulletins.return_(editor, bulletin_id, "không hay", row_version=seen)
    assert decided.value.facts["who"] == approver.full_name

    other = studio.draft(author)
    draft = Draft("Tên mới", "health", "", DISTRICT)
    studio.bulletins.edit(editor, other, draft, row_version=1)
    with pytest.raises(StaleEditError) as error:
        studio.bulletins.edit(author, other, draft, row_version=1)
    assert error.value.facts == {"who": editor.full_name, "changed_at": studio.centre.clock()}


def test_the_words_can_be_changed_before_approval(studio: Studio, author: Actor) -> None:
    bulletin_id = studio.draft(author)
    draft = Draft("  Tên   mới ", "health", "Một\r\nhai", COMMUNE)
    studio.bulletins.edit(author, bulletin_id, draft, row_version=1)
    view = studio.bulletins.get(author, bulletin_id)
    assert (view.title, view.category, view.text, view.place_id, view.row_version) == (
        "Tên mới",
        "health",
        "Một\nhai",
        COMMUNE,
        2,
    )
    (deed,) = [one for one in studio.centre.audit.newest() if one.action == "bulletin.edit"]
    was = deed.detail.pop("was")
    assert deed.detail == {
        "title": "Tên mới", "category": "health", "text": "Một\nhai", "place_id": COMMUNE,
    }  # fmt: skip
    assert was.keys() == deed.detail.keys()
    assert (was["title"], was["place_id"]) == ("Phòng cháy rừng mùa khô", DISTRICT)


def test_what_is_not_sound_is_refused_at_the_door_and_nothing_is_kept(
    studio: Studio, author: Actor
) -> None:
    for data in (b"", b"<html>", b"#EXTM3U\n/etc/passwd\n"):
        with pytest.raises(NotSoundError):
            studio.bulletins.create(
                author, Draft("Tin", "", "", DISTRICT), upload=upload(data, "song.mp3")
            )
    assert studio.bulletins.within(author) == []
    assert list(studio.spool.iterdir()) == []


def test_an_upload_above_the_limit_stops_while_it_comes_in(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit_bytes=1000, room=Room(tmp_path, SoundSettings()))
    with pytest.raises(UploadTooLargeError) as error:
        spool.take(io.BytesIO(bytes(5000)), "a.upload")
    assert error.value.facts["limit_bytes"] == 1000
    assert list((tmp_path / "spool").iterdir()) == []


def test_another_district_sees_nothing_of_it(
    studio: Studio, author: Actor, stranger: Actor, editor: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    version_id = studio.bulletins.get(author, bulletin_id).current[0].bulletin_version_id
    assert studio.bulletins.within(stranger) == []
    assert [view.bulletin_id for view in studio.bulletins.within(editor)] == [bulletin_id]
    for deed in (
        lambda: studio.bulletins.get(stranger, bulletin_id),
        lambda: studio.bulletins.sound_file(stranger, bulletin_id, version_id),
        lambda: studio.bulletins.submit(stranger, bulletin_id, row_version=1),
        lambda: studio.bulletins.approve(stranger, bulletin_id, row_version=1),
        lambda: studio.bulletins.return_(stranger, bulletin_id, "x", row_version=1),
        lambda: studio.bulletins.withdraw(stranger, bulletin_id, row_version=1),
        lambda: studio.bulletins.receive(stranger, bulletin_id, "vi", upload(voice_wav)),
        lambda: studio.speech.order(stranger, bulletin_id, "online:vi", TEXT),
        lambda: studio.bulletins.edit(
            stranger, bulletin_id, Draft("Tin", "", "", OTHER_DISTRICT), row_version=1
        ),
        lambda: studio.bulletins.get(author, "nothing"),
    ):
        with pytest.raises(NotFoundError):
            deed()


def test_a_bulletin_is_made_only_inside_the_own_place(studio: Studio, author: Actor) -> None:
    for place_id in (OTHER_DISTRICT, PROVINCE, "nowhere"):
        with pytest.raises(OutOfScopeError):
            studio.bulletins.create(author, Draft("Tin", "", "", place_id))


def test_sound_of_one_bulletin_is_not_reached_through_another(
    studio: Studio, author: Actor, stranger: Actor, voice_wav: bytes
) -> None:
    theirs = studio.draft(author, sound=voice_wav)
    mine = studio.draft(stranger, place_id=OTHER_DISTRICT)
    version_id = studio.bulletins.get(author, theirs).current[0].bulletin_version_id
    with pytest.raises(NotFoundError):
        studio.bulletins.sound_file(stranger, mine, version_id)


def test_a_text_is_spoken_and_becomes_sound_like_an_upload(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    studio.online.sound = voice_wav
    bulletin_id = studio.draft(author)
    studio.speech.order(author, bulletin_id, "online:vi", TEXT)
    assert studio.bulletins.get(author, bulletin_id).is_processing
    studio.finish()
    view = studio.bulletins.get(author, bulletin_id)
    assert (view.text, view.state) == (TEXT, BulletinState.DRAFT)
    (version,) = view.current
    assert (version.source, version.engine, version.voice) == ("speech", "online", "online:vi")


def test_what_is_spoken_is_the_text_as_it_is_read_aloud(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    studio.online.sound = voice_wav
    bulletin_id = studio.draft(author)
    studio.speech.order(author, bulletin_id, "online:vi", "UBND xã họp lúc 19h30.")
    studio.finish()
    said = "Ủy ban nhân dân xã họp lúc mười chín giờ ba mươi phút."
    assert studio.online.asked == [said]
    view = studio.bulletins.get(author, bulletin_id)
    assert (view.text, view.current[0].spoken_text) == ("UBND xã họp lúc 19h30.", said)
    studio.speech.order(author, bulletin_id, "online:en", "The UBND meets at 19h30.")
    studio.finish()
    assert studio.online.asked[-1] == "The UBND meets at 19h30."


def test_without_internet_the_text_is_kept_and_the_next_engine_offered(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    studio.robot.sound = voice_wav
    bulletin_id = studio.draft(author)
    studio.speech.order(author, bulletin_id, "online:vi", TEXT)
    studio.finish()
    view = studio.bulletins.get(author, bulletin_id)
    (failed,) = view.refused
    assert (view.text, failed.refusal_code, failed.voice) == (TEXT, "speech_offline", "online:vi")
    other = studio.speech.after(failed.voice)
    assert other is not None
    assert other.name == "robot:vi"
    studio.speech.order(author, bulletin_id, other.name, view.text)
    studio.finish()
    view = studio.bulletins.get(author, bulletin_id)
    assert view.refused == ()
    assert [version.engine for version in view.current] == ["robot"]


def test_a_voice_that_fails_holds_up_no_upload(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    waiting = studio.draft(author)
    studio.speech.order(author, waiting, "online:vi", TEXT)
    other = studio.bulletins.create(
        author,
        Draft("Tin khác", "notice", "", DISTRICT),
        upload=Upload("a.wav", io.BytesIO(voice_wav)),
    )
    assert studio.workers.work_once("test")
    assert not studio.workers.work_once("test")
    assert studio.bulletins.get(author, other).current[0].sha256
    assert studio.bulletins.get(author, waiting).is_processing


def test_a_text_that_was_being_spoken_when_the_centre_stopped_is_spoken_anew(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    studio.online.sound = voice_wav
    bulletin_id = studio.draft(author)
    studio.speech.order(author, bulletin_id, "online:vi", TEXT)
    assert studio.desk.claim("killed", is_spoken=False) is not None
    again = studio.new_desk()
    assert again.recover() == 1
    studio.finish()
    assert studio.bulletins.get(author, bulletin_id).current[0].sha256


def test_other_words_to_be_spoken_void_an_approval_even_without_a_voice(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    seen = studio.version(author, bulletin_id)
    studio.speech.order(author, bulletin_id, "online:vi", TEXT)
    view = studio.bulletins.get(author, bulletin_id)
    assert (view.text, view.state) == (TEXT, BulletinState.DRAFT)
    assert view.row_version == seen + 1
    actions = [line.action for line in view.history][:3]
    assert actions == ["bulletin.sound", "bulletin.approval_void", "bulletin.edit"]
    assert "plan_refresh" in studio.centre.woken


def test_the_same_words_without_a_voice_change_nothing_that_is_approved(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    studio.speech.order(author, bulletin_id, "online:vi", TEXT)
    studio.finish()
    studio.bulletins.submit(author, bulletin_id, row_version=studio.version(author, bulletin_id))
    seen = studio.version(approver, bulletin_id)
    studio.bulletins.approve(approver, bulletin_id, row_version=seen)
    before = studio.bulletins.get(author, bulletin_id)
    studio.speech.order(author, bulletin_id, "online:vi", f" {TEXT}\n")
    studio.finish()
    after = studio.bulletins.get(author, bulletin_id)
    assert (after.state, after.row_version) == (BulletinState.APPROVED, before.row_version)
    assert after.current == before.current


def test_no_voice_is_pretended_for_cham_and_raglai(studio: Studio, author: Actor) -> None:
    bulletin_id = studio.draft(author)
    for language in ("cjm", "rog"):
        with pytest.raises(SpeechLanguageError):
            studio.speech.order(author, bulletin_id, f"online:{language}", TEXT)
    studio.finish()
    assert studio.online.asked == []
    assert studio.bulletins.get(author, bulletin_id).text == TEXT
    assert {voice.language for voice in studio.speech.voices()} == {"vi", "en"}


def test_bulletins_are_listed_latest_first_and_by_state(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    submitted = studio.submitted(author, voice_wav)
    studio.centre.clock.move(minutes=1)
    draft = studio.draft(author)
    assert [view.bulletin_id for view in studio.bulletins.within(author)] == [draft, submitted]
    waiting = studio.bulletins.within(approver, states=[BulletinState.SUBMITTED])
    assert [view.bulletin_id for view in waiting] == [submitted]


def test_a_commune_officer_writes_for_the_own_commune(studio: Studio, house: object) -> None:
    officer = studio.centre.actor(Role.COMMUNE_OFFICER, COMMUNE)
    bulletin_id = studio.draft(officer, place_id=COMMUNE)
    assert studio.bulletins.get(officer, bulletin_id).place_id == COMMUNE


def test_every_service_method_ends_its_own_transaction(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    with studio.centre.database.read() as session:
        assert session.get(BulletinRow, bulletin_id) is not None
        assert len(session.scalars(select(BulletinVersionRow)).all()) == 1
    assert isinstance(studio.bulletins, Bulletins)


class SlowLine(io.BytesIO):
    """An upload that comes to a halt after its first piece."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.halted, self.goes_on = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            self.halted.set()
            assert self.goes_on.wait(10)
        return super().read(min(4, size or 4))


def test_a_piece_sent_twice_at_once_is_stored_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit_bytes=100, room=Room(tmp_path, SoundSettings()))
    spool.path("part").touch()
    slow = SlowLine(b"first piece")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(spool.append, "part", 0, slow)
        assert slow.halted.wait(10)
        second = pool.submit(spool.append, "part", 0, io.BytesIO(b"first piece"))
        time.sleep(0.1)
        slow.goes_on.set()
        assert (first.result(10), second.result(10)) == (11, 11)
    assert spool.path("part").read_bytes() == b"first piece"
