"""Signing what goes to stations: plans, limits, orders, acks, pieces of sound."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from station_protocol import codec
from station_protocol.messages import (
    Ack,
    ChunkHeader,
    Order,
    StationLimits,
    StationPlan,
)
from station_protocol.signing import Claims, Signer
from station_protocol.vocabulary import Purpose

EARLIER = timedelta(minutes=5)
"""A station's clock may be behind ours."""

ACK_VALID = timedelta(minutes=5)
CHUNK_VALID = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a signature counts."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """A signer with the epoch it signs in."""

    signer: Signer
    epoch: int

    def _claims(self, purpose: Purpose, audience: str, version: int, valid: Validity) -> Claims:
        return Claims(
            key_id=self.signer.key_id,
            purpose=purpose,
            audience=audience,
            kind=self.signer.kind,
            epoch=self.epoch,
            version=version,
            not_before=valid.not_before,
            not_after=valid.not_after,
            nonce=secrets.token_hex(16),
        )

    def plan(self, plan: StationPlan, version: int, valid: Validity) -> bytes:
        """The envelope of a station's plan."""
        claims = self._claims(Purpose.PLAN, plan.station_id, version, valid)
        return codec.seal(plan, claims, self.signer)

    def limits(self, limits: StationLimits, version: int, valid: Validity) -> bytes:
        """The envelope of a station's limits."""
        claims = self._claims(Purpose.LIMITS, limits.station_id, version, valid)
        return codec.seal(limits, claims, self.signer)

    def order(self, order: Order, audience: str, sequence: int, valid: Validity) -> bytes:
        """The envelope of an order to a station or a place."""
        claims = self._claims(Purpose.ORDER, audience, sequence, valid)
        return codec.seal(order, claims, self.signer)

    def ack(self, ack: Ack) -> bytes:
        """The envelope of an answer; its freshness lies in what it echoes."""
        valid = Validity(ack.controller_at - EARLIER, ack.controller_at + ACK_VALID)
        claims = self._claims(Purpose.ACK, ack.station_id, 0, valid)
        return codec.seal(ack, claims, self.signer)

    def chunk(self, station_id: str, header: ChunkHeader, data: bytes, now: datetime) -> bytes:
        """The envelope of one piece of sound."""
        valid = Validity(now - EARLIER, now + CHUNK_VALID)
        claims = self._claims(Purpose.CHUNK, station_id, header.index, valid)
        return codec.seal_chunk(header, data, claims, self.signer)
