"""The centre's services on a real SQLite file, and browsers of a fixed cast signed in to it."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from audio_library.speech.cache import SpeechCache
from audio_library.speech.speaker import Speaker
from audio_library.store import FolderStore
from controller.app import create_app
from controller.domain.accounts import Actor, Role
from controller.services.accounts import Accounts, NewAccount
from controller.services.alarms import Alarms
from controller.services.approvals import ApprovalQueue
from controller.services.audit import AuditTrail
from controller.services.audit_chain import AuditChain
from controller.services.bulletin_uses import BulletinUses
from controller.services.bulletins import Bulletins
from controller.services.bundle import Services
from controller.services.cap_inbox import CapInbox
from controller.services.comments import Comments
from controller.services.contacts import Contacts
from controller.services.day_figures import DayBook
from controller.services.deliveries import Deliveries
from controller.services.drafts import Drafts
from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.emergency_reader import Tools
from controller.services.emergency_recordings import Recordings
from controller.services.equipment import Equipment
from controller.services.fault_reports import FaultDesk
from controller.services.figures import Figures
from controller.services.filing import FilingDesk
from controller.services.headlines import Headlines
from controller.services.hours import Hours
from controller.services.library import Library
from controller.services.listening_checks import ListeningChecks
from controller.services.maintenance import Maintenance
from controller.services.notice_choices import NoticeChoices
from controller.services.notices import Notices
from controller.services.offers import Offers
from controller.services.orders import Exercises, Orders
from controller.services.passwords import Passwords
from controller.services.photos import Photos
from controller.services.places import Places
from controller.services.pole_codes import PoleCodes
from controller.services.pole_pages import PolePages
from controller.services.priority_orders import PriorityOrders
from controller.services.programmes import Programmes
from controller.services.readings import Readings
from controller.services.repairs import Repairs
from controller.services.reports import Reports
from controller.services.retention import Retention
from controller.services.sharing import Sharing
from controller.services.slot_pages import SlotPages
from controller.services.sound_keeping import SoundKeeping
from controller.services.speaker_clusters import SpeakerClusters
from controller.services.speech import Speech
from controller.services.station_days import StationDays
from controller.services.station_desk import StationDesk
from controller.services.station_list import StationList
from controller.services.station_memory import StationMemory
from controller.services.timeliness import TimelinessBook
from controller.services.today import Today
from controller.services.tokens import Tokens
from controller.services.ways import ways_of
from controller.settings import Settings
from controller.storage.database import Database
from controller.storage.models import Base
from station_protocol.signing import Signer
from station_protocol.vocabulary import DeedKind

NOW = datetime(2026, 11, 25, 10, 6, 40, tzinfo=UTC)
"""17:06:40 on Wednesday 25/11/2026 at the stations."""
PASSWORD = "nhà có ba cửa sổ"  # noqa: S105 - a test's own password
PROVINCE, DISTRICT, OTHER_DISTRICT = "ninh-thuan", "bac-ai", "ninh-son"
COMMUNE, OTHER_COMMUNE = "bac-ai-phuoc-binh", "ninh-son-ma-noi"

FULL_NAMES = {
    Role.ADMIN: "Quản Văn Trị",
    Role.OPERATOR: "Katơr Thị Mai",
    Role.APPROVER: "Trần Văn Lộc",
    Role.COMMUNE_OFFICER: "Chamaléa Thuận",
    Role.AUDITOR: "Lê Thị Soát",
}


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


def _seed(database: Database, at: datetime) -> None:
    """The schema and the 65 stations."""
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        Places(database).seed(session, at)


@cache
def _seeded(at: datetime) -> Path:
    """A database as it is at first, made once: each test has a copy."""
    file = Path(tempfile.mkdtemp(prefix="vang-seed-")) / "vang.db"
    atexit.register(shutil.rmtree, file.parent, ignore_errors=True)
    database = Database(f"sqlite:///{file}")
    _seed(database, at)
    database.close()
    return file


class Templates(BytecodeCache):
    """Compiled templates of all applications of a test run."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take it if it was compiled before from the same text."""
        known = self._compiled.get(bucket.key + bucket.checksum)
        if known is not None:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


TEMPLATES = Templates()


