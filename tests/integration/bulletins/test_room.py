"""A disk that fills is said early; a file it has no room for is refused before it is read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from controller.errors import StorageFullError
from controller.services.room import Room
from controller.settings import Settings, SoundSettings
from tests.support.bulletins import Studio
from tests.support.web import DISTRICT, Browser, Centre, words

ENDLESS = 10**9
"""More megabytes than any disk of a test has."""


@pytest.fixture
def with_disk(tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """A district's operator at a centre with these thresholds."""
    built: list[Centre] = []

    def open_it(**thresholds: int) -> Browser:
        centre = Centre(tmp_path, Settings(sound=SoundSettings(**thresholds)))
        built.append(centre)
        Studio(centre, tmp_path)
        return centre.client(Role.OPERATOR, DISTRICT)

    yield open_it
    for centre in built:
        centre.close()


class Unread(io.RawIOBase):
    """A body that must not be touched."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise AssertionError("bytes were taken")


def test_a_file_in_pieces_is_refused_by_its_size_before_any_byte(
    with_disk: Callable[..., Browser], tmp_path: Path
) -> None:
    desk = with_disk(disk_reserve_mb=ENDLESS)
    answer = desk.http.post(
        "/ban-tin/tai-len?co=5000000",
        headers={"Accept": "application/json", "X-CSRFToken": desk.csrf()},
    )
    assert answer.status_code == 507
    assert answer.get_json()["error"] == "storage_full"
    assert "Ổ đĩa của trung tâm chỉ còn" in answer.get_json()["sentence"]
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_whole_form_with_a_file_is_refused_before_its_body_is_read(
    with_disk: Callable[..., Browser],
) -> None:
    desk = with_disk(disk_reserve_mb=ENDLESS)
    desk.csrf()
    answer = desk.http.post(
        "/ban-tin/moi",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={
            "wsgi.input": io.BufferedReader(Unread()),
            "CONTENT_LENGTH": "50000000",
        },
    )
    assert answer.status_code == 507
    assert "Ổ đĩa của trung tâm chỉ còn" in words(answer)


def test_a_text_is_kept_however_full_the_disk_is(with_disk: Callable[..., Browser]) -> None:
    desk = with_disk(disk_reserve_mb=ENDLESS)
    answer = desk.post("/ban-tin/moi", title="Họp thôn", text="Mời bà con", language="vi")
    assert answer.status_code == 303


def test_a_small_file_is_refused_as_it_is_written_and_the_fields_stay(
    with_disk: Callable[..., Browser], tmp_path: Path
) -> None:
    desk = with_disk(disk_reserve_mb=ENDLESS)
    answer = desk.post("/ban-tin/moi", title="Họp thôn", sound=(io.BytesIO(b"RIFF"), "a.wav"))
    assert answer.status_code == 507
    assert 'value="Họp thôn"' in answer.text
    assert list((tmp_path / "spool").iterdir()) == []


def test_the_page_warns_early_and_says_when_nothing_is_taken_any_more(
    with_disk: Callable[..., Browser],
) -> None:
    low = with_disk(disk_low_mb=ENDLESS)
    for page in ("/ban-tin", "/ban-tin/moi"):
        assert "Dưới 0,5 GB thì không nhận tệp mới." in words(low.get(page))
    started = low.http.post("/ban-tin/tai-len?co=1000", headers={"X-CSRFToken": low.csrf()})
    assert started.status_code == 200


def test_a_healthy_disk_is_not_talked_of(with_disk: Callable[..., Browser]) -> None:
    desk = with_disk(disk_low_mb=0, disk_reserve_mb=0)
    assert "Ổ đĩa" not in words(desk.get("/ban-tin"))


@pytest.mark.parametrize(
    ("free", "size", "is_taken"),
    [(600, 0, True), (600, 99, True), (600, 101, False), (499, 0, False)],
)
def test_what_is_sent_counts_as_if_it_were_there_already(
    tmp_path: Path, free: int, size: int, is_taken: bool
) -> None:
    room = Room(tmp_path, SoundSettings(), free_bytes=lambda _folder: free * 1_000_000)
    view = room.view()
    assert (view.is_low, view.is_full) == (True, free < 500)
    if is_taken:
        room.ensure(size * 1_000_000)
        return
    with pytest.raises(StorageFullError) as refused:
        room.ensure(size * 1_000_000)
    assert refused.value.status == 507
