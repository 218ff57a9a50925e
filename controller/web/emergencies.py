"""The red pages of emergencies and the striped ones of drills: two sets of routes, one hand.

Each kind has its own blueprint, address, words and look; a page of one never links to a deed of
the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from controller.domain.accounts import Permission
from controller.domain.bulletins import Language
from controller.domain.emergencies import (
    CONFIRMED_WITHIN,
    REPEATS_EVERY_MIN,
    TO_CALL,
    Heard,
    Kind,
    Part,
    State,
    StationTrace,
    may_second,
    phrase,
    takers,
    tally,
)
from controller.domain.hazards import TEXTS, fill_marks
from controller.domain.places import Place, PlaceKind, PlaceTree
from controller.errors import (
    ControllerError,
    NotCapError,
    NotFoundError,
    WrongStateError,
)
from controller.services.cap import cap_of
from controller.services.cap_inbox import CapAlert
from controller.services.emergencies import DrillDesk, EmergencyDesk
from controller.services.emergency_reader import LiveView
from controller.services.emergency_views import EmergencyView
from controller.services.province_map import province_map
from controller.services.safe_xml import MOST_BYTES
from controller.settings import Settings
from controller.web import bulletin_words, emergency_words
from controller.web.alarms import reach_of
from controller.web.bulletins import upload_limit_bytes
from controller.web.context import web_now
from controller.web.counting import counted
from controller.web.emergency_form import (
    GROUPS,
    EmergencyForm,
    communes_of,
    drafted,
    prepared,
    read,
    with_files,
)
from controller.web.map_chart import place_map
from controller.web.pictures import boxed, sounding_picture
from controller.web.policy import (
    FORM_ROOM_BYTES,
    accepts_up_to,
    asked_by_itself,
    current_actor,
    requires,
    services,
)
from controller.web.refusals import explain
from controller.web.schedule_words import kinds


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind is named and drawn."""

    kind: Kind
    name: str
    url_prefix: str
    body: str
    title: object
    lead: object
    sent: object

    @property
    def is_drill(self) -> bool:
        """Whether nobody is really warned."""
        return self.kind is Kind.DRILL


LIVE = Look(
    Kind.LIVE,
    "emergencies",
    "/khan-cap",
    "sosb",
    _l("Phát khẩn cấp"),
    _l("Phát thật. Người dân sẽ nghe thấy."),
    _l("Đang phát khẩn cấp"),
)
DRILL = Look(
    Kind.DRILL,
    "drills",
    "/dien-tap",
    "sosb drillb",
    _l("Diễn tập, không phải thật"),
    _l("Loa phát chuông diễn tập và lời nói rõ là diễn tập."),
    _l("Diễn tập, không phải thật"),
)


