"""A whole centre, just made, tells Prometheus of all its stations."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller import wiring
from controller.settings import BrokerSettings, Settings
from tests.support.certificates import make_certificates

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("centre")
    (folder / "backup.json").write_text('{"made_at": "2026-11-27T02:30:00Z"}')
    cert = make_certificates(folder / "tls").cert
    broker = BrokerSettings(tls_cert=str(cert))
    centre = wiring.build(Settings(data_folder=str(folder), broker=broker))
    try:
        answer = centre.app.test_client().get("/metrics")
        assert answer.status_code == 200
        yield answer.text
    finally:
        centre.stop()


def samples_of(text: str, name: str) -> dict[str, float]:
    return {
        sample.labels["station"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def test_each_of_the_65_stations_is_registered_and_down_until_it_speaks(text: str) -> None:
    registered = samples_of(text, "vang_station_registered")
    assert len(registered) == 65
    assert samples_of(text, "vang_station_up") == dict.fromkeys(registered, 0.0)
    assert samples_of(text, "vang_station_last_heartbeat_timestamp_seconds") == {}


def test_communes_keep_their_marks(text: str) -> None:
    assert (
        'vang_station_up{station="bac-ai-phuoc-binh",commune="xã Phước Bình",'
        'district="huyện Bác Ái"} 0' in text
    )


def test_the_last_backup_and_the_end_of_a_certificate_are_told(text: str) -> None:
    families = {family.name: family.samples for family in text_string_to_metric_families(text)}
    (backup,) = families["vang_backup_last_success_timestamp_seconds"]
    assert backup.value == datetime(2026, 11, 27, 2, 30, tzinfo=UTC).timestamp()
    (certificate,) = families["vang_certificate_expiry_timestamp_seconds"]
    assert certificate.labels == {"listener": "broker"}


def test_prometheus_reads_all_of_it(text: str, tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing; `make test` installs it (Debian package prometheus)"
    answer = subprocess.run(
        [promtool, "check", "metrics"],
        input=text,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
