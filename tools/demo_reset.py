#!/usr/bin/env python3
"""Remove a demo's data folder, unless a demo still runs in it or it is not a demo's folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

MARK = "demo.json"
EARLIER_MARK = "accounts.json"
"""What a start that broke off leaves."""
OWN_DATA = Path(__file__).resolve().parent.parent / "var"


def running_pid(folder: Path) -> int | None:
    """The process of a demo that still uses the folder; None when there is none."""
    try:
        pid = int(json.loads((folder / MARK).read_text(encoding="utf-8"))["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    command = Path(f"/proc/{pid}/cmdline")
    return pid if command.exists() and b"vang-controller" in command.read_bytes() else None


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    if not folder.exists():
        return 0
    marked = any((folder / name).is_file() for name in (MARK, EARLIER_MARK))
    ours = OWN_DATA in folder.parents or marked
    if not ours and any(folder.iterdir()):
        print(
            f"{folder} does not look like a demo's folder (no {MARK}); nothing removed.",
            file=sys.stderr,
        )
        return 1
    pid = running_pid(folder)
    if pid is not None:
        print(f"a demo is running in {folder} (process {pid}); stop it first.", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print(f"removed {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
