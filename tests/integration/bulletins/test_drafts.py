"""Drafts nobody came back to are named, then deleted; what was aired never is."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from audio_library.errors import AssetMissingError
from controller.domain.accounts import Actor, Role
from controller.errors import NotFoundError
from controller.services.bulletins import Draft
from controller.services.drafts import Drafts
from controller.services.filing import Filing
from controller.services.named_sounds import NAMING, json_columns, named_sounds
from controller.settings import KeepingSettings, SoundSettings
from controller.storage.models import (
    AuditRow,
    BulletinRow,
    BulletinTagRow,
    BulletinVersionRow,
    HoldingRow,
    IngestJobRow,
)
from tests.support.bulletins import Studio
from tests.support.schedule_desk import Desk, a_wish
from tests.support.web import DISTRICT, NOW, Browser, words

YEARS = timedelta(days=3650)


def age_files(studio: Studio, days: float = 100) -> None:
    """The files are as old as the clock of the test makes them."""
    at = NOW.timestamp() - days * 86_400
    for path in (studio.folder / "sounds").rglob("*.opus"):
        os.utime(path, (at, at))


def sound_of(studio: Studio, bulletin_id: str) -> str:
    with studio.centre.database.read() as session:
        query = select(BulletinVersionRow.sha256).where(
            BulletinVersionRow.bulletin_id == bulletin_id
        )
        return str(session.scalars(query).one())


def is_there(studio: Studio, bulletin_id: str) -> bool:
    with studio.centre.database.read() as session:
        return session.get(BulletinRow, bulletin_id) is not None


def test_a_draft_untouched_for_90_days_goes_with_its_sound_and_leaves_its_audit_row(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    studio.centre.services.filing.file(
        author, bulletin_id, Filing("mùa khô"), row_version=studio.version(author, bulletin_id)
    )
    sha256 = sound_of(studio, bulletin_id)
    age_files(studio)
    studio.centre.clock.move(days=89.9)
    assert studio.drafts.prune() == 0
    assert studio.store.has(sha256)
    studio.centre.clock.move(days=0.2)
    assert studio.drafts.prune() == 1
    with pytest.raises(NotFoundError):
        studio.bulletins.get(author, bulletin_id)
    with pytest.raises(AssetMissingError):
        studio.store.path(sha256)
    with studio.centre.database.read() as session:
        for table in (BulletinRow, BulletinVersionRow, BulletinTagRow, IngestJobRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        row = session.scalars(select(AuditRow).where(AuditRow.action == "bulletin.prune")).one()
        assert (row.object_id, row.actor) == (bulletin_id, "vang")
        assert row.detail["title"] == "Phòng cháy rừng mùa khô"


def test_whoever_changes_a_draft_keeps_it(studio: Studio, author: Actor) -> None:
    bulletin_id = studio.draft(author)
    studio.centre.clock.move(days=89)
    draft = Draft("Tên mới", "", "", DISTRICT)
    studio.bulletins.edit(author, bulletin_id, draft, row_version=1)
    studio.centre.clock.move(days=89)
    assert studio.drafts.prune() == 0
    assert is_there(studio, bulletin_id)


def test_what_waits_for_approval_or_was_ever_approved_is_no_draft(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes, other_wav: bytes
) -> None:
    waiting = studio.submitted(author, voice_wav)
    approved = studio.approved(author, approver, voice_wav)
    changed = studio.approved(author, approver, voice_wav)
    studio.bulletins.keep_text(author, changed, "Lời khác")  # voids the approval: a draft again
    assert studio.bulletins.get(author, changed).state == "draft"
    studio.centre.clock.at += YEARS
    assert studio.drafts.prune() == 0
    assert all(is_there(studio, one) for one in (waiting, approved, changed))


def test_whatever_was_aired_is_never_deleted_however_old_and_whatever_became_of_it(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes, tmp_path: Path
) -> None:
    desk = Desk(studio.centre)
    bulletin_id = studio.approved(author, approver, voice_wav)
    desk.schedules.save(author, a_wish(bulletin_id))
    slot = desk.slots()[0]
    desk.ended(slot, "bac-ai-phuoc-binh", "aired")
    sha256 = sound_of(studio, bulletin_id)
    with studio.centre.database.write() as session:  # as if nobody had ever approved it
        row = session.get_one(BulletinRow, bulletin_id)
        row.state = "draft"
        version = session.scalars(select(BulletinVersionRow)).one()
        version.approved_at = version.approved_by = version.approved_by_name = None
    same_sound = studio.draft(author, "Nháp cùng tiếng", sound=voice_wav)
    age_files(studio)
    studio.centre.clock.at += YEARS
    assert studio.drafts.prune() == 1
    assert not is_there(studio, same_sound)
    assert is_there(studio, bulletin_id)
    assert studio.store.has(sha256)
    with studio.centre.database.write() as session:  # and even if its rows were lost
        session.delete(session.scalars(select(IngestJobRow)).one())
        session.flush()
        session.delete(session.scalars(select(BulletinVersionRow)).one())
    kept_for_ever = KeepingSettings(aired_sound_months=0)
    at_slots = (studio.centre.database, studio.centre.clock, studio.store, SoundSettings())
    Drafts(*at_slots, kept_for_ever).prune()
    assert studio.store.has(sha256)  # the slot that aired it names it still
    now, studio.centre.clock.at = studio.centre.clock.at, slot.starts_at + timedelta(days=365)
    studio.drafts.prune()
    assert studio.store.has(sha256)
    studio.centre.clock.at = now
    studio.drafts.prune()
    assert not studio.store.has(sha256)  # nothing but a slot of ten years ago named it


def test_that_a_station_had_a_sound_once_does_not_keep_it_at_the_centre(
    studio: Studio, author: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.draft(author, sound=voice_wav)
    sha256 = sound_of(studio, bulletin_id)
    with studio.centre.database.write() as session:
        session.add(
            HoldingRow(
                station_id="bac-ai-phuoc-binh", sha256=sha256, held=False, size_bytes=1, at=NOW
            )
        )
    age_files(studio)
    studio.centre.clock.move(days=91)
    assert studio.drafts.prune() == 1
    assert not studio.store.has(sha256)


def test_sound_stored_a_moment_before_its_row_is_kept(studio: Studio, tmp_path: Path) -> None:
    made = tmp_path / "made.opus"
    made.write_bytes(b"sound")
    fresh = studio.store.put(made)
    at = NOW.timestamp() - 3600
    os.utime(studio.store.path(fresh), (at, at))
    studio.drafts.prune()
    assert studio.store.has(fresh)
    age_files(studio, days=1.1)
    studio.drafts.prune()
    assert not studio.store.has(fresh)


def test_every_json_column_was_asked_whether_it_names_sounds() -> None:
    without = {
        "api_token.scopes",
        "audit.detail",
        "bulletin_version.cues",
        "bulletin_version.findings",
        "bulletin_version.refusal_facts",
        "bulletin_version.waveform",
        "emergency.target_ids",
        "journal_entry.evidence",
        "notice_choice.ways",
        "notice_item.facts",
        "schedule_template.target_ids",
        "station.language_order",
        "station_flip.reasons",
        "station_plan.slots",
        "station_state.health_reasons",
        "day_figure.bulletins",
        "day_figure.causes",
        "day_figure.heard_ms",
        "day_figure.outages",
        "day_figure.outcomes",
        "month_close.figures",
        "month_close.names",
        "station_state.refused",
    }
    assert json_columns() == NAMING | without


def test_every_row_that_names_a_sound_keeps_it(
    studio: Studio, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    desk = Desk(studio.centre)
    bulletin_id = desk.bulletin(languages=("vi", "rog"))
    desk.schedules.save(author, a_wish(bulletin_id))
    with studio.centre.database.read() as session:
        named = named_sounds(session)
        in_slots = {item["sha256"] for slot in desk.slots() for item in slot.items}
    assert in_slots
    assert in_slots <= named


def test_its_author_is_told_two_weeks_before_and_nobody_else(studio: Studio, author: Actor) -> None:
    bulletin_id = studio.draft(author, "Nháp quên")
    studio.centre.clock.move(days=75.9)
    assert studio.drafts.fading(author) == ()
    studio.centre.clock.move(days=0.2)
    (told,) = studio.drafts.fading(author)
    assert (told.bulletin_id, told.title, told.goes_on) == (
        bulletin_id,
        "Nháp quên",
        date(2027, 2, 23),
    )
    colleague = studio.centre.actor(Role.OPERATOR, DISTRICT, "dong-nghiep")
    assert studio.drafts.fading(colleague) == ()
    browser: Browser = studio.centre.client(Role.OPERATOR, DISTRICT)
    page = words(browser.get("/ban-tin"))
    assert "Bản nháp của bạn lâu không sửa, sắp bị xóa: Nháp quên (23/02)" in page


def test_a_centre_may_keep_drafts_for_ever(studio: Studio, author: Actor) -> None:
    bulletin_id = studio.draft(author)
    never = Drafts(
        studio.centre.database,
        studio.centre.clock,
        studio.store,
        SoundSettings(drafts_kept_days=0),
    )
    studio.centre.clock.at += YEARS
    assert never.fading(author) == ()
    assert never.prune() == 0
    assert is_there(studio, bulletin_id)
