"""`vang-agent test-tone`: three seconds of tone, to hear whether card and horns work.

Never while the agent needs the card: a test must not cost a broadcast.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys

from station_agent.cli.checks import case_of, is_needed
from station_agent.cli.run import start_logging
from station_agent.cli.words import TROUBLES, Words
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
    if is_needed(case_of(settings).running):
        said, sounded_ms = _trouble("device_busy", ""), 0
    else:
        said, sounded_ms = sound(settings)
    sys.stdout.write(f"{said.said(chosen.english)}\n")
    return 0 if sounded_ms >= TONE_MS - 100 else 1


def sound(settings: AgentSettings) -> tuple[Words, int]:
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


def _follow(player: PlayerEngine, events: queue.SimpleQueue[PlayerEvent]) -> tuple[Words, int]:
    while True:
        try:
            event = events.get(timeout=_PATIENCE_S)
        except queue.Empty:
            return Words("Máy phát không trả lời.", "The player did not answer."), 0
        match event:
            case Prepared():
                player.start(_NAME)
            case DeviceLost(detail=detail):
                return _trouble("audio_device_missing", detail), 0
            case Ended(cause=EndCause.PLAYED, sounded_ms=sounded_ms):
                return _counted(sounded_ms), sounded_ms
            case Ended(detail=detail, sounded_ms=sounded_ms):
                words = Words(f"Âm thử bị ngắt: {detail}", f"The tone ended early: {detail}")
                return words, sounded_ms
            case _:
                continue


def _counted(sounded_ms: int) -> Words:
    return Words(
        f"Card đã phát {sounded_ms} ms âm thử. Loa có kêu không?",
        f"The card consumed {sounded_ms} ms of tone. Did the horns sound?",
    )


def _trouble(code: str, detail: str) -> Words:
    known, more = TROUBLES[code], f" ({detail})" if detail else ""
    return Words(
        f"[{code}] {known.meaning.vi}{more}\n  → {known.advice.vi}",
        f"[{code}] {known.meaning.en}{more}\n  → {known.advice.en}",
    )
