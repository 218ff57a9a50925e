"""LibreOffice without a window: what somebody sees who opens a table with it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

PACKAGE = "libreoffice-calc"
_LANGUAGES = {"vi-VN": 1066, "en-US": 1033}
_ENDS_OF_CELLS = "9/44/59"
"""Tabulator, comma and semicolon: what the dialog takes for the end of a cell unless told."""
_UTF_8 = "76"

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LOCALE = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{locale}</value></prop></item></oor:items>
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was saved: cells by row and column from 0, and which of them are worked out."""

    cells: dict[tuple[int, int], str | float]
    formulas: list[tuple[int, int]]

    def rows(self) -> Iterator[list[str | float]]:
        """Row by row, empty cells as empty text."""
        width = max(column for _row, column in self.cells) + 1
        for row in range(max(row for row, _column in self.cells) + 1):
            yield [self.cells.get((row, column), "") for column in range(width)]


class Office:
    """One LibreOffice, its settings in a folder of its own, in the language of a country."""

    def __init__(self, folder: Path, locale: str) -> None:
        found = shutil.which("soffice")
        if found is None:
            pytest.skip(f"soffice is not here: python3 tools/test_machine.py --office ({PACKAGE})")
        self._program, self._folder, self._locale = found, folder / locale, locale
        profile = self._folder / "profile/user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_LOCALE.format(locale=locale))

    def open_csv(self, file: Path) -> Sheet:
        """Open a table as its dialog proposes to, save it as a workbook, read that.

        A window is needed to see the mark of UTF-8 at the head of a file, so it is told here.
        """
        options = f"{_ENDS_OF_CELLS},34,{_UTF_8},1,,{_LANGUAGES[self._locale]}"
        filter_ = f"--infilter=Text - txt - csv (StarCalc):{options}"
        (only,) = read_workbook(self._convert(file, "xlsx", filter_)).values()
        return only

    def open_workbook(self, file: Path) -> dict[str, Sheet]:
        """Open a workbook, save it again, read that."""
        return read_workbook(self._convert(file, "xlsx"))

    def as_csv(self, file: Path) -> list[Path]:
        """Each sheet of a workbook as text, UTF-8 with commas."""
        options = f"44,34,{_UTF_8},1,,0,false,true,false,false,false,-1"
        self._convert(file, f"csv:Text - txt - csv (StarCalc):{options}")
        return sorted((self._folder / "out").glob(f"{file.stem}-*.csv"))

    def _convert(self, file: Path, kind: str, *options: str) -> Path:
        out = self._folder / "out"
        done = subprocess.run(
            [
                self._program,
                f"-env:UserInstallation={(self._folder / 'profile').as_uri()}",
                *("--headless", "--norestore", *options),
                *("--convert-to", kind, "--outdir", str(out)),
                str(file),
            ],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return out / f"{file.stem}.{kind.partition(':')[0]}"


def read_workbook(file: Path) -> dict[str, Sheet]:
    """The sheets of an XLSX file by name."""
    with ZipFile(file) as book:
        texts = [
            "".join(part.text or "" for part in one.iter(f"{_MAIN}t"))
            for one in _tree(book, "xl/sharedStrings.xml").findall(f"{_MAIN}si")
        ]
        named = _tree(book, "xl/workbook.xml").iter(f"{_MAIN}sheet")
        return {
            str(one.get("name")): _sheet(_tree(book, f"xl/worksheets/sheet{number}.xml"), texts)
            for number, one in enumerate(named, 1)
        }


def _tree(book: ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(name))  # noqa: S314 - a file made here


def _sheet(page: ElementTree.Element, texts: list[str]) -> Sheet:
    cells: dict[tuple[int, int], str | float] = {}
    formulas = []
    for cell in page.iter(f"{_MAIN}c"):
        place, value = _place(str(cell.get("r"))), cell.find(f"{_MAIN}v")
        if cell.find(f"{_MAIN}f") is not None:
            formulas.append(place)
        if value is not None and value.text is not None:
            is_text = cell.get("t") == "s"
            cells[place] = texts[int(value.text)] if is_text else _number(value.text)
    return Sheet(cells, formulas)


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _place(reference: str) -> tuple[int, int]:
    letters, row = re.fullmatch(r"([A-Z]+)(\d+)", reference).groups()  # type: ignore[union-attr]
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(row) - 1, column - 1
