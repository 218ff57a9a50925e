"""The read model of the board: tiles or a map, what sounds, what comes. Changes nothing.

What is counted over all stations is kept between two looks (`station_memory`); a page of tiles, or
what one map shows, is read whole each time. So the board costs as much with 10,000 stations as
with 100.
"""

from __future__ import annotations

import json
import secrets
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, count

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.board import (
    ON_AIR_LOOKS,
    ONLINE_STATES,
    STRIP_HOURS,
    TROUBLE_STATES,
    Sign,
    is_aired,
)
from controller.domain.places import Place, PlaceTree, Station
from controller.domain.reconcile import COMING, UNDECIDED
from controller.services.near_slots import BriefAiring, NearSlot, brief_slots_near, in_full
from controller.services.paging import Leaf, leaf
from controller.services.phones import Phone, phones_of
from controller.services.places import Places
from controller.services.readiness import SlotReadiness, StationReadiness
from controller.services.station_memory import Reading, SlotEnd, Stand, StationMemory
from controller.services.tiles import Tile, tiles_of
from controller.storage.database import Database
from controller.storage.models import HoursExceptionRow, StationStateRow

NEXT_WITHIN = timedelta(hours=24)
MOST_TILES = 100
"""More stations than these are shown in pages, with the districts above them."""
MOST_ON_MAP = 200
"""Of more stations than these one district is drawn at a time: more marks nobody tells apart."""
PLACES_KEPT = 200
NAMED = 5
"""Stations the summary names under a slot."""


class Filter(StrEnum):
    """Which stations somebody wants to see; each shown state is a filter too."""

    ALL = "all"
    LOOK = "look"
    ON_AIR = "on_air"
    ZONE3 = "zone3"
    COASTAL = "coastal"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose to see."""

    loc: str = Filter.ALL.value
    """A filter, or a shown state."""
    district_id: str = ""
    """"": every district of the own place."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The stations of a place, counted; all in their fixed order."""

    place: Place
    filters: Mapping[str, tuple[Station, ...]]
    """The stations each filter leaves."""
    states: Mapping[str, tuple[Station, ...]]
    """Those that look alike: by state, a warning and a drill apart; none: no such key."""

    @property
    def stations(self) -> tuple[Station, ...]:
        """Every one."""
        return self.filters[Filter.ALL]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.stations)

    @property
    def online(self) -> int:
        """How many are online."""
        return sum(len(self.states.get(state, ())) for state in ONLINE_STATES)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many are shown in each state."""
        return {state: len(found) for state, found in self.states.items()}

    @property
    def filter_counts(self) -> Mapping[str, int]:
        """How many stations each filter leaves."""
        return {name: len(found) for name, found in self.filters.items()}

    def chosen(self, loc: str) -> tuple[Station, ...]:
        """Those a filter or a state leaves."""
        return self.filters[loc] if loc in self.filters else self.states.get(loc, ())

    @property
    def fits_a_map(self) -> bool:
        """Whether all of them are drawn at once."""
        return self.total <= MOST_ON_MAP


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """The tiles of one district that are shown, in their fixed order."""

    tally: Tally
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Silent:
    """A station that has said nothing of what should sound there."""

    station_id: str
    name: str
    """Of its commune."""
    is_new: bool
    """Whether it was never connected: it keeps no book to wait for."""
    phone: Phone | None


@dataclass(frozen=True, slots=True)
class OnAir:
    """A slot whose time is now, and how many of its stations say that it sounds."""

    slot_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    priority: str
    sounding: int
    ended: int
    total: int
    worst_error_ms: float | None
    not_sounding: tuple[Silent, ...]
    """The first few that have said nothing of it."""


@dataclass(frozen=True, slots=True)
class LastSlot:
    """The newest slot whose time has passed, with its results counted."""

    slot_id: str
    title: str
    starts_at: datetime
    duration_ms: int
    aired: int
    total: int
    worst_error_ms: float | None
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next slot, and the first few of its stations that do not hold sound and plan."""

    slot: SlotReadiness
    not_ready: tuple[tuple[StationReadiness, Phone | None], ...]


