"""What a printed file says."""

from __future__ import annotations

import io

from pypdf import PdfReader


def pages_of(file: bytes) -> list[str]:
    """The words of each page, one space between them."""
    found = PdfReader(io.BytesIO(file)).pages
    return [" ".join(page.extract_text().split()) for page in found]


def fonts_of(file: bytes) -> set[str]:
    """The fonts it carries, without the mark of a part."""
    return {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in PdfReader(io.BytesIO(file)).pages
        for font in page["/Resources"]["/Font"].values()
    }
