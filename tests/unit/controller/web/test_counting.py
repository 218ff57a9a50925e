"""What counts is said for one and for several, and what people typed stays text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel, force_locale

from controller.web import counting
from controller.web.counting import counted
from tools.catalogue import WEB


@pytest.fixture
def app() -> Iterator[Flask]:
    made = Flask(__name__)
    Babel(made, default_locale="vi", default_translation_directories=str(WEB / "translations"))
    counting.install(made)
    with made.test_request_context():
        yield made


def test_english_has_a_form_for_one_and_vietnamese_none(app: Flask) -> None:
    assert [counted("%(n)s trạm", number) for number in (0, 1, 2)] == ["0 trạm", "1 trạm", "2 trạm"]
    with force_locale("en"):
        said = [counted("%(n)s trạm", number) for number in (0, 1, 2)]
    assert said == ["0 stations", "1 station", "2 stations"]


def test_thousands_are_marked_as_the_language_marks_them(app: Flask) -> None:
    assert counted("%(n)s trạm", 1280) == "1.280 trạm"
    with force_locale("en"):
        assert counted("%(n)s trạm", 1280) == "1,280 stations"


def test_in_a_template_what_people_typed_is_text(app: Flask) -> None:
    source = """{{ counted("%(place)s (%(n)s lịch)", 1, place="<b>Ma Nới</b>") }}"""
    with force_locale("en"):
        assert render_template_string(source) == "&lt;b&gt;Ma Nới&lt;/b&gt; (1 schedule)"
