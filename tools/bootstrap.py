#!/usr/bin/env python3
"""Make `.venv` from the lock file with nothing but python3 and this repository.

Stock Debian has neither pip nor ensurepip, so this fetches one pinned uv wheel from the
configured package index, checks its hash, unpacks it into `var/tools/` and lets it install what
`uv.lock` names.

    python3 tools/bootstrap.py controller agent dev

The second run returns at once: a stamp in `.venv` remembers the lock file and the extras installed.
"""

from __future__ import annotations

import argparse
import base64
import configparser
import fcntl
import hashlib
import io
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PUBLIC_INDEX = "https://pypi.org/simple"
EXTRAS = ("controller", "agent", "dev", "postgres", "s3", "alsa", "gpio")
OLDEST_PYTHON, FIRST_UNTRIED_PYTHON = (3, 11), (3, 14)
SYSTEM_CA_FILE = Path("/etc/ssl/certs/ca-certificates.crt")
FETCH_ATTEMPTS = 3

UV_VERSION = "0.13.9"
# Machine name -> (wheel, its SHA-256 as the package index publishes it).
UV_WHEELS = {
    "x86_64": (
        f"uv-{UV_VERSION}-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    "aarch64": (
        f"uv-{UV_VERSION}-py3-none-manylinux_2_17_aarch64"
        ".manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
}


class BootstrapError(Exception):
    """What went wrong, in words that say what to do about it."""


@dataclass(frozen=True)
class Index:
    """A package index: the address without user and password, and the header that carries them."""

    url: str
    authorization: str | None = None

    @classmethod
    def parse(cls, text: str) -> Index:
        parts = urllib.parse.urlsplit(text.strip().rstrip("/"))
        if not parts.username:
            return cls(parts.geturl())
        pair = (
            f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        )
        host = parts.netloc.rpartition("@")[2]
        header = "Basic " + base64.b64encode(pair.encode()).decode()
        return cls(parts._replace(netloc=host).geturl(), header)


class LinkParser(HTMLParser):
    """Collect the links of an index page in the older HTML form."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for key, value in attrs if tag == "a" and key == "href" and value]


# --- what the machine is configured to do ----------------------------------------------------


def pip_config_files(env: Mapping[str, str]) -> list[Path]:
    """The files pip would read, the strongest last."""
    if env.get("PIP_CONFIG_FILE"):
        return [Path(env["PIP_CONFIG_FILE"])]
    home = Path(env.get("HOME") or "/nonexistent")
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    return [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        config / "pip/pip.conf",
    ]


def pip_setting(env: Mapping[str, str], key: str) -> str | None:
    """A pip setting from its configuration files; None when no file has it."""
    parser = configparser.RawConfigParser()
    parser.read(pip_config_files(env), encoding="utf-8")  # skips what it cannot open
    for section in ("install", "global"):
        value = parser.get(section, key, fallback="").strip()
        if value:
            return value
    return None


def configured_index(env: Mapping[str, str]) -> str:
    """The address of the package index to use, as uv's or pip's settings give it."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if env.get(name):
            return env[name].rstrip("/")
    return (pip_setting(env, "index-url") or PUBLIC_INDEX).rstrip("/")


def ca_file(env: Mapping[str, str]) -> str | None:
    """The file of trusted certificates: the configured one, else this machine's own store."""
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        if env.get(name):
            return env[name]
    configured = pip_setting(env, "cert")
    if configured:
        return configured
    return str(SYSTEM_CA_FILE) if SYSTEM_CA_FILE.is_file() else None


# --- fetching uv -----------------------------------------------------------------------------


class Fetcher:
    """Reads addresses of one index, with its certificates and credentials, trying a few times."""

    def __init__(self, index: Index, ca: str | None) -> None:
        self._index = index
        try:
            self._tls = ssl.create_default_context(cafile=ca)
        except OSError as error:
            raise BootstrapError(f"cannot read the certificate file {ca}: {error}") from error

    def get(self, url: str, accept: str = "*/*") -> tuple[bytes, str]:
        """The body and its content type."""
        request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 the operator's own index
        same_host = (
            urllib.parse.urlsplit(url).netloc == urllib.parse.urlsplit(self._index.url).netloc
        )
        if self._index.authorization and same_host:
            request.add_header("Authorization", self._index.authorization)
        for attempt in range(1, FETCH_ATTEMPTS + 1):
            try:
                with urllib.request.urlopen(request, timeout=60, context=self._tls) as answer:  # noqa: S310 as above
                    return answer.read(), answer.headers.get("Content-Type", "")
            except urllib.error.HTTPError as error:
                if error.code < 500 or attempt == FETCH_ATTEMPTS:
                    raise BootstrapError(explain_http(url, error)) from error
            except OSError as error:
                if attempt == FETCH_ATTEMPTS:
                    raise BootstrapError(explain_network(url, error)) from error
            time.sleep(attempt)
        raise AssertionError("unreachable")


def explain_http(url: str, error: urllib.error.HTTPError) -> str:
    return (
        f"{url} answered {error.code} {error.reason}.\n"
        "Check the package index in PIP_INDEX_URL, UV_DEFAULT_INDEX or pip.conf."
    )


def explain_network(url: str, error: OSError) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {url} is not trusted here: {reason.verify_message}.\n"
            "Install the package ca-certificates, or name your own authority in SSL_CERT_FILE."
        )
    return (
        f"no answer from {url}: {reason}.\n"
        "The first run needs a package index. Check the network, or name a reachable index in\n"
        "PIP_INDEX_URL (and a proxy in https_proxy)."
    )


