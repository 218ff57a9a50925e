"""Slots become one station's numbered plan: what it names, what it needs, whether it changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from controller.domain.policy import Allowed, LoudnessBand
from controller.domain.schedule import instant, local_date
from station_protocol.messages import (
    HoursException,
    HoursSpan,
    PlannedSlot,
    StationLimits,
    StationPlan,
    VolumeBand,
)

RENEW_WITHIN = timedelta(days=7)
"""A plan that reaches less far is signed again although nothing in it changed."""

EXPIRES_AFTER = timedelta(days=1)
"""How long after its last day a plan may still be obeyed: a late start over midnight."""

SIGNED_EARLIER = timedelta(days=1)
"""How far before it was made a plan begins to be valid: a station's clock may be behind."""

LIMITS_VALID = timedelta(days=400)
LIMITS_RENEWED_AFTER = timedelta(days=180)
TOLD_AHEAD = timedelta(days=2)
"""Of slots their rule no longer gives, stations are told those of today and tomorrow."""

MOST_SLOTS = 2_000
MOST_SPANS = 12
MOST_EXCEPTIONS = 32


def told_until(now: datetime) -> datetime:
    """Up to when stations are told that a slot is cancelled because its rule no longer gives it.

    A station ends for good what it is told is cancelled. Until then such a slot only is not in
    the plan, and comes back with its rule. Whole local days, so that it moves once a day.
    """
    return instant(local_date(now) + TOLD_AHEAD, time(0))


@dataclass(frozen=True, slots=True)
class Window:
    """The span of a plan. Whole local days, so that it moves once a day and not each second."""

    starts_at: datetime
    covers_until: datetime


class Dated(Protocol):
    """A slot in whatever form: it has an instant and an id."""

    @property
    def slot_id(self) -> str:
        """The id, the same at every station."""

    @property
    def starts_at(self) -> datetime:
        """The instant at which it is due."""


S = TypeVar("S", bound=Dated)


@dataclass(frozen=True, slots=True)
class Airing(Generic[S]):
    """A slot as every station airs it, with the rule it came from."""

    schedule_id: str
    slot: S


@dataclass(frozen=True, slots=True)
class RequiredAsset:
    """A sound a station must hold, and when it is needed first."""

    sha256: str
    size_bytes: int
    needed_at: datetime


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """Slot ids that came, went, or say something else."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the plans name the same slots and say the same of each."""
        return not (self.added or self.removed or self.changed)


def window(now: datetime, days: int) -> Window:
    """From local midnight of yesterday to the local midnight at least `days` days ahead.

    Yesterday stays, since what sounds over midnight must not vanish from the plan, and so that a
    station that was off closes yesterday's slots with its own reason.
    """
    today = local_date(now)
    midnight = time(0)
    return Window(
        instant(today - timedelta(days=1), midnight),
        instant(today + timedelta(days=days + 1), midnight),
    )


def is_plannable(slot: PlannedSlot) -> bool:
    """Whether a station can be told of it: something approved is left, or it was cancelled."""
    return bool(slot.items) or slot.cancelled


def by_station(
    airings: Iterable[Airing[S]], stations_of: Mapping[str, Sequence[str]]
) -> dict[str, list[S]]:
    """Each station's slots in order; each slot object is made once, whoever airs it."""
    agenda: defaultdict[str, list[S]] = defaultdict(list)
    for airing in _in_order(airings):
        for station_id in stations_of.get(airing.schedule_id, ()):
            agenda[station_id].append(airing.slot)
    return dict(agenda)


_STARTS_AT, _SLOT_ID = attrgetter("slot.starts_at"), attrgetter("slot.slot_id")


def _in_order(airings: Iterable[Airing[S]]) -> Iterator[Airing[S]]:
    """By instant, then by id; an id that has to be worked out is asked for only between equals."""
    for _, together in groupby(sorted(airings, key=_STARTS_AT), _STARTS_AT):
        same = list(together)
        yield from same if len(same) == 1 else sorted(same, key=_SLOT_ID)


def digest(slot: PlannedSlot) -> str:
    """Sixteen hex digits that change with anything a station would do differently."""
    return hashlib.sha256(slot.model_dump_json().encode()).hexdigest()[:16]


