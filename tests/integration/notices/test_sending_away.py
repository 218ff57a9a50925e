"""Letters and calls really go out: to a mail server with STARTTLS, to an address that listens."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Actor, Role
from controller.domain.notices import NoticeKind, Way
from controller.errors import ForbiddenError, InvalidInputError
from controller.jobs.deliveries import DeliveryWorker
from controller.services.deliveries import CLAIMED_FOR, Parcel
from controller.services.mail import Letter, Mail
from controller.services.notice_watch import NoticeWatch
from controller.services.ways import ways_of
from controller.services.webhook import Webhook
from controller.settings import MailSettings, Settings, SettingsError, WebhookSettings, load
from controller.storage.models import NoticeDeliveryRow, StationStateRow
from controller.web.notice_words import Writer
from tests.support.certificates import Certificates, make_certificates
from tests.support.post import (
    PASSWORD,
    USER,
    Calls,
    MailBox,
    called_address,
    free_port,
    mail_server,
)
from tests.support.web import DISTRICT, NOW, PROVINCE, Centre, words

ADDRESS = "https://vang.example.vn"
LOCAL_MAIL = MailSettings(host="127.0.0.1", security="none", sender="vang@example.vn", timeout_s=5)
LOST = "Huyện Bác Ái: 9 trạm mất kết nối từ 17:04 25/11/2026, có thể do đường truyền"
SECRET = "một khóa dài"  # noqa: S105 - a test's own key


class Post:
    """A centre that sends, and somebody who is told; the clock moves past every pause."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.house = Centre(folder, settings)
        self.mail = Mail(settings.mail, self.house.clock)
        self.webhook = Webhook(settings.webhook, self.house.clock)
        self.writer = Writer(self.house.app, self.house.places.tree, lambda: ADDRESS)
        self.desk = self.house.services.deliveries
        self.watch = NoticeWatch(
            self.house.database,
            self.house.clock,
            self.house.places,
            self.house.wake,
            ways=ways_of(settings),
            station_down_after=timedelta(minutes=10),
        )
        self.who: Actor = self.house.actor(Role.ADMIN, PROVINCE)
        wanted = {NoticeKind.STATION_DOWN: set(Way)}
        self.house.services.notice_choices.save(self.who, "tri@example.vn", wanted)

    def worker(self, way: Way) -> DeliveryWorker:
        return DeliveryWorker(self.desk, way, lambda parcel: self.send(way, parcel))

    def send(self, way: Way, parcel: Parcel) -> None:
        if way is Way.EMAIL:
            self.mail.send(self.writer.letter(parcel))
        else:
            self.webhook.send(self.writer.call(parcel))

    def lose_a_district(self) -> None:
        self.watch.look()
        self.house.clock.move(minutes=10)
        with self.house.database.write() as session:
            for station in self.house.places.tree().stations_in([DISTRICT]):
                session.merge(
                    StationStateRow(
                        station_id=station.station_id,
                        shown_state="unknown",
                        shown_since_at=self.house.clock() - timedelta(minutes=12),
                    )
                )
        self.watch.look()

    def row(self, way: Way) -> NoticeDeliveryRow:
        with self.house.database.read() as session:
            query = select(NoticeDeliveryRow).where(NoticeDeliveryRow.way == way.value)
            row = session.scalars(query).one()
            session.expunge(row)
            return row


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as taken:
        yield taken


@pytest.fixture
def calls() -> Iterator[Calls]:
    with called_address() as listening:
        yield listening


@pytest.fixture
def post(tmp_path: Path, box: MailBox) -> Iterator[Post]:
    made = Post(tmp_path, Settings(mail=replace(LOCAL_MAIL, port=box.port)))
    yield made
    made.house.close()