@dataclass(frozen=True, slots=True)
class NextSlot:
    """What a station airs next."""

    slot_id: str
    title: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """What the board says of a whole place, whatever is shown below it."""

    version: str
    """Another one whenever anything of this differs."""
    whole: Tally
    districts: Mapping[str, Tally]
    """By id, in their fixed order."""
    on_air: tuple[OnAir, ...]
    last: LastSlot | None
    upcoming: Upcoming | None
    open_exceptions: tuple[tuple[datetime, str, str], ...]
    """(until, place name, why) of each dated exception of broadcast hours in force."""
    cursor: int
    made_at: datetime

    def valid(self, choice: Choice) -> Choice:
        """The choice; a district that is none of this place is left out."""
        return choice if choice.district_id in self.districts else replace(choice, district_id="")

    def narrowed(self, choice: Choice) -> Tally:
        """The chosen district, or all."""
        return self.districts.get(choice.district_id, self.whole)


@dataclass(frozen=True, slots=True)
class Look:
    """What either view of the board shows around the stations."""

    title_place: Place
    summary: Summary
    choice: Choice

    @property
    def narrowed(self) -> Tally:
        """The stations of the chosen district, or all."""
        return self.summary.narrowed(self.choice)

    @property
    def is_paged(self) -> bool:
        """Whether the place has more stations than one page shows."""
        return self.summary.whole.total > MOST_TILES


@dataclass(frozen=True, slots=True)
class BoardView(Look):
    """One page of the tiles of one person's place."""

    rows: tuple[DistrictRow, ...]
    leaf: Leaf

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """Every tile of this page."""
        return tuple(tile for row in self.rows for tile in row.tiles)


@dataclass(frozen=True, slots=True)
class ChartView(Look):
    """What the map of one person's place, or of a district of it, shows."""

    rows: tuple[DistrictRow, ...]
    """Every station of it, whether the filter leaves it or not; none when it is too large."""
    shown: frozenset[str]
    """The ids of those the filter leaves."""
    next_slots: Mapping[str, NextSlot]
    """By station, of the next 24 hours."""
    seen: str
    """A mark of what comes next everywhere: an open page that has another asks for all of it."""

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """Every tile."""
        return tuple(tile for row in self.rows for tile in row.tiles)


@dataclass(frozen=True, slots=True)
class BoardChange(Look):
    """What an open page of tiles has to swap."""

    tiles: tuple[Tile, ...]


@dataclass(slots=True)
class _Kept:
    """The last summary of a place, and when it was last seen to be true."""

    tree: PlaceTree
    made_of: object
    summary: Summary
    looked_at: datetime


