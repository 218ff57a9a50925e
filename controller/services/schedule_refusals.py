"""What may not be saved, as errors: fields first, then the first finding that must be fixed."""

from __future__ import annotations

from typing import NoReturn

from controller.domain.bulletins import clean_text
from controller.domain.schedule import EVERY_DAY, Recurrence
from controller.errors import (
    InvalidInputError,
    NotApprovedError,
    OutsideHoursError,
    OutsideValidityError,
    SlotConflictError,
    SoundGoneError,
    TooLongError,
)
from controller.services.schedule_findings import (
    Judgement,
    Met,
    MustFix,
    NotApproved,
    OutsideHours,
    OutsideValidity,
    Past,
    SoundGone,
    TooLong,
    Wish,
)

LONGEST_REASON = 200
MOST_EXCLUDED = 400


def check_fields(wish: Wish) -> None:
    """InvalidInputError naming the field that cannot be used."""
    if not wish.target_ids:
        raise InvalidInputError("no target", field="target_ids", problem="missing")
    if len(wish.excluded) > MOST_EXCLUDED:
        raise InvalidInputError("too many dates", field="excluded", problem="too_many")
    if wish.recurrence is Recurrence.ONCE:
        return
    if not 0 < wish.weekdays <= EVERY_DAY:
        raise InvalidInputError("no weekday", field="weekdays", problem="missing")
    if wish.ends_on is not None and wish.ends_on < wish.starts_on:
        raise InvalidInputError("ends before it starts", field="ends_on", problem="not_after")


def clean_reason(reason: str) -> str:
    """Why something is cancelled; InvalidInputError for none, a whole letter, or hidden letters."""
    reason = " ".join(clean_text(reason, field="reason").split())
    if not reason:
        raise InvalidInputError("no reason given", field="reason", problem="missing")
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError("reason too long", field="reason", problem="too_long")
    return reason


def refuse(judgement: Judgement) -> None:
    """Raise the error of the first thing that must be fixed, if there is one.

    SoundGoneError, NotApprovedError, InvalidInputError, OutsideValidityError, OutsideHoursError,
    TooLongError, SlotConflictError.
    """
    for finding in judgement.must_fix:
        _raise(finding, judgement)


def _raise(finding: MustFix, judgement: Judgement) -> NoReturn:
    match finding:
        case SoundGone():
            raise SoundGoneError(gone_at=finding.gone_at)
        case NotApproved():
            raise NotApprovedError
        case Past():
            raise InvalidInputError("nothing left to air", field="airs_at", problem="past")
        case OutsideValidity():
            raise OutsideValidityError(
                valid_from=finding.validity.starts_on, valid_until=finding.validity.ends_on
            )
        case OutsideHours():
            raise OutsideHoursError(
                at=f"{finding.airs_at:%H:%M}",
                opens=finding.opens,
                closes=finding.closes,
                hours=finding.hours,
            )
        case TooLong():
            raise TooLongError(
                minutes=-(-finding.length_ms // 60_000), cap_minutes=finding.cap_ms // 60_000
            )
        case Met():
            raise SlotConflictError(conflicts=_refused(judgement))


def _refused(judgement: Judgement) -> tuple[Met, ...]:
    return tuple(one for one in judgement.must_fix if isinstance(one, Met))
