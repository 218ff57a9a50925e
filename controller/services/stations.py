"""Stations: their credentials, what they may fetch, who is let into the broker."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, or_, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_language
from controller.errors import InvalidInputError
from controller.services.audit import changed
from controller.services.machine_secrets import (
    BrokerUser,
    bcrypt_hash,
    pbkdf2_hash,
    token_hash,
)
from controller.services.outbox import enqueue
from controller.services.places import Places
from controller.services.station_rows import ensure_version, station_row, write_down
from controller.storage.database import Database
from controller.storage.models import StationPlanRow, StationRow, StationStateRow
from station_protocol import topics
from station_protocol.topics import DOWN_DELIVERY, Down

LEAVES_WITHIN = timedelta(days=15)
"""The last plan of a retired station runs out a day after its 14; then it is shut out."""


@dataclass(frozen=True, slots=True)
class StationConfig:
    """What an agent's configuration needs of the centre's database. Holds fresh secrets."""

    station_id: str
    place_ids: tuple[str, ...]
    broker_user: str
    broker_password: str
    sound_token: str
    sound_over: str
    max_length_ms: int
    volume_ceiling_percent: int

    def __repr__(self) -> str:
        """Without the secrets: it may end up in a log."""
        return f"StationConfig({self.station_id})"


class Stations:
    """Credentials of stations. Only hashes stay here; a secret is shown once."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        wake: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._wake = wake

    def issue_config(self, station_id: str, actor: Actor | None = None) -> StationConfig:
        """New secrets for a station; those it had before are worth nothing from now on.

        NotFoundError for a station that is retired, or outside the actor's place.
        """
        password, token = secrets.token_hex(32), secrets.token_hex(32)
        with self._database.write() as session:
            row = self._row(session, station_id, actor)
            row.broker_password_hash = bcrypt_hash(password)
            row.broker_password_pbkdf2 = pbkdf2_hash(password)
            row.sound_token_hash = token_hash(token)
            row.config_written_at = self._now()
            self._record(session, actor, "station.issue_config", row)
            config = StationConfig(
                station_id=station_id,
                place_ids=tuple(reversed(self._places.tree().place_ids_of(station_id))),
                broker_user=station_id,
                broker_password=password,
                sound_token=token,
                sound_over=row.sound_over,
                max_length_ms=row.max_length_ms,
                volume_ceiling_percent=row.volume_ceiling_percent,
            )
        self._wake("broker_users")
        return config

    def revoke(self, actor: Actor | None, station_id: str) -> None:
        """Shut a station out: a stolen machine can do nothing with what it has."""
        now = self._now()
        with self._database.write() as session:
            row = self._row(session, station_id, actor)
            row.broker_password_hash = None
            row.broker_password_pbkdf2 = None
            row.sound_token_hash = None
            for kind in (Down.PLAN, Down.LIMITS):
                enqueue(session, topics.down(station_id, kind), b"", DOWN_DELIVERY[kind], at=now)
            self._record(session, actor, "station.revoke", row)
        self._wake("broker_users")
        self._wake("outbox")

    def broker_users(self) -> tuple[BrokerUser, ...]:
        """Every station that was given credentials, for the broker's configuration.

        A retired one stays in until it holds the plan that is empty: its last one would go on.
        """
        tree = self._places.tree()
        query = select(
            StationRow.station_id,
            StationRow.broker_password_hash,
            StationRow.broker_password_pbkdf2,
        ).where(
            StationRow.broker_password_hash.is_not(None),
            or_(
                StationRow.retired_at.is_(None),
                StationRow.station_id.in_(leaving(self._now())),
            ),
        )
        with self._database.read() as session:
            rows = sorted((row[0], str(row[1]), str(row[2])) for row in session.execute(query))
        return tuple(
            BrokerUser(station_id, password_hash, mosquitto_hash, tree.place_ids_of(station_id))
            for station_id, password_hash, mosquitto_hash in rows
            if tree.station(station_id) is not None
        )

    def station_of_token(self, token: str) -> str | None:
        """The station a sound token belongs to."""
        query = select(StationRow.station_id).where(
            StationRow.sound_token_hash == token_hash(token), StationRow.retired_at.is_(None)
        )
        with self._database.read() as session:
            return session.scalar(query)

    def may_fetch(self, station_id: str, sha256: str) -> bool:
        """Whether the station's current plan names this sound, or the one it still holds does."""
        with self._database.read() as session:
            state = session.get(StationStateRow, station_id)
            versions = {newest_version(session, station_id)}
            if state is not None:
                versions.add(state.plan_version_held)
            query = select(StationPlanRow.required_assets).where(
                StationPlanRow.station_id == station_id, StationPlanRow.version.in_(versions)
            )
            return any(sha256 in assets for assets in session.scalars(query))

    def set_sound_over(self, station_id: str, sound_over: str) -> None:
        """Remember how the station gets its sound, `http` or `mqtt`."""
        with self._database.write() as session:
            session.execute(
                update(StationRow)
                .where(StationRow.station_id == station_id)
                .values(sound_over=sound_over)
            )
        self._places.reload()

    def set_languages(
        self, actor: Actor, station_id: str, order: Sequence[str], row_version: int | None = None
    ) -> None:
        """Have the station air the first of these languages that a bulletin has.

        NotFoundError for a station outside the actor's place; InvalidInputError for no language;
        StaleEditError when somebody changed the station since this version of it.
        """
        languages = [clean_language(one).value for one in dict.fromkeys(order) if one]
        if not languages:
            raise InvalidInputError("no language", field="languages", problem="missing")
        with self._database.write() as session:
            row = self._row(session, station_id, actor)
            if list(row.language_order) == languages:
                return
            if row_version is not None:
                ensure_version(session, row, row_version)
            detail = changed({"order": list(row.language_order)}, {"order": languages})
            row.language_order = languages
            row.row_version += 1
            self._record(session, actor, "station.languages", row, detail)
        self._places.reload()
        self._wake("plan_refresh")

    def _row(self, session: Session, station_id: str, actor: Actor | None) -> StationRow:
        return station_row(session, self._places.tree(), actor, station_id)

    def _record(
        self,
        session: Session,
        actor: Actor | None,
        action: str,
        row: StationRow,
        detail: dict[str, Any] | None = None,
    ) -> None:
        write_down(session, actor, action, row, detail, at=self._now())


