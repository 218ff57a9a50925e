"""Bulletins: write, upload, listen, submit, approve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from audio_library.span import Span
from controller.domain.accounts import Permission
from controller.domain.bulletins import BulletinDeed, BulletinState, Language, VersionState, can
from controller.domain.places import Place
from controller.domain.schedule import local_date
from controller.errors import ControllerError, InvalidInputError
from controller.services.bulletin_uses import Uses
from controller.services.bulletin_views import BulletinView
from controller.services.bulletins import Draft
from controller.services.filing import Filing
from controller.services.library import Search
from controller.services.spool import Upload
from controller.settings import Settings
from controller.web import bulletin_words as words
from controller.web import cut_words as cuts
from controller.web import formats, schedule_words
from controller.web import waveform as wave
from controller.web.context import web_now
from controller.web.policy import (
    FORM_ROOM_BYTES,
    accepts_up_to,
    current_actor,
    requires,
    services,
    settings,
    wants_json,
)
from controller.web.readings import FORMS
from controller.web.refusals import explain
from controller.web.schedule_form import spelled_day, typed_day

bp = Blueprint("bulletins", __name__, url_prefix="/ban-tin")

FILTERS = ("tim", "trang-thai", "chuyen-muc", "tieng", "nhan", "het-han", "dung-chung")
"""What narrows the list down, in the address."""

E = TypeVar("E", bound=StrEnum)

TIMES_SHOWN = 10
"""So many of the slowest stations are shown before the others are folded away."""

PIECE_LIMIT_BYTES = 8_000_000
"""Largest piece of a file that comes in pieces."""

Answer = str | Response | tuple[str, int] | tuple[Response, int]


def upload_limit_bytes(chosen: Settings) -> int:
    """Largest body of a request that carries a file."""
    return chosen.sound.upload_limit_mb * 1_000_000 + FORM_ROOM_BYTES


@dataclass(frozen=True, slots=True)
class BulletinForm:
    """What was typed, and what is wrong with it by field."""

    title: str = ""
    category: str = ""
    text: str = ""
    tags: str = ""
    valid_from: str = ""
    valid_until: str = ""
    place_id: str = ""
    language: str = "vi"
    row_version: int = 1
    problems: tuple[tuple[str, str], ...] = ()

    @classmethod
    def typed(cls) -> BulletinForm:
        """The form of this request."""
        return cls(
            title=request.form.get("title", ""),
            category=request.form.get("category", ""),
            text=request.form.get("text", ""),
            tags=request.form.get("tags", ""),
            valid_from=request.form.get("valid_from", ""),
            valid_until=request.form.get("valid_until", ""),
            place_id=request.form.get("place_id", current_actor().place_id),
            language=request.form.get("language", "vi"),
            row_version=_row_version(),
        )

    @property
    def draft(self) -> Draft:
        """As the service wants it."""
        return Draft(self.title, self.category, self.text, self.place_id)

    @property
    def filing(self) -> Filing:
        """Tags and dates. InvalidInputError for what is no date."""
        return Filing(
            self.tags,
            _day("valid_from", self.valid_from),
            _day("valid_until", self.valid_until),
        )

    def problem(self, field: str) -> str | None:
        """The sentence under a field."""
        return dict(self.problems).get(field)

    def with_problem(self, error: ControllerError) -> BulletinForm:
        """The same form with the sentence at the field it belongs to."""
        return replace(self, problems=((_field_of(error), explain(error)),))


def _day(field: str, text: str) -> date | None:
    return typed_day(field, text, local_date(web_now())) if text.strip() else None


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """Bulletins of the reader's place, found by what FILTERS names."""
    asked = request.args
    wish = Search(
        words=asked.get("tim", ""),
        state=_one_of(BulletinState, asked.get("trang-thai")),
        category=asked.get("chuyen-muc") or None,
        language=_one_of(Language, asked.get("tieng")),
        tag=asked.get("nhan", ""),
        is_expired="het-han" in asked,
        is_shared="dung-chung" in asked,
        page=asked.get("trang", default=1, type=int),
    )
    kept = {key: value for key, value in asked.items() if key in FILTERS and value}

    def link(**changes: Any) -> str:
        return url_for("bulletins.index", **{**kept, **changes})

    found = services().library.search(current_actor(), wish)
    ids = [one.bulletin_id for one in found.bulletins]
    return render_template(
        "bulletins/index.html",
        found=found,
        comments=services().comments.counts(current_actor(), ids),
        fading=services().drafts.fading(current_actor()),
        room=services().bulletins.room.view(),
        wish=wish,
        words=words,
        today=local_date(web_now()),
        link=link,
        page_link=lambda page: link(trang=page),
    )


