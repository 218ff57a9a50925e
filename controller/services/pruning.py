"""What is deleted after a while: old plans and limits, expired orders, ended sessions, notices."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from controller.settings import KeepingSettings, NoticesSettings
from controller.storage.database import Database
from controller.storage.models import (
    BrokerDenialRow,
    NoticeDeliveryRow,
    NoticeItemRow,
    NoticeReaderRow,
    NoticeRow,
    OrderReplyRow,
    SessionRow,
    SignedOrderRow,
    StationLimitsRow,
    StationPlanRow,
)

logger = logging.getLogger(__name__)

PLAN_BYTES_KEPT = timedelta(days=2)
PLANS_KEPT = timedelta(days=40)
"""Which slots a plan named matters while an outcome may still be decided by it (35 days)."""

LIMITS_KEPT = timedelta(days=800)
"""The hours a station was told say what its service time was, as long as its evidence is kept."""

FOR_EVER = timedelta(days=36_500)

ORDERS_KEPT = timedelta(days=400)
DENIALS_KEPT = timedelta(days=400)


class Pruning:
    """Deletes by age. Never the newest plan or limits of a station."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        notices: NoticesSettings | None = None,
        keeping: KeepingSettings | None = None,
    ) -> None:
        self._database = database
        self._now = now
        months = (keeping or KeepingSettings()).evidence_months
        for_evidence = timedelta(days=31 * (months + 1)) if months else FOR_EVER
        self._limits_kept = max(LIMITS_KEPT, for_evidence)
        self._notices_kept = timedelta(days=(notices or NoticesSettings()).kept_days)

    def prune(self) -> int:
        """Delete what is too old; how many rows went."""
        now = self._now()
        newest_plan = (
            select(StationPlanRow.station_id, func.max(StationPlanRow.version).label("version"))
            .group_by(StationPlanRow.station_id)
            .subquery()
        )
        newest_limits = (
            select(StationLimitsRow.station_id, func.max(StationLimitsRow.version).label("version"))
            .group_by(StationLimitsRow.station_id)
            .subquery()
        )
        old_plan = StationPlanRow.version < (
            select(newest_plan.c.version)
            .where(newest_plan.c.station_id == StationPlanRow.station_id)
            .scalar_subquery()
        )
        old_limits = StationLimitsRow.version < (
            select(newest_limits.c.version)
            .where(newest_limits.c.station_id == StationLimitsRow.station_id)
            .scalar_subquery()
        )
        old_orders = select(SignedOrderRow.order_id).where(
            SignedOrderRow.not_after_at < now - ORDERS_KEPT
        )
        old_notices = select(NoticeRow.notice_id).where(
            NoticeRow.closed_at < now - self._notices_kept
        )
        with self._database.write() as session:
            session.execute(
                update(StationPlanRow)
                .where(old_plan, StationPlanRow.made_at < now - PLAN_BYTES_KEPT)
                .values(envelope=b"")
                .execution_options(synchronize_session=False)
            )
            gone = 0
            for statement in (
                delete(StationPlanRow).where(old_plan, StationPlanRow.made_at < now - PLANS_KEPT),
                delete(StationLimitsRow).where(
                    old_limits, StationLimitsRow.made_at < now - self._limits_kept
                ),
                delete(OrderReplyRow).where(OrderReplyRow.order_id.in_(old_orders)),
                delete(SignedOrderRow).where(SignedOrderRow.not_after_at < now - ORDERS_KEPT),
                delete(BrokerDenialRow).where(BrokerDenialRow.at < now - DENIALS_KEPT),
                delete(SessionRow).where(SessionRow.expires_at <= now),
                delete(NoticeReaderRow).where(NoticeReaderRow.notice_id.in_(old_notices)),
                delete(NoticeItemRow).where(NoticeItemRow.notice_id.in_(old_notices)),
                delete(NoticeDeliveryRow).where(
                    NoticeDeliveryRow.created_at < now - self._notices_kept
                ),
                delete(NoticeDeliveryRow).where(NoticeDeliveryRow.notice_id.in_(old_notices)),
                delete(NoticeRow).where(NoticeRow.notice_id.in_(old_notices)),
            ):
                result = session.execute(statement.execution_options(synchronize_session=False))
                gone += int(getattr(result, "rowcount", 0))
        logger.info("pruned rows=%s", gone)
        return gone
