"""Printed files stand in the gallery as pictures of their pages."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter

from tools.gallery.paper import A4_MM, PIXELS_PER_INCH, drawn, leaves


@pytest.mark.parametrize(
    ("pages", "looked_at"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (9, [1, 2, 5, 9])]
)
def test_the_first_a_middle_and_the_last_page_are_looked_at(
    pages: int, looked_at: list[int]
) -> None:
    assert leaves(pages) == looked_at


def test_each_page_is_a_picture_of_its_own_size() -> None:
    writer, file = PdfWriter(), io.BytesIO()
    for _page in range(2):
        writer.add_blank_page(width=595.28, height=841.89)  # A4 in points
    writer.write(file)
    found = list(drawn(file.getvalue()))
    assert [(page, of) for page, of, _png in found] == [(1, 2), (2, 2)]
    for _page, _of, png in found:
        assert png.startswith(b"\x89PNG")
        width = int.from_bytes(png[16:20], "big")
        assert width == pytest.approx(A4_MM[0] / 25.4 * PIXELS_PER_INCH, abs=1)
