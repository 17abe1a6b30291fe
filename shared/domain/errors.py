"""The error tree. Each error has a stable ``code`` and a message that says what is wrong and what to do."""

from __future__ import annotations


class LookalikeError(Exception):
    """Root of every error that a person may see.

    ``code`` is stable and meant for programs; ``message`` is meant for people.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidRequest(LookalikeError):
    """What was asked makes no sense (a threshold outside 0..1, an unknown preset…)."""

    code = "invalid_request"


class OutsideLibrary(LookalikeError):
    """A path leads out of the configured libraries."""

    code = "outside_library"


class Forbidden(LookalikeError):
    """It is understood, and not allowed."""

    code = "forbidden"


class NotFound(LookalikeError):
    """No such scan, group, image, folder, or batch."""

    code = "not_found"


class Conflict(LookalikeError):
    """The thing exists, but is in a state that does not allow what was asked."""

    code = "conflict"


class Unavailable(LookalikeError):
    """Something outside the program is missing or down (Redis, weights); it may work later."""

    code = "unavailable"


class ScanFailed(LookalikeError):
    """A scan cannot go on; retrying the same task would not help."""

    code = "scan_failed"


class UnreadableImage(LookalikeError):
    """A file that cannot be used as an image. This is data: it is listed, and the scan goes on."""

    code = "unreadable"
