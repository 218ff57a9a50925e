"""Do 65 stations begin together? Agents of one fleet, by the start errors of their evidence.

The peer is as many processes that sleep until the instant and then write to their card.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from station_agent.player.virtual_card import VirtualCard
from station_protocol import messages as wire
from tests.bench.rows import MOST_RUNS, Row, Verdict
from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for
from tests.support.sound import speech_like, write_sound

STATIONS, QUICK_STATIONS = 65, 8
GOAL_MS = 2.0
_WARM_UPS, _SLOTS = 1, 3
_EVERY_S = 12
_SOUND_S = 2
_FORK = multiprocessing.get_context("fork")


def row(quick: bool) -> Row:
    """The widest skew of a few slots, after one that warms every process up."""
    stations = QUICK_STATIONS if quick else STATIONS
    peer = max(_timers(stations))
    with tempfile.TemporaryDirectory() as name, _fleet(Path(name), stations) as centre:
        widest = peer
        for attempt in range(MOST_RUNS):
            widest = max(_skews(centre, stations, attempt))
            if widest <= GOAL_MS:
                break
    return Row(
        name=f"skew of one start over {stations} agents, max ms",
        ours=widest,
        peer=peer,
        ratio=widest / peer,
        goal=f"<= {GOAL_MS:g} ms",
        verdict=Verdict.OK if widest <= GOAL_MS else Verdict.SHORT,
        load=os.getloadavg()[0],
    )


# --- ours -----------------------------------------------------------------------------------------


def _name(number: int) -> str:
    return f"station-{number:02}"


@contextmanager
def _fleet(folder: Path, stations: int) -> Iterator[SmallCentre]:
    """A fleet that is connected and knows the time."""
    users = tuple(broker_user(_name(number), "ninh-thuan") for number in range(stations))
    broker = Nats(folder / "broker", users, None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            for number in range(stations):
                place = folder / "fleet" / _name(number)
                centre.configure(place, _name(number), player_seed=number)
            with Program(("fleet", str(folder / "fleet")), folder / "fleet.log"):
                wait_for(lambda: len(centre.all(wire.Hello)) >= stations, 120)
                yield centre
    finally:
        broker.stop()


def _skews(centre: SmallCentre, stations: int, attempt: int) -> list[float]:
    """For each slot behind the warm-up, the latest start minus the earliest, in ms."""
    with tempfile.TemporaryDirectory() as folder:
        sound = write_sound(Path(folder) / "voice.opus", speech_like(_SOUND_S)).read_bytes()
    names = [f"run-{attempt}-slot-{number}" for number in range(_WARM_UPS + _SLOTS)]
    first_at = now() + timedelta(seconds=25)
    slots = [
        slot_of(centre, name, sound, first_at + timedelta(seconds=_EVERY_S * number), _SOUND_S)
        for number, name in enumerate(names)
    ]
    for number in range(stations):
        centre.plan(_name(number), *slots, version=attempt + 1)
    measured = [slot_id(name) for name in names[_WARM_UPS:]]
    wait_s = 25 + _EVERY_S * len(names) + 90
    wait_for(lambda: len(_errors(centre, stations, measured[-1])) == stations, wait_s)
    found = [_errors(centre, stations, each) for each in measured]
    return [max(errors) - min(errors) for errors in found]


def _errors(centre: SmallCentre, stations: int, slot: str) -> list[float]:
    """Start errors as the stations counted them in frames of their cards."""
    lines = (
        line
        for number in range(stations)
        for line in centre.evidence(_name(number), wire.StartEntry)
        if line.slot_id == slot
    )
    return [line.start_error_ms for line in lines if line.start_error_ms is not None]


# --- the peer -------------------------------------------------------------------------------------


def _timers(stations: int) -> list[float]:
    """Skews of timer-then-write, at as many instants and behind as many warm-ups."""
    begin_at = now() + timedelta(seconds=3)
    instants = [begin_at + timedelta(seconds=2 * n) for n in range(_WARM_UPS + _SLOTS)]
    with _FORK.Pool(stations) as pool:
        errors = pool.starmap(_timer_errors, [(n, instants) for n in range(stations)], 1)
    return [max(each) - min(each) for each in list(zip(*errors, strict=True))[_WARM_UPS:]]


def _timer_errors(seed: int, instants: list[datetime]) -> list[float]:
    """Signed errors in ms of one process, by its card's own count."""
    card = VirtualCard(seed=seed)
    sound = np.full(4_800, 8_000, dtype=np.int16)
    errors = []
    for due_at in instants:
        time.sleep(max(0.0, (due_at - now()).total_seconds()))
        card.open()
        card.write(sound)
        due_ns = round(due_at.timestamp() * 1e6) * 1000
        offset_ns = time.time_ns() - time.monotonic_ns()
        errors.append((card.onsets_ns[-1] + offset_ns - due_ns) / 1e6)
    return errors
