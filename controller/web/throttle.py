"""The throttles per address on passwords and tokens, and per token on requests.

The one per account on passwords is in the accounts service.
"""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from limits import RateLimitItemPerMinute, parse
from werkzeug.wrappers import Response

from controller.errors import TooManyRequestsError

FAILED_TRIES = "30 per 15 minutes"
_FAILED_TOKENS = parse(FAILED_TRIES)
_WAIT_S = 60
"""What a program is told to wait."""


def _address() -> str:
    return request.remote_addr or ""


limiter = Limiter(key_func=_address, strategy="moving-window")


def is_failed_try(response: Response) -> bool:
    """Only wrong passwords count, so that one office behind one address can work."""
    return response.status_code in {401, 429}


failed_tries = limiter.limit(FAILED_TRIES, methods=["POST"], deduct_when=is_failed_try)


def count_failed_token() -> None:
    """A token that opened nothing. TooManyRequestsError after many from one address.

    A token that is good is never held up by the bad ones beside it: nobody guesses 256 bits.
    """
    if not limiter.limiter.hit(_FAILED_TOKENS, "api", _address()):
        raise TooManyRequestsError("too many bad tokens", seconds=_WAIT_S)


def count_request(token_id: str, per_minute: int) -> None:
    """A request by a good token. TooManyRequestsError above its number for a minute."""
    if not limiter.limiter.hit(RateLimitItemPerMinute(per_minute), "api", token_id):
        raise TooManyRequestsError("too many requests", seconds=_WAIT_S)
