"""How soon a page answers while hostile files are worked on, beside the same pages at rest.

The centre runs as it is shipped. One operator sends every hostile file through the form; another
reads the board and the library all the while. The figure is the slowest of a hundred answers.
"""

from __future__ import annotations

import math
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import func, select

from controller.domain.accounts import Role
from controller.storage.models import IngestJobRow
from tests.bench.rows import Row, Samples, at_most
from tests.support.hostile_files import HostileFile, hostile_files
from tests.support.person import Person
from tests.support.province import Province, province

GOAL = 2.0
PAGES = ("/bang", "/ban-tin")
DISTRICT = "bac-ai"
REST = 400
QUICK_REST = 150
SENT_AT_ONCE = 4
"""Bulletins that may wait to be worked on: two workers are never without one."""


def measure(quick: bool) -> list[Row]:
    """p99 of the pages during the corpus and at rest, seconds; rest is measured on both sides."""
    with tempfile.TemporaryDirectory() as name, province(Path(name)) as made:
        folder = Path(name) / "files"
        folder.mkdir()
        secret = folder / "secret.txt"
        secret.write_text("not for anybody", encoding="utf-8")
        files = list(hostile_files(folder, secret))
        reader, sender = (made.desk(Role.OPERATOR, place) for place in (DISTRICT, "ninh-son"))
        rest = QUICK_REST if quick else REST
        chosen = files[:: 3 if quick else 1]

        def run() -> Samples:
            before = _p99(_answers(reader, lambda: rest))
            busy = _p99(_during(made, reader, sender, chosen, folder))
            after = _p99(_answers(reader, lambda: rest))
            return Samples(ours=[busy], peer=[before, after])

        return [at_most("page p99 during hostile uploads beside rest", GOAL, run)]


def _during(
    made: Province, reader: Person, sender: Person, files: Sequence[HostileFile], folder: Path
) -> list[float]:
    """The answers while every file is sent and worked on."""
    is_done = threading.Event()

    def send() -> None:
        try:
            for file in files:
                _send(sender, file, folder)
                while _waiting(made) >= SENT_AT_ONCE:
                    time.sleep(0.1)
            while _waiting(made):
                time.sleep(0.1)
        finally:
            is_done.set()

    thread = threading.Thread(target=send)
    thread.start()
    found = _answers(reader, lambda: 0 if is_done.is_set() else math.inf)
    thread.join()
    return found


def _send(sender: Person, file: HostileFile, folder: Path) -> None:
    path = folder / "sent" / file.name.replace("/", "_").replace("\0", "_")[:100]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(file.content)
    answer = sender.post("/ban-tin/moi", title=path.name[:80] or "tin", language="vi", sound=path)
    if answer.status >= 500:
        raise RuntimeError(f"{path.name}: {answer.status}")
    path.unlink()


def _waiting(made: Province) -> int:
    """Sounds that are being worked on, or wait for it."""
    query = (
        select(func.count())
        .select_from(IngestJobRow)
        .where(IngestJobRow.state.in_(("queued", "running")))
    )
    with made.centre.database.read() as session:
        return session.scalar(query) or 0


def _answers(reader: Person, wanted: Callable[[], float]) -> list[float]:
    """Seconds each page took, one after the other as a person reads."""
    found: list[float] = []
    while len(found) < wanted():
        began = time.perf_counter()
        page = reader.get(PAGES[len(found) % len(PAGES)])
        found.append(time.perf_counter() - began)
        if page.status != 200:
            raise RuntimeError(f"the page answered {page.status}")
        time.sleep(0.01)
    return found


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[math.ceil(len(seconds) * 0.99) - 1]
