"""The ALSA sink against a PCM that answers as pyalsaaudio 0.11 does."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from station_agent.player.port import DeviceMissingError, UnderrunError
from station_agent.player.sinks.alsa import AlsaSink
from tests.support.cards import FakeClocks

RUNNING, XRUN = 3, 4


class AlsaError(Exception):
    """What alsaaudio raises."""


class Pcm:
    """A PCM that consumes only when told."""

    rate = 48_000
    opened: dict[str, Any]

    def __init__(self, **asked: Any) -> None:
        if asked["device"] == "nosuch":
            raise AlsaError("No such file or directory [nosuch]")
        type(self).opened = asked
        self.size = asked["periodsize"] * asked["periods"]
        self.queued = 0
        self.now = RUNNING
        self.is_pulled = False
        self.is_closed = False

    def info(self) -> dict[str, int]:
        return {"rate": self.rate, "buffer_size": self.size, "period_size": 512}

    def state(self) -> int:
        self._check()
        return self.now

    def avail(self) -> int:
        self._check()
        return self.size - self.queued

    def write(self, data: bytes) -> int:
        self._check()
        if self.now == XRUN:
            self.now = RUNNING
            self.queued = 0
            return -32
        taken = min(len(data) // 2, self.size - self.queued)
        self.queued += taken
        return taken

    def drop(self) -> int:
        self.queued = 0
        return 0

    def close(self) -> None:
        self.is_closed = True

    def _check(self) -> None:
        if self.is_pulled:
            raise AlsaError("No such device [default]")


@pytest.fixture(autouse=True)
def alsa(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: Any = ModuleType("alsaaudio")
    module.PCM = Pcm
    module.ALSAAudioError = AlsaError
    module.PCM_PLAYBACK, module.PCM_NONBLOCK, module.PCM_FORMAT_S16_LE = 0, 1, 2
    module.PCM_STATE_XRUN = XRUN
    monkeypatch.setitem(sys.modules, "alsaaudio", module)
    return module


def opened() -> tuple[AlsaSink, Pcm]:
    sink = AlsaSink("default", clock=FakeClocks())
    sink.open()
    pcm = sink._pcm
    assert isinstance(pcm, Pcm)
    return sink, pcm


def silence(frames: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.zeros(frames, dtype=np.int16)


def test_it_is_opened_mono_at_48_khz_without_blocking() -> None:
    opened()
    asked = Pcm.opened
    assert (asked["rate"], asked["channels"], asked["mode"], asked["format"]) == (48_000, 1, 1, 2)


def test_its_position_is_what_was_written_less_what_is_queued() -> None:
    sink, pcm = opened()
    assert sink.write(silence(1_500)) == 1_500
    pcm.queued -= 512
    assert sink.position().frames == 512
    assert sink.instant_of(0) is None


def test_a_full_buffer_takes_only_what_fits() -> None:
    sink, pcm = opened()
    assert sink.write(silence(pcm.size + 100)) == pcm.size


def test_a_dry_buffer_has_played_everything_and_says_so_once() -> None:
    sink, pcm = opened()
    sink.write(silence(1_000))
    pcm.now = XRUN
    assert sink.position().frames == 1_000
    with pytest.raises(UnderrunError):
        sink.write(silence(10))
    assert sink.write(silence(10)) == 10
    pcm.queued = 0
    assert sink.position().frames == 10


def test_a_card_pulled_out_is_a_missing_device() -> None:
    sink, pcm = opened()
    pcm.is_pulled = True
    with pytest.raises(DeviceMissingError, match="No such device"):
        sink.position()
    sink.close()
    with pytest.raises(DeviceMissingError):
        sink.write(silence(1))


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceMissingError, match="nosuch"):
        AlsaSink("nosuch", clock=FakeClocks()).open()


def test_a_card_that_cannot_run_at_48_khz_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pcm, "rate", 44_100)
    with pytest.raises(DeviceMissingError, match="44100"):
        AlsaSink("default", clock=FakeClocks()).open()


def test_without_the_extra_the_sentence_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", None)
    with pytest.raises(DeviceMissingError, match="extra `alsa`"):
        AlsaSink("default", clock=FakeClocks()).open()


def test_what_is_dropped_was_never_played() -> None:
    sink, _ = opened()
    sink.write(silence(1_000))
    sink.drop()
    assert sink.position().frames == 0
