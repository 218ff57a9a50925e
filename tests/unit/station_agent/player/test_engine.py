"""What a listener under the horns would notice of the player."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from station_agent.player import stream
from station_agent.player.port import (
    Cue,
    DeviceBack,
    DeviceLost,
    EndCause,
    Ended,
    FirstFrame,
    Frames,
    Position,
    Prepared,
    Progress,
    Tone,
    Underrun,
)
from station_protocol.vocabulary import Reason
from tests.support.cards import Bench

NEWS = "news"


def cue(bench: Bench, *, in_s: float | None, length_ms: int = 2_000, play_id: str = NEWS) -> Cue:
    due_at = None if in_s is None else bench.in_s(in_s)
    return Cue(play_id, (Tone(length_ms),), due_at)


def armed(bench: Bench, a_cue: Cue, *, replaces: bool = False) -> Cue:
    bench.player.prepare(a_cue)
    bench.player.start(a_cue.play_id, replaces=replaces)
    return a_cue


@pytest.mark.parametrize("seed", range(12))
def test_the_first_frame_sounds_at_the_due_instant(seed: int) -> None:
    bench = Bench(seed=seed)
    a_cue = armed(bench, cue(bench, in_s=5.0))
    bench.run(8)
    assert a_cue.due_at is not None
    assert abs(bench.onset_error_ms(a_cue.due_at)) < 0.05
    assert bench.first(NEWS).error_ms == pytest.approx(bench.onset_error_ms(a_cue.due_at), abs=0.05)


def test_a_thread_that_wakes_up_late_does_not_make_the_sound_late() -> None:
    for seed in range(6):
        bench = Bench(seed=seed, lateness_s=0.07)
        a_cue = armed(bench, cue(bench, in_s=5.0))
        bench.run(8)
        assert a_cue.due_at is not None
        assert abs(bench.onset_error_ms(a_cue.due_at)) < 0.25


def test_a_player_that_ignores_the_position_report_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant: frames since opening, by our own clock, instead of what the card says."""

    begun: dict[object, int] = {}

    def by_the_clock(self: stream.CardStream, instant_ns: int) -> int:
        begun_ns = begun.setdefault(self, self._clock.monotonic_ns())
        return round((instant_ns - begun_ns) * 48_000 / 1_000_000_000)

    monkeypatch.setattr(stream.CardStream, "frame_at", by_the_clock)
    errors = []
    for seed in range(12):
        bench = Bench(seed=seed)
        a_cue = armed(bench, cue(bench, in_s=5.0))
        bench.run(9)
        assert a_cue.due_at is not None
        errors.append(abs(bench.onset_error_ms(a_cue.due_at)))
    assert max(errors) > 1.0


def test_everything_that_sounded_is_counted() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=5.0, length_ms=2_000))
    bench.run(9)
    assert bench.ended(NEWS) == Ended(NEWS, EndCause.PLAYED, 2_000)
    assert [each.sounded_ms // 1000 for each in bench.told(Progress)] == [1, 2]


def test_the_device_is_closed_until_five_seconds_before(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=30.0))
    bench.run(24.5)
    assert bench.card.stream_number == 0
    bench.run(1)
    assert bench.card.stream_number == 1
    bench.run(10)
    assert bench.card.instant_of(0) is None


def test_a_cue_that_was_never_started_stays_silent() -> None:
    bench = Bench()
    bench.player.prepare(cue(bench, in_s=5.0))
    bench.run(70)
    assert bench.told(Prepared) == [Prepared(NEWS)]
    assert not bench.told(FirstFrame)
    assert not bench.card.onsets_ns


def test_a_start_after_the_instant_sounds_at_once() -> None:
    bench = Bench()
    late = cue(bench, in_s=1.0)
    bench.player.prepare(late)
    bench.run(4)
    bench.player.start(NEWS)
    bench.run(1)
    error_ms = bench.first(NEWS).error_ms
    assert error_ms is not None
    assert 3_000 <= error_ms <= 3_030


