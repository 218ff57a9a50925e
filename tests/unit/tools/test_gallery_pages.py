"""The gallery knows every page there is, so that none is left unseen."""

from __future__ import annotations

from flask import Flask

from controller.web.blueprints import ALL
from tools.gallery.pages import CHAPTERS, NO_PAGES, PAGES, STAFF

ELSEWHERE = {"static", "probes.healthz", "probes.metrics"}
"""Put into the application beside the blueprints; none of them is a page."""


def _asked() -> set[str]:
    """Every address that answers to GET, but for those of the API."""
    app = Flask("pages", static_folder=None)
    for blueprint in ALL:
        app.register_blueprint(blueprint)
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("api_v1.")
    }


def test_each_page_of_the_web_is_in_the_gallery_or_said_to_be_none() -> None:
    shown = {page.endpoint for page in PAGES} - {"errors"}
    assert shown | set(NO_PAGES) | ELSEWHERE == _asked() | ELSEWHERE
    assert not shown & set(NO_PAGES)


def test_no_two_pictures_have_one_name_and_all_have_a_chapter_and_somebody_to_look() -> None:
    slugs = [page.slug for page in PAGES]
    assert len(slugs) == len(set(slugs))
    for page in PAGES:
        assert page.chapter in CHAPTERS, page
        assert set(page.roles) <= {*STAFF, "nobody"}, page
        assert page.roles, page
