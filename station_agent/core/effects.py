"""Everything the core can ask for, as data. The shell carries these out in the order given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from station_agent.core.records import Intent, Mark, Memory, SlotRecord
from station_protocol.messages import JournalEntry, UpMessage

SoundOver = Literal["http", "mqtt"]


@dataclass(frozen=True, slots=True)
class Persist:
    """Make durable (fsync) before the next effect of the batch.

    `plan` and `limits` are sealed bytes and are written first; the rest is one transaction.
    If it fails, the shell drops the `Start` and `Send` effects that follow in the same batch,
    carries out the others, and reports PersistFailed.
    """

    entries: tuple[JournalEntry, ...] = ()
    slots: tuple[SlotRecord, ...] = ()
    memory: Memory | None = None
    plan: bytes | None = None
    limits: bytes | None = None


@dataclass(frozen=True, slots=True)
class WriteIntent:
    """Write down that an emergency is about to sound, before the next effect of the batch.

    It waits at most 200 ms for the card: then the emergency sounds all the same, and the shell
    reports IntentNotDurable.
    """

    intent: Intent


@dataclass(frozen=True, slots=True)
class KeepSound:
    """Put bytes that came with an order among the verified sounds; they were checked."""

    sha256: str
    data: bytes


@dataclass(frozen=True, slots=True)
class WriteMark:
    """Overwrite the mark page (fdatasync)."""

    mark: Mark


@dataclass(frozen=True, slots=True)
class Send:
    """Publish; if the link is down the message is dropped, the core will say it again."""

    message: UpMessage


@dataclass(frozen=True, slots=True)
class ForwardJournal:
    """Send the oldest entries numbered above `after_no`: at most 100, at most the size cap."""

    after_no: int
    boot_id: str
    sent_mono_ms: int


@dataclass(frozen=True, slots=True)
class ConfirmJournal:
    """The centre has stored everything up to this number; older than 90 days may be pruned.

    `at` is the time, if it is trusted: without it nothing is old.
    """

    up_to: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get these bytes, going on from what is already there; one at a time."""

    sha256: str
    size_bytes: int
    via: SoundOver


@dataclass(frozen=True, slots=True)
class CancelFetch:
    """Leave off; keep what came."""

    sha256: str


@dataclass(frozen=True, slots=True)
class CheckAsset:
    """Hash the file again, off the main thread; set a bad one aside."""

    sha256: str


@dataclass(frozen=True, slots=True)
class ProtectAssets:
    """What the cache must not drop, soonest due first; replaces the former list."""

    sha256s: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeepResident:
    """What must sound without waiting for a disk: its head is decoded in memory.

    Replaces the former list. A file that is not held yet is taken up when it comes.
    """

    sha256s: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoundFile:
    """One sound of a play; `duration_ms` of it, from `from_ms` on."""

    sha256: str
    duration_ms: int
    from_ms: int = 0


@dataclass(frozen=True, slots=True)
class Tone:
    """The built-in test tone."""

    duration_ms: int


@dataclass(frozen=True, slots=True)
class Attention:
    """The built-in attention signal, or the drill signal, which nobody can take for it."""

    duration_ms: int
    is_drill: bool = False


@dataclass(frozen=True, slots=True)
class InlineSound:
    """A sound whose Opus bytes came inside the order itself (at most 128 kB)."""

    name: str
    duration_ms: int
    data: bytes


Piece = SoundFile | Tone | Attention | InlineSound


@dataclass(frozen=True, slots=True)
class Prepare:
    """Verify and load these pieces, open the device and let silence flow. Nothing sounds yet.

    `due_at` is where the first frame belongs once the play is started; None or past: at once.
    A play that was prepared before under this id is prepared anew.

    `urgent` opens the device at once and makes its first piece sound without waiting for what
    follows it. With a `Start(play_id, replaces=True)` in the same batch, what the card has queued
    on air is dropped and the buffer filled anew.
    """

    play_id: str
    pieces: tuple[Piece, ...]
    due_at: datetime | None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Let a prepared play sound at its instant, or as soon as possible if that has passed.

    While another play sounds: with `replaces` that one is faded out so that it is silent when this
    one is due; without, this one begins right behind its last frame. Never two at once.
    """

    play_id: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Fade out and end, also a play that is only prepared; answered by PlayerEnded."""

    play_id: str
    fade_ms: int = 300


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Set the output volume; what the mixer then says comes back with ProbesRead."""

    percent: int


@dataclass(frozen=True, slots=True)
class Amplifier:
    """Switch the amplifier's supply."""

    on: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """Read disk, temperature, mixer, kernel clock; answered by ProbesRead."""


Effect = (
    Persist
    | WriteIntent
    | KeepSound
    | WriteMark
    | Send
    | ForwardJournal
    | ConfirmJournal
    | Fetch
    | CancelFetch
    | CheckAsset
    | ProtectAssets
    | KeepResident
    | Prepare
    | Start
    | Stop
    | SetVolume
    | Amplifier
    | Probe
)
