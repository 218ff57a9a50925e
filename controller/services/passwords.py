"""Password hashes: argon2id, a few at a time so that a storm of sign-ins cannot eat the memory."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 4
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters nobody confuses when reading a password off paper (no l, o, 0, 1)."""


class Passwords:
    """Hashes and checks. OWASP's second choice: 19 MiB, 2 passes, 1 lane."""

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._turns = threading.Semaphore(AT_ONCE)
        self._nobody = self.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """The encoded hash with its own random salt."""
        with self._turns:
            return self._hasher.hash(password)

    def matches(self, encoded: str | None, password: str) -> bool:
        """Whether the password fits; None (no such account) costs the same time and never fits."""
        with self._turns:
            try:
                fits = self._hasher.verify(encoded or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return fits and encoded is not None

    def is_old(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)


def random_password() -> str:
    """Four groups of four: 80 bits, readable aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
