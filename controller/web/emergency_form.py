"""The form an emergency or a drill is composed in: its fields, its recordings, what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from werkzeug.datastructures import FileStorage, MultiDict

from controller.domain.bulletins import Language
from controller.domain.emergencies import PARTS, Kind, Part
from controller.domain.hazards import TEXTS, Hazard
from controller.domain.places import Place, PlaceKind
from controller.errors import ControllerError
from controller.services.cap_drafts import CapDraft
from controller.services.emergency_wish import EmergencyWish
from controller.services.spool import Upload
from controller.web.emergency_words import LASTS
from controller.web.policy import current_actor, services
from controller.web.refusals import explain


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that was laid aside under a token, and how its sender called it."""

    token: str
    name: str


@dataclass(frozen=True, slots=True)
class EmergencyForm:
    """The fields as they stand in the page."""

    hazard: str = Hazard.FLOOD_RELEASE.value
    level: str = ""
    title: str = ""
    source: str = ""
    texts: Mapping[Part, str] = field(default_factory=dict)
    voice: str = ""
    bulletin_id: str = ""
    targets: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    """Kinds of communes that were chosen as one: keys of GROUPS."""
    repeat: str = "0"
    lasts: str = "60"
    recordings: Mapping[tuple[Part, str], Kept] = field(default_factory=dict)
    """Words recorded instead of read by a voice, by part and language."""
    cap_alert_id: str = ""
    """The alert from outside it was drafted from; "": none."""
    problems: Mapping[str, str] = field(default_factory=dict)

    def problem(self, name: str) -> str | None:
        """The sentence under a field."""
        return self.problems.get(name)

    @property
    def wish(self) -> EmergencyWish:
        """What it asks for; a field that is no number becomes one that is refused."""
        return EmergencyWish(
            hazard=self.hazard,
            level=_number(self.level) if self.level else None,
            title=self.title,
            source=self.source,
            texts=self.texts,
            voice=self.voice,
            target_ids=tuple(sorted(self.targets | self._grouped)),
            repeat_every_min=_number(self.repeat),
            lasts_min=_number(self.lasts),
            bulletin_id=self.bulletin_id,
            recordings={
                key: Upload(kept.name, token=kept.token) for key, kept in self.recordings.items()
            },
        )

    @property
    def _grouped(self) -> frozenset[str]:
        own = current_actor().place_id
        return frozenset(one for key in self.groups for one in communes_of(key, own))


GROUPS: Mapping[str, Callable[[Place], bool]] = {
    "zone_iii": lambda place: place.zone == "III",
    "coastal": lambda place: place.is_coastal,
}
"""Kinds of communes that are often warned together."""


def communes_of(group: str, place_id: str) -> tuple[str, ...]:
    """The communes of that kind in a place; of a kind there is not, none."""
    is_one = GROUPS.get(group)
    if is_one is None:
        return ()
    places = services().places.tree().walk(place_id)
    return tuple(one.place_id for one in places if one.kind is PlaceKind.COMMUNE and is_one(one))


def drafted(draft: CapDraft, kind: Kind, cap_alert_id: str) -> EmergencyForm:
    """A form filled in with what an alert from outside surely says."""
    form = prepared(draft.hazard or Hazard.OTHER, kind)
    lasts = min((one for one in LASTS if one >= (draft.lasts_min or 60)), default=max(LASTS))
    return replace(
        form,
        level=str(draft.level or ""),
        title=draft.title,
        source=draft.source,
        texts={**form.texts, Part.WARNING: draft.text},
        targets=frozenset(draft.target_ids),
        lasts=str(lasts),
        cap_alert_id=cap_alert_id,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1


def read(form: MultiDict[str, str], kind: Kind) -> EmergencyForm:
    """The fields of a request, without its files."""
    return EmergencyForm(
        hazard=form.get("hazard", ""),
        level=form.get("level", ""),
        title=form.get("title", ""),
        source=form.get("source", ""),
        texts={part: form.get(part.value, "") for part in PARTS[kind]},
        voice=form.get("voice", ""),
        bulletin_id=form.get("bulletin_id", ""),
        targets=frozenset(form.getlist("target")),
        groups=frozenset(form.getlist("group")),
        repeat=form.get("repeat", "0"),
        lasts=form.get("lasts", ""),
        cap_alert_id=form.get("cap", ""),
    )


def prepared(hazard: str, kind: Kind) -> EmergencyForm:
    """A fresh form with the texts prepared for a hazard."""
    chosen = Hazard(hazard) if hazard in set(Hazard) else Hazard.FLOOD_RELEASE
    texts = TEXTS[chosen]
    said = {
        Part.WARNING: texts.warning,
        Part.CORRECTION: texts.correction,
        Part.ALL_CLEAR: texts.all_clear,
    }
    if kind is Kind.DRILL:
        said[Part.ALL_CLEAR] = _END_OF_DRILL
    voices = services().speech.voices(Language.VI.value)
    return EmergencyForm(
        hazard=chosen.value,
        texts={part: said[part] for part in PARTS[kind]},
        voice=voices[0].name if voices else "",
    )


def with_files(
    form: EmergencyForm, fields: MultiDict[str, str], files: MultiDict[str, FileStorage]
) -> EmergencyForm:
    """The form with its recordings laid aside, so that a refusal of another field loses none.

    One that cannot be used is named as a problem of its field.
    """
    kept, problems = {}, dict(form.problems)
    for part in form.texts:
        for language in Language:
            name = f"{part.value}_{language.value}"
            try:
                found = _recording(name, fields, files)
            except ControllerError as error:
                problems[f"sound_{name}"] = explain(error)
                continue
            if found is not None:
                kept[part, language.value] = found
    return replace(form, recordings=kept, problems=problems)


def _recording(
    name: str, fields: MultiDict[str, str], files: MultiDict[str, FileStorage]
) -> Kept | None:
    """The file that comes now, else the one that was laid aside before and is still wanted."""
    recordings, actor = services().emergencies.recordings, current_actor()
    file = files.get(f"sound_{name}")
    if file is not None and file.filename:
        return Kept(recordings.keep(actor, file.stream), file.filename)
    token = fields.get(f"kept_{name}", "")
    if not token or fields.get(f"drop_{name}") or not recordings.is_kept(actor, token):
        return None
    return Kept(token, fields.get(f"kept_name_{name}", ""))


_END_OF_DRILL = "Diễn tập đã xong. Cảm ơn bà con."
"""Spoken in Vietnamese whatever the language of the page."""