def newest_version(session: Session, station_id: str) -> int:
    """The version of the newest plan signed for a station; 0: none."""
    query = (
        select(StationPlanRow.version)
        .where(StationPlanRow.station_id == station_id)
        .order_by(StationPlanRow.version.desc())
        .limit(1)
    )
    return session.scalar(query) or 0


def has_credentials() -> Select[str]:
    """Asks for the stations the broker lets in."""
    return select(StationRow.station_id).where(
        StationRow.broker_password_hash.is_not(None), StationRow.retired_at.is_(None)
    )


def leaving(now: datetime) -> Select[str]:
    """Asks for retired stations whose machine does not hold the plan that says all is over."""
    holds_the_end = exists().where(
        StationStateRow.station_id == StationRow.station_id,
        StationPlanRow.station_id == StationRow.station_id,
        StationPlanRow.version == StationStateRow.plan_version_held,
        StationPlanRow.epoch == StationStateRow.plan_epoch_held,
        StationPlanRow.made_at >= StationRow.retired_at,
    )
    return select(StationRow.station_id).where(
        StationRow.broker_password_hash.is_not(None),
        StationRow.retired_at > now - LEAVES_WITHIN,
        ~holds_the_end,
    )


def prepare_states(session: Session) -> None:
    """Give each station that has none a row for what it will say of itself."""
    known = set(session.scalars(select(StationStateRow.station_id)))
    for station_id in session.scalars(select(StationRow.station_id)):
        if station_id not in known:
            session.add(StationStateRow(station_id=station_id))
    session.flush()
