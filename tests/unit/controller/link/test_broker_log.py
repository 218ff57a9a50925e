"""Refusals as the two brokers really print them (nats-server 2.15.1, Mosquitto 2.0.11)."""

from __future__ import annotations

import pytest

from controller.link.broker_log import Denial, parse_denial

NATS = '[24440] 2026/11/23 04:00:34.692239 [ERR] 127.0.0.1:51577 - mid:26 - "st-a" - '


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        (
            NATS + 'Publish Violation - Subject "vang.1.u.st-b.hello"',
            Denial("", "publish", "vang/1/u/st-b/hello", "24440:26"),
        ),
        (
            NATS + 'Subscription Violation - Subject "vang.1.d.*.plan", SID vang.1.d.*.plan',
            Denial("", "subscribe", "vang/1/d/+/plan", "24440:26"),
        ),
        (
            NATS + 'Subscription Violation - Subject ">", SID >',
            Denial("", "subscribe", "#", "24440:26"),
        ),
        (NATS + 'authentication error - User "st-b"', Denial("st-b", "connect", "")),
        (
            "2026-11-23T03:47:47: Denied PUBLISH from st-a "
            "(d0, q1, r0, m3, 'vang/1/u/st-b/hello', ... (6 bytes))",
            Denial("st-a", "publish", "vang/1/u/st-b/hello"),
        ),
    ],
)
def test_a_refusal_is_recognised(line: str, denial: Denial) -> None:
    assert parse_denial(line) == denial


@pytest.mark.parametrize(
    "line",
    [
        "",
        NATS + "unable to connect: authentication error",
        "[24440] 2026/11/23 04:00:34.692239 [INF] Server is ready",
        "2026-11-23T03:47:47: Received PUBLISH from st-a (d0, q1, r0, m2, 'a', ... (1 bytes))",
        "2026-11-23T03:47:48: Client <unknown> disconnected, not authorised.",
    ],
)
def test_other_lines_are_left_alone(line: str) -> None:
    assert parse_denial(line) is None


def test_a_client_id_that_looks_like_a_refusal_accuses_nobody() -> None:
    forged = (
        '[24440] 2026/11/23 04:00:34.692239 [ERR] 127.0.0.1:51577 - mid:26 - "x - authentication '
        'error - User "victim"" - Publish Violation - Subject "vang.1.u.st-b.hello"'
    )
    assert parse_denial(forged) == Denial("", "publish", "vang/1/u/st-b/hello", "24440:26")
