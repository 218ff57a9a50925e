"""Alerts from strangers: what a good one says, and that no bad one does anything but be refused."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.hazards import Hazard, recognise
from controller.errors import ControllerError, NotCapError
from controller.services import cap_reading
from controller.services.safe_xml import DEEPEST, MOST_BYTES, MOST_ELEMENTS, visible

NS = "urn:oasis:names:tc:emergency:cap:1.2"
AREA = "<area><areaDesc>huyện Bác Ái</areaDesc></area>"


def alert(info: str = "", head: str = "", *, status: str = "Actual", kind: str = "Alert") -> bytes:
    """A message; `info` and `head` stand inside what they are named after."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{NS}"><identifier>KTTV-1</identifier><sender>dubao@kttv.example.vn</sender>
<sent>2026-11-25T16:40:00+07:00</sent><status>{status}</status><msgType>{kind}</msgType>
<scope>Public</scope>{head}<info><language>vi-VN</language><category>Met</category>
<event>Bão</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Likely</certainty><expires>2026-11-25T23:00:00+07:00</expires>
<headline>Bão số 12</headline><description>Gió giật cấp 10.</description>
<instruction>Rời lồng bè.</instruction>{info}{AREA}</info></alert>""".encode()


def test_a_message_says_what_its_elements_hold() -> None:
    message = cap_reading.read(alert())
    assert (message.identifier, message.sender) == ("KTTV-1", "dubao@kttv.example.vn")
    assert message.sent_at == datetime(2026, 11, 25, 9, 40, tzinfo=UTC)
    info = message.info
    assert (info.event, info.headline, info.severity) == ("Bão", "Bão số 12", "Severe")
    assert (info.description, info.instruction) == ("Gió giật cấp 10.", "Rời lồng bè.")
    assert info.expires_at == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert [area.words for area in info.areas] == ["huyện Bác Ái"]


def test_vietnamese_is_taken_of_several_languages() -> None:
    english = "<info><language>en-US</language><event>Storm</event></info>"
    body = alert().decode().replace("<info>", english + "<info>", 1)
    assert cap_reading.read(body.encode()).info.event == "Bão"


def test_what_is_signed_or_extended_by_others_is_read_all_the_same() -> None:
    foreign = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><event>x</event></Signature>'
    assert cap_reading.read(alert(head=foreign)).info.event == "Bão"


def test_a_point_is_inside_an_outline_or_a_circle_or_it_is_not() -> None:
    drawn = """<area><areaDesc>vùng vẽ</areaDesc>
