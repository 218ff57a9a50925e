"""The power goes at any moment: what the store said is durable is there, and nothing is broken.

The shipped store works in a process of its own while every write, sync and rename is recorded
(tests/support/power_cut.py); it is then opened again on what hundreds of cuts leave. `make soak`
makes 10,000. Mutants of the store show that the net holds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from station_agent.store.intents import IntentFile
from station_agent.store.journal import Journal
from station_agent.store.marks import MarkFile
from station_agent.store.plan_file import PlanFile
from tests.support import store_work as work
from tests.support.power_cut import Cut, Deed, cuts, record

pytestmark = pytest.mark.real

MEMORY = Path("/dev/shm")  # noqa: S108 - a place for the pictures of a card, not for secrets
ROUNDS = 6
RUBBISH = bytes(range(256)) * 128


@pytest.fixture(scope="module")
def card() -> Iterator[Path]:
    """A folder in memory where the machine has one: nothing here needs a true disk."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(dir=place) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> list[Deed]:
    return recorded(tmp_path_factory.mktemp("work"), seed=1)


def recorded(folder: Path, seed: int, *mutants: str) -> list[Deed]:
    arguments = (str(seed), str(ROUNDS), *mutants)
    return record(folder / f"card-{seed}", "tests.support.store_work", *arguments)


def put(cut: Cut, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in cut.files.items():
        (folder / name).write_bytes(content)
    # What SQLite maps into memory may be anything after a cut.
    (folder / "journal.db-shm").write_bytes(RUBBISH)


def broken_promises(cut: Cut, folder: Path) -> list[str]:
    """What of the cut is not as promised, in words; nothing if all is well."""
    put(cut, folder)
    return [
        *_of_journal(cut, folder / "journal.db"),
        *_of_plan(cut, PlanFile(folder / "plan.sealed").read()),
        *_of_mark(cut, MarkFile(folder / "mark")),
        *_of_intents(cut, IntentFile(folder / "intents")),
    ]


def _of_journal(cut: Cut, path: Path) -> Iterator[str]:
    journal = Journal(path)
    try:
        if journal.set_aside is not None:
            yield "journal: damaged"
            return
        batch, rest = divmod(journal.head(), work.ENTRIES_A_BATCH)
        if rest or not cut.promised.get("batch", 0) <= batch <= cut.begun.get("batch", 0):
            yield f"journal: head {journal.head()}, promised {cut.promised}"
            return
        if [one.revision for one in journal.slots()] != list(range(1, batch + 1)):
            yield f"journal: slots of other batches than {batch}"
        if journal.memory().plan_version != batch:
            yield f"journal: floors {journal.memory()} at batch {batch}"
        stored = journal.stored_up_to()
        if not cut.promised.get("confirm", 0) <= stored <= cut.begun.get("confirm", 0):
            yield f"journal: confirmed {stored}, promised {cut.promised}"
        yield from _of_entries(cut, journal, batch)
        journal.persist(work.entries_of(batch + 1))
    finally:
        journal.close()


def _of_entries(cut: Cut, journal: Journal, batch: int) -> Iterator[str]:
    """All of them, but for those a confirmation may have made old."""
    confirmed = cut.begun.get("confirm", 0) // work.ENTRIES_A_BATCH
    all_of_them = [one for n in range(1, batch + 1) for one in work.entries_of(n)]
    may_be_gone = [
        one for n in range(1, batch + 1) if 7 * (confirmed - n) > 90 for one in work.entries_of(n)
    ]
    found = journal.read(0, len(all_of_them) + 1)
    if found not in (all_of_them[len(all_of_them) - len(found) :], all_of_them):
        yield f"journal: {len(found)} lines, not the last of {len(all_of_them)}"
    if len(found) < len(all_of_them) - len(may_be_gone):
        yield f"journal: only {len(found)} lines of {len(all_of_them)}"


def _of_plan(cut: Cut, raw: bytes | None) -> Iterator[str]:
    promised, begun = cut.promised.get("plan", 0), cut.begun.get("plan", 0)
    allowed = [work.plan_of(number) for number in range(max(1, promised), begun + 1)]
    if raw not in allowed and (raw is not None or promised):
        yield f"plan: neither {promised} nor {begun}"


def _of_mark(cut: Cut, file: MarkFile) -> Iterator[str]:
    promised, begun = cut.promised.get("mark", 0), cut.begun.get("mark", 0)
    mark = file.read()
    allowed = [work.mark_of(number) for number in range(max(1, promised), begun + 1)]
    if mark not in allowed and (mark is not None or promised):
        yield f"mark: neither {promised} nor {begun}"


def _of_intents(cut: Cut, file: IntentFile) -> Iterator[str]:
    promised, begun = cut.promised.get("intent", 0), cut.begun.get("intent", 0)
    found = file.read()
    if found not in (
        tuple(work.intent_of(number) for number in range(1, last + 1)) for last in (promised, begun)
    ):
        yield f"intent: {len(found)} whole ones, promised {promised}"


def violations(deeds: list[Deed], count: int, seed: int, card: Path) -> Iterator[str]:
    for cut in cuts(deeds, count, seed):
        yield from broken_promises(cut, card / "cut")


def test_the_record_covers_what_a_store_does_in_a_life(worked: list[Deed]) -> None:
    kinds = {type(deed).__name__ for deed in worked}
    assert kinds >= {"Create", "Write", "Truncate", "Sync", "SyncFolder", "Rename", "Unlink", "Say"}
    says = [deed.text for deed in worked if hasattr(deed, "text")]
    assert {say.split()[1] for say in says} == {
        "batch",
        "confirm",
        "plan",
        "mark",
        "intent",
    }


def test_after_any_power_cut_everything_promised_is_there_and_nothing_is_damaged(
    worked: list[Deed], card: Path
) -> None:
    assert list(violations(worked, 600, 7, card)) == []


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("VANG_SOAK"), reason="10,000 power cuts: make soak")
@pytest.mark.parametrize("seed", range(100, 120))
def test_ten_thousand_power_cuts(seed: int, tmp_path: Path, card: Path) -> None:
    assert list(violations(recorded(tmp_path, seed), 500, seed, card)) == []


@pytest.mark.parametrize(
    "mutant", ["journal-not-synced", "plan-not-synced", "mark-in-one-half", "intent-not-synced"]
)
def test_a_store_that_syncs_less_is_found_out(mutant: str, tmp_path: Path, card: Path) -> None:
    found = violations(recorded(tmp_path, 1, mutant), 600, 7, card)
    broken = mutant.partition("-")[0]
    assert any(say.startswith(broken) for say in found), "nobody noticed"
