"""The composition root of the centre: the only module that builds objects and connects them."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from flask import Flask

from audio_library.object_store import ObjectStore
from audio_library.speech.cache import SpeechCache
from audio_library.speech.engine import SpeechEngine
from audio_library.speech.offline import EspeakEngine
from audio_library.speech.online import GttsEngine
from audio_library.speech.own_voice import OwnVoiceEngine, packages_of_the_extra
from audio_library.speech.speaker import Speaker
from audio_library.store import ORIGINAL_SUFFIX, AssetStore, FolderStore
from audio_library.worker_process import WorkerProcess
from controller.app import create_app
from controller.domain.alarms import Patience
from controller.domain.notices import Way
from controller.errors import BrokerError
from controller.jobs import (
    audit_seal,
    cap_feeds,
    drafts,
    emergency_words,
    figures,
    fleet_sweep,
    notices,
    outage_tickets,
    plan_refresh,
    pruning,
    reconcile_day,
)
from controller.jobs.deliveries import DeliveryWorker
from controller.jobs.ingest import IngestWorkers
from controller.jobs.pieces import PieceWorker
from controller.jobs.scheduler import Scheduler
from controller.jobs.speech import SpeechWorker
from controller.link import feeds
from controller.link.broker import reload_users
from controller.link.broker_access import BrokerAccess, broker_access
from controller.link.broker_log import Denial, watch_denials
from controller.link.centre import CentreLink, Deeds
from controller.link.reach import reach_of
from controller.link.supervision import broker_restarts, is_broker_up
from controller.metrics.exporter import Exporter
from controller.metrics.internals import Internals
from controller.services import safe_xml
from controller.services.accounts import Accounts
from controller.services.alarms import Alarms
from controller.services.approvals import ApprovalQueue
from controller.services.as_run import AsRun
from controller.services.audit import AuditTrail
from controller.services.audit_chain import AuditChain
from controller.services.audit_note import AuditNote
from controller.services.backups import NOTE as BACKUP_NOTE
from controller.services.backups import Centre
from controller.services.board import Board
from controller.services.bulletin_uses import BulletinUses
from controller.services.bulletins import Bulletins
from controller.services.bundle import Services
from controller.services.calendar import Calendar
from controller.services.cap_inbox import CapInbox
from controller.services.centre_runs import CentreRuns
from controller.services.centre_signs import CentreSigns
from controller.services.command import Command
from controller.services.comments import Comments
from controller.services.contacts import Contacts
from controller.services.cuts import Cuts
from controller.services.day_figures import DayBook
from controller.services.deliveries import Deliveries, Parcel
from controller.services.drafts import Drafts
from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.emergency_reader import Tools
from controller.services.emergency_recordings import Recordings
from controller.services.enrolment import Enrolment
from controller.services.equipment import Equipment
from controller.services.fault_reports import FaultDesk
from controller.services.figures import Figures
from controller.services.filing import FilingDesk
from controller.services.fleet import Fleet
from controller.services.headlines import Headlines
from controller.services.holidays import Holidays
from controller.services.hours import Hours
from controller.services.ingest_desk import IngestDesk
from controller.services.keys import SigningKeys, load_or_create
from controller.services.library import Library
from controller.services.listening_checks import ListeningChecks
from controller.services.mail import Mail
from controller.services.maintenance import Maintenance
from controller.services.notice_choices import NoticeChoices
from controller.services.notice_watch import NoticeWatch
from controller.services.notices import Notices
from controller.services.numbers import epoch, known_epoch
from controller.services.offers import Offers
from controller.services.orders import Exercises, Orders
from controller.services.outage_tickets import OutageTickets
from controller.services.outbox import Outbox
from controller.services.photos import FOLDER as PHOTOS
from controller.services.photos import Photos
from controller.services.piece_desk import PieceDesk
from controller.services.place_rules import PlaceRules
from controller.services.places import Places
from controller.services.plans import Plans
from controller.services.pole_codes import PoleCodes
from controller.services.pole_pages import PolePages
from controller.services.priority_orders import PriorityOrders
from controller.services.programmes import Programmes
from controller.services.pruning import Pruning
from controller.services.readings import Readings
from controller.services.repairs import Repairs
from controller.services.reports import Reports
from controller.services.restoring import Target, refuse_unfinished
from controller.services.retention import Retention
from controller.services.room import Room
from controller.services.schedule_templates import ScheduleTemplates
from controller.services.schedules import Schedules
from controller.services.sharing import Sharing
from controller.services.slot_pages import SlotPages
from controller.services.sound_keeping import SoundKeeping
from controller.services.speaker_clusters import SpeakerClusters
from controller.services.speech import Speech
from controller.services.station_days import StationDays
from controller.services.station_desk import StationDesk
from controller.services.station_list import StationList
from controller.services.station_memory import StationMemory
from controller.services.station_page import StationPages
from controller.services.stations import Stations, prepare_states
from controller.services.timeliness import TimelinessBook
from controller.services.today import Today
from controller.services.tokens import Tokens
from controller.services.ways import ways_of
from controller.services.webhook import Webhook
from controller.settings import Settings, SettingsError, SpeechSettings, secrets_of
from controller.storage import migrate
from controller.storage.database import Database
from controller.web import probes
from controller.web.notice_words import Writer

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


BOARD_POLLS_SHARE = timedelta(milliseconds=500)
"""Fifty people at open boards are one reader; each still sees a change within two seconds."""


def utc_now() -> datetime:
    """The centre's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Controller:
    """The centre in one process. `start` begins planner and link, `stop` ends them in order."""

    settings: Settings
    database: Database
    keys: SigningKeys
    services: Services
    app: Flask
    _background: Background

    def start(self) -> None:
        """Begin the planner, the link and the ingest workers; never before a fork."""
        self._background.start()

    def stop(self) -> None:
        """End them and give back the database."""
        self._background.stop()
        self.close()

    def close(self) -> None:
        """Give back the database; for commands, which never start anything."""
        self.database.close()


