"""Groups of horns come, are named and go; their numbers and what was written about them stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.accounts import Role
from controller.services.listening_checks import Heard
from controller.storage.models import AuditRow, PoleCodeRow, SpeakerClusterRow
from tests.support.schedule_desk import desk
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, Browser, Centre, words

PAGE = f"/dai/{COMMUNE}/cum-loa"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Centre]:
    with desk(tmp_path) as made:
        yield made.centre


@pytest.fixture
def admin(here: Centre) -> Browser:
    return here.client(Role.ADMIN, DISTRICT)


def version(here: Centre, number: int) -> str:
    with here.database.read() as session:
        query = select(SpeakerClusterRow.row_version).where(
            SpeakerClusterRow.station_id == COMMUNE, SpeakerClusterRow.number == number
        )
        return str(session.scalars(query).one())


def codes(here: Centre) -> dict[int | None, bool]:
    """Number of the pole -> whether its code opens."""
    with here.database.read() as session:
        return {row.cluster_number: row.ended_at is None for row in session.scalars(
            select(PoleCodeRow).where(PoleCodeRow.station_id == COMMUNE)
        )}  # fmt: skip


def deeds(here: Centre) -> list[tuple[str, int, str | None]]:
    """What was written down: the deed, the number of the horns, their name before."""
    query = select(AuditRow).where(AuditRow.action.startswith("cluster."))
    with here.database.read() as session:
        return [
            (row.action, row.detail["cluster"], row.detail.get("was", {}).get("name"))
            for row in session.scalars(query.order_by(AuditRow.audit_id))
        ]


def test_horns_are_added_named_retired_and_their_number_is_never_given_again(
    here: Centre, admin: Browser
) -> None:
    assert admin.post(PAGE, name="Thôn Bạc Rây 1", place_note="cột ở chợ").status_code == 303
    assert codes(here) == {}  # nobody made codes at this station yet
    admin.post(f"/dai/{COMMUNE}/ma-loa")
    admin.post(PAGE, name="Thôn Bạc Rây 2")
    assert codes(here) == {None: True, 1: True, 2: True}

    officer = here.actor(Role.COMMUNE_OFFICER, COMMUNE)
    here.services.listening_checks.write(
        officer, COMMUNE, Heard.HEARD, listened_at=here.clock(), cluster_number=1
    )
    renamed = admin.post(
        f"{PAGE}/1/sua", name="Chợ", place_note="cột ở chợ mới", row_version=version(here, 1)
    )
    assert renamed.status_code == 303
    page = words(admin.get(PAGE))
    assert "Số 1: Chợ cột ở chợ mới" in page

    retired = admin.post(f"{PAGE}/1/ngung", why="cột gãy vì bão", row_version=version(here, 1))
    assert retired.status_code == 303
    assert codes(here) == {None: True, 1: False, 2: True}
    listening = here.client(Role.COMMUNE_OFFICER, COMMUNE).get(f"/xa/{COMMUNE}/nghe")
    assert '<option value="1"' not in listening.text
    assert "Chợ" in words(listening)  # the check of before still says where it was
    assert "Chợ" not in words(admin.get(f"/dai/{COMMUNE}/ma-loa"))
    assert here.services.station_list.card(officer, COMMUNE).clusters == 1
    admin.post(PAGE, name="Chợ")
    assert "Số 3: Chợ" in words(admin.get(PAGE))

    refused = admin.post(f"{PAGE}/1/dung-lai")
    assert (refused.status_code, "Đài này đã có cụm loa tên như vậy." in refused.text) == (
        422,
        True,
    )
    admin.post(f"{PAGE}/3/sua", name="Chợ mới", row_version=version(here, 3))
    assert admin.post(f"{PAGE}/1/dung-lai").status_code == 303
    assert deeds(here) == [
        ("cluster.add", 1, None), ("cluster.add", 2, None),
        ("cluster.change", 1, "Thôn Bạc Rây 1"), ("cluster.retire", 1, None),
        ("cluster.add", 3, None), ("cluster.change", 3, "Chợ"), ("cluster.restore", 1, None),
    ]  # fmt: skip


def test_what_cannot_be_used_is_said_at_its_field_and_nothing_changes(
    here: Centre, admin: Browser
) -> None:
    admin.post(PAGE, name="Chợ", place_note="cột 1")
    twice = admin.post(PAGE, name="  chợ ")
    assert (twice.status_code, "Đài này đã có cụm loa tên như vậy." in twice.text) == (422, True)
    seen = version(here, 1)
    without = admin.post(f"{PAGE}/1/ngung", why=" ", row_version=seen)
    assert (without.status_code, "Ô này còn trống." in without.text) == (422, True)
    admin.post(f"{PAGE}/1/sua", name="Bến xe", row_version=seen)
    second = admin.post(f"{PAGE}/1/sua", name="Trường học", row_version=seen)
    assert second.status_code == 409
    assert 'value="Trường học"' in second.text  # what was typed is still there
    assert "Số 1: Bến xe" in words(admin.get(PAGE))


def test_only_who_manages_the_station_changes_its_horns(here: Centre, admin: Browser) -> None:
    admin.post(PAGE, name="Chợ")
    officer = here.client(Role.COMMUNE_OFFICER, COMMUNE)
    assert "Số 1: Chợ" in words(officer.get(PAGE))
    assert "Thêm cụm loa" not in words(officer.get(PAGE))
    elsewhere = here.client(Role.ADMIN, OTHER_DISTRICT)
    assert elsewhere.get(PAGE).status_code == 404
    for browser, status in ((officer, 403), (elsewhere, 404)):
        assert browser.post(PAGE, name="x").status_code == status
        for deed in ("1/sua", "1/ngung", "1/dung-lai"):
            answer = browser.post(f"{PAGE}/{deed}", name="x", why="x", row_version="1")
            assert answer.status_code == status
    assert "Số 1: Chợ" in words(admin.get(PAGE))