def _one_of(kind: type[E], text: str | None) -> E | None:
    """The member of this value; None for another."""
    return next((one for one in kind if one.value == text), None)


@bp.get("/moi")
@requires(Permission.WRITE_BULLETINS)
def new() -> str:
    """The form for a new bulletin."""
    return _new_page(BulletinForm(place_id=current_actor().place_id))


@bp.post("/moi")
@requires(Permission.WRITE_BULLETINS)
@accepts_up_to(upload_limit_bytes)
def create() -> Answer:
    """Make it, with the file that came along, or with a voice made of its text."""
    form = BulletinForm.typed()
    try:
        bulletin_id = services().bulletins.create(
            current_actor(),
            form.draft,
            filing=form.filing,
            language=form.language,
            upload=_upload(),
        )
    except ControllerError as error:
        if wants_json():
            return _problem(error)
        return _new_page(form.with_problem(error)), error.status
    if request.form.get("then") == "speak":
        return _spoken(bulletin_id)
    return _gone_to(bulletin_id)


@bp.get("/<bulletin_id>")
@requires(Permission.VIEW)
def show(bulletin_id: str) -> str:
    """One bulletin: sound, quality, approval, history."""
    return _page(services().bulletins.get(current_actor(), bulletin_id))


@bp.post("/<bulletin_id>/sua")
@requires(Permission.WRITE_BULLETINS)
def edit(bulletin_id: str) -> Answer:
    """Change title, subject, text or place."""
    form = BulletinForm.typed()
    return _done(
        bulletin_id,
        lambda: services().bulletins.edit(
            current_actor(), bulletin_id, form.draft, row_version=form.row_version
        ),
        _("Đã lưu."),
    )


@bp.post("/<bulletin_id>/nhan")
@requires(Permission.WRITE_BULLETINS)
def file(bulletin_id: str) -> Answer:
    """Change tags and dates of validity."""
    form = BulletinForm.typed()

    def deed() -> None:
        services().filing.file(
            current_actor(), bulletin_id, form.filing, row_version=form.row_version
        )
        for _slot_id, starts_at in services().uses.staying_cancelled(current_actor(), bulletin_id):
            flash(
                _(
                    "Buổi %(at)s vẫn hủy vì các trạm đã được báo. Mở buổi ấy ở trang Lịch phát để "
                    "đặt lại thành buổi mới.",
                    at=formats.moment(starts_at),
                ),
                "warn",
            )

    return _done(bulletin_id, deed, _("Đã lưu nhãn và hạn dùng."))


@bp.post("/<bulletin_id>/dung-chung")
@requires(Permission.WRITE_BULLETINS)
def share(bulletin_id: str) -> Answer:
    """Let every place find, hear and schedule it."""
    seen = _row_version()
    return _done(
        bulletin_id,
        lambda: services().sharing.share(current_actor(), bulletin_id, row_version=seen),
        _("Đã dùng chung. Các huyện tìm thấy bản tin này ở mục Dùng chung."),
    )


@bp.post("/<bulletin_id>/thoi-dung-chung")
@requires(Permission.WRITE_BULLETINS)
def unshare(bulletin_id: str) -> Answer:
    """Share it no longer; schedules of other places that stood on that end."""
    seen = _row_version()
    return _done(
        bulletin_id,
        lambda: _unshared(bulletin_id, seen),
        _("Đã thôi dùng chung."),
    )


def _unshared(bulletin_id: str, seen: int) -> None:
    losing = services().sharing.end(current_actor(), bulletin_id, row_version=seen)
    if losing:
        flash(_("Đã dừng lịch ở: %(places)s.", places=words.elsewhere(losing)), "warn")


@bp.post("/<bulletin_id>/giu-am-thanh")
@requires(Permission.APPROVE_BULLETINS)
def hold(bulletin_id: str) -> Answer:
    """Keep its sound whatever the rule of keeping says, or no longer (`giu` empty)."""
    is_held = bool(request.form.get("giu"))
    return _done(
        bulletin_id,
        lambda: services().sound_keeping.hold(current_actor(), bulletin_id, is_held=is_held),
        _("Âm thanh được giữ lại.") if is_held else _("Âm thanh theo quy định lưu trữ như cũ."),
    )


