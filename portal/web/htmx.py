"""The only place that knows htmx's header names.

htmx-flask reads the headers of htmx 1 and 2; htmx 4 sends `HX-Target` as "tag#id" and says with
`HX-Request-Type` whether it wants a part or the whole page. Of htmx-flask only the request reader
is used: its answer helper refuses valid swap styles and sets no `Vary`.
"""

import logging

from flask import Flask, Response, current_app, request
from htmx_flask.requests import HtmxHeaders

from portal.web.local import is_here

log = logging.getLogger("portal")
MADE_BY_HTMX = "HX-Request"
WAS = "Page-Was"
VARY = (MADE_BY_HTMX, "HX-Request-Type", "HX-Target")
# They make htmx put an answer into the page's message region instead of its target.
INTO_FLASH = {"HX-Retarget": "#flash", "HX-Reswap": "innerHTML"}


class Htmx(HtmxHeaders):
    """htmx-flask's view of a request's headers, with what htmx 4 added."""

    @property
    def region(self) -> str | None:
        """The id of the element the answer will be put into; None for a whole page.

        A page restored by the Back button wants the whole page.
        """
        if not self or self.history_restore_request:
            return None
        if self._headers.get("HX-Request-Type") == "full":
            return None
        return (self.target or "").rpartition("#")[2] or None


def htmx() -> Htmx:
    """htmx's view of the present request; true if htmx made it."""
    return Htmx(request.headers)


def go_to(url: str) -> Response:
    """Lead the browser to `url` after a change: a 303, or htmx's own full navigation.

    Never to another host, whatever `url` says: then to the beginning.
    """
    if not is_here(url):
        log.error("a redirect to somewhere else was not made")
        url = "/"
    if htmx():
        return current_app.response_class(status=200, headers={"HX-Redirect": url})
    return current_app.response_class(status=303, headers={"Location": url})


def led_to(response: Response) -> str:
    """The address an answer leads to; empty for an answer that stays."""
    given = (response.headers.get(name) for name in ("HX-Redirect", "Location", "HX-Push-Url"))
    return next((url for url in given if url), "")


def push_url(response: Response, url: str, *, was: str = "") -> Response:
    """Make htmx show `url` as the page's address: the answered region belongs to that page. `was`
    becomes the address of the page that is left, where Back leads (static/js/leaving.js)."""
    response.headers["HX-Push-Url"] = url
    if was:
        response.headers[WAS] = was
    return response


def shown_as(response: Response, url: str) -> Response:
    """Make htmx show `url` as the page's address, in place of the one it has or would get."""
    name = "HX-Push-Url" if "HX-Push-Url" in response.headers else "HX-Replace-Url"
    response.headers[name] = url
    return response


def into_flash(response: Response) -> Response:
    """Make htmx put the answer into the page's message region instead of its target."""
    response.headers.update(INTO_FLASH)
    return response


def init_app(app: Flask) -> None:
    """Say on every answer that it depends on htmx's headers."""

    @app.after_request
    def vary(response: Response) -> Response:
        response.vary.update(VARY)
        return response
