"""From the second person's click to the horns of 65 stations, beside the broker's bare fan-out.

Everything is the shipped program in its own process: the centre with its broker and its web, and
65 agents over virtual cards in real time. The click is the HTTP request that confirms; the last of
the 65 is taken from what each station's journal says of its first frame. Then the correction is
sent from the same page. At the end everything that was ordered is played back off the broker.

The peer is the least the same broker can do: as many bare paho processes, and messages of the size
of the order. They stay connected all the time, on a topic no agent hears, and are measured before
each round; where the measurements differ widely the machine is noisy and judges nothing.

Told beside it, and no goal: the same processes when each of them checks a signature, parses JSON
and syncs a page, which is the least any station must do before it may sound.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median
from typing import Any

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select

from controller.domain.accounts import Role
from controller.domain.emergencies import Kind, Part, phrase
from controller.link.broker_access import BrokerAccess, broker_access
from controller.services.emergency_views import EmergencyView, view_of
from controller.storage.models import (
    EmergencyOrderRow,
    EmergencyRow,
    JournalEntryRow,
    SignedOrderRow,
    StationStateRow,
)
from station_agent.player.virtual_card import PERIOD_FRAMES
from station_protocol import topics
from tests.bench.rows import NOISY_SPREAD, Row, Verdict
from tests.support.brokers import Peer, connect
from tests.support.province import Province, province, until
from tests.support.warnings import WORDS
from tests.support.web import PROVINCE

STATIONS, QUICK_STATIONS = 65, 6
ROUNDS, QUICK_ROUNDS = 7, 2
GOAL = 3.0
LONGEST_MS = 1_000.0
CORRECTED_MS = 10_000.0
PERIOD_MS = PERIOD_FRAMES / 48
PEER_ROUNDS = 5
SETTLED_S = 3.0
"""After everything has sounded, until the agents have nothing more to write and to tell."""
UNWATCHED_S = 1.2
"""After a click nobody looks into the database: looking takes the processor from the stations."""
_LEAST = "-least"
_PAGE_BYTES = 4_096
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Round:
    """One emergency: milliseconds from the click to the first frame at the last station.

    `peer_ms` is the bare fan-out just before it, `least_ms` the same with what cannot be left out.
    """

    peer_ms: float
    least_ms: float
    sounded_ms: float
    corrected_ms: float


def measure(quick: bool) -> list[Row]:
    """The click against the bare fan-out, its worst case, the correction's, and playing it back."""
    stations = QUICK_STATIONS if quick else STATIONS
    with tempfile.TemporaryDirectory() as name, province(Path(name)) as made:
        ids = list(made.centre.services.places.tree().stations)[:stations]
        for station_id in ids:
            made.add_station(station_id)
        desk = _Desk(made, ids)
        size_bytes = desk.order_bytes()
        with _audience(made, ids) as bare:
            made.start_fleet(ids)
            until("all stations are there", lambda: _ready(made) >= len(ids), within_s=180)
            bare.fanout_ms(size_bytes)  # what is slow the first time
            bare.least_ms(size_bytes)
            desk.round()
            rounds = []
            for _ in range(QUICK_ROUNDS if quick else ROUNDS):
                time.sleep(SETTLED_S)
                peer_ms = median(bare.fanout_ms(size_bytes) for _ in range(PEER_ROUNDS))
                least_ms = median(bare.least_ms(size_bytes) for _ in range(PEER_ROUNDS))
                rounds.append(Round(peer_ms, least_ms, *desk.round()))
            time.sleep(SETTLED_S)
        return [*_rows(stations, rounds), desk.played_back()]


def _rows(stations: int, rounds: Sequence[Round]) -> list[Row]:
    peers = [one.peer_ms for one in rounds]
    peer, spread = median(peers), max(peers) / min(peers)
    ours = median(one.sounded_ms for one in rounds)
    longest = max(one.sounded_ms for one in rounds)
    corrected = max(one.corrected_ms for one in rounds)
    is_met = ours <= GOAL * peer + PERIOD_MS
    missed = Verdict.NOISY if spread > NOISY_SPREAD else Verdict.SHORT
    return [
        Row(
            name=f"click to the last of {stations} horns, ms",
            ours=ours,
            peer=peer,
            ratio=(ours - PERIOD_MS) / peer,
            goal=f"<= {GOAL:g} + period",
            verdict=Verdict.OK if is_met else missed,
            spread=spread,
            load=os.getloadavg()[0],
        ),
        _least(stations, peer, median(one.least_ms for one in rounds)),
        _bound(f"click to the last of {stations} horns, longest, ms", longest, LONGEST_MS),
        _bound(f"correction at the last of {stations} horns, longest, ms", corrected, CORRECTED_MS),
    ]


def _least(stations: int, peer_ms: float, ours_ms: float) -> Row:
    return Row(
        name=f"signature, JSON and a page at the last of {stations}, ms",
        ours=ours_ms,
        peer=peer_ms,
        ratio=ours_ms / peer_ms,
        goal="none",
        verdict=Verdict.OK,
        load=os.getloadavg()[0],
    )


