"""Hundreds of seeded worlds: whatever breaks, every promise is kept. See docs/simulation.md."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.simulation import campaign
from tests.simulation.campaign import Size
from tests.simulation.scenario import FAULT_KINDS, drawn
from tests.simulation.soak import two_weeks
from tests.simulation.world import run

SWARM = Size(stations=2, days=1)
"""180 of these, and 20 with the beats of a real station."""
BEATING = Size(stations=1, days=1, beat_s=30)


def _complaints(seeds: range, size: Size) -> str:
    """What went wrong, with the line that shows it again; empty when nothing did."""
    return "\n".join(
        f"{one}\n    again: {campaign.rerun(verdict.seed, size)}"
        for verdict in campaign.verdicts(seeds, size)
        for one in verdict.violations[:2]
    )


def test_every_promise_holds_in_180_worlds_of_faults() -> None:
    assert not _complaints(range(180), SWARM)


def test_every_promise_holds_in_20_worlds_that_beat_each_30_seconds() -> None:
    assert not _complaints(range(180, 200), BEATING)


def test_the_worlds_are_worth_looking_at() -> None:
    """Were nothing to sound and nothing to break, every promise would hold."""
    found = list(campaign.verdicts(range(20), SWARM))
    assert sum(verdict.heard for verdict in found) > 60
    scenarios = [drawn(seed, stations=2, days=1) for seed in range(40)]
    struck = {fault.kind for scenario in scenarios for fault in scenario.faults}
    assert struck == set(FAULT_KINDS)


def test_a_seed_is_the_same_world_each_time_and_in_another_process() -> None:
    scenario = drawn(8, stations=2, days=1)
    here = run(scenario).fingerprint
    assert run(scenario).fingerprint == here
    program = (
        "from tests.simulation.scenario import drawn; from tests.simulation.world import run;"
        "print(run(drawn(8, stations=2, days=1)).fingerprint)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert int(told.stdout) == here
    assert run(drawn(9, stations=2, days=1)).fingerprint != here


# --- two weeks of a province ----------------------------------------------------------------------


def test_two_weeks_of_bad_links_and_power_cuts_lose_and_double_nothing() -> None:
    """The small version of what `make soak` does with 65 stations."""
    report = two_weeks(seed=1, stations=3)
    assert report.violations == ()
    assert 0.25 < report.share_without_link < 0.35
    assert report.power_cuts > 20
    assert report.airings > 50
    assert report.aired_twice == 0
    assert report.without_outcome == 0
    assert report.returns > 40  # each of them with its journal complete after 15 minutes
