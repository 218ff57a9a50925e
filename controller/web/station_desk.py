"""The stations as things somebody owns: the list, one station's settings, adding and retiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.places import PlaceKind
from controller.domain.policy import spelled
from controller.errors import ControllerError
from controller.services.place_rules import band_words
from controller.services.shut_slots import Shut
from controller.services.station_desk import NewStation, StationWish, phrase
from controller.services.station_list import StationCard
from controller.web import formats
from controller.web.bulletin_words import LANGUAGES
from controller.web.context import web_now
from controller.web.counting import counted
from controller.web.policy import current_actor, is_local, requires, services, settings
from controller.web.refusals import explain
from controller.web.schedule_words import shut_words
from controller.web.station_form import Typed, moved_up, standing, whole, with_blanks
from controller.web.stations import RANKS
from controller.web.words import STATES

bp = Blueprint("station_desk", __name__, url_prefix="/dai")

NEW_FIELDS = ("place_id", "name", "identifier_code", "receiver_note")
COMMAND = "vang-controller station-config {} --out station.toml"


@bp.get("")
@requires(Permission.VIEW)
def index() -> str:
    """The stations of the reader's place: `tim` words, `huyen` a district, `loc` a state; of many
    the page `trang`."""
    asked = {name: request.args.get(name, "") for name in ("tim", "huyen", "loc")}
    found = services().station_list.lines(
        current_actor(),
        text=asked["tim"],
        district_id=asked["huyen"],
        state=asked["loc"],
        page=request.args.get("trang", default=1, type=int),
    )
    states = [
        (key, _state_word(key), found.counts.get(key, 0))
        for key in (*STATES, "trial", "retired")
        if found.counts.get(key) or key == asked["loc"]
    ]
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "stations/index.html",
        found=found,
        asked=asked,
        states=states,
        page_link=lambda page: url_for("station_desk.index", trang=page, **kept),
    )


@bp.get("/moi")
@requires(Permission.MANAGE_STATIONS)
def new() -> str:
    """The form for a station."""
    place_id = request.args.get("xa", "")
    return _new_page(Typed(dict.fromkeys(NEW_FIELDS, "") | {"place_id": place_id}))


@bp.post("/moi")
@requires(Permission.MANAGE_STATIONS)
def create() -> Response | tuple[str, int]:
    """Add it, on trial."""
    form = Typed({name: request.form.get(name, "") for name in NEW_FIELDS})
    values = form.values
    order = [request.form.get(f"thu_tieng_{rank}", "") for rank in RANKS]
    wish = NewStation(
        values["place_id"],
        values["name"],
        order,
        values["identifier_code"],
        values["receiver_note"],
    )
    try:
        station_id = services().station_desk.add(current_actor(), wish)
    except ControllerError as error:
        field = str(error.facts.get("field", "place_id"))
        return _new_page(form.with_problem(field, explain(error)), order), error.status
    flash(_("Đã thêm đài. Làm tiếp các bước bên dưới."), "ok")
    return to_station(station_id)


@bp.get("/<station_id>")
@requires(Permission.VIEW)
def show(station_id: str) -> str:
    """One station's settings."""
    return page(services().station_list.card(current_actor(), station_id))


@bp.post("/<station_id>/sua")
@requires(Permission.MANAGE_STATIONS)
def change(station_id: str) -> Response | tuple[str, int]:
    """Give it another name, code or caps."""

    def deed(form: Typed) -> str:
        values = form.values
        wish = StationWish(
            values["name"],
            values["identifier_code"],
            whole(values["longest_min"]),
            whole(values["volume"]),
        )
        services().station_desk.change(
            current_actor(),
            station_id,
            wish,
            form.row_version,
            anyway=bool(request.form.get("anyway")),
        )
        return _("Đã lưu. Trạm nhận mức mới trong vài phút.")

    return carried_out(station_id, deed)


@bp.post("/<station_id>/lien-he")
@requires(Permission.KEEP_CONTACTS)
def contacts(station_id: str) -> str | Response | tuple[str, int]:
    """Save whom to phone and what to know; `len` only moves a row up on the page."""
    up = request.form.get("len", "")
    if up:
        card = services().station_list.card(current_actor(), station_id)
        form = standing(card, web_now()).with_fields(request.form)
        return page(card, replace(form, contacts=with_blanks(moved_up(form.contacts, whole(up)))))

    def deed(form: Typed) -> str:
        services().contacts.save(
            current_actor(),
            station_id,
            form.contacts,
            form.values["receiver_note"],
            form.row_version,
        )
        return _("Đã lưu liên hệ. Trang Hôm nay và bảng trạm dùng số mới.")

    return carried_out(station_id, deed)


