"""The invariants, each a pure function of the ledger: what was violated, where and when, in words.

Safety S1-S11, liveness L1-L5; X1-X3 are what a listener would name first. They share no code with
what they judge: hours, standing and lateness are worked out here once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from controller.domain.reconcile import Result, Source
from station_protocol import messages as wire
from tests.simulation.ledger import Due, Floors, Heard, Ledger, TakenBack
from tests.simulation.timeline import DAY, MINUTE, SECOND, instant, ms_of, spelled

ZONE = timezone(timedelta(hours=7))
CLASSES = ("ordinary", "priority", "emergency")
PLACES = ("commune", "district", "province")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
RACE_MS = 3 * SECOND
"""A play that was let go is not called back by what becomes known so shortly before its instant."""
DUE_AFTER_MS = 4 * SECOND
"""How long after an instant, or an answer, a sample is taken."""
SILENT_WITHIN_MS = 2 * SECOND + 500
ON_ITS_WAY_MS = 1 * SECOND
"""How long after a death a word said before it may still arrive, and count."""
WORST_CLOCK_MS = 75 * SECOND
"""Two seconds when it was vouched for, then 14 days of 50 ppm."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise broken."""

    name: str
    station_id: str
    at_ms: int
    words: str

    def __str__(self) -> str:
        return f"{self.name} {self.station_id} {spelled(self.at_ms)}: {self.words}"


Checker = Callable[[Ledger], Iterator[Violation]]


def _rank(slot: wire.PlannedSlot, sequence: int = 0) -> tuple[int, int, int]:
    return CLASSES.index(slot.priority.value), PLACES.index(slot.authority.value), sequence


def _rank_of(heard: Heard) -> tuple[int, int, int]:
    """The standing of what sounds; a test tone or a drill yields to everything."""
    is_drill = heard.order is not None and isinstance(heard.order.message.deed, wire.DrillDeed)
    if heard.slot is None or is_drill:
        return -1, 0, 0
    return _rank(heard.slot, heard.sequence)


def _as_runs(ledger: Ledger) -> Iterator[tuple[str, wire.JournalEntry, wire.AsRunEntry]]:
    for station_id, entries in ledger.journals.items():
        for entry in entries:
            if isinstance(entry.evidence, wire.AsRunEntry):
                yield station_id, entry, entry.evidence


def _by_slot(ledger: Ledger) -> dict[tuple[str, str], list[Heard]]:
    found: defaultdict[tuple[str, str], list[Heard]] = defaultdict(list)
    for heard in ledger.heard:
        if heard.slot_id is not None:
            found[heard.station_id, heard.slot_id].append(heard)
    return found


def _by_station(ledger: Ledger) -> dict[str, list[Heard]]:
    found: defaultdict[str, list[Heard]] = defaultdict(list)
    for heard in ledger.heard:
        found[heard.station_id].append(heard)
    return found


# --- safety ---------------------------------------------------------------------------------------


def s1_one_outcome(ledger: Ledger) -> Iterator[Violation]:
    """Each slot of each station has one final outcome; all but `aired` have a reason."""
    first: dict[tuple[str, str], wire.AsRunEntry] = {}
    for station_id, entry, ran in _as_runs(ledger):
        at_ms = ms_of(entry.at)
        if (station_id, ran.slot_id) in first:
            yield Violation("S1", station_id, at_ms, f"two outcomes of {ran.slot_id}")
        if ran.reason is None and ran.outcome != "aired":
            yield Violation("S1", station_id, at_ms, f"{ran.outcome} without a reason")
        first.setdefault((station_id, ran.slot_id), ran)
    for (station_id, slot_id), result in ledger.results.items():
        known = first.get((station_id, slot_id))
        if result.source == Source.JOURNAL and known and _differs(result, known):
            words = f"{slot_id} is {result.outcome} at the centre, {known.outcome} in the journal"
            yield Violation("S1", station_id, ms_of(result.planned_at), words)


