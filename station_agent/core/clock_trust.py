"""How far a station believes its own clock, and why. The Pi has no clock battery.

Time never comes from a message arriving: a signed answer of the centre, asked for less than two
seconds ago, either vouches for the clock that is there or says that it is wrong. Where the kernel
says that network time keeps its clock, and the centre does not contradict, that is the best level.
Between their words the clock that nobody can set keeps the trust; a step of the other one ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from station_agent.core.moment import Moment
from station_agent.core.records import Mark
from station_protocol.messages import ClockReport
from station_protocol.vocabulary import ClockLevel

_MS = timedelta(milliseconds=1)

MAX_OFFSET_MS = 2_000
MAX_ROUND_TRIP_MS = 2_000
STEP_MS = 2_000
GRAIN_MS = 1
"""A moment's `mono_ms` is whole milliseconds: a difference of two is less than this from true."""
LAST_KNOWN_FOR = timedelta(days=14)
DRIFT_PPM = 50
"""What a Pi's crystal is assumed to stay within when nobody corrects it."""

WRONG = "clock_wrong"
UNTRUSTED = "clock_untrusted"


@dataclass(frozen=True, slots=True)
class KernelClock:
    """What the kernel said of its own clock at `mono_ms` (adjtimex)."""

    is_synchronised: bool = False
    error_ms: float | None = None
    mono_ms: int = 0

    @property
    def is_good(self) -> bool:
        """Whether network time keeps it, within what the centre's own word must keep to."""
        return self.is_synchronised and (self.error_ms or 0.0) <= MAX_OFFSET_MS


class ClockTrust(NamedTuple):  # made anew at each event: four times as fast as a dataclass
    """What is believed. `why` is the health reason of level NONE, else empty.

    `error_ms` is how wrong the wall clock was at most at `error_mono_ms`; `vouched` is the centre's
    last good word in this run, `vouched_at` the last of the centre or of network time.
    """

    level: ClockLevel
    seen: Moment
    why: str = ""
    offset_ms: float | None = None
    error_ms: float | None = None
    error_mono_ms: int = 0
    kernel: KernelClock = KernelClock()
    vouched: Moment | None = None
    vouched_at: datetime | None = None
    needs_centre: bool = False
    """Whether only the centre's answer can give the trust back."""
    latest_at: datetime | None = None
    latest_mono_ms: int = 0
    """The true time is at least `latest_at`, at this instant of the clock that nobody can set.

    The last two, because `observed` makes them anew at each event.
    """

    @property
    def is_trusted(self) -> bool:
        """Whether ordinary slots may start by this clock."""
        return self.level is not ClockLevel.NONE

    def estimate(self, now: Moment) -> datetime | None:
        """The best guess at the true time: the clock itself if trusted, None without any idea."""
        if self.level is not ClockLevel.NONE:
            return now.wall
        if self.offset_ms is None:
            return None
        return now.wall + timedelta(milliseconds=self.offset_ms)

    def report(self, now: Moment) -> ClockReport:
        """What is told to the centre."""
        return ClockReport(level=self.level, offset_ms=self.offset_ms, error_ms=self.error(now))

    def error(self, now: Moment) -> float | None:
        """How wrong the wall clock is at most, milliseconds; None if nobody knows."""
        if self.level is ClockLevel.NETWORK and self.kernel.error_ms is not None:
            return _grown(self.kernel.error_ms, self.kernel.mono_ms, now)
        return self.error_by_word(now)

    def error_by_word(self, now: Moment) -> float | None:
        """The same by the last word of the centre, or what is left of an earlier one."""
        return None if self.error_ms is None else _grown(self.error_ms, self.error_mono_ms, now)


def _grown(error_ms: float, mono_ms: int, now: Moment) -> float:
    return error_ms + (now.mono_ms - mono_ms) * DRIFT_PPM / 1e6


