"""Sessions kept at the centre, and the throttle on passwords per account."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Role, clean_password, clean_username
from controller.errors import AccountLockedError, SignInRefusedError
from controller.services.audit import Deed, record
from controller.services.passwords import Passwords
from controller.services.strangers import Strangers
from controller.settings import SignInSettings
from controller.storage.database import Database
from controller.storage.models import AccountRow, MetaRow, SessionRow

SEEN_EVERY = timedelta(minutes=1)
"""A session's last request is written down no more often, to spare the database's one writer."""

ID_LENGTH = 16
"""So many hex digits of a token's hash name a session on the screen."""

STRANGER_TRIES = "sign_in.stranger_tries"
"""Meta row that counts tries under names nobody has."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just begun. The token goes into the cookie and nowhere else."""

    token: str
    actor: Actor
    longest: timedelta


@dataclass(frozen=True, slots=True)
class SessionView:
    """One of the own open sessions."""

    session_id: str
    """Enough of the token's hash to tell it from the others of an account; opens nothing."""
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    is_this: bool


class Sessions:
    """Begins, recognises and ends sessions."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        settings: SignInSettings,
        passwords: Passwords,
    ) -> None:
        self._database = database
        self._now = now
        self._settings = settings
        self._passwords = passwords
        self._strangers = Strangers(settings.tries, timedelta(minutes=settings.lock_min))

    def sign_in(self, username: str, password: str, *, address: str, user_agent: str) -> SignedIn:
        """A new session. SignInRefusedError, AccountLockedError.

        A try is counted before the password is looked at, so that many tries at the same moment
        cannot slip past the lock. A name nobody has is answered in the same time and words.
        """
        username, password = clean_username(username), clean_password(password)
        with self._database.write() as session:
            row = session.scalar(select(AccountRow).where(AccountRow.username == username))
            known = row is not None and row.disabled_at is None
            left = (
                self._count_try(row) if known and row else self._count_stranger(session, username)
            )
            account_id = row.account_id if known and row else None
            encoded = row.password_hash if known and row else None
            place_id = row.place_id if known and row else None
        matches = self._passwords.matches(encoded, password)
        if left is None:
            raise AccountLockedError(username, minutes=self._minutes_locked(account_id, username))
        if account_id is None or encoded is None or not matches:
            self._write_down_refusal(account_id, place_id, address, username)
            if left == 0:
                raise AccountLockedError(username, minutes=self._settings.lock_min)
            raise SignInRefusedError(username, tries_left=left, minutes=self._settings.lock_min)
        return self._begin(account_id, encoded, password, address, user_agent)

    def _count_try(self, row: AccountRow) -> int | None:
        """Tries left after this one; None while locked."""
        now = self._now()
        if row.locked_until_at is not None:
            if row.locked_until_at > now:
                return None
            row.failed_sign_ins, row.locked_until_at = 0, None
        row.failed_sign_ins += 1
        left = max(0, self._settings.tries - row.failed_sign_ins)
        if left == 0:
            row.locked_until_at = now + timedelta(minutes=self._settings.lock_min)
        return left

    def _count_stranger(self, session: Session, username: str) -> int | None:
        """As `_count_try`; a write of its own makes it take the time that one takes."""
        total = session.get(MetaRow, STRANGER_TRIES)
        if total is None:
            session.add(MetaRow(key=STRANGER_TRIES, value="1"))
        else:
            total.value = str(int(total.value) + 1)
        return self._strangers.count_try(username, self._now())

    def _minutes_locked(self, account_id: str | None, username: str) -> int:
        until = self._strangers.locked_until(username)
        if account_id is not None:
            query = select(AccountRow.locked_until_at).where(AccountRow.account_id == account_id)
            with self._database.read() as session:
                until = session.scalar(query)
        left = (until - self._now()).total_seconds() if until else 0
        return max(1, -(-int(left) // 60))

    def _write_down_refusal(
        self, account_id: str | None, place_id: str | None, address: str, username: str
    ) -> None:
        detail = {"username": username[:60], "address": address}
        deed = Deed("account.sign_in_refused", "account", account_id or "", place_id, detail)
        with self._database.write() as session:
            record(session, None, deed, at=self._now())

    def _begin(
        self, account_id: str, encoded: str, password: str, address: str, user_agent: str
    ) -> SignedIn:
        token, now = secrets.token_urlsafe(32), self._now()
        longest = timedelta(hours=self._settings.longest_h)
        fresh = self._passwords.hash(password) if self._passwords.is_old(encoded) else encoded
        with self._database.write() as session:
            row = session.get(AccountRow, account_id)
            if row is None or row.disabled_at is not None or row.password_hash != encoded:
                raise SignInRefusedError("changed meanwhile")
            row.failed_sign_ins, row.locked_until_at, row.password_hash = 0, None, fresh
            session.add(
                SessionRow(
                    token_hash=hash_of(token),
                    account_id=account_id,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + longest,
                    address=address,
                    user_agent=user_agent[:200],
                )
            )
            actor = actor_from(row, address)
            deed = Deed("account.sign_in", "account", account_id, row.place_id)
            record(session, actor, deed, at=now)
        return SignedIn(token, actor, longest)

    def actor_of(self, token: str, *, address: str, is_use: bool = True) -> Actor | None:
        """Who holds this token; None when the session ended, was idle, or the account was shut.

        `is_use` False: an open page asks by itself, which keeps no session alive.
        """
        now, key = self._now(), hash_of(token)
        with self._database.read() as session:
            found = session.execute(
                select(SessionRow, AccountRow)
                .join(AccountRow, AccountRow.account_id == SessionRow.account_id)
                .where(SessionRow.token_hash == key)
            ).first()
            if found is None or not self._is_open(found[0], now) or found[1].disabled_at:
                return None
            actor, seen = actor_from(found[1], address), found[0].last_seen_at
        if is_use and now - seen >= SEEN_EVERY:
            self._touch(key, now)
        return actor

    def _is_open(self, row: SessionRow, now: datetime) -> bool:
        return now < row.expires_at and now - row.last_seen_at < self._idle

    @property
    def _idle(self) -> timedelta:
        return timedelta(minutes=self._settings.idle_min)

    def _touch(self, key: str, now: datetime) -> None:
        with self._database.write() as session:
            session.execute(
                update(SessionRow)
                .where(SessionRow.token_hash == key, SessionRow.last_seen_at < now)
                .values(last_seen_at=now)
            )

    def check_password(self, actor: Actor, password: str) -> str:
        """The account's stored hash when the password fits it; else as a refused sign-in."""
        with self._database.write() as session:
            row = session.get(AccountRow, actor.account_id)
            left = self._count_try(row) if row else None
            encoded = row.password_hash if row else None
        matches = self._passwords.matches(encoded, password)
        if left is None:
            minutes = self._minutes_locked(actor.account_id, actor.username)
            raise AccountLockedError(actor.username, minutes=minutes)
        if encoded is None or not matches:
            self._write_down_wrong_password(actor)
            raise SignInRefusedError(tries_left=left, minutes=self._settings.lock_min)
        with self._database.write() as session:
            session.execute(
                update(AccountRow)
                .where(AccountRow.account_id == actor.account_id)
                .values(failed_sign_ins=0, locked_until_at=None)
            )
        return encoded

    def _write_down_wrong_password(self, actor: Actor) -> None:
        deed = Deed("account.password_refused", "account", actor.account_id, actor.place_id)
        with self._database.write() as session:
            record(session, actor, deed, at=self._now())

    def end(self, token: str, *, address: str) -> None:
        """Forget one session."""
        with self._database.write() as session:
            row = session.get(SessionRow, hash_of(token))
            if row is None:
                return
            account = session.get_one(AccountRow, row.account_id)
            session.delete(row)
            deed = Deed("account.sign_out", "account", account.account_id, account.place_id)
            record(session, actor_from(account, address), deed, at=self._now())

    def end_all(self, session: Session, account_id: str, *, but: str | None = None) -> int:
        """Forget an account's sessions inside the caller's transaction; how many."""
        query = delete(SessionRow).where(SessionRow.account_id == account_id)
        if but is not None:
            query = query.where(SessionRow.token_hash != hash_of(but))
        return _count(session.execute(query))

    def end_one(self, session: Session, account_id: str, session_id: str) -> SessionRow | None:
        """Forget one session of an account inside the caller's transaction; what it was."""
        row = session.scalar(
            select(SessionRow).where(
                SessionRow.account_id == account_id,
                func.substr(SessionRow.token_hash, 1, ID_LENGTH) == session_id,
            )
        )
        if row is not None:
            session.delete(row)
        return row

    def of(self, account_id: str, token: str) -> Sequence[SessionView]:
        """The open sessions of an account, the newest first."""
        now, this = self._now(), hash_of(token)
        query = select(SessionRow).where(SessionRow.account_id == account_id)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(SessionRow.created_at.desc())).all()
            return [_session_view(row, this) for row in rows if self._is_open(row, now)]

    def last_seen(self, session: Session) -> Mapping[str, datetime]:
        """When each account with a session was last seen."""
        query = select(SessionRow.account_id, func.max(SessionRow.last_seen_at))
        return {row[0]: row[1] for row in session.execute(query.group_by(SessionRow.account_id))}


def hash_of(token: str) -> str:
    """What the database keeps of a 256-bit token."""
    return hashlib.sha256(token.encode()).hexdigest()


def actor_from(row: AccountRow, address: str) -> Actor:
    """The signed-in person of an account."""
    return Actor(
        row.account_id,
        row.username,
        row.full_name,
        Role(row.role),
        row.place_id,
        address,
        row.language,
        row.must_change_password,
    )


def _session_view(row: SessionRow, this: str) -> SessionView:
    is_this = row.token_hash == this
    return SessionView(
        row.token_hash[:ID_LENGTH],
        row.created_at,
        row.last_seen_at,
        row.address,
        row.user_agent,
        is_this,
    )


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
