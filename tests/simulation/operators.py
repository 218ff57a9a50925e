"""People at the centre: they plan, change their minds, cancel what sounds and press the wrong key.

They do not look for conflicts: overlapping slots of one class reach the stations too.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from controller.domain.schedule import Recurrence, Schedule, local_date
from station_protocol import messages as wire
from station_protocol.vocabulary import Authority, Priority
from tests.simulation.book import Rule
from tests.simulation.centre import Centre
from tests.simulation.scenario import SLOT_HOURS, Deed
from tests.simulation.timeline import HOUR, MINUTE, SECOND, instant

NEAR = timedelta(hours=1)
LENGTHS_S = (15, 30, 30, 45, 60, 90, 120, 240)
ORDINARY = ((Priority.ORDINARY, 6), (Priority.PRIORITY, 3), (Priority.EMERGENCY, 1))
URGENT = ((Priority.PRIORITY, 1), (Priority.EMERGENCY, 1))
HOURS = (((300, 1260),), ((330, 420), (600, 690), (960, 1140)), ((270, 1290),))


@dataclass
class Operators:
    """Whoever sits at the centre."""

    centre: Centre
    seed: int
    ordered_tone: Callable[[str], None]
    at: Callable[[int, Callable[[], None]], None]

    def do(self, deed: Deed) -> None:
        """One deed, if there is anything to do it to; then, or soon, plans are signed anew."""
        if not self.centre.is_up:
            return
        dice = random.Random(f"{self.seed} deed {deed.number}")
        getattr(self, f"_{deed.kind}")(dice, deed)
        self.at(dice.choice((0, 0, 2 * SECOND, 90 * SECOND)), self._refresh_plans)

    def _refresh_plans(self) -> None:
        if self.centre.is_up:
            self.centre.refresh()

    # --- schedules --------------------------------------------------------------------------------

    def _create(self, dice: random.Random, deed: Deed) -> None:
        opens_ms, closes_ms = dice.choice(SLOT_HOURS)
        minute = dice.randrange(opens_ms // MINUTE, closes_ms // MINUTE)
        weekly = dice.random() < 0.7
        today = local_date(self.centre.now)
        rule = Schedule(
            schedule_id=f"schedule-{deed.number}",
            airs_at=time(minute // 60, minute % 60),
            starts_on=today,
            ends_on=None if weekly else today + timedelta(days=dice.randrange(2)),
            recurrence=Recurrence.WEEKLY,
            made_at=self.centre.now,
        )
        self._add(dice, rule, ORDINARY)

    def _create_urgent(self, dice: random.Random, deed: Deed) -> None:
        """Something that must out within minutes, whatever else is planned."""
        at = self.centre.now + timedelta(minutes=dice.randrange(1, 12), hours=7)
        rule = Schedule(
            schedule_id=f"schedule-{deed.number}",
            airs_at=time(at.hour, at.minute),
            starts_on=at.date(),
            ends_on=at.date(),
            recurrence=Recurrence.ONCE,
            made_at=self.centre.now,
        )
        self._add(dice, rule, URGENT)

    def _add(
        self, dice: random.Random, rule: Schedule, classes: tuple[tuple[Priority, int], ...]
    ) -> None:
        names, weights = zip(*classes, strict=True)
        stations = self.centre.station_ids
        count = dice.choice((1, len(stations), len(stations)))
        items = self._items(dice, rule.schedule_id)
        rule = replace(
            rule,
            priority=dice.choices(names, weights)[0],
            authority=dice.choice(tuple(Authority)),
            duration_ms=sum(item.duration_ms for item in items),
        )
        self.centre.book.rules[rule.schedule_id] = Rule(
            rule=rule,
            targets=tuple(sorted(dice.sample(stations, count))),
            lateness_s=dice.choice((60, 300, 300, 300, 900)),
            title=f"bản tin {rule.schedule_id}",
            items=items,
        )

    def _items(self, dice: random.Random, name: str) -> tuple[wire.PlannedItem, ...]:
        count = 2 if dice.random() < 0.15 else 1
        return tuple(self._item(dice, f"{name} {number}") for number in range(count))

    def _item(self, dice: random.Random, name: str) -> wire.PlannedItem:
        return wire.PlannedItem(
            sha256=hashlib.sha256(f"{name} {dice.random()}".encode()).hexdigest(),
            size_bytes=dice.randrange(20_000, 900_000),
            duration_ms=dice.choice(LENGTHS_S) * SECOND,
            bulletin_version_id=name.replace(" ", "-"),
            approved_by="approver",
            approved_at=self.centre.now,
        )

    def _change_sound(self, dice: random.Random, deed: Deed) -> None:
        """New sound of a schedule: every slot to come carries it at a higher revision."""
        names = [name for name, rule in self.centre.book.rules.items() if not rule.is_closed]
        if not names:
            return
        name = dice.choice(names)
        items = self._items(dice, f"{name} again {deed.number}")
        length_ms = sum(item.duration_ms for item in items)
        book = self.centre.book
        known = book.rules[name]
        book.rules[name] = replace(
            known, items=items, rule=replace(known.rule, duration_ms=length_ms)
        )
        for slot in self._to_come(lambda slot: book.owner[slot.slot_id] == name):
            self._revise(slot, items=items, duration_ms=length_ms)

    def _end_series(self, dice: random.Random, deed: Deed) -> None:
        names = [name for name, rule in self.centre.book.rules.items() if not rule.is_closed]
        if len(names) < 3:
            return
        name = dice.choice(names)
        book = self.centre.book
        book.rules[name] = replace(book.rules[name], is_closed=True)
        for slot in self._to_come(lambda slot: book.owner[slot.slot_id] == name):
            self._cancel(slot)

    # --- single slots -----------------------------------------------------------------------------

    def _to_come(self, wanted: Callable[[wire.PlannedSlot], bool]) -> list[wire.PlannedSlot]:
        now = self.centre.now
        return self.centre.slots_where(lambda slot: slot.starts_at > now and wanted(slot))

    def _revise(self, slot: wire.PlannedSlot, **changes: Any) -> None:
        update = {"revision": slot.revision + 1, **changes}
        self.centre.put(slot.model_copy(update=update))

    def _cancel(self, slot: wire.PlannedSlot) -> None:
        self.centre.put(slot.model_copy(update={"cancelled": True}))
        now = self.centre.now
        if slot.starts_at - now > NEAR:
            return
        ends_at = slot.starts_at + timedelta(milliseconds=slot.duration_ms, seconds=slot.lateness_s)
        targets = self.centre.book.rules[self.centre.book.owner[slot.slot_id]].targets
        valid_for = max(ends_at - now, timedelta()) + timedelta(minutes=5)
        self.centre.order(targets, wire.CancelDeed(slot_id=slot.slot_id), valid_for)

    def _near(self, dice: random.Random, from_s: int, until_s: int) -> wire.PlannedSlot | None:
        first = self.centre.now + timedelta(seconds=from_s)
        last = self.centre.now + timedelta(seconds=until_s)
        found = self.centre.slots_where(lambda slot: first <= slot.starts_at <= last)
        return dice.choice(found) if found else None

    def _cancel_coming(self, dice: random.Random, deed: Deed) -> None:
        slot = self._near(dice, 1, dice.choice((120, 3_600, 86_400)))
        if slot is not None:
            self._cancel(slot)

    def _cancel_sounding(self, dice: random.Random, deed: Deed) -> None:
        slot = self._near(dice, -120, 2) or self._near(dice, -120, 3_600)
        if slot is not None:
            self._cancel(slot)

    def _move(self, dice: random.Random, deed: Deed) -> None:
        """Another time for one occurrence: its id stays."""
        slot = self._near(dice, 1, 7_200)
        if slot is not None:
            later = timedelta(minutes=dice.choice((-30, -2, 1, 5, 60)))
            moved: datetime = max(slot.starts_at + later, self.centre.now + timedelta(seconds=20))
            self._revise(slot, starts_at=moved)

    # --- orders -----------------------------------------------------------------------------------

    def _some(self, dice: random.Random) -> tuple[str, ...]:
        stations = self.centre.station_ids
        return tuple(sorted(dice.sample(stations, dice.randint(1, len(stations)))))

    def _stop(self, dice: random.Random, deed: Deed) -> None:
        self.centre.order(self._some(dice), wire.StopDeed(), timedelta(minutes=5))

    def _tone(self, dice: random.Random, deed: Deed) -> None:
        stations = self._some(dice)
        for station_id in stations:
            self.ordered_tone(station_id)
        self.centre.order(stations, wire.TestToneDeed(seconds=3), timedelta(minutes=5))

    def _emergency(self, dice: random.Random, deed: Deed) -> None:
        """At once, once or again and again; at times in place of an earlier one."""
        minutes = dice.choice((2, 10, 40))
        order = wire.EmergencyDeed(
            title="khẩn cấp",
            authority=dice.choice(tuple(Authority)),
            sequence=self.centre.book.sequence + 1,
            attention_ms=dice.choice((0, 6_000, 6_000)),
            sound=self._words(dice, deed),
            repeat_every_s=dice.choice((None, 120, 300)),
            until_at=self.centre.now + timedelta(minutes=minutes),
            replaces=self._in_force() if dice.random() < 0.3 else (),
        )
        if order.attention_ms or order.sound:
            self.centre.order(self._some(dice), order, timedelta(minutes=minutes))

    def _words(self, dice: random.Random, deed: Deed) -> wire.OrderSound | None:
        way = dice.choice(("none", "with it", "to fetch"))
        if way == "none":
            return None
        raw = f"words {deed.number} {dice.random()}".encode()
        return wire.OrderSound(
            sha256=hashlib.sha256(raw).hexdigest(),
            size_bytes=len(raw),
            duration_ms=dice.choice((5, 20, 60)) * SECOND,
            data=base64.b64encode(raw).decode() if way == "with it" else None,
        )

    def _in_force(self) -> tuple[str, ...]:
        """The newest emergencies that nobody has ended."""
        found = [
            order.signed.message.order_id
            for order in self.centre.book.orders
            if isinstance(order.signed.message.deed, wire.EmergencyDeed)
            and order.signed.claims.not_after > self.centre.now
        ]
        return tuple(found[-2:])

    def _end_emergency(self, dice: random.Random, deed: Deed) -> None:
        for order_id in self._in_force():
            stop = wire.StopDeed(order_id=order_id)
            self.centre.order(self.centre.station_ids, stop, timedelta(minutes=30))

    def _drill(self, dice: random.Random, deed: Deed) -> None:
        self.centre.order(self._some(dice), wire.DrillDeed(title="diễn tập"), timedelta(minutes=5))

    def _refresh(self, dice: random.Random, deed: Deed) -> None:
        self.centre.order(self._some(dice), wire.RefreshDeed(), timedelta(minutes=5))

    def _limits(self, dice: random.Random, deed: Deed) -> None:
        self.centre.book.hours = dice.choice(HOURS)


def first_light(centre: Centre) -> None:
    """Limits and empty plans, before anybody has done anything."""
    centre.book.epoch = int(instant(-HOUR).timestamp() * 1000)
    centre.refresh()
