"""Plans, orders and sounds that are not genuine are refused, counted and shown."""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from audio_library.store import FolderStore
from controller.domain.accounts import Role
from controller.link.broker_access import broker_access
from controller.storage.models import JournalEntryRow, SlotResultRow, StationPlanRow
from station_protocol import codec, topics
from station_protocol import messages as wire
from station_protocol.signing import Claims, KeyRing, PinnedKey, Signer
from station_protocol.topics import Down
from station_protocol.vocabulary import Purpose
from tests.support import listening, sound
from tests.support import wire as build
from tests.support.person import VIETNAM, Person, next_minute
from tests.support.province import Province, province, until

pytestmark = pytest.mark.real

THIEF, TARGET = "bac-ai-phuoc-hoa", "bac-ai-phuoc-binh"
STATIONS = (THIEF, TARGET)
SPEECH_S = 4.0


@dataclass
class Stage:
    """Two stations, an operator who watches, and an approved bulletin both hold."""

    province: Province
    operator: Person
    bulletin_id: str

    def page(self, station_id: str) -> str:
        return self.operator.get(f"/tram/{station_id}").text

    def evidence(self, station_id: str, kind: str) -> list[dict[str, object]]:
        """What the station wrote into its journal, as the centre stored it."""
        with self.province.centre.database.read() as session:
            return list(
                session.scalars(
                    select(JournalEntryRow.evidence)
                    .where(JournalEntryRow.station_id == station_id, JournalEntryRow.kind == kind)
                    .order_by(JournalEntryRow.entry_no)
                )
            )

    def refusals(self, station_id: str) -> list[tuple[object, object]]:
        return [(one["what"], one["why"]) for one in self.evidence(station_id, "refusal")]

    def newest_plan(self, station_id: str) -> tuple[int, int, bytes]:
        """Epoch, version and envelope of the plan the centre signed last."""
        with self.province.centre.database.read() as session:
            row = session.execute(
                select(StationPlanRow.epoch, StationPlanRow.version, StationPlanRow.envelope)
                .where(StationPlanRow.station_id == station_id)
                .order_by(StationPlanRow.version.desc())
            ).first()
        assert row is not None
        return row.epoch, row.version, row.envelope


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("forgeries")
    upload = sound.write_sound(folder / "ban-tin.wav", sound.speech_like(SPEECH_S, seed=3))
    with province(folder) as made:
        for station_id in STATIONS:
            made.add_station(station_id, sink="file" if station_id == TARGET else "null")
            made.start_agent(station_id)
        operator = made.desk(Role.OPERATOR, "bac-ai")
        bulletin_id = operator.upload("Bản tin thử", upload)
        operator.submit(bulletin_id)
        made.desk(Role.APPROVER, "bac-ai").approve(bulletin_id)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        noon = tomorrow.astimezone(VIETNAM).replace(hour=12, minute=0, second=0, microsecond=0)
        assert operator.schedule_once(bulletin_id, noon, list(STATIONS)).status == 303
        staged = Stage(made, operator, bulletin_id)
        until("both hold plan and sound", lambda: _both_hold(staged), within_s=60)
        yield staged


def _both_hold(stage: Stage) -> bool:
    pages = [stage.page(one) for one in STATIONS]
    return all("đúng bản mới nhất" in page and "1/1 tệp" in page for page in pages)


@contextmanager
def _connected(port: int, user: str, password: str, client_id: str) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.username_pw_set(user, password)
    ready = threading.Event()
    client.on_connect = lambda *_arguments: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert ready.wait(10)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def _as_station(stage: Stage, station_id: str) -> Iterator[mqtt.Client]:
    path = stage.province.folder / "stations" / station_id / "station.toml"
    broker = tomllib.loads(path.read_text(encoding="utf-8"))["broker"]
    with _connected(broker["port"], broker["user"], broker["password"], "thief") as client:
        yield client


@contextmanager
def _as_centre(stage: Stage) -> Iterator[mqtt.Client]:
    access = broker_access(stage.province.settings)
    with _connected(access.port, access.user, access.password, "intruder") as client:
        yield client


def _publish(client: mqtt.Client, payload: bytes) -> None:
    client.publish(topics.down(TARGET, Down.PLAN), payload, qos=1)


