"""From a due slot to its outcome: prepare, write the intent, let go, count, close.

One play owns the air. A slot that may cut it is prepared while it sounds and takes over at its
instant; one that follows without a gap is queued behind it; everything else waits in its window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from station_agent.core import words
from station_agent.core.agenda import COMMIT, LEAD, obstacle_within
from station_agent.core.arbiter import preempts, ranked
from station_agent.core.effects import (
    Amplifier,
    CheckAsset,
    Piece,
    Prepare,
    SoundFile,
    Start,
    Stop,
    Tone,
    WriteIntent,
)
from station_agent.core.events import (
    EndCause,
    PlayerEnded,
    PlayerProgress,
    PlayerReady,
    PlayerStarted,
)
from station_agent.core.handover import Handover
from station_agent.core.limits import allows
from station_agent.core.order_slot import OrderSlot, intent_of, is_emergency
from station_agent.core.outcomes import (
    AIR_TAKEN,
    Obstacle,
    Sounded,
    is_late,
    late_reason,
    of_play,
    of_window,
    planned_ms,
)
from station_agent.core.parking import Parking
from station_agent.core.play import Phase, Play
from station_agent.core.station import Station, closes_at
from station_agent.core.turn import Turn
from station_protocol.messages import OnAir, PlannedSlot, StartEntry
from station_protocol.vocabulary import LATE_AFTER_MS, Reason

GRACE_MS = 10_000
"""How long a player may take beyond what was planned before it counts as hung."""

GIVE_UP_MS = 5_000
"""How long a hung player may take to answer Stop."""

RETRY_MS = 10_000
URGENT_RETRY_MS = 2_000
LATE_SPACING_MS = 60_000
AMPLIFIER_TAIL_MS = 3_000
FADE_MS = 300
_NO_FAULT_OF_ITS_OWN = (None, Reason.PLAYER_FAILED, Reason.AUDIO_DEVICE_MISSING)


def _may_try_again(play: Play) -> bool:
    """Whether it is an emergency of which nothing was heard, and only for want of a player."""
    is_unheard = play.sounded.started_at is None
    return is_emergency(play.slot) and is_unheard and play.cut_by in _NO_FAULT_OF_ITS_OWN


@dataclass(slots=True)
class Playout:
    """Everything between the plan and the player."""

    station: Station
    parking: Parking
    plays: dict[str, Play] = field(default_factory=dict)
    obstacles: dict[str, tuple[Obstacle, ...]] = field(default_factory=dict)
    retry_mono_ms: dict[str, int] = field(default_factory=dict)
    last_late_mono_ms: int | None = None
    handover: Handover = field(default_factory=Handover)
    attempts: int = 0
    unnoted: list[Play] = field(default_factory=list)
    """Let go in this turn before anything was noted of it."""
    amplifier_off_mono_ms: int | None = None
    is_amplifier_on: bool = False

    # --- what others ask --------------------------------------------------------------------------

    def on_air(self, turn: Turn) -> OnAir | None:
        """The slot that sounds, as a heartbeat shows it."""
        for play in reversed(self.plays.values()):
            if play.phase is Phase.SOUNDING and play.slot is not None:
                left_ms = play.length_ms - (turn.now.mono_ms - play.sounding_mono_ms)
                ends_at = turn.now.wall + timedelta(milliseconds=max(0, left_ms))
                played_ms = play.sounded.played_ms
                return OnAir(slot_id=play.slot.slot_id, ends_at=ends_at, played_ms=played_ms)
        return None

    def note_obstacle(self, slot_id: str, obstacle: Obstacle) -> None:
        """Remember what stood in a slot's way; the last real reason names its outcome."""
        known = self.obstacles.get(slot_id, ())
        if not known or known[-1] != obstacle:
            self.obstacles[slot_id] = (*(old for old in known if old != obstacle), obstacle)

    def stop(self, turn: Turn, slot_id: str | None, why: Reason, fade_ms: int = FADE_MS) -> bool:
        """End what sounds (only this slot, if named); whether there was anything to end."""
        found = False
        for play in self.plays.values():
            named = play.slot is not None and play.slot.slot_id == slot_id
            is_to_come = play.slot is not None and play.is_uncommitted
            if (named or slot_id is None) and not is_to_come:
                found = True
                self._end_play(turn, play, why, fade_ms)
        if slot_id is not None and slot_id in self.parking:
            self.parking.let_go(turn, slot_id, why)
            found = True
        return found

    @property
    def is_urgent(self) -> bool:
        """Whether an emergency is due or sounds."""
        if not self.station.urgent and not self.plays:
            return False
        slots = (*self.station.urgent, *(play.slot for play in self.plays.values()))
        return any(map(is_emergency, slots))

    def plays_order(self, order_id: str) -> bool:
        """Whether an airing of this order sounds or is about to."""
        return any(play.order_id == order_id for play in self.plays.values())

    def stop_order(self, turn: Turn, order_id: str, why: Reason) -> None:
        """End what sounds of an order."""
        for play in self.plays.values():
            if play.order_id == order_id:
                self._end_play(turn, play, why, FADE_MS)

    def orders_of(self, slot_id: str | None) -> set[str]:
        """The orders of which something sounds, or of which this slot is an airing."""
        return {
            play.order_id
            for play in self.plays.values()
            if play.order_id is not None
            and (slot_id is None or (play.slot and play.slot.slot_id == slot_id))
        }

    def refuses_extra(self, at: datetime | None, length_ms: int) -> str | None:
        """Why something nobody planned must not sound for this long; None if it may."""
        if at is None:
            return Reason.CLOCK_UNTRUSTED.value
        if not allows(self.station.rules, at, at + timedelta(milliseconds=length_ms)):
            return Reason.QUIET_HOURS.value
        return None if self._is_free_for(at, length_ms) else "on_air"

    def sound_tone(self, turn: Turn, seconds: int) -> None:
        """Prepare the test tone; it starts when the player is ready."""
        self._prepare(turn, None, (Tone(seconds * 1000),), seconds * 1000, None)

    def _is_free_for(self, at: datetime, length_ms: int) -> bool:
        """Whether nothing plays and nothing is due until well after a sound of that length."""
        until = at + timedelta(milliseconds=length_ms) + 3 * LEAD
        is_idle = not self.plays and not self.station.urgent
        return is_idle and not self.station.due_until(until)

    def start_was_not_durable(self, turn: Turn, slot_id: str, why: Reason) -> None:
        """The intent could not be written and the player was not let go: close the slot."""
        for play in list(self.plays.values()):
            if play.record is not None and play.record.slot_id == slot_id and not play.order_id:
                turn.ask(Stop(play.play_id, 0))
                self._close(turn, play, why)

    def close_all(self, turn: Turn, why: Reason) -> None:
        """The process ends: silence, and an outcome for what was started."""
        for play in list(self.plays.values()):
            turn.ask(Stop(play.play_id, FADE_MS))
            self._close(turn, play, play.cut_by or why)
        self.parking.let_go_all_but(turn, (), why)
        self._amplifier(turn, on=False)

    # --- what the player tells --------------------------------------------------------------------

    def player_said(
        self, turn: Turn, event: PlayerReady | PlayerStarted | PlayerProgress | PlayerEnded
    ) -> None:
        """Take in one word of the player; a play we do not know is silenced."""
        play = self.plays.get(event.play_id)
        if play is None:
            if isinstance(event, PlayerStarted):
                turn.ask(Stop(event.play_id, 0))
            return
        match event:
            case PlayerReady():
                if play.phase is Phase.PREPARING:
                    play.phase = Phase.READY
            case PlayerStarted():
                self._sounds(turn, play, event)
            case PlayerProgress():
                played_ms = play.before.played_ms + event.played_ms
                played_ms = max(play.sounded.played_ms, played_ms)
                play.sounded = replace(play.sounded, played_ms=played_ms)
            case PlayerEnded():
                self._ended(turn, play, event)

    def _sounds(self, turn: Turn, play: Play, event: PlayerStarted) -> None:
        play.phase = Phase.SOUNDING
        play.sounded = Sounded(event.started_at, event.start_error_ms)
        if play.goes_on is not None:
            play.sounded = play.before
        play.sounding_mono_ms = turn.now.mono_ms
        play.limit_mono_ms = turn.now.mono_ms + play.length_ms + GRACE_MS
        if play.record is None or play.goes_on is not None:
            return
        update = {"sounded_at": event.started_at, "start_error_ms": event.start_error_ms}
        play.record = play.record.model_copy(update=update)
        self.station.keep(turn, play.record)
        turn.note(
            StartEntry(
                slot_id=play.record.slot_id,
                revision=play.record.revision,
                started_at=event.started_at,
                start_error_ms=event.start_error_ms,
                order_id=play.record.order_id,
                exercise=play.record.exercise,
            )
        )

    def _ended(self, turn: Turn, play: Play, event: PlayerEnded) -> None:
        if event.reason is Reason.FILE_CORRUPT and play.slot is not None:
            turn.ask(*(CheckAsset(item.sha256) for item in play.slot.items))
        if play.is_uncommitted:
            why = event.reason or play.cut_by or self._player_trouble()
            self._could_not_prepare(turn, play, why)
            return
        if play.sounded.started_at is not None:
            played_ms = play.before.played_ms + event.played_ms
            play.sounded = replace(play.sounded, played_ms=played_ms)
        elif _may_try_again(play):
            why = event.reason or play.cut_by or self._player_trouble()
            self._could_not_sound_at_once(turn, play, why)
            return
        unasked = Reason.STOPPED_AT_STATION if event.cause is EndCause.STOPPED else None
        why = play.cut_by or event.reason or unasked or play.lacks or self._player_trouble()
        if why is Reason.PREEMPTED and self.parking.put(turn, play.record, play.sounded):
            del self.plays[play.play_id]
            return
        self._close(turn, play, why)

    def _could_not_sound_at_once(self, turn: Turn, play: Play, why: Reason) -> None:
        """An emergency of which nothing was heard is tried again as long as it may begin."""
        self._could_not_prepare(turn, play, why)
        if isinstance(play.slot, OrderSlot):
            self.station.reopen(play.slot)
            self.retry_mono_ms[play.slot.slot_id] = turn.now.mono_ms + URGENT_RETRY_MS

    def _could_not_prepare(self, turn: Turn, play: Play, why: Reason) -> None:
        del self.plays[play.play_id]
        if play.slot is not None:
            self.note_obstacle(play.slot.slot_id, why)
            self.retry_mono_ms[play.slot.slot_id] = turn.now.mono_ms + RETRY_MS

    def _close(self, turn: Turn, play: Play, cut_by: Reason) -> None:
        self.plays.pop(play.play_id, None)
        if play.goes_on is not None:
            self.parking.ended(play.goes_on.record.slot_id)
        if play.record is None:
            return
        verdict = of_play(play.record, play.sounded, cut_by=cut_by, late_by=play.late_by)
        self.station.close(turn, play.record, verdict, play.sounded)
        self._forget(play.record.slot_id)

    # --- what time does ---------------------------------------------------------------------------

    def advance(self, turn: Turn) -> None:
        """Do what is due: close what passed, prepare who is next, let go, watch."""
        self._watch(turn)
        at = self.station.clock.estimate(turn.now)
        if at is None and self.station.urgent:
            at = turn.now.wall  # an emergency does not wait until somebody knows the time
        if at is not None and not self._is_idle(at):
            self._close_windows(turn, at)
            chosen = self._choose(turn, at)
            self._give_up_all_but(turn, chosen)
            if chosen is not None:
                self._bring(turn, chosen, at)
        self._release_tone(turn)
        self._switch_amplifier(turn)

    def _is_idle(self, at: datetime) -> bool:
        """Whether nothing plays, waits or is to be prepared: as good as always."""
        waits = self.plays or self.station.urgent or self.parking.parked
        return not waits and not self.station.due_until(at + LEAD)

    def _watch(self, turn: Turn) -> None:
        for play in list(self.plays.values()):
            if turn.now.mono_ms < play.limit_mono_ms:
                continue
            if play.is_stopping:
                self._lost(turn, play)
            else:
                trusted = self.station.clock.is_trusted or play.phase is Phase.SOUNDING
                trusted = trusted or is_emergency(play.slot)
                why = self._player_trouble() if trusted else Reason.CLOCK_UNTRUSTED
                self._end_play(turn, play, why, 0)

    def _lost(self, turn: Turn, play: Play) -> None:
        """The player does not even answer Stop: count what it last told."""
        if play.is_uncommitted:
            self._could_not_prepare(turn, play, play.cut_by or self._player_trouble())
        elif _may_try_again(play):
            self._could_not_sound_at_once(turn, play, play.cut_by or self._player_trouble())
        else:
            self._close(turn, play, play.cut_by or self._player_trouble())

    def _player_trouble(self) -> Reason:
        """Why a player that does not sound does not: it cannot without a device."""
        lost = self.station.is_device_lost
        return Reason.AUDIO_DEVICE_MISSING if lost else Reason.PLAYER_FAILED

    def _end_play(self, turn: Turn, play: Play, why: Reason, fade_ms: int) -> None:
        play.cut_by = play.cut_by or why
        play.is_stopping = True
        play.limit_mono_ms = turn.now.mono_ms + fade_ms + GIVE_UP_MS
        turn.ask(Stop(play.play_id, fade_ms))

    def _due(self, turn: Turn, until: datetime) -> Iterator[PlannedSlot]:
        """Orders first; slots of the plan only while there is an idea of the time."""
        yield from list(self.station.urgent)
        yield from self.parking.rests()
        if self.station.clock.estimate(turn.now) is not None:
            yield from self.station.due_until(until)

    def _close_windows(self, turn: Turn, at: datetime) -> None:
        goes_on = (play.goes_on.record.slot_id for play in self.plays.values() if play.goes_on)
        self.parking.close_windows(turn, at, set(goes_on))
        for slot in self._due(turn, at):
            if slot.slot_id in self.parking:
                continue
            if not self.station.clock.is_trusted and not is_emergency(slot):
                self.note_obstacle(slot.slot_id, Reason.CLOCK_UNTRUSTED)
            if at > closes_at(slot):
                self.station.end(turn, slot, of_window(self.obstacles.get(slot.slot_id, ())))
                self._forget(slot.slot_id)

    def _choose(self, turn: Turn, at: datetime) -> PlannedSlot | None:
        """The slot to bring next; the others that are due learn what stands in their way."""
        able = []
        for slot in self._due(turn, at + LEAD):
            obstacle = self._obstacle(turn, slot, at)
            if obstacle is None:
                able.append(slot)
            elif at >= slot.starts_at:
                self.note_obstacle(slot.slot_id, obstacle)
        able = ranked(able)
        for slot in able[1:]:
            if at >= slot.starts_at:
                lost = self.station.is_device_lost
                self.note_obstacle(slot.slot_id, Reason.AUDIO_DEVICE_MISSING if lost else AIR_TAKEN)
        return able[0] if able else None

    def _obstacle(self, turn: Turn, slot: PlannedSlot, at: datetime) -> Obstacle | None:
        obstacle = obstacle_within(self.station, slot, at)
        if obstacle is not None:
            return obstacle
        if turn.now.mono_ms < self.retry_mono_ms.get(slot.slot_id, turn.now.mono_ms):
            return self.obstacles[slot.slot_id][-1]
        if self._is_air_taken(turn, slot, at) or self._would_burst(turn, slot, at):
            return AIR_TAKEN
        yields_at = self.handover.yields_at(turn, self.plays.values(), slot, at)
        return AIR_TAKEN if yields_at is not None and at < yields_at - LEAD else None

    def _is_air_taken(self, turn: Turn, slot: PlannedSlot, at: datetime) -> bool:
        return any(
            play.slot is not None
            and not preempts(slot, play.slot)
            and not self._ends_before(turn, play, slot, at)
            for play in self.plays.values()
            if play.has_air
        )

    def _ends_before(self, turn: Turn, play: Play, slot: PlannedSlot, at: datetime) -> bool:
        """Whether `slot` can follow `play` without a gap and without being late."""
        if play.phase is not Phase.SOUNDING or play.is_stopping:
            return False
        left_ms = play.length_ms - (turn.now.mono_ms - play.sounding_mono_ms)
        return at + timedelta(milliseconds=left_ms) <= slot.starts_at + timedelta(seconds=2)

    def _would_burst(self, turn: Turn, slot: PlannedSlot, at: datetime) -> bool:
        if is_emergency(slot) or slot.slot_id in self.parking:
            return False
        if self.last_late_mono_ms is None or not is_late(slot.starts_at, at):
            return False
        return turn.now.mono_ms < self.last_late_mono_ms + LATE_SPACING_MS

    def _give_up_all_but(self, turn: Turn, chosen: PlannedSlot | None) -> None:
        for play in list(self.plays.values()):
            if play.is_uncommitted and play.slot is not None and play.slot != chosen:
                turn.ask(Stop(play.play_id, 0))
                del self.plays[play.play_id]

    def _bring(self, turn: Turn, slot: PlannedSlot, at: datetime) -> None:
        play = next((play for play in self.plays.values() if play.slot == slot), None)
        if isinstance(slot, OrderSlot):
            self._sound_at_once(turn, slot)
            return
        begins_at = self.handover.yields_at(turn, self.plays.values(), slot, at) or slot.starts_at
        if play is None:
            pieces = self._items_of(slot)
            due_at = begins_at if at < begins_at else None
            self._prepare(turn, slot, pieces, planned_ms(slot), due_at)
        elif play.phase is Phase.READY and not play.is_stopping and at >= begins_at - COMMIT:
            if self.station.is_device_lost:
                self.note_obstacle(slot.slot_id, Reason.AUDIO_DEVICE_MISSING)
            else:
                self._commit(turn, play, slot, at)

    def _prepare(
        self,
        turn: Turn,
        slot: PlannedSlot | None,
        pieces: tuple[Piece, ...],
        length_ms: int,
        due_at: datetime | None,
    ) -> None:
        self.attempts += 1
        name = slot.slot_id if slot else "tone"
        play_id = f"{name}-{self.attempts}"
        limit = turn.now.mono_ms + GRACE_MS
        self.plays[play_id] = Play(play_id, slot, length_ms, limit)
        self._amplifier(turn, on=True)
        turn.ask(Prepare(play_id, pieces, due_at))

    def _commit(self, turn: Turn, play: Play, slot: PlannedSlot, at: datetime) -> None:
        """Write the intent; the player is let go only when it is durable."""
        replaces = self._make_room(turn, slot)
        late_ms = (at - slot.starts_at) / timedelta(milliseconds=1)
        if late_ms > LATE_AFTER_MS and slot.slot_id not in self.parking:
            self.last_late_mono_ms = turn.now.mono_ms
        play.phase = Phase.COMMITTED
        play.late_by = late_reason(self.obstacles.get(slot.slot_id, ()))
        play.limit_mono_ms = turn.now.mono_ms + round(max(0.0, -late_ms)) + GRACE_MS
        play.goes_on = self.parking.get(slot.slot_id)
        if play.goes_on is None:
            play.record = self.station.started(turn, slot)
        else:
            play.record = play.goes_on.record
            self.station.keep(turn, play.record)
        turn.ask(Start(play.play_id, replaces=replaces))

    def _items_of(self, slot: PlannedSlot) -> tuple[SoundFile, ...]:
        parked = self.parking.get(slot.slot_id)
        if parked is not None:
            return parked.pieces
        return tuple(SoundFile(item.sha256, item.duration_ms) for item in slot.items)

    def _sound_at_once(self, turn: Turn, slot: OrderSlot) -> None:
        """An order waits neither for a file nor for the journal: only for its own short intent."""
        replaces = self._make_room(turn, slot)
        self.attempts += 1
        play_id = f"{slot.slot_id}-{self.attempts}"
        limit = turn.now.mono_ms + GRACE_MS
        play = Play(play_id, slot, slot.duration_ms, limit, phase=Phase.COMMITTED)
        play.late_by = late_reason(self.obstacles.get(slot.slot_id, ()))
        self.plays[play_id] = play
        turn.ask_at_once(WriteIntent(intent_of(slot, self.station.memory)))
        if not self.is_amplifier_on:
            self.is_amplifier_on = True
            turn.ask_at_once(Amplifier(on=True))
        pieces = words.pieces_of(self.station, slot)
        play.lacks = words.missing(self.station, slot)
        turn.ask_at_once(
            Prepare(play_id, pieces, None, urgent=True), Start(play_id, replaces=replaces)
        )
        self.unnoted.append(play)

    def note_starts(self, turn: Turn) -> None:
        """Note the starts that did not wait for it: their intents say the same meanwhile."""
        for play in self.unnoted:
            if play.slot is not None:
                play.record = self.station.started(turn, play.slot)
        self.unnoted.clear()

    def _make_room(self, turn: Turn, slot: PlannedSlot) -> bool:
        """Mark what this slot cuts; whether it cuts anything that sounds."""
        replaces = False
        for play in self.plays.values():
            if not play.has_air or not (play.slot is None or preempts(slot, play.slot)):
                continue
            if play.phase is Phase.SOUNDING:
                play.cut_by = Reason.PREEMPTED
                replaces = True
            else:
                self._end_play(turn, play, Reason.PREEMPTED, 0)
        return replaces

    def _release_tone(self, turn: Turn) -> None:
        for play in self.plays.values():
            if play.slot is None and play.phase is Phase.READY and not play.is_stopping:
                play.phase = Phase.COMMITTED
                turn.ask(Start(play.play_id))

    # --- the rest ---------------------------------------------------------------------------------

    def plan_changed(self, turn: Turn) -> None:
        """Stop what sounds although the plan no longer has it."""
        plan = self.station.plan
        slots = plan.message.slots if plan else ()
        wanted = {slot.slot_id for slot in slots if not slot.cancelled}
        for play in list(self.plays.values()):
            if play.slot is None or play.is_uncommitted or play.slot.slot_id in wanted:
                continue
            if play.order_id is None:
                self._end_play(turn, play, Reason.STOPPED_BY_OPERATOR, FADE_MS)
        self.parking.let_go_all_but(turn, wanted, Reason.STOPPED_BY_OPERATOR)
        pending = {slot.slot_id for slot in (*self.station.pending, *self.station.urgent)}
        for slot_id in self.obstacles.keys() - pending:
            self._forget(slot_id)

    def _forget(self, slot_id: str) -> None:
        self.handover.forget(slot_id, self.plays)
        self.obstacles.pop(slot_id, None)
        self.retry_mono_ms.pop(slot_id, None)

    def _switch_amplifier(self, turn: Turn) -> None:
        """Off a moment after the last play, so that nothing foreign can be amplified."""
        if self.plays or not self.is_amplifier_on:
            self.amplifier_off_mono_ms = None
        elif self.amplifier_off_mono_ms is None:
            self.amplifier_off_mono_ms = turn.now.mono_ms + AMPLIFIER_TAIL_MS
        elif turn.now.mono_ms >= self.amplifier_off_mono_ms:
            self._amplifier(turn, on=False)

    def _amplifier(self, turn: Turn, *, on: bool) -> None:
        if on != self.is_amplifier_on:
            self.is_amplifier_on = on
            turn.ask(Amplifier(on))

    def mono_deadlines(self) -> list[int]:
        """When, by the clock that does not step, something here is due."""
        found = [play.limit_mono_ms for play in self.plays.values()]
        found += self.handover.mono_deadlines()
        found += self.retry_mono_ms.values()
        if self.amplifier_off_mono_ms is not None:
            found.append(self.amplifier_off_mono_ms)
        if self.last_late_mono_ms is not None:
            found.append(self.last_late_mono_ms + LATE_SPACING_MS)
        return found
