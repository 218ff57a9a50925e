"""Tries under names nobody has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from controller.services.identifiers import new_id, uuid7
from controller.services.strangers import REMEMBERED, Strangers

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
LOCK = timedelta(minutes=15)


def test_an_unknown_name_is_locked_as_a_known_one_would_be() -> None:
    strangers = Strangers(5, LOCK)
    assert [strangers.count_try("nobody", NOW) for _ in range(6)] == [4, 3, 2, 1, 0, None]
    assert strangers.locked_until("nobody") == NOW + LOCK


def test_the_lock_ends_and_the_count_begins_again() -> None:
    strangers = Strangers(2, LOCK)
    strangers.count_try("nobody", NOW)
    strangers.count_try("nobody", NOW)
    assert strangers.count_try("nobody", NOW + LOCK - timedelta(seconds=1)) is None
    assert strangers.count_try("nobody", NOW + LOCK) == 1


def test_a_flood_of_names_is_forgotten_oldest_first() -> None:
    strangers = Strangers(5, LOCK)
    strangers.count_try("first", NOW)
    for number in range(REMEMBERED):
        strangers.count_try(f"name{number}", NOW)
    assert strangers.count_try("first", NOW) == 4


def test_ids_sort_in_the_order_of_their_making() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=step)) for step in range(50)]
    assert ids == sorted(ids)
    assert len({new_id(NOW) for _ in range(1000)}) == 1000


def test_an_id_is_a_uuid_of_version_seven() -> None:
    made = uuid7(0x0192_3456_789A, (1 << 74) - 1)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == 0x0192_3456_789A