def _sealed(stage: Stage, plan: wire.StationPlan, signer: Signer, version: int) -> bytes:
    epoch, _, _ = stage.newest_plan(TARGET)
    now = datetime.now(UTC)
    claims = Claims(
        key_id=signer.key_id,
        purpose=Purpose.PLAN,
        audience=TARGET,
        epoch=epoch,
        version=version,
        not_before=now - timedelta(hours=1),
        not_after=now + timedelta(days=14),
        nonce="0" * 32,
    )
    return codec.seal(plan, claims, signer)


def _plan(*slots: wire.PlannedSlot) -> wire.StationPlan:
    now = datetime.now(UTC)
    return wire.StationPlan(
        station_id=TARGET, made_at=now, covers_until=now + timedelta(days=14), slots=slots
    )


def test_a_plan_sent_with_another_stations_password_is_stopped_by_the_broker_and_shown(
    stage: Stage,
) -> None:
    _, _, envelope = stage.newest_plan(TARGET)
    with _as_station(stage, THIEF) as thief:
        _publish(thief, envelope)
        until(
            "the thief's page tells",
            lambda: "gửi vào kênh không được phép" in stage.page(THIEF),
            within_s=20,
        )
    assert topics.down(TARGET, Down.PLAN) in stage.page(THIEF)
    assert stage.refusals(TARGET) == []
    metrics = stage.operator.get("/metrics").text
    assert f'vang_station_denied_publishes_total{{station="{THIEF}"' in metrics


def test_a_plan_signed_by_a_foreign_key_is_refused_by_the_station_and_shown(stage: Stage) -> None:
    _, version, _ = stage.newest_plan(TARGET)
    with _as_centre(stage) as intruder:
        _publish(intruder, _sealed(stage, _plan(), Signer.generate(), version + 1))
        until("the refusal arrives", lambda: ("plan", "signature_bad") in stage.refusals(TARGET))
    until("the page tells", lambda: 'data-trouble="signature_bad"' in stage.page(TARGET))
    assert "đúng bản mới nhất" in stage.page(TARGET)


def test_an_older_plan_played_back_is_refused_as_stale_and_shown(stage: Stage) -> None:
    keys = stage.province.centre.keys
    _, version, _ = stage.newest_plan(TARGET)
    assert version > 1
    with _as_centre(stage) as intruder:
        _publish(intruder, _sealed(stage, _plan(), keys.actual, version - 1))
        until("the refusal arrives", lambda: ("plan", "stale") in stage.refusals(TARGET))
    until("the page tells", lambda: 'data-trouble="stale"' in stage.page(TARGET))


def test_one_flipped_byte_is_not_played_but_fetched_again_and_reported(stage: Stage) -> None:
    at = _scheduled(stage)
    file = _held_file(stage)
    good = file.read_bytes()
    _flip_a_byte(file)
    until("the station says that the file is corrupt", lambda: _is_corrupt_said(stage), within_s=90)
    until("the good bytes are back", lambda: file.exists() and file.read_bytes() == good)
    until("the slot has ended", lambda: _has_ended(stage, at), within_s=150)
    assert _outcome(stage, at) in {("aired", None), ("late", "file_corrupt")}
    _, likeness = sound.find_offset(_recorded(stage, at), sound.read_samples(file))
    assert likeness > 0.95


def _scheduled(stage: Stage) -> datetime:
    """A slot soon at the target, which holds its plan and its sound."""
    at = next_minute(datetime.now(UTC), timedelta(seconds=25))
    answer = stage.operator.schedule_once(stage.bulletin_id, at, [TARGET])
    assert answer.status == 303, answer.text
    until("both hold plan and sound", lambda: _both_hold(stage))
    return at


def _flip_a_byte(file: Path) -> None:
    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    file.write_bytes(spoilt)


def _held_file(stage: Stage) -> Path:
    folder = stage.province.folder / "stations" / TARGET / "data"
    (sha256,) = {str(one["sha256"]) for one in stage.evidence(TARGET, "holding")}
    (found,) = [
        path for path in folder.rglob("*") if path.name == sha256 and path.parent.name != "bad"
    ]
    return found


