"""What can go wrong at the centre: one base class, stable codes, the facts a sentence needs."""

from __future__ import annotations

from typing import ClassVar


class ControllerError(Exception):
    """A deed that was not done. `code` chooses the sentence on screen; `facts` fill its blanks."""

    code: ClassVar[str] = "controller_error"
    status: ClassVar[int] = 400

    def __init__(self, message: str = "", **facts: object) -> None:
        super().__init__(message or self.code)
        self.facts = facts


class NotFoundError(ControllerError):
    """No such object inside the asker's place; whether it exists elsewhere is not said."""

    code = "not_found"
    status = 404


class ForbiddenError(ControllerError):
    """The role may not do this, wherever it is."""

    code = "forbidden"
    status = 403


class OutOfScopeError(ControllerError):
    """A target named in a form lies outside the asker's place."""

    code = "out_of_scope"
    status = 422


class StaleEditError(ControllerError):
    """Somebody else changed it first. Facts: who, changed_at."""

    code = "stale_edit"
    status = 409


class DecidedAlreadyError(ControllerError):
    """Somebody else has decided about the bulletin. Facts: who, decided_at, deed."""

    code = "decided_already"
    status = 409


class InvalidInputError(ControllerError):
    """A field that cannot be used. Facts: field, problem."""

    code = "invalid_input"
    status = 422


class SignInRefusedError(ControllerError):
    """Wrong name or password. Facts: tries_left."""

    code = "sign_in_refused"
    status = 401


class AccountLockedError(ControllerError):
    """Too many wrong passwords. Facts: minutes."""

    code = "account_locked"
    status = 429


class TokenRefusedError(ControllerError):
    """A personal token that opens nothing. Facts: why (missing, unknown, expired, revoked,
    account_disabled, password_change)."""

    code = "token_refused"
    status = 401


class TokenScopeError(ControllerError):
    """The token was not made for this area of work. Facts: scope (the one that is missing)."""

    code = "token_scope"
    status = 403


class TooManyRequestsError(ControllerError):
    """More requests in a short time than one program may make. Facts: seconds."""

    code = "too_many_requests"
    status = 429


class WeakPasswordError(ControllerError):
    """A new password shorter than 10 characters, or the old one again."""

    code = "weak_password"
    status = 422


class OwnBulletinError(ControllerError):
    """The author may not approve the own bulletin."""

    code = "own_bulletin"
    status = 403


class NotApprovedError(ControllerError):
    """A bulletin that is not approved cannot be scheduled."""

    code = "not_approved"
    status = 422


class SoundGoneError(ControllerError):
    """The sound went by the rule of keeping; its words and hash stay. Facts: gone_at."""

    code = "sound_gone"
    status = 410


class OutsideValidityError(ControllerError):
    """The bulletin may not air on any of the dates. Facts: valid_from, valid_until."""

    code = "outside_validity"
    status = 422


class WrongStateError(ControllerError):
    """The object is not in a state in which this deed makes sense. Facts: state."""

    code = "wrong_state"
    status = 409


class OutsideHoursError(ControllerError):
    """Outside the allowed broadcast hours. Facts: at, opens, closes."""

    code = "outside_hours"
    status = 422


class TooLongError(ControllerError):
    """Longer than the cap of a target. Facts: minutes, cap_minutes."""

    code = "too_long"
    status = 422


class SlotConflictError(ControllerError):
    """Another slot of the same class and authority has the air. Facts: conflicts."""

    code = "slot_conflict"
    status = 409


class UploadTooLargeError(ControllerError):
    """More bytes than an upload may have. Facts: size_bytes, limit_bytes."""

    code = "upload_too_large"
    status = 413


class UploadOffsetError(ControllerError):
    """A piece of a file that does not begin where the file ends. Facts: received_bytes."""

    code = "upload_offset"
    status = 409


class NotSoundError(ControllerError):
    """The uploaded file is not sound."""

    code = "not_sound"
    status = 422


class NotCapError(ControllerError):
    """A document that is no alert of the Common Alerting Protocol 1.2. Facts: reason, name."""

    code = "not_cap"
    status = 422


class SpeechLanguageError(ControllerError):
    """This voice is not here: no engine speaks the language, or the engine is gone."""

    code = "speech_language"
    status = 422


class OriginalLostError(ControllerError):
    """The upload that was kept is missing or damaged: nothing can be made of it. Facts: sha256."""

    code = "original_lost"
    status = 409


class StorageFullError(ControllerError):
    """No room on the centre's disk for what is sent. Facts: free_bytes, reserve_bytes."""

    code = "storage_full"
    status = 507


class PressError(ControllerError):
    """A document could not be printed as a PDF file. Facts: why (busy, failed)."""

    code = "press_failed"
    status = 503


class BusyError(ControllerError):
    """The database did not become free in time; the form is kept."""

    code = "busy"
    status = 503


class BrokerError(ControllerError):
    """The bundled broker could not be started or reached."""

    code = "broker_failed"
    status = 503


class DatabaseDamagedError(ControllerError):
    """The database file fails its check; nothing is created beside it. Facts: path."""

    code = "database_damaged"
    status = 500


class BackupError(ControllerError):
    """A copy of the centre that was not made, or cannot be put back. What was there is as it was.
    Facts: path."""

    code = "backup_failed"
    status = 500
