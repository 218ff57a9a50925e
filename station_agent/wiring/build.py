"""The composition root: settings -> a station ready to run."""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, TypeVar

from station_agent.core.agent import Agent
from station_agent.core.config import AgentConfig, Restored
from station_agent.core.effects import SoundOver
from station_agent.core.events import AssetDropped, Booted, Event, HardwareFault, StopPressed
from station_agent.core.volume import FAULT as VOLUME_NOT_SET
from station_agent.errors import FolderInUseError, StorageFullError, StorageReadOnlyError
from station_agent.hardware.amplifier import MISSING as AMPLIFIER_MISSING
from station_agent.hardware.amplifier import open_amplifier
from station_agent.hardware.button import MISSING as BUTTON_MISSING
from station_agent.hardware.button import open_button
from station_agent.hardware.light import MISSING as LIGHT_MISSING
from station_agent.hardware.light import StatusLight, open_light
from station_agent.health.channel import LocalChannel
from station_agent.health.probes import LOCK, is_read_only, kernel_clock
from station_agent.health.watchdog import Watchdog
from station_agent.link.addresses import LastAddresses
from station_agent.link.client import BrokerAddress, Link
from station_agent.link.downloader import BrokerWay, Downloader, LateWay, Way
from station_agent.link.handlers import Inbox
from station_agent.player.engine import PlayerEngine
from station_agent.player.mixer import AlsaMixer
from station_agent.player.port import Clock, Sink, SystemClock
from station_agent.player.sinks.alsa import AlsaSink
from station_agent.player.sinks.file import FileSink
from station_agent.player.sinks.null import NullSink
from station_agent.settings import AgentSettings, fetch_spans, spans
from station_agent.store.ballast import Ballast
from station_agent.store.files import storage_errors
from station_agent.store.intents import IntentFile
from station_agent.store.journal import Journal, stranded
from station_agent.store.marks import MarkFile
from station_agent.store.plan_file import PlanFile
from station_agent.store.sound_cache import SoundCache
from station_agent.wiring.clock import machine_boot_id, moment
from station_agent.wiring.local import LocalDesk
from station_agent.wiring.parts import Parts
from station_agent.wiring.player_words import event_of
from station_agent.wiring.shell import Errand, Item, Shell
from station_agent.wiring.worker import Worker
from station_protocol import codec
from station_protocol.codec import Signed
from station_protocol.errors import ProtocolError
from station_protocol.messages import HoursSpan, Message, StationLimits, UpMessage
from station_protocol.signing import KeyRing, PinnedKey
from station_protocol.vocabulary import DeedKind

logger = logging.getLogger(__name__)

AGENT_VERSION = version("vang")
"""Looked up once: reading it costs a parse of the package's metadata."""

M = TypeVar("M", bound=Message)


@dataclass(slots=True)
class Running:
    """A station that was built; `run` returns when it has stopped."""

    shell: Shell
    agent: Agent
    first: Event
    lock: BinaryIO

    def run(self) -> None:
        """Run until told to stop."""
        try:
            self.shell.run(self.first)
        finally:
            self.close()

    def close(self) -> None:
        """End every part; a second time changes nothing."""
        self.shell.close()
        self.lock.close()


