"""What could not be written yet: kept in order, tried again, nothing lost while power lasts."""

from __future__ import annotations

from dataclasses import dataclass, field

from station_agent.core import acceptance
from station_agent.core.effects import Effect, Persist, Send
from station_agent.core.events import Event, PersistFailed, StorageProblem
from station_agent.core.playout import Playout
from station_agent.core.records import Memory
from station_agent.core.station import Station
from station_agent.core.turn import Turn, merged
from station_protocol.messages import Reply
from station_protocol.vocabulary import Reason


def _is_answer(effect: Effect) -> bool:
    """Whether it tells the centre that an order is known: that must be durable by then."""
    return isinstance(effect, Send) and isinstance(effect.message, Reply)


SOON_MS = 1_000


@dataclass(slots=True)
class Durability:
    """The write that failed, if one did."""

    station: Station
    playout: Playout
    unsaved: Persist | None = None
    retry_mono_ms: int = 0
    saved: Memory = field(init=False)
    """The memory as it is on the disk."""
    _asked: Memory | None = None
    """The one last asked for: saved, unless the next event says otherwise."""

    def __post_init__(self) -> None:
        self.saved = self.station.memory

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
        if isinstance(event, PersistFailed):
            self._asked = None
            return self._held_back(turn.effects())
        self.saved, self._asked = self._asked or self.saved, None
        effects = self._with_unsaved(turn)
        own = next((effect for effect in effects if isinstance(effect, Persist)), None)
        self._asked = own.memory if own else None
        return effects

    def mono_deadlines(self) -> tuple[int, ...]:
        """When the write that failed is tried again."""
        return (self.retry_mono_ms,) if self.unsaved is not None else ()

    def _with_unsaved(self, turn: Turn) -> tuple[Effect, ...]:
        effects = turn.effects()
        if self.unsaved is None:
            self.station.storage_fault = None
            return effects
        own = next((effect for effect in effects if isinstance(effect, Persist)), None)
        is_answer = any(map(_is_answer, effects))
        if own is None and not is_answer and turn.now.mono_ms < self.retry_mono_ms:
            return effects
        waits, self.unsaved = self.unsaved, None
        write = merged(waits, own)
        if own is not None or is_answer or write.entries or write.slots:
            write = self._without_documents(turn, waits, write)
        if own is None:
            return (write, *effects)
        return tuple(write if effect is own else effect for effect in effects)

    def _without_documents(self, turn: Turn, waits: Persist, write: Persist) -> Persist:
        """The write but for the plan or limits that failed: they may be too big for the disk.

        They hold up no evidence and no order: soon they are tried alone, with the floors that name
        them, and everything else the station remembers is written with the floors of the disk.
        """
        if waits.plan is None and waits.limits is None:
            return write
        self.unsaved = Persist(memory=write.memory, plan=write.plan, limits=write.limits)
        self.retry_mono_ms = max(self.retry_mono_ms, turn.now.mono_ms + SOON_MS)
        memory = write.memory and acceptance.with_floors_of(write.memory, self.saved)
        return Persist(write.entries, write.slots, memory)

    def _held_back(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Do not try again within the failure itself."""
        done = []
        for effect in effects:
            if isinstance(effect, Persist):
                self.unsaved = merged(self.unsaved, effect) if self.unsaved else effect
            else:
                done.append(effect)
        return tuple(done)
