"""The throttle per address on passwords; the one per account is in the accounts service."""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from werkzeug.wrappers import Response

FAILED_TRIES = "30 per 15 minutes"


def _address() -> str:
    return request.remote_addr or ""


limiter = Limiter(key_func=_address, strategy="moving-window")


def is_failed_try(response: Response) -> bool:
    """Only wrong passwords count, so that one office behind one address can work."""
    return response.status_code in {401, 429}


failed_tries = limiter.limit(FAILED_TRIES, methods=["POST"], deduct_when=is_failed_try)
