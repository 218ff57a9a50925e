"""The stations of the pictures: what each would say on the wire, given straight to the centre.

The messages are those of the protocol, taken in by the service that takes in what comes over the
broker. Only the broker is left out: it would bring its own time into a province whose clock stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from controller import wiring
from controller.services.station_states import Beat
from controller.storage.models import SignedOrderRow, SlotRow, StationPlanRow
from station_protocol.airings import airing_id
from station_protocol.messages import (
    AsRunEntry,
    ClockReport,
    Evidence,
    FaultEntry,
    FlipEntry,
    Heartbeat,
    Hello,
    HoldingEntry,
    JournalBatch,
    JournalEntry,
    LinkState,
    OnAir,
    Reply,
    StartEntry,
    TraceEntry,
    TraceFact,
)
from station_protocol.vocabulary import ClockLevel, FactCode, Outcome, Reason, StationHealth

BOOT = "01936b1e-0000-7000-8000-0000000000cc"
JOURNAL = "01936b1e-0000-7000-8000-0000000000bb"
CLOCK = ClockReport(level=ClockLevel.CONTROLLER, offset_ms=12.5, error_ms=40.0)
AGENT = "0.1.0"


@dataclass
class Machines:
    """All stations. Each keeps its own line numbers, as its journal does."""

    controller: wiring.Controller
    now: Callable[[], datetime]
    _numbers: dict[str, Any] = field(default_factory=dict)

    # --- signs of life ----------------------------------------------------------------------------

    def hello(self, station_ids: Collection[str]) -> None:
        """They connect for the first time."""
        for station_id in station_ids:
            self.controller.services.as_run.hello(
                Hello(
                    station_id=station_id, boot_id=BOOT, agent_version=AGENT, said_at=self.now(),
                    sent_mono_ms=1_000, plan_epoch=0, plan_version=0, limits_version=0,
                    journal_id=JOURNAL, journal_head=0, journal_stored_up_to=0, clock=CLOCK,
                )
            )  # fmt: skip

    def beat(
        self,
        station_ids: Collection[str],
        *,
        reasons: Sequence[str] = (),
        on_air: tuple[SlotRow, int] | None = None,
        lacking: int = 0,
        behind: int = 0,
    ) -> None:
        """A heartbeat of each: well, or in trouble for these reasons; on air, with so many ms of it
        played; short of so many sounds; so many plans behind."""
        as_run = self.controller.services.as_run
        beats = [self._beat(one, tuple(reasons), on_air, lacking, behind) for one in station_ids]
        as_run.beats([Beat(beat, self.now()) for beat in beats])

    def _beat(
        self,
        station_id: str,
        reasons: tuple[str, ...],
        on_air: tuple[SlotRow, int] | None,
        lacking: int,
        behind: int,
    ) -> Heartbeat:
        sealed = self.controller.services.plans.envelope_of(station_id)
        need = len(self.required(station_id))
        number = sum(map(ord, station_id))
        return Heartbeat(
            station_id=station_id, boot_id=BOOT, said_at=self.now(), sent_mono_ms=31_000,
            health=StationHealth.DEGRADED if reasons else StationHealth.READY, reasons=reasons,
            on_air=self._sounding(*on_air) if on_air else None, clock=CLOCK,
            plan_epoch=sealed.epoch, plan_version=max(0, sealed.plan_version - behind),
            limits_version=sealed.limits_version, required_assets=need,
            held_assets=max(0, need - lacking), journal_head=self._last(station_id),
            journal_stored_up_to=self._last(station_id),
            disk_free_bytes=18_000_000_000 + number * 1_000_000,
            temperature_celsius=41.5 + number % 90 / 10, volume_percent=80,
        )  # fmt: skip

    def _sounding(self, slot: SlotRow, played_ms: int) -> OnAir:
        ends_at = slot.starts_at + timedelta(milliseconds=slot.duration_ms)
        return OnAir(slot_id=slot.slot_id, ends_at=ends_at, played_ms=played_ms)

    def lose_link(self, station_ids: Collection[str]) -> None:
        """The broker notices that they are gone."""
        gone = [LinkState(station_id=one, online=False) for one in station_ids]
        self.controller.services.as_run.link_states(gone)

    def switch_off(self, station_id: str) -> None:
        """Its program ends in order and says so."""
        self.tell(station_id, FlipEntry(health="off", reasons=("stopped",)))

    # --- evidence ---------------------------------------------------------------------------------

    def tell(self, station_id: str, *lines: Evidence, at: datetime | None = None) -> None:
        """Lines of its journal, taken in at once."""
        numbers = self._numbers.setdefault(station_id, count(1))
        entries = tuple(
            JournalEntry(
                entry_no=next(numbers), at=at or self.now(), clock=CLOCK.level, evidence=one
            )
            for one in lines
        )
        batch = JournalBatch(
            station_id=station_id, boot_id=BOOT, journal_id=JOURNAL, sent_mono_ms=40_000,
            entries=entries,
        )  # fmt: skip
        self.controller.services.as_run.store_journals([batch])

    def _last(self, station_id: str) -> int:
        numbers = self._numbers.get(station_id)
        return int(repr(numbers)[6:-1]) - 1 if numbers else 0

    def required(self, station_id: str) -> tuple[str, ...]:
        """The sounds its newest plan needs."""
        query = (
            select(StationPlanRow.required_assets)
            .where(StationPlanRow.station_id == station_id)
            .order_by(StationPlanRow.version.desc())
        )
        with self.controller.database.read() as session:
            return tuple(session.scalars(query).first() or ())

    def fetch(self, station_ids: Collection[str], *, but: str = "") -> None:
        """They hold everything their plans need, but for this sound."""
        for station_id in station_ids:
            held = [
                HoldingEntry(sha256=one, held=True, size_bytes=400_000)
                for one in self.required(station_id)
                if one != but
            ]
            if held:
                self.tell(station_id, *held)

    def lose(self, station_id: str, sha256: str) -> None:
        """The file is found to be damaged, and fetched again when there is a line."""
        self.tell(station_id, HoldingEntry(sha256=sha256, held=False, why="corrupt"))

    def aired(self, station_id: str, slot: SlotRow) -> None:
        """It sounded in full, and why is told line by line."""
        began = slot.starts_at + timedelta(milliseconds=sum(map(ord, station_id)) % 60)
        ran = _ran(slot, Outcome.AIRED, started_at=began, played_ms=slot.duration_ms)
        facts = (
            *_prepared(slot),
            TraceFact(code=FactCode.STARTED, at=began, error_ms=12.0, ms=0),
            TraceFact(
                code=FactCode.PLAYED,
                at=began + timedelta(milliseconds=slot.duration_ms),
                ms=slot.duration_ms,
                of_ms=slot.duration_ms,
            ),
        )
        self.tell(station_id, ran, _trace(slot, facts))

    def begin(self, station_ids: Collection[str], slot: SlotRow) -> None:
        """Its first frame has sounded there; the end is not known yet."""
        for station_id in station_ids:
            began = slot.starts_at + timedelta(milliseconds=sum(map(ord, station_id)) % 60)
            line = StartEntry(
                slot_id=slot.slot_id, revision=1, started_at=began, start_error_ms=11.0
            )
            self.tell(station_id, line, at=began)

    def late(self, station_id: str, slot: SlotRow, seconds: int) -> None:
        """It began late, because the power was away."""
        began = slot.starts_at + timedelta(seconds=seconds)
        ran = _ran(
            slot, Outcome.LATE, Reason.LATE_RECOVERY, started_at=began, played_ms=slot.duration_ms
        )
        facts = (
            TraceFact(
                code=FactCode.RESTARTED, at=began - timedelta(seconds=40), is_sure=False,
                why="power_off", other_at=slot.starts_at - timedelta(minutes=9),
            ),
            TraceFact(code=FactCode.STARTED, at=began, error_ms=9.0, ms=0),
        )  # fmt: skip
        self.tell(station_id, ran, _trace(slot, facts))

    def cut(self, station_id: str, slot: SlotRow, after_ms: int, reason: Reason) -> None:
        """It was cut short."""
        ran = _ran(slot, Outcome.CUT_SHORT, reason, started_at=slot.starts_at, played_ms=after_ms)
        ended = slot.starts_at + timedelta(milliseconds=after_ms)
        facts = (
            *_prepared(slot),
            TraceFact(code=FactCode.STARTED, at=slot.starts_at, error_ms=11.0, ms=0),
            TraceFact(code=FactCode.CUT, at=ended, why=reason.value),
            TraceFact(code=FactCode.PLAYED, at=ended, ms=after_ms, of_ms=slot.duration_ms),
        )
        self.tell(station_id, ran, _trace(slot, facts))

    def missed(self, station_id: str, slot: SlotRow, reason: Reason) -> None:
        """It did not sound, and says why."""
        facts = (
            *_prepared(slot)[:1],
            TraceFact(
                code=FactCode.FILES, at=slot.starts_at - timedelta(seconds=5),
                why="missing", have=0, need=1,
            ),
            TraceFact(
                code=FactCode.WINDOW_CLOSED,
                at=slot.starts_at + timedelta(seconds=slot.lateness_s),
                why=reason.value,
            ),
        )  # fmt: skip
        self.tell(station_id, _ran(slot, Outcome.MISSED, reason), _trace(slot, facts))

    def fault(self, station_id: str, code: str, detail: str) -> None:
        """Something its machine noticed."""
        self.tell(station_id, FaultEntry(code=code, detail=detail))

    # --- orders -----------------------------------------------------------------------------------

    def obey(
        self,
        station_ids: Collection[str],
        *,
        after_s: Callable[[str], float],
        refusing: Collection[str] = (),
        exercise: bool = False,
    ) -> None:
        """They answer the last order of that kind, and begin to sound it."""
        order_id = self._last_order("drill" if exercise else "emergency")
        for station_id in station_ids:
            refused = station_id in refusing
            self.controller.services.as_run.reply(
                Reply(
                    station_id=station_id, order_id=order_id, accepted=not refused,
                    why="audio_device_missing" if refused else None, said_at=self.now(),
                )
            )  # fmt: skip
            if not refused:
                began = self.now() + timedelta(seconds=after_s(station_id))
                start = StartEntry(
                    slot_id=airing_id(order_id, 1), revision=1, started_at=began,
                    order_id=order_id, exercise=exercise,
                )  # fmt: skip
                self.tell(station_id, start, at=began)

    def sound_order(
        self, station_ids: Collection[str], for_: timedelta, *, exercise: bool = False
    ) -> None:
        """They say that it sounds."""
        slot_id = airing_id(self._last_order("drill" if exercise else "emergency"), 1)
        on_air = OnAir(slot_id=slot_id, ends_at=self.now() + for_, played_ms=9_000)
        beats = [
            self._beat(one, (), None, 0, 0).model_copy(update={"on_air": on_air})
            for one in station_ids
        ]
        self.controller.services.as_run.beats([Beat(beat, self.now()) for beat in beats])

    def _last_order(self, deed: str) -> str:
        query = select(SignedOrderRow).order_by(SignedOrderRow.sequence.desc())
        with self.controller.database.read() as session:
            return next(row.order_id for row in session.scalars(query) if row.deed["deed"] == deed)


def _ran(slot: SlotRow, outcome: Outcome, reason: Reason | None = None, **more: Any) -> AsRunEntry:
    return AsRunEntry(
        slot_id=slot.slot_id, revision=1, outcome=outcome, reason=reason, title=slot.title,
        planned_at=slot.starts_at, planned_ms=slot.duration_ms, **more,
    )  # fmt: skip


def _prepared(slot: SlotRow) -> tuple[TraceFact, ...]:
    at = slot.starts_at - timedelta(seconds=5)
    return (
        TraceFact(code=FactCode.PLAN_HELD, at=at, epoch=1, version=1),
        TraceFact(code=FactCode.CLOCK, at=at, level=CLOCK.level, error_ms=40.4),
        TraceFact(code=FactCode.FILES, at=at, why="complete", have=1, need=1),
    )


def _trace(slot: SlotRow, facts: tuple[TraceFact, ...]) -> TraceEntry:
    return TraceEntry(slot_id=slot.slot_id, revision=1, facts=facts)
