"""What stations last said of themselves, what is shown of them, and each change of that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from controller.domain.station_state import Facts, Flip, ShownState, flip
from controller.services import stale_days
from controller.services.numbers import Counter, next_number
from controller.storage.models import JournalEntryRow, StationFlipRow, StationStateRow
from station_protocol.messages import Heartbeat, Hello
from station_protocol.vocabulary import ClockLevel

_TABLE = cast(Table, StationStateRow.__table__)
_COLUMNS = tuple(column.key for column in _TABLE.columns)

VISIBLE = frozenset(
    {
        "shown_state",
        "shown_since_at",
        "health_reasons",
        "on_air_slot_id",
        "on_air_until_at",
        "clock_level",
        "plan_epoch_held",
        "plan_version_held",
        "limits_version_held",
        "required_assets",
        "held_assets",
        "refused",
        "denied_publishes",
        "agent_version",
        "maint_from_at",
        "maint_until_at",
    }
)
"""Columns a screen shows at once; a change of any other can wait for the next page."""

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat and when it arrived, by the centre's clock."""

    message: Heartbeat
    received_at: datetime


def load(session: Session, station_ids: Iterable[str] | None = None) -> dict[str, Values]:
    """The rows of these stations (None: all), as plain values."""
    query = select(*_TABLE.columns)
    if station_ids is not None:
        query = query.where(_TABLE.c.station_id.in_(list(station_ids)))
    return {row["station_id"]: dict(row) for row in session.execute(query).mappings()}


def store(
    session: Session,
    before: dict[str, Values],
    after: Sequence[Values],
    *,
    source: str,
    now: datetime,
) -> None:
    """Write what differs, with the flips that follow and one change number for live pages."""
    flips: list[Values] = []
    changed: list[Values] = []
    for values in after:
        old = before[values["station_id"]]
        if _show(values, flips, source, now):
            _count_anew(session, old, values, now)
        if values["journal_told_at"] != old["journal_told_at"]:
            told_since(session, old, now)
        if values != old:
            changed.append(values)
    if not changed:
        return
    number: int | None = None
    for values in changed:
        old = before[values["station_id"]]
        if any(values[name] != old[name] for name in VISIBLE):
            number = next_number(session, Counter.CHANGE) if number is None else number
            values["change_no"] = number
    session.execute(
        update(_TABLE)
        .where(_TABLE.c.station_id == bindparam("key_station_id"))
        .values({name: bindparam(name) for name in _COLUMNS if name != "station_id"}),
        [_parameters(values) for values in changed],
    )
    if flips:
        session.execute(insert(StationFlipRow), flips)


def _parameters(values: Values) -> Values:
    parameters = dict(values)
    parameters["key_station_id"] = parameters.pop("station_id")
    return parameters


def touch(session: Session, station_ids: Iterable[str]) -> None:
    """Let live pages see that something about these stations changed elsewhere."""
    wanted = sorted(station_ids)
    if wanted:
        session.execute(
            update(_TABLE)
            .where(_TABLE.c.station_id.in_(wanted))
            .values(change_no=next_number(session, Counter.CHANGE))
        )


def told_since(session: Session, old: Values, now: datetime) -> None:
    """More of a station's journal is known: days since it was known last may count otherwise."""
    since = old["journal_told_at"]
    if since is None:
        since = session.scalar(
            select(func.min(JournalEntryRow.at)).where(
                JournalEntryRow.station_id == old["station_id"],
                JournalEntryRow.journal_id == old["journal_id"],
                JournalEntryRow.clock != ClockLevel.NONE.value,
            )
        )
    if since is not None:
        stale_days.mark_since(session, old["station_id"], since, now)


def _count_anew(session: Session, old: Values, fresh: Values, now: datetime) -> None:
    """Days that are over may count otherwise: those of the silence that ended, or of the lapse."""
    since: datetime = fresh["shown_since_at"]
    if old["shown_state"] == ShownState.UNKNOWN and old["shown_since_at"] is not None:
        since = min(since, old["shown_since_at"])
    stale_days.mark_since(session, fresh["station_id"], since, now)


