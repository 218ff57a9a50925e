"""What reports cost over a year of the province, beside a naive query over the raw rows.

The peer adds up what the naive way adds up: a GROUP BY over every result of a slot, and the ready
seconds between changes of state by a window over all of them. It knows no journals, no maintenance,
no service time and no causes, and is slow all the same. Memory is that of an own process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import text

from controller.domain.accounts import Actor, Role
from controller.domain.periods import Basis, Length, period
from tests.bench.province_year import FIRST_ON, YEAR, open_centre, seed
from tests.bench.rows import Row, Samples, alternate, at_least, at_most
from tests.support.web import PROVINCE, Centre

_ROUNDS = 3
_YEAR_DAYS, _QUICK_DAYS = 365, 59
_READER = Actor("reader", "reader", "Lê Thị Soát", Role.AUDITOR, PROVINCE, "")
_MONTH_S, _YEAR_S, _HEADLINE_S, _DAY_S, _REBUILD_S = 1.0, 3.0, 0.5, 5.0, 300.0
_LOG_MB, _LOG_S, _XLSX_S = 200.0, 120.0, 5.0
_MB = 1_000_000
_NAIVE_RESULTS = """
select station_id, outcome, count(*), sum(min(played_ms, planned_ms)), sum(planned_ms)
from slot_result where planned_at >= :start and planned_at < :end group by station_id, outcome
"""
_NAIVE_FLIPS = """
select station_id, state, sum(julianday(until) - julianday(at)) * 86400 from (
  select station_id, state, at, lead(at) over (partition by station_id order by at) as until
  from station_flip where at >= :start and at < :end
) group by station_id, state
"""
_LOG = """
import sys
from datetime import timedelta
from pathlib import Path
from controller.web import spreadsheet
from controller.web.report_rows import log_header, log_rows
from tests.bench.bench_reports import _READER
from tests.bench.province_year import FIRST_ON, open_centre
days = int(sys.argv[2])
centre = open_centre(Path(sys.argv[1]), days)
with centre.app.test_request_context():
    last = FIRST_ON + timedelta(days=days - 1)
    lines = centre.services.reports.log(_READER, "ninh-thuan", FIRST_ON, last)
    rows = sum(1 for _ in spreadsheet.lines(log_header(), log_rows(lines, {})))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(rows, int(peak.split()[1]))
"""


def measure(quick: bool) -> list[Row]:
    """Return the rows; `quick` takes two months for the year."""
    days = _QUICK_DAYS if quick else _YEAR_DAYS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        centre = open_centre(folder, days)
        results = seed(centre, days)
        rebuilt = _took(centre.services.day_book.keep_up)
        added = _one_more_day(centre)
        rows = [
            _limit("rebuild of the year, s (limit)", rebuilt, _REBUILD_S),
            _limit("figures of one day that is over, s (limit)", added, _DAY_S),
            *_reports(centre),
            _limit("board's headline, s (limit)", _headline(centre), _HEADLINE_S),
        ]
        centre.close()
        lines, peak_mb, log_s = _log(folder, days)
        if lines != results + 1:
            raise AssertionError(f"the log has {lines} lines for {results} results")
        return [
            *rows,
            _limit("daily log of the year as CSV, peak MB (limit)", peak_mb, _LOG_MB),
            _limit("daily log of the year as CSV, s (limit)", log_s, _LOG_S),
        ]


def _limit(name: str, ours: float, limit: float) -> Row:
    return at_most(name, 1.0, lambda: Samples([ours], [limit]))


def _reports(centre: Centre) -> list[Row]:
    year = period(Basis.CALENDAR, Length.YEAR, YEAR)
    month = period(Basis.CALENDAR, Length.MONTH, YEAR, 1)
    of = partial(centre.services.reports.of, _READER, PROVINCE)
    rows = [
        at_least(
            "year report of the province, s (naive query)",
            2.0,
            partial(
                alternate,
                partial(_took, partial(of, year)),
                partial(_took, partial(_naive, centre)),
                _ROUNDS,
            ),
        ),
    ]
    seconds = {one: min(_took(partial(of, one)) for _ in range(_ROUNDS)) for one in (month, year)}
    return [
        *rows,
        _limit("month report of the province, s (limit)", seconds[month], _MONTH_S),
        _limit("year report of the province, s (limit)", seconds[year], _YEAR_S),
        _limit("year report as a workbook, s (limit)", _workbook(centre), _XLSX_S),
    ]


def _naive(centre: Centre) -> None:
    year = period(Basis.CALENDAR, Length.YEAR, YEAR)
    span = {
        "start": year.starts_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "end": year.ends_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
    with centre.database.read() as session:
        for query in (_NAIVE_RESULTS, _NAIVE_FLIPS):
            session.execute(text(query), span).all()


def _workbook(centre: Centre) -> float:
    browser = centre.client(Role.AUDITOR)
    asked = f"/bao-cao/xlsx?co-so=calendar&do-dai=year&nam={YEAR}&so=1"
    return _took(lambda: browser.get(asked).data)


def _headline(centre: Centre) -> float:
    return _took(lambda: centre.services.headlines.of(_READER))


def _one_more_day(centre: Centre) -> float:
    """What the job does right after midnight: a row for each station."""
    day = FIRST_ON + timedelta(days=31)
    return _took(partial(centre.services.day_book.rebuild, day, day))


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _log(folder: Path, days: int) -> tuple[int, float, float]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _LOG, str(folder), str(days)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    lines, peak_kib = (int(word) for word in done.stdout.split()[-2:])
    return lines, peak_kib * 1024 / _MB, time.perf_counter() - began