class Background:
    """The threads beside the web: started once, stopped in reverse order."""

    def __init__(self, parts: list[tuple[Callable[[], None], Callable[[], None]]]) -> None:
        self._parts = parts
        self._running = ExitStack()

    def start(self) -> None:
        """Start every part in order."""
        for start, stop in self._parts:
            start()
            self._running.callback(stop)

    def stop(self) -> None:
        """Stop those that were started, last first."""
        self._running.close()


def build(settings: Settings, *, now: Clock = utc_now) -> Controller:
    """The whole centre over its data folder; database, keys and places are made when missing."""
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    exporter_of_fleet: list[Fleet] = []
    exporter = Exporter(lambda: exporter_of_fleet[0].snapshot(), now=now, version=version("vang"))
    internals = exporter.internals
    database = open_database(settings, on_write_wait=internals.writer_waited)
    keys = load_or_create(settings.folder / "keys")
    scheduler = Scheduler(now, internals)
    services = build_services(settings, database, keys, now=now, wake=scheduler.wake)
    internals.watch_disk(services.bulletins.room.free_bytes)
    _watch_files(exporter, settings)
    exporter_of_fleet.append(Fleet(database, now, services.places.tree))
    with database.write() as session:
        services.places.seed(session, now(), settings.plan)
        prepare_states(session)
        epoch(session, now())
    services.places.reload()
    deeds = Deeds(
        services.as_run,
        services.orders,
        Outbox(database, now),
        services.plans,
        services.stations,
        services.sounds,
        keys.actual,
    )
    link = CentreLink(
        lambda: broker_access(settings),
        deeds,
        internals,
        now=now,
        monotonic=time.monotonic,
        wake=scheduler.wake,
    )
    app = create_app(
        services,
        settings,
        secret_key=_secret_key(settings.folder),
        now=now,
        on_server_error=lambda: internals.count_border_error("http"),
    )
    probes.install(
        app,
        probes.Probes(
            exporter, {"database": _answers(database), "link": lambda: link.is_connected}
        ),
    )
    background = _background(settings, services, database, internals, scheduler, link, now, app)
    return Controller(settings, database, keys, services, app, background)


