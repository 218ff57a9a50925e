"""The main job: what an operator uploads sounds at the district's stations, and nowhere else."""

from __future__ import annotations

import re
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from audio_library.store import FolderStore
from controller.domain.accounts import Role
from controller.storage.models import JournalEntryRow, SlotResultRow, SlotRow
from tests.support import listening, sound
from tests.support.browser import chromium, signed_in
from tests.support.person import VIETNAM, next_minute
from tests.support.province import Province, province, until

pytestmark = pytest.mark.real

DISTRICT = "bac-ai"
RECORDED = "bac-ai-phuoc-binh"
TITLE = "Phòng cháy rừng mùa khô"
WORDS = (
    "Thông báo của Ủy ban nhân dân huyện Bác Ái. Đang là mùa khô, nguy cơ cháy rừng rất cao. "
    "Bà con không đốt nương rẫy, không mang lửa vào rừng. Khi thấy cháy, hãy báo ngay cho "
    "công an xã hoặc kiểm lâm nơi gần nhất. Xin cảm ơn bà con đã lắng nghe."
)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "Thông báo Đông Hải.mp3"
    return sound.spoken(path, WORDS)


def _write_and_submit(page: Page, speech: Path) -> str:
    page.goto("/ban-tin/moi")
    page.fill("input[name=title]", TITLE)
    page.set_input_files("input[name=sound]", speech)
    page.click("[data-send]")
    page.wait_for_url(re.compile(r"/ban-tin/[0-9a-f-]{36}$"))
    submit = page.get_by_role("button", name="Gửi duyệt")
    # The page comes again by itself when the sound is ready; a reload of ours would cut that off.
    expect(submit).to_be_enabled(timeout=60_000)
    submit.click()
    page.get_by_text("Đã gửi duyệt").wait_for()
    return page.url


def _approve(browser: Browser, address: str, approver: str, bulletin: str) -> None:
    page = signed_in(browser, address, approver)
    page.goto(bulletin)
    assert page.locator("audio").count() >= 1
    page.locator("[data-heard-box]").check()
    page.get_by_role("button", name="Duyệt", exact=True).click()
    page.get_by_text("Đã duyệt").first.wait_for()


def _schedule(page: Page, at: datetime) -> None:
    local = at.astimezone(VIETNAM)
    page.goto("/lich/moi")
    page.select_option("select[name=bulletin_id]", index=1)
    page.fill("input[name=airs_at]", f"{local:%H:%M}")
    page.select_option("select[name=recurrence]", "once")
    page.fill("input[name=starts_on]", f"{local:%d/%m/%Y}")
    page.locator(f"input[name=target][value={DISTRICT}]").check()
    page.get_by_text(f"Phát {local:%H:%M}").first.wait_for()
    page.get_by_role("button", name=re.compile("^Lưu lịch")).click()
    page.wait_for_url(re.compile(r"/lich(/|\?|$)(?!moi)"))


def _stations(made: Province) -> tuple[list[str], list[str]]:
    tree = made.centre.services.places.tree()
    nine = [station.station_id for station in tree.stations_in([DISTRICT])]
    others = sorted(set(tree.stations) - set(nine))
    return nine, others


def test_an_upload_sounds_at_the_nine_stations_of_the_district_and_nowhere_else(
    tmp_path: Path, speech: Path
) -> None:
    with province(tmp_path) as made, chromium() as browser:
        nine, others = _stations(made)
        assert (len(nine), len(others)) == (9, 56)
        for station_id in [*nine, *others]:
            made.add_station(station_id, sink="file" if station_id == RECORDED else "null")
        made.start_fleet([*nine, *others])
        auditor = made.desk(Role.AUDITOR, "ninh-thuan")
        made.desk(Role.OPERATOR, DISTRICT)
        made.desk(Role.APPROVER, DISTRICT)
        until(
            "65 tiles say online",
            lambda: list(auditor.tile_states().values()).count("ok") == 65,
            within_s=60,
        )

        operator = signed_in(browser, made.address, f"operator.{DISTRICT}")
        bulletin = _write_and_submit(operator, speech)
        _approve(browser, made.address, f"approver.{DISTRICT}", bulletin)
        due_at = next_minute(datetime.now(UTC), timedelta(seconds=20))
        _schedule(operator, due_at)

        until(
            "nine aired",
            lambda: [sign for one in nine for _, sign in auditor.signs(one)] == ["aired"] * 9,
            within_s=120,
            every_s=2,
        )
        operator.goto("/bang")
        operator.get_by_text("9/9").first.wait_for()
        _only_the_nine_aired(made, nine)
        _the_recording_is_the_upload(made, speech, due_at)


def _only_the_nine_aired(made: Province, nine: list[str]) -> None:
    with made.centre.database.read() as session:
        results = session.execute(
            select(SlotResultRow.station_id, SlotResultRow.outcome, SlotResultRow.start_error_ms)
        ).all()
        starts = session.scalars(
            select(JournalEntryRow.station_id).where(JournalEntryRow.kind == "start")
        ).all()
    assert sorted(row.station_id for row in results) == sorted(nine)
    assert sorted(starts) == sorted(nine)
    assert {row.outcome for row in results} == {"aired"}
    assert max(abs(row.start_error_ms) for row in results) <= 50


def _the_recording_is_the_upload(made: Province, speech: Path, due_at: datetime) -> None:
    with made.centre.database.read() as session:
        slot = session.execute(select(SlotRow.starts_at, SlotRow.items)).one()
    assert slot.starts_at == due_at
    stored = FolderStore(made.settings.folder / "sound").path(slot.items[0]["sha256"])
    asset = sound.read_samples(stored)
    heard = _recording_of(made, due_at)
    middle = sound.read_samples(speech)[3 * listening.RATE_HZ : 8 * listening.RATE_HZ]
    in_asset_s, _ = sound.find_offset(asset, middle)
    in_recording_s, likeness = sound.find_offset(heard.samples, middle)
    assert likeness > 0.7
    expected_at = due_at + timedelta(seconds=in_asset_s)
    sounded_at = heard.instant(in_recording_s * listening.RATE_HZ)
    assert abs((sounded_at - expected_at).total_seconds()) < 0.05
    begin = round((in_recording_s - in_asset_s) * listening.RATE_HZ)
    aired = heard.part(begin, begin + len(asset))
    assert abs(listening.loudness_lufs(aired) + 16) <= 1
    before = heard.part(0, begin - 480)
    assert not len(before) or float(np.abs(before).max()) < 0.003


def _recording_of(made: Province, due_at: datetime) -> listening.Recording:
    folder = made.folder / "stations" / RECORDED
    found = [one for one in listening.recordings(folder) if one.opened_at <= due_at]
    assert found, list(folder.rglob("*"))
    with wave.open(str(found[-1].path), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (48_000, 1)
    return found[-1]