class Board:
    """Reads what the board shows, inside the reader's place."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        memory: StationMemory | None = None,
        *,
        polls_share: timedelta = timedelta(0),
    ) -> None:
        """`polls_share`: how old a summary may be that an open page is answered with."""
        self._polls_share = polls_share
        self._database = database
        self._now = now
        self._places = places
        self._memory = memory or StationMemory(database)
        self._summaries: dict[str, _Kept] = {}
        self._turn = threading.Lock()
        self._numbers = count()
        self._run = secrets.token_hex(4)

    def view(self, actor: Actor, choice: Choice = Choice(), *, page: int = 1) -> BoardView:
        """A page of the tiles of the actor's place; a district that is none there is left out."""
        tree, now = self._places.tree(), self._now()
        summary = self._summary(tree, actor.place_id, now)
        choice = summary.valid(choice)
        found = summary.narrowed(choice).chosen(choice.loc)
        shown = leaf(len(found), page, MOST_TILES)
        stations = found[shown.offset : shown.offset + shown.length]
        with self._database.read() as session:
            tiles = tiles_of(session, tree, stations, now)
        return BoardView(
            title_place=tree.places[actor.place_id],
            summary=summary,
            choice=choice,
            rows=_rows(summary, tiles),
            leaf=shown,
        )

    def latest(self, actor: Actor) -> Summary:
        """What is said of the actor's place to an open page: it may be `polls_share` old."""
        return self._recent(self._places.tree(), actor.place_id, self._now())

    def changes(
        self,
        actor: Actor,
        summary: Summary,
        choice: Choice,
        since: int,
        shown: Sequence[str] | None = None,
    ) -> BoardChange:
        """What changed since a cursor, beside the latest summary.

        `shown` names the tiles of a page; None: those of all stations.
        """
        tree, now = self._places.tree(), self._now()
        with self._database.read() as session:
            newer = StationStateRow.change_no > since
            changed = set(session.scalars(select(StationStateRow.station_id).where(newer)))
            if shown is not None:
                changed &= set(shown)
            stations = [one for one in summary.whole.stations if one.station_id in changed]
            tiles = tiles_of(session, tree, stations[:MOST_TILES], now)
        return BoardChange(
            title_place=tree.places[actor.place_id],
            summary=summary,
            choice=summary.valid(choice),
            tiles=tuple(tiles.values()),
        )

    def chart(self, actor: Actor, choice: Choice) -> ChartView:
        """The map of the actor's place; a district that is none there is left out."""
        tree, now = self._places.tree(), self._now()
        return self._chart(tree, self._summary(tree, actor.place_id, now), actor, choice, now)

    def chart_changes(
        self, actor: Actor, choice: Choice, known: str, seen: str
    ) -> ChartView | None:
        """The map as it is now; None when neither its summary nor what comes next differs."""
        tree, now = self._places.tree(), self._now()
        summary = self._recent(tree, actor.place_id, now)
        if summary.version == known:
            stations = _on_map(summary.narrowed(choice))
            with self._database.read() as session:
                coming = _next_slots(session, tree, actor.place_id, stations, now)
            if _seen(coming) == seen:
                return None
        return self._chart(tree, summary, actor, choice, now)

    def _chart(
        self, tree: PlaceTree, summary: Summary, actor: Actor, choice: Choice, now: datetime
    ) -> ChartView:
        choice = summary.valid(choice)
        narrowed = summary.narrowed(choice)
        stations = _on_map(narrowed)
        with self._database.read() as session:
            tiles = tiles_of(session, tree, stations, now)
            next_slots = _next_slots(session, tree, actor.place_id, stations, now)
        return ChartView(
            title_place=tree.places[actor.place_id],
            summary=summary,
            choice=choice,
            rows=_rows(summary, tiles),
            shown=frozenset(one.station_id for one in narrowed.chosen(choice.loc)),
            next_slots=next_slots,
            seen=_seen(next_slots),
        )

    def tiles(self, actor: Actor) -> tuple[Tile, ...]:
        """Every tile of the actor's place, for programs that read them all."""
        tree, now = self._places.tree(), self._now()
        with self._database.read() as session:
            stations = tree.stations_of([actor.place_id], actor.place_id)
            return tuple(tiles_of(session, tree, stations, now).values())

    def _recent(self, tree: PlaceTree, place_id: str, now: datetime) -> Summary:
        """A summary for an open page, of which many ask at once: it may be a moment old.

        One of them makes it anew. Who comes meanwhile takes the one before, or waits for the new
        one when that is too old; nobody makes it twice.
        """
        if (recent := self._made(tree, place_id, now, self._polls_share)) is not None:
            return recent
        older = self._made(tree, place_id, now, 2 * self._polls_share)
        if older is None:
            self._turn.acquire()
        elif not self._turn.acquire(blocking=False):
            return older
        try:
            recent = self._made(tree, place_id, now, self._polls_share)
            return recent or self._summary(tree, place_id, self._now())
        finally:
            self._turn.release()

    def _made(
        self, tree: PlaceTree, place_id: str, now: datetime, age: timedelta
    ) -> Summary | None:
        """The one made last, if it was true less than `age` ago."""
        kept = self._summaries.get(place_id)
        if kept is None or kept.tree is not tree or now - kept.looked_at >= age:
            return None
        return kept.summary

    def _summary(self, tree: PlaceTree, place_id: str, now: datetime) -> Summary:
        """The one made last, unless anything it is made of differs."""
        with self._memory.reading(tree, now) as reading:
            slots = _near(reading, place_id)
            exceptions = _exceptions(reading, place_id)
            made_of = (reading.cursor, exceptions, slots.identity, _tick(slots, now))
            kept = self._summaries.get(place_id)
            if kept is not None and kept.tree is tree and kept.made_of == made_of:
                kept.looked_at = now
                return kept.summary
            version = f"{self._run}-{next(self._numbers)}"
            summary = _summary(reading, place_id, slots, exceptions, version)
            if len(self._summaries) >= PLACES_KEPT:
                self._summaries.clear()
            self._summaries[place_id] = _Kept(tree, made_of, summary, now)
            return summary


@dataclass(frozen=True, slots=True)
class _Near:
    """The slots the board speaks of."""

    on_air: tuple[NearSlot, ...]
    last: NearSlot | None
    coming: NearSlot | None

    @property
    def identity(self) -> tuple[object, ...]:
        """Whatever of them can differ from one look to the next."""
        every = (*self.on_air, self.last, self.coming)
        return tuple(_identity(one) if one else None for one in every)


