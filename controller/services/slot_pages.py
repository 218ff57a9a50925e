"""The page of one slot at however many stations: all are counted, a hundred are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from controller.domain.accounts import Actor
from controller.domain.board import Sign
from controller.domain.places import Station, fold
from controller.services.declines import declined
from controller.services.near_slots import Airing
from controller.services.paging import Leaf, leaf
from controller.services.piece_desk import station_names
from controller.services.places import Places
from controller.services.placings import starts_of
from controller.services.scope import among
from controller.services.slot_page import SlotPage, read_slot, sign_of
from controller.services.slot_sounds import every_sound, marks_of
from controller.services.station_memory import Reading, StationMemory
from controller.storage.models import SlotResultRow, SlotRow

PAGE_LENGTH = 100
"""Stations listed at once: a province of today is on one page."""

LACKING = "lacking"
"""Instead of a sign: where it is coming and a sound of it is not held."""

_RANKS = {Sign.MISSED: 0, Sign.CUT_SHORT: 1, Sign.UNKNOWN: 2, Sign.LATE: 3}
_LAST = len(_RANKS) + 1
"""Where a sound is not held stands before it, and behind what did not sound."""


@dataclass(frozen=True, slots=True)
class LineWish:
    """Which stations somebody wants to see: words of their names, a sign or `LACKING`."""

    text: str = ""
    sign: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class SlotSums:
    """The stations of a slot, counted, whatever is shown."""

    total: int
    signs: Mapping[str, int]
    """How many of each sign, and of `LACKING`."""
    asked: int
    """Those whose commune did not decline."""
    held: int
    """Those of them that hold every sound; only told of a slot to come."""
    has_sounded: bool


@dataclass(frozen=True, slots=True)
class SlotView:
    """The page, with the lines that were wished for: where nothing sounds comes first."""

    page: SlotPage
    sums: SlotSums
    leaf: Leaf

    @property
    def is_paged(self) -> bool:
        """Whether there are more stations than one page shows."""
        return self.sums.total > PAGE_LENGTH


class SlotPages:
    """Reads the page of a slot, inside the reader's place."""

    def __init__(
        self,
        places: Places,
        now: Callable[[], datetime],
        memory: StationMemory,
    ) -> None:
        self._places = places
        self._now = now
        self._memory = memory

    def view(self, actor: Actor, slot_id: str, wish: LineWish = LineWish()) -> SlotView:
        """The page of a slot. NotFoundError when it concerns no station of the actor's place."""
        tree, now = self._places.tree(), self._now()
        with self._memory.reading(tree, now) as reading:
            glance = _Glance(reading, wish)
            page = read_slot(reading.session, tree, actor, slot_id, now, glance.choose)
        return SlotView(page, glance.sums, glance.leaf)


class _Glance:
    """Counts the stations of a slot and chooses those that are listed."""

    sums: SlotSums
    leaf: Leaf

    def __init__(self, reading: Reading, wish: LineWish) -> None:
        self._reading = reading
        self._wish = wish

    def choose(self, row: SlotRow, stations: tuple[Station, ...]) -> Sequence[Station]:
        """The stations of one page, in the order in which they need a look."""
        session, now = self._reading.session, self._reading.now
        result = SlotResultRow
        ids = [one.station_id for one in stations]
        query = select(result.station_id, result.outcome, result.played_ms > 0).where(
            result.slot_id == row.slot_id, among(result.station_id, ids)
        )
        results = {key: (outcome, played) for key, outcome, played in session.execute(query)}
        declines = declined(session, [row]).get(row.slot_id, {})
        starts = starts_of(session, [row]).get(row.slot_id, {})
        usual, _why = sign_of(row, None, row.starts_at, now, is_declined=False)
        signs: dict[str, Sign] = {}
        for key in results.keys() | declines.keys() | starts.keys():
            told = (results[key][0], None) if key in results else None
            starts_at = starts.get(key, row.starts_at)
            signs[key], _why = sign_of(row, told, starts_at, now, is_declined=key in declines)
        asked = stations
        if declines:
            asked = tuple(one for one in stations if one.station_id not in declines)
        judged = asked
        if row.cancelled_at is not None or row.starts_at <= now:
            later = {key for key, sign in signs.items() if sign is Sign.COMING}
            judged = tuple(one for one in asked if one.station_id in later) if later else ()
        lacking = self._lacking(row, judged)
        sounded = {key for key, (_outcome, has_played) in results.items() if has_played}
        counts = Counter({usual: len(stations)})
        if signs:
            counts = Counter(signs.get(key, usual) for key in ids)
        coming = sum(signs.get(key, usual) is Sign.COMING for key in lacking)
        self.sums = SlotSums(
            total=len(stations),
            signs={**{sign.value: number for sign, number in counts.items()}, LACKING: coming},
            asked=len(asked),
            held=len(judged) - len(lacking),
            has_sounded=any(key in sounded for key in ids) if sounded else False,
        )
        found = self._fitting(stations, signs, usual, lacking)
        self.leaf = leaf(len(found), self._wish.page, PAGE_LENGTH)
        return found[self.leaf.offset : self.leaf.offset + self.leaf.length]

    def _lacking(self, row: SlotRow, stations: tuple[Station, ...]) -> frozenset[str]:
        """Those of these that do not hold every sound of the slot."""
        if not stations:
            return frozenset()
        if not every_sound(row, station_names(self._reading.session, marks_of([row]))):
            return frozenset(one.station_id for one in stations)
        amiss = self._reading.readiness(Airing(row, stations, row.starts_at)).amiss
        return frozenset(
            one.station_id for one in amiss if one.holding.sounds_held < one.holding.sounds_needed
        )

    def _fitting(
        self,
        stations: Sequence[Station],
        signs: Mapping[str, Sign],
        usual: Sign,
        lacking: frozenset[str],
    ) -> list[Station]:
        """Where nothing sounds comes first; places keep their order else."""
        wanted, words = self._wish.sign, fold(self._wish.text).split()
        if words:
            names = self._reading.tree.words
            stations = [
                one for one in stations if all(word in names[one.station_id] for word in words)
            ]

        def rank(sign: Sign, *, is_lacking: bool) -> int | None:
            if wanted and wanted != sign and not (is_lacking and wanted == LACKING):
                return None
            return _LAST - 1 if is_lacking else _RANKS.get(sign, _LAST)

        usually = rank(usual, is_lacking=False)
        others: dict[str, int | None] = {}
        for key in signs.keys() | lacking:
            sign = signs.get(key, usual)
            others[key] = rank(sign, is_lacking=sign is Sign.COMING and key in lacking)
        ranks: list[list[Station]] = [[] for _ in range(_LAST + 1)]
        for one in stations:
            at = others.get(one.station_id, usually)
            if at is not None:
                ranks[at].append(one)
        return [one for at in ranks for one in at]
