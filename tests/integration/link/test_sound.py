"""Stations fetch, with their own token, the sound their own plans name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from audio_library.store import FolderStore
from controller.storage.models import StationPlanRow
from tests.support.fleet import FAR, STATION, Province, province

SOUND = os.urandom(200_000)


@dataclass
class Shelf:
    """One sound on the shelf, named by the first plan of one station."""

    here: Province
    sha256: str

    def get(self, path: str = "", *, station_id: str = STATION, **headers: str) -> TestResponse:
        token = self.here.stations.issue_config(station_id).sound_token
        sent = {"Authorization": f"Bearer {token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.here.centre.client().http.get(
            path or f"/sound/{self.sha256}", headers=sent, buffered=True
        )


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with province(tmp_path) as here:
        sounds = FolderStore(tmp_path / "sound")
        here.centre.add(stations=here.stations, sounds=sounds)
        source = tmp_path / "source"
        source.write_bytes(SOUND)
        sha256 = sounds.put(source)
        here.plans.refresh()
        with here.database.write() as session:
            key = (STATION, here.plan_of().claims.epoch, 1)
            session.get_one(StationPlanRow, key).required_assets = [sha256]
        yield Shelf(here, sha256)


def test_a_station_gets_the_whole_sound_and_may_keep_it(shelf: Shelf) -> None:
    answer = shelf.get()
    assert (answer.status_code, answer.data) == (200, SOUND)
    assert answer.mimetype == "audio/ogg"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{shelf.sha256}"'
    assert "private" in answer.headers["Cache-Control"]


def test_a_broken_transfer_goes_on_from_its_offset(shelf: Shelf) -> None:
    answer = shelf.get(Range="bytes=150000-")
    assert (answer.status_code, answer.data) == (206, SOUND[150_000:])
    assert answer.headers["Content-Range"] == "bytes 150000-199999/200000"
    assert shelf.get(Range="bytes=200000-").status_code == 416


def test_another_station_does_not_get_it(shelf: Shelf) -> None:
    assert shelf.get(station_id=FAR).status_code == 404


@pytest.mark.parametrize("path", ["/sound/" + "0" * 64, "/sound/..%2f..%2fvang.db", "/sound/x"])
def test_what_is_no_sound_of_a_plan_is_not_there(shelf: Shelf, path: str) -> None:
    assert shelf.get(path).status_code == 404


def test_a_sound_that_vanished_from_the_shelf_is_not_there(shelf: Shelf, tmp_path: Path) -> None:
    for file in (tmp_path / "sound").rglob("*.opus"):
        file.unlink()
    assert shelf.get().status_code == 404


def test_without_a_token_nothing_is_said(shelf: Shelf) -> None:
    browser = shelf.here.centre.client()
    assert browser.http.get(f"/sound/{shelf.sha256}").status_code == 401
    assert shelf.get(Authorization="Bearer wrong").status_code == 401
    token = shelf.here.stations.issue_config(STATION).sound_token
    shelf.here.stations.revoke(None, STATION)
    late = browser.http.get(f"/sound/{shelf.sha256}", headers={"Authorization": f"Bearer {token}"})
    assert late.status_code == 401
