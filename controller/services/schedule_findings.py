"""What there is to say about a schedule before it is saved: must fix, look at, fine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from controller.domain.conflicts import Clash, Verdict
from controller.domain.places import Place, PlaceTree, Station
from controller.domain.policy import Daypart, HoursBook
from controller.domain.schedule import HolidayRule, Recurrence, Schedule
from controller.domain.validity import Validity
from controller.services.holiday_dates import Holiday
from controller.services.phones import Phone
from controller.services.schedule_rows import StoredSchedule
from station_protocol.vocabulary import Priority


@dataclass(frozen=True, slots=True)
class Wish:
    """A schedule as somebody typed it."""

    bulletin_id: str
    recurrence: Recurrence
    airs_at: time
    starts_on: date
    ends_on: date | None
    weekdays: int
    target_ids: tuple[str, ...]
    priority: Priority = Priority.ORDINARY
    excluded: frozenset[date] = frozenset()
    holidays: HolidayRule = HolidayRule.IGNORE
    lateness_s: int | None = None
    """None: the lateness window of the settings."""
    programme_id: str = ""
    """Instead of a bulletin: a programme people put together."""


@dataclass(frozen=True, slots=True)
class StationReach:
    """Whether a station can be reached now, and whom to phone."""

    station_id: str
    name: str
    is_linked: bool
    last_seen_at: datetime | None
    phone: Phone | None
    shown_state: str = "never"
    shown_since_at: datetime | None = None
    """How its tile shows it, and since when; None: it was never heard of."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A real emergency that holds: while it sounds nothing else does at these stations."""

    title: str
    until_at: datetime
    station_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class World:
    """What a wish is judged against."""

    tree: PlaceTree
    hours: HoursBook
    others: tuple[tuple[StoredSchedule, Schedule], ...]
    reach: Mapping[str, StationReach]
    now: datetime
    warned: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class NotApproved:
    """The bulletin may not be heard yet."""


@dataclass(frozen=True, slots=True)
class SoundGone:
    """The sound went by the rule of keeping."""

    gone_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """The time has gone by, or nothing is left of the rule."""

    first_on: date


@dataclass(frozen=True, slots=True)
class OutsideValidity:
    """The bulletin may not air on some of the dates."""

    validity: Validity
    first_on: date
    """The first date concerned."""
    is_every: bool
    """Whether no date is left."""


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """Not all of the slot lies inside the hours of these stations."""

    airs_at: time
    on: date | None
    """The first date concerned; None: every date."""
    hours: str
    opens: str
    closes: str
    stations: tuple[Station, ...]


@dataclass(frozen=True, slots=True)
class TooLong:
    """Longer than one slot may be at these stations."""

    length_ms: int
    cap_ms: int
    stations: tuple[Station, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """An overlap with another schedule: whose, since when, and one way out."""

    clash: Clash
    other: StoredSchedule
    made_at_place: Place | None
    stations: tuple[Station, ...]
    free_at: time | None

    @property
    def is_refused(self) -> bool:
        """Whether saving is refused."""
        return self.clash.verdict is Verdict.REFUSED


@dataclass(frozen=True, slots=True)
class BandFull:
    """A part of a day comes near its length cap, or over it, at the busiest station."""

    daypart: Daypart
    on: date
    used_ms: int
    cap_ms: int
    station: Station

    @property
    def is_over(self) -> bool:
        """Whether the cap is passed."""
        return self.used_ms > self.cap_ms


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """Stations without a link now: they must have one again before the first slot."""

    stations: tuple[StationReach, ...]
    before_at: datetime


@dataclass(frozen=True, slots=True)
class UnderWarning:
    """Stations at which an emergency still holds when the first slot is due."""

    warned: Warned
    stations: tuple[Station, ...]


@dataclass(frozen=True, slots=True)
class NotInTheirLanguage:
    """Stations whose first language the bulletin does not have: they get another."""

    language: str
    stations: tuple[Station, ...]


@dataclass(frozen=True, slots=True)
class OwnTimes:
    """Days of a series about to change on which somebody had given it another time."""

    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class OnHolidays:
    """Holidays of the coming weeks on which the schedule airs as on any other day."""

    holidays: tuple[Holiday, ...]


@dataclass(frozen=True, slots=True)
class Fine:
    """Nothing wrong with hours and length."""

    hours: str


MustFix = SoundGone | NotApproved | Past | OutsideValidity | OutsideHours | TooLong | Met
LookAt = (
    OutsideValidity
    | UnderWarning
    | Met
    | BandFull
    | OutOfReach
    | NotInTheirLanguage
    | OwnTimes
    | OnHolidays
)
Finding = MustFix | LookAt | Fine


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings in order, and whether the wish may be saved."""

    must_fix: tuple[MustFix, ...]
    look_at: tuple[LookAt, ...]
    fine: tuple[Fine, ...]
    count: int | None
    """How many slots will air; None: without end."""
    first_at: datetime | None

    @property
    def may_save(self) -> bool:
        """Whether nothing has to be fixed first."""
        return not self.must_fix
