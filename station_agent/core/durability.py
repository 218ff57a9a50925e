"""What could not be written yet: kept in order, tried again, nothing lost while power lasts."""

from __future__ import annotations

from dataclasses import dataclass

from station_agent.core.effects import Effect, Persist, Send
from station_agent.core.events import Event, PersistFailed, StorageProblem
from station_agent.core.playout import Playout
from station_agent.core.station import Station
from station_agent.core.turn import Turn, merged
from station_protocol.messages import Reply
from station_protocol.vocabulary import Reason


def _is_answer(effect: Effect) -> bool:
    """Whether it tells the centre that an order is known: that must be durable by then."""
    return isinstance(effect, Send) and isinstance(effect.message, Reply)


@dataclass(slots=True)
class Durability:
    """The write that failed, if one did."""

    station: Station
    playout: Playout
    unsaved: Persist | None = None
    retry_mono_ms: int = 0

    def failed(self, turn: Turn, event: PersistFailed) -> None:
        """Keep what could not be written; a slot whose intent it was has not been started."""
        self.unsaved = merged(event.persist, self.unsaved)
        self.retry_mono_ms = turn.now.mono_ms + self.station.config.retry_ms
        self.station.storage_fault = event.why.value
        full = event.why is StorageProblem.DISK_FULL
        why = Reason.DISK_FULL if full else Reason.STORAGE_READONLY
        for record in event.persist.slots:
            if record.state == "started" and record.sounded_at is None:
                self.playout.start_was_not_durable(turn, record.slot_id, why)

    def settle(self, turn: Turn, event: Event) -> tuple[Effect, ...]:
        """The turn's effects, together with what an earlier write could not save."""
        effects = turn.effects()
        if isinstance(event, PersistFailed):
            return self._held_back(effects)
        if self.unsaved is None:
            self.station.storage_fault = None
            return effects
        has_own = any(isinstance(effect, Persist) for effect in effects)
        is_answer = any(map(_is_answer, effects))
        if not has_own and not is_answer and turn.now.mono_ms < self.retry_mono_ms:
            return effects
        unsaved, self.unsaved = self.unsaved, None
        if not has_own:
            return (unsaved, *effects)
        together = merged if is_answer else self._together
        return tuple(
            together(unsaved, effect) if isinstance(effect, Persist) else effect
            for effect in effects
        )

    def _together(self, waits: Persist, own: Persist) -> Persist:
        """The turn's write with what waits.

        A plan too big for the disk holds up no evidence: it waits on, with the floors that name
        it, unless this write has floors of its own.
        """
        if own.memory is None and (waits.plan is not None or waits.limits is not None):
            self.unsaved = Persist(memory=waits.memory, plan=waits.plan, limits=waits.limits)
            waits = Persist(waits.entries, waits.slots)
        return merged(waits, own)

    def _held_back(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Do not try again within the failure itself."""
        done = []
        for effect in effects:
            if isinstance(effect, Persist):
                self.unsaved = merged(self.unsaved, effect) if self.unsaved else effect
            else:
                done.append(effect)
        return tuple(done)
