"""Templates of messages: rendered without a request, links built from `base_url` alone.

One file a kind, `templates/<module>/messages/<kind>.html`, with a block for each part of it. A
block is rendered by itself: what it imports, it imports within.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from jinja2 import Environment, TemplateNotFound, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.routing import MapAdapter

from portal.i18n import speaking
from portal.module import MessageKind, current

ESCAPED = "html"


def absolute_url(endpoint: str, **values: object) -> str:
    """The full address of `endpoint`, as people outside reach it. Raises `BuildError`."""
    return _adapter(current_app._get_current_object()).build(  # type: ignore[attr-defined]
        endpoint, values, force_external=True
    )


def template_of(kind: str) -> str:
    """The template of a kind of message. Raises Jinja's `TemplateNotFound` for one that no module
    sends."""
    if kind not in current().messages:
        raise TemplateNotFound(f"messages/{kind}.html")
    module, _kind = current().messages[kind]
    return f"{module.name}/messages/{kind}.html"


def render_block(
    kind: str, block: str, context: Mapping[str, Any], *, language: str, zone: str
) -> str:
    """One block of a kind's template; moments are shown in the time zone `zone`.

    Raises Jinja's errors for a missing template or an unknown variable, and `LookupError` for a
    missing block.
    """
    template = _environment(block).get_template(template_of(kind))
    with speaking(language):
        values = template.new_context({**context, "zone": zone, "lang": language})
        return "".join(template.blocks[block](values))


def render_frame(
    frame: str, block: str, body: str, *, subject: str, language: str, zone: str
) -> str:
    """The template `frame` around what `render_block` gave."""
    template = _environment(block).get_template(frame)
    # What it holds was escaped when it was rendered.
    inner = Markup(body) if block == ESCAPED else body  # noqa: S704
    with speaking(language):
        return template.render(body=inner, subject=subject, zone=zone, lang=language)


def missing_blocks(kinds: Iterable[MessageKind]) -> list[str]:
    """What the templates of these kinds of messages lack for their channels."""
    found = []
    for kind in kinds:
        for channel in kind.channels:
            for block in current().channels[channel].blocks:
                try:
                    there = _environment(block).get_template(template_of(kind.name)).blocks
                except TemplateNotFound as error:
                    found.append(f"{error.name}: {block}")
                else:
                    found += [] if block in there else [f"{template_of(kind.name)}: {block}"]
    return found


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    if value is None:
        return ""
    return value.astimezone(ZoneInfo(context["zone"])).strftime("%m/%d/%Y %I:%M %p %Z")


def _environment(block: str) -> Environment:
    """Where a block is rendered: `html` is escaped, every other is plain text."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    held: dict[bool, Environment] = app.extensions.setdefault("portal_messages", {})
    escaped = block == ESCAPED
    if escaped not in held:
        # A copy: the pages' `moment` asks who is signed in, and here nobody is.
        environment = app.jinja_env.overlay(autoescape=escaped)
        environment.filters = {**app.jinja_env.filters, "moment": _moment}
        environment.globals = {**app.jinja_env.globals, "url": absolute_url}
        held[escaped] = environment
    return held[escaped]


def _adapter(app: Flask) -> MapAdapter:
    parts = urlsplit(app.extensions["portal"].settings.base_url)
    return app.url_map.bind(
        parts.netloc, script_name=parts.path or "/", url_scheme=parts.scheme or "http"
    )
