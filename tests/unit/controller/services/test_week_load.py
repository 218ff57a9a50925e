"""How full the busiest station is: counted by groups, the same as station by station."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.places import Place, PlaceKind, PlaceTree, Station
from controller.services.week import _busiest

COUNT = 12
CAPS = (0, 1_200_000, 1_800_000, 2_700_000)
IDS = [f"xa-{number}" for number in range(COUNT)]


def _tree(caps: list[int]) -> PlaceTree:
    commune = Place(
        "xa", PlaceKind.COMMUNE, None, "", "Xa", "xã", None, False, None, None, date.min, None, 0
    )
    stations = {
        key: Station(key, "xa", key, "", cap, 100, ()) for key, cap in zip(IDS, caps, strict=True)
    }
    gone = stations.pop(IDS[-1])
    return PlaceTree({"xa": commune}, stations, {gone.station_id: gone})


@given(
    st.lists(st.sampled_from(CAPS), min_size=COUNT, max_size=COUNT),
    st.dictionaries(
        st.frozensets(st.sampled_from(IDS), min_size=1), st.integers(1, 5_000_000), min_size=1
    ),
)
def test_it_is_the_station_that_uses_most_of_its_cap(
    caps: list[int], used: dict[frozenset[str], int]
) -> None:
    alone = [
        (sum(length for there, length in used.items() if key in there), cap)
        for key, cap in zip(IDS, caps, strict=True)
        if any(key in there for there in used)
    ]
    assert _busiest(_tree(caps), used) == max(
        alone, key=lambda load: (load[0] / max(load[1], 1), load)
    )
