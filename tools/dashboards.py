#!/usr/bin/env python3
"""Write the Grafana dashboards of deploy/grafana/dashboards: province, district, station, centre.

`make docs` writes them; a test fails while a file and this program differ. Titles are Vietnamese,
since operators of the province read them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "deploy/grafana/dashboards"
DATASOURCE = {"type": "prometheus", "uid": "vang"}
COLUMNS = 24

GREEN, AMBER, RED, BLUE = "green", "orange", "red", "blue"


@dataclass(frozen=True)
class Query:
    """One expression and what its lines are called; `instant` asks for the last value only."""

    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """One picture: its kind, how wide (of 24) and high it is, and what it asks."""

    title: str
    kind: str
    queries: tuple[Query, ...]
    width: int = 12
    height: int = 8
    unit: str = "none"
    steps: tuple[tuple[str, float | None], ...] = ((GREEN, None),)
    words: str = ""
    """What the values mean, beside the title."""
    least: float | None = None
    most: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    transformations: tuple[Mapping[str, Any], ...] = ()
    mappings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Dashboard:
    """One page of Grafana."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[Mapping[str, Any], ...] = ()


def stat(title: str, expr: str, **more: Any) -> Panel:
    """One figure."""
    return Panel(title, "stat", (Query(expr, instant=True),), width=4, height=4, **more)


def lines(title: str, *queries: Query, **more: Any) -> Panel:
    """Values over time."""
    return Panel(title, "timeseries", queries, **more)


def states(title: str, expr: str, legend: str, names: Mapping[int, tuple[str, str]]) -> Panel:
    """A band for each series, coloured by state."""
    return Panel(
        title,
        "state-timeline",
        (Query(expr, legend),),
        width=24,
        height=10,
        mappings=(named(names),),
        options={"showValue": "never", "mergeValues": True, "rowHeight": 0.85},
    )


def table(title: str, expr: str, columns: Mapping[str, str], **more: Any) -> Panel:
    """Rows of labels and their value; `columns` gives the labels their heads, Value last."""
    order = {name: place for place, name in enumerate(columns)}
    organize = {
        "id": "organize",
        "options": {"indexByName": order, "renameByName": dict(columns), "excludeByName": UNSEEN},
    }
    query = Query(expr, instant=True)
    return Panel(title, "table", (query,), transformations=(organize,), **more)


UNSEEN = {"Time": True, "instance": True, "job": True, "__name__": True, "alertstate": True}


def named(names: Mapping[int, tuple[str, str]]) -> dict[str, Any]:
    """Words and colours of values."""
    options = {
        str(value): {"text": text, "color": colour, "index": place}
        for place, (value, (text, colour)) in enumerate(names.items())
    }
    return {"type": "value", "options": options}


