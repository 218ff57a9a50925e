"""Instants that stand in files, as Prometheus is told them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from controller.metrics.stamps import BACKUP, CERTIFICATE, Stamps
from tests.support.certificates import make_certificates

MADE_AT = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)


def told(stamps: Stamps, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(stamps)
    return registry.get_sample_value(name, labels)


def test_the_end_of_each_certificate_is_told_by_its_listener(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    stamps = Stamps()
    stamps.watch_certificate("web", files.cert)
    stamps.watch_certificate("broker", tmp_path / "none.pem")
    ends = told(stamps, CERTIFICATE, listener="web")
    assert ends is not None
    assert ends > datetime.now(UTC).timestamp()
    assert told(stamps, CERTIFICATE, listener="broker") is None


@pytest.mark.parametrize(
    "made_at", ["2026-11-27T02:30:00+00:00", "2026-11-27T09:30:00+07:00", "2026-11-27T02:30:00Z"]
)
def test_the_last_backup_is_told_by_its_stamp(tmp_path: Path, made_at: str) -> None:
    stamp = tmp_path / "backup.json"
    stamp.write_text(json.dumps({"made_at": made_at, "bytes": 12}))
    stamps = Stamps()
    stamps.watch_backup(stamp)
    assert told(stamps, BACKUP) == MADE_AT.timestamp()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made_at": 5}', '{"made_at": "hôm qua"}'])
def test_a_stamp_that_says_no_instant_tells_none(tmp_path: Path, text: str) -> None:
    stamp = tmp_path / "backup.json"
    stamp.write_text(text)
    stamps = Stamps()
    stamps.watch_backup(stamp)
    assert told(stamps, BACKUP) is None


def test_a_newer_backup_is_told_and_one_taken_away_no_longer(tmp_path: Path) -> None:
    stamp, newer = tmp_path / "backup.json", tmp_path / "newer.json"
    stamps = Stamps()
    stamps.watch_backup(stamp)
    assert told(stamps, BACKUP) is None
    stamp.write_text('{"made_at": "2026-11-26T02:30:00Z"}')
    assert told(stamps, BACKUP) == MADE_AT.timestamp() - 86400
    newer.write_text('{"made_at": "2026-11-27T02:30:00.5Z"}')
    newer.rename(stamp)
    assert told(stamps, BACKUP) == MADE_AT.timestamp() + 0.5
    stamp.unlink()
    assert told(stamps, BACKUP) is None
