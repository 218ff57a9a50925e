"""The centre's two signing key pairs, made at the first run and kept with mode 0600."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from controller.settings import SettingsError
from station_protocol.signing import Signer
from station_protocol.vocabulary import DeedKind

logger = logging.getLogger(__name__)

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """One pair for what really sounds, one for drills; a station pins both public halves."""

    actual: Signer
    exercise: Signer


def load_or_create(folder: Path) -> SigningKeys:
    """The pairs in this folder; missing ones are made. SettingsError if others could read them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SigningKeys(
        _signer(folder / "actual.key", DeedKind.ACTUAL),
        _signer(folder / "exercise.key", DeedKind.EXERCISE),
    )


def _signer(path: Path, kind: DeedKind) -> Signer:
    try:
        return Signer.from_bytes(_read(path), kind)
    except FileNotFoundError:
        signer = Signer.generate(kind)
        _write(path, signer.private_bytes())
        logger.info("signing key made kind=%s key_id=%s path=%s", kind, signer.key_id, path)
        return signer


def _read(path: Path) -> bytes:
    raw = path.read_bytes()
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(f"{path}: others may read this private key; run chmod 600 on it")
    if len(raw) != KEY_BYTES:
        raise SettingsError(f"{path}: {len(raw)} bytes instead of {KEY_BYTES}; restore the key")
    return raw


def _write(path: Path, raw: bytes) -> None:
    """Durably and all at once: a half-written key would lock every station out."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
