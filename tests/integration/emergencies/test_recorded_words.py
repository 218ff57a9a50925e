"""Words a person records in the form, in the languages that stations prefer; words that follow."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from audio_library.store import FolderStore
from controller.domain import pieces
from controller.domain.accounts import Role
from controller.domain.emergencies import DRILL_SAID, Part
from controller.domain.pieces import Joined, Said
from controller.errors import InvalidInputError
from controller.services.ingest_desk import IngestDesk
from controller.storage.models import (
    BulletinRow,
    BulletinVersionRow,
    EmergencyOrderRow,
    IngestJobRow,
    PieceRow,
)
from station_protocol.messages import DrillDeed, EmergencyDeed, Order
from tests.support.bulletins import wav_bytes
from tests.support.warnings import WORDS, Watch, watch, wish
from tests.support.web import DISTRICT, Browser, words

NINE = "phát thật 9 trạm"
FORM: dict[str, Any] = {
    "hazard": "flood_release",
    "level": "3",
    "title": "Xả lũ hồ Sông Cái",
    "source": "",
    "warning": WORDS[Part.WARNING],
    "correction": WORDS[Part.CORRECTION],
    "all_clear": WORDS[Part.ALL_CLEAR],
    "voice": "robot:vi",
    "target": [DISTRICT],
    "repeat": "0",
    "lasts": "60",
}


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        yield built


@pytest.fixture
def voice(tmp_path: Path) -> bytes:
    return wav_bytes(tmp_path, 1.0)


def file(data: bytes, name: str = "ghi-am.wav") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def operator(w: Watch) -> Browser:
    return w.centre.client(Role.OPERATOR, DISTRICT)


def composed(browser: Browser, **more: Any) -> str:
    answer = browser.post("/khan-cap/soan", **{**FORM, **more})
    assert answer.status_code == 303, words(answer)
    return answer.headers["Location"].rsplit("/", 1)[-1]


def stations(w: Watch) -> list[str]:
    return [one.station_id for one in w.centre.places.tree().stations_in([DISTRICT])]


def said(order: Order) -> str:
    assert isinstance(order.deed, EmergencyDeed)
    return order.deed.sound.sha256 if order.deed.sound else ""


def audiences(w: Watch, emergency_id: str, part: Part = Part.WARNING) -> dict[str, Order]:
    """What the stations of each place were told of a part, the newest last."""
    query = select(EmergencyOrderRow).where(
        EmergencyOrderRow.emergency_id == emergency_id, EmergencyOrderRow.part == part.value
    )
    with w.centre.database.read() as session:
        places = {row.order_id: row.place_id for row in session.scalars(query)}
    return {places[order.order_id]: order for order in w.orders(emergency_id, part)}


# --- recorded in the form -------------------------------------------------------------------------


def test_what_is_recorded_in_the_form_sounds_instead_of_the_voice(w: Watch, voice: bytes) -> None:
    browser = operator(w)
    found = composed(browser, sound_warning_vi=file(voice))
    page = words(browser.get(f"/khan-cap/{found}"))
    assert "Đang xử lý bản thu" in page
    w.speak()
    w.record()
    second = w.centre.client(Role.APPROVER, DISTRICT)
    assert "Phát bản thu thay cho giọng đọc" in words(second.get(f"/khan-cap/{found}"))
    heard = second.get(f"/khan-cap/{found}/nghe/warning")
    assert heard.status_code == 200
    w.live.confirm(w.second, found, NINE)
    (order,) = w.orders(found)
    sound = w.live.get(w.composer, found).parts[Part.WARNING].sound
    assert sound is not None
    assert said(order) == sound.sha256
    assert w.store.path(sound.sha256).read_bytes() == heard.data


def test_a_recording_is_made_before_other_uploads_and_without_the_chime(
    w: Watch, voice: bytes, tmp_path: Path
) -> None:
    composed(operator(w), sound_warning_vi=file(voice))
    with w.centre.database.write() as session:
        job = session.scalars(select(IngestJobRow)).one()
        version = session.get_one(BulletinVersionRow, job.bulletin_version_id)
        older = BulletinVersionRow(
            bulletin_version_id="older",
            bulletin_id=version.bulletin_id,
            language="en",
            number=1,
            state="processing",
            source="upload",
            original_name="cũ.mp3",
            created_by=version.created_by,
            created_at=version.created_at,
        )
        session.add(older)
        session.flush()
        session.add(
            IngestJobRow(
                ingest_job_id="older",
                bulletin_version_id="older",
                spool_name="older.upload",
                created_at=job.created_at - timedelta(hours=1),
            )
        )
    desk = IngestDesk(
        w.centre.database,
        w.centre.clock,
        w.store,
        FolderStore(tmp_path / "originals"),
        w.centre.folder / "spool",
        w.centre.settings.sound,
        w.centre.wake,
    )
    first, second = desk.claim("a"), desk.claim("b")
    assert first is not None
    assert second is not None
    assert (first.bulletin_version_id != "older", first.chime) == (True, False)
    assert (second.bulletin_version_id, second.chime) == ("older", True)


def test_a_refused_field_loses_no_recording(w: Watch, voice: bytes) -> None:
    browser = operator(w)
    answer = browser.post(
        "/khan-cap/soan", **{**FORM, "title": " ", "sound_warning_vi": file(voice, "của tôi.wav")}
    )
    assert answer.status_code == 422
    assert "Đã giữ của tôi.wav" in words(answer)
    kept = dict(re.findall(r'name="(kept_\w+)" value="([^"]+)"', answer.text))
    assert set(kept) == {"kept_warning_vi", "kept_name_warning_vi"}
    found = composed(browser, **kept)
    assert w.live.get(w.composer, found).parts[Part.WARNING].is_recording
    dropped = browser.post("/khan-cap/soan", **{**FORM, "title": " ", **kept})
    assert "Đã giữ" not in words(dropped)  # it was used: a token is good for once


def test_a_file_that_is_no_sound_is_named_at_its_field_and_nothing_is_kept(w: Watch) -> None:
    answer = operator(w).post(
        "/khan-cap/soan", **{**FORM, "sound_correction_vi": file(b"<html>", "trang.wav")}
    )
    assert answer.status_code == 422
    assert "không phải âm thanh" in words(answer)
    assert w.live.all(w.composer) == ()
    with w.centre.database.read() as session:
        assert session.scalars(select(BulletinRow)).all() == []


def recorded_drill(w: Watch, voice: bytes, **more: Any) -> str:
    form = {**FORM, "sound_warning_vi": file(voice), **more}
    answer = operator(w).post("/dien-tap/soan", **form)
    assert answer.status_code == 303, words(answer)
    return answer.headers["Location"].rsplit("/", 1)[-1]


def test_a_recorded_drill_says_before_and_after_that_it_is_one(w: Watch, voice: bytes) -> None:
    page = operator(w).get("/dien-tap/soan").text
    assert "trước và sau bản thu" in page
    drill = recorded_drill(w, voice)
    w.speak()
    w.record()
    assert w.drills.get(w.composer, drill).parts[Part.WARNING].sound is None  # not joined yet
    assert "Đang xử lý bản thu" in words(operator(w).get(f"/dien-tap/{drill}"))
    assert w.drills.send_words() == 0  # the job that a finished sound wakes
    assert "pieces" in w.centre.woken
    with w.centre.database.read() as session:
        recording = session.scalars(select(BulletinVersionRow.sha256)).one()
        found = {row.piece_id: pieces.read(row.recipe) for row in session.scalars(select(PieceRow))}
        sounds = {row.piece_id: row.sha256 for row in session.scalars(select(PieceRow))}
        title = session.scalars(select(BulletinRow.title)).one()
    assert title.endswith("lời diễn tập")
    (mark,) = [one for one, recipe in found.items() if recipe == Said(DRILL_SAID, "robot:vi")]
    (whole,) = [recipe for recipe in found.values() if isinstance(recipe, Joined)]
    heard = [part.sha256 for part in whole.parts]
    assert heard == [sounds[mark], recording, sounds[mark]]
    w.speak()  # the whole is made
    sound = w.drills.get(w.composer, drill).parts[Part.WARNING].sound
    assert sound is not None
    assert sound.sha256 != recording
    w.drills.confirm(w.second, drill, "diễn tập 9 trạm")
    (order,) = w.orders(drill)
    assert isinstance(order.deed, DrillDeed)
    assert order.deed.sound is not None
    assert order.deed.sound.sha256 == sound.sha256


def test_a_drill_whose_mark_is_not_there_yet_cannot_be_heard_bare(w: Watch, voice: bytes) -> None:
    drill = recorded_drill(w, voice)
    w.record()
    w.drills.send_words()
    assert operator(w).get(f"/dien-tap/{drill}/nghe/warning").status_code == 404
    with pytest.raises(InvalidInputError):
        w.drills.confirm(w.second, drill, "diễn tập 9 trạm")
    w.drills.confirm(w.second, drill, "diễn tập 9 trạm", signal_only=True)
    w.speak()
    assert w.drills.send_words() == 0  # only now joined
    w.speak()
    assert w.drills.send_words() == 1
    (_signal, followed) = w.orders(drill)
    assert isinstance(followed.deed, DrillDeed)
    with w.centre.database.read() as session:
        recording = session.scalars(select(BulletinVersionRow.sha256)).one()
    assert followed.deed.sound is not None
    assert followed.deed.sound.sha256 != recording


def test_a_drill_is_recorded_in_no_language_its_mark_is_not_spoken_in(
    w: Watch, voice: bytes
) -> None:
    w.prefers(stations(w)[0], "rog", "vi")
    assert "sound_warning_rog" not in operator(w).get("/dien-tap/soan").text
    drill = recorded_drill(w, voice, sound_warning_rog=file(voice))
    assert w.drills.get(w.composer, drill).parts[Part.WARNING].others == {}


def test_a_recording_that_sounded_is_no_forgotten_draft(w: Watch, voice: bytes) -> None:
    drafts = w.centre.services.drafts
    found = composed(operator(w), sound_warning_vi=file(voice))
    w.speak()
    w.record()
    with w.centre.database.write() as session:
        session.execute(IngestJobRow.__table__.update().values(state="done"))
    w.centre.clock.at += timedelta(days=400)
    assert drafts.prune() == 0
    assert w.live.get(w.composer, found).parts[Part.WARNING].sound is not None


# --- other languages ------------------------------------------------------------------------------


def test_a_station_hears_its_own_language_and_the_others_vietnamese(w: Watch, voice: bytes) -> None:
    raglai, *rest = stations(w)
    w.prefers(raglai, "rog", "vi")
    browser = operator(w)
    form = browser.get("/khan-cap/soan").text
    assert "sound_warning_rog" in form
    assert "sound_warning_cjm" not in form  # nobody here prefers it
    found = composed(browser, sound_warning_rog=file(voice))
    w.speak()
    w.record()
    before = words(browser.get(f"/khan-cap/{found}"))
    assert "1 trạm nghe tiếng Raglai" in before
    w.live.confirm(w.second, found, NINE)
    told = audiences(w, found)
    (place,) = [one.place_id for one in w.centre.places.tree().stations.values()
                if one.station_id == raglai]  # fmt: skip
    view = w.live.get(w.composer, found)
    spoken, recorded = view.parts[Part.WARNING].sound, view.parts[Part.WARNING].others["rog"].sound
    assert spoken is not None
    assert recorded is not None
    assert said(told.pop(place)) == recorded.sha256
    assert {said(order) for order in told.values()} == {spoken.sha256}
    assert len(told) == len(rest)  # the district is not whole any more: one order to each commune


def test_what_ends_it_in_vietnamese_alone_replaces_every_language(w: Watch, voice: bytes) -> None:
    w.prefers(stations(w)[0], "rog", "vi")
    found = composed(operator(w), sound_warning_rog=file(voice))
    w.speak()
    w.record()
    w.live.confirm(w.second, found, NINE)
    w.live.call_off(w.composer, found, Part.CORRECTION)
    warnings, endings = audiences(w, found), audiences(w, found, Part.CORRECTION)
    assert warnings.keys() == endings.keys()
    for place, ending in endings.items():
        assert isinstance(ending.deed, EmergencyDeed)
        assert ending.deed.replaces == (warnings[place].order_id,)
    assert len({said(ending) for ending in endings.values()}) == 1


def test_a_preferred_language_nobody_recorded_is_said_before_it_is_sent(w: Watch) -> None:
    for station in stations(w)[:2]:
        w.prefers(station, "cjm", "vi")
    browser = operator(w)
    found = composed(browser)
    w.speak()
    page = words(browser.get(f"/khan-cap/{found}"))
    assert "2 trạm ưu tiên tiếng Chăm chưa có bản thu, nghe tiếng Việt" in page
    w.live.confirm(w.second, found, NINE)
    assert list(audiences(w, found)) == [DISTRICT]


def test_an_approved_bulletin_brings_all_its_languages(w: Watch) -> None:
    w.prefers(stations(w)[0], "rog", "vi")
    bulletin = w.desk.bulletin(languages=("vi", "rog"))
    found = w.live.propose(w.composer, wish(bulletin_id=bulletin))
    part = w.live.get(w.composer, found).parts[Part.WARNING]
    assert part.is_recording
    assert set(part.others) == {"rog"}


# --- the signal first, the words after it ---------------------------------------------------------


def test_words_that_were_not_waited_for_follow_as_soon_as_they_are_made(w: Watch) -> None:
    found = w.live.propose(w.composer, wish(repeat_every_min=15))
    w.live.confirm(w.second, found, NINE, signal_only=True)
    (signal,) = w.orders(found)
    assert said(signal) == ""
    assert w.live.send_words() == 0  # not made yet
    w.speak()
    assert w.live.send_words() == 1
    assert w.live.send_words() == 0  # once
    words_order = w.orders(found)[1]
    assert isinstance(words_order.deed, EmergencyDeed)
    assert isinstance(signal.deed, EmergencyDeed)
    assert words_order.deed.replaces == (signal.order_id,)
    assert words_order.deed.sequence > signal.deed.sequence
    assert said(words_order)
    assert words_order.deed.attention_ms < signal.deed.attention_ms
    assert words_order.deed.repeat_every_s == 900
    assert "emergency.words" in [row.action for row in w.centre.audit.newest()]
    w.live.call_off(w.composer, found, Part.CORRECTION)
    (ending,) = w.orders(found, Part.CORRECTION)
    assert isinstance(ending.deed, EmergencyDeed)
    assert set(ending.deed.replaces) == {signal.order_id, words_order.order_id}


def test_words_do_not_wake_what_somebody_stopped(w: Watch) -> None:
    found = w.live.propose(w.composer, wish())
    w.live.confirm(w.second, found, NINE, signal_only=True)
    stopped = stations(w)[0]
    w.live.stop(w.composer, found, stopped)
    w.speak()
    assert w.live.send_words() == 1
    tree = w.centre.places.tree()
    told = set(audiences(w, found)) - {DISTRICT}
    assert stopped not in {one.station_id for one in tree.stations_in(told)}
    assert len(tree.stations_in(told)) == 8
    again = w.live.propose(w.composer, wish())
    w.live.confirm(w.second, again, NINE, signal_only=True)
    w.live.stop(w.composer, again)
    w.speak()
    assert w.live.send_words() == 0


def test_the_words_of_a_drill_follow_too_and_stay_a_drill(w: Watch) -> None:
    found = w.drills.propose(w.composer, wish())
    w.drills.confirm(w.second, found, "diễn tập 9 trạm", signal_only=True)
    w.speak()
    assert w.drills.send_words() == 1
    assert w.live.send_words() == 0
    kinds = {(deed, kind) for _audience, deed, kind in w.deeds()}
    assert kinds == {("drill", "exercise")}
