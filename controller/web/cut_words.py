"""What is said about where the voice lies in a sound."""

from __future__ import annotations

from itertools import pairwise

from flask_babel import gettext as _

from controller.services.bulletin_views import CueView, VersionView
from controller.web import formats


def voice_line(version: VersionView) -> str:
    """Where somebody speaks, for those who cannot read it off the marks; "" when it is unknown."""
    at = {cue.kind: formats.length(cue.at_ms) for cue in version.cues}
    if "voice_begins" not in at:
        return ""
    said = _("Tiếng nói từ %(begin)s đến %(end)s.", begin=at["voice_begins"], end=at["voice_ends"])
    pauses = [
        f"{formats.length(begin.at_ms)}–{formats.length(end.at_ms)}"
        for begin, end in long_pauses(version.cues)
    ]
    if not pauses:
        return said
    return said + " " + _("Đoạn nghỉ dài: %(places)s.", places=", ".join(pauses))


def long_pauses(cues: tuple[CueView, ...]) -> list[tuple[CueView, CueView]]:
    """Beginning and end of each."""
    return [
        (begin, end)
        for begin, end in pairwise(cues)
        if (begin.kind, end.kind) == ("pause_begins", "pause_ends")
    ]
