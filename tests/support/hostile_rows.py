"""Hostile words in every stored column in which somebody else's words can ever stand.

What came in by another door, by an older version, or from a station's own program: the pages must
stand it, whatever the forms refuse today.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, String, Table, text, update

from controller.domain.accounts import Role
from controller.domain.figures import MonthFigures, Sums, to_json
from controller.domain.periods import Basis, Length, period
from controller.services.as_run import AsRun
from controller.services.bulletins import Draft
from controller.services.filing import Filing
from controller.services.notice_watch import NoticeWatch
from controller.storage.models import (
    Base,
    ListeningCheckRow,
    MonthCloseRow,
    NoticeRow,
    PriorityOrderRow,
    SlotPlacingRow,
    SlotRow,
)
from station_protocol.messages import FaultEntry, RefusalEntry, TraceEntry, TraceFact
from station_protocol.vocabulary import FactCode, Outcome, Reason
from tests.support import wire
from tests.support.hostile_texts import HIDDEN, SHOWN
from tests.support.neighbours import PAST_SLOT, District, Neighbours
from tests.support.web import NOW

SHORT = '"><script>alert(30)</script><img src=x onerror=alert(9)>\u202e'
"""For names of people and what a station tells: these have a length."""
NAMES = ("_name", "_by", "full_name")
KEPT = {"place_id", "parent_id", "station_id", "account_id", "role", "username", "kind", "state"}
"""Columns whose words the program itself chose."""

HOSTILE = " ".join(
    (*SHOWN, *(one for one in HIDDEN if not any(char < " " for char in one)))
)  # what controls a terminal is refused at every door; see the forms
"""All of them in one text."""

OURS = """
    account.language account.password_hash account.role account.username
    api_token.hint api_token.last_address api_token.scopes api_token.token_hash
    audit.action audit_seal.link broker_denial.action
    bulletin.category bulletin.search_text bulletin.state bulletin_tag.tag_key
    bulletin_version.cues bulletin_version.findings bulletin_version.language
    bulletin_version.original_sha256 bulletin_version.refusal_code bulletin_version.sha256
    bulletin_version.source bulletin_version.state bulletin_version.waveform
    cap_alert.digest emergency.hazard emergency.kind emergency.state emergency.target_ids
    emergency_order.part emergency_part.part emergency_part.piece_id
    emergency_translation.language emergency_translation.part equipment_item.kind
    equipment_item.photo_sha256 fault_report.cause fault_report.source holding.sha256
    ingest_job.claimed_by ingest_job.spool_name ingest_job.state
    journal_entry.clock journal_entry.journal_id journal_entry.kind
    meta.key meta.value notice.group_key notice.kind notice_choice.ways notice_delivery.state
    notice_delivery.way notice_item.group_key notice_item.item_key notice_item.kind outbox.topic
    piece.sha256 piece.state pole_code.code
    place.code place.kind place.kind_word place.name place.zone
    programme.chimes programme.end_policy programme_item.asset programme_item.kind
    repair_part.deed schedule.authority schedule.holidays schedule.priority schedule.recurrence
    schedule_template.holidays schedule_template.priority schedule_template.target_ids
    session.address session.token_hash signed_order.audience
    day_figure.bulletins day_figure.causes day_figure.heard_ms day_figure.outages
    day_figure.outcomes listening_check.heard month_close.basis month_close.figures
    notice.acknowledged_by notice_delivery.what
    slot.authority slot.other_items slot.priority slot_placing.cause
    slot_result.journal_id slot_result.outcome slot_result.reason slot_result.slot_id
    slot_result.source slot_result_change.from_outcome slot_result_change.from_reason
    slot_result_change.kind slot_result_change.slot_id slot_result_change.to_outcome
    slot_result_change.to_reason
    station.broker_password_hash station.broker_password_pbkdf2 station.language_order
    station.sound_over station.sound_token_hash station_absence.kind station_flip.source
    station_flip.state station_limits.content_hash station_plan.content_hash
    station_plan.required_assets station_plan.slots station_state.clock_level
    station_state.health station_state.journal_id station_state.on_air_slot_id
    station_state.shown_state