@bp.post("/<station_id>/dua-vao-dung")
@requires(Permission.MANAGE_STATIONS)
def commission(station_id: str) -> Response:
    """Put it into service."""
    services().station_desk.commission(current_actor(), station_id)
    flash(_("Đã đưa đài vào sử dụng. Từ lúc này lịch phát ở đây và đài được tính."), "ok")
    return to_station(station_id)


@bp.post("/<station_id>/ngung")
@requires(Permission.MANAGE_STATIONS)
def retire(station_id: str) -> Response | tuple[str, int]:
    """Take it out of service for good."""

    def deed(form: Typed) -> str:
        values = form.values
        services().station_desk.retire(
            current_actor(), station_id, values["retire_why"], values["typed"]
        )
        return _("Đài đã ngừng. Các buổi sắp tới ở đây đã hủy; những gì đã ghi giữ nguyên.")

    return carried_out(station_id, deed, {"why": "retire_why"})


@bp.post("/<station_id>/dua-lai")
@requires(Permission.MANAGE_STATIONS)
def restore(station_id: str) -> Response:
    """Bring it back, on trial."""
    services().station_desk.restore(current_actor(), station_id)
    flash(_("Đài đã trở lại, chờ thử máy. Chạy tốt thì đưa vào sử dụng."), "ok")
    return to_station(station_id)


def carried_out(
    station_id: str, deed: Callable[[Typed], str], fields: dict[str, str] | None = None
) -> Response | tuple[str, int]:
    """Do it and go back, or show the page with what was typed; `fields` renames a problem's."""
    card = services().station_list.card(current_actor(), station_id)
    form = standing(card, web_now()).with_fields(request.form)
    try:
        done = deed(form)
    except ControllerError as error:
        if error.status in {403, 404}:
            raise
        name = str(error.facts.get("field", "form"))
        name = (fields or {}).get(name, name)
        card = services().station_list.card(current_actor(), station_id)
        if name == "form":  # somebody was first: what is sent again goes over what stands now
            form = replace(form, row_version=card.row_version)
        return page(card, form.with_problem(name, _refusal(error))), error.status
    flash(done, "ok")
    return to_station(station_id)


def _refusal(error: ControllerError) -> str:
    shut = error.facts.get("shut")
    if not isinstance(shut, Shut):
        return explain(error)
    return counted(
        "%(n)s buổi đã đặt dài hơn mức mới và trạm sẽ không phát: %(list)s. Cắt ngắn hoặc đổi "
        "lịch, hoặc đánh dấu vào ô này rồi lưu.",
        shut.slots,
        list=shut_words(shut),
    )


def _state_word(key: str) -> str:
    match key:
        case "trial":
            return _("Chưa đưa vào sử dụng")
        case "retired":
            return _("Đã ngừng hẳn")
    return str(STATES[key][2])


def is_overheard() -> bool:
    """Whether secrets sent to this browser could be read on the way."""
    return not (request.is_secure or settings().web_scheme == "https" or is_local())


def to_station(station_id: str) -> Response:
    """Back to the settings of a station."""
    return redirect(url_for("station_desk.show", station_id=station_id), code=303)


def page(card: StationCard, form: Typed | None = None) -> str:
    """The settings of one station; `form` is what was typed and not saved."""
    actor, station_id = current_actor(), card.station.station_id
    may_work = not card.is_retired
    maintenance = services().maintenance.page(actor, station_id) if may_work else None
    return render_template(
        "stations/desk.html",
        card=card,
        form=form or standing(card, web_now()),
        allowed=services().hours.of_place(card.place.place_id),
        spelled=spelled,
        band_words=band_words,
        maintenance=maintenance,
        phrase=phrase(card.station.name),
        language_words=LANGUAGES,
        command=COMMAND.format(station_id),
        is_overheard=is_overheard(),
        obstacle=services().enrolment.obstacle(station_id) if may_work else None,
        has_outside_broker=settings().broker.mode == "external",
    )


def _new_page(form: Typed, order: list[str] | None = None) -> str:
    actor, tree = current_actor(), services().places.tree()
    communes = [
        (place.place_id, _commune_words(place.place_id))
        for place in tree.walk(actor.place_id)
        if place.kind is PlaceKind.COMMUNE
    ]
    return render_template(
        "stations/new.html",
        form=form,
        communes=[("", _("Chọn xã, phường, thị trấn")), *communes],
        order=order or ["vi"],
        ranks=RANKS,
        language_words=LANGUAGES,
    )


def _commune_words(place_id: str) -> str:
    tree = services().places.tree()
    place, district = tree.places[place_id], tree.district_of(place_id)
    name = formats.capitalised(place.full_name)
    return f"{name}, {district.full_name}" if district else name
