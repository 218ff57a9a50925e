"""Sound gets here over links that break, and never other bytes than were promised."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from station_agent.core.events import AssetHeld, Event, FetchFailed, FetchProblem
from station_agent.link.addresses import LastAddresses
from station_agent.link.downloader import BrokerWay, Downloader
from station_agent.link.http_way import HttpWay
from station_agent.store.sound_cache import SoundCache
from station_protocol.codec import CHUNK_BYTES, Chunk
from station_protocol.messages import UpMessage, Want
from station_protocol.transfer import chunk_header
from tests.support.names import nobody_knows_names
from tests.support.sound_server import SoundServer

STATION = "bac-ai-phuoc-binh"
SOUND = bytes(range(251)) * 2_000
SHA = hashlib.sha256(SOUND).hexdigest()


class Post:
    """The centre's side of the pieces: answers a Want as the test says."""

    def __init__(self) -> None:
        self.wants: list[Want] = []
        self.answer: Callable[[Want], list[int]] = lambda want: list(
            range(want.from_index, want.from_index + want.count)
        )
        self.to: Downloader | None = None
        self.sound = SOUND

    def send(self, message: UpMessage) -> bool:
        assert isinstance(message, Want)
        self.wants.append(message)
        for index in self.answer(message):
            data = self.sound[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
            assert self.to is not None
            self.to.on_chunk(Chunk(chunk_header(SHA, index, len(SOUND)), data))
        return True


class Station:
    def __init__(
        self,
        folder: Path,
        server: SoundServer,
        token: str = "secret",  # noqa: S107 - of a test
        *,
        url: str = "",
        addresses: LastAddresses | None = None,
    ) -> None:
        self.cache = SoundCache(folder, 10_000_000, reserve_bytes=0)
        self.events: queue.Queue[Event] = queue.Queue()
        self.post = Post()
        self.http = HttpWay(url or server.url, token, addresses=addresses)
        self.downloader = Downloader(
            self.cache,
            {"http": self.http, "mqtt": BrokerWay(STATION, self.post.send, ask_again_s=0.05)},
            self.events.put,
        )
        self.post.to = self.downloader
        self.downloader.start()

    def fetch(self, via: str = "http", size: int = len(SOUND)) -> Event:
        self.downloader.fetch(SHA, size, "mqtt" if via == "mqtt" else "http")
        return self.events.get(timeout=10)

    def part_bytes(self) -> int:
        part = self.cache.part_path(SHA)
        return part.stat().st_size if part.exists() else 0

    def close(self) -> None:
        self.downloader.close()
        self.http.close()


@pytest.fixture
def server() -> Iterator[SoundServer]:
    with SoundServer({SHA: SOUND}) as door:
        yield door


@pytest.fixture
def station(tmp_path: Path, server: SoundServer) -> Iterator[Station]:
    one = Station(tmp_path / "sound", server)
    yield one
    one.close()


def test_a_sound_is_fetched_whole_and_held(station: Station, server: SoundServer) -> None:
    assert station.fetch() == AssetHeld(SHA, len(SOUND))
    assert station.cache.path(SHA).read_bytes() == SOUND
    assert server.ranges == [None]
    assert not station.cache.part_path(SHA).exists()


def test_a_broken_download_goes_on_where_it_broke(station: Station, server: SoundServer) -> None:
    server.faults = [("cut", 200_000), ("cut", 100_000)]
    for _ in range(2):
        failed = station.fetch()
        assert isinstance(failed, FetchFailed)
        assert failed.why is FetchProblem.NETWORK
        assert not station.cache.held()
    assert station.fetch() == AssetHeld(SHA, len(SOUND))
    assert server.ranges == [None, "bytes=200000-", "bytes=300000-"]


def test_a_server_that_knows_no_ranges_is_read_from_the_start(
    station: Station, server: SoundServer
) -> None:
    server.faults = [("cut", 200_000)]
    server.ignores_range = True
    station.fetch()
    assert station.fetch() == AssetHeld(SHA, len(SOUND))


def test_another_range_than_asked_for_is_not_taken(station: Station, server: SoundServer) -> None:
    server.faults = [("cut", 200_000)]
    station.fetch()
    server.range_error = 1_000
    assert station.fetch() == FetchFailed(SHA, FetchProblem.NETWORK)
    server.range_error = 0
    assert station.fetch() == AssetHeld(SHA, len(SOUND))


def test_a_busy_server_says_when_to_come_again(station: Station, server: SoundServer) -> None:
    server.faults = [503]
    server.retry_after = "7"
    assert station.fetch() == FetchFailed(SHA, FetchProblem.NETWORK, 7.0)


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, FetchProblem.REFUSED),
        (403, FetchProblem.REFUSED),
        (404, FetchProblem.NOT_FOUND),
        (500, FetchProblem.NETWORK),
        (302, FetchProblem.NETWORK),
    ],
)
def test_each_refusal_has_its_problem(
    station: Station, server: SoundServer, status: int, problem: FetchProblem
) -> None:
    server.faults = [status]
    assert station.fetch() == FetchFailed(SHA, problem)


def test_a_wrong_token_is_a_refusal(tmp_path: Path, server: SoundServer) -> None:
    stranger = Station(tmp_path / "other", server, token="guess")  # noqa: S106 - of a test
    assert stranger.fetch() == FetchFailed(SHA, FetchProblem.REFUSED)
    stranger.close()


