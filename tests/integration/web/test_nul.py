"""A NUL where an id belongs: SQLite finds nothing, PostgreSQL calls it a fault; neither breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from controller.domain.accounts import Role
from tests.support.postgres import fresh_database
from tests.support.web import Centre


@pytest.fixture(params=["sqlite", "postgres"])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Centre]:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database()) if request.param == "postgres" else ""
        made = Centre(tmp_path, url=url)
        stack.callback(made.close)
        yield made


def test_a_nul_in_an_address_is_no_page_and_in_a_form_no_place(at: Centre) -> None:
    admin = at.client(Role.ADMIN)
    for path in ("/nguoi-dung/%00x", "/nguoi-dung?tim=%00", "/nguoi-dung?%00", "/%00"):
        assert admin.get(path).status_code == 404, path
    assert admin.post("/nguoi-dung/%00x/khoa").status_code == 404
    account = {"username": "mai.kator", "full_name": "Mai", "role": "operator", "place_id": "\0"}
    assert admin.post("/nguoi-dung/moi", **account).status_code == 422
    stranger = {"username": "ma\0i", "password": "\0"}
    assert at.client().post("/dang-nhap", **stranger).status_code in {401, 422}
