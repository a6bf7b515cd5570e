"""Back and Reload after a refused form.

A browser that is answered to a form with a page goes back to that page by asking for it, and that
means sending the form again: it shows an error page of its own instead. So a browser that sent a
form is led on to a page of the same status and content that it can ask for (`?form=…`); a page that
htmx changed gets that address. The page is kept on the server; in the address is its number alone.

Whoever does not navigate (htmx, programs) gets the refusal itself; so does a browser that does not
say what it does, as over plain http.
"""

import secrets
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from flask import Flask, Response, current_app, g, make_response, request, session
from werkzeug.datastructures import Headers

from portal import refused_pages
from portal.db import unit_of_work
from portal.errors import PortalError
from portal.refused_pages import KeptFor
from portal.web.context import find_scope
from portal.web.htmx import Htmx, htmx, shown_as
from portal.web.local import path_of

PARAMETER = "form"
KEY = "refused"
# Refusals of what was sent; others say that it could not be looked at, or not here.
STATUSES = frozenset({404, 409, 410, 422, 429})
# For the token of a visitor's link, which is written down nowhere.
PLACEHOLDER = "~visitors-link~"
PATIENCE = 2.0


def init_app(app: Flask) -> None:
    """Lead browsers on from refused forms. Before anything compresses the answer."""

    @app.after_request
    def lead_on(response: Response) -> Response:
        if request.method != "POST" or not _by_a_person():
            return response
        try:
            if response.status_code in STATUSES and response.mimetype == "text/html":
                return _led_on(response)
            if response.status_code < 400:
                _forget()
        except PortalError:
            # The portal is busy: the answer does without.
            pass
        return response


def again(response: Response) -> Response:
    """The answer; to a GET the kept page where its address names one, as long as the page itself
    could be shown, too."""
    number = request.args.get(PARAMETER, type=int) if request.method == "GET" else None
    key = session.get(KEY)
    if not number or not key or response.status_code != 200 or htmx().region:
        return response
    found = refused_pages.find(_holder(key), number, page=_digest(request.path))
    if found is None:
        return response
    g.shown_again = True
    status, content = found
    return make_response(_with_token(content, here=True), status)


def _by_a_person() -> bool:
    """Whether a browser sent this from a page of the portal: as a page, or by htmx for a region."""
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return False
    return bool(htmx().region) or request.headers.get("Sec-Fetch-Mode") == "navigate"


def _led_on(response: Response) -> Response:
    region, page = htmx().region, _page()
    content = g.get("whole_page") if region else response.get_data()
    if not page or not content:
        return response
    key = session.get(KEY) or secrets.token_urlsafe(16)
    path, _mark, query = page.partition("?")
    with unit_of_work(patience=PATIENCE):
        number = refused_pages.keep(
            _holder(key),
            page=_digest(path),
            status=response.status_code,
            content=_with_token(content, here=False),
        )
    if number is None:
        return response
    session[KEY] = key
    rest = [(name, value) for name, value in parse_qsl(query) if name not in (PARAMETER, "late")]
    address = f"{path}?{urlencode([*rest, (PARAMETER, str(number))])}"
    if region:
        return shown_as(response, address)
    g.refused_status = response.status_code
    onward = current_app.response_class(status=303, headers=Headers({"Location": address}))
    if "Retry-After" in response.headers:
        onward.headers["Retry-After"] = response.headers["Retry-After"]
    return onward


def _page() -> str:
    """The page of the form: where it was sent, if there is a page, else the one it is on."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    if adapter.test(request.path, "GET"):
        return request.full_path.rstrip("?")
    return path_of(_before()) or ""


def _before() -> str:
    """The address of the page that sent this."""
    seen: Htmx = htmx()
    return seen.current_url or request.referrer or ""


def _forget() -> None:
    """A form was taken: what was kept of its page is done with."""
    key, before = session.get(KEY), path_of(_before()) or ""
    if not key or f"{PARAMETER}=" not in before:
        return
    with unit_of_work(patience=PATIENCE):
        refused_pages.forget(_holder(key).browser, page=_digest(before.partition("?")[0]))


def _holder(key: str) -> KeptFor:
    scope = find_scope()
    who = ""
    if scope is not None:
        place = scope.location.id if scope.location else 0
        who = f"{scope.user.id}/{place}/{scope.user.profile}"
    return KeptFor(sha256(key.encode()).hexdigest(), who)


def _digest(path: str) -> str:
    return sha256(path.encode()).hexdigest()


def _with_token(content: bytes | str, *, here: bool) -> bytes:
    """The page without the token of the visitor's link, or with it again."""
    found = content.encode() if isinstance(content, str) else content
    token = str((request.view_args or {}).get("token", "")).encode()
    if len(token) < 16:
        return found
    return (
        found.replace(PLACEHOLDER.encode(), token)
        if here
        else found.replace(token, PLACEHOLDER.encode())
    )