"""
"""Columns of words nobody types: chosen by the program, from a list, or a hash."""

TOLD = {
    "audit": {"actor": SHORT, "address": SHORT, "object_id": SHORT, "object_kind": SHORT},
    "broker_denial": {"username": SHORT},
    "bulletin_version": {
        "engine": SHORT, "voice": SHORT, "spoken_text": HOSTILE,
        "refusal_facts": {"codec": SHORT, "reason": SHORT, "name": SHORT},
    },
    "cap_alert": {"came_from": f"javascript:alert(1)//{SHORT}", "handled_by_name": SHORT},
    "decline": {"accepted_by": SHORT},
    "equipment_item": {"retired_why": HOSTILE},
    "fault_report": {"assigned_to": SHORT, "repair_note": HOSTILE},
    "emergency": {"reviewed_by_name": SHORT},
    "maintenance_window": {"ended_by": SHORT},
    "slot": {"moved_by": SHORT},
    "speaker_cluster": {"place_note": HOSTILE, "retired_why": HOSTILE},
    "station": {"name": SHORT, "identifier_code": SHORT},
    "station_contact": {"role": HOSTILE, "number": SHORT},
    "station_state": {
        "boot_id": SHORT, "health_reasons": [SHORT, "disk_low"], "refused": {SHORT: 3},
    },
}  # fmt: skip
"""What the furniture of a district does not fill: table -> column -> words for each of its rows."""


def spoil(both: Neighbours) -> None:
    """Every column of the district there, and what people are told of it."""
    there = both.there
    _officer_writes(both, there)
    _station_tells(both, there)
    _two_meet(both, there)
    _heard(both, there)
    _replace(both, there.mark)
    _fill(both, there)
    both.centre.places.reload()
    _tell_everybody(both)
    with both.centre.database.write() as session:
        session.execute(update(NoticeRow).values(acknowledged_by_name=SHORT, acknowledged_at=NOW))


def unspoilt(both: Neighbours) -> list[str]:
    """Columns of words, `table.column`, that hold no hostile one and are not named in OURS."""
    missing = []
    with both.centre.database.read() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.execute(table.select()).mappings().all()
            missing += [
                f"{table.name}.{one.name}"
                for one in _of_words(table)
                if not any("alert(" in json.dumps(row[one.name], default=str) for row in rows)
            ]
    return sorted(set(missing) - set(OURS.split()))


def _of_words(table: Table) -> list[Column[Any]]:
    return [
        one
        for one in table.columns
        if isinstance(one.type, String | JSON)
        and not one.foreign_keys
        and not (one.primary_key and one.name.endswith("_id"))
    ]


def _officer_writes(both: Neighbours, district: District) -> None:
    """A bulletin of the commune itself: an officer does not see the district's."""
    officer = district.people[Role.COMMUNE_OFFICER]
    words = Draft(district.words("xã"), "notice", district.words("lời"), district.commune_id)
    services = both.centre.services
    own = services.bulletins.create(officer, words, filing=Filing(f"{district.mark} nhãn"))
    services.comments.say(officer, own, district.words("ý kiến"))
    district.ids["officer.bulletin_id"] = own


def _heard(both: Neighbours, district: District) -> None:
    """A listening check, and a month closed under such names."""
    with both.centre.database.write() as session:
        session.add(
            ListeningCheckRow(
                listening_check_id="hostile",
                station_id=district.ids["station_id"],
                heard="heard",
                listened_at=NOW,
                note=SHORT,
                checked_by=district.people[Role.COMMUNE_OFFICER].account_id,
                checked_by_name=SHORT,
                written_at=NOW,
            )
        )
        names = {
            "station": SHORT, "place_id": district.commune_id, "place": SHORT,
            "district_id": district.place_id, "district": SHORT, "zone": "III",
            "is_coastal": False, "clusters": 1,
        }  # fmt: skip
        october = period(Basis.CALENDAR, Length.MONTH, 2026, 10)
        session.add(
            MonthCloseRow(
                station_id=district.ids["station_id"],
                basis=october.basis.value,
                first_on=october.first_on,
                closed_at=NOW,
                names=names,
                figures=to_json(MonthFigures(Sums(days=31), ())) | {"short": ["not_heard"]},
            )
        )


def _two_meet(both: Neighbours, district: District) -> None:
    """An order of two priority items, by somebody with such a name."""
    station_id, slot_id = district.ids["station_id"], district.ids["slot_id"]
    with both.centre.database.write() as session:
        slot = session.get_one(SlotRow, slot_id)
        session.add(
            PriorityOrderRow(
                priority_order_id="hostile",
                station_id=station_id,
                first_schedule_id=slot.schedule_id,
                second_schedule_id=slot.schedule_id,
                ordered_by=SHORT,
                written_by=SHORT,
                ordered_at=NOW,
            )
        )
        session.merge(
            SlotPlacingRow(
                station_id=station_id,
                slot_id=slot_id,
                planned_at=slot.starts_at,
                starts_at=slot.starts_at,
                other_slot_id=slot_id,
                is_first=True,
                cause="ordered",
                ordered_by=SHORT,
                written_by=SHORT,
                placed_at=NOW,
            )
        )


def _station_tells(both: Neighbours, district: District) -> None:
    """What a station's agent reports, through the door agents use."""
    centre, station_id = both.centre, district.ids["station_id"]
    as_run = AsRun(centre.database, centre.clock, centre.places, centre.settings.plan)
    hostile = district.mark
    as_run.hello(wire.hello(station_id=station_id, agent_version=hostile))
    slot_id = PAST_SLOT[district.place_id]
    facts = [
        TraceFact(code=code, at=NOW, title=hostile, by="x", why="preempted")
        for code in (FactCode.AIR_TAKEN, FactCode.CUT, FactCode.NOT_PREPARED, FactCode.ORDERED)
    ]
    lines = (
        wire.as_run(slot_id=slot_id, outcome=Outcome.MISSED, reason=Reason.POWER_OFF,
                    title=hostile, planned_at=NOW, started_at=None, start_error_ms=None,
                    played_ms=0),
        TraceEntry(slot_id=slot_id, revision=1, facts=tuple(facts)),
        FaultEntry(code="player_failed", detail=hostile),
        RefusalEntry(what="order", why="signature_bad", detail=hostile),
    )  # fmt: skip
    entries = [wire.entry(line, no=number) for number, line in enumerate(lines, start=1)]
    batch = wire.batch(*entries, station_id=station_id, journal_id="k" * 20)
    as_run.store_journals([batch])
    as_run.denied(station_id, "publish", f"vang/{hostile}")