def test_a_letter_goes_out_once_over_starttls_with_a_password(
    tmp_path: Path, files: Certificates
) -> None:
    with mail_server(files) as box:
        mail = MailSettings(
            host="localhost", port=box.port, user=USER, password=PASSWORD,
            sender="vang@example.vn", tls_ca=str(files.ca), timeout_s=5,
        )  # fmt: skip
        post = Post(tmp_path, Settings(mail=mail))
        post.lose_a_district()
        worker = post.worker(Way.EMAIL)
        assert not worker.work_once("early"), "the first waits for the others"
        post.house.clock.move(minutes=2)
        assert worker.work_once("due")
        post.house.clock.move(hours=1)
        assert not worker.work_once("again")
        post.house.close()
    (letter,) = box.letters
    assert box.secured == [True]
    assert letter["Subject"] == f"Vang: {LOST}"
    assert (letter["To"], letter["From"]) == ("tri@example.vn", "Vang <vang@example.vn>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].startswith("<email.")
    text = letter.get_content()
    assert f"{ADDRESS}/bang" in text
    assert "Phước Bình" in text
    assert letter.get_content_type() == "text/plain"


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_no_title_adds_a_line_to_the_head_of_a_letter_or_turns_its_words(
    box: MailBox, ending: str
) -> None:
    mail = Mail(replace(LOCAL_MAIL, port=box.port), lambda: NOW)
    title = f"Họp\u202e thôn{ending}Bcc: ai.do@example.vn{ending}{ending}<b>"
    mail.send(Letter("email.1", "tri@example.vn", title, f"Họp\u202e thôn\n{title}"))
    (letter,) = box.letters
    assert letter["Bcc"] is None
    assert letter["To"] == "tri@example.vn"
    assert letter["Subject"].replace(" ", "") == "Họpthôn" + "Bcc:ai.do@example.vn<b>"
    assert letter.get_content_type() == "text/plain"
    assert "\u202e" not in letter.get_content()


def test_a_wrong_certificate_gets_no_letter_and_no_password(
    tmp_path: Path, files: Certificates
) -> None:
    with mail_server(files) as box:
        mail = MailSettings(
            host="localhost", port=box.port, user=USER, password=PASSWORD,
            sender="vang@example.vn", timeout_s=5,
        )  # fmt: skip
        post = Post(tmp_path, Settings(mail=mail))
        post.lose_a_district()
        post.house.clock.move(minutes=2)
        assert post.worker(Way.EMAIL).work_once("due")
        row = post.row(Way.EMAIL)
        post.house.close()
    assert box.letters == []
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "certificate verify failed" in (row.error or "")


def test_a_busy_server_is_asked_again_later_and_a_refused_address_is_given_up(
    post: Post, box: MailBox
) -> None:
    box.answers = ["451 Busy", "550 No such user"]
    post.lose_a_district()
    post.house.clock.move(minutes=2)
    worker = post.worker(Way.EMAIL)
    assert worker.work_once("busy")
    row = post.row(Way.EMAIL)
    assert (row.state, row.error) == ("waiting", "451 Busy")
    assert row.next_at - post.house.clock() == timedelta(seconds=30)
    assert not worker.work_once("too soon")
    admin = post.house.client(Role.ADMIN, PROVINCE)
    assert "thử lại lúc 17:19:10, đã thử 1 lần" in words(admin.get("/thong-bao/duong-gui"))
    post.house.clock.move(seconds=31)
    assert worker.work_once("refused")
    assert (post.row(Way.EMAIL).state, box.letters) == ("failed", [])
    page = words(admin.get("/thong-bao/duong-gui"))
    assert "thôi không gửi, đã thử 2 lần" in page
    assert "Điền mục [webhook] trong tệp cấu hình của trung tâm." in page
    assert "550 No such user" in page
    post.house.clock.move(hours=2)
    assert not worker.work_once("never again")


def test_a_server_that_is_away_costs_nothing_and_what_comes_too_late_is_not_sent(
    tmp_path: Path,
) -> None:
    post = Post(tmp_path, Settings(mail=replace(LOCAL_MAIL, port=free_port())))
    post.lose_a_district()
    post.house.clock.move(minutes=2)
    worker = post.worker(Way.EMAIL)
    assert worker.work_once("away")
    assert "refused" in (post.row(Way.EMAIL).error or "")
    post.house.clock.move(hours=25)
    assert not worker.work_once("a day later")
    assert post.row(Way.EMAIL).state == "failed"
    post.house.close()


def test_a_process_that_dies_in_mid_sending_loses_nothing(post: Post, box: MailBox) -> None:
    post.lose_a_district()
    post.house.clock.move(minutes=2)
    claimed = post.desk.claim(Way.EMAIL)
    assert claimed is not None
    assert post.desk.claim(Way.EMAIL) is None, "while somebody sends it nobody else does"
    post.house.clock.at += CLAIMED_FOR
    assert post.worker(Way.EMAIL).work_once("after the restart")
    again, row = box.letters, post.row(Way.EMAIL)
    assert (len(again), row.state, row.attempts) == (1, "sent", 2)
    post.desk.try_later(claimed, "a late word of the dead one")
    assert post.row(Way.EMAIL).state == "sent"


def test_two_workers_send_each_letter_once(post: Post, box: MailBox) -> None:
    for place_id in ("thuan-nam", "ninh-hai"):
        person = post.house.actor(Role.OPERATOR, place_id)
        every = {kind: set(Way) for kind in NoticeKind}
        post.house.services.notice_choices.save(person, f"{place_id}@example.vn", every)
    post.lose_a_district()
    post.house.clock.move(minutes=2)
    first, second = post.worker(Way.EMAIL), post.worker(Way.EMAIL)
    while first.work_once("1") or second.work_once("2"):
        pass
    assert [letter["To"] for letter in box.letters] == ["tri@example.vn"]


def test_who_no_longer_wants_it_when_it_is_due_is_left_alone(post: Post, box: MailBox) -> None:
    post.lose_a_district()
    post.house.services.notice_choices.save(post.who, "", {})
    post.house.clock.move(minutes=2)
    assert not post.worker(Way.EMAIL).work_once("due")
    assert (post.row(Way.EMAIL).state, box.letters) == ("void", [])


def test_a_test_letter_takes_the_same_way_and_its_end_is_shown(post: Post, box: MailBox) -> None:
    admin = post.house.client(Role.ADMIN, PROVINCE)
    assert admin.post("/thong-bao/thu", way="email").status_code == 303
    soon = admin.post("/thong-bao/thu", way="email")
    assert soon.status_code == 422
    assert "Vừa gửi thử. Chờ một phút rồi gửi lại." in words(soon)
    assert post.worker(Way.EMAIL).work_once("now")
    assert box.letters[0]["Subject"] == "Vang: Tin thử, gửi lúc 17:06 25/11/2026"
    assert "Thư điện tử, tin thử đã gửi" in words(admin.get("/thong-bao/chon"))
    officer = post.house.actor(Role.OPERATOR, DISTRICT)
    with pytest.raises(InvalidInputError):
        post.house.services.notice_choices.order_test(officer, Way.EMAIL)


def test_a_call_is_signed_names_who_it_is_for_and_is_made_once(
    tmp_path: Path, calls: Calls
) -> None:
    settings = Settings(webhook=WebhookSettings(url=calls.url, secret=SECRET, timeout_s=5))
    post = Post(tmp_path, settings)
    second = post.house.actor(Role.OPERATOR, DISTRICT)
    wanted = {NoticeKind.STATION_DOWN: {Way.WEBHOOK}}
    post.house.services.notice_choices.save(second, "", wanted)
    calls.answers = [503]
    post.lose_a_district()
    post.house.clock.move(minutes=2)
    worker = post.worker(Way.WEBHOOK)
    assert worker.work_once("down")
    post.house.clock.move(minutes=1)
    assert worker.work_once("up again")
    assert not worker.work_once("no more")
    first, body = calls.bodies
    assert first == body, "the same call, word for word"
    told = json.loads(body)
    assert told["recipients"] == ["admin.ninh-thuan", "operator.bac-ai"]
    assert told["heading"] == LOST
    assert (told["kind"], len(told["items"]), told["version"]) == ("station_down", 9, 1)
    sent = calls.headers[1]
    assert sent["Idempotency-Key"] == told["id"]
    assert sent["Vang-Delivery"] == told["id"] == calls.headers[0]["Vang-Delivery"]
    stamp, digest = (part.split("=")[1] for part in sent["Vang-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    assert hmac.compare_digest(digest, expected.hexdigest())
    post.house.close()


def test_a_chat_is_written_to_by_its_template_and_a_polite_refusal_is_tried_again(
    tmp_path: Path, calls: Calls
) -> None:
    webhook = WebhookSettings(
        url=calls.url, template="telegram", chat="-100", header="access_token: 2026", timeout_s=5
    )
    post = Post(tmp_path, Settings(webhook=webhook))
    calls.says = b'{"ok": false, "error_code": 401, "description": "Unauthorized"}'
    calls.answers = [200]
    post.lose_a_district()
    post.house.clock.move(minutes=2)
    worker = post.worker(Way.WEBHOOK)
    assert worker.work_once("no token yet")
    assert post.row(Way.WEBHOOK).error == "401 Unauthorized"
    calls.says = b'{"ok": true}'
    calls.answers = [200]
    post.house.clock.move(minutes=1)
    assert worker.work_once("put right")
    assert post.row(Way.WEBHOOK).state == "sent"
    told = json.loads(calls.bodies[1])
    assert told["chat_id"] == "-100"
    first, *_names, last = told["text"].splitlines()
    assert (first, last) == (LOST, f"{ADDRESS}/bang")
    assert ("access_token", "2026") in calls.headers[1].items()
    assert "Vang-Signature" not in calls.headers[1]
    post.house.close()


def test_a_redirect_is_not_followed_and_only_an_admin_makes_test_calls(
    tmp_path: Path, calls: Calls
) -> None:
    settings = Settings(webhook=WebhookSettings(url=calls.url, secret=SECRET, timeout_s=5))
    post = Post(tmp_path, settings)
    choices = post.house.services.notice_choices
    with pytest.raises(ForbiddenError):
        choices.order_test(post.house.actor(Role.OPERATOR, DISTRICT), Way.WEBHOOK)
    choices.order_test(post.who, Way.WEBHOOK)
    calls.answers = [307]
    assert post.worker(Way.WEBHOOK).work_once("redirected")
    row = post.row(Way.WEBHOOK)
    assert (row.state, row.error, len(calls.bodies)) == ("failed", "HTTP 307", 1)
    post.house.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mail": {"host": "mail.example.vn", "security": "none"}}, "could be overheard"),
        ({"mail": {"host": "127.0.0.1", "security": "ssl"}}, "mail.security is"),
        ({"mail": {"host": "mail.example.vn", "sender": "vang"}}, "mail.sender is no address"),
        ({"mail": {"host": "mail.example.vn"}}, "mail.sender is missing"),
        ({"mail": {"host": "m.vn", "sender": "v@m.vn", "user": "v"}}, "go together"),
        ({"mail": {"host": "m.vn", "sender": "v@m.vn", "user": "v", "password": "đ"}}, "ASCII"),
        ({"webhook": {"url": "http://10.0.0.1/x", "secret": "s"}}, "must be https"),
        ({"webhook": {"url": "http://127.0.0.1.evil.vn/x", "secret": "s"}}, "must be https"),
        ({"webhook": {"url": "file:///etc/passwd", "secret": "s"}}, "must be https"),
        ({"webhook": {"url": "https://gate.example.vn/x"}}, "webhook.secret is missing"),
    ],
)
def test_what_could_be_overheard_or_is_half_set_up_is_refused_at_the_start(
    changes: dict[str, dict[str, str]], said: str
) -> None:
    environment = {
        f"VANG_{section}_{key}".upper(): value
        for section, values in changes.items()
        for key, value in values.items()
    }
    with pytest.raises(SettingsError, match=said):
        ways_of(load(None, environment))


def test_the_password_is_read_from_a_file_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "mail.secret").write_text("bí mật\n", encoding="utf-8")
    settings = load(None, {"VANG_MAIL_PASSWORD_FILE": str(tmp_path / "mail.secret")})
    assert settings.mail.password.encode() == "bí mật".encode()
    assert "bí mật" not in repr(settings)
