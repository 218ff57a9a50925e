"""What a player can be asked, what it tells, and what it needs from a sound card.

A cue is *prepared* (bytes checked, head decoded, device opened a few seconds early) and later
*started* (allowed to sound). The first frame then lands at its due instant; a cue started after its
instant sounds at once. Call `start` half a second or more before the due instant: what is queued on
the card by then is silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from station_protocol.vocabulary import Reason

RATE_HZ = 48_000
"""Frames a second of everything a player handles; one frame is one mono 16 bit sample."""

OPEN_AHEAD_S = 5.0
"""How long before a due instant the device is opened, to learn its position."""

Frames = NDArray[np.int16]


class Clock(Protocol):
    """The two times a player needs."""

    def monotonic_ns(self) -> int:
        """Never steps; what sound is paced by."""

    def wall_ns(self) -> int:
        """UTC as this station holds it, since 1970; may step."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """CLOCK_REALTIME."""
        return time.time_ns()


# --- what is asked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A sound file, from `from_ms` on, and what its bytes must hash to; others are not played."""

    path: Path
    sha256: str
    from_ms: int = 0


@dataclass(frozen=True, slots=True)
class Tone:
    """A built-in tone instead of a file."""

    duration_ms: int
    pitch_hz: float = 1_000.0


@dataclass(frozen=True, slots=True)
class Attention:
    """The built-in attention signal, or that of a drill."""

    duration_ms: int
    is_drill: bool = False


@dataclass(frozen=True, slots=True)
class InlineSound:
    """A sound held in memory, as encoded bytes somebody has already checked."""

    name: str
    data: bytes


Sound = CheckedFile | Tone | Attention | InlineSound


@dataclass(frozen=True, slots=True)
class Cue:
    """Sounds to play without a gap, the first frame at `due_at`. `due_at` None: at once."""

    play_id: str
    sounds: tuple[Sound, ...]
    due_at: datetime | None
    is_urgent: bool = False
    """Whether the first sound, if it is in memory, goes without waiting for the others."""


class Player(Protocol):
    """Every call returns at once and raises nothing; what became of it comes back as events."""

    def prepare(self, cue: Cue) -> None:
        """Load, check and decode the head; answered by Prepared or Ended(failed).

        A cue prepared again under the same id replaces its former preparation.
        """

    def start(self, play_id: str, *, replaces: bool = False) -> None:
        """Let the prepared cue sound at its instant, or at once if that has passed.

        While another sounds: with `replaces` that one fades out so that it is silent at this one's
        instant; without, this one begins right behind its last frame.
        """

    def sound(self, cue: Cue, *, replaces: bool = False) -> None:
        """Prepare and start as one: nothing comes in between."""

    def stop(self, play_id: str | None, fade_ms: int) -> None:
        """End this cue (None: all) with a fade; 0 drops even what the card has queued."""

    def keep_resident(self, sounds: tuple[CheckedFile, ...]) -> None:
        """Have the heads of these decoded in memory; replaces the former list."""

    def sound_came(self) -> None:
        """A file has arrived: it may be one that is to be resident."""

    def set_volume(self, percent: int) -> None:
        """From the next block on, or in the card's mixer at once."""

    def volume(self) -> int | None:
        """The volume as it is: what the card's mixer says, if it is the one that is set."""

    def on_air(self) -> OnAirNow | None:
        """What sounds at this moment."""

    def busy_since_s(self) -> float | None:
        """When the present round of its thread began (monotonic, s); None while it waits."""

    def close(self) -> None:
        """Stop at once and give the device back."""


# --- what is told ---------------------------------------------------------------------------------


class EndCause(StrEnum):
    """Why a cue no longer sounds."""

    PLAYED = "played"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OnAirNow:
    """The sounding cue and how much of it has been heard."""

    play_id: str
    started_at: datetime
    sounded_ms: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """The cue can be started."""

    play_id: str


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """The first frame has left the card; `error_ms` against `due_at` by the card's count."""

    play_id: str
    started_at: datetime
    error_ms: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of the cue the card has consumed so far."""

    play_id: str
    sounded_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The cue is over. `sounded_ms` counts frames consumed by the card, 0 if none was."""

    play_id: str
    cause: EndCause
    sounded_ms: int
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """The card is missing or stands still; it is tried again as long as a cue needs it."""

    detail: str


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """The card could be opened again."""


@dataclass(frozen=True, slots=True)
class Underrun:
    """The card ran dry; what was on air goes on after the gap."""

    play_id: str | None


PlayerEvent = Prepared | FirstFrame | Progress | Ended | DeviceLost | DeviceBack | Underrun
Emit = Callable[[PlayerEvent], None]


# --- what is needed from a card -------------------------------------------------------------------


class DeviceMissingError(Exception):
    """The card cannot be opened, or went away."""


class UnderrunError(Exception):
    """The card ran dry and stopped; the next write begins a new stream at frame 0."""


@dataclass(frozen=True, slots=True)
class Position:
    """Frames of the stream the card says it consumed; the truth is less than `coarse_frames` more.

    It was read between the two monotonic instants.
    """

    frames: int
    before_ns: int
    after_ns: int


class Sink(Protocol):
    """A sound card. Frames are counted per stream: from open, an underrun or a drop."""

    @property
    def buffer_frames(self) -> int:
        """How many frames it can queue."""

    @property
    def coarse_frames(self) -> int:
        """How far a position report can lag."""

    def open(self) -> None:
        """Make ready for a new stream; DeviceMissingError."""

    def close(self) -> None:
        """Give the device back; never raises."""

    def write(self, block: Frames) -> int:
        """Queue frames, return how many were taken; UnderrunError, DeviceMissingError."""

    def position(self) -> Position:
        """Where the card is; DeviceMissingError."""

    def drop(self) -> None:
        """Throw away what is queued; the next write begins a new stream."""

    def instant_of(self, frame: int, /) -> int | None:
        """The monotonic instant this frame of the stream sounds, if the card itself counts it."""