def _differs(result: Result, ran: wire.AsRunEntry) -> bool:
    return (result.outcome, result.reason or None) != (ran.outcome.value, ran.reason)


def s2_approved_only(ledger: Ledger) -> Iterator[Violation]:
    """What sounds is what a signed plan of this station names, each sound approved by somebody."""
    for heard in ledger.heard:
        if heard.slot_id is None or _has_just_changed(heard):
            continue
        if heard.order is not None:
            yield from _not_as_ordered(ledger, heard)
            continue
        slot = heard.slot
        if slot is None or slot.cancelled:
            yield _of(heard, "S2", "no plan in force names it")
        elif heard.pieces != tuple(item.sha256 for item in slot.items):
            yield _of(heard, "S2", "other sound than the plan names")
        elif not all(item.approved_by for item in slot.items):
            yield _of(heard, "S2", "nobody approved it")


def _not_as_ordered(ledger: Ledger, heard: Heard) -> Iterator[Violation]:
    """An airing of an order has the signal and the words of the order, at a station it was for."""
    assert heard.order is not None
    message = heard.order.message
    _, stations = ledger.orders[message.order_id]
    sound = getattr(message.deed, "sound", None)
    allowed = {"tone", sound.sha256} if sound else {"tone"}
    if not set(heard.pieces) <= allowed:
        yield _of(heard, "S2", "other sound than the order names")
    if heard.station_id not in stations:
        yield _of(heard, "S2", "the order was for others")


def _has_just_changed(heard: Heard) -> bool:
    return heard.started_ms - heard.rules_since_ms < RACE_MS


def _of(heard: Heard, name: str, words: str) -> Violation:
    return Violation(name, heard.station_id, heard.started_ms, f"{heard.play_id}: {words}")


def s3_not_twice(ledger: Ledger) -> Iterator[Violation]:
    """A slot starts at most once at a station, and its intent is durable before it sounds."""
    for plays in _by_slot(ledger).values():
        for before, again in pairwise(plays):
            # An emergency sounds although the card takes nothing: the next run cannot know of it.
            if not before.is_unwritten:
                yield _of(again, "S3", "sounds a second time")
    for heard in ledger.heard:
        if not heard.is_intent_durable:
            yield _of(heard, "S3", "sounds before its intent is durable")
    for station_id, plays in _by_station(ledger).items():
        tones = [heard for heard in plays if heard.slot_id is None]
        if len(tones) > ledger.tones.get(station_id, 0):
            yield _of(tones[-1], "S3", "more test tones than were ordered")


def s4_cancel_holds(ledger: Ledger) -> Iterator[Violation]:
    """No start after the station knew of the cancellation; what sounded is silent in 2 seconds."""
    by_station = _by_station(ledger)
    for taken in ledger.taken_back:
        for heard in by_station.get(taken.station_id, ()):
            if heard.until_ms <= taken.known_ms or not _is_meant(taken, heard):
                continue
            began_before = heard.started_ms <= taken.known_ms + SECOND
            late_ms = heard.until_ms - max(taken.known_ms, heard.started_ms)
            if not began_before and taken.for_ever:
                yield _of(heard, "S4", f"starts although cancelled by {taken.how}")
            elif heard.started_ms <= taken.known_ms and late_ms > SILENT_WITHIN_MS:
                yield _of(heard, "S4", f"sounds {late_ms} ms after the {taken.how}")


def _is_meant(taken: TakenBack, heard: Heard) -> bool:
    if taken.order_id is not None:
        return heard.order is not None and heard.order.message.order_id == taken.order_id
    return taken.slot_id in (None, heard.slot_id)


