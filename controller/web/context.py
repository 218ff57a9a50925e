"""What every template may use: who is signed in, the navigation, the words of states and roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app, request
from flask_babel import gettext as _

from controller.domain.accounts import Actor, Permission, Role
from controller.domain.exposure import ListenerKind, plaintext_abroad
from controller.domain.places import PlaceKind
from controller.web import alarms, formats
from controller.web.deeds import deed_word, object_word
from controller.web.policy import actor_or_none, services, settings

LANGUAGES = ("vi", "en")
THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE = "vang_language"
THEME_COOKIE = "vang_theme"


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the navigation."""

    path: str
    word: str
    icon: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    word: Callable[[], str]
    short: Callable[[], str]
    icon: str
    permission: Permission
    roles: frozenset[Role] = frozenset(Role)


_COMMUNE = frozenset({Role.COMMUNE_OFFICER})
_APPROVER = frozenset({Role.APPROVER})

_ENTRIES = (
    _Entry(
        "/xa",
        lambda: _("Loa của xã"),
        lambda: _("Loa"),
        "horn",
        Permission.VIEW,
        roles=_COMMUNE,
    ),
    _Entry(
        "/hom-nay",
        lambda: _("Hôm nay"),
        lambda: _("Hôm nay"),
        "home",
        Permission.VIEW,
        roles=frozenset(Role) - _COMMUNE,
    ),
    _Entry(
        "/cho-duyet",
        lambda: _("Chờ duyệt"),
        lambda: _("Chờ duyệt"),
        "clock",
        Permission.APPROVE_BULLETINS,
        roles=_APPROVER,
    ),
    _Entry("/bang", lambda: _("Bảng trạm"), lambda: _("Trạm"), "grid", Permission.VIEW),
    _Entry("/ban-tin", lambda: _("Bản tin"), lambda: _("Bản tin"), "doc", Permission.VIEW),
    _Entry("/lich", lambda: _("Lịch phát"), lambda: _("Lịch phát"), "cal", Permission.VIEW),
    _Entry(
        "/dai",
        lambda: _("Đài"),
        lambda: _("Đài"),
        "list",
        Permission.VIEW,
        roles=frozenset(Role) - _COMMUNE,
    ),
    _Entry(
        "/bao-cao",
        lambda: _("Báo cáo"),
        lambda: _("Báo cáo"),
        "chart",
        Permission.VIEW,
        roles=frozenset(Role) - _COMMUNE,
    ),
    _Entry(
        "/nguoi-dung",
        lambda: _("Người dùng"),
        lambda: _("Người dùng"),
        "people",
        Permission.MANAGE_ACCOUNTS,
    ),
    _Entry(
        "/nhat-ky",
        lambda: _("Nhật ký thao tác"),
        lambda: _("Nhật ký"),
        "book",
        Permission.READ_AUDIT,
    ),
    _Entry(
        "/luu-tru",
        lambda: _("Lưu trữ"),
        lambda: _("Lưu trữ"),
        "lock",
        Permission.READ_AUDIT,
    ),
)


_LED_TO = {"/lich": ("/chuong-trinh",), "/dai": ("/sua-chua",)}
"""Pages with an address of their own that one comes to from an entry's page."""


def navigation(actor: Actor, *, short: bool = False) -> list[Link]:
    """The pages this role can use, in their order; pages that are not there are left out."""
    routes: frozenset[str] = current_app.extensions["vang.routes"]
    return [
        Link(entry.path, (entry.short if short else entry.word)(), entry.icon, _is_here(entry.path))
        for entry in _ENTRIES
        if actor.may(entry.permission) and actor.role in entry.roles and entry.path in routes
    ]


def _is_here(path: str) -> bool:
    return any(
        request.path == one or request.path.startswith(f"{one}/")
        for one in (path, *_LED_TO.get(path, ()))
    )


def role_word(role: Role, kind: PlaceKind | None = None) -> str:
    """What a role is called; an operator's name depends on the level of the place."""
    if role is Role.OPERATOR:
        if kind is PlaceKind.PROVINCE:
            return _("Biên tập cấp tỉnh")
        return _("Cán bộ huyện") if kind is PlaceKind.DISTRICT else _("Cán bộ biên tập")
    return {
        Role.ADMIN: _("Quản trị hệ thống"),
        Role.APPROVER: _("Người duyệt"),
        Role.COMMUNE_OFFICER: _("Cán bộ truyền thanh xã"),
        Role.AUDITOR: _("Kiểm tra, giám sát"),
    }[role]


def place_word(place_id: str | None) -> str:
    """Huyện Bác Ái; empty for none, the id itself for a place that is no more."""
    if place_id is None:
        return ""
    place = services().places.tree().places.get(place_id)
    return formats.capitalised(place.full_name) if place else place_id


def station_word(station_id: str) -> str:
    """Xã Phước Bình; the id itself for a station that is none of here."""
    tree = services().places.tree()
    station = tree.station(station_id)
    return place_word(station.place_id) if station else station_id


def place_kind(place_id: str) -> PlaceKind | None:
    """The level of a place, None for one that is no more."""
    place = services().places.tree().places.get(place_id)
    return place.kind if place else None


def pick_language() -> str:
    """The account's language, else the cookie's; Vietnamese first whatever the browser asks."""
    actor = actor_or_none()
    wanted = actor.language if actor else request.cookies.get(LANGUAGE_COOKIE, "vi")
    return wanted if wanted in LANGUAGES else "vi"


def pick_theme() -> str:
    """Light, dark, or as the machine likes it."""
    wanted = request.cookies.get(THEME_COOKIE, "auto")
    return wanted if wanted in THEMES else "auto"


def install(app: Flask, now: Callable[[], datetime]) -> None:
    """Hand these to every template."""
    app.extensions["vang.now"] = now
    app.jinja_env.globals.update(
        role_word=role_word,
        place_word=place_word,
        place_kind=place_kind,
        deed_word=deed_word,
        object_word=object_word,
        bell_words=bell_words,
    )
    app.context_processor(lambda: _values(now))


def _values(now: Callable[[], datetime]) -> dict[str, object]:
    actor = actor_or_none()
    overheard = {listener.kind for listener in plaintext_abroad(settings())}
    ready = actor is not None and not actor.must_change_password
    return {
        "actor": actor,
        "may": actor.may if actor else lambda _permission: False,
        "Permission": Permission,
        "now": now(),
        "language": formats.language(),
        "theme": pick_theme(),
        "navigation": navigation(actor) if actor and ready else [],
        "dock": navigation(actor, short=True)[:4] if actor and ready else [],
        "sounding_alarms": lambda: _alarms(actor) if actor and ready else (),
        "alarms_version": alarms.version,
        "unread_notices": lambda: services().notices.unread(actor) if actor and ready else None,
        "is_web_overheard": ListenerKind.WEB in overheard,
        "is_broker_overheard": bool(overheard - {ListenerKind.WEB}),
    }


def _alarms(actor: Actor) -> Sequence[alarms.Alarm]:
    """What sounds now by emergency, told on every page but those that tell of a fault."""
    return alarms.sounding(actor) if actor.may(Permission.VIEW) else ()


def bell_words(number: int) -> str:
    """The bell for those who hear the page."""
    return _("Thông báo, %(n)s chưa đọc", n=number) if number else _("Thông báo cho tôi")


def web_now() -> datetime:
    """The centre's clock, for views that need it."""
    clock: Callable[[], datetime] = current_app.extensions["vang.now"]
    return clock()
