"""One frozen model per message. Unknown fields are ignored, unknown versions and orders refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from station_protocol.vocabulary import (
    Authority,
    ClockLevel,
    EndPolicy,
    FactCode,
    Outcome,
    Priority,
    Reason,
    StationHealth,
)

VERSION = 1
"""The protocol version of this package; a station names the versions it speaks in its hello."""


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo is UTC else value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
StationId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
PlaceId = StationId
SlotId = Annotated[str, Field(pattern=r"^[a-z2-7]{26}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Ident = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")]
Text = Annotated[str, Field(max_length=300)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
LengthMs = Annotated[int, Field(ge=0, le=86_400_000)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Message(BaseModel):
    """What every message of the wire has: frozen, versioned, tolerant of unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    v: Literal[1] = 1


class Part(BaseModel):
    """A piece of a message; it has the version of the message around it."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


# --- down: signed -------------------------------------------------------------------------------


class PlannedItem(Part):
    """One sound of a slot and the approval that lets it be heard."""

    sha256: Sha256
    size_bytes: Count
    duration_ms: LengthMs
    bulletin_version_id: Ident
    approved_by: Text
    approved_at: Instant


class PlannedSlot(Part):
    """One dated airing at this station. `cancelled` slots stay in the plan so that they end so.

    `end_policy` is the fate of this slot when a higher one takes the air.
    """

    slot_id: SlotId
    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    starts_at: Instant
    duration_ms: LengthMs
    lateness_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    priority: Priority
    authority: Authority
    title: Text
    items: Annotated[tuple[PlannedItem, ...], Field(max_length=64)]
    cancelled: bool = False
    end_policy: EndPolicy = EndPolicy.CUT


class OrderSound(Part):
    """The words of an order: its Opus bytes (base64) with it, or a sound the station fetches."""

    sha256: Sha256
    size_bytes: Count
    duration_ms: LengthMs
    data: Annotated[str, Field(max_length=174_764)] | None = None


class StationPlan(Message):
    """A station's dated slots for 14 days; full state, replaces every older plan."""

    station_id: StationId
    made_at: Instant
    covers_until: Instant
    slots: Annotated[tuple[PlannedSlot, ...], Field(max_length=2_000)]
    alerts: Annotated[tuple[OrderSound, ...], Field(max_length=16)] = ()
    """Words of emergencies prepared beforehand: held by the station and kept decoded in memory."""


class HoursSpan(Part):
    """Allowed wall time of a day, minutes after local midnight, end exclusive."""

    opens_min: Annotated[int, Field(ge=0, le=1_440)]
    closes_min: Annotated[int, Field(ge=0, le=1_440)]


class HoursException(Part):
    """A dated span in which sound is allowed although the daily hours say no."""

    from_at: Instant
    until_at: Instant
    why: Text


class VolumeBand(Part):
    """Wall time of a day with a volume ceiling of its own, minutes after local midnight.

    A band that closes before it opens reaches over midnight.
    """

    opens_min: Annotated[int, Field(ge=0, le=1_440)]
    closes_min: Annotated[int, Field(ge=0, le=1_440)]
    ceiling_percent: Percent


class StationLimits(Message):
    """What this station never exceeds, whatever a plan says. Wall time is Asia/Ho_Chi_Minh."""

    station_id: StationId
    hours: Annotated[tuple[HoursSpan, ...], Field(max_length=12)]
    exceptions: Annotated[tuple[HoursException, ...], Field(max_length=32)] = ()
    max_length_ms: LengthMs
    volume_ceiling_percent: Percent = 100
    volume_bands: Annotated[tuple[VolumeBand, ...], Field(max_length=12)] = ()
    """An emergency is not held to these, only to the station's own ceiling."""


class EmergencyDeed(Part):
    """Sound at once, before everything else: the attention signal, then the words.

    `sequence` is the centre's own count: of two from equal authorities the higher one has the air.
    An order named in `replaces` ends at once, whatever its authority (correction, all-clear).
    It sounds again every `repeat_every_s` until `until_at`; nothing of it starts after that.
    """

    deed: Literal["emergency"] = "emergency"
    title: Text
    authority: Authority
    sequence: Count
    attention_ms: Annotated[int, Field(ge=0, le=60_000)] = 6_000
    sound: OrderSound | None = None
    repeat_every_s: Annotated[int, Field(ge=30, le=86_400)] | None = None
    until_at: Instant
    replaces: Annotated[tuple[Ident, ...], Field(max_length=16)] = ()


class DrillDeed(Part):
    """Sound the drill signal, which is never that of an emergency, then the words of the drill.

    Only as an exercise, within hours, when nothing else wants the air.
    """

    deed: Literal["drill"] = "drill"
    title: Text
    sound: OrderSound | None = None


class StopDeed(Part):
    """Stop what sounds now (or only this slot or order). The rest is not played again.

    An emergency that is stopped is over: it does not sound again.
    """

    deed: Literal["stop"] = "stop"
    slot_id: SlotId | None = None
    order_id: Ident | None = None