<polygon>11.7,108.7 11.7,109.0 11.9,109.0 11.9,108.7 11.7,108.7</polygon>
<circle>11.0,108.0 11.2</circle></area>"""
    area = cap_reading.read(alert(drawn)).info.areas[0]
    assert area.is_drawn
    assert area.holds((11.8, 108.8))
    assert area.holds((11.09, 108.0))
    for outside in ((11.8, 109.1), (11.65, 108.8), (11.2, 108.0), (-11.8, 108.8)):
        assert not area.holds(outside)


BOMB = "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' if n else '<!ENTITY a0 "ha">' for n in range(9)
)
HOSTILE = {
    "nothing": b"",
    "no xml": b"PK\x03\x04 a zip",
    "html": b"<!doctype html><html><body>bao</body></html>",
    "cut off": alert()[:-20],
    "two roots": alert() + b"<alert/>",
    "laughter": f"<!DOCTYPE x [{BOMB}]><alert xmlns='{NS}'>&a8;</alert>".encode(),
    "quadratic": f"<!DOCTYPE x [<!ENTITY a '{'x' * 60_000}'>]><alert>{'&a;' * 9}</alert>".encode(),
    "file": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><alert>&e;</alert>',
    "network": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><alert/>',
    "parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]><alert/>',
    "undeclared entity": b"<alert>&nothing;</alert>",
    "utf-16": alert().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-alert+AD4-',
    "bad bytes": alert().replace("Bão".encode(), b"B\xe3o"),
    "nul": alert().replace("Bão".encode(), b"B\x00o"),
    "control": alert().replace("Bão".encode(), b"&#8;"),
    "too large": b"<alert>" + b" " * MOST_BYTES + b"</alert>",
    "long text": b"<alert>" + b"x" * 70_000 + b"</alert>",
    "deep": b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1),
    "many": b"<a>" + b"<b/>" * MOST_ELEMENTS + b"</a>",
    "twice an attribute": b'<alert a="1" a="2"/>',
    "unbound prefix": b"<x:alert/>",
    "another root": f'<info xmlns="{NS}"/>'.encode(),
    "no namespace": alert().replace(f' xmlns="{NS}"'.encode(), b""),
    "cap 1.1": alert().replace(b"cap:1.2", b"cap:1.1"),
    "no identifier": alert().replace(b"<identifier>KTTV-1</identifier>", b""),
    "blank sender": alert().replace(b"dubao@kttv.example.vn", " \u200b ".encode()),
    "no instant": alert().replace(b"2026-11-25T16:40:00+07:00", b"yesterday"),
    "no offset": alert().replace(b"2026-11-25T16:40:00+07:00", b"2026-11-25T16:40:00"),
    "before all time": alert().replace(b"2026-11-25T16:40:00+07:00", b"0001-01-01T00:00:00+14:00"),
    "another status": alert(status="Real"),
    "another kind": alert(kind="Attack"),
    "no info": alert().replace(b"info>", b"note>"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_document_is_refused_with_a_reason_quickly_and_in_little_memory(name: str) -> None:
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(NotCapError) as caught:
            cap_reading.read(HOSTILE[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.facts["reason"]
    assert time.process_time() - began < 2
    assert peak < 16_000_000


@pytest.mark.parametrize(
    "drawn",
    [
        "<polygon>nan,nan nan,nan nan,nan</polygon>",
        "<polygon>1e400,0 0,0 0,1</polygon>",
        "<polygon>91,0 0,0 0,1</polygon>",
        "<polygon>11,108 12</polygon>",
        "<polygon>11,108 12,108</polygon>",
        "<polygon>" + "11,108 " * 3_000 + "</polygon>",
        "<circle>11,108</circle>",
        "<circle>11,108 nan</circle>",
        "<circle>11,108 -1</circle>",
        "<circle>11,108 999999</circle>",
    ],
)
def test_an_outline_that_is_none_is_left_out_and_the_words_stay(drawn: str) -> None:
    area = cap_reading.read(alert(f"<area><areaDesc>đâu đó</areaDesc>{drawn}</area>")).info.areas[0]
    assert not area.is_drawn
    assert area.words == "đâu đó"


def test_an_expiry_that_is_no_instant_is_none() -> None:
    body = alert().replace(b"2026-11-25T23:00:00+07:00", b"soon")
    assert cap_reading.read(body).info.expires_at is None


def test_text_is_shown_without_what_hides_or_turns_it() -> None:
    assert visible("Bão\u202e 12\u200b\x07\n\n số ") == "Bão 12 số"
    assert visible("Ba\u0303o") == "Bão"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_nothing_but_a_refusal_comes_of_noise(noise: bytes) -> None:
    with pytest.raises(ControllerError):
        cap_reading.read(noise)


@pytest.mark.parametrize(
    ("words", "hazard"),
    [
        ("Bão", Hazard.STORM),
        ("Tin bão khẩn cấp", Hazard.STORM),
        ("Thông báo", None),  # a word with another mark
        ("Storm surge", Hazard.SURGE),
        ("Lũ quét, sạt lở đất", Hazard.FLASH_FLOOD),
        ("Bão và mưa lớn", None),  # two: a person chooses
        ("Volcanic ash", None),
        ("", None),
    ],
)
def test_a_hazard_is_recognised_where_its_name_leaves_no_doubt(
    words: str, hazard: Hazard | None
) -> None:
    assert recognise(words) is hazard
