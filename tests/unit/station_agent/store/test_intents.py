"""Intents of emergencies: whole or not there, the newest kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from station_agent.core.records import ActiveOrder, Intent
from station_agent.errors import StorageReadOnlyError
from station_agent.store.intents import PAGE_BYTES, PAGES, IntentFile
from station_protocol.vocabulary import Authority

AT = datetime(2026, 11, 26, 3, 15, tzinfo=UTC)


def intent(number: int) -> Intent:
    order = ActiveOrder(
        order_id=f"order-{number}",
        title="Lũ trên sông Cái, bà con vùng thấp đi ngay",
        authority=Authority.PROVINCE,
        sequence=number,
        attention_ms=6000,
        issued_at=AT,
        until_at=AT + timedelta(hours=1),
    )
    return Intent(
        slot_id=f"{number:026d}",
        nonce=f"{number:032x}",
        not_after=AT + timedelta(hours=2),
        planned_at=AT,
        order=order,
    )


def test_what_was_written_is_read_after_a_restart_oldest_first(tmp_path: Path) -> None:
    file = IntentFile(tmp_path / "intents")
    file.write(intent(1))
    file.write(intent(2))
    again = IntentFile(tmp_path / "intents")
    assert again.read() == (intent(1), intent(2))
    again.write(intent(3))
    assert IntentFile(tmp_path / "intents").read() == (intent(1), intent(2), intent(3))


def test_the_file_never_grows_and_keeps_the_newest(tmp_path: Path) -> None:
    file = IntentFile(tmp_path / "intents")
    for number in range(PAGES + 5):
        file.write(intent(number))
    assert (tmp_path / "intents").stat().st_size == PAGES * PAGE_BYTES
    assert file.read() == tuple(intent(number) for number in range(5, PAGES + 5))


def test_a_torn_page_is_not_there_and_hurts_no_other(tmp_path: Path) -> None:
    path = tmp_path / "intents"
    file = IntentFile(path)
    file.write(intent(1))
    file.write(intent(2))
    raw = bytearray(path.read_bytes())
    raw[2 * PAGE_BYTES + 200] ^= 1
    path.write_bytes(raw)
    assert IntentFile(path).read() == (intent(1),)


def test_a_title_as_long_as_the_wire_allows_fits(tmp_path: Path) -> None:
    long = intent(1).order.model_copy(update={"title": "ữ" * 300, "order_id": "x" * 64})
    file = IntentFile(tmp_path / "intents")
    file.write(intent(1).model_copy(update={"order": long}))
    assert file.read()[0].order == long


def test_a_card_that_does_not_write_is_said(tmp_path: Path) -> None:
    file = IntentFile(tmp_path / "intents")
    (tmp_path / "intents").unlink()
    with pytest.raises(StorageReadOnlyError):
        file.write(intent(1))
