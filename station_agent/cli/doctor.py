"""`vang-agent doctor`: each thing a station needs, whether it is there, and what to do if not."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from station_agent.cli import far_checks
from station_agent.cli.checks import Finding, Grade, case_of, checks_here
from station_agent.cli.words import TROUBLES, Words, trouble_said
from station_agent.settings import AgentSettings, load

NAMES = {
    "agent": Words("Phần mềm phát", "Agent"),
    "keys": Words("Khóa ký", "Keys"),
    "store": Words("Thẻ nhớ", "Store"),
    "clock": Words("Đồng hồ", "Clock"),
    "device": Words("Thiết bị âm thanh", "Sound device"),
    "amplifier": Words("Công tắc tăng âm", "Amplifier switch"),
    "button": Words("Nút dừng", "Stop button"),
    "light": Words("Đèn báo", "Status light"),
    "heat": Words("Nhiệt độ", "Temperature"),
    "supply": Words("Nguồn điện", "Power supply"),
    "broker": Words("Máy chủ nhắn tin", "Broker"),
    "sound": Words("Nơi tải âm thanh", "Sound server"),
}
"""What is looked at, in words."""


def run(chosen: argparse.Namespace) -> int:
    """Print what was found; 0 unless something is bad."""
    settings = load(chosen.config, os.environ)
    is_bad = False
    for finding in examine(settings):
        is_bad |= finding.grade is Grade.BAD
        sys.stdout.write("\n".join(lines(finding, chosen.english)) + "\n")
        sys.stdout.flush()
    return 1 if is_bad else 0


def examine(settings: AgentSettings) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    case = case_of(settings)
    for look in (*checks_here(), far_checks.broker, far_checks.sound):
        yield look(case)


def lines(finding: Finding, english: bool) -> Iterator[str]:
    """A finding as it is printed: grade, name, code; then what to do."""
    name, detail = NAMES[finding.check].said(english), finding.detail.said(english)
    if not finding.code:
        yield f"{finding.grade:4}  {name}: {detail}"
        return
    meaning = trouble_said(finding.code, english)
    yield f"{finding.grade:4}  {name}: [{finding.code}] {meaning} ({detail})"
    yield f"      → {TROUBLES[finding.code].advice.said(english)}"
