"""Builders of wire messages: one of each kind, with every field set."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from station_protocol import messages as wire
from station_protocol.signing import Claims, KeyRing, PinnedKey, Signer
from station_protocol.vocabulary import (
    Authority,
    ClockLevel,
    DeedKind,
    FactCode,
    Outcome,
    Priority,
    Purpose,
    Reason,
    StationHealth,
)

STATION = "bac-ai-phuoc-binh"
NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
SHA = "ab" * 32
SLOT = "abcdefghijklmnopqrstuvwxyz"
KEY_BYTES = bytes(range(32))


def signer(kind: DeedKind = DeedKind.ACTUAL) -> Signer:
    """The same pair every time; Ed25519 is deterministic, so envelopes can be golden."""
    return Signer.from_bytes(KEY_BYTES, kind)


def keys(*signers: Signer) -> KeyRing:
    """A ring that pins these signers, or the usual one."""
    chosen = signers or (signer(),)
    return KeyRing.of(*(PinnedKey.from_hex(one.public_hex(), one.kind) for one in chosen))


def claims(purpose: Purpose, **changes: Any) -> Claims:
    """Claims of the usual signer for the usual station, an hour around NOW."""
    values: dict[str, Any] = {
        "key_id": signer().key_id,
        "purpose": purpose,
        "audience": STATION,
        "epoch": 1_700_000_000_000,
        "version": 12,
        "not_before": NOW - timedelta(hours=1),
        "not_after": NOW + timedelta(hours=1),
        "nonce": "0123456789abcdef" * 2,
    }
    return Claims(**(values | changes))


def item(**changes: Any) -> wire.PlannedItem:
    """One approved sound."""
    values: dict[str, Any] = {
        "sha256": SHA,
        "size_bytes": 120_000,
        "duration_ms": 30_000,
        "bulletin_version_id": "01936b1e-0000-7000-8000-000000000001",
        "approved_by": "Trần Văn Lộc",
        "approved_at": NOW - timedelta(days=1),
    }
    return wire.PlannedItem(**(values | changes))


def slot(**changes: Any) -> wire.PlannedSlot:
    """A slot of one item, ten minutes after NOW."""
    values: dict[str, Any] = {
        "slot_id": SLOT,
        "revision": 1,
        "starts_at": NOW + timedelta(minutes=10),
        "duration_ms": 30_000,
        "priority": Priority.ORDINARY,
        "authority": Authority.DISTRICT,
        "title": "Phòng cháy rừng mùa khô",
        "items": (item(),),
    }
    return wire.PlannedSlot(**(values | changes))


def plan(*slots: wire.PlannedSlot, **changes: Any) -> wire.StationPlan:
    """A plan of these slots, or of the usual one."""
    values: dict[str, Any] = {
        "station_id": STATION,
        "made_at": NOW,
        "covers_until": NOW + timedelta(days=14),
        "slots": slots or (slot(),),
    }
    return wire.StationPlan(**(values | changes))


def limits(**changes: Any) -> wire.StationLimits:
    """05:00-21:00, one dated exception, 45 minutes."""
    values: dict[str, Any] = {
        "station_id": STATION,
        "hours": (wire.HoursSpan(opens_min=300, closes_min=1260),),
        "exceptions": (
            wire.HoursException(from_at=NOW, until_at=NOW + timedelta(hours=2), why="thử loa"),
        ),
        "max_length_ms": 2_700_000,
        "volume_ceiling_percent": 80,
    }
    return wire.StationLimits(**(values | changes))


def order(deed: wire.Deed | None = None, **changes: Any) -> wire.Order:
    """An order with this deed, or a stop."""
    values: dict[str, Any] = {
        "order_id": "01936b1e-0000-7000-8000-0000000000aa",
        "issued_at": NOW,
        "issued_by": "katormai",
        "why": "nhầm bản",
        "deed": deed or wire.StopDeed(slot_id=SLOT),
    }
    return wire.Order(**(values | changes))


def emergency(**changes: Any) -> wire.EmergencyDeed:
    """A flood warning with its words inside, again every ten minutes for an hour."""
    data = b"spoken words, in Opus"
    values: dict[str, Any] = {
        "title": "Xả lũ hồ Sông Cái",
        "authority": Authority.PROVINCE,
        "sequence": 12,
        "sound": wire.OrderSound(
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            duration_ms=20_000,
            data=base64.b64encode(data).decode(),
        ),
        "repeat_every_s": 600,
        "until_at": NOW + timedelta(hours=1),
        "replaces": ("01936b1e-0000-7000-8000-0000000000ab",),
    }
    return wire.EmergencyDeed(**(values | changes))


def ack(**changes: Any) -> wire.Ack:
    """The answer to a hello."""
    values: dict[str, Any] = {
        "station_id": STATION,
        "journal_id": "01936b1e-0000-7000-8000-0000000000bb",
        "stored_up_to": 41,
        "controller_at": NOW,
        "echo_mono_ms": 123_456,
        "answers": "hello",
        "plan_epoch": 1_700_000_000_000,
        "plan_version": 12,
        "limits_version": 3,
        "spread_ms": 650,
        "orders": (),
    }
    return wire.Ack(**(values | changes))


_CLOCK = wire.ClockReport(level=ClockLevel.CONTROLLER, offset_ms=12.5, error_ms=40.0)


def hello(**changes: Any) -> wire.Hello:
    """The first words after a connect."""
    values: dict[str, Any] = {
        "station_id": STATION,
        "boot_id": "01936b1e-0000-7000-8000-0000000000cc",
        "agent_version": "0.1.0",
        "said_at": NOW,
        "sent_mono_ms": 123_456,
        "plan_epoch": 1_700_000_000_000,
        "plan_version": 11,
        "limits_version": 3,
        "journal_id": "01936b1e-0000-7000-8000-0000000000bb",
        "journal_head": 42,
        "journal_stored_up_to": 40,
        "sound_over": "http",
        "clock": _CLOCK,
    }
    return wire.Hello(**(values | changes))


def beat(**changes: Any) -> wire.Heartbeat:
    """A beat of a station on air."""
    values: dict[str, Any] = {
        "station_id": STATION,
        "boot_id": "01936b1e-0000-7000-8000-0000000000cc",
        "said_at": NOW,
        "sent_mono_ms": 153_456,
        "health": StationHealth.READY,
        "on_air": wire.OnAir(slot_id=SLOT, ends_at=NOW + timedelta(seconds=20), played_ms=10_000),
        "clock": _CLOCK,
        "plan_epoch": 1_700_000_000_000,
        "plan_version": 12,
        "limits_version": 3,
        "required_assets": 3,
        "held_assets": 2,
        "journal_head": 43,
        "journal_stored_up_to": 41,
        "disk_free_bytes": 21_400_000_000,
        "temperature_celsius": 51.5,
        "volume_percent": 80,
        "refused": {"signature_bad": 1},
        "wants_time": True,
    }
    return wire.Heartbeat(**(values | changes))


def as_run(**changes: Any) -> wire.AsRunEntry:
    """A slot that aired."""
    values: dict[str, Any] = {
        "slot_id": SLOT,
        "revision": 1,
        "outcome": Outcome.AIRED,
        "planned_at": NOW,
        "planned_ms": 30_000,
        "started_at": NOW,
        "start_error_ms": 0.04,
        "played_ms": 30_000,
        "plan_epoch": 1_700_000_000_000,
        "plan_version": 12,
        "title": "Phòng cháy rừng mùa khô",
    }
    return wire.AsRunEntry(**(values | changes))


def entry(evidence: wire.Evidence | None = None, *, no: int = 1) -> wire.JournalEntry:
    """A numbered journal line."""
    return wire.JournalEntry(
        entry_no=no, at=NOW, clock=ClockLevel.CONTROLLER, evidence=evidence or as_run()
    )


def batch(*entries: wire.JournalEntry, **changes: Any) -> wire.JournalBatch:
    """Journal lines of every kind, or these."""
    every = (
        entry(as_run(), no=1),
        entry(
            as_run(
                outcome=Outcome.MISSED,
                reason=Reason.QUIET_HOURS,
                played_ms=0,
                started_at=None,
                start_error_ms=None,
            ),
            no=2,
        ),
        entry(wire.StartEntry(slot_id=SLOT, revision=1, started_at=NOW, start_error_ms=0.04), no=3),
        entry(wire.HoldingEntry(sha256=SHA, held=True, size_bytes=120_000), no=4),
        entry(wire.FaultEntry(code="audio_device_missing", detail="hw:0"), no=5),
        entry(wire.FlipEntry(health=StationHealth.DEGRADED, reasons=("clock_wrong",)), no=6),
        entry(wire.RefusalEntry(what="plan", why="signature_bad", detail="khóa lạ"), no=7),
    )
    values: dict[str, Any] = {
        "station_id": STATION,
        "boot_id": "01936b1e-0000-7000-8000-0000000000cc",
        "journal_id": "01936b1e-0000-7000-8000-0000000000bb",
        "sent_mono_ms": 153_456,
        "entries": entries or every,
    }
    return wire.JournalBatch(**(values | changes))


def fact(code: FactCode | str, seconds: float = 0, **values: Any) -> wire.TraceFact:
    """A fact of a slot's story, so many seconds after NOW."""
    return wire.TraceFact(code=code, at=NOW + timedelta(seconds=seconds), **values)


