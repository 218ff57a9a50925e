"""What must hold whatever happens, in whatever order: drawn histories with crashes and steps."""

from __future__ import annotations

import ast
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from station_agent.core import events as ev
from station_agent.core.limits import allows
from station_protocol import messages as wire
from station_protocol.vocabulary import Authority, Outcome, Priority, Reason
from tests.support.rig import (
    Rig,
    in_minutes,
    sha,
    signed_limits,
    signed_order,
    signed_plan,
    slot,
    slot_id,
)

CORE = Path(__file__).parents[4] / "station_agent" / "core"

made_slots = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.integers(-2, 50),
        st.sampled_from([5, 30, 200]),
        st.sampled_from([0, 60, 300]),
        st.sampled_from([Priority.ORDINARY, Priority.PRIORITY]),
        st.sampled_from(Authority),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda made: made[0],
)


CAUSES: dict[Reason | None, set[object]] = {
    None: {"played"},
    Reason.OFFLINE_NO_FILE: {("files", "missing"), ("not_prepared", "offline_no_file")},
    Reason.FILE_CORRUPT: {("files", "damaged"), ("not_prepared", "file_corrupt")},
    Reason.EXPIRED: {"plan_expired"},
    Reason.CLOCK_UNTRUSTED: {("clock", "clock_untrusted"), ("clock", "clock_wrong")},
    Reason.AUDIO_DEVICE_MISSING: {
        ("device", "lost"),
        ("not_prepared", "audio_device_missing"),
        ("cut", "audio_device_missing"),
    },
    Reason.PLAYER_FAILED: {("not_prepared", "player_failed"), ("cut", "player_failed")},
    Reason.POWER_OFF: {("restarted", "power_off")},
    Reason.AGENT_DOWN: {
        ("restarted", "agent_down"),
        ("cut", "agent_down"),
        ("restarted", "stopped"),
    },
    Reason.DISK_FULL: {("storage", "disk_full")},
    Reason.STORAGE_READONLY: {("storage", "storage_readonly")},
    Reason.PREEMPTED: {("cut", "preempted")},
    Reason.QUIET_HOURS: {("limits", "quiet_hours")},
    Reason.TOO_LONG: {("limits", "too_long")},
    Reason.PLAN_NOT_HELD: {"plan_heard", "plan_changed"},
    Reason.WINDOW_PASSED: {"air_taken", "late_spacing", "window_closed", ("cut", "preempted")},
    Reason.STOPPED_BY_OPERATOR: {"cancelled", ("cut", "stopped_by_operator")},
    Reason.STOPPED_AT_STATION: {("cut", "stopped_at_station")},
    Reason.LATE_RECOVERY: {"started"},
}
"""The facts of which one must be told with each reason."""


