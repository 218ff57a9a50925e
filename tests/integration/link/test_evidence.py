"""What stations say becomes states and results, each once, and is answered when it is durable."""

from __future__ import annotations

import base64
from datetime import timedelta

from sqlalchemy import func, select

from controller.domain.accounts import Role
from controller.services.sealing import Seal
from controller.storage.models import (
    BrokerDenialRow,
    HoldingRow,
    JournalEntryRow,
    SlotResultRow,
    SlotRow,
    StationRow,
)
from station_protocol import codec
from station_protocol.messages import (
    FlipEntry,
    HoldingEntry,
    LinkState,
    OnAir,
    RefreshDeed,
    StartEntry,
    StopDeed,
)
from station_protocol.vocabulary import Outcome, Reason, StationHealth
from tests.support import wire
from tests.support.fleet import FAR, JOURNAL, NEW_CARD, OTHER, STATION, Province
from tests.support.schedule_desk import a_wish
from tests.support.web import DISTRICT, OTHER_DISTRICT


def _lines(here: Province) -> int:
    with here.database.read() as session:
        return session.scalar(select(func.count()).select_from(JournalEntryRow)) or 0


def _planned(here: Province) -> SlotRow:
    """The first slot of a schedule every station of the district holds."""
    here.schedule()
    here.plans.refresh()
    return here.slots()[0]


# --- the journal ----------------------------------------------------------------------------------


def test_a_slot_aired_is_known_however_often_its_line_is_sent(here: Province) -> None:
    slot = _planned(here)
    here.go_to(slot, minutes=11)
    line = wire.entry(here.ran(slot), no=7)
    first, again = here.journal(line), here.journal(line)
    assert first.ack.stored_up_to == again.ack.stored_up_to == 7
    assert here.verdict(slot) == ("aired", None)
    assert (_lines(here), here.changes()) == (1, [])


def test_every_kind_of_line_is_kept_and_acknowledged_together(here: Province) -> None:
    here.plans.refresh()
    answer = here.journal()
    assert (answer.ack.answers, answer.ack.stored_up_to) == ("journal", 7)
    assert answer.ack.journal_id == JOURNAL
    assert _lines(here) == 7
    with here.database.read() as session:
        held = session.get_one(HoldingRow, (STATION, wire.SHA))
        assert (held.held, held.size_bytes) == (True, 120_000)


def test_lines_of_a_new_card_are_not_taken_for_those_of_the_old(here: Province) -> None:
    here.plans.refresh()
    here.journal(*(wire.entry(no=number) for number in range(1, 6)))
    answer = here.hello(journal_id=NEW_CARD, journal_head=2)
    assert (answer.ack.journal_id, answer.ack.stored_up_to) == (NEW_CARD, 0)
    here.journal(wire.entry(no=1), journal_id=NEW_CARD)
    assert _lines(here) == 6
    back = here.hello(journal_id=JOURNAL)
    assert back.ack.stored_up_to == 5


def test_a_jump_in_the_numbers_is_asked_about_and_then_accepted(here: Province) -> None:
    here.plans.refresh()
    here.journal(wire.entry(no=1))
    here.restart()  # over a restored backup: it knows nothing of the lines 2 to 4
    jumped = here.journal(wire.entry(no=5))
    assert jumped.skipped_lines
    assert jumped.ack.stored_up_to == 5
    assert here.orders.ask_for_hello(STATION)
    assert not here.orders.ask_for_hello(STATION)
    assert here.hello().ack.stored_up_to == 1
    resumed = here.journal(wire.entry(no=3), wire.entry(no=4))
    assert not resumed.skipped_lines
    assert resumed.ack.stored_up_to == 4
    assert here.hello().ack.stored_up_to == 4


def test_a_later_holding_line_wins_over_one_that_arrives_after_it(here: Province) -> None:
    here.plans.refresh()
    gone = wire.entry(HoldingEntry(sha256=wire.SHA, held=False, why="evicted"), no=9)
    older = wire.entry(HoldingEntry(sha256=wire.SHA, held=True), no=8)
    here.journal(gone)
    here.journal(older.model_copy(update={"at": wire.NOW - timedelta(hours=1)}))
    with here.database.read() as session:
        assert not session.get_one(HoldingRow, (STATION, wire.SHA)).held