def build(
    settings: AgentSettings, *, clock: Clock | None = None, watchdog: Watchdog | None = None
) -> Running:
    """Open the store, restore the core, make every part. Starts the player's thread only.

    FolderInUseError, StorageFullError, StorageReadOnlyError.
    """
    clock = clock or SystemClock()
    folder = settings.path(settings.store.folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = _lock(folder)
    events: queue.SimpleQueue[Item] = queue.SimpleQueue()
    keys = key_ring(settings)
    mixer = open_mixer(settings)
    parts = _parts(settings, folder, clock, keys, mixer, events.put)
    kernel = kernel_clock()
    light = open_light(settings.player.light_pin)
    faults = _faults(parts, light, mixer)
    first = Booted(kernel.synchronised, faults, kernel.error_ms)
    agent = Agent(_config(settings, parts.journal), _restored(settings, parts, keys), moment(clock))
    if watchdog is not None:
        watchdog.watch("player", parts.player.busy_since_s)
    parts.link.judge_dates(lambda: agent.station.clock.is_trusted)
    shell = Shell(agent, parts, events, now=lambda: moment(clock), watchdog=watchdog, light=light)
    return Running(shell, agent, first, lock)


def rehearse(settings: AgentSettings, folder: Path) -> None:
    """Build a station over an empty folder, boot its core, close it; nothing is connected.

    What is made on first use (validators, patterns, tables) then exists before a fleet forks.
    """
    store = replace(settings.store, folder=os.fspath(folder))
    player = replace(settings.player, sink="null", amplifier_pin=-1, stop_pin=-1, light_pin=-1)
    station = build(replace(settings, store=store, player=player))
    station.shell.handle(station.first)
    station.close()


def _lock(folder: Path) -> BinaryIO:
    """Two agents on one store would both play; the kernel frees the lock when a process dies."""
    with storage_errors(folder.name):
        file = (folder / LOCK).open("rb" if is_read_only(folder) else "ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderInUseError(f"another agent uses {folder}") from error
    return file


def key_ring(settings: AgentSettings) -> KeyRing:
    """The two keys this station believes, each for its own kind of deed."""
    return KeyRing.of(
        PinnedKey.from_hex(settings.keys.actual_public, DeedKind.ACTUAL),
        PinnedKey.from_hex(settings.keys.exercise_public, DeedKind.EXERCISE),
    )


def default_limits(settings: AgentSettings) -> StationLimits:
    """The limits of the configuration, until signed ones replace them."""
    hours = (
        HoursSpan(opens_min=opens, closes_min=closes)
        for opens, closes in spans(settings.limits.hours)
    )
    return StationLimits(
        station_id=settings.station.id,
        hours=tuple(hours),
        max_length_ms=settings.limits.max_length_s * 1000,
        volume_ceiling_percent=settings.limits.volume_ceiling_percent,
    )


def open_sink(settings: AgentSettings, clock: Clock) -> Sink:
    """The sound card of the settings; opening it is left to the player."""
    player = settings.player
    if player.sink == "alsa":
        return AlsaSink(player.device, clock=clock)
    if player.sink == "file":
        return FileSink(settings.path(player.file), seed=player.seed, clock=clock)
    return NullSink(seed=player.seed, clock=clock)


def open_mixer(settings: AgentSettings) -> AlsaMixer | None:
    """The card's own volume, where the settings name one."""
    player = settings.player
    if player.sink != "alsa" or not player.mixer:
        return None
    return AlsaMixer(player.mixer, player.mixer_device)


def _config(settings: AgentSettings, journal: Journal) -> AgentConfig:
    return AgentConfig(
        station_id=settings.station.id,
        boot_id=str(uuid.uuid4()),
        journal_id=journal.journal_id(),
        limits=default_limits(settings),
        agent_version=AGENT_VERSION,
        machine_boot_id=machine_boot_id(),
        sound_over="mqtt" if settings.sound.over == "mqtt" else "http",
        trust_last_known=settings.clock.trust_last_known,
        fetch_hours=fetch_spans(settings.sound),
        fetch_daily_bytes=settings.sound.fetch_mb_a_day * 1_000_000 or None,
    )


def _faults(
    parts: Parts, light: StatusLight, mixer: AlsaMixer | None
) -> tuple[tuple[str, str], ...]:
    faults: list[tuple[str, str]] = []
    if parts.journal.set_aside is not None:
        faults.append(("journal_damaged", parts.journal.set_aside.name))
    if mixer is not None and (problem := mixer.problem()):
        faults.append((VOLUME_NOT_SET, problem))
    for code, fault in (
        (AMPLIFIER_MISSING, parts.amplifier.fault),
        (BUTTON_MISSING, parts.button.fault),
        (LIGHT_MISSING, light.fault),
    ):
        if fault:
            faults.append((code, fault))
    return tuple(faults)


def _restored(settings: AgentSettings, parts: Parts, keys: KeyRing) -> Restored:
    station_id = settings.station.id
    return Restored(
        plan=_verified(parts.plan_file, lambda raw: codec.open_plan(raw, keys, station_id)),
        limits=_verified(parts.limits_file, lambda raw: codec.open_limits(raw, keys, station_id)),
        memory=parts.journal.memory(),
        slots=tuple(parts.journal.slots()),
        journal_head=parts.journal.head(),
        journal_stored_up_to=parts.journal.stored_up_to(),
        held=parts.cache.held(),
        mark=parts.mark_file.read(),
        intents=parts.intents.read(),
    )


def _verified(file: PlanFile, verify: Callable[[bytes], Signed[M]]) -> Signed[M] | None:
    """What a file holds, if it is still what was signed."""
    raw = file.read()
    if raw is None:
        return None
    try:
        return verify(raw)
    except ProtocolError as error:
        logger.warning("kept message not usable reason=%s: %s", error.reason, error)
        return None


def _parts(
    settings: AgentSettings,
    folder: Path,
    clock: Clock,
    keys: KeyRing,
    mixer: AlsaMixer | None,
    emit: Callable[[Item], None],
) -> Parts:
    ballast = Ballast(folder / "ballast")
    journal = _journal(folder / "journal.db", ballast)
    player = PlayerEngine(
        open_sink(settings, clock), lambda said: emit(event_of(said)), clock=clock, mixer=mixer
    )
    cache = SoundCache(
        folder / "sound",
        settings.store.cache_bytes,
        on_dropped=lambda sha256: emit(AssetDropped(sha256)),
        on_admitted=player.sound_came,
    )
    player.run_thread()
    downloader, link = _connections(settings, keys, cache, emit)
    return Parts(
        station_id=settings.station.id,
        folder=folder,
        journal=journal,
        ballast=ballast,
        plan_file=PlanFile(folder / "plan.sealed"),
        limits_file=PlanFile(folder / "limits.sealed"),
        mark_file=MarkFile(folder / "mark"),
        cache=cache,
        player=player,
        amplifier=open_amplifier(
            settings.player.amplifier_pin,
            lambda code, detail: emit(HardwareFault(code, detail)),
        ),
        link=link,
        downloader=downloader,
        worker=Worker("worker"),
        intents=IntentFile(folder / "intents"),
        urgent_worker=Worker("intents"),
        button=open_button(settings.player.stop_pin, lambda: emit(StopPressed())),
        channel=LocalChannel(settings.socket(), LocalDesk(emit).answer),
        emit=emit,
    )


def _journal(path: Path, ballast: Ballast) -> Journal:
    """The journal, on a full disk at the cost of the ballast, on a dead card to be read only."""
    if is_read_only(path.parent):
        return stranded(path)
    try:
        journal = Journal(path)
    except (StorageFullError, StorageReadOnlyError):
        if not ballast.release():
            raise
        return Journal(path)
    ballast.restore()
    return journal


def _connections(
    settings: AgentSettings, keys: KeyRing, cache: SoundCache, emit: Callable[[Item], None]
) -> tuple[Downloader, Link]:
    """The link and the downloader, which send through one another."""
    station = settings.station
    links: list[Link] = []
    addresses = LastAddresses(settings.path(settings.store.folder) / "addresses.json")

    def send(message: UpMessage) -> bool:
        return links[0].send(message)

    ways: dict[SoundOver, Way] = {"mqtt": BrokerWay(station.id, send)}
    if settings.sound.over == "http":
        ways["http"] = LateWay(lambda: _http_way(settings, addresses))
    downloader = Downloader(cache, ways, emit)
    inbox = Inbox(station.id, station.places, keys, emit, downloader.on_chunk)
    link = Link(
        broker_address(settings),
        station.id,
        station.places,
        receive=inbox.receive,
        emit=emit,
        after=lambda deed: emit(Errand(deed)),
        addresses=addresses,
    )
    links.append(link)
    return downloader, link


def _http_way(settings: AgentSettings, addresses: LastAddresses) -> Way:
    """Imports its library only now: that costs a start as much as all messages of the wire."""
    from station_agent.link.http_way import HttpWay

    sound = settings.sound
    ca = str(settings.path(sound.tls_ca)) if sound.tls_ca else ""
    return HttpWay(sound.url, sound.token, ca, addresses)


def broker_address(settings: AgentSettings) -> BrokerAddress:
    """Where the broker is and who we are to it."""
    broker, station_id = settings.broker, settings.station.id
    return BrokerAddress(
        host=broker.host,
        port=broker.port,
        user=broker.user or station_id,
        password=broker.password,
        client_id=broker.client_id or station_id,
        tls_ca=os.fspath(settings.path(broker.tls_ca)) if broker.tls_ca else "",
    )
