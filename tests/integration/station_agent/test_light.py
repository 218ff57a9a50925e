"""A station carries no studio: what its process has imported once it has done everything."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from station_protocol import messages as wire
from tests.support.brokers import Nats, broker_user
from tests.support.small_centre import ROOT, SmallCentre, now, slot_of, wait_for
from tests.support.sound import speech_like, write_sound

STATION = "bac-ai-phuoc-binh"
HEAVY = {"flask", "sqlalchemy", "apscheduler", "pydub", "gtts", "controller"}
_RUN_AND_TELL = """
import json, sys
from station_agent.cli import main
code = main(["run", "--config", sys.argv[1]])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""
pytestmark = pytest.mark.real


def test_a_running_agent_has_imported_nothing_of_the_centre(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "voice.opus", speech_like(2.0, seed=7)).read_bytes()
    broker = Nats(tmp_path / "broker", (broker_user(STATION, "ninh-thuan"),), None)
    broker.start()
    try:
        with SmallCentre(broker) as centre:
            config = centre.configure(tmp_path / "station", STATION)
            agent = subprocess.Popen(
                [sys.executable, "-c", _RUN_AND_TELL, str(config)],
                stdout=subprocess.PIPE,
                cwd=ROOT,
            )
            try:
                wait_for(lambda: centre.all(wire.Hello))
                slot = slot_of(centre, "news", sound, now() + timedelta(minutes=30), 2)
                centre.plan(STATION, slot)
                wait_for(lambda: centre.evidence(STATION, wire.HoldingEntry))
                centre.order(STATION, wire.TestToneDeed(seconds=1))
                (reply,) = wait_for(lambda: centre.all(wire.Reply))
                time.sleep(1.5)  # the tone
            finally:
                agent.send_signal(signal.SIGTERM)
                said, _ = agent.communicate(timeout=20)
    finally:
        broker.stop()
    imported = set(json.loads(said))
    assert reply.accepted
    assert {"paho", "sqlite3", "pydantic", "av", "numpy", "urllib3"} <= imported
    assert not imported & HEAVY
