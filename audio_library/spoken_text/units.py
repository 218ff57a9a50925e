"""Units of measure as they are read."""

from __future__ import annotations

MONEY = {"đồng": "đồng", "đ": "đồng", "₫": "đồng", "vnđ": "đồng", "vnd": "đồng", "usd": "đô la Mỹ"}
"""Written in small or capital letters alike."""

SCALES = {
    "tỷ": "tỷ",
    "tỉ": "tỷ",
    "triệu": "triệu",
    "tr": "triệu",
    "nghìn": "nghìn",
    "ngàn": "nghìn",
}
"""What may stand between a number and its unit."""

_LENGTHS = {
    "mm": "mi li mét",
    "cm": "xen ti mét",
    "dm": "đề xi mét",
    "m": "mét",
    "km": "ki lô mét",
    "mm2": "mi li mét vuông",
    "cm2": "xen ti mét vuông",
    "m2": "mét vuông",
    "km2": "ki lô mét vuông",
    "cm3": "xen ti mét khối",
    "m3": "mét khối",
    "ha": "héc ta",
}
_OTHERS = {
    "mg": "mi li gam",
    "g": "gam",
    "gr": "gam",
    "kg": "ki lô gam",
    "ml": "mi li lít",
    "l": "lít",
    "lít": "lít",
    "tấn": "tấn",
    "tạ": "tạ",
    "s": "giây",
    "h": "giờ",
    "giờ": "giờ",
    "phút": "phút",
    "W": "oát",
    "kW": "ki lô oát",
    "MW": "mê ga oát",
    "kWh": "ki lô oát giờ",
    "V": "vôn",
    "kV": "ki lô vôn",
    "kVA": "ki lô vôn am pe",
    "Hz": "héc",
    "MHz": "mê ga héc",
    "hPa": "héc tô pát can",
    "mb": "mi li ba",
    "°C": "độ xê",
    "ºC": "độ xê",
    "oC": "độ xê",
    "°": "độ",
    "%": "phần trăm",
    "‰": "phần nghìn",
    "'": "phút",
    "’": "phút",
}
UNITS = _LENGTHS | _OTHERS
_RAISED = str.maketrans("²³", "23")


def unit(text: str) -> str | None:
    """How a unit or currency is read; None if it is neither."""
    flat = text.translate(_RAISED)
    return UNITS.get(flat) or MONEY.get(flat.lower())


def is_price(text: str) -> bool:
    """Whether it is paid for what follows: `đồng một mét khối`, not `đồng trên mét khối`."""
    return text.lower() in MONEY or text in "%‰"


def pattern() -> str:
    """A regular expression for any of them, longest first."""
    written = [one.replace("2", "[2²]").replace("3", "[3³]") for one in UNITS]
    money = ["đồng", "đ", "₫", "VNĐ", "VND", "vnđ", "vnd", "USD", "usd", "Đ"]
    return "|".join(sorted([*written, *money], key=lambda one: -len(one)))