def test_a_cue_without_an_instant_sounds_at_once() -> None:
    bench = Bench()
    asked_at = bench.clocks.now()
    armed(bench, cue(bench, in_s=None))
    bench.run(1)
    assert bench.first(NEWS).error_ms is None
    assert bench.first(NEWS).started_at - asked_at < timedelta(milliseconds=15)


def test_a_clock_step_before_the_instant_is_followed() -> None:
    bench = Bench()
    a_cue = armed(bench, cue(bench, in_s=8.0))
    bench.run(2)
    bench.clocks.step_wall(3.0)
    bench.run(6)
    assert a_cue.due_at is not None
    assert abs(bench.onset_error_ms(a_cue.due_at)) < 0.25


def test_a_cue_prepared_again_keeps_only_its_new_instant() -> None:
    bench = Bench()
    bench.player.prepare(cue(bench, in_s=3.0))
    bench.run(1)
    again = armed(bench, cue(bench, in_s=6.0))
    bench.run(12)
    assert again.due_at is not None
    assert abs(bench.onset_error_ms(again.due_at)) < 0.25
    assert len(bench.told(FirstFrame)) == len(bench.told(Ended)) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_a_cue_prepared_again_while_its_files_are_read_is_prepared_once(order: int) -> None:
    reading: list[Callable[[], None]] = []
    bench = Bench(aside=reading.append)
    bench.player.prepare(cue(bench, in_s=3.0))
    bench.player.turn()
    again = armed(bench, cue(bench, in_s=6.0))
    bench.player.turn()
    for read in reading[::order]:
        read()
    bench.run(9)
    assert len(bench.told(Prepared)) == len(bench.told(Ended)) == 1
    assert again.due_at is not None
    assert abs(bench.onset_error_ms(again.due_at)) < 0.25


def test_a_cue_stopped_while_its_files_are_read_ends_once_and_stays_silent() -> None:
    reading: list[Callable[[], None]] = []
    bench = Bench(aside=reading.append)
    armed(bench, cue(bench, in_s=3.0))
    bench.player.turn()
    bench.player.stop(NEWS, 300)
    bench.player.turn()
    reading[0]()
    bench.run(6)
    assert bench.told(Ended) == [Ended(NEWS, EndCause.STOPPED, 0)]
    assert not bench.card.onsets_ns


def test_a_stop_fades_and_counts_what_was_heard() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=20_000))
    bench.run(5)
    bench.player.stop(NEWS, 300)
    bench.run(0.4)
    ending = bench.ended(NEWS)
    assert ending.cause is EndCause.STOPPED
    assert 3_290 <= ending.sounded_ms <= 3_320


def test_a_stop_in_the_last_second_still_stops() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=4_000))
    bench.run(5)
    bench.player.stop(NEWS, 300)
    bench.run(0.5)
    ending = bench.ended(NEWS)
    assert ending.cause is EndCause.STOPPED
    assert 3_290 <= ending.sounded_ms <= 3_320


def test_a_fade_goes_on_where_the_listener_was() -> None:
    bench = Bench()
    bench.player.prepare(Cue(NEWS, (Tone(1_000), Tone(5_000)), None))
    bench.player.start(NEWS)
    bench.run(0.9)
    bench.player.stop(NEWS, 400)
    bench.run(1)
    heard = np.abs(bench.card.kept())
    first = int(np.flatnonzero(heard)[0])
    seam = heard[first + 46_000 : first + 50_000]  # the first tone ends softly after 48,000
    loudness = seam[: len(seam) // 48 * 48].reshape(-1, 48).max(axis=1)
    assert 46_000 + int(np.argmin(loudness)) * 48 == pytest.approx(48_000, abs=512)


def test_a_fade_leaves_no_step_in_the_sound() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=None, length_ms=20_000))
    bench.run(2)
    bench.player.stop(NEWS, 300)
    bench.run(1)
    heard = bench.card.kept()
    last = int(np.flatnonzero(heard)[-1])
    fade = np.abs(heard[last - 14_000 : last])
    assert fade[:2_000].max() > 7_000
    assert fade[-1_000:].max() < 700


