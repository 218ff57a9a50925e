"""What the centre finds wrong with itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.services.centre_signs import BACKUP_STAMP, CentreSigns, certificate_ends_at
from controller.services.room import Room
from controller.settings import Settings, SoundSettings, WebSettings
from controller.storage.models import StationStateRow
from tests.support.certificates import make_certificates
from tests.support.web import DISTRICT, Centre


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.close()


def signs(house: Centre, *, free_bytes: int = 9_000_000_000, cert: str = "") -> CentreSigns:
    settings = replace(
        Settings(), data_folder=str(house.folder), web=WebSettings(tls_cert=cert, tls_key=cert)
    )
    room = Room(house.folder, SoundSettings(), lambda _folder: free_bytes)
    return CentreSigns(house.database, house.clock, settings, room)


def test_disk_and_backup_are_looked_at_and_no_stamp_says_nothing(house: Centre) -> None:
    assert signs(house)() == {}
    assert signs(house, free_bytes=1_900_000_000)().keys() == {"disk"}
    stamp = house.folder / BACKUP_STAMP
    for hours, expected in ((26, set()), (27, {"backup"})):
        made_at = house.clock() - timedelta(hours=hours)
        stamp.write_text(json.dumps({"made_at": made_at.isoformat()}))
        assert signs(house)().keys() == expected
    for odd in ("{", "[]", "{}", '{"made_at": 3}', '{"made_at": "2020-01-01T00:00:00"}'):
        stamp.write_text(odd)
        assert signs(house)() == {}


def test_a_certificate_is_told_of_three_weeks_before_its_end(house: Centre, tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    ends_at = certificate_ends_at(Path(files.cert))
    assert ends_at is not None
    assert ends_at > datetime(2020, 1, 1, tzinfo=UTC)
    looking = signs(house, cert=str(files.cert))
    house.clock.at = ends_at - timedelta(days=22)
    assert looking() == {}
    house.clock.at = ends_at - timedelta(days=20)
    assert looking().keys() == {"certificate_web"}
    assert signs(house, cert=str(tmp_path / "nothing"))() == {}


def test_more_than_a_fifth_of_old_agents_are_told_of(house: Centre) -> None:
    stations = house.places.tree().stations_in([DISTRICT])[:5]
    versions = ["1.10.0", "1.10.0", "1.10.0", "1.10.0", "1.9.2"]
    for changed, expected in ((versions, set()), (["1.9.2", *versions[1:]], {"agents"})):
        with house.database.write() as session:
            for station, version in zip(stations, changed, strict=True):
                session.merge(
                    StationStateRow(
                        station_id=station.station_id, shown_state="ready", agent_version=version
                    )
                )
        assert signs(house)().keys() == expected
    assert signs(house)()["agents"] == {"newest": "1.10.0", "old": "2", "all": "5"}
