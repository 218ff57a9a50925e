"""What the broker refused, kept at the station whose credentials were used."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from controller.services import audit, station_states
from controller.services.slot_results import plain
from controller.storage.models import BrokerDenialRow, StationRow, StationStateRow

logger = logging.getLogger(__name__)

KEPT_PER_MINUTE = 10
"""More from one user in a minute are only counted."""

LONGEST_NAME = 100
LONGEST_TOPIC = 300


@dataclass(frozen=True, slots=True)
class Denial:
    """One refused deed: "publish", "subscribe" or "connect"."""

    username: str
    action: str
    topic: str
    at: datetime


def keep(session: Session, denial: Denial) -> None:
    """Count a refused publish at its station; write it down unless there were many just now."""
    station = session.get(StationRow, denial.username)
    if station is not None and denial.action == "publish":
        _count(session, station.station_id)
    if _lately(session, denial) >= KEPT_PER_MINUTE:
        return
    username = plain(denial.username)[:LONGEST_NAME]
    topic = plain(denial.topic)[:LONGEST_TOPIC]
    session.add(
        BrokerDenialRow(
            station_id=station.station_id if station else None,
            username=username,
            action=denial.action,
            topic=topic,
            at=denial.at,
        )
    )
    deed = audit.Deed(
        f"broker.denied_{denial.action}",
        "station" if station else "broker_user",
        username,
        station.place_id if station else None,
        {"topic": topic},
    )
    audit.record(session, None, deed, at=denial.at)
    logger.warning("broker denied user=%s action=%s topic=%s", username, denial.action, topic)


def _count(session: Session, station_id: str) -> None:
    session.execute(
        update(StationStateRow)
        .where(StationStateRow.station_id == station_id)
        .values(denied_publishes=StationStateRow.denied_publishes + 1)
    )
    station_states.touch(session, [station_id])


def _lately(session: Session, denial: Denial) -> int:
    query = select(func.count()).where(
        BrokerDenialRow.username == denial.username,
        BrokerDenialRow.at > denial.at - timedelta(minutes=1),
    )
    return session.scalar(query) or 0
