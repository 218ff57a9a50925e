"""`make bench`: every figure beside its peer, printed and kept in build/bench.json."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from tests.bench.rows import Row, Verdict, table, write_json

_HERE = Path(__file__).parent
_RESULT = _HERE.parent.parent / "build" / "bench.json"


def names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in _HERE.glob("bench_*.py"))


def main() -> int:
    """Run the wanted benches; 1 if a goal is missed, noise is no failure."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", choices=names())
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in [options.only] if options.only else names():
        print(f"{name} ...", file=sys.stderr, flush=True)  # noqa: T201 - a command's own output
        module = importlib.import_module(f"tests.bench.bench_{name}")
        rows.extend(module.measure(options.quick))
    print(table(rows))  # noqa: T201 - a command's own output
    write_json(rows, _RESULT)
    return int(any(row.verdict is Verdict.SHORT for row in rows))


if __name__ == "__main__":
    sys.exit(main())
