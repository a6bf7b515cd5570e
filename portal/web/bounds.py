"""How much of a request is looked at. Nobody may make the portal work longer than what they send
is worth, least of all before they have signed in.

Headers and addresses are bounded before anything reads them, the body before the request token is
looked for in it. What a form's fields may hold is bounded in `portal.web.reading`.
"""

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from flask import Flask, Request, current_app, request, session
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Response

from portal.web import guards

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Our longest address is a list's with a search; browsers send headers of a few hundred characters.
LONGEST_ADDRESS = 4 * 1024
LONGEST_HEADER = 8 * 1024
LONGEST_LANGUAGES = 200
# To read any other costs time that grows with the square of its blanks.
COOKIE = re.compile(r"""[^\s=";,]{1,100}=[^\s";,]{0,4096}""")
# The longest public form, the set-up, is some 2 KB.
PUBLIC_BYTES = 16 * 1024
PUBLIC_FIELDS = 100
LONGEST_NAME = 100
# One more than a draft can hold, which says so then; a field looks at less.
LONGEST_VALUE = 64 * 1024 + 1
LONGEST_FILE_NAME = 255

FORM = "application/x-www-form-urlencoded"


class Bounds:
    """The application behind a look at the address and the headers."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > (
            LONGEST_ADDRESS
        ):
            return _refuse(414, "This address is too long.\n")(environ, start_response)
        headers = [name for name in environ if name.startswith("HTTP_") or name == "CONTENT_TYPE"]
        if any(len(environ[name]) > LONGEST_HEADER for name in headers):
            return _refuse(431, "A header of this request is too long.\n")(environ, start_response)
        if "HTTP_COOKIE" in environ:
            environ["HTTP_COOKIE"] = _plain_cookies(environ["HTTP_COOKIE"])
        languages = environ.get("HTTP_ACCEPT_LANGUAGE", "")
        if len(languages) > LONGEST_LANGUAGES:
            # The last may be cut in two.
            environ["HTTP_ACCEPT_LANGUAGE"] = languages[:LONGEST_LANGUAGES].rpartition(",")[0]
        return self.application(environ, start_response)


def _refuse(status: int, text: str) -> Response:
    response = Response(text, status, mimetype="text/plain")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _plain_cookies(header: str) -> str:
    """The cookies of a header that are a name and a value without quotes or blanks, as ours are."""
    cookies = (cookie.strip(" \t") for cookie in header.split(";"))
    return "; ".join(cookie for cookie in cookies if COOKIE.fullmatch(cookie))


class FormParser(FormDataParser):
    """Reads forms of so many fields, with names as ours have, and of bounded values."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """The form and the files. Raises `RequestEntityTooLarge` and `BadRequest`."""
        if mimetype == FORM:
            # Werkzeug bounds neither the memory nor the number of fields of these.
            most = self.max_form_memory_size or 0
            sent = stream.read(most + 1)
            if len(sent) > most or sent.count(b"&") >= (self.max_form_parts or 0):
                raise RequestEntityTooLarge
            stream = BytesIO(sent)
        stream, form, files = super().parse(stream, mimetype, content_length, options)
        if not all(map(_is_name, (*form, *files))):
            raise BadRequest
        for _field, file in files.items(multi=True):
            file.filename = (file.filename or "")[-LONGEST_FILE_NAME:]
        short = [(name, value[:LONGEST_VALUE]) for name, value in form.items(multi=True)]
        return stream, self.cls(short), files


def _is_name(name: object) -> bool:
    """Whether a field of ours may be called so; in a multipart form it may have no name at all."""
    return isinstance(name, str) and name.isascii() and len(name) <= LONGEST_NAME


class BoundedRequest(Request):
    """A request whose form is bounded, whatever it comes as."""

    form_data_parser_class = FormParser

    @property
    def is_json(self) -> bool:
        """Never: forms are read as forms only, whose size and fields are bounded."""
        return False


def init_app(app: Flask) -> None:
    """Bound the body of each request; this must come before what reads it (the request token)."""

    @app.before_request
    def bound_the_body() -> None:
        if _is_from_a_user():
            return
        request.max_content_length = PUBLIC_BYTES
        request.max_form_parts = PUBLIC_FIELDS
        if (request.content_length or 0) > PUBLIC_BYTES:
            raise RequestEntityTooLarge


def _is_from_a_user() -> bool:
    """Whether somebody who signed in with this browser uses a view for users. The session may have
    timed out: what was sent too late is kept (`late_forms`)."""
    view: Callable[..., Any] | None = current_app.view_functions.get(request.endpoint or "")
    if view is None or guards.access_of(view) in (None, guards.PUBLIC):
        return False
    if guards.is_for_visitors(view):
        return False
    return "_user_id" in session
