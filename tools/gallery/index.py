"""The page over all pictures: by chapter and page, a row for each role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tools.gallery.camera import DESK, PAPER, PHONE, Shot
from tools.gallery.cast import ROLE_WORDS
from tools.gallery.pages import CHAPTERS

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 "Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
margin:0;padding:16px;max-width:1400px}nav{columns:3 220px;margin:16px 0}nav a{display:block}
h2{border-top:2px solid;padding-top:8px;margin-top:40px}h3{margin:24px 0 8px}
.row{display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start;margin:0 0 16px}
figure{margin:0}figcaption{font-size:13px;margin-bottom:4px}.wide{color:#b01c17;font-weight:700}
img{display:block;border:1px solid #8884;object-fit:cover;object-position:top;height:260px}
img.d{width:416px}img.p{width:117px}img.a{width:184px}
"""
KINDS = {DESK: "d", PHONE: "p", PAPER: "a"}


def write(shots: Sequence[Shot], out: Path) -> Path:
    """`index.html` in the folder of the pictures."""
    chapters: dict[str, dict[str, list[Shot]]] = defaultdict(lambda: defaultdict(list))
    for shot in shots:
        chapters[shot.page.chapter][shot.page.slug].append(shot)
    contents, body = [], []
    for chapter, pages in chapters.items():
        body.append(f"<h2>{escape(CHAPTERS[chapter])}</h2>")
        contents.append(f"<p><b>{escape(CHAPTERS[chapter])}</b></p>")
        for slug, found in pages.items():
            name = escape(found[0].page.name)
            contents.append(f'<a href="#{slug}">{name}</a>')
            body.append(f'<h3 id="{slug}">{name} <small>{escape(found[0].page.path)}</small></h3>')
            body += _rows(found)
    path = out / "index.html"
    path.write_text(
        '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Vang: các trang</title>'
        f"<style>{STYLE}</style><h1>Vang: các trang</h1><p>{len(shots)} hình.</p>"
        f"<nav>{''.join(contents)}</nav>{''.join(body)}</html>\n",
        encoding="utf-8",
    )
    return path


def _rows(shots: Sequence[Shot]) -> list[str]:
    by_role: dict[str, list[Shot]] = defaultdict(list)
    for shot in shots:
        by_role[shot.role].append(shot)
    return [f'<div class="row">{"".join(map(_figure, found))}</div>' for found in by_role.values()]


def _figure(shot: Shot) -> str:
    words = [ROLE_WORDS[shot.role], f"trang {shot.leaf}" if shot.leaf else f"{shot.width} px"]
    words += ["nền tối"] if shot.theme == "dark" else []
    words += ["English"] if shot.language == "en" else []
    wide = ' <span class="wide">tràn ngang</span>' if shot.is_too_wide else ""
    kind = KINDS[shot.width]
    return (
        f"<figure><figcaption>{escape(', '.join(words))}{wide}</figcaption>"
        f'<a href="{shot.file}"><img class="{kind}" loading="lazy" src="{shot.file}" alt=""></a>'
        "</figure>"
    )
