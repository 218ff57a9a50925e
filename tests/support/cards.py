"""A player on a bench: fake clocks, a virtual card, and a hand that turns the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np

from station_agent.player.engine import PlayerEngine
from station_agent.player.mixer import Mixer
from station_agent.player.port import (
    Cue,
    DeviceMissingError,
    Ended,
    FirstFrame,
    Frames,
    PlayerEvent,
    Position,
    Sink,
    Tone,
)
from station_agent.player.virtual_card import VirtualCard

E = TypeVar("E", bound=PlayerEvent)
NOON = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
_S = 1_000_000_000


@dataclass
class FakeClocks:
    """Both clocks, moved by hand; the wall can be stepped alone. Each reading takes 2 us."""

    mono: int = 5_000 * _S
    wall: int = int(NOON.timestamp()) * _S

    def monotonic_ns(self) -> int:
        self.mono += 2_000
        self.wall += 2_000
        return self.mono

    def wall_ns(self) -> int:
        return self.wall

    def move(self, seconds: float) -> None:
        self.mono += round(seconds * _S)
        self.wall += round(seconds * _S)

    def step_wall(self, seconds: float) -> None:
        self.wall += round(seconds * _S)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall // 1000 / 1_000_000, UTC)


class FragileCard(VirtualCard):
    """A virtual card that can be pulled out, or made to stand still."""

    is_missing = False
    peak = 0
    stands_still_at: Position | None = None

    def __init__(self, *, seed: int, clock: FakeClocks) -> None:
        super().__init__(seed=seed, clock=clock)
        self._blocks: list[Frames] = []

    def open(self) -> None:
        self._check()
        super().open()

    def write(self, block: Frames) -> int:
        self._check()
        self.peak = max(self.peak, int(abs(block).max(initial=0)))
        taken = super().write(block)
        self._blocks.append(block[:taken])
        return taken

    def drop(self) -> None:
        """Also takes back what will not be heard."""
        heard = self.consumed() - self.written_now()
        if heard < 0:
            self._blocks = [np.concatenate(self._blocks)[:heard]]
        super().drop()

    def written_now(self) -> int:
        return 0 if self._stream is None else self._stream.written

    def kept(self) -> Frames:
        """Everything that left the card or still will."""
        return np.concatenate(self._blocks)

    def position(self) -> Position:
        self._check()
        report = super().position()
        if self.stands_still_at is None:
            return report
        return Position(self.stands_still_at.frames, report.before_ns, report.after_ns)

    def _check(self) -> None:
        if self.is_missing:
            raise DeviceMissingError("unplugged")


@dataclass
class Bench:
    """An engine turned by hand; time passes only here."""

    clocks: FakeClocks = field(default_factory=FakeClocks)
    seed: int = 1
    lateness_s: float = 0.0
    """How much later than wished each round comes."""
    events: list[PlayerEvent] = field(default_factory=list)
    sink: Sink | None = None
    mixer: Mixer | None = None
    aside: Callable[[Callable[[], None]], None] = lambda deed: deed()
    """Reads files; by default on the spot."""

    def __post_init__(self) -> None:
        self.card = FragileCard(seed=self.seed, clock=self.clocks)
        self.player = PlayerEngine(
            self.sink or self.card,
            self.events.append,
            clock=self.clocks,
            mixer=self.mixer,
            aside=self.aside,
        )

    def in_s(self, seconds: float) -> datetime:
        return self.clocks.now() + timedelta(seconds=seconds)

    def play_tone(self) -> None:
        """One second of the test tone at once, half of which passes."""
        self.player.prepare(Cue("tone", (Tone(1_000),), None))
        self.player.start("tone")
        self.run(0.5)

    def run(self, seconds: float) -> None:
        """Turn the engine until so much time has passed."""
        end = self.clocks.mono + round(seconds * _S)
        while self.clocks.mono < end:
            delay = self.player.turn()
            left = (end - self.clocks.mono) / _S
            wished = left if delay is None else delay + self.lateness_s
            self.clocks.move(max(0.000_1, min(wished, left)))
        self.player.turn()

    def run_until(self, is_so: Callable[[], bool], at_most_s: float = 60.0) -> None:
        waited = 0.0
        while not is_so():
            assert waited < at_most_s, self.events
            self.run(0.05)
            waited += 0.05

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def ended(self, play_id: str) -> Ended:
        (ending,) = [each for each in self.told(Ended) if each.play_id == play_id]
        return ending

    def first(self, play_id: str) -> FirstFrame:
        (first,) = [each for each in self.told(FirstFrame) if each.play_id == play_id]
        return first

    def onset_error_ms(self, due_at: datetime, number: int = -1) -> float:
        """The card's own count: when sound left it, against the due instant."""
        offset = self.clocks.wall - self.clocks.mono
        due_ns = round(due_at.timestamp() * 1_000_000) * 1000
        return (self.card.onsets_ns[number] + offset - due_ns) / 1e6
