"""How long to wait before the next attempt to reach the broker."""

from __future__ import annotations

import random

EAGER_FOR_S = 600.0
EAGER_CAP_S = 15.0
PATIENT_CAP_S = 60.0


def reconnect_delay_s(down_for_s: float, dice: random.Random) -> float:
    """Full jitter: up to 15 s in the first ten minutes without a link, then up to 60 s."""
    return dice.uniform(0.0, EAGER_CAP_S if down_for_s < EAGER_FOR_S else PATIENT_CAP_S)
