"""What an e-mail may cost: judged on its bytes, before anything takes it apart."""

import re

from portal.i18n import _

LARGEST = 25 * 1024 * 1024
LONGEST_HEAD = 256 * 1024
MOST_LINES = 600_000
# Parts that hold parts, one in another or side by side: taking them apart costs lines times depth.
MOST_CONTAINERS = 60
LONGEST_FIELD = 16 * 1024

_CONTAINER = re.compile(rb"boundary[ \t*0-9]*=|content-type:[ \t\n]*message/", re.I)
# A field that says what a part is, with the lines that go on with it.
_FIELD = re.compile(rb"^content-[a-z-]{1,30}:[^\n]*(?:\n[ \t][^\n]*)*", re.I | re.M)


class NotTakenApart(Exception):
    """An e-mail that is not taken apart; the sentence says why and names nobody."""


def too_large() -> NotTakenApart:
    """What is said of an e-mail that is not even fetched."""
    mib = LARGEST // (1024 * 1024)
    return NotTakenApart(_("It is larger than %(limit)s MB.", limit=mib))


def check(raw: bytes) -> bytes:
    """The e-mail with plain line ends. Raises `NotTakenApart` for one that would cost too much."""
    if len(raw) > LARGEST:
        raise too_large()
    content = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if content.count(b"\n") > MOST_LINES:
        raise NotTakenApart(_("It has too many lines."))
    end = content.find(b"\n\n", 0, LONGEST_HEAD + 2)
    if end < 0 and len(content) > LONGEST_HEAD:
        raise NotTakenApart(_("Its header is too long."))
    if sum(1 for _found in _CONTAINER.finditer(content)) > MOST_CONTAINERS:
        raise NotTakenApart(_("Too many parts are packed into one another."))
    if any(len(found[0]) > LONGEST_FIELD for found in _FIELD.finditer(content)):
        raise NotTakenApart(_("Its header is too long."))
    return content