def _recorded(stage: Stage, at: datetime) -> listening.Samples:
    """What left the target's card from a few seconds before this instant on."""
    folder = stage.province.folder / "stations" / TARGET
    early = at - timedelta(seconds=20)
    parts = [one.samples for one in listening.recordings(folder) if one.opened_at > early]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _is_corrupt_said(stage: Stage) -> bool:
    return any("corrupt" in json.dumps(one) for one in _said(stage))


def _said(stage: Stage) -> list[dict[str, object]]:
    kinds = ("refusal", "fault", "holding")
    return [one for kind in kinds for one in stage.evidence(TARGET, kind)]


def _has_ended(stage: Stage, at: datetime) -> bool:
    return _outcome(stage, at) not in {None, ("sounding", None), ("coming", None)}


def _outcome(stage: Stage, at: datetime) -> tuple[str, str | None] | None:
    with stage.province.centre.database.read() as session:
        row = session.execute(
            select(SlotResultRow.outcome, SlotResultRow.reason).where(
                SlotResultRow.station_id == TARGET, SlotResultRow.planned_at == at
            )
        ).one_or_none()
    return None if row is None else (row.outcome, row.reason)


def test_a_quarter_past_three_at_night_is_refused_on_screen_with_the_reason(stage: Stage) -> None:
    tomorrow = datetime.now(VIETNAM) + timedelta(days=1)
    night = tomorrow.replace(hour=3, minute=15, second=0, microsecond=0)
    answer = stage.operator.schedule_once(stage.bulletin_id, night, [TARGET])
    assert answer.status == 422
    assert "03:15 ngoài khung giờ cho phép (05:00–21:00)." in answer.text
    assert "Chỉ tin khẩn cấp được phát giờ này." in answer.text


def test_a_slot_at_night_in_a_well_signed_plan_is_missed_at_once_by_the_station(
    stage: Stage,
) -> None:
    tomorrow = datetime.now(VIETNAM) + timedelta(days=1)
    night = tomorrow.replace(hour=3, minute=15, second=0, microsecond=0)
    slot = build.slot(slot_id="n" * 26, starts_at=night.astimezone(UTC))
    _, version, _ = stage.newest_plan(TARGET)
    plan = _sealed(stage, _plan(slot), stage.province.centre.keys.actual, version + 50)
    with _as_centre(stage) as hand:
        _publish(hand, plan)
        until(
            "the station answers at once",
            lambda: ("n" * 26, "missed", "quiet_hours") in _as_run(stage),
        )


def test_bytes_spoilt_at_the_centre_too_never_sound(stage: Stage) -> None:
    at = datetime.now(UTC) + timedelta(seconds=20)
    _send_by_hand(stage, at, "s" * 26)
    file = _held_file(stage)
    good = file.read_bytes()
    stored = FolderStore(stage.province.settings.folder / "sound").path(file.name)
    _flip_a_byte(stored)
    _flip_a_byte(file)
    until(
        "the station closes the slot",
        lambda: ("s" * 26, "missed", "file_corrupt") in _as_run(stage),
        within_s=90,
    )
    stored.write_bytes(good)
    assert ("sound", "file_corrupt") in stage.refusals(TARGET)
    assert float(np.abs(_recorded(stage, at)).max(initial=0.0)) < 0.001


def _send_by_hand(stage: Stage, at: datetime, slot_id: str) -> None:
    """A slot of the same bulletin with a short window, in a well-signed plan."""
    signer = stage.province.centre.keys.actual
    ring = KeyRing.of(PinnedKey.from_hex(signer.public_hex(), signer.kind))
    _, version, envelope = stage.newest_plan(TARGET)
    items = codec.open_plan(envelope, ring, TARGET).message.slots[0].items
    slot = build.slot(
        slot_id=slot_id, starts_at=at, items=items, duration_ms=items[0].duration_ms, lateness_s=20
    )
    with _as_centre(stage) as hand:
        _publish(hand, _sealed(stage, _plan(slot), signer, version + 60))


def _as_run(stage: Stage) -> list[tuple[object, ...]]:
    return [
        (one["slot_id"], one["outcome"], one.get("reason"))
        for one in stage.evidence(TARGET, "as_run")
    ]
