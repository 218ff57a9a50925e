"""Photograph every page of the web, as each role sees it, into build/gallery.

    python -m tools.gallery [--out DIR] [--only WORDS] [--roles a,b] [--guide]

A centre with a story of its own is started for it (tools/gallery/story.py) and ended afterwards.
With --guide the pictures of the operator's guides are written instead.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser
from werkzeug.serving import WSGIRequestHandler, make_server

from controller.domain.accounts import PERMISSIONS, Permission
from tools.gallery import guide, index
from tools.gallery.camera import NOBODY, Camera, Shot, chromium
from tools.gallery.cast import CAST
from tools.gallery.pages import ALARM, EMPTY, ORDINARY, PAGES, STAFF, Page
from tools.gallery.story import Story, told

ROOT = Path(__file__).resolve().parents[2]


class _Quiet(WSGIRequestHandler):
    def log(self, *_line: object) -> None:
        """Requests are no news here."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of the pages, on this machine alone."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def chapters(story: Story) -> Iterator[str]:
    """Each chapter's name, when it has come."""
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        (EMPTY, story.begin),
        (ORDINARY, story.go_on),
        (ALARM, story.raise_the_alarm),
    )
    for name, step in steps:
        step()
        yield name


def photograph(
    browser: Browser,
    story: Story,
    address: str,
    pages: Collection[Page],
    roles: Collection[str],
    out: Path,
) -> list[Shot]:
    """All pictures of one chapter."""
    found: list[Shot] = []
    seen: set[str] = set()
    for role in (NOBODY, *roles):
        mine = [page for page in pages if role in page.roles]
        if not mine:
            continue
        camera = Camera(browser, address, role, story.clock())
        for page in mine:
            is_first = page.slug not in seen
            taken = camera.take(
                page,
                story.ids,
                out,
                is_dark=is_first,
                is_english=is_first and page.is_english,
            )
            seen |= {page.slug} if taken else set()
            found += taken
        camera.close()
    for page in pages:
        if page.slug not in seen and set(page.roles) & set(roles):
            print(f"nobody is let in: {page.path.format_map(story.ids)}", file=sys.stderr)
    return found


def gallery(out: Path, only: str, roles: Collection[str]) -> list[Shot]:
    """Every picture, by chapter, page and role."""
    wanted = [page for page in PAGES if only in page.slug or only in page.endpoint]
    found: list[Shot] = []
    last = max(["", *(page.chapter for page in wanted)], key=list(_ORDER).index)
    with (
        tempfile.TemporaryDirectory(prefix="vang-gallery-") as folder,
        told(Path(folder)) as story,
        served(story.controller.app) as address,
        chromium() as browser,
    ):
        for chapter in chapters(story):
            pages = [page for page in wanted if page.chapter == chapter]
            for part, viewers in _trail_first(pages, roles):
                found += photograph(browser, story, address, part, viewers, out)
            print(f"{chapter}: {len(found)} pictures", file=sys.stderr)
            if chapter == last:
                break
    return sorted(found, key=lambda shot: [page.slug for page in PAGES].index(shot.page.slug))


def _trail_first(
    pages: Collection[Page], roles: Collection[str]
) -> Iterator[tuple[list[Page], list[str]]]:
    """Pages and who looks at them: the audit trail before the others, by its readers first.

    Each page a role may not see leaves a line there.
    """
    is_trail = {page: page.endpoint.startswith("audit.") for page in pages}
    readers = [role for role in roles if Permission.READ_AUDIT in PERMISSIONS[CAST[role].role]]
    others = [role for role in roles if role not in readers]
    yield [page for page in pages if is_trail[page]], [*readers, *others]
    yield [page for page in pages if not is_trail[page]], list(roles)


_ORDER = ("", EMPTY, ORDINARY, ALARM)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build/gallery")
    parser.add_argument("--only", default="", help="pages whose file or endpoint has these words")
    parser.add_argument("--roles", default=",".join(STAFF), help="roles, with commas between")
    parser.add_argument("--guide", action="store_true", help="the pictures of the guides")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    if chosen.guide:
        guide.write(ROOT / "docs/operator", chapters, served)
        return 0
    if not chosen.only:
        shutil.rmtree(chosen.out, ignore_errors=True)
    chosen.out.mkdir(parents=True, exist_ok=True)
    shots = gallery(chosen.out, chosen.only, chosen.roles.split(","))
    print(index.write(shots, chosen.out))
    too_wide = [shot.file for shot in shots if shot.is_too_wide]
    for file in too_wide:
        print(f"scrolls sideways: {file}", file=sys.stderr)
    return 1 if too_wide or not shots else 0


if __name__ == "__main__":
    sys.exit(main())