def _replace(both: Neighbours, mark: str) -> None:
    """Put hostile words in the place of a mark in every row."""
    with both.centre.database.engine.begin() as connection:
        for (trigger,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(f'DROP TRIGGER "{trigger}"'))  # the trail only grows, but here
        words = {
            "mark": mark, "words": HOSTILE, "quoted": _quoted(HOSTILE), "short": SHORT,
            "brief": _quoted(SHORT),
        }  # fmt: skip
        for table in Base.metadata.sorted_tables:
            values = _replacing(table)
            if values:
                connection.execute(text(f"UPDATE {table.name} SET {values}"), words)  # noqa: S608 - our own names


def _replacing(table: Table) -> str:
    named = [
        (one.name, _kind_of_words(one))
        for one in table.columns
        if isinstance(one.type, String | JSON)
        and not one.primary_key
        and not one.foreign_keys
        and one.name not in KEPT
    ]
    return ", ".join(f"{name} = replace({name}, :mark, :{how})" for name, how in named)


def _kind_of_words(column: Column[Any]) -> str:
    if isinstance(column.type, JSON):
        return "brief" if column.table.name == "journal_entry" else "quoted"
    return "short" if column.name.endswith(NAMES) else "words"


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)[1:-1]


def _fill(both: Neighbours, there: District) -> None:
    """The columns of TOLD in the newest row of this district, and rows it has none of."""
    ids, operator = there.ids, there.operator.account_id
    emergency = ids["emergencies.emergency_id"]
    later = NOW + timedelta(hours=3)
    rows: dict[str, dict[str, Any]] = {
        "own_reading": {
            "term": SHORT, "reading": HOSTILE, "changed_by": operator, "changed_at": NOW,
        },
        "station_absence": {
            "station_id": ids["station_id"], "kind": "retired", "from_at": NOW - timedelta(days=9),
            "until_at": NOW - timedelta(days=8), "why": HOSTILE, "begun_by": SHORT,
            "ended_by": SHORT,
        },
        "station_flip": {
            "station_id": ids["station_id"], "at": NOW, "state": "degraded", "reasons": [SHORT],
            "source": "heartbeat",
        },
        "notice_choice": {
            "account_id": operator, "email": f"a@b.vn{SHORT}", "ways": {}, "changed_at": NOW,
        },
        "notice_delivery": {
            "delivery_id": f"d{SHORT}", "notice_id": ids["notice_id"], "way": "email",
            "account_id": operator, "state": "failed", "created_at": NOW, "next_at": NOW,
            "not_after_at": later, "attempts": 3, "done_at": NOW, "error": HOSTILE,
        },
        "emergency_translation": {
            "emergency_id": emergency, "part": "warning", "language": "rog",
            "bulletin_version_id": ids["version_id"],
        },
    }  # fmt: skip
    with both.centre.database.engine.begin() as connection:
        for name, row in rows.items():
            connection.execute(Base.metadata.tables[name].insert().values(**row))
        order = connection.execute(text("SELECT order_id FROM signed_order LIMIT 1")).scalar_one()
        connection.execute(
            Base.metadata.tables["order_reply"].insert().values(
                order_id=order, station_id=ids["station_id"], accepted=False, why=SHORT, at=NOW
            )
        )  # fmt: skip
        for name, columns in TOLD.items():
            table = Base.metadata.tables[name]
            connection.execute(table.update().where(_own(table, there)).values(**columns))
        alone = Base.metadata.tables["emergency"]
        connection.execute(
            alone.update()
            .where(alone.c.emergency_id == ids["drills.emergency_id"])
            .values(alone_why=HOSTILE, confirmed_by_name=SHORT)
        )


def _own(table: Table, district: District) -> ColumnElement[bool]:
    """What tells the rows of this district from the others of a table."""
    ids, columns = district.ids, table.c
    of_one = {
        "audit": ("place_id", district.place_id),
        "emergency": ("emergency_id", ids["emergencies.emergency_id"]),
        "cap_alert": ("cap_alert_id", ids["emergencies.cap_alert_id"]),
        "bulletin_version": ("bulletin_version_id", ids["version_id"]),
        "slot": ("slot_id", ids["slot_id"]),
    }
    column, value = of_one.get(table.name, ("station_id", ids["station_id"]))
    return columns[column] == value


def _tell_everybody(both: Neighbours) -> None:
    """Notices of every kind, for whoever is told of it."""
    centre = both.centre
    watch = NoticeWatch(
        centre.database, centre.clock, centre.places, centre.wake,
        ways=frozenset(), station_down_after=timedelta(0),
    )  # fmt: skip
    watch.look()