def test_a_sound_that_begins_is_seen_before_it_ends(here: Province) -> None:
    slot = _planned(here)
    here.go_to(slot, seconds=1)
    start = StartEntry(
        slot_id=slot.slot_id, revision=1, started_at=slot.starts_at, start_error_ms=0.2
    )
    here.journal(wire.entry(start, no=1))
    assert here.verdict(slot) == ("sounding", None)
    row = here.result(slot)
    assert row is not None
    assert (row.title, row.planned_ms, row.start_error_ms) == (slot.title, slot.duration_ms, 0.2)


def test_text_a_database_cannot_hold_does_not_stop_the_journal(here: Province) -> None:
    slot = _planned(here)
    here.go_to(slot, minutes=11)
    here.journal(wire.entry(here.ran(slot, title="nhịp\0điệu"), no=1))
    row = here.result(slot)
    assert row is not None
    assert row.title == "nhịpđiệu"
    assert here.hello(agent_version="0.1\0").ack.stored_up_to == 1


# --- results --------------------------------------------------------------------------------------


def test_each_due_slot_has_one_result_at_each_of_its_stations(here: Province) -> None:
    slot = _planned(here)
    here.go_to(slot)
    here.as_run.reconcile()
    here.as_run.reconcile()
    with here.database.read() as session:
        found = session.scalars(select(SlotResultRow.station_id)).all()
    assert len(found) == len(set(found)) == 9
    assert here.verdict(slot) == ("coming", None)


def test_evidence_before_the_centre_looked_is_not_doubled(here: Province) -> None:
    slot = _planned(here)
    here.go_to(slot, minutes=11)
    here.journal(wire.entry(here.ran(slot), no=1))
    here.as_run.reconcile()
    assert here.verdict(slot) == ("aired", None)
    assert here.verdict(slot, OTHER) == ("unknown", None)


def test_a_centre_that_was_away_for_days_opens_what_it_missed(here: Province) -> None:
    slots = [_planned(here), *here.slots()[1:3]]
    here.as_run.reconcile()
    here.go_to(slots[2], hours=30)
    here.as_run.reconcile()
    assert [here.verdict(slot) for slot in slots] == [("missed", "unknown_timeout")] * 3


def test_silence_becomes_a_miss_and_a_late_journal_sets_it_right(here: Province) -> None:
    slot = _planned(here)
    here.hello(plan_version=1, plan_epoch=here.plan_of().claims.epoch)
    here.go_to(slot)
    here.as_run.reconcile()
    here.clock.move(seconds=121)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("unknown", None)
    here.clock.move(hours=24)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("missed", "unknown_timeout")
    here.clock.move(days=20)
    here.journal(wire.entry(here.ran(slot), no=3))
    assert here.verdict(slot) == ("aired", None)
    assert here.changes() == [("correction", "missed", "aired")]


def test_a_contradiction_is_kept_beside_the_first_outcome(here: Province) -> None:
    slot = _planned(here)
    here.go_to(slot, minutes=11)
    here.journal(wire.entry(here.ran(slot), no=1))
    denied = here.ran(slot, outcome=Outcome.MISSED, reason=Reason.PLAYER_FAILED, started_at=None)
    here.journal(wire.entry(denied, no=2))
    assert here.verdict(slot) == ("aired", None)
    assert here.changes() == [("dispute", "aired", "missed")]


def test_a_station_that_comes_back_with_an_older_plan_never_had_the_slot(here: Province) -> None:
    here.plans.refresh()
    epoch = here.plan_of().claims.epoch
    here.hello(plan_epoch=epoch, plan_version=1)
    slot = _planned(here)
    here.go_to(slot)
    here.as_run.reconcile()
    here.clock.move(hours=2)
    answer = here.hello(plan_epoch=epoch, plan_version=1)
    assert here.verdict(slot) == ("missed", "plan_not_held")
    assert codec.open_plan(answer.plan, here.keys, STATION).claims.version == 2
    here.journal(
        wire.entry(
            here.ran(slot, outcome=Outcome.MISSED, reason=Reason.WINDOW_PASSED, started_at=None)
        )
    )
    assert here.verdict(slot) == ("missed", "plan_not_held")
    assert here.changes() == []


def test_a_living_station_that_never_took_the_plan_is_found_out_by_its_heartbeats(
    here: Province,
) -> None:
    here.plans.refresh()
    slot = _planned(here)
    here.go_to(slot, seconds=361)
    here.beat(plan_version=1)
    here.beat(OTHER)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("missed", "plan_not_held")
    assert here.verdict(slot, OTHER) == ("unknown", None)


