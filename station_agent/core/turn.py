"""One call of the core: what time it is, what has to become durable, what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from station_agent.core.effects import Amplifier, CancelFetch, Effect, Persist, Stop
from station_agent.core.moment import Moment
from station_agent.core.records import Memory, SlotRecord
from station_protocol.messages import Evidence, JournalEntry
from station_protocol.vocabulary import ClockLevel

_SILENCE = (Stop, CancelFetch)


@dataclass(slots=True)
class Numbering:
    """The station's own counter of evidence: never reused, also when a write failed."""

    head: int
    unsaved: list[JournalEntry] = field(default_factory=list)


@dataclass(slots=True)
class Turn:
    """What one event leads to, collected; `effects()` puts it into the order it is done in."""

    now: Moment
    numbering: Numbering
    clock: ClockLevel = ClockLevel.NONE
    slots: dict[str, SlotRecord] = field(default_factory=dict)
    memory: Memory | None = None
    plan: bytes | None = None
    limits: bytes | None = None
    asked: list[Effect] = field(default_factory=list)
    urgent: list[Effect] = field(default_factory=list)
    """What an emergency needs: it waits for no write but its own."""

    def note(self, evidence: Evidence, at: datetime | None = None) -> None:
        """A numbered line of evidence; `at` if it is about another instant than now."""
        self.numbering.head += 1
        entry = JournalEntry(
            entry_no=self.numbering.head,
            at=at or self.now.wall,
            clock=self.clock,
            evidence=evidence,
        )
        self.numbering.unsaved.append(entry)

    def keep(self, record: SlotRecord) -> None:
        """A slot's state that must be durable before anything follows from it."""
        self.slots[record.slot_id] = record

    def ask(self, *effects: Effect) -> None:
        """Things the shell shall do."""
        self.asked.extend(effects)

    def ask_at_once(self, *effects: Effect) -> None:
        """Things an emergency needs, in this order, before anything is written."""
        self.urgent.extend(effects)

    def at_once(self) -> tuple[Effect, ...]:
        """What an emergency needs, behind the silence that was asked for; then it is given out."""
        if not self.urgent:
            return ()
        effects = (*self._silence(), *self.urgent)
        self.urgent.clear()
        return effects

    def effects(self) -> tuple[Effect, ...]:
        """Silence first; then durability, and everything that needs it."""
        if not self.asked:
            return self._persist()
        silence, rest = self._silence(), self.asked
        rest.sort(key=lambda effect: not isinstance(effect, Amplifier))
        return (*silence, *self._persist(), *rest)

    def _silence(self) -> list[Effect]:
        """The wishes for silence, taken out of what is asked for."""
        silence: list[Effect] = [effect for effect in self.asked if isinstance(effect, _SILENCE)]
        if silence:
            self.asked = [effect for effect in self.asked if not isinstance(effect, _SILENCE)]
        return silence

    def _persist(self) -> tuple[Persist, ...]:
        unsaved, whole = self.numbering.unsaved, (self.memory, self.plan, self.limits)
        if not unsaved and not self.slots and whole == (None, None, None):
            return ()
        persist = Persist(tuple(unsaved), tuple(self.slots.values()), *whole)
        unsaved.clear()
        return (persist,)


def merged(first: Persist, then: Persist | None) -> Persist:
    """Two writes as one: entries in order, of everything else the later one."""
    if then is None:
        return first
    slots = {record.slot_id: record for record in (*first.slots, *then.slots)}
    return Persist(
        first.entries + then.entries,
        tuple(slots.values()),
        then.memory or first.memory,
        then.plan or first.plan,
        then.limits or first.limits,
    )
