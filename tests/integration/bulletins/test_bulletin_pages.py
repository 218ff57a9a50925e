"""The bulletin pages as a browser without script uses them."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import numpy as np
import pytest
from werkzeug.test import TestResponse

from controller.domain.accounts import Actor, Role
from controller.errors import UploadTooLargeError
from controller.services.parts import MOST_AT_ONCE, PartUploads
from controller.services.room import Room
from controller.services.spool import Spool
from controller.settings import SoundSettings
from tests.support.bulletins import Studio, sound_bytes
from tests.support.sound import silence, speech_like, tone
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, Browser, Centre, words

JSON = {"Accept": "application/json"}


@pytest.fixture
def desk(house: Centre, studio: Studio, author: Actor) -> Browser:
    return house.client(Role.OPERATOR, DISTRICT)


@pytest.fixture
def judge(house: Centre, studio: Studio, approver: Actor) -> Browser:
    return house.client(Role.APPROVER, DISTRICT)


def made(answer: TestResponse) -> str:
    assert answer.status_code == 303, words(answer)[:400]
    return answer.location.rsplit("/", 1)[1]


def fields(**more: object) -> dict[str, object]:
    return {"title": "Tiêm phòng cho trẻ", "place_id": DISTRICT, "language": "vi", **more}


def version_field(browser: Browser, bulletin_id: str) -> str:
    page = browser.get(f"/ban-tin/{bulletin_id}").text
    found = re.search(r'name="row_version" value="(\d+)"', page)
    assert found, page[-3000:]
    return found.group(1)


def test_from_upload_to_approval_through_the_pages(
    studio: Studio, desk: Browser, judge: Browser, voice_wav: bytes
) -> None:
    sent = fields(category="health", sound=(io.BytesIO(voice_wav), "tiem-phong.wav"))
    bulletin_id = made(desk.post("/ban-tin/moi", **sent))
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert "Đang xử lý âm thanh, tiếng Việt" in words(page)
    assert desk.get(f"/ban-tin/{bulletin_id}/tien-do").get_json()["processing"]

    studio.finish()
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert "Độ to đã được chỉnh vừa" in words(page)
    assert "tiem-phong.wav" in words(page)
    assert desk.get(f"/ban-tin/{bulletin_id}/tien-do").get_json()["processing"] == {}

    seen = version_field(desk, bulletin_id)
    assert made(desk.post(f"/ban-tin/{bulletin_id}/gui-duyet", row_version=seen)) == bulletin_id
    seen = version_field(judge, bulletin_id)
    refused = judge.post(f"/ban-tin/{bulletin_id}/duyet", row_version=seen)
    assert refused.status_code == 422
    assert "Nghe hết bản tin rồi mới duyệt." in words(refused)
    made(judge.post(f"/ban-tin/{bulletin_id}/duyet", row_version=seen, heard="1"))
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert 'data-state="approved"' in page.text
    assert "Đặt lịch" in words(page)
    assert "Katơr Thị Mai" in words(page)


def test_a_returned_bulletin_shows_its_reason_to_the_author(
    studio: Studio, desk: Browser, judge: Browser, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    seen = version_field(judge, bulletin_id)
    empty = judge.post(f"/ban-tin/{bulletin_id}/tra-lai", row_version=seen, reason=" ")
    assert empty.status_code == 422
    assert "Ghi lý do trả lại" in words(empty)
    reason = "đọc sai tên thôn <b>Hành Rạc</b>"
    made(judge.post(f"/ban-tin/{bulletin_id}/tra-lai", row_version=seen, reason=reason))
    page = desk.get(f"/ban-tin/{bulletin_id}").text
    assert "đọc sai tên thôn &lt;b&gt;Hành Rạc&lt;/b&gt;" in page
    assert 'data-state="returned"' in page
    assert "Sửa xong thì gửi duyệt lại." in page
    assert "gửi duyệt lại" not in judge.get(f"/ban-tin/{bulletin_id}").text


def test_author_and_approver_never_see_the_same_buttons(
    studio: Studio, desk: Browser, judge: Browser, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    authors, judges = (b.get(f"/ban-tin/{bulletin_id}").text for b in (desk, judge))
    assert "/duyet" not in authors
    assert "/tra-lai" not in authors
    assert "/am-thanh" in authors
    assert "/duyet" in judges
    assert "/am-thanh" not in judges


def test_a_deed_of_another_role_is_refused(
    studio: Studio, desk: Browser, judge: Browser, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    assert desk.post(f"/ban-tin/{bulletin_id}/duyet", row_version="3").status_code == 403
    assert judge.post(f"/ban-tin/{bulletin_id}/rut", row_version="3").status_code == 403
    assert judge.post("/ban-tin/moi", **fields()).status_code == 403


@pytest.mark.parametrize("wants", ["page", "json"])
def test_what_is_not_sound_is_told_in_the_exact_words_and_the_form_is_kept(
    studio: Studio, desk: Browser, wants: str
) -> None:
    sentence = "Tệp này không phải âm thanh. Chọn tệp WAV, MP3, M4A, OGG, Opus hoặc FLAC."
    sent = fields(text="Kính báo", sound=(io.BytesIO(b"#EXTM3U\n/etc/passwd"), "nhac.mp3"))
    if wants == "page":
        answer = desk.post("/ban-tin/moi", **sent)
        assert "Tiêm phòng cho trẻ" in answer.text
        assert "Kính báo" in answer.text
        assert sentence in words(answer)
    else:
        data = {"csrf_token": desk.csrf(), **sent}
        answer = desk.http.post("/ban-tin/moi", data=data, headers=JSON)
        assert answer.get_json() == {
            "error": "not_sound",
            "field": "sound",
            "sentence": sentence,
        }
    assert answer.status_code == 422
    assert studio.bulletins.within(studio.centre.actor(Role.OPERATOR, DISTRICT)) == []


def test_a_script_is_told_where_to_go(desk: Browser, voice_wav: bytes) -> None:
    data = {"csrf_token": desk.csrf(), **fields(sound=(io.BytesIO(voice_wav), "a.wav"))}
    answer = desk.http.post("/ban-tin/moi", data=data, headers=JSON)
    assert answer.status_code == 200
    assert answer.get_json()["location"].startswith("/ban-tin/")


def test_a_body_above_the_limit_is_refused_before_it_is_read(desk: Browser) -> None:
    answer = desk.http.post(
        "/ban-tin/moi",
        headers=JSON,
        environ_overrides={"CONTENT_LENGTH": str(300_000_000)},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413
    assert "lớn hơn mức 200 MB" in answer.get_json()["sentence"]


def test_a_refused_upload_is_explained_on_the_page(
    studio: Studio, desk: Browser, tmp_path: Path
) -> None:
    mute = sound_bytes(tmp_path, silence(2))
    bulletin_id = made(desk.post("/ban-tin/moi", **fields(sound=(io.BytesIO(mute), "a.wav"))))
    studio.finish()
    page = words(desk.get(f"/ban-tin/{bulletin_id}"))
    assert "Tệp này không có tiếng." in page
    assert "Cần có âm thanh trước khi gửi duyệt." in page


def test_findings_are_told_with_their_place(
    studio: Studio, desk: Browser, author: Actor, tmp_path: Path
) -> None:
    voice = [speech_like(6), silence(8), speech_like(4, 3)]
    bulletin_id = studio.draft(author, sound=sound_bytes(tmp_path, np.concatenate(voice)))
    page = words(desk.get(f"/ban-tin/{bulletin_id}"))
    assert re.search(r"Im lặng 8 giây ở phút 00:0[78]", page)
    assert "Phát được, 1 điều nên sửa" in page
    assert "Nghe đoạn này" in page


def test_without_internet_the_text_is_kept_and_the_next_voice_offered(
    studio: Studio, desk: Browser
) -> None:
    text = "Ủy ban nhân dân xã họp lúc 19h30."
    answer = desk.post("/ban-tin/moi", **fields(text=text, then="speak", voice="online:vi"))
    bulletin_id = made(answer)
    studio.finish()
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert (
        "Không tạo được giọng đọc vì trung tâm không có Internet. Hãy tải tệp lên hoặc ghi âm."
        in words(page)
    )
    assert "Đọc bằng: robot (vi)" in words(page)
    assert text in page.text
    (view,) = studio.bulletins.within(studio.centre.actor(Role.OPERATOR, DISTRICT))
    assert view.text == text


def test_no_voice_is_offered_for_cham_and_raglai(desk: Browser, studio: Studio) -> None:
    bulletin_id = made(desk.post("/ban-tin/moi", **fields()))
    page = desk.get(f"/ban-tin/{bulletin_id}").text
    assert re.findall(r'<option value="(\w+:\w+)"', page) == ["online:vi", "online:en", "robot:vi"]
    assert "Tiếng Raglai và tiếng Chăm chưa có giọng đọc tự động. Hãy ghi âm người đọc." in page
    answer = desk.post(f"/ban-tin/{bulletin_id}/giong-doc", text="Xin chào", voice="online:rog")
    assert answer.status_code == 422
    assert "Giọng đọc này không có ở trung tâm." in words(answer)
    assert "Xin chào" in answer.text


def test_how_a_text_will_be_read_is_shown_with_what_was_changed(
    studio: Studio, desk: Browser, judge: Browser
) -> None:
    text = "UBND xã họp lúc 19h30."
    bulletin_id = made(desk.post("/ban-tin/moi", **fields(text=text)))
    shown = desk.get(f"/ban-tin/{bulletin_id}")
    assert f'<p class="script">{text}</p>' in judge.get(f"/ban-tin/{bulletin_id}").text
    assert 'class="script"' not in shown.text
    assert "Ủy ban nhân dân xã họp lúc mười chín giờ ba mươi phút" in words(shown)
    fragment = desk.post("/ban-tin/cach-doc/xem", text="Gọi <b>ngay</b>, UBND & MTTQ").text
    assert 'title="Viết: UBND (viết tắt)">Ủy ban nhân dân</mark>' in fragment
    assert "&lt;b&gt;" in fragment
    assert "<html" not in fragment


def test_a_spoken_draft_can_be_listened_to(studio: Studio, desk: Browser, voice_wav: bytes) -> None:
    studio.online.sound = voice_wav
    typed = fields(text="Xin chào", then="speak", voice="online:vi")
    bulletin_id = made(desk.post("/ban-tin/moi", **typed))
    studio.finish()
    assert "giọng đọc tự động" in words(desk.get(f"/ban-tin/{bulletin_id}"))


def test_the_sound_is_heard_in_pieces_as_a_browser_asks_for_them(
    studio: Studio, desk: Browser, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    page = desk.get(f"/ban-tin/{bulletin_id}").text
    found = re.search(r'src="(/ban-tin/[^"]+/nghe/[^"]+)"', page)
    assert found
    whole = desk.get(found.group(1))
    assert (whole.status_code, whole.mimetype) == (200, "audio/ogg")
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = desk.get(found.group(1), headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, whole.data[100:200])
    part.close()
    whole.close()


def test_a_late_change_is_refused_with_who_came_first(
    studio: Studio, desk: Browser, author: Actor, editor: Actor
) -> None:
    bulletin_id = studio.draft(author)
    made(desk.post(f"/ban-tin/{bulletin_id}/sua", **fields(title="Một", row_version="1")))
    late = desk.post(f"/ban-tin/{bulletin_id}/sua", **fields(title="Hai", row_version="1"))
    assert late.status_code == 409
    assert "vừa sửa mục này lúc 17:06" in words(late)
    assert 'value="Hai"' in late.text


def test_the_list_says_what_to_do_when_it_is_empty(
    studio: Studio, desk: Browser, judge: Browser, author: Actor
) -> None:
    assert "Chưa có bản tin nào. Tải lên một tệp âm thanh" in words(desk.get("/ban-tin"))
    studio.draft(author)
    waiting = judge.get("/ban-tin?trang-thai=submitted")
    assert "Không có bản tin nào chờ duyệt." in words(waiting)


def test_an_officer_of_a_commune_writes_for_it(house: Centre, studio: Studio) -> None:
    officer = house.client(Role.COMMUNE_OFFICER, COMMUNE)
    made(officer.post("/ban-tin/moi", **fields(place_id=COMMUNE)))
    assert "Tiêm phòng cho trẻ" in officer.get("/ban-tin").text


def test_names_that_carry_markup_stay_text(desk: Browser, studio: Studio, voice_wav: bytes) -> None:
    title = "<script>alert(1)</script>"
    name = "<img src=x onerror=alert(1)>.wav"
    sent = fields(title=title, sound=(io.BytesIO(voice_wav), name))
    bulletin_id = made(desk.post("/ban-tin/moi", **sent))
    studio.finish()
    for path in ("/ban-tin", f"/ban-tin/{bulletin_id}"):
        page = desk.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page


def test_the_pages_are_there_in_english(
    house: Centre, studio: Studio, desk: Browser, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.submitted(author, voice_wav)
    house.accounts.set_language(author, "en")
    assert desk.get(f"/ban-tin/{bulletin_id}").status_code == 200
    assert desk.get("/ban-tin").status_code == 200
    assert desk.get("/ban-tin/moi").status_code == 200


def put(browser: Browser, token: str, offset: int, data: bytes) -> TestResponse:
    headers = {**JSON, "X-CSRFToken": browser.csrf()}
    return browser.http.put(f"/ban-tin/tai-len/{token}?tu={offset}", data=data, headers=headers)


def begun(browser: Browser) -> str:
    return str(browser.post("/ban-tin/tai-len").get_json()["token"])


def test_a_transfer_that_broke_off_goes_on_where_it_was(
    studio: Studio, desk: Browser, voice_wav: bytes
) -> None:
    token = begun(desk)
    assert put(desk, token, 0, voice_wav[:50_000]).get_json() == {"received": 50_000}
    late = put(desk, token, 0, voice_wav[:50_000])  # its answer was lost, it is sent again
    assert (late.status_code, late.get_json()) == (409, {"received": 50_000})
    assert desk.get(f"/ban-tin/tai-len/{token}").get_json() == {"received": 50_000}
    put(desk, token, 50_000, voice_wav[50_000:])
    sent = fields(uploaded=token, uploaded_name="họp dân.wav")
    bulletin_id = made(desk.post("/ban-tin/moi", **sent))
    studio.finish()
    assert "họp dân.wav" in words(desk.get(f"/ban-tin/{bulletin_id}"))
    assert desk.post("/ban-tin/moi", **sent).status_code == 404  # used up


def test_what_came_in_pieces_and_is_not_sound_is_refused_alike(
    studio: Studio, desk: Browser
) -> None:
    token = begun(desk)
    put(desk, token, 0, b"#EXTM3U\n/etc/passwd\n")
    answer = desk.post("/ban-tin/moi", **fields(uploaded=token, uploaded_name="a.mp3"))
    assert answer.status_code == 422
    assert "Tệp này không phải âm thanh." in words(answer)
    assert list(studio.spool.iterdir()) == []


def test_nobody_reaches_the_pieces_of_another(
    house: Centre, studio: Studio, desk: Browser, voice_wav: bytes
) -> None:
    token = begun(desk)
    other = house.client(Role.OPERATOR, OTHER_DISTRICT)
    assert other.get(f"/ban-tin/tai-len/{token}").status_code == 404
    assert put(other, token, 0, voice_wav).status_code == 404
    assert put(desk, "../../vang.db", 0, voice_wav).status_code == 404
    assert put(desk, "0" * 32, 0, voice_wav).status_code == 404


def test_only_so_many_files_are_begun_at_once(studio: Studio, desk: Browser) -> None:
    for _ in range(MOST_AT_ONCE + 3):
        begun(desk)
    assert len(list(studio.spool.iterdir())) == MOST_AT_ONCE


def test_pieces_above_the_limit_are_refused_and_dropped(
    house: Centre, tmp_path: Path, author: Actor
) -> None:
    spool = Spool(tmp_path / "small", limit_bytes=1000, room=Room(tmp_path, SoundSettings()))
    parts = PartUploads(spool)
    token = parts.begin(author)
    assert parts.go_on(author, token, 0, io.BytesIO(bytes(900))) == 900
    with pytest.raises(UploadTooLargeError):
        parts.go_on(author, token, 900, io.BytesIO(bytes(200)))
    assert list((tmp_path / "small").iterdir()) == []


def test_a_piece_without_the_page_s_mark_is_refused(desk: Browser, voice_wav: bytes) -> None:
    token = begun(desk)
    answer = desk.http.put(f"/ban-tin/tai-len/{token}?tu=0", data=voice_wav, headers=JSON)
    assert answer.status_code == 400
    assert desk.get(f"/ban-tin/tai-len/{token}").get_json() == {"received": 0}


def test_where_somebody_speaks_is_marked_and_said(
    desk: Browser, studio: Studio, author: Actor, tmp_path: Path
) -> None:
    sound = np.concatenate((silence(3), tone(5, level=0.3), silence(4), tone(1), silence(2)))
    bulletin_id = studio.draft(author, sound=sound_bytes(tmp_path, sound))
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert "Tiếng nói từ 00:05 đến 00:15. Đoạn nghỉ dài: 00:10–00:14." in words(page)
    assert len(re.findall(r'class="cue voice"', page.text)) == 2
    assert len(re.findall(r'class="cue pause"', page.text)) == 2


SILENT_AROUND = np.concatenate((silence(3), tone(5, level=0.3), silence(4)))


def cut_address(browser: Browser, bulletin_id: str, deed: str = "cat") -> str:
    page = browser.get(f"/ban-tin/{bulletin_id}").text
    found = re.search(rf'action="(/ban-tin/{bulletin_id}/{deed}/[^"]+)"', page)
    assert found, page[-3000:]
    return html.unescape(found.group(1))


def test_silence_is_cut_off_and_had_back_without_a_script(
    desk: Browser, studio: Studio, author: Actor, tmp_path: Path
) -> None:
    bulletin_id = studio.draft(author, sound=sound_bytes(tmp_path, SILENT_AROUND))
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert "Đầu tệp có 2,8 giây và cuối tệp có 3,6 giây im lặng cắt được." in words(page)
    assert re.search("cả tệp gốc dài 12,0 giây, độ to −1[0-9],[0-9] LUFS.", words(page))
    assert "Sau, còn lại: 5,6 giây . Độ to chỉnh về −16 LUFS" in words(page)
    assert '#t=5.0,10.6"' in page.text  # a player sounds just what would be kept
    assert re.search(r'name="cut_start"[^>]* value="2,8"', page.text)
    assert re.search(r'name="cut_end"[^>]* value="8,4"', page.text)

    made(desk.post(cut_address(desk, bulletin_id), cut_start="2,9", cut_end="8.4"))
    studio.finish()
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert "Đã cắt: giữ từ giây 2,9 đến giây 8,4 của tệp gốc." in words(page)
    assert re.search("Bản đang dùng: độ to −1[56],[0-9] LUFS, đỉnh −[0-9],[0-9] dBTP", words(page))
    assert "Cắt khoảng lặng: Tiếng Việt, bản 2, giữ từ giây 2,9 đến giây 8,4" in words(page)

    made(desk.post(cut_address(desk, bulletin_id, "ca-tep")))
    studio.finish()
    page = desk.get(f"/ban-tin/{bulletin_id}")
    assert "Chưa cắt gì." in words(page)
    assert "Dùng lại cả tệp gốc: Tiếng Việt, bản 3" in words(page)


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("nửa", "8", "Ghi số giây, ví dụ 3,5."),
        ("3", "99", "Điểm này nằm ngoài tệp gốc."),
        ("3", "3.5", "Điểm cuối phải sau điểm đầu ít nhất 1 giây."),
        ("0", "12", "Hai điểm này giữ nguyên bản đang dùng."),
    ],
)
def test_points_that_cannot_be_are_told_at_their_field(
    desk: Browser,
    studio: Studio,
    author: Actor,
    tmp_path: Path,
    start: str,
    end: str,
    sentence: str,
) -> None:
    bulletin_id = studio.draft(author, sound=sound_bytes(tmp_path, SILENT_AROUND))
    answer = desk.post(cut_address(desk, bulletin_id), cut_start=start, cut_end=end)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'value="{end}"' in answer.text  # what was typed stays


def test_only_who_may_change_the_sound_is_offered_to_cut(
    desk: Browser, judge: Browser, studio: Studio, author: Actor, tmp_path: Path
) -> None:
    bulletin_id = studio.submitted(author, sound_bytes(tmp_path, SILENT_AROUND))
    offer = "Cắt khoảng lặng đầu/cuối"
    address = cut_address(desk, bulletin_id)
    assert offer not in words(judge.get(f"/ban-tin/{bulletin_id}"))
    assert judge.post(address, cut_start="2", cut_end="9").status_code == 403
    spoken = studio.draft(author)
    studio.online.sound = sound_bytes(tmp_path, SILENT_AROUND)
    studio.speech.order(author, spoken, "online:vi", "Xin chào bà con.")
    studio.finish()
    assert offer not in words(desk.get(f"/ban-tin/{spoken}"))
