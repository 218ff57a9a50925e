"""What the shipped dashboards ask."""

from __future__ import annotations

import json
from typing import Any

from tools import dashboards


def page(name: str) -> dict[str, Any]:
    """One dashboard as it is shipped."""
    found: dict[str, Any] = json.loads((dashboards.FOLDER / name).read_text(encoding="utf-8"))
    return found


def expressions(name: str) -> list[str]:
    """Every expression of a dashboard, about one district and one station."""
    return [
        target["expr"].replace("$district", "huyện Bác Ái").replace("$station", "bac-ai-phuoc-binh")
        for panel in page(name)["panels"]
        for target in panel["targets"]
    ]
