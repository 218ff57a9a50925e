"""What stands in a page as code that no page of ours ever holds."""

from __future__ import annotations

from html.parser import HTMLParser

FOREIGN = """
    iframe frame object embed base style template dialog marquee math foreignobject animate set
    img video
"""
OWN = (("template", {"data-bulletins": ""}),)
"""The bulletins a form offers in each of its rows, told once."""
LEADS = frozenset({"href", "src", "action", "formaction", "data", "poster", "xlink:href"})


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        is_ours = (
            (tag not in FOREIGN.split() or (tag, named) in OWN or _is_photo(tag, named))
            and (tag != "script" or named.get("src", "").startswith("/static/"))
            and (tag != "link" or named.get("href", "").startswith("/static/"))
            and "http-equiv" not in named
            and not any(_is_foreign(name, value) for name, value in named.items())
        )
        if not is_ours:
            self.found.append((self.get_starttag_text() or tag)[:120])


def _is_photo(tag: str, named: dict[str, str]) -> bool:
    """A picture of equipment, which the centre made anew from what was uploaded."""
    return tag == "img" and set(named) == {"src", "alt", "loading"} and "/anh?v=" in named["src"]


def _is_foreign(name: str, value: str) -> bool:
    if name in LEADS:
        is_own = value.startswith(("/", "?", "#", "tel:")) and value[1:2] not in {"/", "\\"}
        return bool(value) and not is_own
    return name.startswith("on") or name in {"style", "srcdoc"}


def foreign(page: str) -> list[str]:
    """The tags of a page or a piece of one that run, lead away or hide something."""
    finder = _Finder()
    finder.feed(page)
    finder.close()
    return finder.found