def _watch_files(exporter: Exporter, settings: Settings) -> None:
    """Have Prometheus told of what ends or grows old in files."""
    certificates = {"web": settings.web.tls_cert, "broker": settings.broker.tls_cert}
    for listener, path in certificates.items():
        if path:
            exporter.stamps.watch_certificate(listener, Path(path))
    exporter.stamps.watch_backup(settings.folder / BACKUP_NOTE)


def open_database(
    settings: Settings, *, on_write_wait: Callable[[float], None] | None = None
) -> Database:
    """The database in force, checked and brought to the newest schema."""
    refuse_unfinished(settings.folder)
    database = Database(settings.database, on_write_wait=on_write_wait)
    database.check()
    migrate.upgrade(database)
    return database


def audit_note(settings: Settings) -> AuditNote:
    """Where it is noted how far the chain of the audit trail went."""
    return AuditNote(settings.folder / "audit-head")


def centre_to_copy(settings: Settings, database: Database, config: Path | None) -> Centre:
    """What a backup copies; `config` is the file the settings are from."""
    named = {
        "web-tls_cert.pem": settings.web.tls_cert,
        "web-tls_key.pem": settings.web.tls_key,
        "web-tls_ca.pem": settings.web.tls_ca,
        "broker-tls_cert.pem": settings.broker.tls_cert,
        "broker-tls_key.pem": settings.broker.tls_key,
        "broker-tls_ca.pem": settings.broker.tls_ca,
    }
    files = {name: Path(path) for name, path in named.items() if path}
    if config is not None:
        files["controller.toml"] = config
    return Centre(
        database,
        settings.folder,
        sound_store(settings),
        originals(settings),
        files,
        secrets_elsewhere=secrets_of(os.environ),
    )


def empty_target(settings: Settings) -> Target:
    """Where a restore puts a centre; the stores are made when it begins."""
    return Target(
        settings.folder,
        settings.database,
        partial(sound_store, settings),
        partial(originals, settings),
    )