def test_a_stop_without_a_fade_drops_what_is_queued() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=20_000))
    bench.run(5)
    bench.player.stop(NEWS, 0)
    bench.run(1)
    left_the_card = int(np.count_nonzero(bench.card.kept())) * 48 / 46
    assert bench.ended(NEWS).sounded_ms * 48 == pytest.approx(left_the_card - 60, abs=60)
    assert 2_980 <= bench.ended(NEWS).sounded_ms <= 3_020


def test_a_cue_stopped_before_its_start_ends_unheard_once() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=5.0))
    bench.run(2)
    bench.player.stop(NEWS, 300)
    bench.run(6)
    assert bench.told(Ended) == [Ended(NEWS, EndCause.STOPPED, 0)]
    assert not bench.card.onsets_ns


def test_one_cue_follows_another_without_a_gap() -> None:
    bench = Bench()
    first = armed(bench, cue(bench, in_s=5.0, length_ms=3_000, play_id="first"))
    assert first.due_at is not None
    bench.run(3)
    armed(bench, Cue("second", (Tone(2_000),), first.due_at + timedelta(seconds=1)))
    bench.run(9)
    assert bench.ended("first").cause is EndCause.PLAYED
    behind = bench.first("second").started_at - bench.first("first").started_at
    assert abs(behind - timedelta(seconds=3)) < timedelta(milliseconds=1)
    assert len(bench.card.onsets_ns) == 1


def test_a_cue_that_replaces_another_finds_silence_at_its_instant() -> None:
    bench = Bench()
    first = armed(bench, cue(bench, in_s=5.0, length_ms=30_000, play_id="first"))
    assert first.due_at is not None
    bench.run(3)
    second = Cue("second", (Tone(2_000),), first.due_at + timedelta(seconds=4))
    armed(bench, second, replaces=True)
    bench.run(10)
    ending = bench.ended("first")
    assert ending.cause is EndCause.STOPPED
    assert 3_990 <= ending.sounded_ms <= 4_000
    assert abs(bench.first("second").error_ms or 0.0) < 0.25
    order = [each.play_id for each in bench.events if isinstance(each, FirstFrame | Ended)]
    assert order == ["first", "first", "second", "second"]


def test_a_late_cue_that_replaces_does_not_wait_for_the_queue() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=30_000, play_id="first"))
    bench.run(5)
    asked_at = bench.clocks.now()
    armed(bench, cue(bench, in_s=None, play_id="alert"), replaces=True)
    bench.run(1)
    assert bench.first("alert").started_at - asked_at < timedelta(milliseconds=26)
    assert bench.ended("first").cause is EndCause.STOPPED


def test_a_process_that_slept_over_the_instant_plays_late_and_says_so() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=5.0, length_ms=1_000))
    bench.run(3)
    bench.clocks.move(5)
    bench.run(4)
    error_ms = bench.first(NEWS).error_ms
    assert error_ms is not None
    assert 3_000 <= error_ms < 3_100
    assert bench.told(Underrun) == [Underrun(None)]
    assert bench.ended(NEWS).sounded_ms == 1_000


def test_a_dry_card_interrupts_but_loses_and_doubles_nothing() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=4_000))
    bench.run(3)
    bench.clocks.move(3)
    bench.run(6)
    assert bench.told(Underrun) == [Underrun(NEWS)]
    assert len(bench.told(FirstFrame)) == 1
    assert bench.ended(NEWS) == Ended(NEWS, EndCause.PLAYED, 4_000)


def test_a_card_that_runs_dry_before_it_was_looked_at_loses_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    written = iter(range(1_000))
    write = bench.card.write

    def stalls_behind_the_first(block: Frames) -> int:
        if next(written) == 1:
            bench.clocks.move(2)
        return write(block)

    monkeypatch.setattr(bench.card, "write", stalls_behind_the_first)
    bench.player.prepare(Cue(NEWS, (Tone(100), Tone(900)), None))
    bench.player.start(NEWS)
    bench.run(3)
    assert bench.told(Underrun) == [Underrun(NEWS)]
    assert bench.first(NEWS).error_ms is None
    assert bench.ended(NEWS) == Ended(NEWS, EndCause.PLAYED, 1_000)


