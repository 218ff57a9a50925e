"""The words of the inventory, and what is typed into its form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from controller.domain.equipment import EquipmentKind, Warranty
from controller.errors import InvalidInputError
from controller.services.equipment import ItemView, ItemWish
from controller.web import formats
from controller.web.schedule_form import typed_day
from controller.web.station_form import Typed

KINDS = {
    EquipmentKind.AMPLIFIER: _l("Tăng âm"),
    EquipmentKind.HORN: _l("Loa"),
    EquipmentKind.PI: _l("Máy trạm (Raspberry Pi)"),
    EquipmentKind.SIM: _l("SIM"),
    EquipmentKind.POLE: _l("Cột"),
    EquipmentKind.POWER_SUPPLY: _l("Nguồn điện"),
    EquipmentKind.UPS: _l("Bộ lưu điện"),
    EquipmentKind.CABINET: _l("Tủ máy"),
    EquipmentKind.CABLE: _l("Dây, cáp"),
    EquipmentKind.OTHER: _l("Thứ khác"),
}

FIELDS = (
    "kind",
    "model",
    "serial",
    "cluster",
    "installed_on",
    "warranty_until",
    "cost_vnd",
    "note",
)


def where_word(number: int | None, name: str | None) -> str:
    """At which group of horns something is."""
    if number is None:
        return _("Tại trạm")
    return name or _("Cụm %(n)s", n=number)


def warranty_word(one: ItemView) -> str:
    """How the warranty of a thing stands; empty: nobody entered one."""
    day = formats.day(one.warranty_until)
    match one.warranty:
        case Warranty.HOLDS:
            return _("bảo hành đến %(day)s", day=day)
        case Warranty.ENDS_SOON:
            return _("sắp hết bảo hành: %(day)s", day=day)
        case Warranty.OVER:
            return _("hết bảo hành từ %(day)s", day=day)
    return ""


def vnd(amount: int | None) -> str:
    """12.500.000 đ."""
    return "–" if amount is None else f"{formats.number(amount)} đ"


def blank() -> Typed:
    """The empty form."""
    return Typed(dict.fromkeys(FIELDS, ""))


def standing(one: ItemView) -> Typed:
    """The form of a thing as it stands."""
    return Typed(
        {
            "kind": one.kind.value,
            "model": one.model,
            "serial": one.serial,
            "cluster": "" if one.cluster_number is None else str(one.cluster_number),
            "installed_on": _day(one.installed_on),
            "warranty_until": _day(one.warranty_until),
            "cost_vnd": "" if one.cost_vnd is None else formats.number(one.cost_vnd),
            "note": one.note,
        },
        row_version=one.row_version,
    )


def _day(day: date | None) -> str:
    return formats.day(day) if day else ""


def wish_of(values: Mapping[str, str], today: date) -> ItemWish:
    """What was typed. InvalidInputError names the field that cannot be read."""
    return ItemWish(
        values["kind"],
        values["model"],
        values["serial"],
        _number(values["cluster"]),
        _optional_day(values, "installed_on", today),
        _optional_day(values, "warranty_until", today),
        money(values["cost_vnd"], "cost_vnd"),
        values["note"],
    )


def _number(text: str) -> int | None:
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def _optional_day(values: Mapping[str, str], name: str, today: date) -> date | None:
    text = values[name].strip()
    return typed_day(name, text, today) if text else None


def money(text: str, field: str) -> int | None:
    """Đồng as typed, `12.500.000` or `12500000`; None for nothing. InvalidInputError otherwise."""
    plain = text.strip().removesuffix("đ").strip()
    for mark in (".", ",", " ", "\u00a0"):
        plain = plain.replace(mark, "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit() and len(plain) < 13):
        raise InvalidInputError(text, field=field, problem="bad_vnd")
    return int(plain)
