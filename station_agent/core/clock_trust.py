"""How far a station believes its own clock, and why. The Pi has no clock battery.

Time never comes from a message arriving: a signed answer of the centre, asked for less than two
seconds ago, either vouches for the clock that is there or says that it is wrong. Between answers
the clock that nobody can set keeps the trust; a step of the other one ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from station_agent.core.moment import Moment
from station_agent.core.records import Mark
from station_protocol.messages import ClockReport
from station_protocol.vocabulary import ClockLevel

MAX_OFFSET_MS = 2_000
MAX_ROUND_TRIP_MS = 2_000
STEP_MS = 2_000
LAST_KNOWN_FOR = timedelta(days=14)
DRIFT_PPM = 50
"""What a Pi's crystal is assumed to stay within when nobody corrects it."""

WRONG = "clock_wrong"
UNTRUSTED = "clock_untrusted"


@dataclass(frozen=True, slots=True)
class ClockTrust:
    """What is believed. `why` is the health reason of level NONE, else empty."""

    level: ClockLevel
    seen: Moment
    why: str = ""
    offset_ms: float | None = None
    error_ms: float | None = None
    vouched: Moment | None = None
    vouched_at: datetime | None = None
    latest_at: datetime | None = None
    needs_centre: bool = False
    """Whether only the centre's answer can give the trust back."""

    @property
    def is_trusted(self) -> bool:
        """Whether ordinary slots may start by this clock."""
        return self.level is not ClockLevel.NONE

    def estimate(self, now: Moment) -> datetime | None:
        """The best guess at the true time: the clock itself if trusted, None without any idea."""
        if self.is_trusted:
            return now.wall
        if self.offset_ms is None:
            return None
        return now.wall + timedelta(milliseconds=self.offset_ms)

    def report(self, now: Moment) -> ClockReport:
        """What is told to the centre."""
        return ClockReport(level=self.level, offset_ms=self.offset_ms, error_ms=self._error(now))

    def _error(self, now: Moment) -> float | None:
        if self.error_ms is None or self.vouched is None:
            return None
        return self.error_ms + (now.mono_ms - self.vouched.mono_ms) * DRIFT_PPM / 1e6


def at_boot(mark: Mark | None, now: Moment, *, machine_boot_id: str) -> ClockTrust:
    """The trust a restarted station begins with: none, but it knows what it knew.

    What was vouched for is the clock of one run of the machine. Without power it stood still, so
    after a reboot of the machine (or one that nobody can rule out) nothing is vouched for.
    """
    goes_on = mark is not None and mark.machine_boot_id == machine_boot_id != ""
    return ClockTrust(
        ClockLevel.NONE,
        now,
        why=UNTRUSTED,
        vouched_at=mark.vouched_at if mark and goes_on else None,
        latest_at=mark.latest_at if mark else None,
    )


def bounds(trust: ClockTrust, now: Moment) -> tuple[datetime, datetime] | None:
    """Between which instants the true time lies, if the centre itself vouched for the clock.

    Only then: a clock that is merely believed must not shut out the answer that puts it right.
    """
    if trust.level is not ClockLevel.CONTROLLER:
        return None
    drift_ms = (trust.report(now).error_ms or 0.0) + STEP_MS
    error = timedelta(milliseconds=drift_ms)
    return now.wall - error, now.wall + error


def fallen_back(trust: ClockTrust, *, kernel_synchronised: bool, now: Moment) -> ClockTrust:
    """Last knowledge, when the centre has not answered: never below the latest time ever seen.

    Good for a clock the centre vouched for in the last 14 days and in this run of the machine, or
    one the kernel says is kept by the network. A station that was told better, or whose clock
    stepped, waits.
    """
    if trust.is_trusted or trust.needs_centre or _is_behind(trust.latest_at, now):
        return trust
    vouched_at = trust.vouched_at
    recent = vouched_at is not None and timedelta(0) <= now.wall - vouched_at < LAST_KNOWN_FOR
    if not (kernel_synchronised or recent):
        return trust
    return observed(replace(trust, level=ClockLevel.LAST_KNOWN, why="", seen=now), now)


def _is_behind(latest_at: datetime | None, now: Moment) -> bool:
    return latest_at is not None and now.wall < latest_at - timedelta(milliseconds=STEP_MS)


def observed(trust: ClockTrust, now: Moment) -> ClockTrust:
    """The trust after another look at both clocks: a step of the wall clock ends it."""
    step_ms = (now.wall - trust.seen.wall) / timedelta(milliseconds=1)
    step_ms -= now.mono_ms - trust.seen.mono_ms
    if abs(step_ms) > STEP_MS:
        return _stepped(trust, step_ms, now)
    if not trust.is_trusted:
        return trust
    latest_at = max(now.wall, trust.latest_at or now.wall)
    return replace(trust, latest_at=latest_at)


def _stepped(trust: ClockTrust, step_ms: float, now: Moment) -> ClockTrust:
    """No trust; but the true time is still known by the clock that did not step."""
    known = (trust.offset_ms or 0.0) if trust.is_trusted else trust.offset_ms
    return replace(
        trust,
        level=ClockLevel.NONE,
        seen=now,
        why=trust.why or UNTRUSTED,
        offset_ms=None if known is None else known - step_ms,
        vouched_at=None,
        needs_centre=trust.needs_centre or trust.is_trusted,
    )


def answered(
    trust: ClockTrust, *, controller_at: datetime, sent_mono_ms: int, now: Moment
) -> ClockTrust:
    """The trust after an answer of the centre to something said at `sent_mono_ms`."""
    round_trip_ms = now.mono_ms - sent_mono_ms
    if not 0 <= round_trip_ms <= MAX_ROUND_TRIP_MS:
        return trust
    offset_ms = (controller_at - now.wall) / timedelta(milliseconds=1) + round_trip_ms / 2
    error_ms = abs(offset_ms) + round_trip_ms / 2
    if abs(offset_ms) > MAX_OFFSET_MS:
        return replace(
            trust,
            level=ClockLevel.NONE,
            seen=now,
            why=WRONG,
            offset_ms=offset_ms,
            error_ms=error_ms,
            vouched=now,
            vouched_at=None,
            needs_centre=True,
        )
    return ClockTrust(
        ClockLevel.CONTROLLER,
        now,
        offset_ms=offset_ms,
        error_ms=error_ms,
        vouched=now,
        vouched_at=now.wall,
        latest_at=max(now.wall, trust.latest_at or now.wall),
    )