def test_a_new_card_does_not_prove_that_the_old_one_lacked_the_slot(here: Province) -> None:
    slot = _planned(here)
    here.hello(plan_epoch=here.plan_of().claims.epoch, plan_version=1)
    here.go_to(slot)
    here.as_run.reconcile()
    here.clock.move(hours=2)
    here.hello(journal_id=NEW_CARD, plan_version=0)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("unknown", None)


def test_a_plan_the_centre_forgot_may_have_named_anything(here: Province) -> None:
    here.plans.refresh()
    here.hello(plan_version=40)
    slot = _planned(here)
    here.go_to(slot)
    here.as_run.reconcile()
    here.clock.move(hours=2)
    here.beat(plan_version=40)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("unknown", None)


def test_a_slot_whose_approval_went_before_any_plan_named_it_is_missed_for_that(
    here: Province,
) -> None:
    bulletin = here.desk.bulletin()

    here.desk.schedules.save(here.desk.actor(), a_wish(bulletin))
    here.desk.withdraw_approval(bulletin)
    here.plans.refresh()
    slot = here.slots()[0]
    here.go_to(slot)
    here.as_run.reconcile()
    assert here.verdict(slot) == ("missed", "not_approved")


def test_a_cancelled_slot_ends_as_the_station_says(here: Province) -> None:
    slot = _planned(here)
    here.desk.schedules.cancel_slot(here.desk.actor(), slot.slot_id, "mưa to")
    here.plans.refresh()
    here.go_to(slot, seconds=1)
    here.as_run.reconcile()
    said = here.ran(
        slot, outcome=Outcome.CANCELLED, reason=Reason.STOPPED_BY_OPERATOR, started_at=None
    )
    here.journal(wire.entry(said, no=1))
    assert here.verdict(slot) == ("cancelled", "stopped_by_operator")
    here.clock.move(hours=25)
    here.as_run.reconcile()
    assert here.verdict(slot, OTHER) == ("cancelled", "unknown_timeout")


# --- states ---------------------------------------------------------------------------------------


def test_a_heartbeat_makes_a_station_ready_and_silence_makes_it_lost(here: Province) -> None:
    here.plans.refresh()
    assert here.state().shown_state == "never"
    here.beat()
    beat_at = here.clock()
    assert here.state().shown_state == "ready"
    here.clock.move(seconds=90)
    here.as_run.sweep()
    assert here.state().shown_state == "ready"
    here.clock.move(seconds=3)
    here.as_run.sweep()
    assert here.state().shown_state == "unknown"
    assert here.flips() == [
        ("ready", beat_at, "heartbeat"),
        ("unknown", beat_at + timedelta(seconds=90), "deadline"),
    ]


def test_live_pages_are_told_of_what_they_show_and_of_nothing_else(here: Province) -> None:
    here.plans.refresh()
    here.beat()
    first = here.state().change_no
    here.clock.move(seconds=30)
    here.beat(disk_free_bytes=1, journal_head=99)
    assert here.state().change_no == first
    here.beat(health=StationHealth.DEGRADED, reasons=("clock_wrong",))
    assert here.state().change_no > first
    assert here.state(OTHER).change_no < first


def test_a_sound_on_air_ends_by_the_centres_clock_and_does_not_flicker(here: Province) -> None:
    here.plans.refresh()
    here.clock.move(seconds=0)
    wrong_clock = here.clock() - timedelta(hours=3)
    slot_id = "a" * 26
    here.beat(
        said_at=wrong_clock,
        on_air=OnAir(slot_id=slot_id, ends_at=wrong_clock + timedelta(seconds=60), played_ms=1_000),
    )
    ends_at = here.clock() + timedelta(seconds=60)
    assert (here.state().shown_state, here.state().on_air_until_at) == ("on_air", ends_at)
    seen = here.state().change_no
    here.clock.move(seconds=30)
    here.beat(
        on_air=OnAir(
            slot_id=slot_id,
            ends_at=here.clock() + timedelta(seconds=30, milliseconds=40),
            played_ms=31_000,
        )
    )
    assert (here.state().on_air_until_at, here.state().change_no) == (ends_at, seen)
    here.clock.move(seconds=20)
    here.beat()
    assert here.state().shown_state == "ready"


