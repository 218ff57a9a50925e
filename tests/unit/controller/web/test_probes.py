"""What Prometheus and whoever restarts things are answered."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controller.metrics.exporter import Exporter
from controller.metrics.samples import FleetSnapshot, StationSample
from controller.settings import MetricsSettings, Settings
from controller.web import policy, probes

NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
TOKEN = secrets.token_hex(8)
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def broken() -> set[str]:
    return set()


@pytest.fixture
def client(broken: set[str]) -> FlaskClient:
    fleet = FleetSnapshot((StationSample("a", "xã A", "huyện B"),))
    exporter = Exporter(lambda: fleet, now=lambda: NOW, version="1")
    app = Flask(__name__)
    app.extensions["vang.settings"] = Settings(metrics=MetricsSettings(token=TOKEN))
    policy.install(app)
    app.register_blueprint(probes.bp)
    parts = ("database", "link")
    checks = {part: lambda part=part: part not in broken for part in parts}
    probes.install(app, probes.Probes(exporter, checks))
    return app.test_client()


def test_prometheus_on_this_machine_reads_without_a_token(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    assert 'vang_station_up{station="a",commune="xã A",district="huyện B"} 0' in answer.text


@pytest.mark.parametrize("path", ["/metrics", "/healthz"])
def test_from_another_machine_the_token_is_asked_for(client: FlaskClient, path: str) -> None:
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer another"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
    ):
        answer = client.get(path, headers=headers, environ_base=ELSEWHERE)
        assert answer.status_code == status


def test_health_names_the_part_that_fails(client: FlaskClient, broken: set[str]) -> None:
    assert client.get("/healthz").get_json() == {
        "status": "ok",
        "parts": {"database": True, "link": True},
    }
    broken.add("link")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"] == {"database": True, "link": False}


def test_requests_are_counted_by_route_and_not_by_address(client: FlaskClient) -> None:
    client.get("/healthz")
    client.get("/nowhere/1")
    client.get("/nowhere/2")
    text = client.get("/metrics").text
    assert 'vang_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in text
    assert 'vang_http_requests_total{method="GET",route="unknown",status="404"} 2.0' in text


def test_an_invented_method_makes_no_series_of_its_own(client: FlaskClient) -> None:
    client.open("/healthz", method="BREW")
    text = client.get("/metrics").text
    assert "BREW" not in text
    assert 'method="other"' in text
