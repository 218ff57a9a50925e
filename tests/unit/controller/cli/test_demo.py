"""What the demo decides before anything is started."""

from __future__ import annotations

import io
import wave
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from controller.cli.demo import coming_slot, known_passwords, rows_of
from controller.cli.demo_province import OVER_MQTT, PEOPLE, PROVINCE, next_minute
from controller.cli.demo_sound import SAMPLE_RATE_HZ, melody_wav
from controller.cli.demo_stations import chosen_stations
from controller.domain.accounts import fits
from controller.domain.gazetteer import places_of
from controller.domain.places import PlaceTree, Station
from controller.services.places import commune_rows

NOW = datetime(2026, 11, 23, 4, 20, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def tree() -> PlaceTree:
    places = {place.place_id: place for place in places_of(commune_rows())}
    stations = {
        place_id: Station(place_id, place_id, place.name, "http", 1, 100, ())
        for place_id, place in places.items()
        if place.kind == "commune"
    }
    return PlaceTree(places, stations)


def test_the_sound_is_music_not_silence_and_the_same_everywhere() -> None:
    first, second = melody_wav(), melody_wav()
    assert first == second
    with wave.open(io.BytesIO(first)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, SAMPLE_RATE_HZ)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert 10 < len(samples) / SAMPLE_RATE_HZ < 20
    seconds = samples[: len(samples) // SAMPLE_RATE_HZ * SAMPLE_RATE_HZ].reshape(-1, SAMPLE_RATE_HZ)
    assert (np.abs(seconds.astype(int)).max(axis=1) > 300).all()
    assert np.abs(samples.astype(int)).max() <= 16_384


def test_the_first_slot_stands_on_a_whole_minute() -> None:
    assert next_minute(NOW) == datetime(2026, 11, 23, 4, 21, tzinfo=UTC)
    assert next_minute(next_minute(NOW)) == next_minute(NOW)


def test_a_slot_that_is_still_coming_is_not_scheduled_twice() -> None:
    soon = {"first_slot_at": (NOW + timedelta(minutes=2)).isoformat()}
    assert coming_slot(soon, NOW) == NOW + timedelta(minutes=2)
    assert coming_slot(soon, NOW + timedelta(minutes=1, seconds=30)) is None
    assert coming_slot({}, NOW) is None
    assert coming_slot({"first_slot_at": "rubbish"}, NOW) is None


def test_all_stations_run_unless_fewer_are_wanted(tree: PlaceTree) -> None:
    assert len(chosen_stations(tree, None)) == 65
    assert len(chosen_stations(tree, 65)) == len(chosen_stations(tree, 100)) == 65
    assert len(chosen_stations(tree, 1)) == 1


def test_a_few_stations_are_taken_from_every_district(tree: PlaceTree) -> None:
    chosen = chosen_stations(tree, 7)
    districts = {tree.district_of(tree.stations[one].place_id) for one in chosen}
    assert len(districts) == 7


def test_the_stations_behind_the_broker_exist(tree: PlaceTree) -> None:
    assert set(OVER_MQTT) <= set(tree.stations)


def test_each_person_is_bound_to_a_place_that_fits_the_role(tree: PlaceTree) -> None:
    for one in PEOPLE:
        assert fits(one.role, tree.places[one.place_id].kind)
    assert PROVINCE in tree.places


def test_passwords_once_handed_out_are_shown_again() -> None:
    passwords = {one.username: f"secret-{one.username}" for one in PEOPLE}
    assert known_passwords({"accounts": rows_of(passwords)}) == passwords
    assert known_passwords({}) == {}
