"""What is wrong at this moment, at stations and at the centre, read from what is written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.alarms import silent_everywhere
from controller.domain.emergencies import Kind, State
from controller.domain.notices import NoticeKind
from controller.domain.schedule import local_date
from controller.domain.station_state import FRESH_FOR, ShownState
from controller.services.emergency_views import owed_endings
from controller.services.notice_finds import LOOKS_BACK, Find, of_station
from controller.services.notice_people import People
from controller.storage.models import (
    BrokerDenialRow,
    EmergencyOrderRow,
    EmergencyRow,
    JournalEntryRow,
    NoticeItemRow,
    OrderReplyRow,
    StationStateRow,
)

ANSWERED_WITHIN = timedelta(seconds=30)
"""A station that is there answers an order at once; a resting one is asked again within 30 s."""

FAULT_HELD_FOR = timedelta(minutes=10)
"""A fault that mends itself within so long (a clock after a start, a slow line) is none."""

DISK_LOW_BYTES = 500_000_000
"""As `StationDiskLow` in deploy/prometheus/vang.rules.yml has it."""

_GONE = frozenset({ShownState.UNKNOWN.value, ShownState.DOWN.value})
_BAD_CLOCK = frozenset({"last_known", "none"})
_FORGED = ("signature_bad", "replayed", "wrong_audience")


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A thing that was told and still held when last looked at."""

    item_key: str
    facts: Mapping[str, str]
    groups: set[str] = field(default_factory=set)


def open_items(session: Session, kind: NoticeKind) -> dict[str, OpenItem]:
    """What is open of a kind, by all of its key but the instant it began at."""
    query = select(NoticeItemRow).where(
        NoticeItemRow.kind == kind.value, NoticeItemRow.ended_at.is_(None)
    )
    found: dict[str, OpenItem] = {}
    for row in session.scalars(query):
        subject = row.item_key.rpartition(" ")[0]
        found.setdefault(subject, OpenItem(row.item_key, row.facts)).groups.add(row.group_key)
    return found


def stations_down(
    session: Session, people: People, now: datetime, *, since: datetime, grace: timedelta
) -> Iterator[Find]:
    """Stations nobody has heard of for longer than `grace`, or that said good-bye.

    `since`: when this centre began to look; before that nobody could have heard them. One that was
    told stays so until it is heard again, also while it is worked at.
    """
    if now - since < grace:
        return
    told, tree = open_items(session, NoticeKind.STATION_DOWN), people.tree
    rows = session.scalars(
        select(StationStateRow).where(StationStateRow.shown_state != ShownState.NEVER.value)
    ).all()
    gone = [row for row in rows if row.shown_state in _GONE]
    everywhere = silent_everywhere(
        {row.station_id: row.shown_since_at or now for row in gone},
        {
            one.station_id: district.place_id
            for one in tree.stations.values()
            if (district := tree.district_of(one.place_id))
        },
        len(rows),
    )
    for row in rows:
        began_at = (row.shown_since_at or now).isoformat()
        facts: Mapping[str, str] = {"at": began_at, "state": row.shown_state}
        key, whole = began_at, row.station_id in everywhere
        before = told.get(row.station_id)
        if before is not None and not _is_heard(row, now):
            key, facts = before.item_key.rpartition(" ")[2], before.facts
            whole = any(tree.places[group].parent_id is None for group in before.groups)
        elif row.shown_state not in _GONE or (row.shown_since_at or now) > now - grace:
            continue
        yield from of_station(
            people, NoticeKind.STATION_DOWN, row.station_id, key, facts, whole=whole
        )


def _is_heard(row: StationStateRow, now: datetime) -> bool:
    if row.shown_state == ShownState.MAINT.value:
        return row.last_heartbeat_at is not None and now - row.last_heartbeat_at < FRESH_FOR
    return row.shown_state not in _GONE


