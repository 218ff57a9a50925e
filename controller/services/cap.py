"""Emergencies as messages of the Common Alerting Protocol, version 1.2 (OASIS, 1 July 2010)."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree as Xml

from controller.domain.emergencies import DRILL_SAID, Kind, Part, State
from controller.domain.hazards import Hazard
from controller.domain.places import PlaceTree
from controller.domain.schedule import STATION_ZONE
from controller.services.emergency_views import EmergencyView

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
TYPE = "application/cap+xml"
HAZARD_CODE, LEVEL_PARAMETER = "vang:hazard", "vang:level"
"""Names of values the protocol leaves open: the hazard by our name, the level of disaster risk."""
PLACE_CODE = "GSO"

_SEVERITY = {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme", 5: "Extreme"}
_CATEGORY = {
    Hazard.FOREST_FIRE: "Fire",
    Hazard.EARTHQUAKE: "Geo",
    Hazard.TSUNAMI: "Geo",
    Hazard.FLASH_FLOOD: "Geo",
    Hazard.FLOOD_RELEASE: "Infra",
    Hazard.OTHER: "Other",
}


def cap_of(view: EmergencyView, tree: PlaceTree, *, sender: str) -> bytes:
    """The message as UTF-8 XML: of a drill with status Exercise, of a proposal with status Draft.

    Once it was corrected or called off it is the Cancel of the message it was.
    """
    alert = Xml.Element("alert", xmlns=NAMESPACE)
    sent_at = view.sent_at or view.composed_at
    ended = next(
        (part for part in (Part.CORRECTION, Part.ALL_CLEAR) if part in view.sent_parts), None
    )
    ended_at = view.sent_parts[ended] if ended else None
    identifier = view.emergency_id + (f"-{ended}" if ended else "")
    for name, text in (
        ("identifier", identifier),
        ("sender", sender),
        ("sent", _at(ended_at or sent_at)),
        ("status", _status(view)),
        ("msgType", "Cancel" if ended else "Alert"),
        ("source", view.source),
        ("scope", "Public"),
        ("note", DRILL_SAID if view.kind is Kind.DRILL else ""),
        ("references", f"{sender},{view.emergency_id},{_at(sent_at)}" if ended else ""),
    ):
        _add(alert, name, text)
    alert.append(_info(view, tree, ended or Part.WARNING))
    body: bytes = Xml.tostring(alert, encoding="utf-8", xml_declaration=True)
    return body


def _status(view: EmergencyView) -> str:
    if view.kind is Kind.DRILL:
        return "Exercise"
    return "Actual" if view.state is State.SENT else "Draft"


def _told(view: EmergencyView, part: Part) -> tuple[str, str]:
    """Title and words: those of a drill say that it is one, whoever passes on no more than them."""
    title, text = view.title, view.parts[part].text
    if view.kind is not Kind.DRILL:
        return title, text
    return f"Diễn tập: {title}", f"{DRILL_SAID} {text} {DRILL_SAID}"


def _info(view: EmergencyView, tree: PlaceTree, part: Part) -> Xml.Element:
    info, (title, words) = Xml.Element("info"), _told(view, part)
    for name, text in (
        ("language", "vi-VN"),
        ("category", _CATEGORY.get(view.hazard, "Met")),
        ("event", title),
        ("responseType", "AllClear" if part is Part.ALL_CLEAR else ""),
        ("urgency", "Immediate" if part is Part.WARNING else "Past"),
        ("severity", _SEVERITY.get(view.level or 0, "Unknown")),
        ("certainty", "Likely" if part is Part.WARNING else "Unlikely"),
        ("eventCode", (HAZARD_CODE, view.hazard.value)),
        ("expires", _at(view.until_at)),
        ("headline", title),
        ("description", words),
        ("parameter", (LEVEL_PARAMETER, str(view.level or ""))),
    ):
        if isinstance(text, tuple):
            _add_value(info, name, *text)
        else:
            _add(info, name, text)
    for target in view.target_ids:
        place = tree.places.get(target)
        area = Xml.SubElement(info, "area")
        _add(area, "areaDesc", place.full_name if place else target)
        _add_value(area, "geocode", PLACE_CODE, place.code if place else target)
    return info


def _add_value(parent: Xml.Element, name: str, key: str, value: str) -> None:
    """A value whose name is not the protocol's own."""
    if value:
        pair = Xml.SubElement(parent, name)
        _add(pair, "valueName", key)
        _add(pair, "value", value)


def _add(parent: Xml.Element, name: str, text: str) -> None:
    if text:
        Xml.SubElement(parent, name).text = text


def _at(at: datetime) -> str:
    """An instant as the protocol writes it: with the offset of the place, no fractions."""
    return at.astimezone(STATION_ZONE).isoformat(timespec="seconds")