def s5_emergency_first(ledger: Ledger) -> Iterator[Violation]:
    """While something higher is due and could sound, nothing lower sounds."""
    for sample in ledger.due:
        sounding, wanted = sample.sounding, _rank(sample.slot, sample.sequence)
        if sample.obstacle is not None or sounding is None or _has_had_its_turn(ledger, sample):
            continue
        if _rank_of(sounding) < wanted:
            words = f"{sample.slot.slot_id} ({sample.slot.priority}) waits for something lower"
            yield Violation("S5", sample.station_id, sample.at_ms, words)
    for plays in _by_station(ledger).values():
        for before, after in pairwise(plays):
            if _was_cut_by_lower(before, after) and not _was_stopped(ledger, before):
                yield _of(after, "S5", f"cuts {before.play_id}, which it may not")


def _has_had_its_turn(ledger: Ledger, sample: Due) -> bool:
    """An emergency that the network brings twice is answered twice, and sounds by its own count:
    it had begun before this answer, and is not due again yet.
    """
    if sample.order_id is None:
        return False
    deed = ledger.orders[sample.order_id][0].message.deed
    repeat_s = getattr(deed, "repeat_every_s", None)
    answered_ms = sample.at_ms - DUE_AFTER_MS
    since_ms = 0 if repeat_s is None else answered_ms - repeat_s * SECOND
    return any(
        since_ms < heard.started_ms < answered_ms
        for heard in ledger.heard
        if heard.station_id == sample.station_id
        and heard.order is not None
        and heard.order.message.order_id == sample.order_id
    )


def _was_cut_by_lower(before: Heard, after: Heard) -> bool:
    """Cut in the same moment by something that is not higher, while both were in the plan."""
    cut, cutter = before.slot, after.slot
    if cut is None or cutter is None or _has_just_changed(after) or before.order or after.order:
        return False
    whole_ms = sum(item.duration_ms for item in cut.items)
    is_cut = before.sounded_ms < whole_ms - SECOND
    follows = after.started_ms - before.until_ms < 100
    return is_cut and follows and before.run == after.run and _rank(cutter) <= _rank(cut)


def _was_stopped(ledger: Ledger, heard: Heard) -> bool:
    """Whether somebody ended it, and not what followed."""
    return any(
        taken.station_id == heard.station_id
        and heard.started_ms
        <= taken.known_ms
        <= heard.until_ms
        <= taken.known_ms + SILENT_WITHIN_MS
        and _is_meant(taken, heard)
        for taken in ledger.taken_back
    )


def s6_nothing_stale(ledger: Ledger) -> Iterator[Violation]:
    """No start before its instant, after its window or its plan, by a wild clock; no old order."""
    for heard in ledger.heard:
        if heard.order is not None:
            yield from _after_its_end(heard)
            continue
        if heard.slot is None or heard.plan is None or _has_just_changed(heard):
            continue
        wall, slot = heard.started_wall, heard.slot
        if wall < slot.starts_at - timedelta(seconds=1):
            yield _of(heard, "S6", f"starts before its instant {slot.starts_at}")
        if wall > slot.starts_at + timedelta(seconds=slot.lateness_s + 2):
            yield _of(heard, "S6", f"starts after its window from {slot.starts_at}")
        if wall > heard.plan.claims.not_after + timedelta(seconds=2):
            yield _of(heard, "S6", f"its plan expired at {heard.plan.claims.not_after}")
        if abs(heard.clock_error_ms) > WORST_CLOCK_MS:
            yield _of(heard, "S6", f"the clock is wrong by {heard.clock_error_ms} ms")
    yield from _orders_wrongly_obeyed(ledger)


def _orders_wrongly_obeyed(ledger: Ledger) -> Iterator[Violation]:
    for obeyed in ledger.obeyed:
        if not obeyed.is_remembered:
            words = f"{obeyed.order_id} answered before it is remembered"
            yield Violation("S6", obeyed.station_id, obeyed.at_ms, words)
        # How long the power was off nobody can know who has no clock: only what was on the card.
        at = min(instant(obeyed.at_ms), obeyed.at_least or instant(obeyed.at_ms))
        if at > obeyed.not_after + timedelta(milliseconds=WORST_CLOCK_MS):
            words = f"{obeyed.order_id} obeyed after {obeyed.not_after}"
            yield Violation("S6", obeyed.station_id, obeyed.at_ms, words)


