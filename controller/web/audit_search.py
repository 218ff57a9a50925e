"""What somebody looks for in the audit trail: who, what kind of deed, which days, which object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from flask_babel import gettext as _

from controller.domain.schedule import instant
from controller.errors import InvalidInputError
from controller.services.audit import AuditWish
from controller.web.refusals import explain
from controller.web.schedule_form import typed_day

A_YEAR = timedelta(days=364)
"""Back from today: a day and its month alone then name one that has been."""


@dataclass(frozen=True, slots=True)
class Group:
    """Deeds that are looked for together."""

    word: Callable[[], str]
    actions: tuple[str, ...]
    """How their actions begin."""


GROUPS: dict[str, Group] = {
    "tu-choi": Group(
        lambda: _("Bị từ chối, gõ sai mật khẩu"),
        (
            "refused.",
            "broker.denied",
            "token.denied",
            "account.sign_in_refused",
            "account.password_refused",
        ),
    ),
    "ban-tin": Group(
        lambda: _("Bản tin, chương trình, cách đọc"), ("bulletin.", "programme.", "reading.")
    ),
    "lich": Group(
        lambda: _("Lịch, buổi phát, khung giờ"), ("schedule.", "slot.", "holiday.", "hours.")
    ),
    "khan-cap": Group(
        lambda: _("Khẩn cấp, diễn tập, lệnh cho trạm"), ("emergency.", "drill.", "cap.", "order.")
    ),
    "dai": Group(
        lambda: _("Đài, thiết bị, sửa chữa"),
        ("station.", "cluster.", "pole.", "equipment.", "fault.", "alarm."),
    ),
    "tai-khoan": Group(lambda: _("Tài khoản, đăng nhập, mã truy cập"), ("account.", "token.")),
    "luu": Group(
        lambda: _("Tải về, lưu trữ, khôi phục"), ("audit.", "report.", "evidence.", "centre.")
    ),
}
"""Every deed is in one of them (a test looks)."""


def group_word(key: str) -> str:
    """What a kind of deeds is called; one of another version of this program by its key."""
    return GROUPS[key].word() if key in GROUPS else key


@dataclass(frozen=True, slots=True)
class Search:
    """The search as it was typed, and what is wrong with it."""

    actor: str = ""
    group: str = ""
    first: str = ""
    last: str = ""
    object_kind: str = ""
    object_id: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def link(self) -> dict[str, str]:
        """What an address says of it."""
        about = f"{self.object_kind}:{self.object_id}" if self.object_kind else ""
        said = {
            "nguoi": self.actor,
            "viec": self.group,
            "tu": self.first,
            "den": self.last,
            "cua": about,
        }
        return {key: text for key, text in said.items() if text}

    @property
    def is_narrow(self) -> bool:
        """Whether something beside the days leaves rows out."""
        return bool(self.actor or self.group or self.object_kind)

    def wish(self, since: date | None, last: date | None) -> AuditWish:
        """What the trail is asked for, with these days, both included; None: no bound."""
        group = GROUPS.get(self.group)
        return AuditWish(
            actor=self.actor,
            actions=group.actions if group else (),
            object_kind=self.object_kind,
            object_id=self.object_id,
            since=instant(since, time()) if since else None,
            until=instant(last + timedelta(days=1), time()) if last else None,
        )

    @property
    def sought(self) -> dict[str, str]:
        """What the trail itself says of a part that was taken home, beside its days."""
        said = {
            "sought_actor": self.actor,
            "sought_deeds": self.group,
            "sought_object": self.object_id,
        }
        return {key: text for key, text in said.items() if text}


def typed(values: Mapping[str, str]) -> Search:
    """The search an address or a form names; a kind of deed there is none of is left out."""
    kind, _colon, object_id = values.get("cua", "").partition(":")
    group = values.get("viec", "")
    return Search(
        actor=values.get("nguoi", "").strip()[:80],
        group=group if group in GROUPS else "",
        first=values.get("tu", "").strip()[:20],
        last=values.get("den", "").strip()[:20],
        object_kind=kind[:60] if object_id else "",
        object_id=object_id[:200],
    )


def days_of(search: Search, today: date) -> tuple[date | None, date | None, dict[str, str]]:
    """The days of a search, and by field what is wrong with them.

    A day without its year is the last there was: nobody looks for what is to come.
    """
    problems: dict[str, str] = {}
    found: dict[str, date | None] = {"tu": None, "den": None}
    for name, text in (("tu", search.first), ("den", search.last)):
        try:
            found[name] = typed_day(name, text, today - A_YEAR) if text else None
        except InvalidInputError as error:
            problems[name] = explain(error)
    first, last = found["tu"], found["den"]
    if first and last and last < first:
        problems["den"] = explain(InvalidInputError(search.last, field="den", problem="not_after"))
    return first, last, problems
