"""How sending something away can fail."""

from __future__ import annotations


class SendingError(Exception):
    """It was not taken. The text is what the other side, or the network, said."""


class NotNowError(SendingError):
    """It may work later."""


class NeverError(SendingError):
    """The same thing will be refused again."""
