"""The sheet of codes for the poles of a station, to print, renew and switch off."""

from __future__ import annotations

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.web.counting import counted
from controller.web.equipment_words import where_word
from controller.web.policy import current_actor, requires, services, settings

bp = Blueprint("pole_codes", __name__, url_prefix="/dai")


@bp.get("/<station_id>/ma-loa")
@requires(Permission.KEEP_CONTACTS)
def index(station_id: str) -> str:
    """The codes of a station's poles."""
    return render_template(
        "poles/codes.html",
        sheet=services().pole_codes.sheet(current_actor(), station_id),
        address=pole_address,
        square=square,
        where_word=where_word,
        is_local=not settings().web.external_url,
    )


@bp.post("/<station_id>/ma-loa")
@requires(Permission.KEEP_CONTACTS)
def make(station_id: str) -> Response:
    """Make the codes there are none of."""
    made = services().pole_codes.make_missing(current_actor(), station_id)
    flash(counted("Đã làm %(n)s mã. In trang này, cắt ra và dán lên cột.", made), "ok")
    return redirect(url_for(".index", station_id=station_id), code=303)


@bp.post("/<station_id>/ma-loa/<int:number>/doi")
@requires(Permission.KEEP_CONTACTS)
def renew(station_id: str, number: int) -> Response:
    """Make another code for a pole."""
    services().pole_codes.renew(current_actor(), station_id, number)
    flash(_("Đã đổi mã. Mã cũ không mở được nữa; in và dán mã mới."), "ok")
    return redirect(url_for(".index", station_id=station_id), code=303)


@bp.post("/<station_id>/ma-loa/<int:number>/tat")
@requires(Permission.KEEP_CONTACTS)
def switch_off(station_id: str, number: int) -> Response:
    """Let the code of a pole open nothing."""
    services().pole_codes.switch_off(current_actor(), station_id, number)
    flash(_("Đã tắt mã. Ai quét thì thấy là mã không còn dùng."), "ok")
    return redirect(url_for(".index", station_id=station_id), code=303)


def pole_address(code: str) -> str:
    """Where a code leads, as people type it."""
    base = settings().web.external_url or request.host_url
    return f"{base.rstrip('/')}{url_for('pole.show', code=code)}"


def square(text: str) -> Markup:
    """A QR code as a drawing in the page; medium correction, for a pole in the sun."""
    drawn = segno.make_qr(text, error="m").svg_inline(
        scale=4, border=3, svgclass="qr", lineclass="", omitsize=True, title=text
    )
    return Markup(drawn)  # noqa: S704 - drawn by us, its title is escaped by segno
