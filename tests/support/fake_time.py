"""The wall clock of one program, set at will while it runs; its other clock stays true."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

LIBRARIES = Path("/usr/lib")
NAME = "faketime/libfaketimeMT.so.1"
"""The variant for programs with threads."""


@cache
def library() -> Path | None:
    """Where libfaketime lies on this machine; None without it."""
    return next(LIBRARIES.glob(f"*/{NAME}"), None)


class FakeClock:
    """A file for libfaketime that says how far the clock of a program is off."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.be_off(timedelta(0))

    def be_off(self, by: timedelta) -> None:
        """Step the clock: from now on it is off by this much."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{round(by.total_seconds()):+d}\n", encoding="ascii")
        fresh.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """What the program is started with."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
