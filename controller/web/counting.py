"""Sentences that count: one form in Vietnamese, two in English."""

from __future__ import annotations

from flask import Flask
from flask_babel import ngettext
from markupsafe import Markup, escape

from controller.web import formats


def counted(sentence: str, number: int, **values: object) -> str:
    """The sentence with the number for its `%(n)s`, in the language of the page.

    "%(n)s trạm" is its own plural; in the catalogue "1 station" stands beside "5 stations".
    `values` fill its other blanks.
    """
    return str(ngettext(sentence, sentence, number, n=formats.number(number), **values))


def _counted_in_template(sentence: str, number: int, **values: object) -> Markup:
    """The same as `_()` writes it in a template: our words as they are, the values escaped."""
    safe = {name: escape(value) for name, value in values.items()}
    return Markup(counted(sentence, number, **safe))  # noqa: S704 - our own words


def install(app: Flask) -> None:
    """Make `counted` known to every template."""
    app.jinja_env.globals["counted"] = _counted_in_template
