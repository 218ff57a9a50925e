"""The gallery is made on an empty machine, and leaves nothing running."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.real, pytest.mark.soak]
ROOT = Path(__file__).resolve().parents[2]


def photograph(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tools.gallery", "--out", str(out), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_gallery_shows_every_chapter_and_ends_what_it_started(tmp_path: Path) -> None:
    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    done = photograph(tmp_path, "--only", "hom-nay", "--roles", "operator")
    assert "scrolls sideways" not in done.stderr
    assert "nobody is let in" not in done.stderr
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    for slug in ("hom-nay-trong", "hom-nay", "hom-nay-khan-cap"):
        for width in (1280, 360):
            name = f"{slug}-operator-{width}-vi-light.png"
            assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
            assert name in index
    assert {child.pid for child in me.children(recursive=True)} <= before


def test_printed_files_stand_beside_the_pages(tmp_path: Path) -> None:
    photograph(tmp_path, "--only", "pdf-thang", "--roles", "office,commune")
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    for name in ("pdf-thang-office-1.png", "pdf-thang-office-2.png", "pdf-thang-xa-commune-1.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
        assert name in index
