"""One way to answer: the page, or the region of it that htmx asked for (DESIGN 5)."""

from typing import Any

from flask import (
    Response,
    g,
    get_flashed_messages,
    get_template_attribute,
    make_response,
    render_template,
    request,
)

from portal.web.htmx import htmx


def respond(
    page: str, *, regions: dict[str, str] | None = None, status: int = 200, **context: Any
) -> Response:
    """Render `page`, or only the template of the region that htmx will replace.

    `regions` maps element ids to templates; each template has one root element carrying that id,
    and the page includes it. Both see the same `context`. A region that answers a form brings the
    page's messages along: what was said of an earlier step is no longer shown above this one.
    """
    wanted = htmx().region
    template = (regions or {}).get(wanted or "", page)
    body = render_template(template, **context)
    if template != page and request.method == "POST":
        if status >= 400:
            g.whole_page = render_template(page, **context)
        messages = get_template_attribute("components/flash.html", "flash_region")
        body += str(messages(get_flashed_messages(with_categories=True), oob=True))
    return make_response(body, status)