def _bound(name: str, ours_ms: float, most_ms: float) -> Row:
    return Row(
        name=name,
        ours=ours_ms,
        peer=most_ms,
        ratio=ours_ms / most_ms,
        goal="<= 1",
        verdict=Verdict.OK if ours_ms <= most_ms else Verdict.SHORT,
        load=os.getloadavg()[0],
    )


# --- ours -----------------------------------------------------------------------------------------


class _Desk:
    """Two people at the web who warn the same stations again and again."""

    def __init__(self, made: Province, station_ids: Sequence[str]) -> None:
        self._made = made
        self._stations = station_ids
        self._composer = made.desk(Role.OPERATOR, PROVINCE)
        self._second = made.desk(Role.APPROVER, PROVINCE)
        tree = made.centre.services.places.tree()
        is_all = len(station_ids) == len(tree.stations)
        self._targets = (
            [PROVINCE] if is_all else [tree.stations[one].place_id for one in station_ids]
        )

    def order_bytes(self) -> int:
        """About how large the order is: a page is proposed, and its words are spoken."""
        view = self._proposed()
        sound = view.parts[Part.WARNING].sound
        assert sound is not None
        return 1_200 + sound.size_bytes * 4 // 3

    def round(self) -> tuple[float, float]:
        """Warn them, wait until all sound, correct it, wait until all sound that, and be silent."""
        page = f"/khan-cap/{self._proposed().emergency_id}"
        self._second.wake()
        assert (
            self._second.post(f"{page}/phat", typed="phát").status == 422
        )  # warm, as a browser is
        typed = phrase(Kind.LIVE, len(self._stations))
        sounded_ms = self._timed_ms(page, Part.WARNING, "phat", {"typed": typed})
        ending = {"part": Part.CORRECTION.value}
        corrected_ms = self._timed_ms(page, Part.CORRECTION, "bao-yen", ending)
        self._second.wake()
        assert self._second.post(f"{page}/dung").status == 303
        time.sleep(1)  # the next round begins with horns that are silent
        return sounded_ms, corrected_ms

    def played_back(self) -> Row:
        """Every order of this run again, as somebody recorded it: at how many horns it sounds."""
        access = broker_access(self._made.settings)
        with self._made.centre.database.read() as session:
            rows = session.execute(
                select(SignedOrderRow.audience, SignedOrderRow.is_group, SignedOrderRow.envelope)
            ).all()
        before = self._sounded()
        thief = connect(access.port, access.user, access.password, client_id="thief")
        for audience, is_group, envelope in rows:
            down = topics.down(audience, topics.Down.ORDER)
            thief.publish(topics.group_order(audience) if is_group else down, envelope)
        thief.close()
        time.sleep(2 * SETTLED_S)
        again = self._sounded() - before
        return Row(
            name=f"sounded when {len(rows)} orders were played back",
            ours=again,
            peer=len(rows) * len(self._stations),
            ratio=again / (len(rows) * len(self._stations)),
            goal="none",
            verdict=Verdict.SHORT if again else Verdict.OK,
            load=os.getloadavg()[0],
        )

    def _sounded(self) -> int:
        """How often anything began to sound, as the journals say."""
        query = select(func.count()).select_from(JournalEntryRow)
        with self._made.centre.database.read() as session:
            return session.scalar(query.where(JournalEntryRow.kind == "start")) or 0

    def _timed_ms(self, page: str, part: Part, deed: str, fields: Mapping[str, str]) -> float:
        """From the click to the first frame of a part at the last station."""
        self._second.wake()
        clicked_at = datetime.now(UTC)
        assert self._second.post(f"{page}/{deed}", **fields).status == 303
        emergency_id = page.rsplit("/", 1)[-1]
        time.sleep(UNWATCHED_S)

        def starts() -> list[datetime]:
            found = self._starts(emergency_id, part)
            return list(found.values()) if len(found) >= len(self._stations) else []

        last = max(until(f"{part} sounds everywhere", starts, within_s=60))
        return (last - clicked_at).total_seconds() * 1000

    def _starts(self, emergency_id: str, part: Part) -> dict[str, datetime]:
        """The first frame of a part, by station, as the journals say."""
        with self._made.centre.database.read() as session:
            orders = set(
                session.scalars(
                    select(EmergencyOrderRow.order_id).where(
                        EmergencyOrderRow.emergency_id == emergency_id,
                        EmergencyOrderRow.part == part.value,
                    )
                )
            )
            lines = session.execute(
                select(JournalEntryRow.station_id, JournalEntryRow.evidence).where(
                    JournalEntryRow.kind == "start"
                )
            ).all()
        return {
            station_id: datetime.fromisoformat(evidence["started_at"])
            for station_id, evidence in lines
            if evidence.get("order_id") in orders and evidence.get("started_at")
        }

    def _proposed(self) -> EmergencyView:
        self._composer.wake()
        answer = self._composer.post(
            "/khan-cap/soan",
            hazard="flood_release",
            level="3",
            title="Xả lũ hồ Sông Cái",
            source="",
            warning=WORDS[Part.WARNING],
            correction=WORDS[Part.CORRECTION],
            all_clear=WORDS[Part.ALL_CLEAR],
            voice="espeak:vi",
            target=self._targets,
            repeat="0",
            lasts="30",
        )
        assert answer.status == 303, answer.text
        emergency_id = answer.location.rsplit("/", 1)[-1]

        def spoken() -> EmergencyView | None:
            with self._made.centre.database.read() as session:
                view = view_of(session, session.get_one(EmergencyRow, emergency_id))
            return view if all(part.sound for part in view.parts.values()) else None

        view = until("the words are spoken", spoken, within_s=60)
        assert view is not None
        return view


