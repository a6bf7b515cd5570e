"""The page for when no other can be made: constant, and without Flask, so that the server itself
can send it, too."""

from portal.web.headers import HEADERS, STRICT_TRANSPORT

RETRY_SECONDS = 30
TITLES = {500: "Something went wrong", 503: "Not available right now"}
SENTENCE = "The portal can't show this page right now."
NEXT_STEP = (
    "Try again in a minute. If you were saving something, look whether it is there before you "
    "enter it again."
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
</head>
<body>
<main>
<h1>{title}</h1>
<p>{sentence}</p>
<p>{next_step}</p>
<p><a href="/">Home</a></p>
</main>
</body>
</html>
"""
PART = """<div class="note danger" tabindex="-1" data-focus><div><strong>{title}</strong><br>\
{sentence} {next_step}</div></div>
"""


def page(status: int, *, part: bool = False, secure: bool = False) -> tuple[dict[str, str], bytes]:
    """The headers and the body of the answer with this status; with `part` what goes into the
    message region of a page, `secure` if browsers reach the portal by HTTPS."""
    title = TITLES.get(status, TITLES[500])
    text = (PART if part else PAGE).format(title=title, sentence=SENTENCE, next_step=NEXT_STEP)
    body = text.encode()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **HEADERS,
    }
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if secure:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    return headers, body
