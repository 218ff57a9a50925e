"""Personal tokens: made and revoked by people, shown by programs that ask in their name.

A token never has more than its owner has at that moment: the owner's account is read with it at
each request. What it may do beyond its scopes, and where, is asked of the services as ever.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from controller.domain import tokens as rules
from controller.domain.accounts import Actor
from controller.domain.schedule import instant, local_date
from controller.domain.tokens import MOST, PREFIX, Refusal, Scope
from controller.errors import InvalidInputError, NotFoundError, TokenRefusedError
from controller.services.audit import Deed, record
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.services.sessions import SEEN_EVERY, actor_from, hash_of
from controller.storage.database import Database
from controller.storage.models import AccountRow, ApiTokenRow

HINT_LENGTH = 4
SHOWN = 50
DENIALS_EVERY = timedelta(minutes=10)
"""A program that goes on with a dead token fills no audit trail."""


class TokenState(StrEnum):
    """Whether a token still works."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class TokenWish:
    """A token as somebody asked for it; `expires_on` is its last local day."""

    name: str
    scopes: tuple[str, ...]
    expires_on: date


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made. `token` is told this once."""

    name: str
    token: str
    expires_on: date

    def __repr__(self) -> str:
        """Without the secret: it may end up in a log."""
        return f"NewToken({self.name})"


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its owner and the admin see it."""

    token_id: str
    name: str
    hint: str
    scopes: tuple[Scope, ...]
    state: TokenState
    created_at: datetime
    expires_on: date
    last_used_at: datetime | None
    last_address: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks by a token, and what the token was made for."""

    token_id: str
    actor: Actor
    scopes: frozenset[Scope]
    expires_at: datetime


class Tokens:
    """Makes, recognises and revokes personal tokens."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        check_password: Callable[[Actor, str], None],
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._check_password = check_password

    # -- making and looking ---------------------------------------------------------------------

    def make(self, actor: Actor, wish: TokenWish, password: str) -> NewToken:
        """A new token of the actor's own; the password again, since it outlives the session.

        InvalidInputError names the field; SignInRefusedError, AccountLockedError.
        """
        now = self._now()
        name = rules.clean_name(wish.name)
        scopes = rules.clean_scopes(actor, wish.scopes)
        last_day = rules.clean_last_day(wish.expires_on, local_date(now))
        self._check_password(actor, password)
        token = f"{PREFIX}{secrets.token_urlsafe(32)}"
        row = ApiTokenRow(
            api_token_id=new_id(now),
            account_id=actor.account_id,
            name=name,
            scopes=[scope.value for scope in scopes],
            token_hash=hash_of(token),
            hint=token[-HINT_LENGTH:],
            created_at=now,
            expires_at=instant(last_day + timedelta(days=1), time()),
        )
        with self._database.write() as session:
            if len(_active(session, actor.account_id, now)) >= MOST:
                raise InvalidInputError("too many", field="name", problem="too_many_tokens")
            session.add(row)
            session.flush()
            detail = {"scopes": row.scopes, "ends_on": last_day.isoformat()}
            _write_down(session, actor, "token.create", row, actor.place_id, now, **detail)
        return NewToken(name, token, last_day)

    def own(self, actor: Actor) -> Sequence[TokenView]:
        """The actor's tokens, those that work first, then the newest."""
        with self._database.read() as session:
            return self._views(session, actor.account_id)

    def of_account(self, actor: Actor, account_id: str) -> Sequence[TokenView]:
        """The tokens of an account at the actor's place or below. NotFoundError."""
        with self._database.read() as session:
            self._ensure_account(session, actor, account_id)
            return self._views(session, account_id)

    def revoke(self, actor: Actor, token_id: str) -> None:
        """End one of the actor's own tokens for good. NotFoundError."""
        self._revoke(actor, actor.account_id, token_id)

    def revoke_of(self, actor: Actor, account_id: str, token_id: str) -> None:
        """End a token of an account at the actor's place or below. NotFoundError."""
        with self._database.read() as session:
            self._ensure_account(session, actor, account_id)
        self._revoke(actor, account_id, token_id)

    def _revoke(self, actor: Actor, account_id: str, token_id: str) -> None:
        with self._database.write() as session:
            row = session.get(ApiTokenRow, token_id)
            if row is None or row.account_id != account_id:
                raise NotFoundError(f"token {token_id}", token_id=token_id)
            owner = session.get_one(AccountRow, account_id)
            _end(session, actor, row, owner.place_id, self._now())

    def _ensure_account(self, session: Session, actor: Actor, account_id: str) -> None:
        row = session.get(AccountRow, account_id)
        ensure_within(self._places.tree(), actor, row.place_id if row else None)

    def _views(self, session: Session, account_id: str) -> Sequence[TokenView]:
        query = (
            select(ApiTokenRow)
            .where(ApiTokenRow.account_id == account_id)
            .order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.api_token_id.desc())
            .limit(SHOWN)
        )
        views = [_view(row, self._now()) for row in session.scalars(query)]
        return sorted(views, key=lambda view: view.state is not TokenState.ACTIVE)

    # -- the door -------------------------------------------------------------------------------

    def holder_of(self, token: str, *, address: str) -> Holder:
        """Who asks. TokenRefusedError says why nobody may; a known token's use is written down."""
        if not token:
            raise TokenRefusedError(why=Refusal.MISSING.value)
        now = self._now()
        with self._database.read() as session:
            found = session.execute(
                select(ApiTokenRow, AccountRow)
                .join(AccountRow, AccountRow.account_id == ApiTokenRow.account_id)
                .where(ApiTokenRow.token_hash == hash_of(token))
            ).first()
            if found is None:
                raise TokenRefusedError(why=Refusal.UNKNOWN.value)
            row, account = found
            actor = replace(actor_from(account, address), token=f"{row.name} (…{row.hint})")
            scopes = frozenset(Scope(one) for one in row.scopes if one in set(Scope))
            holder = Holder(row.api_token_id, actor, scopes, row.expires_at)
            refusal = _refusal(row, account, now)
            is_news = row.last_used_at is None or now - row.last_used_at >= SEEN_EVERY
        if refusal is not None:
            self.denied(holder, refusal=refusal.value)
            raise TokenRefusedError(actor.username, why=refusal.value)
        if is_news:
            self._touch(holder, address, now)
        return holder

    def denied(self, holder: Holder, **facts: str) -> None:
        """Write down that a token was shown in vain, unless that was done a moment ago."""
        now, actor = self._now(), holder.actor
        with self._database.write() as session:
            done = session.execute(
                update(ApiTokenRow)
                .where(
                    ApiTokenRow.api_token_id == holder.token_id,
                    or_(
                        ApiTokenRow.denied_at.is_(None),
                        ApiTokenRow.denied_at <= now - DENIALS_EVERY,
                    ),
                )
                .values(denied_at=now)
            )
            if isinstance(done, CursorResult) and done.rowcount == 1:
                deed = Deed("token.denied", "token", holder.token_id, actor.place_id, dict(facts))
                record(session, actor, deed, at=now)

    def _touch(self, holder: Holder, address: str, now: datetime) -> None:
        with self._database.write() as session:
            session.execute(
                update(ApiTokenRow)
                .where(ApiTokenRow.api_token_id == holder.token_id)
                .values(last_used_at=now, last_address=address)
            )


