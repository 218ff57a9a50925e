"""A form that was answered: the cookie by which the page notices one that was lost on its way.

The page sets it as it sends (static/js/keep.js); whatever the centre answers takes it away. It says
nothing of anybody and opens nothing.
"""

from __future__ import annotations

from flask import Flask, Response, request

COOKIE = "vang_sent"


def install(app: Flask) -> None:
    """Take it away with each answer to a form, not to what a page asks by itself meanwhile."""
    app.after_request(_take_away)


def _take_away(response: Response) -> Response:
    is_form = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if request.method == "POST" and is_form and COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path="/", samesite="Lax")
    return response
