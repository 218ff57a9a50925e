"""Instants that stand in files: when a certificate ends, when the last backup was made."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from controller.metrics.series import BY_NAME

logger = logging.getLogger(__name__)

CERTIFICATE = "vang_certificate_expiry_timestamp_seconds"
BACKUP = "vang_backup_last_success_timestamp_seconds"


def certificate_ends_at(data: bytes) -> datetime:
    """The end of the first certificate of a PEM file. ValueError when there is none."""
    return x509.load_pem_x509_certificate(data).not_valid_after_utc


def backup_made_at(data: bytes) -> datetime:
    """`made_at` of a backup's stamp: ISO 8601, UTC where no zone is told. ValueError else."""
    document = json.loads(data)
    told = document.get("made_at") if isinstance(document, dict) else None
    at = datetime.fromisoformat(told if isinstance(told, str) else "")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(slots=True)
class Stamp:
    """One instant in one file, read again when the file changes."""

    path: Path
    read: Callable[[bytes], datetime]
    _seen: tuple[int, int] | None = None
    _at: datetime | None = None

    def at(self) -> datetime | None:
        """The instant; None while there is no file, or nothing to be understood in it."""
        try:
            status = self.path.stat()
            seen = (status.st_ctime_ns, status.st_size)
            if seen != self._seen:
                self._at, self._seen = None, seen
                self._at = self.read(self.path.read_bytes())
        except FileNotFoundError:
            self._at, self._seen = None, None
        except (OSError, ValueError) as error:
            self._at = None
            logger.warning("no instant to be read file=%s: %s", self.path, error)
        return self._at


class Stamps(Collector):
    """Tells the instants Prometheus compares with now; one that is not known is absent."""

    def __init__(self) -> None:
        self._certificates: dict[str, Stamp] = {}
        self._backup: Stamp | None = None

    def watch_certificate(self, listener: str, path: Path) -> None:
        """Tell when the certificate of `web` or `broker` ends."""
        self._certificates[listener] = Stamp(path, certificate_ends_at)

    def watch_backup(self, path: Path) -> None:
        """Tell when the backup was made whose stamp stands there."""
        self._backup = Stamp(path, backup_made_at)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Both series, with what is known."""
        certificates = GaugeMetricFamily(
            CERTIFICATE, BY_NAME[CERTIFICATE].help, labels=BY_NAME[CERTIFICATE].labels
        )
        for listener, stamp in self._certificates.items():
            if (ends_at := stamp.at()) is not None:
                certificates.add_metric([listener], ends_at.timestamp())
        yield certificates
        backup = GaugeMetricFamily(BACKUP, BY_NAME[BACKUP].help, labels=())
        if self._backup is not None and (made_at := self._backup.at()) is not None:
            backup.add_metric([], made_at.timestamp())
        yield backup
