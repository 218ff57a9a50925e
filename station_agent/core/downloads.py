"""Which sound to fetch next: what is due first, one at a time, going on where it broke off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from station_agent.core import thrift
from station_agent.core.agenda import CHECK
from station_agent.core.effects import (
    CancelFetch,
    CheckAsset,
    Effect,
    Fetch,
    KeepResident,
    ProtectAssets,
)
from station_agent.core.events import AssetChecked, AssetHeld, FetchFailed, FetchProblem
from station_agent.core.station import Station, Wanted
from station_agent.core.thrift import Spent, Thrift
from station_agent.core.turn import Turn
from station_protocol.messages import FaultEntry, HoldingEntry

FIRST_RETRY_MS = 2_000
LONGEST_RETRY_MS = 60_000
_AFTER_CORRUPT_MS = 5_000


@dataclass(slots=True)
class Attempt:
    """How often a sound failed to come, and when it is tried again."""

    failures: int
    retry_mono_ms: int


def retry_in_ms(failures: int) -> int:
    """Doubling from two seconds to a minute."""
    return int(min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** min(failures - 1, 10)))


@dataclass(slots=True)
class Downloads:
    """What is being fetched, what must wait, what was looked at again."""

    station: Station
    fetching: str | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    not_before_mono_ms: int = 0
    spread_ms: int = 0
    checked_for: set[str] = field(default_factory=set)
    resident: tuple[str, ...] = ()
    missing: list[Wanted] = field(default_factory=list)
    """What is needed and not here, soonest needed first; as of this turn."""

    def plan_changed(self, turn: Turn) -> None:
        """Protect what the new plan needs; forget failures, the centre may have it now."""
        self.attempts.clear()
        self.not_before_mono_ms = turn.now.mono_ms + self.spread_ms
        pending = {slot.slot_id for slot in self.station.pending}
        self.checked_for &= pending
        turn.ask(self._protection())

    def _protection(self) -> ProtectAssets:
        """What is still to be played; told again before each fetch, which may need the room."""
        return ProtectAssets(tuple(self.station.required()))

    def link_returned(self) -> None:
        """What could not be reached is tried again at once."""
        self.attempts.clear()

    def advance(self, turn: Turn) -> None:
        """Begin the next fetch, or leave the present one for what is due sooner."""
        self._keep_resident(turn)
        missing = self.missing = self._find_missing()
        if self.fetching is not None and all(item.sha256 != self.fetching for item in missing):
            turn.ask(CancelFetch(self.fetching))
            self.fetching = None
        chosen = next((item for item in missing if self._may_try(turn, item)), None)
        if chosen is None or chosen.sha256 == self.fetching:
            return
        if self.fetching is not None:
            turn.ask(CancelFetch(self.fetching))
        self.fetching = chosen.sha256
        turn.ask(self._protection())
        turn.ask(Fetch(chosen.sha256, chosen.size_bytes, self.station.config.sound_over))

    def _keep_resident(self, turn: Turn) -> None:
        resident = self.station.resident
        if resident != self.resident:
            self.resident = resident
            turn.ask(self._protection(), KeepResident(resident))

    def _find_missing(self) -> list[Wanted]:
        held, words, required = self.station.held, self.station.words, self.station.required()
        return [
            item for sha256, item in required.items() if sha256 not in held and sha256 not in words
        ]

    def _thrift(self) -> Thrift:
        config = self.station.config
        return Thrift(config.fetch_hours, config.fetch_daily_bytes)

    def _spent(self) -> Spent | None:
        memory = self.station.memory
        return Spent(memory.fetched_on, memory.fetched_bytes) if memory.fetched_on else None

    def _may_try(self, turn: Turn, item: Wanted) -> bool:
        at, spent = self.station.clock.estimate(turn.now), self._spent()
        spent_bytes = spent.on_day_of(at) if spent and at else 0
        if not thrift.allows(self._thrift(), item, at, spent_bytes):
            return False
        if self.station.is_too_hot and at is not None and not thrift.is_due_soon(item, at):
            return False
        sha256 = item.sha256
        if self.station.config.sound_over == "mqtt" and not self.station.is_connected:
            return False
        attempt = self.attempts.get(sha256)
        waits_until = attempt.retry_mono_ms if attempt else 0
        return turn.now.mono_ms >= max(waits_until, self.not_before_mono_ms)

    def held(self, turn: Turn, event: AssetHeld) -> None:
        """A sound is here."""
        if self.fetching == event.sha256:
            self._count(turn, event.size_bytes)
        self._finished(event.sha256)
        self.attempts.pop(event.sha256, None)
        self.station.damaged.discard(event.sha256)
        if event.sha256 in self.station.held:
            return
        self.station.held[event.sha256] = event.size_bytes
        turn.note(HoldingEntry(sha256=event.sha256, held=True, size_bytes=event.size_bytes))

    def failed(self, turn: Turn, event: FetchFailed) -> None:
        """A sound did not come; it is tried again, later each time."""
        self._finished(event.sha256)
        failures = getattr(self.attempts.get(event.sha256), "failures", 0) + 1
        wait_ms = retry_in_ms(failures)
        if event.retry_after_s is not None:
            wait_ms = max(wait_ms, round(event.retry_after_s * 1000))
        if event.why is FetchProblem.CORRUPT:
            self.station.damaged.add(event.sha256)
            wait_ms = max(wait_ms, _AFTER_CORRUPT_MS)
        self.attempts[event.sha256] = Attempt(failures, turn.now.mono_ms + wait_ms)

    def _count(self, turn: Turn, size_bytes: int) -> None:
        """Remember what was fetched today, if there is a budget."""
        at = self.station.clock.estimate(turn.now)
        if at is None or self.station.config.fetch_daily_bytes is None:
            return
        spent = thrift.added(self._spent(), size_bytes, at)
        update = {"fetched_on": spent.on, "fetched_bytes": spent.size_bytes}
        self.station.memory = turn.memory = self.station.memory.model_copy(update=update)

    def next_instant(self, at: datetime) -> datetime | None:
        """When, after `at`, something that was put off may be fetched."""
        if not self.missing:
            return None
        return min(thrift.instants(self._thrift(), self.missing, at), default=None)

    def _finished(self, sha256: str) -> None:
        if self.fetching == sha256:
            self.fetching = None

    def checked(self, turn: Turn, event: AssetChecked) -> None:
        """A file was looked at again; a bad one is reported and fetched anew."""
        if event.problem is None or event.sha256 not in self.station.held:
            return
        self.station.damaged.add(event.sha256)
        self.lost(turn, event.sha256, event.problem)
        turn.note(FaultEntry(code=event.problem, detail=event.sha256))

    def lost(self, turn: Turn, sha256: str, why: str) -> None:
        """A sound is no longer held."""
        if self.station.held.pop(sha256, None) is not None:
            self.attempts.pop(sha256, None)
            turn.note(HoldingEntry(sha256=sha256, held=False, why=why))

    def check_soon_due(self, turn: Turn, at: datetime) -> None:
        """Hash the files of a slot again while there is time to fetch them anew."""
        for slot in self.station.due_until(at + CHECK):
            if slot.slot_id not in self.checked_for and self.station.is_held(slot):
                self.checked_for.add(slot.slot_id)
                turn.ask(*self._checks(item.sha256 for item in slot.items))

    def check_all(self, turn: Turn) -> None:
        """Hash everything that will be needed."""
        turn.ask(*self._checks(iter(self.station.required())))

    def _checks(self, sha256s: Iterator[str]) -> list[Effect]:
        return [CheckAsset(sha256) for sha256 in sha256s if sha256 in self.station.held]

    def mono_deadlines(self) -> list[int]:
        """When a waiting fetch may be tried; nobody is woken for what is not missing."""
        found = [attempt.retry_mono_ms for attempt in self.attempts.values()]
        return [self.not_before_mono_ms, *found] if self.missing else found
