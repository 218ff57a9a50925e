"""Reports and daily logs as PDF files, to be printed, signed and kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, Response, abort, request
from flask_babel import force_locale

from controller.domain.accounts import Permission
from controller.domain.availability import Tally
from controller.domain.periods import Basis, Length, Period, period
from controller.errors import NotFoundError
from controller.services.press import printed
from controller.services.reports import Report
from controller.web.context import web_now
from controller.web.paper import letterhead
from controller.web.paper.daily_log import log_document
from controller.web.paper.report import report_document
from controller.web.policy import current_actor, requires, services, settings

bp = Blueprint("report_files", __name__)
PAPER_LANGUAGE = "vi"


@bp.get("/bao-cao/pdf")
@requires(Permission.VIEW)
def report() -> Response:
    """The report of a place (`noi`, else the reader's own) over a period.

    `co-so` administrative or calendar, `do-dai` month, quarter, half or year, `nam`, `so` which of
    its year.
    """
    actor = current_actor()
    try:
        basis = Basis(request.args.get("co-so", ""))
        length = Length(request.args.get("do-dai", ""))
    except ValueError:
        abort(404)
    span = _period(basis, length, "so")
    place_id = request.args.get("noi") or actor.place_id
    found = services().reports.of(actor, place_id, span)
    with force_locale(PAPER_LANGUAGE):
        facts = report_document(
            services().places.tree(),
            found,
            _days(found, span),
            organisation=letterhead.organisation_of(found.place, settings().paper),
        )
    made = printed("document", facts, at=found.figures.counted_until)
    services().reports.taken(actor, place_id, "pdf", span.first_on, span.last_on)
    return _file(made, f"bao-cao-{place_id}-{span.first_on:%Y%m%d}-{span.last_on:%Y%m%d}")


@bp.get("/bao-cao/nhat-ky/pdf")
@requires(Permission.VIEW)
def log() -> Response:
    """The daily log of a station (`tram`) for a calendar month (`nam`, `thang`)."""
    actor = current_actor()
    tree = services().places.tree()
    station = tree.station(request.args.get("tram", ""))
    if station is None:
        raise NotFoundError("no such station")
    month = _period(Basis.CALENDAR, Length.MONTH, "thang")
    found = services().reports.log(actor, station.place_id, month.first_on, month.last_on)
    lines = [line for line in found if line.station_id == station.station_id]
    with force_locale(PAPER_LANGUAGE):
        facts = log_document(
            tree, station, month, lines, organisation=settings().paper.station.strip()
        )
    made = printed("document", facts, at=min(web_now(), month.ends_at))
    taken = services().reports.taken
    taken(actor, station.place_id, "log.pdf", month.first_on, month.last_on)
    return _file(made, f"nhat-ky-{station.station_id}-{month.year}-{month.number:02d}")


def _days(found: Report, span: Period) -> Mapping[date, Tally] | None:
    """The days of the station, where the place has one alone."""
    if len(found.figures.stations) != 1:
        return None
    station_id = found.figures.stations[0].station_id
    days = services().station_days
    return days.settled(current_actor(), station_id, span.first_on, span.last_on)


def _period(basis: Basis, length: Length, number_name: str) -> Period:
    """The period an address names; 404 for one there is not, or that is yet to begin."""
    number = _number(number_name) if length is not Length.YEAR else 1
    try:
        found = period(basis, length, _number("nam"), number)
    except ValueError:
        abort(404)
    if found.starts_at > web_now():
        abort(404)
    return found


def _number(name: str) -> int:
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        abort(404)
    return int(text)


def _file(content: bytes, name: str) -> Response:
    return Response(
        content,
        mimetype="application/pdf",
        headers={"Content-Disposition": f"attachment; filename={name}.pdf"},
    )
