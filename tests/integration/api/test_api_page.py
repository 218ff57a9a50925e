"""docs/api.md and the OpenAPI document say what the API does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from controller.domain.schedule import local_date
from tests.support.api import PREFIX, Neighbours
from tests.support.bulletins import wav_bytes
from tests.support.web import served

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def test_every_example_of_the_page_is_answered(world: Neighbours, tmp_path: Path) -> None:
    """They run one after the other in one shell, as somebody would paste them."""
    assert len(EXAMPLES) >= 7
    (tmp_path / "voice.wav").write_bytes(wav_bytes(tmp_path))
    with served(world.here) as address, _sound_is_made(world):
        done = subprocess.run(
            ["bash", "-c", "set -euo pipefail\n" + "\necho\n".join(EXAMPLES)],
            env={**os.environ, "VANG": address, **_set_as_said(world)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-600:] + done.stderr[-600:]
    assert '"username":"operator.bac-ai"' in done.stdout
    assert '"state":"taken","place":{"place_id":"bac-ai"' in done.stdout
    assert "Tiết kiệm nước mùa khô" in done.stdout
    assert '"state":"submitted"' in done.stdout
    assert '"state":"approved"' in done.stdout
    assert '"may_save":true' in done.stdout
    both = world.here.services.schedules.within(world.owner, before_id=None, limit=9)
    (made,) = [one for one in both if one.schedule_id != world.schedule_id]
    assert made.closed_at is not None


def _set_as_said(world: Neighbours) -> dict[str, str]:
    """What the page tells its reader to set, on the day of the test's clock."""
    tomorrow = local_date(world.here.clock()) + timedelta(days=1)
    given = {
        "TOKEN": world.token,
        "APPROVER_TOKEN": world.approver_token,
        "TOMORROW": tomorrow.isoformat(),
    }
    assert set(re.findall(r"^    ([A-Z_]+)=", PAGE, re.MULTILINE)) == {"VANG", *given}
    return given


def test_the_command_that_reads_one_route_names_what_the_document_has(shared: Neighbours) -> None:
    document = json.loads(shared.here.app.test_client().get(f"{PREFIX}/openapi.json").text)
    path, verb, schema = re.findall(
        r"paths\[\"(.+)\"\]\.(\w+), \.components\.schemas\.(\w+)", PAGE
    )[0]
    body = document["paths"][path][verb]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": f"#/components/schemas/{schema}"}


@contextmanager
def _sound_is_made(world: Neighbours) -> Iterator[None]:
    """The worker of the centre, which the test has not."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.2):
            world.studio.finish()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_document_needs_no_token_and_names_no_foreign_address(shared: Neighbours) -> None:
    answer = shared.here.app.test_client().get(f"{PREFIX}/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    document = json.loads(answer.text)
    assert document["openapi"].startswith("3.1")
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    routes = {
        str(rule)
        for rule in shared.here.app.url_map.iter_rules()
        if str(rule).startswith(f"{PREFIX}/")
    }
    described = {re.sub(r"\{(\w+)\}", r"<\1>", path) for path in document["paths"]}
    assert described == routes - {f"{PREFIX}/openapi.json"}
