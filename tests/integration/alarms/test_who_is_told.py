"""Who is told of which alert, in whose words: Debian's Alertmanager over the shipped files."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import yaml

from tests.support.alarms import (
    SHIPPED,
    Receivers,
    Running,
    alertmanager,
    copy_of_the_shipped,
    fire,
    told_to,
    tool,
)
from tests.support.post import Calls, MailBox, called_address, mail_server
from tests.support.serving import until

pytestmark = pytest.mark.real

AT_ONCE = {"group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h"}


def amtool(*words: str) -> subprocess.CompletedProcess[str]:
    program = tool("amtool", "prometheus-alertmanager")
    return subprocess.run(
        [program, *words], cwd=SHIPPED, capture_output=True, text=True, timeout=60, check=False
    )


def severities() -> dict[str, str]:
    """Each alert of the rules and how urgent it is."""
    groups = yaml.safe_load((SHIPPED / "vang.rules.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: rule["labels"]["severity"] for rule in rules}


def test_alertmanager_accepts_the_configuration_and_the_letters() -> None:
    answer = amtool("check-config", "alertmanager.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 templates" in answer.stdout


TOLD = {"page": "on-call", "ticket": "office", "watchdog": "watchdog"}


@pytest.mark.parametrize("alert", severities())
def test_each_alert_is_told_to_whom_its_urgency_says(alert: str) -> None:
    severity = severities()[alert]
    answer = amtool(
        "config",
        "routes",
        "test",
        "--config.file=alertmanager.yml",
        f"--verify.receivers={TOLD[severity]}",
        f"alertname={alert}",
        f"severity={severity}",
        "district=huyện Bác Ái",
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_of_stations_has_its_own_words_when_several_are_told_together() -> None:
    text = (SHIPPED / "templates/vang.tmpl").read_text(encoding="utf-8")
    rules = (SHIPPED / "vang.rules.yml").read_text(encoding="utf-8")
    of_stations = {
        name
        for name in severities()
        if "$labels.station" in rules.split(f"alert: {name}\n")[1].split("runbook")[0]
    }
    assert "StationDown" in of_stations
    assert of_stations <= set(re.findall(r'eq \$name "(\w+)"', text))


@dataclass(frozen=True)
class Desk:
    """A running Alertmanager and what came of it."""

    manager: Running
    letters: MailBox
    watchdog: Calls

    def letter(self, subject: str) -> EmailMessage:
        """The letter with this subject, when it has come."""
        found: EmailMessage = until(
            lambda: next((one for one in self.letters.letters if one["Subject"] == subject), None),
            limit_s=20,
            words=f"for {subject}, got {[one['Subject'] for one in self.letters.letters]}",
        )
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = copy_of_the_shipped(tmp_path_factory.mktemp("alarms"))
    with mail_server() as letters, called_address() as watchdog:
        config = told_to(folder, Receivers(letters.port, watchdog.url), AT_ONCE)
        with alertmanager(config) as manager:
            yield Desk(manager, letters, watchdog)


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def down(number: int, district: str) -> tuple[dict[str, str], dict[str, str]]:
    """A silent station, as the rules tell it."""
    labels = {
        "alertname": "StationDown",
        "severity": "ticket",
        "station": f"tram-{number}",
        "commune": f"xã số {number}",
        "district": district,
    }
    notes = {
        "summary": f"Trạm xã số {number} ({district}): mất liên lạc từ 14:0{number} ngày 26/11",
        "district_since": "14:02 ngày 26/11",
        "description": "Gọi xã hỏi điện và đường truyền.",
        "runbook": "docs/runbook.md#stationdown",
    }
    return labels, notes


def wide(name: str, summary: str, **labels: str) -> tuple[dict[str, str], Mapping[str, str]]:
    notes = {"summary": summary, "description": "Kiểm tra trung tâm.", "runbook": "docs/runbook.md"}
    return {"alertname": name, "severity": "page", **labels}, notes


def test_nine_silent_stations_of_a_district_are_one_letter_in_vietnamese(desk: Desk) -> None:
    alerts = [down(number, "huyện Bác Ái") for number in range(9)]
    fire(desk.manager, *alerts)
    letter = desk.letter("[Vang] Huyện Bác Ái: 9 trạm mất liên lạc từ 14:02 ngày 26/11")
    assert letter["To"] == "kythuat@example.vn"
    text = text_of(letter)
    assert "- Trạm xã số 4 (huyện Bác Ái): mất liên lạc từ 14:04 ngày 26/11" in text
    assert "Việc cần làm: docs/runbook.md#stationdown" in text
    fire(desk.manager, *alerts, over=True)
    over = desk.letter("[Vang: đã hết] Huyện Bác Ái: 9 trạm mất liên lạc từ 14:02 ngày 26/11")
    hour = (datetime.now(UTC) + timedelta(hours=7)).strftime("%d/%m")
    assert re.search(rf"– hết lúc \d\d:\d\d ngày {hour}", text_of(over))


def test_one_silent_station_is_told_by_its_name(desk: Desk) -> None:
    fire(desk.manager, down(3, "huyện Thuận Bắc"))
    desk.letter("[Vang] Trạm xã số 3 (huyện Thuận Bắc): mất liên lạc từ 14:03 ngày 26/11")


def test_a_silent_district_wakes_somebody_and_its_single_stations_are_not_told(desk: Desk) -> None:
    before = len(desk.letters.letters)
    said = "huyện Ninh Sơn: 4 trạm mất liên lạc từ 14:02 ngày 26/11"
    cause = wide("DistrictStationsDown", said, district="huyện Ninh Sơn")
    fire(desk.manager, cause, *(down(n, "huyện Ninh Sơn") for n in range(4)))
    letter = desk.letter("[Vang] Huyện Ninh Sơn: 4 trạm mất liên lạc từ 14:02 ngày 26/11")
    assert letter["To"] == "truc@example.vn"
    fire(desk.manager, down(7, "huyện Ninh Phước"))  # behind it in every queue
    desk.letter("[Vang] Trạm xã số 7 (huyện Ninh Phước): mất liên lạc từ 14:07 ngày 26/11")
    subjects = [str(one["Subject"]) for one in desk.letters.letters[before:]]
    assert len([one for one in subjects if "Ninh Sơn" in one]) == 1


def test_a_dead_controller_is_told_alone_but_an_unanswered_emergency_always_is(desk: Desk) -> None:
    before = len(desk.letters.letters)
    centre = wide("ControllerAbsent", "Máy trung tâm Vang không trả lời")
    many = wide("ManyStationsDown", "Toàn tỉnh: 40 trạm mất liên lạc từ 14:02 ngày 26/11")
    where = {"station": "tram-1", "commune": "xã số 1", "district": "huyện Thuận Nam"}
    said = "KHẨN CẤP: trạm xã số 1 (huyện Thuận Nam) chưa nhận lệnh"
    urgent = wide("EmergencyNotAcked", said, **where)
    fire(desk.manager, centre, many, urgent)
    assert desk.letter("[Vang] Máy trung tâm Vang không trả lời")["To"] == "truc@example.vn"
    assert desk.letter(f"[Vang] {said}")["To"] == "truc@example.vn"
    fire(desk.manager, wide("ForgedMessage", "Có tin giả", district="x"))
    desk.letter("[Vang] Có tin giả")
    assert not [one for one in desk.letters.letters[before:] if "Toàn tỉnh" in one["Subject"]]


def test_the_watchdog_calls_its_own_address_and_writes_no_letter(desk: Desk) -> None:
    labels = {"alertname": "Watchdog", "severity": "watchdog"}
    fire(desk.manager, (labels, {"summary": "Việc báo động còn hoạt động"}))
    until(lambda: desk.watchdog.bodies, limit_s=20, words="for the watchdog's call")
    told = json.loads(desk.watchdog.bodies[0])
    assert told["receiver"] == "watchdog"
    assert [one["labels"]["alertname"] for one in told["alerts"]] == ["Watchdog"]
    assert not [one for one in desk.letters.letters if "Việc báo động" in one["Subject"]]