def unheard_emergencies(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Stations that did not accept what was sent in an emergency that is still on, and those that
    took one and not what corrects it or calls it off.
    """
    yield from _unheard_endings(session, people, now)
    query = (
        select(EmergencyRow, EmergencyOrderRow)
        .join(EmergencyOrderRow, EmergencyOrderRow.emergency_id == EmergencyRow.emergency_id)
        .where(
            EmergencyRow.state == State.SENT.value,
            EmergencyRow.kind == Kind.LIVE.value,
            EmergencyRow.until_at > now,
            EmergencyRow.ended_at.is_(None),
            EmergencyOrderRow.sent_at <= now - ANSWERED_WITHIN,
        )
    )
    found = session.execute(query).all()
    if not found:
        return
    order_ids = [order.order_id for _row, order in found]
    replies = {
        (one.order_id, one.station_id): one
        for one in session.scalars(
            select(OrderReplyRow).where(OrderReplyRow.order_id.in_(order_ids))
        )
    }
    resting = _in_maintenance(session)
    for row, order in found:
        for station in people.tree.stations_in([order.place_id]):
            reply = replies.get((order.order_id, station.station_id))
            if (reply is not None and reply.accepted) or station.station_id in resting:
                continue
            facts = {
                "emergency_id": row.emergency_id,
                "title": row.title,
                "at": order.sent_at.isoformat(),
                "why": (reply.why or "refused") if reply else "",
            }
            key = f"{row.emergency_id} {order.part} {order.order_id}"
            yield from of_station(people, NoticeKind.UNHEARD, station.station_id, key, facts)


def _unheard_endings(session: Session, people: People, now: datetime) -> Iterator[Find]:
    resting = _in_maintenance(session)
    for owed in owed_endings(session, people.tree, now):
        if owed.sent_at > now - ANSWERED_WITHIN:
            continue
        for trace in owed.traces:
            if trace.station_id in resting:
                continue
            facts = {
                "emergency_id": owed.row.emergency_id,
                "title": owed.row.title,
                "at": owed.sent_at.isoformat(),
                "why": trace.refusal or ("refused" if trace.accepted is False else ""),
                "part": owed.part.value,
            }
            key = f"{owed.row.emergency_id} {owed.part} {owed.sent_at.isoformat()}"
            yield from of_station(people, NoticeKind.UNHEARD, trace.station_id, key, facts)


def forged_messages(session: Session, people: People, now: datetime) -> Iterator[Find]:
    """Orders and plans a station refused as not ours, and messages sent in a foreign name.

    Told once for each station, sort and day.
    """
    first: dict[tuple[str, str, str], Mapping[str, str]] = {}

    def note(station_id: str, why: str, at: datetime, what: str) -> None:
        key = station_id, why, local_date(at).isoformat()
        first.setdefault(key, {"why": why, "what": what, "at": at.isoformat()})

    entries = select(JournalEntryRow).where(
        JournalEntryRow.kind == "refusal", JournalEntryRow.at > now - LOOKS_BACK
    )
    for entry in session.scalars(entries.order_by(JournalEntryRow.at)):
        why = entry.evidence.get("why") or entry.evidence.get("code") or ""
        if why in _FORGED:
            note(entry.station_id, why, entry.at, entry.evidence.get("what", ""))
    denials = select(BrokerDenialRow).where(
        BrokerDenialRow.station_id.is_not(None),
        BrokerDenialRow.action == "publish",
        BrokerDenialRow.at > now - LOOKS_BACK,
    )
    for row in session.scalars(denials.order_by(BrokerDenialRow.at)):
        note(row.station_id or "", "publish", row.at, "")
    for (station_id, why, day), facts in first.items():
        yield from of_station(people, NoticeKind.FORGED, station_id, f"{why} {day}", facts)


def _in_maintenance(session: Session) -> frozenset[str]:
    return frozenset(
        session.scalars(
            select(StationStateRow.station_id).where(
                StationStateRow.shown_state == ShownState.MAINT.value
            )
        )
    )


class Lasting:
    """Remembers since when something is wrong, so that what mends itself soon is not told.

    It forgets with the process: what was told is known from its row, the rest is waited for anew.
    """

    def __init__(self) -> None:
        self._since: dict[tuple[NoticeKind, str], datetime] = {}

    def still(
        self,
        kind: NoticeKind,
        wrong: Mapping[str, timedelta],
        told: Mapping[str, OpenItem],
        now: datetime,
    ) -> dict[str, str]:
        """Subject -> instant that ends its key, of what is wrong and was told or lasts long enough.

        `wrong`: subject -> how long it has to last.
        """
        for key in [key for key in self._since if key[0] is kind and key[1] not in wrong]:
            del self._since[key]
        found = {}
        for subject, wait in wrong.items():
            began_at = self._since.setdefault((kind, subject), now)
            if subject in told:
                found[subject] = told[subject].item_key.rpartition(" ")[2]
            elif now - began_at >= wait:
                found[subject] = began_at.isoformat()
        return found


def station_faults(
    session: Session, people: People, now: datetime, lasting: Lasting
) -> Iterator[Find]:
    """Stations that are heard, and whose clock, card or journal is in a bad way."""
    wrong: dict[str, timedelta] = {}
    facts: dict[str, Mapping[str, str]] = {}
    told = open_items(session, NoticeKind.STATION_FAULT)
    silent: set[str] = set()
    for row in session.scalars(select(StationStateRow)):
        if row.shown_state in {*_GONE, ShownState.MAINT.value}:
            silent.add(row.station_id)
            continue
        for what in _faults(row, now):
            wrong[f"{row.station_id} {what}"] = FAULT_HELD_FOR
    for subject in told:  # nobody hears that it is mended either
        if subject.partition(" ")[0] in silent:
            wrong[subject] = FAULT_HELD_FOR
    for subject, began in lasting.still(NoticeKind.STATION_FAULT, wrong, told, now).items():
        station_id, _, what = subject.partition(" ")
        facts[subject] = {"what": what, "at": began}
        yield from of_station(
            people, NoticeKind.STATION_FAULT, station_id, f"{what} {began}", facts[subject]
        )


def _faults(row: StationStateRow, now: datetime) -> Iterator[str]:
    reasons = set(row.health_reasons or ())
    if row.clock_level in _BAD_CLOCK or reasons & {"clock_wrong", "clock_untrusted"}:
        yield "clock"
    is_low = row.disk_free_bytes is not None and row.disk_free_bytes < DISK_LOW_BYTES
    if is_low or reasons & {"disk_low", "disk_full", "storage_readonly"}:
        yield "disk"
    told_at, head = row.journal_told_at, row.journal_head
    is_behind = head > row.journal_stored_up_to and (
        told_at is None or now - told_at > JOURNAL_LATE
    )
    if is_behind:
        yield "journal"


JOURNAL_LATE = timedelta(minutes=30)
"""A connected station hands its lines over within seconds; so long behind it is stuck."""


def centre_troubles(
    session: Session,
    people: People,
    now: datetime,
    lasting: Lasting,
    signs: Mapping[str, Mapping[str, str]],
) -> Iterator[Find]:
    """What is wrong with the centre itself, for those who look after the province.

    `signs`: what -> its facts.
    """
    told = open_items(session, NoticeKind.CENTRE)
    wrong = dict.fromkeys(signs, timedelta())
    for what, began in lasting.still(NoticeKind.CENTRE, wrong, told, now).items():
        facts = {**signs[what], "what": what, "at": began}
        for root in people.tree.children(None):
            readers = frozenset(
                one.actor.account_id for one in people.at(root.place_id, NoticeKind.CENTRE)
            )
            if readers:
                yield Find(
                    NoticeKind.CENTRE,
                    root.place_id,
                    f"{what} {began}",
                    root.place_id,
                    {**facts, "place_id": root.place_id},
                    readers,
                )


CentreSigns = Callable[[], Mapping[str, Mapping[str, str]]]
"""Tells what is wrong with the centre."""


def agents_behind(session: Session) -> Mapping[str, str] | None:
    """Facts of more than a fifth of the stations running an old agent; None: they do not."""
    versions: defaultdict[str, int] = defaultdict(int)
    query = select(StationStateRow.agent_version).where(
        StationStateRow.agent_version.is_not(None),
        StationStateRow.shown_state != ShownState.NEVER.value,
    )
    for version in session.scalars(query):
        versions[version or ""] += 1
    if not versions:
        return None
    newest = max(versions, key=_version_order)
    total = sum(versions.values())
    old = total - versions[newest]
    if 5 * old <= total:
        return None
    return {"newest": newest, "old": str(old), "all": str(total)}


def _version_order(version: str) -> tuple[tuple[int, ...], str]:
    numbers = version.split("+")[0].split("-")[0].split(".")
    return tuple(int(one) if one.isdigit() else -1 for one in numbers), version