def test_a_station_that_ends_in_order_is_down_at_once_until_it_speaks_again(
    here: Province,
) -> None:
    here.plans.refresh()
    here.beat()
    farewell = wire.entry(FlipEntry(health="off", reasons=("stopped",)), no=1)
    here.journal(farewell.model_copy(update={"at": here.clock()}))
    assert here.state().shown_state == "down"
    here.clock.move(minutes=10)
    here.hello(boot_id="01936b1e-0000-7000-8000-0000000000dd")
    here.beat()
    assert here.state().shown_state == "ready"


def test_an_old_farewell_is_only_history(here: Province) -> None:
    here.plans.refresh()
    here.beat()
    farewell = wire.entry(FlipEntry(health="off", reasons=("stopped",)), no=1)
    here.journal(farewell.model_copy(update={"at": here.clock() - timedelta(hours=5)}))
    assert here.state().shown_state == "ready"


def test_what_the_broker_saw_of_a_link_is_no_proof_of_life(here: Province) -> None:
    here.plans.refresh()
    here.as_run.link_states([LinkState(station_id=STATION, online=True)])
    assert (here.state().link_online, here.state().shown_state) == (True, "never")


# --- hello and orders -----------------------------------------------------------------------------


def test_a_station_that_holds_nothing_is_sent_plan_and_limits(here: Province) -> None:
    here.plans.refresh()
    answer = here.hello()
    assert codec.open_plan(answer.plan, here.keys, STATION)
    assert codec.open_limits(answer.limits, here.keys, STATION)
    ack = answer.ack
    assert (ack.answers, ack.echo_mono_ms, ack.spread_ms) == ("hello", 123_456, 650)
    assert (ack.controller_at, ack.plan_version, ack.limits_version) == (here.clock(), 1, 1)


def test_a_station_that_holds_what_is_current_is_sent_nothing(here: Province) -> None:
    here.plans.refresh()
    epoch = here.plan_of().claims.epoch
    answer = here.hello(plan_epoch=epoch, plan_version=1, limits_version=1)
    assert (answer.plan, answer.limits) == (b"", b"")
    assert here.state().plan_version_held == 1


def test_the_answer_to_hello_carries_every_order_still_in_force(here: Province) -> None:
    here.plans.refresh()
    actor, other = here.desk.actor(), here.desk.actor(place_id=OTHER_DISTRICT)
    own = here.orders.order(actor, STATION, RefreshDeed(), valid_for=timedelta(hours=1))
    group = here.orders.order(actor, DISTRICT, StopDeed(), valid_for=timedelta(hours=1))
    here.orders.order(actor, STATION, RefreshDeed(), valid_for=timedelta(minutes=1))
    here.orders.order(other, OTHER_DISTRICT, StopDeed(), valid_for=timedelta(hours=1))
    here.clock.move(minutes=2)
    sealed = here.hello().ack.orders
    audiences = frozenset({STATION, DISTRICT})
    opened = [codec.open_order(base64.b64decode(one), here.keys, audiences) for one in sealed]
    assert [one.message.order_id for one in opened] == [own, group]
    assert here.hello(FAR).ack.orders != sealed


def test_orders_never_make_the_answer_too_large_to_be_sent(here: Province) -> None:
    here.plans.refresh()
    actor = here.desk.actor()
    last = [here.orders.order(actor, STATION, RefreshDeed(), why="x" * 300) for _ in range(60)][-1]
    answer = here.hello()
    assert 20 < len(answer.ack.orders) <= 32
    newest = codec.open_order(
        base64.b64decode(answer.ack.orders[-1]), here.keys, frozenset({STATION})
    )
    assert newest.message.order_id == last
    sealed = Seal(here.signer, answer.epoch).ack(answer.ack)
    assert codec.open_ack(sealed, here.keys, STATION).message == answer.ack


def test_after_a_restore_equal_version_numbers_mean_nothing(here: Province) -> None:
    here.plans.refresh()
    epoch = here.plan_of().claims.epoch
    answer = here.hello(plan_epoch=epoch - 1, plan_version=1, limits_version=1)
    assert answer.plan
    assert answer.limits


def test_a_station_that_was_shut_out_is_sent_nothing_again(here: Province) -> None:
    here.plans.refresh()
    here.stations.issue_config(STATION)
    here.stations.issue_config(OTHER)
    assert {station_id for station_id, _ in here.plans.sealed()} == {STATION, OTHER}
    here.stations.revoke(None, STATION)
    assert {station_id for station_id, _ in here.plans.sealed()} == {OTHER}


