"""Every table of the centre, by noun."""

from controller.storage.models.accounts import AccountRow, AuditRow, SessionRow
from controller.storage.models.base import Base, UtcDateTime
from controller.storage.models.bulletins import (
    BulletinRow,
    BulletinTagRow,
    BulletinVersionRow,
    IngestJobRow,
    OwnReadingRow,
)
from controller.storage.models.places import (
    HoursExceptionRow,
    HoursRuleRow,
    PlaceRow,
    SpeakerClusterRow,
    StationFlipRow,
    StationRow,
    StationStateRow,
)
from controller.storage.models.schedules import (
    ProgrammeItemRow,
    ProgrammeRow,
    ScheduleExclusionRow,
    ScheduleRow,
    ScheduleTargetRow,
    SlotResultChangeRow,
    SlotResultRow,
    SlotRow,
)
from controller.storage.models.wire import (
    BrokerDenialRow,
    HoldingRow,
    JournalEntryRow,
    MetaRow,
    OrderReplyRow,
    OutboxRow,
    SignedOrderRow,
    StationLimitsRow,
    StationPlanRow,
)

__all__ = [
    "AccountRow",
    "AuditRow",
    "Base",
    "BrokerDenialRow",
    "BulletinRow",
    "BulletinTagRow",
    "BulletinVersionRow",
    "HoldingRow",
    "HoursExceptionRow",
    "HoursRuleRow",
    "IngestJobRow",
    "JournalEntryRow",
    "MetaRow",
    "OrderReplyRow",
    "OutboxRow",
    "OwnReadingRow",
    "PlaceRow",
    "ProgrammeItemRow",
    "ProgrammeRow",
    "ScheduleExclusionRow",
    "ScheduleRow",
    "ScheduleTargetRow",
    "SessionRow",
    "SignedOrderRow",
    "SlotResultChangeRow",
    "SlotResultRow",
    "SlotRow",
    "SpeakerClusterRow",
    "StationFlipRow",
    "StationLimitsRow",
    "StationPlanRow",
    "StationRow",
    "StationStateRow",
    "UtcDateTime",
]