def content_hash(digests: Mapping[str, str]) -> str:
    """The hash of what a plan says, apart from when it was made and how far it reaches."""
    text = "\n".join(f"{slot_id} {value}" for slot_id, value in digests.items())
    return hashlib.sha256(text.encode()).hexdigest()


def limits_hash(limits: StationLimits, epoch: int) -> str:
    """The hash of what limits say; a new epoch makes them new."""
    return hashlib.sha256(f"{epoch}\n{limits.model_dump_json()}".encode()).hexdigest()


def required_assets(slots: Iterable[PlannedSlot]) -> tuple[RequiredAsset, ...]:
    """Each sound once, in the order in which it is needed. Cancelled slots need none."""
    needed: dict[str, RequiredAsset] = {}
    for slot in slots:
        for item in () if slot.cancelled else slot.items:
            asset = RequiredAsset(item.sha256, item.size_bytes, slot.starts_at)
            known = needed.get(item.sha256)
            if known is None or asset.needed_at < known.needed_at:
                needed[item.sha256] = asset
    return tuple(sorted(needed.values(), key=lambda asset: (asset.needed_at, asset.sha256)))


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> PlanDifference:
    """What a newer plan changes; both are slot id -> digest."""
    return PlanDifference(
        added=tuple(slot_id for slot_id in new if slot_id not in old),
        removed=tuple(slot_id for slot_id in old if slot_id not in new),
        changed=tuple(
            slot_id for slot_id in new if slot_id in old and old[slot_id] != new[slot_id]
        ),
    )


def needs_signing(
    *, held_hash: str | None, content: str, covers_until: datetime | None, now: datetime
) -> bool:
    """Whether a new version is due: other content, or the old one does not reach far enough."""
    if held_hash != content or covers_until is None:
        return True
    return covers_until < now + RENEW_WITHIN


def plan_of(
    station_id: str, slots: Sequence[PlannedSlot], made_at: datetime, covers_until: datetime
) -> StationPlan:
    """The message; beyond the most slots a plan may name its last days are left out."""
    if len(slots) > MOST_SLOTS:
        covers_until = slots[MOST_SLOTS].starts_at
        slots = [slot for slot in slots[:MOST_SLOTS] if slot.starts_at < covers_until]
    return StationPlan(
        station_id=station_id, made_at=made_at, covers_until=covers_until, slots=tuple(slots)
    )


def halved(plan: StationPlan) -> StationPlan:
    """The same plan with the later half of its slots left out: it was too large to be sent."""
    half = plan.slots[: len(plan.slots) // 2]
    reaches = plan.slots[len(half)].starts_at if plan.slots else plan.covers_until
    return plan.model_copy(
        update={
            "slots": tuple(slot for slot in half if slot.starts_at < reaches),
            "covers_until": reaches.astimezone(UTC),
        }
    )


def limits_of(
    station_id: str,
    allowed: Allowed,
    *,
    max_length_ms: int,
    volume_ceiling_percent: int,
    now: datetime,
) -> StationLimits:
    """What a station never exceeds: daily spans, exceptions that are not over, caps, loudness."""
    open_still = sorted(
        (item for item in allowed.exceptions if item.until_at > now),
        key=lambda item: (item.from_at, item.until_at, item.why),
    )
    return StationLimits(
        station_id=station_id,
        hours=tuple(
            HoursSpan(opens_min=span.opens_min, closes_min=span.closes_min)
            for span in allowed.hours[:MOST_SPANS]
        ),
        exceptions=tuple(
            HoursException(from_at=item.from_at, until_at=item.until_at, why=item.why[:300])
            for item in open_still[:MOST_EXCEPTIONS]
        ),
        max_length_ms=max_length_ms,
        volume_ceiling_percent=volume_ceiling_percent,
        volume_bands=tuple(
            VolumeBand(
                opens_min=band.opens_min,
                closes_min=band.closes_min,
                ceiling_percent=band.ceiling_percent,
            )
            for band in _quietest(allowed.bands)
        ),
    )


def _quietest(bands: Sequence[LoudnessBand]) -> Sequence[LoudnessBand]:
    """As many as a message takes; of too many the loudest are left out."""
    if len(bands) <= MOST_SPANS:
        return bands
    return sorted(bands, key=lambda band: band.ceiling_percent)[:MOST_SPANS]
