"""The title block of an administrative document (Decree 30/2020/NĐ-CP, annex I), and who signs.

The paper is Vietnamese whatever language the screen has: it is an official document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.settings import PaperSettings
from controller.web.formats import capitalised

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
AUTHOR = "Vang"


def title_block(tree: PlaceTree, place: Place, *, kind: str, organisation: str = "") -> Any:
    """The head of a document of a kind (`BC` a report) that a place issues.

    The day stays open, to be written by hand when it is signed; so does the number. `organisation`
    issues it under the place's committee; without one the committee itself does.
    """
    above, issuer = issued_by(tree, place, organisation)
    return {
        "above": above,
        "organisation": issuer,
        "number": f"Số: ......./{kind}-{initials(organisation) or 'UBND'}",
        "nation": NATION,
        "motto": MOTTO,
        "place_and_date": f"{place.name}, ngày ...... tháng ...... năm ..........",
    }


def issued_by(tree: PlaceTree, place: Place, organisation: str) -> tuple[str, str]:
    """The two lines of the title block: who stands above, empty for nobody, and who issues."""
    committee = f"UBND {place.full_name}".upper()
    if organisation:
        return committee, organisation.upper()
    if place.kind is PlaceKind.PROVINCE:
        return "", f"ỦY BAN NHÂN DÂN\n{place.full_name}".upper()
    parent = tree.places.get(place.parent_id or "")
    return f"UBND {parent.full_name}".upper() if parent is not None else "", committee


def in_one_line(tree: PlaceTree, place: Place, organisation: str) -> str:
    """The same in one line, for a printed page or the head of a sheet."""
    return ", ".join(
        line.replace("\n", " ") for line in issued_by(tree, place, organisation) if line
    )


def organisation_of(place: Place, paper: PaperSettings) -> str:
    """Who issues the reports of a place as the settings say; empty: its committee."""
    return {
        PlaceKind.PROVINCE: paper.province,
        PlaceKind.DISTRICT: paper.district,
        PlaceKind.COMMUNE: paper.commune,
    }[place.kind].strip()


def initials(organisation: str) -> str:
    """What stands for an organisation in the number of a document: Đài truyền thanh, ĐTT."""
    words = re.split(r"[\s,–-]+", organisation.strip())
    return "".join(word[0] for word in words if word and word.lower() != "và").upper()


def signatures(*who: tuple[str, str]) -> Sequence[Mapping[str, str]]:
    """Places to sign: (who, how)."""
    return [{"who": one, "how": how, "name": ""} for one, how in who]


def named(place: Place) -> str:
    """Huyện Bác Ái."""
    return capitalised(place.full_name)
