"""Emergencies at a shipped agent: from the order's bytes to what was heard, and to the evidence."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from station_protocol import messages as wire
from station_protocol.vocabulary import Authority, Outcome, Reason
from tests.support import listening, sound
from tests.support.small_centre import Program, SmallCentre, now, slot_id, slot_of, wait_for

STATION = "bac-ai-phuoc-binh"
SIGNAL_MS = 2_000
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of something like speech, as the centre keeps it."""
    path = tmp_path_factory.mktemp("voice") / "voice.opus"
    return sound.write_sound(path, sound.speech_like(6.0, seed=7))


@pytest.fixture
def station(centre: SmallCentre, tmp_path: Path) -> Iterator[Program]:
    config = centre.configure(tmp_path / "station", STATION, player_sink="file")
    program = Program(("run", "--config", str(config)), tmp_path / "agent.log").start()
    wait_for(lambda: centre.all(wire.Hello))
    yield program
    assert program.stop() == 0
    assert "Traceback" not in program.log.read_text()


def warning(voice: Path, **changes: object) -> wire.EmergencyDeed:
    data = voice.read_bytes()
    values: dict[str, object] = {
        "title": "Xả lũ hồ Sông Cái",
        "authority": Authority.PROVINCE,
        "sequence": 1,
        "attention_ms": SIGNAL_MS,
        "sound": wire.OrderSound(
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            duration_ms=6_000,
            data=base64.b64encode(data).decode(),
        ),
        "until_at": now() + timedelta(minutes=5),
    }
    return wire.EmergencyDeed.model_validate(values | changes)


def ran(centre: SmallCentre, order_id: str) -> list[wire.AsRunEntry]:
    lines = centre.evidence(STATION, wire.AsRunEntry)
    return [line for line in lines if line.order_id == order_id]


def test_it_cuts_a_bulletin_and_its_words_follow_the_signal_without_a_gap(
    centre: SmallCentre, station: Program, voice: Path, tmp_path: Path
) -> None:
    due_at = now() + timedelta(seconds=9)
    centre.plan(STATION, slot_of(centre, "news", voice.read_bytes(), due_at, 6))
    wait_for(lambda: centre.evidence(STATION, wire.StartEntry))
    order_id = centre.order(STATION, warning(voice))
    (line,) = wait_for(lambda: ran(centre, order_id))
    assert (line.outcome, line.exercise) == (Outcome.AIRED, False)
    assert line.played_ms == pytest.approx(8_000, abs=60)
    cut = wait_for(lambda: centre.outcome(STATION, slot_id("news")))
    assert (cut.outcome, cut.reason) == (Outcome.CUT_SHORT, Reason.PREEMPTED)
    assert centre.all(wire.Reply)[-1].accepted
    recorded = listening.recordings(tmp_path / "station")[-1]
    assert line.started_at is not None
    begin = round((line.started_at - recorded.opened_at).total_seconds() * recorded.rate_hz)
    heard = recorded.part(begin - 480, begin + 9 * listening.RATE_HZ)
    at_s, likeness = sound.find_offset(heard, sound.read_samples(voice))
    assert likeness > 0.9
    assert at_s == pytest.approx(0.01 + SIGNAL_MS / 1000, abs=0.02)
    assert float(np.abs(heard[960:4_800]).max()) > 0.05


def test_killed_in_the_middle_it_sounds_again_as_long_as_it_is_valid(
    centre: SmallCentre, station: Program, voice: Path
) -> None:
    order_id = centre.order(STATION, warning(voice))
    wait_for(lambda: centre.evidence(STATION, wire.StartEntry))
    station.kill()
    station.start()
    lines = wait_for(lambda: ran(centre, order_id)[1:] and ran(centre, order_id))
    assert [(line.outcome, line.reason) for line in lines] == [
        (Outcome.CUT_SHORT, Reason.AGENT_DOWN),
        (Outcome.AIRED, None),
    ]


def test_a_drill_is_told_apart_and_cannot_be_signed_as_the_real_thing(
    centre: SmallCentre, station: Program, voice: Path
) -> None:
    wait_for(lambda: centre.all(wire.Heartbeat)[-1:] and centre.all(wire.Heartbeat)[-1].clock)
    forged = centre.order(
        STATION, warning(voice), key_id=centre.exercise.key_id, kind=centre.exercise.kind
    )
    order_id = centre.order(STATION, wire.DrillDeed(title="Diễn tập xả lũ"))
    (line,) = wait_for(lambda: ran(centre, order_id))
    assert (line.outcome, line.exercise) == (Outcome.AIRED, True)
    assert ran(centre, forged) == []
    refusals = {(one.what, one.why) for one in centre.evidence(STATION, wire.RefusalEntry)}
    assert refusals == {("order", "signature_bad")}
