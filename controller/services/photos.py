"""Pictures people upload, made anew in the sandbox: what came in is never kept and never given out.

The picture that is kept is a JPEG of our own making: no place, no camera, no hidden bytes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from audio_library import ffmpeg
from audio_library.errors import AssetMissingError, ToolFailedError
from audio_library.sandbox import ProcessLimits
from audio_library.store import FolderStore, is_sha256
from controller.errors import InvalidInputError

SUFFIX = ".jpg"
FOLDER = "photos"
"""Of the data folder."""

LIMIT_BYTES = 8_000_000
"""The largest picture that is taken; telephones make 2 to 6 MB."""

LONGEST_SIDE_PX = 1_280
_MOST_PIXELS = 50_000_000
_KEPT_BYTES = 2_000_000
_LIMITS = ProcessLimits(memory_bytes=1 << 30, cpu_s=15, file_bytes=_KEPT_BYTES, wall_s=30.0)

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


class Photos:
    """Takes pictures in and gives them out by the SHA-256 of what was made of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = FolderStore(folder, SUFFIX)

    def take(self, file: BinaryIO) -> str:
        """Make a picture anew and keep that; its SHA-256.

        InvalidInputError for what is no JPEG, PNG or WebP, or larger than a picture may be.
        """
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="photo-") as made_in:
            source, picture = Path(made_in, "upload"), Path(made_in, "picture.jpg")
            uploaded = file.read(LIMIT_BYTES + 1)
            if len(uploaded) > LIMIT_BYTES:
                raise InvalidInputError("too large", field="photo", problem="photo_too_large")
            source.write_bytes(uploaded)
            picture.write_bytes(_made_anew(source, _format_of(uploaded)))
            return self._store.put(picture)

    def path(self, sha256: str) -> Path | None:
        """The file of a picture; None: there is none."""
        if not is_sha256(sha256):
            return None
        try:
            return self._store.path(sha256)
        except AssetMissingError:
            return None


def _format_of(uploaded: bytes) -> str:
    """The one reader the picture is given to: nothing is guessed behind its first bytes."""
    if uploaded.startswith(_JPEG):
        return "jpeg_pipe"
    if uploaded.startswith(_PNG):
        return "png_pipe"
    if uploaded[:4] == b"RIFF" and uploaded[8:12] == b"WEBP":
        return "webp_pipe"
    raise _unreadable()


def _made_anew(source: Path, reader: str) -> bytes:
    arguments = [
        *("-v", "error", "-max_pixels", str(_MOST_PIXELS), *ffmpeg.ONE_THREAD),
        *("-f", reader, "-i", str(source.absolute())),
        *("-frames:v", "1", "-map", "0:v:0", "-map_metadata", "-1"),
        *(
            "-vf",
            f"scale={_side('iw')}:{_side('ih')}:force_original_aspect_ratio=decrease,setsar=1",
        ),
        *("-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "5", "-f", "image2pipe", "pipe:1"),
    ]
    try:
        with ffmpeg.start(arguments, limits=_LIMITS, reads=(source,)) as run:
            picture = run.stdout.read(_KEPT_BYTES + 1)
            if len(picture) > _KEPT_BYTES:
                raise _unreadable()
            exit_code, _messages = run.finish()
    except ToolFailedError as error:
        raise _unreadable() from error
    if exit_code != 0 or not picture.startswith(_JPEG):
        raise _unreadable()
    return picture


def _side(length: str) -> str:
    """Never larger than it came."""
    return f"'min({LONGEST_SIDE_PX},{length})'"


def _unreadable() -> InvalidInputError:
    return InvalidInputError("not a picture", field="photo", problem="not_a_photo")