def _after_its_end(heard: Heard) -> Iterator[Violation]:
    """An emergency sounds by any clock, but not once it is over for all its station can know."""
    assert heard.order is not None
    deed, ends_at = heard.order.message.deed, heard.order.claims.not_after
    if isinstance(deed, wire.EmergencyDeed):
        ends_at = min(deed.until_at, ends_at)
    at = min(instant(heard.started_ms), heard.at_least or instant(heard.started_ms))
    if at > ends_at + timedelta(milliseconds=WORST_CLOCK_MS):
        yield _of(heard, "S6", f"starts after its order ended at {ends_at}")


def s7_scope(ledger: Ledger) -> Iterator[Violation]:
    """A station plays only from plans that were signed for it.

    That a message to another station is not even opened: tests/unit/station_protocol and
    tests/chaos/test_forgeries.py. That people change nothing outside their place:
    tests/integration.
    """
    for heard in ledger.heard:
        if heard.slot_id is None or heard.plan is None or heard.order is not None:
            continue
        claims = heard.plan.claims
        signed = ledger.signed.get((heard.station_id, claims.epoch, claims.version))
        if signed is not heard.plan:
            yield _of(heard, "S7", f"the plan in force is for {claims.audience}")


def s8_no_burst(ledger: Ledger) -> Iterator[Violation]:
    """Never two at once; late items of one run start at least a minute apart."""
    for plays in _by_station(ledger).values():
        for before, after in pairwise(plays):
            if after.started_ms < before.until_ms:
                yield _of(after, "S8", f"sounds together with {before.play_id}")
        late = [heard for heard in plays if _is_late(heard)]
        for before, after in pairwise(late):
            apart_ms = after.started_ms - before.started_ms
            if before.run == after.run and apart_ms < MINUTE - SECOND:
                yield _of(after, "S8", f"a late start {apart_ms} ms behind another")
    for queued in ledger.queued:
        words = f"{queued.play_id} let go {queued.wait_ms} ms before {queued.behind} ends"
        yield Violation("S8", queued.station_id, queued.at_ms, words)


def _is_late(heard: Heard) -> bool:
    slot = heard.slot
    return slot is not None and heard.started_wall - slot.starts_at > timedelta(seconds=6)


def s9_monotone(ledger: Ledger) -> Iterator[Violation]:
    """Plan version, epoch, seen orders and the latest time seen never go down, crash or not."""
    last: dict[str, Floors] = {}
    for now in ledger.floors:
        before = last.get(now.station_id)
        last[now.station_id] = now
        if now.marked_at and not _is_kept(now.marked_at, now.latest_at):
            words = f"the latest time is kept as {now.latest_at} at {now.marked_at}"
            yield Violation("S9", now.station_id, now.at_ms, words)
        if before is None:
            continue
        for what, old, new in _floors(before, now):
            if new < old:
                words = f"{what} went from {old} down to {new}"
                yield Violation("S9", now.station_id, now.at_ms, words)


def _is_kept(marked_at: datetime, latest_at: datetime | None) -> bool:
    return latest_at is not None and latest_at > marked_at - timedelta(seconds=5)


def _floors(
    before: Floors, now: Floors
) -> Iterator[tuple[str, tuple[object, ...], tuple[object, ...]]]:
    old, new = before.memory, now.memory
    yield "the plan", before.plan, now.plan
    floor = (new.plan_epoch, new.plan_version)
    yield "the floor of plans", (old.plan_epoch, old.plan_version), floor
    limits = (new.limits_epoch, new.limits_version)
    yield "the limits", (old.limits_epoch, old.limits_version), limits
    yield "the epoch", (old.epoch,), (new.epoch,)
    if before.latest_at is not None:
        yield "the latest time", (before.latest_at,), (now.latest_at or LONG_AGO,)
    if old is not new:
        kept = {seen.nonce for seen in new.orders}
        at = instant(now.at_ms)
        lost = [seen for seen in old.orders if seen.nonce not in kept and seen.not_after > at]
        yield "orders known and in force", (len(lost),), (0,)


