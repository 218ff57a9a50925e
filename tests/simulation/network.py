"""Links, broker and the way between: nastier than a real broker dares to be.

It forgets everything when it restarts, keeps nothing for who is away, gives what it retains before
anything else, and while the network is bad it loses, doubles, delays and so reorders messages.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from station_protocol.messages import UpMessage
from tests.simulation.timeline import MINUTE, SECOND

Kind = Literal["plan", "limits", "order", "ack"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message down: what arrives as an event is made by the station."""

    kind: Kind
    signed: Any
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is at the moment; shares of messages."""

    lost: float = 0.0
    """Lost together with their connection."""
    doubled: float = 0.0
    slow: float = 0.0
    """Delayed by ten minutes on average."""


CALM = Weather()
KEEPALIVE_MS = 90 * SECOND
REPUBLISH_MS = 20 * SECOND


class Post(Protocol):
    """The world as the network sees it."""

    def at(self, ms: int, deed: Callable[[], None]) -> None:
        """Have something happen `ms` from now."""

    def to_centre(self, station_id: str, message: UpMessage) -> None:
        """Hand a message to the centre, if it is up."""

    def to_station(self, station_id: str, parcel: Parcel) -> None:
        """Hand a message to a station, if it runs."""

    def linked(self, station_id: str, *, is_up: bool) -> None:
        """Tell a station that its connection is there or gone."""

    def broker_was_restarted(self) -> None:
        """Tell the centre that its broker forgot everything."""


@dataclass(slots=True)
class _Line:
    name: str
    dice: random.Random
    is_good: bool = True
    is_half_open: bool = False
    is_running: bool = False
    session: int = 0
    is_connected: bool = False
    plans_under_way: int = 0


@dataclass(slots=True)
class Network:
    """Every station's line to the one broker."""

    post: Post
    station_ids: tuple[str, ...]
    seed: int
    weather: Weather = CALM
    is_broker_up: bool = True
    lines: dict[str, _Line] = field(default_factory=dict)
    retained: dict[tuple[str, Kind], Parcel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = {
            name: _Line(name, random.Random(f"{self.seed} line {name}"))
            for name in self.station_ids
        }

    # --- messages ---------------------------------------------------------------------------------

    def up(self, station_id: str, message: UpMessage) -> None:
        """Publish as a station; dropped when it is not connected."""
        line = self.lines[station_id]
        if line.is_connected and not line.is_half_open:
            self._carry(line, lambda: self.post.to_centre(station_id, message))

    def down(self, station_id: str, parcel: Parcel, *, retain: bool = False) -> None:
        """Publish to a station."""
        if not self.is_broker_up:
            return
        if retain:
            self.retained[station_id, parcel.kind] = parcel
        line = self.lines[station_id]
        if line.is_connected and not line.is_half_open:
            ms = self._carry(line, lambda: self._arrive(station_id, parcel))
            if ms is not None and parcel.kind == "plan":
                self._note_under_way(line, ms)

    def _note_under_way(self, line: _Line, ms: int) -> None:
        def landed() -> None:
            line.plans_under_way -= 1

        line.plans_under_way += 1
        self.post.at(ms, landed)

    def is_plan_under_way(self, station_id: str) -> bool:
        """Whether a plan that was published has not arrived yet."""
        return self.lines[station_id].plans_under_way > 0

    def _arrive(self, station_id: str, parcel: Parcel) -> None:
        line = self.lines[station_id]
        if line.is_connected and not line.is_half_open:
            self.post.to_station(station_id, parcel)

    def _carry(self, line: _Line, deliver: Callable[[], None]) -> int | None:
        """When it arrives for the first time; None: never."""
        dice, weather = line.dice, self.weather
        if weather is CALM:
            ms = 15 + int(dice.random() * 120)
            self.post.at(ms, deliver)
            return ms
        if dice.random() < weather.lost:
            self.post.at(0, lambda: self._break(line.name, line.session))
            return None
        copies = 2 if dice.random() < weather.doubled else 1
        arrivals = []
        for _ in range(copies):
            ms = 15 + int(dice.random() * 400)
            if dice.random() < weather.slow:
                ms = int(dice.expovariate(1 / (10 * MINUTE)))
            arrivals.append(ms)
            self.post.at(ms, deliver)
        return min(arrivals)

    def _break(self, station_id: str, session: int) -> None:
        """TCP gave up on a message: nothing is lost on a connection that goes on."""
        if self.lines[station_id].session == session:
            self._drop(station_id, tell=True)
            self._try(station_id, 15 * SECOND)

    # --- connections ------------------------------------------------------------------------------

    def station_runs(self, station_id: str, *, is_running: bool) -> None:
        """An agent began or ended; an end breaks its connection."""
        line = self.lines[station_id]
        line.is_running = is_running
        self._drop(station_id, tell=False)
        if is_running:
            self._try(station_id, 1 * SECOND)

    def cut(self, station_id: str, *, half_open: bool) -> None:
        """The line is gone; of a half-open one the station learns by its keepalive only."""
        line = self.lines[station_id]
        line.is_good = False
        if not half_open:
            self._drop(station_id, tell=True)
            return
        line.is_half_open = True
        session = line.session
        self.post.at(KEEPALIVE_MS, lambda: self._notice(station_id, session))

    def _notice(self, station_id: str, session: int) -> None:
        line = self.lines[station_id]
        if line.session == session and line.is_connected:
            self._drop(station_id, tell=True)
            self._try(station_id, 1 * SECOND)

    def mend(self, station_id: str) -> None:
        """The line is good again; a connection that was half-open is still dead."""
        line = self.lines[station_id]
        line.is_good = True
        if not line.is_connected:
            self._try(station_id, 15 * SECOND)

    def restart_broker(self, away_ms: int) -> None:
        """Everything it knew is gone, every connection breaks."""
        self.is_broker_up = False
        self.retained.clear()
        for station_id in self.station_ids:
            self._drop(station_id, tell=True)
        self.post.at(away_ms, self._broker_returns)

    def _broker_returns(self) -> None:
        self.is_broker_up = True
        for station_id in self.station_ids:
            self._try(station_id, 15 * SECOND)
        self.post.at(REPUBLISH_MS, self.post.broker_was_restarted)

    def _drop(self, station_id: str, *, tell: bool) -> None:
        line = self.lines[station_id]
        was_connected, line.is_connected = line.is_connected, False
        line.is_half_open = False
        line.session += 1
        if was_connected and tell and line.is_running:
            self.post.linked(station_id, is_up=False)

    def _try(self, station_id: str, within_ms: int) -> None:
        line = self.lines[station_id]
        session = line.session
        wait_ms = 200 + int(line.dice.random() * within_ms)
        self.post.at(wait_ms, lambda: self._connect(station_id, session))

    def _connect(self, station_id: str, session: int) -> None:
        line = self.lines[station_id]
        possible = line.is_running and line.is_good and self.is_broker_up
        if not possible or line.is_connected or line.session != session:
            return
        line.is_connected, line.is_half_open = True, False
        for kind in ("limits", "plan"):
            parcel = self.retained.get((station_id, kind))
            if parcel is not None:
                self.post.to_station(station_id, parcel)
        if line.is_connected:
            self.post.linked(station_id, is_up=True)

    def is_well(self, station_id: str) -> bool:
        """Whether messages pass both ways as they should."""
        line = self.lines[station_id]
        return line.is_connected and not line.is_half_open and self.weather is CALM