@bp.post("/<bulletin_id>/am-thanh")
@requires(Permission.WRITE_BULLETINS)
@accepts_up_to(upload_limit_bytes)
def receive(bulletin_id: str) -> Answer:
    """Take a file as new sound."""
    upload = _upload()
    language = request.form.get("language", "vi")
    try:
        if upload is None:
            raise InvalidInputError("no file", field="sound", problem="missing")
        services().bulletins.receive(current_actor(), bulletin_id, language, upload)
    except ControllerError as error:
        if wants_json():
            return _problem(error)
        return _page_with(bulletin_id, error)
    return _gone_to(bulletin_id)


@bp.post("/<bulletin_id>/cat/<version_id>")
@requires(Permission.WRITE_BULLETINS)
def cut(bulletin_id: str, version_id: str) -> Answer:
    """Make new sound of a stretch of the upload, as typed in seconds."""

    def deed() -> None:
        start, end = _typed_cut() or ("", "")
        wanted = cuts.typed_span(start, end)
        services().cuts.cut(current_actor(), bulletin_id, version_id, wanted)

    return _done(bulletin_id, deed, _("Đang cắt. Bản mới xong thì nghe lại rồi gửi duyệt."))


@bp.post("/<bulletin_id>/ca-tep/<version_id>")
@requires(Permission.WRITE_BULLETINS)
def use_whole(bulletin_id: str, version_id: str) -> Answer:
    """Make new sound of the whole upload again."""

    def deed() -> None:
        services().cuts.whole(current_actor(), bulletin_id, version_id)

    said = _("Đang làm lại từ cả tệp gốc. Bản mới xong thì nghe lại rồi gửi duyệt.")
    return _done(bulletin_id, deed, said)


@bp.post("/<bulletin_id>/giong-doc")
@requires(Permission.WRITE_BULLETINS)
def speak(bulletin_id: str) -> Answer:
    """Have the text spoken; it is kept whatever happens."""
    return _spoken(bulletin_id)


@bp.post("/<bulletin_id>/gui-duyet")
@requires(Permission.WRITE_BULLETINS)
def submit(bulletin_id: str) -> Answer:
    """Ask for approval."""
    seen = _row_version()
    return _done(
        bulletin_id,
        lambda: services().bulletins.submit(current_actor(), bulletin_id, row_version=seen),
        _("Đã gửi duyệt."),
    )


@bp.post("/<bulletin_id>/duyet")
@requires(Permission.APPROVE_BULLETINS)
def approve(bulletin_id: str) -> Answer:
    """Approve it, after saying that it was heard."""
    seen = _row_version()

    def deed() -> None:
        if not request.form.get("heard"):
            raise InvalidInputError("not heard", field="heard", problem="not_heard")
        services().bulletins.approve(current_actor(), bulletin_id, row_version=seen)

    return _done(bulletin_id, deed, _("Đã duyệt. Bản tin đặt lịch được rồi."))


@bp.post("/<bulletin_id>/tra-lai")
@requires(Permission.APPROVE_BULLETINS)
def return_(bulletin_id: str) -> Answer:
    """Send it back with the reason."""
    seen, reason = _row_version(), request.form.get("reason", "")
    return _done(
        bulletin_id,
        lambda: services().bulletins.return_(
            current_actor(), bulletin_id, reason, row_version=seen
        ),
        _("Đã trả lại cho người soạn."),
    )


@bp.post("/<bulletin_id>/rut")
@requires(Permission.WRITE_BULLETINS)
def withdraw(bulletin_id: str) -> Answer:
    """Take it out of use for good."""
    seen = _row_version()
    return _done(
        bulletin_id,
        lambda: services().bulletins.withdraw(current_actor(), bulletin_id, row_version=seen),
        _("Đã rút bản tin. Các buổi chưa phát sẽ không phát bản này."),
    )


@bp.post("/<bulletin_id>/y-kien")
@requires(Permission.COMMENT)
def comment(bulletin_id: str) -> Answer:
    """Say something about it, or answer what was said."""
    text, thread_id = request.form.get("comment", ""), request.form.get("thread_id") or None

    def deed() -> None:
        services().comments.say(current_actor(), bulletin_id, text, thread_id)

    return _done(bulletin_id, deed, _("Đã gửi ý kiến."), back=_talk(bulletin_id))


@bp.post("/<bulletin_id>/y-kien/<comment_id>/rut")
@requires(Permission.COMMENT)
def withdraw_comment(bulletin_id: str, comment_id: str) -> Answer:
    """Take a remark back; that it was there stays to be seen."""

    def deed() -> None:
        services().comments.withdraw(current_actor(), bulletin_id, comment_id)

    return _done(bulletin_id, deed, _("Đã rút ý kiến."), back=_talk(bulletin_id))


