"""The parts a shell drives, and how each effect is carried out on them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from station_agent.core import effects as do
from station_agent.core import events as ev
from station_agent.core.records import Intent
from station_agent.errors import StorageFullError, StorageReadOnlyError
from station_agent.hardware.amplifier import Amplifier
from station_agent.hardware.button import StopButton
from station_agent.health.probes import read_probes
from station_agent.link.downloader import Downloader
from station_agent.link.forwarder import next_batch
from station_agent.player.port import CheckedFile, Cue, Player
from station_agent.store.ballast import Ballast
from station_agent.store.intents import IntentFile
from station_agent.store.journal import Journal
from station_agent.store.marks import MarkFile
from station_agent.store.plan_file import PlanFile
from station_agent.store.sound_cache import SoundCache
from station_agent.wiring.player_words import cue_of
from station_agent.wiring.worker import Worker
from station_protocol.messages import UpMessage

logger = logging.getLogger(__name__)

INTENT_WAIT_S = 0.2
"""How long an emergency waits for its intent to be durable."""


class Door(Protocol):
    """The local channel as the shell uses it."""

    def start(self) -> None:
        """Begin to listen."""

    def close(self) -> None:
        """Listen no longer."""


class Sender(Protocol):
    """The link as the shell uses it."""

    def judge_dates(self, knows_time: Callable[[], bool]) -> None:
        """Say when the dates of a certificate can be judged."""

    def start(self) -> None:
        """Begin to connect."""

    def send(self, message: UpMessage) -> bool:
        """Publish, or drop when the link is down."""

    def close(self) -> None:
        """Say goodbye."""


@dataclass(slots=True)
class Parts:
    """Everything around the core."""

    station_id: str
    folder: Path
    journal: Journal
    ballast: Ballast
    plan_file: PlanFile
    limits_file: PlanFile
    mark_file: MarkFile
    cache: SoundCache
    player: Player
    amplifier: Amplifier
    link: Sender
    downloader: Downloader
    worker: Worker
    intents: IntentFile
    urgent_worker: Worker
    """For intents alone: it never waits behind a file that is being hashed."""
    button: StopButton
    channel: Door
    emit: Callable[[ev.Event], None]
    urgent_cue: Cue | None = None
    """To be prepared and let go as one."""

    def persist(self, effect: do.Persist) -> ev.PersistFailed | None:
        """Write what the core wants durable; None when it is."""
        try:
            self._write(effect)
        except StorageFullError as error:
            logger.exception("not durable station=%s code=%s", self.station_id, error.code)
            return ev.PersistFailed(effect, ev.StorageProblem.DISK_FULL)
        except StorageReadOnlyError as error:
            logger.exception("not durable station=%s code=%s", self.station_id, error.code)
            return ev.PersistFailed(effect, ev.StorageProblem.READONLY)
        return None

    def _write(self, effect: do.Persist) -> None:
        """On a full disk played sound goes first, then the ballast: evidence finds room."""
        while True:
            try:
                self._write_once(effect)
            except StorageFullError:
                if not (self.cache.drop_one() or self.ballast.release()):
                    raise
            else:
                return

    def _write_once(self, effect: do.Persist) -> None:
        if effect.plan is not None:
            self.plan_file.write(effect.plan)
        if effect.limits is not None:
            self.limits_file.write(effect.limits)
        if effect.entries or effect.slots or effect.memory:
            self.journal.persist(effect.entries, effect.slots, effect.memory)

    def carry_out(self, effect: do.Effect) -> None:
        """Do anything but Persist."""
        match effect:
            case do.Prepare() | do.Start() | do.Stop() | do.SetVolume() | do.Amplifier():
                self._sound(effect)
            case do.Fetch() | do.CancelFetch() | do.CheckAsset():
                self._files(effect)
            case do.ProtectAssets() | do.KeepResident():
                self._keep(effect)
            case do.Send(message=message):
                self.link.send(message)
            case do.WriteMark() | do.ForwardJournal() | do.ConfirmJournal():
                self._evidence(effect)
            case do.WriteIntent(intent=intent):
                self._write_intent(intent)
            case do.KeepSound(sha256=sha256, data=data):
                self.worker.do(lambda: self._keep_sound(sha256, data))
            case do.Probe():
                self.worker.do(self._probe)
            case do.Persist():
                raise AssertionError("persist has its own way")

    def _sound(self, effect: do.Prepare | do.Start | do.Stop | do.SetVolume | do.Amplifier) -> None:
        match effect:
            case do.Prepare(urgent=True):  # its start is the next thing that is asked for
                self.urgent_cue = cue_of(effect, self.cache.path)
            case do.Prepare():
                self.player.prepare(cue_of(effect, self.cache.path))
            case do.Start(play_id=play_id, replaces=replaces):
                self._start(play_id, replaces=replaces)
            case do.Stop(play_id=play_id, fade_ms=fade_ms):
                self.player.stop(play_id, fade_ms)
            case do.SetVolume(percent=percent):
                self.player.set_volume(percent)
            case do.Amplifier(on=on):
                self.amplifier.switch(on)

    def _start(self, play_id: str, *, replaces: bool) -> None:
        """Let it sound; what is urgent wakes the player once and not twice."""
        cue, self.urgent_cue = self.urgent_cue, None
        if cue is not None and cue.play_id == play_id:
            self.player.sound(cue, replaces=replaces)
        else:
            self.player.start(play_id, replaces=replaces)

    def _files(self, effect: do.Fetch | do.CancelFetch | do.CheckAsset) -> None:
        match effect:
            case do.Fetch(sha256=sha256, size_bytes=size_bytes, via=via):
                self.downloader.fetch(sha256, size_bytes, via)
            case do.CancelFetch(sha256=sha256):
                self.downloader.cancel(sha256)
            case do.CheckAsset(sha256=sha256):
                self.worker.do(lambda: self._check(sha256))

    def _keep(self, effect: do.ProtectAssets | do.KeepResident) -> None:
        match effect:
            case do.ProtectAssets(sha256s=sha256s):
                self.cache.protect(sha256s)
            case do.KeepResident(sha256s=sha256s):
                files = (CheckedFile(self.cache.path(each), each) for each in sha256s)
                self.player.keep_resident(tuple(files))

    def _evidence(self, effect: do.WriteMark | do.ForwardJournal | do.ConfirmJournal) -> None:
        """A mark or a confirmation that fails costs nothing but a repetition: it is logged."""
        try:
            match effect:
                case do.WriteMark(mark=mark):
                    self.mark_file.write(mark)
                case do.ForwardJournal():
                    self._forward(effect)
                case do.ConfirmJournal(up_to=up_to, at=at):
                    self.journal.confirm(up_to, at)
                    self.ballast.restore()
        except (StorageFullError, StorageReadOnlyError) as error:
            name = type(effect).__name__
            logger.warning("%s failed station=%s: %s", name, self.station_id, error)

    def _write_intent(self, intent: Intent) -> None:
        """Wait for the card, but not long: an emergency sounds whether or not it can be written."""
        written = threading.Lock()  # an Event would do, at several times the cost
        written.acquire()
        problems: list[str] = []

        def write() -> None:
            try:
                self.intents.write(intent)
            except (StorageFullError, StorageReadOnlyError) as error:
                problems.append(str(error))
            written.release()

        self.urgent_worker.do(write)
        in_time = written.acquire(timeout=INTENT_WAIT_S)
        if not in_time or problems:
            why = problems[0] if problems else "the card took too long"
            logger.warning("intent not durable station=%s: %s", self.station_id, why)
            self.emit(ev.IntentNotDurable(intent.slot_id, why))

    def _forward(self, effect: do.ForwardJournal) -> None:
        batch = next_batch(
            self.journal,
            after_no=effect.after_no,
            station_id=self.station_id,
            boot_id=effect.boot_id,
            sent_mono_ms=effect.sent_mono_ms,
        )
        if batch is not None:
            self.link.send(batch)

    # --- in the worker's thread -------------------------------------------------------------------

    def _keep_sound(self, sha256: str, data: bytes) -> None:
        """Words that came with an order, for its next airing; in this run they are in memory."""
        try:
            if self.cache.make_room(sha256, len(data)) and self.cache.keep(sha256, data):
                self.emit(ev.AssetHeld(sha256, len(data)))
        except OSError as error:
            logger.warning("words not kept station=%s: %s", self.station_id, error)

    def _check(self, sha256: str) -> None:
        self.emit(ev.AssetChecked(sha256, self.cache.check(sha256)))

    def _probe(self) -> None:
        self.emit(read_probes(self.folder, volume_percent=self.player.volume))

    # --- start and end ----------------------------------------------------------------------------

    def start(self) -> None:
        """Start every thread but the player's, which was started with it."""
        self.worker.start()
        self.urgent_worker.start()
        self.downloader.start()
        self.link.start()
        self.channel.start()

    def close(self) -> None:
        """Silence first, then everything else."""
        self.player.close()
        self.amplifier.close()
        self.channel.close()
        self.button.close()
        self.downloader.close()
        self.link.close()
        self.worker.close()
        self.urgent_worker.close()
        self.journal.close()