def test_other_bytes_than_promised_are_thrown_away_and_fetched_again(
    station: Station, server: SoundServer
) -> None:
    flipped = bytearray(SOUND)
    flipped[9] ^= 1
    server.sounds[SHA] = bytes(flipped)
    assert station.fetch() == FetchFailed(SHA, FetchProblem.CORRUPT)
    assert station.part_bytes() == 0
    server.sounds[SHA] = SOUND
    assert station.fetch() == AssetHeld(SHA, len(SOUND))


def test_more_bytes_than_promised_are_not_read_to_the_end(
    station: Station, server: SoundServer
) -> None:
    assert station.fetch(size=1_000) == FetchFailed(SHA, FetchProblem.CORRUPT)


def test_a_dead_address_is_a_network_problem(tmp_path: Path) -> None:
    with SoundServer({}) as gone:
        pass
    station = Station(tmp_path, gone)
    failed = station.fetch()
    assert isinstance(failed, FetchFailed)
    assert failed.why is FetchProblem.NETWORK
    station.close()


def test_where_nobody_knows_the_name_sound_comes_from_the_last_good_address(
    tmp_path: Path, server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, by_name = tmp_path / "addresses.json", server.url.replace("127.0.0.1", "localhost")
    first = Station(tmp_path / "first", server, url=by_name, addresses=LastAddresses(kept))
    assert first.fetch() == AssetHeld(SHA, len(SOUND))
    nobody_knows_names(monkeypatch)
    stranger = Station(tmp_path / "stranger", server, url=by_name)
    failed = stranger.fetch()
    assert isinstance(failed, FetchFailed)
    assert failed.why is FetchProblem.NETWORK
    later = Station(tmp_path / "later", server, url=by_name, addresses=LastAddresses(kept))
    assert later.fetch() == AssetHeld(SHA, len(SOUND))
    for station in (first, stranger, later):
        station.close()


def test_a_sound_that_finds_no_room_is_not_begun(station: Station, server: SoundServer) -> None:
    assert station.fetch(size=20_000_000) == FetchFailed(SHA, FetchProblem.DISK_FULL)
    assert server.ranges == []


def test_a_flipped_byte_on_the_card_is_found_and_fetched_again(station: Station) -> None:
    station.fetch()
    damaged = bytearray(SOUND)
    damaged[1_000] ^= 4
    station.cache.path(SHA).write_bytes(bytes(damaged))
    assert station.cache.check(SHA) == "file_corrupt"
    assert station.fetch() == AssetHeld(SHA, len(SOUND))
    assert station.cache.check(SHA) is None


def test_a_cancelled_fetch_says_nothing_more_and_keeps_what_came(station: Station) -> None:
    waiting = threading.Event()
    go_on = threading.Event()

    def answer(want: Want) -> list[int]:
        if want.from_index == 0:
            return [0, 1, 2, 3]
        waiting.set()
        go_on.wait(5)
        return []

    station.post.answer = answer
    station.downloader.fetch(SHA, len(SOUND), "mqtt")
    assert waiting.wait(5)
    station.downloader.cancel(SHA)
    go_on.set()
    assert station.fetch("http") == AssetHeld(SHA, len(SOUND))
    assert station.events.empty()


# --- in pieces over the broker ---


def test_pieces_are_asked_for_a_window_at_a_time(station: Station) -> None:
    assert station.fetch("mqtt") == AssetHeld(SHA, len(SOUND))
    assert [(want.from_index, want.count) for want in station.post.wants] == [(0, 4), (4, 4)]
    assert station.cache.path(SHA).read_bytes() == SOUND


def test_lost_and_doubled_pieces_are_asked_for_again(station: Station) -> None:
    said: list[list[int]] = [[0, 0, 2, 3], [], [1, 2, 3, 0]]
    station.post.answer = lambda want: (
        said.pop(0) if said else list(range(want.from_index, want.from_index + want.count))
    )
    assert station.fetch("mqtt") == AssetHeld(SHA, len(SOUND))
    assert station.cache.path(SHA).read_bytes() == SOUND


def test_a_silent_broker_ends_the_attempt_and_the_next_goes_on_at_the_last_good_piece(
    station: Station,
) -> None:
    whole = station.post.answer
    station.post.answer = lambda want: [0, 1, 2] if want.from_index == 0 else []
    assert station.fetch("mqtt") == FetchFailed(SHA, FetchProblem.NETWORK)
    assert station.part_bytes() == 3 * CHUNK_BYTES
    station.post.answer = whole
    station.post.wants.clear()
    assert station.fetch("mqtt") == AssetHeld(SHA, len(SOUND))
    assert station.post.wants[0].from_index == 3


def test_a_part_that_ends_within_a_piece_is_cut_back_to_the_last_whole_one(
    station: Station,
) -> None:
    station.cache.part_path(SHA).write_bytes(SOUND[: CHUNK_BYTES + 10])
    assert station.fetch("mqtt") == AssetHeld(SHA, len(SOUND))
    assert station.post.wants[0].from_index == 1


def test_flipped_pieces_are_found_by_the_hash(station: Station) -> None:
    station.post.sound = b"\x01" + SOUND[1:]
    assert station.fetch("mqtt") == FetchFailed(SHA, FetchProblem.CORRUPT)
    station.post.sound = SOUND
    assert station.fetch("mqtt") == AssetHeld(SHA, len(SOUND))
