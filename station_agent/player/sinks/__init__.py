"""Sound cards: a real one through ALSA, and virtual ones that discard or write a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from station_agent.player.port import Clock, Sink


def open_sink(
    kind: Literal["alsa", "file", "null"],
    *,
    device: str = "default",
    file: Path = Path("sound.wav"),
    seed: int = 0,
    clock: Clock | None = None,
) -> Sink:
    """The sink a station's settings name. Only the chosen one is imported."""
    if kind == "alsa":
        from station_agent.player.sinks.alsa import AlsaSink

        return AlsaSink(device, clock=clock)
    if kind == "file":
        from station_agent.player.sinks.file import FileSink

        return FileSink(file, seed=seed, clock=clock)
    from station_agent.player.sinks.null import NullSink

    return NullSink(seed=seed, clock=clock)
