"""Through what somebody acted: each audit entry says it beside who it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

from portal.i18n import _


class Through(StrEnum):
    """A way into the portal."""

    SIGNED_IN = "signed_in"
    LINK = "link"
    PAGE = "page"
    IMPORT = "import"
    JOB = "job"
    COMMAND = "command"
    MAIL = "mail"

    @property
    def label(self) -> str:
        """The words for it."""
        return {
            Through.SIGNED_IN: _("Signed in"),
            Through.LINK: _("Link in a message"),
            Through.PAGE: _("Page without signing in"),
            Through.IMPORT: _("Import of a file"),
            Through.JOB: _("Scheduled job"),
            Through.COMMAND: _("Command line"),
            Through.MAIL: _("E-mail"),
        }[self]


# What is neither a request nor a job was begun by somebody at the machine.
_present: ContextVar[Through] = ContextVar("through", default=Through.COMMAND)


def present() -> Through:
    """Through what the running code acts."""
    return _present.get()


def now_through(through: Through) -> None:
    """Say within `acting` that it is `through` something else after all."""
    _present.set(through)


@contextmanager
def acting(through: Through) -> Iterator[None]:
    """What the block records was done `through` this."""
    before = _present.set(through)
    try:
        yield
    finally:
        _present.reset(before)


def in_words(through: str) -> str:
    """The words for what an entry says; entries of before this was noted say nothing."""
    if not through:
        return _("Not noted then")
    return Through(through).label if through in set(Through) else through
