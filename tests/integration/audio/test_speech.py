from __future__ import annotations

import base64
import os
import platform
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import gtts.tts
import pytest

from audio_library.errors import (
    EmptyTextError,
    LanguageNotSpokenError,
    SpeechFailedError,
    SpeechUnavailableError,
)
from audio_library.ingest import ingest
from audio_library.speech.cache import SpeechCache
from audio_library.speech.engine import SpeechEngine, Voice
from audio_library.speech.offline import EspeakEngine, EspeakLibrary, library_of_the_extra
from audio_library.speech.online import GttsEngine
from audio_library.speech.speaker import Speaker
from tests.support.sound import speech_like, write_sound

VIETNAMESE = Voice("gtts", "vi", "vi")
TEXT = "Sáng mai trạm y tế xã tổ chức tiêm phòng cho trẻ dưới năm tuổi."


class StoppedError(Exception):
    """The centre stops."""


def always() -> None:
    """Go on."""


class VoiceServer(HTTPServer):
    """Answers as the speech service does: base64 MP3 inside a line of JSON."""

    answer = b""
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), VoiceHandler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class VoiceHandler(BaseHTTPRequestHandler):
    server: VoiceServer

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.asked.append(self.rfile.read(length).decode())
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VoiceServer]:
    with VoiceServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        monkeypatch.setattr(gtts.tts, "_translate_url", lambda **_: running.url)
        yield running
        running.shutdown()
        thread.join()


def spoken(mp3: bytes) -> bytes:
    return b'[["wrb.fr","jQ1olc","[\\"' + base64.b64encode(mp3) + b'\\"]",null]]\n'


def test_text_becomes_a_recording_that_can_be_ingested(server: VoiceServer, tmp_path: Path) -> None:
    server.answer = spoken(write_sound(tmp_path / "voice.mp3", speech_like(4)).read_bytes())
    engine: SpeechEngine = GttsEngine()
    recording = engine.synthesise(TEXT, VIETNAMESE, tmp_path / "spoken.mp3", go_on=always)
    assert abs(ingest(recording, workdir=tmp_path).asset.loudness_lufs + 16) <= 0.5
    assert "vi" in server.asked[0]


def test_a_long_text_is_asked_in_pieces_and_joined(server: VoiceServer, tmp_path: Path) -> None:
    server.answer = spoken(write_sound(tmp_path / "voice.mp3", speech_like(1)).read_bytes())
    GttsEngine().synthesise(TEXT * 5, VIETNAMESE, tmp_path / "spoken.mp3", go_on=always)
    assert len(server.asked) > 3


def test_without_internet_the_answer_is_quick_and_plain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gtts.tts, "_translate_url", lambda **_: "http://127.0.0.1:9/")
    with pytest.raises(SpeechUnavailableError) as error:
        GttsEngine().synthesise(TEXT, VIETNAMESE, tmp_path / "spoken.mp3", go_on=always)
    assert error.value.code == "speech_offline"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "answer"), [(503, b""), (200, b"nothing"), (200, spoken(b""))])
def test_an_answer_without_sound_is_a_failure_of_the_service(
    server: VoiceServer, tmp_path: Path, status: int, answer: bytes
) -> None:
    server.status, server.answer = status, answer
    with pytest.raises(SpeechFailedError):
        GttsEngine().synthesise(TEXT, VIETNAMESE, tmp_path / "spoken.mp3", go_on=always)
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_dribbles_is_given_up(server: VoiceServer, tmp_path: Path) -> None:
    server.answer = spoken(b"mp3")
    minutes = iter([0.0, 100.0, 300.0, 400.0])
    engine = GttsEngine(clock=lambda: next(minutes))
    with pytest.raises(SpeechUnavailableError):
        engine.synthesise(TEXT * 9, VIETNAMESE, tmp_path / "s.mp3", go_on=always)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["cjm", "rog", "fr"])
def test_cham_and_raglai_are_recorded_by_people(tmp_path: Path, language: str) -> None:
    with pytest.raises(LanguageNotSpokenError):
        GttsEngine().synthesise(TEXT, Voice("gtts", "vi", language), tmp_path / "s", go_on=always)


