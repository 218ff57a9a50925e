"""Emergencies: two people, one sentence typed, a signed order to each place; what ends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from controller.domain.accounts import Actor, Role
from controller.domain.emergencies import CONFIRMED_WITHIN, DRILL_SAID, Kind, Part, State, phrase
from controller.errors import (
    ControllerError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OutOfScopeError,
    SignInRefusedError,
    WrongStateError,
)
from controller.services.as_run import AsRun
from controller.services.emergencies import (
    CARRIED_BYTES,
    DrillDesk,
    EmergencyDesk,
)
from controller.services.emergency_reader import Tools
from controller.services.orders import Exercises, Orders
from controller.services.stations import prepare_states
from controller.storage.models import AuditRow, PieceRow
from station_protocol.messages import DrillDeed, EmergencyDeed, StopDeed
from station_protocol.signing import Signer
from station_protocol.vocabulary import DeedKind
from tests.support import wire
from tests.support.warnings import WORDS, Watch, read_order, watch, wish
from tests.support.web import (
    COMMUNE,
    DISTRICT,
    OTHER_COMMUNE,
    OTHER_DISTRICT,
    PASSWORD,
    PROVINCE,
)

NINE = "phát thật 9 trạm"


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as built:
        yield built


def test_the_second_person_sends_one_signed_order_that_carries_the_words(w: Watch) -> None:
    found = w.proposed(repeat_every_min=15)
    assert w.deeds() == []
    w.live.confirm(w.second, found, "  PHÁT thật 9   trạm ")
    (order,) = w.orders(found)
    assert w.deeds() == [(DISTRICT, "emergency", "actual")]
    deed = order.deed
    assert isinstance(deed, EmergencyDeed)
    assert (deed.title, deed.authority, deed.repeat_every_s) == (
        "Xả lũ hồ Sông Cái",
        "district",
        900,
    )
    assert deed.until_at == w.centre.clock() + timedelta(hours=1)
    assert deed.sound is not None
    assert deed.sound.data is not None
    view = w.live.get(w.composer, found)
    assert (view.state, view.sent_at, view.confirmed_by_name) == (
        State.SENT, w.centre.clock(), w.second.full_name,
    )  # fmt: skip
    assert "outbox" in w.centre.woken


def test_one_order_goes_to_each_of_the_fewest_places(w: Watch) -> None:
    tree = w.centre.places.tree()
    whole = tuple(place.place_id for place in tree.children(DISTRICT))
    actor = w.centre.actor(Role.OPERATOR, PROVINCE)
    found = w.live.propose(actor, wish(target_ids=(*whole, OTHER_COMMUNE)))
    assert w.live.get(actor, found).target_ids == (DISTRICT, OTHER_COMMUNE)
    everything = tuple(place.place_id for place in tree.children(PROVINCE))
    found = w.live.propose(actor, wish(target_ids=everything))
    view = w.live.get(actor, found)
    assert (view.target_ids, view.stations) == ((PROVINCE,), 65)


def test_long_words_are_fetched_and_what_was_sent_names_them(w: Watch) -> None:
    found = w.live.propose(w.composer, wish())
    w.speak(CARRIED_BYTES + 1)
    w.live.confirm(w.second, found, NINE)
    (order,) = w.orders(found)
    assert isinstance(order.deed, EmergencyDeed)
    assert order.deed.sound is not None
    assert (order.deed.sound.data, order.deed.sound.size_bytes) == (None, CARRIED_BYTES + 1)


@pytest.mark.parametrize(
    ("role", "place_id", "may"),
    [
        (Role.APPROVER, DISTRICT, True),
        (Role.APPROVER, PROVINCE, True),
        (Role.APPROVER, COMMUNE, False),
        (Role.OPERATOR, PROVINCE, False),
    ],
)
def test_only_an_approver_of_the_place_or_above_is_the_second(
    w: Watch, role: Role, place_id: str, may: bool
) -> None:
    found = w.proposed()
    actor = w.centre.actor(role, place_id)
    if may:
        w.live.confirm(actor, found, NINE)
        return
    with pytest.raises(ForbiddenError):
        w.live.confirm(actor, found, NINE)
    assert w.deeds() == []


def test_nobody_confirms_the_own_proposal(w: Watch) -> None:
    found = w.live.propose(w.second, wish())
    w.speak()
    with pytest.raises(ForbiddenError):
        w.live.confirm(w.second, found, NINE)


@pytest.mark.parametrize("typed", ["", "phat that 9 tram", "diễn tập 9 trạm", "phát thật 8 trạm"])
def test_another_sentence_sends_nothing(w: Watch, typed: str) -> None:
    found = w.proposed()
    with pytest.raises(InvalidInputError) as caught:
        w.live.confirm(w.second, found, typed)
    assert caught.value.facts["field"] == "typed"
    assert w.deeds() == []


def test_a_second_click_sends_nothing_more(w: Watch) -> None:
    found = w.sent()
    with pytest.raises(WrongStateError):
        w.live.confirm(w.province, found, NINE)
    assert len(w.deeds()) == 1


def test_a_proposal_that_waited_too_long_or_was_dropped_is_never_sent(w: Watch) -> None:
    dropped, old = w.proposed(), w.proposed()
    w.live.withdraw(w.composer, dropped)
    w.centre.clock.at += CONFIRMED_WITHIN
    for found, state in ((dropped, "withdrawn"), (old, "expired")):
        with pytest.raises(WrongStateError) as caught:
            w.live.confirm(w.second, found, NINE)
        assert caught.value.facts["state"] == state
    assert w.deeds() == []


def test_alone_it_takes_the_password_and_a_reason_and_waits_for_a_review(w: Watch) -> None:
    found = w.proposed()
    send = w.live.send_alone
    with pytest.raises(InvalidInputError):
        send(w.composer, found, NINE, password=PASSWORD, why=" ")
    with pytest.raises(SignInRefusedError):
        send(w.composer, found, NINE, password="khác hẳn mật khẩu", why="không gọi được ai")  # noqa: S106
    with pytest.raises(ForbiddenError):
        send(w.second, found, NINE, password=PASSWORD, why="không gọi được ai")
    assert w.deeds() == []
    send(w.composer, found, NINE, password=PASSWORD, why="không gọi được ai")
    view = w.live.get(w.second, found)
    assert (view.alone_why, view.reviewed_at) == ("không gọi được ai", None)
    with pytest.raises(ForbiddenError):
        w.live.review(w.composer, found)
    w.live.review(w.second, found)
    assert w.live.get(w.second, found).reviewed_by_name == w.second.full_name
    with w.centre.database.read() as session:
        actions = [row.action for row in session.query(AuditRow).all()]
    assert actions.count("emergency.send_alone") == 1


def test_words_that_are_not_made_yet_hold_it_back_unless_the_signal_alone_is_wanted(
    w: Watch,
) -> None:
    found = w.live.propose(w.composer, wish())
    with pytest.raises(InvalidInputError) as caught:
        w.live.confirm(w.second, found, NINE)
    assert caught.value.facts["field"] == "sound"
    w.live.confirm(w.second, found, NINE, signal_only=True)
    (order,) = w.orders(found)
    assert isinstance(order.deed, EmergencyDeed)
    assert order.deed.sound is None


def test_its_words_are_made_before_everything_else(w: Watch) -> None:
    with w.centre.database.write() as session:
        at = w.centre.clock() - timedelta(days=1)
        session.add(PieceRow(piece_id="piece-old", recipe={}, wanted_at=at))
    w.live.propose(w.composer, wish())
    with w.centre.database.read() as session:
        urgent = {row.piece_id for row in session.query(PieceRow).all() if row.is_urgent}
    assert len(urgent) == 3
    assert "piece-old" not in urgent


def test_the_correction_replaces_what_sounded_and_ends_it(w: Watch) -> None:
    found = w.sent(repeat_every_min=15)
    (warning,) = w.orders(found)
    assert [one.emergency_id for one in w.live.running(w.province)] == [found]
    w.live.call_off(w.composer, found, Part.CORRECTION)
    (order,) = w.orders(found, Part.CORRECTION)
    deed, before = order.deed, warning.deed
    assert isinstance(deed, EmergencyDeed)
    assert isinstance(before, EmergencyDeed)
    assert deed.replaces == (warning.order_id,)
    assert deed.sequence > before.sequence
    assert (deed.repeat_every_s, deed.sound is not None) == (None, True)
    assert w.live.running(w.province) == ()


def test_it_is_stopped_everywhere_in_a_district_or_at_one_station(w: Watch) -> None:
    actor = w.centre.actor(Role.OPERATOR, PROVINCE)
    found = w.live.propose(actor, wish(target_ids=(DISTRICT, OTHER_DISTRICT)))
    w.speak()
    stations = w.live.get(actor, found).stations
    w.live.confirm(w.province, found, phrase(Kind.LIVE, stations))
    (station,) = w.centre.places.tree().stations_in([COMMUNE])
    assert w.live.stop(actor, found, station.station_id) == 1
    assert w.live.stop(w.composer, found) == 9  # the own district of a district's operator
    assert w.live.running(actor) != ()
    assert w.live.stop(actor, found, OTHER_DISTRICT) == stations - 9
    assert w.live.stop(actor, found) == stations
    assert w.live.running(actor) == ()
    stops = [audience for audience, deed, kind in w.deeds() if (deed, kind) == ("stop", "actual")]
    assert stops == [
        station.station_id, DISTRICT, OTHER_DISTRICT, *sorted((DISTRICT, OTHER_DISTRICT)),
    ]  # fmt: skip


def test_one_for_many_places_is_called_off_and_stopped_by_one_order_to_each(w: Watch) -> None:
    tree = w.centre.places.tree()
    districts = tree.children(PROVINCE)
    communes = tuple(
        place.place_id for one in districts for place in tree.children(one.place_id)[:3]
    )
    actor = w.centre.actor(Role.OPERATOR, PROVINCE)
    found = w.live.propose(actor, wish(target_ids=communes))
    w.speak()
    w.live.confirm(w.province, found, phrase(Kind.LIVE, len(communes)))
    assert len(communes) > 16  # what one order can name as replaced
    w.live.call_off(actor, found, Part.CORRECTION)
    w.live.call_off(actor, found, Part.CORRECTION)  # a double click
    warnings, endings = w.orders(found), w.orders(found, Part.CORRECTION)
    replaced = [order.deed.replaces for order in endings if isinstance(order.deed, EmergencyDeed)]
    assert replaced == [(order.order_id,) for order in warnings]
    before = len(w.deeds())
    assert w.live.stop(actor, found, DISTRICT) == 3
    stops = w.deeds()[before:]
    assert len(stops) == 2 * 3  # the warning and the correction at each of the three
    assert {audience for audience, *_ in stops} == set(communes) & {
        place.place_id for place in tree.walk(DISTRICT)
    }


def test_another_district_neither_sees_it_nor_may_aim_at_it(w: Watch) -> None:
    found = w.sent()
    stranger = w.centre.actor(Role.APPROVER, OTHER_DISTRICT)
    deeds = w.live
    for attempt in (
        lambda: deeds.get(stranger, found),
        lambda: deeds.live(stranger, found),
        lambda: deeds.stop(stranger, found),
        lambda: deeds.call_off(stranger, found, Part.CORRECTION),
        lambda: deeds.confirm(stranger, found, NINE),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert deeds.all(stranger) == deeds.running(stranger) == ()
    with pytest.raises(OutOfScopeError):
        deeds.propose(stranger, wish())
    with pytest.raises(OutOfScopeError):
        deeds.stop(w.composer, found, OTHER_DISTRICT)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"hazard": "godzilla"}, "hazard"),
        ({"level": 6}, "level"),
        ({"target_ids": ()}, "targets"),
        ({"voice": ""}, "voice"),
        ({"lasts_min": 2}, "lasts"),
        ({"lasts_min": 30, "repeat_every_min": 60}, "lasts"),
        ({"repeat_every_min": 7}, "repeat"),
        ({"texts": {**WORDS, Part.WARNING: "Hồ [tên hồ] xả lũ"}}, "warning"),
        ({"texts": {**WORDS, Part.CORRECTION: ""}}, "correction"),
        ({"texts": {**WORDS, Part.ALL_CLEAR: "x" * 1_501}}, "all_clear"),
    ],
)
def test_what_cannot_be_sent_is_named_by_its_field(
    w: Watch, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        w.live.propose(w.composer, wish(**changes))
    assert caught.value.facts["field"] == field


def test_a_district_stops_what_the_province_sent_in_its_own_place_and_calls_nothing_off(
    w: Watch,
) -> None:
    operator = w.centre.actor(Role.OPERATOR, PROVINCE)
    waiting = w.live.propose(operator, wish(target_ids=(PROVINCE,)))
    found = w.live.propose(operator, wish(target_ids=(PROVINCE,)))
    w.speak()
    w.live.confirm(w.province, found, "phát thật 65 trạm")
    with pytest.raises(ForbiddenError):
        w.live.withdraw(w.second, waiting)
    for part in (Part.CORRECTION, Part.ALL_CLEAR):
        with pytest.raises(ForbiddenError):
            w.live.call_off(w.composer, found, part)
    assert w.live.stop(w.composer, found) == 9
    assert [audience for audience, deed, _kind in w.deeds() if deed == "stop"] == [DISTRICT]
    assert [one.emergency_id for one in w.live.running(operator)] == [found]
    w.live.call_off(operator, found, Part.ALL_CLEAR)


# --- drills ---------------------------------------------------------------------------------------


def _drill(w: Watch, actor: Actor) -> str:
    found = w.drills.propose(actor, wish())
    w.speak()
    return found


def test_a_drill_is_signed_with_the_exercise_key_and_says_so_at_both_ends(w: Watch) -> None:
    found = _drill(w, w.composer)
    with w.centre.database.read() as session:
        spoken = [row.recipe["text"] for row in session.query(PieceRow).all()]
    assert all(text.startswith(DRILL_SAID) and text.endswith(DRILL_SAID) for text in spoken)
    with pytest.raises(InvalidInputError):
        w.drills.confirm(w.second, found, NINE)
    w.drills.confirm(w.second, found, "diễn tập 9 trạm")
    view = w.drills.get(w.composer, found)  # whatever was asked, it sounds once and now
    assert (view.repeat_every_s, view.until_at - w.centre.clock()) == (None, timedelta(minutes=5))
    w.drills.call_off(w.composer, found, Part.ALL_CLEAR)
    w.drills.stop(w.composer, found)
    assert {(deed, kind) for _audience, deed, kind in w.deeds()} == {
        ("drill", "exercise"),
        ("stop", "actual"),
    }


def test_nothing_turns_a_drill_into_an_emergency_or_back(w: Watch) -> None:
    drill, live = _drill(w, w.composer), w.proposed()
    for desk, other in ((w.live, drill), (w.drills, live)):
        for deed in (
            lambda d=desk, o=other: d.confirm(w.second, o, "phát thật 9 trạm"),
            lambda d=desk, o=other: d.get(w.composer, o),
            lambda d=desk, o=other: d.stop(w.composer, o),
        ):
            with pytest.raises(NotFoundError):
                deed()
    with pytest.raises(ControllerError):
        w.drills.call_off(w.composer, drill, Part.CORRECTION)
    assert w.deeds() == []


@pytest.mark.parametrize("kind", ["emergency", "stop"])
def test_the_exercise_key_signs_drills_alone_and_the_actual_key_no_drill(
    w: Watch, kind: str
) -> None:
    until = w.centre.clock() + timedelta(minutes=5)
    live = EmergencyDeed(title="x", authority="district", sequence=1, until_at=until)
    wrong = live if kind == "emergency" else StopDeed()
    actor, span = w.composer, timedelta(minutes=5)
    for orders, deed in ((w.drills._orders, wrong), (w.live._orders, DrillDeed(title="x"))):
        with pytest.raises(TypeError), w.centre.database.write() as session:
            orders.issue(session, actor, DISTRICT, deed, valid_for=span, is_group=True)
    assert w.deeds() == []


def test_no_desk_can_be_built_over_the_key_of_the_other_kind(w: Watch) -> None:
    live, drills = w.live._orders, w.drills._orders
    tools = Tools(
        w.centre.database,
        w.centre.clock,
        w.centre.places,
        w.store,
        w.centre.wake,
        is_voice=bool,
        check_password=lambda _actor, _password: None,
        recordings=w.live.recordings,
        stops=live,
    )
    assert EmergencyDesk(tools, live).kind is Kind.LIVE
    assert DrillDesk(tools, drills).kind is Kind.DRILL
    silencing = replace(tools, stops=drills)
    for desk, with_tools, orders in (
        (DrillDesk, tools, live),
        (EmergencyDesk, tools, drills),
        (DrillDesk, silencing, drills),
    ):
        with pytest.raises(TypeError):
            desk(with_tools, orders)
    signed_by = (w.centre.database, w.centre.clock, w.centre.places)
    for desk_of_orders, kind in ((Orders, DeedKind.EXERCISE), (Exercises, DeedKind.ACTUAL)):
        with pytest.raises(TypeError):
            desk_of_orders(*signed_by, Signer.generate(kind))


def test_what_is_told_of_a_drill_can_be_read_as_nothing_else() -> None:
    told = DrillDeed(title="x").model_dump()
    for other in ("emergency", "stop", "volume"):
        with pytest.raises(ValidationError):
            DrillDeed.model_validate({**told, "deed": other})
    with pytest.raises(ValidationError):
        EmergencyDeed.model_validate(told)
    assert {"authority", "sequence", "repeat_every_s", "replaces"}.isdisjoint(told)


def test_a_station_that_comes_back_gets_the_words_until_it_has_answered(w: Watch) -> None:
    settings = w.centre.settings.plan
    as_run = AsRun(w.centre.database, w.centre.clock, w.centre.places, settings)
    with w.centre.database.write() as session:
        prepare_states(session)
    (station,) = w.centre.places.tree().stations_in([COMMUNE])
    found = w.live.propose(w.composer, wish(lasts_min=60))
    w.speak(CARRIED_BYTES)
    w.live.confirm(w.second, found, NINE)
    w.live.call_off(w.composer, found, Part.ALL_CLEAR)
    sent = [*w.orders(found), *w.orders(found, Part.ALL_CLEAR)]

    def orders() -> list[str]:
        answer = as_run.hello(wire.hello(station_id=station.station_id))
        assert answer is not None
        assert answer.ack.orders == ()
        return [read_order(envelope).order_id for envelope in answer.orders]

    assert orders() == [order.order_id for order in sent]
    w.replies(sent[0].order_id, station.station_id)
    assert orders() == [sent[1].order_id]
    w.centre.clock.move(hours=2)
    assert orders() == []
