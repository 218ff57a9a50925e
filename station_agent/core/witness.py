"""Looks at station and player after each event, and notes for each slot what has changed."""

from __future__ import annotations

from datetime import datetime

from station_agent.core.agenda import LEAD
from station_agent.core.arbiter import preempts
from station_agent.core.limits import verdict
from station_agent.core.order_slot import OrderSlot
from station_agent.core.outcomes import AIR_TAKEN
from station_agent.core.play import Phase, Play
from station_agent.core.playout import Playout
from station_agent.core.station import Station
from station_agent.core.trace import Standing, Values, names
from station_agent.core.turn import Turn
from station_protocol.messages import PlannedSlot
from station_protocol.vocabulary import FactCode, Reason

COMPLETE, MISSING, DAMAGED = "complete", "missing", "damaged"
_SHA_SHOWN = 12


class Witness:
    """Sees, and changes nothing but the trace."""

    def __init__(self, station: Station, playout: Playout) -> None:
        self._station = station
        self._playout = playout
        self._seen: list[PlannedSlot] | None = None
        self._plays_seen: dict[str, object] = {}

    def look(self, turn: Turn) -> None:
        """Note what this turn has changed for the slots that are due or under way."""
        if self._sees_nothing_new(turn):
            return
        station, standing = self._station, self._station.standing(turn.now)
        station.trace.follow_clock(standing)
        if station.pending is not self._seen:
            self._seen = station.pending
            others = [key for key, record in station.ledger.items() if not record.outcome]
            others += [slot.slot_id for slot in station.urgent]
            station.trace.follow_plan(standing, station.pending, others)
        at = station.clock.estimate(turn.now)
        if at is not None:
            for slot in (*station.urgent, *station.due_until(at + LEAD)):
                self._look_at_waiting(standing, slot, at)
        self._look_at_plays(standing)

    def _sees_nothing_new(self, turn: Turn) -> bool:
        """Whether all is as it was when it was last looked at, and nothing is due or plays."""
        station, at = self._station, self._station.clock.estimate(turn.now)
        return not (
            station.pending is not self._seen
            or station.urgent
            or self._playout.plays
            or self._plays_seen
            or not station.trace.knows(station.clock)
            or (at is not None and station.due_until(at + LEAD))
        )

    # --- slots that wait --------------------------------------------------------------------------

    def _look_at_waiting(self, standing: Standing, slot: PlannedSlot, at: datetime) -> None:
        trace = self._station.trace
        trace.tell_standing(standing, slot.slot_id, slot.starts_at)
        if isinstance(slot, OrderSlot):
            self._look_at_order(standing, slot)
        else:
            self._look_at_files(standing, slot, [item.sha256 for item in slot.items])
            self._look_at_bounds(standing, slot, at)
        play = next((play for play in self._playout.plays.values() if play.slot == slot), None)
        if play is not None and play.phase is Phase.READY:
            trace.tell(standing, slot.slot_id, FactCode.PREPARED, {})
        obstacles = self._playout.obstacles.get(slot.slot_id, ())
        if play is None and obstacles:
            if obstacles[-1] == AIR_TAKEN:
                self._look_at_air(standing, slot)
            elif slot.slot_id in self._playout.retry_mono_ms:
                values = {"why": str(obstacles[-1])}
                trace.tell(standing, slot.slot_id, FactCode.NOT_PREPARED, values)

    def _look_at_order(self, standing: Standing, slot: OrderSlot) -> None:
        self._station.trace.tell(standing, slot.slot_id, FactCode.ORDERED, names(slot))
        if slot.order.sha256 is not None:
            self._look_at_files(standing, slot, [slot.order.sha256])

    def _look_at_files(self, standing: Standing, slot: PlannedSlot, sounds: list[str]) -> None:
        station = self._station
        here = station.held.keys() | station.words.keys()
        missing = [sha256 for sha256 in sounds if sha256 not in here]
        damaged = [sha256 for sha256 in missing if sha256 in station.damaged]
        why = DAMAGED if damaged else MISSING if missing or not sounds else COMPLETE
        first = next(iter(damaged or missing or sounds), "")[:_SHA_SHOWN] or None
        have, need = len(sounds) - len(missing), len(sounds)
        values = {"why": why, "sha256": first, "have": have, "need": need}
        station.trace.tell(standing, slot.slot_id, FactCode.FILES, values)

    def _look_at_bounds(self, standing: Standing, slot: PlannedSlot, at: datetime) -> None:
        station, starts_at = self._station, max(at, slot.starts_at)
        if station.plan is not None and starts_at > station.plan.claims.not_after:
            values: Values = {"other_at": station.plan.claims.not_after}
            station.trace.tell(standing, slot.slot_id, FactCode.PLAN_EXPIRED, values)
        why = verdict(station.rules, slot, starts_at)
        if why is not None:
            values = {"version": standing.limits_version, "why": why.value}
            station.trace.tell(standing, slot.slot_id, FactCode.LIMITS, values)

    def _look_at_air(self, standing: Standing, slot: PlannedSlot) -> None:
        """Who has the air this slot wants; nobody: late starts keep their distance."""
        plays = self._playout.plays.values()
        rivals = sorted((play for play in plays if _keeps_out(play, slot)), key=_is_only_next)
        if rivals:
            values = _who(rivals[0])
            self._station.trace.tell(standing, slot.slot_id, FactCode.AIR_TAKEN, values)
        elif not plays:
            self._station.trace.tell(standing, slot.slot_id, FactCode.LATE_SPACING, {})

    # --- slots under way --------------------------------------------------------------------------

    def _look_at_plays(self, standing: Standing) -> None:
        """Look closer where something is other than before: a play moves on each second."""
        seen, clock = self._plays_seen, standing.clock
        whole = (clock.level, clock.why, standing.plan, standing.is_device_lost)
        self._plays_seen = {}
        for play in self._playout.plays.values():
            now = (play.phase, play.cut_by, standing.storage_fault, whole)
            self._plays_seen[play.play_id] = now
            is_new = seen.get(play.play_id) != now
            if is_new and play.slot is not None and not play.is_uncommitted:
                self._look_at_play(standing, play, play.slot)

    def _look_at_play(self, standing: Standing, play: Play, slot: PlannedSlot) -> None:
        trace = self._station.trace
        if play.record is not None:
            trace.take_up(play.record)
        trace.tell_standing(standing, slot.slot_id, slot.starts_at)
        if isinstance(slot, OrderSlot) and not trace.stories[slot.slot_id].has(FactCode.ORDERED):
            self._look_at_order(standing, slot)
        trace.tell(standing, slot.slot_id, FactCode.PREPARED, {})
        trace.tell_start(standing, slot.slot_id, slot.starts_at, play.sounded)
        if play.goes_on is not None and play.phase is Phase.SOUNDING:
            trace.tell_resumed(standing, slot.slot_id, play.before.played_ms)
        if play.cut_by is not None:
            values = {"why": play.cut_by.value, **self._taker(play)}
            trace.tell_cut(standing, slot.slot_id, values)

    def _taker(self, play: Play) -> Values:
        """Whatever takes the air from a pre-empted play."""
        takers = [other for other in self._playout.plays.values() if other.has_air]
        return _who(takers[-1]) if play.cut_by is Reason.PREEMPTED and takers else {}


def _who(play: Play) -> Values:
    return names(play.slot) if play.slot is not None else {}


def _is_only_next(play: Play) -> bool:
    return play.is_uncommitted


def _keeps_out(play: Play, slot: PlannedSlot) -> bool:
    """Whether this play is why `slot` has to wait: it has the air, or gets it first."""
    if play.slot is None or play.slot == slot or play.cut_by is not None:
        return False
    return play.is_uncommitted or not preempts(slot, play.slot)