def remember_rules() -> None:
    """Routes are compiled once a test run: for each test's application it took most of its time.

    What a rule is compiled to depends on its text and its defaults alone.
    """
    compiled: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}
    afresh = Rule._compile_builder

    def remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        given = tuple((rule.defaults or {}).items())
        key = (rule.rule, rule.subdomain, rule.merge_slashes, given, append_unknown)
        if key not in compiled:
            compiled[key] = afresh(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = remembered  # type: ignore[method-assign]


remember_rules()


def fetch_nothing(address: str) -> bytes:
    """Stands in for the Internet."""
    raise OSError(f"nothing at {address}")


@dataclass
class Centre:
    """Services over a fresh database with the 65 stations; close it, or use `centre()`."""

    folder: Path
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    woken: list[str] = field(default_factory=list)
    on_server_error: Callable[[], None] = lambda: None
    url: str = ""
    """Another database than a SQLite file in the folder."""

    def __post_init__(self) -> None:
        file = self.folder / "vang.db"
        if not self.url and not file.exists():
            shutil.copyfile(_seeded(self.clock()), file)
        self.database = Database(self.url or f"sqlite:///{file}")
        if self.url:
            _seed(self.database, self.clock())
        self.places = Places(self.database)
        passwords = Passwords(memory_kib=64, passes=1)
        self.audit = AuditTrail(self.database, self.clock)
        self.accounts = Accounts(
            self.database, self.clock, self.settings.sign_in, self.places, passwords
        )
        readings = Readings(self.database, self.clock, self.places)
        silent = Speaker((), SpeechCache(self.folder / "speech"))
        no_bulletins = cast(Bulletins, None)
        signed_by = (self.database, self.clock, self.places)
        actual = Orders(*signed_by, Signer.generate())
        exercises = Exercises(*signed_by, Signer.generate(DeedKind.EXERCISE))
        tools = Tools(
            self.database,
            self.clock,
            self.places,
            FolderStore(self.folder / "sounds"),
            self.wake,
            is_voice=bool,
            check_password=self.accounts.ensure_password,
            recordings=Recordings(self._bulletins()),
            stops=actual,
        )
        self.parts: dict[str, Any] = {
            "places": self.places,
            "accounts": self.accounts,
            "tokens": Tokens(self.database, self.clock, self.places, self.accounts.ensure_password),
            "audit": self.audit,
            "audit_chain": AuditChain(self.database),
            "slot_pages": SlotPages(self.places, self.clock, StationMemory(self.database)),
            "station_list": StationList(
                self.database, self.clock, self.places, StationMemory(self.database)
            ),
            "station_desk": StationDesk(
                self.database, self.clock, self.places, self.settings.plan, self.wake
            ),
            "contacts": Contacts(self.database, self.clock, self.places),
            "day_book": (day_book := DayBook(self.database, self.clock, self.settings.plan)),
            "figures": (
                book := Figures(
                    self.database, self.clock, self.places, day_book, self.settings.figures
                )
            ),
            "headlines": Headlines(self.database, self.clock, self.places, book),
            "reports": Reports(self.database, self.clock, self.places, book),
            "station_days": StationDays(
                self.database, self.clock, self.places, day_book, self.settings.plan
            ),
            "listening_checks": ListeningChecks(
                self.database,
                self.clock,
                self.places,
                self.settings.figures.listening_checks_per_month,
            ),
            "maintenance": Maintenance(self.database, self.clock, self.places, self.settings.plan),
            "faults": FaultDesk(self.database, self.clock, self.places),
            "repairs": Repairs(self.database, self.clock, self.places),
            "equipment": Equipment(
                self.database, self.clock, self.places, Photos(self.folder / "photos")
            ),
            "speaker_clusters": SpeakerClusters(self.database, self.clock, self.places),
            "pole_codes": PoleCodes(self.database, self.clock, self.places),
            "pole_pages": PolePages(
                self.database, self.clock, self.places, FolderStore(self.folder / "sounds")
            ),
            "notices": Notices(self.database, self.clock, self.places),
            "alarms": Alarms(self.database, self.clock, self.places),
            "notice_choices": NoticeChoices(
                self.database, self.clock, self.wake, ways=ways_of(self.settings)
            ),
            "deliveries": Deliveries(self.database, self.clock, self.places),
            "today": Today(
                self.database,
                self.clock,
                self.places,
                Hours(self.database, self.clock, self.places, self.settings.plan, self.wake),
            ),
            "approvals": ApprovalQueue(self.database, self.clock, self.places),
            "comments": Comments(self.database, self.clock, self.places),
            "library": Library(self.database, self.clock, self.places),
            "uses": BulletinUses(self.database, self.clock, self.places),
            "timeliness": TimelinessBook(self.database, self.clock, self.places),
            "drafts": Drafts(
                self.database,
                self.clock,
                FolderStore(self.folder / "sounds"),
                self.settings.sound,
            ),
            "retention": Retention(self.database, self.clock, self.settings.keeping),
            "sound_keeping": SoundKeeping(
                self.database, self.clock, self.places, self.settings.keeping
            ),
            "filing": FilingDesk(self.database, self.clock, self.places, self.wake),
            "sharing": Sharing(
                self.database,
                self.clock,
                self.places,
                self.wake,
                orders=actual,
            ),
            "programmes": Programmes(
                self.database,
                self.clock,
                self.places,
                Hours(self.database, self.clock, self.places, self.settings.plan, self.wake),
                self.wake,
                is_voice=bool,
            ),
            "offers": Offers(self.database, self.clock, self.places, self.wake),
            "priority_orders": PriorityOrders(
                self.database,
                self.clock,
                self.places,
                Hours(self.database, self.clock, self.places, self.settings.plan, self.wake),
                self.wake,
            ),
            "orders": actual,
            "emergencies": EmergencyDesk(tools, actual),
            "drills": DrillDesk(tools, exercises),
            "cap": CapInbox(self.database, self.clock, self.places, (), fetch_nothing),
            "readings": readings,
            "speech": Speech(self.clock, no_bulletins, readings, silent, self.wake),
        }
        self._app: Flask | None = None
        self._cast: dict[str, Actor] = {}

    def _bulletins(self) -> Bulletins:
        return Bulletins(
            self.database,
            self.clock,
            self.places,
            FolderStore(self.folder / "sounds"),
            self.folder / "spool",
            self.settings.sound,
            self.wake,
        )

    def wake(self, job: str) -> None:
        """Stands in for the scheduler; `woken` tells what was poked."""
        self.woken.append(job)

    def add(self, **parts: Any) -> Centre:
        """Put in more services by their names in the bundle, before the first client is made."""
        self.parts.update(parts)
        return self

    @property
    def services(self) -> Services:
        return cast(Services, SimpleNamespace(**self.parts))

    @property
    def app(self) -> Flask:
        if self._app is None:
            self._app = create_app(
                self.services,
                self.settings,
                secret_key="tests only",  # noqa: S106 - not a secret
                now=self.clock,
                on_server_error=lambda: self.on_server_error(),
            )
            self._app.testing = True
            self._app.test_client_class = _Reader
            self._app.jinja_env.bytecode_cache = TEMPLATES
        return self._app

    def actor(self, role: Role, place_id: str, name: str = "") -> Actor:
        """Somebody of that role at that place, made at first use; the same one each time."""
        username = name or f"{role.value.replace('_', '-')}.{place_id}"[:40].strip(".-")
        if username not in self._cast:
            new = NewAccount(username, FULL_NAMES[role], role, place_id, PASSWORD)
            made = self.accounts.create(None, new)
            self._cast[username] = Actor(
                made.account_id, username, FULL_NAMES[role], role, place_id, "127.0.0.1"
            )
        return self._cast[username]

    def client(self, role: Role | None = None, place_id: str = PROVINCE) -> Browser:
        """A browser; with a role it is signed in as that role at that place."""
        browser = Browser(self.app.test_client())
        if role is not None:
            actor = self.actor(role, place_id)
            answer = browser.post("/dang-nhap", username=actor.username, password=PASSWORD)
            assert answer.status_code == 303, answer.text
        return browser

    def close(self) -> None:
        self.database.close()


class _Read(TestResponse):
    """A page as people read it: a space at which no line ends is a space. Bytes are as sent."""

    @property
    def text(self) -> str:  # type: ignore[override]
        return self.get_data(as_text=True).replace("\u00a0", " ")


class _Reader(FlaskClient):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.response_wrapper = type("Read", (_Read, self.response_wrapper), {})


@dataclass
class Browser:
    """A test client that fills in the CSRF field as a page would."""

    http: FlaskClient

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.http.get(path, **{"buffered": True, **options})

    def post(self, path: str, /, **fields: Any) -> TestResponse:
        """Submit a form; a field may be a list, or a tuple (file, name) for an upload."""
        answer = self.http.post(path, data={"csrf_token": self.csrf(), **fields})
        answer.request.input_stream.close()  # a form above 500 kB lies in a file of the test client
        return answer

    def csrf(self) -> str:
        page = self.http.get("/mat-khau")  # for anybody signed in; a stranger is led to the door
        if page.status_code != 200:
            page = self.http.get("/dang-nhap")
        found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
        assert found, page.text[:400]
        return found.group(1)


def words(answer: TestResponse) -> str:
    """The text of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@contextmanager
def centre(folder: Path, settings: Settings | None = None) -> Iterator[Centre]:
    """A centre that is closed at the end."""
    built = Centre(folder, settings or Settings())
    try:
        yield built
    finally:
        built.close()


class _Quiet(WSGIRequestHandler):
    def log(self, *_line: object) -> None:
        """Requests are no news to a test."""


@contextmanager
def served(built: Centre) -> Iterator[str]:
    """The address of a centre's pages, for a real browser."""
    server = make_server("127.0.0.1", 0, built.app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
