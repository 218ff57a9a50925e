#!/usr/bin/env python3
"""Change the rules in small ways and count how many changes the unit tests notice.

    tools/mutants.py                 all of it; fails below 75 % noticed, lists what was not
    tools/mutants.py show NAME       one change, as a difference
    tools/mutants.py run 'x.y.*'     some of them

What is changed is set in pyproject.toml, [tool.mutmut]. mutmut leaves decorated classes alone, and
so the dataclasses of the core: those the simulation breaks by name (tests/simulation/mutants.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATISTICS = ROOT / "mutants/mutmut-cicd-stats.json"
SURVIVORS = ROOT / "build/mutants.txt"
GOAL_PERCENT = 75
SUSPICIOUS = 35
"""The exit status that mutmut files as such: neither noticed nor overlooked."""


def mutmut(words: list[str]) -> None:
    """Run mutmut in this process, with the one private attribute it still expects of pytest.

    A child that cannot find its tests ends with the status of a failed test, which would count as
    a change that was noticed: here it ends with a status of its own.
    """
    import pytest
    from mutmut.__main__ import BadTestExecutionCommandsException, cli

    if not hasattr(pytest.Item, "_nodeid"):
        pytest.Item._nodeid = property(lambda item: item.nodeid)  # type: ignore[attr-defined]
    parent = os.getpid()
    try:
        cli(words)
    except BadTestExecutionCommandsException:
        if os.getpid() == parent:
            raise
        os._exit(SUSPICIOUS)


def again(*words: str, keep: bool = False) -> str:
    """The same program with a command of mutmut; what it said, when asked to keep it."""
    answer = subprocess.run(
        [sys.executable, __file__, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE if keep else None,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(f"mutmut {words[0]} failed:\n{(answer.stdout or '')[-4000:]}")
    return answer.stdout or ""


def judge() -> int:
    """Print what the run found; 1 when too little was noticed."""
    again("export-cicd-stats", keep=True)
    found = json.loads(STATISTICS.read_text(encoding="utf-8"))
    judged = found["total"] - found["skipped"]
    noticed = found["killed"] + found["timeout"]
    percent = 100 * noticed / judged if judged else 0.0
    survivors = again("results", keep=True)
    SURVIVORS.parent.mkdir(exist_ok=True)
    SURVIVORS.write_text(survivors, encoding="utf-8")
    print(survivors)
    print(f"mutants: {noticed} of {judged} noticed, {percent:.1f} % (goal {GOAL_PERCENT} %)")
    print(f"the others: {SURVIVORS.relative_to(ROOT)}; one of them: tools/mutants.py show NAME")
    if found["suspicious"]:
        print(f"{found['suspicious']} could not be judged: their tests were not found")
    return 0 if percent >= GOAL_PERCENT and not found["suspicious"] else 1


def main() -> int:
    if len(sys.argv) > 1:
        mutmut(sys.argv[1:])
        return 0
    again("run", "--max-children", "2", keep=True)
    return judge()


if __name__ == "__main__":
    sys.exit(main())
