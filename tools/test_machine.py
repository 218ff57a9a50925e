#!/usr/bin/env python3
"""Put on this machine what the tests need besides Python: broker, browser, promtool, ALSA, letters.

Does nothing when everything is there. Otherwise installs the missing Debian packages as root or
through a password-less sudo; without either it names what to install and exits 1. A service that a
package would start by itself is kept from starting: the tests start their own, on free ports.

With `--office` also what only a long campaign uses, and which is large: an office suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Debian keeps some programs outside the search path of an ordinary user.
SEARCH_PATH = os.pathsep.join(
    [
        os.environ.get("PATH", ""),
        "/usr/local/sbin",
        "/usr/sbin",
        "/sbin",
        "/usr/local/bin",
        "/usr/bin",
    ]
)
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
LIBRARIES = Path("/usr/lib")
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Need:
    """One thing the tests use: any of these programs, and the Debian package that brings it."""

    programs: tuple[str, ...]
    package: str
    purpose: str

    def is_met(self) -> bool:
        return any(shutil.which(program, path=SEARCH_PATH) for program in self.programs)


@dataclass(frozen=True)
class FontNeed(Need):
    """Letters for Vietnamese, without which the pictures of the screens show boxes."""

    def is_met(self) -> bool:
        return any(
            next(folder.rglob(pattern), None) is not None
            for folder in FONT_FOLDERS
            if folder.is_dir()
            for pattern in self.programs
        )


@dataclass(frozen=True)
class HeaderNeed(Need):
    """A header file for what is compiled here; `programs` are paths below the include folders."""

    def is_met(self) -> bool:
        folders = (Path("/usr/include"), Path(sysconfig.get_path("include")))
        return any((folder / name).is_file() for folder in folders for name in self.programs)


@dataclass(frozen=True)
class LibraryNeed(Need):
    """A library that is put before a program; `programs` are paths below the library folders."""

    def is_met(self) -> bool:
        return any(next(LIBRARIES.glob(f"*/{name}"), None) for name in self.programs)


NEEDS = (
    Need(("mosquitto",), "mosquitto", "the second broker of the conformance test"),
    Need(("chromium-headless-shell",), "chromium-headless-shell", "browser tests"),
    Need(("promtool",), "prometheus", "tests of the alert rules"),
    Need(("amtool",), "prometheus-alertmanager", "who is told of which alert"),
    Need(("openssl",), "openssl", "throw-away certificates"),
    Need(("bwrap",), "bubblewrap", "the sandbox of hostile sound"),
    Need(("espeak-ng",), "espeak-ng", "spoken Vietnamese to upload"),
    Need(("cc", "gcc"), "gcc", "building pyalsaaudio"),
    HeaderNeed(("Python.h",), "python3-dev", "building pyalsaaudio"),
    HeaderNeed(("alsa/asoundlib.h",), "libasound2-dev", "the sound card library itself"),
    Need(("systemd-analyze",), "systemd", "looking at the service files"),
    LibraryNeed(("faketime/libfaketimeMT.so.1",), "libfaketime", "clocks that step under agents"),
    Need(("strace",), "strace", "power cuts and failing syncs of a station's store"),
    FontNeed(("DejaVuSans.ttf", "NotoSans-Regular.*"), "fonts-dejavu-core", "Vietnamese letters"),
)

ASKED_FOR = {
    "--office": (Need(("soffice",), "libreoffice-calc", "opening exported tables in an office"),),
    "--gallery": (
        Need(("chromium", "google-chrome", "chromium-browser"), "chromium", "pictures of pages"),
        LibraryNeed(("locales/vi.pak",), "chromium-l10n", "the browser's own words in Vietnamese"),
    ),
}
"""What only some work needs, by the switch that asks for it."""


def as_root() -> list[str] | None:
    """The words to put before a command that needs root; None when there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo", path=SEARCH_PATH)
    if not sudo:
        return None
    asked = subprocess.run(
        [sudo, "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return [sudo, "-n"] if asked.returncode == 0 else None


@contextmanager
def no_service_starts(root: list[str]) -> Iterator[None]:
    """While packages are installed, Debian's own switch keeps their services from starting."""
    if POLICY.exists():
        yield
        return
    script = "#!/bin/sh\n# Put here by Vang's tests while packages are installed.\nexit 101\n"
    subprocess.run(
        [*root, "tee", str(POLICY)], input=script, text=True, check=True, stdout=subprocess.DEVNULL
    )
    try:
        subprocess.run([*root, "chmod", "755", str(POLICY)], check=True)
        yield
    finally:
        subprocess.run([*root, "rm", "-f", str(POLICY)], check=True)


def install(packages: list[str], root: list[str]) -> int:
    """Install with apt-get; what it says is shown. Returns its exit code."""
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
    apt = [*root, *quiet, "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120"]
    with no_service_starts(root):
        for words in (["update"], ["install", "--no-install-recommends", *packages]):
            code = subprocess.run([*apt, *words], stdin=subprocess.DEVNULL, check=False).returncode
            if code:
                return code
    return 0


def missing(switches: list[str]) -> list[Need]:
    asked = [need for switch in switches for need in ASKED_FOR.get(switch, ())]
    return [need for need in [*NEEDS, *asked] if not need.is_met()]


def explain(needs: list[Need]) -> None:
    say("the tests need what is not on this machine:")
    for need in needs:
        say(f"  {need.package:20} {need.purpose}")
    say(f"as root: apt-get install --no-install-recommends {' '.join(n.package for n in needs)}")


def say(text: str) -> None:
    print(f"test-machine: {text}", file=sys.stderr, flush=True)


def main() -> int:
    switches = sys.argv[1:]
    needs = missing(switches)
    if not needs:
        return 0
    root = as_root()
    if root is None or not shutil.which("apt-get", path=SEARCH_PATH):
        explain(needs)
        return 1
    packages = [need.package for need in needs]
    say(f"installing {', '.join(packages)}")
    code = install(packages, root)
    left = missing(switches)
    if code or left:
        explain(left or needs)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