def s10_audit(ledger: Ledger) -> Iterator[Violation]:
    """Nothing here: people and their deeds at the centre are not simulated.

    Every change has its row, and no row can be changed: tests/integration/services and web.
    """
    yield from ()


def s11_honest_uptime(ledger: Ledger) -> Iterator[Violation]:
    """No minute counts as up without evidence: a run that broke off is closed where it was last
    alive, and the board shows nobody as there 90 seconds after the last word.
    """
    for station_id, entries in ledger.journals.items():
        yield from _unproven(ledger, station_id, entries)
    for shown in ledger.shown:
        if shown.state in ("ready", "degraded", "on_air") and (
            shown.last_word_ms is None or shown.at_ms - shown.last_word_ms > 90 * SECOND
        ):
            words = f"shown as {shown.state} without a word for 90 s"
            yield Violation("S11", shown.station_id, shown.at_ms, words)


def _unproven(
    ledger: Ledger, station_id: str, entries: list[wire.JournalEntry]
) -> Iterator[Violation]:
    up_since: datetime | None = None
    is_up = False
    for entry in entries:
        flip = entry.evidence
        if not isinstance(flip, wire.FlipEntry):
            continue
        if flip.health == "starting" and is_up:
            words = "a run begins and the one before was never closed"
            yield Violation("S11", station_id, ms_of(entry.at), words)
        if flip.health == "off":
            if up_since is not None and not _was_alive(ledger, station_id, up_since, entry.at):
                words = f"counts as up from {up_since} to {entry.at}"
                yield Violation("S11", station_id, ms_of(entry.at), words)
            is_up, up_since = False, None
        elif flip.health != "starting" and entry.clock != "none":
            up_since = up_since or entry.at
        is_up = is_up or flip.health not in ("off", "starting")


def _was_alive(ledger: Ledger, station_id: str, since: datetime, until: datetime) -> bool:
    if station_id in ledger.stepped:
        return True
    first, last = ms_of(since), ms_of(until)
    return any(
        span.from_ms - 20 * SECOND <= first and last <= span.until_ms + 20 * SECOND
        for span in ledger.alive
        if span.station_id == station_id
    )


# --- liveness -------------------------------------------------------------------------------------


def l1_evidence_in_time(ledger: Ledger) -> Iterator[Violation]:
    """15 minutes after the way is good again the centre has every line, and an outcome of each slot
    whose time has come.
    """
    yield from _broken(ledger, "L1", "lines at the centre")
    ended = {(station_id, ran.slot_id) for station_id, _, ran in _as_runs(ledger)}
    for station_id, slots in ledger.planned.items():
        for slot in slots.values():
            over_ms = ms_of(slot.starts_at) + slot.lateness_s * 1000 + slot.duration_ms
            if over_ms + 30 * MINUTE > ledger.ended_ms:
                continue
            at_ms = ms_of(slot.starts_at)
            if (station_id, slot.slot_id) not in ended:
                if _had_left_the_plan(ledger, station_id, slot):
                    continue
                yield Violation("L1", station_id, at_ms, f"{slot.slot_id} has no outcome there")
                continue
            result = ledger.results.get((station_id, slot.slot_id))
            if result is None or not result.is_decided:
                words = f"{slot.slot_id} has no outcome at the centre"
                yield Violation("L1", station_id, at_ms, words)


def _had_left_the_plan(ledger: Ledger, station_id: str, slot: wire.PlannedSlot) -> bool:
    """The newest plan made before its instant did not name it: only the card was behind."""
    before = [
        signed.message
        for (name, _, _), signed in ledger.signed.items()
        if name == station_id and signed.message.made_at <= slot.starts_at
    ]
    newest = max(before, key=lambda plan: plan.made_at, default=None)
    return newest is not None and all(one.slot_id != slot.slot_id for one in newest.slots)


