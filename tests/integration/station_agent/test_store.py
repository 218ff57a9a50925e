"""What a station wrote is there after a kill, a torn page, a damaged file, a full disk."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from station_agent.core.records import Mark, Memory, SlotRecord
from station_agent.errors import StorageFullError, StorageReadOnlyError
from station_agent.store.ballast import Ballast
from station_agent.store.journal import Journal, stranded
from station_agent.store.marks import MarkFile
from station_agent.store.plan_file import PlanFile
from station_agent.store.sound_cache import SoundCache
from station_protocol.messages import JournalEntry
from station_protocol.vocabulary import ClockLevel
from tests.support import wire

AT = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)


def record(slot_id: str, **changes: object) -> SlotRecord:
    values: dict[str, object] = {
        "slot_id": slot_id,
        "state": "started",
        "revision": 1,
        "planned_at": AT,
        "planned_ms": 30_000,
        "title": "Phòng cháy rừng",
        "plan_epoch": 1,
        "plan_version": 12,
        "noted_at": AT,
    }
    return SlotRecord.model_validate(values | changes)


def entries(first: int, last: int, at: datetime = AT) -> tuple[JournalEntry, ...]:
    return tuple(wire.entry(no=no).model_copy(update={"at": at}) for no in range(first, last + 1))


# --- the journal ---


def test_what_was_persisted_comes_back_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    name = journal.journal_id()
    memory = Memory(epoch=5, plan_version=12)
    journal.persist(entries(1, 3), (record("a" * 26),), memory)
    journal.persist((), (record("a" * 26, state="ended", outcome="aired"),))
    journal.close()
    again = Journal(tmp_path / "journal.db")
    assert again.read(1, 100) == list(entries(2, 3))
    assert again.head() == 3
    assert again.memory() == memory
    assert [slot.state for slot in again.slots()] == ["ended"]
    assert again.journal_id() == name
    assert again.set_aside is None
    again.close()


_KILLED = """
import os, sys
from pathlib import Path
from station_agent.store.journal import Journal
from tests.integration.station_agent.test_store import entries
journal = Journal(Path(sys.argv[1]))
number = journal.head()
while True:
    number += 1
    journal.persist(entries(number, number))
    os.write(1, f"{number}\\n".encode())