def _identity(slot: NearSlot) -> tuple[object, ...]:
    row = slot.row
    told = (row.slot_id, slot.starts_at, row.duration_ms, row.title, row.priority)
    return (*told, row.items, row.other_items, slot.stations)


def _tick(slots: _Near, now: datetime) -> datetime:
    """Until when words like "in 23 minutes" hold: by the minute, by the second just before."""
    is_near = slots.coming is not None and slots.coming.starts_at - now < timedelta(minutes=1)
    return now.replace(microsecond=0) if is_near else now.replace(second=0, microsecond=0)


def _near(reading: Reading, place_id: str) -> _Near:
    """What sounds, what was last, what comes next, each with its stations in the place."""
    session, now = reading.session, reading.now
    on_air: list[BriefAiring] = []
    last: BriefAiring | None = None
    coming: BriefAiring | None = None
    since, until = now - timedelta(hours=STRIP_HOURS), now + NEXT_WITHIN
    for one in brief_slots_near(session, reading.tree, place_id, since, until):
        if one.starts_at > now:
            coming = one
            break
        if one.ends_at <= now:
            last = one
        else:
            on_air.append(one)
    edges = in_full(session, (one for one in (last, coming) if one))
    return _Near(
        in_full(session, on_air),
        edges[0] if last else None,
        edges[-1] if coming else None,
    )


def _on_map(narrowed: Tally) -> tuple[Station, ...]:
    """The stations one map draws; none when a district is to be chosen first."""
    return narrowed.stations if narrowed.fits_a_map else ()


def _next_slots(
    session: Session, tree: PlaceTree, place_id: str, stations: Sequence[Station], now: datetime
) -> Mapping[str, NextSlot]:
    """What comes next at each of these stations of the place."""
    found, ids = dict[str, NextSlot](), {one.station_id for one in stations}
    for one in brief_slots_near(session, tree, place_id, now, now + NEXT_WITHIN):
        if len(found) == len(ids):
            break
        coming = NextSlot(one.row.slot_id, one.row.title, one.starts_at)
        for station in one.stations:
            if station.station_id in ids:
                found.setdefault(station.station_id, coming)
    return found


def _seen(next_slots: Mapping[str, NextSlot]) -> str:
    told = [
        (key, one.slot_id, one.title, one.starts_at.isoformat()) for key, one in next_slots.items()
    ]
    return f"{zlib.crc32(json.dumps(sorted(told)).encode()):08x}"


def _summary(
    reading: Reading,
    place_id: str,
    slots: _Near,
    exceptions: tuple[tuple[datetime, str, str], ...],
    version: str,
) -> Summary:
    whole, districts = _tallies(reading, place_id)
    return Summary(
        version=version,
        whole=whole,
        districts=districts,
        on_air=tuple(_on_air(reading, slot) for slot in slots.on_air),
        last=_last(reading, slots.last) if slots.last else None,
        upcoming=_upcoming(reading, slots.coming) if slots.coming else None,
        open_exceptions=exceptions,
        cursor=reading.cursor,
        made_at=reading.now,
    )


def _tallies(reading: Reading, place_id: str) -> tuple[Tally, Mapping[str, Tally]]:
    """The place as a whole, and district by district."""
    tree = reading.tree
    stations = tree.stations_of([place_id], place_id)
    stands, missed = reading.stands(stations), reading.missed(stations)
    home, groups = tree.district_ids, dict[str, list[Station]]()
    for one in stations:
        groups.setdefault(home[one.station_id], []).append(one)
    districts = {key: _tally(tree, key, group, stands, missed) for key, group in groups.items()}
    return _together(tree.places[place_id], list(districts.values())), districts


def _together(place: Place, parts: Sequence[Tally]) -> Tally:
    def joined(found: Iterable[tuple[Station, ...]]) -> tuple[Station, ...]:
        return tuple(chain.from_iterable(found))

    states = {state for part in parts for state in part.states}
    return Tally(
        place=place,
        filters={name.value: joined(part.filters[name.value] for part in parts) for name in Filter},
        states={state: joined(part.states.get(state, ()) for part in parts) for state in states},
    )


