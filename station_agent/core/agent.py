"""The station: takes what happened and what time it is, gives back what has to be done.

Nothing in this package reads a clock, a file or a socket; whoever runs it (a Pi, a test, a
simulated month) makes the events and carries out the effects.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TypeVar

from station_agent.core import acceptance, clock_trust
from station_agent.core.agenda import Outlook
from station_agent.core.clock_trust import KernelClock
from station_agent.core.config import AgentConfig, Restored
from station_agent.core.desk import Desk
from station_agent.core.downloads import Downloads
from station_agent.core.durability import Durability
from station_agent.core.effects import Effect
from station_agent.core.emergencies import Emergencies, with_intents
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
    HardwareFault,
    IntentNotDurable,
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
    SoundGap,
    Stopping,
    StopPressed,
    SubscriptionRefused,
    Woke,
)
from station_agent.core.health import is_too_hot
from station_agent.core.lifetime import Lifetime
from station_agent.core.limits import next_band
from station_agent.core.moment import Deadline, Moment
from station_agent.core.orders import Orders
from station_agent.core.parking import Parking
from station_agent.core.playout import Playout
from station_agent.core.refusals import Refusals
from station_agent.core.reporter import Reporter
from station_agent.core.scrub import Scrub
from station_agent.core.station import Station
from station_agent.core.turn import Numbering, Turn
from station_agent.core.volume import Volume
from station_agent.core.witness import Witness
from station_protocol.codec import Signed
from station_protocol.messages import FaultEntry, Message
from station_protocol.vocabulary import ClockLevel, Reason

SETTLE_MS = 10_000
"""How long after boot the centre may take to answer before last knowledge has to do."""

M = TypeVar("M", bound=Message)


def _not_older(signed: Signed[M] | None, floor: tuple[int, int]) -> Signed[M] | None:
    """What the store kept, unless someone put an older file back."""
    if signed is None or (signed.claims.epoch, signed.claims.version) < floor:
        return None
    return signed


def _restored_station(config: AgentConfig, restored: Restored, now: Moment) -> Station:
    memory = restored.memory
    plan = _not_older(restored.plan, (memory.plan_epoch, memory.plan_version))
    limits = _not_older(restored.limits, (memory.limits_epoch, memory.limits_version))
    return Station(
        config=config,
        clock=clock_trust.at_boot(restored.mark, now, machine_boot_id=config.machine_boot_id),
        memory=acceptance.not_below(memory, plan, limits),
        plan=plan,
        limits=limits,
        ledger={record.slot_id: record for record in restored.slots},
        held=dict(restored.held),
        scrub=restored.mark.scrub if restored.mark else None,
    )


@dataclass(frozen=True, slots=True)
class _Begun:
    """A turn of which only what must not wait was given out."""

    turn: Turn
    event: Event
    is_for_all: bool
    """Whether it is more than a report that is due."""


class Agent:
    """One station. The first event is `Booted`, the last may be `Stopping`."""

    def __init__(self, config: AgentConfig, restored: Restored, now: Moment) -> None:
        restored = with_intents(restored)
        station = self.station = _restored_station(config, restored, now)
        playout = self.playout = Playout(station, Parking(station))
        self.downloads = Downloads(station)
        reporter = self.reporter = Reporter(
            station, playout, restored.journal_stored_up_to, boot_mono_ms=now.mono_ms
        )
        self.refusals = Refusals(station, reporter)
        self.desk = Desk(station, playout, self.downloads, self.refusals)
        self.emergencies = Emergencies(station, playout)
        self.orders = Orders(
            station,
            playout,
            self.downloads,
            self.desk,
            self.emergencies,
            reporter,
            self.refusals,
        )
        self.lifetime = Lifetime(station, playout, reporter, restored.mark, now)
        self.durability = Durability(station, playout)
        self.scrub = Scrub(station, playout)
        self.witness = Witness(station, playout)
        self._numbering = Numbering(restored.journal_head)
        self.volume = Volume(station, playout)
        self._outlook = Outlook(station)
        self._gaps_told: set[str] = set()
        self._others_due = self._deadline = Deadline(mono_ms=now.mono_ms)
        self._begun: _Begun | None = None

    def handle(self, event: Event, now: Moment) -> tuple[Effect, ...]:
        """What follows from `event` at `now`; the effects are to be carried out in order."""
        return (*self.first(event, now), *self.rest())

    def first(self, event: Event, now: Moment) -> tuple[Effect, ...]:
        """What an emergency needs of what follows from `event`; mostly nothing.

        To be carried out at once; then `rest` is asked for, whenever that may be, and nothing else.
        """
        before = self.station.clock
        clock = self.station.clock = clock_trust.observed(before, now)
        turn = Turn(now, self._numbering, clock.level)
        is_news = self._is_news(event) or clock.seen != before.seen
        if clock.seen != before.seen:  # it stepped: the centre is asked at once what it is worth
            self.reporter.beat_soon(turn)
        if not isinstance(event, Woke):  # then only time has passed
            self._take_in(turn, event)
        is_for_all = is_news or self._is_somebody_due(now, before.level)
        if is_for_all and not isinstance(event, Stopping):
            self._advance(turn, was_trusted=before.is_trusted)
        self._begun = _Begun(turn, event, is_for_all=is_for_all)
        return turn.at_once()

    def rest(self) -> tuple[Effect, ...]:
        """Everything else that follows from the event that was given to `first`."""
        begun = self._begun
        if begun is None:
            return ()
        self._begun = None
        turn, event = begun.turn, begun.event
        self.orders.tidy(turn)
        self.playout.note_starts(turn)
        if not begun.is_for_all:
            self.scrub.advance(turn, turn.now.wall)
            self.reporter.advance(turn)
        elif not isinstance(event, Stopping):
            self._follow(turn)
        if begun.is_for_all:
            self._others_due = self._next_of_others(turn.now)
        effects = self.durability.settle(turn, event)
        self._deadline = self._next(turn.now)
        return effects

    @property
    def journal_head(self) -> int:
        """The number of the newest line of evidence."""
        return self._numbering.head

    def next_deadline(self) -> Deadline:
        """When to call again with `Woke` if nothing happens; always after the last `now`."""
        return self._deadline

    # --- events -----------------------------------------------------------------------------------

    def _take_in(self, turn: Turn, event: Event) -> None:
        match event:
            case PlayerReady() | PlayerStarted() | PlayerProgress() | PlayerEnded():
                self.playout.player_said(turn, event)
                if isinstance(event, PlayerStarted | PlayerEnded):
                    self.reporter.beat_soon(turn)
            case DeviceLost() | DeviceBack() | SoundGap():
                self._device_changed(turn, event)
            case AssetHeld() | AssetChecked() | AssetDropped() | FetchFailed():
                self._asset_changed(turn, event)
            case (
                Booted()
                | Stopping()
                | ProbesRead()
                | HardwareFault()
                | PersistFailed()
                | IntentNotDurable()
            ):
                self._process_said(turn, event)
            case StopPressed():
                self.playout.stop(turn, None, Reason.STOPPED_AT_STATION)
            case _:
                self._link_said(turn, event)

    def _process_said(
        self,
        turn: Turn,
        event: Booted | Stopping | ProbesRead | HardwareFault | PersistFailed | IntentNotDurable,
    ) -> None:
        match event:
            case Booted():
                self._kernel_said(turn.now, event)
                self.lifetime.begin(turn)
                for code, detail in event.faults:
                    turn.note(FaultEntry(code=code, detail=detail[:300]))
                self.desk.take_up(turn)
            case ProbesRead():
                self._kernel_said(turn.now, event)
                self.reporter.probes = event
                station = self.station
                station.is_too_hot = is_too_hot(event.temperature_celsius, station.is_too_hot)
                self.volume.read_back(turn, event.volume_percent)
            case HardwareFault(code=code, detail=detail):
                turn.note(FaultEntry(code=code, detail=detail[:300]))
            case PersistFailed():
                self.durability.failed(turn, event)
            case IntentNotDurable(slot_id=slot_id, why=why):
                turn.note(FaultEntry(code="intent_not_durable", detail=f"{slot_id} {why}"[:300]))
            case Stopping():
                self.lifetime.end(turn)

    def _kernel_said(self, now: Moment, event: Booted | ProbesRead) -> None:
        kernel = KernelClock(bool(event.kernel_synchronised), event.kernel_error_ms, now.mono_ms)
        self.station.clock = clock_trust.told_by_kernel(self.station.clock, kernel, now)

    def _link_said(self, turn: Turn, event: Event) -> None:
        match event:
            case LinkUp():
                self.downloads.link_returned()
                self.reporter.connected(turn)
            case LinkDown():
                self.reporter.disconnected()
                self.desk.limits_are_current = False
            case SubscriptionRefused():
                detail = event.topic_filter[:300]
                turn.note(FaultEntry(code="subscription_refused", detail=detail))
            case MessageRefused():
                self.refusals.note(turn, event.what, event.why, event.detail)
            case PlanReceived():
                self.desk.plan_received(turn, event)
                self.reporter.beat_soon(turn)
            case LimitsReceived():
                self.desk.limits_received(turn, event)
                self.reporter.beat_soon(turn)
            case OrderReceived():
                self.orders.received(turn, event)
            case AckReceived():
                self._ack_received(turn, event)

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
                    self.refusals.note(turn, "sound", "file_corrupt", event.sha256)

    def _device_changed(self, turn: Turn, event: DeviceLost | DeviceBack | SoundGap) -> None:
        match event:
            case DeviceLost(detail=detail):
                if not self.station.is_device_lost:
                    turn.note(FaultEntry(code="audio_device_missing", detail=detail[:300]))
                self.station.is_device_lost = True
            case DeviceBack():
                self.playout.retry_mono_ms.clear()
                self.station.is_device_lost = False
            case SoundGap(play_id=play_id):
                self._gap(turn, play_id or "")

    def _gap(self, turn: Turn, play_id: str) -> None:
        """One line for each play that had gaps, however many."""
        if play_id not in self._gaps_told:
            self._gaps_told = {play_id}
            turn.note(FaultEntry(code="underrun", detail=play_id))

    def _ack_received(self, turn: Turn, event: AckReceived) -> None:
        claims, ack, station = event.signed.claims, event.signed.message, self.station
        why = acceptance.ack_problem(
            claims,
            known_epoch=station.memory.epoch,
            within=clock_trust.bounds(station.clock, turn.now),
        )
        if why is not None:
            self.refusals.note(turn, "ack", why, f"epoch {claims.epoch}")
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
            self.desk.greeted(turn, ack.limits_version)
            share = zlib.crc32(station.config.station_id.encode()) % 1000
            self.downloads.spread_ms = ack.spread_ms * share // 1000

    # --- what time does ---------------------------------------------------------------------------

    def _is_news(self, event: Event) -> bool:
        """Whether it may change anything but what is reported: mostly only time has passed."""
        match event:
            case Woke():
                return False
            case AckReceived(signed=signed):
                return signed.message.answers == "hello"
            case ProbesRead():
                return event != self.reporter.probes
            case _:
                return True

    def _is_somebody_due(self, now: Moment, before: ClockLevel) -> bool:
        """Whether anybody but the reporter may have to act: it is time, or the clock changed."""
        clock, due = self.station.clock, self._others_due
        return (
            not clock.is_trusted
            or clock.level is not before
            or bool(self.playout.plays)
            or (due.wall is not None and now.wall >= due.wall)
            or (due.mono_ms is not None and now.mono_ms >= due.mono_ms)
        )

    def _advance(self, turn: Turn, *, was_trusted: bool) -> None:
        """What may make somebody sound."""
        self._fall_back(turn)
        clock = self.station.clock
        turn.clock = clock.level
        if clock.is_trusted and not was_trusted:
            self.lifetime.time_known(turn, self.desk.news)
        elif was_trusted and not clock.is_trusted:
            self.reporter.beat_soon(turn)
        self.desk.advance(turn)
        at = clock.estimate(turn.now)
        if at is not None:
            self.downloads.check_soon_due(turn, at)
        self.emergencies.advance(turn)
        self.volume.advance(turn, at)
        self.playout.advance(turn)

    def _follow(self, turn: Turn) -> None:
        """What looks at what came of it, and makes nobody sound."""
        at = self.station.clock.estimate(turn.now)
        if at is not None:
            self.scrub.advance(turn, at)
        self.downloads.advance(turn)
        self.witness.look(turn)
        self.refusals.advance(turn)
        self.reporter.advance(turn)

    def _fall_back(self, turn: Turn) -> None:
        if turn.now.mono_ms >= self.lifetime.booted.mono_ms + SETTLE_MS:
            self.station.clock = clock_trust.fallen_back(
                self.station.clock,
                turn.now,
                may_use_last_known=self.station.config.trust_last_known,
            )

    def _next(self, now: Moment) -> Deadline:
        others = self._others_due
        own = (*self.reporter.mono_deadlines(), *self.durability.mono_deadlines())
        monos = [mono for mono in own if mono > now.mono_ms]
        if others.mono_ms is not None:
            monos.append(others.mono_ms)
        return Deadline(others.wall, min(monos, default=None))

    def _next_of_others(self, now: Moment) -> Deadline:
        monos = [
            *self.playout.mono_deadlines(),
            *self.downloads.mono_deadlines(),
            *self.emergencies.mono_deadlines(),
            *self.refusals.mono_deadlines(),
            self.lifetime.booted.mono_ms + SETTLE_MS,
            self.desk.judge_mono_ms or 0,
        ]
        mono_ms = min([mono for mono in monos if mono > now.mono_ms], default=None)
        at = self.station.clock.estimate(now)
        if at is None:
            return Deadline(mono_ms=mono_ms)
        instants = (
            self._outlook.after(at),
            self.downloads.next_instant(at),
            next_band(self.station.rules, at),
        )
        instant = min([one for one in instants if one is not None], default=None)
        return Deadline(None if instant is None else now.wall + (instant - at), mono_ms)