def _broken(ledger: Ledger, name: str, what: str) -> Iterator[Violation]:
    for promise in ledger.promises:
        if promise.name == name and promise.found < promise.wanted:
            words = f"{what}: {promise.found} instead of {promise.wanted}"
            yield Violation(name, promise.station_id, promise.at_ms, words)


def l2_plan_in_time(ledger: Ledger) -> Iterator[Violation]:
    """Two minutes after the way is good, or a plan was signed, a station holds the newest plan."""
    yield from _broken(ledger, "L2", "plan held")


def l3_outbox_young(ledger: Ledger) -> Iterator[Violation]:
    """No line waits for more than an hour of good network."""
    yield from _broken(ledger, "L3", "lines confirmed at the station")


def l4_down_is_shown(ledger: Ledger) -> Iterator[Violation]:
    """A station that is down is shown so within 90 s; one that beats each 30 s is never lost."""
    for shown in ledger.shown:
        is_shown_up = shown.state in ("ready", "degraded", "on_air")
        on_its_way_ms = shown.last_word_ms - (shown.at_ms - shown.is_down_for_ms)
        allowed_ms = 90 * SECOND + min(max(0, on_its_way_ms), ON_ITS_WAY_MS)
        if shown.is_down_for_ms > allowed_ms and is_shown_up:
            words = f"down for {shown.is_down_for_ms} ms and shown as {shown.state}"
            yield Violation("L4", shown.station_id, shown.at_ms, words)
        beats = ledger.beat_ms <= 30 * SECOND
        if beats and shown.is_well_for_ms > 3 * MINUTE and not is_shown_up:
            words = f"well and connected, and shown as {shown.state}"
            yield Violation("L4", shown.station_id, shown.at_ms, words)


def l5_silence_is_decided(ledger: Ledger) -> Iterator[Violation]:
    """After 24 hours a slot nobody reported is missed(unknown_timeout), until the report comes."""
    ended = {(station_id, ran.slot_id) for station_id, _, ran in _as_runs(ledger)}
    for (station_id, slot_id), result in ledger.results.items():
        at_ms = ms_of(result.planned_at)
        if not result.is_decided and at_ms + DAY + 20 * MINUTE < ledger.ended_ms:
            yield Violation("L5", station_id, at_ms, f"{slot_id} undecided after 24 hours")
        if result.source == Source.TIMEOUT and (station_id, slot_id) in ended:
            yield Violation("L5", station_id, at_ms, f"the report of {slot_id} changed nothing")


# --- what a listener would say --------------------------------------------------------------------


def x1_hours_hold(ledger: Ledger) -> Iterator[Violation]:
    """Nothing but an emergency sounds outside the hours, or longer than the limits, of the card."""
    for heard in ledger.heard:
        slot, limits = heard.slot, heard.limits
        if slot is None or limits is None or slot.priority == "emergency":
            continue
        if _has_just_changed(heard):
            continue
        length_ms = sum(item.duration_ms for item in slot.items)
        opens = heard.started_wall.astimezone(ZONE)
        first = opens.hour * 60 + opens.minute + opens.second / 60
        last = first + length_ms / MINUTE
        if not any(
            span.opens_min - 0.02 <= first and last <= span.closes_min + 0.1
            for span in limits.hours
        ):
            yield _of(heard, "X1", f"sounds at {opens:%H:%M:%S}, outside the hours")
        if length_ms > limits.max_length_ms:
            yield _of(heard, "X1", "is longer than allowed")


