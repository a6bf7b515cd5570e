"""Addresses that come from outside (`next`, `back`): only paths of this portal are followed."""

import re
from urllib.parse import unquote, urlsplit

LONGEST = 500
UNFIT = re.compile(r"[\x00-\x20\x7f\\]")


def local_path(text: str | None) -> str | None:
    """`text` if it is a path on this server (query allowed), else None.

    Refused are other hosts in every spelling: schemes, `//host`, back slashes, blanks and control
    characters that browsers drop, and the same hidden by percent signs.
    """
    if not text or len(text) > LONGEST or not text.startswith("/") or not text.isascii():
        return None
    seen = text
    for _round in range(3):
        if seen.startswith("//") or UNFIT.search(seen.partition("?")[0]):
            return None
        path = seen.partition("?")[0]
        if "//" in path or "/.." in path or "/./" in path or "@" in path:
            return None
        seen = unquote(seen, errors="replace")
    if UNFIT.search(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or parts.fragment:
        return None
    return text
