"""Pictures of the operator's guides: few, small, and of what the text speaks of."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from audio_library import ffmpeg
from tools.gallery.camera import DESK, PHONE, Camera, chromium
from tools.gallery.pages import ALARM, ORDINARY
from tools.gallery.story import Story, told

MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the guides: the top of a page so high, or one part of it."""

    file: str
    path: str
    role: str
    width: int = DESK
    height: int = 800
    selector: str = ""
    chapter: str = ORDINARY


PICTURES = (
    Picture("today-1280.png", "/hom-nay", "operator"),
    Picture("board-1280.png", "/bang", "office"),
    Picture("board-360.png", "/bang", "operator", PHONE, 740),
    Picture("station-1280.png", "/tram/{station_id}", "operator"),
    Picture(
        "why-1280.png", "/tram/bac-ai-phuoc-thanh?ngay=2026-11-24&buoi={why}", "operator",
        selector=".whybox[open]",
    ),
    Picture("commune-360.png", "/xa/{station_id}", "commune", PHONE, 900),
    Picture("offer-360.png", "/lich/buoi/{open_offer}", "commune", PHONE, 900),
    Picture("bulletin-1280.png", "/ban-tin/{draft}", "operator"),
    Picture("approve-1280.png", "/cho-duyet/{waiting}", "approver"),
    Picture("schedule-new-1280.png", "/lich/moi?ban-tin={water}", "operator"),
    Picture("schedule-1280.png", "/lich", "operator"),
    Picture("notices-1280.png", "/thong-bao", "operator", height=620),
    Picture("cap-1280.png", "/khan-cap", "office", height=620),
    Picture("confirm-1280.png", "/khan-cap/{emergency_waiting}", "approver", chapter=ALARM),
    Picture("emergency-1280.png", "/khan-cap/{emergency_id}", "approver", chapter=ALARM),
    Picture("red-bar-360.png", "/hom-nay", "operator", PHONE, 740, chapter=ALARM),
    Picture("drill-1280.png", "/dien-tap/{drill_id}", "office", chapter=ALARM),
    Picture("audit-1280.png", "/nhat-ky?viec=ban-tin", "auditor"),
)  # fmt: skip


def write(
    out: Path,
    chapters: Callable[[Story], Iterator[str]],
    served: Callable[[Flask], AbstractContextManager[str]],
) -> None:
    """All of them, into this folder."""
    with tempfile.TemporaryDirectory(prefix="vang-guide-") as folder:
        scratch = Path(folder) / "shot.png"
        with (
            told(Path(folder) / "centre") as story,
            served(story.controller.app) as address,
            chromium() as browser,
        ):
            for chapter in chapters(story):
                for one in (picture for picture in PICTURES if picture.chapter == chapter):
                    camera = Camera(browser, address, one.role, story.clock())
                    path = one.path.format_map(story.ids)
                    camera.cut_out(path, one.width, one.height, scratch, one.selector)
                    camera.close()
                    print(one.file, squeeze(scratch, out / one.file))


def squeeze(picture: Path, target: Path) -> int:
    """Write it with a palette as large as the bytes allow; how many bytes it has."""
    for colours in (128, 64, 32, 16):
        make = f"[a]palettegen=max_colors={colours}:stats_mode=full[p]"
        palette = f"split[a][b];{make};[b][p]paletteuse=dither=none"
        program = [str(ffmpeg.executable()), "-v", "error", "-y", "-i", str(picture)]
        words = ["-vf", palette, "-compression_level", "9", "-pred", "none", str(target)]
        subprocess.run([*program, *words], check=True)
        if target.stat().st_size <= MOST_BYTES:
            break
    return target.stat().st_size
