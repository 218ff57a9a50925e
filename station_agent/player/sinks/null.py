"""A virtual card whose frames are gone once consumed: a station without loudspeakers."""

from __future__ import annotations

from station_agent.player.virtual_card import VirtualCard


class NullSink(VirtualCard):
    """Real time, exact counting, no sound."""
