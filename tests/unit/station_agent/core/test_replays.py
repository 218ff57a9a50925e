"""A thousand orders recorded on their way and played back: none has a second effect.

They are real envelopes, opened and checked as a station opens them; time is the rig's. Dallas,
7 April 2017: 156 sirens for an hour and a half, because what was recorded could be sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from station_agent.core import effects as do
from station_agent.core.acceptance import MOST_ORDERS
from station_agent.link.handlers import Inbox
from station_protocol import codec, topics
from station_protocol import messages as wire
from station_protocol.errors import ProtocolError
from station_protocol.signing import Claims, KeyRing, PinnedKey, Signer
from station_protocol.topics import Down
from station_protocol.vocabulary import Authority, DeedKind, Purpose
from tests.support import wire as build
from tests.support.rig import EPOCH, Rig

RECORDED = 1_000
EVERY = timedelta(seconds=20)
SHORT, LONG = timedelta(minutes=5), timedelta(hours=24)
ACTUAL, EXERCISE = Signer.generate(), Signer.generate(DeedKind.EXERCISE)
TOPIC = topics.down(build.STATION, Down.ORDER)


class Wiretap:
    """A station whose orders come in as bytes, and all of them as somebody recorded them."""

    def __init__(self) -> None:
        self.rig = Rig().boot()
        self.rig.connect()
        self.rig.run(5)
        pinned = (PinnedKey.from_hex(one.public_hex(), one.kind) for one in (ACTUAL, EXERCISE))
        self.asked: list[do.Effect] = []
        self.inbox = Inbox(
            build.STATION,
            (),
            KeyRing.of(*pinned),
            lambda event: self.asked.extend(self.rig.tell(event)),
            lambda _chunk: None,
        )
        self.recorded: list[bytes] = []

    def send(self, deed: wire.Deed, valid_for: timedelta, signer: Signer = ACTUAL) -> None:
        number = len(self.recorded) + 1
        now = self.rig.now.wall
        order = wire.Order(
            order_id=f"order-{number}", issued_at=now, issued_by="trung tâm", deed=deed
        )
        claims = Claims(
            key_id=signer.key_id,
            purpose=Purpose.ORDER,
            audience=build.STATION,
            epoch=EPOCH,
            version=number,
            not_before=now - timedelta(minutes=1),
            not_after=now + valid_for,
            nonce=f"{number:032x}",
            kind=signer.kind,
        )
        self.recorded.append(codec.seal(order, claims, signer))
        self.inbox.receive(TOPIC, self.recorded[-1])

    def play_back(self) -> list[do.Effect]:
        """Everything again; what the station did about it beside answering."""
        self.asked.clear()
        heard, volume = len(self.rig.heard), self.rig.store.memory.volume_percent
        for envelope in self.recorded:
            self.inbox.receive(TOPIC, envelope)
        self.rig.run(30)
        assert self.rig.heard[heard:] == []
        assert self.rig.store.memory.volume_percent == volume
        return [one for one in self.asked if not _is_word(one)]


def _is_word(effect: do.Effect) -> bool:
    """Whether it answers, writes down and reports a refusal, or is what a station does anyway."""
    if isinstance(effect, do.Persist):
        return all(isinstance(line.evidence, wire.RefusalEntry) for line in effect.entries)
    if isinstance(effect, do.Send):
        return isinstance(effect.message, wire.Reply | wire.Heartbeat)
    return isinstance(effect, do.ForwardJournal | do.Probe)


def a_day_of_orders() -> Wiretap:
    """Volumes, stops, refreshes, drills, emergencies over five hours; at the end all is silent."""
    tap = Wiretap()
    for number in range(RECORDED - 1):
        match number % 10:
            case 0:
                until = tap.rig.now.wall + LONG
                tap.send(_emergency(number, until_at=until), LONG)
            case 3:
                tap.send(wire.DrillDeed(title="Diễn tập"), SHORT, EXERCISE)
            case 5:
                tap.send(wire.StopDeed(), SHORT)
            case 7:
                tap.send(wire.RefreshDeed(), SHORT)
            case _:
                tap.send(wire.VolumeDeed(percent=1 + number % 100), SHORT)
        tap.rig.run(EVERY.total_seconds())
    tap.send(wire.VolumeDeed(percent=77), SHORT)
    tap.rig.run(60)
    return tap


def _emergency(number: int, **fields: object) -> wire.EmergencyDeed:
    values = {
        "title": "Xả lũ",
        "authority": Authority.DISTRICT,
        "sequence": number + 1,
        "attention_ms": 1_000,
        **fields,
    }
    return wire.EmergencyDeed.model_validate(values)


def test_a_thousand_recorded_orders_have_no_second_effect_also_after_restarts() -> None:
    tap = a_day_of_orders()
    assert len(tap.recorded) == RECORDED
    assert len(tap.rig.heard) >= RECORDED // 10  # the first time they did sound
    assert tap.rig.store.memory.volume_percent == 77
    assert tap.play_back() == []
    tap.rig.reboot()
    assert tap.play_back() == []
    tap.rig.reboot(power_cut=True)
    assert tap.play_back() == []
    tap.rig.link_is_up = tap.rig.centre_is_up = False
    tap.rig.reboot(power_cut=True)  # now nobody can tell it the time
    assert tap.play_back() == []


def test_more_orders_than_a_station_remembers_all_valid_at_once_have_no_second_effect() -> None:
    tap = Wiretap()
    for number in range(MOST_ORDERS + 150):
        match number % 50:
            case 0:
                until = tap.rig.now.wall + LONG
                tap.send(_emergency(number, until_at=until), LONG)
            case 25:
                tap.send(wire.DrillDeed(title="Diễn tập"), LONG, EXERCISE)
            case _:
                tap.send(wire.VolumeDeed(percent=1 + number % 100), LONG)
        tap.rig.run(2)
    tap.send(wire.VolumeDeed(percent=77), LONG)
    tap.rig.run(60)
    for restart in ({}, {"power_cut": True}):
        assert tap.play_back() == []
        tap.rig.reboot(**restart)
    assert tap.play_back() == []
    tap.send(wire.VolumeDeed(percent=12), LONG)  # what is new is obeyed as ever
    assert tap.rig.store.memory.volume_percent == 12


def test_what_was_forgotten_is_refused_also_where_the_clock_says_that_it_is_valid() -> None:
    tap = Wiretap()
    tap.send(_emergency(1, until_at=tap.rig.now.wall + SHORT), SHORT)
    recorded_at = tap.rig.true
    tap.rig.run(3 * 86_400)
    tap.send(wire.VolumeDeed(percent=77), SHORT)  # by now the first is forgotten
    assert len(tap.rig.store.memory.orders) == 1
    tap.rig.true = recorded_at  # and centre, network and station agree on the wrong day
    tap.rig.reboot(power_cut=True)
    tap.rig.run(60)
    assert tap.play_back() == []


def test_a_day_of_playing_back_leaves_a_line_a_minute_that_counts_the_rest() -> None:
    tap = Wiretap()
    tap.send(wire.VolumeDeed(percent=77), LONG)
    for _ in range(600):
        tap.inbox.receive(TOPIC, tap.recorded[0])
        tap.rig.run(1)
    tap.rig.run(120)
    lines = tap.rig.evidence(wire.RefusalEntry)
    assert {(one.what, one.why) for one in lines} == {("order", "replayed")}
    assert len(lines) <= 12
    counted = sum(int(one.detail.split("(+")[1][:-1]) for one in lines if "(+" in one.detail)
    assert counted + len(lines) in range(600, 612)


# --- a drill never becomes real -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "signer"),
    [
        (_emergency(1, until_at=build.NOW + LONG), EXERCISE),
        (wire.StopDeed(), EXERCISE),
        (wire.VolumeDeed(percent=3), EXERCISE),
        (wire.DrillDeed(title="Diễn tập"), ACTUAL),
    ],
)
def test_the_key_of_exercises_makes_nothing_real_and_the_other_no_drill(
    deed: wire.Deed, signer: Signer
) -> None:
    tap = Wiretap()
    tap.send(deed, SHORT, signer)
    tap.rig.run(10)
    assert tap.rig.heard == []
    (reply,) = tap.rig.replies()
    assert (reply.accepted, reply.why) == (False, "unsupported")


@pytest.mark.parametrize("claimed", [DeedKind.ACTUAL, DeedKind.EXERCISE])
def test_the_kind_of_an_order_is_that_of_its_key_whatever_its_bytes_claim(
    claimed: DeedKind,
) -> None:
    """A drill relabelled on its way: the signature betrays it."""
    tap = Wiretap()
    drill = wire.DrillDeed(title="Diễn tập")
    tap.send(drill, SHORT, EXERCISE)
    heard = len(tap.rig.heard)
    sealed = tap.recorded[0]
    signature, body = sealed[:64], sealed[64:]
    relabelled = body.replace(b'"deed":"drill"', b'"deed":"emergency"').replace(
        b'"kind":"exercise"', f'"kind":"{claimed.value}"'.encode()
    )
    assert relabelled != body
    with pytest.raises(ProtocolError):
        codec.open_order(signature + relabelled, tap.inbox.keys, frozenset({build.STATION}))
    tap.inbox.receive(TOPIC, signature + relabelled)
    tap.rig.run(30)
    assert len(tap.rig.heard[heard:]) <= 1  # the drill itself, once


def opened_kinds(envelopes: Sequence[bytes], keys: KeyRing) -> list[DeedKind]:
    return [
        codec.open_order(one, keys, frozenset({build.STATION})).claims.kind for one in envelopes
    ]


def test_claims_get_their_kind_from_the_key_alone() -> None:
    tap = Wiretap()
    tap.send(wire.DrillDeed(title="Diễn tập"), SHORT, EXERCISE)
    tap.send(wire.StopDeed(), SHORT)
    assert opened_kinds(tap.recorded, tap.inbox.keys) == [DeedKind.EXERCISE, DeedKind.ACTUAL]