def _talk(bulletin_id: str) -> str:
    """Where the thread was read: the approver's queue, or the page of the bulletin."""
    at_queue = url_for("approvals.show", bulletin_id=bulletin_id)
    here = at_queue if request.form.get("at") == "queue" else None
    return f"{here or url_for('bulletins.show', bulletin_id=bulletin_id)}#trao-doi"


@bp.get("/<bulletin_id>/nghe/<version_id>")
@requires(Permission.VIEW)
def listen(bulletin_id: str, version_id: str) -> Response:
    """The finished sound, by Range where the player asks so."""
    path = services().bulletins.sound_file(current_actor(), bulletin_id, version_id)
    answer = send_file(path, mimetype="audio/ogg", conditional=True, etag=path.stem)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@bp.get("/<bulletin_id>/tien-do")
@requires(Permission.VIEW)
def progress(bulletin_id: str) -> Response:
    """How far sound under way has come, for the page that waits for it."""
    view = services().bulletins.get(current_actor(), bulletin_id)
    percents = {
        version.bulletin_version_id: version.progress_percent
        for version in view.versions
        if version.state is VersionState.PROCESSING
    }
    return jsonify(processing=percents, versions=len(view.versions))


@bp.post("/tai-len")
@requires(Permission.WRITE_BULLETINS)
def begin_upload() -> Response:
    """Begin a file of `co` bytes that will come in pieces."""
    size_bytes = request.args.get("co", default=0, type=int)
    return jsonify(token=services().bulletins.parts.begin(current_actor(), size_bytes), received=0)


@bp.get("/tai-len/<token>")
@requires(Permission.WRITE_BULLETINS)
def uploaded(token: str) -> Response:
    """How much of it has come, so that a broken transfer goes on from there."""
    return jsonify(received=services().bulletins.parts.received(current_actor(), token))


@bp.put("/tai-len/<token>")
@requires(Permission.WRITE_BULLETINS)
@accepts_up_to(lambda _settings: PIECE_LIMIT_BYTES)
def continue_upload(token: str) -> Response | tuple[Response, int]:
    """Add the body at offset `tu`; 409 with the true offset when it does not fit there."""
    parts, offset = services().bulletins.parts, request.args.get("tu", default=0, type=int)
    before = parts.received(current_actor(), token)
    received = parts.go_on(current_actor(), token, offset, request.stream)
    return jsonify(received=received), 200 if before == offset else 409


def _done(
    bulletin_id: str, deed: Callable[[], None], said: str, *, back: str | None = None
) -> Answer:
    try:
        deed()
    except ControllerError as error:
        return _page_with(bulletin_id, error)
    flash(said, "ok")
    return redirect(back or url_for("bulletins.show", bulletin_id=bulletin_id), code=303)


def _spoken(bulletin_id: str) -> Answer:
    voice, text = request.form.get("voice", ""), request.form.get("text", "")
    try:
        services().speech.order(current_actor(), bulletin_id, voice, text)
    except ControllerError as error:
        if error.status == 404:
            raise
        return _page_with(bulletin_id, error, status=error.status)
    return _gone_to(bulletin_id)


def _gone_to(bulletin_id: str) -> Response:
    address = url_for("bulletins.show", bulletin_id=bulletin_id)
    if wants_json():
        return jsonify(location=address)
    return redirect(address, code=303)


def _problem(error: ControllerError) -> tuple[Response, int]:
    """The refusal for the script that sends the file; the page keeps what was typed."""
    answer = jsonify(error=error.code, field=_field_of(error), sentence=explain(error))
    return answer, error.status


def _field_of(error: ControllerError) -> str:
    if error.code in {"not_sound", "upload_too_large", "storage_full"}:
        return "sound"
    if error.code == "out_of_scope":
        return "place_id"
    if error.code.startswith("speech_"):
        return "text"
    return str(error.facts.get("field", ""))


def _upload() -> Upload | None:
    token = request.form.get("uploaded")
    if token:
        return Upload(request.form.get("uploaded_name", ""), token=token)
    file: FileStorage | None = request.files.get("sound")
    if file is None or not file.filename:
        return None
    return Upload(file.filename, file.stream)


