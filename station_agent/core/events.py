"""Everything that can happen to a station. The shell makes these; the core decides what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from station_agent.core.effects import Persist
from station_protocol.codec import Signed
from station_protocol.messages import Ack, Order, StationLimits, StationPlan
from station_protocol.vocabulary import Reason

What = Literal["plan", "limits", "order", "ack", "chunk", "sound"]


class EndCause(StrEnum):
    """How a play came to its end; who stopped it is known to the core, which asked for it."""

    PLAYED = "played"
    STOPPED = "stopped"
    FAILED = "failed"


class FetchProblem(StrEnum):
    """Why a sound did not arrive."""

    NETWORK = "network"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    CORRUPT = "corrupt"
    DISK_FULL = "disk_full"


class StorageProblem(StrEnum):
    """Why something could not be made durable."""

    DISK_FULL = "disk_full"
    READONLY = "storage_readonly"


# --- the process ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Booted:
    """The process has started; always the first event. None: the kernel does not say."""

    kernel_synchronised: bool | None = None
    faults: tuple[tuple[str, str], ...] = ()
    """Code and detail of what the shell found wrong while it looked at what was kept."""
    kernel_error_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Woke:
    """A deadline came, or the shell's own tick: nothing else has happened."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The process was asked to end; nothing is handled after this."""


@dataclass(frozen=True, slots=True)
class StopPressed:
    """Somebody at the station wants silence: the button, or `vang-agent stop`."""


@dataclass(frozen=True, slots=True)
class ProbesRead:
    """What the machine says of itself; None where it says nothing."""

    disk_free_bytes: int | None = None
    is_read_only: bool = False
    temperature_celsius: float | None = None
    under_voltage: bool | None = None
    """Whether the machine's supply sagged in the last seconds."""
    volume_percent: int | None = None
    kernel_synchronised: bool | None = None
    kernel_error_ms: float | None = None
    """How wrong the kernel takes its own clock to be at most."""


@dataclass(frozen=True, slots=True)
class HardwareFault:
    """Something wired to the station did not do what it was asked to."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class PersistFailed:
    """`persist` did not become durable; nothing that depended on it was done."""

    persist: Persist
    why: StorageProblem


@dataclass(frozen=True, slots=True)
class IntentNotDurable:
    """An emergency sounds although nothing about it could be written down in time."""

    slot_id: str
    why: str = ""


# --- the link -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Connected and subscribed; what is sent now can arrive."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection is gone."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker will not give us these messages (SUBACK 0x80)."""

    topic_filter: str


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """Something arrived that must not be obeyed; `why` is the `reason` of its ProtocolError."""

    what: What
    why: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlanReceived:
    """A plan whose signature, purpose and audience are right; `raw` are its sealed bytes."""

    signed: Signed[StationPlan]
    raw: bytes


@dataclass(frozen=True, slots=True)
class LimitsReceived:
    """Limits whose signature, purpose and audience are right; `raw` are their sealed bytes."""

    signed: Signed[StationLimits]
    raw: bytes


@dataclass(frozen=True, slots=True)
class OrderReceived:
    """An order whose signature, purpose and audience are right."""

    signed: Signed[Order]
    with_answer: bool = False
    """Whether it came with the centre's answer to our hello, which has all that are in force."""


@dataclass(frozen=True, slots=True)
class AckReceived:
    """An ack whose signature is right. Its orders follow as their own events."""

    signed: Signed[Ack]


# --- sound files ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AssetHeld:
    """These bytes were fetched, verified and lie under their name."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class AssetChecked:
    """The answer to CheckAsset: the bytes still are what their name says, or were set aside."""

    sha256: str
    problem: Literal["file_corrupt", "file_missing"] | None = None


@dataclass(frozen=True, slots=True)
class AssetDropped:
    """The cache made room; these bytes are no longer held."""

    sha256: str


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """A fetch ended without the bytes; what came so far is kept for the next attempt."""

    sha256: str
    why: FetchProblem
    retry_after_s: float | None = None


# --- the player -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayerReady:
    """Files verified, device open, silence flowing; `Start` will sound on time."""

    play_id: str


@dataclass(frozen=True, slots=True)
class PlayerStarted:
    """The first frame sounded. The error against the due instant is counted in device frames."""

    play_id: str
    started_at: datetime
    start_error_ms: float | None


@dataclass(frozen=True, slots=True)
class PlayerProgress:
    """Milliseconds of this play that have sounded; about once a second."""

    play_id: str
    played_ms: int


@dataclass(frozen=True, slots=True)
class PlayerEnded:
    """Nothing of this play sounds any more. `played_ms` counts frames the device consumed."""

    play_id: str
    played_ms: int
    cause: EndCause
    reason: Reason | None = None
    """With `FAILED`: file_corrupt, audio_device_missing or player_failed."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """There is no sound device, or it went away."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """The sound device is there (again)."""


@dataclass(frozen=True, slots=True)
class SoundGap:
    """The card ran dry; what was on air went on after a gap."""

    play_id: str | None = None


Event = (
    Booted
    | Woke
    | Stopping
    | StopPressed
    | ProbesRead
    | HardwareFault
    | PersistFailed
    | IntentNotDurable
    | LinkUp
    | LinkDown
    | SubscriptionRefused
    | MessageRefused
    | PlanReceived
    | LimitsReceived
    | OrderReceived
    | AckReceived
    | AssetHeld
    | AssetChecked
    | AssetDropped
    | FetchFailed
    | PlayerReady
    | PlayerStarted
    | PlayerProgress
    | PlayerEnded
    | DeviceLost
    | DeviceBack
    | SoundGap
)
