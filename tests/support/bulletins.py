"""A centre with bulletins in it: services, queue, and voices that need no internet."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from audio_library.errors import SpeechUnavailableError
from audio_library.speech.cache import SpeechCache
from audio_library.speech.engine import GoOn, Voice
from audio_library.speech.speaker import Speaker
from audio_library.store import ORIGINAL_SUFFIX, FolderStore
from controller.domain.accounts import Actor
from controller.jobs.ingest import IngestWorkers
from controller.jobs.speech import SpeechWorker
from controller.services.bulletins import Bulletins, Draft
from controller.services.cuts import Cuts
from controller.services.drafts import Drafts
from controller.services.ingest_desk import IngestDesk
from controller.services.readings import Readings
from controller.services.speech import Speech
from controller.services.spool import Upload
from tests.support.sound import Samples, speech_like, write_sound, write_wav
from tests.support.web import DISTRICT, Centre

OPUS_TYPE = "audio/ogg"


@dataclass
class Reader:
    """Stands in for a speech engine: speaks the given sound, or is not there."""

    name: str = "online"
    languages: tuple[str, ...] = ("vi", "en")
    sound: bytes | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(self.name, language, language) for language in self.languages)

    def synthesise(self, text: str, voice: Voice, out: Path, *, go_on: GoOn) -> Path:
        go_on()
        self.asked.append(text)
        if self.sound is None:
            raise SpeechUnavailableError(self.name)
        out.write_bytes(self.sound)
        return out


@dataclass
class Studio:
    """Bulletins over a centre; `finish` does the waiting ingest work here and now."""

    centre: Centre
    folder: Path
    online: Reader = field(default_factory=Reader)
    robot: Reader = field(default_factory=lambda: Reader("robot", ("vi",)))

    def __post_init__(self) -> None:
        self.store = FolderStore(self.folder / "sounds")
        self.originals = FolderStore(self.folder / "originals", ORIGINAL_SUFFIX)
        self.spool = self.folder / "spool"
        sound = self.centre.settings.sound
        self.bulletins = Bulletins(
            self.centre.database,
            self.centre.clock,
            self.centre.places,
            self.store,
            self.spool,
            sound,
            self.centre.wake,
        )
        self.readings = Readings(self.centre.database, self.centre.clock, self.centre.places)
        self.speaker = Speaker((self.online, self.robot), SpeechCache(self.folder / "speech"))
        self.speech = Speech(
            self.centre.clock, self.bulletins, self.readings, self.speaker, self.centre.wake
        )
        self.desk = self.new_desk()
        self.workers = IngestWorkers(self.desk)
        self.speakers = SpeechWorker(self.desk, self.speech.speak)
        self.cuts = Cuts(self.centre.clock, self.bulletins, self.originals, self.spool, sound)
        self.drafts = Drafts(self.centre.database, self.centre.clock, self.store, sound)
        self.centre.add(
            bulletins=self.bulletins,
            cuts=self.cuts,
            drafts=self.drafts,
            sounds=self.store,
            readings=self.readings,
            speech=self.speech,
        )

    def new_desk(self) -> IngestDesk:
        centre = self.centre
        return IngestDesk(
            centre.database,
            centre.clock,
            self.store,
            self.originals,
            self.spool,
            centre.settings.sound,
            centre.wake,
        )

    def finish(self) -> int:
        """Do every waiting job; how many."""
        done = 0
        while self.speakers.work_once("test") or self.workers.work_once("test"):
            done += 1
        return done

    def draft(
        self,
        author: Actor,
        title: str = "Phòng cháy rừng mùa khô",
        *,
        place_id: str = DISTRICT,
        sound: bytes | None = None,
        language: str = "vi",
    ) -> str:
        """A draft, with finished sound if bytes are given."""
        upload = Upload("ban-tin.wav", io.BytesIO(sound)) if sound is not None else None
        words = Draft(title, "disaster", "", place_id)
        bulletin_id = self.bulletins.create(author, words, language=language, upload=upload)
        self.finish()
        return bulletin_id

    def version(self, actor: Actor, bulletin_id: str) -> int:
        return self.bulletins.get(actor, bulletin_id).row_version

    def submitted(self, author: Actor, sound: bytes, **draft: str) -> str:
        bulletin_id = self.draft(author, sound=sound, **draft)  # type: ignore[arg-type]
        self.bulletins.submit(author, bulletin_id, row_version=self.version(author, bulletin_id))
        return bulletin_id

    def approved(self, author: Actor, approver: Actor, sound: bytes, **draft: str) -> str:
        bulletin_id = self.submitted(author, sound, **draft)
        seen = self.version(approver, bulletin_id)
        self.bulletins.approve(approver, bulletin_id, row_version=seen)
        return bulletin_id


def wav_bytes(folder: Path, duration_s: float = 2.0, *, seed: int = 1) -> bytes:
    """A short voice as the bytes of a WAV file."""
    return sound_bytes(folder, speech_like(duration_s, seed))


def sound_bytes(folder: Path, samples: Samples) -> bytes:
    path = write_wav(folder / "made.wav", samples)
    data = path.read_bytes()
    path.unlink()
    return data


def mp3_bytes(folder: Path, duration_s: float = 3.0, *, seed: int = 1) -> bytes:
    path = write_sound(folder / "made.mp3", speech_like(duration_s, seed))
    data = path.read_bytes()
    path.unlink()
    return data