def _typed_cut() -> tuple[str, str] | None:
    """The two points as they were typed; None when this request is about something else."""
    start, end = request.form.get("cut_start"), request.form.get("cut_end")
    return None if start is None or end is None else (start, end)


def _row_version() -> int:
    return request.form.get("row_version", default=0, type=int)


def _new_page(form: BulletinForm) -> str:
    return render_template(
        "bulletins/new.html",
        room=services().bulletins.room.view(),
        form=form,
        places=_places(),
        words=words,
        limit_mb=_limit_mb(),
        longest_min=settings().sound.longest_min,
        **_speech(form),
    )


def _page_with(
    bulletin_id: str,
    error: ControllerError,
    status: int | None = None,
) -> tuple[str, int]:
    """The page as it is now, with the sentence where it belongs and what was typed."""
    if error.status == 404:
        raise error
    view = services().bulletins.get(current_actor(), bulletin_id)
    typed = _form_of(view).with_problem(error)
    return _page(view, typed), status or error.status


def _form_of(view: BulletinView) -> BulletinForm:
    """What was typed in one of the page's forms, and what stands in the others."""
    typed = request.form
    starts_on, ends_on = view.validity.starts_on, view.validity.ends_on
    return BulletinForm(
        title=typed.get("title", view.title),
        category=typed.get("category", view.category or ""),
        text=typed.get("text", view.text),
        tags=typed.get("tags", ", ".join(view.tags)),
        valid_from=typed.get("valid_from", spelled_day(starts_on) if starts_on else ""),
        valid_until=typed.get("valid_until", spelled_day(ends_on) if ends_on else ""),
        place_id=typed.get("place_id", view.place_id),
        language=typed.get("language", "vi"),
        row_version=view.row_version,
    )


def _uses(view: BulletinView) -> Uses:
    """Where it is used and aired, at the pages `lich` and `trang`."""
    return services().uses.read(
        current_actor(),
        view.bulletin_id,
        schedule_page=request.args.get("lich", default=1, type=int),
        airing_page=request.args.get("trang", default=1, type=int),
    )


def _turner(view: BulletinView, name: str) -> Callable[[int], str]:
    """The address of another page of one of the two lists; the other list stays where it is."""
    kept = {key: value for key, value in request.args.items() if key in {"ban", "lich", "trang"}}

    def turn(page: int) -> str:
        values: dict[str, Any] = {**kept, name: page, "_anchor": "da-dung"}
        return url_for("bulletins.show", bulletin_id=view.bulletin_id, **values)

    return turn


def _page(view: BulletinView, form: BulletinForm | None = None) -> str:
    actor = current_actor()
    chosen = request.args.get("ban", "")
    current = view.current
    heard = next(
        (v for v in current if v.language.value == chosen), current[0] if current else None
    )
    form = form or _form_of(view)
    return render_template(
        "bulletins/show.html",
        bulletin=view,
        version=heard,
        form=form,
        reason=request.form.get("reason", ""),
        places=_places(),
        words=words,
        wave=wave,
        cuts=cuts,
        cut=cuts.sheet(view, heard, _typed_cut()),
        limit_mb=_limit_mb(),
        longest_min=settings().sound.longest_min,
        is_maker=actor.account_id in view.makers,
        can=lambda deed: can(view.state, deed),
        today=local_date(web_now()),
        uses=_uses(view),
        times=services().timeliness.of(actor, view.bulletin_id),
        TIMES_SHOWN=TIMES_SHOWN,
        threads=services().comments.threads(actor, view.bulletin_id),
        typed_comment=request.form.get("comment", ""),
        typed_thread=request.form.get("thread_id", ""),
        elsewhere=() if view.is_foreign else services().sharing.elsewhere(actor, view.bulletin_id),
        where=schedule_words.where,
        weekdays=schedule_words.weekdays,
        tree=services().places.tree(),
        airing_link=_turner(view, "trang"),
        schedule_link=_turner(view, "lich"),
        Deed=BulletinDeed,
        Language=Language,
        Span=Span,
        next_voice=services().speech.after,
        **_speech(form),
    )


def _speech(form: BulletinForm) -> dict[str, Any]:
    """What the part about speech shows."""
    speech = services().speech
    return {
        "voices": [(voice.name, words.voice(voice)) for voice in speech.voices()],
        "voice": request.form.get("voice", ""),
        "reading": speech.reading(form.text),
        "forms": FORMS,
    }


def _places() -> list[Place]:
    return list(services().places.tree().walk(current_actor().place_id))


def _limit_mb() -> int:
    return settings().sound.upload_limit_mb
