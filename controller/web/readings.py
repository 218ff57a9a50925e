"""How texts are read aloud: a preview of any text, and the table of abbreviations."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from audio_library.spoken_text.glossary import STANDARD
from audio_library.spoken_text.rules import Form
from controller.domain.accounts import Permission
from controller.domain.bulletins import clean_text
from controller.domain.places import fold
from controller.errors import ControllerError, InvalidInputError
from controller.services.readings import LONGEST_READING, LONGEST_TERM
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain

bp = Blueprint("readings", __name__, url_prefix="/ban-tin/cach-doc")

FORMS = {
    Form.ABBREVIATION: _l("viết tắt"),
    Form.ADDRESS: _l("địa chỉ mạng"),
    Form.CODE: _l("mã, ký hiệu"),
    Form.DATE: _l("ngày tháng"),
    Form.DOCUMENT: _l("số văn bản"),
    Form.NUMBER: _l("số, đơn vị"),
    Form.PHONE: _l("số điện thoại"),
    Form.SIGN: _l("dấu"),
    Form.TIME: _l("giờ"),
}
"""What a passage was taken for, in words."""


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """The table: what this province changed, then the standard one, searched by `tim`."""
    return _page({"term": request.args.get("chu", ""), "reading": ""}, {})


@bp.post("")
@requires(Permission.WRITE_BULLETINS)
def change() -> str | Response | tuple[str, int]:
    """Read a term otherwise, for the whole province."""
    typed = {name: request.form.get(name, "") for name in ("term", "reading")}
    try:
        services().readings.change(current_actor(), typed["term"], typed["reading"])
    except InvalidInputError as error:
        return _page(typed, {str(error.facts.get("field")): _problem(error)}), error.status
    except ControllerError as error:
        return _page(typed, {"term": explain(error)}), error.status
    flash(_("Đã lưu. Từ nay mọi bản tin của tỉnh đọc như vậy."), "ok")
    return redirect(url_for(".index"), code=303)


@bp.post("/ve-mac-dinh")
@requires(Permission.WRITE_BULLETINS)
def reset() -> Response:
    """Read a term by the standard table again."""
    services().readings.reset(current_actor(), request.form.get("term", ""))
    flash(_("Đã trả về cách đọc mặc định."), "ok")
    return redirect(url_for(".index"), code=303)


@bp.post("/xem")
@requires(Permission.VIEW)
def preview() -> str:
    """A text as it will be read, for the page that is being typed on."""
    try:
        text = clean_text(request.form.get("text", ""))
    except InvalidInputError:
        text = ""
    reading = services().speech.reading(text)
    return render_template("bulletins/_reading.html", reading=reading, forms=FORMS)


def _order(term: str) -> tuple[str, str]:
    """Where a Vietnamese reader looks for it: without marks, but Đ behind D."""
    return fold(term.upper().replace("Đ", "D~")), term


def _page(typed: dict[str, str], problems: dict[str, str]) -> str:
    readings, sought = services().readings, request.args.get("tim", "").strip()
    wanted = fold(sought)
    listed = sorted(STANDARD.items(), key=lambda one: _order(one[0]))
    found = [(term, said) for term, said in listed if wanted in fold(f"{term} {said}")]
    return render_template(
        "bulletins/readings.html",
        own=readings.own(),
        standard=found,
        sought=sought,
        typed=typed,
        problems=problems,
        may_change=readings.may_change(current_actor()),
        longest_term=LONGEST_TERM,
        longest_reading=LONGEST_READING,
    )


def _problem(error: InvalidInputError) -> str:
    match error.facts.get("problem"):
        case "missing":
            return _("Gõ chữ viết tắt cần đổi cách đọc.")
        case "not_a_word":
            return _("Chữ viết tắt bắt đầu bằng chữ cái hoặc chữ số.")
        case _:
            return explain(error)
