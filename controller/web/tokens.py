"""Personal tokens on the own account page: made, told once, revoked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.schedule import local_date
from controller.domain.tokens import LONGEST, LONGEST_NAME, offered
from controller.errors import AccountLockedError, ControllerError, SignInRefusedError
from controller.services.tokens import TokenWish
from controller.web import token_words
from controller.web.context import web_now
from controller.web.policy import current_actor, services, settings, signed_in
from controller.web.refusals import explain
from controller.web.schedule_form import spelled_day, typed_day
from controller.web.throttle import failed_tries

bp = Blueprint("tokens", __name__, url_prefix="/tai-khoan/ma")
PROPOSED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What was typed, and what is wrong with it by field. A password is never shown again."""

    name: str = ""
    scopes: frozenset[str] = frozenset()
    expires_on: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    def problem(self, field: str) -> str | None:
        """The sentence under a field."""
        return dict(self.problems).get(field)

    def with_problem(self, error: ControllerError) -> TokenForm:
        """The same form with the sentence at the field it belongs to."""
        is_password = isinstance(error, SignInRefusedError | AccountLockedError)
        field = "password" if is_password else str(error.facts.get("field", "name"))
        return replace(self, problems=((field, explain(error)),))


@bp.get("/moi")
@signed_in
def new() -> str:
    """The form for a token."""
    proposed = local_date(web_now()) + PROPOSED
    return _form(TokenForm(expires_on=spelled_day(proposed)))


@bp.post("/moi")
@signed_in
@failed_tries
def create() -> str | tuple[str, int]:
    """Make it, and show it this once."""
    typed = request.form
    form = TokenForm(
        typed.get("name", ""), frozenset(typed.getlist("scope")), typed.get("expires_on", "")
    )
    try:
        last_day = typed_day("expires_on", form.expires_on, local_date(web_now()))
        wish = TokenWish(form.name, tuple(form.scopes), last_day)
        made = services().tokens.make(current_actor(), wish, typed.get("password", ""))
    except ControllerError as error:
        return _form(form.with_problem(error)), error.status
    base = settings().web.external_url or request.host_url
    routes = url_for("api_v1.document").removesuffix("/openapi.json")
    return render_template("tokens/handout.html", made=made, address=base.rstrip("/") + routes)


@bp.post("/<token_id>/thu-hoi")
@signed_in
def revoke(token_id: str) -> Response:
    """End it for good."""
    services().tokens.revoke(current_actor(), token_id)
    flash(_("Đã thu hồi mã truy cập. Phần mềm dùng mã này không vào được nữa."), "ok")
    return redirect(url_for("auth.account"), code=303)


def _form(form: TokenForm) -> str:
    return render_template(
        "tokens/new.html",
        form=form,
        scopes=offered(current_actor()),
        words=token_words,
        longest_name=LONGEST_NAME,
        last_day=spelled_day(local_date(web_now()) + LONGEST),
    )
