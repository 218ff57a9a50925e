"""A fresh installation: the places, stations and clusters it begins with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from controller.services.places import Places
from controller.settings import PlanSettings
from controller.storage.database import Database
from controller.storage.models import (
    Base,
    PlaceRow,
    SpeakerClusterRow,
    StationContactRow,
    StationRow,
    StationStateRow,
)
from tests.support.web import COMMUNE, NOW, Centre


def test_a_fresh_installation_has_65_stations_in_7_districts(here: Centre) -> None:
    tree = here.places.tree()
    assert len(tree.places) == 73
    assert len(tree.stations) == 65
    assert [station.place_id for station in tree.stations.values()] == list(tree.stations)
    assert tree.stations[COMMUNE].name == "Đài truyền thanh xã Phước Bình"


def test_each_station_has_its_cap_and_a_state_that_says_never(here: Centre) -> None:
    with here.database.read() as session:
        caps = dict(session.execute(select(StationRow.station_id, StationRow.max_length_ms)).all())
        states = session.scalars(select(StationStateRow.shown_state)).all()
    assert caps[COMMUNE] == 45 * 60_000
    assert caps["phan-rang-thap-cham-do-vinh"] == 15 * 60_000
    assert set(states) == {"never"}
    assert len(states) == 65


def test_caps_follow_the_settings(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'vang.db'}")
    Base.metadata.create_all(database.engine)
    places = Places(database)
    with database.write() as session:
        places.seed(session, NOW, PlanSettings(commune_cap_min=30, ward_cap_min=5))
    stations = places.tree().stations
    database.close()
    assert stations[COMMUNE].max_length_ms == 30 * 60_000
    assert stations["phan-rang-thap-cham-do-vinh"].max_length_ms == 5 * 60_000


def test_thuan_nam_has_57_numbered_clusters_without_names(here: Centre) -> None:
    with here.database.read() as session:
        rows = session.scalars(select(SpeakerClusterRow)).all()
        assert len(rows) == 57
        assert {row.name for row in rows} == {None}
        assert not any(row.is_invented for row in rows)
        ca_na = [row.number for row in rows if row.station_id == "thuan-nam-ca-na"]
    assert ca_na == list(range(1, 11))


def test_a_second_start_changes_nothing(here: Centre) -> None:
    with here.database.write() as session:
        session.get_one(PlaceRow, COMMUNE).name = "Phước Bình mới"
        assert not here.places.seed(session, NOW)
    here.places.reload()
    assert here.places.tree().places[COMMUNE].name == "Phước Bình mới"


def test_what_the_demo_invents_is_marked_as_invented(here: Centre) -> None:
    with here.database.write() as session:
        here.places.invent_for_demo(session)
    with here.database.read() as session:
        known = session.scalar(
            select(func.count())
            .select_from(SpeakerClusterRow)
            .where(SpeakerClusterRow.is_invented.is_(False))
        )
        phones = session.scalars(select(StationContactRow)).all()
        assert known == 57
        assert all(row.is_invented for row in phones)
        assert len({row.number for row in phones}) == len({row.station_id for row in phones}) == 65


def test_a_place_that_ended_is_not_in_the_tree(here: Centre) -> None:
    with here.database.write() as session:
        session.get_one(PlaceRow, COMMUNE).valid_until = NOW.date()
        session.get_one(StationRow, COMMUNE).retired_at = NOW
    here.places.reload()
    assert COMMUNE not in here.places.tree().places
    assert COMMUNE not in here.places.tree().stations
    assert len(here.places.tree().stations) == 64
