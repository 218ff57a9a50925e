"""Reports of a place over a period, the daily log, and both as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request, send_file, stream_with_context
from flask_babel import gettext as _
from markupsafe import Markup

from controller.domain.accounts import Permission
from controller.domain.periods import (
    Basis,
    Length,
    Period,
    after,
    before,
    is_over,
    period,
    period_of,
)
from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.domain.schedule import local_date
from controller.errors import InvalidInputError, NotFoundError
from controller.services.reports import Report
from controller.web import formats, report_words, spreadsheet, workbook
from controller.web.context import place_word, web_now
from controller.web.paper import letterhead
from controller.web.pictures import BROAD, HALF, NARROW, WIDE
from controller.web.policy import current_actor, requires, services, settings
from controller.web.report_pictures import (
    Drawing,
    causes_picture,
    groups_picture,
    warned_picture,
)
from controller.web.report_rows import (
    Cell,
    decimal_comma,
    level_word,
    log_header,
    log_rows,
    station_header,
    station_rows,
    sums_cells,
    sums_header,
)
from controller.web.schedule_form import typed_day

bp = Blueprint("reports", __name__)

LENGTHS = (Length.MONTH, Length.QUARTER, Length.HALF, Length.YEAR)
LOGGED_DAYS = 366
"""The longest stretch of the log one file holds, days."""
WORKBOOK_DAYS = 93

FIRST_YEAR = 2020


@bp.get("/bao-cao")
@requires(Permission.VIEW)
def index() -> str:
    """The report of the chosen place and period; at first the own place and the month running."""
    place_id, chosen = asked_place(), asked_period()
    report = services().reports.of(current_actor(), place_id, chosen)
    return render_template(
        "reports/index.html",
        report=report,
        issuer=_issuer(report.place),
        period=chosen,
        place_id=place_id,
        choices=_choices(),
        earlier=address(place_id, before(chosen)),
        later=None if after(chosen).starts_at > web_now() else address(place_id, after(chosen)),
        years=range(local_date(web_now()).year + 1, FIRST_YEAR - 1, -1),
        is_over=is_over(chosen, web_now()),
        pictures=_pictures(report),
        heard=report_words.heard_sorted(report.figures.sums.delivered.heard_ms),
        **words(),
    )


def _pictures(report: Report) -> dict[str, Markup]:
    """The drawings of the page, each for a desk and for a phone: the style sheet shows one."""
    stations, groups = report.figures.stations, report.groups
    found = {
        "causes": _in_widths(lambda width: causes_picture(stations, width=width), wide=WIDE),
        "warned": _in_widths(lambda width: warned_picture(report.warned, width=width), wide=HALF),
    }
    if groups and report.figures.effective:
        bar = report.figures.effective[0].bar
        found["groups"] = _in_widths(
            lambda width: groups_picture(groups, bar, width=width), broad=BROAD, wide=WIDE
        )
    return found


def _in_widths(draw: Callable[[float], Drawing | None], **widths: float) -> Markup:
    found = Markup()
    for kind, width in (*widths.items(), ("narrow", NARROW)):
        one = draw(width)
        if one is not None:
            svg = Markup(one.svg)  # noqa: S704 - our own drawing, its words escaped
            found += Markup('<div class="pic-{}">{}</div>').format(kind, svg)
    return found


@bp.get("/bao-cao/csv")
@requires(Permission.VIEW)
def as_csv() -> Response:
    """The table of stations as CSV."""
    report = _taken("csv")
    rows = (tuple(decimal_comma(cell) for cell in row) for row in station_rows(report))
    return _download(
        spreadsheet.lines(station_header(), rows), file_name(report, "csv"), spreadsheet.MIMETYPE
    )


@bp.get("/bao-cao/xlsx")
@requires(Permission.VIEW)
def as_xlsx() -> Response:
    """Stations, groups and causes as a workbook."""
    report = _taken("xlsx")
    file = workbook.workbook(_sheets(report))
    return send_file(
        file,
        mimetype=workbook.MIMETYPE,
        as_attachment=True,
        download_name=file_name(report, "xlsx"),
        max_age=0,
    )


@bp.get("/bao-cao/nhat-ky")
@requires(Permission.VIEW)
def log() -> str:
    """What was planned and what sounded at a place on one day."""
    actor, place_id = current_actor(), asked_place()
    today = local_date(web_now())
    day = _asked_day("ngay", today)
    lines = list(services().reports.log(actor, place_id, day, day))
    stations = services().places.tree().stations_in([place_id])
    return render_template(
        "reports/log.html",
        lines=lines,
        issuer=_issuer(services().places.tree().places[place_id]),
        day=day,
        place_id=place_id,
        choices=_choices(),
        earlier=day - timedelta(days=1),
        later=day + timedelta(days=1) if day < today else None,
        places=_place_names(),
        month_first=day.replace(day=1),
        station=stations[0] if len(stations) == 1 else None,
        level_word=level_word,
    )


@bp.get("/bao-cao/nhat-ky/csv")
@requires(Permission.VIEW)
def log_csv() -> Response:
    """The daily log of a stretch of days as CSV, streamed."""
    taken = _taken_log(LOGGED_DAYS, "log_too_long")
    return _download(
        spreadsheet.lines(log_header(), taken.rows), f"{taken.name}.csv", spreadsheet.MIMETYPE
    )


@bp.get("/bao-cao/nhat-ky/xlsx")
@requires(Permission.VIEW)
def log_xlsx() -> Response:
    """The same as a workbook; a quarter at most, for it is made before any of it is sent."""
    taken = _taken_log(WORKBOOK_DAYS, "log_workbook_too_long")
    sheet = workbook.Sheet(_("Nhật ký phát"), taken.notes, log_header(), taken.rows)
    return send_file(
        workbook.workbook([sheet]),
        mimetype=workbook.MIMETYPE,
        as_attachment=True,
        download_name=f"{taken.name}.xlsx",
        max_age=0,
    )


@dataclass(frozen=True, slots=True)
class _TakenLog:
    """The lines of a stretch of days, on their way out of the house."""

    name: str
    notes: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]


def _taken_log(most_days: int, too_long: str) -> _TakenLog:
    """What was asked for. InvalidInputError for days that are none, turned round or too many."""
    actor, place_id = current_actor(), asked_place()
    today = local_date(web_now())
    first, last = _asked_day("tu", today), _asked_day("den", today)
    if last < first:
        raise InvalidInputError("ends before it begins", field="den", problem="not_after")
    if (last - first).days >= most_days:
        raise InvalidInputError("too long", field="den", problem=too_long)
    lines = services().reports.log(actor, place_id, first, last)
    services().reports.taken(actor, place_id, "log", first, last)
    place = services().places.tree().places[place_id]
    notes = (
        _issuer(place),
        _("Nhật ký phát"),
        formats.capitalised(place.full_name),
        f"{first:%d/%m/%Y} – {last:%d/%m/%Y}",
    )
    name = f"nhat-ky-phat-{place_id}-{first:%Y%m%d}-{last:%Y%m%d}"
    return _TakenLog(name, notes, log_rows(lines, _place_names()))


# --- what is asked --------------------------------------------------------------------------------


def asked_place() -> str:
    """The place named in the address, else the reader's own; what it may be is for services."""
    return request.args.get("noi") or current_actor().place_id