def build_services(
    settings: Settings,
    database: Database,
    keys: SigningKeys,
    *,
    now: Clock = utc_now,
    wake: Callable[[str], None] = lambda _job: None,
) -> Services:
    """Every deed over this database; for commands, without threads and without a link."""
    places = Places(database)
    hours = Hours(database, now, places, settings.plan, wake)
    orders = Orders(database, now, places, keys.actual, wake)
    schedules = Schedules(database, now, places, hours, settings.plan, wake, orders=orders)
    sounds = sound_store(settings)
    readings = Readings(database, now, places)
    speaker = Speaker(engines(settings.speech), SpeechCache(settings.folder / "speech"))
    spool = settings.folder / "spool"
    bulletins = Bulletins(database, now, places, sounds, spool, settings.sound, wake)
    accounts = Accounts(database, now, settings.sign_in, places)

    def is_voice(name: str) -> bool:
        return bool(speaker.voice(name))

    tools = Tools(
        database,
        now,
        places,
        sounds,
        wake,
        is_voice=is_voice,
        check_password=accounts.ensure_password,
        recordings=Recordings(bulletins),
        stops=orders,
    )
    stations = Stations(database, now, places, wake)
    memory = StationMemory(database)
    exercises = Exercises(database, now, places, keys.exercise, wake)
    day_book = DayBook(database, now, settings.plan)
    figures_book = Figures(database, now, places, day_book, settings.figures)
    return Services(
        accounts=accounts,
        tokens=Tokens(database, now, places, accounts.ensure_password),
        audit=AuditTrail(database, now),
        audit_chain=AuditChain(database, audit_note(settings)),
        places=places,
        bulletins=bulletins,
        approvals=ApprovalQueue(database, now, places),
        comments=Comments(database, now, places),
        cuts=Cuts(now, bulletins, originals(settings), spool, settings.sound),
        library=Library(database, now, places),
        uses=BulletinUses(database, now, places),
        timeliness=TimelinessBook(database, now, places),
        retention=Retention(database, now, settings.keeping),
        sound_keeping=SoundKeeping(database, now, places, settings.keeping),
        drafts=Drafts(database, now, sounds, settings.sound, settings.keeping),
        filing=FilingDesk(database, now, places, wake),
        sharing=Sharing(database, now, places, wake, orders=orders),
        programmes=Programmes(database, now, places, hours, wake, is_voice=is_voice),
        readings=readings,
        speech=Speech(now, bulletins, readings, speaker, wake),
        schedules=schedules,
        offers=Offers(database, now, places, wake),
        priority_orders=PriorityOrders(database, now, places, hours, wake),
        calendar=Calendar(database, now, places, hours, schedules, wake, orders=orders),
        hours=hours,
        place_rules=PlaceRules(database, now, places, hours, wake),
        schedule_templates=ScheduleTemplates(database, now, places),
        holidays=Holidays(database, now, places, hours, wake),
        plans=Plans(database, now, places, schedules, hours, keys.actual, settings.plan),
        orders=orders,
        emergencies=EmergencyDesk(tools, orders),
        drills=DrillDesk(tools, exercises),
        cap=CapInbox(
            database,
            now,
            places,
            settings.cap.addresses,
            feeds.fetcher(safe_xml.MOST_BYTES, settings.cap.tls_ca),
        ),
        stations=stations,
        slot_pages=SlotPages(places, now, memory),
        station_list=StationList(database, now, places, memory),
        station_desk=StationDesk(database, now, places, settings.plan, wake),
        contacts=Contacts(database, now, places),
        maintenance=Maintenance(database, now, places, settings.plan),
        day_book=day_book,
        figures=figures_book,
        headlines=Headlines(database, now, places, figures_book),
        reports=Reports(database, now, places, figures_book),
        station_days=StationDays(database, now, places, day_book, settings.plan),
        listening_checks=ListeningChecks(
            database, now, places, settings.figures.listening_checks_per_month
        ),
        enrolment=Enrolment(settings, keys, stations, hours, partial(reach_of, settings)),
        faults=FaultDesk(database, now, places),
        repairs=Repairs(database, now, places),
        equipment=Equipment(database, now, places, Photos(settings.folder / PHOTOS)),
        speaker_clusters=SpeakerClusters(database, now, places),
        pole_codes=PoleCodes(database, now, places),
        pole_pages=PolePages(database, now, places, sounds),
        as_run=AsRun(database, now, places, settings.plan),
        today=Today(database, now, places, hours, memory),
        notices=Notices(database, now, places),
        alarms=Alarms(database, now, places),
        notice_choices=NoticeChoices(database, now, wake, ways=ways_of(settings)),
        deliveries=Deliveries(database, now, places),
        board=Board(database, now, places, memory, polls_share=BOARD_POLLS_SHARE),
        station_pages=StationPages(database, now, places),
        sounds=sounds,
    )


def originals(settings: Settings) -> FolderStore:
    """Uploads as they came: beside the sound, and out of reach of stations."""
    return FolderStore(settings.folder / "originals", ORIGINAL_SUFFIX)


def sound_store(settings: Settings) -> AssetStore:
    """Where finished sound lies. SettingsError for what cannot be."""
    match settings.sound.store:
        case "folder":
            return FolderStore(settings.folder / "sound")
        case "s3":
            return _s3_store(settings)
    raise SettingsError(f"sound.store: no store {settings.sound.store}; there are folder, s3")


