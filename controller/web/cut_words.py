"""Where the voice lies in a sound, in words, and what the part of the page about cutting shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from flask_babel import gettext as _

from audio_library.span import Span
from controller.domain.bulletins import CUT_STEP_MS, clean_seconds
from controller.services.bulletin_views import BulletinView, CueView, VersionView
from controller.web import formats
from controller.web import waveform as wave


@dataclass(frozen=True, slots=True)
class CutSheet:
    """The upload and the stretch of it that is to be kept, counted from its beginning.

    `whole` is the sound made of all of it: people hear that, never the upload itself. `start` and
    `end` are what stands in the fields, in seconds.
    """

    version: VersionView
    whole: VersionView
    length_ms: int
    chosen: Span
    start: str
    end: str

    @property
    def is_in_use(self) -> bool:
        """Whether the stretch shown is that of the version in use."""
        return self.chosen == (self.version.cut or Span(0, self.length_ms))

    @property
    def lead_in_ms(self) -> int:
        """Where the upload begins in the sound made of all of it."""
        return self.whole.lead_in_ms or 0

    def x(self, at_ms: int) -> float:
        """Where an instant of the upload lies on the picture of the whole."""
        return wave.place(at_ms + self.lead_in_ms, self.whole.duration_ms or 0)

    def view_box(self, span: Span) -> str:
        """The part of that picture that shows a stretch."""
        left = self.x(span.start_ms)
        return f"{left:g} 0 {max(0.1, self.x(span.end_ms) - left):g} {wave.HEIGHT}"

    def fragment(self, span: Span) -> str:
        """The end of an address that has a player sound just this stretch."""
        begin, end = ((at_ms + self.lead_in_ms) / 1000 for at_ms in (span.start_ms, span.end_ms))
        return f"#t={begin:.1f},{end:.1f}"


def sheet(
    bulletin: BulletinView, version: VersionView | None, typed: tuple[str, str] | None
) -> CutSheet | None:
    """What to show for a version; None for one that was not made from an upload that was kept."""
    whole = bulletin.whole_of(version) if version and version.sha256 else None
    length_ms = bulletin.upload_ms(version) if version and whole else None
    if version is None or whole is None or length_ms is None:
        return None
    chosen = version.cut or whole.suggested or Span(0, length_ms)
    start, end = typed or (_field(chosen.start_ms), _field(_up(chosen.end_ms)))
    return CutSheet(version, whole, length_ms, chosen, start, end)


def typed_span(start: str, end: str) -> Span:
    """The stretch somebody typed. InvalidInputError for what are no seconds."""
    return Span(clean_seconds(start, field="cut_start"), clean_seconds(end, field="cut_end"))


def silence_line(cut: CutSheet) -> str:
    """What the suggestion would take away; "" when there is none."""
    kept = cut.whole.suggested
    if kept is None:
        return ""
    before, after = kept.start_ms, cut.length_ms - kept.end_ms
    words = {"before": seconds(before), "after": seconds(after)}
    if not after:
        return _("Đầu tệp có %(before)s im lặng cắt được.", **words)
    if not before:
        return _("Cuối tệp có %(after)s im lặng cắt được.", **words)
    return _("Đầu tệp có %(before)s và cuối tệp có %(after)s im lặng cắt được.", **words)


def seconds(ms: int) -> str:
    """5,6 giây."""
    return formats.unbroken(_("%(seconds)s giây", seconds=formats.number(ms / 1000, 1)))


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


def _field(ms: int) -> str:
    text = f"{ms / 1000:.1f}"
    return text if formats.language() == "en" else text.replace(".", ",")


def _up(ms: int) -> int:
    return -(-ms // CUT_STEP_MS) * CUT_STEP_MS