def asked_period() -> Period:
    """The period named in the address; the month running when none is. NotFoundError for none."""
    now = local_date(web_now())
    try:
        basis = Basis(request.args.get("co-so", Basis.ADMINISTRATIVE.value))
        length = Length(request.args.get("do-dai", Length.MONTH.value))
        running = period_of(basis, length, now)
        if length is Length.DAY or not ("nam" in request.args or "so" in request.args):
            return running
        year = int(request.args.get("nam", running.year))
        return period(basis, length, year, _number(length, running))
    except ValueError as error:
        raise NotFoundError("no such period") from error


def _number(length: Length, running: Period) -> int:
    """Which of its year; a form that names a month for a quarter means the quarter of it."""
    number = int(request.args.get("so", running.number))
    most = {Length.MONTH: 12, Length.QUARTER: 4, Length.HALF: 2, Length.YEAR: 1}[length]
    return number if number <= most else (number - 1) * most // 12 + 1 if number <= 12 else number


def _asked_day(name: str, today: date) -> date:
    text = request.args.get(name, "")
    return typed_day(name, text, today) if text else today


def _choices() -> list[object]:
    tree = services().places.tree()
    return list(tree.walk(current_actor().place_id))


def _place_names() -> dict[str, str]:
    tree: PlaceTree = services().places.tree()
    known = [*tree.stations.values(), *tree.retired.values()]
    return {one.station_id: place_word(one.place_id) for one in known}


