"""Sound brought here: one at a time, resumed where it broke off, never trusted before its hash.

Over HTTP it is one GET with Range from the end of the part file. For a station that can reach only
the broker, pieces are asked for over MQTT a few at a time, so that orders never queue behind them.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from station_agent.core.effects import SoundOver
from station_agent.core.events import AssetHeld, Event, FetchFailed, FetchProblem
from station_agent.store.sound_cache import SoundCache
from station_protocol.codec import Chunk
from station_protocol.errors import ChunkBadError
from station_protocol.messages import UpMessage, Want
from station_protocol.transfer import WINDOW, Transfer, chunk_count, resumed

logger = logging.getLogger(__name__)

_SYNC_EVERY_BYTES = 1024 * 1024
ASK_AGAIN_S = 10.0
_MOST_SILENCES = 3
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FetchError(Exception):
    """This attempt is over; `problem` tells the core what to make of it."""

    def __init__(
        self, problem: FetchProblem, detail: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        self.retry_after_s = retry_after_s


class CancelledError(Exception):
    """The core no longer wants it; what came is kept."""


@dataclass(slots=True)
class Job:
    """One sound to fetch. `pieces` are chunks that arrived for it."""

    sha256: str
    size_bytes: int
    via: SoundOver
    cancelled: threading.Event = field(default_factory=threading.Event)
    pieces: queue.SimpleQueue[Chunk | None] = field(default_factory=queue.SimpleQueue)

    def check(self) -> None:
        """CancelledError if it is not wanted any more."""
        if self.cancelled.is_set():
            raise CancelledError

    def cancel(self) -> None:
        """Stop at the next block."""
        self.cancelled.set()
        self.pieces.put(None)


class Way(Protocol):
    """How bytes come here."""

    def bring(self, job: Job, part: PartFile) -> None:
        """Append what is missing; FetchError, CancelledError, OSError."""


class PartFile:
    """The bytes that came so far, flushed as they come and synced each megabyte."""

    def __init__(self, file: BinaryIO, limit_bytes: int) -> None:
        self._file = file
        self._limit = limit_bytes
        self._unsynced = 0
        self.size = file.seek(0, os.SEEK_END)

    def append(self, data: bytes) -> None:
        """Put more at the end; FetchError beyond the announced size."""
        if self.size + len(data) > self._limit:
            raise FetchError(FetchProblem.CORRUPT, f"more than {self._limit} bytes")
        self._file.write(data)
        self._file.flush()
        self.size += len(data)
        self._unsynced += len(data)
        if self._unsynced >= _SYNC_EVERY_BYTES:
            os.fdatasync(self._file.fileno())
            self._unsynced = 0

    def cut_to(self, size: int) -> None:
        """Forget everything behind this offset."""
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size


class LateWay:
    """A way that is made at its first use: a station that holds everything starts without it."""

    def __init__(self, make: Callable[[], Way]) -> None:
        self._make = make
        self._made: Way | None = None

    def bring(self, job: Job, part: PartFile) -> None:
        """See Way."""
        if self._made is None:
            self._made = self._make()
        self._made.bring(job, part)


class BrokerWay:
    """Pieces asked for with Want messages, a window at a time."""

    def __init__(
        self,
        station_id: str,
        send: Callable[[UpMessage], object],
        *,
        ask_again_s: float = ASK_AGAIN_S,
    ) -> None:
        self._station_id = station_id
        self._send = send
        self._ask_again_s = ask_again_s

    def bring(self, job: Job, part: PartFile) -> None:
        """See Way."""
        transfer = resumed(job.sha256, job.size_bytes, part.size)
        part.cut_to(transfer.received_bytes)
        silences = 0
        while not transfer.is_complete:
            job.check()
            before = transfer
            transfer = self._window(job, part, transfer)
            silences = 0 if transfer.received_bytes > before.received_bytes else silences + 1
            if silences >= _MOST_SILENCES:
                raise FetchError(FetchProblem.NETWORK, "no pieces came")

    def _window(self, job: Job, part: PartFile, transfer: Transfer) -> Transfer:
        """Ask for the next pieces and take in what comes until they are here or silence is."""
        last = min(transfer.next_index + WINDOW, chunk_count(job.size_bytes))
        count = last - transfer.next_index
        self._send(
            Want(
                station_id=self._station_id,
                sha256=job.sha256,
                from_index=transfer.next_index,
                count=count,
            )
        )
        until = time.monotonic() + self._ask_again_s
        while transfer.next_index < last and not transfer.is_complete:
            try:
                chunk = job.pieces.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return transfer
            job.check()
            if chunk is not None and (after := _accepted(transfer, chunk)) is not None:
                part.append(chunk.data)
                transfer = after
                until = time.monotonic() + self._ask_again_s
        return transfer


def _accepted(transfer: Transfer, chunk: Chunk) -> Transfer | None:
    """The transfer after this piece; None for one that is of no use."""
    try:
        return transfer.accept(chunk)
    except ChunkBadError as error:
        logger.info("piece not usable sha256=%s: %s", transfer.sha256, error)
        return None


class Downloader:
    """Fetches in its own thread; every call returns at once, results come as events."""

    def __init__(
        self, cache: SoundCache, ways: dict[SoundOver, Way], emit: Callable[[Event], None]
    ) -> None:
        self._cache = cache
        self._ways = ways
        self._emit = emit
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._wanted: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="downloader", daemon=True)

    def start(self) -> None:
        """Start the thread; it sleeps until something is wanted."""
        self._thread.start()

    def fetch(self, sha256: str, size_bytes: int, via: SoundOver) -> None:
        """Bring these bytes here; a second wish for the same changes nothing."""
        with self._lock:
            if sha256 in self._wanted:
                return
            job = self._wanted[sha256] = Job(sha256, size_bytes, via)
        self._jobs.put(job)

    def cancel(self, sha256: str) -> None:
        """Leave off; no event follows, what came is kept."""
        with self._lock:
            job = self._wanted.pop(sha256, None)
        if job is not None:
            job.cancel()

    def on_chunk(self, chunk: Chunk) -> None:
        """A piece that came over MQTT."""
        with self._lock:
            job = self._wanted.get(chunk.header.sha256)
        if job is not None and job.via == "mqtt":
            job.pieces.put(chunk)

    def close(self) -> None:
        """End the thread; what came is kept."""
        with self._lock:
            jobs = list(self._wanted.values())
            self._wanted.clear()
        for job in jobs:
            job.cancel()
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            event = self._outcome(job)
            with self._lock:
                is_wanted = self._wanted.get(job.sha256) is job
                if is_wanted:
                    del self._wanted[job.sha256]
            if event is not None and is_wanted:
                self._emit(event)

    def _outcome(self, job: Job) -> Event | None:
        """What became of the job; None if it was cancelled."""
        try:
            return self._fetched(job)
        except CancelledError:
            return None
        except FetchError as error:
            logger.info("fetch failed sha256=%s: %s", job.sha256, error)
            if error.problem is FetchProblem.CORRUPT:
                self._cache.part_path(job.sha256).unlink(missing_ok=True)
            return FetchFailed(job.sha256, error.problem, error.retry_after_s)
        except OSError as error:
            logger.warning("fetch failed sha256=%s: %s", job.sha256, error)
            full = error.errno in _FULL
            return FetchFailed(job.sha256, FetchProblem.DISK_FULL if full else FetchProblem.NETWORK)
        except Exception:
            # A border: a dead downloader would be a station that silently never gets sound again.
            logger.exception("fetch failed sha256=%s", job.sha256)
            return FetchFailed(job.sha256, FetchProblem.NETWORK)

    def _fetched(self, job: Job) -> AssetHeld:
        job.check()
        part_path = self._cache.part_path(job.sha256)
        had = part_path.stat().st_size if part_path.exists() else 0
        if not self._cache.make_room(job.sha256, max(0, job.size_bytes - had)):
            raise FetchError(FetchProblem.DISK_FULL, "no room in the cache")
        with part_path.open("ab") as file:
            part = PartFile(file, job.size_bytes)
            if part.size > job.size_bytes:
                part.cut_to(0)
            self._ways[job.via].bring(job, part)
            if part.size < job.size_bytes:
                raise FetchError(FetchProblem.NETWORK, f"{part.size} of {job.size_bytes} bytes")
        if not self._cache.admit(job.sha256):
            raise FetchError(FetchProblem.CORRUPT, "other bytes than promised")
        logger.info("sound fetched sha256=%s bytes=%s", job.sha256, job.size_bytes)
        return AssetHeld(job.sha256, job.size_bytes)
