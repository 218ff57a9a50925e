"""A message comes out as it went in, or not at all."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station_protocol import codec, transfer
from station_protocol.errors import (
    MalformedMessageError,
    OversizedError,
    ProtocolError,
    SignatureBadError,
    UnsupportedError,
    WrongAudienceError,
)
from station_protocol.messages import JournalBatch, TraceEntry, UpMessage
from station_protocol.signing import Signer
from station_protocol.topics import Up
from station_protocol.vocabulary import DeedKind, FactCode, Purpose
from tests.support import wire

GOLDEN = Path(__file__).parent / "golden"
LATER = {
    "v1-journal-trace.json": wire.batch(wire.entry(wire.as_run()), wire.entry(wire.trace(), no=2)),
    "v1-journal-unread.json": wire.batch(wire.entry(wire.unread()), wire.entry(no=2)),
}
"""What was added to the first version since, and what a version after this one might add."""
UP: dict[Up, UpMessage] = {
    Up.HELLO: wire.hello(),
    Up.BEAT: wire.beat(),
    Up.JOURNAL: wire.batch(),
    Up.REPLY: wire.reply(),
    Up.WANT: wire.want(),
    Up.LINK: wire.link(),
}
SIGNED = ("plan", "limits", "order", "emergency", "ack", "chunk")


def sealed(name: str) -> bytes:
    """One signed envelope of each kind. Made when asked for: a test fails by its own name then."""
    return {
        "plan": lambda: codec.seal(wire.plan(), wire.claims(Purpose.PLAN), wire.signer()),
        "limits": lambda: codec.seal(wire.limits(), wire.claims(Purpose.LIMITS), wire.signer()),
        "order": lambda: codec.seal(wire.order(), wire.claims(Purpose.ORDER), wire.signer()),
        "emergency": lambda: codec.seal(
            wire.order(wire.emergency()), wire.claims(Purpose.ORDER), wire.signer()
        ),
        "ack": lambda: codec.seal(wire.ack(), wire.claims(Purpose.ACK), wire.signer()),
        "chunk": lambda: codec.seal_chunk(
            transfer.chunk_header(wire.SHA, 0, 5),
            b"sound",
            wire.claims(Purpose.CHUNK),
            wire.signer(),
        ),
    }[name]()


def _open(name: str, raw: bytes) -> object:
    ring = wire.keys()
    return {
        "plan": lambda: codec.open_plan(raw, ring, wire.STATION),
        "limits": lambda: codec.open_limits(raw, ring, wire.STATION),
        "order": lambda: codec.open_order(raw, ring, frozenset({wire.STATION})),
        "emergency": lambda: codec.open_order(raw, ring, frozenset({wire.STATION})),
        "ack": lambda: codec.open_ack(raw, ring, wire.STATION),
        "chunk": lambda: codec.open_chunk(raw, ring, wire.STATION),
    }[name]()


@pytest.mark.parametrize("kind", list(Up))
def test_what_a_station_says_arrives_unchanged(kind: Up) -> None:
    raw = codec.encode_up(UP[kind])
    assert codec.decode_up(kind, raw, station_id=wire.STATION) == UP[kind]


def test_what_the_centre_signs_arrives_unchanged() -> None:
    assert codec.open_plan(sealed("plan"), wire.keys(), wire.STATION).message == wire.plan()
    assert codec.open_limits(sealed("limits"), wire.keys(), wire.STATION).message == wire.limits()
    opened = codec.open_order(sealed("order"), wire.keys(), frozenset({wire.STATION, "bac-ai"}))
    assert opened.message == wire.order()
    assert opened.claims == wire.claims(Purpose.ORDER)
    assert codec.open_ack(sealed("ack"), wire.keys(), wire.STATION).message == wire.ack()
    assert codec.open_chunk(sealed("chunk"), wire.keys(), wire.STATION).data == b"sound"


@pytest.mark.parametrize("kind", list(Up))
def test_messages_of_the_first_release_are_still_understood(kind: Up) -> None:
    raw = (GOLDEN / f"v1-{kind}.json").read_bytes().rstrip(b"\n")
    assert codec.decode_up(kind, raw, station_id=wire.STATION) == UP[kind]
    assert codec.encode_up(UP[kind]) == raw


@pytest.mark.parametrize("name", sorted(LATER))
def test_evidence_that_came_later_is_told_in_the_same_words(name: str) -> None:
    raw = (GOLDEN / name).read_bytes().rstrip(b"\n")
    assert codec.decode_up(Up.JOURNAL, raw, station_id=wire.STATION) == LATER[name]
    assert codec.encode_up(LATER[name]) == raw


def test_evidence_of_an_unknown_kind_arrives_whole_among_lines_that_are_understood() -> None:
    raw = (GOLDEN / "v1-journal-unread.json").read_bytes()
    message = codec.decode_up(Up.JOURNAL, raw, station_id=wire.STATION)
    assert isinstance(message, JournalBatch)
    strange, known = (entry.evidence for entry in message.entries)
    assert strange.model_dump(mode="json") == json.loads(raw)["entries"][0]["evidence"]
    assert known == wire.as_run()


def test_a_fact_of_an_unknown_code_is_kept_and_its_neighbours_are_understood() -> None:
    document = json.loads(codec.encode_up(LATER["v1-journal-trace.json"]))
    facts = document["entries"][1]["evidence"]["facts"]
    facts.append({"code": "microphone", "at": "2026-11-24T22:30:30Z", "level_dbfs": -31})
    message = codec.decode_up(Up.JOURNAL, json.dumps(document).encode(), station_id=wire.STATION)
    assert isinstance(message, JournalBatch)
    trace = message.entries[1].evidence
    assert isinstance(trace, TraceEntry)
    assert [fact.code for fact in trace.facts[-2:]] == [FactCode.PLAYED, "microphone"]


def test_a_trace_says_only_what_it_has_to_say() -> None:
    fact = wire.fact(FactCode.WINDOW_CLOSED)
    assert set(fact.model_dump(mode="json")) == {"code", "at"}
    assert set(wire.fact("clock", is_sure=False).model_dump()) == {"code", "at", "is_sure"}


@pytest.mark.parametrize(
    "evidence",
    [
        {"kind": "listening", "level": float("nan")},
        {"kind": "listening", "half": "\ud800"},
        {"kind": "Not a code"},
        {"kind": ["listening"]},
        {"kind": None},
        {},
        [],
        wire.trace().model_dump(mode="json")
        | {"facts": [wire.fact("clock").model_dump(mode="json")] * 25},
    ],
    ids=[
        "no number",
        "half a letter",
        "no code",
        "a list of kinds",
        "no kind",
        "nothing",
        "a list",
        "too many facts",
    ],
)
def test_evidence_that_is_no_evidence_is_malformed(evidence: object) -> None:
    document = json.loads(codec.encode_up(wire.batch(wire.entry())))
    document["entries"][0]["evidence"] = evidence
    with pytest.raises(MalformedMessageError):
        codec.decode_up(Up.JOURNAL, json.dumps(document).encode(), station_id=wire.STATION)


def test_evidence_nested_without_end_is_malformed() -> None:
    document = json.loads(codec.encode_up(wire.batch(wire.entry())))
    deep: object = None
    for _ in range(400):
        deep = {"in": deep}
    document["entries"][0]["evidence"] = {"kind": "listening", "told": deep}
    with pytest.raises(MalformedMessageError):
        codec.decode_up(Up.JOURNAL, json.dumps(document).encode(), station_id=wire.STATION)


@pytest.mark.parametrize("name", SIGNED)
def test_envelopes_of_the_first_release_are_still_opened(name: str) -> None:
    raw = (GOLDEN / f"v1-{name}.bin").read_bytes()
    assert _open(name, raw) == _open(name, sealed(name))
    assert raw == sealed(name)


@pytest.mark.parametrize("name", SIGNED)
def test_one_flipped_bit_anywhere_is_a_bad_signature(name: str) -> None:
    raw = sealed(name)
    for position in range(0, len(raw), 7):
        spoilt = bytearray(raw)
        spoilt[position] ^= 1
        with pytest.raises(SignatureBadError):
            _open(name, bytes(spoilt))


def test_a_message_for_a_neighbour_is_refused() -> None:
    raw = codec.seal(
        wire.plan(station_id="bac-ai-phuoc-hoa"),
        wire.claims(Purpose.PLAN, audience="bac-ai-phuoc-hoa"),
        wire.signer(),
    )
    with pytest.raises(WrongAudienceError):
        codec.open_plan(raw, wire.keys(), wire.STATION)


def test_a_plan_that_names_another_station_than_its_signature_is_refused() -> None:
    raw = codec.seal(
        wire.plan(station_id="bac-ai-phuoc-hoa"), wire.claims(Purpose.PLAN), wire.signer()
    )
    with pytest.raises(WrongAudienceError):
        codec.open_plan(raw, wire.keys(), wire.STATION)


def test_limits_cannot_be_passed_off_as_a_plan() -> None:
    with pytest.raises(WrongAudienceError):
        codec.open_plan(sealed("limits"), wire.keys(), wire.STATION)


def test_the_exercise_key_cannot_sign_a_live_deed() -> None:
    drill = Signer.from_bytes(bytes(32), DeedKind.EXERCISE)
    live_claims = wire.claims(Purpose.ORDER, key_id=drill.key_id, kind=DeedKind.ACTUAL)
    raw = codec.seal(wire.order(), live_claims, drill)
    with pytest.raises(SignatureBadError):
        codec.open_order(raw, wire.keys(wire.signer(), drill), frozenset({wire.STATION}))


def test_a_key_that_signs_under_another_keys_name_is_refused() -> None:
    drill = Signer.from_bytes(bytes(32), DeedKind.EXERCISE)
    raw = codec.seal(wire.order(), wire.claims(Purpose.ORDER, kind=DeedKind.EXERCISE), drill)
    with pytest.raises(SignatureBadError):
        codec.open_order(raw, wire.keys(wire.signer(), drill), frozenset({wire.STATION}))


@pytest.mark.parametrize("version", [2, 0, "1", True, None])
def test_an_unknown_version_is_refused_by_name(version: object) -> None:
    document = json.loads(codec.encode_up(wire.link())) | {"v": version}
    with pytest.raises(UnsupportedError):
        codec.decode_up(Up.LINK, json.dumps(document).encode(), station_id=wire.STATION)


def test_an_unknown_order_is_refused_by_name_and_an_unknown_field_is_ignored() -> None:
    document = json.loads(sealed("order")[64:])
    document["message"]["colour"] = "red"
    opened = codec.open_order(
        wire.signer().sign(json.dumps(document).encode()), wire.keys(), frozenset({wire.STATION})
    )
    assert opened.message == wire.order()
    document["message"]["deed"] = {"deed": "self_destruct"}
    with pytest.raises(UnsupportedError):
        codec.open_order(
            wire.signer().sign(json.dumps(document).encode()),
            wire.keys(),
            frozenset({wire.STATION}),
        )


def test_the_sender_is_the_topic_whatever_the_body_says() -> None:
    with pytest.raises(WrongAudienceError):
        codec.decode_up(Up.LINK, codec.encode_up(wire.link()), station_id="bac-ai-phuoc-hoa")


@pytest.mark.parametrize("kind", list(Up))
def test_an_oversized_message_is_refused_before_it_is_parsed(kind: Up) -> None:
    with pytest.raises(OversizedError):
        codec.decode_up(kind, b" " * (codec.CAPS_BYTES[kind] + 1), station_id=wire.STATION)


@pytest.mark.parametrize("kind", list(Up))
def test_a_message_of_exactly_the_largest_size_is_read(kind: Up) -> None:
    raw = codec.encode_up(UP[kind])
    padded = raw + b" " * (codec.CAPS_BYTES[kind] - len(raw))
    assert codec.decode_up(kind, padded, station_id=wire.STATION) == UP[kind]


def test_a_signed_piece_of_exactly_a_piece_is_read() -> None:
    raw = codec.seal_chunk(
        transfer.chunk_header(wire.SHA, 0, codec.CHUNK_BYTES),
        bytes(codec.CHUNK_BYTES),
        wire.claims(Purpose.CHUNK),
        wire.signer(),
    )
    assert codec.open_chunk(raw, wire.keys(), wire.STATION).data == bytes(codec.CHUNK_BYTES)


def test_an_envelope_shorter_than_a_signature_is_malformed() -> None:
    with pytest.raises(MalformedMessageError):
        codec.open_plan(b"x" * 64, wire.keys(), wire.STATION)


@pytest.mark.parametrize(
    "body",
    [b"", b"abc", b"\x00\x00\xff\xff{}", b"\x00\x00\x00\x02[]", b"\x00\x00\x00\x02{}"],
    ids=["empty", "no length", "too long", "a list", "no claims"],
)
def test_a_signed_piece_with_a_broken_header_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        codec.open_chunk(wire.signer().sign(body or b"\x00"), wire.keys(), wire.STATION)


def test_an_exercise_key_sends_no_sound() -> None:
    exercise = wire.signer(DeedKind.EXERCISE)
    claims = wire.claims(Purpose.CHUNK, key_id=exercise.key_id, kind=DeedKind.EXERCISE)
    raw = codec.seal_chunk(transfer.chunk_header(wire.SHA, 0, 3), b"abc", claims, exercise)
    with pytest.raises(SignatureBadError):
        codec.open_chunk(raw, wire.keys(exercise), wire.STATION)


def test_a_signed_piece_longer_than_a_piece_is_oversized() -> None:
    raw = codec.seal_chunk(
        transfer.chunk_header(wire.SHA, 0, 70_000),
        bytes(codec.CHUNK_BYTES + 1),
        wire.claims(Purpose.CHUNK),
        wire.signer(),
    )
    with pytest.raises(OversizedError):
        codec.open_chunk(raw, wire.keys(), wire.STATION)


def test_a_signed_body_without_a_message_is_malformed() -> None:
    document = json.loads(sealed("plan")[64:])
    del document["message"]
    with pytest.raises(MalformedMessageError):
        codec.open_plan(
            wire.signer().sign(json.dumps(document).encode()), wire.keys(), wire.STATION
        )


@pytest.mark.parametrize("name", SIGNED)
@given(raw=st.binary(max_size=300))
@settings(max_examples=60)
def test_signed_garbage_raises_nothing_but_a_protocol_error(name: str, raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        _open(name, wire.signer().sign(raw or b"{"))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["v", "station_id", "entries", "clock", "level", "deed", "reasons"])
            | st.text(max_size=8),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(kind=st.sampled_from(list(Up)), value=_JSON | st.binary(max_size=200))
def test_whatever_a_stolen_station_sends_is_a_message_or_a_protocol_error(
    kind: Up, value: object
) -> None:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        message = codec.decode_up(kind, raw, station_id=wire.STATION)
    except ProtocolError:
        return
    assert codec.decode_up(kind, codec.encode_up(message), station_id=wire.STATION) == message


@given(data=st.data())
def test_a_changed_field_gives_a_message_or_a_protocol_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(Up)))
    document = json.loads(codec.encode_up(UP[kind]))
    field = data.draw(st.sampled_from(sorted(document)))
    document[field] = data.draw(_JSON)
    try:
        codec.decode_up(kind, json.dumps(document).encode(), station_id=wire.STATION)
    except ProtocolError:
        return


@given(kind=st.sampled_from(["trace", "listening", "as_run"]), value=_JSON, data=st.data())
def test_whatever_a_stolen_station_calls_evidence_is_kept_as_it_is_or_refused(
    kind: str, value: object, data: st.DataObject
) -> None:
    """What was taken can always be written down: in the database, and on the wire again."""
    document = json.loads(codec.encode_up(LATER["v1-journal-trace.json"]))
    evidence = document["entries"][data.draw(st.sampled_from([0, 1]))]["evidence"]
    evidence |= {data.draw(st.sampled_from([*evidence, "told", "facts"])): value, "kind": kind}
    try:
        message = codec.decode_up(
            Up.JOURNAL, json.dumps(document).encode(), station_id=wire.STATION
        )
    except ProtocolError:
        return
    assert isinstance(message, JournalBatch)
    for entry in message.entries:
        json.dumps(entry.evidence.model_dump(mode="json"), allow_nan=False)
    again = codec.decode_up(Up.JOURNAL, codec.encode_up(message), station_id=wire.STATION)
    assert again == message


@pytest.mark.soak
@given(data=st.data())
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
def test_twenty_thousand_inputs_raise_nothing_but_protocol_errors(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([*Up, *SIGNED]))
    value = data.draw(_JSON | st.binary(max_size=400))
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    with contextlib.suppress(ProtocolError):
        if isinstance(kind, Up):
            codec.decode_up(kind, raw, station_id=wire.STATION)
        else:
            _open(kind, wire.signer().sign(raw))


ODD: tuple[object, ...] = (
    *(None, True, False, 0, 1.0, 1.5, -1, 2, 2**70, float("inf"), float("nan")),
    *("", "1", "x", "\ud800", "2026-11-25T21:30:00Z", "2026-11-25T21:30:00", 1_700_000_000),
    *([], [1, 1], {}, {"deed": "none"}, [[[[]]]]),
)


def _places(document: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in document.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _places(value, (*above, name))


def _spoilt(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with anything anywhere, or with something left out or added."""
    for place in _places(document):
        for odd in (*ODD, ...):
            made = copy.deepcopy(document)
            inside = made
            for name in place[:-1]:
                inside = inside[name]
            if odd is ...:
                inside["unheard_of"] = inside.pop(place[-1])
            else:
                inside[place[-1]] = odd
            yield made


