"""Why a sound was refused or could not be made: one base class, stable codes, facts.

The sentences people read are written where the language of the screen is known, not here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class AudioError(Exception):
    """Base of everything this package raises on purpose."""

    code: ClassVar[str] = "audio"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled with its facts: a worker process tells what it met."""
        return _again, (type(self), self.args, self.__dict__)


def _again(
    kind: type[AudioError], said: tuple[object, ...], facts: dict[str, object]
) -> AudioError:
    error = kind.__new__(kind, *said)
    error.__dict__.update(facts)
    return error


class RefusedSoundError(AudioError):
    """The file itself is the reason: trying again with the same bytes gives the same answer."""

    code = "refused"


class NotSoundReason(StrEnum):
    EMPTY = "empty"
    UNKNOWN_CONTENT = "unknown_content"
    VIDEO = "video"
    NO_AUDIO_TRACK = "no_audio_track"
    UNKNOWN_CODEC = "unknown_codec"


class NotSoundError(RefusedSoundError):
    """The content is not WAV, MP3, M4A, Ogg, Opus or FLAC sound, whatever its name says."""

    code = "not_sound"

    def __init__(self, reason: NotSoundReason) -> None:
        super().__init__(f"not a sound file we accept: {reason}")
        self.reason = reason


class TooLargeError(RefusedSoundError):
    code = "too_large"

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes, the limit is {limit_bytes}")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class TooLongError(RefusedSoundError):
    """More sound than allowed came out of the decoder, whatever the header promised."""

    code = "too_long"

    def __init__(self, limit_ms: int) -> None:
        super().__init__(f"longer than {limit_ms} ms")
        self.limit_ms = limit_ms


class DamagedSoundError(RefusedSoundError):
    """A sound file of a known kind that breaks off or cannot be decoded.

    `decoded_ms` and `promised_ms` are None where the file does not even tell.
    """

    code = "damaged"

    def __init__(self, decoded_ms: int | None = None, promised_ms: int | None = None) -> None:
        super().__init__(f"damaged: decoded {decoded_ms} ms of {promised_ms} ms")
        self.decoded_ms = decoded_ms
        self.promised_ms = promised_ms


class SilentSoundError(RefusedSoundError):
    """Nothing in the file is loud enough to be a voice. `loudness_lufs` is -70 for no signal."""

    code = "silent"

    def __init__(self, loudness_lufs: float) -> None:
        super().__init__(f"silent: {loudness_lufs} LUFS")
        self.loudness_lufs = loudness_lufs


class LoudnessNotReachedError(RefusedSoundError):
    """No gain brought the encoded sound to the target; the figures are those of the last try."""

    code = "loudness_not_reached"

    def __init__(self, loudness_lufs: float, true_peak_dbtp: float) -> None:
        super().__init__(f"encoded at {loudness_lufs} LUFS with a peak of {true_peak_dbtp} dBTP")
        self.loudness_lufs = loudness_lufs
        self.true_peak_dbtp = true_peak_dbtp


class ToolFailedError(AudioError):
    """ffmpeg could not be run, ran into a limit, or failed on sound that is our own."""

    code = "tool_failed"

    def __init__(self, what: str, *, exit_code: int | None = None, stderr: str = "") -> None:
        super().__init__(f"{what} (exit code {exit_code}): {stderr[-400:].strip()}")
        self.exit_code = exit_code
        self.stderr = stderr


class SpeechUnavailableError(AudioError):
    """The speech service cannot be reached; the text is untouched and may be sent again."""

    code = "speech_offline"

    def __init__(self, engine: str) -> None:
        super().__init__(f"speech engine {engine} cannot be reached")
        self.engine = engine


class SpeechFailedError(AudioError):
    """The speech service answered, but not with sound."""

    code = "speech_failed"

    def __init__(self, engine: str, detail: str) -> None:
        super().__init__(f"speech engine {engine} failed: {detail}")
        self.engine = engine
        self.detail = detail


class LanguageNotSpokenError(AudioError):
    """No engine speaks this language (Chăm and Raglai are recorded by people)."""

    code = "language_not_spoken"

    def __init__(self, language: str) -> None:
        super().__init__(f"no speech engine for language {language}")
        self.language = language


class EmptyTextError(AudioError):
    code = "empty_text"


class AssetMissingError(AudioError):
    code = "asset_missing"

    def __init__(self, sha256: str) -> None:
        super().__init__(f"no sound {sha256} in the store")
        self.sha256 = sha256


class AssetUnreachableError(AssetMissingError):
    """The store of objects did not answer, or refused us: the sound may be there all the same."""

    code = "asset_unreachable"

    def __init__(self, sha256: str, why: str) -> None:
        super().__init__(sha256)
        self.why = why

    def __str__(self) -> str:
        return f"sound {self.sha256} could not be reached: {self.why}"


class AssetCorruptError(AudioError):
    """The bytes in the store are not those of the name; `found_sha256` is what they are."""

    code = "asset_corrupt"

    def __init__(self, sha256: str, found_sha256: str) -> None:
        super().__init__(f"sound {sha256} has the bytes of {found_sha256}")
        self.sha256 = sha256
        self.found_sha256 = found_sha256
