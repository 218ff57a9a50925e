"""Bugs put into the core while a world runs, each of which the checkers have to find.

Substitutions at the core's seams: no switch and no faulty branch exists in the packages. Every one
is a mistake somebody could have made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from station_agent.core import (
    acceptance,
    agenda,
    clock_trust,
    desk,
    playout,
)
from station_agent.core.agent import Agent
from station_agent.core.effects import ConfirmJournal, Persist, Send, Start
from station_agent.core.events import Event, StopPressed
from station_agent.core.lifetime import Lifetime
from station_agent.core.outcomes import Verdict
from station_agent.core.playout import Playout
from station_agent.core.reporter import Reporter
from station_agent.core.station import Station
from station_agent.core.turn import Turn
from station_protocol.messages import FlipEntry
from station_protocol.vocabulary import Outcome, Reason

Patch = tuple[Any, str, Any]
Mutant = Callable[[], list[Patch]]

MUTANTS: dict[str, Mutant] = {}


def _mutant(make: Mutant) -> Mutant:
    MUTANTS[make.__name__.removeprefix("_")] = make
    return make


@_mutant
def _no_version_check() -> list[Patch]:
    """Any plan that is valid now is taken, also one that was replaced long ago."""

    def problem(claims: Any, *, at: Any, **_: Any) -> str | None:
        return acceptance.window_problem(claims, at)

    return [(acceptance, "state_problem", problem)]


@_mutant
def _epoch_ignored() -> list[Patch]:
    """Versions are compared although they are counted anew after a restore."""

    def problem(claims: Any, *, known_epoch: int, held: Any, at: Any) -> str | None:
        stale = held is not None and claims.version < held[1]
        return acceptance.STALE if stale else acceptance.window_problem(claims, at)

    return [(acceptance, "state_problem", problem)]


def _reordered(first: Callable[[Any], bool]) -> list[Patch]:
    original = Turn.effects

    def effects(turn: Turn) -> tuple[Any, ...]:
        return tuple(sorted(original(turn), key=lambda effect: not first(effect)))

    return [(Turn, "effects", effects)]


@_mutant
def _start_before_persist() -> list[Patch]:
    """The sound is let go, then the intent is written."""
    return _reordered(lambda effect: isinstance(effect, Start))


@_mutant
def _answer_before_persist() -> list[Patch]:
    """An order is answered before it is remembered."""
    return _reordered(lambda effect: isinstance(effect, Send))


@_mutant
def _intent_not_written() -> list[Patch]:
    """Only outcomes are written down, not starts."""
    original = Turn._persist

    def persist(turn: Turn) -> tuple[Persist, ...]:
        turn.slots = {name: slot for name, slot in turn.slots.items() if slot.state == "ended"}
        return original(turn)

    return [(Turn, "_persist", persist)]


@_mutant
def _replay_after_reboot() -> list[Patch]:
    """What was cut by a power cut is still to come."""

    def begin(self: Lifetime, turn: Turn) -> None:
        for record in list(self.station.ledger.values()):
            if record.state == "started":
                del self.station.ledger[record.slot_id]
        original(self, turn)

    original = Lifetime.begin
    return [(Lifetime, "begin", begin)]


@_mutant
def _cancel_ignored_when_playing() -> list[Patch]:
    """What sounds, sounds to its end."""
    return [
        (Playout, "stop", lambda self, *_args, **_kwargs: False),
        (Playout, "plan_changed", lambda self, turn: None),
    ]


@_mutant
def _button_ignored() -> list[Patch]:
    """Nobody at the station can stop it."""

    def take_in(self: Agent, turn: Turn, event: Event) -> None:
        if not isinstance(event, StopPressed):
            original(self, turn, event)

    original = Agent._take_in
    return [(Agent, "_take_in", take_in)]


@_mutant
def _cancel_forgotten() -> list[Patch]:
    """A cancellation is answered, and kept by nobody."""
    return [(acceptance, "with_cancelled", lambda memory, slot_id: memory)]


@_mutant
def _late_without_spacing() -> list[Patch]:
    """After a step of the clock everything late starts at once."""
    return [(Playout, "_would_burst", lambda self, *_: False)]


@_mutant
def _step_not_noticed() -> list[Patch]:
    """A clock that was right stays right."""

    def observed(trust: clock_trust.ClockTrust, now: Any) -> clock_trust.ClockTrust:
        return trust._replace(latest_at=now.wall) if trust.is_trusted else trust

    return [(clock_trust, "observed", observed)]


@_mutant
def _window_ignored() -> list[Patch]:
    """A slot may begin as late as it likes."""
    original = playout.closes_at
    return [(playout, "closes_at", lambda slot: original(slot) + timedelta(hours=6))]


@_mutant
def _journal_forgotten_on_send() -> list[Patch]:
    """What was sent has arrived."""
    original = Reporter._forward

    def forward(self: Reporter, turn: Turn) -> None:
        before = len(turn.asked)
        original(self, turn)
        if len(turn.asked) > before:
            self.stored_up_to = turn.numbering.head
            turn.ask(ConfirmJournal(self.stored_up_to))

    return [(Reporter, "_forward", forward)]


@_mutant
def _journal_from_the_newest() -> list[Patch]:
    """What is said last matters most: the rest is never sent."""
    original = Reporter._forward

    def forward(self: Reporter, turn: Turn) -> None:
        self.stored_up_to = max(self.stored_up_to, turn.numbering.head - 1)
        original(self, turn)

    return [(Reporter, "_forward", forward)]


@_mutant
def _quiet_hours_ignored() -> list[Patch]:
    """Whatever a plan says may sound."""
    allowed = lambda *_: None  # noqa: E731 - a rule that is not there
    return [(agenda, "verdict", allowed), (desk, "verdict", allowed)]


@_mutant
def _lower_goes_on() -> list[Patch]:
    """Nothing is ever cut."""
    return [(playout, "preempts", lambda newcomer, on_air: False)]


@_mutant
def _anybody_cuts() -> list[Patch]:
    """Whoever comes later has the air."""
    return [(playout, "preempts", lambda newcomer, on_air: True)]


@_mutant
def _two_at_once() -> list[Patch]:
    """A slot does not look whether anything sounds."""
    return [(Playout, "_is_air_taken", lambda self, *_: False)]


@_mutant
def _expired_plan_obeyed() -> list[Patch]:
    """A plan is good for ever."""
    original = agenda.obstacle_within

    def obstacle(station: Station, slot: Any, at: Any) -> Any:
        found = original(station, slot, at)
        return None if found is Reason.EXPIRED else found

    return [(playout, "obstacle_within", obstacle)]


@_mutant
def _old_orders_obeyed() -> list[Patch]:
    """An order is good for ever."""
    return [(acceptance, "order_problem", lambda claims, order, **_: None)]


@_mutant
def _orders_obeyed_again() -> list[Patch]:
    """An order that comes a second time is a second order."""
    return [(acceptance, "answer_given", lambda memory, claims, order: None)]


@_mutant
def _floor_of_time_lost() -> list[Patch]:
    """The latest time seen is not kept."""
    original = Reporter.mark

    def mark(self: Reporter, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **kwargs).model_copy(update={"latest_at": None})

    return [(Reporter, "mark", mark)]


@_mutant
def _unknown_counted_up() -> list[Patch]:
    """A run that broke off is never closed: the hours without power count as up."""
    original = Turn.note

    def note(self: Turn, evidence: Any, at: Any = None) -> None:
        broke_off = isinstance(evidence, FlipEntry) and evidence.health == "off" and at is not None
        if not broke_off:
            original(self, evidence, at)

    return [(Turn, "note", note)]


@_mutant
def _missed_in_silence() -> list[Patch]:
    """A slot whose window passed is no longer anybody's business."""

    def end(self: Station, turn: Turn, slot: Any, verdict: Verdict) -> None:
        self.pending = [other for other in self.pending if other.slot_id != slot.slot_id]

    return [(Station, "end", end)]


@_mutant
def _hung_player_waited_for() -> list[Patch]:
    """A player always answers."""
    return [(Playout, "_watch", lambda self, turn: None)]


@_mutant
def _cut_told_as_aired() -> list[Patch]:
    """What was started has aired."""

    def of_play(*_: Any, **__: Any) -> Verdict:
        return Verdict(Outcome.AIRED)

    return [(playout, "of_play", of_play)]


@_mutant
def _plan_not_written() -> list[Patch]:
    """The floor is kept, the plan itself is not."""
    original = Turn._persist

    def persist(turn: Turn) -> tuple[Persist, ...]:
        turn.plan = None
        return original(turn)

    return [(Turn, "_persist", persist)]


@contextmanager
def applied(name: str | None) -> Iterator[None]:
    """The core with this bug in it; None: as it is."""
    patches = MUTANTS[name]() if name else []
    running = [mock.patch.object(target, attribute, new) for target, attribute, new in patches]
    for one in running:
        one.start()
    try:
        yield
    finally:
        for one in running:
            one.stop()