def _said_of(raw: bytes, *, at_one_go: bool) -> object:
    keys, audiences = wire.keys(), frozenset({wire.STATION})
    try:
        if at_one_go:
            return codec.open_order(raw, keys, audiences)
        return codec._open_as(codec.Down.ORDER, codec.Order, raw, keys, audiences)
    except ProtocolError as error:
        return error.reason, str(error)


@pytest.mark.parametrize("deed", ["order", "emergency"])
def test_an_order_read_at_one_go_is_what_it_is_piece_by_piece(deed: str) -> None:
    right = json.loads(sealed(deed)[codec.SIGNATURE_BYTES :])
    for document in (right, *_spoilt(right)):
        raw = wire.signer().sign(json.dumps(document).encode())
        assert _said_of(raw, at_one_go=True) == _said_of(raw, at_one_go=False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"message": {}, "message": 1}',
        sealed("order")[codec.SIGNATURE_BYTES :] + b" x",
        sealed("order")[codec.SIGNATURE_BYTES :].replace(b'"v":1', b'"v":2,"v":1'),
        sealed("order")[codec.SIGNATURE_BYTES :].replace(b'"v":1', b'"v":1,"v":2'),
        sealed("order")[codec.SIGNATURE_BYTES :].replace(b'"v":1', b'"v":1,"x":' + b"[" * 300),
        sealed("order")[codec.SIGNATURE_BYTES :].replace(
            b'"v":1', b'"v":1,"x":' + b"[" * 300 + b"]" * 300
        ),
        sealed("order")[codec.SIGNATURE_BYTES :].decode().encode("utf-16"),
    ],
)
def test_whatever_is_signed_is_told_the_same_at_one_go_and_piece_by_piece(body: bytes) -> None:
    raw = wire.signer().sign(body)
    assert _said_of(raw, at_one_go=True) == _said_of(raw, at_one_go=False)


def test_the_words_of_an_order_are_its_bytes_or_refused() -> None:
    deed = wire.emergency()
    sound = deed.sound
    assert sound is not None
    assert sound.data is not None
    assert codec.words_of(sound) == base64.b64decode(sound.data)
    assert codec.words_of(sound.model_copy(update={"data": None})) is None
    for wrong in ("", "AAAA", "!", sound.data[:-1] + "A", sound.data[:-3]):
        with pytest.raises(MalformedMessageError):
            codec.words_of(sound.model_copy(update={"data": wrong}))
