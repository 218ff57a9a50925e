"""Disk, heat, supply and kernel clock, read where Linux keeps them; None where it says nothing."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from station_agent.core.events import ProbesRead

LOCK = "lock"
"""Name of the file by which one agent keeps others out of its folder."""

THERMAL = Path("/sys/class/thermal")
HWMON = Path("/sys/class/hwmon")
_PI_SUPPLY = "rpi_volt"
"""The kernel's name for a Pi's own look at its supply (drivers/hwmon/raspberrypi-hwmon.c)."""
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)); the rest is only room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def disk_free_bytes(folder: Path) -> int | None:
    """Free space of the disk under this folder."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def is_read_only(folder: Path) -> bool:
    """Whether the kernel takes no more writes there, as it does with a card that fails.

    Newer kernels say so only to who opens a file for writing: the lock every store has is tried.
    """
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return True
        os.close(os.open(folder / LOCK, os.O_WRONLY))
    except OSError as error:
        return error.errno == errno.EROFS
    return False


def temperature_celsius(thermal: Path = THERMAL) -> float | None:
    """The hottest thermal zone."""
    readings = []
    for zone in thermal.glob("thermal_zone*/temp"):
        try:
            readings.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    return max(readings, default=None)


def under_voltage(hwmon: Path = HWMON) -> bool | None:
    """Whether the supply of a Pi sagged in the last seconds; None on a machine that cannot say."""
    for name in hwmon.glob("hwmon*/name"):
        try:
            if name.read_text().strip() == _PI_SUPPLY:
                return name.with_name("in0_lcrit_alarm").read_text().strip() != "0"
        except OSError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class KernelSays:
    """Whether something disciplines the kernel's clock, and its worst error; None: it is silent."""

    synchronised: bool | None = None
    error_ms: float | None = None


def kernel_clock() -> KernelSays:
    """The kernel's word about its own clock (adjtimex(2): STA_UNSYNC, maxerror in microseconds)."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        state = _Timex()
        result = libc.adjtimex(ctypes.byref(state))
    except (OSError, AttributeError):
        return KernelSays()
    if result < 0:
        return KernelSays()
    synchronised = result != _TIME_ERROR and not state.status & _STA_UNSYNC
    return KernelSays(synchronised, state.maxerror / 1000 if synchronised else None)


def read_probes(
    folder: Path,
    *,
    volume_percent: Callable[[], int | None] = lambda: None,
    thermal: Path = THERMAL,
    hwmon: Path = HWMON,
) -> ProbesRead:
    """Everything at once; takes milliseconds, may touch a slow disk."""
    kernel = kernel_clock()
    return ProbesRead(
        disk_free_bytes=disk_free_bytes(folder),
        is_read_only=is_read_only(folder),
        temperature_celsius=temperature_celsius(thermal),
        under_voltage=under_voltage(hwmon),
        volume_percent=volume_percent(),
        kernel_synchronised=kernel.synchronised,
        kernel_error_ms=kernel.error_ms,
    )