def _ready(made: Province) -> int:
    query = (
        select(func.count())
        .select_from(StationStateRow)
        .where(StationStateRow.shown_state == "ready")
    )
    with made.centre.database.read() as session:
        return session.scalar(query) or 0


# --- the peer -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Audience:
    """As many bare subscribers as there are stations, and somebody who publishes to them."""

    peer: Peer
    topic: str
    key: Ed25519PrivateKey
    counts: Any
    instants: Any

    def fanout_ms(self, size_bytes: int) -> float:
        """Milliseconds from one publish to its arrival at the last of the processes."""
        return self._publish_ms(self.topic, os.urandom(size_bytes))

    def least_ms(self, size_bytes: int) -> float:
        """The same until the last of them has checked, parsed and written."""
        words = base64.b64encode(os.urandom(size_bytes * 3 // 4)).decode()
        body = json.dumps({"data": words}).encode()
        return self._publish_ms(f"{self.topic}{_LEAST}", self.key.sign(body) + body)

    def _publish_ms(self, topic: str, message: bytes) -> float:
        wanted = min(self.counts) + 1
        time.sleep(0.1)
        began = time.monotonic()
        self.peer.client.publish(topic, message, qos=1)
        time.sleep(0.1)  # who watches takes the processor from those who wait
        until("all got it", lambda: min(self.counts) >= wanted, every_s=0.02)
        return (max(self.instants) - began) * 1000


@dataclass(frozen=True, slots=True)
class _Listener:
    """One bare subscriber in a process of its own; lives until its parent ends it."""

    place: int
    topic: str
    public: bytes
    page: Path
    counts: Any
    instants: Any

    def run(self, access: BrokerAccess) -> None:
        """Listen for ever."""
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"bare-{self.place}")
        client.username_pw_set(access.user, access.password)
        client.reconnect_delay_set(1, 1)
        key = Ed25519PublicKey.from_public_bytes(self.public)
        page = os.open(self.page, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(page, bytes(_PAGE_BYTES), 0)
        os.fsync(page)

        def received(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
            if message.topic.endswith(_LEAST):
                signature, body = message.payload[:64], message.payload[64:]
                key.verify(signature, body)
                parsed = json.loads(body)
                os.pwrite(page, parsed["data"][:_PAGE_BYTES].encode(), 0)
                os.fdatasync(page)
            self.instants[self.place] = time.monotonic()
            self.counts[self.place] += 1

        def subscribed(*_: object) -> None:
            self.counts[self.place] = 0

        client.on_connect = lambda *_: client.subscribe(
            [(self.topic, 1), (f"{self.topic}{_LEAST}", 1)]
        )
        client.on_subscribe = subscribed
        client.on_message = received
        client.connect("127.0.0.1", access.port)
        client.loop_forever()


@contextmanager
def _audience(made: Province, station_ids: Sequence[str]) -> Iterator[_Audience]:
    """They hear what a station says on topics of its own that are none of the protocol's."""
    speaker = station_ids[0]
    topic = f"{topics.up(speaker, topics.Up.BEAT)}-bare"
    access = broker_access(made.settings)
    counts = _FORK.Array("i", [-1] * len(station_ids), lock=False)
    instants = _FORK.Array("d", len(station_ids), lock=False)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    processes: list[BaseProcess] = []
    for place in range(len(station_ids)):
        page = made.folder / f"page-{place}"
        listener = _Listener(place, topic, public, page, counts, instants)
        process = _FORK.Process(target=listener.run, args=(access,), daemon=True)
        process.start()
        processes.append(process)
    config = made.folder / "stations" / speaker / "station.toml"
    own = tomllib.loads(config.read_text(encoding="utf-8"))["broker"]
    peer = connect(own["port"], own["user"], own["password"], client_id="bare-speaker")
    try:
        until("all listen", lambda: min(counts) >= 0, within_s=60)
        yield _Audience(peer, topic, key, counts, instants)
    finally:
        peer.close()
        for process in processes:
            process.terminate()
            process.join()
