"""Every page there is for somebody, generated from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for

from controller.domain.accounts import Role
from controller.web.policy import Audience, policy_of
from tests.support.neighbours import PAST_SLOT, Neighbours


@dataclass(frozen=True)
class Page:
    """One page: its route, and an address of it that exists."""

    endpoint: str
    path: str

    @property
    def is_data(self) -> bool:
        """Whether it answers a script, a machine or leads on, and is nothing to look at."""
        return self.endpoint in DATA.split()


MORE = (
    ("emergencies.show", "/khan-cap/{emergencies.waiting}"),
    ("drills.show", "/dien-tap/{drills.waiting}"),
    ("bulletins.show", "/ban-tin/{draft_id}"),
    ("bulletins.index", "/ban-tin?tim=%22%3E%3Cscript%3Ealert(9)%3C/script%3E"),
    ("bulletins.index", "/ban-tin?trang-thai=returned"),
    ("schedules.slot", "/lich/buoi/{past}"),
    ("schedules.new", "/lich/moi?ban-tin={bulletin_id}"),
    ("schedules.new", "/lich/moi?nhu={schedule_id}"),
    ("moves.index", "/lich/doi?lich={schedule_id}&ngay=2026-11-30"),
    ("copies.index", "/lich/chep?ngay=26/11/2026&bao=tuan"),
    ("programmes.new", "/chuong-trinh/moi?mau={programme_id}"),
    ("emergencies.new", "/khan-cap/soan?tin={emergencies.cap_alert_id}"),
    ("drills.new", "/dien-tap/soan?tin={drills.cap_alert_id}"),
    ("readings.index", "/ban-tin/cach-doc?tim=%22%3E%3Cscript%3Ealert(9)%3C/script%3E"),
    ("station_desk.index", "/dai?tim=%22%3E%3Cscript%3Ealert(9)%3C/script%3E"),
    ("auth.sign_in", "/dang-nhap?den=/x%22%3E%3Cscript%3Ealert(9)%3C/script%3E"),
)  # fmt: skip
"""Addresses beside the plain ones: with something asked behind `?`, or of another state."""

ONLY_SO = frozenset({"moves.index"})
"""Pages that are nothing without what is asked behind the question mark."""

PAPER = frozenset(
    {"report_files.report", "report_files.log", "reports.as_xlsx", "reports.log_xlsx"}
)
"""No page: PDF files, see tests/integration/reports, and workbooks."""

DATA = """
    auth.home auth.sign_in board.changes board.chart_changes bulletins.progress commune.changes
    commune.home drills.cap drills.changes emergencies.alarms emergencies.cap emergencies.changes
    notices.count notices.follow today.changes
"""

SOUND = frozenset(
    {
        "bulletins.listen",
        "emergencies.listen",
        "drills.listen",
        "bulletins.uploaded",
        "pole.listen",
        "equipment.photo",
    }
)
"""No page: sound, or the state of an upload; asked for by scripts."""


OF_THE_DISTRICT = frozenset({"moves.index", "schedules.edit"})
"""Pages about something of the district, which an officer of a commune does not change."""


def pages(both: Neighbours, role: Role) -> Iterator[Page]:
    """Every page of the district there that this role may open."""
    app, there, actor = both.centre.app, both.there, both.there.people[role]
    ids = {**there.ids, "past": PAST_SLOT[there.place_id]}
    left_out = ONLY_SO | SOUND | PAPER
    if role is Role.COMMUNE_OFFICER:
        ids["bulletin_id"] = ids["draft_id"] = ids["officer.bulletin_id"]
    lines = both.centre.services.notices.page(actor).lines
    ids["notice_id"] = lines[0].notice_id if lines else ""
    allowed = _open_to(both, role)
    for rule in app.url_map.iter_rules():
        if str(rule.endpoint) not in allowed - left_out or "GET" not in (rule.methods or ()):
            continue
        values = {
            one: ids.get(f"{rule.endpoint.partition('.')[0]}.{one}", ids.get(one))
            for one in rule.arguments
        }
        if "" in values.values():
            continue  # nobody told this role anything
        with app.test_request_context():
            yield Page(rule.endpoint, url_for(rule.endpoint, **values))
    for endpoint, pattern in MORE:
        if endpoint in allowed:
            yield Page(endpoint, re.sub(r"{([a-z_.]+)}", lambda found: ids[found[1]], pattern))


def _open_to(both: Neighbours, role: Role) -> set[str]:
    """The routes for people that this role may ask for."""
    app, found = both.centre.app, set()
    for endpoint, view in app.view_functions.items():
        policy = policy_of(view)
        assert policy is not None
        is_page = policy.audience in {Audience.PEOPLE, Audience.PUBLIC}
        may = policy.permission is None or both.there.people[role].may(policy.permission)
        if is_page and may and endpoint != "static" and not endpoint.startswith("api_v1."):
            found.add(endpoint)
    return found - (OF_THE_DISTRICT if role is Role.COMMUNE_OFFICER else frozenset())
