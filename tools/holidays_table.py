#!/usr/bin/env python3
"""Write `controller/data/holidays.csv`: the public holidays of Vietnam, by the package `holidays`.

Run after the package was updated: decreed exchanges of days come with its releases. The package
itself loads every country of the world (46 MB), so the centre reads the table instead.

    python tools/holidays_table.py [--check]
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

import holidays

TABLE = Path(__file__).resolve().parent.parent / "controller/data/holidays.csv"
YEARS = range(2026, 2046)


def table() -> str:
    """The table as it should be: date, name in Vietnamese, name in English."""
    vietnamese = holidays.country_holidays("VN", years=YEARS, language="vi")
    english = holidays.country_holidays("VN", years=YEARS, language="en_US")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date", "name", "name_en"])
    writer.writerows(
        [on.isoformat(), _named(vietnamese[on]), _named(english[on])] for on in sorted(vietnamese)
    )
    return text.getvalue()


def _named(name: str) -> str:
    """The day two before Tết is its 29th, as the package says, in long twelfth months alone."""
    known = {"29 Tết": "Nghỉ Tết Nguyên Đán", "29 of Lunar New Year": "Lunar New Year holiday"}
    for wrong, right in known.items():
        name = name.replace(wrong, right)
    return name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether it is right")
    if parser.parse_args().check:
        return int(TABLE.read_text(encoding="utf-8") != table())
    TABLE.write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
