"""How soon pages begin to come, beside a plain page of 100 rows, at three sizes of a province.

The shipped web process serves 65, 1,000 and 10,000 stations from SQLite. The peer is a page of its
application that joins, orders and prints 100 rows in the same frame, to the same signed-in person.
One browser asks for both in turn over one kept connection; the figure is the time to the first
byte of the answer, which is squeezed as for a browser. Then 50 more people watch the board, each
asking as often as the page does, while stations say that they live each 30 s through the inbox.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from controller.link.processes import free_port
from tests.bench import large_province
from tests.bench.pages_worker import PEER
from tests.bench.rows import Row, Samples, Verdict, at_most
from tests.support.person import Person
from tests.support.province import ROOT, until

SIZES = (65, 1_000, 10_000)
GOAL = 2.0
BLOCKS, QUICK_BLOCKS = 4, 2
ROUNDS, QUICK_ROUNDS = 15, 6
"""Answers of each page in a block; a block gives one median and one p95."""

VIEWERS = 50
PERIOD_S = 1.5
"""As often as the board of a browser asks."""
WATCHED_S, QUICK_WATCHED_S = 30.0, 8.0
OTHER_PAGES = (PEER, "/ban-tin", "/hom-nay")
START_WITHIN_S = 90.0


@dataclass
class Browser:
    """A signed-in person on one kept connection; reads answers to their end."""

    port: int
    cookie: str
    line: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def first_byte_ms(self, path: str) -> float:
        """From asking to the head of the answer."""
        return self.asked(path)[0]

    def asked(self, path: str) -> tuple[float, bytes]:
        """The same, with the body that was read after."""
        headers = {"Cookie": self.cookie, "Accept-Encoding": "gzip"}
        try:
            return self._once(path, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.line.close()  # the server ends a line that is idle for some seconds
            self.line.connect()
            return self._once(path, headers)

    def _once(self, path: str, headers: dict[str, str]) -> tuple[float, bytes]:
        began = time.perf_counter()
        self.line.request("GET", path, headers=headers)
        answer = self.line.getresponse()
        took_ms = (time.perf_counter() - began) * 1000
        body = answer.read()
        if answer.status not in {200, 204, 304}:
            raise RuntimeError(f"{path} answered {answer.status}")
        return took_ms, body


@dataclass(frozen=True, slots=True)
class Served:
    """A worker over a province of some size."""

    stations: int
    port: int
    flag: Path

    def browser(self, username: str) -> Browser:
        """Somebody signed in."""
        person = Person(f"http://127.0.0.1:{self.port}")
        person.sign_in(username)
        cookies = person._cookies.items()
        return Browser(self.port, "; ".join(f"{name}={value}" for name, value in cookies))


@contextlib.contextmanager
def _served(stations: int) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port("127.0.0.1")
        large_province.build(large_province.settings_of(f"{name}/centre", port), stations)
        config = folder / "controller.toml"
        config.write_text(
            f'data_folder = "{name}/centre"\nlog_level = "WARNING"\n[web]\nport = {port}\n',
            encoding="utf-8",
        )
        flag = folder / "beats"
        with (folder / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.pages_worker", str(config), str(flag)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        try:
            until("the worker serves", lambda: _answers(port), within_s=START_WITHIN_S)
            yield Served(stations, port, flag)
        finally:
            worker.terminate()
            worker.wait(30)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        line.request("GET", "/dang-nhap")
        return line.getresponse().status == 200
    return False


# --- first byte -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """A page, who reads it, and the goal of its median; None: only told."""

    name: str
    username: str
    path: str
    goal: float | None = GOAL
    """Of the p95 too."""


def _pages(board: Browser) -> list[Ask]:
    _, body = board.asked("/bang")
    cursor = re.search(rb'data-cursor="(\d+)"', _unsqueezed(body))
    version = re.search(rb'data-version="([^"]+)"', _unsqueezed(body))
    assert cursor is not None
    assert version is not None
    nothing_new = f"/bang/thay-doi?tu={int(cursor[1])}&ban={version[1].decode()}"
    return [
        Ask("board", "operator", "/bang"),
        Ask("board, what needs a look", "operator", "/bang?loc=look"),
        Ask("board, nothing new", "operator", nothing_new, 1.0),
        Ask("bell, nothing new", "operator", "/thong-bao/so?tu=0.0", 1.0),
        Ask("today, province", "operator", "/hom-nay"),
        Ask("today, district", "district", "/hom-nay"),
        Ask("readiness of the next slot", "operator", f"/lich/buoi/{large_province.NEXT}"),
        Ask("schedule, week", "operator", "/lich"),
        Ask("a station", "operator", "/tram/bac-ai-phuoc-binh"),
        Ask("schedule, week of a district", "district", "/lich"),
        Ask("stations, list", "operator", "/dai"),
        Ask("stations, searched", "operator", "/dai?tim=phuoc+binh"),
        Ask("audit", "auditor", "/nhat-ky"),
        Ask("a commune's own page", "commune-officer", "/xa/bac-ai-phuoc-binh"),
    ]


def _unsqueezed(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _first_bytes(served: Served, blocks: int, rounds: int) -> Iterator[Row]:
    people: dict[str, Browser] = {}
    for ask in _pages(served.browser("operator")):
        if ask.username not in people:
            people[ask.username] = served.browser(ask.username)
        yield from _rows_of(served, ask, people[ask.username], blocks, rounds)


def _rows_of(served: Served, ask: Ask, browser: Browser, blocks: int, rounds: int) -> Iterator[Row]:
    taken: list[list[tuple[float, float]]] = []

    def samples() -> Samples:
        for path in (PEER, ask.path) * 2:
            browser.first_byte_ms(path)
        taken[:] = [
            [(browser.first_byte_ms(PEER), browser.first_byte_ms(ask.path)) for _ in range(rounds)]
            for _ in range(blocks)
        ]
        return _of_blocks(taken, median)

    name = f"{ask.name}, {served.stations:,} stations"
    row = at_most(f"{name}, p50 ms", ask.goal or math.inf, samples)
    yield row
    yield at_most(f"{name}, p95 ms", ask.goal or math.inf, lambda: _of_blocks(taken, _p95))


def _of_blocks(
    taken: Sequence[Sequence[tuple[float, float]]], figure: Callable[[list[float]], float]
) -> Samples:
    return Samples(
        ours=[figure([ours for _, ours in block]) for block in taken],
        peer=[figure([peer for peer, _ in block]) for block in taken],
    )


def _p95(found: Sequence[float]) -> float:
    return sorted(found)[math.ceil(len(found) * 0.95) - 1]


def _p99(found: Sequence[float]) -> float:
    return sorted(found)[math.ceil(len(found) * 0.99) - 1]


# --- viewers --------------------------------------------------------------------------------------


def _watch(port: int, cookies: Sequence[str], began: Any, ending: Any, got: Any) -> None:
    """In a process of its own: each viewer asks for changes as an open board does."""
    counts = [0] * len(cookies)
    lates: list[float] = []

    def look(place: int) -> None:
        browser, since, version = Browser(port, cookies[place]), 0, ""
        time.sleep(PERIOD_S * place / len(cookies))
        while not ending.is_set():
            took_ms, body = browser.asked(f"/bang/thay-doi?tu={since}&ban={version}")
            lates.append(took_ms)
            if body:
                change = json.loads(_unsqueezed(body))
                since, version = change["cursor"], change["version"]
            counts[place] += 1
            if all(counts):
                began.set()
            time.sleep(PERIOD_S)

    threads = [threading.Thread(target=look, args=(place,)) for place in range(len(cookies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got.put((median(lates), _p99(lates)))


def _watched(served: Served, seconds: float) -> Iterator[Row]:
    """Other pages' p99 with and without viewers, in turn, while stations speak."""
    served.flag.touch()
    reader = served.browser("operator")
    cookies = [served.browser("operator").cookie for _ in range(VIEWERS)]
    told: list[tuple[float, float]] = []

    def alone() -> float:
        return _p99(list(_read(reader, seconds)))

    def among_viewers() -> float:
        context = multiprocessing.get_context("spawn")
        began, ending, got = context.Event(), context.Event(), context.Queue()
        process = context.Process(target=_watch, args=(served.port, cookies, began, ending, got))
        process.start()
        try:
            if not began.wait(START_WITHIN_S):
                raise RuntimeError("the viewers did not come")
            found = _p99(list(_read(reader, seconds)))
        finally:
            ending.set()
            told.append(got.get(timeout=60))
            process.join(30)
        return found

    def samples() -> Samples:
        pairs = [(alone(), among_viewers()) for _ in range(2)]
        last = alone()
        return Samples([ours for _, ours in pairs], [*(peer for peer, _ in pairs), last])

    name = f"{served.stations:,} stations"
    yield at_most(f"other pages among 50 viewers, {name}, p99 ms", GOAL, samples)
    p50, p99 = told[-1]
    served.flag.unlink()
    for word, figure in (("p50", p50), ("p99", p99)):
        yield Row(
            name=f"what a viewer waits, {name}, {word} ms",
            ours=figure,
            peer=PERIOD_S * 1000,
            ratio=figure / (PERIOD_S * 1000),
            goal="<= 1",
            verdict=Verdict.OK if figure <= PERIOD_S * 1000 else Verdict.SHORT,
            load=os.getloadavg()[0],
        )


def _read(reader: Browser, seconds: float) -> Iterator[float]:
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield reader.first_byte_ms(OTHER_PAGES[number % len(OTHER_PAGES)])
        number += 1
        time.sleep(0.02)


def measure(quick: bool) -> list[Row]:
    """Every page at every size, then viewers at the smaller two."""
    blocks, rounds = (QUICK_BLOCKS, QUICK_ROUNDS) if quick else (BLOCKS, ROUNDS)
    rows: list[Row] = []
    for stations in SIZES:
        with _served(stations) as served:
            rows += _first_bytes(served, blocks, rounds)
            if stations < SIZES[-1]:
                rows += _watched(served, QUICK_WATCHED_S if quick else WATCHED_S)
    return rows