def address(place_id: str, one: Period) -> dict[str, object]:
    """What the address of a report of that place and period asks."""
    return {
        "noi": place_id,
        "co-so": one.basis.value,
        "do-dai": one.length.value,
        "nam": one.year,
        "so": one.number,
    }


def words() -> dict[str, object]:
    """What templates of reports say things with."""
    return {
        "Basis": Basis,
        "LENGTHS": LENGTHS,
        "PlaceKind": PlaceKind,
        "address": address,
        "basis_choice": report_words.basis_choice,
        "length_word": report_words.length_word,
        "short_period": report_words.short_period,
        "period_words": report_words.period_words,
        "bar_words": report_words.bar_words,
        "short_word": report_words.short_word,
        "causes_sorted": report_words.causes_sorted,
        "percent_of": report_words.percent_of,
        "minutes_of": report_words.minutes_of,
        "span_word": report_words.span_word,
    }


# --- files ----------------------------------------------------------------------------------------


def _taken(kind: str) -> Report:
    actor, place_id, chosen = current_actor(), asked_place(), asked_period()
    report = services().reports.of(actor, place_id, chosen)
    services().reports.taken(actor, place_id, kind, chosen.first_on, chosen.last_on)
    return report


def file_name(report: Report, ending: str) -> str:
    """What a file of this report is called."""
    chosen = report.figures.period
    span = f"{chosen.first_on:%Y%m%d}-{chosen.last_on:%Y%m%d}"
    return f"bao-cao-{report.place.place_id}-{span}.{ending}"


def _issuer(place: Place) -> str:
    """Who issues what is printed or taken home, as the title block of the PDF names it."""
    organisation = letterhead.organisation_of(place, settings().paper)
    return letterhead.in_one_line(services().places.tree(), place, organisation)


def _sheets(report: Report) -> Iterator[workbook.Sheet]:
    chosen = report.figures.period
    notes = (
        _issuer(report.place),
        _("Báo cáo hoạt động truyền thanh cơ sở"),
        formats.capitalised(report.place.full_name),
        report_words.period_words(chosen),
        *(report_words.bar_words(one.bar) for one in report.figures.effective[:1]),
    )
    yield workbook.Sheet(_("Trạm"), notes, station_header(), station_rows(report))
    if report.groups:
        header = (_("Địa bàn"), _("Số trạm"), _("Số trạm hiệu quả"), *sums_header())
        rows = [
            (formats.capitalised(one.name), one.stations, one.effective, *sums_cells(one.sums))
            for one in report.groups
        ]
        remote = report.remote
        rows.append(
            (_("Riêng khu vực III"), remote.stations, remote.effective, *sums_cells(remote.sums))
        )
        yield workbook.Sheet(_("Địa bàn"), notes, header, rows)
    causes = [
        (word, round(seconds / 60, 2))
        for word, seconds in report_words.causes_sorted(report.figures.sums.causes)
    ]
    yield workbook.Sheet(
        _("Nguyên nhân"), notes, (_("Nguyên nhân"), _("Phút mất trong giờ phục vụ")), causes
    )


def _download(lines: Iterator[str], name: str, mimetype: str) -> Response:
    return Response(
        stream_with_context(lines),
        mimetype=mimetype,
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )
