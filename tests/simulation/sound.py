"""A player and its card: what station_agent.player promises to the core, and how it breaks.

Nothing is decided here: a play that is let go sounds. Two never sound at once; the second waits for
the first to end, and the ledger keeps how long it had to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol.vocabulary import Reason
from tests.simulation.disk import Disk
from tests.simulation.ledger import Heard, Queued
from tests.simulation.timeline import SECOND, ms_of

PREPARE_MS = 180
LATENCY_MS = 20
RACE_MS = 3_000
"""A planned play is let go up to 1.5 seconds before its first frame."""
FOLLOWS_WITHIN_MS = 8_000
"""A slot may be let go behind another that is just about to end."""


class Host(Protocol):
    """The station a player belongs to."""

    station_id: str
    disk: Disk

    def later(self, ms: int, make: Callable[[], ev.Event | None]) -> None:
        """Have something happen in this run of the agent."""

    def true_now(self) -> int:
        """The true time."""

    def own_wall_ms(self) -> int:
        """The wall clock."""

    def is_intent_durable(self, play_id: str) -> bool:
        """Whether the card says that this play was to start."""

    def first_frame(self, play_id: str, pieces: tuple[str, ...], *, intent: bool) -> Heard:
        """Write down that a play sounds; `intent`: it was on the card when it was let go."""

    def queued(self, queued: Queued) -> None:
        """Write down that a play has to wait for another."""

    def has_trouble(self) -> None:
        """Write down that something is wrong just now."""


@dataclass(slots=True)
class _Cue:
    play_id: str
    pieces: tuple[do.Piece, ...]
    due_ms: int | None
    is_urgent: bool = False
    heard: Heard | None = None
    is_ready: bool = False
    is_hung: bool = False
    is_stuck: bool = False
    """It sounds, then nothing is ever heard or told of it again."""
    intent: bool = False
    is_let_go: bool = False
    let_go_ms: int = 0
    let_go_error_ms: int = 0
    is_stopping: bool = False
    waits: bool = False
    """For another one to end."""

    @property
    def length_ms(self) -> int:
        return sum(piece.duration_ms for piece in self.pieces)


def _name(piece: do.Piece) -> str:
    if isinstance(piece, do.SoundFile):
        return piece.sha256
    return piece.name if isinstance(piece, do.InlineSound) else "tone"


class SimPlayer:
    """Plays of one run of an agent; a new run has a new player."""

    def __init__(self, host: Host, progress_ms: int, *, has_device: bool) -> None:
        self._host = host
        self._progress_ms = progress_ms
        self._cues: dict[str, _Cue] = {}
        self.has_device = has_device
        self._told_lost = False
        self.hang_next = False
        self.stick_next = False
        self.die_next = False

    # --- asked ------------------------------------------------------------------------------------

    def prepare(self, effect: do.Prepare) -> None:
        """Load and check; answered in a moment."""
        due_ms = None if effect.due_at is None else ms_of(effect.due_at)
        cue = _Cue(effect.play_id, effect.pieces, due_ms, effect.urgent, is_hung=self.hang_next)
        cue.is_stuck = self.stick_next
        self.hang_next = self.stick_next = False
        self._cues[effect.play_id] = cue
        if cue.is_hung:
            self._host.has_trouble()
        else:
            self._host.later(PREPARE_MS, lambda: self._prepared(cue))

    def start(self, play_id: str, *, replaces: bool) -> None:
        """Let it sound at its instant, or behind what sounds."""
        cue = self._cues.get(play_id)
        if cue is None or cue.is_hung:
            return
        cue.intent, cue.is_let_go = self._host.is_intent_durable(play_id), True
        now_ms = self._host.true_now()
        cue.let_go_ms, cue.let_go_error_ms = now_ms, self._host.own_wall_ms() - now_ms
        wait_ms = LATENCY_MS
        if cue.due_ms is not None:
            wait_ms = max(wait_ms, cue.due_ms - self._host.own_wall_ms())
        for other in self._sounding():
            left_ms = other.heard.started_ms + other.length_ms - now_ms  # type: ignore[union-attr]
            if replaces:
                self._host.later(wait_ms, lambda other=other: self._end(other, ev.EndCause.STOPPED))
            elif left_ms > wait_ms and not other.is_stopping:
                self._note_wait(cue, other, left_ms - wait_ms)
        self._host.later(wait_ms, lambda: self._sound(cue))

    def _note_wait(self, cue: _Cue, other: _Cue, wait_ms: int) -> None:
        if wait_ms > FOLLOWS_WITHIN_MS:
            host = self._host
            note = Queued(host.station_id, host.true_now(), cue.play_id, other.play_id, wait_ms)
            host.queued(note)

    def stop(self, play_id: str, fade_ms: int) -> None:
        """Fade and end."""
        cue = self._cues.get(play_id)
        answers = cue is not None and not cue.is_stuck and not (cue.is_hung and cue.heard is None)
        if cue is not None and cue.is_stuck:
            self._fall_silent(cue)
            del self._cues[play_id]  # what was stopped does not begin when a device comes back
            self._host.has_trouble()
        if cue is not None and answers:
            cue.is_stopping = True
            self._host.later(fade_ms, lambda: self._end(cue, ev.EndCause.STOPPED))

    @property
    def is_silently_stuck(self) -> bool:
        """Whether a play fell silent and nobody was told: its station waits for it to end."""
        return any(
            cue.is_stuck and cue.heard is not None and cue.heard.ended_ms is not None
            for cue in self._cues.values()
        )

    # --- what follows -----------------------------------------------------------------------------

    def _prepared(self, cue: _Cue) -> ev.Event | None:
        if self._cues.get(cue.play_id) is not cue:
            return None
        if not self.has_device:
            return self._lost()
        problem = None if cue.is_urgent else self._problem(cue)
        if problem is not None:
            del self._cues[cue.play_id]
            return ev.PlayerEnded(cue.play_id, 0, ev.EndCause.FAILED, problem)
        cue.is_ready = True
        return ev.PlayerReady(cue.play_id)

    def _problem(self, cue: _Cue) -> Reason | None:
        if self.die_next:
            self.die_next = False
            self._host.has_trouble()
            return Reason.PLAYER_FAILED
        disk = self._host.disk
        names = [piece.sha256 for piece in cue.pieces if isinstance(piece, do.SoundFile)]
        is_whole = all(name in disk.files and name not in disk.damaged for name in names)
        return None if is_whole else Reason.FILE_CORRUPT

    def _sound(self, cue: _Cue) -> ev.Event | None:
        if self._cues.get(cue.play_id) is not cue or cue.heard is not None or not self.has_device:
            return None
        early_ms = 0 if cue.due_ms is None else cue.due_ms - self._host.own_wall_ms()
        if early_ms >= SECOND:  # the clock was set meanwhile, and the samples are not queued yet
            self._host.later(early_ms, lambda: self._sound(cue))
            return None
        blocker = next(self._sounding(), None)
        if blocker is not None:
            cue.waits = True
            return None
        names = tuple(_name(piece) for piece in cue.pieces)
        cue.heard = self._host.first_frame(cue.play_id, names, intent=cue.intent)
        wall = cue.heard.started_wall
        error = None if cue.due_ms is None else float(ms_of(wall) - cue.due_ms)
        self._judge_by_clock_of_start(cue, cue.heard)
        self._play_out(cue)
        self._host.later(self._progress_ms, lambda: self._progress(cue))
        return ev.PlayerStarted(cue.play_id, wall, error)

    def _judge_by_clock_of_start(self, cue: _Cue, heard: Heard) -> None:
        """Whoever sets the clock between a start and its first frame moves no sample: it comes
        where the clock said by which it was let go, if that was the better one.
        """
        is_race = heard.started_ms - cue.let_go_ms < RACE_MS
        if is_race and abs(cue.let_go_error_ms) < abs(heard.clock_error_ms):
            heard.started_wall -= timedelta(milliseconds=heard.clock_error_ms - cue.let_go_error_ms)
            heard.clock_error_ms = cue.let_go_error_ms

    def _play_out(self, cue: _Cue) -> None:
        """To its end; of urgent words that turn out to be bad only what comes before them."""
        length_ms, problem = cue.length_ms, None
        if cue.is_stuck and cue.heard is not None:
            cue.heard.is_stuck = True
            self._host.has_trouble()
            self._host.later(length_ms // 2, lambda: self._fall_silent(cue))
            return
        if cue.is_urgent and (problem := self._problem(cue)):
            length_ms = sum(
                piece.duration_ms for piece in cue.pieces if not isinstance(piece, do.SoundFile)
            )
        elif self.die_next:
            self.die_next, length_ms = False, min(400, length_ms)
            self._host.has_trouble()
        cause = ev.EndCause.FAILED if problem else ev.EndCause.PLAYED
        self._host.later(length_ms, lambda: self._end(cue, cause, problem))

    def _fall_silent(self, cue: _Cue) -> None:
        if cue.heard is not None and cue.heard.ended_ms is None:
            cue.heard.ended_ms = self._host.true_now()
            self._let_waiting_sound()

    def _let_waiting_sound(self) -> None:
        """What was let go behind another begins right behind its last frame."""
        for cue in self._cues.values():
            if cue.waits:
                cue.waits = False
                self._host.later(0, lambda cue=cue: self._sound(cue))

    def _progress(self, cue: _Cue) -> ev.Event | None:
        if cue.heard is None or cue.heard.ended_ms is not None:
            return None
        self._host.later(self._progress_ms, lambda: self._progress(cue))
        return ev.PlayerProgress(cue.play_id, self._host.true_now() - cue.heard.started_ms)

    def _end(
        self, cue: _Cue, cause: ev.EndCause, reason: Reason | None = None
    ) -> ev.PlayerEnded | None:
        if self._cues.get(cue.play_id) is not cue:
            return None
        del self._cues[cue.play_id]
        played_ms = 0
        if cue.heard is not None:
            cue.heard.ended_ms = self._host.true_now()
            played_ms = cue.heard.sounded_ms
            self._let_waiting_sound()
        return ev.PlayerEnded(cue.play_id, played_ms, cause, reason)

    def _sounding(self) -> Iterator[_Cue]:
        return (
            cue
            for cue in list(self._cues.values())
            if cue.heard is not None and cue.heard.ended_ms is None
        )

    # --- the device -------------------------------------------------------------------------------

    def lose_device(self) -> list[ev.Event]:
        """It is unplugged: what sounds is silent at once; seen only by whoever needs it."""
        self.has_device = False
        if not self._cues:
            return []
        failed = [
            self._end(cue, ev.EndCause.FAILED, Reason.AUDIO_DEVICE_MISSING)
            for cue in self._sounding()
        ]
        lost = self._lost()
        return [event for event in (lost, *failed) if event is not None]

    def _lost(self) -> ev.Event | None:
        if self._told_lost:
            return None
        self._told_lost = True
        return ev.DeviceLost("unplugged")

    def regain_device(self) -> list[ev.Event]:
        """It is back: told to whoever missed it, and what was prepared can sound."""
        self.has_device = True
        events: list[ev.Event] = [ev.DeviceBack()] if self._told_lost else []
        self._told_lost = False
        for cue in list(self._cues.values()):
            if not cue.is_ready and not cue.is_hung and cue.heard is None:
                self._host.later(PREPARE_MS, lambda cue=cue: self._prepared(cue))
            if cue.is_let_go and not cue.is_hung and cue.heard is None:
                self._host.later(PREPARE_MS, lambda cue=cue: self._sound(cue))
        return events

    def mark_refused(self) -> None:
        """The card did not take how far a play has come."""
        for cue in self._sounding():
            if cue.heard is not None:
                cue.heard.is_unmarked = True

    def fall_silent(self) -> None:
        """The process is gone, and the sound with it."""
        for cue in self._sounding():
            self._fall_silent(cue)
        self._cues.clear()
