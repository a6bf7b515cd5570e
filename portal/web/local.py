"""Addresses that come from outside (`next`, `back`, `Referer`, what htmx says of the present page):
only paths of this portal are followed. No address is made of the name that a browser called the
host by (`Host`, `X-Forwarded-Host`): in mails it is that of `base_url`, on pages there is none.
"""

import re
from urllib.parse import unquote, urlsplit

from flask import current_app, request

LONGEST = 500
HERE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
UNFIT = re.compile(r"[\x00-\x20\x7f\\]")


def is_here(url: str) -> bool:
    """Whether a browser that is led to `url` stays on this host: for addresses of our own making,
    where only a mistake could name another."""
    return HERE.fullmatch(url) is not None


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


def path_of(address: str | None, *, of_any_host: bool = False) -> str | None:
    """The path and query of a full address of this portal (`Referer`, what htmx says of the
    present page); None for another's, and for what `local_path` refuses."""
    try:
        parts = urlsplit(address or "")
        if not of_any_host and parts.netloc not in _own_hosts():
            return None
    except ValueError:
        return None
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def _own_hosts() -> set[str]:
    """The host of `base_url`, and the one under which this very request came."""
    base = urlsplit(current_app.extensions["portal"].settings.base_url).netloc
    return {base, request.host, ""}
