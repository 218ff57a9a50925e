"""An emergency at the player: it waits for no disk, no queue and no other sound."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from station_agent.player import library, wall
from station_agent.player.attention import AttentionSource, signal_cycle
from station_agent.player.port import (
    Attention,
    CheckedFile,
    Cue,
    EndCause,
    Ended,
    Frames,
    Position,
    Prepared,
    Sound,
    Tone,
    Underrun,
)
from station_protocol.vocabulary import Reason
from tests.support.cards import Bench, FakeClocks, FragileCard

PERIOD = timedelta(milliseconds=512 / 48)
ALERT = "alert"
NOWHERE = CheckedFile(Path("nowhere"), hashlib.sha256(b"words").hexdigest())


def alert(*sounds: Sound) -> Cue:
    return Cue(ALERT, sounds, None, is_urgent=True)


def sound_now(bench: Bench, cue: Cue) -> None:
    """As the shell does it for one batch of the core."""
    bench.player.sound(cue, replaces=True)


@pytest.mark.parametrize("seed", range(12))
def test_from_idle_it_sounds_within_a_period(seed: int) -> None:
    bench = Bench(seed=seed)
    bench.run(1)
    asked_at = bench.clocks.now()
    sound_now(bench, alert(Attention(1_000)))
    bench.run(2)
    assert bench.first(ALERT).started_at - asked_at < PERIOD + timedelta(milliseconds=1)
    assert bench.ended(ALERT) == Ended(ALERT, EndCause.PLAYED, 1_000)


@pytest.mark.parametrize("seed", range(12))
def test_on_air_it_sounds_within_two_periods_whatever_is_queued(seed: int) -> None:
    bench = Bench(seed=seed)
    bench.player.prepare(Cue("news", (Tone(20_000),), None))
    bench.player.start("news")
    bench.run(3 + seed * 0.013)
    asked_at = bench.clocks.now()
    sound_now(bench, alert(Attention(1_000)))
    bench.run(2)
    assert bench.first(ALERT).started_at - asked_at < 2 * PERIOD + timedelta(milliseconds=1)
    assert bench.ended("news").cause is EndCause.STOPPED


def test_the_last_moment_of_another_sound_does_not_hold_it_up() -> None:
    bench = Bench()
    bench.player.prepare(Cue("news", (Tone(2_000),), None))
    bench.player.start("news")
    bench.run(1.985)
    asked_at = bench.clocks.now()
    sound_now(bench, alert(Attention(500)))
    bench.run(2)
    assert bench.first(ALERT).started_at - asked_at < 2 * PERIOD + timedelta(milliseconds=1)


def test_it_does_not_wait_for_files_that_are_still_being_read() -> None:
    reading: list[Callable[[], None]] = []
    bench = Bench(aside=reading.append)
    sound_now(bench, alert(Attention(500), Tone(500), NOWHERE))
    asked_at = bench.clocks.now()
    bench.run(0.3)
    assert bench.told(Prepared) == [Prepared(ALERT)]
    assert bench.first(ALERT).started_at - asked_at < PERIOD + timedelta(milliseconds=1)
    assert len(reading) == 1


class _Watched(FragileCard):
    """Remembers when it was asked where it is, and tells no instants: as a real card."""

    def __init__(self, *, seed: int, clock: FakeClocks) -> None:
        super().__init__(seed=seed, clock=clock)
        self.looks_ns: list[int] = []
        self._clocks = clock

    def position(self) -> Position:
        self.looks_ns.append(self._clocks.mono)
        return super().position()

    def instant_of(self, frame: int) -> None:
        return None


def _watched(seed: int) -> tuple[Bench, _Watched]:
    clocks = FakeClocks()
    card = _Watched(seed=seed, clock=clocks)
    return Bench(clocks=clocks, sink=card), card


@pytest.mark.parametrize("seed", range(8))
def test_its_first_moment_is_disturbed_by_nothing_and_told_sharply_all_the_same(seed: int) -> None:
    bench, card = _watched(seed)
    asked_ns = bench.clocks.mono
    sound_now(bench, alert(Attention(6_000)))
    bench.run(2)
    assert not [one for one in card.looks_ns if one - asked_ns < 150_000_000]
    began_ns = card.onsets_ns[0] + wall.offset_ns(bench.clocks)
    told = bench.first(ALERT).started_at
    assert abs(told - wall.from_ns(began_ns)) < timedelta(milliseconds=0.5)


def test_a_stop_in_its_first_moment_is_obeyed_at_once() -> None:
    bench, _ = _watched(3)
    sound_now(bench, alert(Attention(6_000)))
    bench.run(0.05)
    bench.player.stop(ALERT, 0)
    bench.run(0.01)
    assert bench.ended(ALERT).cause is EndCause.STOPPED
    assert 20 <= bench.ended(ALERT).sounded_ms <= 60


def test_until_the_words_are_here_the_signal_goes_on_and_is_counted() -> None:
    reading: list[Callable[[], None]] = []
    bench = Bench(aside=reading.append)
    sound_now(bench, alert(Attention(500), NOWHERE))
    bench.run(3)
    heard = np.abs(bench.card.kept())
    quiet = np.convolve(heard[48:], np.ones(480), "valid").min()
    assert quiet > 0, "the signal breaks off"
    reading[0]()
    bench.run(2)
    ending = bench.ended(ALERT)
    assert (ending.cause, ending.reason) == (EndCause.FAILED, Reason.OFFLINE_NO_FILE)
    assert 3_000 <= ending.sounded_ms <= 5_100  # what was queued by then


def test_a_file_that_is_not_resident_is_read_first_when_it_is_all_there_is() -> None:
    reading: list[Callable[[], None]] = []
    bench = Bench(aside=reading.append)
    sound_now(bench, alert(NOWHERE))
    bench.run(0.5)
    assert not bench.card.onsets_ns
    reading[0]()
    bench.run(0.5)
    assert bench.ended(ALERT) == Ended(
        ALERT, EndCause.FAILED, 0, Reason.OFFLINE_NO_FILE, f"{NOWHERE.sha256} is not here"
    )


@pytest.mark.parametrize(("signal_ms", "words_by_ms"), [(6_000, 6_000), (2_000, 2_000), (500, 500)])
def test_nothing_is_decoded_while_a_signal_begins_and_no_gap_before_the_words(
    signal_ms: int, words_by_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_at: list[timedelta] = []
    bench = Bench()
    began = bench.clocks.now()
    original = library.tone

    def tone(pitch_hz: float, duration_ms: int) -> Frames:
        opened_at.append(bench.clocks.now() - began)
        return original(pitch_hz, duration_ms)

    monkeypatch.setattr(library, "tone", tone)
    sound_now(bench, alert(Attention(signal_ms), Tone(1_000)))
    bench.run(9)
    assert bench.ended(ALERT) == Ended(ALERT, EndCause.PLAYED, signal_ms + 1_000)
    assert not bench.told(Underrun)
    (opened,) = opened_at
    assert opened < timedelta(milliseconds=words_by_ms)
    if signal_ms >= 2_000:
        assert opened > timedelta(milliseconds=450)


def test_an_alert_cuts_an_alert() -> None:
    bench = Bench()
    bench.player.prepare(Cue("first", (Attention(9_000),), None, is_urgent=True))
    bench.player.start("first", replaces=True)
    bench.run(2)
    asked_at = bench.clocks.now()
    sound_now(bench, alert(Attention(500)))
    bench.run(2)
    assert bench.first(ALERT).started_at - asked_at < 2 * PERIOD + timedelta(milliseconds=1)
    assert 1_950 <= bench.ended("first").sounded_ms <= 2_010


def test_a_prepared_alert_has_the_device_open_before_it_is_let_go() -> None:
    bench = Bench()
    bench.player.prepare(alert(Attention(500)))
    bench.run(1)
    assert bench.card.stream_number == 1
    assert not bench.card.onsets_ns


# --- the signal -----------------------------------------------------------------------------------


def read_all(source: AttentionSource, step: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    blocks = []
    while len(block := source.read(step)):
        blocks.append(block)
    return np.concatenate(blocks)


@pytest.mark.parametrize("step", [1, 97, 512, 100_000])
def test_the_signal_is_the_same_in_whatever_pieces_it_is_read(step: int) -> None:
    whole = read_all(AttentionSource(1_700 if step > 1 else 20), 50_000)
    assert np.array_equal(read_all(AttentionSource(1_700 if step > 1 else 20), step), whole)


def test_the_signal_has_its_length_and_soft_ends_and_begins_with_its_first_frame() -> None:
    signal = read_all(AttentionSource(3_000), 4_800)
    assert len(signal) == 144_000
    assert signal[0] != 0
    assert np.abs(signal[:20]).max() < 1_000
    assert np.abs(signal[-20:]).max() < 1_000


def test_the_signal_has_two_tones_and_no_click_between_them() -> None:
    cycle = signal_cycle().astype(np.float64)
    halves = np.split(cycle, 2)
    strongest = [np.abs(np.fft.rfft(half)).argmax() / (len(half) / 48_000) for half in halves]
    assert strongest == [720, 960]
    steps = np.abs(np.diff(np.concatenate([cycle, cycle[:1]])))
    seams = [len(cycle) // 2 - 1, len(cycle) - 1]
    assert max(steps[seam] for seam in seams) <= steps.max() * 1.01
