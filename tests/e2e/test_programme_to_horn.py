"""A programme of five items at a station, as its sound card recorded it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from audio_library.store import FolderStore
from controller.domain.accounts import Actor, Role
from controller.domain.pieces import Ours, piece_id
from controller.domain.programmes import Chimes, ItemKind, Joints
from controller.domain.schedule import STATION_ZONE, Recurrence
from controller.services.bulletins import Draft
from controller.services.programmes import ItemWish, ProgrammeWish
from controller.services.schedule_findings import Wish
from controller.services.spool import Upload
from controller.storage.models import BulletinVersionRow, PieceRow, SlotResultRow, StationPlanRow
from station_protocol import codec
from station_protocol import messages as wire
from station_protocol.signing import KeyRing, PinnedKey
from tests.support import listening, sound
from tests.support.person import next_minute
from tests.support.province import Province, province, until

pytestmark = [pytest.mark.real, pytest.mark.soak]

DISTRICT, STATION = "bac-ai", "bac-ai-phuoc-binh"
RATE = listening.RATE_HZ
LENGTHS_S = (14, 11)


def test_five_items_follow_each_other_without_a_gap_a_click_or_a_step_in_level(
    tmp_path: Path,
) -> None:
    with province(tmp_path) as made:
        made.add_station(STATION, sink="file")
        made.start_agent(STATION)
        made.desk(Role.OPERATOR, DISTRICT)
        made.desk(Role.APPROVER, DISTRICT)
        operator, approver = (_actor(made, role) for role in (Role.OPERATOR, Role.APPROVER))
        news = [_approved(made, operator, approver, tmp_path, length) for length in LENGTHS_S]
        items = (
            ItemWish(ItemKind.IDENT),
            ItemWish(ItemKind.OPENING, voice="espeak:vi"),
            *(ItemWish(ItemKind.BULLETIN, one) for one in news),
            ItemWish(ItemKind.CLOSING),
        )
        programme = ProgrammeWish("Chương trình sáng", items, Joints(Chimes.EACH, pause_ms=0))
        programme_id = made.centre.services.programmes.create(operator, programme)
        due_at = next_minute(datetime.now(UTC), timedelta(seconds=110))
        _schedule(made, operator, programme_id, due_at)
        # Three sounds of their own, and one made of the bulletins and the sign-off.
        until("every piece is told", lambda: len(_planned(made)) == 4, within_s=100)
        until("it has aired", lambda: _aired(made), within_s=240, every_s=2)
        theme, name, date_line, joined = (item.sha256 for item in _planned(made))
        own = [_version(made, one) for one in news]
        with made.centre.database.read() as session:
            closing = session.get_one(PieceRow, piece_id(Ours("closing"))).sha256 or ""
        assert joined not in {*own, closing}
        _look_at(made, [theme, name, date_line, *own, closing], due_at)


def _actor(made: Province, role: Role) -> Actor:
    username = f"{role.value.replace('_', '-')}.{DISTRICT}"
    account = made.centre.services.accounts.by_name(username)
    assert account is not None
    return Actor(account.account_id, username, account.full_name, role, DISTRICT, "127.0.0.1")


def _approved(made: Province, operator: Actor, approver: Actor, folder: Path, length_s: int) -> str:
    bulletins = made.centre.services.bulletins
    path = sound.write_wav(folder / f"{length_s}.wav", sound.speech_like(length_s, seed=length_s))
    upload = Upload(path.name, io.BytesIO(path.read_bytes()))
    draft = Draft(f"Tin {length_s}", "news", "", DISTRICT)
    bulletin_id = bulletins.create(operator, draft, language="vi", upload=upload)

    def version() -> int:
        return bulletins.get(operator, bulletin_id).row_version

    until("ready", lambda: not bulletins.get(operator, bulletin_id).is_processing, within_s=120)
    bulletins.submit(operator, bulletin_id, row_version=version())
    bulletins.approve(approver, bulletin_id, row_version=version())
    return bulletin_id


def _schedule(made: Province, operator: Actor, programme_id: str, due_at: datetime) -> None:
    local = due_at.astimezone(STATION_ZONE)
    made.centre.services.schedules.save(
        operator,
        Wish(
            "",
            Recurrence.ONCE,
            local.time(),
            local.date(),
            local.date(),
            127,
            (STATION,),
            programme_id=programme_id,
        ),
    )


def _version(made: Province, bulletin_id: str) -> str:
    with made.centre.database.read() as session:
        query = select(BulletinVersionRow.sha256).where(
            BulletinVersionRow.bulletin_id == bulletin_id
        )
        return session.scalars(query).one() or ""


def _planned(made: Province) -> tuple[wire.PlannedItem, ...]:
    """The items of the one slot in the newest plan."""
    with made.centre.database.read() as session:
        raw = session.scalar(
            select(StationPlanRow.envelope)
            .where(StationPlanRow.station_id == STATION)
            .order_by(StationPlanRow.version.desc())
            .limit(1)
        )
    if raw is None:
        return ()
    signer = made.centre.keys.actual
    keys = KeyRing.of(PinnedKey.from_hex(signer.public_hex(), signer.kind))
    plan = codec.open_plan(raw, keys, STATION).message
    return plan.slots[0].items if plan.slots else ()


def _aired(made: Province) -> bool:
    with made.centre.database.read() as session:
        found = session.scalars(select(SlotResultRow.outcome)).all()
    return list(found) == ["aired"]


def _look_at(made: Province, sounds: list[str], due_at: datetime) -> None:
    """The sounds in the order in which they must be heard."""
    store = FolderStore(made.settings.folder / "sound")
    assets = [sound.read_samples(store.path(sha256)) for sha256 in sounds]
    folder = made.folder / "stations" / STATION
    heard = [one for one in listening.recordings(folder) if one.opened_at <= due_at][-1]
    begins = [_begin(heard.samples, asset) for asset in assets]
    assert begins == sorted(begins), "in their order"
    assert abs((heard.instant(begins[0]) - due_at).total_seconds()) < 0.05
    lengths = [len(asset) for asset in assets]
    for before, (begin, follows) in enumerate(pairwise(begins)):
        assert abs(follows - begin - lengths[before]) <= RATE * 5 // 1000, "no gap above 5 ms"
    highest = max(float(np.abs(np.diff(asset)).max()) for asset in assets)
    for begin in begins[1:]:
        joint = heard.part(begin - RATE // 100, begin + RATE // 100)
        assert float(np.abs(np.diff(joint)).max()) <= highest, "no click"
    levels = [
        listening.loudness_lufs(np.tile(heard.part(begin, begin + len(asset)), 3))
        for begin, asset in zip(begins, assets, strict=True)
    ]
    assert max(levels) - min(levels) <= 1.0, levels


def _begin(heard: sound.Samples, asset: sound.Samples) -> int:
    """Where it begins, by its middle, which no fade touches."""
    margin = len(asset) // 4
    at_s, likeness = sound.find_offset(heard, asset[margin:-margin])
    assert likeness > 0.8
    return round(at_s * RATE) - margin
