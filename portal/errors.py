"""What can go wrong by the user's doing, as types. Each carries a sentence for people.

And `where`: how a fault of the portal's own may stand in a log.
"""

import errno
import os
import traceback


class PortalError(Exception):
    """Base of all refusals. `message` is shown to the user as it is."""

    status = 409

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(PortalError):
    """The input breaks a rule; `field` names the form field the sentence belongs beside."""

    status = 422


class Conflict(PortalError):
    """Someone else (another user, another tab) made a change that makes the step impossible."""

    status = 409


class NotFound(PortalError):
    """The record does not exist, or not for this user."""

    status = 404

    def __init__(self, message: str = "Not found") -> None:
        super().__init__(message)


class AtAnotherLocation(NotFound):
    """The record belongs to another location that this very user may switch to."""

    def __init__(self, location_id: int) -> None:
        super().__init__("This record belongs to another of your locations.")
        self.location_id = location_id


class OfOtherPeople(NotFound):
    """The record belongs to a location where this user does not work; nobody is told so."""


class OpenedElsewhere(Conflict):
    """The form was opened while the user worked at another location, and is about that one, or
    acted in another `profile`."""

    def __init__(self, message: str, location_id: int | None, profile: str = "") -> None:
        super().__init__(message)
        self.location_id = location_id
        self.profile = profile


class NoLocation(NotFound):
    """Programme staff must choose a location before this page can show anything."""


class Forbidden(PortalError):
    """The user's profile lacks the right."""

    status = 403


class TooMany(PortalError):
    """Too many attempts; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(PortalError):
    """The database or a file store cannot do it now; trying again later may work."""

    status = 503


class Busy(Unavailable):
    """Others held the database all the time; nothing was changed by this try."""


class OutcomeUnknown(Unavailable):
    """The connection was lost while it was saved: it may be there, or not."""


NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_without_space(error: OSError) -> bool:
    """Whether a file could not be written because its disk, or what one may use of it, is full."""
    return error.errno in NO_SPACE


def where(error: BaseException) -> str:
    """The type of `error` and the lines it came through; not its text, which may name people."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(
        f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {places}" if places else type(error).__name__
