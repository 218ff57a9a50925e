"""A bucket of an S3-compatible server. The only module that knows boto3, an extra."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audio_library.errors import AssetMissingError, AssetUnreachableError
from audio_library.object_store import StoredObject

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class S3Account:
    """Where the bucket is and who asks. `endpoint` empty: Amazon's own of the region."""

    endpoint: str
    region: str
    bucket: str
    prefix: str
    access_key: str
    secret_key: str = field(repr=False)
    ca_file: str = ""
    """PEM file of the authority that signed the server's certificate; empty: the system's."""


class S3Bucket:
    """Objects below a prefix of a bucket. Every request is signed (version 4) and retried twice."""

    def __init__(self, account: S3Account) -> None:
        self._bucket = account.bucket
        self._prefix = f"{account.prefix.strip('/')}/" if account.prefix.strip("/") else ""
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=account.endpoint or None,
            region_name=account.region,
            aws_access_key_id=account.access_key,
            aws_secret_access_key=account.secret_key,
            verify=account.ca_file or None,
            config=Config(
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 3},
                # Other servers than Amazon's mostly know one bucket per path, and no trailers.
                s3={"addressing_style": "path" if account.endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def upload(self, key: str, source: Path, sha256: str) -> None:
        """Store the file; the server is told its SHA-256 and refuses other bytes."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
        with self._named(key), source.open("rb") as body:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=body,
                ContentType="audio/ogg",
                ChecksumSHA256=checksum,
            )

    def download(self, key: str, target: IO[bytes]) -> None:
        with self._named(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            for data in answer["Body"].iter_chunks(_CHUNK_BYTES):
                target.write(data)

    def has(self, key: str) -> bool:
        try:
            with self._named(key):
                self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        except AssetUnreachableError:
            raise
        except AssetMissingError:
            return False
        return True

    def objects(self) -> Iterator[StoredObject]:
        with self._named(""):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    key = str(found["Key"]).removeprefix(self._prefix)
                    yield StoredObject(key, found["LastModified"].timestamp())

    def delete(self, key: str) -> None:
        with self._named(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    @contextmanager
    def _named(self, key: str) -> Iterator[None]:
        """Turn what boto3 raises into errors of ours about this object."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise AssetMissingError(key) from error
            raise AssetUnreachableError(key, code or str(error)) from error
        except BotoCoreError as error:
            raise AssetUnreachableError(key, str(error)) from error
