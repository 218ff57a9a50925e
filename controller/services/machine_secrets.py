"""Secrets of machines: 256 random bits, shown once, kept only as hashes.

The secrets are random and long, so a cheap hash is enough: nobody can guess 256 bits, and every
station proves itself again at each connect.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass

import bcrypt

BCRYPT_COST = 4
"""The least bcrypt allows; nats-server computes it at every connect."""
BCRYPT_PREFIX = b"2a"
"""The one prefix every nats-server knows; older ones take any other hash for a plain password."""
PBKDF2_ROUNDS = 101
"""What `mosquitto_passwd` 2.0 writes."""


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """A station as the broker knows it: who it is, how it proves it, which places it hears."""

    username: str
    """The station's id."""
    password_hash: str
    """bcrypt, for nats-server."""
    mosquitto_hash: str
    """PBKDF2, for Mosquitto's password file."""
    place_ids: tuple[str, ...]
    """Ids of the places above the station: it may read their orders."""


def new_secret() -> str:
    """A secret of 256 random bits, in 43 characters that need no escaping anywhere."""
    return secrets.token_urlsafe(32)


def bcrypt_hash(secret: str) -> str:
    """The hash nats-server compares with."""
    return bcrypt.hashpw(secret.encode(), bcrypt.gensalt(BCRYPT_COST, BCRYPT_PREFIX)).decode()


def pbkdf2_hash(secret: str) -> str:
    """The hash Mosquitto compares with: `$7$rounds$salt$digest`, PBKDF2-HMAC-SHA512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, PBKDF2_ROUNDS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("", "7", str(PBKDF2_ROUNDS), *encoded))


def token_hash(token: str) -> str:
    """The hash a bearer token is looked up by: SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
