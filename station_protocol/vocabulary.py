"""The closed sets both programs speak: outcomes, reasons, priorities, states."""

from __future__ import annotations

from enum import StrEnum


class Priority(StrEnum):
    """The three classes of Circular 39/2020/TT-BTTTT, article 3."""

    ORDINARY = "ordinary"
    PRIORITY = "priority"
    EMERGENCY = "emergency"


class Authority(StrEnum):
    """Whose slot it is; a higher place wins between equal classes."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


PRIORITY_RANK = {Priority.EMERGENCY: 2, Priority.PRIORITY: 1, Priority.ORDINARY: 0}
AUTHORITY_RANK = {Authority.PROVINCE: 2, Authority.DISTRICT: 1, Authority.COMMUNE: 0}


class EndPolicy(StrEnum):
    """What becomes of a slot when a higher one takes the air. An emergency never waits."""

    CUT = "cut"
    FINISH_ITEM = "finish_item"
    RESUME = "resume"


class Outcome(StrEnum):
    """How a slot ended at one station. Exactly one of these, for ever."""

    AIRED = "aired"
    LATE = "late"
    CUT_SHORT = "cut_short"
    MISSED = "missed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class Reason(StrEnum):
    """Why a slot did not simply air. Every outcome but `aired` has one."""

    OFFLINE_NO_FILE = "offline_no_file"
    FILE_CORRUPT = "file_corrupt"
    SIGNATURE_BAD = "signature_bad"
    EXPIRED = "expired"
    CLOCK_UNTRUSTED = "clock_untrusted"
    AUDIO_DEVICE_MISSING = "audio_device_missing"
    PLAYER_FAILED = "player_failed"
    POWER_OFF = "power_off"
    DISK_FULL = "disk_full"
    PREEMPTED = "preempted"
    NOT_APPROVED = "not_approved"
    AGENT_DOWN = "agent_down"
    QUIET_HOURS = "quiet_hours"
    UNKNOWN_TIMEOUT = "unknown_timeout"
    PLAN_NOT_HELD = "plan_not_held"
    WINDOW_PASSED = "window_passed"
    STOPPED_BY_OPERATOR = "stopped_by_operator"
    STOPPED_AT_STATION = "stopped_at_station"
    DECLINED_BY_COMMUNE = "declined_by_commune"
    LATE_RECOVERY = "late_recovery"
    STORAGE_READONLY = "storage_readonly"
    TOO_LONG = "too_long"


class ClockLevel(StrEnum):
    """How far a station trusts its own clock."""

    NETWORK = "network"
    CONTROLLER = "controller"
    LAST_KNOWN = "last_known"
    NONE = "none"


class StationHealth(StrEnum):
    """What a station says of itself."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"


class FactCode(StrEnum):
    """What one fact of a decision trace is about. Which values each carries: docs/protocol.md."""

    RESTARTED = "restarted"
    PLAN_HEARD = "plan_heard"
    PLAN_CHANGED = "plan_changed"
    PLAN_HELD = "plan_held"
    CLOCK = "clock"
    FILES = "files"
    DEVICE = "device"
    STORAGE = "storage"
    LIMITS = "limits"
    PLAN_EXPIRED = "plan_expired"
    ORDERED = "ordered"
    PREPARED = "prepared"
    NOT_PREPARED = "not_prepared"
    AIR_TAKEN = "air_taken"
    LATE_SPACING = "late_spacing"
    STARTED = "started"
    CUT = "cut"
    WENT_ON = "went_on"
    PLAYED = "played"
    CANCELLED = "cancelled"
    WINDOW_CLOSED = "window_closed"


class DeedKind(StrEnum):
    """Whether a signed message means a real broadcast or a drill."""

    ACTUAL = "actual"
    EXERCISE = "exercise"


class Purpose(StrEnum):
    """What a signature was made for; a signature is worth nothing for another purpose."""

    PLAN = "plan"
    LIMITS = "limits"
    ORDER = "order"
    ACK = "ack"
    CHUNK = "chunk"


LATE_AFTER_MS = 5_000
"""First frame later than this after the due instant: `late` instead of `aired`."""

CUT_TOLERANCE_MS = 1_000
"""Fewer sounded milliseconds than planned minus this: `cut_short`."""