def test_a_machine_that_stalls_again_and_again_still_plays_everything_once() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=6_000))
    for _ in range(12):
        bench.run(0.3)
        bench.clocks.move(3)
    bench.run(8)
    assert bench.ended(NEWS) == Ended(NEWS, EndCause.PLAYED, 6_000)
    heard = bench.card.kept()
    crosses_zero = 2  # of the 48 frames of one wave of the tone
    assert int(np.count_nonzero(heard)) == pytest.approx(6_000 * (48 - crosses_zero), abs=50)


def test_a_card_pulled_out_in_mid_play_ends_the_play_with_its_reason() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=20_000))
    bench.run(5)
    bench.card.is_missing = True
    bench.run(1)
    ending = bench.ended(NEWS)
    assert (ending.cause, ending.reason) == (EndCause.FAILED, Reason.AUDIO_DEVICE_MISSING)
    assert 2_900 <= ending.sounded_ms <= 4_000
    assert len(bench.told(DeviceLost)) == 1


def test_a_card_that_stands_still_is_as_good_as_gone() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=2.0, length_ms=60_000))
    bench.run(5)
    bench.card.stands_still_at = Position(bench.card.position().frames, 0, 0)
    bench.run(10)
    assert bench.told(DeviceLost)
    assert bench.ended(NEWS).reason is Reason.AUDIO_DEVICE_MISSING


def test_a_missing_card_is_told_at_once_and_given_up_ten_seconds_after_the_instant() -> None:
    bench = Bench()
    bench.card.is_missing = True
    armed(bench, cue(bench, in_s=5.0))
    bench.run(1)
    assert len(bench.told(DeviceLost)) == 1
    bench.run(13)
    assert not bench.told(Ended)
    bench.run(4)
    assert bench.ended(NEWS).reason is Reason.AUDIO_DEVICE_MISSING


def test_a_card_that_comes_back_in_time_is_used() -> None:
    bench = Bench()
    bench.card.is_missing = True
    a_cue = armed(bench, cue(bench, in_s=5.0))
    bench.run(2.5)
    bench.card.is_missing = False
    bench.run(8)
    assert len(bench.told(DeviceBack)) == 1
    assert a_cue.due_at is not None
    assert abs(bench.onset_error_ms(a_cue.due_at)) < 1.0


def test_a_late_cue_that_waits_to_be_let_go_has_the_missing_card_looked_for() -> None:
    bench = Bench()
    bench.card.is_missing = True
    armed(bench, cue(bench, in_s=0.0))
    bench.run(1)
    bench.player.prepare(cue(bench, in_s=None, play_id="waiting"))
    bench.run(12)
    bench.card.is_missing = False
    bench.run(3)
    assert len(bench.told(DeviceBack)) == 1


def test_volume_makes_it_quieter_and_full_volume_changes_no_sample() -> None:
    loud, soft = Bench(), Bench()
    soft.player.set_volume(50)
    for bench in (loud, soft):
        armed(bench, cue(bench, in_s=None))
        bench.run(0.5)
    assert bench.player.on_air() is not None
    assert loud.card.peak == pytest.approx(8_192, abs=2)
    assert soft.card.peak == pytest.approx(8_192 / 4, abs=2)


def test_what_is_on_air_can_be_asked_at_any_time() -> None:
    bench = Bench()
    armed(bench, cue(bench, in_s=5.0, length_ms=4_000))
    bench.run(1)
    assert bench.player.on_air() is None
    bench.run(6)
    now = bench.player.on_air()
    assert now is not None
    assert now.play_id == NEWS
    assert 1_700 <= now.sounded_ms <= 2_050
    bench.run(4)
    assert bench.player.on_air() is None
