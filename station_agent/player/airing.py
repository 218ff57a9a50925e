"""One cue on its way through the card: what was handed over, what has been heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from station_agent.player.port import RATE_HZ, Cue, EndCause, Ended, Frames
from station_agent.player.sounds import SILENT, Joined, SoundError
from station_protocol.vocabulary import Reason

REMEMBERED_FRAMES = 3 * RATE_HZ
"""How much of what a card has queued can be taken back; more than any queue."""


_PIECE_FRAMES = 8_192


def to_ms(frames: float) -> int:
    """Whole milliseconds of sound."""
    return int(frames * 1000 // RATE_HZ)


def scaled(block: Frames, gain: float) -> Frames:
    """The block at this gain; the very same samples at 1."""
    if gain == 1.0:
        return block
    # In pieces that stay in the cache, into memory that is asked for once.
    louder: Frames = np.empty(len(block), dtype=np.int16)
    for at in range(0, len(block), _PIECE_FRAMES):
        piece = block[at : at + _PIECE_FRAMES] * np.float32(gain)
        louder[at : at + _PIECE_FRAMES] = np.rint(piece, out=piece)
    return louder


def gain_of(percent: int) -> float:
    """Volume 0-100 as a factor: 100 changes nothing, each halving is 12 dB less."""
    share = max(0, min(100, percent)) / 100
    return share * share


@dataclass(slots=True)
class _Fade:
    total: int
    left: int

    def over(self, block: Frames) -> Frames:
        """As much of the block as the fade still lets through, ever more quietly."""
        kept = block[: self.left]
        ramp = (self.left - np.arange(1, len(kept) + 1, dtype=np.float32)) / self.total
        self.left -= len(kept)
        softer: Frames = np.rint(kept * ramp).astype(np.int16)
        return softer


@dataclass(slots=True, eq=False)
class Airing:
    """A prepared cue. Frames are counted per stream of the card; `carried` are of earlier ones."""

    cue: Cue
    source: Joined
    ready_ns: int = 0
    is_allowed: bool = False
    allowed_ns: int = 0
    replaces: bool = False
    begins_at: int | None = None
    written: int = 0
    carried: int = 0
    first_ns: int | None = None
    started_at: datetime | None = None
    told_ms: int = 0
    ending: Ended | None = None
    _fade: _Fade | None = field(default=None)
    _refused: Frames = field(default_factory=lambda: SILENT)
    _again: Frames = field(default_factory=lambda: SILENT)
    _handed: deque[Frames] = field(default_factory=deque)
    _handed_frames: int = 0

    @property
    def is_handed_over(self) -> bool:
        """Whether the card will get nothing more of it."""
        return self.ending is not None and not len(self._refused)

    def next_block(self, count: int) -> Frames:
        """The next frames; none when everything has been handed over or the sound broke."""
        if len(self._refused):
            block, self._refused = self._refused[:count], self._refused[count:]
            return block
        if self.ending is not None:
            return SILENT
        try:
            block = self._take_again(count) if len(self._again) else self.source.read(count)
        except SoundError as error:
            self.end(EndCause.FAILED, error.reason, str(error))
            return SILENT
        if not len(block):
            self.end(EndCause.STOPPED if self._fade else EndCause.PLAYED)
            return block
        if self._fade is not None:
            block = self._fade.over(block)
            if not self._fade.left:
                self.end(EndCause.STOPPED)
        return block

    def put_back(self, block: Frames) -> None:
        """The card was full; these frames come first next time."""
        self._refused = np.concatenate((block, self._refused))

    def took(self, at_frame: int, block: Frames) -> None:
        """The card has queued these frames, from this frame of its stream on."""
        if self.begins_at is None:
            self.begins_at = at_frame
        self.written += len(block)
        self._handed.append(block)
        self._handed_frames += len(block)
        while self._handed_frames - len(self._handed[0]) >= REMEMBERED_FRAMES:
            self._handed_frames -= len(self._handed.popleft())

    @property
    def is_fading(self) -> bool:
        """Whether its end has been asked for."""
        return self._fade is not None

    def fade_out(self, frames: int) -> None:
        """End softly within so many frames; a second wish does not prolong the first."""
        if self._fade is None:
            self._fade = _Fade(max(1, frames), max(1, frames))

    def cut(self) -> None:
        """End here; what the card refused so far is not offered again."""
        self._refused = SILENT
        self.end(EndCause.STOPPED)

    def end(self, cause: EndCause, reason: Reason | None = None, detail: str = "") -> None:
        """Nothing more will be handed over; how much was heard is filled in later."""
        if self.ending is None:
            self.ending = Ended(self.cue.play_id, cause, 0, reason, detail)

    def heard(self, frame_now: float) -> float:
        """Frames consumed by the card when it stands at `frame_now` of this stream."""
        if self.begins_at is None:
            return self.carried
        return self.carried + min(max(frame_now - self.begins_at, 0), self.written)

    def has_all_sounded(self, frame_now: float) -> bool:
        """Whether the card has consumed the last frame there will ever be."""
        if self.ending is None:
            return False
        return self.begins_at is None or frame_now >= self.begins_at + self.written

    def carry_over(self, frame_now: float) -> None:
        """The stream is over; what goes on does so in the next one."""
        self.carried = int(self.heard(frame_now))
        self.begins_at = None
        self.written = 0
        self._handed.clear()
        self._handed_frames = 0

    def take_back(self, frame_now: float) -> None:
        """The queue was dropped; what of it was not heard is offered to the card once more."""
        unheard = self.carried + self.written - int(self.heard(frame_now))
        handed = np.concatenate([*self._handed, self._refused]) if self._handed else self._refused
        unheard += len(self._refused)
        self._again = np.concatenate((handed[len(handed) - unheard :], self._again))
        self._refused = SILENT
        if self.ending is not None and self.ending.cause is EndCause.PLAYED:
            self.ending = None
        self.carry_over(frame_now)

    def _take_again(self, count: int) -> Frames:
        block, self._again = self._again[:count], self._again[count:]
        return block
