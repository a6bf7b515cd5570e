"""The page that is shown when no other can be: it needs no template, no database and no request.

The server answers with it what it refuses before the application is asked, and what the application
fails to answer. It is always the same for one status, and in English: nobody knows yet who asks.
Importing this module imports no Flask.
"""

from http import HTTPStatus
from typing import NamedTuple

from portal.web.headers import HEADERS, PART_HEADERS, STRICT_TRANSPORT

TRY_AGAIN_SECONDS = 10


class Sentences(NamedTuple):
    """What the page says: what happened, whether anything was saved, what to do now."""

    title: str
    message: str
    next_step: str


UNREADABLE = Sentences(
    "This could not be read",
    "The portal could not read what your browser sent. Nothing was saved.",
    "Go back, reload the page and try again.",
)
FAULT = Sentences(
    "Something went wrong",
    "The portal could not finish this. It may or may not have been saved.",
    "Check whether it is there before you enter it again. If it happens again, call the help line.",
)
# The application had begun with it: nobody knows how far it came.
CUT_SHORT = Sentences(
    "Not available right now",
    "The portal can't show this page right now.",
    "Try again in a minute. If you were saving something, look whether it is there before you "
    "enter it again.",
)
KNOWN = {
    408: Sentences(
        "The connection is too slow",
        "What your browser sent did not arrive in time. Nothing was saved.",
        "Check your connection and try again.",
    ),
    413: Sentences(
        "This is too large",
        "What your browser sent is larger than the portal accepts. Nothing was saved.",
        "Send a smaller file: split a long table, or take the picture with fewer pixels.",
    ),
    414: Sentences(
        "The address is too long",
        "The portal does not accept addresses this long. Nothing was saved.",
        "Go back and use fewer words or filters.",
    ),
    431: Sentences(
        "Your browser sent too much",
        "The portal does not accept headers this long. Nothing was saved.",
        "Delete this site's cookies in your browser and sign in again.",
    ),
    501: UNREADABLE,
    503: Sentences(
        "Not available right now",
        "The portal is busy or down for maintenance. Nothing was changed.",
        "Try again in a minute.",
    ),
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{message}</p>
<p>{next_step}</p>
<p><a href="/">Home</a></p>
</main>
</body>
</html>
"""
# As templates/errors/_message.html, without its icon.
PART = """<div tabindex="-1" data-focus><div class="note danger"><div>
<strong>{title}</strong><br>{message} {next_step}
</div></div></div>
"""


def sentences(status: int, *, begun: bool = False) -> Sentences:
    """What is said for a status; `begun`: the application had the request already."""
    if begun and status == HTTPStatus.SERVICE_UNAVAILABLE:
        return CUT_SHORT
    return KNOWN.get(status) or (UNREADABLE if status < HTTPStatus.INTERNAL_SERVER_ERROR else FAULT)


def page(
    status: int, *, secure: bool = False, part: bool = False, begun: bool = False
) -> tuple[dict[str, str], bytes]:
    """The headers and the body of the page for a status, the same at all times.

    `secure`: browsers reach the portal by HTTPS and are told to stay with it. `part`: htmx asks; it
    gets a message for the page it is on. `begun`: the application had the request already.
    """
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    headers |= PART_HEADERS if part else HEADERS
    if part:
        from portal.web.htmx import INTO_FLASH

        headers |= INTO_FLASH
    if secure:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    body = (PART if part else PAGE).format(**sentences(status, begun=begun)._asdict()).encode()
    return headers | {"Content-Length": str(len(body))}, body
