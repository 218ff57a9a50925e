"""Cues that do not sound yet: being loaded, prepared, or allowed to sound at their instant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from station_agent.player.airing import Airing
from station_agent.player.library import Library
from station_agent.player.port import Cue, Emit, EndCause, Ended, Prepared
from station_agent.player.sounds import Joined, SoundError
from station_protocol.vocabulary import Reason

logger = logging.getLogger(__name__)

Deed = Callable[[], None]


@dataclass(slots=True)
class _Loading:
    """A cue whose files are being read, and what was asked of it meanwhile."""

    cue: Cue
    is_allowed: bool = False
    replaces: bool = False


class WaitingRoom:
    """Used by the engine's thread; only reading files happens aside."""

    def __init__(
        self,
        emit: Emit,
        monotonic_ns: Callable[[], int],
        aside: Callable[[Deed], None],
        back: Callable[[Deed], None],
        library: Library,
    ) -> None:
        """`aside` runs a deed elsewhere, `back` runs one in the engine's thread."""
        self._emit = emit
        self._monotonic_ns = monotonic_ns
        self._aside = aside
        self._back = back
        self._library = library
        self._loading: dict[str, _Loading] = {}
        self._ready: dict[str, Airing] = {}

    def ready(self) -> list[Airing]:
        """Every cue whose head is decoded."""
        return list(self._ready.values())

    def expect(self, cue: Cue) -> None:
        """Load this cue; replaces a former preparation of the same id."""
        former = self._ready.pop(cue.play_id, None)
        if former is not None:
            former.source.close()
        self._loading[cue.play_id] = _Loading(cue)
        if cue.is_urgent and all(map(self._library.is_in_memory, cue.sounds[:1])):
            self._load_at_once(cue)
        else:
            self._aside(lambda: self._load(cue))

    def allow(self, play_id: str, *, replaces: bool) -> None:
        """It may sound, as soon as it is loaded and due."""
        if play_id in self._loading:
            self._loading[play_id].is_allowed = True
            self._loading[play_id].replaces = replaces
        elif play_id in self._ready:
            airing = self._ready[play_id]
            airing.is_allowed = True
            airing.replaces = replaces
            airing.allowed_ns = self._monotonic_ns()
        else:
            logger.warning("start of a cue that is not prepared play=%s", play_id)

    def leave(self, airing: Airing) -> None:
        """It goes on air."""
        del self._ready[airing.cue.play_id]

    def dismiss(
        self,
        play_id: str | None,
        cause: EndCause,
        reason: Reason | None = None,
        detail: str = "",
    ) -> None:
        """End this cue (None: all), unheard."""
        for loading_id in [each for each in self._loading if play_id in (None, each)]:
            del self._loading[loading_id]
            self._emit(Ended(loading_id, cause, 0, reason, detail))
        for ready_id in [each for each in self._ready if play_id in (None, each)]:
            self._ready.pop(ready_id).source.close()
            self._emit(Ended(ready_id, cause, 0, reason, detail))

    def _load_at_once(self, cue: Cue) -> None:
        """Ready within this very round; files that come later in it are read aside."""
        try:
            source, read_files = self._library.at_once(cue.sounds)
        except SoundError as error:
            failure = Ended(cue.play_id, EndCause.FAILED, 0, error.reason, str(error))
            self._could_not_load(cue, failure)
        else:
            self._loaded(cue, source)
            if read_files is not None:
                self._aside(read_files)

    def _load(self, cue: Cue) -> None:
        """Runs aside."""
        try:
            source = self._library.loaded(cue.sounds)
        except SoundError as error:
            failure = Ended(cue.play_id, EndCause.FAILED, 0, error.reason, str(error))
            self._back(lambda: self._could_not_load(cue, failure))
        else:
            self._back(lambda: self._loaded(cue, source))

    def _could_not_load(self, cue: Cue, failure: Ended) -> None:
        if self._take_loading(cue) is not None:
            self._emit(failure)

    def _loaded(self, cue: Cue, source: Joined) -> None:
        loading = self._take_loading(cue)
        if loading is None:
            source.close()
            return
        self._ready[cue.play_id] = Airing(cue, source, ready_ns=self._monotonic_ns())
        self._emit(Prepared(cue.play_id))
        if loading.is_allowed:
            self.allow(cue.play_id, replaces=loading.replaces)

    def _take_loading(self, cue: Cue) -> _Loading | None:
        """The preparation of exactly this cue, if nobody stopped or replaced it meanwhile."""
        loading = self._loading.get(cue.play_id)
        if loading is None or loading.cue is not cue:
            return None
        return self._loading.pop(cue.play_id)
