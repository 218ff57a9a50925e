"""The commune officer's one page: what is on the loudspeaker, stop it, today, broken horns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import STATION_ZONE, local_date
from controller.errors import InvalidInputError
from controller.services.station_page import StationView
from controller.web.context import web_now
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import typed_day
from controller.web.stations import unheard_words

bp = Blueprint("commune", __name__)


@bp.get("/xa")
@requires(Permission.VIEW)
def home() -> Response:
    """The page of the reader's own station; whoever has many, or none, starts at today."""
    stations = services().places.tree().stations_in([current_actor().place_id])
    if len(stations) == 1:
        return redirect(url_for("commune.show", station_id=stations[0].station_id), code=303)
    return redirect(url_for("today.index"), code=303)


@bp.get("/xa/<station_id>")
@requires(Permission.VIEW)
def show(station_id: str) -> str:
    """The page of one station."""
    return _page(station_id)


@bp.get("/xa/<station_id>/thay-doi")
@requires(Permission.VIEW)
def changes(station_id: str) -> str:
    """What changes while the page stays open."""
    return render_template("commune/_live.html", **_values(station_id))


@bp.post("/xa/<station_id>/bao-hong")
@requires(Permission.REPORT_FAULTS)
def report(station_id: str) -> Response | tuple[str, int]:
    """Say that horns are broken."""
    text, cluster = request.form.get("text", ""), request.form.get("cluster", "")
    number = int(cluster) if cluster.isascii() and cluster.isdigit() else None
    try:
        services().faults.report(current_actor(), station_id, number, text)
    except InvalidInputError as error:
        return _page(station_id, error, text=text, cluster=cluster), error.status
    flash(_("Đã báo hỏng. Huyện và tỉnh thấy ngay."), "ok")
    return redirect(url_for("commune.show", station_id=station_id), code=303)


@bp.post("/loa-hong/<fault_report_id>/hen")
@requires(Permission.ORDER_STATIONS)
def promise(fault_report_id: str) -> Response:
    """Say when it will be mended."""
    try:
        text = request.form.get("promised_on", "")
        day = typed_day("promised_on", text, local_date(web_now()))
        services().faults.promise(current_actor(), fault_report_id, day)
        flash(_("Đã ghi ngày hẹn sửa. Xã thấy trên trang của mình."), "ok")
    except InvalidInputError as error:
        flash(explain(error), "warn")
    return redirect(url_for("today.index"), code=303)


@bp.post("/loa-hong/<fault_report_id>/xong")
@requires(Permission.REPORT_FAULTS)
def mended(fault_report_id: str) -> Response:
    """Say that it is heard again."""
    station_id = services().faults.mended(current_actor(), fault_report_id)
    flash(_("Đã ghi là sửa xong."), "ok")
    back = request.form.get("back", "")
    page = url_for("commune.show", station_id=station_id) if back == "commune" else None
    return redirect(page or url_for("today.index"), code=303)


def _page(
    station_id: str, error: InvalidInputError | None = None, *, text: str = "", cluster: str = ""
) -> str:
    return render_template(
        "commune/show.html",
        text=text,
        cluster=cluster,
        problems={error.facts["field"]: explain(error)} if error else {},
        **_values(station_id),
    )


def _values(station_id: str) -> dict[str, object]:
    actor, today = current_actor(), local_date(web_now())
    view = services().station_pages.view(actor, station_id, _midnight(today))
    faults = services().faults.open_at(actor, station_id)
    return {
        "view": view,
        "faults": faults,
        "contests": services().priority_orders.page(actor, station_id).contests,
        "broken": {fault.cluster_number: fault for fault in faults},
        "played": _played(view, web_now()),
        "unheard": unheard_words(view.tile),
    }


@dataclass(frozen=True, slots=True)
class Played:
    """How much of what sounds now has sounded."""

    so_far_ms: float
    share: float
    """Of the whole, 0 to 1."""


def _played(view: StationView, now: datetime) -> Played | None:
    """By the plan; an order's length is told only afterwards, so by the end its station foretells.

    None: nothing sounds, or nobody knows for how long.
    """
    line = next((line for line in reversed(view.day) if line.sign == "sounding"), None)
    if line is None or not view.tile.is_on_air:
        return None
    begins, ends = line.planned.starts_at, line.ends_at
    if ends <= begins and view.tile.on_air_until_at:
        ends = view.tile.on_air_until_at
    if ends <= begins:
        return None
    so_far = max(now - begins, timedelta())
    return Played(so_far / timedelta(milliseconds=1), min(so_far / (ends - begins), 1.0))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), STATION_ZONE)
