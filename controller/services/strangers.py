"""Tries under names nobody has, counted as if somebody had them: the answer betrays nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

REMEMBERED = 10_000


@dataclass(slots=True)
class _Tries:
    failed: int = 0
    locked_until_at: datetime | None = None


class Strangers:
    """A bounded memory of unknown names, the oldest forgotten first."""

    def __init__(self, tries: int, lock: timedelta) -> None:
        self._tries = tries
        self._lock_for = lock
        self._names: OrderedDict[str, _Tries] = OrderedDict()
        self._turn = threading.Lock()

    def count_try(self, name: str, now: datetime) -> int | None:
        """Tries left after this one; None while locked."""
        with self._turn:
            known = self._names.setdefault(name, _Tries())
            self._names.move_to_end(name)
            if len(self._names) > REMEMBERED:
                self._names.popitem(last=False)
            if known.locked_until_at is not None:
                if known.locked_until_at > now:
                    return None
                known.failed, known.locked_until_at = 0, None
            known.failed += 1
            left = max(0, self._tries - known.failed)
            if left == 0:
                known.locked_until_at = now + self._lock_for
            return left

    def locked_until(self, name: str) -> datetime | None:
        """When a name opens again; None when it is open."""
        with self._turn:
            known = self._names.get(name)
            return known.locked_until_at if known else None
