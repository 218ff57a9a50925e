#!/usr/bin/env python3
"""Fail when the unit tests took too few branches of the rules, the agent's core and the protocol.

Reads the data of the last `make tests`. Quiet when all is well: the tests have the last word.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build"
GATED = "controller/domain/*,station_agent/core/*,station_protocol/*"
GOAL_PERCENT = 90


def report(kind: str, target: Path) -> None:
    """Have coverage write a report of the gated files."""
    words = [kind, f"--include={GATED}", f"--data-file={BUILD / '.coverage'}"]
    if kind == "json":
        words += ["-q", "-o", str(target)]
    said = subprocess.run(
        [sys.executable, "-m", "coverage", *words], stdout=subprocess.PIPE, text=True, check=True
    )
    if kind == "report":
        target.write_text(said.stdout, encoding="utf-8")


def main() -> int:
    report("report", BUILD / "coverage.txt")
    report("json", BUILD / "coverage.json")
    totals = json.loads((BUILD / "coverage.json").read_text(encoding="utf-8"))["totals"]
    taken = 100 * totals["covered_branches"] / max(1, totals["num_branches"])
    if taken >= GOAL_PERCENT:
        return 0
    print((BUILD / "coverage.txt").read_text(encoding="utf-8"), file=sys.stderr)
    print(
        f"only {taken:.1f} % of the branches of rules, core and protocol were taken by the unit "
        f"tests; {GOAL_PERCENT} % are asked for",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