def _tally(
    tree: PlaceTree,
    place_id: str,
    stations: Sequence[Station],
    stands: Mapping[str, Stand],
    missed: frozenset[str],
) -> Tally:
    places, states = tree.places, dict[str, list[Station]]()
    for one in stations:
        states.setdefault(stands[one.station_id].look, []).append(one)
    by_state = {state: tuple(found) for state, found in states.items()}
    return Tally(
        place=places[place_id],
        filters={
            Filter.ALL.value: tuple(stations),
            Filter.LOOK.value: tuple(
                one for one in stations if stands[one.station_id].state in TROUBLE_STATES
            ),
            Filter.ON_AIR.value: tuple(
                one for one in stations if stands[one.station_id].look in ON_AIR_LOOKS
            ),
            Filter.ZONE3.value: tuple(s for s in stations if places[s.place_id].zone == "III"),
            Filter.COASTAL.value: tuple(s for s in stations if places[s.place_id].is_coastal),
            Filter.MISSED.value: tuple(s for s in stations if s.station_id in missed),
        },
        states=by_state,
    )


def _rows(summary: Summary, tiles: Mapping[str, Tile]) -> tuple[DistrictRow, ...]:
    groups: dict[str, list[Tile]] = {}
    for tile in tiles.values():
        groups.setdefault(tile.district_id, []).append(tile)
    return tuple(DistrictRow(summary.districts[key], tuple(group)) for key, group in groups.items())


def _worst(ends: Iterable[SlotEnd]) -> float | None:
    errors = [abs(end.start_error_ms) for end in ends if end.start_error_ms is not None]
    return max(errors, default=None)


def _on_air(reading: Reading, slot: NearSlot) -> OnAir:
    ids = [station.station_id for station in slot.stations]
    known = reading.ends(slot)
    ends = [end for key in ids if (end := known[key]) is not None]
    return OnAir(
        slot_id=slot.row.slot_id,
        title=slot.row.title,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        priority=slot.row.priority,
        sounding=sum(end.outcome == Sign.SOUNDING for end in ends),
        ended=sum(end.outcome not in UNDECIDED for end in ends),
        total=len(ids),
        worst_error_ms=_worst(ends),
        not_sounding=_silent(
            reading, list(_first(slot.stations, lambda one: _is_silent(known[one.station_id])))
        ),
    )


def _silent(reading: Reading, stations: Sequence[Station]) -> tuple[Silent, ...]:
    """These stations, with whom to call."""
    if not stations:
        return ()
    stands = reading.stands(stations)
    phones = phones_of(reading.session, [one.station_id for one in stations])
    return tuple(
        Silent(
            one.station_id,
            reading.tree.places[one.place_id].name,
            stands[one.station_id].state == "never",
            phones.get(one.station_id),
        )
        for one in stations
    )


def _first(stations: Sequence[Station], is_meant: Callable[[Station], bool]) -> Iterator[Station]:
    found = 0
    for one in stations:
        if found < NAMED and is_meant(one):
            found += 1
            yield one


def _is_silent(end: SlotEnd | None) -> bool:
    """Whether it has said nothing of the slot."""
    return end is None or (end.outcome in UNDECIDED and end.outcome != Sign.SOUNDING)


def _last(reading: Reading, slot: NearSlot) -> LastSlot:
    known = reading.ends(slot)
    ends = [known[station.station_id] for station in slot.stations]
    counts = Counter(
        Sign.UNKNOWN.value if end is None or end.outcome == COMING else end.outcome for end in ends
    )
    return LastSlot(
        slot_id=slot.row.slot_id,
        title=slot.row.title,
        starts_at=slot.starts_at,
        duration_ms=slot.row.duration_ms,
        aired=sum(count for outcome, count in counts.items() if is_aired(outcome)),
        total=len(ends),
        worst_error_ms=_worst(end for end in ends if end is not None),
        counts=tuple((outcome, count) for outcome, count in sorted(counts.items()) if count),
    )


def _upcoming(reading: Reading, slot: NearSlot) -> Upcoming:
    judged = reading.readiness(slot)
    shown = judged.not_ready[:NAMED]
    phones = phones_of(reading.session, [one.station_id for one in shown])
    return Upcoming(judged, tuple((one, phones.get(one.station_id)) for one in shown))


def _exceptions(reading: Reading, place_id: str) -> tuple[tuple[datetime, str, str], ...]:
    tree, now = reading.tree, reading.now
    rows = reading.session.scalars(
        select(HoursExceptionRow)
        .where(HoursExceptionRow.from_at <= now, HoursExceptionRow.until_at > now)
        .order_by(HoursExceptionRow.until_at)
    )
    return tuple(
        (row.until_at, tree.places[row.place_id].full_name, row.why)
        for row in rows
        if tree.is_within(row.place_id, place_id) or tree.is_within(place_id, row.place_id)
    )
