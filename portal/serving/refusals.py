"""What the server itself answers: the page of last resort, as bytes on the wire."""

from http import HTTPStatus

from gunicorn.util import http_date


class Refusals:
    """Makes answers without the application. `secure`: browsers reach the portal by HTTPS."""

    def __init__(self, *, secure: bool) -> None:
        self.secure = secure

    def answer(self, head: bytes, status: int) -> bytes:
        """The answer to a request of which `head` has come, which may be nothing, or nonsense."""
        from portal.web.htmx import MADE_BY_HTMX
        from portal.web.last_resort import page

        part = f"\r\n{MADE_BY_HTMX}:".lower().encode() in head.lower()
        headers, body = page(status, secure=self.secure, part=part)
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Date: {http_date()}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        begun = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
        return begun if head.startswith(b"HEAD ") else begun + body