def _show(values: Values, flips: list[Values], source: str, now: datetime) -> bool:
    shown, change = flip(values["shown_state"], values["shown_since_at"], facts_of(values), now)
    if change is None:
        return False
    values["shown_state"] = shown.state.value
    values["shown_since_at"] = change.at
    flips.append(_flip_row(values["station_id"], change, source))
    return True


def _flip_row(station_id: str, change: Flip, source: str) -> Values:
    return {
        "station_id": station_id,
        "at": change.at,
        "state": change.state.value,
        "reasons": list(change.reasons),
        "source": source,
    }


def facts_of(values: Values) -> Facts:
    """What decides how a station is shown."""
    return Facts(
        last_heartbeat_at=values["last_heartbeat_at"],
        health=values["health"],
        reasons=tuple(values["health_reasons"]),
        on_air_slot_id=values["on_air_slot_id"],
        on_air_until_at=values["on_air_until_at"],
        maint_from_at=values["maint_from_at"],
        maint_until_at=values["maint_until_at"],
    )


def after_beat(old: Values, beat: Beat) -> Values:
    """The row after a heartbeat."""
    said, on_air = beat.message, beat.message.on_air
    until = beat.received_at + (on_air.ends_at - said.said_at) if on_air else None
    same_sound = on_air is not None and on_air.slot_id == old["on_air_slot_id"]
    return old | {
        "last_heartbeat_at": beat.received_at,
        "boot_id": said.boot_id,
        "health": said.health.value,
        "health_reasons": list(said.reasons),
        "on_air_slot_id": on_air.slot_id if on_air else None,
        "on_air_until_at": _steady(old["on_air_until_at"], until) if same_sound else until,
        "clock_level": said.clock.level.value,
        "clock_offset_ms": said.clock.offset_ms,
        "disk_free_bytes": said.disk_free_bytes,
        "temperature_celsius": said.temperature_celsius,
        "volume_percent": said.volume_percent,
        "required_assets": said.required_assets,
        "held_assets": said.held_assets,
        "journal_head": said.journal_head,
        "journal_told_at": beat.received_at
        if old["journal_stored_up_to"] >= said.journal_head
        else old["journal_told_at"],
        "refused": dict(said.refused),
        **_versions(old, said),
    }


def _steady(known: datetime | None, told: datetime | None) -> datetime | None:
    """The foretold end, unless it moved by more than a second: a live page must not flicker."""
    if known is None or told is None or abs((told - known).total_seconds()) > 1:
        return told
    return known


def after_hello(old: Values, hello: Hello, now: datetime) -> Values:
    """The row after the first words of a connection."""
    rebooted = hello.boot_id != old["boot_id"]
    fresh: Values = {}
    if rebooted or old["health"] == "off":
        fresh = {"health": "starting", "health_reasons": [], "on_air_slot_id": None}
        fresh |= {"on_air_until_at": None, "refused": {}}
    return (
        old
        | fresh
        | {
            "last_heartbeat_at": now,
            "last_hello_at": now,
            "boot_id": hello.boot_id,
            "agent_version": hello.agent_version.replace("\0", ""),  # PostgreSQL holds no NUL
            "clock_level": hello.clock.level.value,
            "clock_offset_ms": hello.clock.offset_ms,
            "journal_head": hello.journal_head,
            **_versions(old, hello),
        }
    )


def _versions(old: Values, said: Heartbeat | Hello) -> Values:
    return {
        "plan_epoch_held": said.plan_epoch,
        "plan_version_held": said.plan_version,
        "plan_version_highest": max(old["plan_version_highest"], said.plan_version),
        "limits_version_held": said.limits_version,
    }


def is_due_to_flip(values: Values, now: datetime) -> bool:
    """Whether the shown state no longer is what the facts say."""
    _, change = flip(values["shown_state"], values["shown_since_at"], facts_of(values), now)
    return change is not None
