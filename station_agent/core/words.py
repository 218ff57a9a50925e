"""What an order sounds like: its signal, then its words if they are here."""

from __future__ import annotations

from station_agent.core.effects import Attention, InlineSound, Piece, SoundFile
from station_agent.core.order_slot import OrderSlot
from station_agent.core.station import Station
from station_protocol.vocabulary import Reason

WITHOUT_WORDS_MS = 6_000
"""The signal of an order that has none of its own and whose words are not here."""


def pieces_of(station: Station, slot: OrderSlot) -> tuple[Piece, ...]:
    """The pieces of one airing."""
    order = slot.order
    signal = Attention(order.attention_ms, is_drill=order.exercise)
    pieces: tuple[Piece, ...] = (signal,) if order.attention_ms else ()
    data = station.words.get(order.sha256 or "")
    if order.sha256 is not None and data is not None:
        return (*pieces, InlineSound(order.sha256, order.duration_ms, data))
    if order.sha256 is not None and order.sha256 in station.held:
        return (*pieces, SoundFile(order.sha256, order.duration_ms))
    return pieces or (Attention(WITHOUT_WORDS_MS),)


def missing(station: Station, slot: OrderSlot) -> Reason | None:
    """Why only the signal can sound; None if the words are here, or there are none."""
    sha256 = slot.order.sha256
    if sha256 is None or sha256 in station.words or sha256 in station.held:
        return None
    return Reason.FILE_CORRUPT if sha256 in station.damaged else Reason.OFFLINE_NO_FILE
