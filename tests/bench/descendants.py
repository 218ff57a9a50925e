"""Counts what runs in a sandbox: bubblewrap ends without waiting for what it has started.

Such an orphan is waited for by us, and the kernel then adds its usage to that of our children.
"""

from __future__ import annotations

import ctypes
import os

_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2)."""


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def reap_orphans() -> None:
    """Wait until no child is left."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