def revoke_all(session: Session, actor: Actor, account: AccountRow, now: datetime) -> None:
    """End every token of an account inside the caller's transaction, for good."""
    for row in _active(session, account.account_id, now):
        _end(session, actor, row, account.place_id, now)


def _active(session: Session, account_id: str, now: datetime) -> Sequence[ApiTokenRow]:
    return session.scalars(
        select(ApiTokenRow).where(
            ApiTokenRow.account_id == account_id,
            ApiTokenRow.revoked_at.is_(None),
            ApiTokenRow.expires_at > now,
        )
    ).all()


def _end(session: Session, actor: Actor, row: ApiTokenRow, place_id: str, now: datetime) -> None:
    """Nothing happens to one that has been revoked already."""
    if row.revoked_at is None:
        row.revoked_at = now
        _write_down(session, actor, "token.revoke", row, place_id, now)


def _refusal(row: ApiTokenRow, account: AccountRow, now: datetime) -> Refusal | None:
    if row.revoked_at is not None:
        return Refusal.REVOKED
    if row.expires_at <= now:
        return Refusal.EXPIRED
    if account.disabled_at is not None:
        return Refusal.DISABLED
    return Refusal.PASSWORD if account.must_change_password else None


def _write_down(
    session: Session,
    actor: Actor,
    action: str,
    row: ApiTokenRow,
    place_id: str,
    at: datetime,
    **detail: object,
) -> None:
    facts = {"name": f"{row.name} (…{row.hint})", **detail}
    record(session, actor, Deed(action, "token", row.api_token_id, place_id, facts), at=at)


def _view(row: ApiTokenRow, now: datetime) -> TokenView:
    state = TokenState.ACTIVE if row.expires_at > now else TokenState.EXPIRED
    return TokenView(
        row.api_token_id,
        row.name,
        row.hint,
        tuple(Scope(one) for one in row.scopes if one in set(Scope)),
        TokenState.REVOKED if row.revoked_at is not None else state,
        row.created_at,
        local_date(row.expires_at - timedelta(microseconds=1)),
        row.last_used_at,
        row.last_address,
    )
