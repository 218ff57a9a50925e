"""Accounts: who may sign in, with what role, at what place. Sessions are in `sessions.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Role, clean_password, clean_username
from controller.errors import (
    InvalidInputError,
    NotFoundError,
    StaleEditError,
    WeakPasswordError,
)
from controller.services.account_rules import (
    CHANGES,
    AccountChange,
    NewAccount,
    checked,
    checked_change,
    refuse_last_admin,
    refuse_weak,
    still_admin,
    told,
)
from controller.services.audit import Deed, last_deed, record
from controller.services.identifiers import new_id
from controller.services.passwords import Passwords, random_password
from controller.services.places import Places
from controller.services.scope import ensure_targets, ensure_within
from controller.services.sessions import Sessions, SessionView, SignedIn
from controller.services.tokens import revoke_all
from controller.settings import SignInSettings
from controller.storage.database import Database
from controller.storage.models import AccountRow

__all__ = ["FIRST_ADMIN", "AccountChange", "AccountView", "Accounts", "Handout", "NewAccount"]

FIRST_ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as a list shows it."""

    account_id: str
    username: str
    full_name: str
    role: Role
    place_id: str
    must_change_password: bool
    is_disabled: bool
    locked_until_at: datetime | None
    created_at: datetime
    last_seen_at: datetime | None
    row_version: int


@dataclass(frozen=True, slots=True)
class Handout:
    """A name and the password to tell its owner, once."""

    account_id: str
    username: str
    password: str


