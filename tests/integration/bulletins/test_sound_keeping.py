"""The sound of bulletins goes by its rule, and never what may still sound; all else stays."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Role
from controller.domain.programmes import ItemKind
from controller.domain.schedule import Recurrence
from controller.errors import SoundGoneError
from controller.services.backups import needed_sounds
from controller.services.programmes import ItemWish, ProgrammeWish
from controller.services.sound_keeping import SoundKeeping
from controller.services.spool import Upload
from controller.settings import KeepingSettings
from controller.storage.models import (
    AuditRow,
    BulletinRow,
    BulletinVersionRow,
    EmergencyPartRow,
    EmergencyRow,
    PieceRow,
    SlotBulletinRow,
    SlotRow,
)
from tests.integration.bulletins.test_drafts import age_files, sound_of
from tests.support.bulletins import Studio
from tests.support.schedule_desk import TOMORROW, Desk, a_wish
from tests.support.schedule_desk import sound_of as made_up_sound
from tests.support.web import DISTRICT, OTHER_DISTRICT, Browser, words

GOES_ON = datetime(2027, 11, 30, 17, 0, tzinfo=UTC)
"""Midnight in Việt Nam when November 2026 is more than 12 whole months ago."""


@pytest.fixture
def desk(studio: Studio) -> Desk:
    return Desk(studio.centre)


def keeping(studio: Studio, **settings: int) -> SoundKeeping:
    here = studio.centre
    return SoundKeeping(here.database, here.clock, here.places, KeepingSettings(**settings))


def files(studio: Studio) -> list[str]:
    return sorted(path.stem for path in studio.folder.glob("[os]*s/??/*"))


def sweep(studio: Studio) -> None:
    studio.drafts.prune()
    studio.desk.sweep()


def aired(desk: Desk, author: Actor, bulletin_id: str) -> str:
    """One airing on 26/11/2026; its schedule."""
    wish = a_wish(bulletin_id, recurrence=Recurrence.ONCE, ends_on=TOMORROW)
    return desk.schedules.save(author, wish).schedule_id


def test_sound_a_year_behind_its_last_use_goes_and_everything_else_stays(
    studio: Studio, desk: Desk, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    aired(desk, author, bulletin_id)
    before = studio.bulletins.get(author, bulletin_id)
    (version,) = before.versions
    sha256 = sound_of(studio, bulletin_id)
    assert len(files(studio)) == 2  # the sound, and the upload it was made of
    age_files(studio)
    studio.centre.clock.at = GOES_ON - timedelta(seconds=1)
    assert keeping(studio).check().leaving == ()
    studio.centre.clock.at = GOES_ON
    assert keeping(studio, bulletin_sound_months=0).keep_to_it() == 0
    assert keeping(studio, aired_sound_months=24).keep_to_it() == 0  # its slot needs it so long

    told = keeping(studio).check()
    assert [one.title for one in told.leaving] == ["Phòng cháy rừng mùa khô"]
    assert told.size_bytes == sum(path.stat().st_size for path in studio.folder.glob("[os]*s/??/*"))
    assert told.before == date(2026, 12, 1)
    page = words(studio.centre.client(Role.ADMIN, DISTRICT).get("/luu-tru"))
    assert "Xem 1 bản tin trong địa bàn của bạn Phòng cháy rừng mùa khô" in page
    elsewhere = words(studio.centre.client(Role.ADMIN, OTHER_DISTRICT).get("/luu-tru"))
    assert "Sẽ xóa 1 bản tin Giải phóng" in elsewhere
    assert "Tháng đã chốt vĩnh viễn" in elsewhere
    assert "Phòng cháy rừng" not in elsewhere
    assert studio.centre.client(Role.OPERATOR, DISTRICT).get("/luu-tru").status_code == 403
    sweep(studio)
    assert len(files(studio)) == 2  # to look is not to delete

    assert keeping(studio).keep_to_it() == 1
    assert keeping(studio).keep_to_it() == 0  # killed here: the sweep of the next night comes
    assert sha256 in files(studio)
    sweep(studio)
    sweep(studio)
    assert files(studio) == []
    page = words(studio.centre.client(Role.ADMIN, DISTRICT).get("/luu-tru"))
    assert "00:00 01/12/2027 Âm thanh của bản tin 1 bản tin" in page

    after = studio.bulletins.get(author, bulletin_id)
    assert after.versions == (replace(version, sound_gone_at=GOES_ON),)
    assert (after.title, after.state, after.row_version) == (
        before.title, before.state, before.row_version,
    )  # fmt: skip
    with studio.centre.database.read() as session:
        deed = session.scalars(select(AuditRow).where(AuditRow.action == "bulletin.sound_gone"))
        row = deed.one()
        assert (row.actor, row.detail["vi"], row.detail["files"]) == ("vang", sha256, 2)
        assert needed_sounds(session) == frozenset()  # a backup does not miss it


def test_what_needs_the_sound_says_since_when_there_is_none(
    studio: Studio, desk: Desk, author: Actor, approver: Actor, voice_wav: bytes, other_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    aired(desk, author, bulletin_id)
    (version,) = studio.bulletins.get(author, bulletin_id).versions
    version_id, seen = version.bulletin_version_id, studio.version(author, bulletin_id)
    studio.centre.clock.at = GOES_ON
    keeping(studio).keep_to_it()
    tomorrow = date(2027, 12, 2)
    wish = a_wish(bulletin_id, starts_on=tomorrow, ends_on=tomorrow)
    with pytest.raises(SoundGoneError) as caught:
        desk.schedules.save(author, wish)
    assert caught.value.facts["gone_at"] == GOES_ON
    assert desk.schedules.bulletins(author) == ()
    for deed in (
        lambda: studio.bulletins.sound_file(author, bulletin_id, version_id),
        lambda: studio.cuts.whole(author, bulletin_id, version_id),
        lambda: studio.centre.services.sharing.share(author, bulletin_id, row_version=seen),
        lambda: keeping(studio).hold(approver, bulletin_id, is_held=True),
    ):
        with pytest.raises(SoundGoneError):
            deed()
    browser: Browser = studio.centre.client(Role.OPERATOR, DISTRICT)
    page = words(browser.get(f"/ban-tin/{bulletin_id}"))
    assert "Âm thanh đã xóa theo quy định lưu trữ ngày 01/12/2027." in page
    assert "Đặt lịch được" not in page
    assert "âm thanh đã xóa" in words(browser.get("/ban-tin"))
    heard = browser.get(f"/ban-tin/{bulletin_id}/nghe/{version_id}")
    assert heard.status_code == 410
    assert "01/12/2027" in words(heard)

    studio.bulletins.keep_text(author, bulletin_id, "Lời khác")  # a draft again, still silent
    with pytest.raises(SoundGoneError):
        studio.bulletins.submit(
            author, bulletin_id, row_version=studio.version(author, bulletin_id)
        )
    studio.bulletins.receive(author, bulletin_id, "vi", Upload("moi.wav", io.BytesIO(other_wav)))
    studio.finish()
    studio.bulletins.submit(author, bulletin_id, row_version=studio.version(author, bulletin_id))
    studio.bulletins.approve(
        approver, bulletin_id, row_version=studio.version(approver, bulletin_id)
    )
    desk.schedules.save(author, wish)
    assert studio.bulletins.get(author, bulletin_id).sound_gone_at is None


def test_nothing_that_may_still_sound_or_that_somebody_keeps_is_touched(
    studio: Studio, desk: Desk, author: Actor, approver: Actor
) -> None:
    names = (
        "aired", "withdrawn unaired", "unaired", "submitted", "held", "let go", "in a template",
        "weekly still", "aired again", "edited lately", "in a warning", "in a piece", "remade",
    )  # fmt: skip
    old = {name: desk.bulletin(name) for name in names}
    item = ItemWish(ItemKind.BULLETIN, old["in a template"])
    wish = ProgrammeWish("Mẫu", (item,), is_template=True)
    studio.centre.services.programmes.create(author, wish)
    aired(desk, author, old["aired"])
    desk.schedules.save(author, a_wish(old["weekly still"], ends_on=None, airs_at=time(6)))
    for name in ("held", "let go"):
        keeping(studio).hold(approver, old[name], is_held=True)
    keeping(studio).hold(approver, old["let go"], is_held=False)
    lately = GOES_ON - timedelta(days=30)
    with studio.centre.database.write() as session:
        first = session.scalars(select(SlotRow).order_by(SlotRow.starts_at)).first()
        assert first is not None
        # the weekly rule gave no slot for a year: only the rule itself still names its bulletin
        session.execute(delete(SlotBulletinRow))
        session.execute(update(SlotRow).values(items=[]))
        facts = {one.name: getattr(first, one.name) for one in SlotRow.__table__.columns}
        session.add(SlotRow(**(facts | {"slot_id": "again", "starts_at": lately, "items": []})))
        session.flush()
        for name in set(names) - {"unaired", "withdrawn unaired"}:
            session.add(SlotBulletinRow(slot_id=first.slot_id, bulletin_id=old[name]))
        session.add(SlotBulletinRow(slot_id="again", bulletin_id=old["aired again"]))
        session.get_one(BulletinRow, old["submitted"]).state = "submitted"
        session.get_one(BulletinRow, old["withdrawn unaired"]).state = "withdrawn"
        session.get_one(BulletinRow, old["edited lately"]).updated_at = lately
        versions = {row.bulletin_id: row for row in session.scalars(select(BulletinVersionRow))}
        versions[old["remade"]].created_at = lately
        _warn_with(session, author, versions[old["in a warning"]])
        recipe = {"kind": "joined", "parts": [[made_up_sound(old["in a piece"]), 0, 0]]}
        session.add(PieceRow(piece_id="p", recipe=recipe, wanted_at=lately, state="ready"))
    studio.centre.clock.at = GOES_ON
    goes = {"aired", "withdrawn unaired", "let go"}
    told = keeping(studio).check()
    assert {one.title for one in told.leaving} == goes
    assert told.held == 1
    assert keeping(studio).keep_to_it() == len(goes)
    with studio.centre.database.read() as session:
        gone = session.scalars(
            select(BulletinRow.title)
            .join(BulletinVersionRow, BulletinVersionRow.bulletin_id == BulletinRow.bulletin_id)
            .where(BulletinVersionRow.sound_gone_at.is_not(None))
        )
        assert set(gone) == goes


def _warn_with(session: Session, author: Actor, version: BulletinVersionRow) -> None:
    """A warning of long ago that took this recording."""
    at = version.created_at
    session.add(
        EmergencyRow(
            emergency_id="e", kind="live", hazard="storm", title="Bão", source="", stations=1,
            place_id=DISTRICT, target_ids=[DISTRICT], lasts_s=3600, until_at=at, state="sent",
            composed_by=author.account_id, composed_by_name=author.full_name, composed_at=at,
            sent_at=at,
        )
    )  # fmt: skip
    session.flush()
    session.add(
        EmergencyPartRow(
            emergency_id="e",
            part="warning",
            text="Bão.",
            bulletin_version_id=version.bulletin_version_id,
        )
    )


def test_the_same_sound_in_a_bulletin_that_stays_keeps_the_file(
    studio: Studio, desk: Desk, author: Actor, approver: Actor, voice_wav: bytes
) -> None:
    bulletin_id = studio.approved(author, approver, voice_wav)
    aired(desk, author, bulletin_id)
    studio.centre.clock.at = GOES_ON
    twin = studio.draft(author, "Bản mới cùng tệp", sound=voice_wav)
    assert sound_of(studio, twin) == sound_of(studio, bulletin_id)
    age_files(studio)
    assert keeping(studio).check().size_bytes == 0
    assert keeping(studio).keep_to_it() == 1
    studio.drafts.prune()
    assert studio.store.has(sound_of(studio, twin))
