"""What the broker refused, read from its log: whose credentials, which deed, which topic."""

from __future__ import annotations

import json
import logging
import re
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPException
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from controller.link.broker_access import broker_folder, write_private
from controller.settings import Settings

logger = logging.getLogger(__name__)

READ_BYTES = 65_536
"""Most that is read of the log at once: a flood of refusals must not become a flood of rows."""


@dataclass(frozen=True, slots=True)
class Denial:
    """One refused deed."""

    username: str
    """Whose credentials were used; "" when the log does not say."""
    action: str
    """"publish", "subscribe" or "connect"."""
    topic: str
    """Topic or filter; "" for connect."""
    connection: str = ""
    """nats-server's "process:connection" of a deed whose user has to be asked for."""


_NATS_DEED = re.compile(
    r"^\[(?P<pid>\d+)\] .*? - mid:(?P<cid>\d+) - .*"
    r'(?P<action>Publish|Subscription) Violation - Subject "(?P<subject>[^"]*)"'
)
_NATS_CONNECT = re.compile(r' - authentication error - User "(?P<user>[^"]*)"$')
_MOSQUITTO = re.compile(
    r"Denied PUBLISH from (?P<user>\S+) \(d\d, q\d, r\d, m\d+, '(?P<topic>[^']*)'"
)
_ACTIONS = {"Publish": "publish", "Subscription": "subscribe"}
_TOPIC_OF = str.maketrans({".": "/", "*": "+", ">": "#"})


def parse_denial(line: str) -> Denial | None:
    """The refusal a log line of nats-server or Mosquitto tells of, else None.

    nats-server names the client id, which anybody may choose, and a connection: the user of it
    is asked for afterwards. Our Mosquitto configuration makes the client id the user name.
    """
    if match := _NATS_DEED.search(line):
        topic = match["subject"].translate(_TOPIC_OF)
        return Denial("", _ACTIONS[match["action"]], topic, f"{match['pid']}:{match['cid']}")
    if match := _NATS_CONNECT.search(line):
        return Denial(match["user"], "connect", "")
    if match := _MOSQUITTO.search(line):
        return Denial(match["user"], "publish", match["topic"])
    return None


class NatsConnections:
    """Tells whose connection it was, from nats-server's monitoring port on loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def resolve(self, denial: Denial) -> Denial:
        """The denial with its user's name; unchanged when the broker no longer knows."""
        if not denial.connection:
            return denial
        if denial.connection not in self._known:
            user = self._ask(*denial.connection.split(":"))
            if not user:
                return denial
            if len(self._known) >= 1000:
                self._known.clear()
            self._known[denial.connection] = user
        return replace(denial, username=self._known[denial.connection])

    def _ask(self, pid: str, connection: str) -> str:
        try:
            ports = json.loads((self._folder / f"nats-server_{pid}.ports").read_text("utf-8"))
            url = f"{ports['monitoring'][0]}/connz?cid={connection}&auth=true&state=any"
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - own loopback
                connections = json.load(answer)["connections"]
        except (OSError, ValueError, LookupError, HTTPException) as error:
            logger.warning("the broker does not say whose connection %s was: %s", connection, error)
            return ""
        return str(connections[0].get("authorized_user", "")) if connections else ""


class LogTail:
    """New whole lines of a growing file, across its rotation; the place reached is kept."""

    def __init__(self, log: Path, mark: Path) -> None:
        self._log = log
        self._mark = mark
        self._file: BinaryIO | None = None
        self._inode = 0
        self._rest = b""
        self._ends: list[int] = []
        """Where each line last returned ends in the file."""

    def read(self) -> list[str]:
        """The lines written since the last call, at most READ_BYTES of them."""
        if self._file is None and not self._open():
            return []
        assert self._file is not None  # noqa: S101 - opened just now
        piece = self._file.read(READ_BYTES)
        if not piece:
            self._follow_rotation()
            return []
        begins = self._file.tell() - len(piece) - len(self._rest)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._ends = list(accumulate((len(line) + 1 for line in lines), initial=begins))[1:]
        if len(self._rest) > READ_BYTES:  # not a log line
            self._rest = b""
        return [line.decode("utf-8", "replace") for line in lines]

    def keep_place(self, count: int) -> None:
        """Remember across restarts that so many of the lines last returned were dealt with."""
        place = {"inode": self._inode, "place": self._ends[count - 1]}
        write_private(self._mark, json.dumps(place))

    def _open(self) -> bool:
        try:
            file = self._log.open("rb")
        except OSError:
            return False
        status = self._log.stat()
        self._inode = status.st_ino
        file.seek(self._place_kept(status.st_size))
        self._file, self._rest = file, b""
        return True

    def _place_kept(self, size_bytes: int) -> int:
        try:
            kept = json.loads(self._mark.read_text("utf-8"))
            place = int(kept["place"]) if kept["inode"] == self._inode else 0
        except (OSError, ValueError, LookupError, TypeError):
            return 0
        return place if place <= size_bytes else 0

    def _follow_rotation(self) -> None:
        """At the end of the file: begin the new one when the name now means another file."""
        assert self._file is not None  # noqa: S101 - the caller has just read it
        try:
            status = self._log.stat()
        except OSError:
            return
        if status.st_ino != self._inode or status.st_size < self._file.tell():
            self.close()

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


class DenialWatcher:
    """Reads the log in a thread of its own and calls back for each refusal."""

    def __init__(
        self,
        tail: LogTail,
        resolve: Callable[[Denial], Denial],
        on_denial: Callable[[Denial], None],
        *,
        on_failure: Callable[[], None] = lambda: None,
        interval_s: float = 1.0,
    ) -> None:
        self._tail = tail
        self._resolve = resolve
        self._on_denial = on_denial
        self._on_failure = on_failure
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="broker-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the log."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._tail.close()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.read_once()
            except Exception:
                logger.exception("a refusal of the broker could not be stored")
                self._tail.close()  # the next read begins again with this refusal
                self._on_failure()

    def read_once(self) -> int:
        """Hand over what is new; the number of log lines read."""
        lines = self._tail.read()
        for count, line in enumerate(lines, start=1):
            denial = parse_denial(line)
            if denial is not None:
                denial = self._resolve(denial)
                logger.warning(
                    "broker refused %s user=%s topic=%s",
                    denial.action,
                    denial.username or "unknown",
                    denial.topic,
                )
                self._on_denial(denial)
                self._tail.keep_place(count)
        if lines:
            self._tail.keep_place(len(lines))
        return len(lines)


def watch_denials(
    settings: Settings, on_denial: Callable[[Denial], None], on_failure: Callable[[], None]
) -> DenialWatcher | None:
    """A watcher over the log of the broker in force; None for an outside one without a log."""
    folder = broker_folder(settings)
    if settings.broker.mode == "bundled":
        tail = LogTail(folder / "nats.log", folder / "log_place.json")
        resolve = NatsConnections(folder).resolve
        return DenialWatcher(tail, resolve, on_denial, on_failure=on_failure)
    if not settings.broker.log_file:
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tail = LogTail(Path(settings.broker.log_file), folder / "log_place.json")
    return DenialWatcher(tail, lambda denial: denial, on_denial, on_failure=on_failure)
