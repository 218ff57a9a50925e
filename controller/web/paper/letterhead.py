"""The title block of an administrative document (Decree 30/2020/NĐ-CP, annex I), and who signs.

The paper is Vietnamese whatever language the screen has: it is an official document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.web.formats import capitalised

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
AUTHOR = "Vang"


def title_block(tree: PlaceTree, place: Place, *, number: str, organisation: str = "") -> Any:
    """The head of a document a place issues.

    The day stays open, to be written by hand when it is signed; so does the number. `organisation`
    issues it under the place's committee; without one the committee itself does.
    """
    committee = f"UBND {place.full_name}".upper()
    above = tree.places.get(place.parent_id or "")
    parent = f"UBND {above.full_name}".upper() if above is not None else ""
    if place.kind is PlaceKind.PROVINCE:
        committee = f"ỦY BAN NHÂN DÂN\n{place.full_name}".upper()
    return {
        "above": committee if organisation else parent,
        "organisation": organisation.upper() if organisation else committee,
        "number": number,
        "nation": NATION,
        "motto": MOTTO,
        "place_and_date": f"{place.name}, ngày ...... tháng ...... năm ..........",
    }


def signatures(*who: tuple[str, str]) -> Sequence[Mapping[str, str]]:
    """Places to sign: (who, how)."""
    return [{"who": one, "how": how, "name": ""} for one, how in who]


def named(place: Place) -> str:
    """Huyện Bác Ái."""
    return capitalised(place.full_name)
