"""The volume at the card is the one that was ordered, or people are told."""

from __future__ import annotations

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol import messages as wire
from station_protocol.vocabulary import StationHealth
from tests.support.rig import Rig, in_minutes, online, signed_limits, signed_order, slot


def sixty_percent() -> Rig:
    rig = online(slot(1, in_minutes(60)))
    rig.tell(signed_order(wire.VolumeDeed(percent=60)))
    rig.run(6)
    rig.asked.clear()
    return rig


def reads(rig: Rig, percent: int | None) -> None:
    rig.tell(ev.ProbesRead(volume_percent=percent, kernel_synchronised=True))


def told(rig: Rig) -> list[str]:
    faults = rig.evidence(wire.FaultEntry)
    return [fault.detail for fault in faults if fault.code == "volume_not_set"]


def health(rig: Rig) -> tuple[StationHealth, tuple[str, ...]]:
    assert rig.agent is not None
    return rig.agent.reporter.health


def test_a_volume_that_reads_as_it_was_set_is_left_alone() -> None:
    rig = sixty_percent()
    for percent in (60, 57, 64, None):
        reads(rig, percent)
    assert not told(rig)
    assert do.SetVolume(60) not in rig.asked


def test_a_volume_that_reads_otherwise_is_told_and_set_again() -> None:
    rig = sixty_percent()
    reads(rig, 100)
    assert told(rig) == ["set 60, reads 100"]
    assert rig.asked.count(do.SetVolume(60)) == 1
    assert health(rig) == (StationHealth.DEGRADED, ("volume_not_set",))
    rig.run(6)
    reads(rig, 60)
    assert health(rig)[0] is StationHealth.READY


def test_a_mixer_in_mute_is_a_volume_of_nothing() -> None:
    rig = sixty_percent()
    reads(rig, 0)
    assert told(rig) == ["set 60, reads 0"]


def test_a_reading_from_before_the_new_volume_took_hold_is_no_fault() -> None:
    rig = sixty_percent()
    rig.tell(signed_limits(1, volume_ceiling_percent=40))
    reads(rig, 60)
    assert not told(rig)
    rig.run(6)
    reads(rig, 60)
    assert told(rig) == ["set 40, reads 60"]


def test_somebody_who_keeps_turning_it_back_fills_one_line_an_hour() -> None:
    rig = sixty_percent()
    for _ in range(20):
        reads(rig, 90)
        rig.run(30)
    assert len(told(rig)) == 1
    assert rig.asked.count(do.SetVolume(60)) == 20
    rig.run(3_600)
    reads(rig, 90)
    assert len(told(rig)) == 2


def test_something_wired_that_fails_is_in_the_evidence() -> None:
    rig = sixty_percent()
    rig.tell(ev.HardwareFault("amplifier_missing", "pin 17: " + "x" * 400))
    (fault,) = rig.evidence(wire.FaultEntry)
    assert fault.code == "amplifier_missing"
    assert len(fault.detail) == 300
