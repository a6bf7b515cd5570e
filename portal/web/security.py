"""Headers on every answer: content policy, no sniffing, no framing, no caching of pages."""

from flask import Flask, Response

from portal.web.headers import HEADERS, PART_HEADERS, STATIC_HEADERS, STRICT_TRANSPORT
from portal.web.htmx import htmx


def init_app(app: Flask, *, secure: bool) -> None:
    """Set the headers on every answer of the application, and on the static files listed next."""
    # WhiteNoise asks by path alone, once for each file, when it is put around the application.
    if secure:
        STATIC_HEADERS["Strict-Transport-Security"] = STRICT_TRANSPORT
    else:
        STATIC_HEADERS.pop("Strict-Transport-Security", None)

    @app.after_request
    def protect(response: Response) -> Response:
        part = bool(htmx().region or response.location)
        for name, value in (PART_HEADERS if part else HEADERS).items():
            response.headers.setdefault(name, value)
        # Whatever a view or library says: only static files are kept, and those do not pass here.
        response.headers["Cache-Control"] = "no-store"
        if secure:
            response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return response


def static_headers(headers: object, _path: str, _url: str) -> None:
    """The headers of static files (called by WhiteNoise)."""
    for name, value in STATIC_HEADERS.items():
        headers[name] = value  # type: ignore[index]
