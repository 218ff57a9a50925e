"""Each station gets a bulletin in the first of its languages that the bulletin has."""

from __future__ import annotations

import pytest

from controller.domain.accounts import Role
from controller.errors import InvalidInputError, NotFoundError
from controller.services.schedule_findings import NotInTheirLanguage
from tests.support.fleet import FAR, OTHER, STATION, Province
from tests.support.schedule_desk import a_wish, sound_of
from tests.support.web import OTHER_DISTRICT


def sounds(town: Province, station_id: str) -> list[str]:
    return [item.sha256 for slot in town.plan_of(station_id).message.slots for item in slot.items]


def aired_in(town: Province, bulletin_id: str, station_id: str) -> str:
    """The language of what the station's plan names."""
    (sha256,) = set(sounds(town, station_id))
    return next(
        language for language in ("vi", "rog", "cjm") if sound_of(bulletin_id, language) == sha256
    )


def scheduled(town: Province, *languages: str) -> str:
    bulletin_id = town.desk.bulletin(languages=languages)
    town.desk.schedules.save(town.desk.actor(), a_wish(bulletin_id))
    town.plans.refresh()
    return bulletin_id


def test_raglai_reaches_only_the_stations_whose_order_says_so(here: Province) -> None:
    here.stations.set_languages(here.desk.actor(), STATION, ["rog", "vi"])
    bulletin_id = scheduled(here, "vi", "rog")
    assert aired_in(here, bulletin_id, STATION) == "rog"
    assert aired_in(here, bulletin_id, OTHER) == "vi"


def test_a_station_whose_language_is_missing_gets_the_next_of_its_order(town: Province) -> None:
    actor = town.desk.actor()
    town.stations.set_languages(actor, STATION, ["rog", "cjm", "vi"])
    town.stations.set_languages(actor, OTHER, ["rog", "vi"])
    bulletin_id = scheduled(town, "vi", "cjm")
    assert aired_in(town, bulletin_id, STATION) == "cjm"
    assert aired_in(town, bulletin_id, OTHER) == "vi"


def test_a_changed_order_reaches_the_plan_that_stands(town: Province) -> None:
    bulletin_id = scheduled(town, "vi", "rog")
    first = town.plan_of().claims.version
    town.stations.set_languages(town.desk.actor(), STATION, ["rog", "vi"])
    assert town.centre.woken[-1] == "plan_refresh"
    town.plans.refresh()
    assert aired_in(town, bulletin_id, STATION) == "rog"
    assert town.plan_of().claims.version == first + 1
    assert aired_in(town, bulletin_id, OTHER) == "vi"


def test_a_version_that_comes_later_reaches_its_stations_alone(town: Province) -> None:
    town.stations.set_languages(town.desk.actor(), STATION, ["rog", "vi"])
    bulletin_id = scheduled(town, "vi")
    assert aired_in(town, bulletin_id, STATION) == "vi"
    other = town.plan_of(OTHER).message.slots
    with town.database.write() as session:
        town.desk.add_version(session, bulletin_id, "rog", 12)
    town.plans.refresh()
    assert aired_in(town, bulletin_id, STATION) == "rog"
    lengths = {slot.duration_ms for slot in town.plan_of().message.slots}
    assert lengths == {12 * 60_000}
    after = town.plan_of(OTHER).message.slots
    assert [slot.items for slot in after] == [slot.items for slot in other]
    assert {slot.duration_ms for slot in after} == {10 * 60_000}


def test_where_a_language_is_missing_is_said_before_saving(town: Province) -> None:
    town.stations.set_languages(town.desk.actor(), STATION, ["rog", "vi"])
    bulletin_id = town.desk.bulletin()
    preview = town.desk.schedules.preview(town.desk.actor(), a_wish(bulletin_id))
    (missing,) = [one for one in preview.judgement.look_at if isinstance(one, NotInTheirLanguage)]
    assert missing.language == "rog"
    assert [station.station_id for station in missing.stations] == [STATION]
    assert preview.judgement.may_save


def test_nobody_sets_the_languages_of_a_station_elsewhere(town: Province) -> None:
    stranger = town.desk.actor(Role.OPERATOR, OTHER_DISTRICT)
    with pytest.raises(NotFoundError):
        town.stations.set_languages(stranger, STATION, ["rog"])
    assert town.places.tree().stations[STATION].language_order == ("vi",)
    town.stations.set_languages(stranger, FAR, ["cjm", "vi"])
    assert town.places.tree().stations[FAR].language_order == ("cjm", "vi")


@pytest.mark.parametrize("order", [[], ["", ""], ["fr"]])
def test_an_order_names_at_least_one_of_our_languages(town: Province, order: list[str]) -> None:
    with pytest.raises(InvalidInputError):
        town.stations.set_languages(town.desk.actor(), STATION, order)


def test_a_language_named_twice_counts_once(town: Province) -> None:
    town.stations.set_languages(town.desk.actor(), STATION, ["rog", "", "rog", "vi"])
    assert town.places.tree().stations[STATION].language_order == ("rog", "vi")
