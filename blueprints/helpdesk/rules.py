"""Decisions about cases: how they move, who sees what, which files are taken."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from portal.errors import Conflict, Invalid
from portal.i18n import _, ngettext

LONGEST_SUBJECT = 160
LONGEST_TEXT = 10_000
MOST_FILES = 5
# What a case holds at most, over all its entries.
MOST_FILES_A_CASE = 50
LARGEST_FILE = 10 * 1024 * 1024


class CaseState(StrEnum):
    """Where a case is."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class EntryKind(StrEnum):
    """Who an entry is for: everybody who sees the case, or staff alone; or what happened."""

    PUBLIC = "public"
    INTERNAL = "internal"
    EVENT = "event"


class MailOutcome(StrEnum):
    """What became of an e-mail."""

    JOINED = "joined"
    AUTOMATIC = "automatic"
    UNMATCHED = "unmatched"
    ASIDE = "aside"


MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.NEW: frozenset(
        {CaseState.OPEN, CaseState.WAITING, CaseState.RESOLVED, CaseState.CLOSED}
    ),
    CaseState.OPEN: frozenset({CaseState.WAITING, CaseState.RESOLVED, CaseState.CLOSED}),
    CaseState.WAITING: frozenset({CaseState.OPEN, CaseState.RESOLVED, CaseState.CLOSED}),
    CaseState.RESOLVED: frozenset({CaseState.OPEN, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.OPEN}),
}
UNSOLVED = (CaseState.NEW, CaseState.OPEN, CaseState.WAITING)

# What telephones, scanners and offices make. A program, an archive of anything else and a file that
# is not what it is called are refused.
ACCEPTED: Mapping[str, frozenset[str]] = {
    "application/pdf": frozenset({"pdf"}),
    "image/png": frozenset({"png"}),
    "image/jpeg": frozenset({"jpg", "jpeg"}),
    "image/gif": frozenset({"gif"}),
    "image/webp": frozenset({"webp"}),
    "image/heic": frozenset({"heic", "heif"}),
    "image/tiff": frozenset({"tif", "tiff"}),
    "application/zip": frozenset({"xlsx", "docx"}),
    "text/plain": frozenset({"txt", "csv"}),
}


def check_move(before: str, after: CaseState) -> None:
    """Raise `Conflict` unless a case may go from the one state to the other."""
    if after not in MOVES[CaseState(before)]:
        raise Conflict(
            _("Someone else changed this case. Nothing was saved. Look at its status again.")
        )


def check_talking(state: str, *, staff: bool) -> None:
    """Raise `Conflict` for a comment in a case that is closed."""
    if state == CaseState.CLOSED and not staff:
        raise Conflict(_("This case is closed. Nothing was sent. Please open a new case."))


def after_comment(state: str, *, staff: bool, asks: bool = False) -> CaseState:
    """Where a case is after a public comment: an agent's answer opens it, or makes it wait for the
    requester; what the requester says opens it again."""
    if staff and state in UNSOLVED:
        return CaseState.WAITING if asks else CaseState.OPEN
    if not staff and state in {CaseState.WAITING, CaseState.RESOLVED}:
        return CaseState.OPEN
    return CaseState(state)


def clean_text(text: str, *, field: str) -> str:
    """What somebody wrote. Raises `Invalid` on `field` for nothing, and for too much."""
    value = text.strip()
    if not value:
        raise Invalid(_("Please fill in this field."), field=field)
    if len(value) > LONGEST_TEXT:
        raise Invalid(_("At most %(most)s characters.", most=f"{LONGEST_TEXT:,}"), field=field)
    return value


def clean_subject(text: str) -> str:
    """The subject of a case, one line. Raises `Invalid` on `subject`."""
    value = " ".join(text.split())
    if not value or len(value) > LONGEST_SUBJECT:
        raise Invalid(
            _("Enter a subject of at most %(most)s characters.", most=LONGEST_SUBJECT),
            field="subject",
        )
    return value


def check_kind(content_type: str, name: str) -> None:
    """Raise `Invalid` on `files` unless such a file is taken: of a kind that is accepted by its
    content, under a name that says the same."""
    ending = name.rpartition(".")[2].lower()
    if ending not in ACCEPTED.get(content_type, frozenset()):
        raise Invalid(
            _(
                "This file cannot be attached. Attach a PDF, a picture, a text, or an Excel or "
                "Word file (.xlsx, .docx), named as what it is."
            ),
            field="files",
        )


def check_number_of_files(new: int, there: int = 0) -> None:
    """Raise `Invalid` on `files` for too many at once, or too many of one case."""
    if new > MOST_FILES:
        raise Invalid(
            ngettext(
                "At most %(num)s file can be attached at once.",
                "At most %(num)s files can be attached at once.",
                MOST_FILES,
            ),
            field="files",
        )
    if new + there > MOST_FILES_A_CASE:
        raise Invalid(
            ngettext(
                "A case holds at most %(num)s file.",
                "A case holds at most %(num)s files.",
                MOST_FILES_A_CASE,
            ),
            field="files",
        )


def check_merge(
    *, same: bool, requesters: Sequence[int], states: Sequence[str], merged: bool
) -> None:
    """Raise unless one case may be merged into another: `Invalid` on `into` for the same case and
    for cases of two people, who must not see each other's; `Conflict` for a closed one."""
    if same:
        raise Invalid(_("Enter the number of another case."), field="into")
    if len(set(requesters)) > 1:
        raise Invalid(
            _("These cases are from two people. Only cases from one person can be merged."),
            field="into",
        )
    if merged or CaseState.CLOSED in states:
        raise Conflict(_("One of these cases is closed. Nothing was changed."))
