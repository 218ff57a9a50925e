"""The station: takes what happened and what time it is, gives back what has to be done.

Nothing in this package reads a clock, a file or a socket; whoever runs it (a Pi, a test, a
simulated month) makes the events and carries out the effects.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import TypeVar

from station_agent.core import acceptance, agenda, clock_trust
from station_agent.core.config import AgentConfig, Restored
from station_agent.core.downloads import Downloads
from station_agent.core.effects import Amplifier, Effect, Persist, Send, SetVolume, WriteMark
from station_agent.core.events import (
    AckReceived,
    AssetChecked,
    AssetDropped,
    AssetHeld,
    Booted,
    DeviceBack,
    DeviceLost,
    Event,
    FetchFailed,
    FetchProblem,
    LimitsReceived,
    LinkDown,
    LinkUp,
    MessageRefused,
    OrderReceived,
    PersistFailed,
    PlanReceived,
    PlayerEnded,
    PlayerProgress,
    PlayerReady,
    PlayerStarted,
    ProbesRead,
    Stopping,
    StorageProblem,
    SubscriptionRefused,
    What,
    Woke,
)
from station_agent.core.limits import allows, verdict, volume
from station_agent.core.moment import Deadline, Moment
from station_agent.core.outcomes import Sounded, Verdict, is_late
from station_agent.core.playout import Playout
from station_agent.core.records import Mark, SeenOrder, SlotRecord
from station_agent.core.reporter import Reporter
from station_agent.core.station import Station, closes_at
from station_agent.core.turn import Numbering, Turn, merged
from station_protocol.codec import Signed
from station_protocol.messages import (
    CancelDeed,
    FaultEntry,
    FlipEntry,
    Message,
    Order,
    RefreshDeed,
    RefusalEntry,
    Reply,
    StopDeed,
    TestToneDeed,
    VolumeDeed,
)
from station_protocol.vocabulary import (
    CUT_TOLERANCE_MS,
    Outcome,
    Reason,
)

SETTLE_MS = 10_000
"""How long after boot the centre may take to answer before last knowledge has to do."""

LIMITS_GRACE_MS = 2_000
"""Limits published together with a plan may arrive behind it."""

LIMITS_UNKNOWN_MS = 10_000
"""How long to wait for the centre to say that the limits held are the current ones."""

REFUSAL_SPACING_MS = 60_000
STORAGE_RETRY_MS = 10_000


class Agent:
    """One station. `handle` is all there is; it never raises on any event."""

    def __init__(self, config: AgentConfig, restored: Restored, now: Moment) -> None:
        memory = restored.memory
        self._mark = restored.mark
        self.station = Station(
            config=config,
            clock=clock_trust.at_boot(restored.mark, now),
            memory=memory,
            plan=_not_older(restored.plan, (memory.plan_epoch, memory.plan_version)),
            limits=_not_older(restored.limits, (memory.limits_epoch, memory.limits_version)),
            ledger={record.slot_id: record for record in restored.slots},
            held=dict(restored.held),
        )
        self.playout = Playout(self.station)
        self.downloads = Downloads(self.station)
        self.reporter = Reporter(
            self.station,
            self.playout,
            stored_up_to=restored.journal_stored_up_to,
            boot_mono_ms=now.mono_ms,
        )
        self._numbering = Numbering(restored.journal_head)
        self._boot = now
        self._unsaved: Persist | None = None
        self._storage_retry_mono_ms = 0
        self._judge_mono_ms: int | None = now.mono_ms
        self._limits_are_current = False
        self._refused_mono_ms: dict[tuple[str, str], int] = {}
        self._spread_ms = 0
        self._is_kernel_synchronised = False
        self._was_ever_trusted = False
        self._volume_set: int | None = None
        self._deadline = Deadline(mono_ms=now.mono_ms)

    # --- the two calls ----------------------------------------------------------------------------

    def handle(self, event: Event, now: Moment) -> tuple[Effect, ...]:
        """What follows from `event` at `now`; the effects are to be carried out in order."""
        was_trusted = self.station.clock.is_trusted
        self.station.clock = clock_trust.observed(self.station.clock, now)
        turn = Turn(now, self._numbering, self.station.clock.level)
        self._take_in(turn, event)
        turn.clock = self.station.clock.level
        if not isinstance(event, Stopping):
            self._advance(turn, was_trusted=was_trusted)
        self._deadline = self._next(now)
        return self._with_unsaved(turn, event)

    def next_deadline(self) -> Deadline:
        """When to call again with `Woke` if nothing happens before; always after the last `now`."""
        return self._deadline

    # --- events -----------------------------------------------------------------------------------

    def _take_in(self, turn: Turn, event: Event) -> None:
        match event:
            case Woke():
                pass
            case PlayerReady() | PlayerStarted() | PlayerProgress() | PlayerEnded():
                self.playout.player_said(turn, event)
                if isinstance(event, PlayerStarted | PlayerEnded):
                    self.reporter.beat_soon(turn)
            case DeviceLost() | DeviceBack():
                self._device_changed(turn, event)
            case AssetHeld() | AssetChecked() | AssetDropped() | FetchFailed():
                self._asset_changed(turn, event)
            case Booted() | Stopping() | ProbesRead() | PersistFailed():
                self._process_said(turn, event)
            case _:
                self._link_said(turn, event)

    def _process_said(
        self, turn: Turn, event: Booted | Stopping | ProbesRead | PersistFailed
    ) -> None:
        match event:
            case Booted():
                self._is_kernel_synchronised = bool(event.kernel_synchronised)
                self._booted(turn)
            case ProbesRead():
                self._is_kernel_synchronised = bool(event.kernel_synchronised)
                self.reporter.probes = event
            case PersistFailed():
                self._persist_failed(turn, event)
            case Stopping():
                self._stopping(turn)

    def _link_said(self, turn: Turn, event: Event) -> None:
        match event:
            case LinkUp():
                self.downloads.link_returned()
                self.reporter.connected(turn)
            case LinkDown():
                self.reporter.disconnected()
                self._limits_are_current = False
            case SubscriptionRefused():
                detail = event.topic_filter[:300]
                turn.note(FaultEntry(code="subscription_refused", detail=detail))
            case MessageRefused():
                self._refuse(turn, event.what, event.why, event.detail)
            case PlanReceived():
                self._plan_received(turn, event)
            case LimitsReceived():
                self._limits_received(turn, event)
            case OrderReceived():
                self._order_received(turn, event)
            case AckReceived():
                self._ack_received(turn, event)
            case _:
                raise AssertionError(event)

    def _asset_changed(
        self, turn: Turn, event: AssetHeld | AssetChecked | AssetDropped | FetchFailed
    ) -> None:
        match event:
            case AssetHeld():
                self.downloads.held(turn, event)
            case AssetChecked():
                self.downloads.checked(turn, event)
            case AssetDropped():
                self.downloads.lost(turn, event.sha256, "evicted")
            case FetchFailed():
                self.downloads.failed(turn, event)
                if event.why is FetchProblem.CORRUPT:
                    self.station.damaged.add(event.sha256)
                    self._refuse(turn, "sound", "file_corrupt", event.sha256)

    def _device_changed(self, turn: Turn, event: DeviceLost | DeviceBack) -> None:
        lost = isinstance(event, DeviceLost)
        if lost and not self.station.is_device_lost:
            detail = getattr(event, "detail", "")[:300]
            turn.note(FaultEntry(code="audio_device_missing", detail=detail))
        if not lost:
            self.playout.retry_mono_ms.clear()
        self.station.is_device_lost = lost

    # --- start and end of the process -------------------------------------------------------------

    def _booted(self, turn: Turn) -> None:
        station = self.station
        self._close_last_run(turn)
        turn.note(FlipEntry(health="starting"))
        station.find_pending()
        self._end_cancelled(turn)
        self.downloads.plan_changed(turn)
        turn.ask(Amplifier(on=False))
        for record in list(station.ledger.values()):
            if record.state == "started":
                self._close_interrupted(turn, record)

    def _close_last_run(self, turn: Turn) -> None:
        """The last sign of life ends the interval in which this station was known to run."""
        if self._mark is not None and not self._mark.stopped:
            reason = self._down_reason(self._mark)
            turn.note(FlipEntry(health="off", reasons=(reason.value,)), at=self._mark.at)

    def _down_reason(self, mark: Mark) -> Reason:
        same_machine_run = mark.machine_boot_id == self.station.config.machine_boot_id
        return Reason.AGENT_DOWN if same_machine_run else Reason.POWER_OFF

    def _close_interrupted(self, turn: Turn, record: SlotRecord) -> None:
        """A slot that was being played when everything ended is never played again."""
        mark = self._mark
        played_ms = mark.played_ms if mark and mark.slot_id == record.slot_id else 0
        sounded = Sounded(record.sounded_at, record.start_error_ms, played_ms)
        reason = self._down_reason(mark) if mark else Reason.AGENT_DOWN
        outcome = Verdict(Outcome.CUT_SHORT, reason)
        if played_ms >= record.planned_ms - CUT_TOLERANCE_MS and record.sounded_at is not None:
            late = is_late(record.planned_at, record.sounded_at)
            outcome = (
                Verdict(Outcome.LATE, Reason.LATE_RECOVERY) if late else Verdict(Outcome.AIRED)
            )
        self.station.close(turn, record, outcome, sounded)

    def _stopping(self, turn: Turn) -> None:
        self.playout.close_all(turn, Reason.AGENT_DOWN)
        turn.note(FlipEntry(health="off", reasons=("stopped",)))
        turn.ask(WriteMark(self.reporter.mark(turn, None, stopped=True)))

    # --- storage ----------------------------------------------------------------------------------

    def _persist_failed(self, turn: Turn, event: PersistFailed) -> None:
        """Keep what could not be written; a slot whose intent it was has not been started."""
        self._unsaved = merged(event.persist, self._unsaved)
        self._storage_retry_mono_ms = turn.now.mono_ms + STORAGE_RETRY_MS
        self.station.storage_fault = event.why.value
        full = event.why is StorageProblem.DISK_FULL
        why = Reason.DISK_FULL if full else Reason.STORAGE_READONLY
        for record in event.persist.slots:
            if record.state == "started" and record.sounded_at is None:
                self.playout.start_was_not_durable(turn, record.slot_id, why)

    def _with_unsaved(self, turn: Turn, event: Event) -> tuple[Effect, ...]:
        """The turn's effects, with what an earlier write could not save, in its order."""
        effects = turn.effects()
        if self._unsaved is None:
            if not isinstance(event, PersistFailed) and self.station.storage_fault:
                self.station.storage_fault = None
            return effects
        if isinstance(event, PersistFailed):
            late = tuple(effect for effect in effects if isinstance(effect, Persist))
            for persist in late:
                self._unsaved = merged(self._unsaved, persist)
            return tuple(effect for effect in effects if effect not in late)
        has_own = any(isinstance(effect, Persist) for effect in effects)
        if not has_own and turn.now.mono_ms < self._storage_retry_mono_ms:
            return effects
        unsaved, self._unsaved = self._unsaved, None
        if not has_own:
            return (unsaved, *effects)
        return tuple(
            merged(unsaved, effect) if isinstance(effect, Persist) else effect for effect in effects
        )

    # --- refusals ---------------------------------------------------------------------------------

    def _refuse(self, turn: Turn, what: What, why: str, detail: str = "") -> None:
        """Count what was not obeyed, tell it, and write it down at most once a minute."""
        self.station.refused[why] += 1
        last = self._refused_mono_ms.get((what, why))
        if last is None or turn.now.mono_ms >= last + REFUSAL_SPACING_MS:
            self._refused_mono_ms[(what, why)] = turn.now.mono_ms
            turn.note(RefusalEntry(what=what, why=why, detail=detail[:300]))
        self.reporter.beat_soon(turn)

    # --- plan and limits --------------------------------------------------------------------------

    def _plan_received(self, turn: Turn, event: PlanReceived) -> None:
        claims, station = event.signed.claims, self.station
        if station.plan_held == (claims.epoch, claims.version):
            return
        memory = station.memory
        floor = (memory.plan_epoch, memory.plan_version)
        at = station.clock.estimate(turn.now) if station.clock.is_trusted else None
        problem = acceptance.state_problem(claims, known_epoch=memory.epoch, held=floor, at=at)
        if problem is not None:
            detail = f"epoch {claims.epoch} version {claims.version}, held {station.plan_held}"
            self._refuse(turn, "plan", problem, detail)
            return
        known = {slot.slot_id for slot in station.plan.message.slots} if station.plan else set()
        station.plan = event.signed
        station.memory = acceptance.with_plan(memory, claims)
        turn.plan, turn.memory = event.raw, station.memory
        self._plan_changed(turn)
        self._note_late_news(turn, known)

    def _plan_changed(self, turn: Turn) -> None:
        station = self.station
        station.forget_old(turn)
        station.find_pending()
        self.playout.plan_changed(turn)
        self._end_cancelled(turn)
        self._judge_soon(turn)
        self.downloads.plan_changed(turn)
        self.reporter.beat_soon(turn)

    def _note_late_news(self, turn: Turn, known: set[str]) -> None:
        """A slot we learn of when it should already sound is late, or missed, for that reason."""
        at = self.station.clock.estimate(turn.now)
        if at is None:
            return
        for slot in self.station.due_until(at):
            if slot.slot_id not in known:
                self.playout.note_obstacle(slot.slot_id, Reason.PLAN_NOT_HELD)

    def _end_cancelled(self, turn: Turn) -> None:
        cancelled = set(self.station.memory.cancelled)
        for slot in list(self.station.pending):
            if slot.cancelled or slot.slot_id in cancelled:
                verdict = Verdict(Outcome.CANCELLED, Reason.STOPPED_BY_OPERATOR)
                self.station.end(turn, slot, verdict)

    def _limits_received(self, turn: Turn, event: LimitsReceived) -> None:
        claims, station, memory = event.signed.claims, self.station, self.station.memory
        floor = (memory.limits_epoch, memory.limits_version)
        held = station.limits.claims if station.limits else None
        if held is not None and (held.epoch, held.version) == (claims.epoch, claims.version):
            return
        at = station.clock.estimate(turn.now) if station.clock.is_trusted else None
        problem = acceptance.state_problem(claims, known_epoch=memory.epoch, held=floor, at=at)
        if problem is not None:
            self._refuse(turn, "limits", problem, f"version {claims.version}")
            return
        station.limits = event.signed
        station.memory = acceptance.with_limits(memory, claims)
        turn.limits, turn.memory = event.raw, station.memory
        self._judge_mono_ms = turn.now.mono_ms + LIMITS_GRACE_MS
        self.reporter.beat_soon(turn)

    def _judge_soon(self, turn: Turn) -> None:
        wait_ms = LIMITS_GRACE_MS if self._limits_are_current else LIMITS_UNKNOWN_MS
        self._judge_mono_ms = turn.now.mono_ms + wait_ms

    def _judge(self, turn: Turn) -> None:
        """Say at once, not at its hour, that a slot will not sound: 03:15 wakes nobody here."""
        if self._judge_mono_ms is None or turn.now.mono_ms < self._judge_mono_ms:
            return
        self._judge_mono_ms = None
        for slot in list(self.station.pending):
            reason = verdict(self.station.rules, slot, slot.starts_at)
            if reason is not None:
                self.station.end(turn, slot, Verdict(Outcome.MISSED, reason))

    # --- orders -----------------------------------------------------------------------------------

    def _order_received(self, turn: Turn, event: OrderReceived) -> None:
        claims, order, memory = event.signed.claims, event.signed.message, self.station.memory
        at = self.station.clock.estimate(turn.now)
        seen = acceptance.answer_given(memory, claims, order)
        if seen is not None:
            self._reply(turn, order.order_id, seen.why)
            return
        why = acceptance.order_problem(claims, order, known_epoch=memory.epoch, at=at)
        if why is None:
            why = self._obey(turn, order)
            self._remember_order(turn, event, why, at)
        if why is not None:
            self._refuse(turn, "order", why, order.order_id)
        self._reply(turn, order.order_id, why)

    def _remember_order(
        self, turn: Turn, event: OrderReceived, why: str | None, at: datetime | None
    ) -> None:
        claims, order = event.signed.claims, event.signed.message
        seen = SeenOrder(
            order_id=order.order_id,
            nonce=claims.nonce,
            not_after=claims.not_after,
            accepted=why is None,
            why=why,
        )
        memory = acceptance.with_order(self.station.memory, seen, at)
        self.station.memory = turn.memory = acceptance.with_epoch(memory, claims.epoch)

    def _reply(self, turn: Turn, order_id: str, why: str | None) -> None:
        turn.ask(
            Send(
                Reply(
                    station_id=self.station.config.station_id,
                    order_id=order_id,
                    accepted=why is None,
                    why=why,
                    said_at=turn.now.wall,
                )
            )
        )

    def _obey(self, turn: Turn, order: Order) -> str | None:
        """Do it; or the reason why not."""
        match order.deed:
            case StopDeed(slot_id=slot_id):
                self.playout.stop(turn, slot_id, Reason.STOPPED_BY_OPERATOR)
            case CancelDeed(slot_id=slot_id):
                self._cancel(turn, slot_id)
            case VolumeDeed(percent=percent):
                update = {"volume_percent": percent}
                self.station.memory = self.station.memory.model_copy(update=update)
            case RefreshDeed():
                self.downloads.link_returned()
                self.downloads.check_all(turn)
                if self.station.is_connected:
                    self.reporter.say_hello(turn)
            case TestToneDeed(seconds=seconds):
                return self._test_tone(turn, seconds)
        return None

    def _cancel(self, turn: Turn, slot_id: str) -> None:
        if slot_id in self.station.ledger:
            self.playout.stop(turn, slot_id, Reason.STOPPED_BY_OPERATOR)
            return
        self.station.memory = acceptance.with_cancelled(self.station.memory, slot_id)
        self._end_cancelled(turn)

    def _test_tone(self, turn: Turn, seconds: int) -> str | None:
        at = self.station.clock.estimate(turn.now)
        if at is None or not self.station.clock.is_trusted:
            return "clock_untrusted"
        if not allows(self.station.rules, at, at + timedelta(seconds=seconds)):
            return "quiet_hours"
        if not self.playout.is_free_for(at, seconds):
            return "on_air"
        self.playout.sound_tone(turn, seconds)
        return None

    # --- acks -------------------------------------------------------------------------------------

    def _ack_received(self, turn: Turn, event: AckReceived) -> None:
        claims, ack, station = event.signed.claims, event.signed.message, self.station
        if claims.epoch < station.memory.epoch:
            self._refuse(turn, "ack", acceptance.STALE, f"epoch {claims.epoch}")
            return
        echo = self.reporter.echoes(ack)
        self.reporter.acknowledged(turn, ack, echo)
        if echo is None:
            return
        station.clock = clock_trust.answered(
            station.clock, controller_at=ack.controller_at, sent_mono_ms=echo, now=turn.now
        )
        if station.clock.vouched == turn.now:
            self.reporter.time_mono_ms = turn.now.mono_ms
        if ack.answers == "hello":
            self._greeted(turn, ack.limits_version, ack.spread_ms)

    def _greeted(self, turn: Turn, limits_version: int, spread_ms: int) -> None:
        """The centre knows us: our limits are current, or the newer ones are on their way."""
        share = zlib.crc32(self.station.config.station_id.encode()) % 1000
        self.downloads.spread_ms = spread_ms * share // 1000
        self._limits_are_current = limits_version <= self.station.limits_version
        if self._limits_are_current and self._judge_mono_ms is not None:
            soon = turn.now.mono_ms + LIMITS_GRACE_MS
            self._judge_mono_ms = min(self._judge_mono_ms, soon)

    # --- what time does ---------------------------------------------------------------------------

    def _advance(self, turn: Turn, *, was_trusted: bool) -> None:
        self._fall_back(turn)
        turn.clock = self.station.clock.level
        if self.station.clock.is_trusted and not was_trusted:
            self._trust_gained(turn)
        if was_trusted and not self.station.clock.is_trusted:
            self.reporter.beat_soon(turn)
        self._judge(turn)
        at = self.station.clock.estimate(turn.now)
        if at is not None:
            self.downloads.check_soon_due(turn, at)
        self.playout.advance(turn)
        self.downloads.advance(turn)
        self._set_volume(turn)
        self.reporter.advance(turn)

    def _fall_back(self, turn: Turn) -> None:
        settled = turn.now.mono_ms >= self._boot.mono_ms + SETTLE_MS
        if settled and self.station.config.trust_last_known:
            self.station.clock = clock_trust.fallen_back(
                self.station.clock,
                kernel_synchronised=self._is_kernel_synchronised,
                now=turn.now,
            )

    def _trust_gained(self, turn: Turn) -> None:
        """Now it is known what came due while nobody could tell: say what was in its way."""
        now = turn.now
        up_ms = now.mono_ms - self._boot.mono_ms
        booted_at = now.wall - timedelta(milliseconds=up_ms)
        for slot in self.station.due_until(now.wall):
            if self.playout.obstacles.get(slot.slot_id):
                continue
            down = not self._was_ever_trusted and slot.starts_at <= booted_at
            if not down:
                self.playout.note_obstacle(slot.slot_id, Reason.CLOCK_UNTRUSTED)
            elif self._mark is not None and closes_at(slot) > self._mark.at:
                self.playout.note_obstacle(slot.slot_id, self._down_reason(self._mark))
        self._was_ever_trusted = True

    def _set_volume(self, turn: Turn) -> None:
        percent = volume(self.station.rules, self.station.memory.volume_percent)
        if percent != self._volume_set:
            self._volume_set = percent
            turn.ask(SetVolume(percent))

    def _next(self, now: Moment) -> Deadline:
        monos = [
            *self.playout.mono_deadlines(),
            *self.downloads.mono_deadlines(),
            *self.reporter.mono_deadlines(),
            self._boot.mono_ms + SETTLE_MS,
            self._storage_retry_mono_ms,
        ]
        if self._judge_mono_ms is not None:
            monos.append(self._judge_mono_ms)
        mono_ms = min((mono for mono in monos if mono > now.mono_ms), default=None)
        at = self.station.clock.estimate(now)
        if at is None:
            return Deadline(mono_ms=mono_ms)
        instant = min(agenda.instants(self.station, at), default=None)
        return Deadline(None if instant is None else now.wall + (instant - at), mono_ms)


M = TypeVar("M", bound=Message)


def _not_older(signed: Signed[M] | None, floor: tuple[int, int]) -> Signed[M] | None:
    """What the store kept, unless someone put an older file back."""
    if signed is None or (signed.claims.epoch, signed.claims.version) < floor:
        return None
    return signed
