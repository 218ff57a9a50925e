"""Prints PDF files: a template of ours, the facts as JSON, and nothing of the machine it runs on.

The typesetter runs in a process of its own: its sums and its memory never stand in a page's way,
and what it dies of ends one document. It is given the facts as data and never as text of its
language, so a title that looks like a command is printed as it stands. The same facts give the same
bytes: the fonts are ours, and the date inside is the document's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from controller.domain.direction import unturned
from controller.errors import PressError
from controller.services.font_cover import covered

DATA = Path(__file__).resolve().parent.parent / "data"
FONTS, TEMPLATES = DATA / "fonts", DATA / "paper"
ARCHIVAL: Literal["a-2a"] = "a-2a"
"""PDF/A-2, level A: kept with its fonts inside, and read aloud by its structure."""

LONGEST_S = 90.0
WAITS_S = 30.0
"""So long one document waits for those before it: one is printed at a time."""
_MISSING = "□"

_turn = threading.Lock()


def printed(template: str, facts: Mapping[str, Any], *, at: datetime) -> bytes:
    """The PDF/A file a template of `controller/data/paper` makes of these facts.

    `at` is the date written into the file. Texts are printed as they are, but for characters the
    font lacks, which become an empty box. PressError when it cannot be made, or not now.
    """
    work = json.dumps({"template": template, "facts": facts, "at": int(at.timestamp())})
    if not _turn.acquire(timeout=WAITS_S):
        raise PressError("too many documents wait", why="busy")
    try:
        return _in_a_child(work.encode())
    finally:
        _turn.release()


def _in_a_child(work: bytes) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", __name__],
            cwd=DATA.parent.parent,
            input=work,
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PressError(f"no document after {LONGEST_S:.0f} s", why="failed") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace")[-2000:]
        raise PressError(f"exit status {done.returncode}: {said}", why="failed")
    return done.stdout


# --- in the child ---------------------------------------------------------------------------------


def typeset(template: str, facts: Mapping[str, Any], at: int) -> bytes:
    """The same in this process; `at` in seconds since 1970. RuntimeError when it cannot be made."""
    import typst  # 34 MB that only the child carries

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", typst.TypstWarning)
        made = typst.compile(
            str(TEMPLATES / f"{template}.typ"),
            root=str(TEMPLATES),
            font_paths=fonts,
            format="pdf",
            pdf_standards=[ARCHIVAL],
            timestamp=at,
            sys_inputs={"facts": json.dumps(each_text(facts, legible))},
        )
    return bytes(made)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON with every text changed."""
    match value:
        case str():
            return change(value)
        case Mapping():
            return {key: each_text(one, change) for key, one in value.items()}
        case list() | tuple():
            return [each_text(one, change) for one in value]
        case _:
            return value


def legible(text: str) -> str:
    """The text as our fonts can print it: what has no glyph is a box, what has no look is gone."""
    lines = unicodedata.normalize("NFC", unturned(text))
    return "".join(_printed(one) for one in lines if _has_a_look(one))


def _has_a_look(one: str) -> bool:
    return one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cf", "Cs"}


def _printed(one: str) -> str:
    is_private = unicodedata.category(one) == "Co"  # means nothing to whoever reads it later
    return one if one in "\n\t" or (ord(one) in _known() and not is_private) else _MISSING


@cache
def _known() -> frozenset[int]:
    fonts = sorted(FONTS.glob("*.ttf"))
    return frozenset.intersection(*(covered(font) for font in fonts))


def main() -> int:
    """Print what standard input asks for to standard output."""
    work = json.load(sys.stdin)
    sys.stdout.buffer.write(typeset(work["template"], work["facts"], work["at"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
