"""The audit trail: who did what, from where; as a page, as a file, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_babel import gettext as _

from controller.domain.accounts import Actor, Permission
from controller.domain.schedule import local_date
from controller.errors import InvalidInputError
from controller.services.audit import AuditWish, ExportedEntry, read_by
from controller.web import formats, spreadsheet
from controller.web.audit_search import A_YEAR, GROUPS, Search, days_of, typed
from controller.web.context import place_word, web_now
from controller.web.deeds import deed_word, is_refusal
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import typed_day
from controller.web.trail import facts_of, object_name

bp = Blueprint("audit", __name__)
PAGE = 30
"""Rows a page: what a phone shows in some screens, not in twenty-five."""
EXPORTED = timedelta(days=31)
"""What is written out when no dates are chosen."""


@bp.get("/nhat-ky")
@requires(Permission.READ_AUDIT)
def index() -> str:
    """The newest deeds at the reader's place and below, or those that are looked for."""
    search = typed(request.args)
    today = local_date(web_now())
    first = search.first or formats.day(today - EXPORTED)
    return _page(search, first, search.last or formats.day(today))


@bp.get("/nhat-ky/kiem-tra")
@requires(Permission.READ_AUDIT)
def check() -> str:
    """Whether the whole trail is as it was written, worked out anew."""
    return render_template("audit/check.html", state=services().audit_chain.examine())


@bp.post("/nhat-ky/tai-ve")
@requires(Permission.READ_AUDIT)
def export() -> Response | tuple[str, int]:
    """The deeds of some days as a file; that somebody took it is written down itself."""
    search = typed(request.form)
    texts = request.form.get("from", ""), request.form.get("to", "")
    try:
        first, last = _days(*texts)
    except InvalidInputError as error:
        return _page(search, *texts, error), error.status
    actor = current_actor()
    services().audit.exported(actor, first, last, search.sought)
    name = f"nhat-ky-{actor.place_id}-{first:%Y%m%d}-{last:%Y%m%d}.csv"
    return Response(
        stream_with_context(_file(actor, search.wish(first, last))),
        mimetype=spreadsheet.MIMETYPE,
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


def _page(search: Search, first: str, last: str, error: InvalidInputError | None = None) -> str:
    before = request.args.get("truoc", type=int)
    since, until, wrong = days_of(search, local_date(web_now()))
    entries = services().audit.newest(
        place_ids=_places(current_actor()),
        limit=PAGE + 1,
        before_id=before,
        wish=search.wish(since, until),
    )
    return render_template(
        "audit/index.html",
        entries=entries[:PAGE] if not wrong else [],
        has_more=len(entries) > PAGE and not wrong,
        before=before,
        search=search,
        wrong=wrong,
        groups=GROUPS,
        first=first,
        last=last,
        problems={error.facts["field"]: explain(error)} if error else {},
        facts_of=facts_of,
        object_name=object_name,
        is_refusal=is_refusal,
    )


def _places(actor: Actor) -> Sequence[str] | None:
    return read_by(services().places.tree(), actor.place_id)


def _days(first_text: str, last_text: str) -> tuple[date, date]:
    today = local_date(web_now()) - A_YEAR
    first, last = typed_day("from", first_text, today), typed_day("to", last_text, today)
    if last < first:
        raise InvalidInputError(last_text, field="to", problem="not_after")
    return first, last


def _file(actor: Actor, wish: AuditWish) -> Iterator[str]:
    header = (
        _("Số"),
        _("Lúc"),
        _("Người"),
        _("Địa chỉ"),
        _("Việc"),
        _("Mã việc"),
        _("Đối tượng"),
        _("Mã đối tượng"),
        _("Địa bàn"),
        _("Chi tiết"),
        _("Số trong chuỗi"),
        _("Mắt xích"),
    )
    found = services().audit.export(_places(actor), wish)
    return spreadsheet.lines(header, (_row(one) for one in found))


def _row(one: ExportedEntry) -> tuple[object, ...]:
    entry = one.entry
    return (
        entry.audit_id,
        f"{formats.day(entry.at)} {formats.clock_s(entry.at)}",
        entry.actor,
        entry.address,
        deed_word(entry.action),
        entry.action,
        entry.object_kind,
        entry.object_id,
        place_word(entry.place_id),
        json.dumps(entry.detail, ensure_ascii=False, sort_keys=True),
        one.number,
        one.link,
    )
