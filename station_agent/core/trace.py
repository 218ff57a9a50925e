"""Why a slot ended as it did: coded facts, in memory until they are written with its outcome.

A fact is noted when it changes, never because time passed. What a power cut loses is what was not
yet known when the slot was started: that much is in its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, TypeAlias

from station_agent.core.clock_trust import ClockTrust
from station_agent.core.moment import Moment
from station_agent.core.order_slot import OrderSlot
from station_agent.core.outcomes import Sounded, Verdict
from station_agent.core.records import SlotRecord
from station_protocol.messages import MOST_FACTS, PlannedSlot, TraceEntry, TraceFact
from station_protocol.vocabulary import FactCode, Outcome, Reason

Values: TypeAlias = dict[str, Any]

NEAR = timedelta(hours=1)
"""A restart so long before a slot, or later, belongs to its story."""

CLOCK_CHANGES_KEPT = 8
LOST, BACK = "lost", "back"
_DAY_MS = 86_400_000
_LIMITS = frozenset({Reason.QUIET_HOURS, Reason.TOO_LONG})
_OFF = frozenset({Reason.AGENT_DOWN, Reason.POWER_OFF})
_MEASURED = frozenset({"error_ms"})
"""Values that differ at each look; they do not make a fact a new one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for the whole station at one moment."""

    now: Moment
    clock: ClockTrust
    plan: tuple[int, int] | None
    limits_version: int
    is_device_lost: bool
    storage_fault: str | None

    def fact(self, code: FactCode, at: datetime | None = None, **values: Any) -> TraceFact:
        """A fact of now, or of the given sure instant; unsure by a clock nobody believes."""
        known_at = at or self.clock.estimate(self.now)
        at, is_sure = known_at or self.now.wall, known_at is not None
        return TraceFact(code=code, at=at, is_sure=is_sure, **values)

    def clock_values(self) -> Values:
        """How far the clock is believed."""
        report = self.clock.report(self.now)
        why = self.clock.why or None
        return {"level": report.level, "error_ms": report.error_ms, "why": why}


@dataclass(frozen=True, slots=True)
class Noted:
    """A fact and when it was noted by the clock that nobody sets; None: in an earlier run."""

    fact: TraceFact
    mono_ms: int | None

    def dated(self, standing: Standing) -> TraceFact:
        """The fact with its true instant, if that is known by now."""
        at = standing.clock.estimate(standing.now)
        if self.fact.is_sure or self.mono_ms is None or at is None:
            return self.fact
        ago = timedelta(milliseconds=standing.now.mono_ms - self.mono_ms)
        return self.fact.model_copy(update={"at": at - ago, "is_sure": True})


@dataclass(slots=True)
class Story:
    """The facts of one slot so far; of too many the first and the last ones."""

    told: list[Noted] = field(default_factory=list)
    left_out: int = 0
    is_open: bool = False
    """Whether what holds for the whole station has been told."""
    _last: dict[str, Values] = field(default_factory=dict)

    def add(
        self, standing: Standing, code: FactCode, values: Values, at: datetime | None = None
    ) -> None:
        """Note a fact, unless it says what the last one of its code said."""
        said = {name: value for name, value in values.items() if name not in _MEASURED}
        if not self.says(code, said):
            self._last[code] = said
            self.keep(Noted(standing.fact(code, at, **values), standing.now.mono_ms))

    def says(self, code: FactCode, said: Values) -> bool:
        """Whether the last fact of this code says this already; measured values do not count."""
        return self._last.get(code) == said

    def forget(self, code: FactCode) -> None:
        """The same may be told again."""
        self._last.pop(code, None)

    def keep(self, noted: Noted) -> None:
        """Take in a fact as it is."""
        # The instant first: it tells most facts apart, and comparing them whole is slow.
        if any(known.mono_ms == noted.mono_ms and known == noted for known in self.told):
            return
        if len(self.told) == MOST_FACTS:
            del self.told[MOST_FACTS // 2]
            self.left_out += 1
        self.told.append(noted)

    def last_why(self, code: FactCode) -> str | None:
        """Why, as the last fact of this code says."""
        why: str | None = self._last.get(code, {}).get("why")
        return why

    def has(self, code: FactCode) -> bool:
        """Whether anything of this code was told."""
        return code in self._last


@dataclass(slots=True)
class Trace:
    """The stories of all slots to come and under way."""

    stories: dict[str, Story] = field(default_factory=dict)
    revisions: dict[str, int] | None = None
    """Slots of the plan and their revisions when they were last looked at; None: never yet."""
    restart: Noted | None = None
    clock_changes: list[Noted] = field(default_factory=list)

    # --- what goes on -----------------------------------------------------------------------------

    def restarted(self, standing: Standing, why: str | None, off_at: datetime | None) -> None:
        """This run begins; the last one was last heard of at `off_at`."""
        fact = standing.fact(FactCode.RESTARTED, why=why, other_at=off_at)
        self.restart = Noted(fact, standing.now.mono_ms)

    def follow_clock(self, standing: Standing) -> None:
        """Remember the last changes of trust, for slots that nobody could yet call due."""
        if not self.knows(standing.clock):
            fact = standing.fact(FactCode.CLOCK, **standing.clock_values())
            noted = Noted(fact, standing.now.mono_ms)
            self.clock_changes = [*self.clock_changes, noted][-CLOCK_CHANGES_KEPT:]

    def knows(self, clock: ClockTrust) -> bool:
        """Whether the last change of trust that was remembered led to this."""
        last = self.clock_changes[-1].fact if self.clock_changes else None
        return last is not None and (last.level, last.why or "") == (clock.level, clock.why)

    def follow_plan(
        self, standing: Standing, pending: Sequence[PlannedSlot], started: Iterable[str]
    ) -> None:
        """Note which slots are new or changed; let go of those that are no longer ours."""
        before, now = self.revisions, {slot.slot_id: slot.revision for slot in pending}
        self.revisions = now
        if before is not None and not now.items() <= before.items():
            for slot in pending:
                self._compare(standing, slot, before.get(slot.slot_id))
        kept = {*self.revisions, *started}
        self.stories = {key: story for key, story in self.stories.items() if key in kept}

    def _compare(self, standing: Standing, slot: PlannedSlot, revision: int | None) -> None:
        if revision == slot.revision:
            return
        epoch, version = standing.plan or (0, 0)
        values: Values = {"epoch": epoch, "version": version}
        code = FactCode.PLAN_HEARD
        if revision is not None:
            code, values["other_at"] = FactCode.PLAN_CHANGED, slot.starts_at
        self._story(slot.slot_id).add(standing, code, values)

    def tell(self, standing: Standing, slot_id: str, code: FactCode, values: Values) -> None:
        """Note something about one slot, if it has changed."""
        self._story(slot_id).add(standing, code, values)

    def tell_standing(self, standing: Standing, slot_id: str, planned_at: datetime) -> None:
        """Note what holds for the whole station, as far as it has changed for this slot."""
        story = self._story(slot_id)
        if not story.is_open:
            self._open(story, standing, planned_at)
        if standing.plan is not None:
            epoch, version = standing.plan
            story.add(standing, FactCode.PLAN_HELD, {"epoch": epoch, "version": version})
        clock = standing.clock
        if not story.says(FactCode.CLOCK, {"level": clock.level, "why": clock.why or None}):
            story.add(standing, FactCode.CLOCK, standing.clock_values())
        if standing.is_device_lost or story.has(FactCode.DEVICE):
            why = LOST if standing.is_device_lost else BACK
            story.add(standing, FactCode.DEVICE, {"why": why})
        if standing.storage_fault or story.has(FactCode.STORAGE):
            story.add(standing, FactCode.STORAGE, {"why": standing.storage_fault or BACK})

    def tell_start(
        self, standing: Standing, slot_id: str, due_at: datetime, heard: Sounded
    ) -> None:
        """Note the first frame, once it sounded."""
        if heard.started_at is not None:
            values = _start_values(due_at, heard.started_at, heard.start_error_ms)
            self._story(slot_id).add(standing, FactCode.STARTED, values, heard.started_at)

    def tell_cut(self, standing: Standing, slot_id: str, values: Values) -> None:
        """Note what ended a slot's sound, once each time it sounds."""
        story = self._story(slot_id)
        if not story.has(FactCode.CUT):
            story.add(standing, FactCode.CUT, values)

    def tell_resumed(self, standing: Standing, slot_id: str, played_ms: int) -> None:
        """Note that an interrupted slot goes on; it may be cut again."""
        story = self._story(slot_id)
        if not story.says(FactCode.WENT_ON, {"ms": played_ms}):
            story.add(standing, FactCode.WENT_ON, {"ms": played_ms})
            story.forget(FactCode.CUT)

    def take_up(self, record: SlotRecord) -> None:
        """Begin with what the last run had written of a slot that now goes on."""
        if record.slot_id not in self.stories:
            told = [Noted(fact, None) for fact in record.facts]
            self.stories[record.slot_id] = Story(told)

    def _open(self, story: Story, standing: Standing, planned_at: datetime) -> None:
        """Begin with what came before: a restart near the slot, a clock nobody believed."""
        story.is_open = True
        self.follow_clock(standing)
        early = self._doubts_about(planned_at, standing)
        if self.restart is not None:
            fact = self.restart.dated(standing)
            if not fact.is_sure or fact.at > planned_at - NEAR:
                early.append(self.restart)
        heard, story.told = story.told, []
        story.told = sorted([*early, *heard], key=lambda noted: noted.mono_ms or 0)

    def _doubts_about(self, planned_at: datetime, standing: Standing) -> list[Noted]:
        """The distrust that reached into the slot's time, unless it still lasts."""
        changes = self.clock_changes
        return [
            noted
            for noted, then in pairwise(changes)
            if noted.fact.why is not None and then.dated(standing).at >= planned_at
        ]

    # --- the end ----------------------------------------------------------------------------------

    def ending(
        self, standing: Standing, slot: PlannedSlot, verdict: Verdict, closes_at: datetime
    ) -> None:
        """Note why a slot ends that never started."""
        known = self.revisions
        if known is not None and slot.slot_id not in known:
            self._compare(standing, slot, None)
        self.tell_standing(standing, slot.slot_id, slot.starts_at)
        story = self._story(slot.slot_id)
        if verdict.reason in _OFF and self.restart is not None:
            story.keep(self.restart)
        if isinstance(slot, OrderSlot):
            story.add(standing, FactCode.ORDERED, names(slot))
        if verdict.outcome is Outcome.CANCELLED:
            story.add(standing, FactCode.CANCELLED, {"why": "plan" if slot.cancelled else "order"})
            return
        if verdict.reason in _LIMITS:
            values = {"version": standing.limits_version, "why": verdict.reason.value}
            story.add(standing, FactCode.LIMITS, values)
        at = standing.clock.estimate(standing.now)
        if at is not None and at > closes_at:
            story.add(standing, FactCode.WINDOW_CLOSED, {"other_at": closes_at})

    def entry(
        self, standing: Standing, record: SlotRecord, verdict: Verdict, sounded: Sounded
    ) -> TraceEntry:
        """The whole story of a slot that has just got its outcome."""
        story = self.stories.get(record.slot_id)
        if story is None:
            story = self._interrupted(standing, record, sounded)
        else:
            self._played(story, standing, record, verdict, sounded)
            del self.stories[record.slot_id]
        return TraceEntry(
            slot_id=record.slot_id,
            revision=record.revision,
            facts=tuple(noted.dated(standing) for noted in story.told),
            left_out=story.left_out,
        )

    def so_far(self, standing: Standing, slot_id: str) -> tuple[TraceFact, ...]:
        """What can be said when the slot is started: it outlives a power cut."""
        return tuple(noted.dated(standing) for noted in self._story(slot_id).told)

    def _played(
        self,
        story: Story,
        standing: Standing,
        record: SlotRecord,
        verdict: Verdict,
        sounded: Sounded,
    ) -> None:
        if record.state != "started":
            return
        self.tell_standing(standing, record.slot_id, record.planned_at)
        self.tell_start(standing, record.slot_id, record.planned_at, sounded)
        why = verdict.reason.value if verdict.reason else None
        is_short = verdict.outcome not in (Outcome.AIRED, Outcome.LATE)
        if is_short and story.last_why(FactCode.CUT) != why:
            story.add(standing, FactCode.CUT, {"why": why})
        if sounded.started_at is not None:
            story.add(standing, FactCode.PLAYED, _played_values(record, sounded))

    def _interrupted(self, standing: Standing, record: SlotRecord, sounded: Sounded) -> Story:
        """A slot the last run left open: what is known of it durably, and that it was cut off."""
        story = Story()
        for fact in record.facts:
            story.keep(Noted(fact, None))
        if sounded.started_at is not None:
            values = _start_values(record.planned_at, sounded.started_at, sounded.start_error_ms)
            story.add(standing, FactCode.STARTED, values, sounded.started_at)
            off_at = self.restart.fact.other_at if self.restart else None
            values = {"why": "marked", **_played_values(record, sounded)}
            story.add(standing, FactCode.PLAYED, values, off_at)
        if self.restart is not None:
            story.keep(self.restart)
        return story

    def _story(self, slot_id: str) -> Story:
        return self.stories.setdefault(slot_id, Story())


def _start_values(due_at: datetime, started_at: datetime, error_ms: float | None) -> Values:
    late_ms = max(0, round((started_at - due_at) / timedelta(milliseconds=1)))
    return {"error_ms": error_ms, "ms": min(late_ms, _DAY_MS)}


def _played_values(record: SlotRecord, sounded: Sounded) -> Values:
    return {"ms": max(0, sounded.played_ms), "of_ms": record.planned_ms}


def names(slot: PlannedSlot) -> Values:
    """What has, takes or asks for the air: a slot of the plan, or an order."""
    by = slot.order_id if isinstance(slot, OrderSlot) else slot.slot_id
    return {"by": by, "title": slot.title, "priority": slot.priority}
