"""A real station core whose centre is the real services: only wire, time and player are ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from controller.services.station_states import Beat
from station_agent.core import effects as do
from station_agent.core import events as ev
from station_protocol import codec
from station_protocol import messages as wire
from station_protocol.codec import Signed
from station_protocol.vocabulary import Purpose
from tests.support import wire as build
from tests.support.fleet import Province
from tests.support.rig import Rig

SLACK = timedelta(minutes=5)


class Lived(Rig):
    """The station over one centre, which may be exchanged for another."""

    def __init__(self, here: Province, **options: Any) -> None:
        super().__init__(**options)
        self.here = here
        self.true = here.clock.at

    def _pass(self, ms: int) -> None:
        super()._pass(ms)
        self.here.clock.at = self.true

    def connect(self) -> Lived:
        """The link comes up; the centre noticed the silence meanwhile."""
        self.here.as_run.sweep()
        super().connect()
        return self

    def _sent(self, message: wire.UpMessage) -> None:
        if not self.link_is_up:
            return
        self.sent.append(message)
        match message:
            case wire.Hello():
                self._answered(self.here.as_run.hello(message))
            case wire.Heartbeat():
                self.here.as_run.beats([Beat(message, self.true)])
                if message.wants_time:
                    self._answered(self.here.as_run.time_for(message))

    def _forward(self, effect: do.ForwardJournal) -> None:
        lines = [line for line in self.store.entries if line.entry_no > effect.after_no][:100]
        if not self.link_is_up or not lines:
            return
        batch = wire.JournalBatch(
            station_id=build.STATION,
            boot_id=effect.boot_id,
            journal_id="journal-1",
            sent_mono_ms=effect.sent_mono_ms,
            entries=tuple(lines),
        )
        (answer,) = self.here.as_run.store_journals([batch])
        self._answered(answer)

    def _answered(self, answer: Any) -> None:
        """The plan goes first, as the link sends it; each arrives a moment later."""
        keys = self.here.keys
        if answer.plan:
            plan = codec.open_plan(answer.plan, keys, build.STATION)
            self._arrives(ev.PlanReceived(plan, answer.plan))
        if answer.limits:
            limits = codec.open_limits(answer.limits, keys, build.STATION)
            self._arrives(ev.LimitsReceived(limits, answer.limits))
        claims = build.claims(
            Purpose.ACK,
            epoch=answer.epoch,
            not_before=self.true - SLACK,
            not_after=self.true + SLACK,
        )
        self._arrives(ev.AckReceived(Signed(claims, answer.ack)))

    def _arrives(self, event: ev.Event) -> None:
        self.later(self.answers_after_ms, lambda: event if self.link_is_up else None)
