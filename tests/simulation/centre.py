"""The centre: the controller's own rules, with a book in memory where its database would be.

What the services do between the rules and the database is done here in the same order; what is
planned, compared, judged and let lapse is decided by controller.domain alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol

from controller.domain import plans as planning
from controller.domain import reconcile
from controller.domain.policy import Allowed, Span
from controller.domain.reconcile import Holding, Report, Result, Source
from controller.domain.schedule import Slot, expand
from controller.domain.station_state import Facts, shown_state
from station_protocol import messages as wire
from station_protocol.codec import Signed
from station_protocol.signing import Claims
from station_protocol.vocabulary import DeedKind, Purpose
from tests.simulation.book import (
    Book,
    Rule,
    SignedLimits,
    SignedOrder,
    SignedPlan,
    Standing,
)
from tests.simulation.network import Parcel
from tests.simulation.timeline import DAY, HOUR, MINUTE, START, epoch_ms, instant, ms_of

KEY_ID = "0" * 16
UNKNOWN_AFTER = timedelta(seconds=300)
EARLIER = timedelta(minutes=5)
ACK_VALID = timedelta(minutes=5)
LOOKED_BACK_MS = HOUR
RAISED_NO_SOONER_MS = 10 * MINUTE
ASKED_AGAIN_MS = 10 * MINUTE
LONGEST_MS = 45 * MINUTE
CLAIMS = Claims(
    key_id=KEY_ID,
    purpose=Purpose.ACK,
    audience="nobody",
    epoch=0,
    version=0,
    not_before=START,
    not_after=START,
    nonce="0" * 32,
)
ACK = wire.Ack(
    station_id="nobody", journal_id="none", stored_up_to=0, controller_at=START, answers="beat"
)
"""Our own words, a thousand a world: made once, copied with what changes, not checked again."""


def _ack(**said: object) -> wire.Ack:
    return ACK.model_copy(update=said)


class Surroundings(Protocol):
    """The world as the centre sees it."""

    def now_ms(self) -> int:
        """The true time; the centre's clock is right."""

    def send(self, station_id: str, parcel: Parcel, *, retain: bool = False) -> None:
        """Publish."""

    def signed_plan(self, signed: Signed[wire.StationPlan], raw: bytes) -> None:
        """Write down that a plan was signed."""

    def signed_limits(self, signed: Signed[wire.StationLimits], raw: bytes) -> None:
        """Write down that limits were signed."""

    def signed_order(self, signed: Signed[wire.Order], station_ids: tuple[str, ...]) -> None:
        """Write down that an order was signed."""

    def planned(self, slot: wire.PlannedSlot) -> None:
        """Write down that a slot is to sound at an instant."""


