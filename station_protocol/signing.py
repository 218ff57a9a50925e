"""The signed envelope: 64 bytes of Ed25519 signature, then exactly the bytes that were signed.

The signature is checked before a byte is parsed, and nothing is ever serialised again. Version,
epoch, window and nonce are only carried here; whether they are acceptable is decided by the
receiver's own rules, which know its clock and its past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field

from station_protocol.errors import MalformedMessageError, SignatureBadError
from station_protocol.messages import Count, Ident, Instant, StationId
from station_protocol.vocabulary import DeedKind, Purpose

SIGNATURE_BYTES = 64


class Claims(BaseModel):
    """What a signature says beside the message: for whom, for what, how new, until when."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key_id: Ident
    purpose: Purpose
    audience: StationId
    kind: DeedKind = DeedKind.ACTUAL
    epoch: Count
    version: Count
    not_before: Instant
    not_after: Instant
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

    def covers(self, now: datetime) -> bool:
        """Whether `now` lies inside the validity window."""
        return self.not_before <= now <= self.not_after


def key_id_of(public: Ed25519PublicKey) -> str:
    """The first 16 hex digits of SHA-256 of the raw public key."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Signer:
    """The private half of a key pair; exists only at the centre."""

    private: Ed25519PrivateKey = field(repr=False)
    kind: DeedKind = DeedKind.ACTUAL

    @classmethod
    def generate(cls, kind: DeedKind = DeedKind.ACTUAL) -> Signer:
        """A fresh pair."""
        return cls(Ed25519PrivateKey.generate(), kind)

    @classmethod
    def from_bytes(cls, raw: bytes, kind: DeedKind = DeedKind.ACTUAL) -> Signer:
        """The pair whose 32 raw private bytes these are."""
        return cls(Ed25519PrivateKey.from_private_bytes(raw), kind)

    @property
    def key_id(self) -> str:
        """The name a station pins the public half under."""
        return key_id_of(self.private.public_key())

    def private_bytes(self) -> bytes:
        """The 32 raw private bytes, to be kept with mode 0600."""
        return self.private.private_bytes_raw()

    def public_hex(self) -> str:
        """The raw public key in 64 hex digits, as it stands in a station's configuration."""
        return self.private.public_key().public_bytes_raw().hex()

    def sign(self, body: bytes) -> bytes:
        """The envelope: signature and the very same bytes."""
        return self.private.sign(body) + body


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A public key a station trusts, and the kind of deed it may sign."""

    key_id: str
    kind: DeedKind
    public: Ed25519PublicKey

    @classmethod
    def from_hex(cls, public_hex: str, kind: DeedKind) -> PinnedKey:
        """The key written in a configuration; ValueError if it is not one."""
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        return cls(key_id_of(public), kind, public)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys a station pins; nothing else is ever believed."""

    keys: Mapping[str, PinnedKey]

    @classmethod
    def of(cls, *keys: PinnedKey) -> KeyRing:
        """A ring of these keys."""
        return cls({key.key_id: key for key in keys})

    def open(self, envelope: bytes) -> tuple[PinnedKey, bytes]:
        """The key that signed and the signed bytes; SignatureBadError if none of ours did."""
        if len(envelope) <= SIGNATURE_BYTES:
            raise MalformedMessageError("shorter than a signature")
        signature, body = envelope[:SIGNATURE_BYTES], envelope[SIGNATURE_BYTES:]
        for key in self.keys.values():
            try:
                key.public.verify(signature, body)
            except InvalidSignature:
                continue
            return key, body
        raise SignatureBadError("signed by no key this station pins")