def test_an_empty_text_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(EmptyTextError):
        GttsEngine().synthesise("  \n", VIETNAMESE, tmp_path / "spoken.mp3", go_on=always)


def test_the_work_stops_between_two_pieces_when_it_is_told_to(
    server: VoiceServer, tmp_path: Path
) -> None:
    server.answer = spoken(b"mp3")

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        GttsEngine().synthesise(TEXT * 5, VIETNAMESE, tmp_path / "spoken.mp3", go_on=stop)
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


# --- without the Internet -------------------------------------------------------------------------

NOTICE = (
    "Ủy ban nhân dân xã Phước Bình thông báo: từ bảy giờ ngày năm tháng mười hai, hồ Sông Sắt "
    "xả lũ với lưu lượng một trăm năm mươi mét khối trên giây. Bà con không qua ngầm tràn."
)


ENGLISH_NOTICE = "From seven o'clock the Song Sat reservoir releases water. Do not cross the ford."


@pytest.mark.parametrize("voice", EspeakEngine().voices, ids=lambda voice: voice.voice_id)
def test_a_notice_is_spoken_without_any_network(
    voice: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", _no_network)
    text = NOTICE if voice.language == "vi" else ENGLISH_NOTICE
    recording = EspeakEngine().synthesise(text, voice, tmp_path / "spoken", go_on=always)
    asset = ingest(recording, workdir=tmp_path, chime=False).asset
    assert 3_000 < asset.duration_ms < 30_000
    assert abs(asset.loudness_lufs + 16) <= 0.5


def _no_network(*_arguments: object) -> None:
    raise AssertionError("somebody wanted the network")


def test_three_regions_of_vietnam_have_a_voice() -> None:
    spoken_here = [voice.voice_id for voice in EspeakEngine().voices if voice.language == "vi"]
    assert spoken_here == ["vi-vn-x-south", "vi-vn-x-central", "vi"]


def test_the_same_notice_sounds_different_in_the_north(tmp_path: Path) -> None:
    engine = EspeakEngine()
    made = [
        engine.synthesise(NOTICE, voice, tmp_path / voice.voice_id, go_on=always).read_bytes()
        for voice in engine.voices
    ]
    assert len(set(made)) == len(made)


def test_an_engine_that_is_not_installed_has_no_voice(tmp_path: Path) -> None:
    engine = EspeakEngine("no-such-program", lambda: None)
    assert engine.voices == ()
    with pytest.raises(LanguageNotSpokenError):
        engine.synthesise(NOTICE, EspeakEngine().voices[0], tmp_path / "spoken", go_on=always)


def test_a_program_that_fails_is_a_failure_of_speech(tmp_path: Path) -> None:
    engine = EspeakEngine("false")
    with pytest.raises(SpeechFailedError):
        engine.synthesise(NOTICE, engine.voices[0], tmp_path / "spoken", go_on=always)
    assert list(tmp_path.iterdir()) == []


# --- what was spoken before -----------------------------------------------------------------------


def test_what_was_spoken_before_is_taken_from_the_cache(tmp_path: Path) -> None:
    cache, out = SpeechCache(tmp_path / "cache"), tmp_path / "out"
    recording = tmp_path / "spoken"
    recording.write_bytes(b"sound")
    assert not cache.take(TEXT, VIETNAMESE, out)
    cache.keep(TEXT, VIETNAMESE, recording)
    assert cache.take(TEXT, VIETNAMESE, out)
    assert out.read_bytes() == b"sound"
    assert not cache.take(TEXT, Voice("gtts", "en", "en"), out)
    assert not cache.take(TEXT + ".", VIETNAMESE, out)


def test_the_cache_lets_go_of_what_was_not_used_longest(tmp_path: Path) -> None:
    cache, out = SpeechCache(tmp_path / "cache", most_bytes=25), tmp_path / "out"
    recording = tmp_path / "spoken"
    recording.write_bytes(b"0123456789")
    for number, text in enumerate(("a", "b", "c")):
        cache.keep(text, VIETNAMESE, recording)
        for kept in (tmp_path / "cache").iterdir():
            os.utime(kept, (kept.stat().st_mtime - 10, kept.stat().st_mtime - 10))
        if number == 1:
            assert cache.take("a", VIETNAMESE, out)
    assert not cache.take("b", VIETNAMESE, out)
    assert cache.take("a", VIETNAMESE, out)
    assert cache.take("c", VIETNAMESE, out)


# --- all of them together -------------------------------------------------------------------------


def test_the_next_engine_is_offered_when_one_fails(tmp_path: Path) -> None:
    speaker = Speaker((GttsEngine(), EspeakEngine()), SpeechCache(tmp_path / "cache"))
    first, second, *_ = speaker.voices("vi")
    assert (first.name, second.name) == ("gtts:vi", "espeak:vi-vn-x-south")
    assert speaker.after(first) == second
    assert speaker.after(second) is None
    assert speaker.voice("espeak:vi") in speaker.voices("vi")
    assert speaker.voice("nobody:vi") is None


def test_what_google_spoke_once_needs_no_internet_again(
    server: VoiceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = spoken(write_sound(tmp_path / "voice.mp3", speech_like(1)).read_bytes())
    speaker = Speaker((GttsEngine(),), SpeechCache(tmp_path / "cache"))
    first = speaker.speak(TEXT, VIETNAMESE, tmp_path / "first").read_bytes()
    monkeypatch.setattr(gtts.tts, "_translate_url", lambda **_: "http://127.0.0.1:9/")
    assert speaker.speak(TEXT, VIETNAMESE, tmp_path / "second").read_bytes() == first


def test_cham_and_raglai_have_no_voice_at_all(tmp_path: Path) -> None:
    speaker = Speaker((GttsEngine(), EspeakEngine()), SpeechCache(tmp_path / "cache"))
    assert speaker.voices("cjm") == speaker.voices("rog") == ()


# --- without Debian's program: a library in a child of our own ------------------------------------

LIBRARIES = Path(f"/usr/lib/{platform.machine()}-linux-gnu")
DEBIAN = EspeakLibrary(LIBRARIES / "libespeak-ng.so.1", LIBRARIES)
"""What the extra brings is laid out alike; Debian's is on every machine that tests."""


def from_library(library: EspeakLibrary = DEBIAN) -> EspeakEngine:
    return EspeakEngine("no-such-program", lambda: library)


def test_the_library_says_the_same_as_the_program(tmp_path: Path) -> None:
    assert from_library().voices == EspeakEngine().voices
    for voice in EspeakEngine().voices:
        made = [
            ingest(
                engine.synthesise(NOTICE, voice, tmp_path / "spoken", go_on=always),
                workdir=tmp_path,
            ).asset
            for engine in (EspeakEngine(), from_library())
        ]
        assert abs(made[0].duration_ms - made[1].duration_ms) < 500, voice


def test_the_library_never_enters_our_own_process(tmp_path: Path) -> None:
    voice = from_library().voices[0]
    from_library().synthesise(NOTICE, voice, tmp_path / "spoken", go_on=always)
    assert "espeak" not in Path("/proc/self/maps").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "broken",
    [
        EspeakLibrary(Path("/no/such/library.so"), DEBIAN.data),
        EspeakLibrary(DEBIAN.file, Path("/usr/share")),
    ],
)
def test_a_broken_library_is_a_failure_of_speech(tmp_path: Path, broken: EspeakLibrary) -> None:
    engine = from_library(broken)
    with pytest.raises(SpeechFailedError):
        engine.synthesise(NOTICE, engine.voices[0], tmp_path / "spoken", go_on=always)
    assert list(tmp_path.iterdir()) == []


def test_the_extra_is_found_without_being_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "espeakng_loader"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('loaded')")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = library_of_the_extra()
    assert found == EspeakLibrary(package / "libespeak-ng.so", package)
    assert "espeakng_loader" not in sys.modules
    assert EspeakEngine("no-such-program").voices == EspeakEngine().voices
