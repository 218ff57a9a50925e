"""A machine whose name server is gone."""

from __future__ import annotations

import socket
from typing import Any

import pytest


def nobody_knows_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on only numbers are found, as behind a router without a name server."""
    real = socket.getaddrinfo

    def numbers_only(host: str, *rest: Any, **options: Any) -> Any:
        if not host[0].isdigit():
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