def variable(name: str, label: str, query: str, *, with_all: bool = False) -> dict[str, Any]:
    """A choice above the page, filled from the labels of a series."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "includeAll": with_all,
        "multi": False,
    }


# --- what is shown --------------------------------------------------------------------------------

SILENT = "(time() - vang_station_last_heartbeat_timestamp_seconds{%s}) > 90"
STATION_COLUMNS = {"district": "Huyện", "commune": "Xã", "station": "Trạm"}
UP = {0: ("mất liên lạc", RED), 1: ("có liên lạc, không phát được", AMBER), 2: ("sẵn sàng", GREEN)}
WORST_FIRST = ((RED, None), (AMBER, 0.97), (GREEN, 0.995))
BAD_FROM_ONE = ((GREEN, None), (RED, 1))


def share_ready(chosen: str) -> str:
    """The share of stations that are ready, maintenance left out."""
    away = f"unless on (station) vang_station_in_maintenance{{{chosen}}} == 1"
    return (
        f"sum(vang_station_ready{{{chosen}}} {away}) / count(vang_station_ready{{{chosen}}} {away})"
    )


def missed_today(chosen: str) -> str:
    """Missed slots of the last 24 hours, by station."""
    matching = f'outcome="missed",{chosen}'.rstrip(",")
    return (
        "sum by (district, commune, station) "
        f"(increase(vang_slot_results_total{{{matching}}}[24h])) > 0"
    )


def state_of(chosen: str) -> str:
    """0 silent, 1 up but not ready, 2 ready, by station."""
    return f"vang_station_up{{{chosen}}} + vang_station_ready{{{chosen}}}"


def head(chosen: str) -> tuple[Panel, ...]:
    """The row of figures above a province or a district."""
    registered = f"vang_station_registered{{{chosen}}}"
    return (
        stat("Trạm đang dùng", f"count({registered}) or vector(0)", steps=((BLUE, None),)),
        stat("Sẵn sàng", share_ready(chosen), unit="percentunit", steps=WORST_FIRST),
        stat("Mất liên lạc", f"count({SILENT % chosen}) or vector(0)", steps=BAD_FROM_ONE),
        stat(
            "Chưa từng kết nối",
            f"count({registered} unless on (station) "
            f"vang_station_last_heartbeat_timestamp_seconds{{{chosen}}}) or vector(0)",
            steps=BAD_FROM_ONE,
        ),
        stat("Đang phát", f"sum(vang_station_on_air{{{chosen}}}) or vector(0)"),
        stat(
            "Đang bảo trì",
            f"sum(vang_station_in_maintenance{{{chosen}}}) or vector(0)",
            steps=((BLUE, None),),
        ),
    )


def results(chosen: str) -> Panel:
    """Slots that got their outcome, by hour."""
    return lines(
        "Lượt phát theo kết quả, mỗi giờ",
        Query(
            f"sum by (outcome) (increase(vang_slot_results_total{{{chosen}}}[1h]))", "{{outcome}}"
        ),
        words="aired: đã phát; late: phát muộn; cut_short: phát dở; missed: lỡ.",
        least=0,
    )


def fleet_lists(chosen: str) -> tuple[Panel, ...]:
    """Which stations are silent, which missed something."""
    return (
        table(
            "Trạm mất liên lạc",
            SILENT % chosen,
            {**STATION_COLUMNS, "Value": "Đã im lặng"},
            unit="s",
        ),
        table(
            "Lượt phát bị lỡ trong 24 giờ",
            missed_today(chosen),
            {**STATION_COLUMNS, "Value": "Số lượt"},
        ),
    )


BUDGET = tuple(
    Query(f"vang:province_not_ready:ratio_{window}", window) for window in ("1h", "6h", "3d")
)

PROVINCE = Dashboard(
    "vang-province",
    "Vang: toàn tỉnh",
    (
        *head(""),
        table(
            "Báo động đang có",
            'ALERTS{alertstate="firing",severity!="watchdog"}',
            {"alertname": "Báo động", "severity": "Mức", **STATION_COLUMNS, "Value": "Số"},
            width=24,
        ),
        lines(
            "Sẵn sàng theo huyện",
            Query(
                "sum by (district) (vang_station_ready) / count by (district) (vang_station_ready)",
                "{{district}}",
            ),
            unit="percentunit",
            least=0,
            most=1,
        ),
        lines(
            "Phần thời gian trạm không sẵn sàng, theo cửa sổ",
            *BUDGET,
            unit="percentunit",
            words="Mức hứa 99,5 %: cho phép 0,5 %. Báo động khi 1 giờ quá 7,2 % hay 6 giờ quá 3 %.",
            least=0,
            steps=((GREEN, None), (AMBER, 0.005), (RED, 0.072)),
        ),
        *fleet_lists(""),
        results(""),
        lines(
            "Lệnh khẩn cấp chưa được trả lời",
            Query(
                "count by (district) (vang_station_emergency_unanswered_seconds > 30)",
                "{{district}}",
            ),
            words="Số trạm chưa nhận lệnh quá 30 giây.",
            least=0,
        ),
    ),
)

DISTRICT_CHOSEN = 'district="$district"'
DISTRICT = Dashboard(
    "vang-district",
    "Vang: một huyện",
    (
        *head(DISTRICT_CHOSEN),
        states("Trạng thái các trạm", state_of(DISTRICT_CHOSEN), "{{commune}}", UP),
        *fleet_lists(DISTRICT_CHOSEN),
        results(DISTRICT_CHOSEN),
        lines(
            "Đồng hồ lệch",
            Query(f"vang_station_clock_offset_seconds{{{DISTRICT_CHOSEN}}}", "{{commune}}"),
            unit="s",
        ),
    ),
    (variable("district", "Huyện", "label_values(vang_station_registered, district)"),),
)

ONE = 'station="$station"'
STATION = Dashboard(
    "vang-station",
    "Vang: một trạm",
    (
        stat(
            "Trạng thái",
            state_of(ONE),
            mappings=(named(UP),),
        ),
        stat(
            "Im lặng từ",
            f"vang_station_last_heartbeat_timestamp_seconds{{{ONE}}} * 1000",
            unit="dateTimeFromNow",
            words="Tín hiệu cuối cùng.",
        ),
        stat(
            "Kế hoạch còn thiếu",
            f"vang_station_plan_version{{{ONE}}} - vang_station_plan_version_held{{{ONE}}}",
            steps=BAD_FROM_ONE,
            words="Số bản kế hoạch trạm chưa nhận.",
        ),
        stat(
            "Âm thanh còn thiếu",
            f"vang_station_required_assets{{{ONE}}} - vang_station_held_assets{{{ONE}}}",
            steps=BAD_FROM_ONE,
        ),
        stat(
            "Nhật ký chưa về",
            f"vang_station_journal_behind_lines{{{ONE}}}",
            steps=((GREEN, None), (AMBER, 1)),
            words="Dòng nhật ký chưa lưu ở trung tâm.",
        ),
        stat(
            "Thẻ nhớ còn",
            f"vang_station_disk_free_bytes{{{ONE}}}",
            unit="bytes",
            steps=((RED, None), (GREEN, 500e6)),
        ),
        states("Liên lạc", state_of(ONE), "{{commune}}", UP),
        states(
            "Đang phát",
            f"vang_station_on_air{{{ONE}}}",
            "{{commune}}",
            {0: ("im", BLUE), 1: ("đang phát", GREEN)},
        ),
        lines(
            "Đồng hồ lệch",
            Query(f"vang_station_clock_offset_seconds{{{ONE}}}", "lệch"),
            Query(f"vang_station_clock_trusted{{{ONE}}}", "tin được (1)"),
            unit="s",
        ),
        results(ONE),
        lines(
            "Tin bị từ chối, mỗi giờ",
            Query(
                f"sum by (reason) (increase(vang_station_refused_messages_total{{{ONE}}}[1h]))",
                "{{reason}}",
            ),
            Query(f"increase(vang_station_denied_publishes_total{{{ONE}}}[1h])", "broker chặn"),
            least=0,
        ),
        lines(
            "Kết quả được sửa sau, mỗi ngày",
            Query(
                f"sum by (from, to) (increase(vang_slot_corrections_total{{{ONE}}}[1d]))",
                "{{from}} thành {{to}}",
            ),
            words="Khi nhật ký của trạm về muộn.",
            least=0,
        ),
        table(
            "Phần mềm cũ hơn trung tâm",
            f"vang_station_agent_outdated{{{ONE}}}",
            {**STATION_COLUMNS, "Value": "Cũ (1)"},
        ),
    ),
    (
        variable("district", "Huyện", "label_values(vang_station_registered, district)"),
        variable(
            "station",
            "Trạm",
            'label_values(vang_station_registered{district="$district"}, station)',
        ),
    ),
)


def quantile(name: str, share: float) -> str:
    """A quantile of a histogram over 5 minutes."""
    return f"histogram_quantile({share}, sum by (le) (rate({name}_bucket[5m])))"


def times(title: str, name: str) -> Panel:
    """Median and 99th percentile of a histogram."""
    return lines(
        title,
        Query(quantile(name, 0.5), "nửa số lần"),
        Query(quantile(name, 0.99), "99 %"),
        unit="s",
    )


CENTRE = Dashboard(
    "vang-controller",
    "Vang: máy trung tâm",
    (
        stat(
            "Trung tâm",
            'up{job="controller"}',
            mappings=(named({0: ("không trả lời", RED), 1: ("chạy", GREEN)}),),
        ),
        stat(
            "Broker",
            "min(vang_broker_up) * min(vang_link_connected)",
            mappings=(named({0: ("mất", RED), 1: ("chạy", GREEN)}),),
        ),
        stat("Tin chờ gửi", "vang_outbox_rows", steps=((GREEN, None), (AMBER, 100))),
        stat(
            "Ổ đĩa còn",
            "vang_disk_free_bytes",
            unit="bytes",
            steps=((RED, None), (AMBER, 2e9), (GREEN, 5e9)),
        ),
        stat(
            "Sao lưu gần nhất",
            "time() - vang_backup_last_success_timestamp_seconds",
            unit="s",
            steps=((GREEN, None), (RED, 93600)),
        ),
        stat(
            "Chứng thư còn",
            "min(vang_certificate_expiry_timestamp_seconds) - time()",
            unit="s",
            steps=((RED, None), (AMBER, 604800), (GREEN, 2592000)),
        ),
        lines(
            "Tin từ trạm, mỗi giây",
            Query("sum by (kind) (rate(vang_messages_received_total[5m]))", "{{kind}}"),
            least=0,
        ),
        lines(
            "Tin tới trạm, mỗi giây",
            Query("sum by (kind) (rate(vang_messages_published_total[5m]))", "{{kind}}"),
            least=0,
        ),
        lines(
            "Tin bị từ chối, mỗi giờ",
            Query("sum by (reason) (increase(vang_messages_refused_total[1h]))", "{{reason}}"),
            least=0,
        ),
        lines(
            "Tin chờ lâu nhất",
            Query("vang_outbox_oldest_age_seconds", "đã chờ"),
            unit="s",
            least=0,
            steps=((GREEN, None), (RED, 600)),
        ),
        lines(
            "Trang web, mỗi giây",
            Query("sum by (status) (rate(vang_http_requests_total[5m]))", "{{status}}"),
            least=0,
        ),
        times("Thời gian trả lời trang", "vang_http_request_duration_seconds"),
        times("Chờ lượt ghi cơ sở dữ liệu", "vang_writer_wait_seconds"),
        lines(
            "Việc định kỳ lỗi, mỗi giờ",
            Query("sum by (job) (increase(vang_job_failures_total[1h]))", "{{job}}"),
            Query("sum by (border) (increase(vang_border_errors_total[1h]))", "lỗi lạ: {{border}}"),
            least=0,
        ),
        lines(
            "Bộ nhớ",
            Query('process_resident_memory_bytes{job="controller"}', "đang dùng"),
            unit="bytes",
            least=0,
        ),
        lines(
            "Bộ xử lý",
            Query('rate(process_cpu_seconds_total{job="controller"}[5m])', "lõi"),
            least=0,
        ),
        lines(
            "Tệp âm thanh được chuẩn bị, mỗi giờ",
            Query("sum by (result) (increase(vang_ingest_jobs_total[1h]))", "{{result}}"),
            least=0,
        ),
        table(
            "Phiên bản",
            "vang_controller_info",
            {"version": "Phiên bản", "Value": "Chạy"},
        ),
    ),
)

DASHBOARDS = (PROVINCE, DISTRICT, STATION, CENTRE)


# --- as Grafana reads it --------------------------------------------------------------------------


def placed(panels: Iterable[Panel]) -> Iterator[tuple[Panel, dict[str, int]]]:
    """Each panel with its place, from left to right and line by line."""
    x = y = tall = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, tall = 0, y + tall, 0
        yield panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, tall = x + panel.width, max(tall, panel.height)


def target(query: Query, place: int) -> dict[str, Any]:
    shape = {"instant": True, "format": "table"} if query.instant else {"range": True}
    return {
        "refId": chr(ord("A") + place),
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        **shape,
    }


def defaults(panel: Panel) -> dict[str, Any]:
    steps = [{"color": colour, "value": value} for colour, value in panel.steps]
    found: dict[str, Any] = {
        "unit": panel.unit,
        "mappings": [dict(one) for one in panel.mappings],
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.kind == "timeseries" and len(steps) > 1:
        found["custom"] = {"thresholdsStyle": {"mode": "dashed"}}
    for key, bound in (("min", panel.least), ("max", panel.most)):
        if bound is not None:
            found[key] = bound
    return found


def panel_json(panel: Panel, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    targets = [target(query, at) for at, query in enumerate(panel.queries)]
    if panel.kind == "stat":
        for one in targets:
            one["format"] = "time_series"
    found = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": dict(place),
        "fieldConfig": {"defaults": defaults(panel), "overrides": []},
        "options": dict(panel.options),
        "targets": targets,
    }
    if panel.words:
        found["description"] = panel.words
    if panel.transformations:
        found["transformations"] = [dict(one) for one in panel.transformations]
    return found


def dashboard_json(page: Dashboard) -> dict[str, Any]:
    links = [
        {
            "type": "dashboards",
            "title": "Vang",
            "tags": ["vang"],
            "asDropdown": False,
            "includeVars": True,
            "keepTime": True,
        }
    ]
    return {
        "uid": page.uid,
        "title": page.title,
        "tags": ["vang"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "timezone": "Asia/Ho_Chi_Minh",
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "links": links,
        "annotations": {"list": []},
        "templating": {"list": [dict(one) for one in page.variables]},
        "panels": [
            panel_json(panel, number, place)
            for number, (panel, place) in enumerate(placed(page.panels), start=1)
        ],
    }


def files() -> dict[str, str]:
    """The text of each file by its name."""
    return {
        f"{page.uid.removeprefix('vang-')}.json": json.dumps(
            dashboard_json(page), ensure_ascii=False, indent=2
        )
        + "\n"
        for page in DASHBOARDS
    }


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written deploy/grafana/dashboards/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
