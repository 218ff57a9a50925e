"""A station's card: what is written is lost in a power cut until it was synced; faults refuse it.

It answers as station_agent.store promises to: plan and limits files first, then one transaction of
the journal, each durable before the next; a mark page of two halves written in turn.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.config import Restored
from station_agent.core.records import Intent, Mark, Memory, SlotRecord
from station_protocol.codec import Signed
from station_protocol.messages import JournalEntry, StationLimits, StationPlan

Document = Signed[StationPlan] | Signed[StationLimits]


MOST_INTENTS = 64


class PowerCutError(Exception):
    """The station is dead from this instruction on."""


@dataclass
class Disk:
    """One card. `may_die` is called wherever power can go; it raises PowerCutError."""

    dice: random.Random
    documents: dict[bytes, Document]
    may_die: Callable[[], None]
    journal_id: str
    entries: list[JournalEntry] = field(default_factory=list)
    slots: dict[str, SlotRecord] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    plan: bytes | None = None
    limits: bytes | None = None
    stored_up_to: int = 0
    files: dict[str, int] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    intents: list[Intent] = field(default_factory=list)
    problem: ev.StorageProblem | None = None
    _halves: list[tuple[int, Mark] | None] = field(default_factory=lambda: [None, None])
    _unsynced: list[Callable[[], None]] = field(default_factory=list)
    _half_written: int | None = None

    # --- writing ----------------------------------------------------------------------------------

    def persist(self, effect: do.Persist) -> ev.PersistFailed | None:
        """Durable when it returns None; a cut in between leaves any subset of what was open."""
        if self.problem is not None:
            return ev.PersistFailed(effect, self.problem)
        for name in ("plan", "limits"):
            raw = getattr(effect, name)
            if raw is not None:
                self._write(lambda name=name, raw=raw: setattr(self, name, raw))
        if effect.entries or effect.slots or effect.memory:
            self._write(lambda: self._commit(effect))
        return None

    def _write(self, change: Callable[[], None]) -> None:
        self._unsynced.append(change)
        self.may_die()
        self._sync()

    def _sync(self) -> None:
        for change in self._unsynced:
            change()
        self._unsynced.clear()

    def _commit(self, effect: do.Persist) -> None:
        known = self.entries[-1].entry_no if self.entries else 0
        self.entries.extend(entry for entry in effect.entries if entry.entry_no > known)
        self.slots.update((record.slot_id, record) for record in effect.slots)
        self.memory = effect.memory or self.memory

    def write_mark(self, mark: Mark) -> bool:
        """Overwrite the older half; a cut in between may leave it torn. False: not durable."""
        if self.problem is not None:
            return False
        number = max((half[0] for half in self._halves if half), default=0) + 1
        self._half_written = number % 2
        self._write(lambda: self._put_mark(number, mark))
        self._half_written = None
        return True

    def write_intent(self, intent: Intent) -> bool:
        """Into the file of emergencies about to sound, oldest overwritten; False: not durable."""
        if self.problem is not None:
            return False
        self._write(lambda: self._put_intent(intent))
        return True

    def _put_intent(self, intent: Intent) -> None:
        self.intents = [*self.intents, intent][-MOST_INTENTS:]

    def _put_mark(self, number: int, mark: Mark) -> None:
        self._halves[number % 2] = (number, mark)

    def confirm(self, up_to: int) -> None:
        """The centre has stored everything up to this number."""
        if self.problem is None:
            self.stored_up_to = max(self.stored_up_to, min(up_to, self.head()))

    def keep_file(self, sha256: str, size_bytes: int) -> None:
        """A sound, verified, under its name."""
        self.damaged.discard(sha256)
        self.files[sha256] = size_bytes

    def set_aside(self, sha256: str) -> None:
        """A bad file is no longer under its name."""
        self.files.pop(sha256, None)
        self.damaged.discard(sha256)

    # --- the cut ----------------------------------------------------------------------------------

    def lose_power(self) -> None:
        """Of what was not synced any part may have reached the card, in any order."""
        for change in self.dice.sample(self._unsynced, len(self._unsynced)):
            if self.dice.random() < 0.5:
                change()
            elif self._half_written is not None and self.dice.random() < 0.5:
                self._halves[self._half_written] = None
        self._unsynced.clear()
        self._half_written = None

    # --- reading ----------------------------------------------------------------------------------

    def head(self) -> int:
        """The highest number in the journal."""
        return self.entries[-1].entry_no if self.entries else 0

    def read(self, after_no: int, limit: int) -> list[JournalEntry]:
        """The next entries, as the forwarder asks for them. Numbers may have gaps."""
        first = bisect_right(self.entries, after_no, key=lambda entry: entry.entry_no)
        return self.entries[first : first + limit]

    def mark(self) -> Mark | None:
        """The newest mark that is whole."""
        whole = [half for half in self._halves if half is not None]
        return max(whole, key=lambda half: half[0])[1] if whole else None

    def held_plan(self) -> Signed[StationPlan] | None:
        """The plan on the card."""
        return self.documents[self.plan] if self.plan else None  # type: ignore[return-value]

    def held_limits(self) -> Signed[StationLimits] | None:
        """The limits on the card."""
        return self.documents[self.limits] if self.limits else None  # type: ignore[return-value]

    def restored(self) -> Restored:
        """What a restart finds."""
        return Restored(
            plan=self.held_plan(),
            limits=self.held_limits(),
            memory=self.memory,
            slots=tuple(self.slots.values()),
            journal_head=self.head(),
            journal_stored_up_to=self.stored_up_to,
            held=dict(self.files),
            mark=self.mark(),
            intents=tuple(self.intents),
        )
