"""The long campaigns of `make soak`: ten thousand worlds, every mutant, two weeks of a province."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation import campaign, mutants
from tests.simulation.campaign import Size
from tests.simulation.checkers import Violation, violations
from tests.simulation.ledger import Ledger
from tests.simulation.scenario import Scenario, rough
from tests.simulation.timeline import DAY, MINUTE, ms_of
from tests.simulation.world import run

MUTANT_WITHIN = 2_000
STATIONS = 65
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fortnight:
    """Two weeks, counted."""

    stations: int
    share_without_link: float
    power_cuts: int
    airings: int
    aired_twice: int
    without_outcome: int
    returns: int
    """How often a link stayed good for 15 minutes after its return; L1 looked at each."""
    violations: tuple[Violation, ...]


def two_weeks(seed: int, stations: int) -> Fortnight:
    """14 days with links down 30 % of the time and random power cuts."""
    scenario = rough(seed, stations=stations)
    ledger = run(scenario)
    starts = Counter((heard.station_id, heard.slot_id) for heard in ledger.heard if heard.slot_id)
    return Fortnight(
        stations=stations,
        share_without_link=_down_ms(scenario) / (scenario.days * DAY * stations),
        power_cuts=sum(fault.kind == "power_cut" for fault in scenario.faults),
        airings=len(starts),
        aired_twice=sum(count > 1 for count in starts.values()),
        without_outcome=_without_outcome(ledger),
        returns=sum(promise.name == "L1" for promise in ledger.promises),
        violations=tuple(violations(ledger)),
    )


def _down_ms(scenario: Scenario) -> int:
    return sum(fault.for_ms for fault in scenario.faults if fault.kind == "link_cut")


def _without_outcome(ledger: Ledger) -> int:
    """Slots whose time had come half an hour before the end, without an outcome or its reason."""
    return sum(
        not result.is_decided or (result.reason is None and result.outcome != "aired")
        for result in ledger.results.values()
        if ms_of(result.planned_at) + 30 * MINUTE < ledger.ended_ms
    )


def soak(seeds: int, say: Say) -> bool:
    """All of it; whether every promise held and every mutant fell."""
    beating = seeds // 50
    results = [
        _campaign(range(seeds - beating), Size(), say),
        _campaign(range(seeds - beating, seeds), Size(beat_s=30), say),
        _mutants(say),
        _province(say),
    ]
    return all(results)


def _campaign(seeds: range, size: Size, say: Say) -> bool:
    began, failed, heard = time.monotonic(), 0, 0
    for verdict in campaign.verdicts(seeds, size):
        heard += verdict.heard
        failed += bool(verdict.violations)
        for one in verdict.violations[:1]:
            say(f"seed {verdict.seed}: {one}\n    again: {campaign.rerun(verdict.seed, size)}")
    spent = time.monotonic() - began
    rate = len(seeds) / spent if spent else 0.0
    say(
        f"{len(seeds)} worlds of {size.stations} stations, {size.days} days, beats of {size.beat_s}"
        f" s: {failed} failed, {heard} plays heard, {spent:.0f} s, {rate:.2f} seeds/s"
    )
    return not failed


def _mutants(say: Say) -> bool:
    missed = 0
    for name in sorted(mutants.MUTANTS):
        verdict = campaign.falls_at(name, range(MUTANT_WITHIN), Size())
        missed += verdict is None
        words = f"seed {verdict.seed}: {verdict.violations[0]}" if verdict else "NOT FOUND"
        say(f"mutant {name}: {words}")
    return not missed


def _province(say: Say) -> bool:
    report = two_weeks(seed=int(os.environ.get("SEED", "1")), stations=STATIONS)
    for one in report.violations[:5]:
        say(str(one))
    say(
        f"14 days at {report.stations} stations, links down {report.share_without_link:.0%},"
        f" {report.power_cuts} power cuts: {report.airings} airings, {report.aired_twice} twice,"
        f" {report.without_outcome} without outcome or reason, journals complete after each of"
        f" {report.returns} returns; {len(report.violations)} violations"
    )
    return not (report.violations or report.aired_twice or report.without_outcome)