class CancelDeed(Part):
    """Never start this slot; stop it if it sounds."""

    deed: Literal["cancel"] = "cancel"
    slot_id: SlotId


class VolumeDeed(Part):
    """Set the volume, below the station's own ceiling."""

    deed: Literal["volume"] = "volume"
    percent: Percent


class RefreshDeed(Part):
    """Say hello again, check what is held, fetch what is missing."""

    deed: Literal["refresh"] = "refresh"


class TestToneDeed(Part):
    """Sound the built-in test tone, within hours, when nothing else is on air."""

    __test__ = False  # not a test class, whatever its name begins with

    deed: Literal["test_tone"] = "test_tone"
    seconds: Annotated[int, Field(ge=1, le=10)] = 3


Deed = Annotated[
    EmergencyDeed | DrillDeed | StopDeed | CancelDeed | VolumeDeed | RefreshDeed | TestToneDeed,
    Field(discriminator="deed"),
]


class Order(Message):
    """One signed instruction to a station or to every station of a place; idempotent by its id."""

    order_id: Ident
    issued_at: Instant
    issued_by: Text
    why: Text = ""
    deed: Deed


class Ack(Message):
    """The centre's answer: what is durably stored, what time it is, what is still in force."""

    station_id: StationId
    journal_id: Ident
    stored_up_to: Count
    controller_at: Instant
    echo_mono_ms: Count | None = None
    answers: Literal["hello", "beat", "journal"]
    plan_epoch: Count = 0
    plan_version: Count = 0
    limits_version: Count = 0
    spread_ms: LengthMs = 0
    orders: Annotated[tuple[str, ...], Field(max_length=32)] = ()
    """Sealed orders still valid for this station, base64; each is verified like one received."""


class ChunkHeader(Message):
    """Which piece of which sound the raw bytes behind this header are."""

    sha256: Sha256
    index: Count
    total_bytes: Count


# --- up: the sender is the topic, checked against the body ----------------------------------------


class ClockReport(Part):
    """How a station knows the time. Offset is controller minus station, last measured."""

    level: ClockLevel
    offset_ms: float | None = None
    error_ms: float | None = None


class Hello(Message):
    """First words after each connect."""

    station_id: StationId
    boot_id: Ident
    agent_version: Text
    speaks: Annotated[tuple[int, ...], Field(max_length=16)] = (VERSION,)
    said_at: Instant
    sent_mono_ms: Count
    plan_epoch: Count
    plan_version: Count
    limits_version: Count
    journal_id: Ident
    """Made with the journal file: after a new card the numbers begin anew under a new id."""
    journal_head: Count
    journal_stored_up_to: Count
    sound_over: Literal["http", "mqtt"] = "http"
    clock: ClockReport


class OnAir(Part):
    """What sounds at this moment."""

    slot_id: SlotId
    ends_at: Instant
    played_ms: LengthMs


class Heartbeat(Message):
    """A sign of life each 30 s: state, not evidence; unnumbered."""

    station_id: StationId
    boot_id: Ident
    said_at: Instant
    sent_mono_ms: Count
    health: StationHealth
    reasons: Annotated[tuple[Code, ...], Field(max_length=16)] = ()
    on_air: OnAir | None = None
    clock: ClockReport
    plan_epoch: Count
    plan_version: Count
    limits_version: Count
    required_assets: Count
    held_assets: Count
    journal_head: Count
    journal_stored_up_to: Count
    disk_free_bytes: Count | None = None
    temperature_celsius: float | None = None
    volume_percent: Percent | None = None
    refused: dict[Code, Count] = Field(default_factory=dict, max_length=32)
    """Refused messages since boot, by reason."""
    wants_time: bool = False


class AsRunEntry(Part):
    """How one slot ended here. `start_error_ms` is counted in frames of the sound card."""

    kind: Literal["as_run"] = "as_run"
    slot_id: SlotId
    revision: Count
    outcome: Outcome
    reason: Reason | None = None
    planned_at: Instant
    planned_ms: LengthMs
    started_at: Instant | None = None
    start_error_ms: float | None = None
    played_ms: LengthMs = 0
    plan_epoch: Count = 0
    plan_version: Count = 0
    title: Text = ""
    order_id: Ident | None = None
    """The order that made it sound, if no plan did."""
    exercise: bool = False


class StartEntry(Part):
    """The first frame of a slot sounded; its end follows as an as-run entry."""

    kind: Literal["start"] = "start"
    slot_id: SlotId
    revision: Count
    started_at: Instant
    start_error_ms: float | None = None
    order_id: Ident | None = None
    exercise: bool = False


class HoldingEntry(Part):
    """This station has verified these bytes, or no longer has them."""

    kind: Literal["holding"] = "holding"
    sha256: Sha256
    held: bool
    size_bytes: Count = 0
    why: Code = "fetched"


class FaultEntry(Part):
    """Something a person should know of."""

    kind: Literal["fault"] = "fault"
    code: Code
    detail: Text = ""


