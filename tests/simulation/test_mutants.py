"""The checkers are worth something: bugs put into the core on purpose are found."""

from __future__ import annotations

import pytest

from tests.simulation import campaign, mutants
from tests.simulation.campaign import Size

SMALL = Size(stations=2, days=1)
QUICK = (
    "answer_before_persist",
    "anybody_cuts",
    "button_ignored",
    "cancel_ignored_when_playing",
    "cut_told_as_aired",
    "floor_of_time_lost",
    "intent_not_written",
    "journal_from_the_newest",
    "lower_goes_on",
    "missed_in_silence",
    "no_version_check",
    "plan_not_written",
    "replay_after_reboot",
    "start_before_persist",
    "unknown_counted_up",
)
"""Found within the first seeds; `make soak` looks for all of them."""


@pytest.mark.parametrize("name", QUICK)
def test_a_bug_in_the_core_is_found_in_a_few_worlds(name: str) -> None:
    assert campaign.falls_at(name, range(24), SMALL) is not None


def test_a_mutant_is_gone_when_its_world_is_over() -> None:
    for name in mutants.MUTANTS:
        with mutants.applied(name):
            pass
    assert not campaign.judged(0, SMALL).violations
