"""What the doctor looks at: each check gives one finding, and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from station_agent.cli.words import CLOCKS, Words
from station_agent.core.clock_trust import LAST_KNOWN_FOR, STEP_MS
from station_agent.core.health import DISK_LOW_BYTES, TOO_HOT_CELSIUS
from station_agent.errors import AgentNotRunningError, AgentSilentError
from station_agent.hardware.amplifier import MISSING as AMPLIFIER_MISSING
from station_agent.hardware.amplifier import NO_PIN, open_amplifier
from station_agent.hardware.button import MISSING as BUTTON_MISSING
from station_agent.hardware.button import open_button
from station_agent.hardware.light import MISSING as LIGHT_MISSING
from station_agent.hardware.light import open_light
from station_agent.health.channel import ask
from station_agent.health.probes import (
    disk_free_bytes,
    kernel_clock,
    temperature_celsius,
    under_voltage,
)
from station_agent.health.status import LocalStatus
from station_agent.player.port import DeviceMissingError, SystemClock
from station_agent.settings import AgentSettings
from station_agent.store.marks import MarkFile
from station_agent.wiring.build import key_ring, open_sink
from station_agent.wiring.clock import machine_boot_id
from station_protocol.vocabulary import ClockLevel

LITTLE_BYTES = 500_000_000
SLOW_MS = 3_000
"""The device is opened five seconds before a slot."""
QUIET_BEFORE = timedelta(seconds=60)


class Grade(StrEnum):
    """How well it stands with one thing."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `code` names the trouble, unless all is well."""

    check: str
    detail: Words
    grade: Grade = Grade.OK
    code: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """The station under examination, and what its running agent says, or why it says nothing."""

    settings: AgentSettings
    agent: LocalStatus | Finding

    @property
    def running(self) -> LocalStatus | None:
        """The running agent's word; None without one."""
        return self.agent if isinstance(self.agent, LocalStatus) else None


def both(text: str) -> Words:
    """What is the same in both languages."""
    return Words(text, text)


def warn(check: str, code: str, detail: Words) -> Finding:
    """Works, but somebody should know."""
    return Finding(check, detail, Grade.WARN, code)


def bad(check: str, code: str, detail: Words) -> Finding:
    """Does not work."""
    return Finding(check, detail, Grade.BAD, code)


def case_of(settings: AgentSettings) -> Case:
    """Ask the running agent first: what it uses must not be taken away from it."""
    where = settings.socket()
    try:
        return Case(settings, LocalStatus.model_validate_json(ask(where, "status")))
    except AgentNotRunningError as error:
        return Case(settings, warn("agent", error.code, both(str(error))))
    except AgentSilentError as error:
        return Case(settings, bad("agent", error.code, both(str(error))))


def checks_here() -> Iterator[Callable[[Case], Finding]]:
    """Everything that needs no network, in the order it is told."""
    yield from (agent, keys, store, clock, device, amplifier, button, light, heat, supply)


def agent(case: Case) -> Finding:
    """Whether the agent runs, and reaches the centre."""
    running = case.agent
    if isinstance(running, Finding):
        return running
    if not running.is_greeted:
        detail = Words("chạy, nhưng chưa nói chuyện được với trung tâm", "runs, without the centre")
        return warn("agent", "link_down", detail)
    hours = running.running_s / 3600
    return Finding("agent", Words(f"chạy được {hours:.1f} giờ", f"running for {hours:.1f} hours"))


def keys(case: Case) -> Finding:
    """The pinned keys."""
    try:
        ring = key_ring(case.settings)
    except ValueError as error:
        return bad("keys", "keys_bad", both(str(error)))
    return Finding("keys", both(", ".join(sorted(ring.keys))))


def store(case: Case) -> Finding:
    """The folder: writable, with room."""
    folder = case.settings.path(case.settings.store.folder)
    probe = folder / "doctor.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"vang")
        probe.unlink()
    except OSError as error:
        return bad("store", "store_not_writable", both(str(error)))
    free = disk_free_bytes(folder) or 0
    room = f"{free // 1_000_000} MB"
    detail = Words(f"{folder}, trống {room}", f"{folder}, {room} free")
    if free < DISK_LOW_BYTES:
        return bad("store", "disk_low", detail)
    if free < LITTLE_BYTES:
        return warn("store", "disk_low", detail)
    return Finding("store", detail)


def clock(case: Case) -> Finding:
    """Whether ordinary slots may start by the clock."""
    running = case.running
    if running is None:
        return _clock_at_rest(case)
    level = running.clock.level
    if level is ClockLevel.NONE:
        why = next((code for code in running.reasons if code.startswith("clock")), "")
        return bad("clock", why or "clock_untrusted", CLOCKS[level])
    error = "?" if running.clock.error_ms is None else f"{running.clock.error_ms:.0f} ms"
    words = CLOCKS[level]
    return Finding("clock", Words(f"{words.vi}, sai ≤ {error}", f"{words.en}, error ≤ {error}"))


