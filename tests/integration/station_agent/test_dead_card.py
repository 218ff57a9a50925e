"""A station that boots on a card the kernel made read-only runs on what it holds, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from station_agent.settings import (
    AgentSettings,
    KeySettings,
    PlayerSettings,
    StationSettings,
    StoreSettings,
)
from station_agent.wiring.build import Running, build
from station_protocol.signing import Signer
from tests.support.own_disk import NEEDS_ROOT, may_mount, own_disk

pytestmark = pytest.mark.skipif(not may_mount(), reason=NEEDS_ROOT)


def settings(folder: Path) -> AgentSettings:
    actual, exercise = (Signer.generate().public_hex() for _ in range(2))
    return AgentSettings(
        station=StationSettings(id="bac-ai-phuoc-binh"),
        store=StoreSettings(folder=str(folder)),
        player=PlayerSettings(sink="null"),
        keys=KeySettings(actual_public=actual, exercise_public=exercise),
    )


def booted(chosen: AgentSettings) -> Running:
    station = build(chosen)
    station.shell.handle(station.first)
    return station


def test_it_starts_with_its_journal_writes_nothing_and_knows_why(tmp_path: Path) -> None:
    with own_disk(tmp_path / "card", 64) as disk:
        chosen = settings(disk.folder / "data")
        before = booted(chosen)
        journal_id = before.agent.station.config.journal_id
        before.close()
        disk.fail()
        after = booted(chosen)
        try:
            assert after.agent.station.config.journal_id == journal_id
            assert after.agent.station.storage_fault == "storage_readonly"
        finally:
            after.close()
