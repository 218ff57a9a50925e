"""What the player says, in the words of the core; what the core asks, in those of the player."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.player import port

logger = logging.getLogger(__name__)


def event_of(said: port.PlayerEvent) -> ev.Event:
    """The player's event as an event of the core."""
    match said:
        case port.Prepared(play_id=play_id):
            return ev.PlayerReady(play_id)
        case port.FirstFrame(play_id=play_id, started_at=started_at, error_ms=error_ms):
            logger.info("first frame play=%s error_ms=%s", play_id, error_ms)
            return ev.PlayerStarted(play_id, started_at, error_ms)
        case port.Progress(play_id=play_id, sounded_ms=sounded_ms):
            return ev.PlayerProgress(play_id, sounded_ms)
        case port.Ended():
            return _ended(said)
        case port.DeviceLost(detail=detail):
            return ev.DeviceLost(detail)
        case port.DeviceBack():
            return ev.DeviceBack()
        case port.Underrun(play_id=maybe_play_id):
            return ev.SoundGap(maybe_play_id)


def _ended(said: port.Ended) -> ev.PlayerEnded:
    logger.info("ended play=%s cause=%s sounded_ms=%s", said.play_id, said.cause, said.sounded_ms)
    cause = ev.EndCause(said.cause.value)
    return ev.PlayerEnded(said.play_id, said.sounded_ms, cause, said.reason, said.detail)


def cue_of(prepare: do.Prepare, path_of: Callable[[str], Path]) -> port.Cue:
    """What to prepare, with the files' places."""
    sounds = tuple(_sound_of(piece, path_of) for piece in prepare.pieces)
    return port.Cue(prepare.play_id, sounds, prepare.due_at, prepare.urgent)


def _sound_of(piece: do.Piece, path_of: Callable[[str], Path]) -> port.Sound:
    match piece:
        case do.SoundFile(sha256=sha256, from_ms=from_ms):
            return port.CheckedFile(path_of(sha256), sha256, from_ms)
        case do.Tone(duration_ms=duration_ms):
            return port.Tone(duration_ms)
        case do.Attention(duration_ms=duration_ms, is_drill=is_drill):
            return port.Attention(duration_ms, is_drill)
        case do.InlineSound(name=name, data=data):
            return port.InlineSound(name, data)