"""


def test_an_entry_whose_persist_returned_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        assert child.stdout is not None
        last = 0
        for _ in range(20):
            last = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        last = int((child.stdout.read().split() or [last])[-1])
        child.stdout.close()
        child.wait()
        journal = Journal(path)
        assert journal.head() >= last
        assert [each.entry_no for each in journal.read(last - 5, 5)] == list(
            range(last - 4, last + 1)
        )
        journal.close()


def test_only_what_is_confirmed_and_old_is_forgotten_and_no_number_comes_again(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.persist(entries(1, 4, AT - timedelta(days=100)))
    journal.persist(entries(5, 6, AT))
    journal.confirm(2)
    assert len(journal.read(0, 100)) == 6
    journal.confirm(2, AT)
    assert [each.entry_no for each in journal.read(0, 100)] == [3, 4, 5, 6]
    journal.confirm(6, AT)
    assert [each.entry_no for each in journal.read(0, 100)] == [5, 6]
    assert journal.stored_up_to() == 6
    journal.confirm(3)
    assert journal.stored_up_to() == 6
    journal.close()
    again = Journal(tmp_path / "journal.db")
    assert again.head() == 6
    again.close()


def test_lines_of_a_clock_nobody_vouched_for_go_with_those_around_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    unknown = {"clock": ClockLevel.NONE}
    lines = [
        one.model_copy(update={"at": at, **changes})
        for one, at, changes in (
            (wire.entry(no=1), datetime(1970, 1, 1, tzinfo=UTC), unknown),
            (wire.entry(no=2), AT - timedelta(days=91), {}),
            (wire.entry(no=3), datetime(2040, 1, 1, tzinfo=UTC), unknown),
            (wire.entry(no=4), AT - timedelta(days=89), {}),
            (wire.entry(no=5), datetime(1970, 1, 1, tzinfo=UTC), unknown),
        )
    ]
    journal.persist(tuple(lines))
    journal.confirm(5, AT - timedelta(days=2))
    assert [each.entry_no for each in journal.read(0, 100)] == [1, 2, 3, 4, 5]
    journal.confirm(5, AT)
    assert [each.entry_no for each in journal.read(0, 100)] == [3, 4, 5]
    journal.confirm(5, AT + timedelta(days=2))
    assert [each.entry_no for each in journal.read(0, 100)] == [5]
    journal.close()


def test_a_confirmation_beyond_the_last_number_is_not_believed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.persist(entries(1, 2))
    journal.confirm(900)
    assert journal.stored_up_to() == 2
    journal.close()


def test_old_slot_records_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.persist(slots=(record("a" * 26, planned_at=AT - timedelta(days=61)),))
    journal.persist(slots=(record("b" * 26, planned_at=AT - timedelta(days=59)),))
    journal.persist(slots=(record("c" * 26),))
    assert [slot.slot_id for slot in journal.slots()] == ["b" * 26, "c" * 26]
    journal.persist(slots=(record("d" * 26, planned_at=AT + timedelta(days=30)),))
    journal.confirm(0)
    (left,) = journal._db.execute("SELECT count(*) FROM slot").fetchone()
    assert left == 3
    journal.close()


@pytest.mark.parametrize("ahead_days", [60, 100])
def test_a_slot_noted_while_the_clock_was_far_ahead_makes_no_other_forgotten(
    tmp_path: Path, ahead_days: int
) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.persist(slots=(record("a" * 26),))
    journal.persist(slots=(record("b" * 26, noted_at=AT + timedelta(days=ahead_days)),))
    journal.confirm(0)
    assert {slot.slot_id for slot in journal.slots()} == {"a" * 26, "b" * 26}
    journal.close()
    again = Journal(tmp_path / "journal.db")
    assert {slot.slot_id for slot in again.slots()} == {"a" * 26, "b" * 26}
    again.close()


def test_a_journal_dated_by_the_stations_clock_is_dated_by_the_plan_from_now_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.persist(slots=(record("a" * 26), record("b" * 26)))
    journal._db.execute("ALTER TABLE slot RENAME COLUMN planned_at_ms TO noted_ms")
    journal._db.execute("UPDATE slot SET noted_ms = 1 WHERE slot_id = ?", ("a" * 26,))
    journal.close()
    again = Journal(path)
    again.confirm(0)
    assert again.set_aside is None
    assert {slot.slot_id for slot in again.slots()} == {"a" * 26, "b" * 26}
    again.close()


@pytest.mark.parametrize("rubbish", [b"{", b"\xff\xfe", b""])
def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(
    tmp_path: Path, rubbish: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.persist(entries(1, 5), (record("a" * 26), record("b" * 26)))
    bad = (rubbish,)
    journal._db.execute("UPDATE entry SET body = CAST(? AS TEXT) WHERE entry_no IN (1, 2, 4)", bad)
    journal._db.execute("UPDATE slot SET body = CAST(? AS TEXT) WHERE slot_id LIKE 'a%'", bad)
    journal.close()
    again = Journal(path)
    assert [each.entry_no for each in again.read(0, 2)] == [3, 5]
    assert [each.entry_no for each in again.read(0, 1)] == [3]
    assert [slot.slot_id for slot in again.slots()] == ["b" * 26]
    assert "journal row unreadable kind=JournalEntry" in caplog.text
    assert again.set_aside is None
    again.close()


@pytest.mark.parametrize("key", ["memory", "head", "stored_up_to"])
def test_floors_that_cannot_be_read_cost_the_file_but_neither_slots_nor_evidence(
    tmp_path: Path, key: str
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.persist(entries(1, 5), (record("a" * 26),), Memory(epoch=5))
    journal.confirm(0)
    journal._db.execute("UPDATE meta SET value = 'rubbish' WHERE key = ?", (key,))
    journal.close()
    again = Journal(path)
    assert again.set_aside is not None
    assert [slot.slot_id for slot in again.slots()] == ["a" * 26]
    assert again.memory().epoch == (0 if key == "memory" else 5)
    assert again.read(0, 100) == list(entries(1, 5))
    again.close()


def test_what_the_centre_has_not_confirmed_is_carried_over_from_a_damaged_journal(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.persist(entries(1, 6))
    journal.confirm(2)
    journal._db.execute("UPDATE entry SET body = '{' WHERE entry_no = 4")
    journal._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('memory', '{')")
    name = journal.journal_id()
    kept = [journal.read(after, 1)[0].evidence for after in (2, 4, 5)]
    journal.close()
    again = Journal(path)
    assert again.journal_id() != name
    assert [each.entry_no for each in again.read(0, 100)] == [1, 2, 3]
    assert [each.evidence for each in again.read(0, 100)] == kept
    assert (again.head(), again.stored_up_to()) == (3, 0)
    again.persist(entries(4, 4))
    assert again.head() == 4
    again.close()


def test_a_file_that_is_no_journal_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"rubbish " * 2_000)
    journal = Journal(path)
    assert journal.set_aside == tmp_path / "journal.db.damaged-1"
    assert journal.head() == 0
    journal.persist(entries(1, 1))
    journal.close()


def test_a_damaged_journal_still_gives_its_slots_and_floors(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    name = journal.journal_id()
    journal.persist((), (record("a" * 26),), Memory(epoch=5, plan_version=12))
    for first in range(1, 400, 20):
        journal.persist(entries(first, first + 19))
    journal.close()
    pages = bytearray(path.read_bytes())
    pages[-8 * 4096 : -2 * 4096] = os.urandom(6 * 4096)
    path.write_bytes(bytes(pages))
    again = Journal(path)
    assert again.set_aside is not None
    assert again.journal_id() != name
    assert again.memory().plan_version == 12
    assert [slot.slot_id for slot in again.slots()] == ["a" * 26]
    carried = again.read(0, 500)
    assert [each.entry_no for each in carried] == list(range(1, len(carried) + 1))
    assert 100 < len(carried) < 400
    again.close()


def test_a_disk_that_takes_no_more_is_told_apart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFullError):
        journal.persist(entries(1, 200))
    assert journal.head() == 0
    journal._db.execute("PRAGMA query_only = 1")
    with pytest.raises(StorageReadOnlyError):
        journal.persist(entries(1, 1))
    journal.close()


@pytest.mark.parametrize("step", ["before", "between"])
def test_a_power_cut_while_a_damaged_journal_is_exchanged_loses_nothing(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.persist(entries(1, 3), (record("a" * 26),))
    journal._db.execute("UPDATE meta SET value = 'rubbish' WHERE key = 'head'")
    leave_as_power_cut(journal, path)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "before":
            patch.setattr("station_agent.store.journal._moved_aside", cut)
        else:
            patch.setattr(Path, "rename", _rename_once(path))
        with pytest.raises(KeyboardInterrupt):
            Journal(path)
    again = Journal(path)
    assert [slot.slot_id for slot in again.slots()] == ["a" * 26]
    assert [each.entry_no for each in again.read(0, 100)] == [1, 2, 3]
    assert not path.with_name("journal.db.new").exists()
    again.close()


def leave_as_power_cut(journal: Journal, path: Path) -> None:
    """Close the journal, and put back its log as if it had not been tidied up."""
    names = [path.with_name(path.name + suffix) for suffix in ("", "-wal")]
    kept = [name.read_bytes() for name in names]
    journal.close()
    for name, raw in zip(names, kept, strict=True):
        name.write_bytes(raw)


def _rename_once(first: Path) -> Callable[[Path, Path], Path]:
    """Rename this file, and no other."""

    def rename(source: Path, target: Path) -> Path:
        if source == first:
            return source.replace(target)
        raise KeyboardInterrupt

    return rename


def test_on_a_dead_card_the_journal_is_read_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.persist(entries(1, 3), (record("a" * 26),), Memory(epoch=5))
    leave_as_power_cut(journal, path)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    dead = stranded(path)
    assert (dead.head(), dead.memory().epoch) == (3, 5)
    assert [slot.slot_id for slot in dead.slots()] == ["a" * 26]
    assert dead.read(0, 100) == list(entries(1, 3))
    for deed in (lambda: dead.persist(entries(4, 4)), lambda: dead.confirm(3)):
        with pytest.raises(StorageReadOnlyError):
            deed()
    dead.close()
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_only_the_last_damaged_journals_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for number in range(1, 7):
        path.write_bytes(b"rubbish " * 100)
        journal = Journal(path)
        assert journal.set_aside == tmp_path / f"journal.db.damaged-{number}"
        journal.close()
        path.unlink()
    left = sorted(one.name for one in tmp_path.glob("*.damaged-*"))
    assert left == [f"journal.db.damaged-{number}" for number in (4, 5, 6)]


# --- ballast ---


def test_the_ballast_is_made_once_and_again_after_it_was_given_up(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", 64 * 1024)
    ballast.restore()
    assert (tmp_path / "ballast").stat().st_size == 64 * 1024
    assert ballast.release()
    assert not ballast.release()
    (tmp_path / "ballast").touch()  # what a power cut leaves of a file never synced
    ballast.restore()
    assert (tmp_path / "ballast").stat().st_size == 64 * 1024


# --- plan, mark ---


def test_a_plan_is_kept_as_the_very_bytes_that_came(tmp_path: Path) -> None:
    plan = PlanFile(tmp_path / "state" / "plan.sealed")
    assert plan.read() is None
    plan.write(b"first")
    plan.write(b"second" * 1_000)
    assert PlanFile(tmp_path / "state" / "plan.sealed").read() == b"second" * 1_000
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["plan.sealed"]


def test_a_torn_mark_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    marks = MarkFile(path)
    assert marks.read() is None
    for minute in range(5):
        marks.write(Mark(at=AT + timedelta(minutes=minute)))
    assert path.stat().st_size == 4096
    assert MarkFile(path).read() == Mark(at=AT + timedelta(minutes=4))
    with path.open("r+b") as page:
        page.seek(2048 + 40)
        page.write(b"\0" * 30)
    assert MarkFile(path).read() == Mark(at=AT + timedelta(minutes=3))
    MarkFile(path).write(Mark(at=AT + timedelta(minutes=9)))
    assert MarkFile(path).read() == Mark(at=AT + timedelta(minutes=9))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StorageReadOnlyError):
        PlanFile(in_the_way / "plan").write(b"x")


# --- the sound cache ---


def put(cache: SoundCache, sound: bytes) -> str:
    sha256 = hashlib.sha256(sound).hexdigest()
    cache.part_path(sha256).write_bytes(sound)
    assert cache.admit(sha256)
    return sha256


def test_sound_is_held_once_its_bytes_are_right(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, 10_000_000, reserve_bytes=0)
    sha256 = put(cache, b"news" * 1_000)
    assert cache.held() == {sha256: 4_000}
    assert cache.check(sha256) is None
    assert SoundCache(tmp_path, 10_000_000).held() == {sha256: 4_000}


def test_other_bytes_than_promised_are_not_admitted(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, 10_000_000)
    cache.part_path("ab" * 32).write_bytes(b"forged")
    assert not cache.admit("ab" * 32)
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_byte_sets_the_sound_aside(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, 10_000_000)
    sha256 = put(cache, b"news" * 1_000)
    damaged = bytearray(cache.path(sha256).read_bytes())
    damaged[17] ^= 1
    cache.path(sha256).write_bytes(bytes(damaged))
    assert cache.check(sha256) == "file_corrupt"
    assert cache.held() == {}
    assert (tmp_path / "bad" / sha256).exists()
    assert cache.check(sha256) == "file_missing"


def test_room_is_made_from_the_oldest_that_nobody_needs(tmp_path: Path) -> None:
    dropped: list[str] = []
    cache = SoundCache(tmp_path, 1_000, on_dropped=dropped.append, reserve_bytes=0)
    old, needed, newer = (put(cache, bytes([n]) * 300) for n in range(3))
    for age, sha256 in enumerate((old, needed, newer)):
        os.utime(cache.path(sha256), (1_000_000 + age, 1_000_000 + age))
    cache.protect((needed,))
    assert cache.make_room("ff" * 32, 300)
    assert dropped == [old]
    assert cache.make_room("ff" * 32, 700)
    assert dropped == [old, newer]
    assert not cache.make_room("ff" * 32, 800)
    assert set(cache.held()) == {needed}


def test_damaged_and_unfinished_files_count_and_go_first(tmp_path: Path) -> None:
    dropped: list[str] = []
    cache = SoundCache(tmp_path, 1_000, on_dropped=dropped.append, reserve_bytes=0)
    held, spoilt = put(cache, b"a" * 300), put(cache, b"b" * 300)
    cache.path(spoilt).write_bytes(b"c" * 300)
    assert cache.check(spoilt) == "file_corrupt"
    assert put(cache, b"b" * 300) == spoilt
    assert cache.make_room("ff" * 32, 200)
    assert list((tmp_path / "bad").iterdir()) == []
    assert set(cache.held()) == {held, spoilt}
    cache.part_path("ee" * 32).write_bytes(b"d" * 300)
    cache.protect((held, spoilt))
    assert cache.make_room("ff" * 32, 400)
    assert not cache.part_path("ee" * 32).exists()
    assert dropped == []


def test_only_the_last_damaged_sounds_are_kept(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, 10_000_000, reserve_bytes=0)
    for number in range(7):
        sha256 = put(cache, bytes([number]) * 300)
        cache.path(sha256).write_bytes(b"spoilt")
        assert cache.check(sha256) == "file_corrupt"
    assert len(list((tmp_path / "bad").iterdir())) == 4


def test_a_name_that_is_no_hash_never_becomes_a_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        SoundCache(tmp_path, 1_000).path("../../etc/passwd")
