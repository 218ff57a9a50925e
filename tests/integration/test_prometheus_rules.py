"""The alert rules, tried by Prometheus' own tool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from controller.metrics.series import BY_NAME

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus"
ALERT = re.compile(r"- alert: (\w+)")

pytestmark = pytest.mark.real


def promtool(*words: str, folder: Path = RULES) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    assert program, "promtool is missing; `make test` installs it (Debian package prometheus)"
    return subprocess.run(
        [program, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def alerts() -> list[str]:
    return ALERT.findall((RULES / "vang.rules.yml").read_text(encoding="utf-8"))


def test_each_rule_alarms_when_it_should_and_only_then() -> None:
    answer = promtool("test", "rules", "vang.rules.test.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_prometheus_accepts_the_configuration_and_the_rules_it_names() -> None:
    answer = promtool("check", "config", "prometheus.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "rules found" in answer.stdout


def test_a_rule_with_another_threshold_fails_its_test(tmp_path: Path) -> None:
    for name in ("vang.rules.yml", "vang.rules.test.yml"):
        shutil.copy(RULES / name, tmp_path)
    rules = tmp_path / "vang.rules.yml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("timestamp_seconds) > 90", "timestamp_seconds) > 900"), "utf-8")
    assert promtool("test", "rules", "vang.rules.test.yml", folder=tmp_path).returncode != 0


def test_rules_name_only_series_that_the_controller_exports() -> None:
    text = (RULES / "vang.rules.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"\bvang_[a-z_]+", text))
    assert named
    assert named <= set(BY_NAME)


@pytest.mark.parametrize("alert", alerts())
def test_each_alert_is_described_and_tried(alert: str) -> None:
    described = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    tried = (RULES / "vang.rules.test.yml").read_text(encoding="utf-8")
    assert f"| `{alert}` |" in described
    assert f"alertname: {alert}\n" in tried


@pytest.mark.parametrize(
    "alert", ["StationDown", "StationNeverSpoke", "SlotMissed", "ForgedMessage"]
)
def test_an_alert_about_one_station_names_its_commune(alert: str) -> None:
    text = (RULES / "vang.rules.yml").read_text(encoding="utf-8")
    rule = text.split(f"- alert: {alert}\n")[1].split("- alert:")[0]
    assert "{{ $labels.commune }}" in rule
