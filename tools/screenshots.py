#!/usr/bin/env python3
"""Photograph each page of a demo, as each role sees it, at both widths.

    tools/screenshots.py [--data DIR] [--out DIR] [--stations N]

Uses the demo that runs in DIR, else starts one there and stops it afterwards. Pages are found by
following links, so a new page is photographed without being named here.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = {1280: 800, 360: 740}
NAMES = {
    "dang-nhap": "sign-in",
    "bang": "board",
    "ban-do": "map",
    "tram": "station",
    "ban-tin": "bulletins",
    "cho-duyet": "approvals",
    "thong-bao": "notices",
    "lich": "schedule",
    "nguoi-dung": "users",
    "nhat-ky": "audit",
    "mat-khau": "password",
    "tai-khoan": "account",
    "moi": "new",
    "gio-phat": "hours",
}
START_S = 300


def is_alive(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/dang-nhap", timeout=5) as answer:  # noqa: S310 our own demo
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def read_demo(folder: Path) -> dict[str, Any] | None:
    """What a running demo says of itself; None when none runs in the folder."""
    try:
        demo: dict[str, Any] = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return demo if is_alive(demo["address"]) else None


@contextmanager
def running_demo(folder: Path, stations: int) -> Iterator[dict[str, Any]]:
    """The demo of the folder, started for the time being when it does not run."""
    demo = read_demo(folder)
    if demo is not None:
        yield demo
        return
    program = [str(Path(sys.executable).parent / "vang-controller"), "demo"]
    words = ["--data", str(folder), "--stations", str(stations)]
    process = subprocess.Popen([*program, *words], cwd=ROOT)
    try:
        yield wait_for_demo(folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def wait_for_demo(folder: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        demo = read_demo(folder)
        if demo is not None:
            return demo
        time.sleep(1)
    raise SystemExit("the demo did not start")


def kind_of(path: str) -> str:
    """A page's name: pages that differ only in an id share it."""
    first, *rest = [part for part in path.split("/") if part] or ["bang"]
    words = [NAMES.get(first, first)]
    words += [NAMES.get(part, "one") for part in rest]
    return "-".join(words)


def links_of(page: Any, address: str) -> list[str]:
    """Addresses inside the demo that the page links to, without their queries."""
    found = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    inside = [urlsplit(urljoin(address, link)) for link in found]
    host = urlsplit(address).netloc
    return [link.path for link in inside if link.netloc == host]


def sign_in(page: Any, address: str, account: dict[str, str]) -> None:
    page.goto(f"{address}/dang-nhap")
    page.fill("input[name=username]", account["username"])
    page.fill("input[name=password]", account["password"])
    page.click("form button[type=submit], form button:not([type])")
    page.wait_for_load_state()
    if "/dang-nhap" in page.url:
        raise SystemExit(f"could not sign in as {account['username']}")


def photograph(page: Any, target: Path) -> None:
    """The top of the page as a screen shows it, and the whole page beside it."""
    page.wait_for_timeout(400)
    page.screenshot(path=str(target.with_suffix(".top.png")))
    size = page.viewport_size
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({**size, "height": max(size["height"], height)})
    page.screenshot(path=str(target))
    page.set_viewport_size(size)
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    print(f"{target.name}{'   SCROLLS SIDEWAYS' if too_wide else ''}")


def walk(page: Any, address: str, account: dict[str, str], out: Path, width: int) -> None:
    """Photograph each kind of page this account can reach."""
    waiting, seen = ["/bang"], {"sign-in"}
    while waiting:
        path = waiting.pop(0)
        kind = kind_of(path)
        if kind in seen:
            continue
        seen.add(kind)
        answer = page.goto(address + path)
        if answer is None or "text/html" not in (answer.headers.get("content-type") or ""):
            continue
        photograph(page, out / f"{account['role']}-{kind}-{width}.png")
        waiting += links_of(page, address)


def first_of_each_role(accounts: list[dict[str, str]]) -> list[dict[str, str]]:
    by_role: dict[str, dict[str, str]] = {}
    for account in accounts:
        by_role.setdefault(account["role"], account)
    return list(by_role.values())


def photograph_all(demo: dict[str, Any], out: Path) -> None:
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width, height in WIDTHS.items():
            size = {"width": width, "height": height}
            for account in first_of_each_role(demo["accounts"]):
                context = browser.new_context(viewport=size, locale="vi-VN")
                page = context.new_page()
                page.goto(f"{demo['address']}/dang-nhap")
                photograph(page, out / f"sign-in-{width}.png")
                sign_in(page, demo["address"], account)
                walk(page, demo["address"], account, out, width)
                context.close()
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "var/demo")
    parser.add_argument("--out", type=Path, default=ROOT / "build/screenshots")
    parser.add_argument("--stations", type=int, default=65)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with running_demo(chosen.data, chosen.stations) as demo:
        photograph_all(demo, chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
