"""The inventory of a station: list, form, picture; and that of a place as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    stream_with_context,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from controller.domain.accounts import Permission
from controller.domain.equipment import Warranty
from controller.domain.schedule import local_date
from controller.errors import ControllerError
from controller.services.equipment import ItemView, ItemWish
from controller.services.photos import LIMIT_BYTES
from controller.web import equipment_words, formats, report_words, spreadsheet
from controller.web.context import place_word, web_now
from controller.web.policy import FORM_ROOM_BYTES, accepts_up_to, current_actor, requires, services
from controller.web.refusals import explain
from controller.web.schedule_form import typed_day
from controller.web.station_form import Typed

bp = Blueprint("equipment", __name__)


@bp.get("/dai/<station_id>/thiet-bi")
@requires(Permission.VIEW)
def index(station_id: str) -> str:
    """What stands at a station, and what it was repaired with."""
    actor = current_actor()
    return render_template(
        "equipment/index.html",
        inventory=services().equipment.of(actor, station_id),
        repairs=services().repairs.history(actor, station_id),
        **words(),
    )


@bp.get("/dai/<station_id>/thiet-bi/moi")
@requires(Permission.KEEP_CONTACTS)
def new(station_id: str) -> str:
    """The empty form."""
    return _form(station_id, equipment_words.blank(), None)


@bp.post("/dai/<station_id>/thiet-bi/moi")
@requires(Permission.KEEP_CONTACTS)
@accepts_up_to(lambda _settings: LIMIT_BYTES + FORM_ROOM_BYTES)
def create(station_id: str) -> Answer | tuple[str, int]:
    """Enter a thing."""

    def deed(wish: ItemWish, _form: Typed, photo: BinaryIO | None) -> None:
        services().equipment.add(current_actor(), station_id, wish, photo)

    return _carried_out(station_id, equipment_words.blank(), None, deed)


@bp.get("/dai/<station_id>/thiet-bi/<equipment_item_id>")
@requires(Permission.VIEW)
def show(station_id: str, equipment_item_id: str) -> str:
    """One thing, and its form for whoever keeps it."""
    one = services().equipment.item(current_actor(), station_id, equipment_item_id)
    return _form(station_id, equipment_words.standing(one), one)


@bp.post("/dai/<station_id>/thiet-bi/<equipment_item_id>")
@requires(Permission.KEEP_CONTACTS)
@accepts_up_to(lambda _settings: LIMIT_BYTES + FORM_ROOM_BYTES)
def change(station_id: str, equipment_item_id: str) -> Answer | tuple[str, int]:
    """Enter it anew."""
    one = services().equipment.item(current_actor(), station_id, equipment_item_id)

    def deed(wish: ItemWish, form: Typed, photo: BinaryIO | None) -> None:
        services().equipment.change(
            current_actor(), station_id, equipment_item_id, wish, form.row_version, photo
        )

    return _carried_out(station_id, equipment_words.standing(one), one, deed)


@bp.post("/dai/<station_id>/thiet-bi/<equipment_item_id>/thoi")
@requires(Permission.KEEP_CONTACTS)
def retire(station_id: str, equipment_item_id: str) -> Answer | tuple[str, int]:
    """Take it out of use."""
    actor = current_actor()
    one = services().equipment.item(actor, station_id, equipment_item_id)
    why, text = request.form.get("retired_why", ""), request.form.get("retired_on", "").strip()
    try:
        day = typed_day("retired_on", text, local_date(web_now())) if text else None
        services().equipment.retire(actor, station_id, equipment_item_id, why, day)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        form = equipment_words.standing(one).with_problem(
            str(error.facts.get("field", "retired_why")), explain(error)
        )
        return _form(station_id, form, one, why=why, day=text), error.status
    flash(_("Đã ghi là thôi dùng. Thiết bị còn trong sổ, ở phần đã thôi dùng."), "ok")
    return redirect(url_for(".index", station_id=station_id), code=303)


@bp.get("/dai/<station_id>/thiet-bi/<equipment_item_id>/anh")
@requires(Permission.VIEW)
def photo(station_id: str, equipment_item_id: str) -> Response:
    """Its picture, as it was made anew."""
    path = services().equipment.photo(current_actor(), station_id, equipment_item_id)
    answer = send_file(path.absolute(), mimetype="image/jpeg", max_age=3600, conditional=True)
    answer.cache_control.private = True
    answer.cache_control.public = False
    return answer


@bp.get("/thiet-bi.csv")
@requires(Permission.VIEW)
def as_csv() -> Response:
    """The inventory of a place and everything below it."""
    actor = current_actor()
    place_id = request.args.get("noi", "") or actor.place_id
    rows = _rows(services().equipment.under(actor, place_id))
    lines = list(spreadsheet.lines(_header(), rows))  # read before it is written down as taken
    services().equipment.taken(actor, place_id)
    name = f"thiet-bi-{place_id}-{local_date(web_now()):%Y%m%d}.csv"
    return Response(
        stream_with_context(iter(lines)),
        mimetype=spreadsheet.MIMETYPE,
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


def words() -> dict[str, object]:
    """What templates of the inventory say things with."""
    return {
        "cause_word": report_words.cause_word,
        "span_word": report_words.span_word,
        "KINDS": equipment_words.KINDS,
        "Warranty": Warranty,
        "vnd": equipment_words.vnd,
        "where_word": equipment_words.where_word,
        "warranty_word": equipment_words.warranty_word,
    }


def _carried_out(
    station_id: str,
    form: Typed,
    one: ItemView | None,
    deed: Callable[[ItemWish, Typed, BinaryIO | None], None],
) -> Answer | tuple[str, int]:
    services().equipment.of(current_actor(), station_id)
    form = form.with_fields(request.form)
    try:
        deed(equipment_words.wish_of(form.values, local_date(web_now())), form, _uploaded())
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        name = str(error.facts.get("field", "form"))
        return _form(station_id, form.with_problem(name, explain(error)), one), error.status
    flash(_("Đã ghi vào sổ thiết bị."), "ok")
    return redirect(url_for(".index", station_id=station_id), code=303)


def _uploaded() -> BinaryIO | None:
    file = request.files.get("photo")
    return cast(BinaryIO, file.stream) if file is not None and file.filename else None


def _form(
    station_id: str, form: Typed, one: ItemView | None, *, why: str = "", day: str = ""
) -> str:
    inventory = services().equipment.of(current_actor(), station_id)
    places = [("", _("Tại trạm"))]
    places += [
        (str(number), equipment_words.where_word(number, name))
        for number, name in inventory.clusters
    ]
    if one is not None and str(one.cluster_number or "") not in dict(places):
        where = equipment_words.where_word(one.cluster_number, one.cluster_name)
        places.append((str(one.cluster_number), _("%(where)s (đã ngừng)", where=where)))
    kinds = [(kind.value, str(word)) for kind, word in equipment_words.KINDS.items()]
    return render_template(
        "equipment/item.html",
        inventory=inventory,
        one=one,
        form=form,
        why=why,
        day=day,
        places=places,
        kinds=[("", _("Chọn loại")), *kinds],
        **words(),
    )


def _header() -> tuple[str, ...]:
    return (
        _("Trạm"), _("Xã"), _("Chỗ đặt"), _("Loại"), _("Hãng, mẫu"), _("Số sê-ri"),
        _("Ngày lắp"), _("Bảo hành đến"), _("Giá, đồng"), _("Ghi chú"), _("Thôi dùng ngày"),
        _("Vì sao"),
    )  # fmt: skip


def _rows(items: Iterator[ItemView]) -> Iterator[tuple[object, ...]]:
    tree = services().places.tree()
    for one in items:
        station = tree.stations[one.station_id]
        yield (
            station.name,
            place_word(station.place_id),
            equipment_words.where_word(one.cluster_number, one.cluster_name),
            str(equipment_words.KINDS[one.kind]),
            one.model,
            one.serial,
            *(formats.day(day) if day else "" for day in (one.installed_on, one.warranty_until)),
            one.cost_vnd,
            one.note,
            formats.day(one.retired_on) if one.retired_on else "",
            one.retired_why or "",
        )
