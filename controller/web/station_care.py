"""What is done at a station: declared maintenance, and what its machine needs to get in."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import Permission
from controller.domain.schedule import local_date
from controller.errors import ControllerError, InvalidInputError
from controller.web.context import web_now
from controller.web.counting import counted
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain
from controller.web.station_desk import carried_out, is_overheard, page, to_station
from controller.web.station_form import Typed, moment, standing
from controller.web.throttle import failed_tries

bp = Blueprint("station_care", __name__, url_prefix="/dai")


@bp.post("/<station_id>/bao-tri")
@requires(Permission.ORDER_STATIONS)
def maintain(station_id: str) -> Response | tuple[str, int]:
    """Declare maintenance."""

    def deed(form: Typed) -> str:
        values, today = form.values, local_date(web_now())
        begins = _moment(values["from_on"], values["from_at"], today, "from_at")
        ends = _moment(values["until_on"], values["until_at"], today, "until_at")
        titles = services().maintenance.declare(
            current_actor(), station_id, begins, ends, values["why"]
        )
        if not titles:
            return _("Đã báo bảo trì. Không có buổi phát nào rơi vào lúc đó.")
        return counted(
            "Đã báo bảo trì. %(n)s buổi rơi vào lúc đó, trước hết là “%(first)s”: vẫn theo lịch, "
            "và kết quả vẫn được ghi.",
            len(titles),
            first=titles[0],
        )

    return carried_out(station_id, deed)


@bp.post("/bao-tri/<int:maintenance_window_id>/ket-thuc")
@requires(Permission.ORDER_STATIONS)
def end_maintenance(maintenance_window_id: int) -> Response:
    """End it now, or call it off."""
    try:
        station_id = services().maintenance.end(current_actor(), maintenance_window_id)
    except ControllerError as error:
        if error.status != 409:
            raise
        flash(explain(error), "down")
        return redirect(url_for("station_desk.index"), code=303)
    flash(_("Đã kết thúc bảo trì. Từ lúc này trạm được tính lại."), "ok")
    return to_station(station_id)


@bp.post("/<station_id>/cau-hinh")
@requires(Permission.MANAGE_STATIONS)
@failed_tries
def config(station_id: str) -> Response | tuple[str, int]:
    """Hand out what the machine needs, this once, to whoever types the own password again."""
    card = services().station_list.card(current_actor(), station_id)
    form = standing(card, web_now())
    actor = current_actor()
    if is_overheard():
        return page(card, form.with_problem("password", _overheard())), 422
    if card.has_credentials and not request.form.get("sure"):
        words = _("Đánh dấu vào ô này: mật khẩu đang dùng ở trạm sẽ hết tác dụng.")
        return page(card, form.with_problem("sure", words)), 422
    obstacle = services().enrolment.obstacle(station_id)
    if obstacle is not None:
        return page(card, form), 422
    try:
        services().accounts.ensure_password(actor, request.form.get("password", ""))
        files = services().enrolment.bundle(actor, station_id)
    except ControllerError as error:
        if error.status == 404:
            raise
        return page(card, form.with_problem("password", explain(error))), error.status
    return _download(station_id, files)


@bp.post("/<station_id>/chan-may")
@requires(Permission.MANAGE_STATIONS)
def revoke(station_id: str) -> Response:
    """Shut a lost machine out."""
    services().stations.revoke(current_actor(), station_id)
    flash(_("Đã chặn máy của trạm. Máy khác vào được khi có cấu hình mới."), "ok")
    return to_station(station_id)


def _moment(day: str, at: str, today: date, name: str) -> datetime:
    found = moment(day, at, today)
    if found is None:
        raise InvalidInputError(f"{day} {at}", field=name, problem="bad_moment")
    return found


def _overheard() -> str:
    return _("Đường truyền này không mã hóa nên không tải mật khẩu của trạm về được.")


def _download(station_id: str, files: dict[str, bytes]) -> Response:
    """One file, or all of them in an archive; nobody keeps a copy on the way."""
    if len(files) == 1:
        ((name, content),) = files.items()
        kind = "application/toml"
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, data in files.items():
                archive.writestr(inside, data)
        name, content, kind = f"{station_id}.zip", packed.getvalue(), "application/zip"
    answer = make_response(content)
    answer.headers["Content-Type"] = kind
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