class Accounts:
    """Deeds on accounts, and the door people come in by."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        sign_in: SignInSettings,
        places: Places,
        passwords: Passwords | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._passwords = passwords or Passwords()
        self._sessions = Sessions(database, now, sign_in, self._passwords)

    # -- the door -------------------------------------------------------------------------------

    def sign_in(self, username: str, password: str, *, address: str, user_agent: str) -> SignedIn:
        """A new session. SignInRefusedError, AccountLockedError."""
        return self._sessions.sign_in(username, password, address=address, user_agent=user_agent)

    def actor_of(self, token: str, *, address: str, is_use: bool = True) -> Actor | None:
        """Who holds this session token; None when it ended. `is_use` False keeps none alive."""
        return self._sessions.actor_of(token, address=address, is_use=is_use)

    def sign_out(self, token: str, *, address: str) -> None:
        """End the session; nothing happens when it has ended already."""
        self._sessions.end(token, address=address)

    def sessions_of(self, actor: Actor, token: str) -> Sequence[SessionView]:
        """The actor's own open sessions, the newest first."""
        return self._sessions.of(actor.account_id, token)

    def end_other_sessions(self, actor: Actor, token: str) -> int:
        """Sign the actor out everywhere else; how many sessions that ended."""
        with self._database.write() as session:
            ended = self._sessions.end_all(session, actor.account_id, but=token)
            self._record(session, actor, "account.end_sessions", _row(session, actor.account_id))
        return ended

    def end_session(self, actor: Actor, session_id: str) -> None:
        """Sign the actor out at one place. NotFoundError when it has ended, or is another's."""
        with self._database.write() as session:
            ended = self._sessions.end_one(session, actor.account_id, session_id)
            if ended is None:
                raise NotFoundError(f"session {session_id}", kind="session", object_id=session_id)
            row = _row(session, actor.account_id)
            self._record(session, actor, "account.end_session", row, address=ended.address)

    # -- one's own account ----------------------------------------------------------------------

    def change_password(self, actor: Actor, current: str, wanted: str) -> None:
        """Set a new password and end every session of the account, this one too.

        WeakPasswordError; SignInRefusedError when the current password is wrong.
        """
        current, wanted = clean_password(current), clean_password(wanted)
        encoded = self._sessions.check_password(actor, current)
        if wanted == current:
            raise WeakPasswordError("the old password again", problem="same")
        refuse_weak(wanted, actor.username)
        fresh = self._passwords.hash(wanted)
        with self._database.write() as session:
            row = _row(session, actor.account_id)
            if row.password_hash != encoded:
                raise StaleEditError("the password was changed meanwhile")
            row.password_hash, row.must_change_password = fresh, False
            self._sessions.end_all(session, actor.account_id)
            self._record(session, actor, "account.password", row)

    def ensure_password(self, actor: Actor, password: str) -> None:
        """The actor's own password typed again. SignInRefusedError, AccountLockedError."""
        self._sessions.check_password(actor, clean_password(password))

    def set_language(self, actor: Actor, language: str) -> None:
        """Remember the language of the screens."""
        with self._database.write() as session:
            _row(session, actor.account_id).language = language

    # -- administration -------------------------------------------------------------------------

    def ensure_first_admin(self) -> Handout | None:
        """An admin of the whole tree with a random password, when there is no account at all."""
        root = self._places.tree().children(None)[0]
        new = NewAccount(FIRST_ADMIN, "Quản trị viên", Role.ADMIN, root.place_id)
        password = random_password()
        encoded = self._passwords.hash(password)
        with self._database.write() as session:
            if session.scalar(select(func.count()).select_from(AccountRow)):
                return None
            row = self._add(session, None, new, encoded, must_change=True)
        return Handout(row.account_id, row.username, password)

    def create(self, actor: Actor | None, new: NewAccount) -> Handout:
        """Make an account; `actor` None is the system itself (the command line, the demo).

        A random password must be changed at first sign-in. InvalidInputError names the field;
        OutOfScopeError for a place outside the actor's.
        """
        tree = self._places.tree()
        new = checked(new, tree)
        if actor is not None:
            ensure_targets(tree, actor, [new.place_id])
        password = clean_password(new.password) if new.password else random_password()
        if new.password:
            refuse_weak(password, new.username)
        encoded = self._passwords.hash(password)
        with self._database.write() as session:
            row = self._add(session, actor, new, encoded, must_change=new.password is None)
        return Handout(row.account_id, row.username, password)

    def reset_password(self, actor: Actor, account_id: str) -> Handout:
        """Give a new random password, unlock, and end every session of the account."""
        password = random_password()
        encoded = self._passwords.hash(password)
        with self._database.write() as session:
            row = self._others(session, actor, account_id)
            row.password_hash, row.must_change_password = encoded, True
            row.failed_sign_ins, row.locked_until_at = 0, None
            row.row_version += 1
            self._sessions.end_all(session, account_id)
            self._record(session, actor, "account.reset", row)
            return Handout(account_id, row.username, password)

    def by_name(self, username: str) -> AccountView | None:
        """The account of this name; for the command line, which answers to no place."""
        with self._database.read() as session:
            found = select(AccountRow).where(AccountRow.username == clean_username(username))
            row = session.scalar(found)
            if row is None:
                return None
            return _view(row, self._sessions.last_seen(session).get(row.account_id))

    def reset_from_console(self, account_id: str) -> Handout:
        """Give a new random password, unlock and enable; for whoever sits at the machine itself."""
        password = random_password()
        encoded = self._passwords.hash(password)
        with self._database.write() as session:
            row = _row(session, account_id)
            row.password_hash, row.must_change_password = encoded, True
            row.failed_sign_ins, row.locked_until_at, row.disabled_at = 0, None, None
            row.row_version += 1
            self._sessions.end_all(session, account_id)
            self._record(session, None, "account.reset", row)
            return Handout(account_id, row.username, password)

    def change(
        self, actor: Actor, account_id: str, wanted: AccountChange, row_version: int
    ) -> None:
        """Give another name, role or place; with other rights every session of it ends.

        StaleEditError when somebody changed it first; InvalidInputError names the field;
        OutOfScopeError for a place outside the actor's.
        """
        tree = self._places.tree()
        wanted = checked_change(wanted, tree)
        with self._database.write() as session:
            row = self._others(session, actor, account_id)
            ensure_targets(tree, actor, [wanted.place_id])
            if row.row_version != row_version:
                raise StaleEditError(
                    account_id, **last_deed(session, "account", account_id, CHANGES)
                )
            was = AccountChange(row.full_name, Role(row.role), row.place_id)
            if wanted == was:
                return
            if not still_admin(tree, row, wanted):
                refuse_last_admin(session, tree, row)
            row.full_name, row.role, row.place_id = wanted.full_name, wanted.role, wanted.place_id
            row.row_version += 1
            if (was.role, was.place_id) != (wanted.role, wanted.place_id):
                self._sessions.end_all(session, account_id)
            self._record(session, actor, "account.change", row, **told(was, wanted))

    def disable(self, actor: Actor, account_id: str) -> None:
        """Shut an account at once: no sign-in, every session ended, every token gone for good."""
        with self._database.write() as session:
            row = self._others(session, actor, account_id)
            if row.disabled_at is None:
                refuse_last_admin(session, self._places.tree(), row)
                row.disabled_at = self._now()
                row.row_version += 1
                self._sessions.end_all(session, account_id)
                revoke_all(session, actor, row, self._now())
                self._record(session, actor, "account.disable", row)

    def enable(self, actor: Actor, account_id: str) -> None:
        """Open a disabled account again, with the password it had."""
        with self._database.write() as session:
            row = self._others(session, actor, account_id)
            if row.disabled_at is not None:
                row.disabled_at = None
                row.row_version += 1
                self._record(session, actor, "account.enable", row)

    def within(self, actor: Actor) -> Sequence[AccountView]:
        """Every account at the actor's place and below, by place and name."""
        tree = self._places.tree()
        places = [place.place_id for place in tree.walk(actor.place_id)]
        order = {place_id: position for position, place_id in enumerate(places)}
        with self._database.read() as session:
            rows = session.scalars(select(AccountRow).where(AccountRow.place_id.in_(places))).all()
            seen = self._sessions.last_seen(session)
            views = [_view(row, seen.get(row.account_id)) for row in rows]
        return sorted(views, key=lambda view: (order[view.place_id], view.username))

    def get(self, actor: Actor, account_id: str) -> AccountView:
        """One account at the actor's place or below. NotFoundError."""
        with self._database.read() as session:
            row = session.get(AccountRow, account_id)
            ensure_within(self._places.tree(), actor, row.place_id if row else None)
            return _view(
                _row(session, account_id), self._sessions.last_seen(session).get(account_id)
            )

    # -- within one transaction -----------------------------------------------------------------

    def _add(
        self,
        session: Session,
        actor: Actor | None,
        new: NewAccount,
        encoded: str,
        *,
        must_change: bool,
    ) -> AccountRow:
        taken = select(AccountRow.account_id).where(AccountRow.username == new.username)
        if session.scalar(taken) is not None:
            raise InvalidInputError("username is taken", field="username", problem="taken")
        row = AccountRow(
            account_id=new_id(self._now()),
            username=new.username,
            full_name=new.full_name,
            role=new.role.value,
            place_id=new.place_id,
            password_hash=encoded,
            must_change_password=must_change,
            created_at=self._now(),
        )
        session.add(row)
        session.flush()
        self._record(session, actor, "account.create", row, role=new.role.value)
        return row

    def _others(self, session: Session, actor: Actor, account_id: str) -> AccountRow:
        row = session.get(AccountRow, account_id)
        ensure_within(self._places.tree(), actor, row.place_id if row else None)
        if account_id == actor.account_id:
            raise InvalidInputError("the own account", field="account", problem="own_account")
        return _row(session, account_id)

    def _record(
        self, session: Session, actor: Actor | None, action: str, row: AccountRow, **detail: object
    ) -> None:
        facts = {"username": row.username, **detail}
        deed = Deed(action, "account", row.account_id, row.place_id, facts)
        record(session, actor, deed, at=self._now())


def _row(session: Session, account_id: str) -> AccountRow:
    row = session.get(AccountRow, account_id)
    if row is None:
        raise NotFoundError(account_id)
    return row


def _view(row: AccountRow, last_seen_at: datetime | None) -> AccountView:
    return AccountView(
        row.account_id,
        row.username,
        row.full_name,
        Role(row.role),
        row.place_id,
        row.must_change_password,
        row.disabled_at is not None,
        row.locked_until_at,
        row.created_at,
        last_seen_at,
        row.row_version,
    )
