"""What one shipped agent costs a Pi: memory while it plays, processor while it waits, its start.

The peer is a bare interpreter that imports what a station cannot do without and does nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import psutil

from station_protocol import messages as wire
from tests.bench.rows import Row, Verdict, alternate, at_most
from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for
from tests.support.sound import speech_like, write_sound

STATION = "bac-ai-phuoc-binh"
BARE = (
    "import paho.mqtt.client, sqlite3, pydantic, av, numpy\n"
    "from cryptography.hazmat.primitives.asymmetric import ed25519\n"
)
_HOLD = BARE + "import sys\nprint('here', flush=True)\nsys.stdin.read()\n"
MOST_MIB, MEMORY_RATIO, START_RATIO, CPU_SHARE = 90.0, 1.4, 2.0, 0.01
_IDLE_S, _QUICK_IDLE_S = 60.0, 15.0
_PLAN_SLOTS = 14 * 6
_MIB = 1024 * 1024


def measure(quick: bool) -> list[Row]:
    """Memory, start and idle processor of one agent that talks to a real broker."""
    with tempfile.TemporaryDirectory() as name, _centre(Path(name)) as centre:
        folder = Path(name)
        start = _start_row(centre, folder, 3 if quick else 7)
        return [*_memory_rows(centre, folder), start, _idle_row(centre, folder, quick)]


@contextmanager
def _centre(folder: Path) -> Iterator[SmallCentre]:
    broker = Nats(folder / "broker", (broker_user(STATION, "ninh-thuan"),), None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            yield centre
    finally:
        broker.stop()


@contextmanager
def _agent(centre: SmallCentre, folder: Path) -> Iterator[Program]:
    config = centre.configure(folder, STATION)
    with Program(("run", "--config", str(config)), folder / "agent.log") as program:
        yield program


# --- memory ---------------------------------------------------------------------------------------


def _memory_rows(centre: SmallCentre, folder: Path) -> list[Row]:
    sound = write_sound(folder / "voice.opus", speech_like(60.0, seed=7)).read_bytes()
    with _agent(centre, folder / "memory") as program:
        wait_for(lambda: centre.all(wire.Hello))
        due_at = now() + timedelta(seconds=8)
        later = (due_at + timedelta(hours=4 * number) for number in range(1, _PLAN_SLOTS))
        centre.plan(
            STATION,
            slot_of(centre, "now", sound, due_at, 60),
            *(slot_of(centre, at.isoformat(), sound, at, 60) for at in later),
        )
        wait_for(lambda: _has_started(centre))
        time.sleep(20)
        row = at_most(
            "playing agent RSS MiB (bare imports)",
            MEMORY_RATIO,
            partial(alternate, partial(_rss_mib, program.pid), _bare_rss_mib, 3),
        )
    verdict = Verdict.OK if row.ours <= MOST_MIB else Verdict.SHORT
    goal = f"<= {MOST_MIB:g} MiB"
    bound = replace(row, name="playing agent RSS MiB", goal=goal, verdict=verdict)
    return [row, bound]


def _has_started(centre: SmallCentre) -> bool:
    return any(line.slot_id == slot_id("now") for line in centre.evidence(STATION, wire.StartEntry))


def _rss_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / _MIB)


def _bare_rss_mib() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        rss = _rss_mib(bare.pid)
        bare.communicate()
    return rss


# --- start ----------------------------------------------------------------------------------------


def _start_row(centre: SmallCentre, folder: Path, rounds: int) -> Row:
    _agent_start_s(centre, folder / "start")
    return at_most(
        "start to first heartbeat s (bare imports)",
        START_RATIO,
        lambda: alternate(lambda: _agent_start_s(centre, folder / "start"), _bare_start_s, rounds),
    )


def _agent_start_s(centre: SmallCentre, folder: Path) -> float:
    heard = len(centre.all(wire.Heartbeat))
    began = time.monotonic()
    with _agent(centre, folder):
        wait_for(lambda: len(centre.all(wire.Heartbeat)) > heard)
        return time.monotonic() - began


def _bare_start_s() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", BARE], check=True)
    return time.monotonic() - began


# --- processor ------------------------------------------------------------------------------------


def _idle_row(centre: SmallCentre, folder: Path, quick: bool) -> Row:
    """An agent with a plan and nothing due; the processor time is the kernel's own count."""
    seconds = _QUICK_IDLE_S if quick else _IDLE_S
    with _agent(centre, folder / "memory") as program:
        heard = len(centre.all(wire.Heartbeat))
        wait_for(lambda: len(centre.all(wire.Heartbeat)) > heard)
        time.sleep(5)
        before = _cpu_s(program.pid)
        time.sleep(seconds)
        used = (_cpu_s(program.pid) - before) / seconds
    return Row(
        name=f"idle agent, share of a core over {seconds:g} s",
        ours=used,
        peer=CPU_SHARE,
        ratio=used / CPU_SHARE,
        goal="<= 1",
        verdict=Verdict.OK if used <= CPU_SHARE else Verdict.SHORT,
        load=os.getloadavg()[0],
    )


def _cpu_s(pid: int) -> float:
    """Processor time of every thread, to the nanosecond (proc(5), schedstat)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9
