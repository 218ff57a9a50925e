"""The same link over other brokers and over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from station_protocol.messages import RefreshDeed
from station_protocol.topics import Down
from tests.support import wire
from tests.support.brokers import Mosquitto, Nats
from tests.support.certificates import make_certificates
from tests.support.fleet import STATION, province
from tests.support.line import Line, until

pytestmark = pytest.mark.real


@pytest.fixture(params=["mosquitto", "mosquitto-tls", "nats-tls"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    tls = make_certificates(tmp_path / "tls") if request.param.endswith("tls") else None
    kind = Mosquitto if request.param.startswith("mosquitto") else Nats
    (tmp_path / "broker").mkdir()
    with province(tmp_path) as here:
        here.plans.refresh()
        built = Line(
            here, tmp_path, lambda folder, users: kind(folder, users, tls), tls.ca if tls else None
        )
        try:
            yield built
        finally:
            built.close()


def test_plans_orders_and_evidence_travel_as_over_the_bundled_broker(line: Line) -> None:
    here, station = line.here, line.station()
    slot = line.due()
    line.settle()
    station.say(wire.hello(plan_version=0))
    assert station.next(Down.ACK).message.answers == "hello"
    assert station.next(Down.PLAN).message.slots[0].slot_id == slot.slot_id
    order_id = here.orders.order(here.desk.actor(), STATION, RefreshDeed())
    line.link.wake_outbox()
    assert station.next(Down.ORDER).message.order_id == order_id
    station.say(wire.reply(order_id=order_id, accepted=True, why=None))
    until(lambda: len(here.orders.replies(order_id)) == 1)
    here.go_to(slot, minutes=11)
    station.say(wire.batch(wire.entry(here.ran(slot), no=1)))
    assert station.next(Down.ACK).message.stored_up_to == 1
    assert here.verdict(slot) == ("aired", None)