class _Pages:
    """The views of one kind."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.kind = look.kind

    @property
    def desk(self) -> EmergencyDesk | DrillDesk:
        return services().drills if self.look.is_drill else services().emergencies

    def index(self) -> str:
        """Those that wait, run or are over, and what came in from outside."""
        return self._index()

    def _index(self, problem: str = "") -> str:
        found, now = self.desk.all(current_actor()), web_now()
        return self._render(
            "index.html",
            problem=problem,
            alerts=[
                one
                for one in services().cap.waiting(current_actor())
                if one.kind in (self.kind, None)
            ],
            feeds=services().cap.feeds(),
            not_taken_up=emergency_words.not_taken_up,
            waiting=[one for one in found if one.is_waiting(now)],
            running=[one for one in found if one.is_running(now)],
            past=[one for one in found if not one.is_waiting(now) and not one.is_running(now)],
        )

    def new(self) -> str:
        """A fresh form; `mau` names the hazard whose texts are taken."""
        cap_alert_id = request.args.get("tin", "")
        if not cap_alert_id:
            return self._form(prepared(request.args.get("mau", ""), self.kind))
        draft = services().cap.draft(current_actor(), self._alert(cap_alert_id))
        return self._form(drafted(draft, self.kind, cap_alert_id))

    def _alert(self, cap_alert_id: str) -> CapAlert:
        """An alert this desk may take up. NotFoundError, NotCapError."""
        alert = services().cap.get(current_actor(), cap_alert_id)
        if alert.kind is not self.kind:
            raise NotCapError("not of this desk", reason="other_kind")
        return alert

    def propose(self) -> BaseResponse | tuple[str, int]:
        """Keep it, and wait for the second person."""
        form = with_files(read(request.form, self.kind), request.form, request.files)
        if form.cap_alert_id:
            self._alert(form.cap_alert_id)  # before anything is kept
        if form.problems:
            return self._form(form), 422
        try:
            emergency_id = self.desk.propose(current_actor(), form.wish)
            if form.cap_alert_id:
                services().cap.composed(current_actor(), form.cap_alert_id, emergency_id)
        except ControllerError as error:
            name, words = emergency_words.problem_words(error)
            return self._form(replace(form, problems={name: words})), error.status
        return redirect(url_for(".show", emergency_id=emergency_id), code=303)

    def receive(self) -> BaseResponse | tuple[str, int]:
        """Take in an alert of the Common Alerting Protocol that somebody brings as a file."""
        file = request.files.get("cap")
        try:
            document = file.stream.read(MOST_BYTES + 1) if file is not None else b""
            found = services().cap.receive(current_actor(), document)
        except NotCapError as error:
            return self._index(explain(error)), error.status
        alert = services().cap.get(current_actor(), found)
        if alert.kind is self.kind:
            return redirect(url_for(".new", tin=found), code=303)
        flash(emergency_words.not_taken_up(alert), "warn")
        return redirect(url_for(".index"), code=303)

    def set_aside(self, cap_alert_id: str) -> BaseResponse:
        """Say that nothing is to be done about an alert from outside."""
        services().cap.set_aside(current_actor(), cap_alert_id)
        return redirect(url_for(".index"), code=303)

    def show(self, emergency_id: str) -> str:
        """Before it is sent: what will happen and who answers; afterwards: who has heard it."""
        view = self.desk.get(current_actor(), emergency_id)
        return self._live(view) if view.state is State.SENT else self._proposal(view)

    def _proposal(self, view: EmergencyView, problems: Mapping[str, str] | None = None) -> str:
        actor, now, tree = current_actor(), web_now(), services().places.tree()
        warning = view.parts[Part.WARNING]
        template = TEXTS[view.hazard].warning
        live = self.desk.live(actor, view.emergency_id)
        lost = [trace.station_id for trace in live.traces if not trace.is_online]
        mute = sorted(self.desk.without_device(view).difference(lost))
        return self._render(
            "confirm.html",
            view=view,
            problems=problems or {},
            phrase=phrase(self.kind, view.stations),
            is_waiting=view.is_waiting(now),
            state=_state(view, now),
            expires_at=view.composed_at + CONFIRMED_WITHIN,
            is_second=may_second(tree, actor, view.composed_by, view.place_id),
            is_own=self.desk.is_own(actor, view),
            is_composer=actor.account_id == view.composed_by,
            marked=list(fill_marks(template, warning.text)),
            areas=_areas(tree, view),
            lost=[(tree.stations[key], live.phones.get(key)) for key in lost],
            mute=[(tree.stations[key], live.phones.get(key)) for key in mute],
            is_ready=warning.sound is not None,
            heard_in=_heard_in(tree, view),
            unserved=_unserved(tree, view),
            state_words=emergency_words.state_words(
                "expired" if view.state is State.PROPOSED else view.state.value
            ),
        )

    def _live(self, view: EmergencyView) -> str:
        return self._render("live.html", **self._facts(view.emergency_id))

    def phones(self, emergency_id: str) -> str:
        """A sheet to be printed: own stations nobody has heard yet, why, and whom to phone."""
        facts = self._facts(emergency_id)
        ending, own = facts["ending"], facts["own"]
        found = ending.missing if ending else facts["to_call"]
        rows = [one for one in found if one.station_id in own]
        return self._render("phones.html", **facts, rows=rows)

    def changes(self, emergency_id: str) -> str:
        """The live part alone, for the page that asks each second; before it is sent, its state."""
        view = self.desk.get(current_actor(), emergency_id)
        if view.state is State.SENT:
            return self._render("_live.html", **self._facts(emergency_id))
        return self._render("_state.html", state=_state(view, web_now()))

    def _facts(self, emergency_id: str) -> dict[str, Any]:
        tree, now = services().places.tree(), web_now()
        live = self.desk.live(current_actor(), emergency_id)
        view = live.view
        if view.sent_at is None:
            raise NotFoundError(f"{emergency_id} was not sent")
        sent_at = view.sent_at
        counts = tally(live.traces, sent_at)
        traces = sorted(live.traces, key=lambda trace: _rank(trace, trace.time_to_sound_s(sent_at)))
        places = {
            trace.station_id: tree.places[station.place_id]
            for trace in live.traces
            if (station := tree.station(trace.station_id)) is not None
        }
        return {
            "view": view,
            "tally": counts,
            "times": _times(traces, sent_at),
            "unheard": emergency_words.unheard(traces),
            "to_call": _own_first(live, [one for one in traces if one.heard in TO_CALL]),
            "own": live.own,
            "heard": [trace for trace in traces if trace.heard not in TO_CALL],
            "places": places,
            "districts": {key: tree.district_of(place.place_id) for key, place in places.items()},
            "phones": live.phones,
            "ending": _ending(live),
            "seconds": lambda trace: trace.time_to_sound_s(sent_at),
            "is_clock_off": lambda trace: trace.is_clock_off(sent_at),
            "is_running": view.is_running(now),
            "may_sound": view.may_sound(now),
            "may_end": view.may_end(now),
            "is_own": self.desk.is_own(current_actor(), view),
            "is_second": may_second(tree, current_actor(), view.composed_by, view.place_id),
            "next_at": _next_at(view, now),
            "reach": reach_of(tree, current_actor(), view),
            "areas": _areas(tree, view),
        }

    def confirm(self, emergency_id: str) -> BaseResponse | tuple[str, int]:
        """Send it, as the second person or alone."""
        form, actor = request.form, current_actor()
        signal_only = form.get("signal_only") == "1"
        try:
            if form.get("alone") == "1":
                self.desk.send_alone(
                    actor,
                    emergency_id,
                    form.get("typed", ""),
                    password=form.get("password", ""),
                    why=form.get("why", ""),
                    signal_only=signal_only,
                )
            else:
                self.desk.confirm(
                    actor, emergency_id, form.get("typed", ""), signal_only=signal_only
                )
        except WrongStateError as error:
            if error.facts.get("state") == State.SENT:
                return self._back(emergency_id)
            return self._refused(emergency_id, error)
        except NotFoundError:
            raise
        except ControllerError as error:
            return self._refused(emergency_id, error)
        return self._back(emergency_id)

    def _refused(self, emergency_id: str, error: ControllerError) -> tuple[str, int]:
        view = self.desk.get(current_actor(), emergency_id)
        if isinstance(error, WrongStateError):
            name, words = "", emergency_words.state_words(str(error.facts.get("state")))
        elif error.code == "sign_in_refused":
            name, words = "password", explain(error)
        else:
            name, words = emergency_words.problem_words(error)
        return self._proposal(view, {name: words}), error.status

    def withdraw(self, emergency_id: str) -> BaseResponse:
        """Drop a proposal."""
        try:
            self.desk.withdraw(current_actor(), emergency_id)
        except WrongStateError as error:
            flash(emergency_words.state_words(str(error.facts.get("state"))), "warn")
        return self._back(emergency_id)

    def call_off(self, emergency_id: str) -> BaseResponse:
        """Send the correction or the all-clear."""
        part = _part(request.form.get("part", ""))
        try:
            self.desk.call_off(current_actor(), emergency_id, part)
        except WrongStateError as error:
            flash(emergency_words.state_words(str(error.facts.get("state"))), "warn")
            return self._back(emergency_id)
        words = emergency_words.DRILL_PARTS if self.look.is_drill else emergency_words.PARTS
        flash(_("Đã gửi: %(what)s.", what=words[part]), "ok")
        return self._back(emergency_id)

    def stop(self, emergency_id: str) -> BaseResponse:
        """Stop it everywhere, in a district or at a station."""
        number = self.desk.stop(current_actor(), emergency_id, request.form.get("audience", ""))
        flash(counted("Đã gửi lệnh dừng tới %(n)s trạm.", number), "ok")
        return self._back(emergency_id)

    def review(self, emergency_id: str) -> BaseResponse:
        """Say that one sent alone was looked at."""
        self.desk.review(current_actor(), emergency_id)
        return self._back(emergency_id)

    def listen(self, emergency_id: str, part: str) -> Response:
        """The sound of a part, to be heard before it is sent."""
        language = request.args.get("tieng", Language.VI.value)
        sound = self.desk.sound_of(current_actor(), emergency_id, _part(part), language)
        path = services().sounds.path(sound.sha256)
        return send_file(path, mimetype="audio/ogg", conditional=True, etag=path.stem)

    def cap(self, emergency_id: str) -> Response:
        """It as a message of the Common Alerting Protocol 1.2."""
        view = self.desk.get(current_actor(), emergency_id)
        body = cap_of(view, services().places.tree(), sender=request.host)
        answer = Response(body, mimetype="application/cap+xml")
        answer.headers["Content-Disposition"] = f'attachment; filename="{emergency_id}.cap.xml"'
        return answer

    def _back(self, emergency_id: str) -> BaseResponse:
        return redirect(url_for(".show", emergency_id=emergency_id), code=303)

    def _form(self, form: EmergencyForm) -> str:
        tree, actor = services().places.tree(), current_actor()
        own = tree.places[actor.place_id]
        districts = list(tree.children(own.place_id)) if own.kind is PlaceKind.PROVINCE else [own]
        groups = [(place, list(tree.children(place.place_id))) for place in districts]
        return self._render(
            "compose.html",
            form=form,
            own=own,
            groups=groups if own.kind is not PlaceKind.COMMUNE else [],
            map=place_map(tree, province_map(), [one for _, communes in groups for one in communes])
            if own.kind is not PlaceKind.COMMUNE
            else None,
            all_communes=[one.place_id for _district, communes in groups for one in communes],
            quick=[
                (key, emergency_words.group_word(key, len(found)), found)
                for key in GROUPS
                if (found := communes_of(key, own.place_id))
            ],
            languages=self._languages(own.place_id),
            cap=self._cap(form.cap_alert_id),
            hazards=[(key.value, word) for key, word in emergency_words.HAZARDS.items()],
            longest_min=LONGEST_RECORDING_MIN,
            voices=[
                (one.name, bulletin_words.voice(one))
                for one in services().speech.voices(Language.VI.value)
            ],
            bulletins=services().schedules.bulletins(actor),
            repeats=[(str(one), emergency_words.repeat_word(one)) for one in REPEATS_EVERY_MIN],
        )

    def _cap(self, cap_alert_id: str) -> dict[str, object] | None:
        """The alert a form was drafted from, as it came, beside what of it was understood."""
        if not cap_alert_id:
            return None
        inbox, tree = services().cap, services().places.tree()
        alert = inbox.get(current_actor(), cap_alert_id)
        return {"alert": alert, "draft": inbox.draft(current_actor(), alert), "tree": tree}

    def _languages(self, place_id: str) -> list[str]:
        """What can be recorded: Vietnamese, and what a station of the place prefers to it.

        A drill only in the language in which its mark is spoken.
        """
        if self.look.is_drill:
            return [Language.VI.value]
        stations = services().places.tree().stations_in([place_id])
        preferred = {language for one in stations for language in one.language_order}
        return [one.value for one in Language if one is Language.VI or one.value in preferred]

    def _render(self, template: str, **values: object) -> str:
        return render_template(
            f"emergencies/{template}",
            look=self.look,
            kind=self.kind,
            words=emergency_words,
            language_words=bulletin_words.LANGUAGES,
            spoken_language=bulletin_words.spoken,
            part_words=(
                emergency_words.DRILL_PARTS if self.look.is_drill else emergency_words.PARTS
            ),
            Part=Part,
            State=State,
            Heard=Heard,
            **values,
        )


@dataclass(frozen=True, slots=True)
class _Ending:
    """How far what corrects it or calls it off has come."""

    part: Part
    sent_at: datetime
    stations: int
    sounded: int
    slowest_s: float | None
    missing: tuple[StationTrace, ...]
    """Where the warning was taken and this is not known to have sounded, the worst first."""


def _ending(live: LiveView) -> _Ending | None:
    part = live.view.ending
    if part is None:
        return None
    sent_at = live.view.sent_parts[part]
    took = takers(live.traces)
    missing = [one for one in live.ending if one.station_id in took and one.heard in TO_CALL]
    times = [one.time_to_sound_s(sent_at) for one in live.ending]
    heard = [one for one in times if one is not None]
    begun = [one for one in live.ending if one.first_sound_at is not None]
    return _Ending(
        part=part,
        sent_at=sent_at,
        stations=len(live.ending),
        sounded=len(begun),
        slowest_s=max(heard, default=None),
        missing=tuple(_own_first(live, sorted(missing, key=lambda one: TO_CALL.index(one.heard)))),
    )


def _own_first(live: LiveView, found: Sequence[StationTrace]) -> list[StationTrace]:
    return sorted(found, key=lambda one: one.station_id not in live.own)


@dataclass(frozen=True, slots=True)
class _Area:
    """What of one district is chosen: how many of how many communes, and which."""

    name: str
    chosen: tuple[str, ...]
    communes: int
    kinds: str
    """The kinds of those communes: not every one is a xã."""

    @property
    def is_whole(self) -> bool:
        return len(self.chosen) == self.communes


def _areas(tree: PlaceTree, view: EmergencyView) -> list[_Area]:
    """Where it goes, by district: "9 stations" does not say which nine."""
    found: dict[Place, list[str]] = {}
    for station in tree.stations_in(view.target_ids):
        place = tree.places[station.place_id]
        found.setdefault(tree.district_of(place.place_id) or place, []).append(place.name)
    return [_area(tree, district, communes) for district, communes in found.items()]


def _area(tree: PlaceTree, district: Place, chosen: Sequence[str]) -> _Area:
    below = dict.fromkeys(one.place_id for one in tree.stations_in([district.place_id]))
    said = kinds(tree.places[one] for one in below)
    return _Area(district.name, tuple(dict.fromkeys(chosen)), len(below), said)


def _state(view: EmergencyView, now: datetime) -> str:
    """What an open page of a proposal shows; it changes when the page would."""
    if not view.is_waiting(now):
        return "expired" if view.state is State.PROPOSED else view.state.value
    said = [one.state for part in view.parts.values() for one in part.all.values()]
    is_made = ("made" if one in ("ready", "failed") else "making" for one in said)
    return f"{view.state} {' '.join(is_made)}"


def _heard_in(tree: PlaceTree, view: EmergencyView) -> list[tuple[str, int]]:
    """In which language how many stations hear the warning, Vietnamese aside."""
    said = view.parts[Part.WARNING]
    found = Counter(said.at(one.language_order)[0] for one in tree.stations_in(view.target_ids))
    return [(language, n) for language, n in found.items() if language != Language.VI]


def _unserved(tree: PlaceTree, view: EmergencyView) -> list[tuple[str, int]]:
    """How many stations would rather hear a language in which nothing was recorded."""
    said = view.parts[Part.WARNING].all
    found = Counter(
        one.language_order[0]
        for one in tree.stations_in(view.target_ids)
        if one.language_order and one.language_order[0] not in said
    )
    return list(found.items())


def _part(word: str) -> Part:
    try:
        return Part(word)
    except ValueError as error:
        raise NotFoundError(f"no part {word}") from error


def _times(traces: Sequence[StationTrace], sent_at: datetime) -> Markup | None:
    """The drawing of the times to sound; None as long as nothing was heard.

    A station that sounded by a clock that cannot be right has no column.
    """
    took_s = [trace.time_to_sound_s(sent_at) for trace in traces if not trace.is_clock_off(sent_at)]
    if all(one is None for one in took_s):
        return None
    return boxed(lambda width, key: sounding_picture(took_s, width=width, key=f"times-{key}"))


def _rank(trace: StationTrace, seconds: float | None) -> tuple[int, float]:
    """Those to phone about come first, then the slowest."""
    if trace.heard in TO_CALL:
        return TO_CALL.index(trace.heard), 0.0
    return len(TO_CALL), -(seconds or 0.0)


def _next_at(view: EmergencyView, now: datetime) -> datetime | None:
    """When it sounds next, counted from the click; None: not again."""
    if view.sent_at is None or view.repeat_every_s is None or not view.is_running(now):
        return None
    every = timedelta(seconds=view.repeat_every_s)
    at = view.sent_at + ((now - view.sent_at) // every + 1) * every
    return at if at < view.until_at else None


LONGEST_RECORDING_MIN = 3
"""After which the recorder of the form stops by itself."""

_CARRY_FILES: Mapping[str, Callable[[Settings], int]] = {
    "propose": upload_limit_bytes,
    "receive": lambda _settings: MOST_BYTES + FORM_ROOM_BYTES,
}
"""Forms with files: the largest body of each."""

Route = tuple[str, str, Callable[..., Any], Permission]


def _blueprint(look: Look) -> Blueprint:
    """The routes of one kind."""
    bp, pages = Blueprint(look.name, __name__, url_prefix=look.url_prefix), _Pages(look)
    one = "/<emergency_id>"
    shown: tuple[Route, ...] = (
        ("", "index", pages.index, Permission.VIEW),
        ("/soan", "new", pages.new, Permission.WARN),
        (one, "show", pages.show, Permission.VIEW),
        (f"{one}/ket-qua", "changes", pages.changes, Permission.VIEW),
        (f"{one}/goi-dien", "phones", pages.phones, Permission.VIEW),
        (f"{one}/nghe/<part>", "listen", pages.listen, Permission.VIEW),
        (f"{one}/cap.xml", "cap", pages.cap, Permission.VIEW),
    )
    done: tuple[Route, ...] = (
        ("/soan", "propose", pages.propose, Permission.WARN),
        ("/tin-nhan", "receive", pages.receive, Permission.WARN),
        ("/tin-nhan/<cap_alert_id>/bo-qua", "set_aside", pages.set_aside, Permission.WARN),
        (f"{one}/phat", "confirm", pages.confirm, Permission.WARN),
        (f"{one}/huy", "withdraw", pages.withdraw, Permission.WARN),
        (f"{one}/bao-yen", "call_off", pages.call_off, Permission.WARN),
        (f"{one}/dung", "stop", pages.stop, Permission.STOP_SOUND),
        (f"{one}/da-xem", "review", pages.review, Permission.WARN),
    )
    for rule, name, view, permission in shown:
        bp.get(rule, endpoint=name)(_named(view, permission))
    for rule, name, view, permission in done:
        own = _named(view, permission)
        if name in _CARRY_FILES:
            own = accepts_up_to(_CARRY_FILES[name])(own)
        bp.post(rule, endpoint=name)(own)
    return bp


def _named(view: Callable[..., Any], permission: Permission) -> Callable[..., Any]:
    """A view of its own for each kind: a policy is written on it."""

    @wraps(view)
    def own(**values: str) -> Any:
        return view(**values)

    return requires(permission)(own)


emergencies_bp = _blueprint(LIVE)


@emergencies_bp.get("/dang-phat")
@requires(Permission.VIEW)
@asked_by_itself
def alarms() -> str:
    """The red bar alone, for a page that stays open; `tru` names the one its page is about."""
    return render_template("emergencies/_alarms.html", but=request.args.get("tru", ""))


drills_bp = _blueprint(DRILL)
