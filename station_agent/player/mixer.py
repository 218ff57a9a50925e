"""The volume of a card's own mixer, set and read back; somebody else may turn it too."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

logger = logging.getLogger(__name__)


class Mixer(Protocol):
    """A volume outside this process. Calls return soon and never raise."""

    def set(self, percent: int, /) -> None:
        """Set every channel, and take it out of mute."""

    def read(self) -> int | None:
        """What a listener gets, 0 when muted; None when it cannot be read."""


class MixerError(Exception):
    """The control cannot be opened, set or read."""


class AlsaMixer:
    """A simple control of an ALSA mixer, opened anew each time: an open one shows old values."""

    def __init__(self, control: str, device: str = "default") -> None:
        self._control = control
        self._device = device

    def set(self, percent: int, /) -> None:
        """See Mixer."""
        try:
            with self._opened() as mixer:
                mixer.setvolume(percent)
                if _can_mute(mixer):
                    mixer.setmute(0)
        except MixerError as error:
            logger.warning("volume not set: %s", error)

    def read(self) -> int | None:
        """See Mixer. The quietest channel counts."""
        try:
            with self._opened() as mixer:
                is_muted = _can_mute(mixer) and any(mixer.getmute())
                return 0 if is_muted else min(int(each) for each in mixer.getvolume())
        except MixerError as error:
            logger.warning("volume not read: %s", error)
            return None

    def problem(self) -> str:
        """Why it cannot be had; empty if it can."""
        try:
            with self._opened():
                return ""
        except MixerError as error:
            return str(error)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        where = f"{self._device} {self._control!r}"
        try:
            alsa = importlib.import_module("alsaaudio")
        except ImportError as error:
            raise MixerError(f"{where}: pyalsaaudio is not installed (extra `alsa`)") from error
        try:
            mixer = alsa.Mixer(control=self._control, device=self._device)
            try:
                yield mixer
            finally:
                mixer.close()
        except alsa.ALSAAudioError as error:
            raise MixerError(f"{where}: {error}") from error


def _can_mute(mixer: Any) -> bool:
    return any("Mute" in word for word in mixer.switchcap())