def trace(*facts: wire.TraceFact, **changes: Any) -> wire.TraceEntry:
    """These facts, or how a slot was cut by another."""
    every = (
        fact(FactCode.RESTARTED, -600, is_sure=False, why="power_off", other_at=NOW),
        fact(FactCode.PLAN_HELD, -5, epoch=1_700_000_000_000, version=12),
        fact(FactCode.CLOCK, -5, level=ClockLevel.CONTROLLER, error_ms=40.5),
        fact(FactCode.FILES, -5, why="complete", sha256=SHA[:12], have=1, need=1),
        fact(FactCode.STARTED, error_ms=0.04, ms=0),
        fact(
            FactCode.CUT, 20, why="preempted", by=SLOT, title="Tin bão", priority=Priority.EMERGENCY
        ),
        fact(FactCode.PLAYED, 20, ms=20_000, of_ms=30_000),
    )
    values: dict[str, Any] = {"slot_id": SLOT, "revision": 1, "facts": facts or every}
    return wire.TraceEntry(**(values | changes))


def unread() -> wire.UnreadEvidence:
    """What only a newer station could have said."""
    told: dict[str, Any] = {
        "slot_id": SLOT,
        "heard_by": ["micro", None],
        "level_dbfs": -31.5,
        "note": None,
    }
    return wire.UnreadEvidence(kind="listening", **told)


def reply(**changes: Any) -> wire.Reply:
    """A refused order's answer."""
    values: dict[str, Any] = {
        "station_id": STATION,
        "order_id": "01936b1e-0000-7000-8000-0000000000aa",
        "accepted": False,
        "why": "expired",
        "said_at": NOW,
    }
    return wire.Reply(**(values | changes))


def want(**changes: Any) -> wire.Want:
    """A request for four pieces."""
    values: dict[str, Any] = {"station_id": STATION, "sha256": SHA, "from_index": 2, "count": 4}
    return wire.Want(**(values | changes))


def link(*, online: bool = True) -> wire.LinkState:
    """What the broker keeps of the link."""
    return wire.LinkState(station_id=STATION, online=online)