@dataclass
class Centre:
    """One installation."""

    world: Surroundings
    station_ids: tuple[str, ...]
    plan_days: int
    plan_valid_ms: int | None
    book: Book
    is_up: bool = True
    backups: list[tuple[int, Book]] = field(default_factory=list)
    _told: dict[str, tuple[str, int]] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _digests: dict[str, tuple[wire.PlannedSlot, str]] = field(default_factory=dict)
    _slot_ids: dict[tuple[str, date, time], str] = field(default_factory=dict)
    """Ids once worked out: a hash for each occurrence of two weeks at each refresh."""
    _filled: dict[str, tuple[Rule, datetime]] = field(default_factory=dict)
    """Rules, and until when their slots are there."""
    _contents: dict[tuple[str, int, tuple[tuple[int, int], ...]], str] = field(default_factory=dict)
    """Hashes of limits by what they depend on."""
    _instant: tuple[int, datetime] = (0, START)
    _tokens: int = 0

    @property
    def now(self) -> datetime:
        """The centre's time."""
        now_ms = self.world.now_ms()
        if self._instant[0] != now_ms:
            self._instant = (now_ms, instant(now_ms))
        return self._instant[1]

    # --- up and down ------------------------------------------------------------------------------

    def begin(self) -> None:
        """The process starts: what it only remembered is gone."""
        self.is_up = True
        self._told.clear()
        self._asked.clear()
        self._filled.clear()
        self.refresh()
        self.publish_retained()

    def back_up(self) -> None:
        """Keep a copy."""
        self.backups.append((self.world.now_ms(), self.book.copy()))

    def restore(self, age_ms: int) -> bool:
        """Put the newest backup of at least this age back, under a new epoch."""
        limit_ms = self.world.now_ms() - age_ms
        old = [book for at_ms, book in self.backups if at_ms <= limit_ms]
        if not old:
            return False
        self.book = old[-1].copy()
        self.book.epoch = epoch_ms(self.world.now_ms())
        self.begin()
        return True

    # --- plans ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring slots in step with rules; sign and publish every plan that says something new."""
        window = planning.window(self.now, self.plan_days)
        self._materialise(window)
        airings = [
            planning.Airing(self.book.owner[slot_id], slot)
            for slot_id, slot in self.book.slots.items()
            if window.starts_at <= slot.starts_at < window.covers_until
            and planning.is_plannable(slot)
        ]
        targets = {name: rule.targets for name, rule in self.book.rules.items()}
        agendas = planning.by_station(airings, targets)
        digests = {airing.slot.slot_id: self._digest(airing.slot) for airing in airings}
        for station_id in self.station_ids:
            self._limit(station_id)
            self._plan(station_id, agendas.get(station_id, []), digests, window)

    def _materialise(self, window: planning.Window) -> None:
        for name, rule in self.book.rules.items():
            if rule.is_closed:
                continue
            filled, until = self._filled.get(name, (None, window.starts_at))
            starts_at = until if filled is rule else window.starts_at
            self._filled[name] = (rule, window.covers_until)
            for slot in expand(rule.rule, starts_at, window.covers_until):
                slot_id = self._slot_id(slot)
                if slot_id not in self.book.slots:
                    self.book.owner[slot_id] = name
                    self.put(self._planned(rule, slot_id, slot.starts_at))

    def _slot_id(self, slot: Slot) -> str:
        key = (slot.schedule_id, slot.airs_on, slot.airs_at)
        known = self._slot_ids.get(key)
        if known is None:
            known = self._slot_ids[key] = slot.slot_id
        return known

    def _planned(self, rule: Rule, slot_id: str, starts_at: datetime) -> wire.PlannedSlot:
        return wire.PlannedSlot(
            slot_id=slot_id,
            revision=1,
            starts_at=starts_at,
            duration_ms=rule.rule.duration_ms,
            lateness_s=rule.lateness_s,
            priority=rule.rule.priority,
            authority=rule.rule.authority,
            title=rule.title,
            items=rule.items,
        )

    def put(self, slot: wire.PlannedSlot) -> None:
        """A slot as it is from now on."""
        self.book.slots[slot.slot_id] = slot
        self.world.planned(slot)

    def _digest(self, slot: wire.PlannedSlot) -> str:
        known = self._digests.get(slot.slot_id)
        if known is None or known[0] is not slot:
            known = self._digests[slot.slot_id] = (slot, planning.digest(slot))
        return known[1]

    def _plan(
        self,
        station_id: str,
        slots: list[wire.PlannedSlot],
        of_all: Mapping[str, str],
        window: planning.Window,
    ) -> None:
        digests = {slot.slot_id: of_all[slot.slot_id] for slot in slots}
        signed = self.book.plans.get(station_id, ())
        newest = signed[-1] if signed else None
        content = planning.content_hash(digests)
        is_due = newest is None or planning.needs_signing(
            held_hash=newest.content_hash if newest.epoch == self.book.epoch else None,
            content=content,
            covers_until=newest.covers_until,
            now=self.now,
        )
        if not is_due and newest is not None and not self._is_short_of_time(newest):
            return
        version = newest.version + 1 if newest else 1
        plan = planning.plan_of(station_id, slots, self.now, window.covers_until)
        claims = self._claims(
            Purpose.PLAN,
            station_id,
            version,
            self.now - planning.SIGNED_EARLIER,
            self._plan_ends(window),
        )
        raw = f"plan {station_id} {self.book.epoch} {version}".encode()
        made = SignedPlan(
            self.book.epoch,
            version,
            content,
            window.covers_until,
            digests,
            Signed(claims, plan),
            raw,
        )
        self.book.plans[station_id] = (*signed, made)
        self._stand(station_id, plan_sent=(self.book.epoch, version))
        self.world.signed_plan(made.signed, raw)
        self.world.send(station_id, Parcel("plan", made.signed, raw), retain=True)

    def _plan_ends(self, window: planning.Window) -> datetime:
        if self.plan_valid_ms is not None:
            return self.now + timedelta(milliseconds=self.plan_valid_ms)
        return window.covers_until + planning.EXPIRES_AFTER

    def _is_short_of_time(self, plan: SignedPlan) -> bool:
        if self.plan_valid_ms is None:
            return False
        left = plan.signed.claims.not_after - self.now
        return left < timedelta(milliseconds=self.plan_valid_ms / 2)

    def _limit(self, station_id: str) -> None:
        key = (station_id, self.book.epoch, self.book.hours)
        held = self.book.limits.get(station_id)
        if held is not None and held.content == self._contents.get(key):
            return
        limits = planning.limits_of(
            station_id,
            Allowed(tuple(Span(*span) for span in self.book.hours)),
            max_length_ms=LONGEST_MS,
            volume_ceiling_percent=80,
            now=self.now,
        )
        content = self._contents[key] = planning.limits_hash(limits, self.book.epoch)
        if held is not None and held.content == content:
            return
        version = held.version + 1 if held else 1
        valid_until = self.now + planning.LIMITS_VALID
        claims = self._claims(
            Purpose.LIMITS, station_id, version, self.now - planning.SIGNED_EARLIER, valid_until
        )
        raw = f"limits {station_id} {self.book.epoch} {version}".encode()
        made = SignedLimits(version, content, Signed(claims, limits), raw)
        self.book.limits[station_id] = made
        self._stand(station_id, limits_sent=version)
        self.world.signed_limits(made.signed, raw)
        self.world.send(station_id, Parcel("limits", made.signed, raw), retain=True)

    def _claims(
        self,
        purpose: Purpose,
        audience: str,
        version: int,
        not_before: datetime,
        not_after: datetime,
        kind: DeedKind = DeedKind.ACTUAL,
    ) -> Claims:
        self._tokens += 1
        said = {
            "purpose": purpose,
            "audience": audience,
            "kind": kind,
            "epoch": self.book.epoch,
            "version": version,
            "not_before": not_before,
            "not_after": not_after,
            "nonce": f"{epoch_ms(self.world.now_ms()):016x}{self._tokens:016x}",
        }
        return CLAIMS.model_copy(update=said)

    def publish_retained(self) -> None:
        """Give the broker again what it should keep."""
        for station_id in self.station_ids:
            self._send_limits(station_id)
            self._send_plan(station_id)

    def _send_plan(self, station_id: str) -> None:
        plans = self.book.plans.get(station_id)
        if plans:
            parcel = Parcel("plan", plans[-1].signed, plans[-1].raw)
            self.world.send(station_id, parcel, retain=True)

    def _send_limits(self, station_id: str) -> None:
        limits = self.book.limits.get(station_id)
        if limits:
            self.world.send(station_id, Parcel("limits", limits.signed, limits.raw), retain=True)

    # --- orders -----------------------------------------------------------------------------------

    def order(
        self, station_ids: tuple[str, ...], deed: wire.Deed, valid_for: timedelta
    ) -> SignedOrder:
        """Give an order to some stations."""
        self.book.sequence += 1
        self._tokens += 1
        token = f"{self.world.now_ms()}-{self._tokens}"
        message = wire.Order(
            order_id=f"order-{token}", issued_at=self.now, issued_by="operator", deed=deed
        )
        claims = self._claims(
            Purpose.ORDER,
            station_ids[0],
            self.book.sequence,
            self.now - EARLIER,
            self.now + valid_for,
            DeedKind.EXERCISE if isinstance(deed, wire.DrillDeed) else DeedKind.ACTUAL,
        )
        made = SignedOrder(self.book.sequence, station_ids, Signed(claims, message), token)
        self.book.orders = (*self.book.orders, made)
        self.world.signed_order(made.signed, station_ids)
        for station_id in station_ids:
            self.world.send(station_id, Parcel("order", made.signed))
        return made

    def _still_valid(self, station_id: str) -> tuple[SignedOrder, ...]:
        now = self.now
        return tuple(
            order
            for order in self.book.orders
            if station_id in order.station_ids and order.signed.claims.not_after > now
        )[-32:]

    # --- evidence ---------------------------------------------------------------------------------

    def take_in(self, station_id: str, message: wire.UpMessage) -> None:
        """Whatever a station says."""
        match message:
            case wire.Hello():
                self._hello(message)
            case wire.Heartbeat():
                self._beat(message)
            case wire.JournalBatch():
                self._journal(message)
            case _:
                """A reply is also journalled, and proves nothing here."""

    def _stand(self, station_id: str, **changes: object) -> Standing:
        known = self.book.standings.get(station_id, Standing())
        fresh = self.book.standings[station_id] = known._replace(**changes)  # type: ignore[arg-type]
        return fresh

    def _hello(self, hello: wire.Hello) -> None:
        station_id = hello.station_id
        old = self.book.standings.get(station_id, Standing())
        raised = self._raise_epoch_above(hello.plan_epoch)
        stored = self._stored_up_to(old, station_id, hello.journal_id)
        fresh: dict[str, object] = {}
        if hello.boot_id != old.boot_id or old.health == "off":
            fresh = {"health": "starting", "reasons": (), "on_air_slot_id": None}
        standing = self._stand(
            station_id,
            **fresh,
            last_word_at=self.now,
            boot_id=hello.boot_id,
            highest=max(old.highest, hello.plan_version),
            journal_id=hello.journal_id,
            stored_up_to=stored,
        )
        self._answer_hello(hello, standing)
        self._let_time_pass(station_id)
        self._told[station_id] = (hello.journal_id, stored)
        if raised:
            self.refresh()

    def _answer_hello(self, hello: wire.Hello, standing: Standing) -> None:
        station_id = hello.station_id
        epoch, version = standing.plan_sent
        orders = self._still_valid(station_id)
        ack = _ack(
            station_id=station_id,
            journal_id=hello.journal_id,
            stored_up_to=standing.stored_up_to,
            controller_at=self.now,
            echo_mono_ms=hello.sent_mono_ms,
            answers="hello",
            plan_epoch=epoch,
            plan_version=version,
            limits_version=standing.limits_sent,
            spread_ms=10 * len(self.station_ids),
            orders=tuple(order.token for order in orders),
        )
        self._acknowledge(ack)
        for order in orders:
            self.world.send(station_id, Parcel("order", order.signed))
        is_of_this_epoch = hello.plan_epoch == epoch
        if not (is_of_this_epoch and hello.limits_version == standing.limits_sent):
            self._send_limits(station_id)
        if not (is_of_this_epoch and hello.plan_version == version):
            self._send_plan(station_id)

    def _acknowledge(self, ack: wire.Ack) -> None:
        claims = self._claims(
            Purpose.ACK, ack.station_id, 0, self.now - EARLIER, self.now + ACK_VALID
        )
        self.world.send(ack.station_id, Parcel("ack", Signed(claims, ack)))

    def _raise_epoch_above(self, claimed: int) -> bool:
        book, now_ms = self.book, self.world.now_ms()
        if claimed <= book.epoch or claimed > epoch_ms(now_ms + DAY):
            return False
        if book.raised_ms is not None and book.raised_ms > now_ms - RAISED_NO_SOONER_MS:
            return False
        book.raised_ms = now_ms
        book.epoch = max(claimed + 1, epoch_ms(now_ms))
        return True

    def _beat(self, beat: wire.Heartbeat) -> None:
        old = self.book.standings.get(beat.station_id, Standing())
        on_air = beat.on_air
        standing = self._stand(
            beat.station_id,
            last_word_at=self.now,
            boot_id=beat.boot_id,
            health=beat.health.value,
            reasons=beat.reasons,
            on_air_slot_id=on_air.slot_id if on_air else None,
            on_air_until_at=self.now + (on_air.ends_at - beat.said_at) if on_air else None,
            highest=max(old.highest, beat.plan_version),
        )
        if beat.wants_time:
            epoch, version = standing.plan_sent
            self._acknowledge(
                _ack(
                    station_id=beat.station_id,
                    journal_id=standing.journal_id or "none",
                    stored_up_to=standing.stored_up_to,
                    controller_at=self.now,
                    echo_mono_ms=beat.sent_mono_ms,
                    answers="beat",
                    plan_epoch=epoch,
                    plan_version=version,
                    limits_version=standing.limits_sent,
                )
            )
        if self._raise_epoch_above(beat.plan_epoch):
            self.refresh()

    def _stored_up_to(self, standing: Standing, station_id: str, journal_id: str) -> int:
        if standing.journal_id == journal_id:
            return standing.stored_up_to
        return max(self.book.lines.get((station_id, journal_id), {}), default=0)

    def _journal(self, batch: wire.JournalBatch) -> None:
        station_id = batch.station_id
        lines = self.book.lines.setdefault((station_id, batch.journal_id), {})
        fresh = [entry for entry in batch.entries if entry.entry_no not in lines]
        for entry in sorted(fresh, key=lambda entry: entry.entry_no):
            lines[entry.entry_no] = entry
            self._follow(station_id, batch.journal_id, entry)
        self._stored(batch)

    def _stored(self, batch: wire.JournalBatch) -> None:
        station_id = batch.station_id
        old = self.book.standings.get(station_id, Standing())
        first, last = batch.entries[0].entry_no, batch.entries[-1].entry_no
        stored = self._stored_up_to(old, station_id, batch.journal_id)
        has_gap = first > stored + 1
        was_told = self._told.get(station_id) == (batch.journal_id, stored)
        if not has_gap or was_told:
            stored = max(stored, last)
            self._told[station_id] = (batch.journal_id, stored)
        self._stand(
            station_id, journal_id=batch.journal_id, stored_up_to=stored, last_word_at=self.now
        )
        ack = _ack(
            station_id=station_id,
            journal_id=batch.journal_id,
            stored_up_to=max(stored, last),
            controller_at=self.now,
            answers="journal",
        )
        self._acknowledge(ack)
        if has_gap and not was_told:
            self._ask_for_hello(station_id)

    def _ask_for_hello(self, station_id: str) -> None:
        asked = self._asked.get(station_id)
        now_ms = self.world.now_ms()
        if asked is None or now_ms - asked >= ASKED_AGAIN_MS:
            self._asked[station_id] = now_ms
            self.order((station_id,), wire.RefreshDeed(), timedelta(minutes=10))

    def _follow(self, station_id: str, journal_id: str, entry: wire.JournalEntry) -> None:
        evidence = entry.evidence
        if isinstance(evidence, wire.AsRunEntry | wire.StartEntry) and evidence.exercise:
            return
        if isinstance(evidence, wire.AsRunEntry):
            self._report(station_id, journal_id, entry.entry_no, evidence)
        elif isinstance(evidence, wire.StartEntry):
            known = self.book.results.get((station_id, evidence.slot_id))
            known = known or self._expected(evidence)
            started = reconcile.on_start(known, evidence.started_at, evidence.start_error_ms)
            self._put_result(station_id, evidence.slot_id, started)
        elif isinstance(evidence, wire.FlipEntry):
            self._note_switched_off(station_id, entry, evidence)

    def _report(self, station_id: str, journal_id: str, no: int, ran: wire.AsRunEntry) -> None:
        report = Report(
            journal_id=journal_id,
            entry_no=no,
            outcome=ran.outcome.value,
            reason=ran.reason.value if ran.reason else None,
            title=ran.title,
            planned_at=ran.planned_at,
            planned_ms=ran.planned_ms,
            started_at=ran.started_at,
            start_error_ms=ran.start_error_ms,
            played_ms=ran.played_ms,
        )
        known = self.book.results.get((station_id, ran.slot_id))
        result, change = reconcile.on_report(known, report, self.now)
        if change is not None:
            self.book.changes = (*self.book.changes, (station_id, ran.slot_id, change))
        self._put_result(station_id, ran.slot_id, result)

    def _expected(self, start: wire.StartEntry) -> Result:
        slot = self.book.slots.get(start.slot_id)
        if slot is None:
            return Result("", start.started_at, 0)
        return Result(slot.title, slot.starts_at, slot.duration_ms)

    def _put_result(self, station_id: str, slot_id: str, result: Result) -> None:
        key = (station_id, slot_id)
        self.book.results[key] = result
        if result.is_decided:
            self.book.undecided.pop(key, None)
        else:
            self.book.undecided[key] = None

    def _note_switched_off(
        self, station_id: str, entry: wire.JournalEntry, flip: wire.FlipEntry
    ) -> None:
        beat = self.book.standings.get(station_id, Standing()).last_word_at
        is_old = beat is not None and entry.at < beat - timedelta(seconds=5)
        if flip.health == "off" and "stopped" in flip.reasons and not is_old:
            self._stand(station_id, health="off", reasons=flip.reasons, on_air_slot_id=None)

    # --- time -------------------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Open the results of due slots; decide what silence or plans held make sure."""
        book, now = self.book, self.now
        since_ms = None if book.reconciled_ms is None else book.reconciled_ms - LOOKED_BACK_MS
        book.reconciled_ms = self.world.now_ms()
        since = None if since_ms is None else instant(since_ms)
        for slot_id, slot in book.slots.items():
            starts_at = slot.starts_at
            if starts_at <= now and (since is None or starts_at > since):
                self._open(slot_id, slot)
        self._let_time_pass(None)

    def _open(self, slot_id: str, slot: wire.PlannedSlot) -> None:
        rule = self.book.rules[self.book.owner[slot_id]]
        for station_id in rule.targets:
            if (station_id, slot_id) not in self.book.results:
                outcome = reconcile.UNKNOWN if slot.cancelled else reconcile.COMING
                opened = Result(
                    slot.title,
                    slot.starts_at,
                    slot.duration_ms,
                    outcome=outcome,
                    source=Source.PLAN,
                )
                self._put_result(station_id, slot_id, opened)

    def _let_time_pass(self, only: str | None) -> None:
        for station_id, slot_id in list(self.book.undecided):
            if only is None or station_id == only:
                self._lapse(station_id, slot_id)

    def _lapse(self, station_id: str, slot_id: str) -> None:
        known = result = self.book.results[station_id, slot_id]
        slot = self.book.slots.get(slot_id)
        standing = self.book.standings.get(station_id)
        if slot is not None and standing is not None:
            result = reconcile.on_holding(
                known, self._holding(station_id, slot, standing), self.now
            )
        is_cancelled = slot is not None and slot.cancelled
        result = reconcile.on_time(result, self.now, UNKNOWN_AFTER, is_cancelled=is_cancelled)
        if result != known:
            self._put_result(station_id, slot_id, result)

    def _holding(self, station_id: str, slot: wire.PlannedSlot, standing: Standing) -> Holding:
        lateness = timedelta(seconds=slot.lateness_s)
        has_sound = bool(slot.items) or slot.cancelled
        is_open = self.now <= slot.starts_at + lateness + reconcile.ALIVE_MARGIN
        ever_held = True
        if not (is_open and has_sound):
            highest = standing.highest if has_sound else None
            ever_held = self._ever_held(station_id, slot.slot_id, highest)
        return Holding(ever_held, standing.last_word_at, has_sound, lateness)

    def _ever_held(self, station_id: str, slot_id: str, highest: int | None) -> bool:
        plans = self.book.plans.get(station_id, ())
        if highest is not None and highest > max((plan.version for plan in plans), default=0):
            return True
        return any(
            slot_id in plan.digests for plan in plans if highest is None or plan.version <= highest
        )

    # --- what the world asks ----------------------------------------------------------------------

    def shown(self, station_id: str) -> tuple[str, int | None]:
        """How a station is shown now, and when it was last heard of."""
        standing = self.book.standings.get(station_id, Standing())
        facts = Facts(
            last_heartbeat_at=standing.last_word_at,
            health=standing.health,
            reasons=standing.reasons,
            on_air_slot_id=standing.on_air_slot_id,
            on_air_until_at=standing.on_air_until_at,
        )
        word_ms = None if standing.last_word_at is None else ms_of(standing.last_word_at)
        return shown_state(facts, self.now).state.value, word_ms

    def whole_up_to(self, station_id: str, journal_id: str) -> int:
        """The highest number below which no line of this journal is missing."""
        lines = self.book.lines.get((station_id, journal_id), {})
        number = 0
        while number + 1 in lines:
            number += 1
        return number

    def newest_plan(self, station_id: str) -> tuple[int, int]:
        """Epoch and version of the plan a station should hold."""
        plans = self.book.plans.get(station_id)
        return (plans[-1].epoch, plans[-1].version) if plans else (0, 0)

    def slots_where(self, wanted: Callable[[wire.PlannedSlot], bool]) -> list[wire.PlannedSlot]:
        """Slots that are not cancelled, in order."""
        found: Iterable[wire.PlannedSlot] = (
            slot for slot in self.book.slots.values() if not slot.cancelled and wanted(slot)
        )
        return sorted(found, key=lambda slot: (slot.starts_at, slot.slot_id))
