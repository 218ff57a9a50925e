from __future__ import annotations

import base64
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
from audio_library.speech import GttsEngine, SpeechEngine
from tests.support.sound import speech_like, write_sound

TEXT = "Sáng mai trạm y tế xã tổ chức tiêm phòng cho trẻ dưới năm tuổi."


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
    recording = engine.synthesise(TEXT, "vi", tmp_path / "spoken.mp3")
    assert abs(ingest(recording, workdir=tmp_path).asset.loudness_lufs + 16) <= 0.5
    assert "vi" in server.asked[0]


def test_a_long_text_is_asked_in_pieces_and_joined(server: VoiceServer, tmp_path: Path) -> None:
    server.answer = spoken(write_sound(tmp_path / "voice.mp3", speech_like(1)).read_bytes())
    GttsEngine().synthesise(TEXT * 5, "vi", tmp_path / "spoken.mp3")
    assert len(server.asked) > 3


def test_without_internet_the_answer_is_quick_and_plain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gtts.tts, "_translate_url", lambda **_: "http://127.0.0.1:9/")
    with pytest.raises(SpeechUnavailableError) as error:
        GttsEngine().synthesise(TEXT, "vi", tmp_path / "spoken.mp3")
    assert error.value.code == "speech_offline"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "answer"), [(503, b""), (200, b"nothing"), (200, spoken(b""))])
def test_an_answer_without_sound_is_a_failure_of_the_service(
    server: VoiceServer, tmp_path: Path, status: int, answer: bytes
) -> None:
    server.status, server.answer = status, answer
    with pytest.raises(SpeechFailedError):
        GttsEngine().synthesise(TEXT, "vi", tmp_path / "spoken.mp3")
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_dribbles_is_given_up(server: VoiceServer, tmp_path: Path) -> None:
    server.answer = spoken(b"mp3")
    minutes = iter([0.0, 100.0, 300.0, 400.0])
    with pytest.raises(SpeechUnavailableError):
        GttsEngine(clock=lambda: next(minutes)).synthesise(TEXT * 9, "vi", tmp_path / "s.mp3")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["cjm", "rog", "fr"])
def test_cham_and_raglai_are_recorded_by_people(tmp_path: Path, language: str) -> None:
    with pytest.raises(LanguageNotSpokenError):
        GttsEngine().synthesise(TEXT, language, tmp_path / "spoken.mp3")


def test_an_empty_text_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(EmptyTextError):
        GttsEngine().synthesise("  \n", "vi", tmp_path / "spoken.mp3")