def _s3_store(settings: Settings) -> AssetStore:
    chosen = settings.s3
    for name in ("bucket", "access_key", "secret_key"):
        if not getattr(chosen, name):
            raise SettingsError(f"s3.{name} is missing, and sound.store is s3")
    try:
        from audio_library.s3 import S3Account, S3Bucket  # an extra: only who chose it has it
    except ImportError as error:
        raise SettingsError("sound.store is s3, which needs the extra: vang[s3]") from error
    account = S3Account(
        endpoint=chosen.endpoint,
        region=chosen.region,
        bucket=chosen.bucket,
        prefix=chosen.prefix,
        access_key=chosen.access_key,
        secret_key=chosen.secret_key,
        ca_file=chosen.tls_ca,
    )
    cache_bytes = chosen.cache_mb * 1_000_000
    cache = settings.folder / "sound-cache"
    return ObjectStore(S3Bucket(account), cache, cache_bytes=cache_bytes)


def engines(settings: SpeechSettings) -> list[SpeechEngine]:
    """The speech engines in the order in which they are offered. SettingsError for another name."""
    known: dict[str, Callable[[], SpeechEngine]] = {
        "gtts": GttsEngine,
        "own": lambda: OwnVoiceEngine(settings.own_voice, packages_of_the_extra()),
        "espeak": lambda: EspeakEngine(settings.espeak_program),
    }
    names = [name.strip() for name in settings.engines.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"speech.engines: no engine {unknown[0]}; there are {', '.join(known)}")
    return [known[name]() for name in dict.fromkeys(names)]


def _background(
    settings: Settings,
    services: Services,
    database: Database,
    internals: Internals,
    scheduler: Scheduler,
    link: CentreLink,
    now: Clock,
    app: Flask,
) -> Background:
    desk = IngestDesk(
        database,
        now,
        services.sounds,
        originals(settings),
        settings.folder / "spool",
        settings.sound,
        scheduler.wake,
    )

    def count_failure() -> None:
        internals.count_border_error("job")

    ingest = IngestWorkers(
        desk, process=WorkerProcess, on_failure=count_failure, on_end=internals.ingest_ended
    )
    speech = SpeechWorker(desk, services.speech.speak, on_failure=count_failure)
    pieces = PieceWorker(
        PieceDesk(database, now, services.sounds, settings.folder / "spool", scheduler.wake),
        services.speech.say,
        process=WorkerProcess(),
        on_failure=count_failure,
    )
    watch = NoticeWatch(
        database,
        now,
        services.places,
        scheduler.wake,
        ways=ways_of(settings),
        station_down_after=timedelta(minutes=settings.notices.station_down_after_min),
        patience=Patience(
            timedelta(minutes=settings.notices.escalate_urgent_min),
            timedelta(minutes=settings.notices.escalate_page_min),
            timedelta(minutes=settings.notices.escalate_note_min),
        ),
        centre=CentreSigns(database, now, settings, Room(settings.folder, settings.sound)),
    )
    for job, work in (
        (notices, notices.notices(watch)),
        (plan_refresh, plan_refresh.plan_refresh(services.plans, scheduler.wake)),
        (fleet_sweep, fleet_sweep.fleet_sweep(services.as_run)),
        (reconcile_day, reconcile_day.reconcile_day(services.as_run)),
        (
            pruning,
            pruning.pruning(
                Pruning(database, now, settings.notices, settings.keeping),
                services.retention,
            ),
        ),
        (audit_seal, audit_seal.audit_seal(services.audit_chain)),
        (drafts, drafts.drafts(services.drafts, services.sound_keeping)),
        (
            outage_tickets,
            outage_tickets.outage_tickets(
                OutageTickets(
                    database,
                    now,
                    services.places,
                    after=timedelta(hours=settings.figures.repair_after_h),
                )
            ),
        ),
        (
            figures,
            figures.figures(CentreRuns(database, now), services.day_book, services.figures, now),
        ),
        (
            emergency_words,
            emergency_words.emergency_words((services.emergencies, services.drills)),
        ),
    ):
        scheduler.add(job.NAME, work, every_s=job.EVERY_S)
    if settings.cap.addresses:
        collect = cap_feeds.cap_feeds(services.cap)
        scheduler.add(cap_feeds.NAME, collect, every_s=settings.cap.every_min * 60)
    scheduler.on_wake("outbox", link.wake_outbox)
    scheduler.on_wake("ingest", ingest.poke)
    scheduler.on_wake("speech", speech.poke)
    scheduler.on_wake("pieces", pieces.poke)
    senders = _senders(settings, services, app, now, count_failure)

    def poke_senders() -> None:
        for sender in senders:
            sender.poke()

    scheduler.on_wake("deliveries", poke_senders)
    scheduler.add(
        "broker_users", lambda: reload_users(settings, services.stations.broker_users), every_s=300
    )
    scheduler.add("broker_health", _BrokerHealth(settings, internals), every_s=5)
    parts = [
        (link.start, link.stop),
        (ingest.start, ingest.stop),
        (speech.start, speech.stop),
        (pieces.start, pieces.stop),
        *((sender.start, sender.stop) for sender in senders),
    ]
    watcher = watch_denials(
        settings,
        _denial_writer(services.as_run),
        on_failure=count_failure,
    )
    if watcher is not None:
        parts.append((watcher.start, watcher.stop))
    return Background([*parts, (scheduler.start, scheduler.stop)])


