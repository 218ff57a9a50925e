"""The button at the station: silence at once, told as what it was, and nothing else changed."""

from __future__ import annotations

from datetime import timedelta

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import Outcome, Reason
from tests.support import wire as build
from tests.support.rig import in_minutes, online, signed_order, slot


def test_the_button_ends_what_sounds_and_the_evidence_says_who_did() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    effects = rig.tell(ev.StopPressed())
    assert any(isinstance(effect, do.Stop) for effect in effects)
    rig.run(5)
    (line,) = rig.evidence(wire.AsRunEntry)
    assert (line.outcome, line.reason) == (Outcome.CUT_SHORT, Reason.STOPPED_AT_STATION)
    assert 9_000 <= line.played_ms <= 11_000


def test_the_button_ends_this_slot_only() -> None:
    rig = online(slot(1, in_minutes(2)), slot(2, in_minutes(4)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.tell(ev.StopPressed())
    rig.run_until(in_minutes(5))
    assert rig.outcome(2) == (Outcome.AIRED, None)


def test_the_slot_that_was_stopped_does_not_sound_again_after_a_restart() -> None:
    rig = online(slot(1, in_minutes(2)))
    rig.run_until(in_minutes(2) + timedelta(seconds=10))
    rig.tell(ev.StopPressed())
    rig.reboot()
    rig.connect()
    rig.run_until(in_minutes(6))
    assert len(rig.heard) == 1


def test_the_button_ends_the_test_tone() -> None:
    rig = online()
    tone = wire.TestToneDeed(seconds=10)
    rig.tell(signed_order(tone, not_before=build.NOW, not_after=in_minutes(60)))
    rig.run(3)
    rig.tell(ev.StopPressed())
    rig.run(2)
    assert rig.heard[0].played_ms < 5_000


def test_the_button_in_silence_changes_nothing() -> None:
    rig = online(slot(1, in_minutes(2)))
    before = len(rig.store.entries)
    rig.tell(ev.StopPressed())
    rig.run(5)
    assert len(rig.store.entries) == before
    rig.run_until(in_minutes(3))
    assert rig.outcome(1) == (Outcome.AIRED, None)


def test_an_emergency_that_repeats_is_silent_now_and_sounds_again_at_its_next_turn() -> None:
    rig = online()
    deed = build.emergency(
        sound=None,
        attention_ms=20_000,
        repeat_every_s=120,
        replaces=(),
        until_at=in_minutes(30),
    )
    rig.tell(signed_order(deed, not_before=build.NOW, not_after=in_minutes(60)))
    rig.run(5)
    assert len(rig.heard) == 1
    rig.tell(ev.StopPressed())
    rig.run(5)
    assert rig.heard[0].played_ms < 10_000
    (line,) = rig.evidence(wire.AsRunEntry)
    assert (line.outcome, line.reason) == (Outcome.CUT_SHORT, Reason.STOPPED_AT_STATION)
    rig.run(120)
    assert len(rig.heard) == 2
