"""Lets a child program die at a named point; read by Python itself when this folder is on its path.

`VANG_TEST_POINTS` names functions as `module:Class.method:before` or `...:after`, separated by
commas. A point is deadly once: while a file of its name lies in `VANG_TEST_POINTS_FOLDER`, the
process that reaches it takes the file away and kills itself with SIGKILL. The packages know nothing
of this.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_FOLDER = os.environ.get("VANG_TEST_POINTS_FOLDER", "")
_POINTS = [point for point in os.environ.get("VANG_TEST_POINTS", "").split(",") if point]


def _die_here(point: str) -> None:
    try:
        os.unlink(os.path.join(_FOLDER, point))  # noqa: PTH108, PTH118 - nothing more is imported
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _make_deadly(module: ModuleType, point: str) -> None:
    _, path, when = point.split(":")
    *owners, name = path.split(".")
    owner: Any = functools.reduce(getattr, owners, module)
    plain = getattr(owner, name)

    @functools.wraps(plain)
    def deadly(*args: Any, **named: Any) -> Any:
        if when == "before":
            _die_here(point)
        result = plain(*args, **named)
        if when == "after":
            _die_here(point)
        return result

    setattr(owner, name, deadly)


class _Finder(importlib.abc.MetaPathFinder):
    """Changes the named functions as soon as their module has been read."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        points = [point for point in _POINTS if point.startswith(f"{name}:")]
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if points else None
        if spec is None or spec.loader is None:
            return None
        read = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            read(module)
            for point in points:
                _make_deadly(module, point)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if _POINTS:
    sys.meta_path.insert(0, _Finder())
