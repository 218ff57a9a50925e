"""Programmes: put together, copied, scheduled; what the stations are told, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.domain import pieces
from controller.domain.accounts import Actor, Role
from controller.domain.pieces import Recipe
from controller.domain.plans import window
from controller.domain.programmes import Chimes, ItemKind, Joints, Named
from controller.errors import (
    InvalidInputError,
    NotApprovedError,
    NotFoundError,
    OutOfScopeError,
    StaleEditError,
    TooLongError,
)
from controller.services.plan_drafts import Moment, PlanDraft, plan_drafts
from controller.services.programmes import ItemWish, ProgrammeWish
from controller.services.slot_sounds import MARK
from controller.storage.models import BulletinRow, PieceRow, StationRow
from station_protocol.vocabulary import EndPolicy
from tests.support.bulletins import Studio, wav_bytes
from tests.support.pieces import Workshop
from tests.support.schedule_desk import TOMORROW, Desk, a_wish, desk, sound_of
from tests.support.web import COMMUNE, DISTRICT, OTHER_COMMUNE, OTHER_DISTRICT, PROVINCE, words

VOICE = "robot:vi"
NAME = ItemWish(ItemKind.OPENING, named=Named.STATION, voice=VOICE)
THEME, CLOSING = ItemWish(ItemKind.IDENT), ItemWish(ItemKind.CLOSING)


@pytest.fixture
def at_desk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as built:
        yield built


def news(bulletin_id: str) -> ItemWish:
    return ItemWish(ItemKind.BULLETIN, bulletin_id)


def wish(*items: ItemWish, title: str = "Chương trình sáng", **changes: Any) -> ProgrammeWish:
    joints = Joints(Chimes.FIRST, pause_ms=1_000)
    return ProgrammeWish(title, items, joints, **changes)


def create(at_desk: Desk, *items: ItemWish, **changes: Any) -> str:
    return at_desk.centre.services.programmes.create(at_desk.actor(), wish(*items, **changes))


def schedule(at_desk: Desk, programme_id: str, **changes: Any) -> str:
    values = {"programme_id": programme_id, **changes}
    return at_desk.schedules.save(at_desk.actor(), a_wish("", **values)).schedule_id


def ready(at_desk: Desk, *recipes: Recipe, duration_ms: int = 4_000) -> None:
    """Pieces as if they had been made; their hash follows from their name."""
    with at_desk.centre.database.write() as session:
        for recipe in recipes:
            piece_id = pieces.piece_id(recipe)
            row = session.get(PieceRow, piece_id) or PieceRow(
                piece_id=piece_id, recipe=pieces.spell(recipe), wanted_at=at_desk.centre.clock()
            )
            row.state, row.sha256 = "ready", hash_of(recipe)
            row.size_bytes, row.duration_ms = 20_000, duration_ms
            session.add(row)


def hash_of(recipe: Recipe) -> str:
    return pieces.piece_id(recipe).removeprefix("piece-").ljust(64, "0")


def wanted(at_desk: Desk) -> set[str]:
    with at_desk.centre.database.read() as session:
        return {row.piece_id for row in session.query(PieceRow).all() if row.state == "wanted"}


def drafts(at_desk: Desk) -> dict[str, PlanDraft]:
    now = at_desk.centre.clock()
    moment = Moment(window(now, 14), 1, now)
    with at_desk.centre.database.read() as session:
        found = plan_drafts(session, at_desk.centre.places.tree(), moment)
    return {draft.station_id: draft for draft in found}


def heard(at_desk: Desk, commune: str, at: int = 0) -> list[str]:
    """The hashes of the items that the station of a commune is told for one of its slots."""
    (station,) = at_desk.centre.places.tree().stations_in([commune])
    return [item.sha256 for item in drafts(at_desk)[station.station_id].slots[at].items]


def station_name(at_desk: Desk, commune: str) -> str:
    (station,) = at_desk.centre.places.tree().stations_in([commune])
    return station.name


def test_a_programme_airs_its_items_in_order_on_the_days_of_its_schedule(at_desk: Desk) -> None:
    first, second = at_desk.bulletin("Một", minutes=12), at_desk.bulletin("Hai", minutes=15)
    programme_id = create(at_desk, THEME, news(first), news(second), CLOSING)
    schedule(at_desk, programme_id)
    slots = at_desk.slots()
    assert len(slots) == 10
    assert {slot.title for slot in slots} == {"Chương trình sáng"}
    assert [item["sha256"] for item in slots[0].items] == [sound_of(first), sound_of(second)]
    theme, closing = pieces.Ours("theme"), pieces.Ours("closing")
    assert {pieces.piece_id(theme), pieces.piece_id(closing)} <= wanted(at_desk)
    ready(at_desk, theme, closing)
    at_desk.materialise()
    assert [item["sha256"] for item in at_desk.slots()[0].items] == [
        hash_of(theme), sound_of(first), sound_of(second), hash_of(closing),
    ]  # fmt: skip
    assert at_desk.slots()[0].revision == 2
    assert at_desk.slots()[0].items[0]["approved_by"] == at_desk.actor().full_name


def test_everybody_is_told_the_length_its_own_stations_may_air(at_desk: Desk) -> None:
    path = f"/chuong-trinh/{create(at_desk, news(at_desk.bulletin('Một', minutes=12)))}"
    own = words(at_desk.centre.client(Role.OPERATOR, DISTRICT).get(path))
    above = words(at_desk.centre.client(Role.OPERATOR, PROVINCE).get(path))
    assert "12:00 mức tối đa 45:00" in own
    assert "12:00 mức tối đa 45:00" in above


def test_short_items_are_told_as_one_sound_once_it_is_made(at_desk: Desk) -> None:
    first = at_desk.bulletin("Một", minutes=1)
    second = at_desk.bulletin("Hai", minutes=1)
    schedule(at_desk, create(at_desk, news(first), news(second)))
    assert [item["sha256"] for item in at_desk.slots()[0].items] == [
        sound_of(first), sound_of(second),
    ]  # fmt: skip
    parts = (pieces.JoinedPart(sound_of(first)), pieces.JoinedPart(sound_of(second), 0, 1_000))
    joined = pieces.Joined(parts)
    ready(at_desk, joined, duration_ms=121_000)
    at_desk.materialise()
    (item,) = at_desk.slots()[0].items
    assert (item["sha256"], item["approved_by"]) == (hash_of(joined), "Trần Văn Lộc")
    assert at_desk.slots()[0].duration_ms == 121_000


def test_each_station_says_its_own_name_and_each_day_its_date(at_desk: Desk) -> None:
    bulletin = at_desk.bulletin(minutes=10)
    schedule(at_desk, create(at_desk, NAME, news(bulletin)))
    assert [MARK in item for item in at_desk.slots()[0].items] == [True, False]
    assert heard(at_desk, COMMUNE) == [sound_of(bulletin)]
    here = pieces.greeting(station_name(at_desk, COMMUNE), VOICE)
    dates = [pieces.date_line(TOMORROW + timedelta(days=day), VOICE) for day in (0, 1)]
    names = [
        pieces.piece_id(pieces.greeting(station.name, VOICE))
        for station in at_desk.centre.places.tree().stations_in([DISTRICT])
    ]
    assert {*names, *(pieces.piece_id(one) for one in dates)} <= wanted(at_desk)
    elsewhere = pieces.greeting(station_name(at_desk, OTHER_COMMUNE), VOICE)
    assert pieces.piece_id(elsewhere) not in wanted(at_desk)
    ready(at_desk, here, *dates)
    at_desk.materialise()
    assert heard(at_desk, COMMUNE) == [hash_of(here), hash_of(dates[0]), sound_of(bulletin)]
    assert heard(at_desk, COMMUNE, 1)[:2] == [hash_of(here), hash_of(dates[1])]
    assert heard(at_desk, "bac-ai-phuoc-tan") == [hash_of(dates[0]), sound_of(bulletin)]


def test_an_opening_may_name_the_place_instead(at_desk: Desk) -> None:
    bulletin = at_desk.bulletin(minutes=10)
    opening = replace(NAME, named=Named.PLACE)
    schedule(at_desk, create(at_desk, opening, news(bulletin)))
    greeting = pieces.greeting("Đài truyền thanh huyện Bác Ái", VOICE)
    ready(at_desk, greeting)
    at_desk.materialise()
    assert heard(at_desk, COMMUNE) == heard(at_desk, "bac-ai-phuoc-tan") == [
        hash_of(greeting), sound_of(bulletin),
    ]  # fmt: skip


def test_a_moved_slot_says_the_date_of_its_new_day(at_desk: Desk) -> None:
    bulletin = at_desk.bulletin(minutes=10)
    schedule(at_desk, create(at_desk, NAME, news(bulletin)))
    slot = at_desk.slots()[0]
    at_desk.move(slot, slot.starts_at + timedelta(days=2))
    at_desk.materialise()
    saturday = pieces.date_line(TOMORROW + timedelta(days=2), VOICE)
    assert pieces.piece_id(saturday) in wanted(at_desk)
    ready(at_desk, saturday)
    at_desk.materialise()
    (moved,) = [one for one in at_desk.slots() if one.slot_id == slot.slot_id]
    assert moved.items[1]["sha256"] == hash_of(saturday)


def test_a_station_gets_the_version_in_its_own_language(at_desk: Desk) -> None:
    both = at_desk.bulletin("Hai thứ tiếng", minutes=10, languages=("vi", "rog"))
    (station,) = at_desk.centre.places.tree().stations_in([COMMUNE])
    with at_desk.centre.database.write() as session:
        session.get_one(StationRow, station.station_id).language_order = ["rog", "vi"]
    at_desk.centre.places.reload()
    schedule(at_desk, create(at_desk, NAME, news(both)))
    greeting = pieces.greeting(station.name, VOICE)
    ready(at_desk, greeting)
    assert heard(at_desk, COMMUNE) == [hash_of(greeting), sound_of(both, "rog")]
    assert heard(at_desk, "bac-ai-phuoc-tan") == [sound_of(both)]


def test_what_becomes_of_a_programme_its_coming_slots_follow(at_desk: Desk) -> None:
    first, second = at_desk.bulletin("Một", minutes=12), at_desk.bulletin("Hai", minutes=15)
    programmes, actor = at_desk.centre.services.programmes, at_desk.actor()
    programme_id = create(at_desk, news(first), end_policy=EndPolicy.RESUME)
    schedule(at_desk, programme_id)
    anew = wish(news(second), news(first), end_policy=EndPolicy.RESUME)
    assert programmes.change(actor, programme_id, anew, 1) == 1
    at_desk.materialise()
    assert [item["sha256"] for item in at_desk.slots()[0].items] == [
        sound_of(second), sound_of(first),
    ]  # fmt: skip
    assert at_desk.slots()[0].duration_ms == 27 * 60_000 + 1_000
    (station,) = at_desk.centre.places.tree().stations_in([COMMUNE])
    assert drafts(at_desk)[station.station_id].slots[0].end_policy is EndPolicy.RESUME
    with pytest.raises(StaleEditError):
        programmes.change(actor, programme_id, anew, 1)
    assert [row.action for row in at_desk.audited("programme.change")] == ["programme.change"]


def test_one_bulletin_that_is_not_approved_keeps_the_whole_silent(at_desk: Desk) -> None:
    first, second = at_desk.bulletin("Một"), at_desk.bulletin("Hai")
    programme_id = create(at_desk, NAME, news(first), news(second))
    schedule(at_desk, programme_id)
    at_desk.withdraw_approval(second)
    at_desk.materialise()
    assert at_desk.slots()[0].items == []
    assert at_desk.centre.services.programmes.airable(at_desk.actor()) == ()


def test_a_template_is_copied_and_never_scheduled(at_desk: Desk) -> None:
    programmes, actor = at_desk.centre.services.programmes, at_desk.actor()
    open_place = ItemWish(ItemKind.NOTICE)
    with pytest.raises(InvalidInputError) as refused:
        create(at_desk, THEME, open_place)
    assert refused.value.facts["problem"] == "open_place"
    template_id = create(at_desk, THEME, open_place, title="Mẫu sáng", is_template=True)
    assert programmes.airable(actor) == ()
    with pytest.raises(InvalidInputError):
        schedule(at_desk, template_id)
    copy = programmes.show(actor, template_id).wish
    bulletin = at_desk.bulletin()
    items = (copy.items[0], replace(copy.items[1], bulletin_id=bulletin))
    programmes.create(actor, replace(copy, title="Sáng nay", items=items, is_template=False))
    assert [one.title for one in programmes.airable(actor)] == ["Sáng nay"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"title": " "}, "missing"),
        ({"title": "x" * 201}, "text_too_long"),
        ({"items": ()}, "missing"),
        ({"items": (THEME, CLOSING)}, "no_bulletin"),
        ({"joints": Joints(pause_ms=5_001)}, "out_of_range"),
        ({"items": (THEME,) * 25}, "too_many"),
    ],
)
def test_what_cannot_be_aired_is_refused(
    at_desk: Desk, changes: dict[str, Any], problem: str
) -> None:
    asked = replace(wish(news(at_desk.bulletin())), **changes)
    with pytest.raises(InvalidInputError) as refused:
        at_desk.centre.services.programmes.create(at_desk.actor(), asked)
    assert refused.value.facts["problem"] == problem
    assert at_desk.centre.services.programmes.all(at_desk.actor()) == ()


def test_another_district_neither_sees_nor_uses_what_is_not_its_own(at_desk: Desk) -> None:
    programmes = at_desk.centre.services.programmes
    bulletin = at_desk.bulletin()
    programme_id = create(at_desk, news(bulletin))
    stranger: Actor = at_desk.actor(Role.OPERATOR, OTHER_DISTRICT)
    assert programmes.all(stranger) == ()
    with pytest.raises(NotFoundError):
        programmes.show(stranger, programme_id)
    with pytest.raises(NotFoundError):
        programmes.change(stranger, programme_id, wish(news(bulletin)), 1)
    with pytest.raises(OutOfScopeError):
        programmes.create(stranger, wish(news(bulletin)))
    with pytest.raises(OutOfScopeError):
        at_desk.schedules.preview(
            stranger, a_wish("", programme_id=programme_id, target_ids=(OTHER_DISTRICT,))
        )
    officer = at_desk.actor(Role.COMMUNE_OFFICER, COMMUNE)
    assert [one.programme_id for one in programmes.all(officer)] == [programme_id]
    with pytest.raises(OutOfScopeError):
        programmes.change(officer, programme_id, wish(news(bulletin)), 1)


def test_a_programme_in_use_is_neither_dropped_nor_made_a_template(at_desk: Desk) -> None:
    programmes, actor = at_desk.centre.services.programmes, at_desk.actor()
    bulletin = at_desk.bulletin()
    programme_id = create(at_desk, news(bulletin))
    schedule_id = schedule(at_desk, programme_id)
    for deed in (
        lambda: programmes.retire(actor, programme_id),
        lambda: programmes.change(actor, programme_id, wish(news(bulletin), is_template=True), 1),
    ):
        with pytest.raises(InvalidInputError) as refused:
            deed()
        assert refused.value.facts["problem"] == "in_use"
    at_desk.schedules.cancel_rest(actor, schedule_id, "đổi chương trình")
    at_desk.centre.clock.move(days=1)
    programmes.retire(actor, programme_id)
    assert programmes.all(actor) == ()


def test_a_programme_of_an_edited_schedule_stays(at_desk: Desk) -> None:
    programme_id = create(at_desk, news(at_desk.bulletin()))
    schedule(at_desk, programme_id)
    page = at_desk.centre.client(Role.OPERATOR, DISTRICT).get("/lich/moi")
    assert f'value="programme:{programme_id}"' in page.text
    row = at_desk.row(at_desk.slots()[0].schedule_id)
    assert row.programme_id == programme_id


def test_what_is_scheduled_is_not_changed_into_something_that_may_not_air(at_desk: Desk) -> None:
    programmes, actor = at_desk.centre.services.programmes, at_desk.actor()
    first = at_desk.bulletin("Một", minutes=12)
    programme_id = create(at_desk, news(first))
    schedule(at_desk, programme_id)
    waiting = at_desk.bulletin("Chưa duyệt", is_approved=False)
    with pytest.raises(NotApprovedError):
        programmes.change(actor, programme_id, wish(news(first), news(waiting)), 1)
    long = at_desk.bulletin("Dài", minutes=40)
    with pytest.raises(TooLongError):
        programmes.change(actor, programme_id, wish(news(first), news(long)), 1)
    at_desk.materialise()
    assert [item["sha256"] for item in at_desk.slots()[0].items] == [sound_of(first)]
    assert programmes.show(actor, programme_id).row_version == 1


def test_what_the_province_airs_of_a_district_the_district_no_longer_changes(
    at_desk: Desk,
) -> None:
    programmes, actor = at_desk.centre.services.programmes, at_desk.actor()
    bulletin = at_desk.bulletin()
    programme_id = create(at_desk, news(bulletin))
    province = at_desk.actor(Role.OPERATOR, "ninh-thuan")
    everywhere = a_wish("", programme_id=programme_id, target_ids=("ninh-thuan",))
    at_desk.schedules.save(province, everywhere)
    with pytest.raises(InvalidInputError) as refused:
        programmes.change(actor, programme_id, wish(news(bulletin), title="Khác"), 1)
    assert refused.value.facts["problem"] == "used_elsewhere"
    assert programmes.change(province, programme_id, wish(news(bulletin), title="Khác"), 1) == 1


def test_a_piece_that_is_made_late_does_not_replace_what_stations_hold(at_desk: Desk) -> None:
    first = at_desk.bulletin("Một", minutes=1)
    second = at_desk.bulletin("Hai", minutes=1)
    schedule(at_desk, create(at_desk, news(first), news(second)))
    raw = [sound_of(first), sound_of(second)]
    at_desk.centre.clock.at = at_desk.slots()[0].starts_at - timedelta(minutes=1)
    parts = (pieces.JoinedPart(sound_of(first)), pieces.JoinedPart(sound_of(second), 0, 1_000))
    ready(at_desk, pieces.Joined(parts), duration_ms=121_000)
    at_desk.materialise()
    slots = at_desk.slots()
    assert [item["sha256"] for item in slots[0].items] == raw
    assert [item["sha256"] for item in slots[1].items] == [hash_of(pieces.Joined(parts))]
    at_desk.withdraw_approval(second)
    at_desk.materialise()
    assert at_desk.slots()[0].items == [], "what lost its approval goes at any time"


@pytest.mark.parametrize("keeps", [(0,), (1, 0)])
def test_what_people_change_is_obeyed_also_a_minute_before(
    at_desk: Desk, keeps: tuple[int, ...]
) -> None:
    ids = [at_desk.bulletin("Một", minutes=12), at_desk.bulletin("Hai", minutes=12)]
    programme_id = create(at_desk, *(news(one) for one in ids))
    schedule(at_desk, programme_id)
    at_desk.centre.clock.at = at_desk.slots()[0].starts_at - timedelta(minutes=1)
    changed = wish(*(news(ids[at]) for at in keeps))
    at_desk.centre.services.programmes.change(at_desk.actor(), programme_id, changed, 1)
    at_desk.materialise()
    told = [item["sha256"] for item in at_desk.slots()[0].items]
    assert told == [sound_of(ids[at]) for at in keeps]


def test_a_bulletin_that_is_no_longer_shared_is_not_scheduled_by_way_of_a_programme(
    at_desk: Desk,
) -> None:
    theirs = at_desk.bulletin("Của huyện khác", place_id=OTHER_DISTRICT)
    with at_desk.centre.database.write() as session:
        session.get_one(BulletinRow, theirs).shared_at = at_desk.centre.clock()
    programme_id = create(at_desk, news(theirs))
    with at_desk.centre.database.write() as session:
        session.get_one(BulletinRow, theirs).shared_at = None
    with pytest.raises(OutOfScopeError):
        schedule(at_desk, programme_id)


def test_a_sentence_is_said_anew_when_the_table_of_readings_changes(
    at_desk: Desk, tmp_path: Path
) -> None:
    studio = Studio(at_desk.centre, tmp_path)
    studio.robot.sound = wav_bytes(tmp_path, 1.5, seed=9)
    schedule(at_desk, create(at_desk, NAME, news(at_desk.bulletin())), ends_on=TOMORROW)
    workshop = Workshop(studio)
    said = workshop.finish()
    province = at_desk.actor(Role.OPERATOR, "ninh-thuan")
    at_desk.materialise()
    before = heard(at_desk, COMMUNE)
    studio.readings.change(province, "Bình", "Bình.")
    at_desk.materialise()
    assert heard(at_desk, COMMUNE) == before, "the old one is said until the new one is made"
    assert workshop.finish() == said


# --- made for real --------------------------------------------------------------------------------


def test_the_pieces_are_made_and_the_plan_takes_them(at_desk: Desk, tmp_path: Path) -> None:
    studio = Studio(at_desk.centre, tmp_path)
    studio.robot.sound = wav_bytes(tmp_path, 1.5, seed=9)
    author = at_desk.actor()
    approver = at_desk.actor(Role.APPROVER, DISTRICT)
    ids = [
        studio.approved(author, approver, wav_bytes(tmp_path, 2.0, seed=seed), title=f"Tin {seed}")
        for seed in (1, 2)
    ]
    here = (COMMUNE,)
    programme_id = create(at_desk, THEME, NAME, *(news(one) for one in ids), CLOSING)
    schedule(at_desk, programme_id, target_ids=here, ends_on=TOMORROW)
    workshop = Workshop(studio)
    assert workshop.finish() == 5, "theme, sign-off, name, date, and the two bulletins joined"
    at_desk.materialise()
    assert workshop.finish() == 1, "joined anew with the sign-off"
    at_desk.materialise()
    found = heard(at_desk, COMMUNE)
    assert len(found) == 4
    assert all(studio.store.has(sha256) for sha256 in found)
    assert any("Phước Bình" in said for said in studio.robot.asked)
    assert any("hai mươi sáu tháng mười một" in said for said in studio.robot.asked)
    (station,) = at_desk.centre.places.tree().stations_in(here)
    slot = drafts(at_desk)[station.station_id].slots[0]
    assert slot.duration_ms == sum(item.duration_ms for item in slot.items)


def test_a_voice_that_fails_is_replaced_and_no_voice_is_tried_again_later(
    at_desk: Desk, tmp_path: Path
) -> None:
    studio = Studio(at_desk.centre, tmp_path)
    opening = replace(NAME, voice="online:vi")
    schedule(at_desk, create(at_desk, opening, news(at_desk.bulletin())), ends_on=TOMORROW)
    workshop = Workshop(studio)
    assert workshop.finish() > 0
    assert not workshop.worker.work_once("test"), "what failed waits for an hour"
    assert heard(at_desk, COMMUNE) == [sound_of(at_desk_bulletin(at_desk))]
    studio.robot.sound = wav_bytes(tmp_path, 1.5, seed=9)
    at_desk.centre.clock.move(hours=1, minutes=1)
    workshop.finish()
    at_desk.materialise()
    assert len(heard(at_desk, COMMUNE)) == 3


def at_desk_bulletin(at_desk: Desk) -> str:
    (line,) = at_desk.schedules.bulletins(at_desk.actor())
    return line.bulletin_id


def test_a_piece_under_way_when_the_centre_stops_is_made_after_the_restart(
    at_desk: Desk, tmp_path: Path
) -> None:
    studio = Studio(at_desk.centre, tmp_path)
    schedule(at_desk, create(at_desk, THEME, news(at_desk.bulletin())))
    assert Workshop(studio).desk.claim() is not None
    assert Workshop(studio).finish() == 1


# --- on the page ----------------------------------------------------------------------------------


def test_the_form_lists_the_bulletins_once_however_many_items_it_has(
    at_desk: Desk, tmp_path: Path
) -> None:
    Studio(at_desk.centre, tmp_path)
    chosen, other = at_desk.bulletin("Phòng cháy rừng"), at_desk.bulletin("Tiêm phòng dại")
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    rows: dict[str, Any] = {
        "title": "Sáng", "kind": ["bulletin"] * 6, "bulletin": [chosen] * 6, "voice": [""] * 6,
        "chimes": "none", "pause_s": "1", "end_policy": "cut",
    }  # fmt: skip
    page = browser.post("/chuong-trinh/soan", **rows).text
    assert page.count(f'value="{chosen}" selected') == 6
    assert page.count(f'value="{other}"') == 1
    # without a script: the row that is asked for has the list
    opened = browser.post("/chuong-trinh/soan", **rows, do="open:4").text
    fifth = opened.split("data-item>")[5]
    assert fifth.count(f'value="{other}"') == 1
    assert opened.count(f'value="{other}"') == 1


def test_an_operator_puts_a_programme_together_with_buttons(at_desk: Desk, tmp_path: Path) -> None:
    Studio(at_desk.centre, tmp_path)
    bulletin = at_desk.bulletin("Phòng cháy rừng")
    browser = at_desk.centre.client(Role.OPERATOR, DISTRICT)
    page = browser.get("/chuong-trinh/moi")
    assert "Nhạc hiệu" in words(page)
    rows: dict[str, Any] = {
        "title": "Sáng thứ Hai", "kind": ["ident", "bulletin"], "bulletin": ["", bulletin],
        "voice": ["", ""], "chimes": "none", "pause_s": "0,5", "end_policy": "cut",
    }  # fmt: skip
    added = browser.post("/chuong-trinh/soan", **rows, do="add", add="closing")
    assert added.text.count("data-item>") == 3
    turned = browser.post("/chuong-trinh/soan", **rows, do="down:0")
    assert turned.text.index('value="bulletin"') < turned.text.index('value="ident"')
    assert browser.post("/chuong-trinh/soan", **rows, do="drop:0").text.count("data-item>") == 1
    bad = browser.post("/chuong-trinh/luu", **{**rows, "pause_s": "9"})
    assert bad.status_code == 422
    assert "từ 0 đến 5" in words(bad)
    saved = browser.post("/chuong-trinh/luu", **rows)
    assert saved.status_code == 303
    shown = browser.get(saved.location)
    assert "Phòng cháy rừng" in words(shown)
    assert "Sáng thứ Hai" in words(browser.get("/chuong-trinh"))
    (line,) = at_desk.centre.services.programmes.all(at_desk.actor())
    kept = at_desk.centre.services.programmes.show(at_desk.actor(), line.programme_id).wish
    assert kept.joints == Joints(Chimes.NONE, 500)
    assert browser.get(f"/chuong-trinh/moi?mau={line.programme_id}").status_code == 200
    reader = at_desk.centre.client(Role.AUDITOR, DISTRICT)
    told = reader.get(saved.location)
    assert told.status_code == 200
    assert "Phòng cháy rừng" in words(told)
    assert "<select" not in told.text
    assert 'id="f-title"' not in told.text
    assert re.search(r'href="/lich" aria-current="page"', told.text)
    assert reader.post("/chuong-trinh/luu", **rows).status_code == 403
    stranger = at_desk.centre.client(Role.OPERATOR, OTHER_DISTRICT)
    assert stranger.get(saved.location).status_code == 404
