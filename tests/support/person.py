"""A person at the web, without a browser: signs in, uploads, submits, approves, schedules."""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import urllib3

PASSWORD = "nhà có ba cửa sổ"  # noqa: S105 - a test's own password
VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Page:
    """What the server answered."""

    status: int
    text: str
    location: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Person:
    """One browser session over plain HTTP; forms carry their CSRF field as a page's would."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._pool = urllib3.PoolManager(retries=False, timeout=30)
        self._cookies: dict[str, str] = {}
        self._token = ""

    def get(self, path: str) -> Page:
        """Fetch a page."""
        return self._ask("GET", path)

    def post(self, path: str, *, follow: bool = False, **fields: Any) -> Page:
        """Submit a form. A field is a text, a list of texts, or a file's Path."""
        pairs: list[tuple[str, Any]] = [("csrf_token", self._csrf())]
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                pairs.append((name, _file(one) if isinstance(one, Path) else str(one)))
        answer = self._ask("POST", path, fields=pairs)
        if follow and answer.status == 303:
            return self.get(answer.location)
        return answer

    def is_well(self) -> bool:
        """Whether every part of the centre works."""
        try:
            return self.get("/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def wake(self) -> None:
        """Have a connection that stands, as a browser has: one that was idle may just be closed."""
        with contextlib.suppress(urllib3.exceptions.ProtocolError):
            self.get("/healthz")
            return
        self.get("/healthz")

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Sign in, or fail."""
        answer = self.post("/dang-nhap", username=username, password=password)
        assert answer.status == 303, answer.text
        self._token = ""

    # --- bulletins and schedules -----------------------------------------------------------------

    def upload(self, title: str, sound: Path) -> str:
        """Make a bulletin of a file and wait until its sound is ready; its id."""
        answer = self.post("/ban-tin/moi", title=title, language="vi", sound=sound)
        assert answer.status == 303, answer.text
        bulletin_id = answer.location.rstrip("/").rsplit("/", 1)[-1]
        deadline = time.monotonic() + 60
        while self.get(f"/ban-tin/{bulletin_id}/tien-do").json["processing"]:
            assert time.monotonic() < deadline, "the sound did not become ready"
            time.sleep(0.3)
        return bulletin_id

    def submit(self, bulletin_id: str) -> None:
        """Ask for approval."""
        self._deed(bulletin_id, "gui-duyet")

    def approve(self, bulletin_id: str) -> None:
        """Approve what somebody else made."""
        self._deed(bulletin_id, "duyet", heard="1")

    def _deed(self, bulletin_id: str, deed: str, **fields: Any) -> None:
        page = self.get(f"/ban-tin/{bulletin_id}").text
        seen = re.search(r'name="row_version" value="(\d+)"', page)
        assert seen is not None, "the page offers no deed"
        answer = self.post(f"/ban-tin/{bulletin_id}/{deed}", row_version=seen[1], **fields)
        assert answer.status == 303, answer.text

    def schedule_once(self, bulletin_id: str, at: datetime, targets: list[str]) -> Page:
        """Schedule one airing at a whole minute; the answer, 303 when it was saved."""
        local = at.astimezone(VIETNAM)
        return self.post(
            "/lich/moi",
            bulletin_id=bulletin_id,
            recurrence="once",
            airs_at=f"{local:%H:%M}",
            starts_on=f"{local:%d/%m/%Y}",
            target=targets,
            priority="ordinary",
        )

    # --- what the screens say --------------------------------------------------------------------

    def tile_states(self) -> dict[str, str]:
        """The look of each tile of the board, by station."""
        page = self.get("/bang").text
        return {
            station: look
            for look, station in re.findall(r'class="tile (\w+)" id="t-([a-z0-9-]+)"', page)
        }

    def signs(self, station_id: str) -> list[tuple[str, str]]:
        """(slot id, sign) of each line of the station's day."""
        page = self.get(f"/tram/{station_id}").text
        return re.findall(r'data-slot="(\w+)" data-sign="(\w+)"', page)

    # --- underneath ------------------------------------------------------------------------------

    def _csrf(self) -> str:
        """The token of the last page: one is good for a whole session."""
        self._token = self._token or self._fresh_token()
        return self._token

    def _fresh_token(self) -> str:
        page = self.get("/bang")
        if page.status != 200:
            page = self.get("/dang-nhap")
        found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
        assert found is not None, page.text[:400]
        return found[1]

    def _ask(self, method: str, path: str, **options: Any) -> Page:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        address = path if path.startswith("http") else f"{self._address}{path}"
        answer = self._pool.request(method, address, headers=headers, redirect=False, **options)
        for line in answer.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return Page(answer.status, answer.data.decode(), answer.headers.get("Location", ""))


def _file(path: Path) -> tuple[str, bytes, str]:
    return path.name, path.read_bytes(), "application/octet-stream"


def next_minute(now: datetime, lead: timedelta) -> datetime:
    """The first whole minute that leaves `lead`."""
    wanted = now + lead
    whole = wanted.replace(second=0, microsecond=0)
    return whole if whole == wanted else whole + timedelta(minutes=1)
