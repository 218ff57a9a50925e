"""The words of reports."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

from controller.web.report_words import cause_word


def test_a_station_whose_program_was_ended_in_order_is_told_in_words() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    with app.test_request_context():
        assert cause_word("down:stopped") == "Đã tắt: phần mềm ở trạm được cho dừng"