class StationLife(RuleBasedStateMachine):
    """A station whose world does what it likes."""

    @initialize()
    def begin(self) -> None:
        self.rig = Rig()
        self.rig.boot().connect()
        self.version = 0
        self.lines_read = 0
        self.versions: list[tuple[int, int]] = []
        self.slot_starts: dict[str, set[datetime]] = {}

    @rule(slots=made_slots, age=st.sampled_from([1, 1, 1, 0, -2]))
    def plan(self, slots: list[tuple[int, ...]], age: int) -> None:
        self.version = max(1, self.version + age)
        minute = int((self.rig.true - in_minutes(0)).total_seconds() // 60)
        planned = []
        for number, offset, seconds, lateness, priority, authority, cancelled in slots:
            starts_at = in_minutes(minute + offset)
            planned.append(
                slot(
                    number,
                    starts_at,
                    seconds=seconds,
                    lateness_s=lateness,
                    priority=priority,
                    authority=authority,
                    cancelled=cancelled,
                    revision=self.version,
                )
            )
        self.rig.tell(signed_plan(*planned, version=self.version, not_after=in_minutes(99_999)))

    @rule(seconds=st.sampled_from([0.5, 1, 4, 5, 20, 61, 300, 1500]))
    def wait(self, seconds: float) -> None:
        self.rig.run(seconds)

    @rule(after_s=st.sampled_from([0.1, 3, 30, 400]), power_cut=st.booleans())
    def reboot(self, after_s: float, power_cut: bool) -> None:
        self.rig.reboot(after_s, power_cut=power_cut)

    @rule()
    def stop_and_start(self) -> None:
        self.rig.stop()
        self.rig.boot()

    @rule(step=st.sampled_from([0, 0, 1, 3, 600, 3600, -3, -3600]))
    def set_clock(self, step: int) -> None:
        self.rig.clock_error = timedelta(seconds=step)

    @rule(up=st.booleans())
    def link(self, up: bool) -> None:
        if up and not self.rig.link_is_up:
            self.rig.connect()
        elif not up and self.rig.link_is_up:
            self.rig.disconnect()

    @rule(problem=st.sampled_from([None, None, *ev.StorageProblem]))
    def disk(self, problem: ev.StorageProblem | None) -> None:
        self.rig.store.fails_with = problem

    @rule(why=st.sampled_from([None, None, Reason.PLAYER_FAILED, Reason.AUDIO_DEVICE_MISSING]))
    def player(self, why: Reason | None) -> None:
        self.rig.fails_prepare = why

    @rule(number=st.integers(1, 12))
    def cancel(self, number: int) -> None:
        self.rig.tell(
            signed_order(
                wire.CancelDeed(slot_id=slot_id(number)),
                not_before=in_minutes(-99),
                not_after=in_minutes(99_999),
            )
        )

    @rule()
    def stop_order(self) -> None:
        self.rig.tell(signed_order(wire.StopDeed(), not_after=in_minutes(99_999)))

    @rule(number=st.integers(1, 12))
    def damage(self, number: int) -> None:
        self.rig.damaged.add(sha(number))

    @rule(version=st.integers(1, 3), closes=st.sampled_from([1260, 330, 390]))
    def limits(self, version: int, closes: int) -> None:
        hours = (wire.HoursSpan(opens_min=300, closes_min=closes),)
        self.rig.tell(signed_limits(version, hours=hours))

    @invariant()
    def no_slot_has_two_outcomes(self) -> None:
        self.rig.outcomes()

    @invariant()
    def every_outcome_comes_with_a_story_that_names_its_cause(self) -> None:
        lines = [entry.evidence for entry in self.rig.store.entries[self.lines_read :]]
        self.lines_read += len(lines)
        for line, trace in pairwise([*lines, None]):
            if isinstance(line, wire.AsRunEntry):
                assert isinstance(trace, wire.TraceEntry)
                assert (trace.slot_id, trace.revision) == (line.slot_id, line.revision)
                told = {(fact.code, fact.why) for fact in trace.facts}
                assert CAUSES[line.reason] & {*told, *(code for code, _ in told)}, (line, trace)

    @invariant()
    def no_slot_sounds_twice(self) -> None:
        heard = self.rig.heard_slots()
        assert len(heard) == len(set(heard))

    @invariant()
    def what_sounded_was_intended_first(self) -> None:
        assert set(self.rig.heard_slots()) <= set(self.rig.store.slots)

    @invariant()
    def the_plan_on_disk_never_gets_older(self) -> None:
        memory = self.rig.store.memory
        self.versions.append((memory.plan_epoch, memory.plan_version))
        assert all(old <= new for old, new in pairwise(self.versions))

    @invariant()
    def numbers_are_never_used_twice(self) -> None:
        numbers = [entry.entry_no for entry in self.rig.store.entries]
        assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def nothing_starts_in_quiet_hours(self) -> None:
        widest = signed_limits(9).signed.message
        for play in self.rig.heard:
            assert allows(widest, play.started_at, play.started_at)

    @invariant()
    def every_outcome_but_aired_has_a_reason(self) -> None:
        for line in self.rig.evidence(wire.AsRunEntry):
            assert (line.reason is None) == (line.outcome is Outcome.AIRED)
            assert line.reason is not Reason.PREEMPTED or line.outcome is Outcome.CUT_SHORT

    @invariant()
    def the_amplifier_is_on_while_something_sounds(self) -> None:
        if any(cue.started for cue in self.rig._cues.values()):
            assert self.rig.amplifier[-1][1]

    def teardown(self) -> None:
        """In the end, with everything healed, every started slot has its outcome."""
        rig = self.rig
        rig.store.fails_with = None
        rig.fails_prepare = None
        rig.clock_error = timedelta(0)
        rig.disconnect()
        rig.connect()
        rig.run(4000)
        outcomes = rig.outcomes()
        assert set(rig.heard_slots()) <= set(outcomes)
        assert not any(record.state == "started" for record in rig.store.slots.values())
        assert rig.agent is not None
        assert rig.agent.playout.plays == {}
        assert rig.agent.station.pending == []


StationLife.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStationLife = StationLife.TestCase


@given(st.lists(st.sampled_from([-7200, -5, -1, 1, 5, 7200]), max_size=6))
@example([-7200, -7200, 7200, 7200, 5])
@settings(max_examples=30)
def test_no_series_of_steps_makes_two_late_starts_within_a_minute(steps: list[int]) -> None:
    slots = [slot(n, in_minutes(2 + n), lateness_s=3600, seconds=5) for n in range(6)]
    rig = Rig().boot().connect()
    rig.tell(signed_plan(*slots))
    rig.run(10)
    for step in steps:
        rig.run(70)
        rig.clock_error += timedelta(seconds=step)
    rig.run(30)
    rig.clock_error = timedelta(0)
    rig.run(4000)
    due = {one.slot_id: one.starts_at + timedelta(seconds=5) for one in slots}
    starts = [play.mono_ms for play in rig.heard if play.let_go_at > due[play.slot_id]]
    assert all(after - before >= 60_000 for before, after in pairwise(starts))
    assert len(rig.heard_slots()) == len(set(rig.heard_slots()))


def test_the_core_imports_no_clock_no_chance_no_machine() -> None:
    forbidden = {"time", "socket", "random", "os", "threading", "subprocess", "pathlib", "asyncio"}
    for module in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not forbidden & {name.split(".")[0] for name in names}, module.name
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"now", "utcnow", "today"}, module.name
