"""A station's things: entered, photographed, retired, taken home as a file."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from audio_library import ffmpeg
from controller.domain.accounts import Role
from controller.services.photos import Photos
from controller.storage.models import AuditRow, EquipmentItemRow, SpeakerClusterRow
from tests.support.web import COMMUNE, DISTRICT, OTHER_DISTRICT, Browser, Centre, words

STATION = COMMUNE
LIST = f"/dai/{STATION}/thiet-bi"
AMPLIFIER = {
    "kind": "amplifier",
    "model": "TOA A-2240",
    "serial": "SN-77",
    "cluster": "",
    "installed_on": "01/02/2025",
    "warranty_until": "20/12/2026",
    "cost_vnd": "12.500.000",
    "note": "Tủ sau nhà văn hóa",
}


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    with made.database.write() as session:
        session.add(SpeakerClusterRow(station_id=STATION, number=91, name="Thôn Bạc Rây 1"))
    yield made
    made.close()


def _add(browser: Browser, **changes: object) -> str:
    answer = browser.post(f"{LIST}/moi", **{**AMPLIFIER, **changes})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def _only(centre: Centre) -> EquipmentItemRow:
    with centre.database.read() as session:
        row = session.scalars(select(EquipmentItemRow)).one()
        session.expunge_all()
        return row


def _picture(folder: Path) -> bytes:
    """A JPEG that says where it was taken, as telephones do."""
    file = folder / "a.jpg"
    subprocess.run(
        [ffmpeg.executable(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=1600x900",
         "-frames:v", "1", str(file)],
        check=True,
    )  # fmt: skip
    picture = file.read_bytes()
    return picture[:2] + b"\xff\xfe\x00\x0eSECRET-PLACE" + picture[2:] + b"SECRET-TAIL"


def test_a_thing_is_entered_as_it_is_typed_and_its_ending_warranty_pointed_out(
    centre: Centre,
) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    _add(officer)
    page = words(officer.get(LIST))
    assert "Tăng âm: TOA A-2240" in page
    assert "sắp hết bảo hành: 20/12/2026" in page
    assert "12.500.000 đ" in page
    row = _only(centre)
    assert (row.cost_vnd, row.cluster_number) == (12_500_000, None)
    with centre.database.read() as session:
        (deed,) = session.scalars(select(AuditRow).where(AuditRow.action == "equipment.add"))
        assert deed.detail["serial"] == "SN-77"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": ""}, "Ô này còn trống."),
        ({"cost_vnd": "mười triệu"}, "Ghi số tiền bằng đồng"),
        ({"installed_on": "01/02/2030"}, "Ngày này chưa tới."),
        ({"warranty_until": "01/01/2020"}, "Ngày cuối phải sau ngày đầu."),
        ({"cluster": "7777"}, "Trạm này không có cụm loa đó."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_kept(
    centre: Centre, wrong: dict[str, str], said: str
) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    answer = officer.post(f"{LIST}/moi", **{**AMPLIFIER, **wrong})
    assert answer.status_code == 422
    assert said in words(answer)
    assert "TOA A-2240" in answer.text, "what was typed stands there"
    with centre.database.read() as session:
        assert session.scalars(select(EquipmentItemRow)).all() == []


def test_a_picture_is_made_anew_and_what_was_uploaded_is_not_there(
    centre: Centre, tmp_path: Path
) -> None:
    officer, uploaded = centre.client(Role.COMMUNE_OFFICER, COMMUNE), _picture(tmp_path)
    assert b"SECRET-PLACE" in uploaded
    _add(officer, photo=(io.BytesIO(uploaded), "../../x.php"))
    row = _only(centre)
    answer = officer.get(f"{LIST}/{row.equipment_item_id}/anh")
    assert answer.mimetype == "image/jpeg"
    assert answer.data.startswith(b"\xff\xd8\xff")
    assert b"SECRET" not in answer.data
    kept = [file for file in (centre.folder / "photos").rglob("*") if file.is_file()]
    assert [file.name for file in kept] == [f"{row.photo_sha256}.jpg"]
    assert all(b"SECRET" not in file.read_bytes() for file in kept)
    stranger = centre.client(Role.OPERATOR, OTHER_DISTRICT)
    assert stranger.get(f"{LIST}/{row.equipment_item_id}/anh").status_code == 404


@pytest.mark.parametrize(
    "bad", [b"<svg onload=alert(1)>", b"GIF89a;", b"\xff\xd8\xff" + b"x" * 900, b"%PDF-1.7"]
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(centre: Centre, bad: bytes) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    answer = officer.post(f"{LIST}/moi", **AMPLIFIER, photo=(io.BytesIO(bad), "a.jpg"))
    assert answer.status_code == 422
    assert "không phải ảnh JPEG, PNG hoặc WebP" in words(answer)
    assert [one for one in (centre.folder / "photos").rglob("*") if one.is_file()] == []


def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    file = tmp_path / "a.webp"
    subprocess.run(
        [ffmpeg.executable(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=200x100",
         "-frames:v", "1", str(file)],
        check=True,
    )  # fmt: skip
    photos = Photos(tmp_path / "photos")
    with file.open("rb") as picture:
        path = photos.path(photos.take(picture))
    assert path is not None
    said = subprocess.run([ffmpeg.executable(), "-i", path], capture_output=True, check=False)
    assert b"200x100" in said.stderr


def test_a_retired_thing_stays_in_the_book_and_says_why(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    _add(officer, cluster="91")
    item = _only(centre).equipment_item_id
    path = f"{LIST}/{item}/thoi"
    assert officer.post(path, retired_why="").status_code == 422
    assert officer.post(path, retired_why="cháy sau sét").status_code == 303
    page = words(officer.get(LIST))
    assert "0 thứ đang dùng" in page
    assert "cháy sau sét" in page
    assert officer.post(path, retired_why="lần nữa").status_code == 422


def test_the_second_of_two_who_change_a_thing_is_told_so(centre: Centre) -> None:
    officer = centre.client(Role.COMMUNE_OFFICER, COMMUNE)
    _add(officer)
    path = f"{LIST}/{_only(centre).equipment_item_id}"
    assert officer.post(path, **{**AMPLIFIER, "model": "Bosch"}, row_version="1").status_code == 303
    late = officer.post(path, **{**AMPLIFIER, "model": "Yamaha"}, row_version="1")
    assert late.status_code == 409
    assert _only(centre).model == "Bosch"


def test_the_file_holds_the_place_alone_and_works_nothing_out(centre: Centre) -> None:
    _add(centre.client(Role.COMMUNE_OFFICER, COMMUNE), model="=1+1")
    operator = centre.client(Role.OPERATOR, DISTRICT)
    file = operator.get("/thiet-bi.csv")
    assert file.mimetype == "text/csv"
    assert "'=1+1" in file.text
    assert "Thôn" not in file.text
    other = centre.client(Role.OPERATOR, OTHER_DISTRICT)
    assert "=1+1" not in other.get("/thiet-bi.csv").text
    assert other.get(f"/thiet-bi.csv?noi={COMMUNE}").status_code == 404
    with centre.database.read() as session:
        taken = select(AuditRow.place_id).where(AuditRow.action == "equipment.take")
        assert session.scalars(taken).all() == [DISTRICT, OTHER_DISTRICT]
