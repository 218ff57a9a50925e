"""What there is to say about a schedule, as codes: the screens make sentences of the same."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from controller.services.schedule_findings import (
    BandFull,
    Finding,
    Fine,
    Met,
    NotApproved,
    NotInTheirLanguage,
    OnHolidays,
    OutOfReach,
    OutsideHours,
    OutsideValidity,
    OwnTimes,
    Past,
    SoundGone,
    TooLong,
    UnderWarning,
)
from controller.web.api_v1.shapes import Answer, WallTime


class FindingCode(StrEnum):
    """What a finding is about."""

    SOUND_GONE = "sound_gone"
    NOT_APPROVED = "not_approved"
    PAST = "past"
    OUTSIDE_VALIDITY = "outside_validity"
    OUTSIDE_HOURS = "outside_hours"
    TOO_LONG = "too_long"
    SLOT_CONFLICT = "slot_conflict"
    PART_OF_DAY_FULL = "part_of_day_full"
    OUT_OF_REACH = "out_of_reach"
    NOT_IN_THEIR_LANGUAGE = "not_in_their_language"
    OWN_TIMES = "own_times"
    ON_HOLIDAYS = "on_holidays"
    UNDER_WARNING = "under_warning"
    FINE = "fine"


class FindingAnswer(Answer):
    """One finding; which fields it has hangs on its code."""

    code: FindingCode
    station_ids: tuple[str, ...] = Field(default=(), description="The stations concerned.")
    first_on: date | None = Field(default=None, description="The first date concerned.")
    hours: str | None = Field(default=None, description="Broadcast hours there.")
    length_ms: int | None = None
    cap_ms: int | None = None
    schedule_id: str | None = Field(default=None, description="The schedule it meets.")
    verdict: str | None = Field(
        default=None,
        description="Ours is `refused`, `loses` or `wins`; `both`: one behind the other.",
    )
    free_at: WallTime | None = Field(default=None, description="The nearest time that is free.")
    valid_from: date | None = None
    valid_until: date | None = None
    language: str | None = None


def finding(one: Finding) -> FindingAnswer:
    """A finding as answers tell it."""
    match one:
        case SoundGone() | NotApproved():
            is_gone = isinstance(one, SoundGone)
            return FindingAnswer(
                code=FindingCode.SOUND_GONE if is_gone else FindingCode.NOT_APPROVED
            )
        case Past():
            return FindingAnswer(code=FindingCode.PAST, first_on=one.first_on)
        case Fine():
            return FindingAnswer(code=FindingCode.FINE, hours=one.hours)
        case OutOfReach():
            lost = tuple(station.station_id for station in one.stations)
            return FindingAnswer(code=FindingCode.OUT_OF_REACH, station_ids=lost)
        case Met():
            return _met(one)
        case OutsideValidity():
            return FindingAnswer(
                code=FindingCode.OUTSIDE_VALIDITY,
                first_on=one.first_on,
                valid_from=one.validity.starts_on,
                valid_until=one.validity.ends_on,
            )
        case BandFull():
            return FindingAnswer(
                code=FindingCode.PART_OF_DAY_FULL,
                station_ids=(one.station.station_id,),
                first_on=one.on,
                length_ms=one.used_ms,
                cap_ms=one.cap_ms,
            )
        case OwnTimes():
            return FindingAnswer(code=FindingCode.OWN_TIMES, first_on=min(one.days, default=None))
        case OnHolidays():
            first_on = min((holiday.on for holiday in one.holidays), default=None)
            return FindingAnswer(code=FindingCode.ON_HOLIDAYS, first_on=first_on)
    return _at_stations(one)


def _met(met: Met) -> FindingAnswer:
    return FindingAnswer(
        code=FindingCode.SLOT_CONFLICT,
        station_ids=tuple(station.station_id for station in met.stations),
        first_on=met.clash.overlaps[0].ours_on if met.clash.overlaps else None,
        schedule_id=met.other.schedule_id,
        verdict=met.clash.verdict.value,
        free_at=f"{met.free_at:%H:%M}" if met.free_at else None,
    )


def _at_stations(
    one: OutsideHours | TooLong | NotInTheirLanguage | UnderWarning,
) -> FindingAnswer:
    ids = tuple(station.station_id for station in one.stations)
    match one:
        case OutsideHours():
            return FindingAnswer(
                code=FindingCode.OUTSIDE_HOURS, station_ids=ids, first_on=one.on, hours=one.hours
            )
        case TooLong():
            return FindingAnswer(
                code=FindingCode.TOO_LONG,
                station_ids=ids,
                length_ms=one.length_ms,
                cap_ms=one.cap_ms,
            )
        case UnderWarning():
            return FindingAnswer(code=FindingCode.UNDER_WARNING, station_ids=ids)
        case NotInTheirLanguage():
            return FindingAnswer(
                code=FindingCode.NOT_IN_THEIR_LANGUAGE, station_ids=ids, language=one.language
            )