def _clock_at_rest(case: Case) -> Finding:
    mark = MarkFile(case.settings.path(case.settings.store.folder) / "mark").read()
    now = datetime.now(UTC)
    shown = both(f"{now:%d/%m/%Y %H:%M} UTC")
    if mark and mark.latest_at and now < mark.latest_at - timedelta(milliseconds=STEP_MS):
        return bad("clock", "clock_behind", both(f"{now:%d/%m/%Y} < {mark.latest_at:%d/%m/%Y}"))
    kernel = kernel_clock()
    if kernel.synchronised:
        return Finding("clock", both(f"{shown.vi}, NTP, ≤ {kernel.error_ms or 0:.0f} ms"))
    is_same_run = mark is not None and mark.machine_boot_id == machine_boot_id() != ""
    vouched_at = mark.vouched_at if mark and is_same_run else None
    if vouched_at is None or not timedelta(0) <= now - vouched_at < LAST_KNOWN_FOR:
        return warn("clock", "clock_unvouched", shown)
    vouched = f"{vouched_at:%d/%m %H:%M} UTC"
    return Finding("clock", Words(f"được xác nhận lúc {vouched}", f"vouched for at {vouched}"))


def device(case: Case) -> Finding:
    """The sound device, and how long it takes to open; not while the agent needs it."""
    if is_needed(case.running):
        return warn("device", "device_busy", both(case.settings.player.device))
    sink = open_sink(case.settings, SystemClock())
    before = time.monotonic()
    try:
        sink.open()
    except DeviceMissingError as error:
        return bad("device", "audio_device_missing", both(str(error)))
    finally:
        sink.close()
    took_ms = (time.monotonic() - before) * 1000
    kind = case.settings.player.sink
    detail = Words(f"{kind}, mở trong {took_ms:.0f} ms", f"{kind}, opens in {took_ms:.0f} ms")
    if took_ms > SLOW_MS:
        return warn("device", "device_slow", detail)
    return Finding("device", detail)


def is_needed(running: LocalStatus | None) -> bool:
    """Whether the agent uses the sound device, or will within a minute."""
    if running is None:
        return False
    soon = datetime.now(UTC) + QUIET_BEFORE
    return running.on_air is not None or any(slot.starts_at < soon for slot in running.to_come)


def amplifier(case: Case) -> Finding:
    """The amplifier's pin."""
    pin = case.settings.player.amplifier_pin
    return _pin(case, "amplifier", AMPLIFIER_MISSING, pin, lambda: open_amplifier(pin))


def button(case: Case) -> Finding:
    """The stop button's pin."""
    pin = case.settings.player.stop_pin
    return _pin(case, "button", BUTTON_MISSING, pin, lambda: open_button(pin, lambda: None))


def light(case: Case) -> Finding:
    """The pin of the status light."""
    pin = case.settings.player.light_pin
    return _pin(case, "light", LIGHT_MISSING, pin, lambda: open_light(pin))


class Pinned(Protocol):
    """A part on a pin."""

    fault: str

    def close(self) -> None:
        """Give the pin back."""


def _pin(case: Case, check: str, code: str, pin: int, opened: Callable[[], Pinned]) -> Finding:
    """By taking the pin; while the agent has it, by what it met."""
    if pin == NO_PIN:
        return Finding(check, Words("không nối", "not wired"))
    if case.running is not None:
        met = (one.detail or one.code for one in case.running.faults if one.code == code)
        fault = next(met, "")
    else:
        part = opened()
        part.close()
        fault = part.fault
    return bad(check, code, both(fault)) if fault else Finding(check, both(f"BCM {pin}"))


def heat(_: Case) -> Finding:
    """The machine's temperature, where it tells."""
    celsius = temperature_celsius()
    if celsius is None:
        return Finding("heat", Words("máy không đo nhiệt độ", "no sensor"))
    if celsius >= TOO_HOT_CELSIUS:
        return warn("heat", "too_hot", both(f"{celsius:.0f} °C"))
    return Finding("heat", both(f"{celsius:.0f} °C"))


def supply(_: Case) -> Finding:
    """Whether the machine gets enough power, where it tells."""
    is_low = under_voltage()
    if is_low is None:
        return Finding("supply", Words("máy không đo nguồn điện", "no sensor"))
    if is_low:
        return warn("supply", "under_voltage", Words("dưới 4,63 V", "below 4.63 V"))
    return Finding("supply", Words("đủ", "enough"))