def test_a_station_from_a_later_epoch_makes_the_centre_go_above_it(here: Province) -> None:
    here.plans.refresh()
    later = here.plan_of().claims.epoch + 3_600_000
    answer = here.hello(plan_epoch=later, plan_version=40)
    assert answer.epoch_was_raised
    assert answer.epoch > later
    assert len(here.plans.refresh()) == 65
    assert here.plan_of().claims.epoch > later


def test_a_reply_is_kept_once_and_only_to_an_order_that_was_given(here: Province) -> None:
    here.plans.refresh()
    order_id = here.orders.order(here.desk.actor(), STATION, StopDeed())
    assert here.as_run.reply(wire.reply(order_id=order_id, accepted=True, why=None))
    assert here.as_run.reply(wire.reply(order_id=order_id, accepted=False, why="expired"))
    assert [(r.station_id, r.accepted) for r in here.orders.replies(order_id)] == [(STATION, True)]
    assert not here.as_run.reply(wire.reply(order_id="01936b1e-unknown"))


def test_strangers_are_not_answered(here: Province) -> None:
    here.plans.refresh()
    assert here.hello("xa-khong-co") is None
    assert here.as_run.store_journals([wire.batch(station_id="xa-khong-co")]) == []
    assert not here.as_run.beats([here.a_beat("xa-khong-co")])


def test_who_asks_for_the_time_gets_it_with_what_is_stored(here: Province) -> None:
    here.plans.refresh()
    here.journal(wire.entry(no=1))
    answer = here.as_run.time_for(here.a_beat().message)
    assert answer is not None
    assert (answer.ack.answers, answer.ack.stored_up_to, answer.ack.journal_id) == (
        "beat", 1, JOURNAL,
    )  # fmt: skip
    assert (answer.ack.controller_at, answer.ack.echo_mono_ms) == (here.clock(), 153_456)


# --- what the broker refused ----------------------------------------------------------------------


def test_a_refused_publish_is_shown_at_the_station_whose_credentials_were_used(
    here: Province,
) -> None:
    here.plans.refresh()
    before = here.state().change_no
    for _ in range(30):
        here.as_run.denied(STATION, "publish", f"vang/1/d/{OTHER}/plan")
    here.as_run.denied("nobody", "connect", "")
    state = here.state()
    assert state.denied_publishes == 30
    assert state.change_no > before
    with here.database.read() as session:
        rows = session.scalars(select(BrokerDenialRow)).all()
        assert len([row for row in rows if row.station_id == STATION]) == 10
        assert [row.username for row in rows if row.station_id is None] == ["nobody"]
    (first, *_) = here.desk.audited("broker.denied_publish")
    assert (first.object_id, first.detail) == (STATION, {"topic": f"vang/1/d/{OTHER}/plan"})


# --- credentials ----------------------------------------------------------------------------------


def test_a_configuration_holds_secrets_the_centre_keeps_only_hashes_of(here: Province) -> None:
    config = here.stations.issue_config(STATION, here.centre.actor(Role.ADMIN, "ninh-thuan"))
    assert config.place_ids == ("ninh-thuan", "bac-ai", STATION)
    assert here.stations.station_of_token(config.sound_token) == STATION
    assert here.stations.station_of_token(config.broker_password) is None
    with here.database.read() as session:
        row = session.get_one(StationRow, STATION)
        stored = f"{row.broker_password_hash} {row.broker_password_pbkdf2} {row.sound_token_hash}"
    assert config.broker_password not in stored
    assert config.sound_token not in stored
    assert config.broker_password not in repr(config)
    (user,) = here.stations.broker_users()
    assert user.username == STATION
    assert "broker_users" in here.centre.woken


def test_new_secrets_make_the_old_ones_worthless_and_revoking_all_of_them(here: Province) -> None:
    here.plans.refresh()
    first = here.stations.issue_config(STATION)
    second = here.stations.issue_config(STATION)
    assert here.stations.station_of_token(first.sound_token) is None
    assert here.stations.station_of_token(second.sound_token) == STATION
    here.stations.revoke(None, STATION)
    assert here.stations.station_of_token(second.sound_token) is None
    assert here.stations.broker_users() == ()


def test_a_station_may_fetch_what_its_own_plans_name(here: Province) -> None:
    slot = _planned(here)
    sha256 = slot.items[0]["sha256"]
    assert here.stations.may_fetch(STATION, sha256)
    assert not here.stations.may_fetch(FAR, sha256)
    assert not here.stations.may_fetch(STATION, "f" * 64)
