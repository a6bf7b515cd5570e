"""Back and Reload after a refused form.

A browser that is answered to a form with a page goes back to that page by asking for it, and that
means sending the form again: it shows an error page of its own instead. So a browser that sent a
form is led on to a page of the same status and content that it can ask for (`?form=…`); a page that
htmx changed gets that address. The page is kept on the server; in the address is a random name.

Whoever does not navigate (htmx, programs) gets the refusal itself; so does a browser that does not
say what it does, as over plain http.

On public pages the next person at the same screen may be another: what is kept there has a key of
its own, which the browser loses with the first form that is taken. What strangers can make the
portal keep is bounded by network address, and nobody waits for it.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from flask import Flask, Response, current_app, g, make_response, request, session
from werkzeug.datastructures import Headers

from portal import refused_pages, throttle
from portal.db import run_sparingly, unit_of_work
from portal.errors import PortalError
from portal.networks import bucket
from portal.refused_pages import KeptFor
from portal.web.context import find_scope
from portal.web.htmx import Htmx, htmx, shown_as
from portal.web.local import path_of

PARAMETER = "form"
KEY = "refused"
KEY_OF_STRANGERS = "refused_public"
# Refusals of what was sent; others say that it could not be looked at, or not here.
STATUSES = frozenset({409, 410, 422, 429})
# For the token of a visitor's link, which is written down nowhere.
PLACEHOLDER = "~visitors-link~"
PATIENCE = 2.0
PATIENCE_WITH_STRANGERS = 0.0
# Of one address: a waiting room has many people behind one.
OF_STRANGERS = [(30, timedelta(hours=1))]


def init_app(app: Flask) -> None:
    """Lead browsers on from refused forms. Before anything compresses the answer."""

    @app.after_request
    def lead_on(response: Response) -> Response:
        stays = g.pop("stays", False)
        if request.method != "POST" or stays:
            return response
        try:
            if response.status_code < 400:
                _forget()
            elif (
                response.status_code in STATUSES
                and response.mimetype == "text/html"
                and _by_a_person()
            ):
                return _led_on(response)
        except PortalError:
            # The portal is busy: the answer does without.
            pass
        return response


def stay() -> None:
    """Lead nobody on from the answer to this request."""
    g.stays = True


def again(response: Response) -> Response:
    """The answer; to a GET the kept page where its address names one, as long as the page itself
    could be shown, too. Where it leads elsewhere by now, what it conflicted with is still said."""
    name = request.args.get(PARAMETER, "") if request.method == "GET" else ""
    who = _who()
    key = session.get(_key_of(who))
    if not name or not key or response.status_code not in (200, 303) or htmx().region:
        return response
    found = refused_pages.find(_holder(key, who), name, page=_digest(request.path))
    if found is None:
        return response
    status, content = found
    if response.status_code != 200 and status != 409:
        return response
    g.shown_again = True
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
    who = _who()
    key = session.get(_key_of(who)) or secrets.token_urlsafe(16)
    path, _mark, query = page.partition("?")

    def keep() -> str | None:
        return refused_pages.keep(
            _holder(key, who),
            page=_digest(path),
            status=response.status_code,
            content=_with_token(content, here=False),
        )

    if who:
        with unit_of_work(patience=PATIENCE):
            name = keep()
    else:
        name = None if response.status_code == 429 else _of_a_stranger(keep)
    if name is None:
        return response
    session[_key_of(who)] = key
    rest = [(each, value) for each, value in parse_qsl(query) if each not in (PARAMETER, "late")]
    address = f"{path}?{urlencode([*rest, (PARAMETER, name)])}"
    if region:
        return shown_as(response, address)
    g.refused_status = response.status_code
    onward = current_app.response_class(status=303, headers=Headers({"Location": address}))
    if "Retry-After" in response.headers:
        onward.headers["Retry-After"] = response.headers["Retry-After"]
    return onward


def _of_a_stranger(keep: Callable[[], str | None]) -> str | None:
    """Keep a page of somebody who is not signed in, unless too many came from their address."""

    def counted() -> str | None:
        address = bucket(request.remote_addr or "")
        return None if throttle.take("refused_page", address, OF_STRANGERS) else keep()

    return run_sparingly(counted, patience=PATIENCE_WITH_STRANGERS)


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
    """A form was taken: what was kept of its page is done with, and on public pages all that was
    kept, for these tell nobody the address of the page that sent a form."""
    who = _who()
    key = session.get(_key_of(who))
    if not key:
        return
    browser = _holder(key, who).browser
    if not who:
        # Without the key nobody is shown it, even if it cannot be deleted now.
        session.pop(KEY_OF_STRANGERS)
        with unit_of_work(patience=PATIENCE_WITH_STRANGERS):
            refused_pages.forget_stranger(browser)
        return
    before = path_of(_before()) or ""
    if f"{PARAMETER}=" in before:
        with unit_of_work(patience=PATIENCE):
            refused_pages.forget(browser, page=_digest(before.partition("?")[0]))


def _who() -> str:
    """Who asks, at which location and in which profile; empty on public pages."""
    scope = find_scope()
    if scope is None:
        return ""
    place = scope.location.id if scope.location else 0
    return f"{scope.user.id}/{place}/{scope.user.profile}"


def _key_of(who: str) -> str:
    return KEY if who else KEY_OF_STRANGERS


def _holder(key: str, who: str) -> KeptFor:
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
