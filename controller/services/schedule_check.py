"""Judges a schedule about to be saved. All it needs stands in a `World`; it changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from controller.domain import conflicts, policy
from controller.domain.conflicts import Clash, Contender, Verdict
from controller.domain.places import PlaceTree, Station
from controller.domain.policy import Allowed, Daypart
from controller.domain.schedule import (
    Recurrence,
    Schedule,
    count,
    days,
    expand,
    local_date,
    next_after,
)
from controller.domain.validity import ALWAYS, Validity
from controller.services.holiday_dates import kept_to
from controller.services.schedule_findings import (
    BandFull,
    Fine,
    Judgement,
    LookAt,
    Met,
    MustFix,
    NotApproved,
    NotInTheirLanguage,
    OutOfReach,
    OutsideHours,
    OutsideValidity,
    Past,
    SoundGone,
    TooLong,
    UnderWarning,
    Wish,
    World,
)
from station_protocol.vocabulary import Authority

JUDGED_DAYS = 400
"""Dates of a rule outside the daily hours are looked at one by one for so long."""

BUSY_DAYS = 14
"""How far ahead the lengths of a part of the day are added up."""

NEARLY_FULL = 0.9


def station_ids(tree: PlaceTree, place_ids: Iterable[str]) -> frozenset[str]:
    """The stations of these places; a place that is no more has none."""
    known = [tree.serving(place_id) for place_id in place_ids if place_id in tree.places]
    return known[0] if len(known) == 1 else frozenset().union(*known)


def rule_of(
    wish: Wish,
    schedule_id: str,
    duration_ms: int,
    authority: Authority,
    holidays: frozenset[date],
) -> Schedule:
    """The rule a wish asks for, where these are the holidays."""
    once = wish.recurrence is Recurrence.ONCE
    rule = Schedule(
        schedule_id=schedule_id,
        airs_at=wish.airs_at,
        starts_on=wish.starts_on,
        ends_on=wish.starts_on if once else wish.ends_on,
        recurrence=wish.recurrence,
        weekdays=wish.weekdays,
        excluded=frozenset() if once else wish.excluded,
        duration_ms=duration_ms,
        priority=wish.priority,
        authority=authority,
    )
    return rule if once else kept_to(rule, wish.holidays, holidays)


def judge(
    rule: Schedule,
    target_ids: Sequence[str],
    world: World,
    *,
    is_approved: bool,
    sound_gone_at: datetime | None = None,
    languages: frozenset[str] = frozenset(),
    validity: Validity = ALWAYS,
) -> Judgement:
    """Everything there is to say before this rule is saved.

    `languages` are those with sound, `validity` the dates on which its bulletin may air,
    `sound_gone_at` is since when there is no sound of it any more.
    """
    stations = world.tree.stations_in(target_ids)
    airing = validity.narrowed(rule)
    first_at = next_after(airing, world.now)
    must_fix: list[MustFix] = []
    if sound_gone_at is not None:
        must_fix.append(SoundGone(sound_gone_at))
    elif not is_approved:
        must_fix.append(NotApproved())
    if next_after(rule, world.now) is None:
        must_fix.append(Past(rule.starts_on))
    expired = _outside_validity(rule, validity, first_at, world.now)
    must_fix += [one for one in expired if one.is_every]
    must_fix += limits(rule, stations, world)
    met = _met(rule, stations, world)
    must_fix += [one for one in met if one.is_refused]
    look_at: list[LookAt] = [one for one in expired if not one.is_every]
    look_at += _under_warning(stations, first_at, world)
    look_at += [one for one in met if not one.is_refused]
    look_at += _full_bands(rule, stations, world)
    look_at += _not_in_their_language(stations, languages)
    look_at += _out_of_reach(stations, first_at, world)
    broken = any(isinstance(one, OutsideHours | TooLong | Past) for one in must_fix)
    fine = () if broken or not stations else (Fine(_common_hours(stations, world)),)
    return Judgement(tuple(must_fix), tuple(look_at), fine, count(airing, world.now), first_at)


def _outside_validity(
    rule: Schedule, validity: Validity, first_at: datetime | None, now: datetime
) -> list[OutsideValidity]:
    """Nothing to say while every date is allowed; `first_at` None: no date is."""
    first_on = validity.first_outside(rule, now)
    return [] if first_on is None else [OutsideValidity(validity, first_on, first_at is None)]


def _not_in_their_language(
    stations: Sequence[Station], languages: frozenset[str]
) -> Iterator[NotInTheirLanguage]:
    """Where sound in the first language is missing; nothing is said while there is no sound."""
    wanting: defaultdict[str, list[Station]] = defaultdict(list)
    for station in stations:
        if languages and station.language_order[0] not in languages:
            wanting[station.language_order[0]].append(station)
    for language, group in sorted(wanting.items()):
        yield NotInTheirLanguage(language, tuple(group))


def limits(
    rule: Schedule, stations: Sequence[Station], world: World
) -> Iterator[OutsideHours | TooLong]:
    """Where the rule does not fit into the hours or the length allowed, as they are now."""
    outside: defaultdict[tuple[str, date | None], list[Station]] = defaultdict(list)
    spans: dict[str, Allowed] = {}
    verdicts: dict[Allowed, tuple[bool, date | None]] = {}
    for station in stations:
        allowed = world.hours.of_station(world.tree, station.station_id)
        if allowed not in verdicts:
            verdicts[allowed] = _hours_verdict(rule, allowed, world.now)
        is_fine, day = verdicts[allowed]
        if not is_fine:
            words = policy.spelled(allowed.hours)
            outside[words, day].append(station)
            spans[words] = allowed
    for (words, day), group in outside.items():
        hours = spans[words].hours
        opens, closes = (hours[0].opens_min, hours[-1].closes_min) if hours else (0, 0)
        yield OutsideHours(
            rule.airs_at, day, words, policy.clock(opens), policy.clock(closes), tuple(group)
        )
    yield from _lengths(rule, stations)


def _lengths(rule: Schedule, stations: Sequence[Station]) -> Iterator[TooLong]:
    by_cap: defaultdict[int, list[Station]] = defaultdict(list)
    for station in stations:
        if rule.duration_ms > station.max_length_ms:
            by_cap[station.max_length_ms].append(station)
    for cap_ms, group in sorted(by_cap.items()):
        yield TooLong(rule.duration_ms, cap_ms, tuple(group))


def _hours_verdict(rule: Schedule, allowed: Allowed, now: datetime) -> tuple[bool, date | None]:
    """Whether every occurrence is allowed, and the first that is not; None: all are alike."""
    if policy.is_within_hours(rule.airs_at, rule.duration_ms, allowed.hours):
        return True, None
    today = max(local_date(now), rule.starts_on)
    coming = [
        day
        for day in days(rule, today, today + timedelta(days=JUDGED_DAYS))
        if rule.instant_on(day) > now
    ]
    shut = [
        day for day in coming if not policy.is_open(rule.instant_on(day), rule.duration_ms, allowed)
    ]
    if coming and not shut:
        return True, None
    return False, shut[0] if len(shut) < len(coming) else None


def _common_hours(stations: Sequence[Station], world: World) -> str:
    """The hours all these stations share, spelled."""
    shared = world.hours.of_station(world.tree, stations[0].station_id).hours
    for station in stations[1:]:
        shared = policy.common(shared, world.hours.of_station(world.tree, station.station_id).hours)
    return policy.spelled(shared)


def _met(rule: Schedule, stations: Sequence[Station], world: World) -> list[Met]:
    ours = Contender(rule, frozenset(station.station_id for station in stations))
    owners = {id(other): stored for stored, other in world.others}
    contenders = [
        Contender(other, station_ids(world.tree, stored.target_ids))
        for stored, other in world.others
    ]
    found = conflicts.clashes(ours, contenders, world.now)
    refused = any(clash.verdict is Verdict.REFUSED for clash in found)
    free_at = _free_time(ours, contenders, found, world) if refused else None
    return [
        Met(
            clash,
            owners[id(clash.other)],
            world.tree.places.get(owners[id(clash.other)].place_id),
            tuple(station for station in stations if station.station_id in clash.station_ids),
            free_at if clash.verdict is Verdict.REFUSED else None,
        )
        for clash in found
    ]


def _free_time(
    ours: Contender, contenders: Sequence[Contender], found: Sequence[Clash], world: World
) -> time | None:
    """The nearest wall time, right before or behind one of the others, that meets nobody."""
    wanted = _minute(ours.schedule.airs_at)
    length = -(-ours.schedule.duration_ms // 60_000)
    minutes: set[int] = set()
    for clash in found:
        begins = _minute(clash.other.airs_at)
        minutes |= {begins - length, begins + -(-clash.other.duration_ms // 60_000)}
    for minute in sorted(minutes, key=lambda item: (abs(item - wanted), item)):
        if 0 <= minute < policy.DAY_MIN and minute != wanted:
            at = time(minute // 60, minute % 60)
            if _is_free(
                replace(ours, schedule=replace(ours.schedule, airs_at=at)), contenders, world
            ):
                return at
    return None


def _is_free(ours: Contender, contenders: Sequence[Contender], world: World) -> bool:
    rule = ours.schedule
    if next_after(rule, world.now) is None or conflicts.clashes(ours, contenders, world.now):
        return False
    return all(
        policy.is_within_hours(
            rule.airs_at, rule.duration_ms, world.hours.of_station(world.tree, station_id).hours
        )
        for station_id in ours.station_ids
    )


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _full_bands(rule: Schedule, stations: Sequence[Station], world: World) -> list[BandFull]:
    """The fullest part of a day in the coming two weeks, if it is nearly full or over."""
    part = policy.daypart_of(_minute(rule.airs_at))
    until = world.now + timedelta(days=BUSY_DAYS)
    mine = [slot.airs_on for slot in expand(rule, world.now, until)]
    used = _used_by_day(part, mine, stations, world)
    found = [
        BandFull(part, day, total + rule.duration_ms, station.max_length_ms, station)
        for station in stations
        for day, total in used[station.station_id].items()
        if rule.duration_ms <= station.max_length_ms
        and total + rule.duration_ms > NEARLY_FULL * station.max_length_ms
    ]
    return sorted(found, key=lambda band: (-band.used_ms / max(band.cap_ms, 1), band.on))[:1]


def _used_by_day(
    part: Daypart, wanted: Sequence[date], stations: Sequence[Station], world: World
) -> dict[str, dict[date, int]]:
    used = {station.station_id: dict.fromkeys(wanted, 0) for station in stations}
    for stored, other in world.others:
        if policy.daypart_of(_minute(other.airs_at)) != part:
            continue
        here = [day for day in wanted if other.airs_on(day)]
        if not here:
            continue
        for station_id in station_ids(world.tree, stored.target_ids) & used.keys():
            for day in here:
                used[station_id][day] += other.duration_ms
    return used


def _under_warning(
    stations: Sequence[Station], first_at: datetime | None, world: World
) -> Iterator[UnderWarning]:
    for one in world.warned:
        here = tuple(station for station in stations if station.station_id in one.station_ids)
        if here and first_at is not None and first_at < one.until_at:
            yield UnderWarning(one, here)


def _out_of_reach(
    stations: Sequence[Station], first_at: datetime | None, world: World
) -> list[OutOfReach]:
    lost = tuple(
        world.reach[station.station_id]
        for station in stations
        if station.station_id in world.reach and not world.reach[station.station_id].is_linked
    )
    return [OutOfReach(lost, first_at)] if lost and first_at is not None else []