def x2_honest(ledger: Ledger) -> Iterator[Violation]:
    """What the journal says of a slot is what was heard of it; what was heard is in the journal."""
    heard = _by_slot(ledger)
    told: set[tuple[str, str]] = set()
    for station_id, entry, ran in _as_runs(ledger):
        told.add((station_id, ran.slot_id))
        plays = [play for play in heard.get((station_id, ran.slot_id), []) if not play.is_unwritten]
        problem = _lie(ran, plays, ledger.uncounted_ms)
        if problem is not None:
            yield Violation(
                "X2", station_id, ms_of(entry.at), f"{ran.slot_id} {ran.outcome}: {problem}"
            )
    for (station_id, slot_id), plays in heard.items():
        if plays[0].is_unwritten:
            continue  # an order sounds without the card; what that never took ended with the run
        if (station_id, slot_id) not in told and plays[0].until_ms + MINUTE < ledger.ended_ms:
            yield _of(plays[0], "X2", "was heard, and the journal does not know")


def _lie(ran: wire.AsRunEntry, plays: list[Heard], may_be_uncounted_ms: int) -> str | None:
    sounded_ms = sum(play.sounded_ms for play in plays)
    if ran.outcome in ("missed", "cancelled", "superseded"):
        return f"heard for {sounded_ms} ms" if sounded_ms else None
    if ran.outcome in ("aired", "late"):
        short = sounded_ms < ran.planned_ms - 1_500
        return f"heard for {sounded_ms} of {ran.planned_ms} ms only" if short else None
    by_mark = ran.reason in ("agent_down", "power_off") or any(play.is_stuck for play in plays)
    uncounted_ms = sounded_ms - ran.played_ms
    if by_mark and uncounted_ms > 0 and any(play.is_unmarked for play in plays):
        return None
    if abs(uncounted_ms) > (may_be_uncounted_ms if by_mark else 1_500):
        return f"counted {ran.played_ms} ms, heard {sounded_ms} ms"
    if not by_mark and sounded_ms >= ran.planned_ms:
        return "heard whole"
    return None


def x3_sounds_when_it_can(ledger: Ledger) -> Iterator[Violation]:
    """A slot that nothing keeps from sounding sounds at its instant."""
    for sample in ledger.due:
        if sample.obstacle is None and sample.sounding is None:
            if _something_higher_comes(ledger, sample) or _is_being_cut(ledger, sample):
                continue
            words = f"{sample.slot.slot_id} ({sample.slot.priority}) is silent without a reason"
            yield Violation("X3", sample.station_id, sample.at_ms, words)


def _something_higher_comes(ledger: Ledger, sample: Due) -> bool:
    soon = timedelta(seconds=12)
    if sample.order_id is not None:
        return False
    return any(
        _rank(other) > _rank(sample.slot) and abs(other.starts_at - sample.slot.starts_at) <= soon
        for other in ledger.planned.get(sample.station_id, {}).values()
    )


def _is_being_cut(ledger: Ledger, sample: Due) -> bool:
    """It did sound, and was stopped or cut in the same seconds."""
    return any(
        heard.order.message.order_id == sample.order_id
        if heard.order is not None
        else heard.slot_id == sample.slot.slot_id
        for heard in ledger.heard
        if heard.station_id == sample.station_id and heard.started_ms <= sample.at_ms
    )


CHECKERS: dict[str, Checker] = {
    "S1": s1_one_outcome,
    "S2": s2_approved_only,
    "S3": s3_not_twice,
    "S4": s4_cancel_holds,
    "S5": s5_emergency_first,
    "S6": s6_nothing_stale,
    "S7": s7_scope,
    "S8": s8_no_burst,
    "S9": s9_monotone,
    "S10": s10_audit,
    "S11": s11_honest_uptime,
    "L1": l1_evidence_in_time,
    "L2": l2_plan_in_time,
    "L3": l3_outbox_young,
    "L4": l4_down_is_shown,
    "L5": l5_silence_is_decided,
    "X1": x1_hours_hold,
    "X2": x2_honest,
    "X3": x3_sounds_when_it_can,
}


def violations(ledger: Ledger) -> list[Violation]:
    """Everything that is wrong with a world."""
    found = [one for check in CHECKERS.values() for one in check(ledger)]
    return sorted(found, key=lambda one: (one.at_ms, one.name, one.station_id))
