"""The alert rules, tried by Prometheus' own tool."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.metrics.series import BY_NAME
from tests.support.alarms import SHIPPED, copy_of_the_shipped, tool

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("vang.rules.test.yml", "vang.slow.test.yml")
NEVER_QUIET = {"Watchdog"}
"""What fires always, by design."""

pytestmark = pytest.mark.real


def promtool(*words: str, folder: Path = SHIPPED) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool("promtool", "prometheus"), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def read(name: str) -> Any:
    return yaml.safe_load((SHIPPED / name).read_text(encoding="utf-8"))


def alerts() -> dict[str, dict[str, Any]]:
    """Every alerting rule by its name."""
    rules = [rule for group in read("vang.rules.yml")["groups"] for rule in group["rules"]]
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


def tried() -> dict[str, set[bool]]:
    """By alert, whether a test expects it to fire and whether one expects it not to."""
    found: dict[str, set[bool]] = {}
    for name in TESTS:
        for test in read(name)["tests"]:
            for one in test["alert_rule_test"]:
                found.setdefault(one["alertname"], set()).add(bool(one["exp_alerts"]))
    return found


@pytest.mark.parametrize("name", TESTS)
def test_each_rule_alarms_when_it_should_and_only_then(name: str) -> None:
    answer = promtool("test", "rules", name)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_is_tried_firing_and_quiet() -> None:
    wanted = {name: {True} if name in NEVER_QUIET else {True, False} for name in alerts()}
    assert tried() == wanted


def test_prometheus_accepts_the_configuration_and_all_it_names(tmp_path: Path) -> None:
    answer = promtool("check", "config", "prometheus.yml", folder=copy_of_the_shipped(tmp_path))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "rules found" in answer.stdout


def test_a_rule_with_another_threshold_fails_its_test(tmp_path: Path) -> None:
    folder = copy_of_the_shipped(tmp_path)
    rules = folder / "vang.rules.yml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("timestamp_seconds) > 90", "timestamp_seconds) > 900"), "utf-8")
    tests = read(TESTS[0])
    tests["tests"] = tests["tests"][:1]
    (folder / TESTS[0]).write_text(yaml.safe_dump(tests, allow_unicode=True), encoding="utf-8")
    assert promtool("test", "rules", TESTS[0], folder=folder).returncode != 0


def test_rules_name_only_series_that_the_controller_exports() -> None:
    text = (SHIPPED / "vang.rules.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"\bvang_[a-z_]+", text))
    assert named
    assert named <= set(BY_NAME)


@pytest.mark.parametrize("alert", alerts())
def test_each_alert_says_what_it_is_and_what_to_do(alert: str) -> None:
    notes = alerts()[alert]["annotations"]
    assert notes["summary"]
    assert notes["description"]
    page, _, anchor = notes["runbook"].partition("#")
    assert anchor == alert.lower()
    assert f"\n### {alert}\n" in (ROOT / page).read_text(encoding="utf-8")
    described = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    severity = alerts()[alert]["labels"]["severity"]
    assert f"| `{alert}` | {severity} |" in described


def test_the_runbook_knows_no_alert_that_is_not_there() -> None:
    text = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == set(alerts())


def test_an_alert_about_one_station_names_its_commune_and_its_district() -> None:
    of_one = [rule for rule in alerts().values() if "$labels.station" in str(rule["annotations"])]
    assert len(of_one) >= 10
    for rule in of_one:
        assert "{{ $labels.commune }}" in rule["annotations"]["summary"], rule["alert"]
        assert "{{ $labels.district }}" in rule["annotations"]["summary"], rule["alert"]