class FlipEntry(Part):
    """The station's own state changed at `at` of the entry."""

    kind: Literal["flip"] = "flip"
    health: StationHealth | Literal["off"]
    reasons: Annotated[tuple[Code, ...], Field(max_length=16)] = ()


class RefusalEntry(Part):
    """A plan, limits, order or sound that was not obeyed, and why."""

    kind: Literal["refusal"] = "refusal"
    what: Literal["plan", "limits", "order", "ack", "chunk", "sound"]
    why: Code
    detail: Text = ""


MOST_FACTS = 24
"""So many facts tell one slot's story; of a longer one the middle is left out and counted."""


class TraceFact(Part):
    """One thing a station knew or decided about a slot. Which values it has hangs on its code.

    A code of a newer station is kept as it is; nothing absent is written.
    """

    code: Annotated[FactCode | Code, Field(union_mode="left_to_right")]
    at: Instant
    is_sure: bool = True
    """False: by a clock that was not trusted then, and nothing later put it right."""
    epoch: Count | None = None
    version: Count | None = None
    """Of the plan; of the limits, for `limits`."""
    level: ClockLevel | None = None
    error_ms: float | None = None
    """Worst error of the clock; for `started`, the first frame against its instant."""
    why: Code | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")] | None = None
    """The first 12 characters of the name of the sound it is about."""
    have: Count | None = None
    need: Count | None = None
    by: Ident | None = None
    """The slot or order that had, or took, the air."""
    title: Text | None = None
    priority: Priority | None = None
    ms: LengthMs | None = None
    of_ms: LengthMs | None = None
    other_at: Instant | None = None

    @model_serializer(mode="wrap")
    def _only_what_is_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Facts are many and small: what is not said takes no room on card and wire."""
        written: dict[str, Any] = write(self)
        return {
            name: value
            for name, value in written.items()
            if value is not None and (name, value) != ("is_sure", True)
        }


class TraceEntry(Part):
    """Why a slot ended as it did here; the line right behind the as-run entry it explains."""

    kind: Literal["trace"] = "trace"
    slot_id: SlotId
    revision: Count
    facts: Annotated[tuple[TraceFact, ...], Field(max_length=MOST_FACTS)]
    left_out: Count = 0
    """Facts left out of the middle, the story having been too long."""


class UnreadEvidence(Part):
    """Evidence of a kind this side does not know: kept and confirmed as it came, not understood."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, JsonValue]

    kind: Code

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        """ValueError for what came as JSON and cannot go as JSON: half a character."""
        json.dumps(self.__pydantic_extra__, ensure_ascii=False).encode()
        return self

    @model_serializer(mode="plain")
    def _as_it_came(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.__pydantic_extra__}


_UNREAD = "unread"
_KNOWN_KINDS = frozenset({"as_run", "start", "holding", "fault", "flip", "refusal", "trace"})


def _kind_of(evidence: object) -> str:
    """By which model evidence is read; a newer station may speak of what we cannot read yet."""
    spoken = evidence if isinstance(evidence, dict) else {"kind": getattr(evidence, "kind", None)}
    kind = spoken.get("kind")
    return kind if isinstance(kind, str) and kind in _KNOWN_KINDS else _UNREAD


Evidence = Annotated[
    Annotated[AsRunEntry, Tag("as_run")]
    | Annotated[StartEntry, Tag("start")]
    | Annotated[HoldingEntry, Tag("holding")]
    | Annotated[FaultEntry, Tag("fault")]
    | Annotated[FlipEntry, Tag("flip")]
    | Annotated[RefusalEntry, Tag("refusal")]
    | Annotated[TraceEntry, Tag("trace")]
    | Annotated[UnreadEvidence, Tag(_UNREAD)],
    Discriminator(_kind_of),
]


class JournalEntry(Part):
    """One numbered line of a station's journal; the number is never used again."""

    entry_no: Annotated[int, Field(ge=1, le=2**53)]
    at: Instant
    clock: ClockLevel
    evidence: Evidence


class JournalBatch(Message):
    """Journal lines in order; sent again until the centre acknowledges them."""

    station_id: StationId
    boot_id: Ident
    journal_id: Ident
    sent_mono_ms: Count
    entries: Annotated[tuple[JournalEntry, ...], Field(min_length=1, max_length=100)]


class Reply(Message):
    """The immediate answer to an order."""

    station_id: StationId
    order_id: Ident
    accepted: bool
    why: Code | None = None
    said_at: Instant


class Want(Message):
    """A request for pieces `from_index` to `from_index + count - 1` of a sound over MQTT."""

    station_id: StationId
    sha256: Sha256
    from_index: Count
    count: Annotated[int, Field(ge=1, le=32)]


class LinkState(Message):
    """Online or offline as the broker saw it: a hint, never proof of life."""

    station_id: StationId
    online: bool


DownMessage = StationPlan | StationLimits | Order | Ack
UpMessage = Hello | Heartbeat | JournalBatch | Reply | Want | LinkState
