"""The groups of horns of a station: added, named, placed, retired and brought back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.errors import ControllerError
from controller.services.speaker_clusters import ClusterWish
from controller.web.equipment_words import where_word
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain

bp = Blueprint("speaker_clusters", __name__, url_prefix="/dai")

FIELDS = ("name", "place_note", "why")
NEW = 0
"""Stands for the number of the horns that are being added."""

Answer = Response | tuple[str, int]


@bp.get("/<station_id>/cum-loa")
@requires(Permission.VIEW)
def index(station_id: str) -> str:
    """Those in use, and those that were retired."""
    return _page(station_id)


@bp.post("/<station_id>/cum-loa")
@requires(Permission.MANAGE_STATIONS)
def add(station_id: str) -> Answer:
    """Enter horns under the next number."""

    def deed() -> str:
        number = services().speaker_clusters.add(current_actor(), station_id, _wish())
        return _("Đã thêm cụm loa số %(n)s.", n=number)

    return _carried_out(station_id, NEW, deed)


@bp.post("/<station_id>/cum-loa/<int:number>/sua")
@requires(Permission.MANAGE_STATIONS)
def change(station_id: str, number: int) -> Answer:
    """Give it another name or place."""

    def deed() -> str:
        services().speaker_clusters.change(
            current_actor(), station_id, number, _wish(), _row_version()
        )
        return _("Đã lưu cụm loa số %(n)s.", n=number)

    return _carried_out(station_id, number, deed)


@bp.post("/<station_id>/cum-loa/<int:number>/ngung")
@requires(Permission.MANAGE_STATIONS)
def close(station_id: str, number: int) -> Answer:
    """Take the horns out of use."""

    def deed() -> str:
        why = request.form.get("why", "")
        services().speaker_clusters.retire(current_actor(), station_id, number, why, _row_version())
        return _("Cụm loa số %(n)s đã ngừng. Những gì đã ghi giữ nguyên.", n=number)

    return _carried_out(station_id, number, deed)


@bp.post("/<station_id>/cum-loa/<int:number>/dung-lai")
@requires(Permission.MANAGE_STATIONS)
def reopen(station_id: str, number: int) -> Answer:
    """Put retired horns back into use."""

    def deed() -> str:
        services().speaker_clusters.restore(current_actor(), station_id, number)
        return _("Cụm loa số %(n)s dùng lại. Làm mã mới cho cột ở trang Mã trên cột.", n=number)

    return _carried_out(station_id, number, deed)


def _wish() -> ClusterWish:
    return ClusterWish(request.form.get("name", ""), request.form.get("place_note", ""))


def _row_version() -> int:
    return request.form.get("row_version", default=0, type=int)


def _carried_out(station_id: str, number: int, deed: Callable[[], str]) -> Answer:
    """Do it and go back, or show the page with what was typed about these horns."""
    try:
        said = deed()
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        typed = {name: request.form[name] for name in FIELDS if name in request.form}
        field = str(error.facts.get("field", "form"))
        return _page(station_id, number, typed, {field: explain(error)}), error.status
    flash(said, "ok")
    return redirect(url_for(".index", station_id=station_id), code=303)


def _page(
    station_id: str,
    number: int | None = None,
    typed: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> str:
    return render_template(
        "stations/clusters.html",
        sheet=services().speaker_clusters.sheet(current_actor(), station_id),
        where_word=where_word,
        at=number,
        typed=typed or {},
        problems=problems or {},
    )
