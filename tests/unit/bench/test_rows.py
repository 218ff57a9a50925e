from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.bench.rows import Samples, Verdict, alternate, at_least, at_most, table, write_json


def test_a_cost_within_the_goal_is_ok_and_above_it_short() -> None:
    row = at_most("cpu", 2.4, lambda: Samples(ours=[2, 2, 9], peer=[1, 1, 1]))
    assert (row.ratio, row.verdict, row.goal) == (2.0, Verdict.OK, "<= 2.4")
    assert at_most("cpu", 1.9, lambda: Samples([2], [1])).verdict is Verdict.SHORT


def test_a_peer_that_costs_more_often_enough_is_ok() -> None:
    row = at_least("cpu", 4, lambda: Samples(ours=[1], peer=[5]))
    assert (row.ratio, row.verdict) == (5.0, Verdict.OK)
    assert at_least("cpu", 4, lambda: Samples(ours=[1], peer=[3])).verdict is Verdict.SHORT


def test_a_noisy_peer_is_measured_again() -> None:
    runs: Iterator[Samples] = iter([Samples([1], [1, 3]), Samples([1], [1, 1.5])])
    assert at_most("cpu", 2, lambda: next(runs)).verdict is Verdict.OK


def test_a_peer_noisy_three_times_is_called_noisy() -> None:
    runs = iter([Samples([1], [1, 3])] * 3)
    assert at_most("cpu", 2, lambda: next(runs)).verdict is Verdict.NOISY
    assert list(runs) == []


def test_ours_and_the_peer_take_turns() -> None:
    turns: list[str] = []

    def turn(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    samples = alternate(lambda: turn("ours"), lambda: turn("peer"), 2)
    assert turns == ["peer", "ours", "peer", "ours"]
    assert (samples.ours, samples.peer) == ([2.0, 4.0], [1.0, 3.0])


def test_rows_are_printed_and_kept(tmp_path: Path) -> None:
    row = at_most("ingest", 2.4, lambda: Samples([2], [1]))
    assert "ingest" in table([row])
    assert "ok" in table([row])
    write_json([row], tmp_path / "build" / "bench.json")
    (kept,) = json.loads((tmp_path / "build" / "bench.json").read_text())["rows"]
    assert {key: kept[key] for key in ("name", "ours", "peer", "ratio", "goal", "verdict")} == {
        "name": "ingest",
        "ours": 2,
        "peer": 1,
        "ratio": 2.0,
        "goal": "<= 2.4",
        "verdict": "ok",
    }