def wheel_url(fetcher: Fetcher, index: Index, wheel: str) -> str:
    """Where the index keeps the wheel."""
    page = f"{index.url}/uv/"
    if page.startswith("file:"):
        page += "index.html"
    body, kind = fetcher.get(page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
    if "json" in kind:
        links = [file["url"] for file in json.loads(body)["files"]]
    else:
        parser = LinkParser()
        parser.feed(body.decode())
        links = parser.links
    for link in links:
        address = urllib.parse.urljoin(page, link.partition("#")[0])
        if urllib.parse.unquote(address).endswith("/" + wheel):
            return address
    raise BootstrapError(f"{page} has no {wheel}. Use an index that carries uv {UV_VERSION}.")


def unpack_uv(wheel: bytes, target: Path) -> None:
    """Write the uv program out of its wheel, complete or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        part.write_bytes(archive.read(f"uv-{UV_VERSION}.data/scripts/uv"))
    part.chmod(0o755)
    part.replace(target)


def ensure_uv(env: Mapping[str, str]) -> Path:
    """The pinned uv, fetched when it is not there yet."""
    target = ROOT / "var/tools" / f"uv-{UV_VERSION}" / "uv"
    if target.is_file():
        return target
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if sys.platform != "linux" or machine not in UV_WHEELS:
        raise BootstrapError(
            f"Vang runs on Linux, x86_64 or aarch64; this is {sys.platform} {machine}."
        )
    wheel, sha256 = UV_WHEELS[machine]
    index = Index.parse(configured_index(env))
    say(f"fetching uv {UV_VERSION} from {urllib.parse.urlsplit(index.url).netloc or index.url}")
    fetcher = Fetcher(index, ca_file(env))
    body, _ = fetcher.get(wheel_url(fetcher, index, wheel))
    found = hashlib.sha256(body).hexdigest()
    if found != sha256:
        raise BootstrapError(
            f"{wheel} is not the file Vang was tested with; nothing was installed.\n"
            f"  expected sha256 {sha256}\n  received sha256 {found}"
        )
    unpack_uv(body, target)
    return target


# --- the environment -------------------------------------------------------------------------


def uv_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The settings uv runs with: this machine's index and certificates, never another Python."""
    settings = dict(env)
    settings["UV_PYTHON_DOWNLOADS"] = "never"
    settings["UV_NO_PROGRESS"] = "1"
    settings["UV_PROJECT_ENVIRONMENT"] = str(ROOT / ".venv")
    for name in ("VIRTUAL_ENV", "UV_INDEX_URL", "UV_PYTHON", "PYTHONPATH", "PYTHONHOME"):
        settings.pop(name, None)
    settings["UV_DEFAULT_INDEX"] = configured_index(env)
    certificates = ca_file(env)
    if certificates:
        settings["SSL_CERT_FILE"] = certificates
    cache = Path(settings.setdefault("UV_CACHE_DIR", str(cache_dir(env))))
    cache.mkdir(parents=True, exist_ok=True)
    if cache.stat().st_dev != ROOT.stat().st_dev:
        settings.setdefault("UV_LINK_MODE", "copy")
    return settings


def cache_dir(env: Mapping[str, str]) -> Path:
    """Where uv keeps what it fetched: the user's cache, or var/ when there is no writable home."""
    usual = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or "/nonexistent") / ".cache")
    for path in (usual, usual.parent):
        if os.path.isdir(path):  # noqa: PTH112 Path.is_dir raises under a home that is not ours
            return usual / "uv" if os.access(path, os.W_OK | os.X_OK) else ROOT / "var/cache/uv"
    return ROOT / "var/cache/uv"


