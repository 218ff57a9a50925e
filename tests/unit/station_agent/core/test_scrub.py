"""Every held sound is looked at once a week, spread out, whatever the power does."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

from station_agent.core import effects as do
from station_agent.core.scrub import due_at
from station_protocol import messages as wire
from tests.support import wire as build
from tests.support.rig import Rig, in_minutes, online, sha, signed_plan, slot

DAY_S = 86_400
SOUNDS = tuple(f"{n * 0x0C0FFEE1 % 2**32:08x}" + "0" * 56 for n in range(1, 41))
"""Names spread over the alphabet as those of real sounds are."""


def holding(*names: str) -> Rig:
    rig = Rig()
    rig.store.files = dict.fromkeys(names, 1_000)
    return rig.boot().connect()


def live(rig: Rig, seconds: float, step_s: int = 1_800) -> None:
    """Let time pass in wide steps: a week second by second would take a minute."""
    for _ in range(round(seconds) // step_s):
        rig.true += timedelta(seconds=step_s - 1)
        rig.mono_ms += (step_s - 1) * 1_000
        rig.run(1)


def looked_at(rig: Rig) -> list[str]:
    return [effect.sha256 for effect in rig.asked if isinstance(effect, do.CheckAsset)]


def test_every_held_sound_is_looked_at_once_in_a_week() -> None:
    rig = holding(*SOUNDS)
    live(rig, 7 * DAY_S)
    assert Counter(looked_at(rig)) == Counter(SOUNDS)
    live(rig, 7 * DAY_S + 1_800)
    assert Counter(looked_at(rig)) == Counter(SOUNDS * 2)


def test_the_looks_are_spread_over_the_week() -> None:
    rig = holding(*SOUNDS)
    counts = []
    for _ in range(7):
        before = len(looked_at(rig))
        live(rig, DAY_S)
        counts.append(len(looked_at(rig)) - before)
    assert max(counts) <= 9
    assert min(counts) >= 2


def test_a_station_that_is_off_every_night_still_looks_at_everything() -> None:
    rig = holding(*SOUNDS)
    for _ in range(7):
        live(rig, 8 * 3_600)
        rig.reboot(after_s=16 * 3_600, power_cut=True)
    live(rig, 8 * 3_600)
    seen = Counter(looked_at(rig))
    assert set(seen) == set(SOUNDS)
    assert max(seen.values()) <= 2


def test_what_was_missed_is_made_up_one_file_at_a_time() -> None:
    rig = holding(*SOUNDS)
    rig.run(600)
    rig.reboot(after_s=6 * DAY_S, power_cut=True)
    before = len(looked_at(rig))
    asked: list[int] = []
    while len(looked_at(rig)) < len(SOUNDS) * 6 // 7:
        rig.run(5)
        asked += [rig.mono_ms] * (len(looked_at(rig)) - before - len(asked))
    assert min(later - earlier for earlier, later in pairwise(asked)) >= 25_000


def test_a_bad_one_is_journalled_and_fetched_again_long_before_its_slot() -> None:
    late = slot(1, in_minutes(60 * 24 * 10))
    rig = online(late)
    rig.damaged.add(sha(1))
    live(rig, 7 * DAY_S)
    assert [fault.code for fault in rig.evidence(wire.FaultEntry)] == ["file_corrupt"]
    assert [line.held for line in rig.evidence(wire.HoldingEntry)] == [True, False, True]


def test_nothing_is_looked_at_while_something_sounds() -> None:
    rig = online(slot(1, in_minutes(2), seconds=1_800))
    rig.run_until(in_minutes(2.5))
    rig.tell(signed_plan(slot(1, in_minutes(2), seconds=1_800), version=2))
    rig.asked.clear()
    assert rig.agent is not None
    rig.agent.station.held |= dict.fromkeys(("0000" + "f" * 60,), 1)
    rig.run(1_500)
    assert looked_at(rig) == []
    rig.run(600)
    assert looked_at(rig)


def test_without_a_trusted_clock_the_week_does_not_go_on() -> None:
    rig = Rig(trust_last_known=False)
    rig.store.files = dict.fromkeys(SOUNDS, 1_000)
    rig.boot()
    live(rig, 7 * DAY_S)
    assert looked_at(rig) == []


def test_a_clock_put_back_by_a_year_begins_a_new_week() -> None:
    rig = holding(*SOUNDS)
    live(rig, 3 * DAY_S)
    assert rig.store.mark is not None
    assert rig.store.mark.scrub is not None
    ahead = rig.store.mark.scrub.began_at + timedelta(days=365)
    scrub = rig.store.mark.scrub.model_copy(update={"began_at": ahead})
    rig.store.mark = rig.store.mark.model_copy(update={"scrub": scrub})
    rig.reboot()
    before = len(looked_at(rig))
    live(rig, 7 * DAY_S + 3_600)
    assert set(looked_at(rig)[before:]) == set(SOUNDS)


def test_the_place_of_a_sound_in_the_week_is_its_own() -> None:
    first, last = "0" * 64, "f" * 64
    assert due_at(first, build.NOW) == build.NOW
    assert due_at(last, build.NOW) - build.NOW < timedelta(days=7)
    assert due_at(last, build.NOW) - build.NOW > timedelta(days=6, hours=23)
