"""Pages of printed files as pictures: the file itself, as a reader of PDFs draws it."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typst
from pypdf import PdfReader

A4_MM = (210, 297)
PIXELS_PER_INCH = 96
"""An A4 page is then 794 px wide, as on a screen at its own size."""

_SHEET = """#set page(width: {width}mm, height: {height}mm, margin: 0mm)
#image("file.pdf", page: int(sys.inputs.page), width: 100%)
"""


def leaves(pages: int) -> list[int]:
    """Which pages are looked at, from 1: the first two, the middle one and the last."""
    return sorted({1, min(2, pages), (pages + 1) // 2, pages})


def drawn(file: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(page, of how many, PNG) of the pages that are looked at."""
    pages = len(PdfReader(io.BytesIO(file)).pages)
    with tempfile.TemporaryDirectory(prefix="vang-paper-") as folder:
        (Path(folder) / "file.pdf").write_bytes(file)
        sheet = Path(folder) / "sheet.typ"
        sheet.write_text(_SHEET.format(width=A4_MM[0], height=A4_MM[1]), encoding="utf-8")
        for page in leaves(pages):
            made = typst.compile(
                str(sheet),
                root=folder,
                format="png",
                ppi=PIXELS_PER_INCH,
                sys_inputs={"page": str(page)},
            )
            yield page, pages, bytes(made)
