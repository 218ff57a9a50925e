"""Style and scripts are kept by browsers until they change; what is sent is squeezed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from controller.web.squeezing import MOST_PADDING_BYTES, squeezed
from tests.support.web import Centre

STYLE = Path("controller/web/static/vang.css")


def _named(here: Centre) -> str:
    """The address of the style sheet as a page gives it."""
    found = re.search(
        r'href="(/static/vang\.css\?v=[0-9a-f]+)"', here.client().get("/dang-nhap").text
    )
    assert found
    return found[1]


def test_style_is_named_by_its_content_and_kept_for_a_year(here: Centre) -> None:
    answer = here.client().get(_named(here))
    assert answer.data == STYLE.read_bytes()
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_address_of_another_content_is_asked_again_each_time(here: Centre) -> None:
    for address in ("/static/vang.css", "/static/vang.css?v=0123456789ab"):
        answer = here.client().get(address)
        assert answer.data == STYLE.read_bytes()
        assert answer.headers["Cache-Control"] == "no-cache"


def test_what_a_script_imports_is_kept_as_long_as_the_script(here: Centre) -> None:
    script = here.client().get("/static/js/alarms.js").text
    found = re.search(r'from "\./(hold\.js\?v=[0-9a-f]+)"', script)
    assert found
    answer = here.client().get(f"/static/js/{found[1]}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_browser_that_has_the_style_is_told_so(here: Centre) -> None:
    for reading in ({}, {"Accept-Encoding": "gzip"}):
        mark = here.client().get("/static/vang.css", headers=reading).headers["ETag"]
        again = here.client().get("/static/vang.css", headers={**reading, "If-None-Match": mark})
        assert (again.status_code, again.data) == (304, b"")


def test_style_is_squeezed_for_who_can_read_it(here: Centre) -> None:
    answer = here.client().get(_named(here), headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.data) == STYLE.read_bytes()
    assert len(answer.data) < STYLE.stat().st_size / 3
    refused = here.client().get(_named(here), headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
    assert refused.headers["Vary"] == "Accept-Encoding"


def test_what_is_not_there_is_not_found(here: Centre) -> None:
    for path in ("/static/khong-co.css", "/static/../app.py", "/static/%2e%2e/app.py"):
        assert here.client().get(path).status_code == 404


def test_pages_are_squeezed_for_who_can_read_it(here: Centre) -> None:
    answer = here.client().get("/dang-nhap", headers={"Accept-Encoding": "gzip"})
    page = gzip.decompress(answer.data).decode()
    assert "<h1" in page
    assert len(answer.data) < len(page) / 2
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Content-Encoding" not in here.client().get("/dang-nhap").headers


def test_the_length_of_a_squeezed_page_tells_nothing_of_single_letters() -> None:
    page = b"<p>Ninh Thu\xe1\xba\xadn</p>" * 200
    lengths = {len(squeezed(page)) for _ in range(60)}
    assert len(lengths) > 20
    assert max(lengths) - min(lengths) < MOST_PADDING_BYTES
    assert gzip.decompress(squeezed(page)) == page
