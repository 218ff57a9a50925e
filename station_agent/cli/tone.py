"""`vang-agent test-tone`: three seconds of tone, to hear whether card and horns work."""

from __future__ import annotations

import argparse
import os
import queue
import sys

from station_agent.cli.run import start_logging
from station_agent.hardware.amplifier import open_amplifier
from station_agent.player.engine import PlayerEngine
from station_agent.player.port import (
    Cue,
    DeviceLost,
    EndCause,
    Ended,
    PlayerEvent,
    Prepared,
    SystemClock,
    Tone,
)
from station_agent.settings import AgentSettings, load
from station_agent.wiring.build import open_sink

TONE_MS = 3_000
_PATIENCE_S = 15.0
_NAME = "test-tone"


def run(chosen: argparse.Namespace) -> int:
    """Sound the tone; 0 if the card consumed all of it."""
    settings = load(chosen.config, os.environ)
    start_logging(settings)
    said, sounded_ms = sound(settings)
    sys.stdout.write(f"{said}\n")
    return 0 if sounded_ms >= TONE_MS - 100 else 1


def sound(settings: AgentSettings) -> tuple[str, int]:
    """What to tell the person at the station, and how many milliseconds sounded."""
    events: queue.SimpleQueue[PlayerEvent] = queue.SimpleQueue()
    player = PlayerEngine(open_sink(settings, SystemClock()), events.put)
    amplifier = open_amplifier(settings.player.amplifier_pin)
    player.run_thread()
    amplifier.switch(True)
    try:
        player.prepare(Cue(_NAME, (Tone(TONE_MS),), None))
        return _follow(player, events)
    finally:
        player.close()
        amplifier.close()


def _follow(player: PlayerEngine, events: queue.SimpleQueue[PlayerEvent]) -> tuple[str, int]:
    while True:
        try:
            event = events.get(timeout=_PATIENCE_S)
        except queue.Empty:
            return "The player did not answer.", 0
        match event:
            case Prepared():
                player.start(_NAME)
            case DeviceLost(detail=detail):
                return f"No sound device: {detail}. Is it plugged in, and free?", 0
            case Ended(cause=EndCause.PLAYED, sounded_ms=sounded_ms):
                return f"The card consumed {sounded_ms} ms of tone.", sounded_ms
            case Ended(detail=detail, sounded_ms=sounded_ms):
                return f"The tone ended early: {detail}", sounded_ms
            case _:
                continue
