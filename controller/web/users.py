"""Accounts, for the admin: list, make, change, reset, shut, open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.domain.accounts import BOUND_TO, Permission, Role
from controller.domain.places import Place
from controller.errors import ControllerError
from controller.services.accounts import AccountChange, NewAccount
from controller.web import token_words
from controller.web.policy import current_actor, requires, services
from controller.web.refusals import explain

bp = Blueprint("users", __name__, url_prefix="/nguoi-dung")


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What was typed, and what is wrong with it by field."""

    username: str = ""
    full_name: str = ""
    role: str = ""
    place_id: str = ""
    row_version: int = 0
    """The version that was on the screen when an account is changed."""
    problems: tuple[tuple[str, str], ...] = ()

    def problem(self, field: str) -> str | None:
        """The sentence under a field."""
        return dict(self.problems).get(field)


@bp.get("")
@requires(Permission.MANAGE_ACCOUNTS)
def index() -> str:
    """Every account of the admin's place and below."""
    accounts = services().accounts.within(current_actor())
    return render_template("users/index.html", accounts=accounts)


@bp.get("/moi")
@requires(Permission.MANAGE_ACCOUNTS)
def new() -> str:
    """The form for a new account."""
    return _form(AccountForm())


@bp.post("/moi")
@requires(Permission.MANAGE_ACCOUNTS)
def create() -> str | tuple[str, int]:
    """Make it, and show its first password this once."""
    typed = request.form
    form = AccountForm(
        typed.get("username", ""),
        typed.get("full_name", ""),
        typed.get("role", ""),
        typed.get("place_id", ""),
    )
    if form.role not in {role.value for role in Role}:
        return _form(_with(form, "role", _("Không có vai trò này."))), 422
    order = NewAccount(form.username, form.full_name, Role(form.role), form.place_id)
    try:
        handout = services().accounts.create(current_actor(), order)
    except ControllerError as error:
        field = str(error.facts.get("field", "place_id"))
        return _form(_with(form, field, explain(error))), error.status
    return render_template("users/handout.html", handout=handout, is_new=True)


@bp.get("/<account_id>")
@requires(Permission.MANAGE_ACCOUNTS)
def show(account_id: str) -> str:
    """One account and what can be done with it."""
    return _show(account_id)


@bp.post("/<account_id>/sua")
@requires(Permission.MANAGE_ACCOUNTS)
def change(account_id: str) -> Response | tuple[str, int]:
    """Give it another name, role or place."""
    typed = request.form
    form = AccountForm(
        full_name=typed.get("full_name", ""),
        role=typed.get("role", ""),
        place_id=typed.get("place_id", ""),
        row_version=typed.get("row_version", 0, int),
    )
    if form.role not in {role.value for role in Role}:
        return _show(account_id, _with(form, "role", _("Không có vai trò này."))), 422
    wanted = AccountChange(form.full_name, Role(form.role), form.place_id)
    accounts = services().accounts
    try:
        accounts.change(current_actor(), account_id, wanted, form.row_version)
    except ControllerError as error:
        if error.status == 404:
            raise
        field = str(error.facts.get("field", "form" if error.status == 409 else "place_id"))
        return _show(account_id, _with(form, field, explain(error))), error.status
    flash(_("Đã lưu. Đổi vai trò hoặc địa bàn thì người này phải đăng nhập lại."), "ok")
    return redirect(url_for("users.show", account_id=account_id), code=303)


@bp.post("/<account_id>/dat-lai")
@requires(Permission.MANAGE_ACCOUNTS)
def reset(account_id: str) -> str | Response:
    """Give a new first password, shown this once."""
    try:
        handout = services().accounts.reset_password(current_actor(), account_id)
    except ControllerError as error:
        return _back_with(error, account_id)
    return render_template("users/handout.html", handout=handout, is_new=False)


@bp.post("/<account_id>/khoa")
@requires(Permission.MANAGE_ACCOUNTS)
def disable(account_id: str) -> Response:
    """Shut it; whoever is signed in with it is out at the next request."""
    return _carried_out(services().accounts.disable, account_id, _("Đã khóa tài khoản."))


@bp.post("/<account_id>/mo")
@requires(Permission.MANAGE_ACCOUNTS)
def enable(account_id: str) -> Response:
    """Open it again."""
    return _carried_out(services().accounts.enable, account_id, _("Đã mở lại tài khoản."))


@bp.post("/<account_id>/ma/<token_id>/thu-hoi")
@requires(Permission.MANAGE_ACCOUNTS)
def revoke_token(account_id: str, token_id: str) -> Response:
    """End a token of the account for good."""
    services().tokens.revoke_of(current_actor(), account_id, token_id)
    flash(_("Đã thu hồi mã truy cập. Phần mềm dùng mã này không vào được nữa."), "ok")
    return redirect(url_for("users.show", account_id=account_id), code=303)


def _carried_out(deed: Callable[..., None], account_id: str, done: str) -> Response:
    try:
        deed(current_actor(), account_id)
    except ControllerError as error:
        return _back_with(error, account_id)
    flash(done, "ok")
    return redirect(url_for("users.show", account_id=account_id), code=303)


def _back_with(error: ControllerError, account_id: str) -> Response:
    if error.status == 404:
        raise error
    flash(explain(error), "down")
    return redirect(url_for("users.show", account_id=account_id), code=303)


def _with(form: AccountForm, field: str, sentence: str) -> AccountForm:
    return replace(form, problems=((field, sentence),))


def _form(form: AccountForm) -> str:
    return render_template(
        "users/new.html", form=form, roles=list(Role), places=_places(), bound=BOUND_TO
    )


def _show(account_id: str, form: AccountForm | None = None) -> str:
    """The page of an account; `form` is what was typed and not saved."""
    account = services().accounts.get(current_actor(), account_id)
    stands = AccountForm(
        account.username,
        account.full_name,
        account.role.value,
        account.place_id,
        account.row_version,
    )
    return render_template(
        "users/show.html",
        account=account,
        form=form or stands,
        roles=list(Role),
        places=_places(),
        tokens=services().tokens.of_account(current_actor(), account_id),
        token_words=token_words,
        revoke_path=lambda token_id: url_for(
            "users.revoke_token", account_id=account_id, token_id=token_id
        ),
    )


def _places() -> list[Place]:
    return list(services().places.tree().walk(current_actor().place_id))