def at_boot(mark: Mark | None, now: Moment, *, machine_boot_id: str) -> ClockTrust:
    """The trust a restarted station begins with: none, but it knows what it knew.

    What was vouched for is the clock of one run of the machine. Without power it stood still, so
    after a reboot of the machine (or one that nobody can rule out) nothing is vouched for.
    """
    trust = ClockTrust(
        ClockLevel.NONE,
        now,
        why=UNTRUSTED,
        latest_at=mark.latest_at if mark else None,
        latest_mono_ms=now.mono_ms,
    )
    if mark is None or not mark.machine_boot_id == machine_boot_id != "":
        return trust
    off_ms = max(0, (now.wall - mark.at) // timedelta(milliseconds=1))
    return trust._replace(
        vouched_at=mark.vouched_at,
        error_ms=mark.error_ms,
        error_mono_ms=now.mono_ms - off_ms,
    )


def bounds(trust: ClockTrust, now: Moment) -> tuple[datetime, datetime] | None:
    """Between which instants the true time lies, if the centre itself vouched for the clock.

    Only then: a clock that is merely believed must not shut out the answer that puts it right.
    """
    if not trust.is_trusted or trust.vouched is None:
        return None
    drift_ms = (trust.error_by_word(now) or 0.0) + STEP_MS
    error = timedelta(milliseconds=drift_ms)
    return now.wall - error, now.wall + error


def told_by_kernel(trust: ClockTrust, kernel: KernelClock, now: Moment) -> ClockTrust:
    """The trust after the kernel was asked: its word alone neither ends trust nor, here, gives it.

    A kernel that no longer says so leaves what the centre or the last knowledge supports.
    """
    trust = trust._replace(kernel=kernel)
    return _ranked(trust, now) if trust.is_trusted else trust


def _ranked(trust: ClockTrust, now: Moment) -> ClockTrust:
    """A trusted clock at the best level that is supported."""
    kernel = trust.kernel
    if kernel.is_good:
        by_word = trust.vouched is not None
        return trust._replace(
            level=ClockLevel.NETWORK,
            vouched_at=now.wall,
            error_ms=trust.error_ms if by_word else kernel.error_ms,
            error_mono_ms=trust.error_mono_ms if by_word else kernel.mono_ms,
        )
    level = ClockLevel.LAST_KNOWN if trust.vouched is None else ClockLevel.CONTROLLER
    return trust if trust.level is level else trust._replace(level=level)


def fallen_back(trust: ClockTrust, now: Moment, *, may_use_last_known: bool) -> ClockTrust:
    """What is left when the centre has not answered: never below the latest time ever seen.

    Network time by the kernel's word; or last knowledge: a clock that was vouched for in the last
    14 days and in this run of the machine. A station that was told better, or whose clock stepped,
    waits.
    """
    if trust.is_trusted or trust.needs_centre or _is_behind(trust.latest_at, now):
        return trust
    vouched_at = trust.vouched_at
    recent = vouched_at is not None and timedelta(0) <= now.wall - vouched_at < LAST_KNOWN_FOR
    is_known = may_use_last_known and (recent or trust.kernel.is_synchronised)
    if not (trust.kernel.is_good or is_known):
        return trust
    believed = trust._replace(level=ClockLevel.LAST_KNOWN, why="", seen=now)
    if trust.kernel.is_synchronised:
        kernel = trust.kernel
        believed = believed._replace(error_ms=kernel.error_ms, error_mono_ms=kernel.mono_ms)
    return observed(_ranked(believed, now), now)


def _is_behind(latest_at: datetime | None, now: Moment) -> bool:
    return latest_at is not None and now.wall < latest_at - timedelta(milliseconds=STEP_MS)


def observed(trust: ClockTrust, now: Moment) -> ClockTrust:
    """The trust after another look at both clocks: a step of the wall clock ends it."""
    step_ms = (now.wall - trust.seen.wall) / _MS
    step_ms -= now.mono_ms - trust.seen.mono_ms
    if abs(step_ms) > STEP_MS:
        return _stepped(trust, step_ms, now)
    if not trust.is_trusted:
        return _aged(trust, now)
    latest_at = max(now.wall, trust.latest_at or now.wall)
    return ClockTrust._make((*trust[:-2], latest_at, now.mono_ms))


def _aged(trust: ClockTrust, now: Moment) -> ClockTrust:
    """Whatever the time is: it is later by all that has passed, less what the crystal errs."""
    passed_ms = (now.mono_ms - trust.latest_mono_ms) * (1 - DRIFT_PPM / 1e6)
    if trust.latest_at is None or passed_ms < STEP_MS:
        return trust
    latest_at = trust.latest_at + timedelta(milliseconds=passed_ms)
    return trust._replace(latest_at=latest_at, latest_mono_ms=now.mono_ms)


def _stepped(trust: ClockTrust, step_ms: float, now: Moment) -> ClockTrust:
    """No trust; but the true time is still known by the clock that did not step."""
    known = (trust.offset_ms or 0.0) if trust.is_trusted else trust.offset_ms
    error_ms = trust.error(now)
    return trust._replace(
        level=ClockLevel.NONE,
        seen=now,
        why=trust.why or UNTRUSTED,
        offset_ms=None if known is None else known - step_ms,
        error_ms=None if error_ms is None else error_ms + abs(step_ms) + GRAIN_MS,
        error_mono_ms=now.mono_ms,
        kernel=KernelClock(),
        vouched=None,
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
    error_ms = abs(offset_ms) + round_trip_ms / 2 + GRAIN_MS
    heard = trust._replace(
        seen=now, offset_ms=offset_ms, error_ms=error_ms, error_mono_ms=now.mono_ms
    )
    if abs(offset_ms) > MAX_OFFSET_MS:
        return heard._replace(
            level=ClockLevel.NONE,
            why=WRONG,
            vouched=None,
            vouched_at=None,
            needs_centre=True,
        )
    believed = heard._replace(
        why="",
        vouched=now,
        vouched_at=now.wall,
        latest_at=max(now.wall, trust.latest_at or now.wall),
        latest_mono_ms=now.mono_ms,
        needs_centre=False,
    )
    return _ranked(believed, now)
