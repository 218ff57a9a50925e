"""The real player, in real time, against the count of its virtual card."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from station_agent.player.library import Library
from station_agent.player.port import (
    CheckedFile,
    EndCause,
    Ended,
    FirstFrame,
    Tone,
    Underrun,
)
from station_agent.player.sinks.file import FileSink
from station_agent.player.sinks.null import NullSink
from station_agent.player.sounds import DecodedSource, SoundError, load
from station_protocol.vocabulary import Reason
from tests.support.deck import Deck
from tests.support.listening import recordings
from tests.support.recordings import write_opus
from tests.support.sound import find_offset, speech_like

RATE_HZ = 48_000


@pytest.fixture
def decks() -> Iterator[list[Deck]]:
    made: list[Deck] = []
    yield made
    for deck in made:
        deck.player.close()


# --- files ---


def test_an_opus_file_is_decoded_to_the_very_length_it_was_made_of(tmp_path: Path) -> None:
    sound = speech_like(7.3, rate_hz=RATE_HZ)
    path, sha256 = write_opus(tmp_path, sound)
    source = DecodedSource(load(CheckedFile(path, sha256)))
    blocks = []
    while len(block := source.read(4_800)):
        blocks.append(block)
        source.decode_ahead()
    source.close()
    decoded = np.concatenate(blocks)
    assert len(decoded) == len(sound)
    assert float(np.corrcoef(decoded, sound)[0, 1]) > 0.9


def test_two_files_are_joined_without_a_gap(tmp_path: Path) -> None:
    files = []
    for seed in (1, 2):
        path, sha256 = write_opus(tmp_path, speech_like(1.0, seed=seed, rate_hz=RATE_HZ))
        files.append(CheckedFile(path, sha256))
    joined = Library().loaded((files[0], Tone(500), files[1]))
    total = 0
    while len(block := joined.read(9_600)):
        total += len(block)
        joined.decode_ahead()
    joined.close()
    assert total == RATE_HZ * 5 // 2


def test_other_bytes_than_their_hash_are_not_played(tmp_path: Path, decks: list[Deck]) -> None:
    path, sha256 = write_opus(tmp_path, speech_like(1.0, rate_hz=RATE_HZ))
    flipped = bytearray(path.read_bytes())
    flipped[500] ^= 1
    path.write_bytes(bytes(flipped))
    decks.append(Deck(NullSink()))
    decks[0].play(CheckedFile(path, sha256))
    ended = decks[0].next(Ended)
    assert (ended.cause, ended.reason, ended.sounded_ms) == (
        EndCause.FAILED,
        Reason.FILE_CORRUPT,
        0,
    )


def test_a_file_that_is_gone_is_told(tmp_path: Path, decks: list[Deck]) -> None:
    decks.append(Deck(NullSink()))
    decks[0].play(CheckedFile(tmp_path / "nothing", "ab" * 32))
    assert decks[0].next(Ended).reason is Reason.OFFLINE_NO_FILE


@pytest.mark.parametrize("raw", [b"", b"not sound at all" * 100, b"OggS" + b"\0" * 3_000])
def test_bytes_that_are_no_sound_are_refused(raw: bytes) -> None:
    with pytest.raises(SoundError):
        DecodedSource(raw)


# --- time ---


@pytest.mark.real
def test_twenty_plays_begin_where_their_instant_is(tmp_path: Path, decks: list[Deck]) -> None:
    errors_ms = []
    for group in range(4):
        playing = []
        for number in range(5):
            card = NullSink(seed=group * 5 + number)
            deck = Deck(card)
            decks.append(deck)
            playing.append((deck, card, deck.play(Tone(300), in_s=2.2)))
        for deck, card, cue in playing:
            first = deck.next(FirstFrame)
            offset_ns = time.time_ns() - time.monotonic_ns()
            assert cue.due_at is not None
            due_ns = round(cue.due_at.timestamp() * 1e6) * 1000
            counted_ms = (card.onsets_ns[0] + offset_ns - due_ns) / 1e6
            assert first.error_ms == pytest.approx(counted_ms, abs=0.5)
            errors_ms.append(abs(counted_ms))
    errors_ms.sort()
    assert errors_ms[10] <= 1.0, errors_ms
    assert errors_ms[18] <= 50.0, errors_ms


@pytest.mark.real
def test_the_recording_holds_the_sound_at_its_instant(tmp_path: Path, decks: list[Deck]) -> None:
    sound = speech_like(3.0, rate_hz=RATE_HZ)
    path, sha256 = write_opus(tmp_path / "cache", sound)
    deck = Deck(FileSink(tmp_path / "out" / "horn.wav", seed=5))
    decks.append(deck)
    cue = deck.play(CheckedFile(path, sha256), in_s=2.0)
    assert deck.next(Ended).sounded_ms == 3_000
    deck.player.close()
    (recording,) = recordings(tmp_path / "out")
    at_s, likeness = find_offset(recording.samples, sound)
    assert likeness > 0.9
    assert cue.due_at is not None
    assert abs(recording.instant(at_s * RATE_HZ) - cue.due_at) < timedelta(milliseconds=50)


@pytest.mark.real
def test_a_recording_keeps_its_time_line_over_a_dry_card(tmp_path: Path, decks: list[Deck]) -> None:
    sound = speech_like(4.0, rate_hz=RATE_HZ)
    path, sha256 = write_opus(tmp_path / "cache", sound)
    deck = Deck(FileSink(tmp_path / "horn.wav", seed=6))
    decks.append(deck)
    deck.play(CheckedFile(path, sha256), in_s=0.5)
    started_at = deck.next(FirstFrame).started_at
    deck.player._wish(lambda: time.sleep(2.6))  # longer than what the card has queued
    deck.next(Underrun)
    assert deck.next(Ended).sounded_ms == 4_000
    deck.player.close()
    (recording,) = recordings(tmp_path)
    at_s, likeness = find_offset(recording.samples, sound[-RATE_HZ:])
    assert likeness > 0.9
    assert recording.instant(at_s * RATE_HZ) - started_at > timedelta(seconds=3.1)
    assert recording.instant(len(recording.samples)) <= datetime.now(UTC) + timedelta(seconds=1)


_PLAYS_FOR_EVER = """
import sys, time
from pathlib import Path
from station_agent.player.engine import PlayerEngine
from station_agent.player.port import Cue, FirstFrame, Progress, Tone
from station_agent.player.sinks.file import FileSink

def say(event):
    if isinstance(event, Progress):
        print(event.sounded_ms, flush=True)

player = PlayerEngine(FileSink(Path(sys.argv[1])), say)
player.run_thread()
player.prepare(Cue("news", (Tone(60_000),), None))
player.start("news")
time.sleep(60)
"""


@pytest.mark.real
def test_a_recording_cut_off_by_kill_9_can_be_read(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _PLAYS_FOR_EVER, str(tmp_path / "horn.wav")],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdout is not None
    heard_ms = 0
    while heard_ms < 3_000:
        heard_ms = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (recording,) = recordings(tmp_path)
    assert len(recording.samples) >= 1.9 * RATE_HZ
    assert float(np.abs(recording.samples[RATE_HZ:]).max()) > 0.2
