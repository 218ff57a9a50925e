"""What can be wrong with a message. A decoder raises one of these or returns a message."""

from __future__ import annotations

from typing import ClassVar


class ProtocolError(Exception):
    """A message that must not be obeyed. `reason` is counted, logged and shown."""

    reason: ClassVar[str] = "protocol_error"


class OversizedError(ProtocolError):
    """More bytes than this kind of message may have; refused before it is parsed."""

    reason = "oversized"


class MalformedMessageError(ProtocolError):
    """Not the JSON, the fields or the values this kind of message must have."""

    reason = "malformed"


class UnsupportedError(ProtocolError):
    """A protocol version or an order this side does not know."""

    reason = "unsupported"


class SignatureBadError(ProtocolError):
    """No pinned key signed these bytes, or the key may not sign this kind of deed."""

    reason = "signature_bad"


class WrongAudienceError(ProtocolError):
    """Signed, but for another station or another purpose."""

    reason = "wrong_audience"


class UnknownTopicError(ProtocolError):
    """A topic this protocol does not have, or a station id that cannot be one."""

    reason = "unknown_topic"


class ChunkBadError(ProtocolError):
    """A piece of sound that does not belong to the transfer it names."""

    reason = "chunk_bad"