def _senders(
    settings: Settings,
    services: Services,
    app: Flask,
    now: Clock,
    on_failure: Callable[[], None],
) -> list[DeliveryWorker]:
    """A thread for each way that is set up."""
    writer = Writer(app, services.places.tree, lambda: _web_address(settings))
    mail, webhook = Mail(settings.mail, now), Webhook(settings.webhook, now)
    command = Command(settings.command)
    send: dict[Way, Callable[[Parcel], None]] = {
        Way.EMAIL: lambda parcel: mail.send(writer.letter(parcel)),
        Way.WEBHOOK: lambda parcel: webhook.send(writer.call(parcel)),
        Way.COMMAND: lambda parcel: command.send(writer.call(parcel)),
    }
    return [
        DeliveryWorker(services.deliveries, way, send[way], on_failure=on_failure)
        for way in sorted(ways_of(settings))
    ]


def _web_address(settings: Settings) -> str:
    """Where people reach the pages, as letters name it."""
    if settings.web.external_url:
        return settings.web.external_url.rstrip("/")
    return f"{settings.web_scheme}://{settings.web.host}:{settings.web.port}"


def _denial_writer(as_run: AsRun) -> Callable[[Denial], None]:
    return lambda denial: as_run.denied(denial.username, denial.action, denial.topic)


class _BrokerHealth:
    """A job: says whether the broker answers, and counts how often it was started again."""

    def __init__(self, settings: Settings, internals: Internals) -> None:
        self._settings = settings
        self._internals = internals
        self._restarts = 0

    def __call__(self) -> None:
        try:
            access: BrokerAccess | None = broker_access(self._settings)
        except BrokerError:
            access = None
        self._internals.set_broker_up(access is not None and is_broker_up(access))
        restarts = broker_restarts(self._settings.folder)
        for _ in range(restarts - self._restarts):
            self._internals.count_broker_restart()
        self._restarts = restarts


def _answers(database: Database) -> Callable[[], bool]:
    def check() -> bool:
        try:
            with database.read() as session:
                known_epoch(session)
        except Exception:
            logger.warning("database does not answer", exc_info=True)
            return False
        return True

    return check


def _secret_key(folder: Path) -> str:
    """The key that signs cookies, made at the first start and kept with mode 0600."""
    path = folder / "web.key"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii")


__all__ = ["Background", "Controller", "build", "build_services", "open_database"]
