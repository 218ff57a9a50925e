"""`vang-agent status` and `stop`: the running agent's own words, without network or store."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from station_agent.cli import words
from station_agent.cli.words import Words
from station_agent.errors import AgentNotRunningError, AgentSilentError
from station_agent.health.channel import ask
from station_agent.health.status import LocalStatus, SlotEnded, SlotToCome
from station_agent.settings import load

EXIT_NO_AGENT = 3
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def run(chosen: argparse.Namespace) -> int:
    """Ask and print; 0 if the station could play now, 1 if not, 3 if no agent answers."""
    settings = load(chosen.config, os.environ)
    try:
        answer = ask(settings.socket(), chosen.command)
    except (AgentNotRunningError, AgentSilentError) as error:
        meaning = words.trouble_said(error.code, chosen.english)
        advice = words.TROUBLES[error.code].advice.said(chosen.english)
        sys.stderr.write(f"[{error.code}] {meaning} ({error})\n  → {advice}\n")
        return EXIT_NO_AGENT
    status = LocalStatus.model_validate_json(answer)
    lines = [answer] if chosen.json else list(Page(status, chosen.english).lines())
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if chosen.command == "stop" or not status.reasons else 1


class Page:
    """A status in words."""

    def __init__(self, status: LocalStatus, english: bool) -> None:
        self._status = status
        self._english = english

    def lines(self) -> Iterator[str]:
        """From what matters most to what matters least."""
        yield from self._state()
        yield from self._sound()
        yield from self._held()
        yield from self._troubles()

    def _row(self, vi: str, en: str, text: str) -> str:
        return f"{Words(vi, en).said(self._english)}: {text}"

    def _say(self, vi: str, en: str) -> str:
        return Words(vi, en).said(self._english)

    def _state(self) -> Iterator[str]:
        status = self._status
        yield self._row(
            "Trạm", "Station", f"{status.station_id}, vang-agent {status.agent_version}"
        )
        health = words.said(words.HEALTH, status.health, self._english)
        yield self._row("Trạng thái", "State", health)
        for code in status.reasons:
            yield from self._trouble(code, "")
        yield self._row("Kết nối", "Link", self._link())
        yield self._row("Đồng hồ", "Clock", self._clock())

    def _link(self) -> str:
        if not self._status.is_connected:
            return self._say("mất kết nối", "down")
        if not self._status.is_greeted:
            return self._say("đã nối, chờ trung tâm trả lời", "up, the centre has not answered yet")
        return self._say("trực tuyến", "online")

    def _clock(self) -> str:
        clock = self._status.clock
        level = words.said(words.CLOCKS, clock.level, self._english)
        if clock.error_ms is None:
            return level
        error_s = f"{clock.error_ms / 1000:.2f}"
        return level + self._say(
            f", sai nhiều nhất {error_s.replace('.', ',')} giây", f", at most {error_s} s wrong"
        )

    def _sound(self) -> Iterator[str]:
        on_air = self._status.on_air
        if on_air is not None:
            until = f"{self._time(on_air.ends_at)}  {on_air.title}"
            yield self._row("Đang phát, đến", "On air until", until)
        yield self._row("Sắp phát", "To come", "" if self._status.to_come else "–")
        yield from (self._to_come(slot) for slot in self._status.to_come)
        yield self._row("Đã qua", "Past", "" if self._status.ended else "–")
        yield from (self._ended(slot) for slot in self._status.ended)

    def _to_come(self, slot: SlotToCome) -> str:
        lacking = "" if slot.is_held else self._say("  (thiếu tệp)", "  (sound missing)")
        return f"  {self._time(slot.starts_at)}  {slot.title}{lacking}"

    def _ended(self, slot: SlotEnded) -> str:
        outcome = words.said(words.OUTCOMES, slot.outcome, self._english)
        why = f": {words.said(words.REASONS, slot.reason, self._english)}" if slot.reason else ""
        return f"  {self._time(slot.planned_at)}  {slot.title}  {outcome}{why}"

    def _held(self) -> Iterator[str]:
        status = self._status
        plan = self._say("chưa có", "none")
        if status.plan_version:
            until = f"{status.plan_until.astimezone(_ZONE):%d/%m/%Y}" if status.plan_until else "?"
            plan = self._say(
                f"bản {status.plan_version}, đến {until}",
                f"version {status.plan_version}, until {until}",
            )
        yield self._row("Lịch phát", "Plan", plan)
        yield self._row("Âm thanh", "Sound", f"{status.held_assets}/{status.required_assets}")
        waiting = status.journal_head - status.journal_stored_up_to
        yield self._row("Chờ gửi về trung tâm", "Waiting for the centre", str(waiting))
        yield self._row("Máy", "Machine", self._machine())

    def _machine(self) -> str:
        status = self._status
        known = []
        if status.disk_free_bytes is not None:
            free = status.disk_free_bytes // 1_000_000
            known.append(self._say(f"thẻ nhớ trống {free} MB", f"{free} MB free"))
        if status.temperature_celsius is not None:
            known.append(f"{status.temperature_celsius:.0f} °C")
        if status.volume_percent is not None:
            volume = status.volume_percent
            known.append(self._say(f"âm lượng {volume} %", f"volume {volume} %"))
        return ", ".join(known) or "–"

    def _troubles(self) -> Iterator[str]:
        if self._status.faults:
            yield self._say("Sự cố từ khi chạy:", "Faults in this run:")
        for fault in self._status.faults:
            yield from self._trouble(fault.code, f"{self._time(fault.at)} ")
        for why, count in sorted(self._status.refused.items()):
            yield self._row("Đã từ chối", "Refused", f"{why} × {count}")

    def _trouble(self, code: str, when: str) -> Iterator[str]:
        yield f"  {when}[{code}] {words.trouble_said(code, self._english)}"
        known = words.TROUBLES.get(code)
        if known is not None:
            yield f"      → {known.advice.said(self._english)}"

    @staticmethod
    def _time(at: datetime) -> str:
        return f"{at.astimezone(_ZONE):%d/%m %H:%M:%S}"