def lock_digest() -> str:
    files = (ROOT / "uv.lock", ROOT / "pyproject.toml")
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def stamp_path() -> Path:
    return ROOT / ".venv/vang-bootstrap.json"


def read_stamp() -> tuple[str | None, set[str]]:
    """The lock file the environment was made from and the extras in it."""
    try:
        stamp = json.loads(stamp_path().read_text(encoding="utf-8"))
        return str(stamp["lock"]), set(stamp["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, set()


def is_current(extras: set[str]) -> bool:
    """Whether the environment already holds these extras from this lock file, at this path."""
    lock, installed = read_stamp()
    python = ROOT / ".venv/bin/python"
    script = ROOT / ".venv/bin/vang-controller"
    return (
        lock == lock_digest()
        and extras <= installed
        and python.exists()
        and script.is_file()
        and str(ROOT).encode() in script.read_bytes()[:4096]
    )


def run(command: list[str], env: Mapping[str, str]) -> None:
    if subprocess.run(command, cwd=ROOT, env=dict(env), check=False).returncode:
        raise BootstrapError(
            "uv could not make the environment; what it said stands above.\n"
            "When a download failed, running the same command again continues where it stopped."
        )


def install(uv: Path, extras: set[str], env: Mapping[str, str]) -> None:
    """Install the locked packages of these extras; others already there stay."""
    settings = uv_environment(env)
    python = ROOT / ".venv/bin/python"
    if not is_usable(python):
        run([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, ".venv"], settings)
    chosen = [word for extra in sorted(extras) for word in ("--extra", extra)]
    if settings["UV_DEFAULT_INDEX"] == PUBLIC_INDEX:
        run([str(uv), "sync", "--locked", "--inexact", "--quiet", *chosen], settings)
        return
    # The lock names the addresses of the public index. From any other index the same versions are
    # installed by name, and the hashes of the lock still decide what is accepted.
    wanted = ROOT / "var/tools/requirements.txt"
    run(
        [str(uv), "export", "--frozen", "--quiet", "--no-emit-project", *chosen, "-o", str(wanted)],
        settings,
    )
    pip = [str(uv), "pip", "install", "--quiet", "--python", str(python)]
    run([*pip, "--require-hashes", "-r", str(wanted)], settings)
    run([*pip, "--no-deps", "--editable", "."], settings)


def is_usable(python: Path) -> bool:
    """Whether the environment's interpreter still runs and is one we support."""
    if not python.exists():
        return False
    probe = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run(
        [str(python), "-I", "-c", probe], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        return False
    return OLDEST_PYTHON <= tuple(map(int, answer.stdout.split())) < FIRST_UNTRIED_PYTHON


@contextmanager
def only_one() -> Iterator[None]:
    """Two `make` at once take turns."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var/bootstrap.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def bootstrap(extras: set[str]) -> None:
    if is_current(extras):
        return
    with only_one():
        if is_current(extras):
            return
        started = time.monotonic()
        digest = lock_digest()
        lock, installed = read_stamp()
        wanted = extras | (installed if lock else set())
        uv = ensure_uv(os.environ)
        say(f"installing the locked packages of {', '.join(sorted(wanted))} into .venv")
        install(uv, wanted, os.environ)
        stamp = {"lock": digest, "extras": sorted(wanted)}
        stamp_path().write_text(json.dumps(stamp), encoding="utf-8")
        say(f"environment ready in {time.monotonic() - started:.0f} s")


def use_a_supported_python() -> None:
    """Go on with another python of this machine when the one that runs this is not supported."""
    if OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNTRIED_PYTHON:
        return
    for minor in range(FIRST_UNTRIED_PYTHON[1] - 1, OLDEST_PYTHON[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other:
            os.execv(other, [other, *sys.argv])  # noqa: S606 the same program, another interpreter
    raise BootstrapError(
        f"this is Python {platform.python_version()}; Vang needs 3.11, 3.12 or 3.13.\n"
        "Install one of them, then: make PYTHON=/path/to/python3.11 ..."
    )


def say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("extras", nargs="+", choices=EXTRAS, help="what to install")
    chosen = parser.parse_args()
    try:
        use_a_supported_python()
        bootstrap(set(chosen.extras))
    except BootstrapError as error:
        say(f"stopped: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
