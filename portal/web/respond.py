"""One way to answer: the page, or the region of it that htmx asked for (DESIGN 5)."""

from typing import Any

from flask import Response, make_response, render_template

from portal.web.htmx import htmx


def respond(
    page: str, *, regions: dict[str, str] | None = None, status: int = 200, **context: Any
) -> Response:
    """Render `page`, or only the template of the region that htmx will replace.

    `regions` maps element ids to templates; each template has one root element carrying that id,
    and the page includes it. Both see the same `context`.
    """
    wanted = htmx().region
    template = (regions or {}).get(wanted or "", page)
    return make_response(render_template(template, **context), status)
